//! A light HTTP/1.1 client with connections kept alive: what the balancer and the load generator speak through.
//!
//! It is made for many small requests to one loopback server, cheap enough not to disturb what is measured. Heads and bodies are
//! bounded; an answer in chunks, which none of the sandbox's servers gives, is refused.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::SandboxError;

/// The longest head of an answer.
const HEAD_LIMIT: u64 = 16 * 1024;
/// The longest body of an answer.
const BODY_LIMIT: usize = 1024 * 1024;
/// How many idle connections are kept.
const MOST_IDLE: usize = 64;
/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A client of one server.
#[derive(Debug)]
pub(crate) struct Client {
    address: SocketAddr,
    host: String,
    idle: Mutex<Vec<BufReader<TcpStream>>>,
}

/// Why there is no answer, and whether the server can have seen the request.
struct Failure {
    why: io::Error,
    unanswered: bool,
}

impl Client {
    /// Of the server at an address.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, host: address.to_string(), idle: Mutex::default() }
    }

    /// Of the server that a URL names, and the path it names there.
    pub(crate) async fn for_url(url: &str) -> Result<(Self, String), SandboxError> {
        let refuse = |why: &str| SandboxError::Url { url: crate::text::line(url, 200), why: why.to_owned() };
        let parsed = reqwest::Url::parse(url).map_err(|error| refuse(&error.to_string()))?;
        if parsed.scheme() != "http" {
            return Err(refuse("only http is spoken here"));
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(SandboxError::Url { url: "the URL".to_owned(), why: "a user or password has no use here".to_owned() });
        }
        let host = parsed.host_str().ok_or_else(|| refuse("it names no host"))?;
        let port = parsed.port_or_known_default().unwrap_or(80);
        // An IPv6 address stands in brackets in a URL, and without them where it is looked up.
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let address = tokio::net::lookup_host((name, port))
            .await
            .map_err(|error| refuse(&error.to_string()))?
            .next()
            .ok_or_else(|| refuse("its host has no address"))?;
        let mut path = parsed.path().to_owned();
        if let Some(query) = parsed.query() {
            path.push('?');
            path.push_str(query);
        }
        Ok((Self { address, host: format!("{host}:{port}"), idle: Mutex::default() }, path))
    }

    /// A GET.
    pub(crate) async fn get(&self, path: &str) -> io::Result<Reply> {
        self.send("GET", path, &[], &[]).await
    }

    /// Sends a request and reads the whole answer. A kept connection that turns out closed before it answered anything is
    /// replaced by a new one, once, where the method may be repeated.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Reply> {
        let request = self.request(method, path, headers, body);
        let repeatable = matches!(method, "GET" | "HEAD" | "PUT" | "DELETE" | "OPTIONS");
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(kept) = kept {
            match self.exchange(kept, method, &request).await {
                Ok(reply) => return Ok(reply),
                Err(failure) if failure.unanswered && repeatable => {}
                Err(failure) => return Err(failure.why),
            }
        }
        let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect(self.address)).await.map_err(io::Error::from)??;
        stream.set_nodelay(true)?;
        self.exchange(BufReader::new(stream), method, &request).await.map_err(|failure| failure.why)
    }

    fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.host);
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if !body.is_empty() {
            let _ = write!(head, "content-length: {}\r\n", body.len());
        }
        head.push_str("\r\n");
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        request
    }

    async fn exchange(&self, mut stream: BufReader<TcpStream>, method: &str, request: &[u8]) -> Result<Reply, Failure> {
        let unanswered = |why| Failure { why, unanswered: true };
        stream.write_all(request).await.map_err(unanswered)?;
        let begun = stream.fill_buf().await.map_err(unanswered)?;
        if begun.is_empty() {
            return Err(unanswered(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed without an answer")));
        }
        let (reply, reusable) = read(&mut stream, method).await.map_err(|why| Failure { why, unanswered: false })?;
        if reusable {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < MOST_IDLE {
                idle.push(stream);
            }
        }
        Ok(reply)
    }
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Reads an answer, and whether the connection may be used again.
async fn read(stream: &mut BufReader<TcpStream>, method: &str) -> io::Result<(Reply, bool)> {
    let mut left = HEAD_LIMIT;
    let status_line = line(stream, &mut left).await?;
    let mut words = status_line.split(' ');
    let version = words.next().unwrap_or_default();
    let status: u16 = words.next().and_then(|code| code.parse().ok()).ok_or_else(|| invalid("no HTTP status line"))?;
    if !matches!(version, "HTTP/1.1" | "HTTP/1.0") || !(200..=599).contains(&status) {
        return Err(invalid("no HTTP/1.1 answer"));
    }
    let mut headers = Vec::new();
    let mut length = None;
    let mut reusable = version == "HTTP/1.1";
    loop {
        let header = line(stream, &mut left).await?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':').ok_or_else(|| invalid("a header without a colon"))?;
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
        match name.as_str() {
            "content-length" => length = Some(value.parse::<usize>().map_err(|_| invalid("a content-length that is no number"))?),
            "transfer-encoding" => return Err(invalid("an answer in chunks")),
            "connection" => reusable &= !value.eq_ignore_ascii_case("close"),
            _ => {}
        }
        headers.push((name, value));
    }
    let mut body = Vec::new();
    if method == "HEAD" || matches!(status, 204 | 304) {
        return Ok((Reply { status, headers, body }, reusable));
    }
    match length {
        Some(length) if length > BODY_LIMIT => return Err(invalid("a body longer than 1 MiB")),
        Some(length) => {
            body.resize(length, 0);
            stream.read_exact(&mut body).await?;
        }
        None => {
            reusable = false;
            let limit = u64::try_from(BODY_LIMIT).unwrap_or(u64::MAX).saturating_add(1);
            stream.take(limit).read_to_end(&mut body).await?;
            if body.len() > BODY_LIMIT {
                return Err(invalid("a body longer than 1 MiB"));
            }
        }
    }
    Ok((Reply { status, headers, body }, reusable))
}

/// One line of a head, without its end.
async fn line(stream: &mut BufReader<TcpStream>, left: &mut u64) -> io::Result<String> {
    let mut line = Vec::new();
    let read = stream.take(*left).read_until(b'\n', &mut line).await?;
    *left = left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
    if line.pop() != Some(b'\n') {
        return Err(if *left == 0 { invalid("a head longer than 16 KiB") } else { io::ErrorKind::UnexpectedEof.into() });
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map_err(|_| invalid("a head that is no text"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// What a client makes of what a server says before it closes.
    async fn told(said: &'static [u8]) -> io::Result<Reply> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let client = Client::new(listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(said).await;
            let _ = stream.shutdown().await;
        });
        let reply = client.get("/").await;
        server.await.unwrap();
        reply
    }

    #[tokio::test]
    async fn reads_answers_and_refuses_what_is_none() {
        let reply = told(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await.unwrap();
        assert_eq!((reply.status, reply.body.as_slice()), (200, b"hi".as_slice()));
        let reply = told(b"HTTP/1.0 500 Oh\r\n\r\nto the end").await.unwrap();
        assert_eq!((reply.status, reply.body.as_slice()), (500, b"to the end".as_slice()));
        for said in [
            b"".as_slice(),
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi",
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nhi",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            b"SSH-2.0-OpenSSH\r\n",
            b"HTTP/1.1 \xff\r\n\r\n",
        ] {
            assert!(told(said).await.is_err(), "{}", String::from_utf8_lossy(said));
        }
    }

    #[tokio::test]
    async fn refuses_urls_it_cannot_speak_to() {
        for url in ["", "shop", "https://127.0.0.1/", "ftp://127.0.0.1/", "http://user:secret@127.0.0.1/"] {
            let error = Client::for_url(url).await.unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        let (client, path) = Client::for_url("http://127.0.0.1:8080/a?b=c").await.unwrap();
        assert_eq!((client.address.port(), path.as_str()), (8080, "/a?b=c"));
    }
}
