//! Parses the arguments and hands over to [`flightdeck::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    flightdeck::cli::main()
}
