//! `checklists` and `[[checks]]`.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::{
    Known,
    reader::{At, Fields, Reader},
    servers, shapes, sources,
    words::{self, quote},
};
use crate::plan::{Check, CheckKind, Checklist, defaults, presets};

/// The lists taken, and every check: their items first, filled in where the plan has an entry of that name.
pub(super) fn checks(reader: &mut Reader, plan: &Fields<'_>, known: &Known) -> (Vec<Checklist>, Vec<Check>) {
    let mut lists = Vec::new();
    let mut checks: Vec<Check> = Vec::new();
    for (list, before) in checklists(reader, plan, known) {
        lists.push(list);
        checks.extend(list.checks(before.as_ref()));
    }
    let mut places: BTreeMap<String, usize> = checks.iter().enumerate().map(|(at, check)| (check.id.clone(), at)).collect();
    let mut written = std::collections::BTreeSet::new();
    for (index, (table, place)) in reader.rows(plan, "checks", "[[checks]] with id = \"NAME\"").into_iter().enumerate() {
        let id = table.get("id").and_then(|id| id.get_ref().as_str()).map(str::to_owned);
        let name =
            id.as_deref().map_or_else(|| format!("check {}", index.saturating_add(1)), |id| format!("check {}", quote(id)));
        let fields = reader.fields(name, place, table, &shapes::CHECK);
        if !fields.has("id") {
            reader.missing(&fields, "id", "id = \"NAME\"");
        }
        if let Some(id) = reader.id(&fields, "id")
            && !written.insert(id.is.clone())
        {
            let message = format!("{} is the name of a check above", quote(&id.is));
            reader.report(&id.at, "duplicate-id", message, "give each check a name of its own");
        }
        let id = id.unwrap_or_default();
        let place = places.get(&id).copied();
        let of_list = place.and_then(|place| checks.get(place)).cloned();
        let check = check(reader, &fields, known, id.clone(), of_list);
        match place.and_then(|place| checks.get_mut(place)) {
            Some(item) => *item = check,
            None => {
                places.insert(id, checks.len());
                checks.push(check);
            }
        }
    }
    (lists, checks)
}

fn checklists(reader: &mut Reader, plan: &Fields<'_>, known: &Known) -> Vec<(Checklist, Option<String>)> {
    const EXAMPLE: &str = "checklists = [\"go-live\", { list = \"requirements\", before = \"STAGE\" }]";
    let names = Checklist::ALL.map(|list| (list.name(), list));
    let mut taken: Vec<(Checklist, Option<String>)> = Vec::new();
    for value in reader.items(plan, "checklists", EXAMPLE) {
        let name = "an entry of `checklists`";
        let (list, before) = match value.get_ref() {
            DeValue::Table(table) => {
                let fields = reader.fields(name.to_owned(), value.span(), table, &shapes::CHECKLIST);
                if !fields.has("list") {
                    reader.missing(&fields, "list", "list = \"go-live\"");
                }
                let before = before(reader, &fields, known);
                (reader.string(&fields, "list"), before)
            }
            _ => (reader.string_value(name, value, format!("write it as {EXAMPLE}")), None),
        };
        let Some(list) = list else { continue };
        let Some((_, found)) = names.iter().find(|(name, _)| *name == list.is) else {
            let all = words::list(names.iter().map(|(name, _)| *name));
            let help = match words::nearest(&list.is, names.iter().map(|(name, _)| *name)) {
                Some(near) => format!("did you mean {}? There are {all}", quote(near)),
                None => format!("there are {all}"),
            };
            reader.report(&list.at, "unknown-checklist", format!("there is no checklist {}", quote(&list.is)), help);
            continue;
        };
        if taken.iter().any(|(list, _)| list == found) {
            let message = format!("the checklist {} is taken twice", quote(&list.is));
            reader.report(&list.at, "repeated-item", message, "once is enough");
        } else {
            taken.push((*found, before));
        }
    }
    taken
}

fn before(reader: &mut Reader, fields: &Fields<'_>, known: &Known) -> Option<String> {
    let At { is, at } = reader.string(fields, "before")?;
    let stage = At { is, at };
    let stages = known.stages.iter().map(String::as_str).filter(|name| !name.is_empty());
    reader.reference(&fields.name, "stage", &stage, stages).then_some(stage.is)
}

fn check(reader: &mut Reader, fields: &Fields<'_>, known: &Known, id: String, of_list: Option<Check>) -> Check {
    let item = presets::item(&id);
    let title = reader.shown(fields, "title").map(|title| title.is);
    if !fields.has("title") && item.is_none() && !id.is_empty() {
        let all = Checklist::ALL.iter().flat_map(|list| list.items()).map(|item| item.id);
        let example = format!("title = {:?}", in_words(&id));
        match words::nearest(&id, all) {
            Some(near) => {
                reader.missing(fields, "title", &format!("{example}; or did you mean the built-in item {}?", quote(near)))
            }
            None => reader.missing(fields, "title", &example),
        }
    }
    let proof = reader.shown(fields, "proof").map(|proof| proof.is).or_else(|| item.map(|item| item.proof.to_owned()));
    let kind = kind(reader, fields, known);
    let max_age = reader.some_time(fields, "max_age");
    let every = reader.some_time(fields, "every");
    if let (Some(max_age), Some(every)) = (&max_age, &every)
        && max_age.is < every.is
    {
        let message = format!("{} runs every {} and its pass would last only {}", fields.name, every.is, max_age.is);
        reader.report(&max_age.at, "impossible-time", message, "make `max_age` longer than `every`");
    }
    if kind == Some(CheckKind::Signed) {
        for key in ["every", "timeout"] {
            if let Some(entry) = fields.get(key) {
                let message = format!("`{key}` is for a check that runs, and a person signs {}", fields.name);
                reader.report(&entry.place, "key-of-another-kind", message, "leave it out, or add run, http or query");
            }
        }
    }
    let timeout = reader.some_time(fields, "timeout").map_or_else(defaults::check_timeout, |timeout| timeout.is);
    Check {
        title: title.or_else(|| item.map(|item| item.title.to_owned())).unwrap_or_else(|| in_words(&id)),
        id,
        proof,
        kind: kind.unwrap_or(CheckKind::Signed),
        max_age: max_age.map(|max_age| max_age.is),
        every: every.map(|every| every.is),
        timeout,
        before: if fields.has("before") { before(reader, fields, known) } else { of_list.and_then(|item| item.before) },
    }
}

/// Who or what finds out; `None` where it is written wrongly.
fn kind(reader: &mut Reader, fields: &Fields<'_>, known: &Known) -> Option<CheckKind> {
    let entries = fields.entries();
    let kinds: Vec<_> = entries.iter().filter(|entry| shapes::CHECK_KINDS.iter().any(|(key, _)| *key == entry.key)).collect();
    if let Some(second) = kinds.get(1) {
        let message =
            format!("{} is found out in several ways: {}", fields.name, words::list(kinds.iter().map(|entry| entry.key)));
        reader.report(&second.place, "several-kinds", message, "keep one of them, and make a check of its own for each other");
    }
    match kinds.first().map(|entry| entry.key) {
        None => Some(CheckKind::Signed),
        Some("run") => reader.command(fields, "run").map(|run| CheckKind::Run(run.is)),
        Some("http") => {
            let http = reader.sub(fields, "http", &shapes::HTTP, "http = { url = \"https://shop.example/health\" }")?;
            Some(CheckKind::Http {
                url: reader.url(&http, "url", "https://shop.example/health").map(|url| url.is).unwrap_or_default(),
                status: reader.status(&http),
                body: reader.regex(&http, "body"),
            })
        }
        Some(_) => {
            let example = "query = { url = \"https://prometheus.example\", query = 'up{job=\"shop\"} == 1' }";
            let query = reader.sub(fields, "query", &shapes::QUERY, example)?;
            if !query.has("query") {
                reader.missing(&query, "query", "query = '…', a comparison in PromQL");
            }
            Some(CheckKind::Query {
                at: servers::place(reader, &query, known, "https://prometheus.example"),
                query: sources::query(reader, &query),
            })
        }
    }
}

/// An id as words: `rollback-plan` becomes "Rollback plan".
fn in_words(id: &str) -> String {
    let words = id.replace(['-', '_', '.'], " ");
    let mut characters = words.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
