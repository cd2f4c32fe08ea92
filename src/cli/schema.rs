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

#[cfg(test)]
mod tests {
    use super::*;

    /// `UPDATE_SCHEMA=1 cargo test --lib schema` writes it anew.
    #[test]
    fn the_file_is_what_status_prints() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/status.schema.json");
        let schema = serde_json::to_string_pretty(&schemars::schema_for!(Status)).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, &schema).unwrap();
        }
        assert!(
            std::fs::read_to_string(&path).is_ok_and(|kept| kept == schema),
            "assets/status.schema.json is not what the types say"
        );
    }
}
