//! How the screen is divided among the panes, the log and the foot.
//!
//! All three panes are in sight from 60 columns on: side by side from 100, below that with the signals beneath the other
//! two. A pane that is a key away is a pane that nobody looks at; only below 60 columns is there one at a time.

use ratatui::layout::Rect;

use super::{
    Paint, View, automatic_out, banner, checklist, cut, cut_left, foot, header, health, health_zoom, panes, stages, zoomed,
};
use crate::tui::{app::Hit, list::Pane};

/// How many lines the log has before anything else below the panes.
const LOG: u16 = 8;
/// From how many lines on it is worth showing more of a stage below the panes, and under the stages alone.
const EXTRA: u16 = 8;
const UNDER: u16 = 6;
/// A screen of so many rows has room to breathe.
const AIRY: u16 = 30;

/// Draws the head, what must be read before anything else, and the foot; what they leave. From so many rows on there is a
/// line of air below the head.
pub(super) fn body(paint: &mut Paint<'_>, area: Rect, airy: u16) -> Rect {
    let view = paint.view;
    let (head, rest) = cut(area, 2);
    header::header(paint, head);
    let (_, mut rest) = cut(rest, u16::from(area.height >= airy));
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
    let (line, rest) = cut(rest, u16::from(automatic_out(view).is_some()));
    header::automatic(paint, line);
    let (body, foot) = cut(rest, rest.height.saturating_sub(foot::LINES));
    foot::foot(paint, foot);
    body
}

/// The panes side by side.
pub(super) fn panes(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let body = body(paint, area, AIRY);
    if area.width >= 100 && body.height >= 8 {
        // Three columns, and the log below with whatever is left.
        let wanted = panes::wanted(view).saturating_add(2);
        let most = body.height.saturating_sub(log_least(body.height));
        let (top, rest) = cut(body, wanted.min(most));
        // What they do not need shows more of the selected stage, and the log has the rest.
        let (extra, log) = cut(rest, spare(view, rest.width, rest.height));
        let stages = top.width.saturating_mul(32) / 100;
        let checks = top.width.saturating_mul(34) / 100;
        let (left, right) = cut_left(top, stages);
        let (middle, right) = cut_left(right, checks);
        let own = stages::wanted(view).saturating_add(2);
        let below = extra.is_empty() && left.height >= own.saturating_add(UNDER);
        let (left, under) = cut(left, if below { own } else { left.height });
        // What the signals leave of a tall column shows one of them larger.
        let signals = health::wanted(view, right.width);
        let glances = right.height >= signals.saturating_add(health_zoom::GLANCE);
        let (right, glance) = cut(right, if glances { signals } else { right.height });
        pane(paint, Pane::Stages, left);
        pane(paint, Pane::Checks, middle);
        pane(paint, Pane::Health, right);
        health_zoom::glance(paint, glance);
        zoomed::extra(paint, extra);
        zoomed::extra(paint, under);
        foot::log(paint, log);
    } else if area.width >= 60 && body.height >= 12 {
        let signals = u16::try_from(view.plan.signals.len()).unwrap_or(u16::MAX).saturating_add(2).max(3);
        let checks = u16::try_from(view.plan.checks.len()).unwrap_or(u16::MAX);
        let lists = stages::wanted(view).max(checks).saturating_add(2);
        let most = body.height.saturating_sub(log_least(body.height));
        let left = body.height.saturating_sub(lists).saturating_sub(signals);
        let extra = spare(view, body.width, left);
        let (top, rest) = cut(body, if extra == 0 { most } else { body.height.saturating_sub(left) });
        let (extra, log) = cut(rest, extra);
        let health = signals.min(top.height.saturating_mul(2) / 5).max(4);
        let (top, bottom) = cut(top, top.height.saturating_sub(health));
        let (left, right) = cut_left(top, top.width / 2);
        pane(paint, Pane::Stages, left);
        pane(paint, Pane::Checks, right);
        pane(paint, Pane::Health, bottom);
        zoomed::extra(paint, extra);
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
    let body = body(paint, area, AIRY);
    let (tabs, below) = cut(body, 1);
    panes::tabs(paint, tabs);
    match paint.view.app.pane {
        Pane::Stages => zoomed::zoomed(paint, below),
        Pane::Checks => checklist::zoomed(paint, below),
        Pane::Health => health_zoom::zoomed(paint, below),
    }
}

pub(super) fn pane(paint: &mut Paint<'_>, which: Pane, area: Rect) {
    paint.hit(area, Hit::Pane(which));
    if which == paint.view.app.pane {
        paint.shown.page = area.height.saturating_sub(2);
    }
    match which {
        Pane::Stages => stages::stages(paint, area),
        Pane::Checks => checklist::checks(paint, area),
        Pane::Health => health::health(paint, area),
    }
}

/// Whether a screen of that size may have room for more of a stage than its row.
pub(super) fn has_spare_room(width: u16, height: u16) -> bool {
    (width >= 100 && height >= 24) || (width >= 60 && height >= 36)
}

/// Of so many lines below the panes, how many show more of the selected stage; the log has the rest.
fn spare(view: &View<'_>, width: u16, lines: u16) -> u16 {
    let extra = lines.saturating_sub(LOG).min(zoomed::extra_wanted(view, width));
    if extra < EXTRA { 0 } else { extra }
}

fn log_least(height: u16) -> u16 {
    match height {
        0..14 => 0,
        14..18 => 3,
        18..24 => 4,
        _ => 6,
    }
}
