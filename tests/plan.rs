//! `flightdeck.toml`: what is accepted, and what is said about what is not.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly, its helpers too")]

use std::{fs, path::PathBuf};

use flightdeck::plan::{self, LoadError, Plan, Problems, RenderStyle};
use proptest::prelude::*;

fn corpus(kind: &str) -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/plans").join(kind);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
        .collect();
    files.sort();
    files
}

fn valid() -> Vec<(String, String)> {
    let templates = plan::TEMPLATES.map(|name| (name.to_owned(), plan::template(name).unwrap().to_owned()));
    corpus("valid").into_iter().chain(templates).collect()
}

fn parse(name: &str, text: &str) -> Result<Plan, Problems> {
    plan::parse(text, &format!("{name}.toml"))
}

#[test]
fn valid_plans_have_no_problems_and_survive_the_journal() {
    for (name, text) in valid() {
        let parsed = parse(&name, &text).unwrap_or_else(|problems| panic!("{}", problems.render(RenderStyle::default())));
        let journaled = serde_json::to_string(&parsed).unwrap();
        let read: Plan = serde_json::from_str(&journaled).unwrap_or_else(|error| panic!("{name}: {error}: {journaled}"));
        assert_eq!(read, parsed, "{name}: {journaled}");
        assert_eq!(read.digest(), parsed.digest(), "{name}");
        let value: Plan = serde_json::from_value(serde_json::to_value(&parsed).unwrap()).unwrap();
        assert_eq!(value, parsed, "{name}");
    }
}

#[test]
fn an_expression_is_sampled_as_seldom_as_its_slowest_part_unless_it_says_otherwise() {
    let (_, text) = corpus("valid").into_iter().find(|(name, _)| name == "comparisons").unwrap();
    let every = |text: &str| parse("comparisons", text).unwrap().signals["share"].every.to_string();
    assert_eq!(every(&text), "1m");
    assert_eq!(every(&text.replace("of = \"{errors}", "every = \"10s\"\nof = \"{errors}")), "10s");
}

/// As the first journals wrote it, before there were servers, several addresses and comparisons.
#[test]
fn a_plan_of_an_older_journal_is_read() {
    let json = r#"{
        "service": "shop",
        "targets": {"app": {"driver": "sandbox", "url": "http://127.0.0.1:1", "settle": "10s"}},
        "signals": {
            "errors": {"source": "prometheus", "url": "http://127.0.0.1:2", "query": "sum(x)", "unit": "percent", "every": "5s",
                "bad": "above", "fail": 1.0, "needs_traffic": false, "samples": 3, "confirm": 2},
            "p95": {"source": "scrape", "url": "http://127.0.0.1:3", "rate": "x_total", "window": "30s", "unit": "", "every": "5s",
                "bad": "above", "needs_traffic": false, "samples": 3, "confirm": 2},
            "up": {"source": "probe", "url": "http://127.0.0.1:4", "measure": "up", "unit": "", "every": "5s",
                "bad": "below", "needs_traffic": false, "samples": 3, "confirm": 2}
        },
        "stages": [{"id": "a", "environment": "production", "needs": [], "run": "true", "timeout": "1h", "idempotent": false,
            "irreversible": false, "on_fail": "hold", "advance": "auto"}],
        "checks": [{"id": "q", "title": "q", "query": {"url": "http://127.0.0.1:2", "query": "up == 1"}, "timeout": "1m"}]
    }"#;
    let plan: Plan = serde_json::from_str(json).unwrap();
    let again = parse(
        "again",
        "service = 'shop'\n[targets.app]\ndriver = 'sandbox'\nurl = 'http://127.0.0.1:1'\nsettle = '10s'\n\
         [signals.errors]\nsource = 'prometheus'\nurl = 'http://127.0.0.1:2'\nquery = 'sum(x)'\nunit = 'percent'\nfail = 1\n\
         [signals.p95]\nsource = 'scrape'\nurl = 'http://127.0.0.1:3'\nrate = 'x_total'\n\
         [signals.up]\nsource = 'probe'\nurl = 'http://127.0.0.1:4'\nbad = 'below'\n\
         [[stages]]\nid = 'a'\nrun = 'true'\n\
         [[checks]]\nid = 'q'\ntitle = 'q'\nquery = { url = 'http://127.0.0.1:2', query = 'up == 1' }\n",
    )
    .unwrap();
    assert_eq!(plan, again);
}

#[test]
fn every_mistake_is_reported_once_at_its_place() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("plans/snapshots");
    settings.set_omit_expression(true);
    let _bound = settings.bind_to_scope();
    for (name, text) in corpus("invalid") {
        let problems = parse(&name, &text).expect_err(&name);
        let report = problems.render(RenderStyle::default());
        if name != "ten-mistakes" {
            assert_eq!(problems.len(), 1, "{name}: {report}");
            let code = problems.iter().next().unwrap().code;
            assert!(name.starts_with(code), "{name} is reported as {code}");
        }
        insta::assert_snapshot!(name.as_str(), report);
    }
}

#[test]
fn ten_mistakes_are_ten_problems() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/plans/invalid/ten-mistakes.toml")).unwrap();
    let problems = parse("ten", &text).unwrap_err();
    let found: Vec<_> = problems.iter().map(|problem| (problem.line, problem.column, problem.code)).collect();
    assert_eq!(
        found,
        [
            (3, 12, "unknown-time-zone"),
            (7, 10, "unknown-placeholder"),
            (9, 1, "unknown-key"),
            (15, 8, "warn-beyond-fail"),
            (17, 9, "bad-duration"),
            (22, 11, "wrong-type"),
            (27, 10, "cycle"),
            (33, 51, "weight-falls"),
            (34, 12, "unknown-signal"),
            (37, 6, "duplicate-id"),
        ]
    );
}

#[test]
fn as_json_a_problem_has_exactly_what_is_promised() {
    let problems = parse("a", "service = \"x\"\nsüß = 1\n[[stages]]\nid = \"é\"\nrun = 'x'").unwrap_err();
    assert_eq!(
        problems.to_json().to_string(),
        concat!(
            r#"{"problems":[{"file":"a.toml","line":2,"column":2,"code":"syntax","#,
            r#""message":"this is no TOML: invalid unquoted key","help":"wanted here: letters, numbers, `-`, `_`"},"#,
            r#"{"file":"a.toml","line":4,"column":6,"code":"bad-id","message":"`é` cannot be an id","#,
            r#""help":"use letters (a to z), digits, `-`, `_` and `.`, starting with a letter or digit, at most 64"}]}"#
        )
    );
}

#[test]
fn a_report_can_be_plain_or_coloured() {
    let problems = parse("a", "service = 1\n\"\u{202e}\" = \"\u{202e}\"").unwrap_err();
    let plain = problems.render(RenderStyle { ascii: true, ..RenderStyle::default() });
    assert!(plain.replace('\u{fffd}', "").is_ascii(), "{plain}");
    let coloured = problems.render(RenderStyle { colour: true, ascii: false, width: 60 });
    assert!(coloured.contains("\u{1b}[3"), "{coloured}");
    assert!(!coloured.contains('\u{202e}') && !plain.contains('\u{1b}'));
}

#[test]
fn a_report_hides_secrets() {
    let text = concat!(
        "service = 'x'\nstages = [{ id = 'a', run = 'b' }]\n[signals]\n",
        "a = { source = 'probe', url = 'ftp://me:hunter2@host', warn = 'x' }\nb = http://me:hunter2@host\n",
        "[operators.c]\nkeys = ['-----BEGIN OPENSSH PRIVATE KEY-----hunter2']\n",
        "[servers.d]\nurl = 'http://host'\nbearer = 'hunter2'\nbasic = { user = 1, password = 'hunter2' }\n",
        "headers = { Authorization = 'Bearer hunter2', 'X Y' = '1' }\n"
    );
    let problems = parse("a", text).unwrap_err();
    let report = format!("{}{problems}{}", problems.render(RenderStyle::default()), problems.to_json());
    assert_eq!(problems.len(), 9, "{report}");
    assert!(!report.contains("hunter2"), "{report}");
}

#[test]
fn defaults_are_filled_in() {
    let plan = parse("base", &fs::read_to_string("tests/plans/valid/base.toml").unwrap()).unwrap();
    let json = serde_json::to_value(&plan).unwrap();
    assert_eq!(json["stages"][0]["advance"], "auto");
    assert_eq!(json["stages"][1]["advance"], "manual");
    assert_eq!(json["stages"][0]["needs"], serde_json::json!([]));
    assert_eq!(json["stages"][1]["needs"], serde_json::json!(["test"]));
    assert_eq!(json["stages"][1]["on_fail"], "hold");
    assert_eq!(json["targets"]["app"]["timeout"], "5m");
    let smallest = parse("smallest", "service = 'x'\nstages = [{ id = 'a', run = 'b' }]").unwrap();
    assert_eq!(smallest.stages[0].environment, "production");
}

#[test]
fn lists_are_filled_in_by_name() {
    let plan = parse("lists", &fs::read_to_string("tests/plans/valid/lists.toml").unwrap()).unwrap();
    let about = |id: &str| plan.check(id).map(|check| (check.title.as_str(), check.before.as_deref())).unwrap();
    assert_eq!(plan.checks.len(), 18 + 6 + 1);
    assert_eq!(about("code-review"), ("Code review", Some("a")));
    assert_eq!(about("database-backup"), ("Database backup", Some("b")));
    assert_eq!(about("training"), ("Everybody was trained", Some("a")));
    assert_eq!(about("scalability"), ("Scalability", None));
    assert_eq!(plan.checks.last().unwrap().id, "own");
    assert!(plan.check("training").unwrap().proof.is_some());
}

#[test]
fn the_digest_is_of_what_is_meant() {
    let digest = |text: &str| parse("d", text).unwrap().digest();
    let first = digest("service = 'x'\nstages = [{ id = 'a', run = 'b' }]");
    assert_eq!(first.len(), 64);
    assert_eq!(first, digest("# a comment\nservice = \"x\"\n[[stages]]\nrun = 'b'\nid = 'a'\ntimeout = '60m'"));
    assert_ne!(first, digest("service = 'x'\nstages = [{ id = 'a', run = 'c' }]"));
}

#[test]
fn files_that_cannot_be_read_are_reported_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let latin = file("latin.toml", b"service = \"x\"\ntitle = \"caf\xe9\"\n");
    let long = file("long.toml", &vec![b'#'; (1 << 20) + 1]);
    for (path, code, place) in [
        (folder.path().join("none.toml"), "no-file", (1, 1)),
        (folder.path().to_owned(), "is-folder", (1, 1)),
        (latin, "not-text", (2, 13)),
        (long, "too-long", (1, 1)),
    ] {
        let problems = plan::load(&path).unwrap_err().into_problems();
        let problem = problems.iter().next().unwrap();
        assert_eq!((problems.len(), problem.code, (problem.line, problem.column)), (1, code, place), "{problem}");
        assert!(!problems.render(RenderStyle::default()).is_empty());
    }
    let good = file("flightdeck.toml", plan::template("minimal").unwrap().as_bytes());
    let loaded = plan::load(&good).unwrap();
    assert_eq!((loaded.folder.as_path(), loaded.digest), (folder.path(), loaded.plan.digest()));
    let bad = file("bad.toml", b"");
    assert!(matches!(plan::load(&bad), Err(LoadError::Problems(problems)) if problems.len() == 2));
}

#[test]
fn huge_nonsense_is_soon_answered() {
    let started = std::time::Instant::now();
    let stages: String =
        (0..12_000).map(|n| format!("[[stages]]\nid = 's{n}'\nrun = 'x'\nneeds = ['t{n}']\nbake = 1\n")).collect();
    let deep: String =
        (0..12_000).map(|n| format!("[[stages]]\nid = 's{n}'\nrun = 'x'\nneeds = ['s{}']\n", (n + 1) % 12_000)).collect();
    for text in [stages, deep, "a".repeat(1 << 20), "[".repeat(1 << 20), "a = 1\n".repeat(1 << 17), "= ".repeat(1 << 19)] {
        let problems = parse("huge", &text).unwrap_err();
        assert!(problems.len() <= 2000);
        assert!(!problems.render(RenderStyle::default()).is_empty());
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

/// A valid plan with a few of its bytes taken out, doubled or replaced.
fn mutated() -> impl Strategy<Value = String> {
    let plans: Vec<String> = valid().into_iter().map(|(_, text)| text).collect();
    let pieces = prop::sample::select(vec![
        "", "\"", "[", "]", "{", "}", "=", "\n", "-1", "1e999", "nan", "é", "'''", ".", "\u{202e}", "\\",
    ]);
    (prop::sample::select(plans), prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, pieces), 1..6)).prop_map(
        |(mut text, edits)| {
            for (at, length, piece) in edits {
                let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
                let from = at.index(starts.len());
                let to = (from + length).min(starts.len() - 1);
                text.replace_range(starts[from]..starts[to], piece);
            }
            text
        },
    )
}

fn holds_up(text: &str) -> Result<(), TestCaseError> {
    match parse("p", text) {
        Ok(plan) => {
            let read: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
            prop_assert_eq!(read.stages, plan.stages);
        }
        Err(problems) => {
            prop_assert!(!problems.is_empty());
            for problem in &problems {
                let line = text.split('\n').nth(problem.line - 1);
                prop_assert!(line.is_some_and(|line| problem.column <= line.chars().count() + 1), "{:?} {:?}", problem, text);
                prop_assert!(!problem.message.is_empty() && !problem.help.is_empty());
                prop_assert!(!problem.to_string().chars().any(flightdeck::text::is_unsafe), "{:?}", problem);
            }
            let report = problems.render(RenderStyle::default());
            prop_assert!(!report.chars().any(|c| c != '\n' && flightdeck::text::is_unsafe(c)), "{:?}", report);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,200}|[a-z\\[\\]{}=\"'\n. #,0-9\\\\-]{0,300}|(.|\n){0,100}") {
        holds_up(&text)?;
    }

    #[test]
    fn mutated_plans_never_panic(text in mutated()) {
        holds_up(&text)?;
    }
}
