//! `flightdeck judge` as a script runs it.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

fn judge(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flightdeck"));
    command.arg("judge").args(arguments).current_dir(folder);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || {
        // It may end before it has read all.
        let _ended = stdin.write_all(input.as_bytes());
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn lines(output: &Output) -> Vec<Value> {
    std::str::from_utf8(&output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn levels(level: f64) -> Vec<f64> {
    (0..30).map(|n| level + f64::from(n * 7 % 5)).collect()
}

fn line(name: &str, canary: f64) -> String {
    json!({"name": name, "canary": levels(canary), "baseline": levels(100.0), "direction": "increase", "tolerance": 0.1})
        .to_string()
}

#[test]
fn a_batch_gives_a_result_a_line_and_says_by_its_status_how_it_went() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad, unclear) = (line("good", 100.0), line("bad", 200.0), line("unclear", 110.0));
    let cases = [
        (format!("{good}\n"), 0),
        (format!("{good}\n\n{unclear}"), 4),
        (format!("{bad}\n{unclear}\n{good}\n"), 1),
        (format!("{good}\nno case\n{bad}\n"), 2),
        ("\n".to_owned(), 2),
    ];
    for (input, status) in cases {
        assert_eq!(judge(folder.path(), &["--batch", "-"], &input).status.code(), Some(status), "{input}");
    }
    let output = judge(folder.path(), &["--batch", "-"], &format!("{bad}\n{{\"name\":\"half\"}}\nno case\n{good}\n"));
    let results = lines(&output);
    let verdicts: Vec<_> = results.iter().map(|result| (result["name"].clone(), result["verdict"].clone())).collect();
    assert_eq!(
        verdicts,
        [
            (json!("bad"), json!("fail")),
            (json!("half"), json!("unknown")),
            (json!(null), json!("unknown")),
            (json!("good"), json!("pass"))
        ]
    );
    assert!(results[1]["why"].as_str().unwrap().starts_with("line 2: missing field"), "{}", results[1]);
    assert!(results[2]["why"].as_str().unwrap().starts_with("line 3: "), "{}", results[2]);
    let keys: Vec<_> = results[0].as_object().unwrap().keys().cloned().collect();
    let mut expected = ["name", "verdict", "estimate", "interval", "ratio", "why"].map(str::to_owned);
    expected.sort();
    assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>(), expected.iter().collect());
    assert!(results[0]["interval"][0].as_f64().unwrap() < results[0]["estimate"].as_f64().unwrap());
}

#[test]
fn a_batch_takes_counts_and_gaps() {
    let folder = tempfile::tempdir().unwrap();
    let counts = |events: u32| (0..20).map(|_| json!({"events": events, "trials": 2000})).collect::<Vec<_>>();
    let counted = json!({"name": "errors", "canary": counts(20), "baseline": counts(2), "direction": "increase"});
    let totals = json!({"name": "total", "canary": {"events": 900, "trials": 9000}, "baseline": {"events": 90, "trials": 9000}});
    let gaps = r#"{"name": "gaps", "canary": [1, NaN, null], "baseline": [NaN, 2, 3]}"#;
    let output = judge(folder.path(), &["--batch", "-"], &format!("{counted}\n{totals}\n{gaps}\n"));
    let verdicts: Vec<_> = lines(&output).iter().map(|result| result["verdict"].clone()).collect();
    assert_eq!(verdicts, [json!("fail"), json!("fail"), json!("unknown")]);
}

#[test]
fn ten_thousand_cases_in_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let input: String = (0..10_000).map(|n| line(&n.to_string(), if n % 2 == 0 { 100.0 } else { 200.0 }) + "\n").collect();
    fs::write(folder.path().join("cases.jsonl"), input).unwrap();
    let results = lines(&judge(folder.path(), &["--batch", "cases.jsonl"], ""));
    assert_eq!(results.len(), 10_000);
    for (n, result) in results.iter().enumerate() {
        assert_eq!(
            (result["name"].clone(), result["verdict"].clone()),
            (json!(n.to_string()), json!(if n % 2 == 0 { "pass" } else { "fail" }))
        );
    }
}

#[test]
fn kayentas_method_names_the_class_and_takes_a_confidence() {
    let folder = tempfile::tempdir().unwrap();
    let input = format!("{}\n{}\n", line("up", 200.0), json!({"name": "none", "canary": [], "baseline": [1]}));
    let output = judge(folder.path(), &["--batch", "-", "--method", "kayenta"], &input);
    let results = lines(&output);
    assert_eq!((&results[0]["classification"], &results[0]["verdict"]), (&json!("High"), &json!("fail")));
    assert_eq!((&results[1]["classification"], &results[1]["verdict"]), (&json!("Nodata"), &json!("unknown")));
    let surer = judge(folder.path(), &["--batch", "-", "--method", "kayenta", "--confidence", "0.9999"], &input);
    let width = |result: &Value| result["interval"][1].as_f64().unwrap() - result["interval"][0].as_f64().unwrap();
    assert!(width(&lines(&surer)[0]) > width(&results[0]), "a surer interval is wider");
}

#[test]
fn files_are_judged_together() {
    let folder = tempfile::tempdir().unwrap();
    let csv: String =
        levels(200.0).iter().zip(levels(100.0)).map(|(canary, baseline)| format!("t,{canary},{baseline}\n")).collect();
    fs::write(folder.path().join("latency.csv"), format!("time,canary,baseline\n{csv}")).unwrap();
    fs::write(folder.path().join("good.json"), line("good", 100.0)).unwrap();
    let output = judge(folder.path(), &["latency.csv", "good.json"], "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("FAIL     latency is ") && text.contains("\npass     good is "), "{text}");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(judge(folder.path(), &["good.json"], "").status.code(), Some(0));
    // A failure downwards is none upwards.
    let lower = judge(folder.path(), &["latency.csv", "--direction", "decrease", "--json"], "");
    assert_eq!(lower.status.code(), Some(0));
    assert_eq!(lines(&lower)[0]["metrics"][0]["name"], json!("latency"));
    assert_eq!(judge(folder.path(), &["latency.csv", "--tolerance", "3"], "").status.code(), Some(0));
    assert_eq!(judge(folder.path(), &["latency.csv", "--absolute", "150"], "").status.code(), Some(0));
}

#[test]
fn standard_input_is_a_file_of_either_kind() {
    let folder = tempfile::tempdir().unwrap();
    let csv = "canary,baseline\n".to_owned() + &"200,100\n".repeat(20);
    for (input, status, said) in [
        (csv.as_str(), 1, "FAIL     the canary is "),
        (&line("good", 100.0), 0, "pass     good is "),
        (&format!("[{}]", line("up", 200.0)), 1, "FAIL     up is "),
    ] {
        let output = judge(folder.path(), &["-"], input);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.code() == Some(status) && text.starts_with(said), "{input}: {output:?}");
    }
    let wrong = judge(folder.path(), &["-"], "canary,baseline\n1,x\n");
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("standard input: line 2, column 2"), "{wrong:?}");
}

#[test]
fn a_score_weighs_the_groups() {
    let folder = tempfile::tempdir().unwrap();
    let metric = |name: &str, level: f64, critical: bool| json!({"name": name, "canary": levels(level), "baseline": levels(100.0), "direction": "increase", "group": name, "critical": critical});
    let cases = [
        (metric("a", 100.0, false), metric("b", 200.0, false), 0),
        (metric("a", 200.0, false), metric("b", 100.0, false), 1),
        (metric("a", 100.0, false), metric("b", 200.0, true), 1),
        (metric("a", 110.0, false), metric("b", 100.0, false), 4),
    ];
    for (a, b, status) in cases {
        let document = json!({"metrics": [a, b], "score": {"groups": {"a": 80}, "pass": 75, "marginal": 50}});
        fs::write(folder.path().join("score.json"), document.to_string()).unwrap();
        let output = judge(folder.path(), &["score.json"], "");
        assert_eq!(output.status.code(), Some(status), "{document}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn a_wrong_request_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad.csv"), "canary,baseline\n1,2\n3,x\n").unwrap();
    fs::write(folder.path().join("good.json"), line("good", 100.0)).unwrap();
    let errors = "canary_events,canary_trials,baseline_events,baseline_trials\n".to_owned() + &"300,1000,1,1000\n".repeat(10);
    fs::write(folder.path().join("errors.csv"), errors).unwrap();
    fs::write(folder.path().join("commas.csv"), "canary,baseline\n10,5,10,1\n").unwrap();
    fs::write(folder.path().join("endless.csv"), "canary,baseline\n1,2\n3,inf\n").unwrap();
    fs::write(folder.path().join("numbers.json"), "[1, 2]").unwrap();
    let cases: [(&[&str], &str); 12] = [
        (&[], "--batch"),
        (&["none.csv"], "none.csv: No such file"),
        (&["bad.csv"], "bad.csv: line 3, column 2: `x` is no number"),
        (&["commas.csv"], "commas.csv: line 2 has 4 fields, and there are 2 columns; write decimals with a point"),
        (&["endless.csv"], "endless.csv: line 3, column 2: `inf` is no measurement; leave a gap empty"),
        (&["numbers.json"], "numbers.json: metric 1: it is 1; a case is {"),
        (&["good.json", "--tolerance", "-1"], "--tolerance"),
        (&["errors.csv", "--absolute", "1"], "errors: an absolute tolerance of 1 for events of trials would allow everything"),
        (&["good.json", "--confidence", "0.9"], "--method kayenta"),
        (&["good.json", "--method", "kayenta", "--confidence", "1.5"], "between 0 and 1"),
        (&["good.json", "--method", "kayenta", "--tolerance", "0.1"], "fixed"),
        (&["--batch", "none.jsonl"], "none.jsonl: No such file"),
    ];
    for (arguments, said) in cases {
        let output = judge(folder.path(), arguments, "");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && error.contains(said), "{arguments:?}: {error}");
    }
}

#[test]
fn a_release_in_which_nothing_was_decided_is_not_known_to_come_out_again() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("flightdeck.toml"), "service = \"shop\"\n[[stages]]\nid = \"build\"\nrun = \"true\"\n").unwrap();
    let flightdeck = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flightdeck"));
        command.args(arguments).args(["--journal", "journal.db", "--operator", "alice"]).current_dir(folder.path());
        command.env("HOME", folder.path()).stdin(Stdio::null()).output().unwrap()
    };
    let started = flightdeck(&["start", "--version", "2.0"]);
    assert!(started.status.success(), "{started:?}");
    for arguments in [["judge", "--release"].as_slice(), &["judge", "--release", "--json"]] {
        let judged = flightdeck(arguments);
        let said = String::from_utf8_lossy(&judged.stderr);
        assert!(judged.status.code() == Some(4) && said.contains("decided nothing"), "{judged:?}");
    }
}

/// A Prometheus server as long as the test runs: it knows `good`, `many` series, and refuses what has an open `rate(`.
fn prometheus() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // Whoever asked may be gone.
            let _gone = stream.and_then(|stream| reply(&stream));
        }
    });
    url
}

fn reply(mut stream: &TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut line) = (String::new(), String::new());
    while reader.read_line(&mut line)? > 2 {
        head.push_str(&line.to_lowercase());
        line.clear();
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut form = vec![0; length];
    reader.read_exact(&mut form)?;
    let form = format!("http://x/?{}", String::from_utf8_lossy(&form));
    let form: std::collections::HashMap<String, String> =
        reqwest::Url::parse(&form).unwrap().query_pairs().into_owned().collect();
    let number = |name: &str| form[name].trim_end_matches("ms").parse::<f64>().unwrap();
    let is_range = head.starts_with("post /api/v1/query_range ");
    let row = |name: &str, value: &dyn Fn(f64) -> f64| {
        let metric = json!({ "name": name });
        if !is_range {
            return json!({"metric": metric, "value": [1_700_000_000, "1"]});
        }
        let (start, step) = (number("start"), number("step") / 1000.0);
        let times = (0..).map(|n| start + f64::from(n) * step).take_while(|at| *at <= number("end"));
        json!({"metric": metric, "values": times.map(|at| json!([at, value(at).to_string()])).collect::<Vec<_>>()})
    };
    let one = |_| 1.0;
    let rows = match form["query"].as_str() {
        "time()" => Ok(vec![row("", &|at| at)]),
        "good" => Ok(vec![row("", &one)]),
        "many" => Ok(vec![row("a", &one), row("b", &one)]),
        "none" => Ok(Vec::new()),
        "rate(" => Err("parse error: unclosed left parenthesis"),
        _ => Err("only one at a time"),
    };
    let (status, body) = match rows {
        _ if head.contains("authorization: bearer old-token") => {
            ("401 Unauthorized", json!({"status": "error", "errorType": "auth", "error": "bad token Bearer old-token"}))
        }
        Ok(rows) => {
            let kind = if is_range { "matrix" } else { "vector" };
            ("200 OK", json!({"status": "success", "data": {"resultType": kind, "result": rows}}))
        }
        Err(why) => ("400 Bad Request", json!({"status": "error", "errorType": "bad_data", "error": why})),
    };
    let body = body.to_string();
    write!(stream, "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn a_side_that_a_server_does_not_answer_says_why() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("token"), "old-token").unwrap();
    let url = prometheus();
    // A port that is taken, and where nobody listens.
    let closed = tokio::net::TcpSocket::new_v4().unwrap();
    closed.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let closed_at = closed.local_addr().unwrap();
    let nobody = format!("http://{closed_at}");
    let refused = "parse error: unclosed left parenthesis";
    let several = "the query yields 2 series; aggregate them to one, as in sum(…) or max(…)";
    for (url, canary, baseline, more, status, expected) in [
        (&url, "good", "good", [].as_slice(), 0, String::new()),
        (&url, "none", "good", &[], 4, "0 samples of the canary".to_owned()),
        (&url, "none", "none", &[], 4, "the server has nothing of either side in that time".to_owned()),
        (&url, "rate(", "good", &[], 2, format!("--canary: bad_data: {refused}")),
        (&url, "good", "rate(", &[], 2, format!("--baseline: bad_data: {refused}")),
        (&url, "none", "rate(", &[], 2, format!("--baseline: bad_data: {refused}")),
        (&url, "many", "good", &[], 2, format!("--canary: {several}")),
        (
            &url,
            "good",
            "good",
            &["--bearer", "file:token"],
            4,
            "--canary: it does not let us in: 401 Unauthorized: bad token ***".to_owned(),
        ),
        (&nobody, "good", "good", &[], 4, format!("--canary: cannot connect to {closed_at}")),
    ] {
        let asked = ["--prometheus", url, "--canary", canary, "--baseline", baseline, "--from", "10m"];
        let output = judge(folder.path(), &[&asked, more].concat(), "");
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(status), "{canary} beside {baseline}: {said}");
        assert!(said.contains(&expected) && !said.contains("old-token"), "{said}");
    }
}
