//! What an act would do, in words, before it is done.

use jiff::Timestamp;

use super::{
    decide::{Ask, Seen, StageSeen},
    event::{Act, UndoStep},
    gate::{Blocker, CheckStatus},
    stage::{Phase, StageState},
    state::Release,
    words::kept_words,
};
use crate::{
    health::Verdict,
    plan::{Advance, CheckKind, OnFail, Source, Stage, StageKind, Step},
};

/// What an act would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Consequence {
    /// In one line: `canary: 5 % → 25 % of shop in production, watched 10m, rolls back by itself if errors fails`.
    pub line: String,
    /// In full, a sentence a line, the weightiest first.
    pub lines: Vec<String>,
    /// What stands in its way.
    pub blockers: Vec<Blocker>,
    /// The environment that it changes, if it changes one.
    pub environment: Option<String>,
    /// The name to be typed before it is done, in an environment that the plan protects.
    pub type_name: Option<String>,
    /// What was seen, to be sent with the command.
    pub seen: Option<Seen>,
}

impl Release {
    /// The stage that a promote would be for: the one named, else the first that waits for a person.
    #[must_use]
    pub fn meant(&self, named: Option<&str>) -> Option<(&Stage, &StageState)> {
        match named.and_then(|id| self.stage(id)) {
            Some((stage, state)) if self.awaits_person(stage, state) => Some((stage, state)),
            _ => self.promotable().next(),
        }
    }

    /// What is so, for a command to be bound to.
    #[must_use]
    pub fn seen(&self, stage: Option<&str>) -> Seen {
        let stage = stage.and_then(|id| self.stage(id));
        Seen {
            sequence: self.sequence,
            stage: stage.map(|(stage, state)| StageSeen { stage: stage.id.clone(), attempt: state.attempt, step: state.step }),
        }
    }

    /// What an act would do now, in words.
    #[must_use]
    pub fn consequence(&self, ask: &Ask, now: Timestamp) -> Consequence {
        match ask {
            Ask::Promote(named) => self.of_promote(named.as_deref(), now),
            Ask::Hold => plain(self.of_hold()),
            Ask::Resume => Consequence { seen: Some(self.seen(None)), ..plain(self.of_resume(now)) },
            Ask::Rollback => self.of_rollback(),
            Ask::Retry(named) => self.of_retry(named.as_deref(), now),
            Ask::Recheck(check) => plain(vec![format!("Runs the check {check} again.")]),
            Ask::Sign { check, .. } => plain(vec![
                format!("Signs {check} for {} {} in your name.", self.plan.service, self.version),
                "A new version or a changed plan does not take the signature over.".to_owned(),
            ]),
            Ask::Automatic(on) => self.of_automatic(*on, now),
            Ask::Silence { signal, alert, stage } => self.of_silence(signal, alert, stage.as_deref()),
            Ask::Unsilence(_) => plain(vec!["Takes the silence back at its Alertmanager.".to_owned()]),
            Ask::Note(_) => plain(vec!["Writes it into the journal in your name.".to_owned()]),
        }
    }

    fn of_promote(&self, named: Option<&str>, now: Timestamp) -> Consequence {
        let Some((stage, state)) = self.meant(named) else {
            let busy = self.stages().find(|(_, state)| matches!(state.phase, Phase::Running | Phase::Baking));
            let line = match (&self.rollback, busy) {
                (Some(rollback), _) if rollback.done => "nothing to promote: it was rolled back".to_owned(),
                (Some(_), _) => "nothing to promote: it is being rolled back".to_owned(),
                (None, Some((stage, _))) => format!("nothing to promote: {} is under way", stage.id),
                (None, None) => "nothing to promote".to_owned(),
            };
            return Consequence { line: line.clone(), lines: vec![line], ..Consequence::default() };
        };
        let mut lines = Vec::new();
        let mut said = if state.phase == Phase::Unsettled {
            lines.push(format!("Takes {} as done: you have looked, and it did its work.", stage.id));
            lines.push("It is not run again. If it was not done, retry it instead.".to_owned());
            if self.hold.is_some() {
                lines.push("The release stays held until somebody resumes.".to_owned());
            }
            format!("takes {} as done", stage.id)
        } else {
            self.next_in_words(stage, state, &mut lines)
        };
        let acts = state.phase != Phase::Unsettled;
        if acts {
            lines.extend(self.signals_in_words(stage, now));
        }
        if let Some(next) = self.after(stage, state) {
            lines.push(next);
        }
        lines.extend(self.back_in_words(stage));
        if acts && self.on_fail(stage) == OnFail::Rollback && !stage.signals.is_empty() {
            said.push_str(&format!(", rolls back by itself if {} fails", stage.signals.join(" or ")));
        }
        Consequence {
            line: said,
            lines,
            blockers: if acts { self.gate(stage, state, now) } else { Vec::new() },
            environment: Some(stage.environment.clone()),
            type_name: self.plan.is_protected(&stage.environment).then(|| stage.environment.clone()),
            seen: Some(self.seen(Some(&stage.id))),
        }
    }

    fn next_in_words(&self, stage: &Stage, state: &StageState, lines: &mut Vec<String>) -> String {
        let place = &stage.environment;
        match &stage.kind {
            StageKind::Task { run, timeout, irreversible, .. } => {
                lines.push(format!("Runs {} in {place}: {run}", stage.id));
                lines.push(format!("It is ended if it takes longer than {timeout}."));
                if *irreversible {
                    lines.push("It cannot be undone: this is a point of no return.".to_owned());
                }
                format!("{}: runs in {place}", stage.id)
            }
            StageKind::Soak { soak } => {
                lines.push(format!("Watches {place} for {soak}."));
                format!("{}: watches {place} for {soak}", stage.id)
            }
            StageKind::Rollout { target, steps } => {
                let next = if state.phase == Phase::Paused { state.step as usize } else { 0 };
                let from = state.weight.unwrap_or(0);
                let Some(Step { weight, bake }) = steps.get(next) else { return stage.id.clone() };
                if next == 0 {
                    lines.push(format!("Deploys {} {} to {target} in {place}.", self.plan.service, self.version));
                }
                lines.push(format!("Takes {} from {from} % to {weight} % of the traffic of {target} in {place}.", self.version));
                let watched = if bake.is_zero() { String::new() } else { format!(", watched {bake}") };
                if !bake.is_zero() {
                    lines.push(format!("Then it is watched for {bake}."));
                }
                format!("{}: {from} % → {weight} % of {target} in {place}{watched}", stage.id)
            }
        }
    }

    fn signals_in_words(&self, stage: &Stage, now: Timestamp) -> Vec<String> {
        let mut lines = Vec::new();
        for id in &stage.signals {
            let Some(judged) = self.judge(id, now) else { continue };
            if judged.verdict == Verdict::Warn {
                lines.push(format!("Mind: {id} warns, {}.", judged.why));
            }
        }
        if !stage.signals.is_empty() {
            let then = match (self.on_fail(stage), stage.on_fail) {
                (OnFail::Rollback, _) => "the release rolls back by itself",
                (OnFail::Hold, OnFail::Rollback) => "the release holds: the automatic rollback is out",
                (OnFail::Hold, OnFail::Hold) => "the release holds and waits for you",
            };
            lines.push(format!("If {} fails, {then}.", stage.signals.join(" or ")));
        } else if self.on_fail(stage) == OnFail::Rollback {
            lines.push("If it fails, the release rolls back by itself.".to_owned());
        }
        lines
    }

    /// What comes after the step that a promote would take.
    fn after(&self, stage: &Stage, state: &StageState) -> Option<String> {
        let taken = if state.phase == Phase::Paused { state.step as usize } else { 0 };
        if let Some(next) = stage.steps().get(taken.saturating_add(1)) {
            let who = if stage.advance == Advance::Manual { "waits for you to take it to" } else { "goes on by itself to" };
            return Some(format!("After that it {who} {} %.", next.weight));
        }
        let next = self.plan.stages.iter().filter(|other| other.needs.contains(&stage.id));
        let names = next.map(|next| match next.advance {
            Advance::Auto => next.id.clone(),
            Advance::Manual => format!("{} (waits for you)", next.id),
        });
        let names = names.collect::<Vec<_>>();
        (!names.is_empty()).then(|| format!("After that comes {}.", names.join(" and ")))
    }

    /// What would take it back.
    fn back_in_words(&self, stage: &Stage) -> Option<String> {
        match &stage.kind {
            StageKind::Rollout { .. } => {
                let stable = self.previous.as_deref().unwrap_or("the stable version");
                Some(format!("Rollback gives all traffic back to {stable}."))
            }
            StageKind::Task { undo: Some(undo), .. } => Some(format!("Rollback undoes it: {undo}")),
            StageKind::Task { undo: None, irreversible: false, .. } => {
                Some("Rollback leaves it as it is: it has no undo.".to_owned())
            }
            StageKind::Task { .. } | StageKind::Soak { .. } => None,
        }
    }

    fn of_hold(&self) -> Vec<String> {
        let mut lines = vec!["Starts nothing new until somebody resumes.".to_owned()];
        for (stage, state) in self.stages() {
            match (state.phase, state.under_way().map(|operation| &operation.act)) {
                (Phase::Running, Some(Act::Deploy)) => {
                    lines.push(format!("{} deploys on, but gets no traffic yet.", stage.id));
                }
                (Phase::Running, Some(_)) => lines.push(format!("{} is running, and runs on.", stage.id)),
                (Phase::Running, None) => lines.push(format!("{} stays where it is.", stage.id)),
                (Phase::Baking, _) => lines.push(format!("The watch over {} stops counting.", stage.id)),
                _ => {}
            }
        }
        lines
    }

    fn of_resume(&self, now: Timestamp) -> Vec<String> {
        let Some(hold) = &self.hold else { return vec!["It is not held.".to_owned()] };
        let mut lines = vec![format!("Goes on. It was held by {}: {}", hold.by, hold.why)];
        let anew = self.judged_anew().collect::<Vec<_>>();
        for (stage, id, more) in &anew {
            if *more {
                lines.push(format!("Compares {id} anew: what was measured so far no longer counts."));
                lines.push(format!("{} waits for it, and does not hold for it again before it recovers.", stage.id));
            } else {
                lines.push(format!("Mind: {id} was shown to be worse than its baseline, and {} goes on all the same.", stage.id));
            }
        }
        let is_score = |id: &str| {
            let source = self.plan.signals.get(id).map(|signal| &signal.source);
            matches!(source, Some(Source::Score { .. })) && !anew.is_empty()
        };
        let open = self.stages().filter(|(stage, state)| state.phase.is_open() && self.on_fail(stage) == OnFail::Hold);
        for (stage, _) in open {
            for id in &stage.signals {
                let said = anew.iter().any(|(of, known, _)| of.id == stage.id && known == id) || is_score(id);
                if !said && self.judge_in(stage, id, now).is_some_and(|judged| judged.verdict == Verdict::Fail) {
                    lines.push(format!("Mind: {id} still fails. {} does not hold for it again before it recovers.", stage.id));
                }
            }
        }
        lines
    }

    fn of_automatic(&self, on: bool, now: Timestamp) -> Consequence {
        let stages = self.plan.stages.iter().filter(|stage| stage.on_fail == OnFail::Rollback);
        let stages = stages.map(|stage| stage.id.as_str()).collect::<Vec<_>>().join(", ");
        let mut lines = Vec::new();
        if stages.is_empty() {
            lines.push("No stage of this plan rolls back by itself.".to_owned());
        } else if on {
            lines.push(format!("A failure of {stages} rolls the release back by itself again."));
            let open = self.stages().filter(|(stage, state)| stage.on_fail == OnFail::Rollback && state.phase.is_open());
            let fails = |id: &&String| self.judge(id, now).is_some_and(|judged| judged.verdict == Verdict::Fail);
            let failing = open.flat_map(|(stage, _)| &stage.signals).filter(fails).map(String::as_str).collect::<Vec<_>>();
            if !failing.is_empty() {
                lines.insert(0, format!("{} fails now: the release rolls back AT ONCE.", failing.join(", ")));
            }
        } else {
            lines.push(format!(
                "A failure of {stages} holds the release instead of rolling it back, until somebody takes it back in."
            ));
            lines.push("You can still roll back by hand at any time.".to_owned());
        }
        Consequence { seen: Some(self.seen(None)), ..plain(lines) }
    }

    fn of_silence(&self, signal: &str, alert: &str, stage: Option<&str>) -> Consequence {
        let known = self.alerts.get(signal).map(|alerts| alerts.known.as_slice()).unwrap_or_default();
        let name = known.iter().find(|known| known.fingerprint == alert).map_or(alert, |known| known.name.as_str());
        let Some(stage) = stage.or_else(|| self.stage_for_silence()) else {
            return plain(vec!["No stage is under way or next whose length a silence could have.".to_owned()]);
        };
        plain(vec![
            format!("Silences {name} at its Alertmanager for as long as {stage} takes, for everybody, in your name."),
            "It is taken back when the stage ends; if nobody drives the release, it ends by itself within half an hour."
                .to_owned(),
        ])
    }

    fn of_rollback(&self) -> Consequence {
        if let Some(rollback) = &self.rollback {
            let stuck = rollback.steps.iter().find(|undo| undo.stuck.is_some());
            let line = match stuck {
                Some(undo) => format!("tries to take {} back again", undo.step.stage),
                None if rollback.done => "it was rolled back".to_owned(),
                None => "it is being rolled back".to_owned(),
            };
            return Consequence { line: line.clone(), lines: vec![line], seen: Some(self.seen(None)), ..Consequence::default() };
        }
        let plan = self.rollback_plan();
        let mut lines = Vec::new();
        let mut cut_short = Vec::new();
        for (stage, state) in self.stages() {
            if let Some(operation) = state.under_way() {
                lines.push(format!("Stops what runs: {}.", super::act_words(&operation.act, &stage.id)));
                cut_short.push(stage);
            }
        }
        for (index, step) in plan.steps.iter().enumerate() {
            lines.push(format!("{}. {}", index.saturating_add(1), self.undo_in_words(step)));
        }
        let unfinished = plan.kept.iter().any(|kept| kept.why == super::WhyKept::Unfinished);
        if plan.steps.is_empty() && cut_short.is_empty() && !unfinished {
            lines.push("Nothing has been done that would need undoing.".to_owned());
        }
        for kept in plan.kept.iter().filter(|kept| kept.why != super::WhyKept::NothingToUndo) {
            lines.push(format!("– {}", kept_words(kept)));
        }
        // What is cut short is no step of the way back, and may leave more behind than any of them.
        let stops = cut_short.iter().map(|stage| stage.id.as_str()).collect::<Vec<_>>().join(" and ");
        let undone = plan.steps.iter().filter(|step| step.act == Act::Undo).map(|step| step.stage.as_str()).collect::<Vec<_>>();
        let mut said = Vec::new();
        if !stops.is_empty() {
            said.push(format!("stops {stops}"));
        }
        if plan.steps.iter().any(|step| step.act == Act::Restore) {
            said.push(format!("all traffic back to {}", self.previous.as_deref().unwrap_or("the stable version")));
        }
        if !undone.is_empty() {
            said.push(format!("undoes {}", undone.join(", ")));
        }
        let line = if said.is_empty() { "ends the release; nothing to undo".to_owned() } else { said.join(", ") };
        let stopped = cut_short.iter().map(|stage| stage.environment.clone());
        let touched = plan.steps.iter().map(|step| step.environment.clone()).chain(stopped);
        let mut touched = touched.collect::<Vec<_>>();
        touched.sort_by_key(|environment| !self.plan.is_protected(environment));
        let environment = touched.into_iter().next();
        Consequence {
            line,
            lines,
            blockers: Vec::new(),
            type_name: environment.clone().filter(|environment| self.plan.is_protected(environment)),
            environment,
            seen: Some(self.seen(None)),
        }
    }

    fn undo_in_words(&self, step: &UndoStep) -> String {
        let kind = self.plan.stage(&step.stage).map(|stage| &stage.kind);
        match kind {
            Some(StageKind::Rollout { target, .. }) => {
                let stable = self.previous.as_deref().unwrap_or("the stable version");
                format!("All traffic of {target} in {} back to {stable} ({}).", step.environment, step.stage)
            }
            Some(StageKind::Task { undo: Some(undo), .. }) => format!("Undo {}: {undo}", step.stage),
            _ => format!("Undo {}.", step.stage),
        }
    }

    fn of_retry(&self, named: Option<&str>, now: Timestamp) -> Consequence {
        if self.rollback.is_some() {
            return self.of_rollback();
        }
        let found = named.and_then(|id| self.stage(id)).filter(|(_, state)| state.may_be_retried());
        let Some((stage, state)) = found.or_else(|| self.retriable().next()) else {
            return plain(vec!["No stage has failed.".to_owned()]);
        };
        let mut lines = Vec::new();
        let attempt = state.attempt.saturating_add(1);
        if state.phase == Phase::Unsettled {
            lines.push("Nobody knows whether it did its work. Running it again may do it twice.".to_owned());
        }
        let line = self.next_in_words(stage, state, &mut lines);
        lines.extend(self.back_in_words(stage));
        Consequence {
            line: format!("{line}, attempt {attempt}"),
            lines,
            blockers: self.retry_gate(stage, state, now),
            environment: Some(stage.environment.clone()),
            type_name: self.plan.is_protected(&stage.environment).then(|| stage.environment.clone()),
            seen: Some(self.seen(Some(&stage.id))),
        }
    }

    /// Checks that a person could sign now, those that something waits for first.
    #[must_use]
    pub fn unsigned(&self, now: Timestamp) -> Vec<&str> {
        let signed = self.plan.checks.iter().filter(|check| check.kind == CheckKind::Signed);
        let open = signed.filter(|check| matches!(self.check_status(check, now), CheckStatus::Open | CheckStatus::Expired));
        let mut open = open.collect::<Vec<_>>();
        open.sort_by_key(|check| check.before.is_none());
        open.into_iter().map(|check| check.id.as_str()).collect()
    }
}

fn plain(lines: Vec<String>) -> Consequence {
    Consequence { line: lines.first().cloned().unwrap_or_default(), lines, ..Consequence::default() }
}
