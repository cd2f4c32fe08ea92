//! What stages usually take, from earlier releases.

use std::time::Duration;

use flightdeck::{
    journal::Journal,
    plan::Plan,
    release::{Act, CONTROLLER, Event, EventKind, Expected, Outcome, Usual},
};
use serde_json::json;

use crate::support::{at, journal, raw};

fn plan(service: &str, build: &str) -> Plan {
    serde_json::from_value(json!({
        "service": service,
        "targets": { "shop": { "driver": "command", "deploy": "d", "weight": "w", "rollback": "r", "observe": "o" } },
        "stages": [
            { "id": "build", "environment": "staging", "needs": [], "run": build, "advance": "auto" },
            { "id": "canary", "environment": "production", "needs": ["build"], "target": "shop",
              "steps": [{ "weight": 10, "bake": "1m" }, { "weight": 100 }], "advance": "manual" },
        ],
    }))
    .unwrap()
}

/// A release that was written down with a clock of its own.
struct Past<'a> {
    journal: &'a mut Journal,
    id: String,
    sequence: u64,
    second: i64,
}

impl<'a> Past<'a> {
    fn begin(journal: &'a mut Journal, id: &str, plan: Plan) -> Self {
        let mut past = Self { journal, id: id.to_owned(), sequence: 0, second: 0 };
        past.does(EventKind::Started {
            release: id.to_owned(),
            version: "2.4.0".to_owned(),
            previous: None,
            plan: Box::new(plan),
            digest: "d".to_owned(),
            folder: "/tmp".to_owned(),
        });
        past
    }

    fn does(&mut self, kind: EventKind) -> &mut Self {
        let event = Event { at: at(self.second), by: CONTROLLER.to_owned(), kind };
        self.sequence = self.journal.append(&self.id, self.sequence, &[event], None).unwrap();
        self
    }

    fn wait(&mut self, seconds: i64) -> &mut Self {
        self.second += seconds;
        self
    }

    fn starts(&mut self, stage: &str, attempt: u32) -> &mut Self {
        self.does(EventKind::StageStarted { stage: stage.to_owned(), attempt })
    }

    fn passes(&mut self, stage: &str) -> &mut Self {
        self.does(EventKind::StagePassed { stage: stage.to_owned() })
    }

    fn acts(&mut self, stage: &str, step: Option<u32>, act: Act, seconds: i64, outcome: Outcome) -> &mut Self {
        let op = format!("{}-{}", self.id, self.sequence + 1);
        let stage = stage.to_owned();
        self.does(EventKind::OperationIntended { op: op.clone(), stage: stage.clone(), attempt: 1, step, act });
        self.wait(seconds).does(EventKind::OperationEnded { op, stage, outcome })
    }

    /// The stage build, whose command takes so long.
    fn builds(&mut self, seconds: i64) -> &mut Self {
        self.starts("build", 1).acts("build", None, Act::Run, seconds, succeeded()).passes("build")
    }
}

fn succeeded() -> Outcome {
    Outcome::Succeeded { seen: None }
}

fn seconds(median: u64, releases: usize) -> Usual {
    Usual { median: Duration::from_secs(median), releases }
}

/// What the next release, with that command, may expect.
fn expected(journal: &mut Journal, command: &str) -> Expected {
    let plan = plan("checkout", command);
    let id = format!("now-{}", journal.releases().unwrap().len());
    Past::begin(journal, &id, plan.clone());
    journal.expected(&id, &plan).unwrap()
}

#[test]
fn a_first_release_expects_nothing() {
    let (_folder, mut journal) = journal();
    assert_eq!(expected(&mut journal, "make"), Expected::default());
}

#[test]
fn a_task_takes_the_median_of_what_its_command_took_last() {
    let (_folder, mut journal) = journal();
    for (number, took) in [900, 20, 100, 40, 60, 30].into_iter().enumerate() {
        Past::begin(&mut journal, &format!("r{number}"), plan("checkout", "make")).builds(took).wait(10_000);
    }
    // The first is no longer among the last five.
    assert_eq!(expected(&mut journal, "make").stages["build"], seconds(40, 5));
}

#[test]
fn only_the_attempt_that_passed_counts() {
    let (_folder, mut journal) = journal();
    Past::begin(&mut journal, "failed", plan("checkout", "make"))
        .starts("build", 1)
        .acts("build", None, Act::Run, 7, Outcome::Failed { why: "no".to_owned() })
        .does(EventKind::StageFailed { stage: "build".to_owned(), why: "no".to_owned() });
    assert!(expected(&mut journal, "make").stages.is_empty());
    Past::begin(&mut journal, "retried", plan("checkout", "make"))
        .starts("build", 1)
        .acts("build", None, Act::Run, 7, Outcome::Failed { why: "no".to_owned() })
        .does(EventKind::StageFailed { stage: "build".to_owned(), why: "no".to_owned() })
        .wait(600)
        .starts("build", 2)
        .acts("build", None, Act::Run, 31, succeeded())
        .passes("build");
    assert_eq!(expected(&mut journal, "make ").stages.get("build"), None, "another command is another task");
    assert_eq!(expected(&mut journal, "make").stages["build"], seconds(31, 1));
}

#[test]
fn other_services_and_later_releases_tell_nothing() {
    let (_folder, mut journal) = journal();
    Past::begin(&mut journal, "other", plan("basket", "make")).builds(5);
    let plan = plan("checkout", "make");
    Past::begin(&mut journal, "now", plan.clone());
    Past::begin(&mut journal, "later", plan.clone()).builds(9);
    assert_eq!(journal.expected("now", &plan).unwrap(), Expected::default());
    assert_eq!(journal.expected("later", &plan).unwrap(), Expected::default());
    assert_eq!(journal.expected("nothing", &plan).unwrap(), Expected::default());
}

#[test]
fn a_rollout_is_known_as_a_whole_and_by_its_steps() {
    let (_folder, mut journal) = journal();
    let step = |step, weight| EventKind::StepStarted { stage: "canary".to_owned(), attempt: 1, step, weight };
    let bake = |step| EventKind::BakeEnded { stage: "canary".to_owned(), step: Some(step) };
    Past::begin(&mut journal, "one", plan("checkout", "make"))
        .builds(10)
        .starts("canary", 1)
        .does(step(1, 10))
        .acts("canary", Some(1), Act::Deploy, 8, succeeded())
        .acts("canary", Some(1), Act::Weight { weight: 10 }, 2, succeeded())
        .wait(60)
        .does(bake(1))
        // A person thinks about it.
        .wait(3000)
        .does(step(2, 100))
        .acts("canary", Some(2), Act::Weight { weight: 100 }, 3, succeeded())
        .passes("canary")
        .does(EventKind::Completed);
    let expected = expected(&mut journal, "make");
    assert_eq!(expected.step("canary", 1), Some(seconds(70, 1)));
    assert_eq!(expected.step("canary", 2), Some(seconds(3, 1)));
    assert_eq!(expected.step("canary", 3), None);
    assert_eq!(expected.stages["canary"], seconds(3073, 1));
    assert_eq!(expected.release, Some(seconds(3083, 1)));
}

#[test]
fn a_release_that_cannot_be_read_keeps_nothing_from_being_told() {
    let (folder, mut journal) = journal();
    Past::begin(&mut journal, "good", plan("checkout", "make")).builds(12);
    Past::begin(&mut journal, "newer", plan("checkout", "make")).builds(50);
    Past::begin(&mut journal, "broken", plan("checkout", "make")).builds(70);
    let raw = raw(&folder);
    raw.execute("UPDATE events SET format = 99 WHERE release = 'newer' AND sequence = 3", []).unwrap();
    raw.execute("UPDATE events SET body = '{' WHERE release = 'broken' AND sequence = 1", []).unwrap();
    assert_eq!(expected(&mut journal, "make").stages["build"], seconds(12, 1));
}

#[test]
fn of_a_long_release_only_the_beginning_is_read() {
    let (_folder, mut journal) = journal();
    let mut past = Past::begin(&mut journal, "long", plan("checkout", "make"));
    past.builds(12).starts("canary", 1);
    let note = |_| Event { at: at(0), by: "alice".to_owned(), kind: EventKind::Noted { text: "still here".to_owned() } };
    let notes = (0..10_000).map(note).collect::<Vec<_>>();
    past.sequence = past.journal.append("long", past.sequence, &notes, None).unwrap();
    past.passes("canary").does(EventKind::Completed);
    let expected = expected(&mut journal, "make");
    assert_eq!(expected.stages.keys().collect::<Vec<_>>(), ["build"]);
    assert_eq!(expected.release, None);
}
