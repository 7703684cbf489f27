//! `deliveries`: what was sent, what waits, what died.

use clap::{Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::Value;

use super::complaint::Complaint;
use super::console::Console;
use super::installation::Installation;
use super::table::Table;
use super::{Exit, when};
use crate::alert::{Alert, Delivery, DeliveryId, DeliveryState, Sent};
use crate::channel::Channel;
use crate::clock::{Clock, SystemClock};
use crate::render::one_line;
use crate::snapshot::Digest;
use crate::time::{Timestamp, rfc3339};

/// How many are shown.
const SHOWN: usize = 100;

/// What is done with the deliveries.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Examples:
  policywatch deliveries --state dead  what was given up
  policywatch deliveries retry         try all of that again
  policywatch deliveries test desk     see whether a channel works"#)]
pub struct Args {
    /// Only those in this state
    #[arg(long, value_enum, value_name = "STATE")]
    state: Option<State>,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    Pending,
    Delivered,
    Dead,
}

impl From<State> for DeliveryState {
    fn from(state: State) -> Self {
        match state {
            State::Pending => DeliveryState::Pending,
            State::Delivered => DeliveryState::Delivered,
            State::Dead => DeliveryState::Dead,
        }
    }
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make dead deliveries due again: one, or all
    Retry {
        /// The delivery's id [default: all that are dead]
        id: Option<String>,
    },
    /// Send a test message to a channel now
    Test {
        /// The channel, as the configuration names it
        channel: String,
    },
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    watch: Option<&'a str>,
    channel: &'a str,
    state: &'static str,
    attempts: u32,
    created_at: String,
    due_at: Option<String>,
    delivered_at: Option<String>,
    last_error: Option<&'a str>,
    body: Value,
}

/// Lists, revives or tests.
pub async fn run(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let installation = Installation::open(console).await?;
    match args.what {
        None => list(&installation, args.state.map(DeliveryState::from), console).await,
        Some(What::Retry { id }) => retry(&installation, id, console).await,
        Some(What::Test { channel }) => test(&installation, &channel, console).await,
    }
}

async fn list(installation: &Installation, state: Option<DeliveryState>, console: &Console) -> anyhow::Result<Exit> {
    let deliveries = installation.store.deliveries(state, SHOWN).await?;
    if console.json {
        for delivery in &deliveries {
            console.object(&row(delivery))?;
        }
        return Ok(Exit::Done);
    }
    if deliveries.is_empty() {
        console.say("no deliveries; they appear when a change matters to a watch whose channels are to be told");
        return Ok(Exit::Done);
    }
    let (now, paint) = (SystemClock.now(), console.paint);
    // The whole id must be there to be copied, so it stands below where it finds no room.
    let mut table = Table::new(["state", "recorded", "channel", "watch", "tells", "tries", "id"]).right(&[5]).least(60);
    for delivery in &deliveries {
        let state = match delivery.state {
            DeliveryState::Pending => paint.yellow("pending"),
            DeliveryState::Delivered => paint.green("delivered"),
            DeliveryState::Dead => paint.red("dead"),
        };
        table.row([
            state,
            when::minute(delivery.created_at),
            one_line(&delivery.channel),
            one_line(delivery.watch.as_ref().map_or("–", |watch| watch.as_str())),
            one_line(&tells(delivery)),
            delivery.attempts.to_string(),
            format!("{} · {}", delivery.id.0, says(delivery, now)),
        ]);
    }
    console.table(&table)?;
    Ok(Exit::Done)
}

fn says(delivery: &Delivery, now: Timestamp) -> String {
    let error = delivery.last_error.as_deref().map(one_line);
    match (delivery.state, error, delivery.delivered_at) {
        (DeliveryState::Delivered, _, Some(at)) => when::relative(at, now),
        (DeliveryState::Pending, Some(error), _) => format!("again {}: {error}", when::relative(delivery.due_at, now)),
        (DeliveryState::Pending, None, _) => format!("due {}", when::relative(delivery.due_at, now)),
        (_, error, _) => error.unwrap_or_default(),
    }
}

/// What it tells, in a word or two.
fn tells(delivery: &Delivery) -> String {
    let kind = delivery.kind().unwrap_or_default();
    kind.rsplit('.').next().unwrap_or_default().replace('_', " ")
}

fn row(delivery: &Delivery) -> Row<'_> {
    Row {
        id: &delivery.id.0,
        watch: delivery.watch.as_ref().map(|watch| watch.as_str()),
        channel: &delivery.channel,
        state: delivery.state.as_str(),
        attempts: delivery.attempts,
        created_at: rfc3339(delivery.created_at),
        due_at: (delivery.state == DeliveryState::Pending).then(|| rfc3339(delivery.due_at)),
        delivered_at: delivery.delivered_at.map(rfc3339),
        last_error: delivery.last_error.as_deref(),
        // What another version recorded may be no JSON; then its text stands for itself.
        body: serde_json::from_str(&delivery.body).unwrap_or_else(|_| Value::from(delivery.body.as_str())),
    }
}

async fn retry(installation: &Installation, id: Option<String>, console: &Console) -> anyhow::Result<Exit> {
    let id = id.map(DeliveryId);
    if let Some(id) = &id {
        let known = installation.store.delivery(id).await?.ok_or_else(|| {
            Complaint::usage(format!("there is no delivery {}", id.0)).hint("`policywatch deliveries` shows their ids")
        })?;
        if known.state != DeliveryState::Dead {
            return Err(Complaint::usage(format!("{} is {}, so it needs no retry", id.0, known.state.as_str()))
                .hint("only dead deliveries are revived; pending ones are tried again by themselves")
                .into());
        }
    }
    let revived = installation.store.retry(id.as_ref(), SystemClock.now()).await?;
    if console.json {
        console.object(&serde_json::json!({ "revived": revived }))?;
    } else {
        console.line(match revived {
            0 => "nothing is dead".to_owned(),
            1 => "1 delivery is due again; the daemon sends it".to_owned(),
            revived => format!("{revived} deliveries are due again; the daemon sends them"),
        })?;
    }
    Ok(Exit::Done)
}

/// Sends a test by the way that alerts take: recorded first, then sent, then settled.
async fn test(installation: &Installation, channel: &str, console: &Console) -> anyhow::Result<Exit> {
    if !installation.config.channels.iter().any(|known| known.name == channel) {
        let known: Vec<&str> = installation.config.channels.iter().map(|known| known.name.as_str()).collect();
        let hint = if known.is_empty() {
            "the configuration has no [[channel]] yet".to_owned()
        } else {
            format!("it has {}", known.join(", "))
        };
        return Err(Complaint::usage(format!("the configuration has no channel \"{channel}\"")).hint(hint).into());
    }
    let now = SystemClock.now();
    let facts = format!("test\n{channel}\n{}\n{}", rfc3339(now), std::process::id());
    let id = DeliveryId(format!("msg_{}", &Digest::of(facts.as_bytes()).to_string()[..32]));
    let body = serde_json::to_string(&crate::render::json::test_alert(&id, channel, now))?;
    let alert = Alert { id: id.clone(), channel: channel.to_owned(), body };
    installation.store.enqueue_test(alert, now).await?;

    let channels = installation.channels()?;
    let mut sent = None;
    // What waited before us goes first; the daemon may take ours, too.
    while sent.is_none() {
        let Some(delivery) = installation.store.claim(SystemClock.now(), crate::deliver::LEASE).await? else { break };
        let ended = channels.send(&delivery).await;
        if delivery.id == id {
            sent = Some(ended.clone());
        }
        installation.store.settle(&delivery.id, ended, SystemClock.now()).await?;
    }
    match sent {
        Some(Sent::Accepted) | None if console.json => {
            let delivery = installation.store.delivery(&id).await?;
            if let Some(delivery) = delivery {
                console.object(&row(&delivery))?;
            }
            Ok(Exit::Done)
        }
        Some(Sent::Accepted) => {
            console.line(format!("{} \"{}\" took the test {}", console.paint.green("✓"), one_line(channel), id.0))?;
            Ok(Exit::Done)
        }
        None => {
            console.line(format!("the daemon sends the test {}; `policywatch deliveries` shows how it ends", id.0))?;
            Ok(Exit::Done)
        }
        Some(Sent::Refused { reason }) => Err(Complaint::failed(format!("\"{channel}\" refuses the test: {reason}"))
            .hint("the delivery is dead; mend the channel and run the test again")
            .into()),
        Some(Sent::Failed { reason, .. }) => {
            Err(Complaint::failed(format!("\"{channel}\" did not take the test: {reason}"))
                .hint("the delivery waits and is tried again by the daemon")
                .into())
        }
    }
}
