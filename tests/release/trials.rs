//! When a signal is judged beside its baseline, and since when: rollouts side by side, attempts, and a person who goes on.

use flightdeck::{
    health::{Sample, Verdict},
    release::{Ask, Phase, Refusal},
};
use jiff::Timestamp;

use crate::support::{Flight, failed};

/// Two regions, each with a canary of its own, and a score of one of them; a third signal that nobody waits for.
const PLAN: &str = r#"
service = "shop"

[targets.eu]
driver = "command"
deploy = "x"
weight = "x"
rollback = "x"
observe = "x"

[targets.us]
driver = "command"
deploy = "x"
weight = "x"
rollback = "x"
observe = "x"

[signals.eu]
source = "command"
run = "x"
every = "1s"
baseline = "stable"
compare = { tolerance = 0.2 }

[signals.us]
source = "command"
run = "x"
every = "1s"
baseline = "stable"
compare = { tolerance = 0.2 }

[signals.seen]
source = "command"
run = "x"
every = "1s"
baseline = "stable"
compare = { tolerance = 0.2 }

[signals.stable]
source = "command"
run = "x"
every = "1s"

[signals.score]
source = "score"
of = ["us"]
every = "1s"

[[stages]]
id = "canary-eu"
target = "eu"
steps = [{ weight = 20, bake = "10s" }, { weight = 50, bake = "10s" }, { weight = 100 }]
signals = ["eu"]
needs = []

[[stages]]
id = "canary-us"
target = "us"
steps = [{ weight = 20, bake = "10s" }, { weight = 100 }]
signals = ["score"]
needs = []
"#;

/// Lets seconds pass in which the canaries are so slow.
fn fly(flight: &mut Flight, seconds: i64, [eu, us]: [f64; 2]) {
    for second in 0..seconds {
        flight.wait(1);
        let noise = |salt: i64| ((second * 7 + salt * 3) % 11 - 5) as f64 / 5.0;
        let now = flight.now;
        for (signal, level) in [("eu", eu), ("us", us), ("seen", eu), ("stable", 100.0)] {
            flight.release.observe(signal, Sample::number(now, level + noise(signal.len() as i64)));
        }
        for (signal, sample) in flight.release.derived(now) {
            flight.release.observe(&signal, sample);
        }
        flight.drive();
    }
}

const WELL: [f64; 2] = [100.0, 100.0];
const SLOW: [f64; 2] = [150.0, 100.0];

fn flight() -> Flight {
    let mut flight = Flight::new(PLAN);
    fly(&mut flight, 5, WELL);
    flight
}

fn begun(flight: &Flight, signal: &str) -> Option<Timestamp> {
    flight.release.trial(signal).map(|trial| trial.from)
}

fn verdict(flight: &Flight, signal: &str) -> Verdict {
    flight.release.judge(signal, flight.now).unwrap().verdict
}

#[test]
fn rollouts_side_by_side_have_trials_of_their_own() {
    let mut flight = flight();
    flight.promote("canary-eu").done("canary-eu");
    let first = flight.now;
    assert_eq!(["eu", "us", "seen"].map(|signal| begun(&flight, signal)), [Some(first), None, Some(first)]);
    fly(&mut flight, 12, WELL);
    flight.promote("canary-us").done("canary-us");
    let second = flight.now;
    assert_eq!(["eu", "us", "seen"].map(|signal| begun(&flight, signal)), [Some(first), Some(second), Some(second)]);
    assert_eq!(verdict(&flight, "eu"), Verdict::Ok, "its data are still there");
    fly(&mut flight, 12, WELL);
    // All traffic of the one is no end for the other.
    flight.promote("canary-us");
    let until = flight.now;
    flight.done("canary-us");
    assert_eq!(["eu", "us", "seen"].map(|signal| flight.release.trial(signal).unwrap().until), [None, Some(until), Some(until)]);
    assert_eq!(flight.phase("canary-us"), Phase::Passed);
}

#[test]
fn a_stage_that_waits_for_a_score_begins_the_trials_that_it_counts() {
    let mut flight = flight();
    flight.promote("canary-us").done("canary-us");
    fly(&mut flight, 20, WELL);
    assert_eq!((verdict(&flight, "us"), verdict(&flight, "score")), (Verdict::Ok, Verdict::Ok));
    assert_eq!(flight.phase("canary-us"), Phase::Paused);
}

#[test]
fn another_attempt_is_judged_anew() {
    let mut flight = flight();
    flight.promote("canary-eu").done("canary-eu");
    fly(&mut flight, 12, WELL);
    flight.promote("canary-eu").ends("canary-eu", failed("no balancer"));
    let first = begun(&flight, "eu");
    assert!(first.is_some());
    flight.ask(Ask::Retry(None));
    assert_eq!(begun(&flight, "eu"), None);
    flight.wait(1).done("canary-eu");
    assert_eq!(begun(&flight, "eu"), Some(flight.now));
}

#[test]
fn who_goes_on_in_spite_of_a_failure_has_it_judged_anew() {
    let mut flight = flight();
    flight.promote("canary-eu").done("canary-eu");
    fly(&mut flight, 9, SLOW);
    assert_eq!(verdict(&flight, "eu"), Verdict::Fail);
    assert!(flight.release.hold.is_some());
    let said = flight.release.consequence(&Ask::Resume, flight.now).lines;
    assert_eq!(
        said[1..],
        [
            "Compares eu anew: what was measured so far no longer counts.",
            "canary-eu waits for it, and does not hold for it again before it recovers.",
        ]
    );
    flight.ask(Ask::Resume);
    assert_eq!(begun(&flight, "eu"), Some(flight.now));
    assert_eq!(verdict(&flight, "eu"), Verdict::Unknown);
    // It is as slow as before, which the person has seen.
    fly(&mut flight, 20, SLOW);
    assert_eq!(verdict(&flight, "eu"), Verdict::Fail);
    assert!(flight.release.hold.is_none());
    assert_eq!(flight.phase("canary-eu"), Phase::Baking, "nor does it go on");
    // What made it slow is mended. The slow time counts until somebody says so.
    flight.ask(Ask::Hold);
    flight.ask(Ask::Resume);
    fly(&mut flight, 20, WELL);
    assert_eq!((verdict(&flight, "eu"), flight.phase("canary-eu")), (Verdict::Ok, Phase::Paused));
    // It has recovered, and a second failure is another one.
    flight.promote("canary-eu").done("canary-eu");
    fly(&mut flight, 60, [400.0, 100.0]);
    assert!(flight.release.hold.is_some());
}

#[test]
fn a_failure_that_came_meanwhile_is_seen_before_somebody_goes_on() {
    let mut flight = flight();
    flight.promote("canary-eu").done("canary-eu");
    flight.ask(Ask::Hold);
    let seen = flight.release.seen(None);
    fly(&mut flight, 9, SLOW);
    assert_eq!(verdict(&flight, "eu"), Verdict::Fail);
    assert!(matches!(flight.asks(Ask::Resume, Some(seen)), Err(Refusal::MovedOn { .. })));
    let seen = flight.release.seen(None);
    flight.asks(Ask::Resume, Some(seen)).unwrap();
    assert_eq!(verdict(&flight, "eu"), Verdict::Unknown);
}

/// Mended first, it is left open by the time somebody goes on, and what was measured before is still what they mean.
#[test]
fn who_mends_it_first_and_goes_on_then_has_it_judged_anew_too() {
    let mut flight = flight();
    flight.promote("canary-eu").done("canary-eu");
    fly(&mut flight, 10, SLOW);
    assert!(flight.release.hold.is_some());
    let seen = flight.release.seen(None);
    let mut seconds = 0;
    while verdict(&flight, "eu") == Verdict::Fail {
        fly(&mut flight, 1, WELL);
        seconds += 1;
        assert!(seconds < 60, "it never comes to be open");
    }
    assert_eq!(verdict(&flight, "eu"), Verdict::Unknown);
    // That it is no longer shown is nothing that keeps a person from going on.
    flight.asks(Ask::Resume, Some(seen)).unwrap();
    flight.drive();
    assert_eq!(begun(&flight, "eu"), Some(flight.now));
    fly(&mut flight, 14, WELL);
    assert_eq!(verdict(&flight, "eu"), Verdict::Ok);
    // It is not begun anew with every hold from now on.
    let from = begun(&flight, "eu");
    flight.ask(Ask::Hold).ask(Ask::Resume);
    assert_eq!(begun(&flight, "eu"), from);
}

#[test]
fn where_there_is_nothing_more_to_compare_the_threshold_alone_counts() {
    let plan = PLAN.replace("[signals.eu]\n", "[signals.eu]\nfail = 300\n");
    let mut flight = Flight::new(&plan);
    fly(&mut flight, 5, WELL);
    flight.promote("canary-eu").done("canary-eu");
    fly(&mut flight, 12, WELL);
    flight.promote("canary-eu").done("canary-eu");
    fly(&mut flight, 12, WELL);
    // Its last samples before all traffic went over come late, and are bad.
    let before = flight.now;
    flight.wait(1);
    flight.promote("canary-eu");
    for ago in 1..800 {
        let at = before + jiff::SignedDuration::from_millis(ago);
        flight.release.observe("eu", Sample::number(at, 200.0 + (ago % 7) as f64));
        flight.release.observe("stable", Sample::number(at, 100.0 + (ago % 7) as f64));
    }
    flight.drive();
    assert_eq!(verdict(&flight, "eu"), Verdict::Fail);
    assert!(flight.release.hold.is_some());
    flight.wait(1).ask(Ask::Resume);
    fly(&mut flight, 5, [250.0, 100.0]);
    assert_eq!(verdict(&flight, "eu"), Verdict::Ok);
    flight.done("canary-eu");
    assert_eq!(flight.phase("canary-eu"), Phase::Passed);
}

/// A plan with one signal, so sampled and compared, and these stages.
fn plan(more: &str, stages: &str) -> String {
    let targets = &PLAN[..PLAN.find("[signals.eu]").unwrap()];
    let signal = |id: &str, more: &str| format!("[signals.{id}]\nsource = \"command\"\nrun = \"x\"\nevery = \"1s\"\n{more}\n");
    let eu = signal("eu", &format!("baseline = \"stable\"\n{more}"));
    format!("{targets}{eu}{}{stages}", signal("stable", ""))
}

const COMPARED: &str = "compare = { tolerance = 0.2 }";

fn rollout(id: &str, target: &str, steps: &str, signals: &str, on_fail: &str) -> String {
    format!(
        "[[stages]]\nid = \"{id}\"\ntarget = \"{target}\"\nsteps = [{steps}]\nsignals = [{signals}]\non_fail = \"{on_fail}\"\nneeds = []\n"
    )
}

#[test]
fn what_one_rollout_found_passes_no_other() {
    let steps = r#"{ weight = 20, bake = "10s" }, { weight = 100 }"#;
    let stages = rollout("a", "eu", steps, "\"eu\"", "rollback") + &rollout("b", "us", steps, "\"eu\"", "rollback");
    let mut flight = Flight::new(&plan(COMPARED, &stages));
    fly(&mut flight, 5, WELL);
    flight.promote("a").done("a");
    fly(&mut flight, 15, WELL);
    flight.promote("b").done("b");
    fly(&mut flight, 2, WELL);
    flight.promote("a").done("a");
    assert_eq!(flight.phase("a"), Phase::Passed);
    fly(&mut flight, 20, [500.0, 100.0]);
    assert!(flight.release.rollback.is_some(), "{:?}", flight.release.blockers(flight.now));
}

#[test]
fn another_attempt_of_one_rollout_is_nothing_to_another() {
    let steps = r#"{ weight = 20, bake = "10s" }, { weight = 50 }, { weight = 100 }"#;
    let stages = rollout("a", "eu", steps, "\"eu\"", "hold") + &rollout("b", "us", steps, "\"eu\"", "hold");
    let mut flight = Flight::new(&plan(COMPARED, &stages));
    fly(&mut flight, 5, WELL);
    flight.promote("a").done("a").promote("b").done("b");
    fly(&mut flight, 12, WELL);
    flight.promote("a").ends("a", failed("no balancer"));
    let before = flight.release.trial_in("b", "eu");
    assert!(before.is_some());
    flight.ask(Ask::Retry(Some("a".to_owned())));
    assert_eq!((flight.release.trial_in("a", "eu"), flight.release.trial_in("b", "eu")), (None, before));
}

#[test]
fn a_threshold_that_is_passed_keeps_no_score_from_failing() {
    let score = "[signals.score]\nsource = \"score\"\nevery = \"1s\"\n";
    let steps = r#"{ weight = 20, bake = "30s" }, { weight = 100 }"#;
    let stages = format!("{score}{}", rollout("a", "eu", steps, "\"score\"", "rollback"));
    let mut flight = Flight::new(&plan(&format!("fail = 300\n{}", COMPARED.replace("0.2", "0.2, critical = true")), &stages));
    fly(&mut flight, 5, WELL);
    flight.promote("a").done("a");
    fly(&mut flight, 10, [400.0, 100.0]);
    assert!(flight.release.rollback.is_some(), "{:?}", flight.release.judge("score", flight.now));
}

/// Going on for another reason accepts no failure of what nothing under way waits for.
#[test]
fn a_failure_that_nobody_was_asked_about_stays() {
    let steps = r#"{ weight = 20, bake = "10s" }, { weight = 100 }"#;
    let after = "[[stages]]\nid = \"after\"\nsoak = \"5s\"\nneeds = [\"a\"]\nsignals = [\"eu\"]\n";
    let stages = rollout("a", "eu", steps, "\"eu\"", "hold") + after;
    let mut flight = Flight::new(&plan(&COMPARED.replace("0.2", "0.2, undecided = \"warn\""), &stages));
    fly(&mut flight, 5, WELL);
    flight.promote("a").done("a");
    fly(&mut flight, 12, WELL);
    let before = flight.now;
    flight.wait(1).promote("a").done("a");
    assert_eq!(flight.phase("a"), Phase::Passed);
    // What comes late shows that it was bad, when the rollout is done.
    for ago in 1..800 {
        let at = before + jiff::SignedDuration::from_millis(ago);
        flight.release.observe("eu", Sample::number(at, 500.0 + (ago % 7) as f64));
        flight.release.observe("stable", Sample::number(at, 100.0 + (ago % 7) as f64));
    }
    flight.drive();
    assert_eq!(verdict(&flight, "eu"), Verdict::Fail);
    assert!(flight.release.hold.is_some());
    flight.ask(Ask::Resume);
    fly(&mut flight, 20, WELL);
    assert_eq!(verdict(&flight, "eu"), Verdict::Fail);
    assert_ne!(flight.phase("after"), Phase::Passed);
}

#[test]
fn a_failure_shown_after_a_threshold_is_written_down_and_judged_anew() {
    let steps = r#"{ weight = 20, bake = "60s" }, { weight = 100 }"#;
    let mut flight = Flight::new(&plan(&format!("fail = 300\n{COMPARED}"), &rollout("a", "eu", steps, "\"eu\"", "hold")));
    fly(&mut flight, 5, WELL);
    flight.promote("a").done("a");
    fly(&mut flight, 4, [320.0, 100.0]);
    assert_eq!((verdict(&flight, "eu"), flight.release.turns["eu"].shown_worse), (Verdict::Fail, false));
    fly(&mut flight, 10, [290.0, 100.0]);
    assert!(flight.release.turns["eu"].shown_worse);
    flight.ask(Ask::Resume);
    assert_eq!(begun(&flight, "eu"), Some(flight.now));
    fly(&mut flight, 14, WELL);
    assert_eq!(verdict(&flight, "eu"), Verdict::Ok);
}

#[test]
fn left_open_is_no_recovery() {
    let steps = r#"{ weight = 20, bake = "60s" }, { weight = 100 }"#;
    let warns = COMPARED.replace("0.2", "0.2, undecided = \"warn\"");
    let mut flight = Flight::new(&plan(&warns, &rollout("a", "eu", steps, "\"eu\"", "hold")));
    fly(&mut flight, 5, WELL);
    flight.promote("a").done("a");
    fly(&mut flight, 10, SLOW);
    assert!(flight.release.hold.is_some());
    flight.ask(Ask::Resume);
    fly(&mut flight, 30, SLOW);
    assert_eq!(verdict(&flight, "eu"), Verdict::Fail);
    assert!(flight.release.hold.is_none(), "the person has seen it");
}

/// A step that was promoted and not begun goes on when somebody resumes, and there is nothing to compare any more.
#[test]
fn who_goes_on_with_all_traffic_takes_it_as_it_is() {
    let steps = r#"{ weight = 20, bake = "10s" }, { weight = 100, bake = "5s" }"#;
    let mut flight = Flight::new(&plan(COMPARED, &rollout("a", "eu", steps, "\"eu\"", "hold")));
    fly(&mut flight, 5, WELL);
    flight.promote("a").done("a");
    fly(&mut flight, 12, WELL);
    flight.asks(Ask::Promote(None), None).unwrap();
    flight.asks(Ask::Hold, None).unwrap();
    fly(&mut flight, 60, [400.0, 100.0]);
    assert_eq!(verdict(&flight, "eu"), Verdict::Fail);
    let said = flight.release.consequence(&Ask::Resume, flight.now).lines;
    assert!(said[1].starts_with("Mind: eu was shown to be worse than its baseline, and a goes on all the same."), "{said:?}");
    flight.ask(Ask::Resume).done("a");
    fly(&mut flight, 10, [400.0, 100.0]);
    assert_eq!(flight.phase("a"), Phase::Passed);
}

/// The canary keeps its traffic from one rollout to the next on the same target, and is judged on.
#[test]
fn a_second_rollout_to_the_same_target_goes_on_with_the_trial() {
    let first = rollout("a", "eu", r#"{ weight = 5, bake = "10s" }, { weight = 25, bake = "5s" }"#, "\"eu\"", "rollback");
    let second = rollout("b", "eu", r#"{ weight = 50, bake = "5s" }, { weight = 100 }"#, "\"eu\"", "rollback");
    let stages = first + &second.replace("needs = []", "needs = [\"a\"]");
    let mut flight = Flight::new(&plan(COMPARED, &stages));
    fly(&mut flight, 5, WELL);
    flight.promote("a").done("a");
    fly(&mut flight, 12, WELL);
    flight.promote("a").done("a");
    fly(&mut flight, 8, WELL);
    assert_eq!(flight.phase("a"), Phase::Passed);
    flight.promote("b");
    assert_eq!(flight.release.trial_in("b", "eu"), flight.release.trial_in("a", "eu"));
    // It deploys, and meanwhile the canary turns bad.
    fly(&mut flight, 60, [500.0, 100.0]);
    assert!(flight.release.rollback.is_some());
}
