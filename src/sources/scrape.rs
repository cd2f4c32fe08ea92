//! A scraped page as a source, for people without a Prometheus server; or several pages, of instances that are measured
//! together.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::{
    Client,
    header::{ACCEPT, CONTENT_TYPE},
};

use super::{
    endpoints::{self, Taken},
    exposition::{self, Format},
    http,
    measure::{Asks, Histories, look, measure},
    picked::{Picked, Wanted},
};
use crate::health::Unknown;

/// A page longer than this is read beside the thread that everything else runs on, so that the screen stays fluid:
/// 100,000 series on 6 MiB take some 70 ms to be read, and 200 ms more for their growth (`cargo bench --bench exposition`).
const LONG: usize = 64 * 1024;
/// The growth of more series than this is computed there too.
const MANY: usize = 1000;

/// Scrapes the pages, all at the same time and each within the limit, and computes the measure. A sample has the time of its
/// scrape, unless the page has one for it.
///
/// Dropped while growth is computed, it is computed all the same, and what has come is counted the next time.
pub(super) async fn take(
    asks: &Asks<'_>,
    urls: &[String],
    limit: Duration,
    client: &Client,
    histories: &Arc<Mutex<Histories>>,
) -> Taken {
    let wanted = match Wanted::new(asks.measure) {
        Ok(wanted) => Arc::new(wanted),
        Err(why) => return Taken::from(Err(why)),
    };
    let late = || Err(Unknown::Error("no answer in time".to_owned()));
    let pages = endpoints::ask(urls.iter().map(|url| scrape(client, url, &wanted)).collect(), limit, late).await;
    let now = tokio::time::Instant::now().into_std();
    let (terms, names) = (asks.terms(), endpoints::names(urls));
    let is_much = pages.iter().flatten().map(Picked::len).sum::<usize>() > MANY;
    if !is_much && let Ok(mut histories) = histories.try_lock() {
        return measure(terms, &wanted, &names, pages, now, &mut histories);
    }
    let (shared, asked) = (Arc::clone(histories), Arc::clone(&wanted));
    let looking = tokio::task::spawn_blocking(move || look(terms, &asked, &names, pages, now, &mut lock(&shared)));
    let taken = looking.await.unwrap_or_else(|_| Err(Unknown::Error("the growth could not be computed".to_owned())).into());
    // Whoever has looked before is done: it was waited for above.
    Taken { count: lock(histories).count(&wanted, &taken), ..taken }
}

fn lock(histories: &Mutex<Histories>) -> MutexGuard<'_, Histories> {
    // A page that is wrong leaves everything as it was.
    histories.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn scrape(client: &Client, url: &str, wanted: &Arc<Wanted>) -> Result<Picked, Unknown> {
    let failed = |error: reqwest::Error| Unknown::Error(http::explain(&error));
    let mut response = client.get(url).header(ACCEPT, exposition::ACCEPT).send().await.map_err(failed)?;
    if !response.status().is_success() {
        return Err(Unknown::Error(format!("HTTP status {}", response.status())));
    }
    // A header that is no text says nothing.
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let format = Format::of(content_type).map_err(|error| Unknown::Error(error.to_string()))?;
    let (body, whole) = http::read(&mut response, exposition::PAGE).await.map_err(failed)?;
    if !whole {
        return Err(Unknown::Error("the page is longer than 8 MiB".to_owned()));
    }
    if body.len() < LONG {
        return wanted.read(&body, format);
    }
    let wanted = Arc::clone(wanted);
    let reading = tokio::task::spawn_blocking(move || wanted.read(&body, format));
    reading.await.unwrap_or_else(|_| Err(Unknown::Error("the page could not be read".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        health::{Count, Value},
        plan::{Measure, Source},
        sources::{
            Memory, sample,
            testing::{ClosedPort, Reply, Server, context, signal},
        },
    };

    #[tokio::test]
    async fn over_http() {
        let count = std::sync::atomic::AtomicU32::new(0);
        let server = Server::start(move |_| {
            let count = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            match count {
                0 => Reply::ok("r{code=\"200\"} 100\nr{code=\"500\"} 3\n"),
                1 => Reply::text("503 Service Unavailable", ""),
                2 => Reply::ok("r{code=\"200\"} 103\nr{code=\"500\"} 4\n"),
                3 => Reply::ok("<html>\n"),
                _ => Reply::ok("g 5 1395066363000\n"),
            }
        })
        .await;
        let scrape = |measure| Source::Scrape {
            url: crate::plan::Endpoints::One(server.url("/metrics")),
            measure,
            window: crate::plan::Duration::from_secs(30),
        };
        let mut signal = signal(scrape(Measure::Ratio { of: "r{code=\"500\"}".into(), over: "r".into() }));
        signal.unit = "percent".into();
        let mut memory = Memory::default();
        let error = |why: &str| Value::Missing(Unknown::Error(why.into()));
        for expected in [
            Value::Missing(Unknown::NoData),
            error("HTTP status 503 Service Unavailable"),
            Value::Number(25.0),
            error("line 1 of the page: it is a web page, not metrics"),
        ] {
            let taken = sample(&signal, &context(), &mut memory).await;
            let count = matches!(expected, Value::Number(_)).then_some(Count { events: 1.0, trials: 4.0 });
            assert_eq!((taken.value, taken.count), (expected, count));
        }
        signal.source = scrape(Measure::Value("g".into()));
        let taken = sample(&signal, &context(), &mut memory).await;
        assert_eq!((taken.at.as_millisecond(), taken.value), (1_395_066_363_000, Value::Number(5.0)));
        assert!(
            server.requests()[0].contains("accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;"),
            "{}",
            server.requests()[0]
        );
    }

    /// A scrape of several, and what is remembered of them.
    async fn several(measure: &Measure, urls: &[String]) -> Taken {
        let asks = Asks { measure, window: Duration::from_secs(30), every: Duration::from_secs(5), percent: false };
        take(&asks, urls, Duration::from_millis(500), &context().http, &Arc::default()).await
    }

    #[tokio::test]
    async fn a_large_page_grows_too() {
        let count = std::sync::atomic::AtomicU32::new(0);
        let server = Server::start(move |_| {
            let more = 10 * count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let line = |nth: u32| format!("r{{code=\"{}\",nth=\"{nth}\"}} {}\n", if nth < 300 { 500 } else { 200 }, nth + more);
            Reply::ok(&(0..3000).map(line).collect::<String>())
        })
        .await;
        let source = Source::Scrape {
            url: crate::plan::Endpoints::One(server.url("/metrics")),
            measure: Measure::Ratio { of: "r{code=\"500\"}".into(), over: "r".into() },
            window: crate::plan::Duration::from_secs(30),
        };
        let signal = crate::plan::Signal { timeout: Some(crate::plan::Duration::from_secs(20)), ..signal(source) };
        let mut memory = Memory::default();
        let mut taken = Vec::new();
        for _ in 0..3 {
            taken.push(sample(&signal, &context(), &mut memory).await);
        }
        assert_eq!(taken[0].value, Value::Missing(Unknown::NoData));
        for taken in &taken[1..] {
            assert_eq!((&taken.value, taken.count), (&Value::Number(0.1), Some(Count { events: 3000.0, trials: 30_000.0 })));
        }
    }

    #[tokio::test]
    async fn several_endpoints() {
        let one = Server::start(|_| Reply::ok("g 1\n")).await;
        let two = Server::start(|_| Reply::ok("g 2 4000000\n")).await;
        let urls = [one.url("/metrics"), two.url("/metrics")];
        let at = jiff::Timestamp::from_second(4000).ok();
        let taken = several(&Measure::Value("g".into()), &urls).await;
        assert_eq!(
            taken,
            Taken {
                whole: Ok((at, 3.0)),
                count: None,
                parts: vec![
                    (format!("127.0.0.1:{}", one.port()), Ok((None, 1.0))),
                    (format!("127.0.0.1:{}", two.port()), Ok((at, 2.0))),
                ],
            }
        );
    }

    #[tokio::test]
    async fn a_partial_answer_is_not_the_whole() {
        let answers = Server::start(|_| Reply::ok("g 1\n")).await;
        let silent = Server::start(|_| Reply::Silence).await;
        let closed = ClosedPort::new();
        let refusing = format!("http://127.0.0.1:{}/metrics", closed.port());
        let error = |why: String| Unknown::Error(why);
        let gauge = Measure::Value("g".into());

        let refused = format!("cannot connect to 127.0.0.1:{}: Connection refused", closed.port());
        let taken = several(&gauge, &[answers.url("/"), refusing.clone()]).await;
        assert_eq!(taken.whole, Err(error(format!("1 of 2 endpoints fails: {refused}"))));
        assert_eq!(taken.parts[0].1, Ok((None, 1.0)));
        assert_eq!(taken.parts[1].1, Err(error(refused)));

        let taken = several(&gauge, &[silent.url("/"), answers.url("/")]).await;
        let late = format!("1 of 2 endpoints fails: 127.0.0.1:{}: no answer in time", silent.port());
        assert_eq!(taken.whole, Err(error(late)));
        assert_eq!(taken.parts[1].1, Ok((None, 1.0)));
    }

    #[tokio::test]
    async fn pages_too_large() {
        let server = Server::start(|_| Reply::ok(&"#".repeat(exposition::PAGE + 1))).await;
        let taken = several(&Measure::Value("g".into()), &[server.url("/")]).await;
        assert_eq!(taken.whole, Err(Unknown::Error("the page is longer than 8 MiB".into())));
    }
}
