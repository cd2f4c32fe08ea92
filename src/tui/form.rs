//! The forms: something is typed before it is asked for. What they ask for is safe, or needs no more than a reason; what is
//! dangerous stands behind a [`super::dialog::Dialog`].

use tui_input::{Input as Field, InputRequest};

use super::{
    dialog::Said,
    guard::Arrival,
    input::{Code, Key},
};
use crate::{
    health::{Alert, AlertState},
    release::{Ask, Release},
    text,
};

/// The longest text that a field takes.
const FIELD: usize = 400;

/// What a form is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum About {
    /// A note for the journal.
    Note,
    /// The signature of a check.
    Sign { check: String },
    /// The silence of an alert, or its end.
    Silence(Silencing),
    /// The automatic rollback is taken out.
    AutomaticOut,
}

/// The alerts of a signal that can be silenced, or whose silence can be taken back, as they were when the form was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Silencing {
    /// The signal that counts them.
    pub(crate) signal: String,
    /// The stage whose length a silence has.
    pub(crate) stage: Option<String>,
    /// The alerts, those that are new in the release first.
    pub(crate) alerts: Vec<Choice>,
    /// The one that is meant.
    pub(crate) chosen: usize,
}

/// An alert to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) alert: Alert,
    /// Whether it has begun since the release did.
    pub(crate) is_new: bool,
    /// The silence that would be taken back, where there is one from here.
    pub(crate) silence: Option<String>,
}

impl Silencing {
    /// What there is to choose from of a signal; nothing where nothing can be done.
    pub(crate) fn of(release: &Release, signal: &str) -> Option<Self> {
        let stage = release.stage_for_silence().filter(|_| !release.is_over()).map(str::to_owned);
        let known = release.alerts.get(signal).map(|alerts| alerts.known.as_slice()).unwrap_or_default();
        let choice = |alert: &Alert, silence| Choice { alert: alert.clone(), is_new: alert.since >= release.started, silence };
        let fires = |alert: &&Alert| {
            alert.state == AlertState::Firing && release.silence_of(&alert.fingerprint).is_none() && stage.is_some()
        };
        let mut alerts = known.iter().filter(fires).map(|alert| choice(alert, None)).collect::<Vec<_>>();
        alerts.sort_by_key(|choice| !choice.is_new);
        // A silenced alert may not be known any more: what was silenced from here can be taken back all the same.
        let ours = release.open_silences().filter(|silence| silence.signal == signal && !silence.lifted);
        alerts.extend(ours.map(|silence| choice(&silence.alert, Some(silence.id.clone()))));
        (!alerts.is_empty()).then(|| Self { signal: signal.to_owned(), stage, alerts, chosen: 0 })
    }

    /// The one that is meant.
    pub(crate) fn choice(&self) -> Option<&Choice> {
        self.alerts.get(self.chosen)
    }

    /// What it asks for.
    pub(crate) fn ask(&self) -> Ask {
        match self.choice() {
            Some(Choice { silence: Some(silence), .. }) => Ask::Unsilence(silence.clone()),
            choice => Ask::Silence {
                signal: self.signal.clone(),
                alert: choice.map(|choice| choice.alert.fingerprint.clone()).unwrap_or_default(),
                stage: self.stage.clone(),
            },
        }
    }
}

/// Something to be typed.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) about: About,
    /// The note, or the reason.
    pub(crate) words: Field,
    pub(crate) evidence: Field,
    /// The field that is typed into; behind the last, the button.
    pub(crate) at: usize,
    /// Whether it was drawn as it is.
    pub(crate) drawn: bool,
    pub(crate) hint: Option<&'static str>,
}

impl Form {
    pub(crate) fn new(about: About) -> Self {
        Self { about, words: Field::default(), evidence: Field::default(), at: 0, drawn: false, hint: None }
    }

    /// What is typed, by the names of the fields.
    pub(crate) fn fields(&self) -> Vec<(&'static str, &Field)> {
        match &self.about {
            About::Note => vec![("", &self.words)],
            About::Sign { .. } => vec![("Note", &self.words), ("Evidence", &self.evidence)],
            // What was typed is no reason for taking a silence back: none is asked for, and none is written down.
            About::Silence(of) if of.choice().is_some_and(|choice| choice.silence.is_some()) => Vec::new(),
            About::Silence(_) | About::AutomaticOut => vec![("Reason", &self.words)],
        }
    }

    /// What is said where nothing was typed, if something must be.
    fn required(&self) -> Option<&'static str> {
        match &self.about {
            About::Sign { .. } => None,
            About::Note => Some("there is nothing to write down yet"),
            About::Silence(_) if self.fields().is_empty() => None,
            About::Silence(_) => Some("a silence needs a reason: say why"),
            About::AutomaticOut => Some("taking it out needs a reason: say why"),
        }
    }

    /// What it says on its button.
    pub(crate) fn button(&self) -> &'static str {
        match &self.about {
            About::Note => "Write",
            About::Sign { .. } => "Sign",
            About::Silence(_) if self.fields().is_empty() => "Take back",
            About::Silence(_) => "Silence",
            About::AutomaticOut => "Take out",
        }
    }

    /// Whether there are several alerts to choose from.
    pub(crate) fn chooses(&self) -> bool {
        matches!(&self.about, About::Silence(of) if of.alerts.len() > 1)
    }

    /// Why it can no longer be meant as it was shown; nothing where it can.
    pub(crate) fn overtaken(&self, release: &Release) -> Option<String> {
        match &self.about {
            About::Silence(Silencing { stage: Some(stage), .. })
                if !self.fields().is_empty() && release.stage_for_silence() != Some(stage) =>
            {
                Some(format!("The release has moved on: {stage} is over. Close this and look again."))
            }
            _ => None,
        }
    }

    /// A key.
    pub(crate) fn key(&mut self, key: &Key, arrival: Arrival, overtaken: bool) -> Said {
        self.hint = None;
        let fields = self.fields().len();
        let places = fields.saturating_add(1);
        let chooses = self.chooses();
        match key.code {
            Code::Esc if arrival.repeat => return Said::Nothing,
            Code::Esc => return Said::No,
            _ if arrival.behind_esc => {}
            Code::Enter if arrival.repeat || overtaken => {}
            // With one field there is nothing else to go to.
            Code::Enter if self.at >= fields || fields == 1 => {
                if let Some(missing) = self.required().filter(|_| self.words.value().trim().is_empty()) {
                    self.hint = Some(missing);
                } else if !self.drawn || !arrival.may_confirm() {
                    self.hint = Some("that was too quick; press Enter once more");
                } else {
                    return Said::Yes;
                }
            }
            Code::Up if chooses => self.step(-1),
            Code::Down if chooses => self.step(1),
            Code::Enter | Code::Tab | Code::Down => self.at = self.at.saturating_add(1).checked_rem(places).unwrap_or(0),
            Code::BackTab | Code::Up => {
                self.at = self.at.checked_sub(1).unwrap_or(places.saturating_sub(1));
            }
            _ => {
                if let Some(field) = self.field() {
                    edit(field, key);
                }
            }
        }
        Said::Nothing
    }

    fn step(&mut self, by: isize) {
        if let About::Silence(of) = &self.about {
            let next = of.chosen.saturating_add_signed(by).min(of.alerts.len().saturating_sub(1));
            self.choose(next);
        }
    }

    /// Means another of the alerts.
    pub(crate) fn choose(&mut self, index: usize) {
        if let About::Silence(of) = &mut self.about
            && index < of.alerts.len()
            && index != of.chosen
        {
            of.chosen = index;
            // What Enter would do now, nobody has seen yet.
            (self.drawn, self.at) = (false, 0);
        }
    }

    fn field(&mut self) -> Option<&mut Field> {
        if self.at >= self.fields().len() {
            return None;
        }
        Some(if self.at == 0 { &mut self.words } else { &mut self.evidence })
    }

    /// Pasted text, as one safe line.
    pub(crate) fn pasted(&mut self, pasted: &str) {
        if let Some(field) = self.field() {
            insert_text(field, pasted);
        }
    }

    /// What it asks for.
    pub(crate) fn ask(&self) -> Ask {
        match &self.about {
            About::Note => Ask::Note(filled(&self.words).unwrap_or_default()),
            About::Sign { check } => {
                Ask::Sign { check: check.clone(), note: filled(&self.words), evidence: filled(&self.evidence) }
            }
            About::Silence(of) => of.ask(),
            About::AutomaticOut => Ask::Automatic(false),
        }
    }

    /// Why, where a reason was asked for.
    pub(crate) fn reason(&self) -> Option<String> {
        match &self.about {
            About::Note | About::Sign { .. } => None,
            About::Silence(_) if self.fields().is_empty() => None,
            About::Silence(_) | About::AutomaticOut => filled(&self.words),
        }
    }
}

/// What a field holds, as one safe line; nothing where it is empty.
pub(crate) fn filled(field: &Field) -> Option<String> {
    Some(text::line(field.value(), FIELD)).filter(|text| !text.is_empty())
}

/// Puts text into a field, as one safe line.
pub(crate) fn insert_text(field: &mut Field, pasted: &str) {
    for c in text::line(pasted, FIELD).chars() {
        insert(field, c);
    }
}

fn insert(field: &mut Field, c: char) {
    if !text::is_unsafe(c) && field.value().chars().count() < FIELD {
        field.handle(InputRequest::InsertChar(c));
    }
}

/// What a key does to a field.
pub(crate) fn edit(field: &mut Field, key: &Key) {
    let request = match (key.code, key.mods.ctrl, key.mods.alt) {
        (Code::Char(c), false, false) => return insert(field, c),
        (Code::Char('a'), true, _) | (Code::Home, ..) => InputRequest::GoToStart,
        (Code::Char('e'), true, _) | (Code::End, ..) => InputRequest::GoToEnd,
        (Code::Char('u'), true, _) => InputRequest::DeleteLine,
        (Code::Char('k'), true, _) => InputRequest::DeleteTillEnd,
        (Code::Char('w'), true, _) | (Code::Backspace, _, true) => InputRequest::DeletePrevWord,
        (Code::Char('y'), true, _) => InputRequest::Yank,
        (Code::Backspace, ..) | (Code::Char('h'), true, _) => InputRequest::DeletePrevChar,
        (Code::Delete, ..) => InputRequest::DeleteNextChar,
        (Code::Left, true, _) | (Code::Char('b'), _, true) => InputRequest::GoToPrevWord,
        (Code::Right, true, _) | (Code::Char('f'), _, true) => InputRequest::GoToNextWord,
        (Code::Left, ..) => InputRequest::GoToPrevChar,
        (Code::Right, ..) => InputRequest::GoToNextChar,
        _ => return,
    };
    field.handle(request);
}
