//! Import from, and export to, the formats of other archives.

pub mod import;
pub mod warc;
