//! Writes what the cockpit is asked to keep into files, none over another.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::tui::Keep;

/// How many names are tried before it is given up.
const TRIES: u32 = 100;

/// Writes it into a new file in the folder; the file's path.
pub(super) fn keep(folder: &Path, keep: &Keep) -> io::Result<PathBuf> {
    let name =
        keep.name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect::<String>();
    let (stem, ending) = name.rsplit_once('.').unwrap_or((&name, "txt"));
    for attempt in 0..TRIES {
        let more = if attempt == 0 { String::new() } else { format!("-{attempt}") };
        let path = folder.join(format!("{stem}{more}.{ending}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(keep.content.as_bytes())?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{stem}.{ending} and {TRIES} like it are there already")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_beside_what_is_there_and_never_outside_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = |name: &str| Keep { name: name.to_owned(), content: "x".to_owned() };
        let first = keep(folder.path(), &wanted("a.svg")).unwrap();
        let second = keep(folder.path(), &wanted("a.svg")).unwrap();
        assert_eq!((first, second), (folder.path().join("a.svg"), folder.path().join("a-1.svg")));
        let outside = keep(folder.path(), &wanted("../../etc/x y.svg")).unwrap();
        assert_eq!(outside, folder.path().join("..-..-etc-x-y.svg"));
        assert!(keep(&folder.path().join("missing"), &wanted("a.svg")).is_err());
    }
}
