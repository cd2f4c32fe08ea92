//! `flightdeck init`: a commented plan to begin with.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    path::PathBuf,
};

use super::{Exit, Failure, answer, open::PLAN};
use crate::plan;

#[derive(Debug, clap::Args)]
#[group(id = "init-arguments")]
pub(super) struct Arguments {
    /// The folder; by default this one
    folder: Option<PathBuf>,
    /// Which template: minimal, or full with everything there is
    #[arg(long, value_name = "NAME", default_value = "minimal")]
    template: String,
}

impl Default for Arguments {
    fn default() -> Self {
        Self { folder: None, template: "minimal".to_owned() }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let text = plan::template(&arguments.template).ok_or_else(|| {
        let name = crate::text::line(&arguments.template, 40);
        Failure::wrong(format!("there is no template `{name}`; there is {}", plan::TEMPLATES.join(" and ")))
    })?;
    let folder = arguments.folder.clone().unwrap_or_else(|| PathBuf::from("."));
    fs::create_dir_all(&folder).map_err(|error| Failure::unknown(format!("{}: {error}", folder.display())))?;
    let path = folder.join(PLAN);
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Failure::refused(format!("{} exists; it stays as it is", path.display())));
        }
        Err(error) => return Err(Failure::unknown(format!("{}: {error}", path.display()))),
    };
    file.write_all(text.as_bytes())?;
    answer(&path.display().to_string());
    super::tell("Fill it in, then: flightdeck check");
    Ok(Exit::Done)
}
