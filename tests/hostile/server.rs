//! An HTTP server on loopback that answers as badly as it is told to.

use std::sync::Arc;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What it answers.
pub(crate) enum Answer {
    /// A whole answer with this content type and body.
    Body(&'static str, Vec<u8>),
    /// These bodies, one after the other.
    InTurn(Vec<&'static str>),
    /// These bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// With this line in its head, this again and again without an end.
    Endless(&'static str, &'static str),
    /// A head without an end.
    EndlessHeaders,
    /// A head, this, and then nothing more, while the connection stays.
    Drip(&'static str),
}

/// A server that stops when it is dropped.
pub(crate) struct Server {
    port: u16,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = Arc::new(answer);
        let task = tokio::spawn(async move {
            for nth in 0.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                let answer = Arc::clone(&answer);
                // A client may have heard enough before all is said.
                tokio::spawn(async move { say(stream, &answer, nth).await.unwrap_or(()) });
            }
        });
        Self { port, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/metrics", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn say(mut stream: TcpStream, answer: &Answer, nth: usize) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    match answer {
        Answer::Body(content_type, body) => whole(&mut stream, content_type, body).await?,
        Answer::InTurn(bodies) => {
            let body = bodies.get(nth).copied().unwrap_or_default();
            whole(&mut stream, "text/plain", body.as_bytes()).await?;
        }
        Answer::Raw(bytes) => stream.write_all(bytes).await?,
        Answer::Endless(line, piece) => {
            stream.write_all(format!("HTTP/1.1 200 OK\r\n{line}\r\n").as_bytes()).await?;
            let piece = piece.repeat(16_384);
            loop {
                stream.write_all(piece.as_bytes()).await?;
            }
        }
        Answer::EndlessHeaders => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
            loop {
                stream.write_all(b"x: all is well\r\n").await?;
            }
        }
        Answer::Drip(piece) => {
            stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{piece}").as_bytes()).await?;
            std::future::pending::<()>().await;
        }
    }
    stream.shutdown().await
}

async fn whole(stream: &mut TcpStream, content_type: &str, body: &[u8]) -> std::io::Result<()> {
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await
}
