//! What lets us in, made unreadable where a server repeats it: what it says is shown, and kept in the journal for ever.

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};

/// What stands in the place of a secret.
const MASK: &str = "***";
/// A secret of fewer bytes is left as it is: it would be found in much that is none.
const SHORTEST: usize = 4;

/// The secrets of one request.
pub(super) struct Mask {
    /// The longest first: one may be a part of another.
    secrets: Vec<SecretString>,
}

impl Mask {
    /// Of a request with these headers, of which those that are marked as sensitive are secrets, each whole and behind its
    /// first space, as in `Bearer TOKEN`; and of the password that is a part of one of them.
    pub(super) fn new(headers: &HeaderMap, password: Option<&SecretString>) -> Self {
        let sent = headers.values().filter(|value| value.is_sensitive());
        let sent = sent.filter_map(|value| std::str::from_utf8(value.as_bytes()).ok());
        let sent = sent.flat_map(|value| [Some(value), value.split_once(' ').map(|(_, token)| token.trim())]).flatten();
        let all = sent.chain(password.map(ExposeSecret::expose_secret));
        let mut secrets: Vec<SecretString> = all.filter(|text| text.len() >= SHORTEST).map(SecretString::from).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        Self { secrets }
    }

    /// An answer's body without the secrets. JSON stays JSON, and what is measured stays as it is: in JSON only texts are
    /// looked at, and neither the names of fields nor texts that are numbers or times.
    pub(super) fn body(&self, body: Vec<u8>) -> Vec<u8> {
        if self.secrets.is_empty() {
            return body;
        }
        let plain = String::from_utf8_lossy(&body);
        let masked = if is_json(&body) {
            // Only what is escaped may be a secret without looking like one.
            (plain.contains('\\') || self.is_in(&plain)).then(|| self.texts(&body))
        } else {
            self.text(&plain).map(String::into_bytes)
        };
        drop(plain);
        masked.unwrap_or(body)
    }

    /// A body of JSON with its texts masked.
    fn texts(&self, body: &[u8]) -> Vec<u8> {
        let mut shown = Vec::with_capacity(body.len());
        let mut rest = body;
        while let Some((before, from)) = rest.iter().position(|byte| *byte == b'"').and_then(|at| rest.split_at_checked(at)) {
            let (string, after) = from.split_at_checked(length(from)).unwrap_or((from, &[]));
            shown.extend_from_slice(before);
            let is_name = after.trim_ascii_start().first() == Some(&b':');
            let masked = if is_name { None } else { self.json(string) };
            shown.extend_from_slice(masked.as_deref().unwrap_or(string));
            rest = after;
        }
        shown.extend_from_slice(rest);
        shown
    }

    /// A text without the secrets; none if there are none in it.
    pub(super) fn text(&self, text: &str) -> Option<String> {
        let mask = |text: String, secret: &SecretString| text.replace(secret.expose_secret(), MASK);
        self.is_in(text).then(|| self.secrets.iter().fold(text.to_owned(), mask))
    }

    /// The same of a string of JSON in its quotes.
    fn json(&self, string: &[u8]) -> Option<Vec<u8>> {
        // Where it is none, whoever reads the body finds so too, and does not get as far as to show it.
        let text: String = serde_json::from_slice(string).ok()?;
        let masked = self.text(&text).filter(|_| text.parse::<f64>().is_err() && text.parse::<Timestamp>().is_err())?;
        serde_json::to_vec(&masked).ok()
    }

    fn is_in(&self, text: &str) -> bool {
        self.secrets.iter().any(|secret| text.contains(secret.expose_secret()))
    }
}

/// Whether a body is to be read as JSON, and never shown as it is.
pub(super) fn is_json(body: &[u8]) -> bool {
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// The length of the string of JSON that begins here, with its quotes.
fn length(from: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = from.iter().skip(1).position(|byte| match byte {
        _ if is_escaped => {
            is_escaped = false;
            false
        }
        b'\\' => {
            is_escaped = true;
            false
        }
        byte => *byte == b'"',
    });
    end.map_or(from.len(), |end| end.saturating_add(2))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn mask(values: &[&'static str], password: Option<&str>) -> Mask {
        let mut headers = HeaderMap::new();
        for value in values {
            let mut value = HeaderValue::from_static(value);
            value.set_sensitive(true);
            headers.append("x-secret", value);
        }
        headers.append("x-open", HeaderValue::from_static("application/json"));
        Mask::new(&headers, password.map(SecretString::from).as_ref())
    }

    fn shown(mask: &Mask, body: &str) -> String {
        String::from_utf8(mask.body(body.into())).unwrap()
    }

    #[test]
    fn no_text_holds_a_secret() {
        let mask = mask(&["Bearer s3cr3t", "Basic bWU6aHVudGVyMg==", "s3cr3t-and-more", "a<b/\"c"], Some("hunter2"));
        for (body, expected) in [
            ("bad token Bearer s3cr3t", "bad token ***"),
            ("bad token s3cr3t, s3cr3t", "bad token ***, ***"),
            ("no s3cr3t-and-more of bWU6aHVudGVyMg== is hunter2", "no *** of *** is ***"),
            ("\"s3cr3t\" a<b/\"c", "\"***\" ***"),
            (r#"{"status":"error","error":"bad token Bearer s3cr3t"}"#, r#"{"status":"error","error":"bad token ***"}"#),
            (r#" {"error" : "say \"s3cr3t\"\\" }"#, r#" {"error" : "say \"***\"\\" }"#),
            (r#"["\u0073\u0033cr3t","a\u003cb\/\"c"]"#, r#"["***","***"]"#),
            (
                r#"{"data":{"metric":{"a":"s3cr3t"}},"warnings":["hunter2"]}"#,
                r#"{"data":{"metric":{"a":"***"}},"warnings":["***"]}"#,
            ),
            (r#"["hunter2"#, r#"["hunter2"#),
            ("application/json", "application/json"),
        ] {
            assert_eq!(shown(&mask, body), expected);
        }
    }

    #[test]
    fn what_is_measured_stays_as_it_is() {
        let mask = mask(&["1700", "data", "abc"], None);
        for body in [
            r#"{"data":{"value":[1700000000.123,"1700"]}}"#,
            r#"[{"startsAt":"1700-01-02T03:04:05.170Z"}]"#,
            r#"{"status":"success","data":[1700,"-1700.5e3"],"infos":["abc \\ \"\u00e9\" d\u0061ta"]}"#,
        ] {
            let expected = body.replace(r"d\u0061ta", "***").replace(r"\u00e9", "é");
            assert_eq!(shown(&mask, body), expected);
        }
        assert_eq!(shown(&mask, r#"{"error":"no user 1700"}"#), r#"{"error":"no user ***"}"#);
        let none = self::mask(&["abc"], None);
        assert_eq!(shown(&none, "abc"), "abc", "it is too short to be told from other words");
    }
}
