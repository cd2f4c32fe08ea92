//! Running a check: by a command, a request or a query. "Could not be found out" is neither a pass nor a failure.

use std::time::Duration;

use crate::{
    plan::{Check, CheckKind, Plan},
    process,
    release::CheckResult,
    sources, text,
};

/// The exit statuses that say that a command could not find out: a temporary failure (`sysexits.h`), not executable, not found.
const COULD_NOT: [i32; 3] = [75, 126, 127];
/// How much of an answer's body is read.
const MOST: usize = 1024 * 1024;

/// Runs a check to its end.
pub(super) async fn run(check: Check, plan: &Plan, context: &sources::Context) -> (CheckResult, String) {
    let limit = check.timeout.get();
    match &check.kind {
        CheckKind::Signed => (CheckResult::CouldNotRun, "a person signs it".to_owned()),
        CheckKind::Run(command) => match process::shell(command, &context.folder, &context.env, limit).await {
            Ok(finished) if finished.is_success() => {
                (CheckResult::Passed, process::last_line(&finished.stdout).unwrap_or_default())
            }
            Ok(finished) if finished.code.is_none_or(|code| COULD_NOT.contains(&code)) => {
                (CheckResult::CouldNotRun, finished.words())
            }
            Ok(finished) => (CheckResult::Failed, finished.words()),
            Err(error) => (CheckResult::CouldNotRun, error.to_string()),
        },
        CheckKind::Http { url, status, body } => {
            match tokio::time::timeout(limit, request(&context.http, url, *status, body.as_deref())).await {
                Ok(found) => found,
                Err(_) => could_not(limit),
            }
        }
        CheckKind::Query { at, query } => {
            match sources::prometheus::Client::new(&plan.server(at), context).holds(query, limit).await {
                Ok(true) => (CheckResult::Passed, String::new()),
                Ok(false) => (CheckResult::Failed, "the comparison yields nothing".to_owned()),
                Err(error) => (CheckResult::CouldNotRun, text::line(&error.to_string(), 200)),
            }
        }
    }
}

fn could_not(limit: Duration) -> (CheckResult, String) {
    (CheckResult::CouldNotRun, format!("no answer after {} s", limit.as_secs_f64()))
}

async fn request(http: &reqwest::Client, url: &str, status: Option<u16>, body: Option<&str>) -> (CheckResult, String) {
    let unreachable = |error: &reqwest::Error| {
        let why = if error.is_connect() { "it cannot be reached".to_owned() } else { text::line(&error.to_string(), 120) };
        (CheckResult::CouldNotRun, why)
    };
    let mut answer = match http.get(url).send().await {
        Ok(answer) => answer,
        Err(error) => return unreachable(&error.without_url()),
    };
    let got = answer.status();
    let as_expected = status.map_or_else(|| got.is_success(), |status| got.as_u16() == status);
    if !as_expected {
        let wanted = status.map_or_else(|| "2xx".to_owned(), |status| status.to_string());
        return (CheckResult::Failed, format!("status {}, wanted {wanted}", got.as_u16()));
    }
    let said = format!("status {}", got.as_u16());
    let Some(pattern) = body else { return (CheckResult::Passed, said) };
    let Ok(pattern) = regex_lite::Regex::new(pattern) else {
        return (CheckResult::CouldNotRun, "the plan's pattern for the body is no regular expression".to_owned());
    };
    let mut read = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) => read.extend(chunk.iter().take(MOST.saturating_sub(read.len()))),
            Ok(None) => break,
            Err(error) => return unreachable(&error.without_url()),
        }
        if read.len() >= MOST {
            break;
        }
    }
    if pattern.is_match(&String::from_utf8_lossy(&read)) {
        (CheckResult::Passed, said)
    } else {
        (CheckResult::Failed, format!("{said}, but the body does not match {}", pattern.as_str()))
    }
}
