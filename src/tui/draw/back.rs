//! What a rollback would do from here, and once it goes back, how far it is.

use ratatui::{layout::Rect, style::Style};

use super::{Paint, View, panes::line};
use crate::{
    release::{Act, WhyKept, kept_words},
    tui::{actions::Action, words},
};

/// A symbol and a text with their looks; the rest of a text stands below its beginning.
type Item = (&'static str, Style, String, Style);

/// What the list is called.
pub(super) fn title(view: &View<'_>) -> &'static str {
    match &view.release.rollback {
        None => "If you roll back now",
        Some(rollback) if rollback.done => "Rolled back",
        Some(_) => "Rolling back",
    }
}

/// How many lines the list has in so many columns.
pub(super) fn wanted(view: &View<'_>, columns: usize) -> usize {
    items(view).iter().map(|(_, _, text, _)| words::wrap(text, columns.saturating_sub(2)).len()).sum()
}

/// Shows the list; where it has no room for all, says how much is left out.
pub(super) fn list(paint: &mut Paint<'_>, area: Rect) {
    let theme = paint.view.theme;
    let columns = usize::from(area.width).saturating_sub(2);
    let mut lines = Vec::new();
    for (symbol, look, text, style) in items(paint.view) {
        for (index, part) in words::wrap(&text, columns).into_iter().enumerate() {
            lines.push((if index == 0 { symbol } else { " " }, look, part, style));
        }
    }
    let height = usize::from(area.height);
    let hidden = lines.len().saturating_sub(height);
    // The last line tells what has no room.
    let shown = if hidden > 0 { height.saturating_sub(1) } else { height };
    for (index, (symbol, look, text, style)) in lines.iter().take(shown).enumerate() {
        paint.row(line(area, index), &[(symbol, *look), (" ", theme.text), (text, *style)]);
    }
    if hidden > 0 && height > 0 {
        let hidden = lines.len().saturating_sub(shown);
        // The dialog has them all, as long as there is one.
        let more = if paint.view.app.hindrance(Action::Rollback, paint.view.now).is_some() {
            format!("+{hidden} lines")
        } else {
            format!("+{hidden} lines: {} shows all", paint.view.app.key(Action::Rollback))
        };
        paint.row(line(area, shown), &[("  ", theme.text), (&more, theme.dim)]);
    }
}

fn items(view: &View<'_>) -> Vec<Item> {
    let (theme, glyphs, release) = (view.theme, view.glyphs, view.release);
    let title = |id: &str| release.plan.stage(id).map_or(id, |stage| stage.title()).to_owned();
    let does = |act: &Act, stage: &str, environment: &str| match act {
        Act::Restore => format!("{}: all traffic in {environment} goes back", title(stage)),
        _ => format!("{}: undone in {environment}", title(stage)),
    };
    let mut items = Vec::new();
    let kept = match &release.rollback {
        Some(rollback) => {
            for undo in &rollback.steps {
                let said = does(&undo.step.act, &undo.step.stage, &undo.step.environment);
                let (symbol, look, said) = match (&undo.stuck, undo.done) {
                    (_, true) => (glyphs.passed, theme.good, said),
                    (Some(why), _) => (glyphs.failed, theme.bad, format!("{said}; stuck: {why}")),
                    (None, _) if undo.under_way().is_some() => (glyphs.back, theme.warn, said),
                    (None, _) => (glyphs.pending, theme.dim, said),
                };
                items.push((symbol, look, said, theme.text));
            }
            rollback.kept.clone()
        }
        None => {
            let plan = release.rollback_plan();
            for step in &plan.steps {
                items.push((glyphs.back, theme.active, does(&step.act, &step.stage, &step.environment), theme.text));
            }
            plan.kept
        }
    };
    if items.is_empty() {
        items.push((glyphs.dash, theme.dim, "nothing was done that would be taken back".to_owned(), theme.dim));
    }
    for kept in kept.iter().filter(|kept| matches!(kept.why, WhyKept::Irreversible | WhyKept::Unfinished)) {
        let symbol = if kept.why == WhyKept::Irreversible { glyphs.flag } else { glyphs.warn };
        items.push((symbol, theme.warn, kept_words(kept), theme.text));
    }
    // Those that stay for the same reason share a line.
    for (why, said, symbol, look, style) in [
        (WhyKept::NoUndo, "stays as it is, for the plan names no undo", glyphs.warn, theme.warn, theme.text),
        (WhyKept::NothingToUndo, "nothing to undo", glyphs.dash, theme.dim, theme.dim),
        (WhyKept::NeverDone, "never begun", glyphs.dash, theme.dim, theme.dim),
    ] {
        let names = kept.iter().filter(|kept| kept.why == why).map(|kept| title(&kept.stage)).collect::<Vec<_>>();
        if !names.is_empty() {
            items.push((symbol, look, format!("{said}: {}", names.join(", ")), style));
        }
    }
    items
}
