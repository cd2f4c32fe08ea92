//! Cases as a stream: a line of JSON in, a line of JSON out, in the same order.
//!
//! A line that is no case gets a result as well, `unknown` with the error as its `why`, and the rest goes on. The exit status
//! is 2 if there was one, else 1 if a case failed, else 4 if one is unknown, else 0.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    path::Path,
};

use serde_json::{Value, json};

use super::{
    Defaults, Exit, Failure, exit,
    read::{Written, with_gaps},
};
use crate::{
    cli::tell,
    health::compare::{Rules, Ruling, Verdict, rule},
    text,
};

/// A longer line is no case; it is passed over without being kept.
const LONGEST_LINE: u64 = 16 << 20;

pub(super) fn run(path: &Path, rules: Rules, defaults: Defaults) -> Result<Exit, Failure> {
    let stream = path.as_os_str() == "-";
    let output = BufWriter::new(io::stdout().lock());
    let judged = if stream {
        judge(io::stdin().lock(), output, rules, defaults, stream)
    } else {
        let file = File::open(path).map_err(|error| Failure::wrong(format!("{}: {error}", shown(path))))?;
        judge(BufReader::new(file), output, rules, defaults, stream)
    };
    match judged {
        // A reader that has gone away, as `head` does, has had enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Unknown),
        Err(error) => Err(Failure::unknown(format!("{}: {error}", shown(path)))),
        Ok(Summary { lines: 0, .. }) => Err(Failure::wrong(format!("{}: there is no case in it", shown(path)))),
        Ok(Summary { bad: 0, exit, .. }) => Ok(exit),
        Ok(Summary { bad, lines, .. }) => {
            tell(&format!("flightdeck: {bad} of {lines} lines are no case; their results say why"));
            Ok(Exit::Wrong)
        }
    }
}

fn shown(path: &Path) -> String {
    text::safe(&path.display().to_string()).into_owned()
}

/// What came of all lines.
#[derive(Debug, PartialEq, Eq)]
struct Summary {
    lines: u64,
    bad: u64,
    exit: Exit,
}

fn judge(
    mut input: impl BufRead,
    mut output: impl Write,
    rules: Rules,
    defaults: Defaults,
    at_once: bool,
) -> io::Result<Summary> {
    let mut summary = Summary { lines: 0, bad: 0, exit: Exit::Done };
    let (mut line, mut number) = (Vec::new(), 0_u64);
    loop {
        line.clear();
        if input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        number += 1;
        let whole = line.ends_with(b"\n") || (line.len() as u64) < LONGEST_LINE;
        if whole && line.trim_ascii().is_empty() {
            continue;
        }
        let result = if whole {
            result(&line, number, rules, defaults)
        } else {
            input.skip_until(b'\n')?;
            Err((Value::Null, format!("it is longer than {LONGEST_LINE} bytes")))
        };
        summary.lines += 1;
        let verdict = match result {
            Ok((name, ruling)) => {
                let verdict = ruling.verdict;
                let mut value = serde_json::to_value(ruling)?;
                if let (Some(slot), false) = (value.get_mut("name"), name.is_null()) {
                    // As it was given, and not as it is shown.
                    *slot = name;
                }
                writeln!(output, "{value}")?;
                verdict
            }
            Err((name, error)) => {
                summary.bad += 1;
                let why = format!("line {number}: {error}");
                let value = json!({"name": name, "verdict": Verdict::Unknown, "estimate": null, "interval": null, "ratio": null, "why": why});
                writeln!(output, "{value}")?;
                Verdict::Unknown
            }
        };
        let so_far = match summary.exit {
            Exit::Done => Verdict::Pass,
            Exit::No => Verdict::Fail,
            Exit::Wrong | Exit::Refused | Exit::Unknown => Verdict::Unknown,
        };
        summary.exit = exit([so_far, verdict].into_iter());
        if at_once {
            // Whoever asks through a pipe may wait for the answer before asking on.
            output.flush()?;
        }
    }
    output.flush()?;
    Ok(summary)
}

/// What a line comes to, or what is wrong with it; either with the name as it was given.
fn result(line: &[u8], number: u64, rules: Rules, defaults: Defaults) -> Result<(Value, Ruling), (Value, String)> {
    let nameless = |error: String| (Value::Null, error);
    let line = std::str::from_utf8(line.trim_ascii()).map_err(|error| nameless(format!("it is no text: {error}")))?;
    let line = with_gaps(line).map_err(nameless)?;
    let mut value: Value = serde_json::from_str(&line).map_err(|error| nameless(in_line(&error)))?;
    let name = value.get_mut("name").map(Value::take).unwrap_or_default();
    if let Some(slot) = value.get_mut("name") {
        *slot = name.clone();
    }
    let named = |error: String| (name.clone(), error);
    let written = Written::of(value).map_err(named)?;
    let asked = written.asked(&format!("line {number}"), defaults).map_err(named)?;
    let ruling = rule(&asked.case, rules).map_err(|error| named(error.to_string()))?;
    Ok((name, ruling))
}

/// What the parser says, whose lines all are the first.
fn in_line(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}
