//! Requests to one site, one after the other: never two at once, never faster than the pace, and not
//! for ever.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use platform::{Spawner, SystemClock, TcpConnector};
use tls::{HANDSHAKE_TIMEOUT, Roots, TlsConnector};
use tokio::time::{Instant, sleep, sleep_until};
use transport::{
    HeaderMap, HttpClient, HttpConfig, HttpError, HttpRequest, HttpResponse, Method, header,
    retry_after,
};

use super::say;
use crate::commands::trade::{ROOTS_BYTES_MAX, bytes};
use crate::url::Url;

/// Shortest pace that is polite to anybody.
const PACE_MIN: Duration = Duration::from_millis(10);
/// Longest pace that makes sense.
const PACE_MAX: Duration = Duration::from_mins(1);
/// Attempts of one request.
const TRIES_MAX: u32 = 6;
/// Longest wait for another attempt, unless the site asks for more.
const RETRY_WAIT_MAX: Duration = Duration::from_mins(1);
/// Longest wait that a site may ask for.
const ASKED_WAIT_MAX: Duration = Duration::from_mins(10);
/// Largest part of a file that is asked for at once: below the HTTP client's limit of a body.
pub(super) const PART_BYTES: u64 = 4 * 1024 * 1024;

/// Reads the address of a site, which is asked by HTTP.
pub(super) fn site(text: &str) -> anyhow::Result<Url> {
    let is_web = ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme));
    Url::parse(text).filter(|_| is_web).ok_or_else(|| {
        anyhow!("--base-url: expected an address like http://host:8080, found `{text}`")
    })
}

/// The public authorities, and the certificates of a file.
pub(super) fn roots(file: Option<&Path>) -> anyhow::Result<Roots> {
    let mut roots = Roots::public();
    if let Some(path) = file {
        let place = || format!("--roots {}", path.display());
        let pem = bytes(path, "a file with certificates", ROOTS_BYTES_MAX).with_context(place)?;
        roots.add_pem(&pem).with_context(place)?;
    }
    Ok(roots)
}

/// How often a site is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manners {
    /// Least time from the beginning of one request to that of the next.
    pace: Duration,
}

impl Manners {
    pub(super) fn new(pace: Duration) -> anyhow::Result<Self> {
        if (PACE_MIN..=PACE_MAX).contains(&pace) {
            return Ok(Self { pace });
        }
        let [min, max] = [PACE_MIN, PACE_MAX].map(scenario::format_duration);
        bail!("--pace: expected {min} to {max}, found {}", scenario::format_duration(pace))
    }

    /// Twice the pace, then twice as long each time.
    fn retry_wait(self, failures: u32) -> Duration {
        let wait = self.pace.saturating_mul(1 << failures.min(16));
        wait.min(RETRY_WAIT_MAX)
    }
}

/// A client of one site.
#[derive(Debug)]
pub(super) struct Web {
    http: HttpClient,
    /// Host and path in front of every request.
    site: Url,
    manners: Manners,
    next_at: Instant,
}

/// What an answer means to whoever asked.
pub(super) enum Verdict<T> {
    /// It is what was asked for.
    Good(T),
    /// The site wants to be asked again later, and why.
    Again(String),
}

impl Web {
    pub(super) fn new(
        site: Url,
        roots: Roots,
        manners: Manners,
        spawner: Spawner,
    ) -> anyhow::Result<Self> {
        let (plain, clock) = (Arc::new(TcpConnector), Arc::new(SystemClock));
        let connector = TlsConnector::new(plain, roots, clock, HANDSHAKE_TIMEOUT);
        let http = HttpClient::new(Arc::new(connector), &HttpConfig::default(), spawner)?;
        Ok(Self { http, site, manners, next_at: Instant::now() })
    }

    /// Asks until an answer is good, at most [`TRIES_MAX`] times.
    ///
    /// `judge` sees answers with the status 200, 206, 404 and 416; too many requests and faults of the
    /// site are asked again, everything else is an error. So is an answer that is too large: it would be as
    /// large the next time.
    pub(super) async fn get<T>(
        &mut self,
        path: &str,
        range: Option<(u64, u64)>,
        mut judge: impl FnMut(HttpResponse) -> anyhow::Result<Verdict<T>>,
    ) -> anyhow::Result<T> {
        let mut failures = 0;
        loop {
            let (why, asked) = match self.once(path, range).await {
                Ok(answer) if matches!(answer.status, 200 | 206 | 404 | 416) => {
                    match judge(answer)? {
                        Verdict::Good(good) => return Ok(good),
                        Verdict::Again(why) => (why, None),
                    }
                }
                Ok(answer) if matches!(answer.status, 408 | 418 | 425 | 429 | 500..) => {
                    (format!("status {}", answer.status), retry_after(&answer.headers, None))
                }
                Ok(answer) => bail!("{path}: expected an answer, found status {}", answer.status),
                Err(error) => match error.downcast_ref() {
                    Some(HttpError::BodyTooLarge { limit }) => {
                        bail!(too_large(path, range, *limit))
                    }
                    _ => (format!("{error:#}"), None),
                },
            };
            failures += 1;
            if failures == TRIES_MAX {
                bail!("{path}: no answer after {TRIES_MAX} attempts: {why}");
            }
            let wait = asked.map_or(self.manners.retry_wait(failures), |asked| {
                asked.clamp(self.manners.pace, ASKED_WAIT_MAX)
            });
            say(&format!("{path}: {why}; again in {}", scenario::format_duration(wait)))?;
            sleep(wait).await;
        }
    }

    async fn once(
        &mut self,
        path: &str,
        range: Option<(u64, u64)>,
    ) -> anyhow::Result<HttpResponse> {
        sleep_until(self.next_at).await;
        self.next_at = Instant::now() + self.manners.pace;
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, header::HeaderValue::from_static("wavetank"));
        if let Some((start, end)) = range {
            let range = format!("bytes={start}-{end}");
            headers.insert(header::RANGE, range.parse().context("a range of bytes")?);
        }
        let path_and_query = format!("{}{path}", self.site.path);
        let body = Vec::new().into();
        let request = HttpRequest { method: Method::GET, path_and_query, headers, body };
        let permit = self.http.acquire(&self.site.endpoint).await?;
        Ok(self.http.send(permit, request).await?)
    }
}

/// What there is to say of an answer that is larger than `limit` bytes.
fn too_large(path: &str, range: Option<(u64, u64)>, limit: usize) -> String {
    match range {
        Some((start, end)) => format!(
            "{path}: expected bytes {start} to {end}, found more than {limit} bytes: the site ignores `Range` and \
             gives whole files; expected --base-url of a site that gives parts, or the file in the folder of --out, \
             fetched by another program: it is verified there"
        ),
        None => format!("{path}: expected an answer of at most {limit} bytes, found a larger one"),
    }
}
