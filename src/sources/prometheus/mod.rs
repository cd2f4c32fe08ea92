//! Prometheus' HTTP API, and what differs at those that speak it too: Thanos, Mimir, VictoriaMetrics.
//!
//! This file asks: instant queries, range queries, comparisons. Beside it are what an answer is (`answer`), many queries
//! in one (`batch`), the signals of one server (`group`), counters (`counters`), and how old a number is (`selectors`).

mod answer;
mod batch;
mod counters;
mod group;
mod selectors;

use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use tokio::time::Instant;

pub use answer::{Answer, Data, Element, Labels, Point, Row, decode};
pub(super) use group::Group;

use super::{
    ApiError, Context,
    api::{Api, Asked, Body},
};
use crate::plan::Server;

/// How long an answer may be, in MiB, and one that tells of the past.
const ANSWER: usize = 4;
const PAST: usize = 16;
/// One longer than this, in bytes, is read beside the thread that everything else runs on, so that the screen stays fluid.
const LONG: usize = 64 * 1024;

/// Why a query has no answer. None of them holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The server cannot be asked.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The server refused the query or failed at it, in its words.
    #[error("{kind}: {message}")]
    Refused {
        /// The API's `errorType`.
        kind: String,
        /// The API's `error`.
        message: String,
    },
    /// The server cannot reach its own storage, in its words.
    #[error("the server cannot reach its own storage: {0}")]
    Storage(String),
    /// Some of the server's own sources did not answer, so what it tells is not all.
    #[error("the answer is partial: not all of the server's own sources answered")]
    Partial,
    /// Not the API's JSON.
    #[error("the answer is not Prometheus': {0}")]
    Malformed(String),
    /// Several numbers where one is needed.
    #[error("the query yields {0} series; aggregate them to one, as in sum(…) or max(…)")]
    Several(usize),
    /// A native histogram where a number is needed.
    #[error("the query yields a histogram, not a number; write histogram_quantile(0.95, …) or histogram_avg(…) of it")]
    Histogram,
    /// Something else than numbers.
    #[error("the query yields a {0}, not a number")]
    Kind(String),
}

impl QueryError {
    /// Whether it is this query that is wrong, or too much, while others may be answered.
    #[must_use]
    pub fn is_about_the_query(&self) -> bool {
        match self {
            Self::Refused { kind, .. } => {
                // VictoriaMetrics' kinds are statuses.
                let is_status = matches!(kind.as_str(), "404" | "429") || (kind.len() == 3 && kind.starts_with('5'));
                let is_word = matches!(kind.as_str(), "internal" | "unavailable" | "too_many_requests" | "not_found");
                !self.is_late() && !is_status && !is_word
            }
            Self::Api(ApiError::Status(status, _)) => matches!(status.as_u16(), 400 | 413 | 414 | 422),
            Self::Api(ApiError::TooLarge(_)) | Self::Several(_) | Self::Histogram | Self::Kind(_) => true,
            Self::Api(_) | Self::Storage(_) | Self::Partial | Self::Malformed(_) => false,
        }
    }

    /// Whether the time was up, at the server or here.
    fn is_late(&self) -> bool {
        match self {
            Self::Refused { kind, .. } => matches!(kind.as_str(), "timeout" | "canceled"),
            Self::Api(error) => matches!(error, ApiError::Late(_)),
            _ => false,
        }
    }
}

impl Answer {
    /// The only number, if there is any.
    ///
    /// # Errors
    /// Where there are several, or what there is is no number.
    pub fn one(&self) -> Result<Option<Point>, QueryError> {
        match &self.data {
            Data::Scalar(point) => Ok(Some(*point)),
            Data::Vector(elements) => only(elements),
            Data::Matrix(_) => Err(QueryError::Kind("matrix".to_owned())),
            Data::Other(kind) => Err(QueryError::Kind(kind.clone())),
        }
    }

    /// The series that there are; a scalar is one without labels.
    ///
    /// # Errors
    /// Where there are none because it is something else.
    pub fn series(self) -> Result<Vec<Element>, QueryError> {
        match self.data {
            Data::Scalar(point) => Ok(vec![Element { labels: Vec::new(), point: Some(point) }]),
            Data::Vector(elements) => Ok(elements),
            Data::Matrix(_) => Err(QueryError::Kind("matrix".to_owned())),
            Data::Other(kind) => Err(QueryError::Kind(kind)),
        }
    }
}

/// The only series' number, if there is any.
fn only(elements: &[Element]) -> Result<Option<Point>, QueryError> {
    match elements {
        [] => Ok(None),
        [element] => element.point.map(Some).ok_or(QueryError::Histogram),
        elements => Err(QueryError::Several(elements.len())),
    }
}

/// A Prometheus server that can be asked.
pub struct Client {
    api: Api,
}

impl Client {
    /// For a server of the plan. Nothing is read or asked yet.
    #[must_use]
    pub fn new(server: &Server, context: &Context) -> Self {
        Self { api: Api::new(server, &context.folder, &context.env) }
    }

    /// Asks a query for a time, or for the server's now. Each number has the time of the evaluation, also that of a series
    /// whose newest sample is five minutes old; see [`number`](Self::number).
    ///
    /// # Errors
    /// Where there is no answer within the limit.
    pub async fn instant(&self, query: &str, at: Option<Timestamp>, limit: Duration) -> Result<Answer, QueryError> {
        let mut form = vec![("query", query.to_owned())];
        form.extend(at.map(|at| ("time", seconds(at))));
        self.ask("query", form, ANSWER, limit).await
    }

    /// The one number that a query yields, if it yields any, and when it was taken: the time of the oldest of what it is
    /// made of, where that can be found out (see `selectors`), else that of the evaluation.
    ///
    /// # Errors
    /// Where there is no answer, or not of one number.
    pub async fn number(&self, query: &str, limit: Duration) -> Result<Option<Point>, QueryError> {
        let mut batch = batch::Batch::default();
        let value = batch.add(query.to_owned());
        let times: Vec<usize> = batch.add_times(query);
        let answers = batch.ask(self, limit).await;
        let found = answers.number(value)?;
        let oldest = answers.oldest(&times)?;
        Ok(found.map(|point| Point { at: oldest.map_or(point.at, |at| at.min(point.at)), value: point.value }))
    }

    /// Asks a query for a stretch of the past: a number for each series and `step`, none where there was none.
    ///
    /// # Errors
    /// Where there is no answer within the limit.
    pub async fn range(
        &self,
        query: &str,
        (from, to): (Timestamp, Timestamp),
        step: Duration,
        limit: Duration,
    ) -> Result<Vec<Row>, QueryError> {
        let form =
            vec![("query", query.to_owned()), ("start", seconds(from)), ("end", seconds(to)), ("step", milliseconds(step))];
        match self.ask("query_range", form, PAST, limit).await?.data {
            Data::Matrix(rows) => Ok(rows),
            Data::Scalar(_) => Err(QueryError::Kind("scalar".to_owned())),
            Data::Vector(_) => Err(QueryError::Kind("vector".to_owned())),
            Data::Other(kind) => Err(QueryError::Kind(kind)),
        }
    }

    /// The last step of a stretch of the past that the server evaluates for that time: VictoriaMetrics repeats what it found
    /// for half a minute ago in place of anything newer, where [`range`](Self::range) asks for steps shorter than a minute. None
    /// where there is no such step.
    ///
    /// # Errors
    /// Where there is no answer within the limit.
    async fn evaluated_until(
        &self,
        (from, to): (Timestamp, Timestamp),
        step: Duration,
        limit: Duration,
    ) -> Result<Option<Timestamp>, QueryError> {
        let rows = self.range("time()", (from, to), step, limit).await?;
        let is_own = |point: &&Point| answer::timestamp(point.value).is_ok_and(|evaluated| evaluated == point.at);
        Ok(rows.iter().flat_map(|row| &row.points).take_while(is_own).last().map(|point| point.at))
    }

    /// Whether a comparison holds: whether it yields anything. A scalar must not be zero, nor may a number of a
    /// comparison with `bool`, which yields 0 instead of nothing.
    ///
    /// # Errors
    /// Where there is no answer, or none of numbers.
    pub async fn holds(&self, query: &str, limit: Duration) -> Result<bool, QueryError> {
        let answer = self.instant(query, None, limit).await?;
        let numbers_count = matches!(answer.data, Data::Scalar(_)) || compares_to_bool(query);
        let elements = answer.series()?;
        let points: Vec<Point> =
            elements.iter().map(|element| element.point.ok_or(QueryError::Histogram)).collect::<Result<_, _>>()?;
        Ok(!points.is_empty() && (!numbers_count || points.iter().all(|point| point.value != 0.0 && !point.value.is_nan())))
    }

    async fn ask(
        &self,
        endpoint: &str,
        mut form: Vec<(&'static str, String)>,
        most: usize,
        limit: Duration,
    ) -> Result<Answer, QueryError> {
        // A server gives up a query that nobody waits for any more.
        form.push(("timeout", milliseconds(limit)));
        // Thanos and VictoriaMetrics would rather answer with what they have; half of the traffic is no measure of health.
        form.push(("partial_response", "false".to_owned()));
        form.push(("deny_partial_response", "1".to_owned()));
        // VictoriaMetrics would rather answer for half a minute ago, which everything that is sampled more often is stale by;
        // older ones know only the first word of these, for an instant.
        form.push(("nocache", "1".to_owned()));
        form.push(("latency_offset", "1ms".to_owned()));
        let asked = Asked {
            method: Method::POST,
            path: &["api", "v1", endpoint],
            query: &[],
            body: Body::Form(form),
            repeatable: true,
            most,
        };
        let reply = self.api.ask(&asked, limit).await?;
        let failure = reply.failure();
        let body = reply.body;
        let decoded = if body.len() < LONG {
            decode(&body)
        } else {
            let decoding = tokio::task::spawn_blocking(move || decode(&body));
            decoding.await.unwrap_or_else(|_| Err(QueryError::Malformed("it could not be read".to_owned())))
        };
        match (decoded, failure) {
            // Whoever is not let in has asked nothing wrong.
            (Err(QueryError::Refused { message, .. }), Some(ApiError::NotLetIn(status))) => {
                Err(ApiError::NotLetIn(format!("{status}: {message}")).into())
            }
            // The API's own words say more than the status.
            (Err(refused @ (QueryError::Refused { .. } | QueryError::Storage(_))), _) => Err(refused),
            (_, Some(failure)) => Err(failure.into()),
            (decoded, None) => decoded,
        }
    }
}

/// What is left of the time, at least a moment.
fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

/// Whether a query has a comparison with the modifier `bool`.
fn compares_to_bool(query: &str) -> bool {
    let mut outside = String::with_capacity(query.len());
    let mut quote = None;
    let mut escaped = false;
    for c in query.chars() {
        match quote {
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None => outside.push(c),
            Some(_) if escaped => escaped = false,
            Some(q) if c == '\\' && q != '`' => escaped = true,
            Some(q) if c == q => quote = None,
            Some(_) => {}
        }
    }
    outside.match_indices("bool").any(|(index, word)| {
        let before = outside.get(..index).unwrap_or_default().trim_end();
        let after = outside.get(index.saturating_add(word.len())..).unwrap_or_default();
        before.ends_with(['=', '<', '>']) && !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':')
    })
}

fn seconds(at: Timestamp) -> String {
    let millis = at.as_millisecond();
    let sign = if millis < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", millis.unsigned_abs() / 1000, millis.unsigned_abs() % 1000)
}

fn milliseconds(duration: Duration) -> String {
    format!("{}ms", duration.as_millis().max(1))
}

#[cfg(test)]
mod tests;
