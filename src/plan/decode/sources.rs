//! Where a signal's samples come from: the keys of each kind of source.

use toml::de::DeValue;

use super::{
    Known,
    reader::{At, Fields, Reader},
    servers, shapes,
    signals::Row,
    words::{self, quote},
};
use crate::plan::{Counted, Duration, Endpoints, Expression, Measure, ProbeMeasure, Question, Signal, Source, defaults};

/// The source, and the signals that it names.
pub(super) fn source(reader: &mut Reader, fields: &Fields<'_>, known: &Known) -> (Option<Source>, Vec<At<String>>) {
    let mut mentions = Vec::new();
    (kind(reader, fields, known, &mut mentions), mentions)
}

fn kind(reader: &mut Reader, fields: &Fields<'_>, known: &Known, mentions: &mut Vec<At<String>>) -> Option<Source> {
    let names: Vec<_> = shapes::SIGNAL_KINDS.iter().map(|(name, _)| (*name, *name)).collect();
    if !fields.has("source") {
        let all = words::list(names.iter().map(|(name, _)| *name));
        reader.missing(fields, "source", &format!("source = \"prometheus\"; there are {all}"));
    }
    let source = reader.choice(fields, "source", &names)?;
    reader.only(fields, source, shapes::SIGNAL_COMMON, shapes::SIGNAL_KINDS, |key| {
        format!("leave `{key}` out, or choose another source")
    });
    Some(match source {
        "prometheus" => Source::Prometheus {
            at: servers::place(reader, fields, known, "https://prometheus.example"),
            question: question(reader, fields),
            window: window(reader, fields),
        },
        "scrape" => Source::Scrape {
            url: endpoints(reader, fields, "http://127.0.0.1:9100/metrics"),
            measure: measure(reader, fields),
            window: window(reader, fields).unwrap_or_else(defaults::window),
        },
        "alertmanager" => Source::Alertmanager {
            at: servers::place(reader, fields, known, "https://alertmanager.example"),
            matchers: matchers(reader, fields),
            count: reader.choice(fields, "count", &[("all", Counted::All), ("new", Counted::New)]).unwrap_or_default(),
        },
        "expression" => expression(reader, fields, mentions),
        "score" => score(reader, fields, mentions),
        "probe" => probe(reader, fields),
        _ => Source::Command { run: reader.needed_command(fields, "run", "run = \"./measure.sh\", which prints one number") },
    })
}

/// How far back a measure looks. A query says so itself.
fn window(reader: &mut Reader, fields: &Fields<'_>) -> Option<Duration> {
    if let (Some(entry), Some(_), None) = (fields.get("window"), fields.get("query"), fields.get("ratio")) {
        let message = format!("`window` has no meaning for the `query` of {}", fields.name);
        let help = "write it in the query, as in rate(http_requests_total[2m]); it is for a ratio";
        reader.report(&entry.place, "key-of-another-kind", message, help);
    }
    reader.some_time(fields, "window").map(|window| window.is)
}

/// What a Prometheus server is asked.
fn question(reader: &mut Reader, fields: &Fields<'_>) -> Question {
    match (fields.get("query"), fields.get("ratio")) {
        (Some(_), Some(ratio)) => {
            let message = format!("{} measures several things at once: `query` and `ratio`", fields.name);
            reader.report(&ratio.place, "several-measures", message, "keep one of them; make a signal of its own for the other");
        }
        (None, None) => {
            let example =
                "query = '…', PromQL that yields one number, or ratio = { of = 'errors_total', over = 'requests_total' }";
            reader.missing(fields, "query", example);
        }
        (None, Some(_)) => {
            let example = "ratio = { of = 'errors_total', over = 'requests_total' }";
            if let Some(ratio) = reader.sub(fields, "ratio", &shapes::RATIO, example) {
                return Question::Ratio {
                    of: needed_selector(reader, &ratio, "of"),
                    over: needed_selector(reader, &ratio, "over"),
                };
            }
        }
        (Some(_), None) => return Question::Query(query(reader, fields)),
    }
    Question::Query(String::new())
}

/// One address, or a list of them.
fn endpoints(reader: &mut Reader, fields: &Fields<'_>, example: &str) -> Endpoints {
    let is_list = fields.get("url").is_some_and(|entry| matches!(entry.value.get_ref(), DeValue::Array(_)));
    if !is_list {
        return Endpoints::One(reader.url(fields, "url", example).map(|url| url.is).unwrap_or_default());
    }
    let mut urls: Vec<String> = Vec::new();
    let items = reader.items(fields, "url", &format!("url = [\"{example}\"]"));
    if let (true, Some(entry)) = (items.is_empty(), fields.get("url")) {
        let message = format!("{} has no address", fields.name);
        reader.report(&entry.value.span(), "missing-key", message, format!("write at least one, as in url = \"{example}\""));
    }
    for item in items {
        let name = format!("an entry of `url` of {}", fields.name);
        let Some(url) =
            reader.string_value(&name, item, "write it in quotes").and_then(|url| reader.address(&name, url, example))
        else {
            continue;
        };
        if urls.contains(&url.is) {
            reader.report(&url.at, "repeated-item", format!("{name} is there twice"), "leave one of them out");
        } else {
            urls.push(url.is);
        }
    }
    Endpoints::Several(urls)
}

/// Alertmanager's matchers.
fn matchers(reader: &mut Reader, fields: &Fields<'_>) -> Vec<String> {
    let mut matchers = Vec::new();
    for matcher in reader.set(fields, "match") {
        // They have the form of a selector's, one by one.
        if let Err(error) = format!("x{{{}}}", matcher.is).parse::<crate::plan::Selector>() {
            let message = format!("{} of {} is no matcher: {error}", quote(&matcher.is), fields.name);
            reader.report(
                &matcher.at,
                "bad-selector",
                message,
                "write it as in 'service=\"shop\"' or 'severity=~\"page|critical\"'",
            );
        } else {
            matchers.push(matcher.is);
        }
    }
    matchers
}

fn expression(reader: &mut Reader, fields: &Fields<'_>, mentions: &mut Vec<At<String>>) -> Source {
    if !fields.has("of") {
        reader.missing(fields, "of", "of = '100 * {errors} / {requests}', with other signals in braces");
    }
    let Some(of) = reader.command(fields, "of") else { return Source::Expression { of: String::new() } };
    match of.is.parse::<Expression>() {
        Ok(expression) => {
            mentions.extend(expression.signals().into_iter().map(|id| At { is: id.to_owned(), at: of.at.clone() }));
            if mentions.is_empty() {
                let message = format!("`of` of {} names no signal", fields.name);
                reader.report(&of.at, "bad-expression", message, "write signals in braces, as in '100 * {errors} / {requests}'");
            }
        }
        Err(error) => {
            let message = format!("`of` of {} is no expression: {error}", fields.name);
            let help = "there are numbers, signals in braces, + - * / and ( ), min(a, b) and max(a, b), as in '100 * {errors} / {requests}'";
            reader.report(&of.at, "bad-expression", message, help);
        }
    }
    Source::Expression { of: of.is }
}

fn score(reader: &mut Reader, fields: &Fields<'_>, mentions: &mut Vec<At<String>>) -> Source {
    let of = reader.set(fields, "of");
    mentions.extend(of.iter().cloned());
    let mut groups = indexmap::IndexMap::new();
    let mut sum = 0.0;
    if let Some(entry) = fields.get("groups") {
        let name = format!("`groups` of {}", fields.name);
        if let Some(table) = reader.table(&name, entry.value, "groups = { latency = 60, errors = 40 }") {
            let mut rows: Vec<_> = table.iter().collect();
            rows.sort_by_key(|(key, _)| key.span().start);
            for (key, value) in rows {
                let group = key.get_ref().to_string();
                reader.check_id(&format!("a group of {}", fields.name), &group, &key.span());
                let Some(weight) = reader.number_value(&format!("{} of {name}", quote(&group)), &group, value) else { continue };
                if !(0.0..=100.0).contains(&weight.is) {
                    let message = format!("the weight of {} in {} is {}", quote(&group), fields.name, weight.is);
                    reader.report(&weight.at, "out-of-range", message, "it can be 0 to 100, in percent");
                    continue;
                }
                sum += weight.is;
                if sum > 100.0 + 1e-6 {
                    let message = format!("the weights of {} come to {sum} %", fields.name);
                    reader.report(&weight.at, "out-of-range", message, "together they can be at most 100");
                    sum = f64::NEG_INFINITY; // once
                }
                groups.insert(group, weight.is);
            }
        }
    }
    let threshold = |reader: &mut Reader, key: &str, default: f64| {
        let number = reader.number(fields, key);
        if let Some(number) = &number
            && !(0.0..=100.0).contains(&number.is)
        {
            let message = format!("`{key}` of {} is {}", fields.name, number.is);
            reader.report(&number.at, "out-of-range", message, "it can be 0 to 100");
        }
        number.map_or(default, |number| number.is)
    };
    let pass = threshold(reader, "pass", defaults::pass());
    let marginal = threshold(reader, "marginal", defaults::marginal());
    if let (true, Some(entry)) = (marginal > pass, fields.get("marginal").or_else(|| fields.get("pass"))) {
        let message = format!("{} would be marginal at {marginal} before it passes at {pass}", fields.name);
        reader.report(&entry.place, "warn-beyond-fail", message, "`marginal` must be at most `pass`; it is 75 if left out");
    }
    for key in ["warn", "fail", "bad"] {
        if let Some(entry) = fields.get(key) {
            let message = format!("`{key}` has no meaning for a score in {}", fields.name);
            reader.report(&entry.place, "key-of-another-kind", message, "leave it out; `pass` and `marginal` are its thresholds");
        }
    }
    Source::Score { of: of.into_iter().map(|id| id.is).collect(), groups, pass, marginal }
}

/// Reports the signals that an expression or a score names and cannot be made of.
pub(super) fn references(reader: &mut Reader, rows: &[Row], signals: &indexmap::IndexMap<String, Signal>) {
    for row in rows {
        let is_score = matches!(row.signal.as_ref().map(|signal| &signal.source), Some(Source::Score { .. }));
        for named in &row.mentions {
            let others = signals.keys().map(String::as_str).filter(|id| *id != row.id);
            if named.is == row.id {
                let message = format!("{} is made of itself", row.name);
                reader.report(&named.at, "bad-expression", message, "name other signals");
                continue;
            }
            if !reader.reference(&row.name, "signal", named, others) {
                continue;
            }
            let Some(other) = signals.get(&named.is) else { continue };
            if is_score && other.compare.is_none() {
                let message = format!("{} counts {}, which is not judged beside a baseline", row.name, quote(&named.is));
                reader.report(
                    &named.at,
                    "bad-expression",
                    message,
                    format!("give [signals.{}] a `compare`, or take it out", named.is),
                );
            } else if matches!(other.source, Source::Expression { .. } | Source::Score { .. }) {
                let message = format!("{} is made of {}, which is made of others itself", row.name, quote(&named.is));
                reader.report(&named.at, "bad-expression", message, "name the signals that are measured");
            }
        }
    }
}

/// PromQL; only a server can say whether it is right.
pub(super) fn query(reader: &mut Reader, fields: &Fields<'_>) -> String {
    let Some(query) = reader.string(fields, "query") else { return String::new() };
    if query.is.trim().is_empty() {
        reader.report(
            &query.at,
            "empty-query",
            format!("`query` of {} is empty", fields.name),
            "write PromQL, as in 'up{job=\"shop\"}'",
        );
        return String::new();
    }
    reader.command(fields, "query").map(|query| query.is).unwrap_or_default()
}

fn measure(reader: &mut Reader, fields: &Fields<'_>) -> Measure {
    const KINDS: [&str; 4] = ["value", "rate", "ratio", "quantile"];
    let given: Vec<_> = fields.entries().into_iter().filter(|entry| KINDS.contains(&entry.key)).cloned().collect();
    if let Some(second) = given.get(1) {
        let message =
            format!("{} measures several things at once: {}", fields.name, words::list(given.iter().map(|entry| entry.key)));
        reader.report(&second.place, "several-measures", message, "keep one of them; make a signal of its own for each other");
    }
    let nothing = Measure::Value(String::new());
    match given.first().map(|entry| entry.key) {
        Some("value") => Measure::Value(reader.selector(fields, "value").map(|selector| selector.is).unwrap_or_default()),
        Some("rate") => Measure::Rate(reader.selector(fields, "rate").map(|selector| selector.is).unwrap_or_default()),
        Some("ratio") => {
            let example = "ratio = { of = 'errors_total', over = 'requests_total' }";
            let Some(ratio) = reader.sub(fields, "ratio", &shapes::RATIO, example) else { return nothing };
            Measure::Ratio { of: needed_selector(reader, &ratio, "of"), over: needed_selector(reader, &ratio, "over") }
        }
        Some("quantile") => {
            let example = "quantile = { of = 'request_duration_seconds', q = 0.95 }";
            let Some(quantile) = reader.sub(fields, "quantile", &shapes::QUANTILE, example) else { return nothing };
            histogram(reader, &quantile)
        }
        _ => {
            let message = format!("{} does not say what is measured on the page", fields.name);
            let help =
                "add one of value = '…', rate = '…', ratio = { of = '…', over = '…' } or quantile = { of = '…', q = 0.95 }";
            reader.report_absence(&fields.place, "missing-key", message, help);
            nothing
        }
    }
}

fn histogram(reader: &mut Reader, fields: &Fields<'_>) -> Measure {
    if fields.has("of")
        && let Some(of) = reader.selector(fields, "of")
    {
        if let Ok(selector) = of.is.parse::<crate::plan::Selector>()
            && let Some(name) = selector.name.strip_suffix("_bucket")
        {
            let message = format!("`of` of {} names the buckets, not the histogram", fields.name);
            reader.report(&of.at, "bad-selector", message, format!("write it without `_bucket`: {}", quote(name)));
        }
    } else if !fields.has("of") {
        reader.missing(fields, "of", "of = 'NAME', the histogram's name");
    }
    if !fields.has("q") {
        reader.missing(fields, "q", "q = 0.95, for the 95th percentile");
    }
    let q = reader.number(fields, "q");
    if let Some(q) = &q
        && !(0.0..=1.0).contains(&q.is)
    {
        let percent = if (1.0..=100.0).contains(&q.is) { format!(", as in {}", q.is / 100.0) } else { String::new() };
        reader.report(&q.at, "out-of-range", format!("`q` of {} is {}", fields.name, q.is), format!("it can be 0 to 1{percent}"));
    }
    let of = fields.get("of").and_then(|entry| entry.value.get_ref().as_str()).unwrap_or_default().to_owned();
    Measure::Quantile { of, q: q.map_or(0.0, |q| q.is) }
}

fn needed_selector(reader: &mut Reader, fields: &Fields<'_>, key: &str) -> String {
    if !fields.has(key) {
        reader.missing(fields, key, &format!("{key} = 'NAME', a metric's name with label matchers"));
    }
    reader.selector(fields, key).map(|selector| selector.is).unwrap_or_default()
}

fn probe(reader: &mut Reader, fields: &Fields<'_>) -> Source {
    let measures =
        [("up", ProbeMeasure::Up), ("latency", ProbeMeasure::Latency), ("certificate-days", ProbeMeasure::CertificateDays)];
    let measure = reader.choice(fields, "measure", &measures).unwrap_or_default();
    let url = endpoints(reader, fields, "https://shop.example/health");
    if measure == ProbeMeasure::CertificateDays {
        let open = url.all().iter().any(|url| !url.is_empty() && !url.to_ascii_lowercase().starts_with("https:"));
        if let (true, Some(entry)) = (open, fields.get("url")) {
            let message = format!("{} asks for a certificate's days at an address without one", fields.name);
            reader.report(&entry.value.span(), "bad-url", message, "write an https:// address");
        }
        for key in ["status", "body"] {
            if let Some(entry) = fields.get(key) {
                let message = format!("`{key}` has no meaning for certificate-days in {}", fields.name);
                reader.report(&entry.place, "key-of-another-kind", message, "leave it out; it is for up and latency");
            }
        }
    }
    Source::Probe { url, measure, status: reader.status(fields), body: reader.regex(fields, "body") }
}
