//! Follows published policies, tells what changed in them, and keeps the proof.
//!
//! Read in this order: [`watch`], [`snapshot`], [`text`], [`section`], [`reading`],
//! [`change`], [`judgment`], [`alert`]; then [`examine`], which joins them, and
//! [`check`], which meets the world. Everything else serves these two.
//!
//! Invariants: nothing in the core performs IO or asks the time; only [`store`]
//! opens a transaction; nothing is sent that was not first recorded.
//!
//! # The map
//!
//! | layer | modules | may know |
//! |---|---|---|
//! | core | `watch` … `examine`, `alternation`, `confirmation`, `discovery`, `access`, `pages`, `ladder`, `capture`, `cadence`, `pace`, `health`, `silence`, `coverage`, `robots`, `guard`, `outcome`, `render`, `time` | the core |
//! | ports | `clock`, `http`, `fetch`, `git`, `unpack`, `store`, `channel` | the core; of each other only `http` and `clock` |
//! | use cases | `check`, `climb`, `moving`, `survey`, `upgrade`, `backfill`, `errands`, `deliver`, `vigil`, `exchange` | core and ports |
//! | faces | `config`, `telemetry`, `scheduler`, `seeker`, `daemon`, `cli` | everything below |
//!
//! `tests/it/layers.rs` holds everyone to it, and says which module may name which
//! technology: only `store` says rusqlite, only `http` reqwest, only `text` scraper.
//!
//! # The laws
//!
//! 1. **Values in the middle, world at the edge.** Reading, comparing, judging and
//!    rendering are functions from values to values. The same input gives the same bytes
//!    next year.
//! 2. **Every check ends in one [`outcome::Outcome`], recorded at one place.** A dead site
//!    is an outcome. `Err` means that we could not keep the record.
//! 3. **Facts are kept; readings can be rebuilt.** Watches, snapshots, checks and
//!    deliveries are never rewritten. Versions, changes and judgments derive from
//!    snapshots.
//! 4. **Our change is not their change.** Before a comparison, what we hold is read again
//!    as we read today ([`upgrade`]).
//! 5. **Nothing is said that is not written.** Deliveries are inserted with the change that
//!    caused them, and sent later ([`deliver`]).
//!
//! # The words
//!
//! A **watch** is a policy we follow, on one page or several. A **check** is one attempt at
//! it, and ends in one **outcome**, as does the attempt at each of several pages; one of these
//! that cannot be read is **stale**, and its last text stands in for it. A
//! **snapshot** is what one page served; a **memento** is one that an archive holds; a
//! **capture** is its line in the archive's index. A **reading** is what the snapshots say,
//! in **sections**, and a **reader** is how they were read: the revision of our code, and
//! the watch's selectors, language and pages. A **version** is a reading of record. A
//! **change** is what differs between two, a **judgment** says whether that matters, and
//! each of its **findings** cites a rule and quotes the words. An **interest** is what a watch
//! or a channel asks to be told of. An **alert** is what we would say, a **delivery** one
//! alert to one **channel**. A page **flaps** where it **alternates**
//! between texts; a return after long is a **rollback**; a **confirmation** is a second look
//! that finds a change again. A **rung** is a way to ask for a page: plainly, with a browser, in
//! an archive.
//!
//! Three times are never confused: `captured_at` (served; of a memento, its
//! Memento-Datetime), `recorded_at` (written by us), `effective_at` (claimed by the policy).
//!
//! # Three walks
//!
//! **A check.** [`scheduler`] takes a watch that is due and calls [`check::check`]. That
//! upgrades the version it holds if today's reader is another one, and fetches
//! ([`fetch::Fetcher`]: each hop guarded, paced and kept as evidence). Away from the threads
//! that wait for the network, [`examine::examine`] reads and compares the snapshot, having
//! PDF and DOCX unpacked first by a process of their own ([`unpack`]). A page that has no text,
//! or keeps us out, is asked for on the next rung of the [`ladder`]: with a browser
//! ([`fetch::browser`]), then in an archive. Several pages are
//! fetched one after the other, and [`pages::examine_pages`] does it for all of them, the
//! upgrade too. What that answers is recorded by [`store::Store::record_pages`] in one
//! transaction: check, snapshots, version, change, judgment, deliveries and next due time,
//! or nothing. Whoever lost a race with another process reads `superseded` and has written
//! nothing. A change is judged in the light of what the page said before
//! ([`alternation`]); where the watch asks for a second look, its alerts wait in the record
//! for that ([`confirmation`]).
//!
//! **An alert.** [`deliver`] claims one delivery that is due (a lease), sends it through
//! its [`channel`] and settles it. Accepted ends it, refused makes it dead, failed leaves it
//! due later, with growing pauses for days. A process that dies in between leaves the lease
//! to run out: the same delivery goes out again under the same id.
//!
//! **A history.** [`backfill`] reads an archive's index of a page into the record, takes from
//! it what [`capture::Plan`] names next, and records that like a check, but alerts nobody;
//! [`exchange`] does the same with the captures of other archives' files and repositories
//! ([`git`]), and writes the record for them. What an archive may be asked,
//! and when, is one account in the record for all processes ([`pace`], [`fetch::Ledger`]).
//! Captures that come out of order are facts at once; then [`store::Store::rebuild`] derives
//! the versions anew, in the order of capture. [`errands`] does what a live check's change
//! asks of archives afterwards.
//!
//! The decisions behind this, with the options weighed, are in `docs/decisions/`.

// The core: values in, values out.
pub mod access;
pub mod alert;
pub mod alternation;
pub mod cadence;
pub mod capture;
pub mod change;
pub mod confirmation;
pub mod coverage;
pub mod discovery;
pub mod examine;
pub mod guard;
pub mod health;
pub mod interest;
pub mod judgment;
pub mod ladder;
pub mod outcome;
pub mod pace;
pub mod pages;
pub mod reading;
pub mod render;
pub mod robots;
pub mod section;
pub mod silence;
pub mod snapshot;
pub mod text;
pub mod time;
pub mod version;
pub mod watch;

// The ports: one technology each.
pub mod channel;
pub mod clock;
pub mod fetch;
pub mod git;
pub mod http;
pub mod store;
pub mod unpack;

// The use cases.
pub mod backfill;
pub mod check;
mod climb;
pub mod deliver;
pub mod errands;
pub mod exchange;
pub mod moving;
mod panics;
pub mod pulse;
mod recall;
pub mod survey;
pub mod upgrade;
pub mod vigil;
mod visit;

// The faces.
pub mod cli;
pub mod config;
pub mod daemon;
pub mod scheduler;
pub mod seeker;
pub mod telemetry;
