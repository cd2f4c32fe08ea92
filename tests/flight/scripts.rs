//! A plan with scripts of one's own, flown by commands: what each does, prints and ends with.

use std::fs;

use serde_json::Value;

use crate::support::{Flight, TARGET, content, is_alive, named, until};

/// Two tasks, a canary, a signed check and one that is run.
fn plan() -> String {
    format!(
        r#"service = "shop"
[operators.bob]
roles = ["sre"]
{TARGET}
[[stages]]
id          = "test"
environment = "staging"
run         = "env | grep ^FLIGHTDECK_ | sort > seen; echo test >> acts"

[[stages]]
id          = "migrate"
environment = "production"
run         = "echo migrate >> acts"
undo        = "echo unmigrate >> acts"

[[stages]]
id          = "seed"
environment = "production"
run         = "echo seed >> acts"
undo        = "echo unseed >> acts"

[[stages]]
id          = "canary"
environment = "production"
target      = "shop"
steps       = [{{ weight = 25, bake = "200ms" }}, {{ weight = 100 }}]

[[checks]]
id     = "reviewed"
title  = "It was reviewed"
before = "canary"

[[checks]]
id     = "room"
title  = "There is room"
run    = "echo plenty"
before = "canary"
"#
    )
}

const TASKS: [&str; 3] = ["test", "migrate", "seed"];

/// A flight whose canary waits for its first promote, and nobody drives it.
fn at_the_canary() -> (Flight, String) {
    let flight = Flight::new(&plan());
    let id = flight.start();
    flight.run(&["sign", "reviewed", &id]).ends(0);
    flight.run(&["run", "--release", &id]).ends(3);
    assert_eq!(flight.stage(&id, "canary")["state"], "ready");
    (flight, id)
}

/// A flight whose canary has a quarter of the traffic, and nobody drives it.
fn at_a_quarter() -> (Flight, String) {
    let (flight, id) = at_the_canary();
    flight.run(&["promote", &id, "--yes"]).ends(0);
    flight.run(&["run", "--release", &id]).ends(3);
    assert_eq!(flight.stage(&id, "canary")["weight"], 25);
    (flight, id)
}

#[test]
fn flies_to_its_end() {
    let flight = Flight::new(&plan());
    let waits = flight.run(&["run", "--version", "2.0", "--promote"]).ends(3);
    assert!(waits.out.contains("NO-GO") && waits.out.contains("nobody has signed it"), "{waits:#?}");
    let id = waits.err.lines().find_map(|line| line.strip_prefix("release ")).unwrap().to_owned();
    assert_eq!(flight.acts(), TASKS);

    flight.run(&["sign", "reviewed", &id, "--note", "read twice", "--evidence", "https://example.org/42"]).ends(0);
    let done = flight.run(&["run", "--release", &id[..4], "--promote"]).ends(0);
    assert!(done.out.contains("completed"), "{done:#?}");
    assert_eq!(flight.acts(), ["test", "migrate", "seed", "deploy 2.0", "weight 25", "weight 100"]);

    // What the task found in its environment.
    let operation = flight.log(&id).into_iter().find(|event| event["kind"] == "operation-intended").unwrap()["op"].clone();
    let seen = fs::read_to_string(flight.file("seen")).unwrap();
    for (name, value) in [
        ("RELEASE", id.as_str()),
        ("SERVICE", "shop"),
        ("VERSION", "2.0"),
        ("PREVIOUS", "1.0"),
        ("ENVIRONMENT", "staging"),
        ("STAGE", "test"),
        ("ATTEMPT", "1"),
        ("OPERATION", operation.as_str().unwrap()),
    ] {
        assert!(seen.lines().any(|line| line == format!("FLIGHTDECK_{name}={value}")), "{name} in {seen}");
    }

    let status = flight.status(&id);
    assert_eq!(status["state"], "completed");
    let reviewed = named(&status["checks"], "reviewed");
    assert_eq!((&reviewed["by"], &reviewed["state"]), (&"alice".into(), &"passed".into()));
    assert_eq!(reviewed["evidence"], "https://example.org/42");
    assert_eq!(status["operators"], serde_json::json!(["bob", "alice"]));
    flight.run(&["verify"]).ends(0);
    // What is over stays over, and is still shown.
    flight.run(&["promote", &id, "--yes"]).ends(3);
    flight.run(&["run", "--release", &id]).ends(0);
}

#[test]
fn status_has_the_promised_shape() {
    let (flight, id) = at_a_quarter();
    let status = flight.status(&id);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for key in [
        "release",
        "service",
        "version",
        "previous",
        "state",
        "sequence",
        "go",
        "blockers",
        "stages",
        "checks",
        "signals",
        "operators",
        "controller",
    ] {
        assert!(keys(&status).iter().any(|found| found == key), "{key} in {status:#}");
    }
    assert_eq!((&status["release"], &status["service"]), (&id.as_str().into(), &"shop".into()));
    assert_eq!((&status["version"], &status["previous"]), (&"2.0".into(), &"1.0".into()));
    assert_eq!((&status["state"], &status["go"]), (&"awaiting".into(), &true.into()));
    assert_eq!(status["sequence"], flight.log(&id).len());
    assert_eq!(status["controller"], Value::Null);
    let canary = named(&status["stages"], "canary");
    for (key, value) in [
        ("environment", Value::from("production")),
        ("state", "paused".into()),
        ("attempt", 1.into()),
        ("step", 1.into()),
        ("steps", 2.into()),
        ("weight", 25.into()),
        ("ended", Value::Null),
    ] {
        assert_eq!(canary[key], value, "{key}");
    }
    assert!(canary["started"].as_str().unwrap().ends_with('Z'));
    assert_eq!(named(&status["checks"], "room")["by"], "flightdeck");
    assert_eq!(named(&status["stages"], "test")["state"], "passed");
}

#[test]
fn a_failing_task_holds_the_release_and_can_be_tried_again() {
    let flight = Flight::new(
        "service = 'shop'\n[[stages]]\nid = 'fragile'\nrun = \"echo try >> acts; test -e mended || { echo 'no luck' >&2; exit 7; }\"\n\
         [[stages]]\nid = 'after'\nrun = 'echo after >> acts'\n",
    );
    let id = flight.start();
    let failed = flight.run(&["run", "--release", &id]).ends(1);
    assert!(failed.out.contains("exit 7: no luck"), "{failed:#?}");
    let status = flight.status(&id);
    assert_eq!((&status["state"], &status["go"]), (&"held".into(), &false.into()));
    assert_eq!(flight.stage(&id, "fragile")["state"], "failed");
    assert_eq!(flight.stage(&id, "after")["state"], "pending");
    // Driven again, nothing is tried again by itself.
    flight.run(&["run", "--release", &id]).ends(1);
    assert_eq!(flight.acts(), ["try"]);

    fs::write(flight.file("mended"), "").unwrap();
    flight.run(&["retry", &id, "--yes"]).ends(0);
    flight.run(&["run", "--release", &id]).ends(0);
    assert_eq!(flight.acts(), ["try", "try", "after"]);
    assert_eq!(flight.stage(&id, "fragile")["attempt"], 2);
}

#[test]
fn rolls_back_traffic_first_and_then_in_reverse() {
    let (flight, id) = at_a_quarter();
    let dry = flight.run(&["rollback", &id, "--dry-run"]).ends(0);
    assert!(dry.out.contains("seed") && dry.out.contains("migrate") && dry.out.contains("test"), "{dry:#?}");
    flight.run(&["rollback", &id, "--yes", "--reason", "customers complain"]).ends(0);
    flight.run(&["run", "--release", &id]).ends(1);
    assert_eq!(flight.acts()[3..], ["deploy 2.0", "weight 25", "restore", "unseed", "unmigrate"]);
    let status = flight.status(&id);
    assert_eq!((&status["state"], &status["why"]), (&"rolled_back".into(), &"customers complain".into()));
    assert_eq!(named(&status["stages"], "canary")["state"], "rolled_back");
    let began = flight.log(&id).into_iter().find(|event| event["kind"] == "rollback-started").unwrap();
    assert_eq!(began["kept"], serde_json::json!([{ "stage": "test", "why": "no-undo" }]));
    assert_eq!(fs::read_to_string(flight.file("world.json")).unwrap(), r#"{"stable":"1.0"}"#);
    // Asked for again, it is so already.
    flight.run(&["rollback", &id, "--yes"]).ends(0);
    flight.run(&["promote", &id, "--yes"]).ends(3);
    flight.run(&["verify", &id]).ends(0);
}

#[test]
fn holds_and_goes_on() {
    let (flight, id) = at_the_canary();
    flight.run(&["hold", &id, "--reason", "lunch"]).ends(0);
    assert_eq!(flight.status(&id)["state"], "held");
    let refused = flight.run(&["promote", &id, "--yes"]).ends(3);
    assert!(refused.err.contains("alice") && refused.err.contains("lunch"), "{refused:#?}");
    flight.run(&["run", "--release", &id, "--promote"]).ends(3);
    flight.run(&["resume", &id]).ends(0);
    flight.run(&["resume", &id]).ends(0);
    flight.run(&["run", "--release", &id, "--promote"]).ends(0);
}

#[test]
fn refuses_what_no_longer_fits() {
    let (flight, id) = at_the_canary();
    let seen = flight.status(&id)["sequence"].as_u64().unwrap();
    flight.run(&["note", "look at the queue", &id]).ends(0);
    let refused = flight.run(&["promote", &id, "--yes", "--expect", &seen.to_string()]).ends(3);
    assert!(refused.err.contains("moved on") && refused.err.contains("look at the queue"), "{refused:#?}");
    assert_eq!(flight.count(&id, "step-started"), 0);
    flight.run(&["promote", &id, "--yes", "--expect", &(seen + 1).to_string()]).ends(0);
    assert_eq!(flight.count(&id, "step-started"), 1);
}

#[test]
fn a_dry_run_changes_nothing() {
    let (flight, id) = at_the_canary();
    let before = flight.status(&id)["sequence"].clone();
    for act in ["promote", "hold", "resume", "rollback"] {
        let dry = flight.run(&[act, &id, "--dry-run"]).ends(0);
        assert!(!dry.out.trim().is_empty(), "{act}");
    }
    assert!(flight.run(&["promote", &id, "--dry-run"]).out.contains("25 %"));
    flight.run(&["retry", &id, "--dry-run"]).ends(3);
    assert_eq!(flight.status(&id)["sequence"], before);
    assert_eq!(flight.acts(), TASKS);
}

#[test]
fn a_wrong_request_is_told_from_a_refusal() {
    let flight = Flight::new(&plan());
    for arguments in [&["status"][..], &["promote", "--yes"], &["verify"], &["log"]] {
        let missing = flight.run(arguments).ends(4);
        assert!(missing.out.is_empty() && missing.err.contains("journal"), "{missing:#?}");
    }
    assert!(!flight.journal().exists());

    let id = flight.start();
    // Nobody is there to confirm it.
    let nobody = flight.run(&["rollback", &id]).ends(2);
    assert!(nobody.err.contains("--yes"), "{nobody:#?}");
    assert_eq!(flight.status(&id)["sequence"], 1);
    flight.run(&["status", "nosuch"]).ends(2);
    flight.run(&["sign", "nosuch", &id]).ends(2);
    flight.run(&["promote", &id, "--stage", "nosuch", "--yes"]).ends(2);
    flight.run(&["promote", "--nosuch"]).ends(2);
    flight.run(&["run"]).ends(2);

    let other = flight.start();
    let several = flight.run(&["status"]).ends(2);
    assert!(several.err.contains(&id) && several.err.contains(&other), "{several:#?}");
    assert_ne!(id, other);
}

#[test]
fn start_prints_nothing_but_the_id() {
    let flight = Flight::new(&plan());
    let started = flight.run(&["start", "--version", "2.0"]).ends(0);
    let id = started.out.strip_suffix('\n').unwrap();
    assert!(id.len() == 8 && id.chars().all(|c| c.is_ascii_alphanumeric()), "{started:#?}");
    flight.run(&["start", "--version", "2 .0\n"]).ends(2);
    fs::write(flight.file("flightdeck.toml"), "service = 1").unwrap();
    let wrong = flight.run(&["start", "--version", "2.0"]).ends(2);
    assert!(wrong.out.is_empty(), "{wrong:#?}");
    // The release flies the plan it began with.
    assert_eq!(flight.status(id)["service"], "shop");
}

#[test]
fn log_is_one_json_object_a_line() {
    let (flight, id) = at_the_canary();
    let log = flight.log(&id);
    for (event, sequence) in log.iter().zip(1..) {
        assert_eq!(event["sequence"], sequence);
        for key in ["at", "by", "kind", "words"] {
            assert!(event[key].as_str().is_some_and(|text| !text.is_empty()), "{key} in {event}");
        }
    }
    assert_eq!((&log[0]["kind"], &log[0]["by"]), (&"started".into(), &"alice".into()));
    let text = flight.run(&["log", &id]).ends(0).out;
    assert_eq!(text.lines().count(), log.len());
}

#[test]
fn verify_names_the_event_that_was_changed() {
    let (flight, id) = at_the_canary();
    let whole = flight.run(&["verify", &id]).ends(0);
    assert!(whole.out.contains(&id), "{whole:#?}");
    let signed = flight.log(&id).into_iter().find(|event| event["kind"] == "check-signed").unwrap()["sequence"].clone();
    let journal = rusqlite::Connection::open(flight.journal()).unwrap();
    journal.execute("UPDATE events SET body = replace(body, 'alice', 'mallo')", []).unwrap_err();
    journal.execute_batch("DROP TRIGGER events_stay").unwrap();
    let changed = "UPDATE events SET body = replace(body, 'alice', 'mallo') WHERE release = ?1 AND sequence = ?2";
    assert_eq!(journal.execute(changed, rusqlite::params![id, signed.as_i64()]).unwrap(), 1);
    drop(journal);
    let broken = flight.run(&["verify", &id]).ends(1);
    assert!(broken.out.contains(&format!("event {signed}")), "{broken:#?}");
}

#[test]
fn what_init_writes_check_accepts() {
    let flight = Flight::new("");
    let folder = flight.file("new");
    for template in ["minimal", "full"] {
        let folder = folder.join(template);
        flight.run(&["init", "--template", template, folder.to_str().unwrap()]).ends(0);
        flight.run(&["check", folder.to_str().unwrap()]).ends(0);
        // What is there is not written over.
        assert_ne!(flight.run(&["init", folder.to_str().unwrap()]).code, Some(0));
    }
    let wrong = flight.file("wrong.toml");
    fs::write(&wrong, "service = 'x'\nnosuch = 1\n[[stages]]\nid = 'a'\nrun = 'true'\nneeds = ['b']\n").unwrap();
    let wrong = flight.run(&["check", wrong.to_str().unwrap(), "--json"]).ends(2);
    let problems: Value = serde_json::from_str(&wrong.out).unwrap();
    let problems = problems["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 2, "{problems:#?}");
    for key in ["file", "line", "column", "code", "message", "help"] {
        assert!(!problems[0][key].is_null(), "{key}");
    }
}

#[test]
fn what_is_not_observed_was_not_done() {
    let flight = Flight::new(
        &plan().replace("cat world.json", "cat still.json").replace("\"5s\"", "\"1s\"").replace("before = \"canary\"\n", ""),
    );
    fs::write(flight.file("still.json"), r#"{"stable":"1.0"}"#).unwrap();
    let id = flight.start();
    let failed = flight.run(&["run", "--release", &id, "--promote"]).ends(1);
    assert!(failed.out.contains("no effect after 1 s: what is seen is 1.0 alone"), "{failed:#?}");
    assert_eq!(flight.acts()[3..], ["deploy 2.0"]);
    assert_eq!(flight.stage(&id, "canary")["weight"], Value::Null);
    assert_eq!(flight.stage(&id, "canary")["state"], "failed");
    assert_eq!(flight.count(&id, "completed"), 0);
}

#[test]
fn a_check_that_fails_blocks() {
    let flight = Flight::new(&plan().replace("echo plenty", "echo disk is full; exit 1"));
    let id = flight.start();
    flight.run(&["sign", "reviewed", &id]).ends(0);
    flight.run(&["run", "--release", &id, "--promote"]).ends(3);
    let status = flight.status(&id);
    assert_eq!((&status["state"], &status["go"]), (&"awaiting".into(), &false.into()));
    let blocker = &status["blockers"][0];
    assert_eq!((&blocker["stage"], &blocker["kind"], &blocker["id"]), (&"canary".into(), &"check".into(), &"room".into()));
    assert!(blocker["why"].as_str().unwrap().contains("disk is full"), "{blocker}");
    let refused = flight.run(&["promote", &id, "--yes"]).ends(3);
    assert!(refused.err.contains("disk is full"), "{refused:#?}");
    // What was found out by a run cannot be signed away.
    flight.run(&["sign", "room", &id]).ends(3);
    assert_eq!(flight.acts(), TASKS);
}

#[test]
fn a_time_out_ends_the_whole_group_politely() {
    let flight = Flight::new(
        r#"service = "shop"
[[stages]]
id      = "slow"
timeout = "1s"
run     = '''
sh -c 'trap "echo child > told-child; exit 0" TERM; echo $$ > child; while :; do sleep 0.1; done' &
trap 'echo task > told; exit 0' TERM
while :; do sleep 0.1; done
'''
"#,
    );
    let id = flight.start();
    let failed = flight.run(&["run", "--release", &id]).ends(1);
    assert!(failed.out.contains("not done after 1s, its time-out"), "{failed:#?}");
    assert_eq!(content(&flight.file("told")), "task\n");
    assert_eq!(content(&flight.file("told-child")), "child\n");
    let child = content(&flight.file("child"));
    until("the child's end", || (!is_alive(child.trim())).then_some(()));
}

#[test]
fn a_rollback_ends_what_runs() {
    let flight = Flight::new(
        "service = 'shop'\n[[stages]]\nid = 'done'\nrun = 'echo done >> acts'\nundo = 'echo undone >> acts'\n\
         [[stages]]\nid = 'long'\nundo = 'echo wrong >> acts'\nrun = 'echo $$ > pid; while ! test -e end; do sleep 0.1; done'\n",
    );
    let id = flight.start();
    let mut driver = flight.drive(&id, &[]);
    let pid = content(&flight.file("pid"));
    flight.run(&["rollback", &id, "--yes"]).ends(0);
    driver.ends(1);
    assert!(!is_alive(pid.trim()));
    // What was begun and not finished is named, not undone.
    assert_eq!(flight.acts(), ["done", "undone"]);
    let began = flight.log(&id).into_iter().find(|event| event["kind"] == "rollback-started").unwrap();
    assert_eq!(began["kept"], serde_json::json!([{ "stage": "long", "why": "unfinished" }]));
}
