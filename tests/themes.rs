//! The user's settings and themes, through the built program.
#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::{fs, path::Path, process::Command};

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn flightdeck(folder: &Path, arguments: &[&str]) -> Ran {
    let ran = Command::new(env!("CARGO_BIN_EXE_flightdeck"))
        .args(arguments)
        .env_clear()
        .env("HOME", folder)
        .env("FLIGHTDECK_CONFIG", folder)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: ran.status.code(), out: text(&ran.stdout), err: text(&ran.stderr) }
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("themes")).unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn lists_all_themes_with_their_origin_and_what_is_wrong() {
    let folder = folder(&[
        ("themes/night.toml", "about = \"For the night\"\ninherits = \"dark\"\n"),
        ("themes/typo.toml", "\ngood = { fg = \"grean\" }\n"),
        ("settings.toml", "theme = \"nihgt\"\n"),
    ]);
    let ran = flightdeck(folder.path(), &["themes"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let rows = ran.out.lines().map(|line| line.split_whitespace().next().unwrap_or_default()).collect::<Vec<_>>();
    let all = ["default", "dark", "light", "high-contrast", "deuteranopia", "tritanopia", "mono", "night", "typo"];
    assert_eq!(rows, all, "{}", ran.out);
    assert!(ran.out.contains("themes/night.toml  For the night\n"), "{}", ran.out);
    assert!(ran.out.contains("themes/typo.toml   wrong: 1 problem\n"), "{}", ran.out);
    for said in ["themes/typo.toml:2:15", "did you mean `green`?", "settings.toml:1:9", "did you mean `night`?"] {
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
}

#[test]
fn shows_a_theme_in_words_where_there_is_no_terminal() {
    let folder = folder(&[("themes/typo.toml", "god = 1\n"), ("themes/night.toml", "inherits = \"dark\"\n")]);
    let ran = flightdeck(folder.path(), &["themes", "--show", "night"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(!ran.out.contains('\x1b') && ran.out.contains("\nno_go            #0f141a on #f0736a, bold"), "{}", ran.out);

    let ran = flightdeck(folder.path(), &["themes", "--show", "typo"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.contains("themes/typo.toml:1:1") && ran.err.contains("the theme `typo` is wrong"), "{}", ran.err);

    let ran = flightdeck(folder.path(), &["themes", "--show", "drak"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.contains("there is no theme `drak`; did you mean `dark`? there are `default`"), "{}", ran.err);
}

#[test]
fn the_example_can_be_saved_and_used() {
    let folder = folder(&[]);
    let example = flightdeck(folder.path(), &["themes", "--example"]).out;
    fs::write(folder.path().join("themes/mine.toml"), example).unwrap();
    let ran = flightdeck(folder.path(), &["themes", "--show", "mine"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(ran.out, flightdeck(folder.path(), &["themes", "--show", "dark"]).out);
}

#[test]
fn keys_are_listed_as_the_user_has_them() {
    let folder = folder(&[("settings.toml", "[keys.bind]\n\"f5\" = \"hold\"\n\"f6\" = \"hodl\"\n")]);
    let ran = flightdeck(folder.path(), &["keys"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let row = |name: &str| ran.out.lines().find(|line| line.contains(&format!("  {name} "))).unwrap_or_default();
    assert!(row("rollback").trim_start().starts_with("R "), "{}", ran.out);
    assert!(row("hold").contains("f5") && row("hold").contains("space"), "{}", ran.out);
    assert!(ran.err.contains("settings.toml:3:8") && ran.err.contains("did you mean `hold`?"), "{}", ran.err);
}
