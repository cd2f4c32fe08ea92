//! What is told of service levels.

use proptest::prelude::*;

use super::*;
use crate::plan::Place;

fn slo(objective: f64, period: &str) -> Slo {
    Slo {
        title: None,
        at: Place::default(),
        objective,
        period: period.parse().unwrap(),
        bad: Some("bad".into()),
        good: None,
        total: "all".into(),
        max_spend: None,
        min_left: None,
        every: Duration::from_secs(15),
    }
}

fn count(events: f64, trials: f64) -> Option<Count> {
    Some(Count { events, trials })
}

/// The same burn rate over every window, at so many events a second.
fn steady(slo: &Slo, burn: f64, rps: f64) -> Tally {
    let over = |window: Duration| {
        let trials = rps * window.as_secs_f64();
        count(burn * budget_share(slo) * trials, trials)
    };
    Tally {
        windows: windows(slo).into_iter().map(|window| (window, over(window))).collect(),
        period: over(slo.period),
        release: over(Duration::from_secs(600)),
        doubt: None,
    }
}

fn with(mut tally: Tally, changes: &[(&str, Option<Count>)]) -> Tally {
    for (window, count) in changes {
        let window: Duration = window.parse().unwrap();
        tally.windows.iter_mut().find(|(known, _)| *known == window).unwrap().1 = *count;
    }
    tally
}

/// Worse is more: a verdict that is not known keeps a release from going on, and a warning does not.
fn badness(slo: &Slo, told: &Told) -> u8 {
    let beyond = told.number.zip(slo.max_spend).is_some_and(|(number, most)| number >= most);
    match told.said.verdict {
        // By the threshold of what is spent.
        None if beyond => 3,
        None | Some(Verdict::Ok) => 0,
        Some(Verdict::Warn) => 1,
        Some(Verdict::Unknown) => 2,
        Some(Verdict::Fail) => 3,
    }
}

#[test]
fn the_rules_are_the_workbooks() {
    let shown = |objective, period| {
        let rules = rules(&slo(objective, period));
        rules
            .iter()
            .map(|rule| format!("{}/{} {}{}", rule.long, rule.short, short(rule.rate), if rule.pages { "!" } else { "" }))
            .collect::<Vec<_>>()
            .join(", ")
    };
    for (objective, period, expected) in [
        (99.9, "30d", "1h/5m 14.4!, 6h/30m 6!, 1d/2h 3, 3d/6h 1"),
        (99.99, "28d", "1h/5m 13.4!, 6h/30m 5.6!, 1d/2h 2.8, 3d/6h 1"),
        (99.9, "7d", "1h/5m 3.36!, 6h/30m 1.4!, 1d/2h 1, 3d/6h 1"),
        (99.9, "1d", "1h/5m 1!, 6h/30m 1!, 1d/2h 1"),
        (99.9, "1h", "1h/5m 1!"),
        // All of them bad is 10 times and twice as fast as allowed.
        (90.0, "30d", "1h/5m 5!, 6h/30m 5!, 1d/2h 3, 3d/6h 1"),
        (50.0, "30d", "1h/5m 1!, 6h/30m 1!, 1d/2h 1, 3d/6h 1"),
    ] {
        assert_eq!(shown(objective, period), expected, "{objective} over {period}");
    }
    let names: Vec<String> = windows(&slo(99.9, "30d")).iter().map(ToString::to_string).collect();
    assert_eq!(names, ["5m", "30m", "1h", "2h", "6h", "1d", "3d"]);
}

#[test]
fn a_burn_is_told_in_words() {
    let slo = slo(99.9, "30d");
    let steady = |burn| steady(&slo, burn, 100.0);
    for (tally, verdict, number, why) in [
        (steady(0.4), Verdict::Ok, Some(0.4), "0.4 x; 60 % of the 30d budget left"),
        (steady(0.0), Verdict::Ok, Some(0.0), "0 x; 100 % of the 30d budget left"),
        (steady(1.2), Verdict::Warn, Some(1.2), "burns 1.2 x over 3d and 1.2 x over 6h, warns from 1 x"),
        (
            with(steady(0.2), &[("1h", count(5760.0, 360_000.0)), ("5m", count(450.0, 30_000.0))]),
            Verdict::Fail,
            Some(15.0),
            "burns 16 x over 1h and 15 x over 5m, pages from 14.4 x",
        ),
        // It was bad, and has ended.
        (with(steady(0.2), &[("1h", count(5760.0, 360_000.0))]), Verdict::Ok, Some(0.2), "0.2 x; 80 % of the 30d budget left"),
        // It has just begun, and does not matter yet.
        (with(steady(0.2), &[("5m", count(450.0, 30_000.0))]), Verdict::Ok, Some(0.2), "0.2 x; 80 % of the 30d budget left"),
        (with(steady(0.4), &[("5m", None)]), Verdict::Unknown, None, "no data over 5m"),
        (with(steady(0.4), &[("5m", count(f64::NAN, 1.0))]), Verdict::Unknown, None, "no data over 5m"),
        (with(steady(0.4), &[("5m", count(0.0, 0.0))]), Verdict::Unknown, None, "no events over 5m"),
        (with(steady(8.0), &[("6h", None)]), Verdict::Unknown, None, "no data over 6h"),
        // One of the two is enough to know that it is not met.
        (with(steady(0.4), &[("6h", None)]), Verdict::Ok, Some(0.4), "0.4 x; 60 % of the 30d budget left"),
        (with(steady(0.4), &[("6h", None), ("3d", None)]), Verdict::Unknown, None, "no data over 3d"),
        (Tally::default(), Verdict::Unknown, None, "no data over 1h"),
    ] {
        let told = burn(&slo, &tally);
        assert_eq!((told.said.verdict, told.said.why.as_str()), (Some(verdict), why));
        assert_eq!(told.number.map(|number| (number * 1e6).round() / 1e6), number, "{why}");
    }
}

#[test]
fn few_events_tell_little() {
    let slo = slo(99.9, "30d");
    let burn = |rps: f64, changes: &[(&str, Option<Count>)]| burn(&slo, &with(steady(&slo, 0.0, rps), changes)).said;
    let said = |verdict, why: &str| Said { verdict: Some(verdict), why: why.into() };
    // Ten an hour.
    let rps = 10.0 / 3600.0;
    assert_eq!(burn(rps, &[]), said(Verdict::Unknown, "0 bad of 10 events over 1h; 209 are needed to tell a burn of 14.4 x"));
    // One bad of three would be 333 times as fast as allowed.
    let one = count(1.0, 3.0);
    assert_eq!(
        burn(rps, &[("1h", one), ("5m", one), ("30m", one)]),
        said(Verdict::Unknown, "1 bad of 3 events over 1h; 209 are needed to tell a burn of 14.4 x")
    );
    // Three of three are no accident.
    let all = count(3.0, 3.0);
    assert_eq!(burn(rps, &[("1h", all), ("5m", all)]).verdict, Some(Verdict::Fail));
    // A thousand an hour are enough, though there are few in the last five minutes.
    assert_eq!(burn(1000.0 / 3600.0, &[]), said(Verdict::Ok, "0 x; 100 % of the 30d budget left"));
    // A service that is new has no days behind it.
    let new = count(0.0, 900.0);
    assert_eq!(burn(1.0, &[("2h", new), ("6h", new), ("1d", new), ("3d", new)]).verdict, Some(Verdict::Ok));
}

#[test]
fn a_budget_is_told_in_words() {
    let slo = Slo { max_spend: Some(5.0), ..slo(99.9, "30d") };
    let tally = |period, release| Tally { period, release, ..Tally::default() };
    let million = 1e6; // a thousand of them may be bad
    for (period, release, budget_says, spent_says) in [
        (
            count(180.0, million),
            count(20.0, 5000.0),
            (Some(82.0), "82 % of the 30d budget left"),
            (Some(2.0), "this release spent 2 % of the 30d budget, 20 bad of 5000 events, fails from 5 %"),
        ),
        (
            count(1123.0, million),
            count(0.0, 0.0),
            (Some(-12.3), "the 30d budget is overspent by 12.3 %"),
            (Some(0.0), "this release spent 0 % of the 30d budget, 0 bad of 0 events, fails from 5 %"),
        ),
        (None, count(1.0, 9.0), (None, "no data over 30d"), (None, "no data over 30d")),
        (count(1.0, million), None, (Some(99.9), "99.9 % of the 30d budget left"), (None, "no data since the release began")),
        (
            count(1.0, 2000.0),
            count(1.0, 9.0),
            (None, "2000 events over 30d; 3000 are needed to speak of a budget"),
            (None, "2000 events over 30d; 3000 are needed to speak of a budget"),
        ),
        (
            count(1.0, 4000.0),
            count(1.0, 9.0),
            (Some(75.0), "75 % of the 30d budget left"),
            (None, "this release spent 25 % of the 30d budget, 1 bad of 9 events, fails from 5 %: too few to tell"),
        ),
    ] {
        let tally = tally(period, release);
        for (told, (number, why)) in [(budget(&slo, &tally), budget_says), (spent(&slo, &tally), spent_says)] {
            assert_eq!((told.number.map(|number| (number * 1e6).round() / 1e6), told.said.why.as_str()), (number, why));
            // Where there is a number, the signal's thresholds decide.
            assert_eq!(told.said.verdict, number.is_none().then_some(Verdict::Unknown));
        }
    }
}

#[test]
fn what_has_to_be_left_is_told_with_what_is() {
    let slo = Slo { min_left: Some(10.0), ..slo(99.9, "30d") };
    let tally = Tally { period: count(950.0, 1e6), ..Tally::default() };
    let told = budget(&slo, &tally);
    assert_eq!(told.said.why, "5 % of the 30d budget left, fails from 10 %");
    assert!(told.number.is_some_and(|left| (left - 5.0).abs() < 1e-9));
}

#[test]
fn a_sample_has_the_number_or_the_reason() {
    let slo = slo(99.9, "30d");
    let at = Timestamp::UNIX_EPOCH;
    let sample = burn(&slo, &steady(&slo, 0.5, 100.0)).sample(at);
    assert!(sample.value.number().is_some() && sample.said.is_some_and(|said| said.verdict == Some(Verdict::Ok)));
    let sample = burn(&slo, &Tally::default()).sample(at);
    assert_eq!(sample.value, Value::Missing(Unknown::Error("no data over 1h".into())));
    assert!(sample.said.is_some_and(|said| said.verdict == Some(Verdict::Unknown)));
}

/// Counts of an objective's windows, some of them missing.
fn tallies() -> impl Strategy<Value = (Slo, Tally)> {
    let objective = prop::sample::select(vec![50.0, 90.0, 99.0, 99.9, 99.99]);
    let period = prop::sample::select(vec!["1h", "1d", "7d", "28d", "30d", "90d"]);
    let one = || prop::option::weighted(0.9, (0.0..=1.0f64, -1.0..7.0f64));
    (objective, period, prop::collection::vec(one(), 9), 0.0..4.0f64).prop_map(|(objective, period, counts, rarity)| {
        let slo = Slo { max_spend: Some(5.0), ..slo(objective, period) };
        let mut counts = counts.into_iter().map(|count| {
            let (share, size) = count?;
            let trials = if size < 0.0 { 0.0 } else { 10_f64.powf(size).round() };
            Some(Count { events: (trials * share.powf(1.0 + rarity * 4.0)).round(), trials })
        });
        let mut next = || counts.next().flatten();
        let (period, release) = (next(), next());
        let windows = windows(&slo).into_iter().map(|window| (window, next())).collect();
        (slo, Tally { windows, period, release, doubt: None })
    })
}

proptest! {
    #[test]
    fn more_errors_are_never_better((slo, tally) in tallies(), more in prop::collection::vec(0.0..=1.0f64, 9)) {
        let mut worse = tally.clone();
        let all = worse.windows.iter_mut().map(|(_, count)| count).chain([&mut worse.period, &mut worse.release]);
        for (count, more) in all.zip(more) {
            if let Some(count) = count {
                count.events += (more * (count.trials - count.events)).round();
            }
        }
        for reading in [SloReading::Burn, SloReading::Spent] {
            let (before, after) = (tell(&slo, reading, &tally), tell(&slo, reading, &worse));
            prop_assert!(badness(&slo, &after) >= badness(&slo, &before), "{before:?} {after:?}");
        }
        if let (Some(before), Some(after)) = (budget(&slo, &tally).number, budget(&slo, &worse).number) {
            prop_assert!(after <= before);
        }
    }

    #[test]
    fn size_alone_changes_no_verdict_that_is_known((slo, tally) in tallies(), scale in 1.0..1e6f64) {
        let mut bigger = tally.clone();
        let all = bigger.windows.iter_mut().map(|(_, count)| count).chain([&mut bigger.period, &mut bigger.release]);
        for count in all.flatten() {
            *count = Count { events: count.events * scale, trials: count.trials * scale };
        }
        let (small, big) = (burn(&slo, &tally), burn(&slo, &bigger));
        // More events may well show what a few could only hint at.
        if small.said.verdict == Some(Verdict::Fail) {
            prop_assert_eq!(big.said.verdict, Some(Verdict::Fail));
        } else if small.said.verdict != Some(Verdict::Unknown) {
            prop_assert!(badness(&slo, &big) >= badness(&slo, &small), "{small:?} {big:?}");
        }
    }

    #[test]
    fn a_window_without_data_never_makes_it_better((slo, tally) in tallies(), lost in 0usize..9) {
        let mut less = tally.clone();
        if let Some((_, count)) = less.windows.get_mut(lost) {
            *count = None;
        }
        let (before, after) = (burn(&slo, &tally), burn(&slo, &less));
        prop_assert!(
            badness(&slo, &after) >= badness(&slo, &before) || matches!(after.said.verdict, Some(Verdict::Unknown)),
            "{before:?} {after:?}"
        );
        prop_assert!(lost != 0 || matches!(after.said.verdict, Some(Verdict::Unknown | Verdict::Fail)));
    }

    #[test]
    fn the_number_reaches_the_rate_just_when_a_rule_is_met((slo, tally) in tallies()) {
        let told = burn(&slo, &tally);
        prop_assert_eq!(told.number.is_none(), told.said.verdict == Some(Verdict::Unknown));
        let rates = |pages: bool| rules(&slo).into_iter().filter(move |rule| rule.pages == pages).map(|rule| rule.rate);
        let least = |rates: &mut dyn Iterator<Item = f64>| rates.fold(f64::INFINITY, f64::min);
        match (told.number, told.said.verdict) {
            (Some(number), Some(Verdict::Fail)) => prop_assert!(number >= least(&mut rates(true))),
            (Some(number), Some(Verdict::Warn)) => prop_assert!(number >= least(&mut rates(false))),
            (Some(number), _) => prop_assert!(rates(true).chain(rates(false)).any(|rate| number < rate)),
            (None, _) => {}
        }
    }
}
