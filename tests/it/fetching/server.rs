//! A loopback server that writes whatever bytes a test wants.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use policywatch::access::Access;
use policywatch::fetch::Request;
use policywatch::http::{Addresses, Lookup};
use policywatch::snapshot::Validators;
use policywatch::watch::{RobotsRule, Source};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// Asks for a page as it is now, whatever robots.txt says.
pub fn request(url: Url) -> Request {
    Request {
        url,
        source: Source::Live,
        at: None,
        validators: Validators::default(),
        language: None,
        robots: RobotsRule::Ignore,
        access: Access::default(),
        archives: Vec::new(),
    }
}

/// What the server does with a connection, one after the other; then it hangs up.
#[derive(Clone, Debug)]
pub enum Act {
    /// Writes these bytes.
    Send(Vec<u8>),
    /// Writes these bytes for ever.
    Endless(Vec<u8>),
    /// Is slow.
    Pause(std::time::Duration),
    /// Says nothing until the client goes away.
    Stall,
}

/// One request, as it came.
#[derive(Clone, Debug)]
pub struct Asked(pub String);

impl Asked {
    pub fn path(&self) -> &str {
        self.0.split(' ').nth(1).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.0.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

/// A server and what it was asked.
pub struct Server {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers every request, one a connection.
    pub async fn start(answer: impl Fn(&Asked) -> Vec<Act> + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0", answer).await
    }

    /// The same at another address of the loopback interface.
    pub async fn start_at(address: &str, answer: impl Fn(&Asked) -> Vec<Act> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&log), Arc::clone(&answer)));
            }
        });
        Self { address, asked }
    }

    pub fn url(&self, path: &str) -> url::Url {
        url::Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, log: Arc<Mutex<Vec<Asked>>>, answer: Arc<impl Fn(&Asked) -> Vec<Act>>) {
    let mut head = Vec::new();
    let mut piece = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(read) => head.extend_from_slice(&piece[..read]),
        }
        // A TLS greeting has no such end; whatever is answered is no TLS.
        if head[0] == 0x16 {
            break;
        }
    }
    let request = Asked(String::from_utf8_lossy(&head).into_owned());
    log.lock().unwrap().push(request.clone());
    for act in answer(&request) {
        match act {
            Act::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Act::Endless(bytes) => while stream.write_all(&bytes).await.is_ok() {},
            Act::Pause(time) => tokio::time::sleep(time).await,
            Act::Stall => while stream.read(&mut piece).await.is_ok_and(|read| read > 0) {},
        }
    }
    let _ = stream.shutdown().await;
}

/// An answer whose length fits; the connection ends with it.
pub fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

pub fn redirect(to: &str) -> Vec<Act> {
    vec![Act::Send(answer("302 Found", &format!("location: {to}\r\n"), b""))]
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A resolver in memory: it never asks anybody.
pub struct Names(pub Vec<(&'static str, Vec<IpAddr>)>);

impl Lookup for Names {
    fn lookup(&self, host: &str) -> Addresses {
        let found = self.0.iter().find(|(known, _)| *known == host).map(|(_, addresses)| addresses.clone());
        Box::pin(async move { found.ok_or_else(|| std::io::Error::other("no such name")) })
    }
}
