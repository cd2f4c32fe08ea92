//! Which keys a plan may have where, and what other tools call them. A test holds the JSON schema against these lists.

use crate::document::Shape;

pub(crate) const PLAN: Shape = Shape {
    keys: &["service", "timezone", "checklists", "environments", "operators", "targets", "signals", "stages", "checks"],
    words: &[
        ("name", "service"),
        ("app", "service"),
        ("tz", "timezone"),
        ("time_zone", "timezone"),
        ("env", "environments"),
        ("users", "operators"),
        ("people", "operators"),
        ("metrics", "signals"),
        ("jobs", "stages"),
        ("steps", "stages"),
        ("pipeline", "stages"),
    ],
};

pub(crate) const CHECKLIST: Shape = Shape { keys: &["list", "before"], words: &[("name", "list"), ("stage", "before")] };

pub(crate) const ENVIRONMENT: Shape = Shape { keys: &["protected"], words: &[("production", "protected")] };

pub(crate) const OPERATOR: Shape =
    Shape { keys: &["roles", "keys"], words: &[("groups", "roles"), ("ssh_keys", "keys"), ("public_key", "keys")] };

/// The keys of every kind of target.
pub(crate) const TARGET: Shape = Shape {
    keys: &["driver", "deploy", "weight", "rollback", "observe", "timeout", "url", "settle"],
    words: &[
        ("type", "driver"),
        ("kind", "driver"),
        ("run", "deploy"),
        ("command", "deploy"),
        ("cmd", "deploy"),
        ("traffic", "weight"),
        ("undo", "rollback"),
        ("revert", "rollback"),
        ("status", "observe"),
    ],
};
pub(crate) const TARGET_KINDS: &[(&str, &[&str])] = &[
    ("command", &["driver", "deploy", "weight", "rollback", "observe", "timeout", "settle"]),
    ("sandbox", &["driver", "url", "settle"]),
];

/// The keys of every kind of signal.
pub(crate) const SIGNAL: Shape = Shape {
    keys: &[
        "source",
        "title",
        "url",
        "query",
        "run",
        "value",
        "rate",
        "ratio",
        "quantile",
        "window",
        "measure",
        "status",
        "body",
        "unit",
        "scale",
        "every",
        "timeout",
        "bad",
        "warn",
        "fail",
        "samples",
        "confirm",
        "stale",
        "baseline",
        "needs_traffic",
    ],
    words: &[
        ("type", "source"),
        ("kind", "source"),
        ("name", "title"),
        ("promql", "query"),
        ("expr", "query"),
        ("command", "run"),
        ("cmd", "run"),
        ("interval", "every"),
        ("warning", "warn"),
        ("critical", "fail"),
        ("threshold", "fail"),
        ("max", "fail"),
        ("direction", "bad"),
        ("gauge", "value"),
        ("counter", "rate"),
        ("histogram", "quantile"),
        ("stable", "baseline"),
        ("control", "baseline"),
        ("compare_to", "baseline"),
    ],
};
pub(crate) const SIGNAL_COMMON: &[&str] = &[
    "source",
    "title",
    "unit",
    "scale",
    "every",
    "timeout",
    "bad",
    "warn",
    "fail",
    "samples",
    "confirm",
    "stale",
    "baseline",
    "needs_traffic",
];
pub(crate) const SIGNAL_KINDS: &[(&str, &[&str])] = &[
    ("prometheus", &["url", "query"]),
    ("scrape", &["url", "value", "rate", "ratio", "quantile", "window"]),
    ("probe", &["url", "measure", "status", "body"]),
    ("command", &["run"]),
];

pub(crate) const RATIO: Shape =
    Shape { keys: &["of", "over"], words: &[("numerator", "of"), ("denominator", "over"), ("by", "over"), ("total", "over")] };
pub(crate) const QUANTILE: Shape =
    Shape { keys: &["of", "q"], words: &[("histogram", "of"), ("quantile", "q"), ("percentile", "q"), ("phi", "q")] };

/// The keys of every kind of stage.
pub(crate) const STAGE: Shape = Shape {
    keys: &[
        "id",
        "title",
        "environment",
        "needs",
        "run",
        "undo",
        "timeout",
        "idempotent",
        "irreversible",
        "target",
        "steps",
        "soak",
        "signals",
        "on_fail",
        "advance",
        "runbook",
    ],
    words: &[
        ("name", "id"),
        ("name", "title"),
        ("env", "environment"),
        ("depends_on", "needs"),
        ("dependson", "needs"),
        ("dependencies", "needs"),
        ("after", "needs"),
        ("requires", "needs"),
        ("command", "run"),
        ("cmd", "run"),
        ("script", "run"),
        ("exec", "run"),
        ("rollback", "undo"),
        ("revert", "undo"),
        ("down", "undo"),
        ("deploy", "target"),
        ("weights", "steps"),
        ("canary", "steps"),
        ("wait", "soak"),
        ("bake", "soak"),
        ("duration", "soak"),
        ("metrics", "signals"),
        ("analysis", "signals"),
        ("on_failure", "on_fail"),
        ("when_failed", "on_fail"),
        ("mode", "advance"),
        ("docs", "runbook"),
    ],
};
pub(crate) const STAGE_COMMON: &[&str] = &["id", "title", "environment", "needs", "signals", "on_fail", "advance", "runbook"];
pub(crate) const STAGE_KINDS: &[(&str, &[&str])] = &[
    ("task", &["run", "undo", "timeout", "idempotent", "irreversible"]),
    ("rollout", &["target", "steps"]),
    ("soak", &["soak"]),
];

pub(crate) const STEP: Shape = Shape {
    keys: &["weight", "bake"],
    words: &[
        ("percent", "weight"),
        ("percentage", "weight"),
        ("traffic", "weight"),
        ("setweight", "weight"),
        ("pause", "bake"),
        ("wait", "bake"),
        ("duration", "bake"),
        ("soak", "bake"),
    ],
};

/// The keys of every kind of check.
pub(crate) const CHECK: Shape = Shape {
    keys: &["id", "title", "proof", "run", "http", "query", "max_age", "every", "timeout", "before"],
    words: &[
        ("name", "id"),
        ("name", "title"),
        ("description", "proof"),
        ("evidence", "proof"),
        ("command", "run"),
        ("cmd", "run"),
        ("script", "run"),
        ("url", "http"),
        ("probe", "http"),
        ("promql", "query"),
        ("expires", "max_age"),
        ("ttl", "max_age"),
        ("valid_for", "max_age"),
        ("interval", "every"),
        ("stage", "before"),
        ("blocks", "before"),
        ("gates", "before"),
    ],
};
/// The keys that every kind of check may have.
#[cfg(test)]
pub(crate) const CHECK_COMMON: &[&str] = &["id", "title", "proof", "max_age", "every", "timeout", "before"];
pub(crate) const CHECK_KINDS: &[(&str, &[&str])] = &[("run", &["run"]), ("http", &["http"]), ("query", &["query"])];

pub(crate) const HTTP: Shape =
    Shape { keys: &["url", "status", "body"], words: &[("code", "status"), ("expect", "body"), ("match", "body")] };
pub(crate) const QUERY: Shape =
    Shape { keys: &["url", "query"], words: &[("promql", "query"), ("expr", "query"), ("server", "url")] };
