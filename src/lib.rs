//! Follows published policies, tells what changed in them, and keeps the proof.
//!
//! Read in this order: [`watch`], [`snapshot`], [`text`], [`section`], [`reading`],
//! [`change`], [`judgment`], [`alert`]; then [`examine`], which joins them, and
//! [`check`], which meets the world. Everything else serves these two.
//!
//! Invariants: nothing in the core performs IO or asks the time; only [`store`]
//! opens a transaction; nothing is sent that was not first recorded.

// The core: values in, values out.
pub mod alert;
pub mod cadence;
pub mod change;
pub mod examine;
pub mod guard;
pub mod judgment;
pub mod outcome;
pub mod reading;
pub mod render;
pub mod section;
pub mod snapshot;
pub mod text;
pub mod time;
pub mod version;
pub mod watch;

// The ports: one technology each.
pub mod channel;
pub mod clock;
pub mod fetch;
pub mod http;
pub mod store;

// The use cases.
pub mod backfill;
pub mod check;
pub mod deliver;
pub mod exchange;
mod panics;
pub mod pulse;
pub mod upgrade;

// The faces.
pub mod cli;
pub mod config;
pub mod daemon;
pub mod scheduler;
pub mod telemetry;
