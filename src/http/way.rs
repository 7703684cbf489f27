//! The way through a proxy, for connections that speak something of their own on it: those of
//! a browser. Requests of ours go through the HTTP library's.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_socks::tcp::Socks5Stream;

use crate::access::{Proxy, ProxyKind};

/// The longest answer to `CONNECT`, in bytes.
const MAX_ANSWER: usize = 16 * 1024;

/// Where a proxy is to lead.
pub(super) enum Target {
    /// To one of these addresses, on which was decided here.
    Decided(Vec<SocketAddr>),
    /// To a name that the proxy resolves, or an address as written.
    Named(String, u16),
}

/// What `Proxy-Authorization` says, if anything.
pub(crate) fn authorization(proxy: &Proxy) -> Option<String> {
    let (user, password) = proxy.credentials()?;
    Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

/// A connection to a target through a proxy, within `limit`.
pub(super) async fn through(proxy: &Proxy, target: Target, limit: Duration) -> Result<TcpStream, String> {
    let led = async {
        let stream = reach(proxy).await?;
        match proxy.kind {
            ProxyKind::Http => tunnel(stream, proxy, target).await,
            ProxyKind::Socks5 | ProxyKind::Socks5h => socks(stream, proxy, target).await,
        }
    };
    let late = || Err(format!("no answer within {} s", limit.as_secs()));
    tokio::time::timeout(limit, led).await.unwrap_or_else(|_| late())
}

/// A connection to the proxy itself. Its address is the operator's choice and nobody else's, so
/// it may be any.
pub(super) async fn reach(proxy: &Proxy) -> Result<TcpStream, String> {
    TcpStream::connect((proxy.host(), proxy.port())).await.map_err(|error| error.to_string())
}

async fn socks(stream: TcpStream, proxy: &Proxy, target: Target) -> Result<TcpStream, String> {
    let led = match (target, proxy.credentials()) {
        (Target::Decided(all), credentials) => {
            // It is asked for the first: another one would take another connection.
            let first = *all.first().ok_or_else(|| "there is no address".to_owned())?;
            match credentials {
                None => Socks5Stream::connect_with_socket(stream, first).await,
                Some((user, password)) => {
                    Socks5Stream::connect_with_password_and_socket(stream, first, user, password).await
                }
            }
        }
        (Target::Named(host, port), None) => Socks5Stream::connect_with_socket(stream, (host.as_str(), port)).await,
        (Target::Named(host, port), Some((user, password))) => {
            Socks5Stream::connect_with_password_and_socket(stream, (host.as_str(), port), user, password).await
        }
    };
    led.map(Socks5Stream::into_inner).map_err(|error| error.to_string())
}

async fn tunnel(mut stream: TcpStream, proxy: &Proxy, target: Target) -> Result<TcpStream, String> {
    let place = match target {
        Target::Decided(all) => all.first().map(ToString::to_string).unwrap_or_default(),
        Target::Named(host, port) if host.contains(':') => format!("[{host}]:{port}"),
        Target::Named(host, port) => format!("{host}:{port}"),
    };
    let credentials = authorization(proxy).map(|value| format!("proxy-authorization: {value}\r\n"));
    let asked = format!("CONNECT {place} HTTP/1.1\r\nhost: {place}\r\n{}\r\n", credentials.unwrap_or_default());
    let broken = |error: std::io::Error| error.to_string();
    stream.write_all(asked.as_bytes()).await.map_err(broken)?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() >= MAX_ANSWER {
            return Err("its answer is too long".to_owned());
        }
        // Byte by byte: what follows is the server's, and it speaks only when it is spoken to.
        match stream.read_u8().await {
            Ok(byte) => answer.push(byte),
            Err(_) => return Err("it hangs up".to_owned()),
        }
    }
    match status(&answer) {
        Some(200..=299) => Ok(stream),
        Some(407) => Err("it wants credentials (407)".to_owned()),
        Some(status) => Err(format!("it answers {status}")),
        None => Err("it does not speak HTTP".to_owned()),
    }
}

fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.strip_prefix(b"HTTP/1.")?;
    std::str::from_utf8(line.get(2..5)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_a_request_for_a_tunnel_is_its_status() {
        assert_eq!(status(b"HTTP/1.1 200 Connection established\r\n\r\n"), Some(200));
        assert_eq!(status(b"HTTP/1.0 407\r\n\r\n"), Some(407));
        for text in ["", "HTTP/2 200", "HTTP/1.1 2", "SSH-2.0", "HTTP/1.1 abc"] {
            assert_eq!(status(text.as_bytes()), None, "{text}");
        }
    }
}
