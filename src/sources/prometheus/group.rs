//! The signals of one Prometheus server that are sampled together.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    Client, Element, Point, QueryError, Row,
    answer::timestamp,
    batch::{Answers, Batch},
    counters::{Counters, Grown, is_there},
};
use crate::{
    health::{Sample, Unknown},
    plan::{Question, Server, Signal, Source},
    sources::{Context, ERROR_LENGTH, Reading, finish, now},
    text,
};

/// How many steps of the past are asked for at most.
const STEPS: i64 = 1000;
/// How many of a server's remarks are told of a signal.
const REMARKS: usize = 3;

/// Signals that are asked for together, and what is remembered of them.
pub(in crate::sources) struct Group {
    client: Client,
    batch: Batch,
    items: Vec<Item>,
}

struct Item {
    id: String,
    signal: Signal,
    /// The query, for a remark that is about it.
    text: String,
    measure: Measure,
}

/// The places in the batch of what a signal is made of.
enum Measure {
    Query { value: usize, times: Vec<usize> },
    Ratio { of: usize, over: usize, there: Option<usize>, times: Vec<usize>, state: Box<Ratio> },
}

/// What is remembered of a ratio.
#[derive(Default)]
struct Ratio {
    counters: Counters,
    /// The sample that was taken of the newest counters.
    last: Option<Sample>,
}

impl Group {
    /// Of signals with a Prometheus source at that server; others are left out.
    pub(in crate::sources) fn new<'a>(
        server: &Server,
        signals: impl Iterator<Item = (&'a String, &'a Signal)>,
        context: &Context,
    ) -> Self {
        let mut batch = Batch::default();
        let mut items = Vec::new();
        for (id, signal) in signals {
            let Source::Prometheus { question, .. } = &signal.source else { continue };
            let (text, measure) = match question {
                Question::Query(query) => {
                    let value = batch.add(query.clone());
                    (query.clone(), Measure::Query { value, times: batch.add_times(query) })
                }
                Question::Ratio { of, over } => {
                    let measure = Measure::Ratio {
                        of: batch.add(of.clone()),
                        over: batch.add(over.clone()),
                        there: is_there(of).map(|query| batch.add(query)),
                        times: batch.add_times(over),
                        state: Box::default(),
                    };
                    (format!("{of} {over}"), measure)
                }
            };
            items.push(Item { id: id.clone(), signal: signal.clone(), text, measure });
        }
        Self { client: Client::new(server, context), batch, items }
    }

    /// One reading of each signal.
    pub(in crate::sources) async fn sample(&mut self, limit: Duration) -> Vec<Reading> {
        let asked = now();
        let answers = self.batch.ask(&self.client, limit).await;
        let read = |item: &mut Item| {
            let sample = item.read(&answers, asked).unwrap_or_else(|unknown| Sample::missing(asked, unknown));
            Reading { warnings: item.remarks(&answers.warnings), ..Reading::new(&item.id, sample) }
        };
        self.items.iter_mut().map(read).collect()
    }

    /// The past of each signal, oldest first: a number each `step` as far as the server kept it, from when each signal wants it.
    pub(in crate::sources) async fn past(
        &mut self,
        from: impl Fn(&str) -> Timestamp,
        to: Timestamp,
        step: Duration,
        limit: Duration,
    ) -> Vec<Reading> {
        let Some(start) = self.items.iter().map(|item| from(&item.id)).min() else { return Vec::new() };
        let span = to.as_millisecond().saturating_sub(start.as_millisecond());
        if span < 0 {
            return Vec::new();
        }
        let step = i64::try_from(step.as_millis()).unwrap_or(i64::MAX).max(span / STEPS).max(1);
        // VictoriaMetrics takes a beginning to be a multiple of the step, and answers for other times than were asked.
        let aligned = start.as_millisecond().div_euclid(step).saturating_mul(step);
        let start = Timestamp::from_millisecond(aligned).unwrap_or(start);
        let length = Duration::from_millis(step.unsigned_abs());
        let asking = Instant::now();
        let Ok(Some(to)) = self.client.evaluated_until((start, to), length, limit).await else { return Vec::new() };
        let rows = self.batch.range(&self.client, (start, to), length, limit.saturating_sub(asking.elapsed())).await;
        let asked = now();
        let mut readings = Vec::new();
        for item in &mut self.items {
            let from = from(&item.id).as_millisecond();
            let mut newest = None;
            let mut millis = start.as_millisecond();
            let mut steps = Steps::new(&rows);
            while let Ok(at) = Timestamp::from_millisecond(millis) {
                if millis > to.as_millisecond() {
                    break;
                }
                // Growth before that is known already, and is not told again.
                if millis >= from
                    && let Some(sample) = item.past(&mut steps, at, asked)
                    && sample.at.as_millisecond() >= from
                    && newest.is_none_or(|newest| newest < sample.at)
                {
                    newest = Some(sample.at);
                    readings.push(Reading::new(&item.id, sample));
                }
                let Some(next) = millis.checked_add(step) else { break };
                millis = next;
            }
        }
        readings
    }
}

impl Item {
    fn read(&mut self, answers: &Answers, asked: Timestamp) -> Result<Sample, Unknown> {
        match &mut self.measure {
            Measure::Query { value, times } => {
                let point = answers.number(*value).map_err(failed)?.ok_or(Unknown::NoData)?;
                // A sum is as old as its oldest part.
                let at = answers.oldest(times).map_err(failed)?.map_or(point.at, |at| at.min(point.at));
                Ok(finish(&self.signal, at, point.value, asked))
            }
            Measure::Ratio { of, over, there, times, state } => {
                let (of, over) = (answers.series(*of).map_err(failed)?, answers.series(*over).map_err(failed)?);
                let evaluated = over.iter().chain(of).find_map(|element| Some(element.point?.at)).ok_or(Unknown::NoData)?;
                let there = of.is_empty().then_some(*there).flatten();
                if let Some(there) = there {
                    answers.number(there).map_err(failed)?.ok_or(Unknown::NoData)?;
                }
                let at = answers.oldest(times).map_err(failed)?.map_or(evaluated, |at| at.min(evaluated));
                state.sample(&self.signal, (of, over), at, asked)
            }
        }
    }

    /// The sample of one step of the past; none where nothing was asked for with success, or it is known already.
    fn past(&mut self, steps: &mut Steps<'_>, at: Timestamp, asked: Timestamp) -> Option<Sample> {
        let missing = |why| Some(Sample::missing(at, why));
        match &mut self.measure {
            Measure::Query { value, times } => {
                let elements = match steps.at(*value, at)? {
                    Ok(elements) => elements,
                    Err(error) => return missing(failed(error)),
                };
                let point = match super::only(&elements) {
                    Ok(Some(point)) => point,
                    Ok(None) => return missing(Unknown::NoData),
                    Err(error) => return missing(failed(error)),
                };
                let true_time = steps.oldest(times, at).map_or(at, |time| time.min(at));
                Some(finish(&self.signal, true_time, point.value, asked))
            }
            Measure::Ratio { of, over, times, state, .. } => {
                let (of, over) = (steps.at(*of, at)?.ok()?, steps.at(*over, at)?.ok()?);
                let at = steps.oldest(times, at).map_or(at, |time| time.min(at));
                if state.counters.knows(at) {
                    return None;
                }
                // Before the second look nothing can be said, which is no gap.
                state.sample(&self.signal, (&of, &over), at, asked).ok()
            }
        }
    }

    /// Of the server's remarks on all that was asked, those that speak of this signal: none of them names it, but those
    /// on metrics name these in quotes.
    fn remarks(&self, warnings: &[String]) -> Vec<String> {
        let speaks_of_it = |warning: &&String| {
            let mut quoted = warning.split('"').skip(1).step_by(2).peekable();
            quoted.peek().is_none() || quoted.any(|name| !name.is_empty() && self.text.contains(name))
        };
        warnings.iter().filter(speaks_of_it).take(REMARKS).map(|warning| without_place(warning).to_owned()).collect()
    }
}

impl Ratio {
    fn sample(
        &mut self,
        signal: &Signal,
        (of, over): (&[Element], &[Element]),
        at: Timestamp,
        asked: Timestamp,
    ) -> Result<Sample, Unknown> {
        // The server has scraped nothing new: the same again, which whoever keeps samples has already.
        if let Some(last) = self.last.as_ref().filter(|_| self.counters.knows(at)) {
            return Ok(last.clone());
        }
        self.last = None;
        let Grown { share, count } =
            self.counters.add(of, over, at, signal.looks_back().map_or(Duration::ZERO, |window| window.get()))?;
        let factor = if signal.unit == "percent" { 100.0 } else { 1.0 };
        let sample = Sample { count: Some(count), ..finish(signal, at, share * factor, asked) };
        self.last = Some(sample.clone());
        Ok(sample)
    }
}

/// The past of the batch's queries, read step by step.
struct Steps<'a> {
    rows: &'a [Option<Vec<Row>>],
}

impl<'a> Steps<'a> {
    fn new(rows: &'a [Option<Vec<Row>>]) -> Self {
        Self { rows }
    }

    /// What a query yielded at a time; none where it could not be asked.
    fn at(&self, place: usize, at: Timestamp) -> Option<Result<Vec<Element>, QueryError>> {
        let rows = self.rows.get(place)?.as_ref()?;
        if rows.iter().any(|row| row.has_histograms && row.points.is_empty()) {
            return Some(Err(QueryError::Histogram));
        }
        let element = |row: &Row| {
            let index = row.points.binary_search_by_key(&at, |point| point.at).ok()?;
            Some(Element { labels: row.labels.clone(), point: Some(*row.points.get(index)?) })
        };
        Some(Ok(rows.iter().filter_map(element).collect()))
    }

    fn oldest(&self, times: &[usize], at: Timestamp) -> Option<Timestamp> {
        let time = |place: &usize| -> Option<Timestamp> {
            let Point { value, .. } = super::only(&self.at(*place, at)?.ok()?).ok()??;
            timestamp(value).ok()
        };
        times.iter().filter_map(time).min()
    }
}

fn failed(error: QueryError) -> Unknown {
    Unknown::Error(text::line(&error.to_string(), ERROR_LENGTH))
}

/// A remark without its place in the query, which is that in all queries that were asked together.
fn without_place(remark: &str) -> &str {
    match remark.rsplit_once(" (") {
        Some((before, place)) if place.trim_end_matches(')').chars().all(|c| c.is_ascii_digit() || c == ':') => before,
        _ => remark,
    }
}
