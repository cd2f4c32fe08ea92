//! From a TOML document to a [`Plan`], by hand: each part in its own file.

use toml::de::DeTable;

use super::{Environment, Operator, Plan};
use crate::document::{
    reader::{self, At, Fields, Reader},
    words,
};

mod checks;
mod compared;
mod cycles;
mod servers;
pub(super) mod shapes;
mod signals;
mod slos;
mod sources;
mod stages;
mod targets;
mod texts;
mod trials;

pub(crate) use servers::sounds_secret;

/// What the parts of a plan may refer to, known before they are read.
#[derive(Debug, Default)]
struct Known {
    /// Targets, and whether each can split traffic.
    targets: Vec<(String, bool)>,
    /// Servers.
    servers: Vec<String>,
    /// Signals, and whether each is judged.
    signals: Vec<(String, bool)>,
    /// Signals that a stage means along with another one: what is judged of it besides.
    along: Vec<(String, String)>,
    /// Stages.
    stages: Vec<String>,
}

/// Reads the whole document. What comes out is a plan only if the reader has found nothing.
pub(super) fn plan(reader: &mut Reader, root: &DeTable<'_>) -> Plan {
    let fields = reader.fields("the plan".to_owned(), 0..0, root, &shapes::PLAN);
    if !fields.has("service") {
        reader.missing(&fields, "service", "service = \"NAME\", the name of what is released");
    }
    let service = reader.shown(&fields, "service").map(|service| service.is).unwrap_or_default();
    let timezone = reader.time_zone(&fields, "timezone");
    let environments =
        reader.named(&fields, "environments", "environment").into_iter().map(|row| environment(reader, row)).collect();
    let operators = reader.named(&fields, "operators", "operator").into_iter().map(|row| operator(reader, row)).collect();

    let mut known = Known::default();
    let mut targets = indexmap::IndexMap::new();
    for row in reader.named(&fields, "targets", "target") {
        let (id, target, splits) = targets::target(reader, row);
        known.targets.push((id.clone(), splits));
        targets.extend(target.map(|target| (id, target)));
    }
    let servers = servers::servers(reader, &fields);
    known.servers.extend(servers.keys().cloned());
    let (mut signals, rows) = signals::signals(reader, &fields, &mut known);
    let slos = slos::slos(reader, &fields, &mut known, &mut signals);
    sources::references(reader, &rows, &signals);
    signals::slow_down(&rows, &mut signals);
    let (stages, waits) = stages::stages(reader, &fields, &mut known);
    let (checklists, checks) = checks::checks(reader, &fields, &known);
    let plan = Plan { service, timezone, checklists, environments, operators, targets, servers, signals, slos, stages, checks };
    trials::report(reader, &plan, &known, &waits);
    plan
}

fn environment<'a>(reader: &mut Reader, (id, table): (At<String>, &'a DeTable<'a>)) -> (String, Environment) {
    let fields = reader.fields(format!("environment {}", words::quote(&id.is)), id.at, table, &shapes::ENVIRONMENT);
    (id.is, Environment { protected: reader.flag(&fields, "protected") })
}

fn operator<'a>(reader: &mut Reader, (id, table): (At<String>, &'a DeTable<'a>)) -> (String, Operator) {
    let fields = reader.fields(format!("operator {}", words::quote(&id.is)), id.at, table, &shapes::OPERATOR);
    let roles = reader.set(&fields, "roles").into_iter().map(|role| role.is).collect();
    let keys = keys(reader, &fields);
    (id.is, Operator { roles, keys })
}

/// Public keys. A long one is fine, so they are not held to the length of what is shown.
fn keys(reader: &mut Reader, fields: &Fields<'_>) -> Vec<String> {
    let name = format!("an entry of `keys` of {}", fields.name);
    let mut keys = Vec::new();
    for value in reader.items(fields, "keys", "keys = [\"ssh-ed25519 AAAA… name@host\"]") {
        let Some(key) = reader.string_value(&name, value, "write it in quotes") else { continue };
        let mut parts = key.is.split_whitespace();
        let kind = parts.next().unwrap_or_default();
        let known = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|prefix| kind.starts_with(prefix));
        if key.is.contains("PRIVATE KEY") {
            let help = "take it out of this file at once, replace the key pair, and write the public half (the .pub file's line)";
            reader.report(&key.at, "private-key", format!("{name} is a private key"), help);
        } else if !known || parts.next().is_none() || key.is.chars().any(crate::text::is_unsafe) {
            let help = "write the .pub file's line, as in \"ssh-ed25519 AAAA… name@host\"";
            reader.report(&key.at, "bad-key", format!("{name} is no public key in OpenSSH's form"), help);
        } else {
            keys.push(key.is);
        }
    }
    keys
}
