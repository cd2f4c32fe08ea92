//! Reads the settings' folder: nothing in it can block, exhaust or stop whoever reads it.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::Path,
};

use super::{Settings, read};
use crate::{
    document::{Found, Problems},
    text,
    tui::theme::{File as ThemeFile, Themes},
};

pub(super) const SETTINGS: &str = "settings.toml";
pub(super) const THEMES: &str = "themes";
const THEME_END: &str = ".toml";

/// No settings and no theme is longer.
const LONGEST: u64 = 64 * 1024;
/// Nobody has more themes.
const MOST: usize = 100;
/// A theme's name has at most so many characters.
const NAME: usize = 40;

pub(super) fn load(folder: &Path) -> Settings {
    let mut problems = Vec::new();
    let mut files = Vec::new();
    for (name, path) in theme_files(folder, &mut problems) {
        match content(&path) {
            Ok(None) => {}
            Ok(Some(text)) => files.push(ThemeFile { name, path, text }),
            Err(wrong) => problems.push(wrong),
        }
    }
    let themes = Themes::with(files);
    problems.extend(themes.iter().filter_map(|listed| listed.theme.as_ref().err().cloned()));

    let path = folder.join(SETTINGS);
    let name = path.display().to_string();
    let (user, source) = match content(&path) {
        Ok(None) => (super::UserSettings::default(), None),
        Ok(Some(text)) => {
            let (user, found) = read::read(&text, &themes);
            if !found.is_empty() {
                problems.insert(0, Problems::new(&name, &text, found));
            }
            (user, Some((text::safe(&name).into_owned(), text)))
        }
        Err(wrong) => {
            problems.insert(0, wrong);
            (super::UserSettings::default(), None)
        }
    };
    Settings { user, themes, problems, source }
}

/// The files of the user's themes by name, in the order of their names.
fn theme_files(folder: &Path, problems: &mut Vec<Problems>) -> Vec<(String, std::path::PathBuf)> {
    let folder = folder.join(THEMES);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(why) if matches!(why.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Vec::new(),
        Err(why) => {
            problems.push(unreadable(&folder, &why));
            return Vec::new();
        }
    };
    let mut files = Vec::new();
    for entry in entries.flatten() {
        let (file, path) = (entry.file_name(), entry.path());
        // What editors leave begins with a dot or ends in something else.
        let Some(name) = file.to_str().and_then(|file| file.strip_suffix(THEME_END)).filter(|name| !name.starts_with('.')) else {
            continue;
        };
        let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) && name.len() <= NAME;
        if fits && !name.is_empty() {
            files.push((name.to_owned(), path));
        } else {
            let message = format!("`{}` cannot be a theme's name", text::line(name, NAME));
            let help = format!("use letters (a to z), digits, `-`, `_` and `.`, at most {NAME}");
            problems.push(one(&path, "bad-name", message, help));
        }
    }
    files.sort();
    if files.len() > MOST {
        files.truncate(MOST);
        problems.push(one(&folder, "too-many", format!("there are more than {MOST} themes"), "move some elsewhere".to_owned()));
    }
    files
}

/// A file's text, if there is one.
fn content(path: &Path) -> Result<Option<String>, Problems> {
    let bytes = match bounded(path) {
        Ok(bytes) => bytes,
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(unreadable(path, &why)),
    };
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LONGEST {
        let message = format!("it is longer than {} KiB", LONGEST / 1024);
        return Err(one(path, "too-long", message, "is it the right file?".to_owned()));
    }
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(error.as_bytes().get(..at).unwrap_or_default()).into_owned();
        let message = format!("it is not text in UTF-8: its byte {at} cannot be");
        let found = Found { span: at..at, code: "not-text", message, help: "save it as UTF-8".to_owned(), absence: false };
        Problems::new(&path.display().to_string(), &before, vec![found])
    })
}

/// A little more than a file may have at most. Only of a plain file: a pipe would wait for somebody to write.
fn bounded(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(path: &Path, why: &io::Error) -> Problems {
    let message = format!("it cannot be read: {}", text::line(&why.to_string(), 200));
    one(path, "unreadable", message, "see to it that you may read it, or move it away".to_owned())
}

/// A problem with a file as a whole.
fn one(path: &Path, code: &'static str, message: String, help: String) -> Problems {
    Problems::new(&path.display().to_string(), "", vec![Found { span: 0..0, code, message, help, absence: false }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Complaint;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(THEMES)).unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn said(settings: &Settings, folder: &Path) -> Vec<String> {
        let folder = format!("{}/", folder.display());
        settings.lines().iter().map(|line| line.replace(&folder, "")).collect()
    }

    #[test]
    fn no_folder_is_no_problem() {
        let settings = Settings::load(Path::new("/nowhere/at/all"));
        assert_eq!(settings, Settings::default());
        assert_eq!(settings.themes.usable().count(), 7);
    }

    #[test]
    fn settings_and_themes_that_are_right() {
        let folder = folder(&[
            ("settings.toml", "theme = \"night.shift\"\n"),
            ("themes/night.shift.toml", "inherits = \"dark\"\n"),
            ("themes/.#night.toml", "what an editor leaves"),
            ("themes/night.toml~", "what an editor leaves"),
            ("themes/README", "words"),
        ]);
        let settings = Settings::load(folder.path());
        assert_eq!(said(&settings, folder.path()), [""; 0]);
        assert_eq!(settings.user.theme.as_deref(), Some("night.shift"));
        assert!(settings.themes.get("night.shift").is_some());
    }

    #[test]
    fn every_problem_of_every_file_with_its_place() {
        let folder = folder(&[
            ("settings.toml", "theme = \"mine\"\ncolors = \"8\"\n"),
            ("themes/mine.toml", "\ngod = {}\n"),
            ("themes/my theme.toml", ""),
            ("themes/long.toml", &"#".repeat(70_000)),
        ]);
        fs::write(folder.path().join("themes/latin.toml"), b"# gr\xfc\xdfe\n").unwrap();
        fs::create_dir(folder.path().join("themes/folder.toml")).unwrap();
        let settings = Settings::load(folder.path());
        assert_eq!(
            said(&settings, folder.path()),
            [
                "settings.toml:1:9: the theme `mine` is wrong (mend its file)",
                "settings.toml:2:10: settings.toml has no colors `8` (there are `auto`, `true`, `256`, `16` and `none`)",
                "themes/my theme.toml:1:1: `my theme` cannot be a theme's name (use letters (a to z), digits, `-`, `_` and `.`, at most 40)",
                "themes/folder.toml:1:1: it cannot be read: it is no plain file (see to it that you may read it, or move it away)",
                "themes/latin.toml:1:5: it is not text in UTF-8: its byte 4 cannot be (save it as UTF-8)",
                "themes/long.toml:1:1: it is longer than 64 KiB (is it the right file?)",
                "themes/mine.toml:2:1: the theme has no key `god` (did you mean `good`?)",
            ]
        );
        assert_eq!(settings.user, super::super::UserSettings::default());
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_does_not_make_anybody_wait() {
        let folder = folder(&[]);
        let path = folder.path().join(SETTINGS);
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert_eq!(said(&Settings::load(folder.path()), folder.path()).len(), 1);
    }

    #[test]
    fn what_shows_later_stands_among_the_rest() {
        let folder = folder(&[("settings.toml", "mouse = 1\n[keys]\npreset = \"wordstar\"\ncolors = 1\n")]);
        let mut settings = Settings::load(folder.path());
        let preset = settings.user.keys.preset.clone().unwrap();
        settings.complain(vec![Complaint {
            span: preset.span(),
            code: "unknown-value",
            message: "there is no set of keys `wordstar`".to_owned(),
            help: "there are `usual`, `vi` and `emacs`".to_owned(),
        }]);
        let said = said(&settings, folder.path());
        assert_eq!(said.len(), 3);
        assert_eq!(said[1], "settings.toml:3:10: there is no set of keys `wordstar` (there are `usual`, `vi` and `emacs`)");
        settings.complain(Vec::new());
        assert_eq!(settings.problems.len(), 1);
    }
}
