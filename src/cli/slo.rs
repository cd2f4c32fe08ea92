//! `flightdeck slo`: service levels of elsewhere, for a plan.

use std::{io::Read, path::PathBuf};

use super::{Exit, Failure, answer, tell};
use crate::{plan::openslo, text};

/// How long a file may be.
const LONGEST: u64 = 1 << 20;

#[derive(Debug, clap::Args)]
#[group(id = "slo-arguments")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print OpenSLO documents as tables of a plan; what could not be taken over is said
    Import {
        /// YAML files with documents, which may refer to each other; `-` is standard input
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Command::Import { files } = &arguments.command;
    let files = files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let imported = openslo::import(&files);
    if !imported.toml.is_empty() {
        answer(&imported.toml);
    }
    for remark in &imported.remarks {
        tell(&remark.to_string());
    }
    if imported.count > 0 { Ok(Exit::Done) } else { Err(Failure::wrong("there is no service level that can be imported")) }
}

/// A file's name, safe to show, and its text.
fn read(path: &PathBuf) -> Result<(String, String), Failure> {
    let name = text::line(&path.display().to_string(), 200);
    let open = || -> std::io::Result<Box<dyn Read>> {
        if path.as_os_str() == "-" { Ok(Box::new(std::io::stdin().lock())) } else { Ok(Box::new(std::fs::File::open(path)?)) }
    };
    let mut bytes = Vec::new();
    let read = open().and_then(|file| file.take(LONGEST.saturating_add(1)).read_to_end(&mut bytes));
    read.map_err(|error| Failure::wrong(format!("{name}: {error}")))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LONGEST {
        return Err(Failure::wrong(format!("{name} is longer than 1 MiB")));
    }
    let text = String::from_utf8(bytes).map_err(|_| Failure::wrong(format!("{name} is no text in UTF-8")))?;
    Ok((name, text))
}
