//! `flightdeck judge`: canary analysis on its own, from files, as a stream of cases, from what a Prometheus
//! server remembers, or as it was decided in a release.

mod batch;
mod csv;
mod decided;
mod past;
mod read;
mod report;

use std::path::PathBuf;

use super::{Exit, Failure, Global};
use crate::health::compare::{Direction, Rules, Tolerance, Verdict, kayenta};

#[derive(Debug, clap::Args)]
#[group(id = "judge-arguments")]
pub(super) struct Arguments {
    /// CSV with the columns `canary` and `baseline`, or JSON with one case, a list of them, or `metrics` with a `score`; `-` is standard input
    #[arg(value_name = "FILE", conflicts_with = "batch")]
    files: Vec<PathBuf>,
    /// Judge one case a line of JSON and write one result a line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,
    /// Judge again what was decided in a release, on the data that its journal holds; the only active one, unless named
    ///
    /// It ends with 0 if the same came out again, whatever that was; with 1 if something else did; with 4 if nothing was decided.
    #[arg(long, value_name = "RELEASE", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["files", "batch"])]
    release: Option<String>,
    #[command(flatten)]
    past: past::Arguments,
    /// By which rules
    #[arg(long, value_enum, default_value_t = Method::Flightdeck)]
    method: Method,
    /// Which change is a bad one, where a case does not say; either, unless given
    #[arg(long, value_enum)]
    direction: Option<Worse>,
    /// How much of it does no harm, as a fraction of the baseline, where a case does not say; 0.1, unless given. Kayenta's is fixed
    #[arg(long, value_name = "FRACTION", allow_negative_numbers = true, conflicts_with = "absolute")]
    tolerance: Option<f64>,
    /// The same in the metric's own unit; for events of trials a share, 0.005 is half a point
    #[arg(long, value_name = "SIZE", allow_negative_numbers = true)]
    absolute: Option<f64>,
    /// How sure the interval is with `--method kayenta`; 0.98, unless given
    #[arg(long, value_name = "LEVEL", allow_negative_numbers = true)]
    confidence: Option<f64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Method {
    /// Flightdeck's own judge
    Flightdeck,
    /// Kayenta's, with what is wrong with it
    Kayenta,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Worse {
    /// More is worse
    Increase,
    /// Less is worse
    Decrease,
    /// Any change is
    Either,
}

/// What holds for a case that does not say.
#[derive(Debug, Clone, Copy)]
struct Defaults {
    direction: Direction,
    tolerance: Tolerance,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result<Exit, Failure> {
    if let Some(release) = &arguments.release {
        return decided::run(Some(release.as_str()).filter(|release| !release.is_empty()), global, arguments.json);
    }
    let rules = rules(arguments)?;
    let defaults = defaults(arguments)?;
    if arguments.past.is_meant() {
        return past::run(&arguments.past, rules, defaults, arguments.json);
    }
    match &arguments.batch {
        Some(path) => batch::run(path, rules, defaults),
        None if arguments.files.is_empty() => Err(Failure::wrong(
            "give the files to judge, a stream of cases with --batch FILE, a plan's signal with --signal ID, or a server with --prometheus URL",
        )),
        None => report::run(&arguments.files, rules, defaults, arguments.json),
    }
}

fn rules(arguments: &Arguments) -> Result<Rules, Failure> {
    let confidence = arguments.confidence.unwrap_or(kayenta::CONFIDENCE);
    match arguments.method {
        Method::Flightdeck if arguments.confidence.is_some() => {
            Err(Failure::wrong("--confidence goes with --method kayenta; Flightdeck's own is fixed"))
        }
        Method::Flightdeck => Ok(Rules::Flightdeck),
        Method::Kayenta if arguments.absolute.is_some() || arguments.tolerance.is_some() => {
            Err(Failure::wrong("Kayenta's tolerance is fixed at a quarter of the shift; leave out --tolerance and --absolute"))
        }
        Method::Kayenta if confidence > 0.0 && confidence < 1.0 => Ok(Rules::Kayenta { confidence }),
        Method::Kayenta => {
            Err(Failure::wrong(format!("a confidence of {confidence} cannot be; give one between 0 and 1, as 0.98")))
        }
    }
}

fn defaults(arguments: &Arguments) -> Result<Defaults, Failure> {
    let (flag, size) = match (arguments.tolerance, arguments.absolute) {
        (_, Some(size)) => ("--absolute", size),
        (size, None) => ("--tolerance", size.unwrap_or(0.1)),
    };
    if !size.is_finite() || size < 0.0 {
        return Err(Failure::wrong(format!("{flag} {size} is no size; give 0 or more, as 0.1")));
    }
    let tolerance = if arguments.absolute.is_some() { Tolerance::Absolute(size) } else { Tolerance::Relative(size) };
    let direction = match arguments.direction {
        Some(Worse::Increase) => Direction::Increase,
        Some(Worse::Decrease) => Direction::Decrease,
        Some(Worse::Either) | None => Direction::Either,
    };
    Ok(Defaults { direction, tolerance })
}

/// The exit status for all verdicts together: a failure outweighs what is unknown, and both a pass.
fn exit(verdicts: impl Iterator<Item = Verdict>) -> Exit {
    verdicts.fold(Exit::Done, |exit, verdict| match (exit, verdict) {
        (Exit::No, _) | (_, Verdict::Fail) => Exit::No,
        (_, Verdict::Unknown) => Exit::Unknown,
        (exit, Verdict::Pass) => exit,
    })
}
