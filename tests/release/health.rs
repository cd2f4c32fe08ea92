//! A canary judged beside its baseline, what is made of signals, the automatic rollback taken out, and silences.

use flightdeck::{
    health::{Alert, AlertState, Count, Said, Sample, Unknown, Value, Verdict, compare},
    release::{Ask, Command, EventKind, Phase, Refusal, Release, SilencePhase, decide},
};

use crate::support::{Flight, succeeded};

/// A canary whose latency and errors are judged beside the stable version's.
const PLAN: &str = r#"
service = "shop"
[targets.app]
driver   = "command"
deploy   = "x"
weight   = "x"
rollback = "x"
observe  = "x"

[signals.p95]
title    = "p95"
source   = "command"
run      = "x"
every    = "1s"
baseline = "p95-stable"
compare  = { tolerance = 0.2, critical = true }

[signals.p95-stable]
source = "command"
run    = "x"
every  = "1s"

[signals.errors]
source   = "command"
run      = "x"
unit     = "percent"
every    = "1s"
baseline = "errors-stable"
compare  = { absolute = 1, group = "failures" }

[signals.errors-stable]
source = "command"
run    = "x"
unit   = "percent"
every  = "1s"

[signals.both]
source = "expression"
of     = "{p95} - {p95-stable}"
every  = "1s"
warn   = 500

[signals.score]
source = "score"
groups = { failures = 40 }
every  = "1s"

[[stages]]
id      = "canary"
target  = "app"
steps   = [{ weight = 25, bake = "20s" }, { weight = 50, bake = "5s" }, { weight = 100 }]
signals = ["p95", "errors", "score"]
on_fail = "rollback"

[[stages]]
id   = "after"
run  = "x"
"#;

/// What a second of the flight brings.
#[derive(Clone, Copy)]
struct Second {
    p95: f64,
    stable: f64,
    errors: f64,
}

const WELL: Second = Second { p95: 100.0, stable: 100.0, errors: 1.0 };
const SLOW: Second = Second { p95: 150.0, ..WELL };

/// Lets seconds pass, each with its samples. A little noise, the same in every run, so that the judge has something to judge.
fn fly(flight: &mut Flight, seconds: i64, what: Second) {
    for second in 0..seconds {
        flight.wait(1);
        let noise = |salt: i64| ((second * 7 + salt * 3) % 11 - 5) as f64 / 5.0;
        let now = flight.now;
        let mut observe = |signal: &str, sample: Sample| flight.release.observe(signal, sample);
        observe("p95", Sample::number(now, what.p95 + noise(1)));
        observe("p95-stable", Sample::number(now, what.stable + noise(2)));
        for (signal, events) in [("errors", what.errors), ("errors-stable", 1.0)] {
            let count = Count { events, trials: 500.0 };
            observe(signal, Sample { count: Some(count), ..Sample::number(now, events / 5.0) });
        }
        for (signal, sample) in flight.release.derived(now) {
            flight.release.observe(&signal, sample);
        }
        flight.drive();
    }
}

/// A canary that has just been given a quarter of the traffic.
fn at_a_quarter() -> Flight {
    let mut flight = Flight::new(PLAN);
    fly(&mut flight, 5, WELL);
    flight.promote("canary").done("canary");
    assert_eq!(flight.phase("canary"), Phase::Baking);
    flight
}

fn verdict(flight: &Flight, signal: &str) -> Verdict {
    flight.release.judge(signal, flight.now).unwrap().verdict
}

fn count(flight: &Flight, kind: &str) -> usize {
    flight.events.iter().filter(|event| serde_json::to_value(&event.kind).unwrap()["kind"] == kind).count()
}

#[test]
fn before_the_canary_has_traffic_there_is_nothing_to_judge() {
    let mut flight = Flight::new(PLAN);
    fly(&mut flight, 30, SLOW);
    let judged = flight.release.judge("p95", flight.now).unwrap();
    assert_eq!((judged.verdict, judged.unknown), (Verdict::Unknown, Some(Unknown::NoCanary)));
    // That does not keep the first step from being taken.
    flight.promote("canary");
    assert_eq!(flight.phase("canary"), Phase::Running);
    // The baselines and what is made of both are known, the canary's own are not.
    assert_eq!(count(&flight, "signal-turned"), 3, "{:#?}", flight.events);
}

#[test]
fn unknown_is_no_pass_and_says_how_many_more() {
    let mut flight = at_a_quarter();
    fly(&mut flight, 4, WELL);
    let judged = flight.release.judge("p95", flight.now).unwrap();
    assert_eq!(judged.verdict, Verdict::Unknown);
    assert!(judged.is_undecided());
    assert!(judged.why.contains("at least 8 of each are needed, 4 more"), "{}", judged.why);
    // The watch goes on meanwhile: that is what it is for.
    let bake = flight.release.stage("canary").unwrap().1.bake.clone().unwrap();
    assert!(bake.counts());
    fly(&mut flight, 14, WELL);
    assert_eq!((verdict(&flight, "p95"), verdict(&flight, "errors")), (Verdict::Ok, Verdict::Ok));
    fly(&mut flight, 4, WELL);
    assert_eq!(flight.phase("canary"), Phase::Paused, "{:#?}", flight.release.blockers(flight.now));
}

#[test]
fn a_failure_rolls_back_at_the_sample_that_shows_it() {
    let mut flight = at_a_quarter();
    let begun = flight.now;
    while flight.release.rollback.is_none() {
        fly(&mut flight, 1, SLOW);
        assert!(flight.now.duration_since(begun).as_secs() < 30, "it is not found");
    }
    let kinds = flight.kinds(4);
    assert_eq!(kinds[1..3], ["stage-failed canary", "rollback-started"], "{kinds:?}");
    let turned = flight.events.iter().rev().find_map(|event| match &event.kind {
        EventKind::SignalTurned { signal, verdict: Verdict::Fail, sampled, evidence: Some(evidence), why, .. }
            if signal == "p95" =>
        {
            Some((event.at, *sampled, evidence.clone(), why.clone()))
        }
        _ => None,
    });
    let (at, sampled, evidence, why) = turned.unwrap();
    assert_eq!(sampled, Some(at), "within the round of its sample");
    assert!(why.starts_with("p95 is ") && why.ends_with(" above the baseline; allowed is 20 % above"), "{why}");

    // What the journal holds is enough to judge it again.
    let read: flightdeck::health::Evidence = serde_json::from_str(&serde_json::to_string(&evidence).unwrap()).unwrap();
    let again = read.judge_again().unwrap();
    assert_eq!((again.verdict, again.estimate, again.interval), (compare::Verdict::Fail, evidence.estimate, evidence.interval));

    flight.wait(2).ends("canary", succeeded());
    let line = flight.release.recent.iter().rev().find(|line| line.words.contains("all traffic is back")).unwrap();
    assert!(line.words.ends_with("; all traffic is back, 2s after the sample that failed"), "{}", line.words);
    assert_eq!(count(&flight, "rollback-started"), 1);
}

#[test]
fn a_storm_of_flapping_fires_once() {
    let mut flight = at_a_quarter();
    for round in 0..60 {
        fly(&mut flight, 2, if round % 2 == 0 { SLOW } else { WELL });
        if round % 9 == 0 {
            flight.wait(40); // stale, and known again
        }
    }
    fly(&mut flight, 20, SLOW);
    assert_eq!(count(&flight, "rollback-started"), 1);
    assert_eq!(count(&flight, "stage-failed"), 1);
}

#[test]
fn errors_are_judged_as_counts() {
    let mut flight = at_a_quarter();
    // 3 % of its requests fail beside 0.2 %; one more in a hundred is allowed.
    for _ in 0..30 {
        fly(&mut flight, 1, Second { errors: 15.0, ..WELL });
    }
    let why = &flight.release.rollback.as_ref().expect("it is found").why;
    assert!(why.starts_with("errors: errors is ") && why.contains(" above the baseline; allowed is 1 points above ("), "{why}");
}

#[test]
fn a_stale_baseline_is_not_known() {
    let mut flight = at_a_quarter();
    fly(&mut flight, 30, WELL);
    assert_eq!(verdict(&flight, "p95"), Verdict::Ok);
    for _ in 0..12 {
        flight.wait(1);
        flight.release.observe("p95", Sample::number(flight.now, 100.0));
    }
    let judged = flight.release.judge("p95", flight.now).unwrap();
    assert_eq!(judged.verdict, Verdict::Unknown);
    assert_eq!(judged.why, "its baseline p95-stable: stale, 12 s old");
}

#[test]
fn with_all_traffic_there_is_no_baseline_any_more_and_the_verdict_stays() {
    let mut flight = at_a_quarter();
    fly(&mut flight, 70, WELL);
    flight.promote("canary").done("canary");
    fly(&mut flight, 10, WELL);
    assert!(flight.release.trial("p95").unwrap().until.is_none());
    flight.promote("canary").done("canary");
    assert_eq!(flight.release.trial("p95").unwrap().until, Some(flight.now));
    // The stable version has no traffic, and whatever comes of it is no baseline.
    fly(&mut flight, 30, Second { stable: 1.0, ..WELL });
    assert_eq!(verdict(&flight, "p95"), Verdict::Ok);
    assert_eq!(flight.phase("canary"), Phase::Passed);
}

/// While the traffic goes over, the stable version idles, and what is measured of it is no baseline any more.
#[test]
fn what_opened_the_gate_stands_while_all_traffic_goes_over() {
    let mut flight = at_a_quarter();
    fly(&mut flight, 70, WELL);
    flight.promote("canary").done("canary");
    fly(&mut flight, 10, WELL);
    flight.promote("canary");
    let intended = flight.now;
    fly(&mut flight, 30, Second { p95: 300.0, stable: 1.0, errors: 1.0 });
    assert!(flight.release.rollback.is_none());
    assert_eq!(flight.release.trial("p95").unwrap().until, Some(intended));
    flight.done("canary");
    fly(&mut flight, 5, WELL);
    assert_eq!((verdict(&flight, "p95"), flight.phase("canary")), (Verdict::Ok, Phase::Passed));
}

/// A canary without traffic has no data, which keeps its first step from nothing; a source out of reach does.
#[test]
fn no_data_before_the_first_traffic_is_no_canary() {
    let mut flight = Flight::new(PLAN);
    fly(&mut flight, 5, WELL);
    for _ in 0..4 {
        flight.wait(1);
        flight.release.observe("p95", Sample::missing(flight.now, Unknown::NoData));
    }
    assert_eq!(flight.release.judge("p95", flight.now).unwrap().unknown, Some(Unknown::NoCanary));
    for _ in 0..4 {
        flight.wait(1);
        flight.release.observe("p95", Sample::missing(flight.now, Unknown::Error("refused".to_owned())));
    }
    assert_eq!(flight.release.judge("p95", flight.now).unwrap().unknown, Some(Unknown::Error("refused".to_owned())));
    assert!(matches!(flight.decide(Ask::Promote(None)), Err(Refusal::Gate(_))));
}

/// Kayenta passes two equal samples. A gate waits for as many as a verdict takes.
#[test]
fn few_samples_are_no_pass_under_any_rules() {
    let plan = PLAN.replace("{ tolerance = 0.2, critical = true }", "{ method = \"kayenta\" }");
    let mut flight = Flight::new(&plan);
    fly(&mut flight, 5, WELL);
    flight.promote("canary").done("canary");
    fly(&mut flight, 2, WELL);
    assert_eq!(flight.release.judge("p95", flight.now).unwrap().unknown, Some(Unknown::TooFew(2, 3)));
    fly(&mut flight, 2, WELL);
    assert_eq!(verdict(&flight, "p95"), Verdict::Ok);
}

#[test]
fn viewers_and_drivers_judge_alike_in_whatever_order_they_read() {
    let mut flight = at_a_quarter();
    fly(&mut flight, 25, WELL);
    let mut later = Release::begin(flight.events[0].clone()).unwrap();
    for event in &flight.events[1..] {
        later.apply(event);
    }
    for signal in flight.release.plan.signals.keys() {
        for sample in flight.release.series(signal).unwrap().iter() {
            later.observe(signal, sample.clone());
        }
    }
    for signal in flight.release.plan.signals.keys() {
        assert_eq!(later.judge(signal, flight.now), flight.release.judge(signal, flight.now), "{signal}");
    }
}

#[test]
fn an_expression_is_as_old_as_its_oldest_part_and_known_with_all_of_them() {
    let mut flight = Flight::new(PLAN);
    fly(&mut flight, 5, SLOW);
    let judged = flight.release.judge("both", flight.now).unwrap();
    assert_eq!(judged.verdict, Verdict::Ok);
    let value = judged.value.unwrap();
    assert!((48.0..52.0).contains(&value), "{value}");
    let old = flight.now;
    flight.wait(3);
    flight.release.observe("p95", Sample::number(flight.now, 150.0));
    assert_eq!(flight.release.derived(flight.now).into_iter().find(|(id, _)| id == "both"), None, "nothing newer of the other");
    flight.release.observe("p95-stable", Sample::number(old + jiff::SignedDuration::from_secs(1), 90.0));
    let (_, sample) = flight.release.derived(flight.now).into_iter().find(|(id, _)| id == "both").unwrap();
    assert_eq!((sample.at, sample.value), (old + jiff::SignedDuration::from_secs(1), Value::Number(60.0)));
    flight.wait(20);
    let (_, sample) = flight.release.derived(flight.now).into_iter().find(|(id, _)| id == "both").unwrap();
    assert_eq!(sample.value, Value::Missing(Unknown::Error("p95: stale, 20 s old".to_owned())));
}

#[test]
fn a_score_is_a_number_once_all_of_it_is_known() {
    let mut flight = at_a_quarter();
    fly(&mut flight, 4, WELL);
    let judged = flight.release.judge("score", flight.now).unwrap();
    assert!(judged.is_undecided(), "{judged:?}");
    assert!(judged.why.contains("the critical metric p95 is unknown; the score is from 0.0 to 100.0"), "{}", judged.why);
    fly(&mut flight, 60, WELL);
    let judged = flight.release.judge("score", flight.now).unwrap();
    assert_eq!((judged.verdict, judged.value), (Verdict::Ok, Some(100.0)));
    // The critical metric alone makes it nothing.
    let mut flight = at_a_quarter();
    flight.release.automatic_off =
        Some(flightdeck::release::AutomaticOff { by: "alice".to_owned(), at: flight.now, why: "to look".to_owned() });
    fly(&mut flight, 30, SLOW);
    let judged = flight.release.judge("score", flight.now).unwrap();
    assert_eq!((judged.verdict, judged.value, judged.why.as_str()), (Verdict::Fail, Some(0.0), "the critical metric p95 failed"));
}

#[test]
fn a_score_of_what_is_out_of_reach_is_not_being_judged() {
    let mut flight = at_a_quarter();
    fly(&mut flight, 4, WELL);
    for _ in 0..4 {
        flight.wait(1);
        flight.release.observe("p95", Sample::missing(flight.now, Unknown::Error("refused".to_owned())));
    }
    let (_, sample) = flight.release.derived(flight.now).into_iter().find(|(id, _)| id == "score").unwrap();
    assert_eq!(sample.value, Value::Missing(Unknown::Error("p95: refused".to_owned())));
}

/// Nothing over nothing is no number, and no news before there is a canary.
#[test]
fn a_ratio_without_traffic_is_no_canary() {
    let mut flight = Flight::new(PLAN);
    fly(&mut flight, 5, WELL);
    for _ in 0..4 {
        flight.wait(1);
        flight.release.observe("p95", Sample::missing(flight.now, Unknown::NotANumber));
    }
    assert_eq!(flight.release.judge("p95", flight.now).unwrap().unknown, Some(Unknown::NoCanary));
}

fn because(ask: Ask, why: Option<&str>) -> Command {
    Command { reason: why.map(str::to_owned), ..Flight::command(ask, None) }
}

fn asked(flight: &mut Flight, ask: Ask, why: Option<&str>) -> Result<(), Refusal> {
    for kind in decide(&flight.release, &because(ask, why), flight.now)? {
        flight.by("alice", kind);
    }
    flight.drive();
    Ok(())
}

#[test]
fn the_automatic_rollback_can_be_taken_out_and_back_in() {
    let mut flight = at_a_quarter();
    assert!(matches!(asked(&mut flight, Ask::Automatic(false), None), Err(Refusal::NotNow(_))), "not without a reason");
    asked(&mut flight, Ask::Automatic(true), None).unwrap();
    assert_eq!(count(&flight, "automatic-set"), 0, "it is in already");
    asked(&mut flight, Ask::Automatic(false), Some("a known outage of the cache")).unwrap();
    fly(&mut flight, 30, SLOW);
    assert!(flight.release.rollback.is_none());
    let hold = flight.release.hold.clone().expect("it holds instead");
    assert!(hold.why.ends_with("; alice took the automatic rollback out: a known outage of the cache"), "{}", hold.why);
    // A person goes on in spite of it: it holds no second time for the same failure.
    flight.ask(Ask::Resume);
    fly(&mut flight, 20, SLOW);
    assert!(flight.release.hold.is_none());
    let consequence = flight.release.consequence(&Ask::Automatic(true), flight.now);
    assert_eq!(consequence.lines[0], "p95, score fails now: the release rolls back AT ONCE.");
    asked(&mut flight, Ask::Automatic(true), Some("the cache is back")).unwrap();
    assert_eq!(count(&flight, "rollback-started"), 1);
}

#[test]
fn what_fails_meanwhile_is_seen_before_it_is_taken_back_in() {
    let mut flight = at_a_quarter();
    asked(&mut flight, Ask::Automatic(false), Some("to look")).unwrap();
    let seen = flight.release.seen(None);
    fly(&mut flight, 30, SLOW);
    let command = Command { seen: Some(seen), ..because(Ask::Automatic(true), Some("all is well")) };
    assert!(matches!(decide(&flight.release, &command, flight.now), Err(Refusal::MovedOn { .. })));
}

#[test]
fn a_failed_act_holds_as_well_while_it_is_out() {
    let mut flight = Flight::new(PLAN);
    fly(&mut flight, 5, WELL);
    asked(&mut flight, Ask::Automatic(false), Some("to look")).unwrap();
    flight.promote("canary").ends("canary", crate::support::failed("no space left"));
    assert!(flight.release.rollback.is_none());
    let why = &flight.release.hold.as_ref().unwrap().why;
    assert_eq!(why, "canary failed; alice took the automatic rollback out: to look");
}

fn alert(name: &str, state: AlertState) -> Alert {
    Alert {
        fingerprint: format!("f-{name}"),
        name: name.to_owned(),
        severity: None,
        summary: None,
        since: "2026-03-03T12:00:01Z".parse().unwrap(),
        state,
        labels: vec![("alertname".to_owned(), name.to_owned())],
    }
}

fn with_alerts() -> Flight {
    let mut flight = at_a_quarter();
    let alerts = vec![alert("Slow", AlertState::Firing), alert("Quiet", AlertState::Silenced)];
    flight.does(EventKind::AlertsChanged { signal: "p95".to_owned(), alerts, more: 0 });
    flight
}

fn silence(alert: &str) -> Ask {
    Ask::Silence { signal: "p95".to_owned(), alert: alert.to_owned(), stage: None }
}

#[test]
fn a_silence_lasts_as_long_as_its_stage() {
    let mut flight = with_alerts();
    assert!(asked(&mut flight, silence("Slow"), None).is_err(), "not without a reason");
    assert!(matches!(asked(&mut flight, silence("Other"), Some("x")), Err(Refusal::NotNow(_))));
    asked(&mut flight, silence("Quiet"), Some("x")).unwrap();
    assert_eq!(flight.release.silences, [], "somebody else has silenced it already");
    asked(&mut flight, silence("Slow"), Some("the cache is cold")).unwrap();
    asked(&mut flight, silence("f-Slow"), Some("again")).unwrap();
    let [asked_for] = flight.release.silences.as_slice() else { panic!("{:#?}", flight.release.silences) };
    assert_eq!((asked_for.stage.as_str(), asked_for.by.as_str(), &asked_for.phase), ("canary", "alice", &SilencePhase::Asked));
    assert!(flight.release.wants_silence(asked_for));
    let id = asked_for.id.clone();
    flight.does(EventKind::SilenceSet { silence: id.clone(), remote: "am-1".to_owned() });
    let status = flight.release.report(true, flight.now);
    assert_eq!(status.alerts[0].silenced_by.as_deref(), Some("alice"));
    flight.ask(Ask::Rollback).done("canary");
    assert!(!flight.release.wants_silence(&flight.release.silences[0]));
    assert_eq!(flight.release.open_silences().count(), 1, "until it was taken back");
    flight.does(EventKind::SilenceEnded { silence: id });
    assert_eq!(flight.release.open_silences().count(), 0);
}

#[test]
fn a_silence_can_be_taken_back_early() {
    let mut flight = with_alerts();
    asked(&mut flight, silence("Slow"), Some("the cache is cold")).unwrap();
    asked(&mut flight, Ask::Unsilence("Slow".to_owned()), None).unwrap();
    assert!(!flight.release.wants_silence(&flight.release.silences[0]));
    assert!(matches!(asked(&mut flight, Ask::Unsilence("Slow".to_owned()), None), Err(Refusal::NotNow(_))));
}

#[test]
fn what_a_source_says_itself_counts_more_than_thresholds() {
    let mut flight = Flight::new(PLAN);
    for _ in 0..3 {
        flight.wait(1);
        let said = Said { verdict: Some(Verdict::Fail), why: "burns 20 x".to_owned() };
        flight.release.observe("both", Sample { said: Some(Box::new(said)), ..Sample::number(flight.now, 1.0) });
    }
    let judged = flight.release.judge("both", flight.now).unwrap();
    assert_eq!((judged.verdict, judged.why.as_str()), (Verdict::Fail, "burns 20 x"));
}
