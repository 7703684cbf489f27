//! Servers that prove who they are, or fail to, and what speaks HTTP/2.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use policywatch::clock::SystemClock;
use policywatch::fetch::{Fetch as _, Fetched, Fetcher, Options, Request};
use policywatch::guard::Allowed;
use policywatch::http::{Authorities, GuardedClient};
use policywatch::outcome::FailureKind;
use policywatch::snapshot::Snapshot;
use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _, date_time_ymd,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, crypto};
use url::Url;

use super::server::{Names, answer, request};

pub const PAGE: &[u8] = b"<h1>Privacy</h1><p>We use cookies.";

/// An authority that nobody knows yet.
pub struct Authority {
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Self {
        Self::named("policywatch test authority")
    }

    fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    pub fn trusted(&self) -> Authorities {
        Authorities::read("test-ca.pem".into(), self.pem.as_bytes()).unwrap()
    }

    /// A certificate for a name, valid between two years.
    pub fn vouches(&self, name: &str, from: i32, until: i32) -> Identity {
        let (params, key) = (of(name, from, until), KeyPair::generate().unwrap());
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity { chain: certificate.der().to_vec(), key }
    }
}

fn of(name: &str, from: i32, until: i32) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    params
}

/// What a server shows, and its key.
pub struct Identity {
    chain: Vec<u8>,
    key: KeyPair,
}

impl Identity {
    pub fn self_signed(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = of(name, 2020, 2036).self_signed(&key).unwrap();
        Self { chain: certificate.der().to_vec(), key }
    }

    /// What a browser calls its key.
    pub fn pin(&self) -> String {
        use base64::Engine as _;
        use sha2::Digest as _;
        base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(self.key.subject_public_key_info()))
    }
}

/// A server behind TLS, and the paths that it was asked for.
pub struct Secure {
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Secure {
    /// Speaks these protocols (`h2`, `http/1.1`).
    pub async fn start(identity: &Identity, protocols: &[&str]) -> Self {
        let provider = Arc::new(crypto::ring::default_provider());
        let key = PrivateKeyDer::Pkcs8(identity.key.serialize_der().into());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![identity.chain.clone().into()], key)
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(acceptor.clone(), stream, Arc::clone(&log)));
            }
        });
        Self { port, asked }
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub fn url(&self, path: &str) -> Url {
        Url::parse(&format!("https://acme.test:{}{path}", self.port)).unwrap()
    }
}

async fn serve(acceptor: TlsAcceptor, stream: TcpStream, log: Arc<Mutex<Vec<String>>>) {
    let Ok(mut tls) = acceptor.accept(stream).await else { return };
    if tls.get_ref().1.alpn_protocol() == Some(b"h2") {
        let mut connection = h2::server::handshake(tls).await.unwrap();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            log.lock().unwrap().push(format!("{:?} {}", request.version(), request.uri().path()));
            let known = request.headers().get("if-none-match").is_some_and(|tag| tag == "\"1\"");
            let moved = request.uri().path() == "/old";
            let answer = axum::http::Response::builder().header("etag", "\"1\"").header("content-type", "text/html");
            let answer = match (known, moved) {
                (true, _) => answer.status(304),
                (_, true) => answer.status(301).header("location", "/privacy"),
                _ => answer.status(200),
            };
            let bare = known || moved;
            let mut body = respond.send_response(answer.body(()).unwrap(), bare).unwrap();
            if !bare {
                body.send_data(PAGE.into(), true).unwrap();
            }
        }
        return;
    }
    let (mut head, mut piece) = (Vec::new(), [0; 4096]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match tls.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(read) => head.extend_from_slice(&piece[..read]),
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    log.lock().unwrap().push(format!("HTTP/1.1 {}", head.split(' ').nth(1).unwrap()));
    let _ = tls.write_all(&answer("200 OK", "content-type: text/html\r\n", PAGE)).await;
    let _ = tls.shutdown().await;
}

pub fn options(trusts: Option<&Authority>) -> Options {
    Options {
        timeout: Duration::from_secs(20),
        pause_per_host: Duration::ZERO,
        // By name, so that it may have any port.
        allow: vec![Allowed::Host("acme.test".to_owned())],
        extra_ca: trusts.map(Authority::trusted),
        ..Options::default()
    }
}

pub fn fetcher(options: Options) -> Fetcher<SystemClock> {
    let names = Names(vec![("acme.test", vec!["127.0.0.1".parse().unwrap()])]);
    let client = GuardedClient::with_lookup(&options, Arc::new(names)).unwrap();
    Fetcher::with_client(client, options, SystemClock)
}

async fn get(fetcher: &Fetcher<SystemClock>, url: Url) -> Result<Snapshot, FailureKind> {
    match fetcher.fetch(request(url)).await {
        Ok(Fetched::Snapshot(snapshot)) => Ok(*snapshot),
        Ok(Fetched::NotModified) => panic!("nothing was asked conditionally"),
        Err(failure) => Err(failure.kind),
    }
}

#[tokio::test]
async fn bad_certificates_are_no_pages_and_say_what_to_do() {
    let (ours, other, alike) = (Authority::new(), Authority::named("unheard of"), Authority::new());
    let cases = [
        ("self-signed", Identity::self_signed("acme.test"), "name it under [fetch] extra_ca"),
        ("of an unknown authority", other.vouches("acme.test", 2020, 2036), "name it under [fetch] extra_ca"),
        ("of one with the name of ours", alike.vouches("acme.test", 2020, 2036), "name it under [fetch] extra_ca"),
        ("expired", ours.vouches("acme.test", 2015, 2020), "has expired; its operator must renew it"),
        ("of the future", ours.vouches("acme.test", 2035, 2036), "is the clock of this machine right?"),
        ("for another name", ours.vouches("other.test", 2020, 2036), "is for another name; is the address right?"),
    ];
    for (what, identity, advice) in cases {
        let server = Secure::start(&identity, &["h2", "http/1.1"]).await;
        let refused = get(&fetcher(options(Some(&ours))), server.url("/privacy")).await.unwrap_err();
        assert_eq!(refused.as_str(), "tls", "{what}: {refused}");
        assert!(refused.to_string().contains(advice), "{what}: {refused}");
        assert_eq!(server.asked(), [""; 0], "{what}: something was said to it");
    }
    // Nobody but the operator makes an authority: without the setting, it is none.
    let server = Secure::start(&ours.vouches("acme.test", 2020, 2036), &["http/1.1"]).await;
    assert_eq!(get(&fetcher(options(None)), server.url("/")).await.unwrap_err().as_str(), "tls");
    assert_eq!(get(&fetcher(options(Some(&ours))), server.url("/")).await.unwrap().body, PAGE);
}

#[tokio::test]
async fn a_handshake_that_is_cut_is_told_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("https://acme.test:{}/", listener.local_addr().unwrap().port())).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // Its greeting is heard, and not answered.
            let _ = stream.read(&mut [0; 64]).await;
        }
    });
    let refused = get(&fetcher(options(None)), url).await.unwrap_err();
    assert!(["tls", "connection"].contains(&refused.as_str()), "{refused}");
}

#[tokio::test]
async fn a_server_of_http_2_is_spoken_to_in_it() {
    let ours = Authority::new();
    let server = Secure::start(&ours.vouches("acme.test", 2020, 2036), &["h2", "http/1.1"]).await;
    let fetcher = fetcher(options(Some(&ours)));
    let snapshot = get(&fetcher, server.url("/old")).await.unwrap();
    assert_eq!((snapshot.status, &snapshot.body[..]), (200, PAGE));
    assert_eq!(snapshot.final_url, server.url("/privacy").as_str());
    let validators = snapshot.validators();
    assert_eq!(validators.etag.as_deref(), Some("\"1\""));
    let again = fetcher.fetch(Request { validators, ..request(server.url("/privacy")) }).await;
    assert_eq!(again, Ok(Fetched::NotModified));
    assert_eq!(server.asked(), ["HTTP/2.0 /old", "HTTP/2.0 /privacy", "HTTP/2.0 /privacy"]);
}
