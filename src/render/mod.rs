//! A change, a reading and a judgment for readers.

pub mod json;
