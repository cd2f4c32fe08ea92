//! Many queries in one request, and what each of them yields.
//!
//! Every query gets a label that tells its series from the others', and all are joined with `or`:
//!
//! ```text
//! label_replace((sum(up)), "flightdeck_signal", "0", "", "") or label_replace((…), "flightdeck_signal", "1", "", "") …
//! ```
//!
//! So all are evaluated at the same time, in one request for the whole group. One query that the server refuses would
//! spoil the others, so where a batch is refused each of its queries is asked alone, and those to blame stay alone for a while.
//! A server that refuses everything is not asked so: it may be sick, and that would multiply its load.
//!
//! Prometheus 2.42, and maybe others of its age, makes a zero of a native histogram when it is given a label. A zero that
//! is none looks like health, so a query that yields one is asked alone now and then.

use std::{collections::HashMap, time::Duration};

use futures::{StreamExt, stream};
use jiff::Timestamp;
use tokio::time::Instant;

use super::{Client, Data, Element, Point, QueryError, Row, answer::timestamp, left, only, selectors::selectors};

/// The label that tells which query a series belongs to.
const LABEL: &str = "flightdeck_signal";
/// How long a batch may be: VictoriaMetrics takes 16 kB, and a query that long is no pleasure in a server's log.
const LONGEST: usize = 8 * 1024;
/// How many queries are in a batch at most.
const MOST: usize = 60;
/// How many queries are asked alone at once.
const AT_ONCE: usize = 4;
/// After how long a query that had to be asked alone is tried with the others again.
const AGAIN: Duration = Duration::from_secs(10 * 60);

/// How long a batch is not taken apart again whose queries were all refused alone too.
const MOMENT: Duration = Duration::from_secs(60);

/// Queries that are asked together, again and again.
#[derive(Default)]
pub(super) struct Batch {
    parts: Vec<Part>,
}

struct Part {
    query: String,
    form: Form,
    /// When its zeros were last seen to be numbers.
    checked: Option<Instant>,
    /// When it was refused alone, as all were that it had been asked with, and why.
    refused: Option<(Instant, QueryError)>,
}

/// How a query can be asked.
#[derive(Clone, Copy)]
enum Form {
    /// With the others.
    Together,
    /// With the others, made a vector: it yields a scalar.
    Scalar,
    /// Alone, the next time: those that it was asked with were not answered in time, and one of them may be too much.
    Suspect,
    /// Alone, since then: the server refuses it or takes too long, or does so with what it is part of.
    Alone(Instant),
}

/// What the queries of a batch yield.
pub(super) struct Answers {
    parts: Vec<Result<Vec<Element>, QueryError>>,
    /// What the server wants to be known.
    pub(super) warnings: Vec<String>,
}

impl Batch {
    /// Adds a query, and returns the place of its answer. One that is there already is not asked twice.
    pub(super) fn add(&mut self, query: String) -> usize {
        if let Some(place) = self.parts.iter().position(|part| part.query == query) {
            return place;
        }
        self.parts.push(Part { query, form: Form::Together, checked: None, refused: None });
        self.parts.len().saturating_sub(1)
    }

    /// Adds queries for the times of what a query is made of.
    pub(super) fn add_times(&mut self, query: &str) -> Vec<usize> {
        let found = selectors(query).unwrap_or_default();
        found.iter().map(|selector| self.add(format!("max(timestamp({selector}))"))).collect()
    }

    /// Asks all of them for now, which is the same time for all.
    pub(super) async fn ask(&mut self, client: &Client, limit: Duration) -> Answers {
        let deadline = deadline(limit);
        let mut parts: Vec<Option<Result<Vec<Element>, QueryError>>> = self.parts.iter().map(|_| None).collect();
        let mut warnings = Vec::new();
        let mut at = None;
        let mut down = None;
        let mut refused = Vec::new();
        let mut scalars = Vec::new();
        let mut late = Vec::new();
        for pack in self.packs(Instant::now()) {
            if let Some(error) = &down {
                fill(&mut parts, &pack, || Err(QueryError::clone(error)));
                continue;
            }
            match self.together(client, &pack, at, left(deadline)).await {
                Ok((found, remarks)) => {
                    at = at.or_else(|| found.values().flatten().find_map(|element| Some(element.point?.at)));
                    let mut found = found;
                    for place in pack {
                        put(&mut parts, place, Ok(found.remove(&place).unwrap_or_default()));
                    }
                    add_remarks(&mut warnings, remarks);
                }
                Err(error) if error.is_about_the_query() => match self.known_refusals(&pack, Instant::now()) {
                    Some(known) => known.into_iter().for_each(|(place, error)| put(&mut parts, place, Err(error))),
                    None => refused.push(pack),
                },
                Err(error) => {
                    fill(&mut parts, &pack, || Err(error.clone()));
                    if error.is_late() {
                        late.extend(pack);
                    }
                    down = Some(error);
                }
            }
        }
        let unasked = |place: &usize| parts.get(*place).is_some_and(Option::is_none);
        let alone: Vec<usize> =
            (0..self.parts.len()).filter(|place| unasked(place) || self.is_doubtful(*place, &parts)).collect();
        match down {
            Some(error) => {
                let unasked: Vec<usize> = alone.into_iter().filter(unasked).collect();
                fill(&mut parts, &unasked, || Err(error.clone()));
            }
            None => {
                // Whichever is answered makes room for the next: one that is slow keeps none from being asked.
                let mut asked = Vec::with_capacity(alone.len());
                for place in alone {
                    let answer = self.alone(client, place, at, deadline);
                    asked.push(async move { (place, answer.await) });
                }
                let answered: Vec<_> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
                for (place, answer) in &answered {
                    let part = self.parts.get_mut(*place);
                    if let (Ok((elements, scalar, remarks)), Some(part)) = (&answer, part) {
                        add_remarks(&mut warnings, remarks.clone());
                        if *scalar {
                            if !matches!(part.form, Form::Scalar) {
                                scalars.push(*place);
                            }
                            part.form = Form::Scalar;
                        } else if elements.iter().any(|element| element.point.is_none()) {
                            part.form = Form::Alone(Instant::now());
                        }
                        part.checked = Some(Instant::now());
                    }
                }
                for (place, answer) in answered {
                    put(&mut parts, place, answer.map(|(elements, ..)| elements));
                }
            }
        }
        self.blame(&refused, &scalars, &parts);
        self.suspect(&late, &parts);
        let parts = parts.into_iter().map(|part| part.unwrap_or_else(|| Ok(Vec::new()))).collect();
        Answers { parts, warnings }
    }

    /// Asks all of them for a stretch of the past. What cannot be had is not there.
    pub(super) async fn range(
        &self,
        client: &Client,
        span: (Timestamp, Timestamp),
        step: Duration,
        limit: Duration,
    ) -> Vec<Option<Vec<Row>>> {
        let deadline = deadline(limit);
        let mut parts: Vec<Option<Vec<Row>>> = self.parts.iter().map(|_| None).collect();
        for pack in self.packs(Instant::now()) {
            match client.range(&self.query(&pack), span, step, left(deadline)).await {
                Ok(rows) => {
                    let Ok(mut found) = sorted(rows, |row| &mut row.labels) else { return parts };
                    for place in pack {
                        put(&mut parts, place, found.remove(&place).unwrap_or_default());
                    }
                }
                Err(error) if error.is_about_the_query() => {}
                Err(_) => return parts,
            }
        }
        let is_doubtful = |rows: &Vec<Row>| rows.iter().flat_map(|row| &row.points).any(|point| point.value == 0.0);
        let alone =
            (0..self.parts.len()).filter(|place| parts.get(*place).is_some_and(|rows| rows.as_ref().is_none_or(is_doubtful)));
        let alone: Vec<usize> = alone.collect();
        let mut asked = Vec::with_capacity(alone.len());
        for place in &alone {
            let query = self.parts.get(*place).map(|part| part.query.as_str()).unwrap_or_default();
            // What is left of the time is found out when its turn comes.
            asked.push(async move { (*place, client.range(query, span, step, left(deadline)).await) });
        }
        let answered: Vec<_> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
        for (place, rows) in answered {
            if let Ok(rows) = rows {
                put(&mut parts, place, rows);
            }
        }
        parts
    }

    /// Those that are asked together, in as few requests as they fit in.
    fn packs(&self, now: Instant) -> Vec<Vec<usize>> {
        let mut packs: Vec<Vec<usize>> = Vec::new();
        let mut room = 0_usize;
        for (place, part) in self.parts.iter().enumerate() {
            match part.form {
                Form::Alone(since) if now.saturating_duration_since(since) < AGAIN => continue,
                Form::Suspect => continue,
                Form::Together | Form::Scalar | Form::Alone(_) => {}
            }
            // What the label takes, at most.
            let length = part.query.len().saturating_add(80);
            match packs.last_mut() {
                Some(pack) if length <= room && pack.len() < MOST => {
                    pack.push(place);
                    room = room.saturating_sub(length);
                }
                _ => {
                    packs.push(vec![place]);
                    room = LONGEST.saturating_sub(length);
                }
            }
        }
        packs
    }

    /// Whether a query has yielded a zero that may be none.
    fn is_doubtful(&self, place: usize, parts: &[Option<Result<Vec<Element>, QueryError>>]) -> bool {
        let is_zero = |element: &Element| element.point.is_some_and(|point| point.value == 0.0);
        let checked = self.parts.get(place).and_then(|part| part.checked).is_some_and(|at| at.elapsed() < AGAIN);
        !checked && matches!(parts.get(place), Some(Some(Ok(elements))) if elements.iter().any(is_zero))
    }

    /// The query for several at once.
    fn query(&self, pack: &[usize]) -> String {
        let parts = pack.iter().filter_map(|place| Some((place, self.parts.get(*place)?)));
        let labelled = parts.map(|(place, Part { query, form, .. })| {
            // The line's end closes a comment.
            let query = if query.contains('#') { format!("{query}\n") } else { query.clone() };
            let vector = if matches!(form, Form::Scalar) { "vector" } else { "" };
            format!("label_replace({vector}({query}),\"{LABEL}\",\"{place}\",\"\",\"\")")
        });
        labelled.collect::<Vec<_>>().join(" or ")
    }

    async fn together(
        &self,
        client: &Client,
        pack: &[usize],
        at: Option<Timestamp>,
        limit: Duration,
    ) -> Result<(HashMap<usize, Vec<Element>>, Vec<String>), QueryError> {
        let answer = client.instant(&self.query(pack), at, limit).await?;
        match answer.data {
            Data::Vector(elements) => Ok((sorted(elements, |element| &mut element.labels)?, answer.warnings)),
            Data::Scalar(_) | Data::Matrix(_) => Err(QueryError::Malformed("it is no vector".to_owned())),
            Data::Other(kind) => Err(QueryError::Kind(kind)),
        }
    }

    /// Asks one alone: its series, whether it is a scalar, and the server's remarks.
    async fn alone(
        &self,
        client: &Client,
        place: usize,
        at: Option<Timestamp>,
        deadline: Instant,
    ) -> Result<(Vec<Element>, bool, Vec<String>), QueryError> {
        let query = self.parts.get(place).map(|part| part.query.as_str()).unwrap_or_default();
        let mut answer = client.instant(query, at, left(deadline)).await?;
        let scalar = matches!(answer.data, Data::Scalar(_));
        let warnings = std::mem::take(&mut answer.warnings);
        Ok((answer.series()?, scalar, warnings))
    }

    /// Why each of a pack was refused alone, where all of them were so a moment ago.
    fn known_refusals(&self, pack: &[usize], now: Instant) -> Option<Vec<(usize, QueryError)>> {
        let known = |place: &usize| {
            let (since, error) = self.parts.get(*place)?.refused.as_ref()?;
            (now.saturating_duration_since(*since) < MOMENT).then(|| (*place, error.clone()))
        };
        pack.iter().map(known).collect()
    }

    /// Keeps those alone that spoil others; all of a batch where none of them is refused alone.
    ///
    /// One that has just been found to be a scalar is no longer one that spoils others. Where all of several are refused
    /// alone too, it is more likely that the server cannot answer anything, in words that are not known here, than that all
    /// are wrong: asking each of them again and again would be the last thing that it needs.
    fn blame(&mut self, refused: &[Vec<usize>], scalars: &[usize], parts: &[Option<Result<Vec<Element>, QueryError>>]) {
        let now = Instant::now();
        for pack in refused {
            let is_refused = |place: &usize| matches!(parts.get(*place), Some(Some(Err(error))) if error.is_about_the_query());
            let all = pack.len() > 1 && pack.iter().all(is_refused);
            let found = pack.iter().any(|place| is_refused(place) || scalars.contains(place));
            for place in pack {
                if all {
                    if let (Some(part), Some(Some(Err(error)))) = (self.parts.get_mut(*place), parts.get(*place)) {
                        part.refused = Some((now, error.clone()));
                    }
                    continue;
                }
                let guilty = is_refused(place) || !found;
                if let (true, Some(part)) = (guilty, self.parts.get_mut(*place)) {
                    part.form = Form::Alone(now);
                }
            }
        }
    }
}

impl Batch {
    /// Clears those that were suspected of making others late, or keeps them alone; where none of them was answered it is
    /// the server that is slow, and asking it one by one would make it slower. Then suspects those that were late now.
    fn suspect(&mut self, late: &[usize], parts: &[Option<Result<Vec<Element>, QueryError>>]) {
        let now = Instant::now();
        let is_suspect = |part: &Part| matches!(part.form, Form::Suspect);
        let is_answered = |place: usize| matches!(parts.get(place), Some(Some(Ok(_))));
        let any = self.parts.iter().enumerate().any(|(place, part)| is_suspect(part) && is_answered(place));
        for (place, part) in self.parts.iter_mut().enumerate() {
            if is_suspect(part) {
                part.form = if is_answered(place) || !any { Form::Together } else { Form::Alone(now) };
            } else if late.contains(&place) && late.len() > 1 {
                part.form = Form::Suspect;
            }
        }
    }
}

impl Answers {
    /// All series that a query yields.
    pub(super) fn series(&self, place: usize) -> Result<&[Element], QueryError> {
        match self.parts.get(place) {
            Some(Ok(elements)) => Ok(elements),
            Some(Err(error)) => Err(error.clone()),
            None => Ok(&[]),
        }
    }

    /// The one number that a query yields, if any.
    pub(super) fn number(&self, place: usize) -> Result<Option<Point>, QueryError> {
        only(self.series(place)?)
    }

    /// The oldest of the times that these queries yield; those that yield none tell nothing, nor does one that the server
    /// refuses: it was not understood here.
    ///
    /// # Errors
    /// Where one was not answered: how old its sample is, is not known then, and it may be dead.
    pub(super) fn oldest(&self, times: &[usize]) -> Result<Option<Timestamp>, QueryError> {
        let mut oldest: Option<Timestamp> = None;
        for place in times {
            match self.number(*place) {
                Ok(Some(point)) => {
                    let time = timestamp(point.value).ok();
                    oldest = oldest.into_iter().chain(time).min();
                }
                Ok(None) => {}
                Err(error) if error.is_about_the_query() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(oldest)
    }
}

/// Series by the query that they belong to, without the label that says so.
fn sorted<T>(series: Vec<T>, labels: impl Fn(&mut T) -> &mut super::Labels) -> Result<HashMap<usize, Vec<T>>, QueryError> {
    let mut found: HashMap<usize, Vec<T>> = HashMap::new();
    for mut one in series {
        let labels = labels(&mut one);
        let place = labels.iter().position(|(label, _)| label == LABEL).and_then(|index| labels.remove(index).1.parse().ok());
        // One that is left out without a word would look like none.
        let place = place.ok_or_else(|| QueryError::Malformed("a series lacks the label that was asked for".to_owned()))?;
        found.entry(place).or_default().push(one);
    }
    Ok(found)
}

fn put<T>(parts: &mut [Option<T>], place: usize, answer: T) {
    if let Some(part) = parts.get_mut(place) {
        *part = Some(answer);
    }
}

fn fill<T>(parts: &mut [Option<T>], places: &[usize], answer: impl Fn() -> T) {
    for place in places {
        put(parts, *place, answer());
    }
}

/// A few of the server's remarks, each once.
fn add_remarks(warnings: &mut Vec<String>, remarks: Vec<String>) {
    for remark in remarks {
        if warnings.len() < 10 && !warnings.contains(&remark) {
            warnings.push(remark);
        }
    }
}

fn deadline(limit: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(limit).unwrap_or(now)
}
