//! Every act in every state, what stands in its way and what is said of it: read these tables before believing a change.

use std::fmt::Write as _;

use flightdeck::release::{Ask, CheckResult};

use crate::{
    flights::{STATES, state},
    support::{Flight, kind},
};

fn asks() -> Vec<(&'static str, Ask)> {
    let named = |id: &str| Some(id.to_owned());
    vec![
        ("promote", Ask::Promote(None)),
        ("promote test", Ask::Promote(named("test"))),
        ("promote canary", Ask::Promote(named("canary"))),
        ("promote cannary", Ask::Promote(named("cannary"))),
        ("hold", Ask::Hold),
        ("resume", Ask::Resume),
        ("rollback", Ask::Rollback),
        ("retry", Ask::Retry(None)),
        ("retry migrate", Ask::Retry(named("migrate"))),
        ("recheck backup", Ask::Recheck("backup".to_owned())),
        ("recheck plan", Ask::Recheck("plan".to_owned())),
        ("sign plan", Ask::Sign { check: "plan".to_owned(), note: None, evidence: None }),
        ("sign backup", Ask::Sign { check: "backup".to_owned(), note: None, evidence: None }),
        ("note", Ask::Note("seen".to_owned())),
    ]
}

#[test]
fn every_act_in_every_state() {
    let mut table = String::new();
    for name in STATES {
        let flight = state(name);
        writeln!(table, "{name}").unwrap();
        for (asked, ask) in asks() {
            let answer = match flight.decide(ask) {
                Ok(kinds) if kinds.is_empty() => "so already".to_owned(),
                Ok(kinds) => kinds.iter().map(kind).collect::<Vec<_>>().join(", "),
                Err(refusal) => format!("no: {refusal}"),
            };
            writeln!(table, "    {asked:<16} {answer}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn every_state_as_it_is_shown() {
    let mut table = String::new();
    for name in STATES {
        let flight = state(name);
        let status = flight.release.report(true, flight.now);
        let go = if status.go { "GO" } else { "NO-GO" };
        writeln!(table, "{name}: {}, {go}, {}", flight.release.status(flight.now).word(), status.environment).unwrap();
        if let Some(why) = &status.why {
            writeln!(table, "    why: {why}").unwrap();
        }
        for line in &status.stages {
            let json = serde_json::to_value(line).unwrap();
            let why = line.why.as_ref().map_or_else(String::new, |why| format!(", {why}"));
            let (attempt, step, steps) = (line.attempt, line.step, line.steps);
            let weight = line.weight.map_or_else(String::new, |weight| format!(", {weight} %"));
            writeln!(
                table,
                "    {:<8} {}, attempt {attempt}, step {step} of {steps}{weight}{why}",
                line.id,
                json["state"].as_str().unwrap()
            )
            .unwrap();
        }
        for line in &status.checks {
            writeln!(table, "    {:<8} {}", line.id, line.state.word()).unwrap();
        }
        for blocker in &status.blockers {
            writeln!(table, "    in the way: {:?} {} {:?}: {}", blocker.kind, blocker.id, blocker.stage, blocker.why).unwrap();
        }
        for act in flight.acts() {
            writeln!(table, "    under way: {act}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn what_every_act_says_before_it_is_done() {
    let mut table = String::new();
    for name in STATES {
        let flight = state(name);
        writeln!(table, "{name}").unwrap();
        for (asked, ask) in asks() {
            if !["promote", "hold", "resume", "rollback", "retry"].contains(&asked) {
                continue;
            }
            let said = flight.release.consequence(&ask, flight.now);
            let typed = said.type_name.map_or_else(String::new, |name| format!(" [type {name}]"));
            writeln!(table, "    {asked}: {}{typed}", said.line).unwrap();
            for line in said.lines.iter().filter(|line| **line != said.line) {
                writeln!(table, "        {line}").unwrap();
            }
            for blocker in said.blockers {
                writeln!(table, "        ! {} {}", blocker.id, blocker.why).unwrap();
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn the_log_of_a_whole_flight() {
    let mut flight = state("completed");
    flight.ask(Ask::Rollback).done("canary").done("migrate");
    let log =
        flight.release.recent.iter().map(|line| format!("{:>3} {:<10} {} [{:?}]", line.sequence, line.by, line.words, line.tone));
    insta::assert_snapshot!(log.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_check_is_tried_again_in_its_time() {
    use CheckResult::{CouldNotRun, Failed, Passed};
    for (result, quiet, due) in [(Passed, 600, 601), (CouldNotRun, 29, 30)] {
        let mut flight = state("begun");
        flight.ask(Ask::Recheck("backup".to_owned())).checked("backup", result);
        let at = flight.now;
        let runs = |flight: &Flight| flight.release.checks["backup"].running.is_some();
        assert!(!runs(flight.wait(quiet).drive()), "{result:?} after {quiet} s");
        flight.now = at;
        assert!(runs(flight.wait(due).drive()), "{result:?} after {due} s");
    }
    let mut flight = state("begun");
    flight.ask(Ask::Recheck("backup".to_owned())).checked("backup", Failed);
    assert!(flight.wait(100_000).drive().release.checks["backup"].running.is_none(), "a failure is a person's to look at");
}

#[test]
fn what_changed_on_the_world_is_marked() {
    let mut table = String::new();
    for name in ["test failed", "canary ready", "paused", "completed", "rolled back"] {
        let flight = state(name);
        writeln!(table, "{name}").unwrap();
        for mark in &flight.release.marks {
            let event = &flight.events[usize::try_from(mark.sequence).unwrap() - 1];
            assert_eq!(event.at, mark.at, "a mark is of the event it names");
            let second = mark.at.duration_since(flight.release.started).as_secs();
            writeln!(table, "    {second:>4} s  {:<8} {:?}", mark.stage.as_deref().unwrap_or("-"), mark.change).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}
