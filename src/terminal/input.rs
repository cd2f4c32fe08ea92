//! Keys, pasted text and changes of size from the local terminal, in the cockpit's words.

use std::time::Instant;

use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use futures::{Stream, StreamExt, future, stream};

use crate::tui::{Code, Input, Key, Kind, Mods, Stop};

/// What comes in from the terminal at standard input, until it cannot be read any more; then [`Stop::Closed`].
///
/// There is one such stream a process: it reads until it is dropped.
pub fn keys() -> impl Stream<Item = Input> {
    let events = EventStream::new().take_while(|event| future::ready(event.is_ok()));
    let inputs = events.filter_map(|event| future::ready(event.ok().and_then(|event| convert(event, Instant::now()))));
    inputs.chain(stream::once(future::ready(Input::Stop(Stop::Closed))))
}

/// An event of the terminal's library in the cockpit's words; nothing for what the cockpit does not use.
#[must_use]
pub fn convert(event: Event, at: Instant) -> Option<Input> {
    match event {
        Event::Key(key) => convert_key(key, at).map(Input::Key),
        Event::Paste(text) => Some(Input::Paste(text)),
        Event::Resize(width, height) => Some(Input::Resize(width, height)),
        Event::FocusGained => Some(Input::Focus(true)),
        Event::FocusLost => Some(Input::Focus(false)),
        Event::Mouse(_) => None,
    }
}

fn convert_key(key: KeyEvent, at: Instant) -> Option<Key> {
    let shift = key.modifiers.contains(KeyModifiers::SHIFT);
    let code = match key.code {
        // Some terminals say shift and the small letter.
        KeyCode::Char(c) if shift => Code::Char(c.to_ascii_uppercase()),
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab if shift => Code::BackTab,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        _ => return None,
    };
    let alt = key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::META | KeyModifiers::SUPER | KeyModifiers::HYPER);
    let mods = Mods { ctrl: key.modifiers.contains(KeyModifiers::CONTROL), alt };
    let kind = match key.kind {
        KeyEventKind::Press => Kind::Press,
        KeyEventKind::Repeat => Kind::Repeat,
        KeyEventKind::Release => Kind::Release,
    };
    Some(Key { code, mods, kind, at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_keys_in_our_words() {
        let at = Instant::now();
        let shift = KeyModifiers::SHIFT;
        let key = |code, mods| convert(Event::Key(KeyEvent::new(code, mods)), at);
        assert_eq!(key(KeyCode::Char('R'), shift), Some(Input::Key(Key::press(Code::Char('R'), at))));
        assert_eq!(key(KeyCode::Char('r'), shift), Some(Input::Key(Key::press(Code::Char('R'), at))));
        assert_eq!(key(KeyCode::Tab, shift), Some(Input::Key(Key::press(Code::BackTab, at))));
        assert_eq!(key(KeyCode::F(5), KeyModifiers::NONE), None);
        let Some(Input::Key(quit)) = key(KeyCode::Char('c'), KeyModifiers::CONTROL) else { panic!() };
        assert!(quit.is_ctrl('c'));
    }
}
