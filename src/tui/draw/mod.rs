//! The screen as a function of the state: nothing here changes anything or waits for anything.

mod detail;
mod foot;
mod header;
mod health;
mod health_zoom;
mod overlay;
mod panes;

use std::time::Duration;

use jiff::Timestamp;
use ratatui::{
    Frame,
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

use super::{
    app::{App, Overlay, Pane},
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
    health: health::Health,
}

/// Draws the cockpit as it is at a time.
pub fn draw(app: &App, frame: &mut Frame<'_>, now: Timestamp) {
    let area = frame.area();
    let release = &app.release;
    let view = View {
        app,
        release,
        plan: &release.plan,
        theme: &app.settings.theme,
        glyphs: app.settings.symbols.glyphs(),
        now,
        status: release.status(now),
        blockers: release.blockers(now),
        health: health::Health::of(release, now),
    };
    let mut cursor = None;
    let mut paint = Paint { buffer: frame.buffer_mut(), view: &view };
    paint.buffer.set_style(area, view.theme.text);
    if !has_room(area.width, area.height) {
        too_small(&mut paint, area);
        return;
    }
    match &app.zoom {
        Some(zoom) => health_zoom::zoomed(&mut paint, area, zoom),
        None => main_screen(&mut paint, area),
    }
    match &app.overlay {
        None => {}
        Some(Overlay::Help { scroll }) => overlay::help(&mut paint, area, *scroll),
        Some(Overlay::Detail { of, scroll }) => detail::detail(&mut paint, area, of, *scroll),
        Some(Overlay::Dialog(dialog)) => cursor = overlay::dialog(&mut paint, area, dialog),
        Some(Overlay::Form(form)) => cursor = overlay::form(&mut paint, area, form),
    }
    if let Some((x, y)) = cursor {
        frame.set_cursor_position((x, y));
    }
}

fn main_screen(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let (head, rest) = cut(area, 2);
    header::header(paint, head);
    // A large screen has room to breathe.
    let (_, mut rest) = cut(rest, u16::from(area.height >= 30));
    if let Some(words) = banner(view) {
        let (line, below) = cut(rest, 1);
        paint.fill(line, view.theme.banner);
        paint.row(line, &[(&format!(" {} {words}", view.glyphs.warn), view.theme.banner)]);
        rest = below;
    }
    let (body, foot) = (rest.height.saturating_sub(2), rest);
    let (body, foot) = cut(foot, body);
    foot::foot(paint, foot);
    if area.width >= 100 && body.height >= 8 {
        // Three columns, and the log below with whatever is left.
        let wanted = panes::wanted(view).saturating_add(2);
        let most = body.height.saturating_sub(log_least(body.height));
        let (top, log) = cut(body, wanted.min(most));
        let stages = top.width.saturating_mul(32) / 100;
        let checks = top.width.saturating_mul(34) / 100;
        let (left, right) = cut_left(top, stages);
        let (middle, right) = cut_left(right, checks);
        panes::stages(paint, left);
        panes::checks(paint, middle);
        health::health(paint, right);
        foot::log(paint, log);
    } else if area.width >= 60 && body.height >= 12 {
        let (panes, log) = cut(body, body.height.saturating_sub(log_least(body.height)));
        let signals = u16::try_from(view.plan.signals.len()).unwrap_or(u16::MAX).saturating_add(2).max(3);
        let health = signals.min(panes.height.saturating_mul(2) / 5).max(4);
        let (top, bottom) = cut(panes, panes.height.saturating_sub(health));
        let (left, right) = cut_left(top, top.width / 2);
        panes::stages(paint, left);
        panes::checks(paint, right);
        health::health(paint, bottom);
        foot::log(paint, log);
    } else {
        // One pane at a time, with the others named above it.
        let (tabs, pane) = cut(body, 1);
        panes::tabs(paint, tabs);
        match view.app.pane {
            Pane::Stages => panes::stages(paint, pane),
            Pane::Checks => panes::checks(paint, pane),
            Pane::Health => health::health(paint, pane),
        }
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

fn too_small(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    header::least(paint, area);
    let (_, rest) = cut(area, 2);
    let words = format!("needs at least {}x{}", LEAST.0, LEAST.1);
    paint.row(rest, &[(&words, view.theme.dim)]);
}

/// What must be read before anything else on the screen.
fn banner(view: &View<'_>) -> Option<String> {
    if let Some(trouble) = &view.app.trouble {
        return Some(format!("{trouble}. What is shown may be old: promotion is locked, R still rolls back."));
    }
    match &view.app.driving {
        Some(super::Driving::Nobody { since }) if !view.release.is_over() => {
            let since = since.map_or_else(String::new, |at| format!(" for {}", words::age(view.since(at))));
            Some(format!("Nobody drives this release{since}: promotion is locked, R still rolls back."))
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
            match blocker.why.strip_prefix("fail: ") {
                Some(why) => format!("{title} fails: {why}"),
                None => format!("{title} is {}", blocker.why),
            }
        }
        BlockerKind::Hold => format!("held by {}: {}", blocker.id, blocker.why),
        BlockerKind::Stage => format!("{name}: {}", blocker.why),
        BlockerKind::Rollback => blocker.why.clone(),
    }
}

impl View<'_> {
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

/// The top lines of an area, and the rest.
fn cut(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    let top = Rect { height, ..area };
    (top, Rect { y: area.y.saturating_add(height), height: area.height.saturating_sub(height), ..area })
}

/// The left columns of an area, and the rest.
fn cut_left(area: Rect, width: u16) -> (Rect, Rect) {
    let width = width.min(area.width);
    let left = Rect { width, ..area };
    (left, Rect { x: area.x.saturating_add(width), width: area.width.saturating_sub(width), ..area })
}

/// What lies inside a frame, with a column of air on both sides.
fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(2),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    }
}

/// Writes into a frame's cells, and never beside them.
struct Paint<'a> {
    buffer: &'a mut Buffer,
    view: &'a View<'a>,
}

/// Texts with their looks, one behind the other.
type Spans<'a> = [(&'a str, Style)];

impl Paint<'_> {
    /// Writes texts into the first line of an area; what does not fit ends in an ellipsis. Says how many columns were used.
    fn row(&mut self, area: Rect, spans: &Spans<'_>) -> u16 {
        let area = area.intersection(self.buffer.area);
        if area.is_empty() {
            return 0;
        }
        let whole = spans.iter().map(|(text, _)| words::width(text)).sum::<usize>();
        let mut room = usize::from(area.width);
        let short = whole > room;
        let mut x = area.x;
        for (text, style) in spans {
            let wide = words::width(text);
            let last = short && wide >= room;
            let fitted = if last && wide == room {
                // More follows that has no room: this text carries the ellipsis.
                words::fit(text, room.saturating_sub(1), "").into_owned() + self.view.glyphs.more
            } else {
                words::fit(text, room, self.view.glyphs.more).into_owned()
            };
            self.buffer.set_stringn(x, area.y, &fitted, room, *style);
            let used = words::width(&fitted).min(room);
            room = room.saturating_sub(used);
            x = x.saturating_add(u16::try_from(used).unwrap_or(u16::MAX));
            if room == 0 {
                break;
            }
        }
        x.saturating_sub(area.x)
    }

    /// Makes an area's cells look so.
    fn fill(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }

    /// Empties an area.
    fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for position in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.reset();
            }
        }
        self.buffer.set_style(area, self.view.theme.text);
    }

    /// Marks a row as the selected one: the same for all its parts, whatever their colours.
    fn select(&mut self, area: Rect) {
        let plain = Style::new().remove_modifier(Modifier::DIM | Modifier::ITALIC | Modifier::UNDERLINED | Modifier::REVERSED);
        self.fill(area, plain);
        self.fill(area, self.view.theme.selected);
    }

    /// A frame with a title, and what lies inside it.
    fn frame(&mut self, area: Rect, title: &str, note: &str, focused: bool) -> Rect {
        let area = area.intersection(self.buffer.area);
        if area.width < 4 || area.height < 2 {
            return Rect::default();
        }
        let theme = self.view.theme;
        let style = if focused { theme.focus } else { theme.border };
        let set = self.view.glyphs.border;
        let across = set.horizontal_top.repeat(usize::from(area.width.saturating_sub(2)));
        let below = set.horizontal_bottom.repeat(usize::from(area.width.saturating_sub(2)));
        let line = |y| Rect { y, height: 1, ..area };
        self.row(line(area.y), &[(set.top_left, style), (&across, style), (set.top_right, style)]);
        let bottom = area.bottom().saturating_sub(1);
        self.row(line(bottom), &[(set.bottom_left, style), (&below, style), (set.bottom_right, style)]);
        for y in area.y.saturating_add(1)..bottom {
            self.row(Rect { y, height: 1, width: 1, ..area }, &[(set.vertical_left, style)]);
            let x = area.right().saturating_sub(1);
            self.row(Rect { x, y, height: 1, width: 1 }, &[(set.vertical_right, style)]);
        }
        let head = Rect { x: area.x.saturating_add(2), width: area.width.saturating_sub(4), height: 1, ..area };
        let title_style = if focused { theme.focus.patch(theme.title) } else { theme.title };
        let note = if note.is_empty() { String::new() } else { format!("{note} ") };
        self.row(head, &[(" ", style), (title, title_style), (" ", style), (&note, theme.dim)]);
        inside(area)
    }
}
