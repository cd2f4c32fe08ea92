//! Cases as CSV has them: a header with the columns `canary` and `baseline`, or `canary_events`, `canary_trials`,
//! `baseline_events` and `baseline_trials`; a row a sample, oldest first. Other columns, as `time`, are for the reader.

use super::{Defaults, read::Asked};
use crate::{
    health::compare::{Case, Count, Data},
    text,
};

/// The case of a file.
pub(super) fn case(csv: &str, name: &str, defaults: Defaults) -> Result<Asked, String> {
    let csv = csv.strip_prefix('\u{feff}').unwrap_or(csv);
    let mut lines = csv.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let (_, header) = lines.next().ok_or("it is empty; the first line names the columns")?;
    let header = fields(header);
    let column = |name: &str| header.iter().position(|field| field.eq_ignore_ascii_case(name));
    let rows: Vec<(usize, Vec<String>)> = lines.map(|(at, line)| (at + 1, fields(line))).collect();
    let level = |line: usize, row: &[String], column: usize| {
        not_too_long(row, header.len(), line)?;
        number(row, column, line)
    };
    let levels = |column: usize| rows.iter().map(|(line, row)| level(*line, row, column)).collect::<Result<Vec<_>, _>>();
    let counts = |events: usize, trials: usize| {
        let counts = levels(events)?.into_iter().zip(levels(trials)?);
        // Half a count is none.
        let count = |(events, trials): (f64, f64)| {
            if events.is_nan() || trials.is_nan() {
                Count { events: f64::NAN, trials: f64::NAN }
            } else {
                Count { events, trials }
            }
        };
        Ok::<_, String>(Data::Counts(counts.map(count).collect()))
    };
    let all = |names: [&str; 4]| -> Option<[usize; 4]> {
        let [a, b, c, d] = names.map(column);
        Some([a?, b?, c?, d?])
    };
    let (canary, baseline) = if let Some([ce, ct, be, bt]) =
        all(["canary_events", "canary_trials", "baseline_events", "baseline_trials"])
    {
        (counts(ce, ct)?, counts(be, bt)?)
    } else if let (Some(canary), Some(baseline)) = (column("canary"), column("baseline")) {
        (Data::Levels(levels(canary)?), Data::Levels(levels(baseline)?))
    } else {
        let found = text::line(&header.join(", "), 80);
        return Err(format!(
            "line 1: the columns are {found}; needed are canary and baseline, or canary_events, canary_trials, baseline_events and baseline_trials"
        ));
    };
    let case = Case { name: name.to_owned(), canary, baseline, direction: defaults.direction, tolerance: defaults.tolerance };
    Ok(Asked { case, group: name.to_owned(), critical: false })
}

/// A row that is longer than the header has commas in its numbers, and a column would get a part of its neighbour's.
fn not_too_long(row: &[String], columns: usize, line: usize) -> Result<(), String> {
    let fields = row.len();
    if fields > columns {
        return Err(format!("line {line} has {fields} fields, and there are {columns} columns; write decimals with a point"));
    }
    Ok(())
}

/// What stands in a row; nothing, NaN and null are a gap, and so is what a short row does not have.
fn number(row: &[String], column: usize, line: usize) -> Result<f64, String> {
    let field = row.get(column).map_or("", String::as_str);
    if ["", "nan", "null"].iter().any(|gap| field.eq_ignore_ascii_case(gap)) {
        return Ok(f64::NAN);
    }
    let wrong = |what| format!("line {line}, column {}: `{}` is no {what}; leave a gap empty", column + 1, text::line(field, 40));
    let number: f64 = field.parse().map_err(|_| wrong("number"))?;
    if number.is_infinite() { Err(wrong("measurement")) } else { Ok(number) }
}

/// The fields of a line; in quotes a comma is text, and two quotes are one.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                field.push('"');
                letters.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field).trim().to_owned()),
            letter => field.push(letter),
        }
    }
    fields.push(field.trim().to_owned());
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::compare::{Direction, Tolerance};

    fn read(csv: &str) -> Result<Case, String> {
        case(csv, "m", Defaults { direction: Direction::Either, tolerance: Tolerance::default() }).map(|asked| asked.case)
    }

    #[test]
    fn columns_are_found_by_name_and_gaps_kept_in_place() {
        let case = read("\u{feff}time,\"Canary\",baseline\r\n\"1, 2\",3,4\r\n\n2,,NaN\n3,5\n").unwrap();
        let (Data::Levels(canary), Data::Levels(baseline)) = (case.canary, case.baseline) else { panic!("levels") };
        assert!(canary[0] == 3.0 && canary[1].is_nan() && canary[2] == 5.0);
        assert!(baseline[0] == 4.0 && baseline[1].is_nan() && baseline[2].is_nan());
    }

    #[test]
    fn counts_have_four_columns() {
        let case = read("canary_events,canary_trials,baseline_events,baseline_trials\n1,9,0,8\n").unwrap();
        assert_eq!(case.canary, Data::Counts(vec![Count { events: 1.0, trials: 9.0 }]));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let cases = [
            ("", "empty"),
            ("a,b\n1,2", "canary and baseline"),
            ("canary,baseline\n1,2\n3,x\n", "line 3, column 2"),
            ("canary,baseline\n1,2\n1e999,2\n", "line 3, column 1: `1e999` is no measurement; leave a gap empty"),
            ("canary;baseline\n10,5;10,1\n", "canary and baseline"),
            ("canary,baseline\n\n10,5,10,1\n", "line 3 has 4 fields, and there are 2 columns; write decimals with a point"),
        ];
        for (csv, said) in cases {
            let error = read(csv).unwrap_err();
            assert!(error.contains(said), "{csv}: {error}");
        }
    }
}
