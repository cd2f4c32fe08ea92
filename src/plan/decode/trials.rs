//! A stage that waits for a comparison that can never be made would wait for ever.

use std::collections::BTreeSet;

use super::{Known, reader::Reader, stages::Waits, words::quote};
use crate::plan::{Plan, Stage, StageKind};

/// Reports every signal that a stage waits for, that is compared, and that no rollout up to there compares: one that gives the
/// new version a part of the traffic, and leaves the stable one the rest.
pub(super) fn report(reader: &mut Reader, plan: &Plan, known: &Known, waits: &[Waits]) {
    for Waits { stage, name, signal } in waits {
        let Some(stage) = plan.stages.get(*stage) else { continue };
        // What stands for this signal alone: itself, what comes along with it, or what it counts.
        let along = known.along.iter().filter(|(with, _)| *with == signal.is).map(|(_, along)| along);
        let alone = Stage { signals: std::iter::once(&signal.is).chain(along).cloned().collect(), ..stage.clone() };
        let compared = || plan.signals.keys().filter(|id| plan.is_judged_beside(&alone, id));
        let up_to_here = before(plan, stage);
        // One that no rollout waits for may be left open when all traffic goes over, and would be so for ever.
        let compares = |id: &str| up_to_here.iter().any(|stage| splits(stage) && plan.is_judged_beside(stage, id));
        if compared().all(|id| compares(id)) {
            continue;
        }
        let message = format!(
            "{name} waits for {}, which is compared with a baseline, and nothing up to here compares it",
            quote(&signal.is)
        );
        let help = match &stage.kind {
            StageKind::Rollout { .. } => {
                "with all traffic there is no baseline: begin with a step under 100, or take it out of the stage"
            }
            StageKind::Task { .. } | StageKind::Soak { .. } => {
                "name it in a rollout before this stage, with a step under 100, or take it out of the stage"
            }
        };
        reader.report_absence(&signal.at, "nothing-to-compare", message, help);
    }
}

/// Whether a stage leaves the stable version some traffic.
fn splits(stage: &Stage) -> bool {
    stage.steps().iter().any(|step| step.weight < 100)
}

/// A stage, and all that are done before it.
fn before<'a>(plan: &'a Plan, stage: &'a Stage) -> Vec<&'a Stage> {
    let (mut found, mut seen) = (vec![stage], BTreeSet::from([stage.id.as_str()]));
    let mut next = 0;
    while let Some(stage) = found.get(next).copied() {
        next = next.saturating_add(1);
        let needs = stage.needs.iter().filter(|need| seen.insert(need)).collect::<Vec<_>>();
        found.extend(needs.into_iter().filter_map(|need| plan.stage(need)));
    }
    found
}
