//! The head of the screen: what flies where, since when, and whether it is GO.

use std::collections::HashSet;

use ratatui::{layout::Rect, style::Style};

use super::{Paint, View, blocker_words, cut};
use crate::tui::{actions::Action, app::Frozen};
use crate::{
    health::Verdict,
    release::{Phase, ReleaseStatus},
    tui::words,
};

/// How many lines the head has.
pub(super) const LINES: u16 = 2;

/// Two lines: what it is, and how it stands.
pub(super) fn header(paint: &mut Paint<'_>, area: Rect) {
    let (first, second) = cut(area, 1);
    identity(paint, first);
    standing(paint, second);
}

/// What is left of the head where there is no room for the rest.
pub(super) fn least(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let (badge, badge_style) = badge(view);
    let (verdict, style) = verdict(view);
    paint.row(area, &[(&verdict, style), (" ", view.theme.text), (&badge, badge_style)]);
    let (_, second) = cut(area, 1);
    let what = format!("{} {}", view.plan.service, view.release.version);
    paint.row(second, &[(&what, view.theme.title)]);
}

/// Says that the display stands still, since when, and how far behind it is.
pub(super) fn frozen(paint: &mut Paint<'_>, line: Rect, frozen: &Frozen) {
    let view = paint.view;
    let behind = view.app.release.sequence.saturating_sub(frozen.release.sequence);
    let behind = match behind {
        0 => "nothing has happened since".to_owned(),
        1 => "1 event since".to_owned(),
        count => format!("{count} events since"),
    };
    let at = view.time(frozen.at, "%H:%M:%S");
    let (thaw, back) = (view.app.key(Action::Freeze), view.app.key(Action::Rollback));
    let words = format!(" {} FROZEN at {at}, {behind}: {thaw} thaws, {back} still rolls back.", view.glyphs.waits);
    paint.fill(line, view.theme.frozen);
    paint.row(line, &[(&words, view.theme.frozen)]);
}

/// Says that the release does not roll back by itself, in the first line of an area.
pub(super) fn automatic(paint: &mut Paint<'_>, line: Rect) {
    let view = paint.view;
    let Some(words) = super::automatic_out(view).filter(|_| !line.is_empty()) else { return };
    // Where that has no room, who and why give way, and not that it is out.
    let words = match line.width {
        0..24 => "AUTO ROLLBACK OUT".to_owned(),
        24..40 => words.replacen("AUTOMATIC", "AUTO", 1),
        _ => words,
    };
    let mut words = format!(" {} {words}", view.glyphs.warn);
    let back = format!(" ({} takes it back in)", view.app.key(Action::Automatic));
    if words::width(&words).saturating_add(words::width(&back)) <= usize::from(line.width) {
        words.push_str(&back);
    }
    paint.fill(Rect { height: 1, ..line }, view.theme.banner);
    paint.row(line, &[(&view.app.settings.symbols.say(&words), view.theme.banner)]);
}

/// The badge of the environment where the release is.
fn badge(view: &View<'_>) -> (String, Style) {
    badge_of(view, view.release.environment())
}

/// An environment's badge; a protected one differs in its look and in its shape.
pub(super) fn badge_of(view: &View<'_>, environment: &str) -> (String, Style) {
    let protected = view.plan.is_protected(environment);
    let shape = if protected { format!(" {environment} ") } else { format!("[{environment}]") };
    (shape, view.theme.environment(environment, protected))
}

pub(super) fn verdict(view: &View<'_>) -> (String, Style) {
    let theme = view.theme;
    match view.status {
        ReleaseStatus::Completed => (" COMPLETED ".to_owned(), theme.go),
        ReleaseStatus::RolledBack => (" ROLLED BACK ".to_owned(), theme.banner),
        ReleaseStatus::RollingBack => (" ROLLING BACK ".to_owned(), theme.banner),
        ReleaseStatus::Failed => (" ROLLBACK STUCK ".to_owned(), theme.no_go),
        // Nobody can say GO on what may be old.
        _ if view.blockers.is_empty() && super::banner(view).is_some() => ("  LOCKED  ".to_owned(), theme.banner),
        _ if view.blockers.is_empty() => ("  GO  ".to_owned(), theme.go),
        _ => (format!("  NO-GO {}  ", view.blockers.len()), theme.no_go),
    }
}

fn identity(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let (theme, glyphs) = (view.theme, view.glyphs);
    let (badge, badge_style) = badge(view);
    let what = format!(" {} {}", glyphs.mark, view.plan.service);
    let version = format!(" {}", view.release.version);
    let from = view.release.previous.as_ref().map_or_else(String::new, |previous| format!(" {} {previous}", glyphs.from));
    let end = view.release.ended.unwrap_or(view.now);
    let clock = format!("T+{}", words::clock(View::between(view.release.started, end)));
    let wall = view.time(view.now, "%H:%M %Z");
    let people = view.release.operators().join(" ");

    // What matters less gives way first; the badge, the service and its version never do.
    let room = usize::from(area.width);
    let wide = words::width;
    let mut used = wide(&what).saturating_add(wide(&version)).saturating_add(wide(&badge)).saturating_add(3);
    let mut take = |text: &str, gap: usize| {
        let needed = wide(text).saturating_add(gap);
        let fits = !text.is_empty() && used.saturating_add(needed) <= room;
        if fits {
            used = used.saturating_add(needed);
        }
        fits
    };
    let has_clock = take(&clock, 2);
    let has_from = take(&from, 0);
    let has_wall = take(&wall, 3);
    let has_people = take(&people, 3);

    let mut left = vec![(what.as_str(), theme.title), (version.as_str(), theme.active)];
    if has_from {
        left.push((from.as_str(), theme.dim));
    }
    left.extend([("  ", theme.text), (badge.as_str(), badge_style)]);
    let fixed = wide(&badge).saturating_add(2);
    if left.iter().map(|(text, _)| wide(text)).sum::<usize>() > room {
        // Even that is too long: the badge keeps its place, the service's name is cut.
        let name = words::fit(&what, room.saturating_sub(fixed), glyphs.more).into_owned();
        paint.row(area, &[(&name, theme.title), ("  ", theme.text), (&badge, badge_style)]);
        return;
    }
    paint.row(area, &left);

    let mut right = Vec::new();
    if has_people {
        right.extend([(people.as_str(), theme.dim), ("   ", theme.text)]);
    }
    if has_wall {
        right.extend([(wall.as_str(), theme.dim), ("   ", theme.text)]);
    }
    if has_clock {
        right.push((clock.as_str(), theme.title));
    }
    let width = u16::try_from(right.iter().map(|(text, _)| wide(text)).sum::<usize>()).unwrap_or(0);
    let x = area.right().saturating_sub(width.saturating_add(1)).max(area.x);
    paint.row(Rect { x, width, ..area }, &right);
}

fn standing(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let (verdict, style) = verdict(view);
    let state = format!("  {}", view.status.word());
    let state_style = match view.status {
        ReleaseStatus::Held => view.theme.warn,
        ReleaseStatus::Running => view.theme.active,
        _ => view.theme.title,
    };
    // The verdict says those already.
    let said = matches!(
        view.status,
        ReleaseStatus::Completed | ReleaseStatus::RolledBack | ReleaseStatus::RollingBack | ReleaseStatus::Failed
    );
    let state = if said { String::new() } else { state };
    let outage = outage(view);
    let alerts = if outage.is_empty() { new_alerts(view) } else { String::new() };
    let why = format!("{}{outage}", why(view));
    let why = view.app.settings.symbols.say(&why).into_owned();
    let gap = if why.is_empty() { "" } else { "  " };
    let between = if why.is_empty() || alerts.is_empty() { "" } else { "; " };
    paint.row(
        Rect { x: area.x.saturating_add(1), width: area.width.saturating_sub(2), ..area },
        &[
            (&verdict, style),
            (&state, state_style),
            (gap, view.theme.text),
            (&why, view.theme.text),
            (between, view.theme.text),
            (&alerts, view.theme.bad),
        ],
    );
}

/// The alerts that fire and have begun since the release did: whoever flies must not think that they were there before.
fn new_alerts(view: &View<'_>) -> String {
    if view.release.is_over() {
        return String::new();
    }
    let mut new = view.plan.signals.keys().flat_map(|id| view.release.new_alerts(id)).collect::<Vec<_>>();
    // Two signals may count the same one.
    new.sort_by_key(|alert| std::cmp::Reverse(alert.since));
    let mut known = HashSet::new();
    new.retain(|alert| known.insert(alert.fingerprint.as_str()));
    match new.as_slice() {
        [] => String::new(),
        [only] => format!("new alert {}", only.name),
        [newest, rest @ ..] => format!("new alert {} and {} more", newest.name, rest.len()),
    }
}

/// A signal that fails though nothing waits for it: whoever reads why it is no go must not think that all else is well.
fn outage(view: &View<'_>) -> String {
    let named = |id: &str| view.blockers.iter().any(|blocker| blocker.id == id);
    if view.release.is_over() {
        return String::new();
    }
    let failing = super::health::signals(view)
        .filter(|of| of.judged.verdict == Verdict::Fail && !named(of.id))
        .map(|of| of.title())
        .collect::<Vec<_>>();
    match failing.as_slice() {
        [] => String::new(),
        [only] => format!("; {only} fails"),
        [first, rest @ ..] => format!("; {first} and {} more fail", rest.len()),
    }
}

/// What a person has to know of how it stands, in a sentence.
fn why(view: &View<'_>) -> String {
    let release = view.release;
    if let Some(rollback) = &release.rollback {
        let stuck = rollback.steps.iter().find_map(|undo| Some((&undo.step.stage, undo.stuck.as_ref()?)));
        return match stuck {
            Some((stage, why)) => format!("at {stage}: {why}"),
            None => format!("by {}: {}", rollback.by, rollback.why),
        };
    }
    if let Some(ended) = release.ended {
        let took = words::span(View::between(release.started, ended));
        return format!("{} {} is out, after {took}", view.plan.service, release.version);
    }
    if let Some(hold) = &release.hold {
        return format!("by {}: {}", hold.by, hold.why);
    }
    if let Some(first) = view.blockers.first() {
        let more = view.blockers.len().saturating_sub(1);
        let more = if more == 0 { String::new() } else { format!("  (+{more})") };
        return format!("{}{more}", blocker_words(release, first));
    }
    if let Some((stage, _)) = release.meant(None) {
        return format!("{} waits for you", stage.title());
    }
    let open = release.stages().find(|(_, state)| state.phase.is_open());
    match open {
        Some((stage, state)) if state.phase == Phase::Baking => format!("{} is being watched", stage.title()),
        Some((stage, _)) => format!("{} is under way", stage.title()),
        None => String::new(),
    }
}
