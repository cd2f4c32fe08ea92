//! Releases in the states that a cockpit has to show, each folded from events, and a hand at the keys.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a scene that cannot be built is a test that fails"
)]

use std::time::{Duration, Instant};

use flightdeck::{
    health::{Alert, AlertState, Count, Sample, Unknown, Value, Verdict},
    plan::Plan,
    release::{Act, Ask, CheckResult, Command, Event, EventKind, Outcome, Release, decide},
    tui::{
        App, Call, Code, Depth, Driving, Effect, Input, Key, Kind, Looks, Message, Mods, Request, Settings, Shown, Symbols,
        Update, draw, update,
    },
};
use jiff::{SignedDuration, Timestamp};
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};
use serde_json::json;

/// When every release here begins: a Tuesday's early afternoon in Berlin.
pub(crate) const START: &str = "2026-03-03T12:49:30Z";

pub(crate) fn plan() -> Plan {
    let task = |id: &str, environment: &str, needs: &[&str]| json!({ "id": id, "environment": environment, "needs": needs, "run": format!("./ops/{id}.sh"), "timeout": "30m", "advance": "auto" });
    let mut load = task("load-test", "staging", &["build"]);
    load["title"] = json!("load test");
    let mut migrate = task("migrate", "production", &["load-test"]);
    migrate["irreversible"] = json!(true);
    migrate["runbook"] = json!("docs/migrate.md");
    migrate["advance"] = json!("manual");
    let mut announce = task("announce", "production", &["watch"]);
    announce["undo"] = json!("./ops/announce.sh --retract");
    let signed = |id: &str, title: &str| {
        json!({ "id": id, "title": title, "signed": null, "max_age": "2 days",
                "proof": "A person who knows looked at it, and says where that can be seen." })
    };
    let run = |id: &str, title: &str| json!({ "id": id, "title": title, "run": format!("./ops/check-{id}.sh"), "every": "5m" });
    let mut rollback_plan = signed("rollback-plan", "Rollback plan");
    rollback_plan["before"] = json!("canary");
    let mut backup = run("database-backup", "Database backup");
    backup["before"] = json!("migrate");
    serde_json::from_value(json!({
        "service": "checkout",
        "timezone": "Europe/Berlin",
        "operators": { "alice": { "roles": ["release-manager"] }, "bob": {} },
        "targets": { "shop": { "driver": "command", "deploy": "d", "weight": "w", "rollback": "r", "observe": "o" } },
        "signals": {
            "errors": { "title": "error rate", "source": "prometheus", "url": "http://user:pw@prometheus:9090", "query": "errors",
                        "unit": "percent", "every": "5s", "warn": 0.5, "fail": 1.0 },
            "p95": { "source": "prometheus", "url": "http://prometheus:9090", "query": "p95", "unit": "ms", "every": "5s", "warn": 300.0, "fail": 500.0 },
            "orders": { "title": "orders per minute", "source": "command", "run": "./ops/orders.sh", "every": "5s", "bad": "below", "fail": 20.0 },
            "certificate": { "source": "probe", "url": "https://shop.example", "measure": "certificate-days", "unit": "d", "every": "5s",
                             "bad": "below", "warn": 21.0 }
        },
        "stages": [
            task("build", "staging", &[]),
            load,
            migrate,
            { "id": "canary", "environment": "production", "needs": ["migrate"], "target": "shop",
              "steps": [{ "weight": 5, "bake": "5m" }, { "weight": 25, "bake": "10m" }, { "weight": 50, "bake": "10m" }, { "weight": 100 }],
              "signals": ["errors", "p95"], "on_fail": "rollback", "advance": "manual" },
            task("verify", "production", &["canary"]),
            { "id": "watch", "environment": "production", "needs": ["verify"], "soak": "30m", "signals": ["errors"], "advance": "auto" },
            announce,
        ],
        "checks": [
            signed("code-review", "Code review"), signed("performance", "Performance testing"), signed("security", "Security testing"),
            signed("functionality", "Functionality testing"), backup, signed("data-migration", "Data migration plan"), rollback_plan,
            run("dependencies", "Dependencies"), run("config-drift", "Configuration drift"), signed("access", "User access control"),
            signed("documentation", "Documentation"), signed("training", "Training of users and support"), run("monitoring", "Monitoring and alerts"),
            signed("legal", "Legal and compliance"), signed("announcement", "Announcement plan"), signed("support", "Support plan"),
            signed("date", "Live date"), signed("user-communication", "Communication to users"),
        ],
    }))
    .unwrap()
}

/// The same with signals that are judged beside their baselines, alerts, a service level and several endpoints.
pub(crate) fn judged_plan() -> Plan {
    let mut plan = serde_json::to_value(plan()).unwrap();
    let prometheus = |title: &str, query: serde_json::Value, unit: &str, extra: serde_json::Value| {
        let mut signal =
            json!({ "title": title, "source": "prometheus", "url": "http://prometheus:9090", "unit": unit, "every": "5s" });
        for more in [query, extra] {
            signal.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        }
        signal
    };
    let ratio = |version: &str| json!({ "ratio": { "of": format!("errors{{v=\"{version}\"}}"), "over": format!("requests{{v=\"{version}\"}}") } });
    let slo = |title: &str, reading: &str, unit: &str| json!({ "title": title, "source": "slo", "slo": "availability", "reading": reading, "unit": unit, "every": "5s" });
    let signals = [
        (
            "canary-p95",
            prometheus(
                "canary p95",
                json!({ "query": "p95c" }),
                "ms",
                json!({ "fail": 900.0, "baseline": "stable-p95", "compare": { "tolerance": 0.2, "critical": true } }),
            ),
        ),
        ("stable-p95", prometheus("stable p95", json!({ "query": "p95s" }), "ms", json!({}))),
        (
            "canary-errors",
            prometheus(
                "canary errors",
                ratio("2"),
                "percent",
                json!({ "baseline": "stable-errors", "compare": { "absolute": 0.5, "group": "errors" } }),
            ),
        ),
        ("stable-errors", prometheus("stable errors", ratio("1"), "percent", json!({}))),
        ("score", json!({ "source": "score", "every": "5s" })),
        (
            "alerts",
            json!({ "title": "alerts", "source": "alertmanager", "url": "http://alertmanager:9093", "match": ["service=\"checkout\""], "fail": 1.0, "count": "new", "every": "5s" }),
        ),
        ("availability", slo("availability: burn", "burn", "x")),
        ("availability.budget", slo("availability: budget left", "budget", "percent")),
        (
            "replies",
            json!({ "source": "probe", "url": ["https://a.shop.example/health", "https://b.shop.example/health"], "measure": "latency", "unit": "ms", "fail": 400.0, "every": "5s" }),
        ),
    ];
    for (id, signal) in signals {
        plan["signals"][id] = signal;
    }
    plan["slos"] =
        json!({ "availability": { "url": "http://prometheus:9090", "objective": 99.9, "bad": "errors", "total": "requests" } });
    plan["stages"][3]["signals"] = json!(["errors", "canary-p95", "canary-errors", "alerts", "availability"]);
    serde_json::from_value(plan).unwrap()
}

/// A release on its way, and what time it is in it.
pub(crate) struct Flight {
    pub(crate) release: Release,
    pub(crate) now: Timestamp,
}

impl Flight {
    pub(crate) fn new(plan: Plan) -> Self {
        let at = START.parse().unwrap();
        let kind = EventKind::Started {
            release: "r7k2m9".to_owned(),
            version: "2.4.0".to_owned(),
            previous: Some("2.3.7".to_owned()),
            plan: Box::new(plan),
            digest: "digest".to_owned(),
            folder: "/srv/checkout".to_owned(),
        };
        Self { release: Release::begin(Event { at, by: "alice".to_owned(), kind }).unwrap(), now: at }
    }

    pub(crate) fn wait(&mut self, seconds: i64) -> &mut Self {
        self.now += SignedDuration::from_secs(seconds);
        self
    }

    pub(crate) fn event(&self, by: &str, kind: EventKind) -> Event {
        Event { at: self.now, by: by.to_owned(), kind }
    }

    pub(crate) fn by(&mut self, by: &str, kind: EventKind) -> &mut Self {
        let event = self.event(by, kind);
        self.release.apply(&event);
        self
    }

    pub(crate) fn does(&mut self, kind: EventKind) -> &mut Self {
        self.by("flightdeck", kind)
    }

    /// A person gives a command that must be allowed.
    pub(crate) fn asks(&mut self, by: &str, ask: Ask) -> &mut Self {
        self.asks_because(by, ask, None)
    }

    pub(crate) fn asks_because(&mut self, by: &str, ask: Ask, why: Option<&str>) -> &mut Self {
        let command = Command { by: by.to_owned(), ask, seen: None, expect: None, reason: why.map(str::to_owned) };
        for kind in decide(&self.release, &command, self.now).unwrap() {
            self.by(by, kind);
        }
        self
    }

    pub(crate) fn acts(&mut self, stage: &str, step: Option<u32>, act: Act) -> &mut Self {
        let op = format!("{stage}-{}", self.release.sequence);
        self.does(EventKind::OperationIntended { op, stage: stage.to_owned(), attempt: 1, step, act })
    }

    pub(crate) fn acted(&mut self, stage: &str) -> &mut Self {
        let undo = self.release.rollback.iter().flat_map(|rollback| &rollback.steps).find(|undo| undo.step.stage == stage);
        let op = undo
            .and_then(|undo| undo.under_way())
            .or_else(|| self.release.stage(stage).unwrap().1.under_way())
            .map(|operation| operation.id.clone())
            .unwrap();
        self.does(EventKind::OperationEnded { op, stage: stage.to_owned(), outcome: Outcome::Succeeded { seen: None } })
    }

    pub(crate) fn task(&mut self, stage: &str, seconds: i64) -> &mut Self {
        if self.release.stage(stage).unwrap().1.attempt == 0 {
            self.does(EventKind::StageStarted { stage: stage.to_owned(), attempt: 1 });
        }
        self.acts(stage, None, Act::Run).wait(seconds).acted(stage).does(EventKind::StagePassed { stage: stage.to_owned() })
    }

    pub(crate) fn checked(&mut self, check: &str, result: CheckResult, detail: &str) -> &mut Self {
        self.does(EventKind::CheckStarted { check: check.to_owned() });
        self.does(EventKind::CheckEnded { check: check.to_owned(), result, detail: detail.to_owned() })
    }

    pub(crate) fn signs(&mut self, by: &str, check: &str, evidence: Option<&str>) -> &mut Self {
        let evidence = evidence.map(str::to_owned);
        self.asks(by, Ask::Sign { check: check.to_owned(), note: None, evidence })
    }

    /// Samples of the last minutes, up to so many seconds ago.
    pub(crate) fn samples(&mut self, signal: &str, until: i64, value: impl Fn(i64) -> Value) -> &mut Self {
        for n in 0..60 {
            let at = self.now - SignedDuration::from_secs(until + (59 - n) * 5);
            self.release.observe(signal, Sample::new(at, value(n)));
        }
        self
    }

    pub(crate) fn healthy(&mut self) -> &mut Self {
        self.samples("errors", 2, |n| Value::Number(0.16 + 0.05 * ((n * 7 % 5) as f64)))
            .samples("p95", 2, |n| Value::Number(170.0 + 9.0 * ((n * 5 % 7) as f64)))
            .samples("orders", 2, |n| Value::Number(48.0 + ((n * 3 % 11) as f64)))
            .samples("certificate", 2, |_| Value::Number(61.0))
    }

    /// A step of the canary: taken, its effect seen.
    pub(crate) fn step(&mut self, step: u32, weight: u8) -> &mut Self {
        let stage = || "canary".to_owned();
        if step == 1 {
            self.acts("canary", Some(1), Act::Deploy).wait(6).acted("canary");
        }
        let bakes = weight < 100;
        self.acts("canary", Some(step), Act::Weight { weight }).wait(2).acted("canary");
        if bakes {
            self.does(EventKind::BakeStarted { stage: stage(), step: Some(step) });
        }
        self
    }

    pub(crate) fn baked(&mut self, step: u32, seconds: i64) -> &mut Self {
        self.wait(seconds).does(EventKind::BakeEnded { stage: "canary".to_owned(), step: Some(step) })
    }
}

/// The scenes with signals that are judged beside their baselines, and alerts.
pub(crate) const JUDGED: [&str; 4] = ["judging", "judged", "alerts", "automatic-out"];

pub(crate) const SCENES: [&str; 17] = [
    "fresh",
    "blocked",
    "baking",
    "waiting",
    "held",
    "failing",
    "unknown",
    "failed",
    "unsettled",
    "rolling-back",
    "stuck",
    "rolled-back",
    "completed",
    "judging",
    "judged",
    "alerts",
    "automatic-out",
];

/// A release in a state to be shown.
pub(crate) fn scene(name: &str) -> Flight {
    let judged = JUDGED.contains(&name);
    let mut flight = Flight::new(if judged { judged_plan() } else { plan() });
    flight.does(EventKind::ControllerTook { host: "console".to_owned(), pid: 4711, token: 1, unwatched_since: None });
    flight.does(EventKind::StageStarted { stage: "build".to_owned(), attempt: 1 });
    if name == "fresh" {
        flight.acts("build", None, Act::Run).wait(41);
        return flight;
    }
    flight.signs("alice", "code-review", Some("https://git.example/checkout/pull/812")).signs("bob", "security", None);
    flight.signs("alice", "performance", None).signs("alice", "functionality", None).signs("bob", "data-migration", None);
    for check in ["access", "documentation", "legal", "support", "date"] {
        flight.signs("alice", check, None);
    }
    flight.checked("database-backup", CheckResult::Passed, "backup is 3 h old").checked("dependencies", CheckResult::Passed, "");
    flight.checked("monitoring", CheckResult::Failed, "2 alerts have no owner");
    flight.checked("config-drift", CheckResult::CouldNotRun, "terraform: no credentials");
    flight.task("build", 62).task("load-test", 570);
    if name == "unsettled" {
        flight.asks("alice", Ask::Promote(None)).acts("migrate", None, Act::Run).wait(9);
        let why = "its process is gone and left no exit status".to_owned();
        flight.does(EventKind::StageUnsettled { stage: "migrate".to_owned(), why: why.clone() }).does(EventKind::Held { why });
        flight.healthy();
        return flight;
    }
    flight.asks("alice", Ask::Promote(None)).task("migrate", 12).healthy();
    if name == "blocked" {
        flight.wait(30).healthy();
        return flight;
    }
    if judged {
        flies(&mut flight, 30, 1.0);
    }
    flight.signs("bob", "rollback-plan", None).asks("alice", Ask::Promote(None)).step(1, 5);
    if judged {
        return judged_scene(name, flight);
    }
    flight.baked(1, 300).healthy().wait(20).healthy().asks("alice", Ask::Promote(None)).step(2, 25).wait(231).healthy();
    let canary = || "canary".to_owned();
    let failing = |n: i64| Value::Number(if n < 50 { 0.2 } else { 0.4 * (n - 48) as f64 });
    let turned = |flight: &mut Flight| {
        let why = "3.20 %, fails from 1 %".to_owned();
        let kind = EventKind::SignalTurned {
            signal: "errors".to_owned(),
            verdict: Verdict::Fail,
            value: Some(3.2),
            why,
            sampled: None,
            undecided: false,
            evidence: None,
        };
        flight.does(kind);
    };
    let back = |flight: &mut Flight| {
        let plan = flight.release.rollback_plan();
        let why = "error rate fails: 3.20 %, fails from 1 %".to_owned();
        flight.does(EventKind::RollbackStarted { why, steps: plan.steps, kept: plan.kept });
    };
    match name {
        "baking" => {}
        "waiting" => {
            flight.baked(2, 369).wait(3).healthy();
        }
        "held" => {
            let command = Command {
                by: "bob".to_owned(),
                ask: Ask::Hold,
                seen: None,
                expect: None,
                reason: Some("payment provider has an incident".to_owned()),
            };
            for kind in decide(&flight.release, &command, flight.now).unwrap() {
                flight.by("bob", kind);
            }
            flight.wait(75).healthy();
        }
        "failing" => {
            flight.wait(60).samples("errors", 1, failing);
            flight.samples("p95", 3, |n| Value::Number(if n < 52 { 190.0 } else { 340.0 }));
            turned(&mut flight);
        }
        "unknown" => {
            flight.wait(44);
            let at = flight.now;
            let refused = Value::Missing(Unknown::Error("connection refused".to_owned()));
            flight.release.observe("p95", Sample::new(at, refused));
            flight.release.observe("certificate", Sample::number(at, 61.0));
        }
        "failed" => {
            flight.does(EventKind::BakeEnded { stage: canary(), step: Some(2) }).does(EventKind::StagePassed { stage: canary() });
            flight
                .does(EventKind::StageStarted { stage: "verify".to_owned(), attempt: 1 })
                .acts("verify", None, Act::Run)
                .wait(17);
            flight
                .does(EventKind::StageFailed { stage: "verify".to_owned(), why: "exit status 2: /cart answered 500".to_owned() });
            flight.does(EventKind::Held { why: "verify failed: exit status 2: /cart answered 500".to_owned() }).healthy();
        }
        "rolling-back" | "stuck" | "rolled-back" => {
            flight.wait(60).samples("errors", 1, failing);
            turned(&mut flight);
            back(&mut flight);
            flight.acts("canary", None, Act::Restore).wait(3);
            if name == "stuck" {
                let why = "traffic is still at 25 %".to_owned();
                flight.does(EventKind::RollbackStuck { stage: canary(), why });
            } else if name == "rolled-back" {
                flight.acted("canary").does(EventKind::RolledBack).wait(125);
            }
        }
        "completed" => {
            flight.baked(2, 369).healthy().asks("alice", Ask::Promote(None)).step(3, 50).baked(3, 600);
            flight.healthy().asks("bob", Ask::Promote(None)).step(4, 100).does(EventKind::StagePassed { stage: canary() });
            flight.task("verify", 33).does(EventKind::StageStarted { stage: "watch".to_owned(), attempt: 1 });
            flight.does(EventKind::BakeStarted { stage: "watch".to_owned(), step: None }).wait(1800);
            flight.does(EventKind::BakeEnded { stage: "watch".to_owned(), step: None });
            flight
                .does(EventKind::StagePassed { stage: "watch".to_owned() })
                .task("announce", 4)
                .does(EventKind::Completed)
                .healthy();
        }
        other => panic!("no scene {other}"),
    }
    flight
}

/// Flies on for so many seconds, with a sample of every signal each 5 s: the canary's latency is so many times the stable one's.
pub(crate) fn flies(flight: &mut Flight, seconds: i64, times: f64) {
    for n in 0..seconds / 5 {
        flight.wait(5);
        let at = flight.now - SignedDuration::from_secs(1);
        // Noise that is the same each time.
        let noise = |salt: i64| ((at.as_second() * 7 + salt * 13) % 17 - 8) as f64 / 8.0;
        let counted = |events: f64, trials: f64| Sample {
            count: Some(Count { events, trials }),
            ..Sample::number(at, events / trials * 100.0)
        };
        let few = if n % 9 == 0 { 1.0 } else { 0.0 };
        let samples = [
            ("errors", Sample::number(at, 0.2 + 0.05 * noise(1))),
            ("p95", Sample::number(at, 180.0 + 9.0 * noise(2))),
            ("orders", Sample::number(at, 50.0 + 3.0 * noise(3))),
            ("certificate", Sample::number(at, 61.0)),
            ("canary-p95", Sample::number(at, times * (180.0 + 6.0 * noise(4)))),
            ("stable-p95", Sample::number(at, 180.0 + 6.0 * noise(5))),
            ("canary-errors", counted(few, 30.0)),
            ("stable-errors", counted(2.0 + few, 600.0)),
            ("alerts", Sample::number(at, flight.release.new_alerts("alerts").count() as f64)),
            ("availability", Sample::number(at, 0.4)),
            ("availability.budget", Sample::number(at, 82.0)),
            ("replies", Sample::number(at, 42.0 + noise(6))),
            ("replies@https://a.shop.example/health", Sample::number(at, 42.0 + noise(6))),
        ];
        for (signal, sample) in samples {
            flight.release.observe(signal, sample);
        }
        let refused = Sample::missing(at, Unknown::Error("connection refused".to_owned()));
        flight.release.observe("replies@https://b.shop.example/health", refused);
        for (signal, sample) in flight.release.derived(flight.now) {
            flight.release.observe(&signal, sample);
        }
    }
}

pub(crate) fn alert(name: &str, since: &str, state: AlertState) -> Alert {
    Alert {
        fingerprint: format!("f-{}", name.to_lowercase()),
        name: name.to_owned(),
        severity: Some(if state == AlertState::Firing { "critical" } else { "warning" }.to_owned()),
        summary: Some(format!("{name} is not as it should be, see the runbook")),
        since: since.parse().unwrap(),
        state,
        labels: vec![("alertname".to_owned(), name.to_owned())],
    }
}

/// A canary that is judged beside the stable version, and what may come of it.
fn judged_scene(name: &str, mut flight: Flight) -> Flight {
    if name == "judging" {
        flies(&mut flight, 30, 1.0);
        return flight;
    }
    flies(&mut flight, 300, 1.02);
    flight.baked(1, 0).asks("alice", Ask::Promote(None)).step(2, 25);
    flies(&mut flight, 60, 1.02);
    if name == "judged" {
        return flight;
    }
    let known = vec![
        alert("DiskFillsUp", "2026-03-03T11:02:00Z", AlertState::Firing),
        alert("CacheCold", "2026-03-03T13:05:10Z", AlertState::Silenced),
        alert("HighLatency", "2026-03-03T13:06:40Z", AlertState::Firing),
        alert("NodeDown", "2026-03-02T09:00:00Z", AlertState::Inhibited),
    ];
    let firing = known.iter().cloned().map(|alert| Alert { state: AlertState::Firing, ..alert }).take(2).collect();
    let changed = |alerts| EventKind::AlertsChanged { signal: "alerts".to_owned(), alerts, more: 0 };
    flight.does(changed(firing));
    let silence = Ask::Silence { signal: "alerts".to_owned(), alert: "CacheCold".to_owned(), stage: None };
    flight.asks_because("bob", silence, Some("the canary's cache is still cold"));
    let silence = flight.release.silences[0].id.clone();
    flight.does(EventKind::SilenceSet { silence, remote: "am-1".to_owned() }).does(changed(known));
    flies(&mut flight, 20, 1.02);
    if name == "automatic-out" {
        flight.asks_because("alice", Ask::Automatic(false), Some("the cache has a known outage"));
        flies(&mut flight, 120, 1.5);
    }
    flight
}

pub(crate) fn settings() -> Settings {
    let operator = "alice".to_owned();
    Settings { operator, looks: Looks::default(), symbols: Symbols::Unicode, depth: Depth::True, mouse: false }
}

/// A person at a cockpit, with a clock that only they move.
pub(crate) struct Hand {
    pub(crate) app: App,
    pub(crate) now: Timestamp,
    pub(crate) at: Instant,
    pub(crate) sequence: u64,
    /// What the terminal was called for.
    pub(crate) calls: Vec<Call>,
}

impl Hand {
    pub(crate) fn at(flight: Flight, settings: Settings) -> Self {
        let sequence = flight.release.sequence;
        let app = App::new(flight.release, settings, flight.now);
        let mut hand = Self { app, now: flight.now, at: Instant::now(), sequence, calls: Vec::new() };
        hand.told(Update::Driving(Driving::Here));
        hand.app.drawn(Shown::sized(80, 24));
        hand
    }

    pub(crate) fn scene(name: &str) -> Self {
        Self::at(scene(name), settings())
    }

    pub(crate) fn told(&mut self, told: Update) {
        let requests = self.message(Message::Update(told));
        let shows = |request: &Request| matches!(request, Request::WatchOutput(_));
        assert!(requests.iter().all(shows), "an update asks for nothing but what the screen shows then");
    }

    pub(crate) fn event(&mut self, by: &str, kind: EventKind) {
        self.sequence += 1;
        self.told(Update::Event(self.sequence, Event { at: self.now, by: by.to_owned(), kind }));
    }

    pub(crate) fn input(&mut self, input: Input) -> Vec<Request> {
        self.message(Message::Input(input))
    }

    fn message(&mut self, message: Message) -> Vec<Request> {
        let mut requests = Vec::new();
        for effect in update(&mut self.app, message, self.now) {
            match effect {
                Effect::Request(request) => requests.push(request),
                Effect::Call(call) => self.calls.push(call),
            }
        }
        requests
    }

    /// A key, so many milliseconds after the last.
    pub(crate) fn after(&mut self, millis: u64, code: Code) -> Vec<Request> {
        self.at += Duration::from_millis(millis);
        self.input(Input::Key(Key::press(code, self.at)))
    }

    /// A key as a person presses it: the screen was drawn, and half a second went by.
    pub(crate) fn press(&mut self, code: Code) -> Vec<Request> {
        self.screen(80, 24);
        self.after(500, code)
    }

    pub(crate) fn types(&mut self, text: &str) {
        for c in text.chars() {
            assert_eq!(self.press(Code::Char(c)), []);
        }
    }

    pub(crate) fn held(&mut self, code: Code) -> Vec<Request> {
        self.at += Duration::from_millis(500);
        self.input(Input::Key(Key { code, mods: Mods::default(), kind: Kind::Repeat, at: self.at }))
    }

    pub(crate) fn ctrl(&mut self, letter: char) -> Vec<Request> {
        self.at += Duration::from_millis(500);
        let mods = Mods { ctrl: true, alt: false };
        self.input(Input::Key(Key { code: Code::Char(letter), mods, kind: Kind::Press, at: self.at }))
    }

    pub(crate) fn screen(&mut self, width: u16, height: u16) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let mut shown = Shown::default();
        terminal.draw(|frame| shown = draw(&self.app, frame, self.now)).unwrap();
        self.app.drawn(shown);
        terminal.backend().buffer().clone()
    }

    /// What a screen would show, without anybody having seen it.
    pub(crate) fn peek(&self, width: u16, height: u16) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| drop(draw(&self.app, frame, self.now))).unwrap();
        terminal.backend().buffer().clone()
    }

    pub(crate) fn text(&mut self, width: u16, height: u16) -> String {
        text(&self.screen(width, height))
    }
}

pub(crate) fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        for x in 0..buffer.area.width {
            line.push_str(buffer[(x, y)].symbol());
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
