//! OpenSLO documents as tables of a plan: `[servers.NAME]` and `[slos.NAME]`, with comments for what could not be taken over.
//!
//! The versions `openslo/v1` and `openslo/v1alpha` are read (<https://github.com/OpenSLO/OpenSLO>). A document is only
//! believed as far as it is understood: what has no meaning here is said, never left out in silence.

mod objective;
mod promql;
mod table;
mod time;
mod yaml;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use crate::text;
use table::{Table, slug};
use yaml::Node;

/// What is in line with a document's own words.
const SHOWN: usize = 100;

/// What became of some files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// Tables to append to a plan.
    pub toml: String,
    /// How many service levels there are among them that can be used as they are.
    pub count: usize,
    /// What could not be taken over, and what to do about it, in the order of the files.
    pub remarks: Vec<Remark>,
}

/// Something that a person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The file's name, as it was given.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// What is so. It is safe to show.
    pub what: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// A document of a kind.
struct Document<'a> {
    file: &'a str,
    kind: String,
    /// As others refer to it.
    name: &'a str,
    root: &'a Node,
}

impl<'a> Document<'a> {
    /// What is specified, if anything is.
    fn spec(&self) -> Option<&'a Node> {
        self.root.get("spec")
    }

    /// How it is called where a person reads.
    fn title(&self) -> String {
        format!("{} {}", self.kind, quoted(self.name))
    }
}

/// All documents of all files: one may refer to any other.
struct World<'a> {
    indicators: BTreeMap<&'a str, &'a Document<'a>>,
    /// The data sources: the plan's server that each makes, or why it makes none.
    servers: BTreeMap<&'a str, Result<String, String>>,
}

/// What is said while documents are read.
#[derive(Default)]
struct Remarks(Vec<Remark>);

impl Remarks {
    fn say(&mut self, file: &str, line: u64, what: impl Into<String>) {
        self.0.push(Remark { file: file.to_owned(), line, what: what.into() });
    }
}

/// Reads files, given as their names and texts.
#[must_use]
pub fn import(files: &[(String, String)]) -> Imported {
    let mut remarks = Remarks::default();
    let mut roots = Vec::new();
    for (file, text) in files {
        match yaml::documents(text) {
            Ok(nodes) => roots.extend(nodes.into_iter().map(|node| (file.as_str(), node))),
            Err(error) => remarks.say(file, error.line, format!("this is no YAML that can be read: {}", error.message)),
        }
    }
    let documents: Vec<Document<'_>> = roots.iter().filter_map(|(file, root)| document(file, root, &mut remarks)).collect();
    let of_kind = |kind: &'static str| documents.iter().filter(move |document| document.kind == kind);

    let mut ids = BTreeSet::new();
    let mut tables = Vec::new();
    let mut servers = BTreeMap::new();
    for source in of_kind("DataSource") {
        let server = server(source, &mut ids, &mut remarks).map(|(id, table)| {
            tables.push(table);
            id
        });
        servers.insert(source.name, server);
    }
    let indicators = of_kind("SLI").map(|document| (document.name, document)).collect();
    let world = World { indicators, servers };
    let mut ids = BTreeSet::new();
    for slo in of_kind("SLO") {
        tables.extend(objective::tables(&world, slo, &mut ids, &mut remarks));
    }
    let count = tables.iter().filter(|table| table.is_level()).count();
    let toml = tables.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    // In the order of the files, and of the lines of each.
    let place = |remark: &Remark| files.iter().position(|(file, _)| *file == remark.file);
    remarks.0.sort_by_key(|remark| (place(remark), remark.line));
    Imported { toml, count, remarks: remarks.0 }
}

/// One document, if it is of OpenSLO and has a name.
fn document<'a>(file: &'a str, root: &'a Node, remarks: &mut Remarks) -> Option<Document<'a>> {
    let line = root.line.max(1);
    let version = root.text("apiVersion").unwrap_or_default();
    let kind = text::line(root.text("kind").unwrap_or_default(), SHOWN);
    if !matches!(version, "openslo/v1" | "openslo/v1alpha") {
        let what = match version {
            "" => "this is no OpenSLO document: it has no `apiVersion`".to_owned(),
            version => format!("{} is not read; `openslo/v1` and `openslo/v1alpha` are", quoted(version)),
        };
        remarks.say(file, line, what);
        return None;
    }
    let name = root.get("metadata").and_then(|metadata| metadata.text("name")).unwrap_or_default();
    let document = Document { file, kind, name, root };
    let nothing = match document.kind.as_str() {
        "SLO" | "SLI" | "DataSource" if name.is_empty() => format!("this {} has no name", document.kind),
        // What a service level is of is said beside it.
        "SLO" | "SLI" | "DataSource" | "Service" => return Some(document),
        "AlertPolicy" | "AlertCondition" | "AlertNotificationTarget" => {
            format!("{} is passed over: burn rates are judged by rules of Flightdeck's own", document.title())
        }
        "" => "this document has no `kind`".to_owned(),
        _ => format!("{} is passed over: no plan has such a thing", document.title()),
    };
    remarks.say(file, line, nothing);
    None
}

/// A server of a data source, or why it makes none.
fn server(source: &Document<'_>, ids: &mut BTreeSet<String>, remarks: &mut Remarks) -> Result<(String, Table), String> {
    let mut fail = |why: String| {
        remarks.say(source.file, source.root.line.max(1), format!("{} is passed over: {why}", source.title()));
        Err(format!("{}: {why}", source.title()))
    };
    let spec = source.spec();
    let kind = spec.and_then(|spec| spec.text("type")).unwrap_or_default();
    if !is_prometheus(kind) {
        return fail(format!("it is of type {}, not Prometheus", quoted(kind)));
    }
    let details = spec.and_then(|spec| spec.get("connectionDetails"));
    let url = details.and_then(|details| details.text("url")).unwrap_or_default();
    // An address may hold a password, so a wrong one is not repeated.
    let Some(url) = address(url) else {
        return fail("its `connectionDetails` have no `url` that is an http address without a password".to_owned());
    };
    let id = slug(source.name, ids);
    let mut table = Table::new("servers", &id);
    table.comment(format!("{}, {}:{}", source.title(), source.file, source.root.line.max(1)));
    table.text("url", &url);
    let others: Vec<String> =
        details.map(Node::keys).unwrap_or_default().into_iter().filter(|key| *key != "url").map(quoted).collect();
    if !others.is_empty() {
        let what = format!("not taken over: {}; see `bearer`, `basic`, `headers` and `tls`", others.join(", "));
        table.comment(what.clone());
        remarks.say(source.file, details.map_or(1, |details| details.line), format!("{}: {what}", source.title()));
    }
    Ok((id, table))
}

/// Whether a data source of that type speaks PromQL.
fn is_prometheus(kind: &str) -> bool {
    const KINDS: [&str; 6] = ["prometheus", "promql", "thanos", "mimir", "cortex", "victoriametrics"];
    KINDS.contains(&kind.trim().to_ascii_lowercase().as_str())
}

/// An address as a plan takes it, if it is one and holds no secret.
fn address(url: &str) -> Option<String> {
    let parsed = reqwest::Url::parse(url.trim()).ok()?;
    let is_open = parsed.username().is_empty() && parsed.password().is_none() && parsed.query().is_none();
    let is_good = matches!(parsed.scheme(), "http" | "https") && parsed.has_host() && is_open && parsed.as_str().len() <= 300;
    is_good.then(|| parsed.to_string())
}

/// A document's own word, safe to show.
fn quoted(word: &str) -> String {
    format!("`{}`", text::line(word, SHOWN))
}

#[cfg(test)]
mod tests;
