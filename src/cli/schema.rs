//! `flightdeck schema`: the JSON schemas, made from the types.

use clap::ValueEnum;

use super::{Exit, Failure, answer};
use crate::{plan, release::Status};

#[derive(Debug, clap::Args)]
#[group(id = "schema-arguments")]
pub(super) struct Arguments {
    /// Of what
    #[arg(value_enum, default_value_t = Of::Plan)]
    of: Of,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Of {
    /// Of flightdeck.toml
    Plan,
    /// Of what `status --json` prints
    Status,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let schema = match arguments.of {
        Of::Plan => plan::schema(),
        Of::Status => schemars::schema_for!(Status).to_value(),
    };
    answer(&serde_json::to_string_pretty(&schema).unwrap_or_default());
    Ok(Exit::Done)
}
