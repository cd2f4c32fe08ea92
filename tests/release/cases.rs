//! One case each of what has to be just so: races, retries, watches, the way back, and the form that scripts read.

use flightdeck::release::{
    Ask, BlockerKind, Command, EventKind, Outcome, Phase, Refusal, ReleaseStatus, StageStatus, Status, decide,
};

use crate::{
    flights::{PLAN, state},
    support::{Flight, Level, failed, lost, succeeded},
};

fn promote(stage: &str) -> Ask {
    Ask::Promote(Some(stage.to_owned()))
}

fn retry(stage: &str) -> Ask {
    Ask::Retry(Some(stage.to_owned()))
}

fn left(flight: &Flight, stage: &str) -> String {
    flight.release.stage(stage).unwrap().1.bake.as_ref().unwrap().left(flight.now).to_string()
}

#[test]
fn two_people_promote_the_same_step() {
    let mut flight = state("paused");
    let seen = flight.release.seen(Some("canary"));
    flight.asks(promote("canary"), Some(seen.clone())).unwrap();
    let refused = flight.asks(promote("canary"), Some(seen.clone())).unwrap_err();
    assert_eq!(refused.to_string(), "the release has moved on: alice takes canary to 50 %, step 2");
    // Also once the step is through and the next one waits.
    flight.drive().done("canary").fly(30, Level::Ok);
    assert_eq!(flight.phase("canary"), Phase::Paused);
    assert!(matches!(flight.asks(promote("canary"), Some(seen.clone())), Err(Refusal::MovedOn { .. })));
    // And where the command names no stage: what was seen says which was meant.
    assert!(matches!(flight.asks(Ask::Promote(None), Some(seen)), Err(Refusal::MovedOn { .. })));
}

#[test]
fn an_exact_sequence_is_asked_for() {
    let flight = state("paused");
    let at = |expect| Command {
        by: "bob".to_owned(),
        ask: Ask::Rollback,
        seen: None,
        expect: Some(expect),
        reason: Some("because".to_owned()),
    };
    assert!(decide(&flight.release, &at(flight.release.sequence), flight.now).is_ok());
    for expect in [0, flight.release.sequence - 1, flight.release.sequence + 1] {
        assert!(matches!(decide(&flight.release, &at(expect), flight.now), Err(Refusal::MovedOn { .. })), "{expect}");
    }
}

#[test]
fn a_resume_lifts_only_the_hold_that_was_seen() {
    let mut flight = state("held while baking");
    let seen = flight.release.seen(None);
    flight.ask(Ask::Note("still looking".to_owned()));
    assert!(flight.asks(Ask::Resume, Some(seen.clone())).is_ok(), "a note changes nothing about the hold");
    flight.drive().ask(Ask::Hold);
    assert!(matches!(flight.asks(Ask::Resume, Some(seen)), Err(Refusal::MovedOn { .. })));
    assert!(flight.release.hold.is_some());
}

#[test]
fn a_failing_signal_holds_once_and_rolls_back_where_the_plan_says_so() {
    let mut flight = state("signal fails");
    assert_eq!(flight.release.hold.as_ref().unwrap().why, "errors: 5 %, fails from 1 %");
    // A person goes on in spite of it. Both signals fail, and both were seen.
    flight.ask(Ask::Resume).fly(40, Level::Fail);
    assert!(flight.release.hold.is_none());
    assert_eq!(flight.phase("canary"), Phase::Baking, "a watch never ends with a failure");
    // It recovers, and fails anew: that nobody has seen.
    flight.fly(3, Level::Ok);
    assert_eq!(flight.phase("canary"), Phase::Paused);
    flight.fly(3, Level::Fail);
    assert!(flight.release.hold.is_some());

    let mut flight =
        Flight::new(&PLAN.replace("signals = [\"errors\", \"canary-errors\"]", "signals = [\"errors\"]\non_fail = \"rollback\""));
    flight
        .fly(3, Level::Ok)
        .checked("backup", flightdeck::release::CheckResult::Passed)
        .done("test")
        .promote("migrate")
        .done("migrate");
    flight.sign("plan").promote("canary").done("canary").fly(5, Level::Ok).ask(Ask::Hold).fly(2, Level::Fail);
    assert_eq!(flight.release.rollback.as_ref().unwrap().why, "errors: 5 %, fails from 1 %");
    assert_eq!(flight.release.rollback.as_ref().unwrap().by, "flightdeck");
    assert_eq!(flight.acts(), ["gives the traffic of canary back"]);
    let stages = flight.release.stages().map(|(_, state)| state.phase).collect::<Vec<_>>();
    assert_eq!(stages, [Phase::Passed, Phase::Passed, Phase::Failed, Phase::Idle]);
}

#[test]
fn clocks_that_disagree_hold_nothing_twice() {
    let mut flight = state("signal fails");
    let later = flight.now;
    // The operator's host is a minute behind the controller's.
    flight.wait(-60).asks(Ask::Resume, None).unwrap();
    flight.now = later;
    assert!(flight.drive().release.hold.is_none());
}

#[test]
fn a_watch_counts_what_was_watched() {
    let mut flight = state("baking");
    assert_eq!(left(&flight, "canary"), "20s");
    // Held, and resumed.
    flight.ask(Ask::Hold).fly(100, Level::Ok).ask(Ask::Resume).fly(1, Level::Ok);
    assert_eq!(left(&flight, "canary"), "19s");
    // A hold while nobody drove: what came before it was not watched either.
    let since = flight.now;
    let took = |flight: &mut Flight| {
        let kind = EventKind::ControllerTook { host: "b".to_owned(), pid: 1, token: 2, unwatched_since: Some(since) };
        flight.does(kind);
    };
    flight.wait(8).asks(Ask::Hold, None).unwrap();
    flight.wait(8).asks(Ask::Resume, None).unwrap();
    flight.wait(8);
    took(&mut flight);
    assert_eq!(left(&flight, "canary"), "19s");
    // The same gap told twice is the same gap.
    took(&mut flight);
    assert_eq!(left(&flight, "canary"), "19s");
    // A clock that goes back gives no time, and takes none that counted.
    flight.wait(-50);
    assert_eq!(left(&flight, "canary"), "19s");
    flight.wait(50).fly(1, Level::Ok);
    assert_eq!(left(&flight, "canary"), "18s");
}

#[test]
fn a_watch_does_not_count_what_is_not_known() {
    let mut flight = state("signal gone");
    assert_eq!(left(&flight, "canary"), "18s", "two gaps turn a signal unknown");
    assert_eq!(flight.release.status(flight.now), ReleaseStatus::Running);
    assert!(!flight.release.report(true, flight.now).go);
    flight.fly(3, Level::Ok).fly(10, Level::Ok);
    assert!(left(&flight, "canary").parse::<flightdeck::plan::Duration>().unwrap().as_millis() > 5000);
    flight.fly(10, Level::Ok);
    assert_eq!(flight.phase("canary"), Phase::Paused);
}

#[test]
fn a_signal_that_never_spoke_stops_the_watch_and_says_so() {
    let mut flight = state("canary ready");
    flight.promote("canary").done("canary");
    for _ in 0..60 {
        flight.wait(1).sample("errors", Level::Ok).drive();
    }
    assert_eq!(flight.phase("canary"), Phase::Baking);
    let blockers = flight.release.blockers(flight.now);
    assert_eq!(blockers.len(), 1, "{blockers:?}");
    assert_eq!((blockers[0].kind, blockers[0].id.as_str()), (BlockerKind::Signal, "canary-errors"));
    // It speaks at last: it has not been watched for its time yet.
    flight.fly(5, Level::Ok);
    assert_eq!(flight.phase("canary"), Phase::Baking);
    flight.fly(25, Level::Ok);
    assert_eq!(flight.phase("canary"), Phase::Paused);
}

#[test]
fn a_watch_that_is_over_waits_for_enough_to_judge_by() {
    // The signal is sampled so rarely that the watch is over before it has spoken.
    let mut flight = Flight::new(&PLAN.replace("every = \"1s\"", "every = \"20s\""));
    flight.checked("backup", flightdeck::release::CheckResult::Passed);
    for _ in 0..3 {
        flight.wait(20).sample("errors", Level::Ok).drive();
    }
    flight.wait(1).done("test").promote("migrate").done("migrate").sign("plan").promote("canary").done("canary");
    flight.wait(15).sample("errors", Level::Ok).sample("canary-errors", Level::Ok).drive();
    flight.wait(20).sample("errors", Level::Ok).sample("canary-errors", Level::Ok).drive();
    assert_eq!(left(&flight, "canary"), "0s");
    let report = flight.release.report(true, flight.now);
    assert!(!report.go, "two samples of three");
    let refused = flight.decide(promote("canary")).unwrap_err().to_string();
    assert_eq!(
        refused,
        "canary waits for canary-errors: unknown: 2 of 3 samples; canary waits for errors: unknown: too few samples since the watch began"
    );
    flight.wait(20).sample("errors", Level::Ok).sample("canary-errors", Level::Ok).drive();
    assert_eq!(flight.phase("canary"), Phase::Paused);
}

#[test]
fn hold_keeps_the_traffic_where_it_is() {
    let mut flight = state("held while deploying");
    assert_eq!(flight.acts(), Vec::<String>::new(), "deployed, and no weight under the hold");
    assert!(flight.release.stage("canary").unwrap().1.deployed);
    flight.ask(Ask::Resume);
    assert_eq!(flight.acts(), ["gives canary 10 % of the traffic"]);
    // What runs runs on, and what it did is taken in.
    flight.ask(Ask::Hold).ends("canary", succeeded());
    assert_eq!(flight.phase("canary"), Phase::Baking);
    assert_eq!(left(flight.fly(60, Level::Ok).drive(), "canary"), "30s");
}

#[test]
fn a_held_release_does_not_complete() {
    let mut flight = state("watching");
    flight.ask(Ask::Hold).fly(60, Level::Ok).ask(Ask::Resume).fly(14, Level::Ok).ask(Ask::Hold).fly(5, Level::Ok);
    assert_eq!((flight.phase("watch"), flight.release.is_over()), (Phase::Baking, false));
    flight.ask(Ask::Resume).fly(2, Level::Ok);
    assert!(flight.release.is_completed());
}

#[test]
fn a_failed_stage_is_retried_as_a_new_attempt() {
    let mut flight = state("migrate failed");
    assert_eq!(flight.release.status(flight.now), ReleaseStatus::Held);
    let seen = flight.release.seen(Some("migrate"));
    flight.asks(Ask::Retry(None), Some(seen.clone())).unwrap();
    assert_eq!(flight.kinds(2), ["resumed", "stage-started migrate"]);
    assert_eq!(flight.release.stage("migrate").unwrap().1.attempt, 2);
    assert!(matches!(flight.asks(Ask::Retry(None), Some(seen)), Err(Refusal::MovedOn { .. })));
    flight.drive().ends("migrate", failed("exit 1"));
    // A person's hold is not lifted by a retry.
    flight.ask(Ask::Hold);
    assert!(matches!(flight.asks(retry("migrate"), None), Err(Refusal::Gate(_))));
    flight.ask(Ask::Resume).ask(retry("migrate")).done("migrate");
    assert_eq!((flight.phase("migrate"), flight.release.stage("migrate").unwrap().1.attempt), (Phase::Passed, 3));
}

#[test]
fn a_retry_goes_through_the_gate() {
    let mut flight = state("migrate failed");
    flight.fly(601, Level::Ok);
    let refused = flight.asks(retry("migrate"), None).unwrap_err();
    assert!(matches!(&refused, Refusal::Gate(blockers) if blockers[0].id == "backup"), "{refused}");
    assert_eq!(flight.release.consequence(&retry("migrate"), flight.now).blockers.len(), 1);
    flight.checked("backup", flightdeck::release::CheckResult::Passed).ask(retry("migrate"));
}

#[test]
fn a_rollout_is_retried_from_where_its_traffic_is() {
    let mut flight = state("paused");
    flight.promote("canary").ends("canary", failed("no effect after 60 s"));
    assert_eq!(flight.phase("canary"), Phase::Failed);
    let said = flight.release.consequence(&retry("canary"), flight.now);
    assert_eq!(said.line, "canary: 10 % → 10 % of app in production, watched 30s, attempt 2");
    flight.ask(retry("canary"));
    assert_eq!(flight.acts(), ["deploys for canary"], "the version is brought up again");
    flight.ends("canary", succeeded());
    assert_eq!(flight.acts(), ["gives canary 10 % of the traffic"]);
    flight.done("canary").fly(30, Level::Ok);
    let state = flight.release.stage("canary").unwrap().1;
    assert_eq!((state.phase, state.attempt, state.step), (Phase::Paused, 2, 1));
}

#[test]
fn a_lost_act_is_tried_again_only_where_that_is_safe() {
    // Not idempotent: a person looks.
    let mut flight = state("migrate unsettled");
    assert_eq!(flight.release.status(flight.now), ReleaseStatus::Held);
    assert!(flight.ask(Ask::Resume).acts().is_empty());
    assert_eq!(flight.release.status(flight.now), ReleaseStatus::Awaiting);
    flight.promote("migrate");
    assert_eq!(flight.phase("migrate"), Phase::Passed);
    // Idempotent: three times.
    let mut flight = state("begun");
    flight.ends("test", lost()).ends("test", lost());
    assert_eq!(flight.acts(), ["runs test"]);
    flight.ends("test", lost());
    assert_eq!((flight.phase("test"), flight.acts().len()), (Phase::Unsettled, 0));
    // On a target: three times.
    let mut flight = state("deploying");
    flight.ends("canary", lost()).ends("canary", succeeded()).ends("canary", lost()).ends("canary", lost());
    assert_eq!(flight.acts(), ["gives canary 10 % of the traffic"]);
    flight.ends("canary", lost());
    assert_eq!(flight.phase("canary"), Phase::Failed);
    assert!(flight.release.hold.is_some());
}

#[test]
fn what_was_stopped_without_a_way_back_has_failed() {
    let mut flight = state("migrate running");
    flight.ends("migrate", Outcome::Cancelled);
    assert_eq!(flight.phase("migrate"), Phase::Failed);
}

#[test]
fn traffic_goes_back_first_and_at_once() {
    let mut flight = state("paused");
    flight.promote("canary").ask(Ask::Rollback);
    assert_eq!(flight.acts(), ["gives canary 50 % of the traffic", "gives the traffic of canary back"]);
    // The traffic is back, but what moved it to 50 % has not ended: it may have been the last to speak.
    let ends = |flight: &mut Flight, back: bool, outcome: Outcome| {
        let found =
            flight.under_way().into_iter().find(|(_, operation)| (operation.act == flightdeck::release::Act::Restore) == back);
        let (stage, operation) = found.unwrap();
        flight.does(EventKind::OperationEnded { op: operation.id, stage, outcome }).drive();
    };
    ends(&mut flight, true, succeeded());
    assert!(flight.acts().iter().all(|act| act != "undoes migrate"), "nothing is undone while something still runs");
    ends(&mut flight, false, succeeded());
    assert_eq!(flight.release.stage("canary").unwrap().1.weight, Some(50));
    assert_eq!(flight.acts(), ["gives the traffic of canary back"], "once more");
    ends(&mut flight, true, succeeded());
    assert_eq!(flight.release.stage("canary").unwrap().1.weight, Some(0));
    assert_eq!(flight.acts(), ["undoes migrate"]);
    flight.done("migrate");
    assert_eq!(flight.release.status(flight.now), ReleaseStatus::RolledBack);
    // Once more changes nothing.
    let sequence = flight.ask(Ask::Rollback).release.sequence;
    assert_eq!(sequence, flight.ask(Ask::Rollback).release.sequence);
}

#[test]
fn what_was_done_last_is_undone_first_however_the_plan_is_written() {
    let text = r#"
service = "shop"
[[stages]]
id = "last"
needs = ["middle"]
run = "x"
undo = "x"
[[stages]]
id = "middle"
needs = ["first"]
run = "x"
undo = "x"
[[stages]]
id = "first"
needs = []
run = "x"
undo = "x"
[[stages]]
id = "final"
needs = ["last"]
run = "x"
irreversible = true
[[stages]]
id = "bare"
needs = ["final"]
run = "x"
[[stages]]
id = "cut-off"
needs = ["bare"]
run = "x"
undo = "x"
[[stages]]
id = "never"
needs = ["cut-off"]
run = "x"
undo = "x"
[[stages]]
id = "soak"
needs = []
soak = "1h"
"#;
    let mut flight = Flight::new(text);
    flight.drive();
    for stage in ["first", "middle", "last", "final", "bare"] {
        flight.done(stage);
    }
    let plan = flight.release.rollback_plan();
    assert_eq!(plan.steps.iter().map(|step| step.stage.as_str()).collect::<Vec<_>>(), ["last", "middle", "first"]);
    let kept = plan.kept.iter().map(flightdeck::release::kept_words).collect::<Vec<_>>();
    assert_eq!(
        kept,
        [
            "final cannot be undone: it is a point of no return",
            "bare stays as it is: the plan names no undo",
            "cut-off was begun and not finished: it is not undone, look at it",
            "never was never begun",
            "soak has nothing to undo",
        ]
    );
    flight.ask(Ask::Rollback);
    assert_eq!(flight.acts(), ["runs cut-off"], "what runs is stopped before anything is undone");
    flight.ends("cut-off", Outcome::Cancelled);
    for stage in ["last", "middle", "first"] {
        assert_eq!(flight.acts(), [format!("undoes {stage}")]);
        flight.ends(stage, succeeded());
    }
    let report = flight.release.report(true, flight.now);
    let states = report.stages.iter().map(|line| line.state).collect::<Vec<_>>();
    use StageStatus::{Failed, Passed, RolledBack, Skipped};
    assert_eq!(states, [RolledBack, RolledBack, RolledBack, Passed, Passed, Failed, Skipped, RolledBack]);
    assert_eq!(report.stages[5].why.as_deref(), Some("stopped by the rollback"));
    assert!(report.stages.iter().all(|line| line.started.is_some() == line.ended.is_some()));
}

#[test]
fn a_stuck_way_back_goes_on_when_it_is_asked_to() {
    for ask in [Ask::Rollback, Ask::Retry(None)] {
        let mut flight = state("stuck");
        assert_eq!(flight.release.status(flight.now), ReleaseStatus::Failed);
        assert!(flight.acts().is_empty());
        flight.ask(ask);
        assert_eq!(flight.acts(), ["undoes migrate"]);
        flight.done("migrate");
        assert_eq!(flight.release.status(flight.now), ReleaseStatus::RolledBack);
    }
    // Traffic is given back again by itself where nobody knows how that ended, but not for ever.
    let mut flight = state("rolling back");
    flight.ends("canary", lost()).ends("canary", lost());
    assert_eq!(flight.acts(), ["gives the traffic of canary back"]);
    flight.ends("canary", lost());
    assert_eq!(flight.release.status(flight.now), ReleaseStatus::Failed);
}

#[test]
fn a_signature_for_another_version_is_none() {
    let mut flight = state("canary blocked");
    let sign = |version: &str, digest: &str| EventKind::CheckSigned {
        check: "plan".to_owned(),
        note: None,
        evidence: None,
        version: version.to_owned(),
        digest: digest.to_owned(),
    };
    flight.by("bob", sign("1.9", "digest")).by("bob", sign("2.0", "other")).drive();
    assert!(flight.asks(promote("canary"), None).is_err());
    flight.by("bob", sign("2.0", "digest")).drive();
    assert!(flight.asks(promote("canary"), None).is_ok());
}

#[test]
fn an_operation_ends_once() {
    let mut flight = state("migrate running");
    let op = flight.under_way()[0].1.id.clone();
    flight.ends("migrate", failed("exit 1"));
    let sequence = flight.release.sequence;
    for op in [op, "op-0".to_owned()] {
        flight.does(EventKind::OperationEnded { op, stage: "migrate".to_owned(), outcome: succeeded() }).drive();
    }
    assert_eq!((flight.phase("migrate"), flight.release.sequence), (Phase::Failed, sequence + 2));
}

#[test]
fn the_status_has_the_form_that_scripts_read() {
    let flight = state("paused");
    let json = serde_json::to_value(flight.release.report(true, flight.now)).unwrap();
    for (key, fields) in [
        ("/blockers", "[]"),
        ("/go", "true"),
        ("/state", "\"awaiting\""),
        ("/stages/2/state", "\"paused\""),
        ("/stages/2/weight", "10"),
        ("/stages/2/ended", "null"),
        ("/checks/1/by", "\"alice\""),
        ("/signals/0/verdict", "\"ok\""),
        ("/signals/0/unit", "\"percent\""),
        ("/operators/0", "\"alice\""),
        ("/controller", "null"),
        ("/previous", "\"1.0\""),
    ] {
        assert_eq!(json.pointer(key).unwrap_or_else(|| panic!("{key}")).to_string(), fields, "{key}");
    }
    let keys = |pointer: &str| {
        let object = json.pointer(pointer).unwrap().as_object().unwrap();
        object.keys().map(String::as_str).collect::<std::collections::BTreeSet<_>>()
    };
    // What the contract names; more may come, none may go.
    let promised = [
        ("", "release service version previous state sequence go blockers stages checks signals operators controller"),
        ("/stages/0", "id environment state attempt step steps weight started ended"),
        ("/checks/0", "id state by at evidence"),
        ("/signals/0", "id verdict value unit age_seconds why"),
    ];
    for (pointer, names) in promised {
        for name in names.split(' ') {
            assert!(keys(pointer).contains(name), "{pointer} has no {name}");
        }
    }
}

#[test]
fn the_schema_of_the_status_is_the_one_in_the_repository() {
    let schema = schemars::schema_for!(Status).to_value();
    let made = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/status.schema.json");
    if std::env::var_os("FLIGHTDECK_WRITE_SCHEMA").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "write it anew: flightdeck schema status > assets/status.schema.json");
}
