//! What is asked when, and what is made of the answers.

use proptest::prelude::*;

use super::*;
use crate::{
    health::{Verdict, slo::tell},
    plan::{Place, SloReading},
};

fn slo() -> Slo {
    Slo {
        title: None,
        at: Place::default(),
        objective: 99.9,
        period: "30d".parse().unwrap(),
        bad: Some(r#"requests_total{code=~"5.."}"#.into()),
        good: None,
        total: "requests_total".into(),
        max_spend: None,
        min_left: None,
        every: Duration::from_secs(15),
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

fn names(asks: &[Ask]) -> Vec<String> {
    let name = |stretch: &Stretch| format!("{} {}", stretch.name(), stretch.length());
    asks.iter().map(|ask| ask.stretches.iter().map(name).collect::<Vec<_>>().join(", ")).collect()
}

/// A server where so many events a second happen, so many of them bad.
fn rows(ask: &Ask, bad: f64, total: f64) -> Vec<(String, f64)> {
    let both = ask.stretches.iter().flat_map(|stretch| {
        let seconds = stretch.length().as_secs_f64();
        [(format!("bad {}", stretch.name()), bad * seconds), (format!("total {}", stretch.name()), total * seconds)]
    });
    both.chain([(ALIVE.to_owned(), 1.0)]).collect()
}

fn answer_all(windows: &mut Windows, slo: &Slo, now: Timestamp, bad: f64, total: f64) -> Vec<String> {
    let asks = windows.due(slo, now);
    for ask in &asks {
        windows.answered(slo, ask, &rows(ask, bad, total));
    }
    names(&asks)
}

fn burn(windows: &Windows, slo: &Slo, now: Timestamp) -> (Option<Verdict>, String) {
    let said = tell(slo, SloReading::Burn, &windows.tally(slo, now).unwrap()).said;
    (said.verdict, said.why)
}

#[test]
fn a_question_is_promql() {
    let slo = Slo { good: Some(r#"ok_total{path=~"\d"}"#.into()), bad: None, ..slo() };
    let near = Ask::new(
        &slo,
        Kind::Near,
        vec![Stretch::Window(Duration::from_secs(300)), Stretch::Release(Duration::from_secs(75))],
        at(0),
    );
    assert_eq!(
        near.promql,
        concat!(
            r#"label_replace(time() - max(timestamp(requests_total)), "flightdeck", "alive", "", "")"#,
            r#" or label_replace(sum(increase(ok_total{path=~"\\d"}[5m])), "flightdeck", "good 5m", "", "")"#,
            r#" or label_replace(sum(increase(requests_total[5m])), "flightdeck", "total 5m", "", "")"#,
            r#" or label_replace(sum(increase(ok_total{path=~"\\d"}[1m15s])), "flightdeck", "good release", "", "")"#,
            r#" or label_replace(sum(increase(requests_total[1m15s])), "flightdeck", "total release", "", "")"#,
        )
    );
}

#[test]
fn what_is_slow_to_change_is_seldom_asked_for() {
    let (slo, mut windows) = (slo(), Windows::new(at(0)));
    let mut ask = |seconds| answer_all(&mut windows, &slo, at(seconds), 0.0, 100.0);
    assert_eq!(ask(0), ["5m 5m, 30m 30m, 1h 1h", "2h 2h, 6h 6h, 1d 1d, 3d 3d", "period 30d"]);
    assert!(ask(7).is_empty());
    assert_eq!(ask(15), ["5m 5m, 30m 30m, 1h 1h, since 15s, release 15s"]);
    assert_eq!(ask(119), ["5m 5m, 30m 30m, 1h 1h, since 1m59s, release 1m59s"]);
    assert_eq!(ask(135), ["5m 5m, 30m 30m, 1h 1h, since 2m15s, release 2m15s", "2h 2h"]);
    assert_eq!(ask(3600), ["5m 5m, 30m 30m, 1h 1h, since 1h, release 1h", "2h 2h, 6h 6h, 1d 1d"]);
    // What is long past is remembered.
    assert_eq!(ask(3660), ["5m 5m, 30m 30m, 1h 1h, since 1m, release 1m"]);
    assert_eq!(ask(43_200).last().unwrap(), "period 30d");
}

#[test]
fn what_is_remembered_and_what_is_new_make_the_whole() {
    let (slo, mut windows) = (slo(), Windows::new(at(0)));
    // At first all is well, and then everything fails.
    for minute in 0..=180_u32 {
        let bad = if minute > 90 { 100.0 } else { 0.0 };
        answer_all(&mut windows, &slo, at(i64::from(minute) * 60), bad, 100.0);
        let tally = windows.tally(&slo, at(i64::from(minute) * 60)).unwrap();
        let trials = |count: Option<Count>| count.map(|count| (count.trials / 100.0).round());
        let seconds = f64::from(minute) * 60.0;
        assert_eq!(trials(tally.period), Some(30.0 * 86_400.0 + seconds), "{minute}");
        assert_eq!(trials(tally.release), (minute > 0).then_some(seconds));
    }
    // The server of this test says of the whole stretch what is so now: the first hour was folded in while all was well.
    let release = windows.tally(&slo, at(180 * 60)).unwrap().release.unwrap();
    assert_eq!((release.events.round(), release.trials.round()), (720_000.0, 1_080_000.0));
}

#[test]
fn a_series_that_is_dead_is_not_known() {
    let (slo, mut windows) = (slo(), Windows::new(at(0)));
    answer_all(&mut windows, &slo, at(0), 0.0, 100.0);
    assert_eq!(burn(&windows, &slo, at(0)), (Some(Verdict::Ok), "0 x; 100 % of the 30d budget left".into()));
    // Its last five minutes are still there.
    let asks = windows.due(&slo, at(15));
    let mut left = rows(&asks[0], 0.0, 100.0);
    left.retain(|(name, _)| name != ALIVE);
    windows.answered(&slo, &asks[0], &left);
    let gone = (Some(Verdict::Unknown), "no data over 5m; no series of `total` is alive".into());
    assert_eq!(burn(&windows, &slo, at(15)), gone);
    // Nor is what was found long ago.
    answer_all(&mut windows, &slo, at(30), 0.0, 100.0);
    assert_eq!(burn(&windows, &slo, at(75)).0, Some(Verdict::Ok));
    assert_eq!(burn(&windows, &slo, at(76)).1, "no data over 5m");
}

#[test]
fn no_series_is_no_event_only_where_it_cannot_be_a_slip() {
    let only_total = |slo: &Slo, trials: f64| {
        let mut windows = Windows::new(at(0));
        for ask in windows.due(slo, at(0)) {
            let rows: Vec<_> = rows(&ask, 0.0, trials).into_iter().filter(|(name, _)| !name.starts_with("bad")).collect();
            windows.answered(slo, &ask, &rows);
        }
        burn(&windows, slo, at(0))
    };
    let ok = (Some(Verdict::Ok), "0 x; 100 % of the 30d budget left; `bad` matched nothing in 30d".into());
    assert_eq!(only_total(&slo(), 100.0), ok);
    let other = Slo { bad: Some("errors_total".into()), ..slo() };
    assert_eq!(only_total(&other, 100.0), (Some(Verdict::Unknown), "no data over 5m; no series matches `bad`".into()));
    // Where the good ones are named, all are bad.
    let good = Slo { bad: None, good: Some(r#"requests_total{code="200"}"#.into()), ..slo() };
    assert_eq!(only_total(&good, 100.0).0, Some(Verdict::Fail));
    let other = Slo { good: Some("ok_total".into()), ..good };
    assert_eq!(only_total(&other, 100.0), (Some(Verdict::Unknown), "no data over 5m; no series matches `good`".into()));
}

#[test]
fn a_server_that_refuses_much_still_answers_little() {
    let (slo, mut windows) = (slo(), Windows::new(at(0)));
    let asks = windows.due(&slo, at(0));
    windows.answered(&slo, &asks[0], &rows(&asks[0], 0.0, 100.0));
    windows.failed(&asks[1], "too many samples".into());
    windows.failed(&asks[2], "too many samples".into());
    let why = "no data over 1d; longer than 1h: too many samples".to_owned();
    assert_eq!(burn(&windows, &slo, at(0)), (Some(Verdict::Unknown), why));
    // It is let be for a while.
    assert_eq!(names(&windows.due(&slo, at(60))).len(), 1);
    assert_eq!(names(&windows.due(&slo, at(120))).len(), 3);
    answer_all(&mut windows, &slo, at(120), 0.0, 100.0);
    assert_eq!(burn(&windows, &slo, at(120)).0, Some(Verdict::Ok));

    let asks = windows.due(&slo, at(135));
    windows.failed(&asks[0], "no answer".into());
    assert_eq!(windows.tally(&slo, at(135)), Err("no answer".into()));
    assert!(windows.due(&slo, at(136)).is_empty());
}

#[test]
fn what_was_not_there_is_asked_for_soon_again() {
    let (slo, mut windows) = (slo(), Windows::new(at(0)));
    for ask in windows.due(&slo, at(0)) {
        windows.answered(&slo, &ask, &[]);
    }
    assert_eq!(names(&windows.due(&slo, at(60))).len(), 1);
    assert_eq!(names(&windows.due(&slo, at(120))).len(), 3);
}

proptest! {
    #[test]
    fn any_answer_is_borne(
        rows in prop::collection::vec((
            prop::sample::select(vec!["alive", "bad 5m", "total 5m", "good 5m", "total period", "bad since", "", "total 1h", "bad release", "total release"]),
            prop::num::f64::ANY,
        ), 0..20),
        times in prop::collection::vec(-100_000i64..10_000_000, 1..6),
    ) {
        let (slo, mut windows) = (slo(), Windows::new(at(0)));
        let rows: Vec<(String, f64)> = rows.into_iter().map(|(name, number)| (name.to_owned(), number)).collect();
        for time in times {
            for ask in windows.due(&slo, at(time)) {
                windows.answered(&slo, &ask, &rows);
            }
            let tally = windows.tally(&slo, at(time)).unwrap();
            for reading in [SloReading::Burn, SloReading::Budget, SloReading::Spent] {
                let told = tell(&slo, reading, &tally);
                prop_assert!(told.number.is_none_or(|number| !number.is_nan()), "{told:?}");
            }
        }
    }
}
