//! Other archives' formats.

pub mod import;
pub mod warc;
