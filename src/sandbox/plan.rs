//! The demo's `flightdeck.toml`, with the addresses of one sandbox in it.

use std::path::Path;

/// Where the sandbox listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Urls {
    /// Where customers come in.
    pub balancer: String,
    /// What the `sandbox` target driver speaks to.
    pub control: String,
    /// The balancer's metrics.
    pub proxy_metrics: String,
    /// The candidate's instance in staging.
    pub staging: String,
}

/// How long the demo takes its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pace {
    /// As a person can follow: a minute of canary and soak.
    #[default]
    Watch,
    /// As a test can wait for; a fault is still found.
    Test,
}

/// The plan of the demo's release, as TOML.
///
/// `exe` is this program, whose `sandbox` subcommand the tasks run; `folder` is where the sandbox's database is. Tasks take the
/// version from `FLIGHTDECK_VERSION` in their environment.
#[must_use]
pub fn demo_plan(urls: &Urls, exe: &Path, folder: &Path, pace: Pace) -> String {
    let Urls { balancer, control, proxy_metrics, staging } = urls;
    let run = format!("{} sandbox", shell(&exe.to_string_lossy()));
    let database = shell(&folder.join("shop.db").to_string_lossy());
    let copy = shell(&folder.join("backup").join("shop.db").to_string_lossy());
    let (load, bakes, soak) = match pace {
        Pace::Watch => ("5s", ["8s", "8s", "6s", "6s"], "10s"),
        Pace::Test => ("2s", ["8s", "4s", "3s", "3s"], "3s"),
    };
    let [first, second, third, fourth] = bakes;

    let smoke_staging = toml_text(&format!("{run} smoke {} --expect \"$FLIGHTDECK_VERSION\" --times 40", shell(staging)));
    let load_test = toml_text(&format!("{run} load {} --rate 60 --for {load} --max-errors 1 --max-p95 200ms", shell(staging)));
    let up = toml_text(&format!("{run} migrate up {database}"));
    let down = toml_text(&format!("{run} migrate down {database}"));
    let smoke = toml_text(&format!("{run} smoke {} --expect \"$FLIGHTDECK_VERSION\" --times 40", shell(balancer)));
    let backup = toml_text(&format!("{run} backup {database} {copy}"));
    let verify = toml_text(&format!("{run} verify {database}"));
    let metrics = toml_text(proxy_metrics);
    let health = toml_text(&format!("{balancer}/healthz"));
    let control = toml_text(control);

    format!(
        r#"# The demo: a shop on loopback, released from one version to the next. Everything in it is real.
service = "shop"

[operators.alice]
roles = ["release-manager"]

[operators.bob]
roles = ["sre"]

[targets.shop]
driver = "sandbox"
url    = {control}
settle = "10s"

# What every customer sees, whichever version answers.

[signals.errors]
title  = "error rate"
source = "scrape"
url    = {metrics}
ratio  = {{ of = 'proxy_requests_total{{code=~"5.."}}', over = 'proxy_requests_total' }}
unit   = "percent"
every  = "1s"
window = "10s"
warn   = 0.5
fail   = 1.0

[signals.latency]
title    = "p95"
source   = "scrape"
url      = {metrics}
quantile = {{ of = 'proxy_request_duration_seconds', q = 0.95 }}
scale    = 1000
unit     = "ms"
every    = "1s"
window   = "10s"
warn     = 100
fail     = 200

[signals.traffic]
title  = "requests"
source = "scrape"
url    = {metrics}
rate   = 'proxy_requests_total'
unit   = "rps"
every  = "1s"
window = "10s"
bad    = "below"
warn   = 20
fail   = 5

[signals.up]
title  = "shop is up"
source = "probe"
url    = {health}
every  = "1s"
bad    = "below"
fail   = 0.5

# What those see who get the new version. No data before it has traffic.

[signals.canary-errors]
title  = "canary errors"
source = "scrape"
url    = {metrics}
ratio  = {{ of = 'proxy_requests_total{{track="candidate",code=~"5.."}}', over = 'proxy_requests_total{{track="candidate"}}' }}
unit   = "percent"
needs_traffic = true
every  = "1s"
window = "10s"
warn   = 2
fail   = 5
baseline = "stable-errors"
compare  = {{ absolute = 2, undecided = "warn" }}   # judged beside it; while that is open a watch may end with a warning

# What everybody else sees meanwhile: beside the canary, to compare with. It is only looked at, so it has no thresholds.

[signals.stable-errors]
title  = "stable errors"
source = "scrape"
url    = {metrics}
ratio  = {{ of = 'proxy_requests_total{{track="stable",code=~"5.."}}', over = 'proxy_requests_total{{track="stable"}}' }}
unit   = "percent"
every  = "1s"
window = "10s"

[signals.canary-latency]
title    = "canary p95"
source   = "scrape"
url      = {metrics}
quantile = {{ of = 'proxy_request_duration_seconds{{track="candidate"}}', q = 0.95 }}
scale    = 1000
unit     = "ms"
needs_traffic = true
every    = "1s"
window   = "10s"
warn     = 100
fail     = 200
baseline = "stable-latency"
compare  = {{ absolute = 50, undecided = "warn" }}   # milliseconds

[signals.stable-latency]
title    = "stable p95"
source   = "scrape"
url      = {metrics}
quantile = {{ of = 'proxy_request_duration_seconds{{track="stable"}}', q = 0.95 }}
scale    = 1000
unit     = "ms"
every    = "1s"
window   = "10s"

[[stages]]
id          = "build-verification"
title       = "build verification"
environment = "staging"
run         = {smoke_staging}
timeout     = "1m"
idempotent  = true

[[stages]]
id          = "load-test"
title       = "load test"
environment = "staging"
run         = {load_test}
timeout     = "1m"
idempotent  = true

[[stages]]
id          = "migrate"
title       = "migrate orders"
environment = "production"
run         = {up}
undo        = {down}
timeout     = "2m"
idempotent  = true        # one transaction: it happened, or it did not
advance     = "manual"

[[stages]]
id          = "canary"
environment = "production"
target      = "shop"
steps       = [
  {{ weight = 5, bake = "{first}" }},
  {{ weight = 25, bake = "{second}" }},
  {{ weight = 50, bake = "{third}" }},
  {{ weight = 100, bake = "{fourth}" }},
]
signals     = ["errors", "latency", "up", "canary-errors", "canary-latency"]
on_fail     = "rollback"
advance     = "manual"

[[stages]]
id          = "soak"
environment = "production"
soak        = "{soak}"
signals     = ["errors", "latency", "traffic", "up"]
on_fail     = "rollback"

[[stages]]
id          = "verify"
environment = "production"
run         = {smoke}
timeout     = "1m"
idempotent  = true

[[checks]]
id      = "database-backup"
title   = "Database backup"
proof   = "A copy of the shop's database made now, whole and with every order in it."
run     = {backup}
max_age = "10m"
before  = "migrate"

[[checks]]
id     = "database-integrity"
title  = "Database integrity"
proof  = "SQLite's own check of every page, and a count of the orders."
run    = {verify}
before = "migrate"

[[checks]]
id     = "shop-healthy"
title  = "Shop is healthy"
proof  = "The shop's health page answers 200 through the balancer."
http   = {{ url = {health}, status = 200, body = "^ok" }}
every  = "10s"
before = "canary"

[[checks]]
id     = "code-review"
title  = "Code review"
proof  = "Somebody else than the author has read every change, and says so."
before = "migrate"

[[checks]]
id     = "rollback-plan"
title  = "Rollback plan"
proof  = "Whoever is on call has read what a rollback undoes, and in which order."
before = "canary"
"#
    )
}

/// A word for the shell: as it is where the shell leaves it alone, else in single quotes.
fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// A TOML string: literal where that is possible, which reads best for a command line.
fn toml_text(text: &str) -> String {
    if !text.contains('\'') && !text.chars().any(|c| c.is_control() && c != '\t') {
        return format!("'{text}'");
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Signal, Target};
    use crate::sandbox::SandboxCommand;

    #[derive(clap::Parser)]
    struct Program {
        #[command(subcommand)]
        top: Top,
    }

    #[derive(clap::Subcommand)]
    enum Top {
        Sandbox {
            #[command(subcommand)]
            command: SandboxCommand,
        },
    }

    fn urls() -> Urls {
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        Urls { balancer: url(1), control: url(2), proxy_metrics: url(3) + "/metrics", staging: url(4) }
    }

    proptest::proptest! {
        #[test]
        fn a_toml_string_is_read_as_it_was(text in proptest::prelude::any::<String>()) {
            let table: toml::Table = toml::from_str(&format!("text = {}", toml_text(&text))).unwrap();
            proptest::prop_assert_eq!(table["text"].as_str(), Some(text.as_str()));
        }
    }

    #[test]
    fn the_plan_says_what_the_model_and_the_program_understand() {
        for (exe, folder) in [("/bin/flightdeck", "/tmp/demo"), ("/it's here/flight \"deck\"", "/tmp/a b\\c\n'd")] {
            let text = demo_plan(&urls(), Path::new(exe), Path::new(folder), Pace::Watch);
            let plan: toml::Table = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            let signals = plan["signals"].as_table().unwrap();
            for (id, signal) in signals {
                let signal: Signal = signal.clone().try_into().unwrap_or_else(|error| panic!("{id}: {error}"));
                assert_eq!(signal.fail.is_some(), !id.starts_with("stable-"), "{id}");
                assert!(signal.baseline.is_none_or(|baseline| signals.contains_key(&baseline)), "{id}");
            }
            let _: Target = plan["targets"]["shop"].clone().try_into().unwrap();
            let mut commands = 0;
            for part in plan["stages"].as_array().unwrap().iter().chain(plan["checks"].as_array().unwrap()) {
                for signal in part.get("signals").and_then(toml::Value::as_array).into_iter().flatten() {
                    assert!(signals.contains_key(signal.as_str().unwrap()));
                }
                for command in ["run", "undo"].into_iter().filter_map(|key| part.get(key)?.as_str()) {
                    // What the shell makes of it is what the program must understand.
                    let said = format!("set -- {command}; for word do printf '%s\\0' \"$word\"; done");
                    let shell =
                        std::process::Command::new("sh").args(["-c", &said]).env("FLIGHTDECK_VERSION", "2.4.0").output().unwrap();
                    let words: Vec<String> =
                        shell.stdout.split(|b| *b == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
                    let words = words.split_last().unwrap().1;
                    assert_eq!(words[0], exe);
                    <Program as clap::Parser>::try_parse_from(words).unwrap_or_else(|error| panic!("{command}: {error}"));
                    commands += 1;
                }
            }
            assert_eq!(commands, 7);
        }
    }
}
