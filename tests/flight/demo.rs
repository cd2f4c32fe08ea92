//! The demo, driven to its end without a screen.

use std::fs;

use crate::support::Flight;

/// The files and processes that the demo left behind.
pub(crate) fn left_behind(flight: &Flight) -> Vec<String> {
    let temporary = flight.temporary();
    let files = fs::read_dir(&temporary).unwrap().flatten().map(|file| file.path().display().to_string());
    // Every process of the demo has this test's folder for temporary files, and no other has.
    let mark = format!("TMPDIR={}", temporary.display());
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten().filter(|process| {
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    });
    let named = processes.map(|process| {
        let command = fs::read(process.path().join("cmdline")).unwrap_or_default();
        format!("process {}", String::from_utf8_lossy(&command).replace('\0', " "))
    });
    files.chain(named).collect()
}

#[test]
fn a_fault_is_seen_and_rolled_back() {
    let flight = Flight::new("");
    let flown = flight.run(&["demo", "--headless", "--fault", "errors"]).ends(1);
    assert!(flown.out.contains("rolled back"), "{flown:#?}");
    assert_eq!(left_behind(&flight), Vec::<String>::new());

    let id = flown.err.lines().find_map(|line| line.strip_prefix("release ")).unwrap();
    assert_eq!(flight.status(id)["state"], "rolled_back");
    let log = flight.log(id);
    let failed = log.iter().find(|event| event["kind"] == "signal-turned" && event["verdict"] == "fail").unwrap();
    let value = failed["value"].as_f64().unwrap();
    assert!(value > 0.0, "{failed}");
    let began = log.iter().find(|event| event["kind"] == "rollback-started").unwrap();
    assert_eq!(began["by"], "flightdeck");
    assert!(began["why"].as_str().unwrap().starts_with(failed["signal"].as_str().unwrap()), "{began}");
    flight.run(&["verify", id]).ends(0);
}

#[test]
fn flies_to_its_end() {
    let flight = Flight::new("");
    let output = flight.command(&["demo", "--headless"]).env_remove("FLIGHTDECK_JOURNAL").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:#?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("completed"), "{output:#?}");
    assert_eq!(left_behind(&flight), Vec::<String>::new());
    // No journal was named, so it went with the demo.
    assert_eq!(fs::read_dir(flight.temporary().with_file_name("home")).unwrap().count(), 0);
}
