//! A farm of hosts on the loopback interface, each at an address of its own, and a clock
//! that runs faster than the sun. Shared with the benchmark of that name.

#![allow(dead_code)] // Neither the stories nor the benchmark use all of it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use policywatch::clock::Clock;
use policywatch::guard::Allowed;
use policywatch::http::{Addresses, Lookup};
use policywatch::time::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How a host behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Answers at once.
    Well,
    /// Answers after so long, by the clock on the wall.
    Slow(Duration),
    /// Answers 500.
    Failing,
    /// Hangs up without a word.
    Broken,
}

/// One request for a page, as the server saw it begin.
#[derive(Clone, Debug)]
pub struct Seen {
    pub at: Instant,
    pub host: usize,
    pub path: String,
}

/// The hosts, and what they were asked.
#[derive(Clone)]
pub struct Farm {
    pub hosts: Vec<(SocketAddr, Kind)>,
    seen: Arc<Mutex<Vec<Seen>>>,
    news: Arc<tokio::sync::Notify>,
}

impl Farm {
    /// Starts so many hosts.
    pub async fn start(hosts: usize, kind: impl Fn(usize) -> Kind) -> Self {
        let mut farm = Self { hosts: Vec::new(), seen: Arc::default(), news: Arc::default() };
        for host in 0..hosts {
            let listener = TcpListener::bind((address(host), 0)).await.expect("an address of the loopback interface");
            let kind = kind(host);
            farm.hosts.push((listener.local_addr().expect("its address"), kind));
            let farm = farm.clone();
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(farm.clone().serve(stream, host, kind));
                }
            });
        }
        farm
    }

    /// What was asked, in order, `robots.txt` left out.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("nobody panics with it").clone()
    }

    /// What lets a fetcher reach them: by name, since their ports are not those of web pages.
    pub fn allowed(&self) -> Vec<Allowed> {
        allowed(self.hosts.len())
    }

    /// Waits until so many pages were asked for.
    pub async fn until_seen(&self, pages: usize) {
        loop {
            let news = self.news.notified();
            if self.seen.lock().expect("nobody panics with it").len() >= pages {
                return;
            }
            news.await;
        }
    }

    async fn serve(self, mut stream: TcpStream, host: usize, kind: Kind) {
        let (mut head, mut piece) = (Vec::new(), [0; 2048]);
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read(&mut piece).await {
                Ok(0) | Err(_) => return,
                Ok(read) => head.extend_from_slice(&piece[..read]),
            }
        }
        let at = Instant::now();
        let head = String::from_utf8_lossy(&head);
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let robots = path == "/robots.txt";
        if !robots {
            self.seen.lock().expect("nobody panics with it").push(Seen { at, host, path: path.clone() });
            self.news.notify_waiters();
        }
        let (status, body) = match kind {
            _ if robots => ("404 Not Found", String::new()),
            Kind::Well => ("200 OK", page(host, &path)),
            Kind::Slow(after) => {
                tokio::time::sleep(after).await;
                ("200 OK", page(host, &path))
            }
            Kind::Failing => ("500 Internal Server Error", "<h1>Internal Server Error</h1>".to_owned()),
            Kind::Broken => return,
        };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n{body}"
        );
        // Who was killed does not read it.
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}

/// The address of a host.
fn address(host: usize) -> Ipv4Addr {
    let [high, low] = u16::try_from(host).expect("so many hosts").to_be_bytes();
    Ipv4Addr::new(127, 40 + high, low, 1)
}

/// The name of a host, to which [`Names`] knows the address.
pub fn name(host: usize) -> String {
    format!("h{host}.farm.test")
}

/// What lets a fetcher reach so many hosts.
pub fn allowed(hosts: usize) -> Vec<Allowed> {
    (0..hosts).map(|host| Allowed::Host(name(host))).collect()
}

/// A resolver in memory, which knows the hosts of a farm.
pub struct Names;

impl Lookup for Names {
    fn lookup(&self, host: &str) -> Addresses {
        let number = host.strip_prefix('h').and_then(|rest| rest.strip_suffix(".farm.test")?.parse().ok());
        Box::pin(async move {
            number.map(|host| vec![IpAddr::V4(address(host))]).ok_or_else(|| std::io::ErrorKind::NotFound.into())
        })
    }
}

/// A privacy policy of some length.
fn page(host: usize, path: &str) -> String {
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><title>Privacy Policy</title></head><body><main>\
         <h1>Privacy Policy of company {host}</h1><p>This policy explains how we handle the personal data of people \
         who use the service at {path}. It applies in every country where we offer it.</p>"
    );
    for chapter in 1..=12 {
        html.push_str(&format!(
            "<h2>{chapter}. Chapter {chapter}</h2><p>We collect the name and the e-mail address that you give us when \
             you open an account, and keep them for {chapter} years. We do not sell your personal data to anyone.</p>\
             <p>You can ask us for a copy of your data, ask us to correct it, and ask us to delete it. Write to \
             privacy@h{host}.test and we will answer within {} days. Our processors receive no more than they need.</p>",
            chapter + 20
        ));
    }
    html + "</main></body></html>"
}

/// A clock that runs so many times as fast as the system's; several processes can share it.
#[derive(Clone, Copy, Debug)]
pub struct FastClock {
    /// When it showed the same as the system's, in milliseconds since 1970.
    pub set_at: i64,
    /// How many times as fast it runs.
    pub times: u32,
}

impl FastClock {
    /// One that is set now.
    pub fn new(times: u32) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
        Self { set_at: now.as_millis() as i64, times }
    }

    /// Where it began.
    pub fn began(&self) -> Timestamp {
        Timestamp::from_timestamp_millis(self.set_at).expect("a time")
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        let passed = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
        let passed = passed.as_micros() as i64 - self.set_at * 1000;
        self.began() + chrono::Duration::microseconds(passed * i64::from(self.times))
    }

    async fn sleep_until(&self, until: Timestamp) {
        while let Ok(left) = (until - self.now()).to_std() {
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left / self.times).await;
        }
    }
}

/// The shortest time between two requests for pages of each host, where there were two.
pub fn shortest_gaps(seen: &[Seen]) -> BTreeMap<usize, Duration> {
    let (mut last, mut shortest) = (BTreeMap::<usize, Instant>::new(), BTreeMap::new());
    for one in seen {
        if let Some(before) = last.insert(one.host, one.at) {
            let gap = one.at.saturating_duration_since(before);
            let known = shortest.entry(one.host).or_insert(gap);
            *known = gap.min(*known);
        }
    }
    shortest
}
