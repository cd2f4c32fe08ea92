//! Two at once: two who promote the same step, and two who would drive.

use std::time::Duration;

use crate::support::{Background, Flight, TARGET, until, within};

/// A canary that can begin at once; a stage beside it keeps whoever drives busy until it is let end.
fn plan() -> String {
    format!(
        r#"service = "shop"
{TARGET}
[[stages]]
id  = "beside"
run = "while ! test -e end; do sleep 0.05; done"

[[stages]]
id     = "canary"
needs  = []
target = "shop"
steps  = [{{ weight = 25, bake = "100ms" }}, {{ weight = 100 }}]
"#
    )
}

/// Promotes twice at the same moment, and returns what the one was told who came too late.
fn raced(flight: &Flight, arguments: &[&str]) -> String {
    let both = [(); 2].map(|()| flight.command(arguments).spawn().unwrap());
    let ended = both.map(|one| one.wait_with_output().unwrap());
    let mut codes = ended.iter().map(|one| one.status.code()).collect::<Vec<_>>();
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(3)], "{ended:#?}");
    let late = ended.iter().find(|one| one.status.code() == Some(3)).unwrap();
    String::from_utf8(late.stderr.clone()).unwrap()
}

#[test]
fn one_step_is_taken_once() {
    for _ in 0..10 {
        let flight = Flight::new(&plan());
        let id = flight.start();
        let told = raced(&flight, &["promote", &id, "--yes", "--expect", "1"]);
        assert!(told.contains("moved on") && told.contains("alice takes canary to 25 %"), "{told}");
        assert_eq!(flight.count(&id, "step-started"), 1);

        // Bound to what each saw, and not to a number.
        let other = flight.start();
        let told = raced(&flight, &["promote", &other, "--yes"]);
        assert!(told.contains("canary"), "{told}");
        assert_eq!(flight.count(&other, "step-started"), 1);
        flight.run(&["verify"]).ends(0);
    }
}

#[test]
fn one_step_is_taken_once_while_it_flies() {
    let flight = Flight::new(&plan());
    let id = flight.start();
    let mut driver = flight.drive(&id, &[]);
    for (step, weight) in [(1, 25), (2, 100)] {
        let ready = || ["ready", "paused"].iter().any(|state| flight.stage(&id, "canary")["state"] == *state);
        until("the canary's turn", || ready().then_some(()));
        raced(&flight, &["promote", &id, "--yes", "--stage", "canary"]);
        until("the weight", || (flight.stage(&id, "canary")["weight"] == weight).then_some(()));
        assert_eq!(flight.count(&id, "step-started"), step);
    }
    flight.let_end();
    driver.ends(0);
    assert_eq!(flight.acts(), ["deploy 2.0", "weight 25", "weight 100"]);
}

fn holder_of<'a>(flight: &Flight, id: &str, both: &'a mut [Background; 2]) -> Option<(&'a mut Background, u32)> {
    let pid = flight.holder(id)?;
    both.iter_mut().find(|driver| driver.0.id() == pid).map(|driver| (driver, pid))
}

#[test]
fn another_drives_when_the_driver_is_killed() {
    let flight = Flight::new(&plan());
    let id = flight.start();
    let mut both = [flight.drive(&id, &[]), flight.drive(&id, &[])];
    until("a driver", || holder_of(&flight, &id, &mut both).map(drop));
    until("the stage beside", || (flight.stage(&id, "beside")["state"] == "running").then_some(()));
    flight.run(&["promote", &id, "--yes"]).ends(0);
    until("the first step", || (flight.stage(&id, "canary")["state"] == "paused").then_some(()));
    // The one that waits for its turn is given time to wait for it.
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(flight.count(&id, "controller-took"), 1);

    let (driver, dead) = holder_of(&flight, &id, &mut both).unwrap();
    driver.kill();
    within(Duration::from_secs(5), "another driver", || flight.holder(&id).filter(|pid| *pid != dead));
    flight.run(&["promote", &id, "--yes"]).ends(0);
    until("the second step", || (flight.stage(&id, "canary")["state"] == "passed").then_some(()));
    assert!(flight.status(&id)["controller"]["host"].is_string());

    flight.let_end();
    let other = both.iter_mut().find(|driver| driver.0.id() != dead).unwrap();
    other.ends(0);
    assert_eq!(flight.acts(), ["deploy 2.0", "weight 25", "weight 100"]);
    assert_eq!(flight.count(&id, "operation-intended"), flight.count(&id, "operation-ended"));
    flight.run(&["verify", &id]).ends(0);
}

/// One that is stopped and goes on later finds that another drives, and leaves the release alone.
#[test]
fn a_driver_that_slept_does_not_act_any_more() {
    let flight = Flight::new(&plan());
    let id = flight.start();
    let mut both = [flight.drive(&id, &[]), flight.drive(&id, &[])];
    until("a driver", || holder_of(&flight, &id, &mut both).map(drop));
    until("the stage beside", || (flight.stage(&id, "beside")["state"] == "running").then_some(()));
    let (_, asleep) = holder_of(&flight, &id, &mut both).unwrap();
    let sleeper = rustix::process::Pid::from_raw(i32::try_from(asleep).unwrap()).unwrap();
    rustix::process::kill_process(sleeper, rustix::process::Signal::STOP).unwrap();
    within(Duration::from_secs(10), "another driver", || flight.holder(&id).filter(|pid| *pid != asleep));
    rustix::process::kill_process(sleeper, rustix::process::Signal::CONT).unwrap();
    flight.run(&["promote", &id, "--yes"]).ends(0);
    until("the first step", || (flight.stage(&id, "canary")["state"] == "paused").then_some(()));
    assert_ne!(flight.holder(&id), Some(asleep));
    assert_eq!(flight.acts(), ["deploy 2.0", "weight 25"]);
    flight.let_end();
    for driver in &mut both {
        // Neither has the canary's last step to take: it waits for a person.
        driver.ends(3);
    }
}
