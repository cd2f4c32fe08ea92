//! What is known of the signals: their samples, what is thought of them, and the alerts they count.

use std::{collections::BTreeSet, sync::Arc};

use indexmap::IndexMap;
use jiff::Timestamp;

use super::{
    event::Act,
    state::{Release, millis_between},
    trials::Tried,
};
use crate::{
    health::{
        Alert, AlertState, Compared, Judgement, LONGEST_TRIAL, Sample, Series, Trial, Unknown, Value, Verdict, Watched,
        compare::{self, score},
    },
    plan::{Compare, Duration, Expression, Id, Plan, Signal, Source, Stage},
};

/// The alerts that match a signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alerts {
    /// Since when it is these.
    pub at: Timestamp,
    /// All of them, or the worst and newest where there are many.
    pub known: Vec<Alert>,
    /// How many more there are.
    pub more: u32,
}

/// Why the release does not roll back by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutomaticOff {
    /// Who took it out.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: String,
}

/// How many endpoints' samples are kept at most.
const PARTS: usize = 256;

/// What is watched of each signal. What is compared is kept for as long as a canary is judged.
pub(super) fn watched(plan: &Plan) -> IndexMap<Id, Watched> {
    let compared = plan.signals.iter().filter(|(_, signal)| signal.compare.is_some());
    let long: BTreeSet<&str> =
        compared.flat_map(|(id, signal)| [Some(id.as_str()), signal.baseline.as_deref()]).flatten().collect();
    let of = |id: &Id| if long.contains(id.as_str()) { Watched::with_capacity(LONGEST_TRIAL) } else { Watched::default() };
    plan.signals.keys().map(|id| (id.clone(), of(id))).collect()
}

/// How bad a verdict is: not known is worse than a warning and no failure.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Ok => 0,
        Verdict::Warn => 1,
        Verdict::Unknown => 2,
        Verdict::Fail => 3,
    }
}

impl Release {
    /// Takes a signal's sample in; `SIGNAL@ENDPOINT` stands for one endpoint of a signal that has several.
    pub fn observe(&mut self, signal: &str, sample: Sample) {
        let Some(watched) = self.watched.get_mut(signal) else {
            let known = signal.split_once('@').is_some_and(|(signal, _)| self.plan.signals.contains_key(signal));
            if known && (self.parts.len() < PARTS || self.parts.contains_key(signal)) {
                self.parts.entry(signal.to_owned()).or_default().push(sample);
            }
            return;
        };
        if watched.push(sample) {
            self.judge_anew(signal);
        }
    }

    /// What was found of a signal, and of those whose baseline it is, is found out again.
    fn judge_anew(&mut self, signal: &str) {
        for tried in &mut self.trials {
            let baseline = || self.plan.signals.get(&tried.signal).and_then(|signal| signal.baseline.as_deref());
            if tried.signal == signal || baseline() == Some(signal) {
                tried.found.take();
            }
        }
    }

    /// How many samples of a signal are at hand at most.
    #[must_use]
    pub fn samples_kept(&self) -> usize {
        let compares = self.plan.signals.values().any(|signal| signal.compare.is_some());
        if compares { LONGEST_TRIAL } else { Series::CAPACITY }
    }

    /// The samples at hand of a signal; none if the plan does not know it.
    #[must_use]
    pub fn series(&self, signal: &str) -> Option<&Series> {
        self.watched.get(signal).map(Watched::series)
    }

    /// The endpoints of a signal that has several, with their samples.
    pub fn parts<'a>(&'a self, signal: &'a str) -> impl Iterator<Item = (&'a str, &'a Series)> {
        self.parts.iter().filter_map(move |(id, series)| Some((id.strip_prefix(signal)?.strip_prefix('@')?, series)))
    }

    /// What is thought of a signal at a time; none if the plan does not know it. One that is compared in several rollouts
    /// under way is as bad as in the worst of them; after them what the last one found stands.
    #[must_use]
    pub fn judge(&self, signal: &str, now: Timestamp) -> Option<Judgement> {
        let open = |tried: &&Tried| self.stage(&tried.rollout).is_some_and(|(_, state)| state.phase.is_open());
        let judged = self.trials_of(signal).filter(open).map(|tried| self.judge_by(signal, Some(tried), now));
        match judged.flatten().max_by_key(|judged| rank(judged.verdict)) {
            Some(worst) => Some(worst),
            None => self.judge_by(signal, self.trials_of(signal).max_by_key(|tried| tried.trial.from), now),
        }
    }

    /// What a stage may think of a signal: in a rollout that is judged by it, what came of it there.
    #[must_use]
    pub fn judge_in(&self, stage: &Stage, signal: &str, now: Timestamp) -> Option<Judgement> {
        if self.plan.is_tried_by(stage, signal) {
            self.judge_by(signal, self.tried_in(&stage.id, signal), now)
        } else {
            self.judge(signal, now)
        }
    }

    fn judge_by(&self, signal: &str, tried: Option<&Tried>, now: Timestamp) -> Option<Judgement> {
        // Nobody samples a release that is over: it is judged as it was at its end, and does not seem to fall ill afterwards.
        let now = self.ended.map_or(now, |ended| ended.min(now));
        let planned = self.plan.signals.get(signal)?;
        let own = self.watched.get(signal)?.judge(planned, now);
        Some(match (&planned.compare, &planned.baseline) {
            (Some(compare), Some(baseline)) => self.beside(planned, compare, baseline, tried, own, now),
            _ => own,
        })
    }

    /// The judgement of a signal with that beside its baseline: the worse of the two.
    fn beside(
        &self,
        signal: &Signal,
        compare: &Compare,
        baseline: &str,
        tried: Option<&Tried>,
        own: Judgement,
        now: Timestamp,
    ) -> Judgement {
        let unknown = |unknown| Judgement::unknown(own.value, own.at, unknown);
        let too_few = matches!(own.unknown, Some(Unknown::TooFew(..)));
        let Some(tried) = tried else {
            // Before it has traffic it need not have any data; that its source is out of reach is another thing.
            let says_nothing = matches!(own.unknown, None | Some(Unknown::NoData | Unknown::NotANumber | Unknown::TooFew(..)));
            return if own.verdict == Verdict::Fail || !says_nothing { own } else { unknown(Unknown::NoCanary) };
        };
        let trial = tried.trial;
        // Somebody went on with all traffic in spite of the comparison, and there is nothing more to compare.
        if trial.is_empty() || (own.unknown.is_some() && !too_few) {
            return own;
        }
        let stable = self.plan.signals.get(baseline).zip(self.watched.get(baseline));
        let stable = stable.map(|(signal, watched)| watched.judge(signal, now));
        if let (Verdict::Ok | Verdict::Warn | Verdict::Unknown, None, Some(why)) =
            (own.verdict, trial.until, stable.and_then(|stable| stable.unknown))
            && !matches!(why, Unknown::TooFew(..))
        {
            return unknown(Unknown::Error(format!("its baseline {baseline}: {why}")));
        }
        let compared = match tried.found.get_or_init(|| self.compare(signal, &tried.signal, baseline, trial)) {
            Ok(compared) => compared,
            Err(_) if own.verdict == Verdict::Fail => return own,
            Err(why) => return unknown(why.clone()),
        };
        // All traffic went over, so that the gate to it was open, and what is left open by the last samples stays so.
        let gated = || self.plan.stage(&tried.rollout).is_some_and(|stage| self.plan.is_judged_beside(stage, &tried.signal));
        if trial.until.is_some() && compared.is_open() && self.rollback.is_none() && gated() {
            return own;
        }
        let judged = match compared.verdict(compare) {
            // Too little is known of it now, however good it was.
            Ok(verdict) if own.unknown.is_some() && verdict != Verdict::Fail => own,
            Ok(verdict) if own.verdict == Verdict::Fail || rank(own.verdict) > rank(verdict) => own,
            Ok(verdict) => Judgement { verdict, why: compared.ruling.why.clone(), unknown: None, ..own },
            Err(_) if own.verdict == Verdict::Fail => own,
            Err(why) => unknown(why),
        };
        Judgement { compared: Some(Arc::clone(compared)), ..judged }
    }

    fn compare(&self, signal: &Signal, id: &str, baseline: &str, trial: Trial) -> Result<Arc<Compared>, Unknown> {
        let (Some(compare), Some(canary), Some(stable)) = (&signal.compare, self.series(id), self.series(baseline)) else {
            return Err(Unknown::NoData);
        };
        let name = signal.title.as_deref().unwrap_or(id);
        Compared::of(name, signal, compare, [canary, stable], trial).map(Arc::new)
    }

    /// Whether a rollback has given all traffic back.
    pub(super) fn is_traffic_back(&self) -> bool {
        let steps = self.rollback.iter().flat_map(|rollback| &rollback.steps);
        let mut restores = steps.filter(|undo| undo.step.act == Act::Restore).peekable();
        restores.peek().is_some() && restores.all(|undo| undo.done)
    }

    /// How long after the sample that brought the rollback all traffic is back, once it is.
    pub(super) fn caught_after(&self, now: Timestamp) -> Option<Duration> {
        let sampled = self.rollback.as_ref()?.sampled.filter(|_| self.is_traffic_back())?;
        Some(Duration::from_millis(millis_between(sampled, now).unsigned_abs()))
    }

    /// The alerts that fire and have begun since the release did.
    pub fn new_alerts<'a>(&'a self, signal: &str) -> impl Iterator<Item = &'a Alert> {
        let known = self.alerts.get(signal).map(|alerts| alerts.known.as_slice()).unwrap_or_default();
        known.iter().filter(|alert| alert.state == AlertState::Firing && alert.since >= self.started)
    }

    /// The samples of signals that are made of others and are due: expressions and scores.
    #[must_use]
    pub fn derived(&self, now: Timestamp) -> Vec<(Id, Sample)> {
        let made = |signal: &Signal| matches!(signal.source, Source::Expression { .. } | Source::Score { .. });
        let due = |(id, signal): &(&Id, &Signal)| {
            let newest = self.series(id).and_then(|series| series.iter().map(|sample| sample.at).max());
            newest.is_none_or(|newest| millis_between(newest, now) >= signal.every.as_millis())
        };
        let due = self.plan.signals.iter().filter(|(_, signal)| made(signal)).filter(due);
        let samples = due.filter_map(|(id, signal)| {
            let sample = match &signal.source {
                Source::Expression { of } => self.expression(signal, of, now),
                Source::Score { of, groups, pass, marginal } => {
                    let weights = groups.iter().map(|(group, weight)| (group.clone(), *weight)).collect();
                    self.score(of, score::Weighting { weights, pass: *pass, marginal: *marginal }, now)
                }
                _ => return None,
            };
            // One that is as old as the last is the last.
            let last = self.series(id).and_then(Series::latest_number).map(|(at, _)| at);
            let is_new = sample.value.number().is_none() || last.is_none_or(|last| sample.at > last);
            is_new.then(|| (id.clone(), sample))
        });
        samples.collect()
    }

    /// An expression's number now. It is as old as the oldest that it is made of, and not known where one of them is not.
    fn expression(&self, signal: &Signal, of: &str, now: Timestamp) -> Sample {
        let Ok(expression) = of.parse::<Expression>() else {
            return Sample::missing(now, Unknown::Error("it is no expression".to_owned()));
        };
        let mut oldest = now;
        for id in expression.signals() {
            let Some(judged) = self.judge(id, now) else {
                return Sample::missing(now, Unknown::Error(format!("the plan has no signal {id}")));
            };
            // A number counts as soon as there is one, though it takes more of them for a verdict.
            match (judged.value, judged.at, judged.unknown) {
                (_, _, Some(why)) if !matches!(why, Unknown::TooFew(..) | Unknown::NoCanary | Unknown::Undecided(_)) => {
                    return Sample::missing(now, Unknown::Error(format!("{id}: {why}")));
                }
                (Some(_), Some(at), _) => oldest = oldest.min(at),
                _ => return Sample::missing(now, Unknown::Error(format!("{id}: no data"))),
            }
        }
        let number = |id: &str| self.series(id).and_then(Series::latest_number).map_or(f64::NAN, |(_, number)| number);
        let value = expression.value(&number) * signal.scale.unwrap_or(1.0);
        Sample::new(oldest, Value::from_f64(value))
    }

    /// The score of the signals that are judged beside their baselines.
    fn score(&self, of: &[Id], weighting: score::Weighting, now: Timestamp) -> Sample {
        let counted = || self.plan.signals.iter().filter(|(id, _)| of.is_empty() || of.contains(id));
        if counted().all(|(id, _)| self.trial(id).is_none()) {
            return Sample::missing(now, Unknown::NoCanary);
        }
        let metrics = counted().filter_map(|(id, signal)| {
            let compare = signal.compare.as_ref()?;
            let judged = self.judge(id, now);
            let verdict = match judged.map(|judged| (judged.verdict, judged.compared)) {
                // A threshold that is passed is no better than a comparison that is lost.
                Some((Verdict::Fail, _)) => compare::Verdict::Fail,
                Some((_, Some(compared))) => compared.ruling.verdict,
                // There is nothing more to compare it with.
                Some((Verdict::Ok | Verdict::Warn, None)) => compare::Verdict::Pass,
                Some((Verdict::Unknown, None)) | None => compare::Verdict::Unknown,
            };
            Some(score::Metric {
                name: signal.title.clone().unwrap_or_else(|| id.clone()),
                group: compare.group.clone().unwrap_or_else(|| id.clone()),
                critical: compare.critical,
                verdict,
            })
        });
        let score = match score::score(&metrics.collect::<Vec<_>>(), &weighting) {
            Ok(score) => score,
            Err(error) => return Sample::missing(now, Unknown::Error(error.to_string())),
        };
        let [least, most] = score.score;
        let (number, verdict) = match score.verdict {
            compare::Verdict::Pass => (least, Verdict::Ok),
            compare::Verdict::Fail => (most, Verdict::Fail),
            // All is known, and it lies between the thresholds.
            compare::Verdict::Unknown if least == most => (least, Verdict::Warn),
            compare::Verdict::Unknown => {
                // More samples decide nothing where one of them is out of reach.
                let open = |why: &Unknown| matches!(why, Unknown::Undecided(_) | Unknown::TooFew(..) | Unknown::NoCanary);
                let compared = counted().filter(|(_, signal)| signal.compare.is_some());
                let broken = compared.filter_map(|(id, _)| Some((id, self.judge(id, now)?.unknown?))).find(|(_, why)| !open(why));
                let why = broken.map(|(id, why)| Unknown::Error(format!("{id}: {why}")));
                return Sample::missing(now, why.unwrap_or(Unknown::Undecided(score.why)));
            }
        };
        let said = crate::health::Said { verdict: Some(verdict), why: score.why };
        Sample { said: Some(Box::new(said)), ..Sample::number(now, number) }
    }
}
