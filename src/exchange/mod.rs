//! Other archives' formats, read and written.

pub mod changedetection;
pub mod corpus;
pub mod declared;
pub mod export;
pub mod import;
pub mod jsonl;
pub mod ota;
pub mod ota_declarations;
pub mod urlwatch;
pub mod wacz;
pub mod warc;
mod zipped;
