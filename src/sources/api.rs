//! The HTTP API of one of the plan's servers: who we are there, whom we trust, how long it may take, and when it is asked again.
//!
//! A redirect is never followed: it would carry a token or a tenant's header to whoever is named, and makes a GET of
//! what is posted. What an answer means is for those who ask.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::{
    Certificate, Client, Identity, Method, RequestBuilder, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER},
    redirect::Policy,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, sleep, timeout_at};

use super::{
    http,
    mask::{Mask, is_json},
    secrets::{SecretError, Secrets},
};
use crate::{
    plan::{Secret, Server, Tls, sounds_secret},
    text,
};

/// How long it may take to connect.
const CONNECT: Duration = Duration::from_secs(5);
/// The pause before the first repetition; each further one is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long a server that asks for patience is left alone at most.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much of an error is looked at for what is wrong, in bytes: VictoriaMetrics repeats the query first.
const WORDS: usize = 64 * 1024;
/// A body longer than this, in bytes, takes a moment to look through.
const LONG: usize = 64 * 1024;
/// A secret read so recently is not read again because a server refuses it.
const FRESH: Duration = Duration::from_secs(1);

/// Why a server's API cannot be asked. None of them holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The server is out of reach.
    #[error("{0}")]
    Unreachable(String),
    /// It does not answer in time: its host and port.
    #[error("{0} did not answer in time")]
    Late(String),
    /// Its address is none.
    #[error("the server's address is no URL: {0}")]
    Address(String),
    /// What lets us in cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The certificates or the key cannot be used.
    #[error("{0}")]
    Tls(String),
    /// The answer is elsewhere.
    #[error("it redirects to {0}, which is not followed; write the address that answers itself")]
    Redirected(String),
    /// It does not let us in: the status, and what it says.
    #[error("it does not let us in: {0}")]
    NotLetIn(String),
    /// It has asked to be left alone for so many seconds.
    #[error("it asked to be left alone for {0} s")]
    Busy(u64),
    /// A page for people.
    #[error("it answers with a web page in place of its API; is the address right, and does it need a login?")]
    Page,
    /// Not read to its end; the limit in MiB.
    #[error("the answer is longer than {0} MiB")]
    TooLarge(usize),
    /// An answer of something that does not speak the API, and its first words.
    #[error("HTTP status {0}{1}")]
    Status(StatusCode, String),
}

/// One question to an API.
pub(super) struct Asked<'a> {
    pub(super) method: Method,
    /// The segments behind the server's own path.
    pub(super) path: &'a [&'a str],
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) body: Body,
    /// Whether it does no harm to ask it twice, where it is not known whether it was heard.
    pub(super) repeatable: bool,
    /// How long an answer may be, in MiB.
    pub(super) most: usize,
}

/// What is sent along.
pub(super) enum Body {
    Nothing,
    Form(Vec<(&'static str, String)>),
    Json(Vec<u8>),
}

/// What was answered, without what let us in where it repeats that: not yet a success.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
    is_page: bool,
    wait: Option<Duration>,
}

impl Reply {
    /// The body of a success.
    pub(super) fn success(self) -> Result<Vec<u8>, ApiError> {
        match self.failure() {
            Some(error) => Err(error),
            None => Ok(self.body),
        }
    }

    /// What is wrong, where the status or the kind of the body says so already.
    pub(super) fn failure(&self) -> Option<ApiError> {
        match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let said = self.words();
                // Mimir's and Cortex' words where the tenant is not named.
                let help =
                    if said.contains("no org id") { "; name the tenant: headers = { X-Scope-OrgID = \"…\" }" } else { "" };
                Some(ApiError::NotLetIn(format!("{}{said}{help}", self.status)))
            }
            status if !status.is_success() => Some(ApiError::Status(status, self.words())),
            _ if self.is_page => Some(ApiError::Page),
            _ => None,
        }
    }

    /// The first words of an answer that is plain text, behind a colon; a page for people has none.
    fn words(&self) -> String {
        if self.is_page || is_json(&self.body) {
            return String::new();
        }
        let first = self.body.split(|byte| *byte == b'\n').next().unwrap_or_default();
        match text::line_from_bytes(first, 120) {
            words if words.is_empty() => words,
            words => format!(": {words}"),
        }
    }
}

/// What TLS is done with, as read.
#[derive(Default)]
struct Material {
    ca: Option<Vec<u8>>,
    identity: Option<SecretString>,
}

impl Material {
    fn is(&self, other: &Self) -> bool {
        let same = self.identity.as_ref().map(ExposeSecret::expose_secret);
        self.ca == other.ca && same == other.identity.as_ref().map(ExposeSecret::expose_secret)
    }
}

/// A server's API.
pub(super) struct Api {
    server: Server,
    secrets: Secrets,
    /// The client, and what it was made of.
    client: Mutex<Option<(Material, Client)>>,
    /// Until when the server wants to be left alone.
    quiet: Mutex<Option<Instant>>,
}

impl Api {
    /// Of a server of the plan in this folder. Commands find `env` in their environment besides ours.
    pub(super) fn new(server: &Server, folder: &Path, env: &[(String, String)]) -> Self {
        let secrets = Secrets::new(folder.to_owned(), env.to_vec());
        Self { server: server.clone(), secrets, client: Mutex::default(), quiet: Mutex::default() }
    }

    /// Asks, and asks again where there was no answer and the time allows it.
    pub(super) async fn ask(&self, asked: &Asked<'_>, limit: Duration) -> Result<Reply, ApiError> {
        let now = Instant::now();
        if let Some(until) = lock(&self.quiet).filter(|until| now < *until) {
            return Err(ApiError::Busy(until.duration_since(now).as_secs().saturating_add(1)));
        }
        let url = self.url(asked)?;
        self.attempts(asked, &url, now.checked_add(limit).unwrap_or(now)).await
    }

    fn url(&self, asked: &Asked<'_>) -> Result<Url, ApiError> {
        let mut url = Url::parse(&self.server.url).map_err(|error| ApiError::Address(error.to_string()))?;
        url.path_segments_mut().map_err(|()| ApiError::Address("it has no path".to_owned()))?.pop_if_empty().extend(asked.path);
        if !asked.query.is_empty() {
            url.query_pairs_mut().extend_pairs(asked.query);
        }
        Ok(url)
    }

    async fn attempts(&self, asked: &Asked<'_>, url: &Url, deadline: Instant) -> Result<Reply, ApiError> {
        let (mut repeated, mut renewed) = (0, false);
        loop {
            let outcome = self.attempt(asked, url, deadline).await;
            let pause = match &outcome {
                // A token may have been renewed since it was read.
                Ok(reply) if matches!(reply.status.as_u16(), 401 | 403) && !renewed && self.secrets.forget(FRESH) => {
                    renewed = true;
                    continue;
                }
                Ok(reply) if reply.is_passing() => {
                    let wait = reply.wait.filter(|wait| *wait > deadline.saturating_duration_since(Instant::now()));
                    if let Some(until) = wait.and_then(|wait| Instant::now().checked_add(wait.min(PATIENCE))) {
                        *lock(&self.quiet) = Some(until);
                    }
                    // Only these say that nothing was done.
                    let unheard = matches!(reply.status.as_u16(), 429 | 503);
                    (asked.repeatable || unheard).then(|| reply.wait.unwrap_or_else(|| pause(repeated)))
                }
                Err((ApiError::Unreachable(_), sent)) if asked.repeatable || !sent => Some(pause(repeated)),
                _ => None,
            };
            let outcome = outcome.map_err(|(error, _)| error);
            let Some(pause) = pause else { return outcome };
            let fits = Instant::now().checked_add(pause).is_some_and(|then| then < deadline);
            if !fits || repeated >= self.server.retries {
                return outcome;
            }
            repeated = repeated.saturating_add(1);
            sleep(pause).await;
        }
    }

    /// One attempt; an error comes with whether the question may have been heard.
    async fn attempt(&self, asked: &Asked<'_>, url: &Url, deadline: Instant) -> Result<Reply, (ApiError, bool)> {
        // A secret that is late is not told as the server's lateness.
        let client = self.client(url, deadline).await.map_err(|error| (error, false))?;
        let mut request = client.request(asked.method.clone(), url.clone());
        let password;
        (request, password) = self.let_in(request, deadline).await.map_err(|error| (error, false))?;
        let reply = timeout_at(deadline, exchange(asked, url, request, password.as_ref())).await;
        reply.unwrap_or_else(|_| Err((ApiError::Late(place(url)), true)))
    }

    /// The request with what lets us in, whose headers are marked as sensitive; and the password that is in one of them.
    async fn let_in(
        &self,
        mut request: RequestBuilder,
        deadline: Instant,
    ) -> Result<(RequestBuilder, Option<SecretString>), ApiError> {
        if let Some(secret) = &self.server.bearer {
            request = request.bearer_auth(self.secrets.line(secret, deadline).await?.expose_secret());
        }
        let mut password = None;
        if let Some(basic) = &self.server.basic {
            let read = self.secrets.line(&basic.password, deadline).await?;
            request = request.basic_auth(&basic.user, Some(read.expose_secret()));
            password = Some(read);
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &self.server.headers {
            let wrong = || ApiError::Address(format!("the header `{}` cannot be sent", text::line(name, 40)));
            let name: HeaderName = name.parse().map_err(|_| wrong())?;
            let reference = value.parse::<Secret>().ok();
            let mut value = match &reference {
                Some(secret) => HeaderValue::from_str(self.secrets.line(secret, deadline).await?.expose_secret()),
                None => HeaderValue::from_str(value),
            }
            .map_err(|_| wrong())?;
            value.set_sensitive(reference.is_some() || sounds_secret(name.as_str()));
            headers.insert(name, value);
        }
        Ok((request.headers(headers), password))
    }

    /// The client, made anew where a certificate or key has changed.
    async fn client(&self, url: &Url, deadline: Instant) -> Result<Client, ApiError> {
        let material = self.material(deadline).await?;
        if let Some((_, client)) = lock(&self.client).as_ref().filter(|(made_of, _)| made_of.is(&material)) {
            return Ok(client.clone());
        }
        let client = build(&material, url.scheme() == "https")?;
        *lock(&self.client) = Some((material, client.clone()));
        Ok(client)
    }

    async fn material(&self, deadline: Instant) -> Result<Material, ApiError> {
        let Some(Tls { ca, cert, key }) = &self.server.tls else { return Ok(Material::default()) };
        let read = async |path: &String| self.secrets.read(&Secret::File(path.clone()), deadline).await;
        let ca = match ca {
            Some(ca) => Some(read(ca).await?.expose_secret().as_bytes().to_vec()),
            None => None,
        };
        let identity = match (cert, key) {
            (Some(cert), Some(key)) => {
                let (cert, key) = (read(cert).await?, self.secrets.read(key, deadline).await?);
                Some(SecretString::from(format!("{}\n{}\n", cert.expose_secret(), key.expose_secret())))
            }
            _ => None,
        };
        Ok(Material { ca, identity })
    }
}

impl Reply {
    /// Whether it may well be another answer in a moment.
    fn is_passing(&self) -> bool {
        // A query that took too long at the server does so again.
        let took_too_long = || {
            let start = String::from_utf8_lossy(self.body.get(..WORDS).unwrap_or(&self.body));
            ["\"timeout\"", "\"canceled\"", "\"execution\"", "timeout exceeded", "deadline exceeded"]
                .iter()
                .any(|word| start.contains(word))
        };
        matches!(self.status.as_u16(), 429 | 500 | 502 | 503 | 504) && !took_too_long()
    }
}

/// Sends a request and reads its answer; an error comes with whether the question may have been heard.
async fn exchange(
    asked: &Asked<'_>,
    url: &Url,
    mut request: RequestBuilder,
    password: Option<&SecretString>,
) -> Result<Reply, (ApiError, bool)> {
    request = match &asked.body {
        Body::Nothing => request,
        Body::Form(form) => request.form(form),
        Body::Json(body) => request.header(CONTENT_TYPE, "application/json").body(body.clone()),
    };
    let failed = |error: &reqwest::Error| (ApiError::Unreachable(http::explain(error)), !error.is_connect());
    let (client, request) = request.build_split();
    let request = request.map_err(|error| failed(&error))?;
    let mask = Mask::new(request.headers(), password);
    let mut response = client.execute(request).await.map_err(|error| failed(&error))?;
    let (status, headers) = (response.status(), response.headers());
    if status.is_redirection() {
        let to = headers.get(LOCATION).and_then(|to| to.to_str().ok()).and_then(|to| url.join(to).ok());
        let to = to.map_or_else(|| "nowhere".to_owned(), |to| http::redact(to.as_str()));
        return Err((ApiError::Redirected(mask.text(&to).unwrap_or(to)), true));
    }
    let wait = headers.get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.trim().parse().ok()).map(Duration::from_secs);
    let is_html = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let (body, whole) =
        http::read(&mut response, asked.most.saturating_mul(1024 * 1024)).await.map_err(|error| failed(&error))?;
    if !whole {
        return Err((ApiError::TooLarge(asked.most), true));
    }
    let body = masked(mask, body).await;
    let is_page = is_html || body.trim_ascii_start().first() == Some(&b'<');
    Ok(Reply { status, body, is_page, wait })
}

/// A body without what let us in. A long one is looked through beside the thread that everything else runs on.
async fn masked(mask: Mask, body: Vec<u8>) -> Vec<u8> {
    if body.len() < LONG {
        return mask.body(body);
    }
    // Without that thread there is no answer: rather none than a secret.
    tokio::task::spawn_blocking(move || mask.body(body)).await.unwrap_or_default()
}

fn build(material: &Material, tls: bool) -> Result<Client, ApiError> {
    // reqwest takes TLS's cryptography from the process's default. That one is set already is no error: there is only one.
    let _already_set = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("flightdeck/", env!("CARGO_PKG_VERSION")))
        .no_proxy() // a server on loopback must not be asked through somebody's proxy
        .redirect(Policy::none())
        .referer(false)
        .connect_timeout(CONNECT)
        .pool_max_idle_per_host(2)
        .pool_idle_timeout(Duration::from_secs(60));
    if let Some(ca) = &material.ca {
        let certificates = Certificate::from_pem_bundle(ca).unwrap_or_default();
        if certificates.is_empty() {
            return Err(ApiError::Tls("`ca` of its `tls` holds no certificate in PEM".to_owned()));
        }
        builder = builder.tls_certs_only(certificates);
    } else if !tls {
        // The platform's certificates take a moment to read, and nobody is asked for one.
        builder = builder.tls_certs_only(std::iter::empty());
    }
    if let Some(identity) = &material.identity {
        let identity = Identity::from_pem(identity.expose_secret().as_bytes()).map_err(|_| {
            ApiError::Tls("`cert` and `key` of its `tls` are no certificate with its private key in PEM".to_owned())
        })?;
        builder = builder.identity(identity);
    }
    builder.build().map_err(|error| ApiError::Tls(http::explain(&error)))
}

/// The pause before a repetition, of which there were so many.
fn pause(repeated: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(repeated)).min(LONGEST_PAUSE)
}

/// Host and port.
fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or("the server");
    url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing is half done while it is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{
            Arc,
            atomic::{AtomicU32, Ordering},
        },
    };

    use super::*;
    use crate::{
        plan::Basic,
        sources::testing::{Reply as Told, Server as Fake},
    };

    const LIMIT: Duration = Duration::from_secs(20);

    fn get() -> Asked<'static> {
        Asked { method: Method::GET, path: &["api"], query: &[("q", "a b")], body: Body::Nothing, repeatable: true, most: 1 }
    }

    fn api(server: &Server, folder: &Path) -> Api {
        Api::new(server, folder, &[])
    }

    #[tokio::test]
    async fn says_who_we_are() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "hunter2\n").unwrap();
        std::fs::write(folder.path().join("two"), "hunter2\nhunter3\n").unwrap();
        let fake = Fake::start(|_| Told::ok("{}")).await;
        let token: Secret = "file:token".parse().unwrap();
        let at = || Server::at(&fake.url("/base/?old=1"));
        let tenant = || [("X-Scope-OrgID".to_owned(), "shop".to_owned())].into();
        let key = || [("X-Api-Key".to_owned(), "file:token".to_owned())].into();
        for (server, expected) in [
            (at(), "GET /base/api?old=1&q=a+b HTTP/1.1"),
            (Server { bearer: Some(token.clone()), ..at() }, "authorization: Bearer hunter2"),
            (
                Server { basic: Some(Basic { user: "me".into(), password: token.clone() }), ..at() },
                "authorization: Basic bWU6aHVudGVyMg==",
            ),
            (Server { headers: tenant(), ..at() }, "x-scope-orgid: shop"),
            (Server { headers: key(), ..at() }, "x-api-key: hunter2"),
            (at(), "accept-encoding: gzip"),
        ] {
            api(&server, folder.path()).ask(&get(), LIMIT).await.unwrap();
            let request = fake.requests().pop().unwrap();
            assert!(request.lines().any(|line| line == expected), "{request} lacks {expected}");
        }
        let asked = fake.requests().len();
        for (server, expected) in [
            (Server { bearer: Some("env:FLIGHTDECK_NOT_SET".parse().unwrap()), ..at() }, "env:FLIGHTDECK_NOT_SET is not set"),
            (
                Server { bearer: Some("file:two".parse().unwrap()), ..at() },
                "file:two holds several lines, or characters that cannot be sent",
            ),
            (
                Server { tls: Some(Tls { ca: Some("token".into()), ..Tls::default() }), ..at() },
                "`ca` of its `tls` holds no certificate in PEM",
            ),
            (
                Server { tls: Some(Tls { cert: Some("token".into()), key: Some(token.clone()), ca: None }), ..at() },
                "`cert` and `key` of its `tls` are no certificate with its private key in PEM",
            ),
            (
                Server { tls: Some(Tls { ca: Some("nowhere".into()), ..Tls::default() }), ..at() },
                "file:nowhere cannot be read: No such file or directory",
            ),
        ] {
            let error = api(&server, folder.path()).ask(&get(), LIMIT).await.unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        assert_eq!(fake.requests().len(), asked, "nothing is asked without what lets us in");
    }

    #[tokio::test]
    async fn a_renewed_token_is_read_again_when_the_old_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let write = |token: &str| std::fs::write(folder.path().join("token"), token).unwrap();
        let fake = Fake::start(|request| {
            let status = if request.contains("Bearer new") { "200 OK" } else { "401 Unauthorized" };
            Told::text(status, "{}")
        })
        .await;
        let server = Server { bearer: Some("file:token".parse().unwrap()), ..Server::at(&fake.url("")) };
        let api = api(&server, folder.path());
        write("old");
        assert_eq!(api.ask(&get(), LIMIT).await.unwrap().status, StatusCode::UNAUTHORIZED);
        assert_eq!(fake.requests().len(), 1, "it was read just now");
        write("new");
        tokio::time::pause();
        tokio::time::advance(FRESH).await;
        tokio::time::resume();
        assert_eq!(api.ask(&get(), LIMIT).await.unwrap().status, StatusCode::OK);
        assert_eq!(fake.requests().len(), 3);
    }

    #[tokio::test]
    async fn a_secret_that_is_late_is_not_the_servers_fault() {
        let folder = tempfile::tempdir().unwrap();
        let fake = Fake::start(|_| Told::ok("{}")).await;
        let token = "command:until [ -e go ]; do sleep 0.01; done; echo hunter2";
        let server = Server { bearer: token.parse().ok(), ..Server::at(&fake.url("")) };
        let api = api(&server, folder.path());
        let error = api.ask(&get(), Duration::from_millis(1)).await.unwrap_err();
        assert!(matches!(&error, ApiError::Secret(_)) && error.to_string().ends_with(" is not done yet, and goes on"), "{error}");
        assert_eq!(fake.requests().len(), 0);
        std::fs::write(folder.path().join("go"), "").unwrap();
        api.ask(&get(), LIMIT).await.unwrap();
        assert!(fake.requests()[0].contains("authorization: Bearer hunter2"));
    }

    #[tokio::test]
    async fn what_a_server_repeats_of_what_lets_us_in_is_masked() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "hunter2\n").unwrap();
        let token: Secret = "file:token".parse().unwrap();
        let basic = Basic { user: "me".into(), password: token.clone() };
        let key = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into();
        let long = " ".repeat(LONG);
        for (status, body) in [
            ("401 Unauthorized", "{\"error\":\"REQUEST\"}"),
            ("403 Forbidden", "not you: REQUEST"),
            ("500 Internal Server Error", " REQUEST"),
            ("200 OK", "{\"warnings\":[\"REQUEST\"]}"),
            ("200 OK", &format!("{{\"warnings\":[\"REQUEST\"]{long}}}")),
            ("307 Temporary Redirect\r\nlocation: /login/hunter2", ""),
        ] {
            let said = body.to_owned();
            let answered = status.to_owned();
            let fake = Fake::start(move |request| {
                let request = serde_json::to_string(&format!("{request} hunter2")).unwrap();
                Told::text(&answered, &said.replace("REQUEST", request.trim_matches('"')))
            })
            .await;
            let at = || Server { retries: 0, ..Server::at(&fake.url("")) };
            for (server, shown) in [
                (Server { bearer: Some(token.clone()), ..at() }, "authorization: ***"),
                (Server { basic: Some(basic.clone()), ..at() }, "authorization: ***"),
                (Server { headers: key("X-Who", "file:token"), ..at() }, "x-who: ***"),
                (Server { headers: key("Authorization", "Bearer hunter2"), ..at() }, "authorization: ***"),
                (Server { bearer: Some(token.clone()), headers: key("X-Scope-OrgID", "shop"), ..at() }, "x-scope-orgid: shop"),
            ] {
                let reply = api(&server, folder.path()).ask(&get(), LIMIT).await;
                let told = match reply {
                    Ok(reply) => {
                        let error = reply.failure().map(|error| error.to_string()).unwrap_or_default();
                        format!("{}\n{error}", String::from_utf8(reply.body).unwrap())
                    }
                    Err(error) => error.to_string(),
                };
                assert!(told.contains(if body.is_empty() { "/login/***" } else { shown }), "{told}");
                assert!(!told.contains("hunter2") && !told.contains("bWU6aHVudGVyMg=="), "{told}");
            }
        }
    }

    /// A server that fails so many times before it answers.
    async fn failing(times: u32, how: &'static str) -> Fake {
        let count = Arc::new(AtomicU32::new(0));
        Fake::start(move |_| {
            let failed = count.fetch_add(1, Ordering::SeqCst) < times;
            match how {
                _ if !failed => Told::ok("{}"),
                "cut" => Told::Raw(Vec::new()),
                how => Told::text(how, "{}"),
            }
        })
        .await
    }

    #[tokio::test]
    async fn asks_again_what_got_no_answer() {
        for (how, times, repeatable, requests, expected) in [
            ("503 Service Unavailable\r\nretry-after: 0", 2, true, 3, Some(200)),
            ("503 Service Unavailable\r\nretry-after: 0", 9, true, 3, Some(503)),
            ("429 Too Many Requests\r\nretry-after: 0", 1, false, 2, Some(200)),
            ("500 Internal Server Error\r\nretry-after: 0", 1, false, 1, Some(500)),
            ("400 Bad Request\r\nretry-after: 0", 9, true, 1, Some(400)),
            ("cut", 1, true, 2, Some(200)),
            ("cut", 1, false, 1, None),
            ("302 Found\r\nlocation: /elsewhere", 1, true, 1, None),
        ] {
            let fake = failing(times, how).await;
            let api = api(&Server::at(&fake.url("")), Path::new("/"));
            let reply = api.ask(&Asked { repeatable, ..get() }, LIMIT).await;
            assert_eq!(reply.map(|reply| reply.status.as_u16()).ok(), expected, "{how}");
            assert_eq!(fake.requests().len(), requests, "{how}");
        }
    }

    #[tokio::test]
    async fn a_server_that_asks_for_patience_gets_it() {
        let fake = failing(1, "429 Too Many Requests\r\nretry-after: 30").await;
        let api = api(&Server::at(&fake.url("")), Path::new("/"));
        assert_eq!(api.ask(&get(), LIMIT).await.unwrap().status.as_u16(), 429);
        assert_eq!(api.ask(&get(), LIMIT).await.unwrap_err(), ApiError::Busy(30));
        assert_eq!(fake.requests().len(), 1);
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(30)).await;
        tokio::time::resume();
        assert_eq!(api.ask(&get(), LIMIT).await.unwrap().status.as_u16(), 200);
    }

    #[test]
    fn pauses_grow_and_end() {
        let pauses: Vec<u128> = (0..7).map(|repeated| pause(repeated).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 2000, 2000]);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }

    #[test]
    fn what_is_worth_asking_again() {
        let reply = |status: u16, body: &str| Reply {
            status: StatusCode::from_u16(status).unwrap(),
            body: body.into(),
            is_page: false,
            wait: None,
        };
        for (status, body, expected) in [
            (503, "", true),
            (502, "<html>", true),
            (429, "", true),
            (503, r#"{"status":"error","errorType":"timeout","error":"query timed out"}"#, false),
            (503, r#"{"status":"error","errorType":"internal","error":"x"}"#, true),
            (503, r#"{"status":"error","errorType":"503","error":"error when executing query: timeout exceeded"}"#, false),
            (501, "", false),
            (422, "", false),
            (200, "", false),
        ] {
            assert_eq!(reply(status, body).is_passing(), expected, "{status} {body}");
        }
    }

    #[tokio::test]
    async fn a_redirect_carries_nothing_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "hunter2").unwrap();
        let elsewhere = Fake::start(|_| Told::ok("{}")).await;
        let to = elsewhere.url("/login?back=hunter2");
        let fake = Fake::start(move |_| Told::text(&format!("307 Temporary Redirect\r\nlocation: {to}"), "")).await;
        let headers = [("X-Api-Key".to_owned(), "file:token".to_owned())].into();
        let server = Server { bearer: Some("file:token".parse().unwrap()), headers, ..Server::at(&fake.url("")) };
        let error = api(&server, folder.path()).ask(&get(), LIMIT).await.unwrap_err();
        assert_eq!(error, ApiError::Redirected(elsewhere.url("/login")));
        assert_eq!(elsewhere.requests(), [""; 0]);
    }

    fn compressed(body: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(body).unwrap();
        let body = encoder.finish().unwrap();
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
        [head.into_bytes(), body].concat()
    }

    #[tokio::test]
    async fn compressed_answers_are_bounded_as_unpacked() {
        const MIB: usize = 1024 * 1024;
        let bomb = compressed(&vec![b' '; 64 * MIB]);
        assert!(bomb.len() < MIB);
        for (answer, expected) in
            [(compressed(b"{\"a\":1}"), Ok(7)), (compressed(&vec![b' '; MIB]), Ok(MIB)), (bomb, Err(ApiError::TooLarge(1)))]
        {
            let fake = Fake::start(move |_| Told::Raw(answer.clone())).await;
            let reply = api(&Server::at(&fake.url("")), Path::new("/")).ask(&get(), LIMIT).await;
            assert_eq!(reply.map(|reply| reply.body.len()), expected);
        }
        let broken = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\nno gzip";
        let fake = Fake::start(|_| Told::Raw(broken.to_vec())).await;
        let server = Server { retries: 0, ..Server::at(&fake.url("")) };
        let error = api(&server, Path::new("/")).ask(&get(), LIMIT).await.unwrap_err();
        assert!(error.to_string().starts_with(&format!("the answer of 127.0.0.1:{} broke off", fake.port())), "{error}");
    }
}
