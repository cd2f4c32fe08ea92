//! What comes out of OpenSLO documents is a plan, whatever goes in.

use proptest::prelude::*;

use super::*;

const PLAN: &str = "service = 'x'\nstages = [{ id = 'a', run = 'b' }]\n";

fn imported(texts: &[&str]) -> Imported {
    let files: Vec<_> = texts.iter().enumerate().map(|(at, text)| (format!("{at}.yaml"), (*text).to_owned())).collect();
    import(&files)
}

/// An SLO whose only objective has this indicator, and this in its spec besides.
fn slo(indicator: &str, spec: &str) -> String {
    format!(
        "apiVersion: openslo/v1\nkind: SLO\nmetadata: {{name: a}}\nspec:\n  indicator: {{spec: {indicator}}}\n{spec}  objectives: [{{target: 0.99}}]\n"
    )
}

fn ratio(good: &str, total: &str) -> String {
    let metric = |query: &str| format!("{{metricSource: {{type: prometheus, spec: {{query: '{query}'}}}}}}");
    format!("{{ratioMetric: {{counter: true, good: {}, total: {}}}}}", metric(good), metric(total))
}

#[test]
fn what_cannot_be_taken_over_is_said_at_its_line() {
    let good = ratio("ok", "all");
    for (text, count, expected) in [
        (slo(&good, "  timeWindow: [{duration: 30d, isRolling: true}]\n"), 1, &["7: SLO `a`, objective 1: the documents do not say where the server is: write its `url`, or a `server` of the plan"][..]),
        (slo("{ratioMetric: {raw: {}, rawType: success}}", "  timeWindow: [{duration: 1w}]\n"), 0, &["7: SLO `a`, objective 1: its indicator does not name the good or the bad events, and all: a ratio that is measured as one cannot be counted"]),
        (slo("{}", "  timeWindow: [{duration: 1w}]\n"), 0, &["7: SLO `a`, objective 1: its indicator has neither `ratioMetric` nor `thresholdMetric`"]),
        ("a: [".into(), 0, &["1: this is no YAML that can be read"]),
        ("apiVersion: v1\nkind: Pod\n".into(), 0, &["1: `v1` is not read; `openslo/v1` and `openslo/v1alpha` are"]),
        ("[1, 2]".into(), 0, &["1: this is no OpenSLO document: it has no `apiVersion`"]),
        ("apiVersion: openslo/v1\nkind: SLO\n".into(), 0, &["1: this SLO has no name"]),
        ("apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: a}\n".into(), 0, &["1: SLO `a` has no objectives", "1: SLO `a`: no time window is given; 30d is taken"]),
        ("apiVersion: openslo/v1\nkind: Thing\nmetadata: {name: a}\n".into(), 0, &["1: Thing `a` is passed over: no plan has such a thing"]),
        (
            "apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: a}\nspec:\n  indicatorRef: none\n  timeWindow: [{duration: 7d}]\n  objectives: [{target: 0.9}]\n".into(),
            0,
            &["7: SLO `a`, objective 1: the SLI `none` is in none of the files"],
        ),
        (
            "apiVersion: openslo/v1\nkind: DataSource\nmetadata: {name: a}\nspec: {type: prometheus, connectionDetails: {url: 'http://me:hunter2@host'}}\n".into(),
            0,
            &["1: DataSource `a` is passed over: its `connectionDetails` have no `url` that is an http address without a password"],
        ),
    ] {
        let imported = imported(&[&text]);
        let said: Vec<String> = imported.remarks.iter().map(|remark| remark.to_string()).collect();
        assert_eq!((imported.count, said.len()), (count, expected.len()), "{text}: {said:#?}");
        for (said, expected) in said.iter().zip(expected) {
            assert!(said.starts_with(&format!("0.yaml:{expected}")), "{said}");
        }
        assert!(!format!("{imported:?}").contains("hunter2"));
    }
}

#[test]
fn documents_may_refer_to_those_of_other_files() {
    let slo = "apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: a}\nspec:\n  indicatorRef: i\n  timeWindow: [{duration: 7d}]\n  objectives: [{target: 0.9}]\n";
    let sli = "apiVersion: openslo/v1\nkind: SLI\nmetadata: {name: i}\nspec: {ratioMetric: {bad: {metricSource: {metricSourceRef: p, spec: {query: x}}}, total: {metricSource: {metricSourceRef: p, spec: {query: y}}}}}\n";
    let source = "apiVersion: openslo/v1\nkind: DataSource\nmetadata: {name: p}\nspec: {type: Prometheus, connectionDetails: {url: 'http://localhost:9090'}}\n";
    let imported = imported(&[slo, sli, source]);
    assert_eq!((imported.count, &imported.remarks), (1, &Vec::new()));
    let plan = crate::plan::parse(&format!("{PLAN}{}", imported.toml), "p").unwrap();
    let level = &plan.slos["a"];
    assert_eq!((level.objective, level.period.to_string().as_str()), (90.0, "7d"));
    assert_eq!((level.bad.as_deref(), level.good.as_deref(), level.total.as_str()), (Some("x"), None, "y"));
    assert_eq!(plan.server(&level.at).url, "http://localhost:9090/");
}

#[test]
fn periods_are_of_every_unit() {
    for (window, expected) in [
        ("{duration: 30d}", "30d"),
        ("{duration: 4w}", "28d"),
        ("{duration: 1M}", "30d"),
        ("{duration: 1Q}", "90d"),
        ("{duration: 1Y}", "365d"),
        ("{duration: 2Y}", "366d"),
        ("{duration: 12h}", "12h"),
        ("{duration: 5m}", "1h"),
        ("{duration: 0d}", "30d"),
        ("{duration: d}", "30d"),
        ("{duration: 99999999999999999999d}", "30d"),
        ("{unit: Week, count: 2}", "14d"),
        ("{unit: Fortnight, count: 2}", "30d"),
        ("{}", "30d"),
    ] {
        let imported = imported(&[&slo(&ratio("ok", "all"), &format!("  timeWindow: [{window}]\n"))]);
        let plan = crate::plan::parse(&format!("{PLAN}{}", imported.toml), "p").unwrap();
        assert_eq!(plan.slos["a"].period.to_string(), expected, "{window}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_in_what_comes_out_is_a_plan(
        names in prop::collection::vec("\\PC{0,12}|[a-z.\"'#\\]\n\u{0}\u{202e}-]{0,8}", 6),
        queries in prop::collection::vec(r#"sum\(rate\(x\[5m\]\)\)|[a-z{}="'\\~.,#\n]{0,20}|\PC{0,20}|x\{a=".{0,5}"\}"#, 2),
        target in prop_oneof![Just("0.999".to_owned()), any::<f64>().prop_map(|target| target.to_string()), "\\PC{0,5}"],
        window in "[0-9]{0,3}[smhdwMQY]?",
        url in "https?://[a-z:@/?#. ]{0,12}|\\PC{0,12}",
    ) {
        // JSON is YAML, and quotes anything.
        let metric = |query: &str| serde_json::json!({ "metricSource": { "metricSourceRef": names[0], "spec": { "query": query } } });
        let source = serde_json::json!({ "apiVersion": "openslo/v1", "kind": "DataSource", "metadata": { "name": names[0] },
            "spec": { "type": "Prometheus", "connectionDetails": { "url": url, names[1].clone(): "secret" } } });
        let slo = serde_json::json!({ "apiVersion": "openslo/v1", "kind": "SLO", "metadata": { "name": names[2], "displayName": names[3] }, "spec": {
            "service": names[4], "budgetingMethod": names[5], "timeWindow": [{ "duration": window }],
            "indicator": { "spec": { "ratioMetric": { "good": metric(&queries[0]), "total": metric(&queries[1]) } } },
            "objectives": [{ "target": target, "displayName": names[5] }, { "targetPercent": target }] } });
        let imported = imported(&[&source.to_string(), &slo.to_string(), &names[1]]);
        let text = format!("{PLAN}{}", imported.toml);
        let plan = crate::plan::parse(&text, "p").map_err(|problems| TestCaseError::fail(format!("{problems}\n{text}")))?;
        prop_assert_eq!(plan.slos.len(), imported.count);
        prop_assert!(!imported.remarks.iter().any(|remark| remark.to_string().chars().any(text::is_unsafe)));
    }

    #[test]
    fn any_text_is_borne(text in "\\PC{0,200}|[a-z:{}\\[\\]&*!|>\"'\n -]{0,200}|(apiVersion: openslo/v1\n|kind: SLO\n|metadata: \\{name: a\\}\n|spec:\n|  objectives: \\[\\{\\}\\]\n|  indicator: x\n|---\n){0,12}") {
        let _ = imported(&[&text]);
    }
}
