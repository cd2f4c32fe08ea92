//! What the sandbox's services count about themselves, in Prometheus' exposition format.
//!
//! Everything here is counted from requests that were really served; nothing is filled in.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The upper bounds of a histogram's buckets, in seconds: fine where a loopback service answers, and around the demo's thresholds.
const BOUNDS: [f64; 28] = [
    0.0001, 0.0002, 0.0003, 0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05,
    0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 1.0, 5.0,
];

/// The content type of the exposition format.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How long things took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Histogram {
    /// One for each of [`BOUNDS`], not cumulative.
    counts: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

impl Histogram {
    /// Counts one.
    pub(crate) fn observe(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        if let Some((_, count)) = BOUNDS.iter().zip(&mut self.counts).find(|(bound, _)| seconds <= **bound) {
            *count = count.saturating_add(1);
        }
        self.count = self.count.saturating_add(1);
        self.sum += seconds;
    }

    /// Writes its buckets, sum and count; `labels` are written ones, as [`label`] makes them, joined by commas.
    pub(crate) fn write(&self, page: &mut String, name: &str, labels: &str) {
        let mut total = 0_u64;
        for (bound, count) in BOUNDS.iter().zip(&self.counts) {
            total = total.saturating_add(*count);
            let _ = writeln!(page, "{name}_bucket{{{labels},le=\"{bound}\"}} {total}");
        }
        let _ = writeln!(page, "{name}_bucket{{{labels},le=\"+Inf\"}} {}", self.count);
        let _ = writeln!(page, "{name}_sum{{{labels}}} {}", self.sum);
        let _ = writeln!(page, "{name}_count{{{labels}}} {}", self.count);
    }
}

/// Writes the two comment lines that begin a metric.
pub(crate) fn begin(page: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// A label as it is written.
pub(crate) fn label(name: &str, value: &str) -> String {
    let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{name}=\"{value}\"")
}

/// Now, in seconds since 1970, as `process_start_time_seconds` gives it.
pub(crate) fn unix_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up() {
        let mut histogram = Histogram::default();
        for millis in [0, 1, 4, 300, 9000] {
            histogram.observe(Duration::from_millis(millis));
        }
        let mut page = String::new();
        histogram.write(&mut page, "took_seconds", &label("track", "a\"b"));
        for line in [
            r#"took_seconds_bucket{track="a\"b",le="0.0005"} 1"#,
            r#"took_seconds_bucket{track="a\"b",le="0.001"} 2"#,
            r#"took_seconds_bucket{track="a\"b",le="0.005"} 3"#,
            r#"took_seconds_bucket{track="a\"b",le="0.3"} 4"#,
            r#"took_seconds_bucket{track="a\"b",le="5"} 4"#,
            r#"took_seconds_bucket{track="a\"b",le="+Inf"} 5"#,
            r#"took_seconds_count{track="a\"b"} 5"#,
        ] {
            assert!(page.lines().any(|l| l == line), "{line} is missing in\n{page}");
        }
        assert!(BOUNDS.is_sorted());
    }
}
