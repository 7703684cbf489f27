//! The story that the demo tells, chapter by chapter, and what must come true in it.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use super::WATCH;
use super::receiver::{Message, Receiver};
use super::site::{Act, Site, captures};
use crate::alert::DeliveryState;
use crate::backfill::{Event, Options, Step, Summary, backfill};
use crate::capture::Capture;
use crate::check::{Checked, Ports, check};
use crate::cli::console::Console;
use crate::cli::installation::Installation;
use crate::cli::table::{count as counted, wrap};
use crate::cli::{fetch, log, when};
use crate::clock::SystemClock;
use crate::deliver::deliver_due;
use crate::fetch::Fetcher;
use crate::judgment::Materiality;
use crate::outcome::Outcome;
use crate::reading::Why;
use crate::render::{self, one_line};
use crate::store::RecordedChange;
use crate::unpack::Unpacker;
use crate::watch::Watch;

/// The story while it is told.
pub struct Story<'a> {
    console: &'a Console,
    installation: &'a Installation,
    site: Site,
    receiver: Receiver,
    began: Instant,
    chapter: u32,
    refused: Vec<String>,
    alerted: usize,
    missed: Vec<String>,
}

impl<'a> Story<'a> {
    /// A story that has not begun.
    pub fn new(console: &'a Console, installation: &'a Installation, site: Site, receiver: Receiver) -> Self {
        Self {
            console,
            installation,
            site,
            receiver,
            began: Instant::now(),
            chapter: 0,
            refused: Vec::new(),
            alerted: 0,
            missed: Vec::new(),
        }
    }

    /// What should have happened and did not.
    pub fn missed(&self) -> &[String] {
        &self.missed
    }

    /// Tells it.
    pub async fn tell(&mut self) -> anyhow::Result<()> {
        let watch = self.installation.configured(WATCH)?.clone();
        let ports = self.installation.ports()?;
        self.prologue(&watch)?;
        self.history(&watch, &ports.fetcher).await?;
        let change = self.live(&watch, &ports).await?;
        self.alert(change).await?;
        self.summary(&watch).await
    }

    fn prologue(&self, watch: &Watch) -> anyhow::Result<()> {
        let paint = self.console.paint;
        self.event(json!({ "event": "began", "watch": WATCH, "url": watch.url.as_str() }))?;
        self.line(paint.bold("policywatch demo"))?;
        self.prose(
            "Halcyon Storage does not exist. Its website, a web archive that has followed it since 2009 and a webhook \
             receiver run on loopback; everything else here is the product: configuration, store, fetcher, judgment, \
             deliveries.",
        )
    }

    /// Chapter 1: the history from the archive.
    async fn history(&mut self, watch: &Watch, fetcher: &Fetcher<SystemClock>) -> anyhow::Result<()> {
        self.heading("History, from the archive", &format!("policywatch backfill {WATCH}"))?;
        let store = &self.installation.store;
        let bar = self.console.progress(captures().len() as u64, "backfill");
        let mut steps: Vec<(Capture, Step)> = Vec::new();
        let summary = backfill(
            watch,
            &Options::default(),
            fetcher.archive(),
            store,
            &SystemClock,
            &Unpacker::this_program(),
            |event| {
                if let Event::Step { capture, step, .. } = event {
                    bar.inc(1);
                    steps.push((capture.clone(), step.clone()));
                }
            },
        )
        .await?;
        bar.finish_and_clear();
        for (capture, step) in &steps {
            self.captured(capture, step)?;
        }
        if !self.console.json {
            log::timeline(self.installation, &watch.id, self.console).await?;
        }
        self.line("")?;
        self.prose(&told(&summary))?;
        for refused in &self.refused {
            for (index, line) in wrap(&one_line(refused), self.console.width.min(88) - 4).iter().enumerate() {
                let sign = if index == 0 { self.console.paint.yellow("!") } else { " ".to_owned() };
                self.line(format!("  {sign} {line}"))?;
            }
        }
        self.line("")?;
        self.prose("History never alerts: it was not news today.")?;
        self.judge_history(watch, &summary).await
    }

    fn captured(&mut self, capture: &Capture, step: &Step) -> anyhow::Result<()> {
        let (outcome, why, version) = match step {
            Step::Recorded(past) => (past.outcome.as_str(), past.outcome.why(), past.version),
            Step::Missed(failure) => ("missed", Some(failure.kind.to_string()), None),
        };
        if let (Some(why), Step::Recorded(_)) = (&why, step) {
            self.refused.push(format!("{}  {why}", when::day(capture.captured_at)));
        }
        self.event(json!({
            "event": "captured", "captured_at": crate::time::rfc3339(capture.captured_at),
            "outcome": outcome, "why": why, "version": version,
        }))
    }

    async fn judge_history(&mut self, watch: &Watch, summary: &Summary) -> anyhow::Result<()> {
        let all = captures().len();
        self.expect(summary.captures == all, format!("the archive lists {all} captures, {} found", summary.captures));
        self.expect(summary.captures - summary.distinct == 1, "one capture has the bytes of the one before");
        self.expect(summary.unreadable == 1, "the wall in the archive is refused");
        self.expect(summary.missed == 0, "the archive gives every capture");
        let history = log::history(self.installation, &watch.id).await?;
        let material = |year: &str| {
            history.iter().any(|(version, change)| {
                when::day(version.captured_at).starts_with(year)
                    && change.as_ref().is_some_and(|change| change.judgment.materiality == Materiality::Material)
            })
        };
        for (year, what) in [("2018", "30 days become 90 days"), ("2021", "a new recipient")] {
            self.expect(material(year), format!("{year}, {what}, is material"));
        }
        for (year, what) in
            [("2011", "a new date"), ("2013", "a redesign"), ("2016", "a moved section"), ("2019", "a redesign")]
        {
            self.expect(!material(year), format!("{year}, {what}, is not material"));
        }
        let told = self.installation.store.deliveries(None, 10).await?;
        self.expect(told.is_empty(), "history alerts nobody");
        Ok(())
    }

    /// Chapter 2: checks of the live page.
    async fn live(
        &mut self,
        watch: &Watch,
        ports: &Ports<Fetcher<SystemClock>, SystemClock>,
    ) -> anyhow::Result<Option<Checked>> {
        self.heading("Today, from the company's own server", &format!("policywatch fetch {WATCH}"))?;
        self.prose("The page is an application now: every section folds. Its words are those of the last capture.")?;
        let today = self.visit(Act::Today, watch, ports).await?;
        let quiet = match &today.outcome {
            Outcome::Changed { judgment, .. } => judgment.materiality == Materiality::Editorial,
            outcome => outcome.is_success(),
        };
        self.expect(quiet, "the redesigned page says the same");

        self.prose(
            "The next day a wall against robots stands before it. That is an outcome with a name, and no version:",
        )?;
        let wall = self.visit(Act::Wall, watch, ports).await?;
        let named = matches!(&wall.outcome, Outcome::Unreadable { why, .. } if why.why == Why::BotWall);
        self.expect(named, "the wall is named bot_wall");
        let before = today.recorded.as_ref().and_then(|recorded| recorded.version);
        let after = wall.recorded.as_ref().and_then(|recorded| recorded.version);
        self.expect(before == after, "the wall makes no version");

        self.prose("Then the wall is gone, and one sentence of the policy says the opposite of what it said:")?;
        let changed = self.visit(Act::Tomorrow, watch, ports).await?;
        let material = matches!(&changed.outcome, Outcome::Changed { judgment, .. } if judgment.materiality == Materiality::Material);
        self.expect(material, "\"will not sell\" becoming \"may sell\" is material");
        self.expect(changed.alerts().count() == 1, "the change alerts one channel");
        Ok(material.then_some(changed))
    }

    async fn visit(
        &mut self,
        act: Act,
        watch: &Watch,
        ports: &Ports<Fetcher<SystemClock>, SystemClock>,
    ) -> anyhow::Result<Checked> {
        self.site.play(act);
        let checked = check(watch, ports).await?;
        self.event(json!({
            "event": "checked", "outcome": checked.outcome.as_str(), "why": checked.outcome.why(),
            "version": checked.recorded.as_ref().and_then(|recorded| recorded.version),
            "change": match &checked.outcome {
                Outcome::Changed { change, judgment, .. } => serde_json::to_value(render::json::change(Some((change, judgment))))?,
                _ => Value::Null,
            },
            "alerts": checked.alerts().count(),
        }))?;
        for (index, line) in
            wrap(&fetch::line(WATCH, &checked.outcome, self.console), self.console.width - 4).iter().enumerate()
        {
            self.line(format!("  {}{line}", if index == 0 { "" } else { "  " }))?;
        }
        self.line("")?;
        Ok(checked)
    }

    /// Chapter 3: the alert, as it arrives.
    async fn alert(&mut self, changed: Option<Checked>) -> anyhow::Result<()> {
        self.heading("The alert, as the receiver gets it", "policywatch run (delivers what waits)")?;
        let channels = Arc::new(self.installation.channels()?);
        let sent = deliver_due(&self.installation.store, &channels, &SystemClock).await?;
        let delivered = sent.iter().filter(|(_, state)| *state == DeliveryState::Delivered).count();
        let messages = self.receiver.arrived();
        self.expect(
            sent.len() == 1 && delivered == 1,
            format!("one delivery is accepted ({delivered} of {})", sent.len()),
        );
        self.expect(messages.len() == 1, format!("one message arrives ({})", messages.len()));
        for message in &messages {
            self.arrived(message)?;
        }
        if let Some(Outcome::Changed { change, judgment, .. }) = changed.map(|checked| checked.outcome) {
            self.line(render::plain::change(&change, &judgment, self.console.style()).trim_end())?;
            self.line("")?;
        }
        let again = deliver_due(&self.installation.store, &channels, &SystemClock).await?;
        let repeated = !again.is_empty() || !self.receiver.arrived().is_empty();
        self.expect(!repeated, "nothing is sent twice");
        Ok(())
    }

    fn arrived(&mut self, message: &Message) -> anyhow::Result<()> {
        let paint = self.console.paint;
        self.event(json!({
            "event": "delivered", "verified": message.distrust.is_none(),
            "headers": message.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<serde_json::Map<_, _>>(),
            "body": message.body,
        }))?;
        for (name, value) in &message.headers {
            self.line(format!("  {} {}", paint.dim(format!("{name}:")), one_line(value)))?;
        }
        let verdict = match &message.distrust {
            None => paint.green("✓ the signature fits the body and the secret (Standard Webhooks, HMAC-SHA256)"),
            Some(distrust) => paint.red(format!("✗ {distrust}")),
        };
        self.line(format!("  {verdict}"))?;
        self.line("")?;
        self.alerted += usize::from(message.distrust.is_none());
        self.expect(message.distrust.is_none(), "the receiver believes the signature");
        self.expect(message.body.to_string().contains(WATCH), "the alert names the watch");
        Ok(())
    }

    /// Chapter 4: what it came to.
    async fn summary(&mut self, watch: &Watch) -> anyhow::Result<()> {
        self.heading("What it came to", &format!("policywatch log {WATCH}"))?;
        let history = log::history(self.installation, &watch.id).await?;
        let changes: Vec<&RecordedChange> = history.iter().filter_map(|(_, change)| change.as_ref()).collect();
        let count = |wanted| changes.iter().filter(|change| change.judgment.materiality == wanted).count();
        let (material, minor, editorial) =
            (count(Materiality::Material), count(Materiality::Minor), count(Materiality::Editorial));
        let checks = self.installation.store.checks(&watch.id, 1000).await?.len();
        self.event(json!({
            "event": "ended", "checks": checks, "versions": history.len(), "material": material, "minor": minor,
            "editorial": editorial, "alerted": self.alerted, "missed": self.missed,
            "seconds": self.began.elapsed().as_secs_f64(),
        }))?;
        let paint = self.console.paint;
        self.line(format!(
            "  {} looked at, {}, {}, {}",
            counted(checks, "page"),
            counted(history.len(), "version"),
            counted(changes.len(), "change"),
            counted(self.alerted, "alert"),
        ))?;
        self.line("")?;
        for change in &changes {
            let live = change.to.captured_at.date_naive() == chrono::Utc::now().date_naive();
            self.line(format!(
                "  {}  {}  {}",
                when::day(change.to.captured_at),
                paint.matters(change.judgment.materiality, format!("{:<9}", change.judgment.materiality.as_str())),
                reason(change, live)
            ))?;
        }
        self.line(format!("  {}", paint.dim("walls, twice: kept as evidence, compared with nothing")))?;
        self.expect(self.alerted == 1, "exactly one alert is told");
        Ok(())
    }

    /// What to do next.
    pub fn farewell(&self, kept: Option<&Path>) -> anyhow::Result<()> {
        let paint = self.console.paint;
        self.line("")?;
        let next: Vec<(String, &str)> = match kept {
            // There the configuration is found unaided.
            Some(home) => vec![
                (format!("cd {}", shell(home)), "where everything is kept"),
                (format!("policywatch log {WATCH} --checks"), "the timeline, with every check"),
                (format!("policywatch diff {WATCH}"), "the last change, word by word"),
                (format!("policywatch show {WATCH}@2012"), "the policy as it was in 2012"),
                ("policywatch verify".to_owned(), "every digest, every version"),
            ],
            None => vec![
                ("policywatch init".to_owned(), "writes a commented configuration"),
                ("policywatch config check".to_owned(), "says what is in force"),
                ("policywatch run".to_owned(), "watches from then on"),
                ("policywatch demo --keep DIR".to_owned(), "this again, and the store stays"),
            ],
        };
        self.line(paint.bold("Next"))?;
        let wide = next.iter().map(|(command, _)| command.chars().count()).max().unwrap_or(0);
        let beside = next.iter().all(|(_, what)| wide + 4 + what.chars().count() <= self.console.width);
        for (command, what) in next {
            let pad =
                if beside { " ".repeat(wide - command.chars().count() + 2) } else { format!("\n{}", " ".repeat(6)) };
            self.line(format!("  {}{pad}{}", paint.cyan(command), paint.dim(what)))?;
        }
        let seconds = self.began.elapsed().as_secs_f64();
        self.console.say(self.console.paint_err.dim(format!("{seconds:.1} s, no network but loopback")));
        Ok(())
    }

    fn heading(&mut self, title: &str, command: &str) -> anyhow::Result<()> {
        self.chapter += 1;
        let paint = self.console.paint;
        self.line(format!("{} {}", paint.cyan(paint.bold(format!("{}.", self.chapter))), paint.bold(title)))?;
        self.line(format!("   {}", paint.dim(format!("$ {command}"))))?;
        self.line("")
    }

    fn prose(&self, text: &str) -> anyhow::Result<()> {
        for line in wrap(text, self.console.width.min(88)) {
            self.line(line)?;
        }
        self.line("")
    }

    fn line(&self, text: impl std::fmt::Display) -> anyhow::Result<()> {
        if !self.console.json {
            self.console.line(text)?;
        }
        Ok(())
    }

    fn event(&self, event: Value) -> anyhow::Result<()> {
        if self.console.json {
            self.console.object(&event)?;
        }
        Ok(())
    }

    fn expect(&mut self, happened: bool, what: impl Into<String>) {
        if !happened {
            self.missed.push(what.into());
        }
    }
}

/// A path as a shell takes it.
fn shell(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = path.chars().all(|c| c.is_alphanumeric() || "/._-+,@%".contains(c));
    if plain { path } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

/// What the archive held, in words.
fn told(summary: &Summary) -> String {
    let mut parts = vec![format!("The archive lists {} captures.", summary.captures)];
    for (count, what) in [
        (summary.captures - summary.distinct, "with the bytes of the one before, not fetched again"),
        (summary.versions, "with a new text, however small the difference"),
        (summary.unchanged, "with the same text in another design"),
        (summary.unreadable, "that is not the policy at all: kept as evidence, compared with nothing"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}."));
        }
    }
    parts.join(" ")
}

/// Why a change was told, or was not.
fn reason(change: &RecordedChange, live: bool) -> String {
    match (change.judgment.materiality, live) {
        (Materiality::Material, true) => "told: it changes what people may expect".to_owned(),
        (Materiality::Material, false) => "not told: history, read from the archive".to_owned(),
        (Materiality::Minor, _) => "not told: a detail (alert_at = \"minor\" would tell it)".to_owned(),
        (Materiality::Editorial, _) => {
            let mut kinds: Vec<&str> = change.judgment.noise.iter().map(|noise| noise.kind.as_str()).collect();
            kinds.dedup();
            let kinds =
                if kinds.is_empty() { "nothing to act on".to_owned() } else { kinds.join(", ").replace('_', " ") };
            format!("not told: {kinds}")
        }
    }
}
