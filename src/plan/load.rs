//! Reads a plan from a file or a text: all of it, or all that is wrong with it.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{Plan, decode};
use crate::{
    document::{self, Found, Problems},
    text,
};

/// No plan is longer than this.
const MOST_BYTES: usize = 1 << 20;

/// A plan and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The plan.
    pub plan: Plan,
    /// The folder it is in, absolute: where its commands are run.
    pub folder: PathBuf,
    /// The file's text.
    pub text: String,
    /// [`Plan::digest`].
    pub digest: String,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no such file.
    #[error("there is no plan at {}", shown(.0))]
    Missing(PathBuf),
    /// It is a folder.
    #[error("{} is a folder, not a plan", shown(.0))]
    Folder(PathBuf),
    /// It cannot be read.
    #[error("{} cannot be read: {why}", shown(path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// It is too long to be one.
    #[error("{} is longer than 1 MiB", shown(.0))]
    TooLong(PathBuf),
    /// It is not UTF-8.
    #[error("{} is not text in UTF-8: its byte {offset} cannot be", shown(path))]
    NotText {
        /// The file.
        path: PathBuf,
        /// The first byte that is wrong, from 0.
        offset: usize,
        /// The text up to there.
        before: String,
    },
    /// It has problems.
    #[error("{0}")]
    Problems(Problems),
}

fn shown(path: &Path) -> String {
    text::safe(&path.display().to_string()).into_owned()
}

impl LoadError {
    /// The same as problems: a file that cannot be read has one, at its first character.
    #[must_use]
    pub fn into_problems(self) -> Problems {
        let (path, code, help) = match &self {
            Self::Problems(_) => (PathBuf::new(), "", String::new()),
            Self::Missing(path) => {
                (path.clone(), "no-file", "name another file, or write a plan with `flightdeck init`".to_owned())
            }
            Self::Folder(path) => {
                (path.clone(), "is-folder", format!("name the file in it, as in {}", shown(&path.join("flightdeck.toml"))))
            }
            Self::Unreadable { path, .. } => (path.clone(), "unreadable", "see to it that you may read the file".to_owned()),
            Self::TooLong(path) => (path.clone(), "too-long", "a plan has a few kilobytes; is it the right file?".to_owned()),
            Self::NotText { path, .. } => (path.clone(), "not-text", "save it as UTF-8".to_owned()),
        };
        let message = self.to_string();
        let (text, at) = match self {
            Self::Problems(problems) => return problems,
            Self::NotText { before, offset, .. } => (before, offset),
            _ => (String::new(), 0),
        };
        Problems::new(&shown(&path), &text, vec![Found { span: at..at, code, message, help, absence: false }])
    }
}

/// Reads the plan in a file.
///
/// # Errors
///
/// Where the file cannot be read, or has problems: all of them.
pub fn load(path: &Path) -> Result<Loaded, LoadError> {
    let unreadable = |why: std::io::Error| match why.kind() {
        ErrorKind::NotFound => LoadError::Missing(path.to_owned()),
        ErrorKind::IsADirectory => LoadError::Folder(path.to_owned()),
        _ => LoadError::Unreadable { path: path.to_owned(), why },
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let bound = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    file.take(bound).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > MOST_BYTES {
        return Err(LoadError::TooLong(path.to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(error.as_bytes().get(..offset).unwrap_or_default()).into_owned();
        LoadError::NotText { path: path.to_owned(), offset, before }
    })?;
    let plan = parse(&text, &path.display().to_string()).map_err(LoadError::Problems)?;
    let absolute = std::path::absolute(path).map_err(unreadable)?;
    let folder = absolute.parent().map(Path::to_owned).unwrap_or_default();
    let digest = plan.digest();
    Ok(Loaded { plan, folder, text, digest })
}

/// Reads a plan from its text; `file` is what problems call it.
///
/// # Errors
///
/// Every problem of the plan, by its place.
pub fn parse(text: &str, file: &str) -> Result<Plan, Problems> {
    let (plan, found) = document::decode(text, decode::plan);
    if found.is_empty() { Ok(plan) } else { Err(Problems::new(file, text, found)) }
}

impl Plan {
    /// What names this plan and no other: the SHA-256 of its JSON with sorted keys, in hexadecimal digits. Comments, the
    /// order of tables and a default that is written out make no difference.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut canonical = String::new();
        match serde_json::to_value(self) {
            Ok(value) => write_canonical(&value, &mut canonical),
            Err(_) => canonical = format!("{self:?}"), // no plan has what JSON cannot hold
        }
        Sha256::digest(canonical).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Compact JSON with its keys sorted.
fn write_canonical(value: &serde_json::Value, into: &mut String) {
    use serde_json::Value;
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            into.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    into.push(',');
                }
                into.push_str(&Value::from(key.as_str()).to_string());
                into.push(':');
                write_canonical(value, into);
            }
            into.push('}');
        }
        Value::Array(items) => {
            into.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    into.push(',');
                }
                write_canonical(item, into);
            }
            into.push(']');
        }
        scalar => into.push_str(&scalar.to_string()),
    }
}
