//! `extract`: what files, URLs or standard input say, read as a policy.

use super::console::Console;
use super::input::{self, Type};
use super::table::{count, wrap};
use super::{Exit, installation};
use crate::clock::{Clock, SystemClock};
use crate::fetch::{Fetch, Fetched, Fetcher, Request};
use crate::ladder::{Render, takes_a_browser};
use crate::outcome::FetchFailure;
use crate::reading::{Expected, Reading, Selectors, Unreadable, read};
use crate::render::{self, one_line};
use crate::snapshot::Snapshot;
use crate::text::select;
use crate::text::unpack::UnpackError;
use crate::unpack::Unpacker;
use crate::watch::Source;

/// What is read, and how.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Examples:
  policywatch extract page.html
  policywatch extract --json *.pdf https://acme.test/privacy
  policywatch extract --render always https://acme.test/privacy
  curl -s https://acme.test/privacy | policywatch extract --select main -
  policywatch extract --select "before h1 .. before footer" --remove form page.html

A range reads from the first element that its start matches to the first element after
that which its end matches; "before" and "after" say on which side of each."#)]
pub struct Args {
    /// Files, URLs, or `-` for standard input
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<String>,
    /// What the inputs are: html, pdf, docx, markdown or text [default: told by content, else by ending]
    #[arg(long = "type", value_enum, value_name = "TYPE", hide_possible_values = true)]
    kind: Option<Type>,
    #[command(flatten)]
    parts: Parts,
    #[command(flatten)]
    rendering: Rendering,
}

/// Whether URLs are read with a browser.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Rendering {
    /// Read URLs with a browser: never, auto (where the plain answer has no text or keeps robots out), always
    #[arg(long, value_name = "WHEN", value_parser = render)]
    pub render: Option<Render>,
}

fn render(word: &str) -> Result<Render, String> {
    Render::parse(word).ok_or_else(|| "use never, auto or always".to_owned())
}

/// Which parts of a page are read.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Parts {
    /// Read only this: a CSS selector, or a range like "after h1 .. before footer" (repeatable)
    #[arg(long, value_name = "SELECTOR", value_parser = selector)]
    select: Vec<String>,
    /// Leave this out, likewise (repeatable)
    #[arg(long, value_name = "SELECTOR", value_parser = selector)]
    remove: Vec<String>,
}

/// A selector that can be read.
fn selector(text: &str) -> Result<String, String> {
    select::check(text).map(|()| text.to_owned())
}

impl Parts {
    /// Whether nothing was asked for.
    pub fn is_empty(&self) -> bool {
        self.select.is_empty() && self.remove.is_empty()
    }
}

impl From<Parts> for Selectors {
    fn from(parts: Parts) -> Self {
        Self { select: parts.select, remove: parts.remove }
    }
}

/// Reads every input; one that cannot be opened does not keep the others from being read.
pub async fn run(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let selectors = Selectors::from(args.parts);
    let mut exit = Exit::Done;
    for (index, name) in args.inputs.iter().enumerate() {
        match open(name, (args.kind, args.rendering, &selectors), console).await {
            Ok(snapshot) => {
                if index > 0 && !console.json {
                    console.line("")?;
                }
                match read_one(snapshot, &selectors).await {
                    Ok(reading) => print(name, &reading, console)?,
                    Err(error) => {
                        console.error(&error.into());
                        exit = Exit::Failed;
                    }
                }
            }
            Err(error) => {
                console.error(&error);
                exit = Exit::Failed;
            }
        }
    }
    Ok(exit)
}

async fn open(
    name: &str,
    (kind, rendering, selectors): (Option<Type>, Rendering, &Selectors),
    console: &Console,
) -> anyhow::Result<Snapshot> {
    let Some(url) = input::as_url(name) else {
        return input::open(name, kind, SystemClock.now());
    };
    let fetcher = Fetcher::new(installation::config(console)?.fetch, SystemClock)?;
    let request = super::fetch::request(url, None);
    match get(&fetcher, request, rendering, selectors, console).await.map_err(|failure| failure.kind)? {
        Fetched::Snapshot(snapshot) => Ok(*snapshot),
        Fetched::NotModified => anyhow::bail!("{name} answers 304 although nothing was asked conditionally"),
    }
}

/// Asks for a URL: plainly, with a browser, or with a browser where the plain answer takes one.
pub async fn get(
    fetcher: &Fetcher<SystemClock>,
    request: Request,
    rendering: Rendering,
    selectors: &Selectors,
    console: &Console,
) -> Result<Fetched, FetchFailure> {
    let render = rendering.render.unwrap_or_default();
    // The past has no browser.
    let live = request.source == Source::Live;
    if live && render == Render::Always {
        return fetcher.render(request).await;
    }
    let plain = fetcher.fetch(request.clone()).await?;
    let Fetched::Snapshot(snapshot) = &plain else { return Ok(plain) };
    if !live || render == Render::Never {
        return Ok(plain);
    }
    let read = read_one((**snapshot).clone(), selectors).await;
    let Ok(Err(refused)) = read else { return Ok(plain) };
    if !takes_a_browser(refused.why) || snapshot.status == 429 {
        return Ok(plain);
    }
    match fetcher.render(request).await {
        Ok(rendered) => {
            console.say(format!("{}: read with a browser, since the plain answer says {}", snapshot.url, refused.why));
            Ok(rendered)
        }
        Err(failure) => {
            console.warn(one_line(&failure.kind.to_string()));
            Ok(plain)
        }
    }
}

/// Reads a snapshot away from the event loop: it is work for the processor.
///
/// # Errors
/// If it could not be unpacked for a reason of ours.
pub async fn read_one(snapshot: Snapshot, selectors: &Selectors) -> Result<Result<Reading, Unreadable>, UnpackError> {
    let selectors = selectors.clone();
    let read = tokio::task::spawn_blocking(move || {
        let unpacked = Unpacker::this_program().unpack(&snapshot)?;
        Ok(read(&snapshot, &selectors, &Expected { unpacked: unpacked.as_ref(), ..Expected::default() }))
    })
    .await;
    read.unwrap_or_else(|_| {
        Ok(Err(Unreadable::new(crate::reading::Why::Malformed, "our own code failed on this page")))
    })
}

/// Says which selectors picked nothing.
pub fn tell_unmatched(name: &str, reading: &Reading, console: &Console) {
    let unmatched = &reading.unmatched;
    if let Some(note) = unmatched.note() {
        console.warn(one_line(&format!("{name}: {note}")));
    }
    for selector in &unmatched.remove {
        console
            .warn(one_line(&format!("{name}: remove \"{selector}\" matches nothing, so nothing was left out for it")));
    }
}

/// Prints a reading.
pub fn print(name: &str, reading: &Result<Reading, Unreadable>, console: &Console) -> anyhow::Result<()> {
    if let Ok(reading) = reading {
        tell_unmatched(name, reading, console);
    }
    if console.json {
        console.object(&render::json::reading(name, reading.as_ref()))?;
        return Ok(());
    }
    let paint = console.paint;
    match reading {
        Ok(reading) => {
            console.line(paint.bold(one_line(reading.title.as_deref().unwrap_or(name))))?;
            for line in wrap(&one_line(&facts(name, reading)), console.width) {
                console.line(paint.dim(line))?;
            }
            console.line("")?;
            console.line(render::plain::reading(reading, console.style()).trim_end())?;
        }
        Err(unreadable) => {
            console.line(format!("{}  {}", paint.bold(one_line(name)), paint.yellow(unreadable.why)))?;
            for evidence in &unreadable.evidence {
                console.line(format!("  {}", paint.dim(one_line(evidence))))?;
            }
        }
    }
    Ok(())
}

/// What is known of a reading, in one line.
pub fn facts(name: &str, reading: &Reading) -> String {
    let mut facts = vec![name.to_owned()];
    facts.extend(reading.language.clone());
    facts.extend(reading.effective_at.map(|day| format!("effective {day}")));
    facts.push(count(reading.sections.len(), "section"));
    facts.push(count(reading.words(), "word"));
    let links = reading.policy_links().len();
    if links > 0 {
        facts.push(count(links, "link") + " to other policies");
    }
    facts.join(" · ")
}
