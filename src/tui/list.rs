//! The rows of the panes: which are shown, and which one is selected.

use std::collections::HashSet;

use jiff::Timestamp;

use super::app::App;
use crate::{
    health::{Judgement, Unknown, Verdict},
    plan::CheckKind,
    release::{Blocker, CheckStatus, Phase, verdict_word},
};

/// The three panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pane {
    Stages,
    Checks,
    Health,
}

impl Pane {
    pub(crate) const ALL: [Self; 3] = [Self::Stages, Self::Checks, Self::Health];

    /// Its name on screen.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Stages => "Stages",
            Self::Checks => "Checklist",
            Self::Health => "Health",
        }
    }
}

/// What a person has chosen in a pane.
#[derive(Debug, Default)]
pub(crate) struct List {
    /// The row, by its place in the plan; the one where the action is, if none.
    pub(crate) chosen: Option<usize>,
    /// Only rows with all of these words in them are shown.
    pub(crate) filter: String,
}

/// What a person has chosen in the panes.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    stages: List,
    checks: List,
    health: List,
}

impl Lists {
    pub(crate) fn of(&self, pane: Pane) -> &List {
        match pane {
            Pane::Stages => &self.stages,
            Pane::Checks => &self.checks,
            Pane::Health => &self.health,
        }
    }

    pub(crate) fn of_mut(&mut self, pane: Pane) -> &mut List {
        match pane {
            Pane::Stages => &mut self.stages,
            Pane::Checks => &mut self.checks,
            Pane::Health => &mut self.health,
        }
    }
}

/// The row that a detail is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    Stage(String),
    Check(String),
    Signal(String),
}

impl App {
    /// How many rows a pane has, shown or not.
    fn len(&self, pane: Pane) -> usize {
        let plan = &self.release.plan;
        match pane {
            Pane::Stages => plan.stages.len(),
            Pane::Checks => plan.checks.len(),
            Pane::Health => plan.signals.len(),
        }
    }

    /// The rows of a pane that its filter lets through, by their places in the plan, in the order in which they are shown.
    pub(crate) fn rows(&self, pane: Pane, now: Timestamp) -> Vec<usize> {
        self.rows_if(pane, now, self.shown.crowded)
    }

    /// The same on a screen that has no room for all signals at once, or has.
    pub(crate) fn rows_if(&self, pane: Pane, now: Timestamp, crowded: bool) -> Vec<usize> {
        let filter = self.lists.of(pane).filter.to_lowercase();
        let all = match pane {
            Pane::Health if crowded => self.running_first(now),
            _ => (0..self.len(pane)).collect(),
        };
        if filter.trim().is_empty() {
            return all;
        }
        let found = all.into_iter().filter(|row| {
            let text = self.row_text(pane, *row, now).to_lowercase();
            let name = self.row_name(pane, *row).to_lowercase();
            let begins = |typed: &str| text.split([' ', '-']).any(|word| word.starts_with(typed));
            // A name is found by any part of it, the rest by how its words begin: `se` is not meant to find all that passed.
            filter.split_whitespace().all(|typed| name.contains(typed) || begins(typed))
        });
        found.collect()
    }

    /// The signals with those of the stage where the action is first, each with its baseline below it.
    fn running_first(&self, now: Timestamp) -> Vec<usize> {
        let signals = &self.release.plan.signals;
        let stage = self.release.plan.stages.get(self.follow(Pane::Stages, &[], &[], now));
        let watches = |id: &str| stage.is_some_and(|stage| stage.signals.iter().any(|watched| watched == id));
        let own = signals.iter().filter(|(id, _)| watches(id));
        let own = own.flat_map(|(id, signal)| [Some(id.as_str()), signal.baseline.as_deref()]).flatten();
        let mut order: Vec<usize> = Vec::with_capacity(signals.len());
        for place in own.filter_map(|id| signals.get_index_of(id)).chain(0..signals.len()) {
            if !order.contains(&place) {
                order.push(place);
            }
        }
        order
    }

    fn row_name(&self, pane: Pane, row: usize) -> String {
        let plan = &self.release.plan;
        let name = match pane {
            Pane::Stages => plan.stages.get(row).map(|stage| format!("{} {}", stage.id, stage.title())),
            Pane::Checks => plan.checks.get(row).map(|check| format!("{} {}", check.id, check.title)),
            Pane::Health => {
                plan.signals.get_index(row).map(|(id, signal)| format!("{id} {}", signal.title.as_deref().unwrap_or_default()))
            }
        };
        name.unwrap_or_default()
    }

    /// What a row says, for a filter to look into and for the clipboard.
    pub(crate) fn row_text(&self, pane: Pane, row: usize, now: Timestamp) -> String {
        let (release, now) = (self.shown(), self.shown_at(now));
        let plan = &release.plan;
        let text = match pane {
            Pane::Stages => release.stages().nth(row).map(|(stage, state)| {
                let status = release.stage_status(stage, state, now);
                let weight = state.weight.map_or_else(String::new, |weight| format!("  {weight} %"));
                let why = state.why.as_ref().map_or_else(String::new, |why| format!("  {why}"));
                let title = if stage.title() == stage.id { String::new() } else { format!("  {}", stage.title()) };
                format!("{}{title}  {}  {}{weight}{why}", stage.id, stage.environment, status.word())
            }),
            Pane::Checks => plan.checks.get(row).map(|check| {
                let status = release.check_status(check, now);
                let last = release.checks.get(&check.id).and_then(|state| state.last.as_ref());
                let said = last.map_or_else(String::new, |last| {
                    let more = last.evidence.iter().chain(&last.note).map(|text| format!("  {text}")).collect::<String>();
                    format!("  {}{more}", last.by)
                });
                let state = match (status, &check.kind) {
                    (CheckStatus::Open, CheckKind::Signed) => "unsigned",
                    (CheckStatus::Open, _) => "not run",
                    (status, _) => status.word(),
                };
                format!("{}  {}  {state}{said}", check.id, check.title)
            }),
            Pane::Health => plan.signals.get_index(row).and_then(|(id, signal)| {
                let judged = release.judge(id, now)?;
                let title = signal.title.as_deref().unwrap_or(id);
                let word = if judged.is_undecided() { "judging" } else { verdict_word(judged.verdict) };
                let alerts = release.alerts.get(id).map(|alerts| alerts.known.as_slice()).unwrap_or_default();
                let alerts = alerts.iter().map(|alert| format!("  {} {}", alert.name, alert.state.word())).collect::<String>();
                Some(format!("{id}  {title}  {word}  {}{alerts}", judged.why))
            }),
        };
        text.unwrap_or_default()
    }

    /// The row selected in a pane, by its place in the plan: where the person put it, else where the action is.
    pub(crate) fn row(&self, pane: Pane, now: Timestamp) -> usize {
        let blockers = if pane == Pane::Checks { self.shown().blockers(self.shown_at(now)) } else { Vec::new() };
        self.row_of(pane, &self.rows(pane, now), &blockers, now)
    }

    /// The same, among rows and by what stands in the way as they were found out already.
    pub(crate) fn row_of(&self, pane: Pane, rows: &[usize], blockers: &[Blocker], now: Timestamp) -> usize {
        let wanted = self.lists.of(pane).chosen.unwrap_or_else(|| self.follow(pane, rows, blockers, now));
        // Where the filter hides it, the next one of the plan that is shown.
        let behind = || rows.iter().filter(|row| **row >= wanted).min().or(rows.iter().max());
        rows.iter().find(|row| **row == wanted).or_else(behind).copied().unwrap_or(0)
    }

    /// The row where the action is.
    fn follow(&self, pane: Pane, rows: &[usize], blockers: &[Blocker], now: Timestamp) -> usize {
        let (release, now) = (self.shown(), self.shown_at(now));
        let place = match pane {
            Pane::Stages => {
                let at = |wanted: &dyn Fn(Phase) -> bool| release.stages.iter().position(|state| wanted(state.phase));
                at(&|phase| matches!(phase, Phase::Failed | Phase::Unsettled))
                    .or_else(|| at(&Phase::is_open))
                    .or_else(|| release.stages().position(|(stage, state)| state.phase == Phase::Idle && release.is_due(stage)))
                    .or_else(|| release.stages.iter().rposition(|state| state.phase != Phase::Idle))
            }
            Pane::Checks => {
                let blocks = blockers.iter().map(|blocker| blocker.id.as_str()).collect::<HashSet<_>>();
                let checks = &release.plan.checks;
                let blocking = checks.iter().position(|check| blocks.contains(check.id.as_str()));
                blocking.or_else(|| checks.iter().position(|check| !release.check_status(check, now).holds()))
            }
            Pane::Health => {
                let id = |row: usize| release.plan.signals.get_index(row).map(|(id, _)| id);
                let judged = |row: usize| id(row).and_then(|id| release.judge(id, now));
                // The first of the worst.
                rows.iter().copied().min_by_key(|row| std::cmp::Reverse(judged(*row).map_or(0, |judged| badness(&judged))))
            }
        };
        place.unwrap_or(0)
    }

    /// What the selected row of the pane with the keys is; nothing where the filter lets none through.
    pub(crate) fn subject(&self, now: Timestamp) -> Option<Subject> {
        if self.rows(self.pane, now).is_empty() {
            return None;
        }
        self.subject_of(self.pane, self.row(self.pane, now))
    }

    /// What a row of a pane is.
    pub(crate) fn subject_of(&self, pane: Pane, row: usize) -> Option<Subject> {
        let plan = &self.release.plan;
        match pane {
            Pane::Stages => plan.stages.get(row).map(|stage| Subject::Stage(stage.id.clone())),
            Pane::Checks => plan.checks.get(row).map(|check| Subject::Check(check.id.clone())),
            Pane::Health => plan.signals.get_index(row).map(|(id, _)| Subject::Signal(id.clone())),
        }
    }

    /// The stage selected, where the stages have the keys.
    pub(crate) fn selected_stage(&self, now: Timestamp) -> Option<String> {
        match self.subject(now) {
            Some(Subject::Stage(stage)) => Some(stage),
            _ => None,
        }
    }

    /// Goes so many shown rows up or down in the pane with the keys.
    pub(crate) fn go(&mut self, by: isize, now: Timestamp) {
        let rows = self.rows(self.pane, now);
        let at = self.row(self.pane, now);
        let place = rows.iter().position(|row| *row == at).unwrap_or(0);
        let place = place.saturating_add_signed(by).min(rows.len().saturating_sub(1));
        self.lists.of_mut(self.pane).chosen = rows.get(place).copied();
    }

    /// Gives the keys to a pane, whose row then stands still.
    pub(crate) fn focus(&mut self, pane: Pane, now: Timestamp) {
        self.pane = pane;
        if pane != Pane::Stages {
            self.go(0, now);
        }
    }
}

/// How much a signal is to be looked at. What is being judged, or cannot be yet, is less than what warns, and what nobody knows
/// is more.
fn badness(judged: &Judgement) -> u8 {
    match (judged.verdict, &judged.unknown) {
        (Verdict::Ok, _) => 0,
        (Verdict::Unknown, Some(Unknown::Undecided(_) | Unknown::NoCanary)) => 1,
        (Verdict::Warn, _) => 2,
        (Verdict::Unknown, _) => 3,
        (Verdict::Fail, _) => 4,
    }
}
