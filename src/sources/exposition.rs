//! Pages of metrics: Prometheus' text format (0.0.4) and OpenMetrics (1.0), as their specifications have them.
//!
//! A page comes from a service that may be broken or hostile, so everything is bounded, and a line that is wrong is an
//! error that names the line; none is skipped, since a number that is missing without a word looks like health. For the same
//! reason a page that was cut off is an error: text must end with its line, and OpenMetrics with `# EOF`.
//!
//! Beyond the specifications only what cannot be misunderstood is let through: blanks, empty lines, comments.

mod sample;

use std::{borrow::Cow, collections::HashMap};

use jiff::Timestamp;

/// How long a page may be.
pub const PAGE: usize = 8 * 1024 * 1024;
/// How many samples a page may have.
pub const SAMPLES: usize = 200_000;
/// How long a line may be.
pub const LINE: usize = 64 * 1024;
/// How many labels a sample may have.
pub const LABELS: usize = 128;
/// What is asked for: OpenMetrics if there is a choice, since only there one sees whether a page is whole.
pub(super) const ACCEPT: &str = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/// In which of the formats a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Prometheus' text format, 0.0.4.
    #[default]
    Text,
    /// OpenMetrics, 1.0.
    OpenMetrics,
}

/// An answer that says of itself that it is no page of metrics.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// As a login's.
    #[error("the answer is a web page, not metrics")]
    Html,
    /// Prometheus' binary format, which was not asked for.
    #[error("the answer is in Prometheus' binary format, which is not understood")]
    Binary,
    /// A version with other rules.
    #[error("the answer is in a version of OpenMetrics that is not understood; 1.0 is")]
    Version,
}

impl Format {
    /// The one that the header `Content-Type` tells of; text where it tells of no other, as a server of plain files does.
    ///
    /// # Errors
    /// Where it tells of something that is neither.
    pub fn of(content_type: Option<&str>) -> Result<Self, FormatError> {
        let mut parts = content_type.unwrap_or_default().split(';').map(str::trim);
        match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "application/openmetrics-text" => {
                let version = parts.find_map(|part| part.strip_prefix("version="));
                match version.map(|version| version.trim_matches('"')) {
                    None | Some("0.0.1" | "1.0.0" | "1.0") => Ok(Self::OpenMetrics),
                    Some(_) => Err(FormatError::Version),
                }
            }
            "text/html" | "application/xhtml+xml" => Err(FormatError::Html),
            "application/vnd.google.protobuf" => Err(FormatError::Binary),
            _ => Ok(Self::Text),
        }
    }
}

/// What a page holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page<'a> {
    /// In which format it is.
    pub format: Format,
    /// Its samples, in its order.
    pub samples: Vec<Sample<'a>>,
    /// What it says its metrics are, by name.
    kinds: HashMap<Cow<'a, str>, Kind>,
}

impl Page<'_> {
    /// What the page says a metric is, by the name that it says it of: in text that of its samples, in OpenMetrics that of a
    /// counter without `_total`. A page that says two things of it says nothing.
    #[must_use]
    pub fn kind(&self, name: &str) -> Kind {
        self.kinds.get(name).copied().unwrap_or_default()
    }
}

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Not known.
    #[default]
    Unknown,
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Counts by buckets.
    Histogram,
    /// Buckets of what is there now, and not of what has been.
    GaugeHistogram,
    /// Quantiles that the service computes.
    Summary,
    /// Labels that say something.
    Info,
    /// Which states something is in.
    StateSet,
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "unknown" | "untyped" => Self::Unknown,
            "counter" => Self::Counter,
            "gauge" => Self::Gauge,
            "histogram" => Self::Histogram,
            "gaugehistogram" => Self::GaugeHistogram,
            "summary" => Self::Summary,
            "info" => Self::Info,
            "stateset" => Self::StateSet,
            _ => return None,
        })
    }
}

/// One series' value on the page.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its labels, by name; no name is there twice.
    pub labels: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Its value; NaN and the infinities are possible.
    pub value: f64,
    /// When it was taken, where the page says so.
    pub at: Option<Timestamp>,
}

impl Sample<'_> {
    /// The value of a label.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| &**value)
    }

    /// The same, to be kept.
    #[must_use]
    pub fn to_point(&self) -> Point {
        let labels = self.labels.iter().map(|(label, value)| (label.to_string(), value.to_string()));
        Point { name: self.name.to_string(), labels: labels.collect(), value: self.value, at: self.at }
    }
}

/// A sample that outlives its page.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The series' name.
    pub name: String,
    /// Its labels.
    pub labels: Vec<(String, String)>,
    /// Its value; NaN and the infinities are possible.
    pub value: f64,
    /// When it was taken, where the source says so.
    pub at: Option<Timestamp>,
}

/// What is wrong with a page, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the page: {what}")]
pub struct ExpositionError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

/// Reads a page of bytes; see [`parse`].
///
/// # Errors
/// Where it is not UTF-8, not in the format, cut off, or too large.
pub fn parse_bytes(page: &[u8], format: Format) -> Result<Page<'_>, ExpositionError> {
    let text = std::str::from_utf8(page).map_err(|error| {
        let before = page.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1);
        ExpositionError { line, what: "not UTF-8" }
    })?;
    parse(text, format)
}

/// Reads a page.
///
/// # Errors
/// Where it is not in the format, cut off, or too large.
pub fn parse(text: &str, format: Format) -> Result<Page<'_>, ExpositionError> {
    if text.len() > PAGE {
        return Err(ExpositionError { line: 1, what: "the page is longer than 8 MiB" });
    }
    let mut page = Page { format, ..Page::default() };
    let mut ended = false;
    let mut last = 1;
    let mut lines = (1..).zip(text.split('\n')).peekable();
    while let Some((line, text)) = lines.next() {
        let wrong = |what| ExpositionError { line, what };
        last = line;
        let is_whole = lines.peek().is_some();
        if text.len() > LINE {
            return Err(wrong("longer than 64 KiB"));
        }
        let text = text.strip_suffix('\r').unwrap_or(text);
        if blank(text).is_empty() {
            continue;
        }
        if ended {
            return Err(wrong("there is something behind `# EOF`"));
        }
        if blank(text).starts_with('<') {
            return Err(wrong("it is a web page, not metrics"));
        }
        if !is_whole && (format == Format::Text || text != END) {
            return Err(wrong("the page was cut off: it ends within a line"));
        }
        if format == Format::OpenMetrics && text == END {
            ended = true;
        } else if let Some(comment) = blank(text).strip_prefix('#') {
            if let Some((name, kind)) = sample::kind(comment).map_err(wrong)? {
                page.add_kind(name, kind).map_err(wrong)?;
            }
        } else {
            if page.samples.len() >= SAMPLES {
                return Err(wrong("more than 200000 samples"));
            }
            page.samples.push(sample::sample(text, format).map_err(wrong)?);
        }
    }
    match format {
        Format::OpenMetrics if !ended => {
            Err(ExpositionError { line: last, what: "the page was cut off: it does not end with `# EOF`" })
        }
        Format::OpenMetrics | Format::Text => Ok(page),
    }
}

/// How a page of OpenMetrics ends.
const END: &str = "# EOF";

impl<'a> Page<'a> {
    fn add_kind(&mut self, name: Cow<'a, str>, kind: Kind) -> Result<(), &'static str> {
        if self.kinds.len() >= SAMPLES {
            return Err("more than 200000 types");
        }
        let said = *self.kinds.entry(name.clone()).or_insert(kind);
        if said != kind {
            self.kinds.insert(name, Kind::Unknown);
        }
        Ok(())
    }
}

/// The text behind its leading blanks.
fn blank(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

#[cfg(test)]
mod tests;
