//! A small HTTP/1.1 server on a free loopback port, which can end in two ways: politely, or as a crash does.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

/// How many connections one server serves at once; more wait to be accepted.
const MOST_CONNECTIONS: usize = 512;
/// How long requests under way may take once the server is asked to end.
const DRAIN: Duration = Duration::from_secs(1);
/// How long a connection may take to send a request's head, and so how long it may idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// What a server answers.
pub(crate) type Answer = Response<Full<Bytes>>;
/// What makes a server's answers.
pub(crate) type Handler = Arc<dyn Fn(Request<Incoming>) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// How a server stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It serves.
    Serving,
    /// It takes no more and answers what is under way.
    Drain,
    /// It is gone: its port is closed and its connections are cut, answered or not.
    Cut,
}

/// A running server. Dropped, it ends as a crash does.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    ending: watch::Sender<Ending>,
    task: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on a free loopback port. Whoever holds a clone of `ending` can end it.
    pub(crate) async fn start(ending: watch::Sender<Ending>, handler: Handler) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(serve(listener, handler, ending.subscribe()));
        Ok(Self { address, ending, task: Some(task) })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it serves.
    pub(crate) fn is_serving(&self) -> bool {
        *self.ending.borrow() == Ending::Serving
    }

    /// Answers what is under way, within a bound, and returns once the port is closed and every connection has ended.
    pub(crate) async fn stop(mut self) {
        // A crash that came first stays a crash.
        self.ending.send_if_modified(|ending| {
            let serving = *ending == Ending::Serving;
            if serving {
                *ending = Ending::Drain;
            }
            serving
        });
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

async fn ended(ending: &mut watch::Receiver<Ending>) {
    // An error means that every sender is gone, which ends it as well.
    let _ = ending.wait_for(|ending| *ending != Ending::Serving).await;
}

async fn serve(listener: TcpListener, handler: Handler, mut ending: watch::Receiver<Ending>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = ended(&mut ending) => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept(), if connections.len() < MOST_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&handler), ending.clone()));
                }
                // Out of descriptors, say: the next try comes when one may be free again.
                Err(_) => sleep(Duration::from_millis(20)).await,
            },
        }
    }
    drop(listener);
    if *ending.borrow() == Ending::Drain {
        let _ = timeout(DRAIN, async { while connections.join_next().await.is_some() {} }).await;
    }
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, handler: Handler, mut ending: watch::Receiver<Ending>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let answer = handler(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(32 * 1024)
            .serve_connection(TokioIo::new(stream), service)
    );
    // How a connection ended is the client's affair; the server goes on with the others.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = ended(&mut ending) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// An answer of one type.
pub(crate) fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// An answer in plain text.
pub(crate) fn text(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    answer(status, "text/plain; charset=utf-8", body)
}

/// The answer to a method that a page does not know.
pub(crate) fn method_not_allowed(allowed: &'static str) -> Answer {
    let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, format!("use {allowed}\n"));
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}
