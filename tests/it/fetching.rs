//! Getting pages from servers that mean harm, and from an archive as it really answers.

mod archive;
mod hostile;
pub mod proxies;
mod robots;
pub mod server;
pub mod tls;
