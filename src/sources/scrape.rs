//! A scraped page as a source, for people without a Prometheus server; or several pages, of instances that are measured
//! together.

use std::{sync::Arc, time::Duration};

use reqwest::{
    Client,
    header::{ACCEPT, CONTENT_TYPE},
};

use super::{
    endpoints::{self, Taken},
    exposition::{self, Format},
    http,
    measure::{Asks, Histories, measure},
    picked::{Picked, Wanted},
};
use crate::health::Unknown;

/// A page longer than this is read beside the thread that everything else runs on, so that the screen stays fluid.
const LONG: usize = 256 * 1024;

/// Scrapes the pages, all at the same time and each within the limit, and computes the measure. A sample has the time of its
/// scrape, unless the page has one for it.
pub(super) async fn take(asks: &Asks<'_>, urls: &[String], limit: Duration, client: &Client, histories: &mut Histories) -> Taken {
    let wanted = match Wanted::new(asks.measure) {
        Ok(wanted) => Arc::new(wanted),
        Err(why) => return Taken::from(Err(why)),
    };
    let late = || Err(Unknown::Error("no answer in time".to_owned()));
    let pages = endpoints::ask(urls.iter().map(|url| scrape(client, url, &wanted)).collect(), limit, late).await;
    let now = tokio::time::Instant::now().into_std();
    measure(asks, &wanted, &endpoints::names(urls), pages, now, histories)
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
            error("line 1 of the page: a metric's name is missing"),
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
    async fn several(measure: &Measure, urls: &[String], histories: &mut Histories) -> Taken {
        let asks = Asks { measure, window: Duration::from_secs(30), every: Duration::from_secs(5), percent: false };
        take(&asks, urls, Duration::from_millis(500), &context().http, histories).await
    }

    #[tokio::test]
    async fn several_endpoints() {
        let one = Server::start(|_| Reply::ok("g 1\n")).await;
        let two = Server::start(|_| Reply::ok("g 2 4000000\n")).await;
        let urls = [one.url("/metrics"), two.url("/metrics")];
        let at = jiff::Timestamp::from_second(4000).ok();
        let taken = several(&Measure::Value("g".into()), &urls, &mut Histories::default()).await;
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
        let taken = several(&gauge, &[answers.url("/"), refusing.clone()], &mut Histories::default()).await;
        assert_eq!(taken.whole, Err(error(format!("1 of 2 endpoints fails: {refused}"))));
        assert_eq!(taken.parts[0].1, Ok((None, 1.0)));
        assert_eq!(taken.parts[1].1, Err(error(refused)));

        let taken = several(&gauge, &[silent.url("/"), answers.url("/")], &mut Histories::default()).await;
        let late = format!("1 of 2 endpoints fails: 127.0.0.1:{}: no answer in time", silent.port());
        assert_eq!(taken.whole, Err(error(late)));
        assert_eq!(taken.parts[1].1, Ok((None, 1.0)));
    }

    #[tokio::test]
    async fn pages_too_large() {
        let server = Server::start(|_| Reply::ok(&"#".repeat(exposition::PAGE + 1))).await;
        let taken = several(&Measure::Value("g".into()), &[server.url("/")], &mut Histories::default()).await;
        assert_eq!(taken.whole, Err(Unknown::Error("the page is longer than 8 MiB".into())));
    }
}
