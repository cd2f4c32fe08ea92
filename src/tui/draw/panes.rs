//! What the three panes have in common.

use ratatui::layout::Rect;

use super::{Paint, View, health};
use crate::tui::{actions::Action, list::Pane};

/// How many lines the panes would like to have.
pub(super) fn wanted(view: &View<'_>) -> u16 {
    let stages = view.plan.stages.len().saturating_add(headings(view));
    let signals = view.plan.signals.len().saturating_mul(2);
    u16::try_from(stages.max(view.plan.checks.len()).max(signals).max(3)).unwrap_or(u16::MAX)
}

fn headings(view: &View<'_>) -> usize {
    let stages = &view.plan.stages;
    let changes = stages.iter().zip(stages.iter().skip(1)).filter(|(one, next)| one.environment != next.environment);
    changes.count().saturating_add(1)
}

/// The names of the panes in one line, for a screen that shows one at a time.
pub(super) fn tabs(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let (theme, symbols) = (view.theme, view.app.settings.symbols);
    let tabs = [
        (Pane::Stages, Action::Stages, "Stages".to_owned()),
        (Pane::Checks, Action::Checklist, format!("Checklist {}", checked(view))),
        (Pane::Health, Action::Health, format!("Health {}", health::worst(view))),
    ];
    // A narrow screen has no room for their keys.
    let keyed = area.width >= 60;
    let mut spans = Vec::new();
    for (pane, action, words) in tabs {
        let look = if view.app.pane == pane { theme.chosen } else { theme.dim };
        let key = view.app.key(action);
        spans.push((" ".to_owned(), look));
        if keyed && !key.is_empty() {
            let key_look = if view.app.pane == pane { theme.chosen } else { theme.key };
            spans.extend([(symbols.say(&key).into_owned(), key_look), (" ".to_owned(), look)]);
        }
        spans.extend([(words.trim_end().to_owned(), look), (" ".to_owned(), look)]);
    }
    let spans = spans.iter().map(|(text, style)| (text.as_str(), *style)).collect::<Vec<_>>();
    paint.row(area, &spans);
}

pub(super) fn checked(view: &View<'_>) -> String {
    let checks = &view.plan.checks;
    let held = checks.iter().filter(|check| view.release.check_status(check, view.now).holds()).count();
    format!("{held}/{}", checks.len())
}

/// The first of `len` lines that is shown so that the one selected is among them, in the middle where possible.
pub(super) fn first_shown(selected: usize, len: usize, height: usize) -> usize {
    selected.saturating_sub(height / 2).min(len.saturating_sub(height))
}

pub(super) fn line(area: Rect, index: usize) -> Rect {
    Rect { y: area.y.saturating_add(u16::try_from(index).unwrap_or(u16::MAX)), height: 1, ..area }
}

/// Shows on the frame that there is more above or below.
pub(super) fn more_marks(paint: &mut Paint<'_>, frame: Rect, first: usize, len: usize, height: usize) {
    let hidden = len.saturating_sub(height);
    if hidden == 0 || frame.height < 3 {
        return;
    }
    let (above, below) = (first.min(hidden), hidden.saturating_sub(first));
    let words = match (above, below) {
        (0, below) => format!(" {below} below "),
        (above, 0) => format!(" {above} above "),
        (above, below) => format!(" {above} above, {below} below "),
    };
    let width = u16::try_from(words.len()).unwrap_or(0);
    let x = frame.right().saturating_sub(width.saturating_add(2));
    let style = paint.view.theme.dim;
    paint.row(Rect { x, y: frame.bottom().saturating_sub(1), width, height: 1 }, &[(&words, style)]);
}
