//! Random plans flown by random people through a random world, with what must hold at every event and in every state.

use std::{cell::Cell, collections::HashMap, fmt::Write as _};

use flightdeck::{
    health::Verdict,
    plan::{Advance, OnFail, StageKind},
    release::{
        Act, Ask, CheckResult, Event, EventKind, Outcome, Phase, Release, ReleaseStatus, Seen, StageStatus, advance, decide,
    },
};
use jiff::SignedDuration;
use proptest::{collection::vec, prelude::*};

use crate::support::{Flight, Level, failed, is_forward, lost, succeeded};

#[derive(Debug, Clone)]
enum Kind {
    Task { undo: bool, irreversible: bool, idempotent: bool },
    Rollout { target: bool, steps: Vec<(u8, u8)> },
    Soak { seconds: u8 },
}

#[derive(Debug, Clone)]
struct Stage {
    kind: Kind,
    needs: Vec<bool>,
    signals: (bool, bool),
    rollback: bool,
    manual: bool,
    signed: bool,
    run: bool,
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![
        (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(undo, irreversible, idempotent)| Kind::Task {
            undo: undo && !irreversible,
            irreversible,
            idempotent
        }),
        (any::<bool>(), prop::sample::subsequence(vec![5_u8, 25, 50, 100], 1..=3), vec(0_u8..8, 3))
            .prop_map(|(target, weights, bakes)| Kind::Rollout { target, steps: weights.into_iter().zip(bakes).collect() }),
        (1_u8..8).prop_map(|seconds| Kind::Soak { seconds }),
    ]
}

fn stages() -> impl Strategy<Value = (Vec<Stage>, bool)> {
    let stage = (kinds(), vec(any::<bool>(), 5), any::<(bool, bool)>(), any::<bool>(), any::<bool>(), 0_u8..4, 0_u8..4).prop_map(
        |(kind, needs, signals, rollback, manual, signed, run)| Stage {
            kind,
            needs,
            signals,
            rollback,
            manual,
            signed: signed == 0,
            run: run == 0,
        },
    );
    (vec(stage, 1..5), any::<bool>())
}

/// The plan's text; written backwards, so that what is needed stands behind what needs it, if asked for.
fn text(stages: &[Stage], backwards: bool) -> String {
    let mut head = r#"
service = "shop"
[signals.errors]
source = "command"
run = "errors"
every = "1s"
samples = 2
warn = 0.5
fail = 1.0
[signals.canary]
source = "command"
run = "canary"
every = "1s"
samples = 2
needs_traffic = true
fail = 1.0
"#
    .to_owned();
    for target in ["a", "b"] {
        write!(
            head,
            "[targets.{target}]\ndriver = \"command\"\ndeploy = \"d\"\nweight = \"w {{weight}}\"\nrollback = \"r\"\nobserve = \"o\"\n"
        )
        .unwrap();
    }
    let mut blocks = Vec::new();
    let mut checks = String::new();
    for (index, stage) in stages.iter().enumerate() {
        let needs = (0..index).filter(|need| stage.needs[*need]).map(|need| format!("\"s{need}\"")).collect::<Vec<_>>();
        let mut block = format!("[[stages]]\nid = \"s{index}\"\nneeds = [{}]\n", needs.join(", "));
        match &stage.kind {
            Kind::Task { undo, irreversible, idempotent } => {
                block.push_str("run = \"run\"\n");
                block.push_str(if *undo { "undo = \"undo\"\n" } else { "" });
                block.push_str(if *irreversible { "irreversible = true\n" } else { "" });
                block.push_str(if *idempotent { "idempotent = true\n" } else { "" });
            }
            Kind::Rollout { target, steps } => {
                let steps = steps.iter().map(|(weight, bake)| format!("{{ weight = {weight}, bake = \"{bake}s\" }}"));
                let target = if *target { "a" } else { "b" };
                write!(block, "target = \"{target}\"\nsteps = [{}]\n", steps.collect::<Vec<_>>().join(", ")).unwrap();
            }
            Kind::Soak { seconds } => writeln!(block, "soak = \"{seconds}s\"").unwrap(),
        }
        let rollout = matches!(stage.kind, Kind::Rollout { .. });
        let signals = [(stage.signals.0, "\"errors\""), (stage.signals.1 && rollout, "\"canary\"")];
        let signals = signals.iter().filter(|(named, _)| *named).map(|(_, id)| *id).collect::<Vec<_>>();
        if !signals.is_empty() {
            writeln!(block, "signals = [{}]", signals.join(", ")).unwrap();
        }
        block.push_str(if stage.rollback { "on_fail = \"rollback\"\n" } else { "" });
        writeln!(block, "advance = \"{}\"", if stage.manual { "manual" } else { "auto" }).unwrap();
        blocks.push(block);
        if stage.signed {
            writeln!(checks, "[[checks]]\nid = \"signed{index}\"\ntitle = \"Signed\"\nmax_age = \"60s\"\nbefore = \"s{index}\"")
                .unwrap();
        }
        if stage.run {
            writeln!(
                checks,
                "[[checks]]\nid = \"run{index}\"\ntitle = \"Run\"\nrun = \"c\"\nevery = \"20s\"\nmax_age = \"50s\"\nbefore = \"s{index}\""
            )
            .unwrap();
        }
    }
    if backwards {
        blocks.reverse();
    }
    head + &blocks.concat() + &checks
}

/// What happens next in the world.
#[derive(Debug, Clone)]
enum Happens {
    Promote(Option<usize>, bool),
    /// Two people press the same key, having seen the same.
    Twice(usize),
    /// Somebody promotes by a screen of long ago.
    Late(usize),
    Hold,
    ControllerHolds,
    Resume,
    Rollback,
    Retry(Option<usize>, bool),
    Sign(usize),
    Recheck(usize),
    Note,
    Sample(bool, Level),
    Fly(u8, Level),
    Clock(i16),
    Ends(usize, u8, bool),
    Checked(usize, u8),
    Took(u8),
}

fn level() -> impl Strategy<Value = Level> {
    prop_oneof![6 => Just(Level::Ok), 1 => Just(Level::Warn), 1 => Just(Level::Fail), 1 => Just(Level::Gap)]
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        6 => (prop::option::of(0_usize..5), any::<bool>()).prop_map(|(stage, seen)| Happens::Promote(stage, seen)),
        2 => (0_usize..5).prop_map(Happens::Twice),
        1 => (0_usize..20).prop_map(Happens::Late),
        1 => Just(Happens::Hold),
        2 => Just(Happens::Resume),
        1 => Just(Happens::Rollback),
        3 => (prop::option::of(0_usize..5), any::<bool>()).prop_map(|(stage, seen)| Happens::Retry(stage, seen)),
        2 => (0_usize..5).prop_map(Happens::Sign),
        1 => (0_usize..5).prop_map(Happens::Recheck),
        1 => Just(Happens::Note),
        1 => Just(Happens::ControllerHolds),
        2 => (any::<bool>(), level()).prop_map(|(signal, level)| Happens::Sample(signal, level)),
        6 => (1_u8..12, level()).prop_map(|(seconds, level)| Happens::Fly(seconds, level)),
        2 => (-20_i16..20).prop_map(Happens::Clock),
        10 => (0_usize..4, 0_u8..16, any::<bool>()).prop_map(|(which, outcome, effect)| Happens::Ends(which, outcome, effect)),
        2 => (0_usize..4, 0_u8..6).prop_map(|(which, result)| Happens::Checked(which, result)),
        1 => (0_u8..20).prop_map(Happens::Took),
    ]
}

/// What must hold of an event, given the state that it falls into.
fn event_fits(release: &Release, event: &Event) {
    let stage = |id: &str| release.stage(id).unwrap();
    let flies = || assert!(release.rollback.is_none() && release.hold.is_none() && !release.is_over(), "{event:?} now");
    match &event.kind {
        EventKind::StageStarted { stage: id, attempt } => {
            flies();
            let (stage, state) = stage(id);
            assert_eq!(*attempt, state.attempt + 1);
            assert!(matches!(state.phase, Phase::Idle | Phase::Failed | Phase::Unsettled), "{id} from {:?}", state.phase);
            assert!(state.under_way().is_none());
            for need in &stage.needs {
                assert_eq!(release.stage(need).unwrap().1.phase, Phase::Passed, "{id} needs {need}");
            }
            for check in release.plan.checks.iter().filter(|check| check.before.as_deref() == Some(id)) {
                assert!(release.check_status(check, event.at).holds(), "{id} began without {}", check.id);
            }
        }
        EventKind::StepStarted { stage: id, attempt, step, weight } => {
            flies();
            let (stage, state) = stage(id);
            assert_eq!((*attempt, *step), (state.attempt, state.step + 1), "{id} skips or doubles a step");
            assert_eq!(*weight, stage.steps()[*step as usize - 1].weight);
            assert!(state.under_way().is_none());
            assert!(*step == 1 || state.phase == Phase::Paused && state.bake.as_ref().unwrap().done);
        }
        EventKind::OperationIntended { stage: id, act, attempt, .. } => {
            let (_, state) = stage(id);
            assert_eq!(*attempt, state.attempt);
            if is_forward(act) {
                flies();
                assert!(state.under_way().is_none(), "two acts for {id}");
                assert_eq!(state.phase, Phase::Running);
            } else {
                let steps = &release.rollback.as_ref().unwrap().steps;
                let index = steps.iter().position(|undo| undo.step.stage == *id).unwrap();
                assert!(steps[index].under_way().is_none() && !steps[index].done && steps[index].stuck.is_none());
                if *act == Act::Undo {
                    assert!(steps[..index].iter().all(|undo| undo.done), "{id} is undone out of its turn");
                    assert!(release.stages.iter().all(|state| state.under_way().is_none()));
                } else {
                    let target = |id: &str| match &release.plan.stage(id).unwrap().kind {
                        StageKind::Rollout { target, .. } => target.clone(),
                        other => panic!("{other:?} has no target"),
                    };
                    let others = steps.iter().filter(|undo| undo.under_way().is_some());
                    assert!(others.into_iter().all(|undo| target(&undo.step.stage) != target(id)), "given back twice at once");
                }
            }
        }
        EventKind::BakeEnded { stage: id, .. } => {
            flies();
            let (stage, state) = stage(id);
            assert!(state.bake.as_ref().unwrap().left(event.at).is_zero());
            for signal in &stage.signals {
                let verdict = release.judge(signal, event.at).unwrap().verdict;
                assert!(matches!(verdict, Verdict::Ok | Verdict::Warn), "{id} was watched with {signal} {verdict:?}");
            }
        }
        EventKind::StagePassed { stage: id } => assert!(stage(id).1.phase.is_open()),
        EventKind::Completed => {
            flies();
            assert!(release.stages.iter().all(|state| state.phase == Phase::Passed));
        }
        EventKind::RolledBack => {
            let rollback = release.rollback.as_ref().unwrap();
            assert!(rollback.steps.iter().all(|undo| undo.done && undo.under_way().is_none()));
            assert!(release.stages.iter().all(|state| state.under_way().is_none()));
        }
        _ => {}
    }
}

struct World {
    flight: Flight,
    /// The traffic that each target really gives to the new version.
    weights: HashMap<String, u8>,
    seen: Vec<(Ask, Seen)>,
}

impl World {
    fn new(plan: &str) -> Self {
        let mut flight = Flight::new(plan);
        flight.watch = event_fits;
        Self { flight, weights: HashMap::new(), seen: Vec::new() }
    }

    fn name(&self, index: usize) -> String {
        let stages = &self.flight.release.plan.stages;
        stages[index % stages.len()].id.clone()
    }

    fn happens(&mut self, what: &Happens) {
        let stage = |index: &Option<usize>| index.map(|index| self.name(index));
        match what {
            Happens::Promote(index, seen) => {
                let named = stage(index);
                let seen = seen.then(|| self.flight.release.seen(named.as_deref()));
                let _refused = self.flight.asks(Ask::Promote(named), seen);
            }
            Happens::Twice(index) => {
                let (named, release) = (self.name(*index), &self.flight.release);
                let seen = release.seen(Some(&named));
                let before = release.sequence;
                if self.flight.asks(Ask::Promote(Some(named.clone())), Some(seen.clone())).is_ok() {
                    assert!(self.flight.release.sequence > before);
                    // Also where everything that follows has happened before the other key arrives.
                    assert!(self.flight.asks(Ask::Promote(Some(named.clone())), Some(seen.clone())).is_err());
                    self.flight.drive();
                    assert!(self.flight.asks(Ask::Promote(Some(named)), Some(seen)).is_err());
                }
            }
            Happens::Late(index) => {
                if let Some((ask, seen)) = self.seen.get(index % self.seen.len().max(1)).cloned() {
                    let was = seen.stage.clone().unwrap();
                    let (_, state) = self.flight.release.stage(&was.stage).unwrap();
                    let same = (state.attempt, state.step) == (was.attempt, was.step);
                    let done = self.flight.asks(ask, Some(seen));
                    assert!(same || done.is_err(), "a promote for {was:?} was done much later");
                }
            }
            Happens::Hold => drop(self.flight.asks(Ask::Hold, None)),
            Happens::ControllerHolds => {
                if self.flight.release.hold.is_none() && self.flight.release.rollback.is_none() && !self.flight.release.is_over()
                {
                    self.flight.does(EventKind::Held { why: "it does not know enough".to_owned() });
                }
            }
            Happens::Resume => self.flight.asks(Ask::Resume, None).unwrap(),
            Happens::Rollback => self.flight.asks(Ask::Rollback, None).unwrap(),
            Happens::Retry(index, seen) => {
                let named = stage(index);
                let seen = seen.then(|| self.flight.release.seen(named.as_deref()));
                let _refused = self.flight.asks(Ask::Retry(named), seen);
            }
            Happens::Sign(index) => {
                let ask = Ask::Sign { check: format!("signed{index}"), note: None, evidence: None };
                let _refused = self.flight.asks(ask, None);
            }
            Happens::Recheck(index) => drop(self.flight.asks(Ask::Recheck(format!("run{index}")), None)),
            Happens::Note => self.flight.asks(Ask::Note("seen".to_owned()), None).unwrap(),
            Happens::Sample(signal, level) => drop(self.flight.sample(if *signal { "errors" } else { "canary" }, *level)),
            Happens::Fly(seconds, level) => drop(self.flight.fly(i64::from(*seconds), *level)),
            Happens::Clock(seconds) => self.flight.now += SignedDuration::from_secs(i64::from(*seconds)),
            Happens::Ends(which, outcome, effect) => self.ends(*which, *outcome, *effect),
            Happens::Checked(which, result) => {
                let running = self.flight.release.checks.iter().filter(|(_, check)| check.running.is_some());
                let running = running.map(|(id, _)| id.clone()).collect::<Vec<_>>();
                if let Some(check) = running.get(which % running.len().max(1)).cloned() {
                    let result = match result {
                        0 => CheckResult::Failed,
                        1 => CheckResult::CouldNotRun,
                        _ => CheckResult::Passed,
                    };
                    self.flight.does(EventKind::CheckEnded { check, result, detail: String::new() });
                }
            }
            Happens::Took(seconds) => {
                let since = self.flight.now - SignedDuration::from_secs(i64::from(*seconds));
                let (host, token) = ("h".to_owned(), self.flight.release.sequence);
                self.flight.does(EventKind::ControllerTook { host, pid: 1, token, unwatched_since: Some(since) });
            }
        }
        let release = &self.flight.release;
        if let Some((stage, _)) = release.promotable().next() {
            self.seen.push((Ask::Promote(Some(stage.id.clone())), release.seen(Some(&stage.id))));
        }
    }

    /// Ends an act; where it did not end well, its effect may be there all the same.
    fn ends(&mut self, which: usize, outcome: u8, effect: bool) {
        let under_way = self.flight.under_way();
        let Some((stage, operation)) = under_way.get(which % under_way.len().max(1)).cloned() else { return };
        let going_back = self.flight.release.rollback.is_some();
        let outcome = match outcome {
            0 => failed("exit 1"),
            1 => Outcome::TimedOut { after: "1m".to_owned() },
            2 => lost(),
            3..6 if going_back && is_forward(&operation.act) => Outcome::Cancelled,
            _ => succeeded(),
        };
        if effect || outcome == succeeded() {
            let target = match &self.flight.release.plan.stage(&stage).unwrap().kind {
                StageKind::Rollout { target, .. } => target.clone(),
                _ => String::new(),
            };
            match operation.act {
                Act::Weight { weight } => drop(self.weights.insert(target, weight)),
                Act::Restore => drop(self.weights.insert(target, 0)),
                Act::Run | Act::Undo | Act::Deploy => {}
            }
        }
        self.flight.does(EventKind::OperationEnded { op: operation.id, stage, outcome });
    }

    /// What must hold wherever the controller has done its round.
    fn holds(&self) {
        let (release, now) = (&self.flight.release, self.flight.now);
        assert_eq!(advance(release, now), [], "it waits");
        let status = release.status(now);
        let blockers = release.blockers(now);
        if release.rollback.is_none() && !release.is_over() {
            for (stage, state) in release.stages() {
                let fails = |id: &String| release.judge(id, now).unwrap().verdict == Verdict::Fail;
                let unknown = |id: &String| release.judge(id, now).unwrap().verdict == Verdict::Unknown;
                if state.phase.is_open() && stage.signals.iter().any(fails) {
                    assert_eq!(stage.on_fail, OnFail::Hold, "{} fails and does not roll back", stage.id);
                }
                if matches!(state.phase, Phase::Baking | Phase::Paused) && stage.signals.iter().any(unknown) {
                    assert!(!blockers.is_empty(), "GO, and {} does not know its signals", stage.id);
                }
                if matches!(state.phase, Phase::Failed | Phase::Unsettled) {
                    assert!(!blockers.is_empty(), "GO, and {} is {:?}", stage.id, state.phase);
                }
                let ask = Ask::Promote(Some(stage.id.clone()));
                if blockers.is_empty() && stage.advance == Advance::Manual {
                    let ready = release.stage_status(stage, state, now) == StageStatus::Ready
                        || state.phase == Phase::Paused && release.awaits_person(stage, state);
                    assert!(!ready || self.flight.decide(ask.clone()).is_ok(), "GO, and no promote of {}", stage.id);
                }
            }
        } else {
            assert!(self.flight.decide(Ask::Promote(None)).is_err());
        }
        if release.is_over() {
            assert_eq!(self.flight.under_way(), []);
            assert!(matches!(status, ReleaseStatus::Completed | ReleaseStatus::RolledBack));
            assert!(release.stages.iter().all(|state| !state.phase.is_open()), "a stage never ends");
        }
        if status == ReleaseStatus::RolledBack {
            assert!(self.weights.values().all(|weight| *weight == 0), "traffic stays: {:?}", self.weights);
            let rollouts = release.stages().filter(|(stage, _)| !stage.steps().is_empty());
            assert!(rollouts.into_iter().all(|(_, state)| state.weight.unwrap_or(0) == 0));
        }
        // What is said before an act is what the act does.
        for ask in [Ask::Promote(None), Ask::Retry(None)] {
            let consequence = release.consequence(&ask, now);
            let Some(seen) = consequence.seen else { continue };
            let Some(stage) = seen.stage.clone().map(|seen| seen.stage) else { continue };
            let ask = if matches!(ask, Ask::Promote(_)) { Ask::Promote(Some(stage)) } else { Ask::Retry(Some(stage)) };
            let decided = decide(release, &Flight::command(ask.clone(), Some(seen)), now);
            assert_eq!(decided.is_ok(), consequence.blockers.is_empty(), "{ask:?}: {decided:?}, {:?}", consequence.blockers);
        }
        for ask in [Ask::Hold, Ask::Resume, Ask::Rollback, Ask::Note(String::new())] {
            assert!(!release.consequence(&ask, now).line.is_empty());
        }
        let _json = serde_json::to_string(&release.report(true, now)).unwrap();
    }

    /// A patient person in a world where everything works: from wherever it is, the release comes to its end.
    fn comes_to_its_end(&mut self) {
        for _ in 0..900 {
            if self.flight.release.is_over() {
                return;
            }
            for index in 0..self.flight.under_way().len().max(1) {
                self.ends(index, 15, true);
            }
            let running = self.flight.release.checks.iter().filter(|(_, check)| check.running.is_some());
            for check in running.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
                self.flight.does(EventKind::CheckEnded { check, result: CheckResult::Passed, detail: String::new() });
            }
            let signed = self.flight.release.unsigned(self.flight.now).iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
            for check in signed {
                self.flight.asks(Ask::Sign { check, note: None, evidence: None }, None).unwrap();
            }
            let failed = self.flight.release.checks.iter().filter(|(id, check)| {
                id.starts_with("run") && check.last.as_ref().is_some_and(|last| last.result != CheckResult::Passed)
            });
            for check in failed.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
                let _refused = self.flight.asks(Ask::Recheck(check), None);
            }
            for index in 0..self.flight.release.plan.stages.len() {
                let named = Some(self.name(index));
                let _refused = self.flight.asks(Ask::Promote(named.clone()), None);
                let _refused = self.flight.asks(Ask::Retry(named), None);
            }
            self.flight.asks(Ask::Resume, None).unwrap();
            self.flight.drive();
            self.flight.fly(1, Level::Ok);
            self.holds();
        }
        let release = &self.flight.release;
        panic!("it never ends: {:#?}\n{:#?}\n{:#?}", release.blockers(self.flight.now), release.stages, release.rollback);
    }
}

#[test]
fn any_flight_keeps_its_promises() {
    let config = ProptestConfig { cases: 300, max_shrink_iters: 3000, failure_persistence: None, ..ProptestConfig::default() };
    let flights = (stages(), vec((happens(), 0_u8..4), 0..60));
    let (completed, back) = (Cell::new(0), Cell::new(0));
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let result = runner.run(&flights, |((stages, backwards), story)| {
        let mut world = World::new(&text(&stages, backwards));
        for (what, drives) in &story {
            world.happens(what);
            // Not every event finds a controller that is quick.
            if *drives > 0 {
                world.flight.drive();
                world.holds();
            }
        }
        world.flight.drive();
        world.comes_to_its_end();
        world.holds();
        folds_again(&world.flight);
        let ends = if world.flight.release.is_completed() { &completed } else { &back };
        ends.set(ends.get() + 1);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    // The model is worth something only where both ends are reached.
    assert!(completed.get() > 10 && back.get() > 10, "{} completed, {} rolled back", completed.get(), back.get());
}

/// Whoever reads the journal holds the same state.
fn folds_again(flight: &Flight) {
    let mut events = flight.events.iter().map(|event| {
        let text = serde_json::to_string(event).unwrap();
        let read: Event = serde_json::from_str(&text).unwrap();
        assert_eq!(read, *event);
        read
    });
    let mut again = Release::begin(events.next().unwrap()).unwrap();
    for event in events {
        again.apply(&event);
    }
    for id in flight.release.plan.signals.keys() {
        flight.release.series(id).unwrap().iter().for_each(|sample| again.observe(id, sample.clone()));
    }
    assert_eq!(format!("{again:?}"), format!("{:?}", flight.release));
}
