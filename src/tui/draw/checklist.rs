//! The checklist pane.

use std::collections::HashSet;

use ratatui::{layout::Rect, style::Style};

use super::{
    Paint, View, cut, cut_left,
    detail::known,
    main_screen::pane,
    panes::{checked, first_shown, line, more_marks},
};
use crate::{
    plan::{Check, CheckKind},
    release::{BlockerKind, CONTROLLER, CheckStatus},
    tui::{
        app::Hit,
        list::{Pane, Subject},
        words,
    },
};

/// From here on two columns have room, and the least height of a frame that says something of a check.
const TWO: u16 = 100;
const LEAST: u16 = 8;

/// The checklist.
pub(super) fn checks(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let focused = view.app.pane == Pane::Checks;
    let note = view.filtered(Pane::Checks, &checked(view));
    let inner = paint.frame(area, "Checklist", &note, focused);
    let selected = view.selected(Pane::Checks);
    let height = usize::from(inner.height);
    let rows = view.rows(Pane::Checks);
    let len = rows.len();
    if view.plan.checks.is_empty() {
        paint.row(inner, &[("the plan has no checks", view.theme.dim)]);
    }
    let blockers = view.blockers.iter().filter(|blocker| blocker.kind == BlockerKind::Check);
    let blocking = blockers.map(|blocker| blocker.id.as_str()).collect::<HashSet<_>>();
    let first = first_shown(rows.binary_search(&selected).unwrap_or(0), len, height);
    for (place, index) in rows.iter().copied().enumerate().skip(first).take(height) {
        let Some(check) = view.plan.checks.get(index) else { continue };
        let row = line(inner, place.saturating_sub(first));
        paint.hit(row, Hit::Row(Pane::Checks, index));
        check_row(paint, row, check, blocking.contains(check.id.as_str()));
        if focused && index == selected {
            paint.select(row);
        }
    }
    more_marks(paint, area, first, len, height);
}

/// The checklist with the whole screen to itself: what is known of the selected check stands beside it, or below it.
pub(super) fn zoomed(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let check = view.plan.checks.get(view.selected(Pane::Checks)).filter(|_| !view.rows(Pane::Checks).is_empty());
    let rows = u16::try_from(view.rows(Pane::Checks).len()).unwrap_or(u16::MAX).saturating_add(2);
    let (list, beside) = if area.width >= TWO {
        cut_left(area, area.width / 2)
    } else {
        cut(area, if area.height >= rows.saturating_add(LEAST) { rows } else { area.height })
    };
    pane(paint, Pane::Checks, list);
    let Some(check) = check.filter(|_| beside.height >= LEAST) else { return };
    let columns = usize::from(beside.width.saturating_sub(4));
    let (title, lines) = known(view, &Subject::Check(check.id.clone()), columns);
    let inner = paint.frame(beside, &title, "", false);
    for (index, (of, text, style)) in lines.iter().take(usize::from(inner.height)).enumerate() {
        paint.row(line(inner, index), &[(of, view.theme.dim), (text, *style)]);
    }
}

/// A check's symbol and its look.
pub(super) fn check_look(view: &View<'_>, status: CheckStatus, blocks: bool) -> (&'static str, Style) {
    let (theme, glyphs) = (view.theme, view.glyphs);
    match status {
        CheckStatus::Open if blocks => (glyphs.blocked, theme.warn),
        CheckStatus::Open => (glyphs.pending, theme.dim),
        CheckStatus::Running => (glyphs.running, theme.active),
        CheckStatus::Passed => (glyphs.passed, theme.good),
        CheckStatus::Failed => (glyphs.failed, theme.bad),
        CheckStatus::CouldNotRun => (glyphs.unknown, theme.unknown),
        CheckStatus::Expired => (glyphs.warn, theme.warn),
        CheckStatus::Waived => (glyphs.waived, theme.warn),
    }
}

fn check_row(paint: &mut Paint<'_>, area: Rect, check: &Check, blocks: bool) {
    let view = paint.view;
    let (theme, more) = (view.theme, view.glyphs.more);
    let status = view.release.check_status(check, view.now);
    let (symbol, look) = check_look(view, status, blocks);
    let last = view.release.checks.get(&check.id).and_then(|state| state.last.as_ref());
    let age = last.map_or_else(String::new, |last| words::age(view.since(last.at)));
    let words = match (status, &check.kind) {
        (CheckStatus::Open, CheckKind::Signed) => "unsigned".to_owned(),
        (CheckStatus::Open, _) => "not run".to_owned(),
        (CheckStatus::Passed, _) => match last {
            Some(last) if last.by != CONTROLLER => last.by.clone(),
            _ => "passed".to_owned(),
        },
        (status, _) => status.word().to_owned(),
    };
    let time = if matches!(status, CheckStatus::Open | CheckStatus::Running) { "" } else { age.as_str() };
    let inner = usize::from(area.width);
    // The age has its own column at the right, the state stands before it, and the title has the rest. How it stands
    // matters more than since when.
    let aged = inner >= 2 + 10 + 1 + words::width(&words) + 4;
    let (time, time_wide) = if aged { (time, 4) } else { ("", 0) };
    let state_wide = words::width(&words).min(inner.saturating_sub(2 + 10 + 1 + time_wide));
    let title_wide = inner.saturating_sub(2 + 1 + state_wide + time_wide);
    let title_style = match status {
        CheckStatus::Open if !blocks => theme.dim,
        CheckStatus::Failed | CheckStatus::Expired | CheckStatus::CouldNotRun => theme.title,
        _ if blocks => theme.title,
        _ => theme.text,
    };
    let state_style = if status == CheckStatus::Passed { theme.dim } else { look };
    paint.row(
        area,
        &[
            (symbol, look),
            (" ", theme.text),
            (&words::left(&check.title, title_wide, more), title_style),
            (" ", theme.text),
            (&words::right(&words, state_wide, more), state_style),
            (&words::right(time, time_wide, more), theme.dim),
        ],
    );
}
