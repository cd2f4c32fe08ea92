//! The forms as they are drawn: what is asked for, the alerts to choose from, the fields and the button.

use ratatui::{layout::Rect, style::Style};

use super::{
    Paint, View, inside,
    overlay::{behind, field, middle},
    panes::{first_shown, line},
};
use crate::tui::{
    app::Hit,
    form::{About, Choice, Form, Silencing},
    words,
};

/// Of so many alerts at most a choice is shown at once.
const CHOICES: usize = 8;

/// A form; says where the cursor is.
pub(super) fn form(paint: &mut Paint<'_>, area: Rect, form: &Form) -> Option<(u16, u16)> {
    let view = paint.view;
    let theme = view.theme;
    let symbols = view.app.settings.symbols;
    let width = area.width.saturating_sub(2).min(76);
    let columns = usize::from(width.saturating_sub(4));
    let (title, lines) = said(view, form, columns);
    let overtaken = form.overtaken(&view.app.release);
    let choices = match &form.about {
        About::Silence(of) => of.alerts.len().min(CHOICES),
        _ => 0,
    };
    let fields = form.fields();
    let labels = fields.iter().map(|(label, _)| words::width(label)).max().unwrap_or(0);
    // The fields, a line of air, the hint and the button.
    let below = u16::try_from(fields.len()).unwrap_or(1).saturating_add(3);
    let above = lines.len().saturating_add(choices).saturating_add(usize::from(choices > 0));
    let frame = middle(area, width, u16::try_from(above).unwrap_or(u16::MAX).saturating_add(below).saturating_add(2));
    behind(paint, area, frame);
    paint.frame(frame, &symbols.say(&title), "", true);
    let inner = inside(frame);
    let room = usize::from(inner.height.saturating_sub(below));
    let mut used = 0;
    if let About::Silence(of) = &form.about {
        // What is chosen from stays in sight; where there is little room, its text gives way.
        let shown = choices.min(room.saturating_sub(lines.len().min(2)).max(1));
        choose(paint, inner, of, shown);
        used = shown.saturating_add(usize::from(room > shown.saturating_add(lines.len())));
    }
    for (index, (text, style)) in lines.iter().take(room.saturating_sub(used)).enumerate() {
        paint.row(line(inner, used.saturating_add(index)), &[(text, *style)]);
    }
    let bottom = inner.bottom();
    let mut cursor = None;
    for (index, (label, value)) in fields.iter().enumerate() {
        let from_bottom = below.saturating_sub(1).saturating_sub(u16::try_from(index).unwrap_or(0));
        let row = Rect { y: bottom.saturating_sub(from_bottom), height: 1, ..inner };
        let label = if labels == 0 { String::new() } else { words::left(label, labels.saturating_add(2), "") };
        let used = paint.row(row, &[(&label, theme.dim)]);
        let place = Rect { x: row.x.saturating_add(used), width: row.width.saturating_sub(used), ..row };
        cursor = field(paint, place, value, form.at == index).or(cursor);
    }
    let hint = Rect { y: bottom.saturating_sub(2), height: 1, ..inner };
    if let Some(why) = &overtaken {
        paint.row(hint, &[(view.glyphs.failed, theme.bad), (" ", theme.bad), (why, theme.bad)]);
    } else if let Some(words) = form.hint {
        paint.row(hint, &[(words, theme.warn)]);
    }
    let buttons = Rect { y: bottom.saturating_sub(1), height: 1, ..inner };
    let button = format!("[ {} ]", form.button());
    let look = if form.at >= fields.len() { theme.chosen } else { theme.button };
    let used = if overtaken.is_some() { 0 } else { paint.row(buttons, &[(&button, look)]) };
    let rest = Rect {
        x: buttons.x.saturating_add(used).saturating_add(2),
        width: buttons.width.saturating_sub(used).saturating_sub(2),
        ..buttons
    };
    let how = if overtaken.is_some() { "esc closes".to_owned() } else { how(view, form) };
    paint.row(rest, &[(&words::right(&how, usize::from(rest.width), view.glyphs.more), theme.dim)]);
    cursor
}

/// A form's title, and what it says above its fields.
fn said(view: &View<'_>, form: &Form, columns: usize) -> (String, Vec<(String, Style)>) {
    let theme = view.theme;
    let symbols = view.app.settings.symbols;
    let mut lines: Vec<(String, Style)> = Vec::new();
    let mut say = |text: &str, style| {
        lines.extend(words::wrap(&symbols.say(text), columns).into_iter().map(|line| (line, style)));
    };
    let consequence = view.release.consequence(&form.ask(), view.now);
    let mut whole = |first: Style| {
        for (index, text) in consequence.lines.iter().enumerate() {
            say(text, if index == 0 { first } else { theme.text });
        }
    };
    let title = match &form.about {
        About::Note => {
            whole(theme.text);
            "Note".to_owned()
        }
        About::Sign { check } => {
            whole(theme.title);
            let check = view.plan.check(check);
            if let Some(proof) = check.and_then(|check| check.proof.as_ref()) {
                say("", theme.text);
                say(proof, theme.dim);
            }
            format!("Sign {}", check.map_or("", |check| check.title.as_str()))
        }
        About::Silence(of) => {
            whole(theme.title);
            let signal = view.plan.signals.get(&of.signal).and_then(|signal| signal.title.as_deref()).unwrap_or(&of.signal);
            format!("Silence an alert of {signal}")
        }
        About::AutomaticOut => {
            whole(theme.title);
            "Take the automatic rollback out".to_owned()
        }
    };
    (title, lines)
}

/// How a form is filled in, in a few words.
fn how(view: &View<'_>, form: &Form) -> String {
    let button = form.button();
    match &form.about {
        About::Sign { .. } => format!("tab next, enter on {button} signs, esc cancels"),
        About::Note => "enter writes it, esc cancels".to_owned(),
        About::Silence(of) if of.alerts.len() > 1 => format!("{} another, enter, esc cancels", view.glyphs.updown),
        About::Silence(_) | About::AutomaticOut => format!("enter: {}, esc cancels", button.to_lowercase()),
    }
}

/// The alerts to choose from, so many lines of them.
fn choose(paint: &mut Paint<'_>, inner: Rect, of: &Silencing, shown: usize) {
    let first = first_shown(of.chosen, of.alerts.len(), shown);
    let name = of.alerts.iter().map(|choice| words::width(&choice.alert.name)).max().unwrap_or(0);
    for (place, (index, choice)) in of.alerts.iter().enumerate().skip(first).take(shown).enumerate() {
        let row = line(inner, place);
        paint.hit(row, Hit::Item(index));
        alert(paint, row, choice, name, index == of.chosen);
        if index == of.chosen && of.alerts.len() > 1 {
            paint.select(row);
        }
    }
    let hidden = of.alerts.len().saturating_sub(shown);
    if hidden > 0 {
        let words = format!(" {}/{} ", of.chosen.saturating_add(1), of.alerts.len());
        let wide = u16::try_from(words.len()).unwrap_or(0);
        let x = inner.right().saturating_sub(wide.saturating_add(1));
        let look = paint.view.theme.dim;
        paint.row(Rect { x, y: inner.y.saturating_sub(1), width: wide, height: 1 }, &[(&words, look)]);
    }
}

fn alert(paint: &mut Paint<'_>, row: Rect, choice: &Choice, name: usize, chosen: bool) {
    let view = paint.view;
    let (theme, glyphs) = (view.theme, view.glyphs);
    let alert = &choice.alert;
    let (state, look) = match (&choice.silence, choice.is_new) {
        (Some(_), _) => ("silenced by us", theme.dim),
        (None, true) => ("firing, new   ", theme.bad),
        (None, false) => ("firing        ", theme.warn),
    };
    let age = words::age(view.since(alert.since));
    let severity = alert.severity.as_deref().unwrap_or_default();
    let behind = format!("{severity}{}{age}", if severity.is_empty() { "" } else { "  " });
    let room = usize::from(row.width).saturating_sub(4);
    let name = words::left(&alert.name, name.min(room.saturating_sub(words::width(state))), glyphs.more);
    let mark = if chosen { glyphs.waits } else { " " };
    paint.row(
        row,
        &[
            (mark, theme.active),
            (" ", theme.text),
            (&name, if chosen { theme.title } else { theme.text }),
            ("  ", theme.text),
            (state, look),
            ("  ", theme.text),
            (&behind, theme.dim),
        ],
    );
}
