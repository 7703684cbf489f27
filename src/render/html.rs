//! A change as one page of HTML: for browsers, for printing, to send along.
//!
//! It needs nothing but itself: no script, no picture, no address that is fetched; a policy
//! of content (CSP) in its head forbids them. All fetched text passes [`escape`], and
//! what HTML reads as marks is written out, so that it stays text.

use super::lines::{Line, Span, lines, shown, words};
use super::{belongs, capital, escape, noise_name, path, place, remarks, title};
use crate::change::words::{Token, steps, tokens};
use crate::change::{Change, Op, SectionChange};
use crate::judgment::{Finding, Judgment, Noise};

/// What is compared, as it is told above the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sides {
    /// What the two are versions of.
    pub subject: String,
    /// The older one.
    pub from: String,
    /// The newer one.
    pub to: String,
}

/// Unchanged words in a row that are shown; more are folded.
const PLAIN: usize = 40;
/// Words of a line; a longer one shows the sentences around its edits only.
const LONG: usize = 90;
/// Rules that are told; more are folded.
const FINDINGS: usize = 5;

const STYLE: &str = include_str!("html.css");

/// A change as a page: the judgment, the findings with their quotations, then section by
/// section what was struck and what was put in. None: both sides say the same.
pub fn change(judged: Option<(&Change, &Judgment)>, sides: &Sides) -> String {
    let Some((change, judgment)) = judged else { return unchanged("The text is the same.", sides) };
    let title = title(change);
    let mut page = head(sides, &judgment.summary);
    let word = judgment.materiality.as_str();
    page.push_str(&format!("<p class=\"verdict {word}\">{}", capital(word)));
    if judgment.severity > 0 {
        page.push_str(&format!(" change, severity {} of 3", judgment.severity));
    }
    page.push_str(&format!("</p>\n<h1>{}</h1>\n", safe(&judgment.summary)));
    page.push_str(&about(sides));
    if !judgment.practices.is_empty() {
        page.push_str("<ul class=\"tags\" aria-label=\"What it is about\">");
        judgment.practices.iter().for_each(|practice| page.push_str(&format!("<li>{}</li>", safe(practice.name()))));
        page.push_str("</ul>\n");
    }
    if change.crosses_readings {
        page.push_str(
            "<p class=\"about\">The two sides were read in different ways; a part of the difference may be ours.</p>\n",
        );
    }
    for remark in remarks(judgment) {
        page.push_str(&format!("<p class=\"about\">{}</p>\n", safe(&remark)));
    }
    page.push_str("</header>\n<main>\n");
    findings(&mut page, change, &judgment.findings, title);
    page.push_str("<section aria-labelledby=\"changes\">\n<h2 id=\"changes\">What changed, section by section</h2>\n");
    page.push_str("<p class=\"key\">Gone: <del>struck through</del>. New: <ins>underlined</ins>.</p>\n");
    for (at, section) in change.sections.iter().enumerate() {
        one(&mut page, at, section, title, &judgment.findings);
    }
    page.push_str("</section>\n");
    noise(&mut page, &judgment.noise, title);
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// The page where there is nothing to compare, and why.
pub fn unchanged(why: &str, sides: &Sides) -> String {
    let mut page = head(sides, why);
    page.push_str(&format!("<p class=\"verdict none\">No change</p>\n<h1>{}</h1>\n", safe(why)));
    page.push_str(&about(sides));
    page.push_str("</header>\n</body>\n</html>\n");
    page
}

fn head(sides: &Sides, summary: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#changes\">Skip to the changes</a>\n<header>\n",
        safe(&sides.subject),
        safe(summary)
    )
}

fn about(sides: &Sides) -> String {
    format!(
        "<p class=\"sides\"><strong>{}</strong>: {} <span aria-hidden=\"true\">→</span><span class=\"hidden\"> to </span> {}</p>\n",
        safe(&sides.subject),
        safe(&sides.from),
        safe(&sides.to)
    )
}

/// A rule that fired in a section, with all that it found there, and rules that found no more
/// than that.
struct Group<'a> {
    found: Vec<&'a Finding>,
    besides: Vec<&'a Finding>,
}

impl Group<'_> {
    /// Whether the words of a finding stand in those of the group.
    fn quotes(&self, finding: &Finding) -> bool {
        let holds = |whole: &str, part: &str| {
            let part = part.trim_matches('…').trim_end_matches(['.', ';', ',', ':']);
            (part.is_empty() == whole.is_empty()) && whole.contains(part)
        };
        self.found.iter().any(|known| {
            known.section == finding.section
                && holds(&known.before, &finding.before)
                && holds(&known.after, &finding.after)
        })
    }
}

/// Findings by rule and section; where one rule found only what another quotes already, it is
/// told there.
fn grouped<'a>(findings: &'a [Finding]) -> Vec<Group<'a>> {
    let mut by_rule: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        let alike = |group: &&mut Vec<&'a Finding>| {
            group.first().is_some_and(|first| {
                (&first.rule, first.practice, &first.section, &first.why)
                    == (&finding.rule, finding.practice, &finding.section, &finding.why)
            })
        };
        match by_rule.iter_mut().find(alike) {
            Some(group) => group.push(finding),
            None => by_rule.push(vec![finding]),
        }
    }
    let mut groups: Vec<Group<'a>> = Vec::new();
    for found in by_rule {
        match groups.iter_mut().find(|group| found.iter().all(|finding| group.quotes(finding))) {
            Some(group) => group.besides.extend(found.first()),
            None => groups.push(Group { found, besides: Vec::new() }),
        }
    }
    groups
}

/// The findings by rule and section; those of no severity and many more folded away.
fn findings(page: &mut String, change: &Change, findings: &[Finding], title: Option<&str>) {
    let groups = grouped(findings);
    if groups.is_empty() {
        return;
    }
    let grave = groups.iter().filter(|group| group.found.iter().any(|finding| finding.severity > 0)).count();
    let (shown, rest) = groups.split_at(grave.clamp(1, FINDINGS));
    page.push_str("<section aria-labelledby=\"findings\">\n<h2 id=\"findings\">Why it matters</h2>\n");
    listed(page, change, shown, title);
    if !rest.is_empty() {
        let count: usize = rest.iter().map(|group| group.found.len()).sum();
        page.push_str(&format!("<details><summary>{}</summary>\n", counted(count, "more change", "more changes")));
        listed(page, change, rest, title);
        page.push_str("</details>\n");
    }
    page.push_str("</section>\n");
}

fn listed(page: &mut String, change: &Change, groups: &[Group<'_>], title: Option<&str>) {
    page.push_str("<ol class=\"findings\">\n");
    for group in groups {
        let Some(first) = group.found.first() else { continue };
        let mut whys: Vec<&str> = Vec::new();
        for finding in std::iter::once(first).chain(&group.besides) {
            if !whys.contains(&finding.why.as_str()) {
                whys.push(&finding.why);
            }
        }
        page.push_str(&format!("<li><p class=\"why\">{}</p>\n", safe(&capital(&whys.join("; ")))));
        let place = safe(&path(&first.section, title));
        let place = match change.sections.iter().position(|section| belongs(section, first)) {
            Some(at) => format!("<a href=\"#s{at}\">{place}</a>"),
            None if first.section.is_empty() => "the whole text".to_owned(),
            None => place,
        };
        let about = first.practice.map(|practice| format!(" · {}", safe(practice.name()))).unwrap_or_default();
        let rules =
            std::iter::once(first).chain(&group.besides).map(|finding| format!("<code>{}</code>", safe(&finding.rule)));
        let rules = rules.collect::<Vec<_>>().join(", ");
        page.push_str(&format!(
            "<p class=\"about\"><span class=\"s{0}\">severity {0}</span>{about} · {place} · {rules}</p>\n",
            first.severity,
        ));
        group.found.iter().for_each(|finding| quoted(page, finding));
        page.push_str("</li>\n");
    }
    page.push_str("</ol>\n");
}

/// The decisive words of a finding on both sides, with what differs marked where most stays.
fn quoted(page: &mut String, finding: &Finding) {
    let side = |name: &str, words: &str| format!("<p><b>{name}</b> {words}</p>");
    page.push_str("<blockquote>");
    match (finding.before.is_empty(), finding.after.is_empty()) {
        (false, false) => {
            let (old, new) = differing(&finding.before, &finding.after);
            page.push_str(&side("Before", &old));
            page.push_str(&side("Now", &new));
        }
        (false, true) => page.push_str(&side("Gone", &format!("<del>{}</del>", safe(&finding.before)))),
        (true, false) => page.push_str(&side("New", &format!("<ins>{}</ins>", safe(&finding.after)))),
        (true, true) => {}
    }
    page.push_str("</blockquote>\n");
}

/// Two quotations, each with the words marked that the other lacks; plain where that would be
/// most of them. A quotation that was cut may lack words at its end that it does not lack.
fn differing(before: &str, after: &str) -> (String, String) {
    let (old, new) = (tokens(before), tokens(after));
    let steps = steps(&old, &new);
    let same: usize = steps.iter().filter(|step| step.equal).map(|step| step.old.len() + step.new.len()).sum();
    if same * 2 < old.len() + new.len() {
        return (safe(before), safe(after));
    }
    let cut = |end: fn(&str) -> bool| end(before) || end(after);
    let (starts, ends) = (cut(|quote| quote.starts_with('…')), cut(|quote| quote.ends_with('…')));
    let last = steps.len().saturating_sub(1);
    let (mut left, mut right) = (String::new(), String::new());
    for (at, step) in steps.iter().enumerate() {
        let outer = at == 0 && starts || at == last && ends;
        let one_sided = step.old.is_empty() || step.new.is_empty();
        let text = |words: &[Token<'_>]| words.iter().flat_map(|token| [token.space, token.word]).collect::<String>();
        let op = |op: Op| if step.equal || outer && one_sided { Op::Equal } else { op };
        marked(&mut left, &(op(Op::Delete), text(&old[step.old.clone()])));
        marked(&mut right, &(op(Op::Insert), text(&new[step.new.clone()])));
    }
    (left, right)
}

/// One section: what happened, where, the redline, links, and the rules that fired.
fn one(page: &mut String, at: usize, section: &SectionChange, title: Option<&str>, findings: &[Finding]) {
    page.push_str(&format!("<article id=\"s{at}\" aria-labelledby=\"h{at}\">\n"));
    page.push_str(&format!(
        "<p class=\"kind\">{}</p>\n<h3 id=\"h{at}\">{}</h3>\n",
        capital(section.kind.as_str()),
        safe(&place(section, title))
    ));
    page.push_str("<div class=\"text\">\n");
    text(page, &lines(section));
    page.push_str("</div>\n");
    links(page, section);
    let rules: Vec<&Finding> = findings.iter().filter(|f| f.severity > 0 && belongs(section, f)).collect();
    if !rules.is_empty() {
        let worst = rules.iter().map(|finding| finding.severity).max().unwrap_or(0);
        let mut whys: Vec<&str> = Vec::new();
        for finding in rules {
            if !whys.contains(&finding.why.as_str()) {
                whys.push(&finding.why);
            }
        }
        page.push_str(&format!(
            "<p class=\"about\"><span class=\"s{worst}\">▸</span> {}</p>\n",
            safe(&whys.join("; "))
        ));
    }
    page.push_str("</article>\n");
}

/// The lines of a section; what did not change is folded where it is long.
fn text(page: &mut String, lines: &[Line]) {
    if !lines.iter().any(Line::is_changed) {
        if !lines.is_empty() {
            folded(page, "The text itself did not change", lines);
        }
        return;
    }
    let (mut at, mut from) = (0, 0);
    while at < lines.len() {
        let end = (at..lines.len()).find(|n| lines[*n].is_changed()).unwrap_or(lines.len());
        let count: usize = lines[at..end].iter().map(|line| words(line).len()).sum();
        if count > PLAIN {
            set_all(page, &lines[from..at]);
            let what = counted(end - at, "unchanged line", "unchanged lines");
            folded(page, &format!("{what}, {}", counted(count, "word", "words")), &lines[at..end]);
            from = end;
        }
        at = end + 1;
    }
    set_all(page, &lines[from..]);
}

fn folded(page: &mut String, summary: &str, lines: &[Line]) {
    page.push_str(&format!("<details class=\"same\"><summary>{summary}</summary>\n"));
    set_all(page, lines);
    page.push_str("</details>\n");
}

/// Sets lines, the items of a list within one list.
fn set_all(page: &mut String, lines: &[Line]) {
    let mut listed = false;
    for line in lines {
        let item = line.depth().is_some() && !line.is_row();
        if item != listed {
            page.push_str(if item { "<ul>\n" } else { "</ul>\n" });
            listed = item;
        }
        set(page, line);
    }
    if listed {
        page.push_str("</ul>\n");
    }
}

/// Sets a line as what it is: a row, an item or a paragraph.
fn set(page: &mut String, line: &Line) {
    if line.is_row() {
        page.push_str("<div class=\"row\">");
        for cell in line.cells() {
            let quiet = line.is_changed() && cell.iter().all(|(op, _)| *op == Op::Equal);
            page.push_str(if quiet { "<span class=\"cell quiet\">" } else { "<span class=\"cell\">" });
            cell.iter().for_each(|span| marked(page, span));
            page.push_str("</span>");
        }
        page.push_str("</div>\n");
        return;
    }
    let (open, close, spans) = match line.depth() {
        Some(depth) => (format!("<li class=\"d{}\">", depth.min(4)), "</li>\n", without_dash(&line.spans)),
        None => ("<p>".to_owned(), "</p>\n", line.spans.clone()),
    };
    page.push_str(&open);
    let line = Line { spans };
    let all = words(&line);
    if line.is_changed() && line.only().is_none() && all.len() > LONG {
        shortened(page, &line);
    } else {
        line.spans.iter().for_each(|span| marked(page, span));
    }
    page.push_str(close);
}

/// A long line: the sentences around its edits, and how many words are left out.
fn shortened(page: &mut String, line: &Line) {
    let words = words(line);
    let shown = shown(&words, false);
    let mut at = 0;
    while at < words.len() {
        let (op, show) = (words[at].op, shown[at]);
        let end = (at..words.len()).find(|n| shown[*n] != show || words[*n].op != op).unwrap_or(words.len());
        let lead = if words[at].spaced && at > 0 { " " } else { "" };
        if show {
            page.push_str(lead);
            let text: String = words[at..end]
                .iter()
                .enumerate()
                .map(|(n, word)| format!("{}{}", if n > 0 && word.spaced { " " } else { "" }, word.text))
                .collect();
            marked(page, &(op, text));
        } else {
            page.push_str(&format!(
                " <span class=\"quiet\">[… {} …]</span>",
                counted(end - at, "unchanged word", "unchanged words")
            ));
        }
        at = end;
    }
}

/// An item without the dash that marks it as one.
fn without_dash(spans: &[Span]) -> Vec<Span> {
    let mut spans = spans.to_vec();
    let mut left = true;
    for (_, text) in &mut spans {
        if left {
            let bare = text.trim_start();
            left = bare.is_empty();
            *text = bare.strip_prefix("- ").unwrap_or(bare).to_owned();
        }
    }
    spans.retain(|(_, text)| !text.is_empty());
    spans
}

fn marked(page: &mut String, (op, text): &Span) {
    let mark = match op {
        Op::Equal => return page.push_str(&safe(text)),
        Op::Delete => "del",
        Op::Insert => "ins",
    };
    // White space at the ends is not struck.
    let bare = text.trim();
    let start = text.len() - text.trim_start().len();
    page.push_str(&text[..start]);
    if !bare.is_empty() {
        page.push_str(&format!("<{mark}>{}</{mark}>", safe(bare)));
    }
    page.push_str(&text[start + bare.len()..]);
}

/// The links of a section that lead elsewhere now.
fn links(page: &mut String, section: &SectionChange) {
    let changed: Vec<_> = section.links.iter().filter_map(|link| link.from.as_ref().zip(link.to.as_ref())).collect();
    if changed.is_empty() {
        return;
    }
    page.push_str("<ul class=\"links\">\n");
    for (from, to) in changed {
        page.push_str(&format!(
            "<li>The link “{}” leads elsewhere: <del><code>{}</code></del> <ins><code>{}</code></ins></li>\n",
            safe(&to.text),
            safe(&from.target),
            safe(&to.target)
        ));
    }
    page.push_str("</ul>\n");
}

/// What was left out of account, folded.
fn noise(page: &mut String, noise: &[Noise], title: Option<&str>) {
    if noise.is_empty() {
        return;
    }
    page.push_str("<section aria-labelledby=\"noise\">\n<h2 id=\"noise\">Left out of account</h2>\n");
    page.push_str(&format!(
        "<details><summary>{} that do not matter</summary>\n<table>\n<tr><th>What</th><th>Where</th><th>Words</th></tr>\n",
        counted(noise.len(), "difference", "differences")
    ));
    for piece in noise {
        page.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            safe(&noise_name(&piece.kind)),
            safe(&path(&piece.section, title)),
            safe(&piece.example)
        ));
    }
    page.push_str("</table>\n</details>\n</section>\n");
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Fetched text that HTML reads as text.
fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in escape(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
