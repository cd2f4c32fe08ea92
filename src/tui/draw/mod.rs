//! The screen as a function of the state: nothing here changes anything or waits for anything.

mod back;
mod checklist;
mod current;
mod detail;
mod foot;
mod form;
mod header;
mod health;
mod health_zoom;
mod help;
mod log;
mod main_screen;
mod output;
mod overlay;
mod paint;
mod palette;
mod panes;
mod progress;
mod signal_facts;
mod spark;
mod stages;
mod standing;
mod table;
mod wall;
mod zoomed;

use std::time::Duration;

use jiff::Timestamp;
use ratatui::{Frame, buffer::Buffer, layout::Rect};

use self::paint::{Paint, cut, cut_left, inside};
use super::{
    actions::Action,
    app::{self, App, Overlay, Shown},
    list::{Pane, Subject},
    reader::Room,
    theme::{Glyphs, Theme},
    words,
};
use crate::{
    plan::Plan,
    release::{Blocker, BlockerKind, Release, ReleaseStatus, millis_between},
};

/// Below this the screen says only what matters most.
const LEAST: (u16, u16) = (40, 10);

/// Whether a screen of that size shows everything, and not only what matters most.
pub(super) fn has_room(width: u16, height: u16) -> bool {
    width >= LEAST.0 && height >= LEAST.1
}

/// How much of an output is read at once on a screen of that size.
pub(super) fn reader_room(width: u16, height: u16) -> Room {
    output::room(width, height)
}

/// Whether the panes of a screen of that size leave room for an output.
pub(super) fn shows_output(width: u16, height: u16) -> bool {
    main_screen::has_spare_room(width, height)
}

/// What every part of one frame needs, found out once.
struct View<'a> {
    app: &'a App,
    release: &'a Release,
    plan: &'a Plan,
    theme: &'a Theme,
    glyphs: &'static Glyphs,
    now: Timestamp,
    status: ReleaseStatus,
    blockers: Vec<Blocker>,
    rows: [Vec<usize>; 3],
    /// The selected row of each pane.
    selected: [usize; 3],
    health: health::Health,
}

/// Draws the cockpit as it is at a time, and says what it has shown.
pub fn draw(app: &App, frame: &mut Frame<'_>, now: Timestamp) -> Shown {
    let (shown, cursor) = render(app, frame.buffer_mut(), now);
    if let Some(position) = cursor {
        frame.set_cursor_position(position);
    }
    shown
}

/// Draws the cockpit into cells; what it has shown, and where the cursor is, if there is one.
pub(super) fn render(app: &App, buffer: &mut Buffer, now: Timestamp) -> (Shown, Option<(u16, u16)>) {
    let drawn = render_rows(app, buffer, now, app.shown.crowded);
    if drawn.0.crowded == app.shown.crowded {
        return drawn;
    }
    // Whether all signals have room is known once they were drawn, and it decides on their order.
    let crowded = drawn.0.crowded;
    buffer.reset();
    render_rows(app, buffer, now, crowded)
}

fn render_rows(app: &App, buffer: &mut Buffer, now: Timestamp, crowded: bool) -> (Shown, Option<(u16, u16)>) {
    let area = buffer.area;
    let release = app.shown();
    // A frozen display shows the time at which it was frozen, too.
    let at = app.shown_at(now);
    let blockers = release.blockers(at);
    let rows = Pane::ALL.map(|pane| app.rows_if(pane, at, crowded));
    let mut selected = [0; 3];
    for ((pane, rows), selected) in Pane::ALL.into_iter().zip(&rows).zip(&mut selected) {
        *selected = app.row_of(pane, rows, &blockers, at);
    }
    let view = View {
        app,
        release,
        plan: &release.plan,
        theme: &app.theme,
        glyphs: app.settings.symbols.glyphs(),
        now: at,
        status: release.status(at),
        blockers,
        rows,
        selected,
        health: health::Health::of(release, at),
    };
    let mut paint = Paint { buffer, view: &view, shown: Shown::sized(area.width, area.height) };
    paint.buffer.set_style(area, view.theme.text);
    if !has_room(area.width, area.height) {
        too_small(&mut paint, area);
        return (paint.shown, None);
    }
    match app.view {
        app::View::Main => main_screen::panes(&mut paint, area),
        app::View::Zoom => main_screen::zoomed(&mut paint, area),
        app::View::Wall => wall::wall(&mut paint, area),
    }
    let cursor = match &app.overlay {
        None => None,
        Some(Overlay::Help { of, scroll }) => {
            help::help(&mut paint, area, *of, *scroll);
            None
        }
        Some(Overlay::Log { scroll }) => {
            log::log(&mut paint, area, *scroll);
            None
        }
        Some(Overlay::Detail { of, scroll }) => {
            detail::detail(&mut paint, area, of, *scroll);
            None
        }
        Some(Overlay::Dialog(dialog)) => overlay::dialog(&mut paint, area, dialog),
        Some(Overlay::Form(form)) => form::form(&mut paint, area, form),
        Some(Overlay::Palette(open)) => palette::palette(&mut paint, area, open),
        Some(Overlay::Output(reader)) => output::reader(&mut paint, area, reader),
        Some(Overlay::Filter { field, .. }) => foot::filter(&mut paint, area, field),
    };
    (paint.shown, cursor)
}

fn too_small(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    header::least(paint, area);
    let (_, rest) = cut(area, 2);
    let (out, rest) = cut(rest, u16::from(automatic_out(view).is_some()));
    header::automatic(paint, out);
    let words = format!("needs at least {}x{}", LEAST.0, LEAST.1);
    paint.row(rest, &[(&words, view.theme.dim)]);
}

/// That the release does not roll back by itself: who took that out, when and why.
fn automatic_out(view: &View<'_>) -> Option<String> {
    let off = view.release.automatic_off.as_ref()?;
    if view.release.is_over() || view.release.rollback.is_some() {
        return None;
    }
    let at = view.time(off.at, "%H:%M");
    Some(format!("AUTOMATIC ROLLBACK OUT \u{b7} {} {at}: {}", off.by, off.why))
}

/// What must be read before anything else on the screen.
fn banner(view: &View<'_>) -> Option<String> {
    let rollback = view.app.key(Action::Rollback);
    if let Some(trouble) = &view.app.trouble {
        return Some(format!("{trouble}. What is shown may be old: promotion is locked, {rollback} still rolls back."));
    }
    match &view.app.driving {
        Some(super::Driving::Nobody { since }) if !view.release.is_over() => {
            let since = since.map_or_else(String::new, |at| format!(" for {}", words::age(view.since(at))));
            Some(format!("Nobody drives this release{since}: promotion is locked, {rollback} still rolls back."))
        }
        _ => None,
    }
}

/// Something in the way, in a sentence's words, with what people call it.
pub(super) fn blocker_words(release: &Release, blocker: &Blocker) -> String {
    let plan = &release.plan;
    let stage = blocker.stage.as_deref().unwrap_or_default();
    let name = plan.stage(stage).map_or(stage, |stage| stage.title());
    match blocker.kind {
        BlockerKind::Check => {
            let title = plan.check(&blocker.id).map_or(blocker.id.as_str(), |check| check.title.as_str());
            format!("{name} waits for {title}: {}", blocker.why)
        }
        BlockerKind::Signal => {
            let title = plan.signals.get(&blocker.id).and_then(|signal| signal.title.as_deref()).unwrap_or(&blocker.id);
            let (verdict, why) = blocker.why.split_once(": ").unwrap_or(("", &blocker.why));
            match verdict {
                // The judge's sentence says whose it is.
                _ if why.starts_with(&format!("{title} ")) => why.to_owned(),
                "fail" => format!("{title} fails: {why}"),
                _ => format!("{title} is {}", blocker.why),
            }
        }
        BlockerKind::Hold => format!("held by {}: {}", blocker.id, blocker.why),
        BlockerKind::Stage => format!("{name}: {}", blocker.why),
        BlockerKind::Rollback => blocker.why.clone(),
    }
}

impl View<'_> {
    /// The rows of a pane that are shown, by their places in the plan.
    fn rows(&self, pane: Pane) -> &[usize] {
        let [stages, checks, health] = &self.rows;
        match pane {
            Pane::Stages => stages,
            Pane::Checks => checks,
            Pane::Health => health,
        }
    }

    /// The row selected in a pane, by its place in the plan.
    fn selected(&self, pane: Pane) -> usize {
        let [stages, checks, health] = self.selected;
        match pane {
            Pane::Stages => stages,
            Pane::Checks => checks,
            Pane::Health => health,
        }
    }

    /// What the selected row of the pane with the keys is.
    fn subject(&self) -> Option<Subject> {
        let pane = self.app.pane;
        if self.rows(pane).is_empty() { None } else { self.app.subject_of(pane, self.selected(pane)) }
    }

    /// Behind a pane's title: what its rows are filtered by, if they are.
    fn filtered(&self, pane: Pane, note: &str) -> String {
        match self.app.lists.of(pane).filter.as_str() {
            "" => note.to_owned(),
            filter => format!("{note}  /{filter}"),
        }
    }

    /// How long ago something was.
    fn since(&self, at: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(millis_between(at, self.now)).unwrap_or(0))
    }

    /// The time from one point to another.
    fn between(from: Timestamp, to: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(millis_between(from, to)).unwrap_or(0))
    }

    /// A time of day where the service is.
    fn time(&self, at: Timestamp, format: &str) -> String {
        at.to_zoned(self.app.zone.clone()).strftime(format).to_string()
    }
}
