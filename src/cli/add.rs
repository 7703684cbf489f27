//! `add`: from a company's address to its policies, and from those to watches.

use std::collections::BTreeSet;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use serde::Serialize;
use url::Url;

use super::complaint::Complaint;
use super::console::Console;
use super::table::{Table, count, wrap_at_most};
use super::{Exit, extract, input, installation};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::config::append::{NewWatch, append};
use crate::discovery::address;
use crate::discovery::ids::new_id;
use crate::fetch::Fetcher;
use crate::moving::all_in_their_places;
use crate::render::one_line;
use crate::store::Store;
use crate::survey::{Found, Options, Survey, survey};
use crate::unpack::Unpacker;
use crate::watch::{PolicyType, Watch};

/// Where to look, and what for.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Examples:
  policywatch add acme.com                        find the policies, ask, write them
  policywatch add acme.com --type privacy --yes   only privacy policies, without a question
  policywatch add https://acme.com/legal --dry-run

It looks at the page that you name, the home page, robots.txt and sitemaps, then at what their
links promise, at the pace of [fetch] pause_per_host. What is an empty frame or a wall without
scripts is read with a browser, as [defaults] render or --render says. Exits with 3 if nothing is
found."#)]
pub struct Args {
    /// A home page, a page of policies, or a policy
    #[arg(value_name = "URL", required = true)]
    urls: Vec<String>,
    /// Only policies of this kind; may be repeated
    #[arg(long = "type", value_name = "TYPE", value_parser = PossibleValuesParser::new(PolicyType::ALL.map(|(_, word)| word)))]
    kinds: Vec<String>,
    /// The language to ask for, by its two letters of ISO 639-1
    #[arg(long, value_name = "LANGUAGE", value_parser = language)]
    language: Option<String>,
    /// Requests at most for each URL
    #[arg(long, value_name = "NUMBER", default_value_t = Options::default().most_requests as u16, value_parser = clap::value_parser!(u16).range(1..=500))]
    max_requests: u16,
    #[command(flatten)]
    rendering: extract::Rendering,
    /// Write without asking
    #[arg(short, long)]
    yes: bool,
    /// Write nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

fn language(text: &str) -> Result<String, String> {
    let sound = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_lowercase());
    if sound { Ok(text.to_owned()) } else { Err("use two small letters, as in \"en\" or \"fr\"".to_owned()) }
}

#[derive(Serialize)]
struct Row<'a> {
    site: &'a str,
    url: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    title: Option<&'a str>,
    language: Option<&'a str>,
    words: usize,
    sections: usize,
    effective_at: Option<String>,
    outline: &'a [String],
    found_by: &'static str,
    also: Vec<&'a str>,
    /// The watch that it is, or would be.
    watch: &'a str,
    /// `new`, `known` (a watch has it already) or `other_language` (left out).
    state: &'static str,
    /// Whether it was written to the configuration now.
    added: bool,
}

/// A policy that was found, and what becomes of it.
struct Offer {
    site: Url,
    found: Found,
    state: State,
    watch: NewWatch,
    added: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Known,
    OtherLanguage,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            State::New => "new",
            State::Known => "known",
            State::OtherLanguage => "other_language",
        }
    }
}

/// Surveys each site, and adds what is wanted.
pub async fn run(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let urls = args.urls.iter().map(|text| named(text)).collect::<Result<Vec<_>, _>>()?;
    let path = installation::found(console)?;
    if args.yes && path.is_none() {
        installation::needed(console)?;
    }
    let mut config = installation::config(console)?;
    if config.store_path.exists() {
        // A policy that moved is watched where it is now.
        let store = Store::open(&config.store_path).await?;
        config.watches = all_in_their_places(&config.watches, &store).await?;
    }
    let fetcher = Fetcher::new(config.fetch.clone(), SystemClock)?;
    let options = Options {
        kinds: args.kinds.iter().filter_map(|word| PolicyType::parse(word)).collect(),
        most_requests: usize::from(args.max_requests),
        language: args.language.clone(),
        render: args.rendering.render.unwrap_or(config.render),
        ..Options::default()
    };
    let (mut offers, mut failed) = (Vec::new(), false);
    for (url, text) in urls.iter().zip(&args.urls) {
        match look(url, &options, &fetcher, console).await {
            Ok(surveyed) => {
                failed |= surveyed.found.is_empty();
                tell_survey(url, &surveyed, console);
                offer(surveyed, &config, &mut offers);
            }
            Err(error) => {
                failed = true;
                console.error(&error);
                if !text.contains("://") {
                    console.say(format!("name http://{} if the site has no TLS", one_line(text)));
                }
            }
        }
    }
    if !console.json && !offers.is_empty() {
        show(&offers, console)?;
    }
    let wanted = wanted(&mut offers, &args, path.as_ref(), console)?;
    if let Some(path) = path.filter(|_| !wanted.is_empty()) {
        let watches: Vec<NewWatch> = wanted.iter().map(|at| offers[*at].watch.clone()).collect();
        append(&path, &watches)?;
        wanted.iter().for_each(|at| offers[*at].added = true);
        tell_added(&watches, &path, console);
    }
    if console.json {
        offers.iter().try_for_each(|offer| console.object(&row(offer)))?;
    }
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

/// The address that an argument means; `acme.com` is one, too.
fn named(text: &str) -> Result<Url, Complaint> {
    let parsed = input::as_url(text).or_else(|| {
        let host = text.split(['/', '?', '#']).next().unwrap_or_default();
        let bare = !text.contains("://") && host.contains('.') && !text.contains(char::is_whitespace);
        bare.then(|| input::as_url(&format!("https://{text}"))).flatten()
    });
    parsed.ok_or_else(|| {
        Complaint::usage(format!("\"{}\" is no address of the web", one_line(text)))
            .hint("name a home page or a policy, as in acme.com or https://acme.com/privacy")
    })
}

async fn look(
    url: &Url,
    options: &Options,
    fetcher: &Fetcher<SystemClock>,
    console: &Console,
) -> anyhow::Result<Survey> {
    let bar = console.progress(options.most_requests as u64, "look");
    let mut told = |asked: &Url| {
        bar.set_message(one_line(&super::table::cut(asked.as_str(), 60)));
        bar.inc(1);
    };
    let unpacker = Unpacker::this_program();
    let surveyed = survey(url, options, fetcher, &unpacker, &SystemClock, &mut told).await;
    bar.finish_and_clear();
    Ok(surveyed.map_err(|failure| failure.kind)?)
}

/// Talks about what is not in the table.
fn tell_survey(asked: &Url, surveyed: &Survey, console: &Console) {
    let Survey { found, passed, requests, left, .. } = surveyed;
    let requests = count(*requests, "request");
    if found.is_empty() {
        console.warn(format!("no policy was found at {} with {requests}", one_line(asked.as_str())));
        console.say("name the policy's own address, or watch it by hand under [[watch]]");
    } else {
        console.say(format!("found {} at {} with {requests}", policies(found.len()), one_line(surveyed.site.as_str())));
    }
    if *left > 0 {
        console.say(format!(
            "{} that may be policies were not asked for; --max-requests raises the bound",
            count(*left, "page")
        ));
    }
    if console.verbose > 0 || found.is_empty() {
        for passed in passed {
            console.say(format!("  left out {}: {}", one_line(passed.url.as_str()), one_line(&passed.why)));
        }
    }
}

fn policies(number: usize) -> String {
    count(number, "policy")
}

/// Makes offers of what was found: a watch of its own each, unless one has it.
fn offer(surveyed: Survey, config: &Config, offers: &mut Vec<Offer>) {
    let Survey { site, site_name, found, in_other_languages, .. } = surveyed;
    let ids = config.watches.iter().map(|watch| watch.id.to_string());
    let mut taken: BTreeSet<String> = ids.chain(offers.iter().map(|offer| offer.watch.id.to_string())).collect();
    let others = in_other_languages.into_iter().map(|found| (found, State::OtherLanguage));
    for (found, state) in found.into_iter().map(|found| (found, State::New)).chain(others) {
        if offers.iter().any(|known| address::same(&known.found.url, &found.url)) {
            continue;
        }
        let known = config.watches.iter().find(|watch| has(watch, &found));
        let (state, id) = match known {
            Some(watch) => (State::Known, watch.id.clone()),
            None => (state, new_id(&site, &found.url, found.kind, &taken)),
        };
        if state == State::New {
            taken.insert(id.to_string());
        }
        let (url, service) = (found.url.clone(), site_name.clone());
        let watch = NewWatch { id, url, service, policy_type: found.kind };
        offers.push(Offer { site: site.clone(), found, state, watch, added: false });
    }
}

/// Whether a watch is of this text, under one of its addresses, now or formerly.
fn has(watch: &Watch, found: &Found) -> bool {
    let mut addresses = std::iter::once(&found.url).chain(&found.also);
    let pages = watch.all_pages();
    let former = watch.former.iter().map(|former| &former.url);
    let elsewhere = watch
        .elsewhere
        .iter()
        .flat_map(|went| std::iter::once(&went.url).chain(went.former.iter().map(|one| &one.url)));
    let own: Vec<&Url> = pages.iter().map(|page| &page.url).chain(former).chain(elsewhere).collect();
    addresses.any(|url| own.iter().any(|known| address::same(known, url)))
}

/// Prints the offers, numbered as the question does: a line of facts each, and below it what
/// the text is called, where it is and how it begins.
fn show(offers: &[Offer], console: &Console) -> anyhow::Result<()> {
    let paint = console.paint;
    let headings = ["", "type", "language", "words", "date", "found by", "watch"];
    // No cell of the last column has a blank, so that every row is one line.
    let mut table = Table::new(headings).right(&[0, 3]).least(0);
    let mut number = 0;
    for Offer { found, state, watch, .. } in offers {
        let (mark, name) = match state {
            State::New => {
                number += 1;
                (number.to_string(), paint.bold(&watch.id))
            }
            State::Known => (paint.green("✓"), watch.id.to_string()),
            State::OtherLanguage => (String::new(), "–".to_owned()),
        };
        table.row([
            mark,
            paint.cyan(found.kind.as_str()),
            found.language.clone().unwrap_or_else(|| "–".to_owned()),
            found.words.to_string(),
            found.effective_at.map_or_else(|| "–".to_owned(), |date| date.to_string()),
            found.clue.as_str().to_owned(),
            name,
        ]);
    }
    let mut lines = table.lines(console.width, |heading| paint.dim(heading)).into_iter();
    lines.next().map_or(Ok(()), |heading| console.line(heading))?;
    let room = console.width.saturating_sub(3);
    for (line, Offer { found, state, .. }) in lines.zip(offers) {
        console.line(line)?;
        let title = one_line(found.title.as_deref().unwrap_or_default());
        let address = one_line(found.url.as_str());
        let outline = one_line(&found.outline.join(" · "));
        let remark = match state {
            State::New => "",
            State::Known => "a watch has it already",
            State::OtherLanguage => "left out: the site has the same kind of text in its own language",
        };
        for (text, at_most) in [(title.as_str(), 1), (outline.as_str(), 2), (remark, 1)] {
            for line in wrap_at_most(text, room, at_most).iter().filter(|line| !line.is_empty()) {
                console.line(format!("   {}", if text == title { line.clone() } else { paint.dim(line) }))?;
            }
        }
        // Whole, whatever its length, so that it can be copied.
        console.line(format!("   {}", paint.dim(address)))?;
    }
    Ok(())
}

/// Which of the offers are written: all that are new with `--yes`, else what is answered on
/// a terminal, else none.
fn wanted(offers: &mut [Offer], args: &Args, path: Option<&PathBuf>, console: &Console) -> anyhow::Result<Vec<usize>> {
    let new: Vec<usize> = (0..offers.len()).filter(|at| offers[*at].state == State::New).collect();
    if new.is_empty() || args.dry_run {
        return Ok(Vec::new());
    }
    if args.yes {
        return Ok(new);
    }
    let Some(path) = path else {
        console.say("there is no configuration to add them to; `policywatch init` writes one");
        return Ok(Vec::new());
    };
    if console.json || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        console.say(format!("nothing was written; --yes adds {} to {}", count(new.len(), "watch"), path.display()));
        return Ok(Vec::new());
    }
    let mut err = std::io::stderr().lock();
    write!(err, "Add {} to {}? [y]es, [n]o, or numbers as in \"1 3\": ", count(new.len(), "watch"), path.display())?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(chosen(&answer, new.len())?.into_iter().map(|number| new[number]).collect())
}

/// What an answer chooses of so many, from 0. Anything unclear chooses nothing, and says so.
fn chosen(answer: &str, of: usize) -> Result<Vec<usize>, Complaint> {
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => return Ok((0..of).collect()),
        "" | "n" | "no" => return Ok(Vec::new()),
        _ => {}
    }
    let mut numbers = BTreeSet::new();
    for word in answer.split([' ', ',', '\t', '\n']).filter(|word| !word.trim().is_empty()) {
        match word.trim().parse::<usize>() {
            Ok(number) if (1..=of).contains(&number) => numbers.insert(number - 1),
            _ => {
                return Err(Complaint::usage(format!("\"{}\" is no answer", one_line(answer.trim())))
                    .hint(format!("answer y, n, or numbers from 1 to {of}; nothing was written")));
            }
        };
    }
    Ok(numbers.into_iter().collect())
}

fn tell_added(watches: &[NewWatch], path: &std::path::Path, console: &Console) {
    let mark = console.paint_err.green("✓");
    console.say(format!("{mark} added {} to {}", count(watches.len(), "watch"), path.display()));
    let ids: Vec<&str> = watches.iter().map(|watch| watch.id.as_str()).collect();
    console.say(format!("Next: policywatch fetch {}", ids.join(" ")));
    console.say("A daemon that runs takes them up on SIGHUP (systemctl reload policywatch).");
}

fn row(offer: &Offer) -> Row<'_> {
    let Offer { site, found, state, watch, added } = offer;
    Row {
        site: site.as_str(),
        url: found.url.as_str(),
        kind: found.kind.as_str(),
        title: found.title.as_deref(),
        language: found.language.as_deref(),
        words: found.words,
        sections: found.sections,
        effective_at: found.effective_at.map(|date| date.to_string()),
        outline: &found.outline,
        found_by: found.clue.as_str(),
        also: found.also.iter().map(Url::as_str).collect(),
        watch: watch.id.as_str(),
        state: state.as_str(),
        added: *added,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_people_write_them() {
        let cases = [
            ("acme.com", Some("https://acme.com/")),
            ("acme.com/legal", Some("https://acme.com/legal")),
            ("http://acme.com", Some("http://acme.com/")),
            ("acme", None),
            ("ftp://acme.com", None),
            ("acme com", None),
            ("policy.html\u{1b}[2J x", None),
        ];
        for (text, expected) in cases {
            assert_eq!(named(text).ok().as_ref().map(Url::as_str), expected, "{text}");
        }
    }

    #[test]
    fn answers() {
        assert_eq!(chosen("Yes\n", 3).unwrap(), [0, 1, 2]);
        assert_eq!(chosen("3, 1\n", 3).unwrap(), [0, 2]);
        assert_eq!(chosen("\n", 3).unwrap(), [0; 0]);
        assert_eq!(chosen("4", 3).unwrap_err().to_string(), "\"4\" is no answer");
        assert!(chosen("maybe", 3).is_err());
    }
}
