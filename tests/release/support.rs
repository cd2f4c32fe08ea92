//! A release with a world around it that the test moves: acts end when it says so, samples come, time passes.

use flightdeck::{
    health::{Sample, Unknown, Value},
    plan::{self, Plan},
    release::{
        Act, Ask, CONTROLLER, CheckResult, Command, Event, EventKind, Operation, Outcome, Refusal, Release, Seen, advance,
        decide, wanted,
    },
};
use jiff::{SignedDuration, Timestamp};

/// What a signal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Ok,
    Warn,
    Fail,
    Gap,
}

impl Level {
    fn value(self) -> Value {
        match self {
            Self::Ok => Value::Number(0.1),
            Self::Warn => Value::Number(0.7),
            Self::Fail => Value::Number(5.0),
            Self::Gap => Value::Missing(Unknown::NoData),
        }
    }
}

pub(crate) fn parsed(text: &str) -> Plan {
    plan::parse(text, "test").unwrap_or_else(|problems| panic!("{text}\n{problems:?}"))
}

pub(crate) fn succeeded() -> Outcome {
    Outcome::Succeeded { seen: None }
}

pub(crate) fn failed(why: &str) -> Outcome {
    Outcome::Failed { why: why.to_owned() }
}

pub(crate) fn lost() -> Outcome {
    Outcome::Lost { why: "it left no exit status".to_owned() }
}

/// A release, its journal, and the time.
pub(crate) struct Flight {
    pub(crate) release: Release,
    pub(crate) events: Vec<Event>,
    pub(crate) now: Timestamp,
    /// Is told every event before it is folded in.
    pub(crate) watch: fn(&Release, &Event),
}

impl Flight {
    pub(crate) fn new(text: &str) -> Self {
        let now: Timestamp = "2026-03-03T12:00:00Z".parse().unwrap();
        let kind = EventKind::Started {
            release: "r1".to_owned(),
            version: "2.0".to_owned(),
            previous: Some("1.0".to_owned()),
            plan: Box::new(parsed(text)),
            digest: "digest".to_owned(),
            folder: "/srv".to_owned(),
        };
        let event = Event { at: now, by: "alice".to_owned(), kind };
        Self { release: Release::begin(event.clone()).unwrap(), events: vec![event], now, watch: |_, _| {} }
    }

    /// Lets time pass in which nothing happens.
    pub(crate) fn wait(&mut self, seconds: i64) -> &mut Self {
        self.now += SignedDuration::from_secs(seconds);
        self
    }

    pub(crate) fn by(&mut self, by: &str, kind: EventKind) -> &mut Self {
        let event = Event { at: self.now, by: by.to_owned(), kind };
        (self.watch)(&self.release, &event);
        self.release.apply(&event);
        self.events.push(event);
        self
    }

    pub(crate) fn does(&mut self, kind: EventKind) -> &mut Self {
        self.by(CONTROLLER, kind)
    }

    pub(crate) fn command(ask: Ask, seen: Option<Seen>) -> Command {
        Command { by: "alice".to_owned(), ask, seen, expect: None, reason: None }
    }

    pub(crate) fn decide(&self, ask: Ask) -> Result<Vec<EventKind>, Refusal> {
        decide(&self.release, &Self::command(ask, None), self.now)
    }

    /// Asks for something; whether it was done.
    pub(crate) fn asks(&mut self, ask: Ask, seen: Option<Seen>) -> Result<(), Refusal> {
        for kind in decide(&self.release, &Self::command(ask, seen), self.now)? {
            self.by("alice", kind);
        }
        Ok(())
    }

    /// Asks for what must be done, and lets the controller go on.
    pub(crate) fn ask(&mut self, ask: Ask) -> &mut Self {
        self.asks(ask, None).unwrap();
        self.drive()
    }

    pub(crate) fn promote(&mut self, stage: &str) -> &mut Self {
        self.ask(Ask::Promote(Some(stage.to_owned())))
    }

    pub(crate) fn sign(&mut self, check: &str) -> &mut Self {
        self.ask(Ask::Sign { check: check.to_owned(), note: None, evidence: None })
    }

    /// What the controller writes down by itself, up to where it waits.
    pub(crate) fn settle(&mut self) -> &mut Self {
        let plan = &self.release.plan;
        let steps = plan.stages.iter().map(|stage| stage.steps().len() + 6).sum::<usize>();
        let most = 10 + steps + plan.signals.len() + plan.checks.len();
        for _ in 0..most {
            let kinds = advance(&self.release, self.now);
            if kinds.is_empty() {
                return self;
            }
            for kind in kinds {
                self.does(kind);
            }
        }
        panic!("it goes on without end: {:#?}", &self.events[self.events.len() - 12..]);
    }

    /// One round of the controller: what follows by itself, and the acts begun that should be under way.
    pub(crate) fn drive(&mut self) -> &mut Self {
        self.settle();
        for wanted in wanted(&self.release) {
            let op = format!("op-{}", self.release.sequence + 1);
            self.does(EventKind::OperationIntended {
                op,
                stage: wanted.stage,
                attempt: wanted.attempt,
                step: wanted.step,
                act: wanted.act,
            });
        }
        self
    }

    /// What is under way: its stage and the act.
    pub(crate) fn under_way(&self) -> Vec<(String, Operation)> {
        let forth = self.release.stages().filter_map(|(stage, state)| Some((stage.id.clone(), state.under_way()?.clone())));
        let back = self.release.rollback.iter().flat_map(|rollback| &rollback.steps);
        let back = back.filter_map(|undo| Some((undo.step.stage.clone(), undo.under_way()?.clone())));
        forth.chain(back).collect()
    }

    /// The acts under way, as words.
    pub(crate) fn acts(&self) -> Vec<String> {
        self.under_way().iter().map(|(stage, operation)| flightdeck::release::act_words(&operation.act, stage)).collect()
    }

    /// Ends the act under way for a stage, that of the way back first.
    pub(crate) fn ends(&mut self, stage: &str, outcome: Outcome) -> &mut Self {
        let found = self.under_way().into_iter().rfind(|(of, _)| of == stage);
        let (stage, operation) = found.unwrap_or_else(|| panic!("nothing is under way for {stage}"));
        self.does(EventKind::OperationEnded { op: operation.id, stage, outcome }).drive()
    }

    /// Ends what is under way for a stage well, and what follows from it, up to where there is nothing more.
    pub(crate) fn done(&mut self, stage: &str) -> &mut Self {
        while self.under_way().iter().any(|(of, _)| of == stage) {
            self.ends(stage, succeeded());
        }
        self
    }

    pub(crate) fn checked(&mut self, check: &str, result: CheckResult) -> &mut Self {
        self.does(EventKind::CheckEnded { check: check.to_owned(), result, detail: "so it says".to_owned() }).drive()
    }

    pub(crate) fn sample(&mut self, signal: &str, level: Level) -> &mut Self {
        self.release.observe(signal, Sample::new(self.now, level.value()));
        self
    }

    /// Lets time pass second by second, with a sample of every signal in each.
    pub(crate) fn fly(&mut self, seconds: i64, level: Level) -> &mut Self {
        let signals = self.release.plan.signals.keys().cloned().collect::<Vec<_>>();
        for _ in 0..seconds {
            self.wait(1);
            for signal in &signals {
                self.sample(signal, level);
            }
            self.drive();
        }
        self
    }

    pub(crate) fn phase(&self, stage: &str) -> flightdeck::release::Phase {
        self.release.stage(stage).unwrap().1.phase
    }

    /// The last events' kinds, by the names that the journal gives them.
    pub(crate) fn kinds(&self, last: usize) -> Vec<String> {
        self.events[self.events.len() - last..].iter().map(|event| kind(&event.kind)).collect()
    }
}

/// An event in the journal's own name for its kind, with what it is for.
pub(crate) fn kind(kind: &EventKind) -> String {
    let json = serde_json::to_value(kind).unwrap();
    let of = ["stage", "check", "signal"].iter().find_map(|key| json[key].as_str());
    let name = json["kind"].as_str().unwrap();
    of.map_or_else(|| name.to_owned(), |of| format!("{name} {of}"))
}

/// Whether an act changes a target's traffic.
pub(crate) fn is_forward(act: &Act) -> bool {
    matches!(act, Act::Run | Act::Deploy | Act::Weight { .. })
}
