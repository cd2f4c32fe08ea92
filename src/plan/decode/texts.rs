//! The texts of a plan that mean something: ids, titles, commands, durations, addresses, expressions.

use toml::de::{DeTable, DeValue};

use super::{
    reader::{At, Fields, Reader, Span},
    words::{self, quote},
};
use crate::{
    plan::{Duration, DurationError, Selector},
    text,
};

/// How long a text may be: an id, what is shown in one line, and anything else.
const ID: usize = 64;
const SHOWN: usize = 300;
const LONGEST: usize = 65_536;

impl Reader {
    /// An id must be safe in a path, an address, a command line.
    pub(crate) fn check_id(&mut self, name: &str, id: &str, at: &Span) -> bool {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let good = id.chars().all(fits) && id.starts_with(|c: char| c.is_ascii_alphanumeric()) && id.len() <= ID;
        if !good {
            let slug: String = id.chars().map(|c| if fits(c) { c } else { '-' }).take(ID).collect();
            let slug = slug.trim_matches(['-', '.', '_']).to_lowercase();
            let rule = "letters (a to z), digits, `-`, `_` and `.`, starting with a letter or digit, at most 64";
            let help = if slug.is_empty() { format!("use {rule}") } else { format!("use {rule}, as in {}", quote(&slug)) };
            let message =
                if id.is_empty() { format!("the id of {name} is empty") } else { format!("{} cannot be an id", quote(id)) };
            self.report(at, "bad-id", message, help);
        }
        good
    }

    /// The named tables that a key holds, as `[signals.errors]` stands for, in the order of the file.
    pub(crate) fn named<'a>(&mut self, fields: &Fields<'a>, key: &str, one: &str) -> Vec<(At<String>, &'a DeTable<'a>)> {
        let Some(entry) = fields.get(key) else { return Vec::new() };
        let example = format!("[{key}.NAME]");
        let Some(table) = self.table(&format!("`{key}` of {}", fields.name), entry.value, &example) else { return Vec::new() };
        let mut rows: Vec<_> = table.iter().collect();
        rows.sort_by_key(|(key, _)| key.span().start);
        let mut named = Vec::new();
        for (id, value) in rows {
            let name = format!("{one} {}", quote(id.get_ref()));
            self.check_id(&name, id.get_ref(), &id.span());
            if let Some(table) = self.table(&name, value, &format!("[{key}.{}]", crate::text::line(id.get_ref(), 60))) {
                named.push((At { is: id.get_ref().to_string(), at: id.span() }, table));
            }
        }
        named
    }

    /// The id that a key holds.
    pub(crate) fn id(&mut self, fields: &Fields<'_>, key: &str) -> Option<At<String>> {
        let id = self.string(fields, key)?;
        self.check_id(&fields.name, &id.is, &id.at).then_some(id)
    }

    /// A text must hold something, be safe to show and not endless.
    fn check_text(&mut self, name: &str, text: &At<String>, lines: bool) -> bool {
        let unsafe_ = |c: &char| text::is_unsafe(*c) && !(lines && matches!(c, '\n' | '\t' | '\r'));
        let limit = if lines { LONGEST } else { SHOWN };
        if text.is.trim().is_empty() {
            self.report(&text.at, "empty-text", format!("{name} is empty"), "write something, or leave the key out");
        } else if let Some(c) = text.is.chars().find(unsafe_) {
            let message =
                format!("{name} has the character U+{:04X}, which does not show or changes what is shown", u32::from(c));
            self.report(&text.at, "unsafe-text", message, "leave it out; an escape such as \\u202e counts too");
        } else if text.is.chars().count() > limit {
            self.report(&text.at, "text-too-long", format!("{name} is too long"), format!("it can have {limit} characters"));
        } else {
            return true;
        }
        false
    }

    /// A text that is shown in one line.
    pub(crate) fn shown(&mut self, fields: &Fields<'_>, key: &str) -> Option<At<String>> {
        let text = self.string(fields, key)?;
        self.check_text(&format!("`{key}` of {}", fields.name), &text, false).then_some(text)
    }

    /// A list of texts that are shown.
    pub(crate) fn shown_list(&mut self, fields: &Fields<'_>, key: &str) -> Vec<At<String>> {
        let name = format!("an entry of `{key}` of {}", fields.name);
        let mut texts = Vec::new();
        for value in self.items(fields, key, &format!("{key} = [\"…\"]")) {
            if let Some(text) = self.string_value(&name, value, "write it in quotes")
                && self.check_text(&name, &text, false)
            {
                texts.push(text);
            }
        }
        texts
    }

    /// A list of texts of which each counts once.
    pub(crate) fn set(&mut self, fields: &Fields<'_>, key: &str) -> Vec<At<String>> {
        let mut seen = std::collections::BTreeSet::new();
        let mut list = self.shown_list(fields, key);
        list.retain(|item| {
            let new = seen.insert(item.is.clone());
            if !new {
                let message = format!("{} stands twice in `{key}` of {}", quote(&item.is), fields.name);
                self.report(&item.at, "repeated-item", message, "once is enough");
            }
            new
        });
        list
    }

    /// A command or an expression, of several lines perhaps.
    pub(crate) fn command(&mut self, fields: &Fields<'_>, key: &str) -> Option<At<String>> {
        let text = self.string(fields, key)?;
        let name = format!("`{key}` of {}", fields.name);
        if text.is.trim().is_empty() {
            let help = "write what is run with `sh -c`; `true` does nothing and ends well";
            self.report(&text.at, "empty-command", format!("{name} is empty"), help);
            return None;
        }
        self.check_text(&name, &text, true).then_some(text)
    }

    /// A command that must be there; empty where it is not.
    pub(crate) fn needed_command(&mut self, fields: &Fields<'_>, key: &str, example: &str) -> String {
        if !fields.has(key) {
            self.missing(fields, key, example);
        }
        self.command(fields, key).map(|command| command.is).unwrap_or_default()
    }

    /// A duration.
    pub(crate) fn duration(&mut self, fields: &Fields<'_>, key: &str) -> Option<At<Duration>> {
        let entry = fields.get(key)?;
        if let DeValue::Integer(number) = entry.value.get_ref() {
            let name = format!("`{key}` of {}", fields.name);
            let help = format!("write it with its unit, in quotes: {key} = \"{number}s\"");
            self.wrong_type(&name, entry.value, "a duration", help);
            return None;
        }
        let text = self.string(fields, key)?;
        let (code, help) = match text.is.parse::<Duration>() {
            Ok(duration) => return Some(At { is: duration, at: text.at }),
            Err(DurationError::Malformed(_)) => {
                ("bad-duration", format!("write a number with its unit, as in {key} = \"30s\", \"10m\", \"1h30m\" or \"2d\""))
            }
            Err(DurationError::Negative(_)) => ("negative-duration", "a duration is zero or more".to_owned()),
            Err(DurationError::TooLong(_)) => ("duration-too-long", "a plan cannot ask for more than 366 days".to_owned()),
        };
        self.report(&text.at, code, format!("`{key}` of {} cannot be {}", fields.name, quote(&text.is)), help);
        None
    }

    /// A duration that is more than nothing.
    pub(crate) fn some_time(&mut self, fields: &Fields<'_>, key: &str) -> Option<At<Duration>> {
        let duration = self.duration(fields, key)?;
        if duration.is.is_zero() {
            let message = format!("`{key}` of {} is no time at all", fields.name);
            self.report(&duration.at, "zero-duration", message, format!("write more than zero, as in {key} = \"30s\""));
            return None;
        }
        Some(duration)
    }

    /// An address to send requests to. It is not repeated in messages: it may hold a password.
    pub(crate) fn url(&mut self, fields: &Fields<'_>, key: &str, example: &str) -> Option<At<String>> {
        if !fields.has(key) {
            self.missing(fields, key, &format!("{key} = \"{example}\""));
        }
        let url = self.string(fields, key)?;
        self.address(&format!("`{key}` of {}", fields.name), url, example)
    }

    /// A text that must be an address to send requests to.
    pub(crate) fn address(&mut self, name: &str, url: At<String>, example: &str) -> Option<At<String>> {
        if !self.check_text(name, &url, false) {
            return None;
        }
        let help = match reqwest::Url::parse(&url.is) {
            Ok(parsed) if !matches!(parsed.scheme(), "http" | "https") => {
                let message =
                    format!("{name} is no address of the web: it begins with {}", quote(&format!("{}:", parsed.scheme())));
                self.report(&url.at, "bad-url", message, format!("write http:// or https://, as in \"{example}\""));
                return None;
            }
            Ok(parsed) if parsed.has_host() && !url.is.contains(char::is_whitespace) => return Some(url),
            Ok(_) => "it has no host, or a space in it".to_owned(),
            Err(error) => error.to_string(),
        };
        self.report(&url.at, "bad-url", format!("{name} is no address: {help}"), format!("write it as in \"{example}\""));
        None
    }

    /// A regular expression.
    pub(crate) fn regex(&mut self, fields: &Fields<'_>, key: &str) -> Option<String> {
        let regex = self.command(fields, key)?;
        match regex_lite::Regex::new(&regex.is) {
            Ok(_) => Some(regex.is),
            Err(error) => {
                let message =
                    format!("`{key}` of {} is no regular expression: {}", fields.name, text::line(&error.to_string(), 200));
                self.report(
                    &regex.at,
                    "bad-regex",
                    message,
                    "a character with a meaning of its own is escaped as in '\\(' (in single quotes)",
                );
                None
            }
        }
    }

    /// A selector of series.
    pub(crate) fn selector(&mut self, fields: &Fields<'_>, key: &str) -> Option<At<String>> {
        let text = self.command(fields, key)?;
        match text.is.parse::<Selector>() {
            Ok(_) => Some(text),
            Err(error) => {
                let message = format!("`{key}` of {} is no selector: {}", fields.name, text::line(&error.to_string(), 200));
                let help = "write a metric's name with label matchers, as in 'http_requests_total{code=~\"5..\"}'; no function around it";
                self.report(&text.at, "bad-selector", message, help);
                None
            }
        }
    }

    /// An HTTP status.
    pub(crate) fn status(&mut self, fields: &Fields<'_>) -> Option<u16> {
        self.whole(fields, "status", 100..=599).and_then(|status| u16::try_from(status.is).ok())
    }

    /// A time zone that this computer knows.
    pub(crate) fn time_zone(&mut self, fields: &Fields<'_>, key: &str) -> Option<String> {
        let name = self.shown(fields, key)?;
        if jiff::tz::TimeZone::get(&name.is).is_ok() {
            return Some(name.is);
        }
        let known: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
        let last = |zone: &str| zone.rsplit('/').next().map(str::to_owned).unwrap_or_default();
        let near = words::nearest(&name.is, known.iter().map(String::as_str)).map(str::to_owned).or_else(|| {
            // "Berlin" alone is in no list.
            known.iter().find(|zone| last(zone).eq_ignore_ascii_case(&last(&name.is))).cloned()
        });
        let help = match near {
            Some(near) => format!("did you mean {}?", quote(&near)),
            None => "write a name of the IANA database, as in `Europe/Berlin` or `UTC`".to_owned(),
        };
        self.report(&name.at, "unknown-time-zone", format!("there is no time zone {}", quote(&name.is)), help);
        None
    }

    /// A reference to something of the plan by its name.
    pub(crate) fn reference<'n>(
        &mut self,
        owner: &str,
        what: &str,
        id: &At<String>,
        names: impl IntoIterator<Item = &'n str> + Clone,
    ) -> bool {
        if names.clone().into_iter().any(|name| name == id.is) {
            return true;
        }
        if !self.is_full() {
            let help = words::instead(&id.is, names, &format!("{what}s"));
            self.report_absence(
                &id.at,
                unknown(what),
                format!("{owner} names the {what} {}, which does not exist", quote(&id.is)),
                help,
            );
        }
        false
    }
}

/// The code of a reference that leads nowhere.
fn unknown(what: &str) -> &'static str {
    match what {
        "target" => "unknown-target",
        "server" => "unknown-server",
        "signal" => "unknown-signal",
        _ => "unknown-stage",
    }
}
