//! How the screen is divided among the panes, the log and the foot.
//!
//! All three panes are in sight from 60 columns on: side by side from 100, below that with the signals beneath the other
//! two. A pane that is a key away is a pane that nobody looks at; only below 60 columns is there one at a time.

use ratatui::layout::Rect;

use super::{Paint, banner, cut, cut_left, foot, header, panes};
use crate::tui::{app::Hit, list::Pane};

/// What the head, the banners and the foot leave.
fn body(paint: &mut Paint<'_>, area: Rect) -> Rect {
    let view = paint.view;
    let (head, rest) = cut(area, 2);
    header::header(paint, head);
    // A large screen has room to breathe.
    let (_, mut rest) = cut(rest, u16::from(area.height >= 30));
    if let Some(frozen) = &view.app.frozen {
        let (line, below) = cut(rest, 1);
        header::frozen(paint, line, frozen);
        rest = below;
    }
    if let Some(words) = banner(view) {
        let (line, below) = cut(rest, 1);
        paint.fill(line, view.theme.banner);
        paint.row(line, &[(&format!(" {} {words}", view.glyphs.warn), view.theme.banner)]);
        rest = below;
    }
    let (body, foot) = cut(rest, rest.height.saturating_sub(2));
    foot::foot(paint, foot);
    body
}

/// The panes side by side.
pub(super) fn panes(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let body = body(paint, area);
    if area.width >= 100 && body.height >= 8 {
        // Three columns, and the log below with whatever is left.
        let wanted = panes::wanted(view).saturating_add(2);
        let most = body.height.saturating_sub(log_least(body.height));
        let (top, log) = cut(body, wanted.min(most));
        let stages = top.width.saturating_mul(32) / 100;
        let checks = top.width.saturating_mul(34) / 100;
        let (left, right) = cut_left(top, stages);
        let (middle, right) = cut_left(right, checks);
        pane(paint, Pane::Stages, left);
        pane(paint, Pane::Checks, middle);
        pane(paint, Pane::Health, right);
        foot::log(paint, log);
    } else if area.width >= 60 && body.height >= 12 {
        let (top, log) = cut(body, body.height.saturating_sub(log_least(body.height)));
        let signals = u16::try_from(view.plan.signals.len()).unwrap_or(u16::MAX).saturating_add(2).max(3);
        let health = signals.min(top.height.saturating_mul(2) / 5).max(4);
        let (top, bottom) = cut(top, top.height.saturating_sub(health));
        let (left, right) = cut_left(top, top.width / 2);
        pane(paint, Pane::Stages, left);
        pane(paint, Pane::Checks, right);
        pane(paint, Pane::Health, bottom);
        foot::log(paint, log);
    } else {
        // One pane at a time, with the others named above it.
        let (tabs, below) = cut(body, 1);
        panes::tabs(paint, tabs);
        pane(paint, view.app.pane, below);
    }
}

/// One pane alone, with more in it.
pub(super) fn zoomed(paint: &mut Paint<'_>, area: Rect) {
    let body = body(paint, area);
    let (tabs, below) = cut(body, 1);
    panes::tabs(paint, tabs);
    pane(paint, paint.view.app.pane, below);
}

fn pane(paint: &mut Paint<'_>, which: Pane, area: Rect) {
    paint.hit(area, Hit::Pane(which));
    if which == paint.view.app.pane {
        paint.shown.page = area.height.saturating_sub(2);
    }
    match which {
        Pane::Stages => panes::stages(paint, area),
        Pane::Checks => panes::checks(paint, area),
        Pane::Health => panes::health(paint, area),
    }
}

fn log_least(height: u16) -> u16 {
    match height {
        0..14 => 0,
        14..18 => 3,
        18..24 => 4,
        _ => 6,
    }
}
