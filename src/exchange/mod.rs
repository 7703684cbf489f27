//! Import from, and export to, the formats of other archives.

pub mod warc;
