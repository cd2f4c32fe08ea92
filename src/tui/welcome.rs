//! The screen of a cockpit that was opened where there is no plan: what this is, and what can be done next.

use futures::{Stream, StreamExt, pin_mut};
use ratatui::{Terminal, buffer::Buffer, layout::Rect, style::Style};

use super::{
    app::Settings,
    console::{Call, Console},
    guard::Guard,
    input::{Code, Input, Kind},
    words,
};

/// How many releases are offered: each has a digit for its key.
pub const OFFERED: usize = 9;

/// What a person chose to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Fly the demo.
    Demo,
    /// Write a plan.
    Init,
    /// Open this release.
    Open(String),
    /// Nothing.
    Leave,
}

/// What there is to choose from.
#[derive(Debug, Clone, Default)]
pub struct Welcome {
    /// The releases under way in the journal: the id, and what it is in a few words.
    pub releases: Vec<(String, String)>,
    /// The folder in which a plan would be written, as it is shown.
    pub folder: String,
}

impl Welcome {
    /// What a key chooses, if anything.
    fn choice(&self, code: Code) -> Option<Choice> {
        match code {
            Code::Char('d') => Some(Choice::Demo),
            Code::Char('i') => Some(Choice::Init),
            Code::Char('q') | Code::Esc => Some(Choice::Leave),
            Code::Char(c) => {
                let place = usize::try_from(c.to_digit(10)?).ok()?.checked_sub(1)?;
                self.releases.iter().take(OFFERED).nth(place).map(|(id, _)| Choice::Open(id.clone()))
            }
            _ => None,
        }
    }

    /// Draws it.
    pub fn draw(&self, buffer: &mut Buffer, settings: &Settings) {
        let theme = settings.looks.theme.clone().at(settings.depth);
        let glyphs = settings.symbols.glyphs();
        let area = buffer.area;
        buffer.set_style(area, theme.text);
        let columns = usize::from(area.width).saturating_sub(4).min(76);
        let mut lines: Vec<Vec<(String, Style)>> = Vec::new();
        lines.push(vec![(format!("{} flightdeck", glyphs.mark), theme.title), ("  a release cockpit".to_owned(), theme.dim)]);
        lines.push(Vec::new());
        let mut say = |text: &str, style: Style| {
            lines.extend(words::wrap(text, columns).into_iter().map(|line| vec![(line, style)]));
            lines.push(Vec::new());
        };
        say("There is no flightdeck.toml here or in a folder above.", theme.warn);
        // What can be done comes before what it is: a small screen has room for the first only.
        let choices = self.releases.len().min(OFFERED).saturating_add(7);
        let about = "A plan says what a release does: its stages, its go-live checks, its signals. The cockpit shows all of it on one \
                     screen while it flies; you promote or roll back with a key, and see in words what the key will do before it \
                     does it.";
        if words::wrap(about, columns).len().saturating_add(choices).saturating_add(5) <= usize::from(area.height) {
            say(about, theme.text);
        }
        let keyed = |key: &str, what: &str, more: &str| {
            let what = words::left(what, 20, glyphs.more);
            vec![(format!("{key}  "), theme.key), (what, theme.title), (settings.symbols.say(more).into_owned(), theme.dim)]
        };
        lines.push(keyed("d", "fly the demo", "a whole release on this machine, nothing to set up"));
        lines.push(keyed("i", "write a plan", &format!("{}, with comments", self.folder)));
        for (index, (_, what)) in self.releases.iter().take(OFFERED).enumerate() {
            lines.push(keyed(&index.saturating_add(1).to_string(), "open a release", what));
        }
        if !self.releases.is_empty() {
            lines.push(vec![(
                "   Opening a release drives it: what is due goes on at once, the way back too.".to_owned(),
                theme.dim,
            )]);
        }
        lines.push(keyed("q", "leave", ""));
        lines.push(Vec::new());
        lines.push(vec![("The same without this screen: flightdeck demo, init, start, --help".to_owned(), theme.dim)]);

        let top = area.height.saturating_sub(u16::try_from(lines.len()).unwrap_or(u16::MAX)) / 3;
        let left = 2.min(area.width);
        for (index, line) in lines.iter().enumerate() {
            let y = area.y.saturating_add(top).saturating_add(u16::try_from(index).unwrap_or(u16::MAX));
            let row =
                Rect { x: area.x.saturating_add(left), y, width: area.width.saturating_sub(left), height: 1 }.intersection(area);
            let mut x = row.x;
            for (text, style) in line.iter().filter(|_| !row.is_empty()) {
                let room = usize::from(row.right().saturating_sub(x));
                let text = words::fit(text, room, glyphs.more);
                (x, _) = buffer.set_stringn(x, y, &text, room, *style);
            }
        }
    }
}

/// Shows it until a person has chosen.
///
/// # Errors
/// Those of the back-end.
pub async fn welcome<B: Console>(
    terminal: &mut Terminal<B>,
    input: impl Stream<Item = Input>,
    welcome: &Welcome,
    settings: &Settings,
) -> Result<Choice, B::Error> {
    pin_mut!(input);
    let mut guard = Guard::default();
    terminal.draw(|frame| welcome.draw(frame.buffer_mut(), settings))?;
    while let Some(input) = input.next().await {
        match input {
            Input::Key(key) if key.kind == Kind::Press => {
                let arrival = guard.arrived(&key);
                if key.is_ctrl('c') {
                    return Ok(Choice::Leave);
                }
                if key.is_ctrl('z') {
                    terminal.backend_mut().call(&Call::Suspend)?;
                    terminal.clear()?;
                } else if arrival.may_act()
                    && let Some(choice) = welcome.choice(key.code)
                {
                    return Ok(choice);
                }
            }
            Input::Suspend => terminal.backend_mut().call(&Call::Suspend)?,
            Input::Resumed => {
                terminal.backend_mut().call(&Call::Retake)?;
                terminal.clear()?;
            }
            Input::Stop(_) => return Ok(Choice::Leave),
            // Pasted text chooses nothing.
            Input::Paste(_, at) => guard.pasted(at),
            Input::Key(_) | Input::Resize(..) | Input::Focus(_) | Input::Mouse(_) => {}
        }
        terminal.draw(|frame| welcome.draw(frame.buffer_mut(), settings))?;
    }
    Ok(Choice::Leave)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use futures::stream;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::tui::{Depth, Key, Looks, Symbols};

    fn settings(symbols: Symbols) -> Settings {
        Settings { operator: "alice".to_owned(), looks: Looks::default(), symbols, depth: Depth::True, mouse: false }
    }

    fn given() -> Welcome {
        Welcome {
            releases: vec![("r7k2m9".to_owned(), "checkout 2.4.0, held".to_owned())],
            folder: "./flightdeck.toml".to_owned(),
        }
    }

    fn shown(width: u16, height: u16, symbols: Symbols) -> String {
        let mut buffer = Buffer::empty(Rect { x: 0, y: 0, width, height });
        given().draw(&mut buffer, &settings(symbols));
        super::super::svg::plain(&buffer)
    }

    #[test]
    fn says_what_it_is_and_what_to_do() {
        insta::with_settings!({ snapshot_path => "../../tests/snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("welcome_80x24", shown(80, 24, Symbols::Unicode));
            insta::assert_snapshot!("welcome_40x12", shown(40, 12, Symbols::Unicode));
        });
        for (width, height) in [(0, 0), (1, 1), (3, 50), (200, 2)] {
            shown(width, height, Symbols::Unicode);
        }
        assert!(shown(120, 40, Symbols::Ascii).is_ascii());
    }

    #[tokio::test]
    async fn a_key_chooses() {
        let begun = Instant::now();
        let press = |code, millis| Input::Key(Key::press(code, begun + Duration::from_millis(millis)));
        for (inputs, chosen) in [
            (vec![press(Code::Char('d'), 500)], Choice::Demo),
            (vec![press(Code::Char('x'), 500), press(Code::Char('i'), 1000)], Choice::Init),
            (vec![press(Code::Char('1'), 500)], Choice::Open("r7k2m9".to_owned())),
            (vec![press(Code::Char('2'), 500), press(Code::Char('q'), 1000)], Choice::Leave),
            (vec![Input::Paste("d".to_owned(), begun)], Choice::Leave),
            (vec![], Choice::Leave),
        ] {
            let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
            let choice = welcome(&mut terminal, stream::iter(inputs), &given(), &settings(Symbols::Unicode)).await.unwrap();
            assert_eq!(choice, chosen);
        }
    }
}
