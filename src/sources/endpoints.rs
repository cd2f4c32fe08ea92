//! Several endpoints of one signal: asked at the same time, measured as one, and shown apart.

use std::{collections::HashMap, time::Duration};

use futures::future::join_all;
use jiff::Timestamp;
use reqwest::Url;

use super::http;
use crate::{
    health::{Count, Unknown},
    text,
};

/// A number and when it was taken at the source, where the source says; or why there is none.
pub type Measured = Result<(Option<Timestamp>, f64), Unknown>;

/// What one sampling of a signal's endpoints brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// Of all endpoints as one. Where one of them is not known, neither is this.
    pub whole: Measured,
    /// For a ratio: how many events there were since the last count, and of how many.
    pub count: Option<Count>,
    /// Each endpoint's own by its name, in the plan's order; none where there is only one endpoint.
    pub parts: Vec<(String, Measured)>,
}

impl From<Measured> for Taken {
    fn from(whole: Measured) -> Self {
        Self { whole, count: None, parts: Vec::new() }
    }
}

/// What the endpoints are called on screen: host and port; the path too where that is not enough to tell them apart.
pub(super) fn names(urls: &[String]) -> Vec<String> {
    let places: Vec<String> = urls.iter().map(|url| place(url)).collect();
    let shared = |place: &String| places.iter().filter(|other| *other == place).count() > 1;
    let mut used: HashMap<String, usize> = HashMap::new();
    let name = |(url, place): (&String, &String)| {
        let name = if shared(place) {
            let shown = http::redact(url);
            shown.split_once("://").map_or(shown.as_str(), |(_, rest)| rest).to_owned()
        } else {
            place.clone()
        };
        let times = used.entry(name.clone()).or_default();
        *times = times.saturating_add(1);
        if *times > 1 { format!("{name} ({times})") } else { name }
    };
    urls.iter().zip(&places).map(name).collect()
}

/// Host and port of an address.
fn place(url: &str) -> String {
    let place = Url::parse(url).ok().and_then(|url| {
        let host = url.host_str()?;
        Some(url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    });
    place.map_or_else(|| "an invalid URL".to_owned(), |place| text::line(&place, super::ERROR_LENGTH))
}

/// Asks all endpoints at the same time. Where there are several, one that takes too long is late a little before the
/// sampling's time limit, which would hide what the others said.
pub(super) async fn ask<T>(
    asked: Vec<impl Future<Output = Result<T, Unknown>>>,
    limit: Duration,
    late: impl Fn() -> Result<T, Unknown>,
) -> Vec<Result<T, Unknown>> {
    let limit = if asked.len() > 1 { limit.saturating_sub(limit / 20) } else { Duration::MAX };
    let each = asked.into_iter().map(|one| async { tokio::time::timeout(limit, one).await.unwrap_or_else(|_| late()) });
    join_all(each).await
}

/// Why nothing is known of all endpoints together, if one of them failed: its own reason where it is the only one, else how
/// many, which and why.
pub(super) fn failure<'a>(names: &[String], failures: impl Iterator<Item = Option<&'a Unknown>>) -> Option<Unknown> {
    let failed: Vec<(&String, &Unknown)> = names.iter().zip(failures).filter_map(|(name, why)| Some((name, why?))).collect();
    let (_, first) = failed.first()?;
    if failed.len() == names.len() && failed.iter().all(|(_, why)| why == first) {
        return Some((*first).clone());
    }
    // One that cannot be asked is worse news than one that has nothing to say.
    let errors: Vec<&(&String, &Unknown)> = failed.iter().filter(|(_, why)| !matches!(why, Unknown::NoData)).collect();
    let of = names.len();
    let line = if errors.is_empty() {
        let verb = if failed.len() == 1 { "has" } else { "have" };
        let which: Vec<&str> = failed.iter().map(|(name, _)| name.as_str()).collect();
        format!("{} of {of} endpoints {verb} no data: {}", failed.len(), which.join(", "))
    } else {
        let verb = if errors.len() == 1 { "fails" } else { "fail" };
        let which = errors.iter().map(|(name, why)| {
            let why = why.to_string();
            if why.contains(name.as_str()) { why } else { format!("{name}: {why}") }
        });
        format!("{} of {of} endpoints {verb}: {}", errors.len(), which.collect::<Vec<_>>().join("; "))
    };
    Some(Unknown::Error(text::line(&line, super::ERROR_LENGTH)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_endpoints_apart() {
        let urls = |urls: &[&str]| urls.iter().map(|url| (*url).to_owned()).collect::<Vec<_>>();
        for (given, expected) in [
            (
                &["http://10.0.0.1:9100/metrics", "http://shop-2/metrics", "https://[::1]/"] as &[_],
                vec!["10.0.0.1:9100", "shop-2:80", "[::1]:443"],
            ),
            (&["http://me:hunter2@a/x?hunter2", "http://a/y", "http://b/x"], vec!["a/x", "a/y", "b:80"]),
            (&["http://a/x?1", "http://a/x?2", "hunter2"], vec!["a/x", "a/x (2)", "an invalid URL"]),
        ] {
            assert_eq!(names(&urls(given)), expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn all_are_asked_at_the_same_time() {
        // None answers before all are asked.
        let all = tokio::sync::Barrier::new(3);
        let one = async |number| {
            all.wait().await;
            Ok(number)
        };
        let late = || Err(Unknown::NoData);
        let limit = Duration::from_secs(10);
        assert_eq!(ask(vec![one(1), one(2), one(3)], limit, late).await, [Ok(1), Ok(2), Ok(3)]);
        // Each has its own limit, a little below that of them all.
        let begun = tokio::time::Instant::now();
        let slow = async |seconds| {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok(seconds)
        };
        assert_eq!(ask(vec![slow(9), slow(60)], limit, late).await, [Ok(9), Err(Unknown::NoData)]);
        assert_eq!(begun.elapsed(), Duration::from_millis(9500));
    }

    #[test]
    fn failures_in_words() {
        let names: Vec<String> = ["a:1", "b:2", "c:3"].map(String::from).to_vec();
        let error = |why: &str| Some(Unknown::Error(why.to_owned()));
        for (failures, expected) in [
            ([None, None, None], None),
            (
                [None, error("cannot connect to b:2: Connection refused"), None],
                error("1 of 3 endpoints fails: cannot connect to b:2: Connection refused"),
            ),
            (
                [error("HTTP status 503"), None, error("cannot connect to c:3: no")],
                error("2 of 3 endpoints fail: a:1: HTTP status 503; cannot connect to c:3: no"),
            ),
            ([None, Some(Unknown::NoData), None], error("1 of 3 endpoints has no data: b:2")),
            ([Some(Unknown::NoData), Some(Unknown::NoData), None], error("2 of 3 endpoints have no data: a:1, b:2")),
            ([Some(Unknown::NoData), error("late"), None], error("1 of 3 endpoints fails: b:2: late")),
            ([Some(Unknown::NoData), Some(Unknown::NoData), Some(Unknown::NoData)], Some(Unknown::NoData)),
        ] {
            assert_eq!(failure(&names, failures.iter().map(Option::as_ref)), expected);
        }
        let alone = vec!["a:1".to_owned()];
        assert_eq!(failure(&alone, [error("HTTP status 503").as_ref()].into_iter()), error("HTTP status 503"));
    }
}
