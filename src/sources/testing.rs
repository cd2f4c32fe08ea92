//! A small HTTP server on loopback for the tests of sources: it says what it is told to, however wrong.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinHandle,
};

use super::{Context, http::http_client};
use crate::plan::{Signal, Source};

/// What the server answers.
pub(crate) enum Reply {
    /// These bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// Nothing, for ever.
    Silence,
}

impl Reply {
    /// A whole answer; further header lines may follow the status.
    pub(crate) fn text(status: &str, body: &str) -> Self {
        Self::Raw(format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes())
    }

    pub(crate) fn ok(body: &str) -> Self {
        Self::text("200 OK", body)
    }
}

/// A server that stops when it is dropped.
pub(crate) struct Server {
    port: u16,
    task: JoinHandle<()>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts one; the function sees each request whole, from its first line to the end of its body.
    pub(crate) async fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(answer);
        let seen = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                tokio::spawn(async move { serve(stream, &*answer, &seen).await });
            }
        });
        Self { port, task, requests }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A port that refuses connections, and is kept from everyone else.
pub(crate) struct ClosedPort(TcpSocket);

impl ClosedPort {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        Self(socket)
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }
}

async fn serve(mut stream: TcpStream, answer: &(impl Fn(&str) -> Reply + Sync), seen: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend_from_slice(&buffer[..count]),
        }
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        if body.len() < length.unwrap_or(0) {
            continue;
        }
        seen.lock().unwrap().push(text.clone());
        match answer(&text) {
            Reply::Raw(bytes) => {
                // A client may have heard enough before all is said.
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
            }
            Reply::Silence => std::future::pending().await,
        }
        return;
    }
}

pub(crate) fn client() -> reqwest::Client {
    http_client().unwrap()
}

pub(crate) fn context() -> Context {
    Context { http: client(), folder: std::env::temp_dir(), env: Vec::new(), started: jiff::Timestamp::UNIX_EPOCH }
}

pub(crate) fn signal(source: Source) -> Signal {
    Signal { samples: 1, confirm: 1, ..Signal::of(source) }
}
