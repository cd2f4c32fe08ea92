//! Which keys a plan may have where, and what other tools call them. A test holds the JSON schema against these lists.

use crate::document::Shape;

pub(crate) const PLAN: Shape = Shape {
    keys: &[
        "service",
        "timezone",
        "checklists",
        "environments",
        "operators",
        "targets",
        "servers",
        "signals",
        "slos",
        "stages",
        "checks",
    ],
    words: &[
        ("name", "service"),
        ("app", "service"),
        ("tz", "timezone"),
        ("time_zone", "timezone"),
        ("env", "environments"),
        ("users", "operators"),
        ("people", "operators"),
        ("metrics", "signals"),
        ("objectives", "slos"),
        ("slo", "slos"),
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

pub(crate) const SERVER: Shape = Shape {
    keys: &["url", "bearer", "basic", "headers", "tls", "retries"],
    words: &[("address", "url"), ("token", "bearer"), ("auth", "basic"), ("header", "headers"), ("retry", "retries")],
};
pub(crate) const BASIC: Shape =
    Shape { keys: &["user", "password"], words: &[("username", "user"), ("name", "user"), ("pass", "password")] };
pub(crate) const TLS: Shape = Shape {
    keys: &["ca", "cert", "key"],
    words: &[("ca_file", "ca"), ("cert_file", "cert"), ("certificate", "cert"), ("key_file", "key")],
};

pub(crate) const SLO: Shape = Shape {
    keys: &["title", "url", "server", "objective", "period", "bad", "good", "total", "max_spend", "min_left", "every"],
    words: &[
        ("name", "title"),
        ("target", "objective"),
        ("window", "period"),
        ("errors", "bad"),
        ("success", "good"),
        ("all", "total"),
        ("over", "total"),
        ("budget", "max_spend"),
        ("interval", "every"),
    ],
};

pub(crate) const COMPARE: Shape = Shape {
    keys: &["direction", "tolerance", "absolute", "method", "undecided", "critical", "group", "canary", "baseline"],
    words: &[
        ("experiment", "canary"),
        ("control", "baseline"),
        ("stable", "baseline"),
        ("allowed", "tolerance"),
        ("judge", "method"),
        ("must_pass", "critical"),
    ],
};

/// The keys of every kind of signal.
pub(crate) const SIGNAL: Shape = Shape {
    keys: &[
        "source",
        "title",
        "url",
        "server",
        "query",
        "run",
        "match",
        "count",
        "of",
        "groups",
        "pass",
        "marginal",
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
        "compare",
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
        ("urls", "url"),
        ("endpoints", "url"),
        ("filter", "match"),
        ("matchers", "match"),
        ("judge", "compare"),
        ("canary", "compare"),
        ("weights", "groups"),
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
    "compare",
    "needs_traffic",
];
pub(crate) const SIGNAL_KINDS: &[(&str, &[&str])] = &[
    ("prometheus", &["url", "server", "query", "ratio", "window"]),
    ("scrape", &["url", "value", "rate", "ratio", "quantile", "window"]),
    ("probe", &["url", "measure", "status", "body"]),
    ("command", &["run"]),
    ("alertmanager", &["url", "server", "match", "count"]),
    ("expression", &["of"]),
    ("score", &["of", "groups", "pass", "marginal"]),
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
pub(crate) const QUERY: Shape = Shape { keys: &["url", "server", "query"], words: &[("promql", "query"), ("expr", "query")] };
