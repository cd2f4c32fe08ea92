//! Whoever drives a release is killed, again and again: nothing is lost, and nothing is done twice.

#![expect(clippy::print_stdout, reason = "the seed of a run that failed must be known")]

use std::{fs, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::support::{Flight, TARGET, content, named, until};

/// How many flights are disturbed; `FLIGHTDECK_CRASHES` raises it.
const CRASHES: u64 = 12;

/// Two tasks that must not run twice, with a canary between them.
fn plan() -> String {
    format!(
        r#"service = "shop"
{TARGET}
[[stages]]
id  = "before"
run = "sleep 0.1; echo before >> acts; sleep 0.15"

[[stages]]
id     = "canary"
target = "shop"
steps  = [{{ weight = 25, bake = "250ms" }}, {{ weight = 60, bake = "150ms" }}, {{ weight = 100 }}]

[[stages]]
id  = "after"
run = "sleep 0.1; echo after >> acts; sleep 0.15"

[[checks]]
id     = "room"
title  = "There is room"
run    = "sleep 0.05"
before = "canary"
"#
    )
}

const ACTS: [&str; 6] = ["before", "deploy 2.0", "weight 25", "weight 60", "weight 100", "after"];

/// Numbers that look random and can be had again (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// What must be so at the end of a flight, however often it was disturbed.
#[track_caller]
fn came_through(flight: &Flight, id: &str) {
    flight.run(&["run", "--release", id, "--promote"]).ends(0);
    assert_eq!(flight.acts(), ACTS);
    let log = flight.log(id);
    let steps = log.iter().filter(|event| event["kind"] == "step-started").map(|event| event["step"].as_u64().unwrap());
    assert_eq!(steps.collect::<Vec<_>>(), [1, 2, 3]);
    let once = |kind: &str| log.iter().filter(|event| event["kind"] == kind).count();
    assert_eq!((once("stage-started"), once("stage-passed"), once("completed")), (3, 3, 1));
    assert_eq!(once("operation-intended"), once("operation-ended"));
    flight.run(&["verify", id]).ends(0);
}

#[test]
fn killed_at_any_moment() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let rounds = number("FLIGHTDECK_CRASHES").unwrap_or(CRASHES);
    let seed = number("FLIGHTDECK_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("FLIGHTDECK_SEED={seed} FLIGHTDECK_CRASHES={rounds}");
    let mut numbers = Numbers(seed);
    for round in 1..=rounds {
        let flight = Flight::new(&plan());
        let id = flight.start();
        let mut killed = Vec::new();
        for _ in 0..=numbers.below(3) {
            let mut driver = flight.drive(&id, &["--promote"]);
            let moment = numbers.below(1600);
            std::thread::sleep(Duration::from_millis(moment));
            driver.kill();
            killed.push(moment);
        }
        println!("round {round}: killed after {killed:?} ms");
        came_through(&flight, &id);
    }
}

/// Kills the driver as soon as the journal has so many events of a kind, for this stage.
fn killed_when(kind: &str, stage: &str) {
    let flight = Flight::new(&plan());
    let id = flight.start();
    let mut driver = flight.drive(&id, &["--promote"]);
    until(kind, || flight.log(&id).iter().find(|event| event["kind"] == kind && event["stage"] == stage).map(drop));
    driver.kill();
    came_through(&flight, &id);
}

#[test]
fn killed_when_a_task_is_intended() {
    killed_when("operation-intended", "before");
}

#[test]
fn killed_during_a_bake() {
    killed_when("bake-started", "canary");
}

#[test]
fn killed_when_a_step_was_promoted() {
    killed_when("step-started", "canary");
}

#[test]
fn killed_when_an_operation_has_ended() {
    killed_when("operation-ended", "before");
}

/// A promote from the command line is written down before it returns, so a crash right behind it loses nothing.
#[test]
fn killed_right_after_a_promote() {
    let flight = Flight::new(&plan());
    let id = flight.start();
    flight.run(&["run", "--release", &id]).ends(3);
    for _ in 0..2 {
        let mut driver = flight.drive(&id, &[]);
        flight.run(&["promote", &id, "--yes"]).ends(0);
        driver.kill();
        flight.run(&["run", "--release", &id]).ends(3);
    }
    assert_eq!(flight.acts(), ACTS[..4]);
    came_through(&flight, &id);
}

/// A rollback that is disturbed is taken to its end, and undoes everything once.
#[test]
fn killed_while_it_goes_back() {
    let undone = plan().replace("; sleep 0.15\"\n\n", "; sleep 0.15\"\nundo = \"sleep 0.1; echo undone >> acts; sleep 0.1\"\n\n");
    for moment in [30, 150, 300, 450] {
        let flight = Flight::new(&undone);
        let id = flight.start();
        flight.run(&["run", "--release", &id]).ends(3);
        flight.run(&["promote", &id, "--yes"]).ends(0);
        flight.run(&["run", "--release", &id]).ends(3);
        flight.run(&["rollback", &id, "--yes"]).ends(0);
        let mut driver = flight.drive(&id, &[]);
        std::thread::sleep(Duration::from_millis(moment));
        driver.kill();
        flight.run(&["run", "--release", &id]).ends(1);
        assert_eq!(flight.acts(), ["before", "deploy 2.0", "weight 25", "restore", "undone"], "killed after {moment} ms");
        assert_eq!(flight.status(&id)["state"], "rolled_back");
        flight.run(&["verify", &id]).ends(0);
    }
}

/// A flight whose task, which may not simply run again, was killed with all that knew of its end.
fn unsettled(idempotent: bool) -> (Flight, String) {
    let flight = Flight::new(&format!(
        "service = 'shop'\n[[stages]]\nid = 'pay'\nidempotent = {idempotent}\n\
         run = 'echo pay >> acts; echo ready > ready; while ! test -e end; do sleep 0.05; done'\n\
         [[stages]]\nid = 'after'\nrun = 'echo after >> acts'\n"
    ));
    let id = flight.start();
    let mut driver = flight.drive(&id, &[]);
    content(&flight.file("ready"));
    driver.kill();
    // Its whole session, with the shell that would have written its exit status down.
    let operation = named_operation(&flight, &id);
    let folder = flight.journal().with_file_name("journal.db.tasks").join(&id).join(operation);
    let claim: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("claim")).unwrap()).unwrap();
    let group = Pid::from_raw(i32::try_from(claim["pid"].as_i64().unwrap()).unwrap()).unwrap();
    kill_process_group(group, Signal::KILL).unwrap();
    until("the end of the session", || rustix::process::test_kill_process_group(group).is_err().then_some(()));
    (flight, id)
}

fn named_operation(flight: &Flight, id: &str) -> String {
    let log = flight.log(id);
    let intended = log.iter().rfind(|event| event["kind"] == "operation-intended").unwrap();
    intended["op"].as_str().unwrap().to_owned()
}

#[test]
fn a_task_whose_end_nobody_knows_is_asked_about_and_runs_again() {
    let (flight, id) = unsettled(false);
    let asks = flight.run(&["run", "--release", &id, "--promote"]).ends(4);
    assert!(asks.out.contains("nobody knows how"), "{asks:#?}");
    let status = flight.status(&id);
    assert_eq!((&status["state"], &status["go"]), (&"held".into(), &false.into()));
    assert_eq!(named(&status["stages"], "pay")["state"], "paused");
    assert_eq!(flight.acts(), ["pay"]);

    flight.let_end();
    flight.run(&["retry", &id, "--yes"]).ends(0);
    flight.run(&["run", "--release", &id]).ends(0);
    assert_eq!(flight.acts(), ["pay", "pay", "after"]);
    assert_eq!(flight.stage(&id, "pay")["attempt"], 2);
}

#[test]
fn a_task_whose_end_nobody_knows_is_taken_as_done() {
    let (flight, id) = unsettled(false);
    flight.run(&["run", "--release", &id]).ends(4);
    flight.run(&["promote", &id, "--yes", "--reason", "the bank says so"]).ends(0);
    assert_eq!(flight.stage(&id, "pay")["state"], "passed");
    // The hold that came with the question is a person's to lift.
    flight.run(&["resume", &id]).ends(0);
    flight.run(&["run", "--release", &id]).ends(0);
    assert_eq!(flight.acts(), ["pay", "after"]);
    assert_eq!(flight.count(&id, "stage-settled"), 1);
}

#[test]
fn an_idempotent_task_whose_end_nobody_knows_runs_again_by_itself() {
    let (flight, id) = unsettled(true);
    flight.let_end();
    flight.run(&["run", "--release", &id]).ends(0);
    assert_eq!(flight.acts(), ["pay", "pay", "after"]);
}
