//! What happens by itself: what the controller writes down next, and what should be under way in the world.
//!
//! Both are functions of the state, so starting, restarting after a crash and taking over are one thing: look, and
//! close the difference.

use jiff::Timestamp;

use super::{
    bake::Bake,
    decide::{begin_rollback, next_step},
    event::{Act, EventKind, Outcome},
    gate::CheckStatus,
    stage::{Operation, Phase, StageState},
    state::Release,
};
use crate::{
    health::{Unknown, Verdict, compare},
    plan::{Advance, CheckKind, Duration, OnFail, Stage, StageKind},
};

/// How long after a check could not be run it is tried again by itself.
const RECHECK: Duration = Duration::from_secs(30);

/// How often an act that is safe to repeat is tried by itself when nobody knows how it ended.
const TRIES: u32 = 3;

/// An act that should be under way and is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The stage.
    pub stage: String,
    /// The attempt.
    pub attempt: u32,
    /// The step, for an act on a target.
    pub step: Option<u32>,
    /// The act.
    pub act: Act,
}

/// What happens next by itself; nothing where it waits for the world or for a person. The controller writes these down and
/// asks again until there is nothing.
#[must_use]
pub fn advance(release: &Release, now: Timestamp) -> Vec<EventKind> {
    if let Some(rollback) = &release.rollback {
        return if rollback.done { Vec::new() } else { way_back(release) };
    }
    if release.is_over() {
        return Vec::new();
    }
    let turns = turned(release, now);
    if !turns.is_empty() {
        return turns;
    }
    for (stage, state) in release.stages() {
        let events = step_on(release, stage, state, now);
        if !events.is_empty() {
            return events;
        }
    }
    let checks = due_checks(release, now);
    if !checks.is_empty() {
        return checks;
    }
    if release.hold.is_none() && release.stages.iter().all(|state| state.phase == Phase::Passed) {
        return vec![EventKind::Completed];
    }
    Vec::new()
}

/// The acts that should be under way and are not. While the release is held none begins: a step whose version is up does
/// not get its traffic before somebody resumes.
#[must_use]
pub fn wanted(release: &Release) -> Vec<Wanted> {
    if let Some(rollback) = &release.rollback {
        return wanted_undo(rollback, release);
    }
    if release.hold.is_some() || release.is_over() {
        return Vec::new();
    }
    release.stages().filter_map(|(stage, state)| wanted_of(stage, state)).collect()
}

/// Changes of verdict that are not yet written down.
fn turned(release: &Release, now: Timestamp) -> Vec<EventKind> {
    let mut events = Vec::new();
    for id in release.plan.signals.keys() {
        let Some(judged) = release.judge(id, now) else { continue };
        let turn = release.turns.get(id);
        let last = turn.map(|turn| (turn.verdict, turn.undecided));
        // That a signal has not spoken yet at the beginning is no turn, unless a watch waits for its word for too long; nor is
        // that there is no canary yet, or too few of its samples.
        let waits = judged.is_undecided() || judged.unknown == Some(Unknown::NoCanary) || !is_overdue(release, id, now);
        let open = judged.compared.as_ref().is_some_and(|compared| compared.is_open() && compared.ruling.why == judged.why);
        // A warning that it is left open is no recovery from what it was before.
        let undecided = judged.is_undecided() || (judged.verdict == Verdict::Warn && open);
        // A threshold may have been passed before the comparison showed it, too.
        let ruled = judged.compared.as_ref().map(|compared| compared.ruling.verdict);
        let worse = judged.verdict == Verdict::Fail && ruled == Some(compare::Verdict::Fail);
        let is_news = worse && !turn.is_some_and(|turn| turn.shown_worse);
        let silent = last.is_none() && ((judged.verdict == Verdict::Unknown && waits) || open);
        if (last == Some((judged.verdict, undecided)) && !is_news) || silent {
            continue;
        }
        let decided = matches!(judged.verdict, Verdict::Ok | Verdict::Fail);
        let evidence = judged.compared.as_ref().filter(|_| decided).map(|compared| Box::new(compared.evidence()));
        events.push(EventKind::SignalTurned {
            signal: id.clone(),
            verdict: judged.verdict,
            value: judged.value,
            why: judged.why,
            sampled: judged.at,
            undecided,
            evidence,
        });
    }
    events
}

/// Whether a watch has waited longer for a signal's first word than the signal should take for it.
fn is_overdue(release: &Release, id: &str, now: Timestamp) -> bool {
    let Some(signal) = release.plan.signals.get(id) else { return false };
    let first = signal.every.as_millis().saturating_mul(i64::from(signal.samples));
    let patience = signal.stale_after().as_millis().saturating_add(first);
    let waits = |(stage, state): (&Stage, &StageState)| {
        state.phase == Phase::Baking
            && stage.signals.iter().any(|named| named == id)
            && state.bake.as_ref().is_some_and(|bake| super::millis_between(bake.started, now) > patience)
    };
    release.stages().any(waits)
}

fn step_on(release: &Release, stage: &Stage, state: &StageState, now: Timestamp) -> Vec<EventKind> {
    if let Some(events) = signal_failed(release, stage, state, now) {
        return events;
    }
    match state.phase {
        Phase::Running => outcome(release, stage, state),
        Phase::Baking => baked(release, stage, state, now),
        Phase::Paused if (state.step as usize) >= stage.steps().len() => {
            vec![EventKind::StagePassed { stage: stage.id.clone() }]
        }
        Phase::Paused | Phase::Idle if stage.advance == Advance::Auto => {
            let may = state.phase == Phase::Paused || release.is_due(stage);
            if may && release.gate(stage, state, now).is_empty() { next_step(stage, state) } else { Vec::new() }
        }
        _ => Vec::new(),
    }
}

/// A signal named by an open stage that fails does what `on_fail` says.
fn signal_failed(release: &Release, stage: &Stage, state: &StageState, now: Timestamp) -> Option<Vec<EventKind>> {
    if !state.phase.is_open() {
        return None;
    }
    let fails = |id: &&String| release.judge_in(stage, id, now).is_some_and(|judged| judged.verdict == Verdict::Fail);
    let accepted = |id: &&String| release.turns.get(*id).is_some_and(|turn| turn.accepted);
    let mut failing = stage.signals.iter().filter(fails);
    // Once a failure: a person who resumed in spite of it has seen it.
    let on_fail = release.on_fail(stage);
    let signal = match on_fail {
        OnFail::Rollback => failing.next(),
        OnFail::Hold => failing.find(|id| !accepted(id)),
    }?;
    let why = format!("{signal}: {}", release.judge_in(stage, signal, now)?.why);
    match on_fail {
        OnFail::Rollback => {
            Some(vec![EventKind::StageFailed { stage: stage.id.clone(), why: why.clone() }, begin_rollback(release, why)])
        }
        OnFail::Hold => release.hold.is_none().then(|| vec![EventKind::Held { why: release.instead_of_rollback(stage, why) }]),
    }
}

impl Release {
    /// What a failure of a stage leads to now: a person may have taken the automatic rollback out.
    #[must_use]
    pub fn on_fail(&self, stage: &Stage) -> OnFail {
        if self.automatic_off.is_some() { OnFail::Hold } else { stage.on_fail }
    }

    /// The reason of a hold that stands where a rollback would have been.
    fn instead_of_rollback(&self, stage: &Stage, why: String) -> String {
        match &self.automatic_off {
            Some(off) if stage.on_fail == OnFail::Rollback => {
                format!("{why}; {} took the automatic rollback out: {}", off.by, off.why)
            }
            _ => why,
        }
    }
}

/// What the outcome of an act leads to.
fn outcome(release: &Release, stage: &Stage, state: &StageState) -> Vec<EventKind> {
    if let StageKind::Soak { .. } = stage.kind {
        return vec![EventKind::BakeStarted { stage: stage.id.clone(), step: None }];
    }
    let Some(Operation { act, outcome: Some(outcome), .. }) = &state.operation else { return Vec::new() };
    match (act, outcome) {
        (Act::Run, Outcome::Succeeded { .. }) => vec![EventKind::StagePassed { stage: stage.id.clone() }],
        (Act::Weight { .. }, Outcome::Succeeded { .. }) => {
            vec![EventKind::BakeStarted { stage: stage.id.clone(), step: Some(state.step) }]
        }
        (_, Outcome::Succeeded { .. }) => Vec::new(),
        // Only a way back stops an act, and there is none: nothing would ever come of it.
        (_, Outcome::Cancelled) => failed(release, stage, "it was stopped".to_owned()),
        (_, Outcome::Failed { why }) => failed(release, stage, why.clone()),
        (_, Outcome::TimedOut { after }) => failed(release, stage, format!("not done after {after}, its time-out")),
        (Act::Run, Outcome::Lost { why }) if !is_idempotent(stage) || state.tries >= TRIES => {
            let mut events = vec![EventKind::StageUnsettled { stage: stage.id.clone(), why: why.clone() }];
            events.extend(held(release, format!("nobody knows how {} ended", stage.id)));
            events
        }
        (_, Outcome::Lost { why }) if state.tries >= TRIES => {
            failed(release, stage, format!("nobody knows how it ended, {TRIES} times: {why}"))
        }
        // Whoever may run again does: see `wanted`.
        (_, Outcome::Lost { .. }) => Vec::new(),
    }
}

fn is_idempotent(stage: &Stage) -> bool {
    matches!(stage.kind, StageKind::Task { idempotent: true, .. })
}

fn failed(release: &Release, stage: &Stage, why: String) -> Vec<EventKind> {
    let mut events = vec![EventKind::StageFailed { stage: stage.id.clone(), why: why.clone() }];
    match release.on_fail(stage) {
        OnFail::Hold => {
            let why = release.instead_of_rollback(stage, format!("{} failed", stage.id));
            events.extend(held(release, why));
        }
        OnFail::Rollback => events.push(begin_rollback(release, format!("{}: {why}", stage.id))),
    }
    events
}

fn held(release: &Release, why: String) -> Option<EventKind> {
    release.hold.is_none().then_some(EventKind::Held { why })
}

/// Whether a watch is over: its time has counted, and every signal of the stage has spoken since it began and lets it go on.
fn baked(release: &Release, stage: &Stage, state: &StageState, now: Timestamp) -> Vec<EventKind> {
    let Some(bake) = &state.bake else { return Vec::new() };
    let over = bake.left(now).is_zero() && release.hold.is_none();
    if !over || !release.unhealthy(stage, state, now).is_empty() || !has_spoken(release, stage, bake) {
        return Vec::new();
    }
    let step = (!stage.steps().is_empty()).then_some(state.step);
    vec![EventKind::BakeEnded { stage: stage.id.clone(), step }]
}

/// Whether each signal of a stage has as many samples since the watch began as it takes for a verdict. A watch of no
/// length asks for none.
#[must_use]
pub fn has_spoken(release: &Release, stage: &Stage, bake: &Bake) -> bool {
    silent(release, stage, bake).next().is_none()
}

/// The signals of a stage that have said too little since the watch began.
pub(super) fn silent<'a>(release: &'a Release, stage: &'a Stage, bake: &'a Bake) -> impl Iterator<Item = &'a String> {
    stage.signals.iter().filter(move |id| {
        let enough = release.plan.signals.get(*id).map_or(1, |signal| (signal.samples as usize).max(1));
        // The newest first, and no more than it takes: there may be thousands.
        let spoken = release.series(id).map_or(0, |series| {
            series.since(bake.started).rev().filter(|sample| sample.value.number().is_some()).take(enough).count()
        });
        !bake.length.is_zero() && spoken < enough
    })
}

/// Checks that are run by themselves and whose time has come.
fn due_checks(release: &Release, now: Timestamp) -> Vec<EventKind> {
    let mut events = Vec::new();
    for check in &release.plan.checks {
        let running = release.checks.get(&check.id).is_some_and(|state| state.running.is_some());
        if check.kind == CheckKind::Signed || running {
            continue;
        }
        let last = release.checks.get(&check.id).and_then(|state| state.last.as_ref());
        let older_than = |age: Duration| last.is_some_and(|last| super::millis_between(last.at, now) >= age.as_millis());
        let due = match release.check_status(check, now) {
            CheckStatus::Open | CheckStatus::Expired => true,
            CheckStatus::CouldNotRun => older_than(check.every.unwrap_or(RECHECK)),
            CheckStatus::Passed | CheckStatus::Failed => check.every.is_some_and(older_than),
            CheckStatus::Running | CheckStatus::Waived => false,
        };
        if due {
            events.push(EventKind::CheckStarted { check: check.id.clone() });
        }
    }
    events
}

/// What the outcomes of the way back lead to.
fn way_back(release: &Release) -> Vec<EventKind> {
    let steps = release.rollback.iter().flat_map(|rollback| &rollback.steps);
    for undo in steps {
        if undo.done || undo.stuck.is_some() {
            continue;
        }
        let Some(Operation { act, outcome: Some(outcome), .. }) = &undo.operation else { continue };
        let why = match outcome {
            Outcome::Succeeded { .. } => continue,
            Outcome::Lost { .. } if *act == Act::Restore && undo.tries < TRIES => continue,
            Outcome::Failed { why } | Outcome::Lost { why } => why.clone(),
            Outcome::TimedOut { after } => format!("not done after {after}, its time-out"),
            Outcome::Cancelled => "it was stopped".to_owned(),
        };
        return vec![EventKind::RollbackStuck { stage: undo.step.stage.clone(), why }];
    }
    let done = release.rollback.as_ref().is_some_and(|rollback| rollback.steps.iter().all(|undo| undo.done));
    if done && !is_stopping(release) { vec![EventKind::RolledBack] } else { Vec::new() }
}

fn wanted_of(stage: &Stage, state: &StageState) -> Option<Wanted> {
    if state.phase != Phase::Running {
        return None;
    }
    let done = state.operation.as_ref().is_none_or(|operation| match &operation.outcome {
        None => false,
        Some(Outcome::Succeeded { .. }) => operation.act == Act::Deploy,
        Some(Outcome::Lost { .. }) => operation.act != Act::Run || is_idempotent(stage),
        Some(_) => false,
    });
    if !done {
        return None;
    }
    let (act, step) = match &stage.kind {
        StageKind::Task { .. } => (Act::Run, None),
        StageKind::Soak { .. } => return None,
        StageKind::Rollout { .. } if !state.deployed => (Act::Deploy, Some(state.step)),
        StageKind::Rollout { steps, .. } => {
            let step = steps.get((state.step as usize).saturating_sub(1))?;
            (Act::Weight { weight: step.weight }, Some(state.step))
        }
    };
    Some(Wanted { stage: stage.id.clone(), attempt: state.attempt, step, act })
}

/// All traffic goes back at once; only then is anything undone, one after the other.
fn wanted_undo(rollback: &super::state::Rollback, release: &Release) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for undo in rollback.steps.iter().filter(|undo| !undo.done) {
        let restores = undo.step.act == Act::Restore;
        let idle = undo.stuck.is_none()
            && match undo.operation.as_ref().map(|operation| operation.outcome.as_ref()) {
                None => true,
                Some(Some(Outcome::Lost { .. })) => restores && undo.tries < TRIES,
                Some(_) => false,
            };
        // The same traffic is not given back twice at once.
        let taken = restores && {
            let target = release.target_of(&undo.step.stage);
            let under_way = rollback.steps.iter().filter(|other| other.under_way().is_some()).map(|other| &other.step.stage);
            under_way.chain(wanted.iter().map(|wanted: &Wanted| &wanted.stage)).any(|other| release.target_of(other) == target)
        };
        if idle && !taken && (restores || wanted.is_empty()) {
            let attempt = release.stage(&undo.step.stage).map_or(1, |(_, state)| state.attempt);
            wanted.push(Wanted { stage: undo.step.stage.clone(), attempt, step: None, act: undo.step.act.clone() });
        }
        if !restores {
            // What comes after an undo waits for it.
            break;
        }
    }
    // No undo while traffic is still on its way back, or something still runs.
    let early = is_stopping(release) || rollback.steps.iter().any(|undo| undo.step.act == Act::Restore && !undo.done);
    wanted.retain(|wanted| wanted.act == Act::Restore || !early);
    wanted
}

/// Whether something that ran when the way back began has not ended yet.
fn is_stopping(release: &Release) -> bool {
    release.stages.iter().any(|state| state.under_way().is_some())
}
