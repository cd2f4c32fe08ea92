//! Everything that can be done in the cockpit, by name: one table, from which the keys, the palette, the help, the foot of
//! the screen and the user's own key map are made.

/// Something that can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table below says what each does")]
pub enum Action {
    Promote,
    Rollback,
    Hold,
    Retry,
    Silence,
    Automatic,
    Sign,
    Recheck,
    Note,
    Log,
    Detail,
    Output,
    Zoom,
    Wall,
    Filter,
    Palette,
    Help,
    NextPane,
    PreviousPane,
    Stages,
    Checklist,
    Health,
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
    CopyRow,
    CopyId,
    CopyStatus,
    PictureSvg,
    PictureText,
    Freeze,
    Mouse,
    Redraw,
    Suspend,
    Quit,
    Back,
    RangeShorter,
    RangeLonger,
    CursorLeft,
    CursorRight,
    CursorStart,
    CursorEnd,
    Search,
    NextMatch,
    PreviousMatch,
    Follow,
    Wrap,
    ScrollLeft,
    ScrollRight,
}

/// Where the keys of an action mean it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// On the panes, zoomed or not, and on the wall.
    Panes,
    /// On the large chart of a signal.
    Chart,
    /// In the output of a task.
    Output,
    /// Wherever something is moved through: panes, the help, a detail, an output.
    Lists,
    /// Everywhere but in dialogs and where text is typed.
    Everywhere,
}

/// Where the keys go at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// The panes or the wall.
    Panes,
    /// The zoomed health pane with its chart.
    Chart,
    /// The output of a task.
    Output,
    /// The help or a detail.
    Reader,
}

impl Scope {
    /// Whether its keys mean something there.
    #[must_use]
    pub fn holds(self, context: Context) -> bool {
        match self {
            Self::Everywhere | Self::Lists => true,
            Self::Panes => matches!(context, Context::Panes | Context::Chart),
            Self::Chart => context == Context::Chart,
            Self::Output => context == Context::Output,
        }
    }

    /// How near it is to what is looked at: where two actions have a key, the nearer one has it.
    pub(crate) fn nearness(self) -> u8 {
        match self {
            Self::Chart | Self::Output => 3,
            Self::Panes => 2,
            Self::Lists => 1,
            Self::Everywhere => 0,
        }
    }

    /// Whether there is a place where the keys of both mean something, and neither is nearer.
    pub(crate) fn meets(self, other: Self) -> bool {
        let contexts = [Context::Panes, Context::Chart, Context::Output, Context::Reader];
        self.nearness() == other.nearness() && contexts.iter().any(|context| self.holds(*context) && other.holds(*context))
    }

    /// Whether keys that a user gives to one must no longer mean the other: all that may be on screen together, but for the
    /// chart, which lies on the panes and has meanings of its own.
    pub(crate) fn clashes(self, other: Self) -> bool {
        let contexts = [Context::Panes, Context::Chart, Context::Output, Context::Reader];
        let together = contexts.iter().any(|context| self.holds(*context) && other.holds(*context));
        together && !matches!((self, other), (Self::Chart, Self::Panes) | (Self::Panes, Self::Chart))
    }
}

/// What belongs together in the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// What acts on the release.
    Fly,
    /// What shows more.
    Look,
    /// What goes somewhere.
    Move,
    /// What takes something along.
    Keep,
    /// What is about the cockpit itself.
    Cockpit,
}

impl Group {
    /// The groups in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Fly, Self::Look, Self::Move, Self::Keep, Self::Cockpit];

    /// Its name on screen.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Fly => "Fly",
            Self::Look => "Look",
            Self::Move => "Move",
            Self::Keep => "Take along",
            Self::Cockpit => "Cockpit",
        }
    }
}

/// A line of the table.
#[derive(Debug)]
pub struct Described {
    /// The action.
    pub action: Action,
    /// Its name, in key maps and in the palette.
    pub name: &'static str,
    /// In a word or two, for the foot of the screen; empty for what need not stand there.
    pub short: &'static str,
    /// In a sentence.
    pub long: &'static str,
    /// Where its keys mean it.
    pub scope: Scope,
    /// Where it stands in the help.
    pub group: Group,
    /// What other tools call it: the palette finds it by these too.
    pub also: &'static [&'static str],
}

macro_rules! table {
    ($($scope:ident $group:ident $action:ident $name:literal, $short:literal, $long:literal, [$($also:literal),*];)*) => {
        /// Every action, in the order in which the palette and the help show them, and in which they give way at the foot of a
        /// narrow screen.
        pub const ACTIONS: &[Described] = &[$(Described {
            action: Action::$action, name: $name, short: $short, long: $long,
            scope: Scope::$scope, group: Group::$group, also: &[$($also),*],
        }),*];
    };
}

table! {
    Panes Fly Promote "promote", "promote", "takes the one next step that waits for a person",
        ["advance", "continue", "next step", "approve step", "promote --full", "skip pause", "deploy", "release"];
    Everywhere Fly Rollback "rollback", "rollback", "takes everything back; nothing keeps it from being given",
        ["abort", "undo", "revert", "back out", "stop", "cancel deployment", "emergency"];
    Panes Fly Hold "hold", "hold", "starts nothing new; on a held release, goes on",
        ["pause", "resume", "unpause", "freeze rollout", "suspend rollout", "go on"];
    Everywhere Look Help "help", "help", "shows the keys of what is looked at", ["keys", "shortcuts", "?"];
    Panes Fly Sign "sign", "sign", "signs the selected check, or the first that waits for a signature",
        ["tick", "check off", "sign-off", "approve check", "evidence"];
    Everywhere Look Palette "palette", "find", "finds every action by its name", ["command", "search action", "menu"];
    Panes Look Detail "detail", "detail", "shows everything that is known of the selected row", ["describe", "inspect", "why"];
    Panes Move NextPane "next-pane", "pane", "goes to the next pane", ["focus"];
    Panes Look Zoom "zoom", "zoom", "gives one pane the whole screen, with more in it; again: back", ["fullscreen", "maximise", "chart", "graph"];
    Panes Fly Retry "retry", "retry", "starts a failed stage again, as a new attempt", ["restart", "rerun", "try again"];
    Panes Fly Silence "silence", "silence", "silences an alert for as long as a stage takes, or takes that back",
        ["mute", "snooze", "ack", "acknowledge", "unsilence", "alertmanager", "page"];
    Panes Look Output "output", "output", "shows what the selected stage's task writes", ["logs", "tail", "stdout"];
    Panes Look Filter "filter", "filter", "shows only the rows with a text in them", ["search", "find row", "grep"];
    Panes Fly Recheck "check", "check", "runs the selected check again", ["recheck", "run check", "verify check"];
    Panes Fly Note "note", "note", "writes a note into the journal", ["comment", "annotate", "log"];
    Panes Fly Automatic "automatic", "automatic", "takes the automatic rollback out, or back in",
        ["kill switch", "pause automation", "disable auto rollback", "auto-rollback", "disarm", "arm", "autopilot", "manual"];
    Panes Look Log "log", "log", "shows what has happened, with who did it and when", ["journal", "history", "events", "audit"];
    Panes Look Wall "wall", "wall", "shows verdict, stage, weight, clock and the worst signal large enough for a room", ["big", "tv", "war room", "display"];
    Panes Cockpit Freeze "freeze", "freeze", "keeps the display as it is while the release goes on; again: live", ["pause display", "still", "thaw"];
    Everywhere Cockpit Quit "quit", "quit", "leaves the cockpit; Ctrl-C twice leaves at once", ["exit", "leave", "close"];
    Panes Move PreviousPane "previous-pane", "", "goes to the pane before", ["focus"];
    Panes Move Stages "stages", "", "goes to the stages", ["pane 1"];
    Panes Move Checklist "checklist", "", "goes to the checklist", ["pane 2", "checks"];
    Panes Move Health "health", "", "goes to the signals", ["pane 3", "signals", "metrics"];
    Lists Move Up "up", "", "goes up a line", [];
    Lists Move Down "down", "", "goes down a line", [];
    Lists Move PageUp "page-up", "", "goes up a page", [];
    Lists Move PageDown "page-down", "", "goes down a page", [];
    Lists Move Top "top", "", "goes to the first line", ["home", "first"];
    Lists Move Bottom "bottom", "", "goes to the last line", ["end", "last"];
    Chart Look RangeShorter "range-shorter", "shorter", "shows a shorter time", ["zoom in", "time range"];
    Chart Look RangeLonger "range-longer", "longer", "shows a longer time", ["zoom out", "time range"];
    Chart Look CursorLeft "cursor-left", "read", "reads the value before", ["cursor", "value"];
    Chart Look CursorRight "cursor-right", "", "reads the value behind", ["cursor", "value"];
    Chart Look CursorStart "cursor-start", "", "reads the oldest value", ["cursor"];
    Chart Look CursorEnd "cursor-end", "", "reads the newest value", ["cursor"];
    Output Look Search "search", "search", "finds a text in the output", ["grep", "find"];
    Output Look NextMatch "next-match", "next", "goes to the next line with the text", [];
    Output Look PreviousMatch "previous-match", "", "goes to the line with the text before", [];
    Output Look Follow "follow", "follow", "shows the newest lines as they come", ["tail -f"];
    Output Look Wrap "wrap", "wrap", "breaks long lines, or leaves them long", [];
    Output Move ScrollLeft "scroll-left", "", "goes to the left of long lines", [];
    Output Move ScrollRight "scroll-right", "", "goes to the right of long lines", [];
    Panes Keep CopyRow "copy-row", "", "copies the selected row to the clipboard", ["yank", "clipboard", "osc 52"];
    Everywhere Keep CopyId "copy-id", "", "copies the release's id to the clipboard", ["yank", "clipboard"];
    Everywhere Keep CopyStatus "copy-status", "", "copies where the release stands, as text, to the clipboard", ["yank", "clipboard", "report", "slack"];
    Everywhere Keep PictureSvg "picture", "", "writes the screen to an SVG file, for the incident's channel", ["screenshot", "svg", "image"];
    Everywhere Keep PictureText "picture-text", "", "writes the screen to a text file", ["screenshot", "text", "ascii"];
    Everywhere Cockpit Mouse "mouse", "", "listens to the mouse, or leaves it to the terminal", ["click", "select text"];
    Everywhere Cockpit Redraw "redraw", "", "draws the whole screen anew", ["refresh", "repaint"];
    Everywhere Cockpit Suspend "suspend", "", "gives the terminal back to the shell until `fg`", ["background", "shell", "ctrl-z"];
    Everywhere Cockpit Back "back", "", "leaves what is on top: a reader, a filter, a zoom", ["close", "escape"];
}

impl Action {
    /// Its line of the table.
    #[must_use]
    pub fn described(self) -> Option<&'static Described> {
        ACTIONS.iter().find(|described| described.action == self)
    }

    /// The action of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        ACTIONS.iter().find(|described| described.name == name).map(|described| described.action)
    }

    /// Whether it only moves about: it may be held down.
    pub(crate) fn moves(self) -> bool {
        matches!(
            self,
            Self::Up
                | Self::Down
                | Self::PageUp
                | Self::PageDown
                | Self::Top
                | Self::Bottom
                | Self::NextPane
                | Self::PreviousPane
                | Self::CursorLeft
                | Self::CursorRight
                | Self::ScrollLeft
                | Self::ScrollRight
                | Self::NextMatch
                | Self::PreviousMatch
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_one_line_and_one_name() {
        for (index, described) in ACTIONS.iter().enumerate() {
            assert_eq!(Action::named(described.name), Some(described.action));
            let rest = &ACTIONS[index + 1..];
            assert!(!rest.iter().any(|other| other.name == described.name || other.action == described.action), "{described:?}");
            let plain = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(described.name.chars().all(plain), "{}", described.name);
            assert!(!described.long.is_empty() && !described.long.ends_with('.'), "{}", described.name);
        }
    }

    #[test]
    fn scopes_meet_where_neither_is_nearer() {
        assert!(Scope::Panes.meets(Scope::Panes));
        assert!(!Scope::Chart.meets(Scope::Panes), "the chart's keys win on the chart");
        assert!(!Scope::Output.meets(Scope::Chart), "never on screen together");
    }
}
