//! The `sandbox` driver: the demo's loopback services, through their control interface.

use std::time::Duration;

use serde_json::json;

use super::{Context, Observed, TargetError, Way, told};
use crate::{plan, release::Act, text};

/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(5);

/// Where the control interface is.
#[derive(Debug, Clone)]
pub struct Sandbox {
    url: String,
    settle: plan::Duration,
}

impl Sandbox {
    pub(super) fn new(url: String, settle: plan::Duration) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), settle }
    }

    pub(super) fn way<'a>(&'a self, act: &Act, context: &'a Context) -> Result<Way<'a>, TargetError> {
        let (path, body) = match act {
            Act::Deploy => ("deploy", json!({ "version": context.version })),
            Act::Weight { weight } => ("weight", json!({ "weight": weight })),
            Act::Restore => ("rollback", json!({})),
            Act::Run | Act::Undo => return Err(TargetError("a target runs no tasks".to_owned())),
        };
        let request = context.http.post(format!("{}/{path}", self.url)).timeout(REQUEST).json(&body);
        Ok(Way::Request(Box::pin(async move {
            let answer = request.send().await.map_err(|error| unreachable(&error))?;
            if answer.status().is_success() {
                return Ok(());
            }
            let status = answer.status();
            let said = answer.text().await.unwrap_or_default();
            Err(TargetError(format!("the sandbox answered {status}: {}", text::line(&said, 200))))
        })))
    }

    pub(super) async fn observe(&self, context: &Context) -> Result<Observed, TargetError> {
        let request = context.http.get(format!("{}/observe", self.url)).timeout(REQUEST);
        let answer = request.send().await.map_err(|error| unreachable(&error))?;
        if !answer.status().is_success() {
            return Err(TargetError(format!("the sandbox answered {}", answer.status())));
        }
        told(&answer.bytes().await.map_err(|error| unreachable(&error))?)
    }

    pub(super) fn settle(&self) -> Duration {
        self.settle.get()
    }
}

fn unreachable(error: &reqwest::Error) -> TargetError {
    TargetError(format!("the sandbox cannot be reached: {}", text::line(&error.to_string(), 200)))
}
