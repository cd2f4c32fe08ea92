//! The plan that the tables fly, and the states in which they look at it.

use flightdeck::release::{Ask, Outcome};

use crate::support::{Flight, Level, failed, lost, succeeded};

pub(crate) const PLAN: &str = r#"
service = "shop"

[operators.alice]
roles = ["release-manager"]

[targets.app]
driver = "command"
deploy = "deploy"
weight = "weight {weight}"
rollback = "back"
observe = "observe"

[signals.errors]
source = "command"
run = "errors"
unit = "percent"
every = "1s"
warn = 0.5
fail = 1.0

[signals.canary-errors]
source = "command"
run = "canary-errors"
every = "1s"
fail = 1.0
needs_traffic = true

[[stages]]
id = "test"
environment = "staging"
run = "./test"
idempotent = true

[[stages]]
id = "migrate"
environment = "production"
run = "./migrate up"
undo = "./migrate down"
advance = "manual"

[[stages]]
id = "canary"
target = "app"
steps = [{ weight = 10, bake = "30s" }, { weight = 50, bake = "30s" }, { weight = 100 }]
signals = ["errors", "canary-errors"]

[[stages]]
id = "watch"
soak = "20s"
signals = ["errors"]

[[checks]]
id = "backup"
title = "Backup"
run = "./backup-age"
max_age = "10m"
before = "migrate"

[[checks]]
id = "plan"
title = "Rollback plan"
before = "canary"
"#;

/// The states, each from the one before it where that is on the way.
pub(crate) const STATES: [&str; 24] = [
    "begun",
    "test failed",
    "migrate blocked",
    "migrate ready",
    "migrate running",
    "migrate failed",
    "migrate unsettled",
    "canary blocked",
    "canary ready",
    "canary unknown",
    "deploying",
    "held while deploying",
    "baking",
    "held while baking",
    "signal fails",
    "signal gone",
    "paused",
    "paused, plan expired",
    "last step",
    "watching",
    "completed",
    "rolling back",
    "stuck",
    "rolled back",
];

/// The release in one of the [`STATES`].
pub(crate) fn state(name: &str) -> Flight {
    let text = if name == "paused, plan expired" {
        PLAN.replace("title = \"Rollback plan\"", "title = \"Rollback plan\"\nmax_age = \"45s\"")
    } else {
        PLAN.to_owned()
    };
    let mut flight = Flight::new(&text);
    flight.fly(1, Level::Ok).checked("backup", flightdeck::release::CheckResult::Passed);
    if name == "begun" {
        return flight;
    }
    if name == "test failed" {
        flight.ends("test", failed("exit 1"));
        return flight;
    }
    flight.done("test");
    if name == "migrate blocked" {
        flight.wait(601).settle();
        return flight;
    }
    flight.fly(3, Level::Ok);
    if name == "migrate ready" {
        return flight;
    }
    flight.promote("migrate");
    match name {
        "migrate running" => return flight,
        "migrate failed" => {
            flight.ends("migrate", Outcome::TimedOut { after: "1h".to_owned() });
            return flight;
        }
        "migrate unsettled" => {
            flight.ends("migrate", lost());
            return flight;
        }
        _ => {}
    }
    flight.done("migrate");
    if name == "canary blocked" {
        return flight;
    }
    flight.sign("plan");
    match name {
        "canary ready" => return flight,
        "canary unknown" => {
            flight.fly(3, Level::Gap);
            return flight;
        }
        _ => {}
    }
    flight.promote("canary").wait(1);
    if name.contains("deploying") {
        if name.starts_with("held") {
            flight.ask(Ask::Hold).wait(2).ends("canary", succeeded());
        }
        return flight;
    }
    flight.done("canary").fly(10, Level::Ok);
    match name {
        "baking" => return flight,
        "held while baking" => {
            flight.ask(Ask::Hold).fly(60, Level::Ok);
            return flight;
        }
        "signal fails" => {
            flight.fly(2, Level::Fail);
            return flight;
        }
        "signal gone" => {
            flight.fly(40, Level::Gap);
            return flight;
        }
        "rolling back" | "stuck" | "rolled back" => {
            flight.ask(Ask::Rollback);
            if name == "stuck" {
                flight.ends("canary", succeeded()).ends("migrate", failed("exit 3"));
            } else if name == "rolled back" {
                flight.done("canary").done("migrate");
            }
            return flight;
        }
        _ => {}
    }
    flight.fly(20, Level::Ok);
    if name.starts_with("paused") {
        if name.ends_with("expired") {
            flight.fly(20, Level::Ok);
        }
        return flight;
    }
    flight.promote("canary").done("canary").fly(30, Level::Ok);
    if name == "last step" {
        return flight;
    }
    flight.promote("canary").done("canary").fly(5, Level::Ok);
    if name == "completed" {
        flight.fly(20, Level::Ok);
    }
    flight
}
