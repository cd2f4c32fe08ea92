//! The command line: one file per command. The answer goes to standard output, everything else to standard error, and the
//! exit status says how it went.

mod act;
mod check;
mod cockpit;
mod confirm;
mod demo;
mod init;
mod judge;
mod keep;
mod keys;
mod link;
mod log;
mod looks;
mod open;
mod run;
mod sandbox;
mod schema;
mod slo;
mod start;
mod status;
mod stuck;
mod themes;
mod thread;
mod verify;
mod welcome;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::{
    controller::{ActError, DriveError, LogbookError},
    journal::JournalError,
    release::Refusal,
    text,
};

/// A release's stages, its checklist and its health on one screen; promote or roll back with a keystroke.
#[derive(Debug, Parser)]
#[command(name = "flightdeck", version, about, args_conflicts_with_subcommands = true, arg_required_else_help = false)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Commands>,
    #[command(flatten)]
    cockpit: cockpit::Arguments,
    #[command(flatten)]
    global: Global,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
struct Global {
    /// Where the journal is: a path, or `sqlite:PATH`; by default in the platform's data folder
    #[arg(long, global = true, env = "FLIGHTDECK_JOURNAL", value_name = "PLACE", hide_env_values = true)]
    journal: Option<String>,
    /// In whose name you act; by default your user name
    #[arg(long, global = true, env = "FLIGHTDECK_OPERATOR", value_name = "NAME")]
    operator: Option<String>,
}

impl Global {
    /// In whose name it is acted.
    fn operator(&self) -> Result<String, Failure> {
        let from_environment = || ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
        let name = self.operator.clone().or_else(from_environment).unwrap_or_else(|| "operator".to_owned());
        let safe = text::line(&name, 64);
        if safe.is_empty() || safe != name || safe == crate::release::CONTROLLER {
            return Err(Failure::wrong(format!(
                "`{safe}` cannot be an operator's name; give a plain name of at most 64 characters with --operator"
            )));
        }
        Ok(safe)
    }
}

#[derive(Debug, Subcommand)]
enum Commands {
    /// A whole release against real HTTP services on loopback; nothing to set up
    Demo(demo::Arguments),
    /// Write a commented plan to begin with
    Init(init::Arguments),
    /// Check a plan: every problem at once, each at its place
    Check(check::Arguments),
    /// Begin a release; prints its id
    Start(start::Arguments),
    /// Begin a release and drive it without a screen until it ends or needs a person
    Run(run::Arguments),
    /// Where a release stands
    Status(status::Arguments),
    /// Take the one next step that waits for a person
    Promote(act::Promote),
    /// Start nothing new; what runs runs on
    Hold(act::Plain),
    /// Go on after a hold
    Resume(act::Plain),
    /// Stop what runs, take traffic back to the stable version, undo completed stages in reverse
    Rollback(act::Dangerous),
    /// Start a failed stage again, run a check again, or go on with a rollback that is stuck
    Retry(act::Retry),
    /// Let the release roll back by itself where the plan says so, or not
    Automatic(act::Automatic),
    /// Make an alert silent for as long as a stage takes
    Silence(act::Silence),
    /// Sign a check
    Sign(act::Sign),
    /// Write a note into the journal
    Note(act::Note),
    /// The journal of a release
    Log(log::Arguments),
    /// Check that no event of the journal was changed, removed or reordered
    Verify(verify::Arguments),
    /// Judge a canary by its metrics beside a baseline's: pass, fail, or unknown
    Judge(Box<judge::Arguments>),
    /// Service levels: import OpenSLO documents
    Slo(slo::Arguments),
    /// Print a JSON schema: of the plan or of `status --json`
    Schema(schema::Arguments),
    /// The themes: which there are, what one looks like, and one to begin with
    Themes(themes::Arguments),
    /// Every key of the cockpit
    Keys,
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Start a task (used by the controller)
    #[command(hide = true)]
    Launch { folder: PathBuf, command: String },
    /// A part of the demo's world (used by the demo's plan)
    #[command(hide = true)]
    Sandbox(sandbox::Arguments),
}

/// How a command ended, as the exit status says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// It is so, or it was done.
    Done = 0,
    /// It is not so.
    No = 1,
    /// The request is wrong.
    Wrong = 2,
    /// It was refused.
    Refused = 3,
    /// It could not be carried out, or not be known.
    Unknown = 4,
}

/// Why a command did not do what was asked.
#[derive(Debug)]
struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    fn wrong(message: impl Into<String>) -> Self {
        Self { exit: Exit::Wrong, message: message.into() }
    }

    fn refused(message: impl Into<String>) -> Self {
        Self { exit: Exit::Refused, message: message.into() }
    }

    fn unknown(message: impl Into<String>) -> Self {
        Self { exit: Exit::Unknown, message: message.into() }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::unknown(error.to_string())
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::unknown(error.to_string())
    }
}

impl From<LogbookError> for Failure {
    fn from(error: LogbookError) -> Self {
        match error {
            LogbookError::Unknown(_) => Self::wrong(error.to_string()),
            LogbookError::Fenced => Self::refused(error.to_string()),
            _ => Self::unknown(error.to_string()),
        }
    }
}

impl From<ActError> for Failure {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Refused(refusal @ (Refusal::Unknown { .. } | Refusal::Ambiguous(_))) => Self::wrong(refusal.to_string()),
            ActError::Refused(refusal) => Self::refused(refusal.to_string()),
            ActError::Logbook(error) => error.into(),
        }
    }
}

impl From<DriveError> for Failure {
    fn from(error: DriveError) -> Self {
        Self::unknown(error.to_string())
    }
}

/// Runs the command that the arguments name.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let global = arguments.global;
    let done = match arguments.command {
        None => cockpit::run(&arguments.cockpit, &global),
        Some(Commands::Demo(arguments)) => demo::run(&arguments, &global),
        Some(Commands::Init(arguments)) => init::run(&arguments),
        Some(Commands::Check(arguments)) => check::run(&arguments),
        Some(Commands::Start(arguments)) => start::run(&arguments, &global),
        Some(Commands::Run(arguments)) => run::run(&arguments, &global),
        Some(Commands::Status(arguments)) => status::run(&arguments, &global),
        Some(Commands::Promote(arguments)) => act::promote(&arguments, &global),
        Some(Commands::Hold(arguments)) => act::hold(&arguments, &global),
        Some(Commands::Resume(arguments)) => act::resume(&arguments, &global),
        Some(Commands::Rollback(arguments)) => act::rollback(&arguments, &global),
        Some(Commands::Retry(arguments)) => act::retry(&arguments, &global),
        Some(Commands::Automatic(arguments)) => act::automatic(&arguments, &global),
        Some(Commands::Silence(arguments)) => act::silence(&arguments, &global),
        Some(Commands::Sign(arguments)) => act::sign(&arguments, &global),
        Some(Commands::Note(arguments)) => act::note(&arguments, &global),
        Some(Commands::Log(arguments)) => log::run(&arguments, &global),
        Some(Commands::Verify(arguments)) => verify::run(&arguments, &global),
        Some(Commands::Judge(arguments)) => judge::run(&arguments, &global),
        Some(Commands::Slo(arguments)) => slo::run(&arguments),
        Some(Commands::Schema(arguments)) => schema::run(&arguments),
        Some(Commands::Themes(arguments)) => themes::run(&arguments),
        Some(Commands::Keys) => keys::run(),
        Some(Commands::Completions { shell }) => completions(shell),
        Some(Commands::Launch { folder, command }) => {
            crate::controller::become_task(&folder, &command).map(|()| Exit::Done).map_err(Failure::from)
        }
        Some(Commands::Sandbox(arguments)) => sandbox::run(&arguments),
    };
    let exit = done.unwrap_or_else(|failure| {
        complain(&failure.message);
        failure.exit
    });
    ExitCode::from(exit as u8)
}

fn completions(shell: clap_complete::Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "flightdeck", &mut script);
    answer(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}

/// Writes the answer to standard output.
fn answer(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    // A reader that has gone away, as `head` does, has had enough.
    let _gone = out.write_all(text.as_bytes()).and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") });
    let _gone = out.flush();
}

/// Whether somebody can see a screen and press keys.
fn is_terminal() -> bool {
    use std::io::IsTerminal;
    std::io::stdout().is_terminal() && std::io::stdin().is_terminal()
}

/// Writes what is no answer to standard error.
fn tell(text: &str) {
    use std::io::Write;
    let _gone = writeln!(std::io::stderr().lock(), "{text}");
}

fn complain(message: &str) {
    tell(&format!("flightdeck: {message}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
