//! A release as large as the cockpit has to be quick with: 40 stages, 500 checks, 200 signals with all the samples that are
//! kept of each, and a journal of 100,000 events.
//!
//! Three rollouts are open at once, each watched by a third of the signals, and half of the other stages could begin if
//! their checks let them: as much stands in the way as ever will.
#![expect(clippy::unwrap_used, reason = "a release that cannot be built is a measurement that cannot be made")]

use flightdeck::{
    health::{Sample, Verdict},
    plan::Plan,
    release::{Act, CheckResult, EventKind, Outcome},
};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::scenes::Flight;

/// How many events its journal has.
const EVENTS: u64 = 100_000;
const STAGES: usize = 40;
const CHECKS: usize = 500;
const SIGNALS: usize = 200;
/// So many stages are done.
const DONE: usize = 8;
/// So many rollouts are open.
const OPEN: usize = 3;

fn plan() -> Plan {
    let signal = |n: usize| {
        let unit = ["percent", "ms", "rps", ""].get(n % 4);
        json!({ "title": format!("signal {n} of the shop"), "source": "prometheus", "url": "http://prometheus:9090",
                "query": format!("signal_{n}"), "unit": unit, "every": "5s", "warn": 60.0, "fail": 80.0 })
    };
    let signals = (0..SIGNALS).map(|n| (format!("signal-{n}"), signal(n))).collect::<serde_json::Map<_, _>>();
    let watched = |from: usize| (from..SIGNALS).step_by(OPEN).map(|n| format!("signal-{n}")).collect::<Vec<_>>();
    let stages = (0..STAGES).map(|n| {
        let environment = if n < DONE { "staging" } else { "production" };
        let needs = if n == 0 { vec![] } else { vec![format!("stage-{}", (n - 1).min(DONE - 1))] };
        match n {
            n if (DONE..DONE + OPEN).contains(&n) => json!({
                "id": format!("stage-{n}"), "environment": environment, "needs": needs, "target": "shop",
                "steps": [{ "weight": 5, "bake": "10m" }, { "weight": 50, "bake": "10m" }, { "weight": 100 }],
                "signals": watched(n - DONE), "on_fail": "hold", "advance": "manual" }),
            n => json!({ "id": format!("stage-{n}"), "title": format!("stage {n} of the way out"), "environment": environment,
                         "needs": needs, "run": format!("./ops/stage-{n}.sh"), "timeout": "30m", "advance": "manual" }),
        }
    });
    let checks = (0..CHECKS).map(|n| {
        let before = format!("stage-{}", DONE + n % (STAGES - DONE));
        let title = format!("Check {n}, which somebody has to look at");
        if n % 2 == 0 {
            json!({ "id": format!("check-{n}"), "title": title, "signed": null, "max_age": "2 days", "before": before })
        } else {
            json!({ "id": format!("check-{n}"), "title": title, "run": format!("./check-{n}.sh"), "every": "5m", "before": before })
        }
    });
    let plan = json!({
        "service": "checkout", "timezone": "Europe/Berlin",
        "targets": { "shop": { "driver": "command", "deploy": "d", "weight": "w", "rollback": "r", "observe": "o" } },
        "signals": Json::Object(signals), "stages": stages.collect::<Vec<_>>(), "checks": checks.collect::<Vec<_>>(),
    });
    serde_json::from_value(plan).unwrap()
}

/// The release, and what time it is in it.
pub(crate) fn loaded() -> Flight {
    let mut flight = Flight::new(plan());
    flight.does(EventKind::ControllerTook { host: "console".to_owned(), pid: 4711, token: 1, unwatched_since: None });
    for n in 0..DONE {
        flight.task(&format!("stage-{n}"), 60);
    }
    for n in DONE..DONE + OPEN {
        opened(&mut flight, &format!("stage-{n}"));
    }
    let mut n = 0;
    while flight.release.sequence < EVENTS {
        flight.now += SignedDuration::from_millis(400);
        happens(&mut flight, n);
        n += 1;
    }
    for n in 0..SIGNALS {
        let swing = |at: i64| 30.0 + ((at * 7 + i64::try_from(n).unwrap_or(0)) % 23) as f64;
        for at in 0..240 {
            let taken = flight.now - SignedDuration::from_secs((239 - at) * 5);
            flight.release.observe(&format!("signal-{n}"), Sample::number(taken, swing(at)));
        }
    }
    flight
}

/// A rollout at its first step, watched.
fn opened(flight: &mut Flight, stage: &str) {
    flight.does(EventKind::StageStarted { stage: stage.to_owned(), attempt: 1 });
    for act in [Act::Deploy, Act::Weight { weight: 5 }] {
        let op = format!("{stage}-{}", flight.release.sequence);
        let intended = EventKind::OperationIntended { op: op.clone(), stage: stage.to_owned(), attempt: 1, step: Some(1), act };
        flight.does(intended).does(EventKind::OperationEnded {
            op,
            stage: stage.to_owned(),
            outcome: Outcome::Succeeded { seen: None },
        });
    }
    flight.does(EventKind::BakeStarted { stage: stage.to_owned(), step: Some(1) });
}

/// What goes on in such a release: checks run, people sign and write, verdicts turn.
pub(crate) fn happens(flight: &mut Flight, n: usize) {
    let (by, kind) = event(n);
    flight.by(&by, kind);
}

/// One of the things that go on.
pub(crate) fn event(n: usize) -> (String, EventKind) {
    let controller = || "flightdeck".to_owned();
    let check = |n: usize| format!("check-{}", n % (CHECKS / 2) * 2 + 1);
    match n % 8 {
        0 | 2 | 4 => (controller(), EventKind::CheckStarted { check: check(n / 2) }),
        1 | 3 | 5 => {
            let result = if n.is_multiple_of(5) { CheckResult::Failed } else { CheckResult::Passed };
            (controller(), EventKind::CheckEnded { check: check(n / 2), result, detail: format!("run {n} said so") })
        }
        6 => {
            let verdict = if n % 16 == 6 { Verdict::Warn } else { Verdict::Ok };
            let signal = format!("signal-{}", n % SIGNALS);
            (
                controller(),
                EventKind::SignalTurned {
                    signal,
                    verdict,
                    value: Some(61.0),
                    why: "61 ms".to_owned(),
                    sampled: None,
                    undecided: false,
                    evidence: None,
                },
            )
        }
        _ => (format!("operator-{}", n % 12), EventKind::Noted { text: format!("note {n}: nothing to see here") }),
    }
}
