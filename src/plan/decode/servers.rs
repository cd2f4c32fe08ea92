//! `[servers.NAME]`, and where a signal or a check names one.

use indexmap::IndexMap;
use toml::de::DeTable;

use super::{
    Known,
    reader::{At, Fields, Reader},
    shapes,
    words::quote,
};
use crate::plan::{Basic, Id, Place, Secret, Server, Tls, defaults};

/// What the name of a header has in it whose value lets somebody in.
const SECRET_WORDS: [&str; 13] = [
    "authorization",
    "authentication",
    "token",
    "secret",
    "key",
    "password",
    "passwd",
    "passphrase",
    "cookie",
    "session",
    "credential",
    "jwt",
    "signature",
];

/// Every server of the plan.
pub(super) fn servers(reader: &mut Reader, plan: &Fields<'_>) -> IndexMap<Id, Server> {
    reader.named(plan, "servers", "server").into_iter().map(|row| server(reader, row)).collect()
}

fn server<'a>(reader: &mut Reader, (id, table): (At<String>, &'a DeTable<'a>)) -> (Id, Server) {
    let fields = reader.fields(format!("server {}", quote(&id.is)), id.at, table, &shapes::SERVER);
    let url = address(reader, &fields, "https://prometheus.example").unwrap_or_default();
    let basic = reader.sub(&fields, "basic", &shapes::BASIC, "basic = { user = \"NAME\", password = \"env:NAME\" }");
    let basic = basic.and_then(|basic| self::basic(reader, &basic));
    if let (Some(_), Some(entry)) = (&basic, fields.get("bearer")) {
        let message = format!("{} has both `bearer` and `basic`", fields.name);
        reader.report(&entry.place, "conflicting-keys", message, "keep the one that the server asks for");
    }
    let bearer = secret(reader, &fields, "bearer");
    let tls = reader.sub(&fields, "tls", &shapes::TLS, "tls = { ca = \"ca.pem\" }").map(|tls| self::tls(reader, &tls));
    let headers = headers(reader, &fields);
    let retries = reader.whole(&fields, "retries", 0..=10).map_or_else(defaults::retries, |retries| retries.is);
    (id.is, Server { url, bearer, basic, headers, tls, retries })
}

fn basic(reader: &mut Reader, fields: &Fields<'_>) -> Option<Basic> {
    for (key, example) in [("user", "user = \"NAME\""), ("password", "password = \"env:NAME\"")] {
        if !fields.has(key) {
            reader.missing(fields, key, example);
        }
    }
    // Both are read before one of them ends it: a password in the plan is to be found, whatever else is wrong.
    let (user, password) = (reader.shown(fields, "user"), secret(reader, fields, "password"));
    Some(Basic { user: user?.is, password: password? })
}

fn tls(reader: &mut Reader, fields: &Fields<'_>) -> Tls {
    for (one, other) in [("cert", "key"), ("key", "cert")] {
        if let (Some(_), None) = (fields.get(one), fields.get(other)) {
            reader.missing(fields, other, &format!("{other} = \"…\": `cert` and `key` go together"));
        }
    }
    let ca = reader.shown(fields, "ca").map(|ca| ca.is);
    let cert = reader.shown(fields, "cert").map(|cert| cert.is);
    Tls { ca, cert, key: secret(reader, fields, "key") }
}

/// A reference to a secret. What stands there instead may be the secret itself, so it is not repeated.
fn secret(reader: &mut Reader, fields: &Fields<'_>, key: &str) -> Option<Secret> {
    let text = reader.string(fields, key)?;
    match text.is.parse() {
        Ok(secret) => Some(secret),
        Err(_) => {
            let message = format!("`{key}` of {} is no reference to a secret", fields.name);
            let help = "write where it is found: \"env:NAME\", \"file:PATH\" or \"command:COMMAND\"; a secret in a plan is none";
            reader.report(&text.at, "secret-in-plan", message, help);
            None
        }
    }
}

fn headers(reader: &mut Reader, fields: &Fields<'_>) -> IndexMap<String, String> {
    let Some(entry) = fields.get("headers") else { return IndexMap::new() };
    let name = format!("`headers` of {}", fields.name);
    let Some(table) = reader.table(&name, entry.value, "headers = { X-Scope-OrgID = \"shop\" }") else { return IndexMap::new() };
    let mut rows: Vec<_> = table.iter().collect();
    rows.sort_by_key(|(key, _)| key.span().start);
    let mut headers = IndexMap::new();
    for (key, value) in rows {
        let header = key.get_ref().as_ref();
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if header.is_empty() || !header.chars().all(token) {
            let message = format!("{} is no header\u{2019}s name", quote(header)).replace('\u{2019}', "'");
            reader.report(&key.span(), "bad-header", message, "use letters, digits and `-`, as in X-Scope-OrgID");
            continue;
        }
        let Some(text) = reader.string_value(&format!("{} of {name}", quote(header)), value, "write it in quotes") else {
            continue;
        };
        let is_reference = text.is.parse::<Secret>().is_ok();
        if sounds_secret(header) && !is_reference {
            let message = format!("{} of {name} is no reference to a secret, and sounds like one", quote(header));
            let help = "write where it is found: \"env:NAME\", \"file:PATH\" or \"command:COMMAND\"; a secret in a plan is none. \
                        What is no secret can be printed: \"command:echo VALUE\"";
            reader.report(&text.at, "secret-in-plan", message, help);
        } else if text.is.chars().any(|c| c.is_control() || !c.is_ascii()) {
            let message = format!("the value of {} cannot be sent", quote(header));
            reader.report(&text.at, "bad-header", message, "use printable ASCII characters");
        } else {
            headers.insert(header.to_owned(), text.is);
        }
    }
    headers
}

/// Whether a header's value lets somebody in, by its name.
pub(crate) fn sounds_secret(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    // Some end in it alone, as in X-Auth.
    SECRET_WORDS.iter().any(|word| header.contains(word)) || header.split(['-', '_', '.']).any(|word| word == "auth")
}

/// An address without a name and a password in it: the journal keeps the plan for ever.
fn address(reader: &mut Reader, fields: &Fields<'_>, example: &str) -> Option<String> {
    let url = reader.url(fields, "url", example)?;
    let has_login = reqwest::Url::parse(&url.is).is_ok_and(|url| !url.username().is_empty() || url.password().is_some());
    if has_login {
        let message = format!("`url` of {} has a name or a password in it", fields.name);
        let help = "write a [servers.NAME] with basic = { user = \"…\", password = \"env:NAME\" }, and name it as `server`";
        reader.report(&url.at, "secret-in-plan", message, help);
        return None;
    }
    Some(url.is)
}

/// Where something is asked.
pub(super) fn place(reader: &mut Reader, fields: &Fields<'_>, known: &Known, example: &str) -> Place {
    match (fields.get("url"), fields.get("server")) {
        (Some(_), Some(server)) => {
            let message = format!("{} has both `url` and `server`", fields.name);
            reader.report(&server.place, "conflicting-keys", message, "keep `server`: its address is in [servers.NAME]");
            Place::default()
        }
        (None, Some(_)) => {
            let server = reader.id(fields, "server");
            if let Some(server) = &server {
                reader.reference(&fields.name, "server", server, known.servers.iter().map(String::as_str));
            }
            Place { url: None, server: server.map(|server| server.is) }
        }
        (Some(_), None) => Place { url: address(reader, fields, example), server: None },
        (None, None) => {
            reader.missing(fields, "url", &format!("url = \"{example}\", or server = \"NAME\", one of [servers.NAME]"));
            Place::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sounds_secret() {
        for header in [
            "Authorization",
            "Proxy-Authorization",
            "X-Api-Key",
            "apikey",
            "PRIVATE-TOKEN",
            "X-Vault-Token",
            "CF-Access-Client-Secret",
            "X_Session_Id",
            "Set-Cookie",
            "X-Aws-Credentials",
            "X-Auth",
            "X-Auth-User",
            "X-Amz-Signature",
            "DD-APPLICATION-KEY",
        ] {
            assert!(sounds_secret(header), "{header}");
        }
        for header in
            ["X-Scope-OrgID", "THANOS-TENANT", "User-Agent", "Accept", "X-Author", "X-Request-Id", "CF-Access-Client-Id"]
        {
            assert!(!sounds_secret(header), "{header}");
        }
    }
}
