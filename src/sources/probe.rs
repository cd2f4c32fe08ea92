//! An HTTP request as a source: whether it is answered as expected, how fast, how long its certificate lasts. Of several
//! endpoints the worst counts.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Client, Response, tls::TlsInfo};

use super::{
    endpoints::{self, Measured, Taken},
    http,
};
use crate::{health::Unknown, plan::ProbeMeasure, text};

/// How much of a body is read; the rest does not count.
const BODY: usize = 1024 * 1024;
const DAY: f64 = 86_400.0;

/// What is asked of an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asks<'a> {
    /// What is measured.
    pub(super) measure: ProbeMeasure,
    /// The status expected; any 2xx if none.
    pub(super) status: Option<u16>,
    /// A regular expression that the body must match.
    pub(super) body: Option<&'a str>,
}

/// Requests the URLs, all at the same time and each within the limit, and measures. Of several the worst counts, and all must
/// be known: the slowest, the one that is down, the certificate that expires first.
pub(super) async fn take(asks: &Asks<'_>, urls: &[String], limit: Duration, client: &Client, now: Timestamp) -> Taken {
    let body = match asks.body.map(regex_lite::Regex::new).transpose() {
        Ok(body) => body,
        Err(error) => {
            let why = text::line(&format!("the body's pattern is wrong: {error}"), super::ERROR_LENGTH);
            return Err(Unknown::Error(why)).into();
        }
    };
    let late = || match asks.measure {
        // What does not answer is not up.
        ProbeMeasure::Up => Ok(0.0),
        ProbeMeasure::Latency | ProbeMeasure::CertificateDays => Err(Unknown::Error("no answer in time".to_owned())),
    };
    let asked = urls.iter().map(|url| one(client, url, asks, body.as_ref(), now)).collect();
    let own = endpoints::ask(asked, limit, late).await;
    let names = endpoints::names(urls);
    let worst = |one: f64, other: f64| match asks.measure {
        ProbeMeasure::Latency => one.max(other),
        ProbeMeasure::Up | ProbeMeasure::CertificateDays => one.min(other),
    };
    let whole: Measured = match endpoints::failure(&names, own.iter().map(|own| own.as_ref().err())) {
        Some(why) => Err(why),
        None => own.iter().flatten().copied().reduce(worst).map(|number| (None, number)).ok_or(Unknown::NoData),
    };
    let parts = names.into_iter().zip(own.into_iter().map(|own| own.map(|number| (None, number))));
    Taken { whole, count: None, parts: if urls.len() > 1 { parts.collect() } else { Vec::new() } }
}

/// Requests one URL and measures.
///
/// What cannot be reached is not up, whatever the reason: nobody answers, the name is unknown, the certificate is
/// wrong, the answer breaks off. Only a request that cannot even be made is an error, for it says nothing of the server.
async fn one(
    client: &Client,
    url: &str,
    asks: &Asks<'_>,
    body: Option<&regex_lite::Regex>,
    now: Timestamp,
) -> Result<f64, Unknown> {
    let status = asks.status;
    match asks.measure {
        ProbeMeasure::Up => match exchange(client, url, status, body).await {
            Ok(None) => Ok(1.0),
            Err(error) if error.is_builder() => Err(Unknown::Error(http::explain(&error))),
            Ok(Some(_)) | Err(_) => Ok(0.0),
        },
        ProbeMeasure::Latency => {
            let started = tokio::time::Instant::now();
            match exchange(client, url, status, body).await {
                Ok(None) => Ok(started.elapsed().as_secs_f64() * 1000.0),
                Ok(Some(unexpected)) => Err(Unknown::Error(unexpected)),
                Err(error) => Err(Unknown::Error(http::explain(&error))),
            }
        }
        ProbeMeasure::CertificateDays => match client.get(url).send().await {
            Ok(response) => {
                let expires =
                    expiry(&response).ok_or_else(|| Unknown::Error("there is no certificate: not HTTPS".to_owned()))??;
                Ok(days(expires, now))
            }
            // An expired one is refused, and still it is known how long ago it expired.
            Err(error) => match http::expired_certificate(&error) {
                Some(expired) => Ok(days(expired, now)),
                None => Err(Unknown::Error(http::explain(&error))),
            },
        },
    }
}

/// Requests the URL and reads the answer; what is not as expected about it, if anything.
async fn exchange(
    client: &Client,
    url: &str,
    status: Option<u16>,
    body: Option<&regex_lite::Regex>,
) -> reqwest::Result<Option<String>> {
    let mut response = client.get(url).send().await?;
    let (bytes, _) = http::read(&mut response, BODY).await?;
    let got = response.status();
    let expected = status.map_or_else(|| got.is_success(), |status| got.as_u16() == status);
    if !expected {
        return Ok(Some(format!("HTTP status {got}")));
    }
    let matched = body.is_none_or(|body| body.is_match(&String::from_utf8_lossy(&bytes)));
    Ok((!matched).then(|| "the body is not as expected".to_owned()))
}

/// When the server's certificate expires, in seconds since 1970; none without TLS.
fn expiry(response: &Response) -> Option<Result<i64, Unknown>> {
    let certificate = response.extensions().get::<TlsInfo>()?.peer_certificate()?;
    Some(not_after(certificate))
}

fn not_after(certificate: &[u8]) -> Result<i64, Unknown> {
    match x509_parser::parse_x509_certificate(certificate) {
        Ok((_, certificate)) => Ok(certificate.validity().not_after.timestamp()),
        Err(_) => Err(Unknown::Error("the certificate cannot be read".to_owned())),
    }
}

/// Days from now to that second; negative where it has passed.
fn days(second: i64, now: Timestamp) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact for many millions of years")]
    let seconds = second.saturating_sub(now.as_second()) as f64;
    seconds / DAY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::{ClosedPort, Reply, Server, client};

    async fn take(
        client: &Client,
        url: &str,
        measure: ProbeMeasure,
        status: Option<u16>,
        body: Option<&str>,
        now: Timestamp,
    ) -> Result<f64, Unknown> {
        let taken = super::take(&Asks { measure, status, body }, &[url.to_owned()], LIMIT, client, now).await;
        assert_eq!((taken.count, taken.parts), (None, Vec::new()));
        taken.whole.map(|(at, number)| {
            assert_eq!(at, None);
            number
        })
    }

    const LIMIT: Duration = Duration::from_secs(60);

    fn error(why: &str) -> Result<f64, Unknown> {
        Err(Unknown::Error(why.to_owned()))
    }

    #[tokio::test]
    async fn up() {
        let now = Timestamp::UNIX_EPOCH;
        let server = Server::start(|request| {
            let path = request.split(' ').nth(1).unwrap_or_default();
            match path {
                "/ok" => Reply::ok("status: healthy"),
                "/moved" => Reply::text("302 Found\r\nlocation: /ok", ""),
                "/cut" => Reply::Raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhealthy".into()),
                "/large" => Reply::ok(&"x".repeat(2 * BODY)),
                _ => Reply::text("503 Service Unavailable", "healthy"),
            }
        })
        .await;
        for (path, status, body, expected, why) in [
            ("/ok", None, None, 1.0, ""),
            ("/ok", Some(200), Some("healthy$"), 1.0, ""),
            ("/ok", Some(204), None, 0.0, "HTTP status 200 OK"),
            ("/ok", None, Some("sick"), 0.0, "the body is not as expected"),
            ("/moved", None, Some("healthy"), 1.0, ""),
            ("/large", None, Some("^x"), 1.0, ""),
            ("/down", None, Some("healthy"), 0.0, "HTTP status 503 Service Unavailable"),
            ("/down", Some(503), Some("healthy"), 1.0, ""),
        ] {
            let url = server.url(path);
            assert_eq!(take(&client(), &url, ProbeMeasure::Up, status, body, now).await, Ok(expected), "{path}");
            let latency = take(&client(), &url, ProbeMeasure::Latency, status, body, now).await;
            if why.is_empty() {
                assert!((0.0..60_000.0).contains(&latency.clone().unwrap()), "{latency:?}");
            } else {
                assert_eq!(latency, error(why), "{path}");
            }
        }
        assert_eq!(take(&client(), &server.url("/cut"), ProbeMeasure::Up, None, None, now).await, Ok(0.0));
        let refusing = ClosedPort::new();
        let port = refusing.port();
        let url = format!("http://127.0.0.1:{port}/");
        assert_eq!(take(&client(), &url, ProbeMeasure::Up, None, None, now).await, Ok(0.0));
        let refused = format!("cannot connect to 127.0.0.1:{port}: Connection refused");
        assert_eq!(take(&client(), &url, ProbeMeasure::Latency, None, None, now).await, error(&refused));
    }

    #[tokio::test]
    async fn of_several_the_worst_counts() {
        let now = Timestamp::UNIX_EPOCH;
        let well = Server::start(|_| Reply::ok("")).await;
        let other = Server::start(|_| Reply::ok("")).await;
        let sick = Server::start(|_| Reply::text("503 Service Unavailable", "")).await;
        let silent = Server::start(|_| Reply::Silence).await;
        let probe = async |measure, servers: [&Server; 2]| {
            let urls = servers.map(|server| server.url("/"));
            let asks = Asks { measure, status: None, body: None };
            let taken = super::take(&asks, &urls, Duration::from_millis(500), &client(), now).await;
            for (server, (name, _)) in servers.iter().zip(&taken.parts) {
                assert_eq!(*name, format!("127.0.0.1:{}", server.port()));
            }
            (taken.whole, taken.parts.into_iter().map(|(_, part)| part).collect::<Vec<_>>())
        };
        let number = |number| Ok((None, number));
        for (servers, least, parts) in [
            ([&well, &other], number(1.0), vec![number(1.0), number(1.0)]),
            ([&well, &sick], number(0.0), vec![number(1.0), number(0.0)]),
            ([&silent, &well], number(0.0), vec![number(0.0), number(1.0)]),
        ] {
            assert_eq!(probe(ProbeMeasure::Up, servers).await, (least, parts));
        }
        let (most, parts) = probe(ProbeMeasure::Latency, [&well, &other]).await;
        let each: Vec<f64> = parts.into_iter().map(|part| part.unwrap().1).collect();
        assert_eq!(most, number(each[0].max(each[1])));
        for (server, why) in [(&sick, "HTTP status 503 Service Unavailable"), (&silent, "no answer in time")] {
            let (whole, parts) = probe(ProbeMeasure::Latency, [&well, server]).await;
            let line = format!("1 of 2 endpoints fails: 127.0.0.1:{}: {why}", server.port());
            assert_eq!(whole, Err(Unknown::Error(line)));
            assert!(parts[0].is_ok());
        }
        let (whole, _) = probe(ProbeMeasure::CertificateDays, [&well, &other]).await;
        assert_eq!(whole, Err(Unknown::Error("there is no certificate: not HTTPS".into())));
    }

    #[tokio::test]
    async fn what_cannot_be_asked() {
        let now = Timestamp::UNIX_EPOCH;
        let server = Server::start(|_| Reply::ok("")).await;
        let url = server.url("/");
        for measure in [ProbeMeasure::Up, ProbeMeasure::Latency] {
            let no_url = take(&client(), "hunter2", measure, None, None, now).await;
            assert_eq!(no_url, error("the request cannot be made: relative URL without a base"));
            let pattern = take(&client(), &url, measure, None, Some("("), now).await;
            assert!(matches!(pattern, Err(Unknown::Error(why)) if why.starts_with("the body's pattern is wrong")));
        }
        let plain = take(&client(), &url, ProbeMeasure::CertificateDays, None, None, now).await;
        assert_eq!(plain, error("there is no certificate: not HTTPS"));
    }

    #[test]
    fn certificates() {
        assert_eq!(not_after(b"no certificate"), Err(Unknown::Error("the certificate cannot be read".into())));
        let now = Timestamp::from_second(1_000_000).unwrap();
        for (later, expected) in [(0, 0.0), (86_400 * 30, 30.0), (-43_200, -0.5)] {
            assert_eq!(days(1_000_000 + later, now), expected);
        }
    }
}
