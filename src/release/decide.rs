//! What a person asks for, and whether it may be: a command becomes events, or a refusal that says why.

use jiff::Timestamp;

use super::{
    event::{CONTROLLER, EventKind},
    gate::Blocker,
    stage::{Phase, StageState},
    state::{Release, Tone},
};
use crate::{
    health::Verdict,
    plan::{CheckKind, OnFail, Stage},
};

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Who.
    pub by: String,
    /// What.
    pub ask: Ask,
    /// What the sender saw when they asked. Without it the command is meant for whatever is so.
    pub seen: Option<Seen>,
    /// The exact sequence number at which alone it may be done.
    pub expect: Option<u64>,
    /// Why, in the sender's words.
    pub reason: Option<String>,
}

/// What can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Take the one next step that waits for a person; of this stage, if one is named.
    Promote(Option<String>),
    /// Start nothing new.
    Hold,
    /// Go on.
    Resume,
    /// Go back.
    Rollback,
    /// Start a failed stage again; this one, if one is named. A rollback that is stuck goes on.
    Retry(Option<String>),
    /// Run a check again.
    Recheck(String),
    /// Sign a check.
    Sign {
        /// The check.
        check: String,
        /// What there is to say of it.
        note: Option<String>,
        /// Where the proof is.
        evidence: Option<String>,
    },
    /// Let the release roll back by itself, or not; the reason says why.
    Automatic(bool),
    /// Make an alert silent for as long as a stage takes; the reason says why.
    Silence {
        /// The signal that counts it.
        signal: String,
        /// Its fingerprint, or its name.
        alert: String,
        /// The stage; the one under way, else the next, if none is named.
        stage: Option<String>,
    },
    /// Take a silence back: by its id, or the alert's fingerprint or name.
    Unsilence(String),
    /// Write something down.
    Note(String),
}

/// What the sender of a command saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The release's sequence number.
    pub sequence: u64,
    /// The stage the command is for, as it stood.
    pub stage: Option<StageSeen>,
}

/// A stage as somebody saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageSeen {
    /// The stage.
    pub stage: String,
    /// Its attempt.
    pub attempt: u32,
    /// Its step.
    pub step: u32,
}

/// Why a command is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The release is no longer what the sender saw.
    #[error("the release has moved on{}", since(.changes))]
    MovedOn {
        /// What happened since, in words.
        changes: Vec<String>,
    },
    /// Something stands in the way.
    #[error("{}", in_the_way(.0))]
    Gate(Vec<Blocker>),
    /// It does not fit what is so.
    #[error("{0}")]
    NotNow(String),
    /// Several could be meant.
    #[error("several could be meant; name one: {}", .0.join(", "))]
    Ambiguous(Vec<String>),
    /// The request names something that the plan does not know.
    #[error("the plan has no {what} `{id}`; it has {}", .known.join(", "))]
    Unknown {
        /// What kind of thing.
        what: &'static str,
        /// The name that was given.
        id: String,
        /// The names that there are.
        known: Vec<String>,
    },
}

fn since(changes: &[String]) -> String {
    if changes.is_empty() { String::new() } else { format!(": {}", changes.join("; ")) }
}

fn in_the_way(blockers: &[Blocker]) -> String {
    let each = blockers.iter().map(|blocker| match (&blocker.stage, blocker.kind) {
        (_, super::BlockerKind::Hold) => format!("held by {}: {}", blocker.id, blocker.why),
        (None, _) => blocker.why.clone(),
        (Some(stage), super::BlockerKind::Stage) => format!("{stage}: {}", blocker.why),
        (Some(stage), _) => format!("{stage} waits for {}: {}", blocker.id, blocker.why),
    });
    each.collect::<Vec<_>>().join("; ")
}

/// What a command leads to: events to be written, none where it is so already.
///
/// # Errors
/// A [`Refusal`] where it may not be.
pub fn decide(release: &Release, command: &Command, now: Timestamp) -> Result<Vec<EventKind>, Refusal> {
    if command.expect.is_some_and(|expected| expected != release.sequence) {
        return Err(release.moved_on(command.expect.unwrap_or(0)));
    }
    match &command.ask {
        Ask::Promote(stage) => promote(release, stage.as_deref(), command, now),
        Ask::Hold => hold(release, command),
        Ask::Resume => resume(release, command),
        Ask::Rollback => Ok(rollback(release, command)),
        Ask::Retry(stage) => retry(release, stage.as_deref(), command, now),
        Ask::Recheck(check) => recheck(release, check),
        Ask::Sign { check, note, evidence } => sign(release, check, note.clone(), evidence.clone()),
        Ask::Automatic(on) => automatic(release, *on, command),
        Ask::Silence { signal, alert, stage } => release.silence(signal, alert, stage.as_deref(), command.reason.as_deref()),
        Ask::Unsilence(named) => release.lift(named),
        Ask::Note(text) => Ok(vec![EventKind::Noted { text: text.clone() }]),
    }
}

impl Release {
    /// What has happened since somebody last looked, in a refusal's words.
    fn moved_on(&self, since: u64) -> Refusal {
        let news = self.recent.iter().filter(|line| line.sequence > since && line.tone != Tone::Detail);
        let changes = news.map(|line| format!("{} {}", line.by, line.words)).collect::<Vec<_>>();
        // The last few say it; a long absence would say more than a line can show.
        let skip = changes.len().saturating_sub(4);
        Refusal::MovedOn { changes: changes.into_iter().skip(skip).collect() }
    }

    /// Whether a signal has begun to fail since somebody last looked.
    fn turned_bad_since(&self, seen: &Seen) -> bool {
        self.turns.values().any(|turn| turn.verdict == Verdict::Fail && turn.sequence > seen.sequence)
    }

    /// Whether something bad has happened since somebody last looked.
    fn has_failed_since(&self, seen: &Seen) -> bool {
        self.recent.iter().any(|line| line.sequence > seen.sequence && line.tone == Tone::Bad)
    }

    fn find_stage(&self, id: &str) -> Result<(&Stage, &StageState), Refusal> {
        let known = || self.plan.stages.iter().map(|stage| stage.id.clone()).collect();
        self.stage(id).ok_or_else(|| Refusal::Unknown { what: "stage", id: id.to_owned(), known: known() })
    }

    /// Refuses what was meant for a stage that is no longer as it was seen.
    fn still(&self, stage: &Stage, state: &StageState, seen: Option<&Seen>) -> Result<(), Refusal> {
        let Some(seen) = seen else { return Ok(()) };
        match &seen.stage {
            Some(was) if was.stage != stage.id || was.attempt != state.attempt || was.step != state.step => {
                Err(self.moved_on(seen.sequence))
            }
            _ => Ok(()),
        }
    }

    /// The stages whose next step a person could take, in the plan's order: what a promote means.
    pub fn promotable(&self) -> impl Iterator<Item = (&Stage, &StageState)> {
        self.stages().filter(|(stage, state)| self.awaits_person(stage, state))
    }
}

fn promote(release: &Release, named: Option<&str>, command: &Command, now: Timestamp) -> Result<Vec<EventKind>, Refusal> {
    over(release)?;
    let (stage, state) = match named {
        Some(id) => release.find_stage(id)?,
        None => {
            // What was seen says which stage was meant, also when it no longer waits.
            let seen = command.seen.as_ref().and_then(|seen| seen.stage.as_ref());
            let mut waiting = release.promotable();
            match (seen, waiting.next(), waiting.next()) {
                (Some(seen), ..) => release.find_stage(&seen.stage)?,
                (None, Some(only), None) => only,
                (None, Some(_), Some(_)) => {
                    return Err(Refusal::Ambiguous(release.promotable().map(|(stage, _)| stage.id.clone()).collect()));
                }
                (None, None, _) => return Err(nothing_waits(release, now)),
            }
        }
    };
    release.still(stage, state, command.seen.as_ref())?;
    if !release.awaits_person(stage, state) {
        return Err(not_promotable(release, stage, state, now));
    }
    if state.phase == Phase::Unsettled {
        return Ok(vec![EventKind::StageSettled { stage: stage.id.clone() }]);
    }
    let blockers = release.gate(stage, state, now);
    if blockers.is_empty() { Ok(next_step(stage, state)) } else { Err(Refusal::Gate(blockers)) }
}

/// The events that begin a stage, or take its next step.
pub(super) fn next_step(stage: &Stage, state: &StageState) -> Vec<EventKind> {
    let mut events = Vec::new();
    let (attempt, step) = if state.phase == Phase::Paused {
        (state.attempt, state.step.saturating_add(1))
    } else {
        let attempt = state.attempt.saturating_add(1);
        events.push(EventKind::StageStarted { stage: stage.id.clone(), attempt });
        (attempt, 1)
    };
    if let Some(next) = stage.steps().get((step as usize).saturating_sub(1)) {
        events.push(EventKind::StepStarted { stage: stage.id.clone(), attempt, step, weight: next.weight });
    }
    events
}

fn over(release: &Release) -> Result<(), Refusal> {
    match &release.rollback {
        Some(rollback) if rollback.done => Err(Refusal::NotNow("the release was rolled back".to_owned())),
        Some(_) => Err(Refusal::NotNow("the release is being rolled back".to_owned())),
        None if release.is_over() => Err(Refusal::NotNow("the release is completed".to_owned())),
        None => Ok(()),
    }
}

fn nothing_waits(release: &Release, now: Timestamp) -> Refusal {
    let blockers = release.blockers(now);
    if !blockers.is_empty() {
        return Refusal::Gate(blockers);
    }
    let busy = release.stages().find(|(_, state)| matches!(state.phase, Phase::Running | Phase::Baking));
    match busy {
        Some((stage, state)) => not_promotable(release, stage, state, now),
        None => Refusal::NotNow("nothing waits for a person".to_owned()),
    }
}

fn not_promotable(release: &Release, stage: &Stage, state: &StageState, now: Timestamp) -> Refusal {
    let id = &stage.id;
    // What goes on by itself goes on only where nothing is in its way.
    let by_itself = match state.phase {
        Phase::Idle => release.is_due(stage),
        Phase::Paused => (state.step as usize) < stage.steps().len(),
        _ => false,
    };
    if by_itself {
        let blockers = release.gate(stage, state, now);
        if !blockers.is_empty() {
            return Refusal::Gate(blockers);
        }
    }
    Refusal::NotNow(match state.phase {
        Phase::Baking => match (release.gate_of_watch(stage, state, now), &state.bake) {
            (blockers, _) if !blockers.is_empty() => return Refusal::Gate(blockers),
            (_, Some(bake)) => format!("{id} is still being watched, {} to go", bake.left(now).rounded()),
            (_, None) => format!("{id} is still being watched"),
        },
        Phase::Running => format!("{id} is still running"),
        Phase::Passed => format!("{id} has passed"),
        Phase::Failed => format!("{id} failed; retry starts it again"),
        Phase::RolledBack => format!("{id} was rolled back"),
        Phase::Idle if !release.is_due(stage) => {
            let open =
                stage.needs.iter().filter(|need| release.stage(need).is_none_or(|(_, state)| state.phase != Phase::Passed));
            format!("{id} waits for {}", open.cloned().collect::<Vec<_>>().join(", "))
        }
        Phase::Idle | Phase::Paused | Phase::Unsettled => format!("{id} goes on by itself"),
    })
}

fn hold(release: &Release, command: &Command) -> Result<Vec<EventKind>, Refusal> {
    over(release)?;
    if release.hold.as_ref().is_some_and(|hold| hold.by != CONTROLLER) {
        return Ok(Vec::new());
    }
    let why = command.reason.clone().unwrap_or_else(|| format!("{} asked for it", command.by));
    Ok(vec![EventKind::Held { why }])
}

fn resume(release: &Release, command: &Command) -> Result<Vec<EventKind>, Refusal> {
    let Some(hold) = &release.hold else { return Ok(Vec::new()) };
    match &command.seen {
        // Whoever would lift one hold has not seen the next, and why it is there; nor what failed meanwhile, which going on
        // would accept.
        Some(seen) if seen.sequence < hold.sequence || release.turned_bad_since(seen) => Err(release.moved_on(seen.sequence)),
        _ => Ok(vec![EventKind::Resumed { why: command.reason.clone() }]),
    }
}

fn automatic(release: &Release, on: bool, command: &Command) -> Result<Vec<EventKind>, Refusal> {
    over(release)?;
    if on == release.automatic_off.is_none() {
        return Ok(Vec::new());
    }
    let Some(why) = command.reason.clone().filter(|why| !why.trim().is_empty()) else {
        return Err(Refusal::NotNow("taking the automatic rollback out or back in needs a reason".to_owned()));
    };
    match &command.seen {
        // Back in, it may act at once: whoever asks has to have seen what is so.
        Some(seen) if on && release.has_failed_since(seen) => Err(release.moved_on(seen.sequence)),
        _ => Ok(vec![EventKind::AutomaticSet { on, why }]),
    }
}

fn rollback(release: &Release, command: &Command) -> Vec<EventKind> {
    if release.rollback.is_some() {
        // One that is stuck is what is asked for again; one that runs or is done is so already.
        return retry_undo(release);
    }
    let why = command.reason.clone().unwrap_or_else(|| format!("{} asked for it", command.by));
    vec![begin_rollback(release, why)]
}

/// The event that begins the way back.
pub(super) fn begin_rollback(release: &Release, why: String) -> EventKind {
    let plan = release.rollback_plan();
    EventKind::RollbackStarted { why, steps: plan.steps, kept: plan.kept }
}

fn retry_undo(release: &Release) -> Vec<EventKind> {
    let stuck = release.rollback.iter().flat_map(|rollback| &rollback.steps).filter(|undo| undo.stuck.is_some());
    stuck.map(|undo| EventKind::RollbackRetried { stage: undo.step.stage.clone() }).collect()
}

fn retry(release: &Release, named: Option<&str>, command: &Command, now: Timestamp) -> Result<Vec<EventKind>, Refusal> {
    if release.rollback.is_some() {
        let events = retry_undo(release);
        if events.is_empty() {
            over(release)?;
        }
        return Ok(events);
    }
    over(release)?;
    let seen = command.seen.as_ref().and_then(|seen| seen.stage.as_ref());
    let (stage, state) = match named.or(seen.map(|seen| seen.stage.as_str())) {
        Some(id) => release.find_stage(id)?,
        None => {
            let mut failed = release.retriable();
            match (failed.next(), failed.next()) {
                (Some(only), None) => only,
                (Some(_), Some(_)) => {
                    return Err(Refusal::Ambiguous(release.retriable().map(|(stage, _)| stage.id.clone()).collect()));
                }
                (None, _) => return Err(Refusal::NotNow("no stage has failed".to_owned())),
            }
        }
    };
    release.still(stage, state, command.seen.as_ref())?;
    if !state.may_be_retried() {
        return Err(Refusal::NotNow(format!("{} has not failed", stage.id)));
    }
    let blockers = release.retry_gate(stage, state, now);
    if !blockers.is_empty() {
        return Err(Refusal::Gate(blockers));
    }
    // The hold that the failure brought goes with it.
    let mut events = release.hold.iter().map(|_| EventKind::Resumed { why: None }).collect::<Vec<_>>();
    events.extend(next_step(stage, state));
    Ok(events)
}

impl StageState {
    /// Whether a retry may be for it.
    pub(super) fn may_be_retried(&self) -> bool {
        matches!(self.phase, Phase::Failed | Phase::Unsettled)
    }
}

impl Release {
    /// The stages that a retry could be for, in the plan's order.
    pub(super) fn retriable(&self) -> impl Iterator<Item = (&Stage, &StageState)> {
        self.stages().filter(|(_, state)| state.may_be_retried())
    }

    /// What stands in the way of a stage's next attempt: what stands in the way of a first one, but not the hold that the
    /// failure itself brought. One that a person asked for stays, and so does one for a signal that fails elsewhere.
    pub(super) fn retry_gate(&self, stage: &Stage, state: &StageState, now: Timestamp) -> Vec<Blocker> {
        let mut blockers = self.gate(stage, state, now);
        let elsewhere = |(other, state): (&Stage, &StageState)| {
            let fails = |id: &String| self.judge_in(other, id, now).is_some_and(|judged| judged.verdict == Verdict::Fail);
            self.on_fail(other) == OnFail::Hold && state.phase.is_open() && other.signals.iter().any(fails)
        };
        let by_itself = self.hold.as_ref().is_some_and(|hold| hold.by == CONTROLLER);
        if by_itself && !self.stages().any(elsewhere) {
            blockers.retain(|blocker| blocker.kind != super::BlockerKind::Hold);
        }
        blockers
    }
}

fn find_check<'a>(release: &'a Release, id: &str) -> Result<&'a crate::plan::Check, Refusal> {
    let known = || release.plan.checks.iter().map(|check| check.id.clone()).collect();
    release.plan.check(id).ok_or_else(|| Refusal::Unknown { what: "check", id: id.to_owned(), known: known() })
}

fn recheck(release: &Release, id: &str) -> Result<Vec<EventKind>, Refusal> {
    over(release)?;
    let check = find_check(release, id)?;
    if check.kind == CheckKind::Signed {
        return Err(Refusal::NotNow(format!("{id} is signed by a person, not run")));
    }
    let running = release.checks.get(id).is_some_and(|state| state.running.is_some());
    Ok(if running { Vec::new() } else { vec![EventKind::CheckStarted { check: id.to_owned() }] })
}

fn sign(release: &Release, id: &str, note: Option<String>, evidence: Option<String>) -> Result<Vec<EventKind>, Refusal> {
    let check = find_check(release, id)?;
    if check.kind != CheckKind::Signed {
        return Err(Refusal::NotNow(format!("{id} is found out by running it; nobody can sign it")));
    }
    let (version, digest) = (release.version.clone(), release.digest.clone());
    Ok(vec![EventKind::CheckSigned { check: id.to_owned(), note, evidence, version, digest }])
}
