//! A person and their own cockpit: opened without a plan, with settings of their own that change meanwhile, copied from and
//! pictured.

use std::{fs, time::Duration};

use crate::{
    emulator::{Terminal, plan, ready},
    support::{Flight, until},
};

#[test]
fn without_a_plan_it_asks_what_to_do_and_does_it() {
    let flight = Flight::new("");
    fs::remove_file(flight.file("flightdeck.toml")).unwrap();
    let mut terminal = Terminal::open(&flight, 80, 24, &[]);
    terminal.shows(&["There is no flightdeck.toml here or in a folder above.", "d  fly the demo", "i  write a plan", "q  leave"]);
    terminal.read();
    terminal.press("i");
    assert_eq!(terminal.ends(Duration::from_secs(60)), 0);
    terminal.is_given_back();
    flight.run(&["check"]).ends(0);

    fs::remove_file(flight.file("flightdeck.toml")).unwrap();
    let mut terminal = Terminal::open(&flight, 80, 24, &[]);
    terminal.shows(&["q  leave"]);
    terminal.read();
    terminal.press("q");
    assert_eq!(terminal.ends(Duration::from_secs(60)), 0);
    terminal.is_given_back();
    // Without a terminal it says the same in words.
    let ran = flight.run(&[]).ends(2);
    assert!(ran.err.contains("flightdeck demo") && ran.err.contains("flightdeck init"), "{ran:?}");
}

#[test]
fn a_release_under_way_is_offered_where_there_is_no_plan() {
    let flight = Flight::new(&plan());
    let id = flight.start();
    fs::remove_file(flight.file("flightdeck.toml")).unwrap();
    let mut terminal = Terminal::open(&flight, 80, 24, &[]);
    terminal.shows(&["1  open a release", "shop 2.0"]);
    terminal.read();
    terminal.press("1");
    terminal.shows(&["Stages", "Checklist", "canary"]);
    assert_eq!(flight.status(&id)["version"], "2.0");
    terminal.quit(&flight);
    terminal.is_given_back();
}

#[test]
fn settings_are_worn_as_they_change_and_their_mistakes_are_said() {
    let (flight, id) = ready();
    let folder = flight.temporary().join("settings");
    fs::create_dir_all(&folder).unwrap();
    let settings = folder.join("settings.toml");
    fs::write(&settings, "theme = \"dark\"\n").unwrap();
    let config = folder.to_str().unwrap().to_owned();
    let more = [("FLIGHTDECK_CONFIG", config.as_str()), ("COLORTERM", "truecolor")];
    let mut terminal = Terminal::with(&flight, 100, 30, &more, &[crate::support::PROGRAM, "--release", &id]);
    terminal.shows(&["Stages", "canary"]);
    // The ground of the dark theme, and then that of the light one.
    assert!(terminal.got("48;2;15;20;26"));
    fs::write(&settings, "theme = \"light\"\n[keys.bind]\n\"x\" = \"help\"\n").unwrap();
    until("the light theme", || terminal.got("48;2;251;250;248").then_some(()));
    terminal.press("x");
    terminal.shows(&["Keys", "takes the one next step that waits for a person"]);
    terminal.press("\u{1b}");
    fs::write(&settings, "theme = \"light\"\ncolour = \"true\"\n").unwrap();
    terminal.shows(&["settings.toml:2"]);
    terminal.quit(&flight);
    terminal.is_given_back();
}

#[test]
fn a_picture_is_kept_and_an_id_is_copied() {
    let (flight, id) = ready();
    let mut terminal = Terminal::open(&flight, 100, 30, &["--release", &id]);
    terminal.shows(&["Stages", "canary"]);
    terminal.press("yi");
    until("the clipboard", || terminal.got("\u{1b}]52;c;").then_some(()));
    terminal.press("St");
    let kept = || {
        let mut names = fs::read_dir(flight.plan()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.find(|name| name.starts_with("flightdeck-shop-2.0-") && name.ends_with(".txt"))
    };
    let name = until("the picture", kept);
    terminal.shows(&["written to"]);
    let picture = fs::read_to_string(flight.file(&name)).unwrap();
    assert!(picture.contains("canary") && picture.contains("Checklist") && !picture.contains('\u{1b}'), "{picture}");
    terminal.quit(&flight);
}
