//! The HTTP client that sources and checks share, and what goes wrong with HTTP in words that give away no secret.

use std::{error::Error, io, time::Duration};

use reqwest::{Client, Response, Url, redirect::Policy};

use crate::text;

/// How many redirects are followed.
const REDIRECTS: usize = 3;
/// How long it may take to connect.
const CONNECT: Duration = Duration::from_secs(5);

/// HTTP cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("HTTP cannot be set up: {0}")]
pub struct HttpError(String);

/// Makes the client. That reads the platform's root certificates, which takes some milliseconds, so whoever starts quickly
/// does it later, once.
///
/// # Errors
/// Where TLS cannot be set up.
pub fn http_client() -> Result<Client, HttpError> {
    // reqwest takes TLS's cryptography from the process's default. That one is already set is no error: there is only one.
    let _already_set = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        Client::builder()
            .user_agent(concat!("flightdeck/", env!("CARGO_PKG_VERSION")))
            .no_proxy() // a signal on loopback must not be read through somebody's proxy
            .redirect(Policy::limited(REDIRECTS))
            .referer(false) // an address may hold a token
            .connect_timeout(CONNECT)
            // Each request connects anew: a probe is to find out whether one can and which certificate is shown now, and a
            // connection kept from the last sampling may break for no other reason than its age.
            .pool_max_idle_per_host(0)
            .tls_info(true)
    };
    builder()
        .build()
        // A machine without root certificates trusts no HTTPS server, and may well use HTTP.
        .or_else(|_| builder().tls_certs_only(std::iter::empty()).build())
        .map_err(|error| HttpError(explain(&error)))
}

/// A URL as it may be shown: without user, password, query and fragment.
#[must_use]
pub fn redact(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else { return "an invalid URL".to_owned() };
    // Both only fail where there is no user or password to begin with.
    let _no_password = url.set_password(None);
    let _no_user = url.set_username("");
    url.set_query(None);
    url.set_fragment(None);
    text::line(url.as_str(), super::ERROR_LENGTH)
}

/// What went wrong, in one line without secrets: of the URL only the host and port.
pub(crate) fn explain(error: &reqwest::Error) -> String {
    let place = error.url().and_then(|url| {
        let host = url.host_str()?;
        Some(url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    });
    let place = place.as_deref().unwrap_or("the server");
    let what = if error.is_timeout() {
        return text::line(&format!("{place} did not answer in time"), super::ERROR_LENGTH);
    } else if error.is_redirect() {
        return text::line(&format!("{place} redirects more than {REDIRECTS} times"), super::ERROR_LENGTH);
    } else if error.is_builder() {
        "the request cannot be made".to_owned()
    } else if error.is_connect() {
        format!("cannot connect to {place}")
    } else if error.is_body() || error.is_decode() {
        format!("the answer of {place} broke off")
    } else {
        format!("{place} gave no answer")
    };
    let mut cause = None;
    let mut next = error.source();
    while let Some(error) = next {
        cause = Some(error);
        next = error.source();
    }
    let line = match cause {
        None => what,
        Some(cause) => {
            let cause = cause.to_string();
            let cause = cause.split_once(" (os error").map_or(cause.as_str(), |(cause, _)| cause);
            format!("{what}: {cause}")
        }
    };
    text::line(&line, super::ERROR_LENGTH)
}

/// When the certificate that a connection was refused for expired, in seconds since 1970.
pub(crate) fn expired_certificate(error: &(dyn Error + 'static)) -> Option<i64> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(rustls::Error::InvalidCertificate(rustls::CertificateError::ExpiredContext { not_after, .. })) =
            error.downcast_ref()
        {
            return i64::try_from(not_after.as_secs()).ok();
        }
        // An I/O error names what its content was caused by, not its content.
        if let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            return expired_certificate(inner);
        }
        next = error.source();
    }
    None
}

/// An answer's body up to a limit, and whether that was all of it.
pub(crate) async fn read(response: &mut Response, limit: usize) -> reqwest::Result<(Vec<u8>, bool)> {
    let mut body = Vec::new();
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => return Ok((body, true)),
            // An error in the middle of a body does not know where the body came from.
            Err(error) => return Err(error.with_url(response.url().clone())),
        };
        let room = limit.saturating_sub(body.len());
        body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if chunk.len() > room {
            return Ok((body, false));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::{ClosedPort, Reply, Server};

    #[test]
    fn redacts() {
        for (url, expected) in [
            ("https://user:hunter2@example.com/p?token=hunter2#hunter2", "https://example.com/p"),
            ("https://hunter2@example.com:8443", "https://example.com:8443/"),
            ("http://127.0.0.1:9090/prom/", "http://127.0.0.1:9090/prom/"),
            ("hunter2", "an invalid URL"),
            ("unix:hunter2", "unix:hunter2"),
        ] {
            assert_eq!(redact(url), expected);
        }
    }

    #[tokio::test]
    async fn explains_without_secrets() {
        let http = http_client().unwrap();
        let refusing = ClosedPort::new();
        let closed = refusing.port();
        let looping = Server::start(|_| Reply::text("302 Found\r\nlocation: /again", "")).await;
        let cut = Server::start(|_| Reply::Raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".into())).await;
        let garbage = Server::start(|_| Reply::Raw("SSH-2.0-OpenSSH_9.2\r\n".into())).await;
        for (url, expected) in [
            (
                format!("http://me:hunter2@127.0.0.1:{closed}/?hunter2"),
                format!("cannot connect to 127.0.0.1:{closed}: Connection refused"),
            ),
            (looping.url("/hunter2"), format!("127.0.0.1:{} redirects more than 3 times", looping.port())),
            ("hunter2".to_owned(), "the request cannot be made: relative URL without a base".to_owned()),
            ("ftp://127.0.0.1/hunter2".to_owned(), "the request cannot be made: URL scheme is not allowed".to_owned()),
            (garbage.url("/"), format!("127.0.0.1:{} gave no answer: invalid HTTP version parsed", garbage.port())),
        ] {
            let error = http.get(&url).send().await.unwrap_err();
            assert_eq!(explain(&error), expected, "{error:?}");
        }
        let mut response = http.get(cut.url("/")).send().await.unwrap();
        let error = explain(&read(&mut response, 1000).await.unwrap_err());
        assert!(error.starts_with(&format!("the answer of 127.0.0.1:{} broke off: ", cut.port())), "{error}");
    }

    #[tokio::test]
    async fn reads_no_more_than_it_may() {
        let http = http_client().unwrap();
        let server = Server::start(|_| Reply::text("200 OK", &"x".repeat(100_000))).await;
        for (limit, length, whole) in [(100_000, 100_000, true), (99_999, 99_999, false), (10, 10, false)] {
            let mut response = http.get(server.url("/")).send().await.unwrap();
            let (body, all) = read(&mut response, limit).await.unwrap();
            assert_eq!((body.len(), all), (length, whole));
        }
    }

    #[test]
    fn finds_when_a_certificate_expired() {
        use rustls::pki_types::UnixTime;
        let expired = rustls::Error::InvalidCertificate(rustls::CertificateError::ExpiredContext {
            time: UnixTime::since_unix_epoch(Duration::from_secs(200)),
            not_after: UnixTime::since_unix_epoch(Duration::from_secs(100)),
        });
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, expired));
        assert_eq!(expired_certificate(&wrapped), Some(100));
        assert_eq!(expired_certificate(&io::Error::other("else")), None);
    }
}
