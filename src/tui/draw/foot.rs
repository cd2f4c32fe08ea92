//! The foot of the screen: the last events, what the key under the hand would do, and the keys.

use ratatui::layout::Rect;

use tui_input::Input as Field;

use super::{Paint, View, blocker_words, cut, overlay::field};
use crate::{
    plan::{Advance, CheckKind},
    release::{Ask, CONTROLLER, Phase, Tone},
    tui::{
        actions::{ACTIONS, Action, Context, Scope},
        app::{self, Hit, Overlay},
        link::Driving,
        list::Subject,
        words,
    },
};

/// How many lines the foot has.
pub(super) const LINES: u16 = 2;

/// The last events, the newest at the bottom.
pub(super) fn log(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    if area.height < 2 {
        return;
    }
    let theme = view.theme;
    let rule = view.glyphs.rule.repeat(usize::from(area.width).saturating_sub(8));
    let (head, body) = cut(area, 1);
    paint.row(head, &[(" ", theme.border), (view.glyphs.rule, theme.border), (" Log ", theme.title), (&rule, theme.border)]);
    let height = usize::from(body.height);
    let lines = view.release.recent.iter().rev().filter(|line| line.tone != Tone::Detail).take(height);
    let lines = lines.collect::<Vec<_>>();
    let names = lines.iter().map(|line| words::width(&line.by)).max().unwrap_or(0).min(16);
    for (index, line) in lines.iter().rev().enumerate() {
        let row = Rect { y: body.y.saturating_add(u16::try_from(index).unwrap_or(0)), height: 1, ..body };
        let time = format!("  {}  ", view.time(line.at, "%H:%M:%S"));
        let by = words::left(&line.by, names, view.glyphs.more);
        let by_style = if line.by == CONTROLLER { theme.dim } else { theme.title };
        let style = match line.tone {
            Tone::Detail => theme.dim,
            // Only what a person should look at stands out.
            Tone::Plain | Tone::Good => theme.text,
            Tone::Warn => theme.warn,
            Tone::Bad => theme.bad,
        };
        let said = view.app.settings.symbols.say(&line.words).into_owned();
        paint.row(row, &[(&time, theme.dim), (&by, by_style), ("  ", theme.text), (&said, style)]);
    }
}

/// The consequence of the key under the hand, and the keys.
pub(super) fn foot(paint: &mut Paint<'_>, area: Rect) {
    let (first, second) = cut(area, 1);
    let inner = |row: Rect| Rect { x: row.x.saturating_add(1), width: row.width.saturating_sub(2), ..row };
    act_line(paint, inner(first));
    key_line(paint, inner(second));
}

fn act_line(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let (theme, glyphs) = (view.theme, view.glyphs);
    if let Some((_, what)) = view.app.pending.last() {
        paint.row(area, &[(&format!("{what}: sent{}", glyphs.more), theme.active)]);
        return;
    }
    if let Some(notice) = view.app.notice.as_ref().filter(|notice| notice.until > view.now) {
        let (symbol, style) = match notice.tone {
            Tone::Good => (glyphs.passed, theme.good),
            Tone::Bad => (glyphs.failed, theme.bad),
            _ => (glyphs.warn, theme.warn),
        };
        let said = view.app.settings.symbols.say(&notice.words).into_owned();
        paint.row(area, &[(symbol, style), (" ", style), (&said, style)]);
        return;
    }
    // What lies on top has the keys: what one of them would do below is not said meanwhile.
    if !matches!(view.app.overlay, None | Some(Overlay::Filter { .. } | Overlay::Output(_))) {
        return;
    }
    let hand = under_hand(view);
    let key = view.app.key(hand.action);
    let said = view.app.settings.symbols.say(&hand.words).into_owned();
    let style = if hand.can { theme.text } else { theme.warn };
    let arrow = if hand.can { glyphs.leads } else { glyphs.failed };
    let mark = if hand.can { theme.active } else { theme.warn };
    paint.row(
        area,
        &[
            (&view.app.settings.symbols.say(&key), theme.key),
            (" ", theme.text),
            (hand.what, theme.key),
            (" ", theme.text),
            (arrow, mark),
            (" ", theme.text),
            (&said, style),
        ],
    );
}

struct Hand {
    action: Action,
    what: &'static str,
    words: String,
    can: bool,
}

/// The key that the person would press next, and what it would do, or why it would not.
fn under_hand(view: &View<'_>) -> Hand {
    let (release, app, now) = (view.release, view.app, view.now);
    let hand = |action, what, words: String, can| Hand { action, what, words, can };
    if app.frozen.is_some() {
        // Nearly everything else would be refused, for what is shown may be old.
        return hand(Action::Freeze, "thaw", "shows the release as it is now".to_owned(), true);
    }
    let subject = view.subject();
    match &subject {
        Some(Subject::Check(id)) => {
            let signed = view.plan.check(id).is_some_and(|check| check.kind == CheckKind::Signed);
            return if signed {
                let ask = Ask::Sign { check: id.clone(), note: None, evidence: None };
                hand(Action::Sign, "sign", words::phrase(&release.consequence(&ask, now).line), true)
            } else {
                hand(Action::Recheck, "check", words::phrase(&release.consequence(&Ask::Recheck(id.clone()), now).line), true)
            };
        }
        Some(Subject::Signal(id)) if app.has_silences(id) => {
            let words = app.would(Action::Silence, now);
            return hand(Action::Silence, "silence", words, true);
        }
        Some(Subject::Signal(id)) => {
            let why = release.judge(id, now).map_or_else(String::new, |judged| judged.why);
            return hand(Action::Detail, "detail", why, true);
        }
        Some(Subject::Stage(_)) | None => {}
    }
    if let Some(rollback) = &release.rollback {
        if rollback.steps.iter().any(|undo| undo.stuck.is_some()) {
            return hand(Action::Rollback, "rollback", release.consequence(&Ask::Rollback, now).line, true);
        }
        return hand(Action::Detail, "detail", release.consequence(&Ask::Rollback, now).line, true);
    }
    if release.is_over() {
        return hand(Action::Rollback, "rollback", release.consequence(&Ask::Rollback, now).line, true);
    }
    let failed = match &subject {
        Some(Subject::Stage(id)) => release.stage(id).filter(|(_, state)| state.phase == Phase::Failed),
        _ => None,
    };
    if failed.is_some() {
        return hand(Action::Retry, "retry", release.consequence(&app.retry(now), now).line, true);
    }
    let unsettled = match &subject {
        Some(Subject::Stage(id)) => release.stage(id).filter(|(_, state)| state.phase == Phase::Unsettled),
        _ => None,
    };
    if unsettled.is_some() {
        let line = release.consequence(&app.promote(now), now).line;
        return hand(Action::Promote, "settle", format!("{line}; {} runs it again", app.key(Action::Retry)), true);
    }
    if let Some(hold) = &release.hold {
        return hand(Action::Hold, "resume", format!("goes on; held by {}: {}", hold.by, hold.why), true);
    }
    let consequence = release.consequence(&app.promote(now), now);
    if consequence.seen.is_none() {
        return match view.blockers.first() {
            Some(blocker) => hand(Action::Promote, "promote", blocker_words(release, blocker), false),
            // It goes on by itself: there is nothing to press, and nothing wrong.
            None => hand(Action::Detail, "detail", under_way(view).unwrap_or(consequence.line), true),
        };
    }
    let locked = app.trouble.is_some() || !matches!(app.driving, Some(Driving::Here | Driving::Other { .. }));
    match consequence.blockers.first() {
        Some(blocker) => hand(Action::Promote, "promote", blocker_words(release, blocker), false),
        None if locked => {
            hand(Action::Promote, "promote", "locked: it is not known that somebody drives this release".to_owned(), false)
        }
        None => hand(Action::Promote, "promote", consequence.line, true),
    }
}

/// What goes on by itself, how long it still takes, and what comes then.
fn under_way(view: &View<'_>) -> Option<String> {
    let (stage, state) = view.release.stages().find(|(_, state)| state.phase.is_open())?;
    if state.phase != Phase::Baking {
        return Some(format!("{} is under way", stage.title()));
    }
    let last = state.step as usize >= stage.steps().len();
    let then = match stage.advance {
        _ if last => "then it has passed",
        Advance::Manual => "then it waits for you",
        Advance::Auto => "then it takes the next step",
    };
    // How long it still takes is in the stages: a number that changes here too would only be noise.
    Some(format!("{} is watched, {then}", stage.title()))
}

fn key_line(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let (theme, symbols) = (view.theme, view.app.settings.symbols);
    if !view.app.keys.is_empty() {
        which_key(paint, area);
        return;
    }
    let updown = view.glyphs.updown;
    let own: &[(&str, &str)] = match &view.app.overlay {
        Some(Overlay::Help { .. } | Overlay::Log { .. } | Overlay::Detail { .. }) => &[("esc", "closes"), (updown, "scroll")],
        Some(Overlay::Palette(_)) => &[("enter", "does it"), (updown, "choose"), ("esc", "closes")],
        Some(Overlay::Dialog(_)) => &[("esc", "cancels"), ("tab", "next"), (updown, "scroll")],
        Some(Overlay::Form(form)) if form.chooses() => &[("esc", "cancels"), (updown, "choose"), ("tab", "next")],
        Some(Overlay::Form(_)) => &[("esc", "cancels"), ("tab", "next")],
        _ => &[],
    };
    if !own.is_empty() {
        let said = own.iter().map(|(key, does)| (*key, format!(" {does}   "))).collect::<Vec<_>>();
        let spans = said.iter().flat_map(|(key, does)| [(*key, theme.key), (does.as_str(), theme.dim)]).collect::<Vec<_>>();
        paint.row(area, &spans);
        return;
    }
    let context = view.app.context();
    let mut room = usize::from(area.width);
    let mut x = area.x;
    if view.app.view != app::View::Main || context == Context::Output {
        let used = paint.row(area, &[("esc", theme.key), (" back", theme.dim)]);
        paint.hit(Rect { width: used, ..area }, Hit::Act(Action::Back));
        x = x.saturating_add(used).saturating_add(2);
        room = room.saturating_sub(usize::from(used).saturating_add(2));
    }
    let mut actions =
        ACTIONS.iter().filter(|described| !described.short.is_empty() && described.scope.holds(context)).collect::<Vec<_>>();
    // The way back stays in sight; then comes what belongs to what is looked at.
    let own = match context {
        Context::Output => Some(Scope::Output),
        Context::Chart => Some(Scope::Chart),
        Context::Panes | Context::Reader => None,
    };
    if let Some(own) = own {
        actions.sort_by_key(|described| (described.action != Action::Rollback, described.scope != own));
    }
    // What an alert that can be silenced, or an automatic rollback that is out, calls for comes before what is always there.
    let called_for = |action| match action {
        Action::Silence => true,
        Action::Automatic => view.release.automatic_off.is_some(),
        _ => false,
    };
    let acts = |action| matches!(action, Action::Promote | Action::Rollback | Action::Hold | Action::Help | Action::Sign);
    actions.sort_by_key(|described| own.is_none() && !acts(described.action) && !called_for(described.action));
    for described in actions {
        let short = match described.action {
            Action::Hold if view.release.hold.is_some() => "resume",
            Action::Retry if !can_retry(view) => continue,
            // Nothing is offered that would only be refused.
            Action::Rollback if view.app.hindrance(Action::Rollback, view.now).is_some() => continue,
            Action::Sign if view.release.is_over() || view.release.rollback.is_some() || view.plan.checks.is_empty() => continue,
            Action::Silence | Action::Automatic if view.app.hindrance(described.action, view.now).is_some() => continue,
            Action::Automatic if view.release.automatic_off.is_some() => "auto in",
            Action::Promote | Action::Hold if view.release.is_over() || view.release.rollback.is_some() => continue,
            Action::NextMatch if !view.app.searches() => continue,
            Action::Quit if context == Context::Output => continue,
            Action::Zoom if view.app.view == app::View::Zoom => continue,
            Action::Wall if view.app.view == app::View::Wall => continue,
            Action::Freeze if view.app.frozen.is_some() => "thaw",
            _ => described.short,
        };
        let key = view.app.key(described.action);
        if key.is_empty() {
            continue;
        }
        let key = symbols.say(&key);
        let wide = words::width(&key).saturating_add(1).saturating_add(words::width(short));
        if wide > room {
            break;
        }
        room = room.saturating_sub(wide.saturating_add(2));
        let place = Rect { x, width: u16::try_from(wide).unwrap_or(0), ..area };
        paint.row(place, &[(&key, theme.key), (" ", theme.text), (short, theme.dim)]);
        paint.hit(place, Hit::Act(described.action));
        x = x.saturating_add(place.width).saturating_add(2);
    }
}

/// What may follow the keys that were pressed.
fn which_key(paint: &mut Paint<'_>, area: Rect) {
    let view = paint.view;
    let (theme, symbols) = (view.theme, view.app.settings.symbols);
    let pressed = view.app.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let mut spans = vec![(format!("{} {}  ", symbols.say(&pressed), view.glyphs.more), theme.active)];
    for (keys, action) in view.app.settings.looks.keymap.behind(view.app.context(), &view.app.keys) {
        let name = action.described().map_or("", |described| described.name);
        spans.extend([(symbols.say(&keys).into_owned(), theme.key), (format!(" {name}  "), theme.dim)]);
    }
    spans.extend([("esc".to_owned(), theme.key), (" not".to_owned(), theme.dim)]);
    let spans = spans.iter().map(|(text, style)| (text.as_str(), *style)).collect::<Vec<_>>();
    paint.row(area, &spans);
}

/// The filter of the pane with the keys while it is typed, in place of the foot; says where the cursor is.
pub(super) fn filter(paint: &mut Paint<'_>, area: Rect, typed: &Field) -> Option<(u16, u16)> {
    let view = paint.view;
    let theme = view.theme;
    let pane = view.app.pane;
    let row =
        Rect { x: area.x.saturating_add(1), y: area.bottom().saturating_sub(1), width: area.width.saturating_sub(2), height: 1 };
    paint.clear(row);
    let label = format!("/ {} ", pane.title());
    let used = paint.row(row, &[(&label, theme.key)]);
    let found = match view.rows(pane).len() {
        1 => "  1 row   enter keeps, esc undoes".to_owned(),
        count => format!("  {count} rows   enter keeps, esc undoes"),
    };
    let wide = u16::try_from(words::width(&found)).unwrap_or(0);
    let room = row.width.saturating_sub(used);
    let wide = if room < wide.saturating_add(12) { 0 } else { wide };
    let place = Rect { x: row.x.saturating_add(used), width: room.saturating_sub(wide), ..row };
    let cursor = field(paint, place, typed, true);
    paint.row(Rect { x: place.right(), width: wide, ..row }, &[(&found, theme.dim)]);
    cursor
}

fn can_retry(view: &View<'_>) -> bool {
    let stuck = view.release.rollback.iter().flat_map(|rollback| &rollback.steps).any(|undo| undo.stuck.is_some());
    let failed = view.release.stages.iter().any(|state| matches!(state.phase, Phase::Failed | Phase::Unsettled));
    stuck || (failed && view.release.rollback.is_none())
}
