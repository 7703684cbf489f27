//! Whether a change matters, and the words that decided.

mod facts;
mod noise;
mod own;
pub mod practice;
mod quote;
mod rules;
mod times;

use std::collections::{BTreeMap, BTreeSet};

use crate::change::{Change, LinkChange, Op};
use crate::reading::Reading;
use facts::{Clause, Facts, fold};
pub use own::{BadPattern, OWN, OwnRule, Rules, When};
pub use practice::Practice;
use practice::{ranked, weigh};
use rules::{RULES, Seen};
pub use times::{Dating, Return, ReturnKind};

/// How much a change matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Materiality {
    /// Nothing a reader could act on.
    #[default]
    Editorial,
    /// A detail; recorded, and told to those who ask for it.
    Minor,
    /// A person whom the text binds or protects would want to know.
    Material,
}

impl Materiality {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Materiality::Editorial => "editorial",
            Materiality::Minor => "minor",
            Materiality::Material => "material",
        }
    }

    /// The degree that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        [Materiality::Editorial, Materiality::Minor, Materiality::Material].into_iter().find(|m| m.as_str() == word)
    }
}

/// A rule that fired, and the words that fired it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id, stable over releases.
    pub rule: String,
    /// What the change is about; none where no practice can be told.
    pub practice: Option<Practice>,
    /// 0 to 3.
    pub severity: u8,
    /// The path of the section (the new one; the old one if it was removed).
    pub section: Vec<String>,
    /// The decisive words before; empty if there were none.
    pub before: String,
    /// The decisive words after; empty if there are none.
    pub after: String,
    /// Why it matters, in one sentence.
    pub why: String,
}

/// Why a part of a change does not matter. The words are those of the label guide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noise {
    /// `date_only`, `formatting`, `link_only`, `renumber_move`, `page_furniture`,
    /// `fetch_artefact`, `typo_grammar`, `rename`, `contact_format` or `editorial`; beside
    /// those, `disabled_rule`, and the id of an own rule that silences.
    pub kind: String,
    /// The path of the section.
    pub section: Vec<String>,
    /// The words, shortened.
    pub example: String,
}

/// Whether a change matters, and why.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgment {
    /// How much it matters.
    pub materiality: Materiality,
    /// 0 to 3: the highest of its findings.
    pub severity: u8,
    /// What it is about, most severe first.
    pub practices: Vec<Practice>,
    /// One sentence.
    pub summary: String,
    /// The rules that fired, most severe first, then in text order.
    pub findings: Vec<Finding>,
    /// What was left out of account, and why.
    pub noise: Vec<Noise>,
    /// The earlier version that the page is back to (set by [`crate::alternation`]).
    pub returns: Option<Return>,
    /// How the date that the policy claims for itself fits to what changed.
    pub dating: Option<Dating>,
}

/// Findings that come from no row of the table of rules, and what they look at.
const BESIDE_THE_TABLE: [(&str, &str); 8] = [
    ("clause.added", "a clause that no named rule knows, by what it is about"),
    ("clause.removed", "a clause that no named rule knows, by what it is about"),
    ("clause.reworded", "how many words of substance differ in a clause that no named rule knows"),
    ("clause.extended", "how many words of substance only one side of a clause has"),
    ("clause.detail", "few words of substance that differ in a clause"),
    ("link.rights", "where links lead on which a right depends"),
    ("document.rewritten", "how much of the whole text is new"),
    ("unclassified", "sentences about what binds somebody that no rule knows"),
];

/// Every rule of ours, by id, with its source: what `disable_rules` may name.
pub fn rule_ids() -> impl Iterator<Item = (&'static str, &'static str)> + Clone {
    RULES.iter().map(|rule| (rule.id, rule.source)).chain(BESIDE_THE_TABLE)
}

/// Findings of one rule in one section; more of the same tell a reader nothing new.
const MAX_ALIKE: usize = 3;
/// Pieces of noise that are told; the rest is more of the same.
const MAX_NOISE: usize = 60;

/// Judges a change between two readings.
///
/// Pure: the same change gives the same judgment. Silent on nothing it cannot explain:
/// what no rule and no kind of noise accounts for is a finding of its own.
pub fn judge(change: &Change, old: &Reading, new: &Reading) -> Judgment {
    judge_by(change, old, new, &Rules::default())
}

/// [`judge`] by other rules than those of the table alone.
pub fn judge_by(change: &Change, old: &Reading, new: &Reading, rules: &Rules) -> Judgment {
    let judgment = weigh_all(change, old, new, rules);
    let dating = times::dating(old, new, &judgment.findings, &judgment.noise);
    Judgment { dating, ..judgment }
}

/// [`judge_by`], by the words alone.
fn weigh_all(change: &Change, old: &Reading, new: &Reading, rules: &Rules) -> Judgment {
    let facts = facts::gather(change, old, new);
    let mut bench = Bench::default();
    bench.settled(&facts);
    if let Some(why) = noise::fetch_artefact(old, new, &facts) {
        bench.silent("fetch_artefact", &[], why);
        return bench.close();
    }
    let renames = noise::Renames::find(&facts.clauses);
    // An address that shows where another was hidden is no news; one that replaces another is.
    let mail =
        |side: fn(&Clause) -> &Vec<String>| facts.clauses.iter().any(|c| side(c).iter().any(|w| w.contains('@')));
    let hidden = facts.hides_addresses && !(mail(|clause| &clause.gone) && mail(|clause| &clause.come));
    let one_sided: OneSided<'_> = facts
        .clauses
        .iter()
        .filter(|clause| !clause.is_reworded())
        .map(|clause| (clause.path.as_slice(), clause.before.is_empty()))
        .collect();
    for clause in &facts.clauses {
        let own = rules.on(clause);
        if let Some(rule) = own.first().filter(|rule| rule.silences()) {
            bench.silent(rule.id(), &clause.path, &clause.both_raw());
            continue;
        }
        for rule in &own {
            bench.find(clause, rule.id(), rule.practice, rule.severity, &rule.why, Some(rule.trigger()));
        }
        let (noise, unexplained) = (bench.noise.len(), bench.unexplained.len());
        bench.weigh_clause(clause, &facts, &one_sided, &renames, hidden);
        if !own.is_empty() {
            // What an own rule tells is not left out of account as well.
            bench.noise.truncate(noise);
            bench.unexplained.truncate(unexplained);
        }
    }
    bench.links(change);
    bench.whole(&facts);
    bench.disable(rules);
    bench.formatting(change);
    bench.close()
}

/// The sections that sentences came to (`true`) or went from.
type OneSided<'a> = BTreeSet<(&'a [String], bool)>;

/// Gathers what is found on the way to a judgment.
#[derive(Default)]
struct Bench {
    findings: Vec<Finding>,
    /// How many findings a rule has in a section.
    alike: BTreeMap<(String, Vec<String>), usize>,
    noise: Vec<Noise>,
    /// How much each practice weighs in what was found, for the order of practices.
    weights: BTreeMap<Practice, f64>,
    /// Words that differ and that neither rule nor noise accounts for.
    unexplained: Vec<(Vec<String>, String, String, usize)>,
}

impl Bench {
    fn silent(&mut self, kind: &str, section: &[String], example: &str) {
        if self.noise.len() < MAX_NOISE {
            let example = quote::shorten(example);
            self.noise.push(Noise { kind: kind.to_owned(), section: section.to_vec(), example });
        }
    }

    /// Notes what the facts have settled already.
    fn settled(&mut self, facts: &Facts) {
        let kinds = [("renumber_move", &facts.moved), ("formatting", &facts.same), ("date_only", &facts.dated)];
        for (kind, notes) in kinds {
            for (section, example) in notes {
                self.silent(kind, section, example);
            }
        }
    }

    /// Weighs one clause: noise, findings, or left unexplained.
    fn weigh_clause(
        &mut self,
        clause: &Clause,
        facts: &Facts,
        one_sided: &OneSided<'_>,
        renames: &noise::Renames,
        hidden: bool,
    ) {
        if let Some(kind) = noise::settled(clause, facts) {
            return self.silent(kind, &clause.path, &clause.both_raw());
        }
        let (content, kind) = noise::content(clause, renames);
        let headings: Vec<String> = clause.path.iter().map(|heading| fold(heading)).collect();
        let differing = clause.differing().collect::<Vec<_>>().join(" ");
        let lead = if clause.listed { &*clause.lead } else { "" };
        let mut weights = weigh(&headings, &clause.both(), &differing);
        for (weight, led) in weights.iter_mut().zip(weigh(&[], lead, "")) {
            *weight += led.min(1.2) * 0.6;
        }
        let practices = ranked(&weights);
        let is_mail = !clause.is_reworded() && clause.differing().any(|word| word.contains('@'));
        let answered = is_mail && one_sided.contains(&(clause.path.as_slice(), !clause.before.is_empty()));
        let seen = Seen { clause, practices: &practices, content: &content, hidden, answered };

        let mut fired = rules::fired(&seen);
        if content.is_empty() && kind == "rename" {
            // A product may take another name; a party may not.
            fired.retain(|at| RULES[*at].id == "party.entity");
        }
        if is_mail && content.len() <= 2 {
            // The letters of an address say nothing of arbitration or of sale.
            fired.retain(|at| RULES[*at].id == "contact.rights");
        }
        if fired.is_empty() && self.party(clause, facts, &practices) {
            return;
        }
        if fired.is_empty() && content.is_empty() {
            return self.silent(kind, &clause.path, &clause.both_raw());
        }
        if !fired.is_empty() {
            let about = practices.first().map(|(practice, _)| *practice);
            for at in fired {
                let rule = &RULES[at];
                self.find(clause, rule.id, rule.practice.or(about), rule.severity, rule.why, rules::trigger(at));
            }
            self.note_practices(&practices, clause);
            return;
        }
        self.otherwise(clause, &practices, &content);
    }

    /// Whether a clause says who answers for the service, and one that the other text does
    /// not know has taken the place of one that is gone; notes it if so.
    fn party(&mut self, clause: &Clause, facts: &Facts, practices: &[(Practice, f64)]) -> bool {
        let about = practices.first().is_some_and(|(p, _)| *p == Practice::ControllerContact)
            || noise::is_contact_format(clause);
        let names = if clause.after.is_empty() { &facts.names_gone } else { &facts.names_come };
        let other = if clause.after.is_empty() { &facts.names_come } else { &facts.names_gone };
        let text = if clause.after.is_empty() { &clause.before } else { &clause.after };
        let named = rules::legal_names(text).intersection(names).next().is_some();
        if clause.is_reworded() || !about || other.is_empty() || !named {
            return false;
        }
        let rule = RULES.iter().find(|rule| rule.id == "party.entity").expect("the table holds it");
        self.find(clause, rule.id, rule.practice, rule.severity, rule.why, None);
        true
    }

    /// A clause that no named rule knows: how much of substance differs decides.
    fn otherwise(&mut self, clause: &Clause, practices: &[(Practice, f64)], content: &[String]) {
        if noise::is_contact_format(clause) {
            return self.silent("contact_format", &clause.path, &clause.both_raw());
        }
        let Some((about, _)) = practices.first().copied() else {
            let words = content.len();
            self.unexplained.push((clause.path.clone(), clause.before.clone(), clause.after.clone(), words));
            return;
        };
        let own = practice::cues(&clause.old) + practice::cues(&clause.new);
        let (rule, severity, why) = if clause.is_reworded() {
            let turned = turned(clause);
            let one_sided = [&clause.gone, &clause.come].iter().any(|side| !side.iter().any(|w| noise::is_content(w)));
            match (turned, content.len()) {
                (_, 4..) if one_sided => ("clause.extended", 1, "something was added to a clause or taken from it"),
                (1.., 3..) | (_, 8..) => ("clause.reworded", 1, "the words of a clause changed in substance"),
                (1.., _) | (_, 3..) => ("clause.detail", 0, "a detail of a clause changed"),
                _ => return self.silent("editorial", &clause.path, &clause.both_raw()),
            }
        } else if own == 0 && !clause.listed && content.len() < 6 || content.len() < 2 {
            let words = content.len();
            self.unexplained.push((clause.path.clone(), clause.before.clone(), clause.after.clone(), words));
            return;
        } else if clause.before.is_empty() {
            ("clause.added", prior(about), "a clause was added")
        } else {
            ("clause.removed", prior(about), "a clause was removed")
        };
        self.find(clause, rule, Some(about), severity, why, None);
        if severity > 0 {
            self.note_practices(practices, clause);
        }
    }

    fn find(
        &mut self,
        clause: &Clause,
        rule: &str,
        practice: Option<Practice>,
        severity: u8,
        why: &str,
        trigger: Option<&regex::Regex>,
    ) {
        let alike = self.alike.entry((rule.to_owned(), clause.path.clone())).or_default();
        if *alike >= MAX_ALIKE {
            return;
        }
        *alike += 1;
        let (before, after) = quote::decisive(clause, trigger);
        self.findings.push(Finding {
            rule: rule.to_owned(),
            practice,
            severity,
            section: clause.path.clone(),
            before,
            after,
            why: why.to_owned(),
        });
        if let Some(practice) = practice {
            *self.weights.entry(practice).or_default() += f64::from(severity) * 1.5;
        }
    }

    fn note_practices(&mut self, practices: &[(Practice, f64)], clause: &Clause) {
        let size = (clause.gone.len() + clause.come.len()).min(40) as f64 / 10.0;
        let best = practices.first().map_or(1.0, |(_, weight)| *weight);
        for (practice, weight) in practices.iter().take(3).filter(|(_, weight)| *weight >= best * 0.5) {
            *self.weights.entry(*practice).or_default() += size * weight / best;
        }
    }

    /// Links whose targets changed: a route to one's rights that leads to another host matters.
    fn links(&mut self, change: &Change) {
        for section in &change.sections {
            let path = section.to.clone().or_else(|| section.from.clone()).unwrap_or_default();
            for link in &section.links {
                let LinkChange { from: Some(from), to: Some(to) } = link else { continue };
                if !leads_elsewhere(&from.text, &from.target, &to.target) {
                    self.silent("link_only", &path, &format!("{}: {} → {}", to.text, from.target, to.target));
                    continue;
                }
                self.findings.push(Finding {
                    rule: "link.rights".to_owned(),
                    practice: Some(Practice::RightsChoices),
                    severity: 1,
                    section: path.clone(),
                    before: quote::shorten(&from.target),
                    after: quote::shorten(&to.target),
                    why: format!("the link \"{}\" leads to another host", quote::shorten(&to.text)),
                });
                *self.weights.entry(Practice::RightsChoices).or_default() += 1.5;
            }
        }
    }

    /// What only the whole tells: a rewrite, and substance that nothing explains.
    fn whole(&mut self, facts: &Facts) {
        let changed: usize = facts.clauses.iter().map(|clause| clause.gone.len() + clause.come.len()).sum();
        let all = facts.old_words + facts.new_words;
        if changed * 2 > all && all > 600 && self.findings.iter().any(|f| f.severity > 0) {
            self.findings.push(Finding {
                rule: "document.rewritten".to_owned(),
                practice: None,
                severity: 3,
                section: Vec::new(),
                before: format!("{} words", facts.old_words),
                after: format!("{} words", facts.new_words),
                why: "most of the text is new".to_owned(),
            });
        }
        let words: usize = self.unexplained.iter().map(|(.., words)| words).sum();
        let speaks = |text: &str| {
            let text = format!(" {} ", fold(text));
            [" may ", " must ", " will ", " shall ", " can ", " not ", " you ", " we "]
                .iter()
                .filter(|w| text.contains(*w))
                .count()
                >= 2
        };
        let spoken: usize =
            self.unexplained.iter().filter(|(_, a, b, _)| speaks(a) || speaks(b)).map(|(.., words)| words).sum();
        let unexplained = std::mem::take(&mut self.unexplained);
        if spoken >= 40 && words > 0 {
            let (section, before, after, _) = unexplained
                .iter()
                .find(|(_, a, b, _)| speaks(a) || speaks(b))
                .expect("spoken words have a clause")
                .clone();
            self.findings.push(Finding {
                rule: "unclassified".to_owned(),
                practice: None,
                severity: 1,
                section,
                before: quote::shorten(&before),
                after: quote::shorten(&after),
                why: format!("{words} words differ that no rule knows"),
            });
        } else {
            for (section, before, after, _) in unexplained {
                let text = if after.is_empty() { before } else { after };
                let kind = if text.split_whitespace().count() <= 12 { "page_furniture" } else { "editorial" };
                self.silent(kind, &section, &text);
            }
        }
    }

    /// Leaves out of account what disabled rules found, and says so.
    fn disable(&mut self, rules: &Rules) {
        let all = std::mem::take(&mut self.findings);
        let (off, kept): (Vec<_>, Vec<_>) = all.into_iter().partition(|finding| rules.disables(&finding.rule));
        self.findings = kept;
        for Finding { rule, section, before, after, .. } in &off {
            self.silent("disabled_rule", section, &format!("{rule}: {before} → {after}"));
        }
        if self.findings.is_empty() {
            self.weights.clear();
        }
    }

    /// Names what differs in no word at all.
    fn formatting(&mut self, change: &Change) {
        if self.findings.is_empty() && self.noise.is_empty() {
            let text = change.sections.iter().flat_map(|s| &s.edits).find(|edit| edit.op != Op::Equal);
            let links = change.sections.iter().any(|section| !section.links.is_empty());
            let letters = |op: Op| -> String {
                let edits = change.sections.iter().flat_map(|s| &s.edits).filter(|edit| edit.op == op);
                edits
                    .flat_map(|edit| edit.text.chars())
                    .filter(|c| c.is_alphanumeric())
                    .flat_map(char::to_lowercase)
                    .collect()
            };
            let kind = match () {
                () if text.is_none() && links => "link_only",
                () if letters(Op::Delete) == letters(Op::Insert) => "formatting",
                () => "typo_grammar",
            };
            self.silent(kind, &[], text.map_or("", |edit| edit.text.as_str()));
        }
    }

    fn close(mut self) -> Judgment {
        // Stable: among equals the order of the text stays.
        self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let severity = self.findings.first().map_or(0, |finding| finding.severity);
        let materiality = match (severity, self.findings.is_empty()) {
            (1.., _) => Materiality::Material,
            (0, false) => Materiality::Minor,
            (0, true) => Materiality::Editorial,
        };
        let practices = self.practices();
        let summary = quote::summary(materiality, &self.findings, &self.noise);
        let (findings, noise) = (self.findings, self.noise);
        Judgment { materiality, severity, practices, summary, findings, noise, returns: None, dating: None }
    }

    /// At most five practices, the weightiest first.
    fn practices(&self) -> Vec<Practice> {
        let mut weights: Vec<(Practice, f64)> = self.weights.iter().map(|(p, w)| (*p, *w)).collect();
        weights.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let best = weights.first().map_or(0.0, |(_, weight)| *weight);
        weights.into_iter().filter(|(_, w)| *w > 0.0 && *w >= best * 0.2).take(5).map(|(p, _)| p).collect()
    }
}

/// How severe it is that a clause about a practice comes or goes, if no named rule says.
fn prior(practice: Practice) -> u8 {
    match practice {
        Practice::ControllerContact | Practice::SecurityBreach | Practice::TrackingAds => 1,
        _ => 2,
    }
}

/// How many practices only one side of a reworded clause speaks of.
fn turned(clause: &Clause) -> usize {
    let (old, new) = (weigh(&[], &clause.old, ""), weigh(&[], &clause.new, ""));
    old.iter().zip(&new).filter(|(a, b)| (**a == 0.0) != (**b == 0.0)).count()
}

/// Whether a link on which a right depends leads to another site than before.
fn leads_elsewhere(text: &str, from: &str, to: &str) -> bool {
    const RIGHTS: [&str; 9] = [
        "optout",
        "opt out",
        "data request",
        "privacy request",
        "privacyrequest",
        "your rights",
        "do not sell",
        "sub processor",
        "subprocessor",
    ];
    let words = fold(&format!("{text} {from} {to}")).replace("%20", " ").replace(['-', '_'], " ");
    let site = |target: &str| {
        if let Some(mail) = target.strip_prefix("mailto:") {
            return Some(mail.split('?').next()?.to_lowercase());
        }
        let host = target.split("://").nth(1)?.split(['/', '?', '#']).next()?.to_lowercase();
        let labels: Vec<&str> = host.rsplit('.').take(2).collect();
        Some(labels.join("."))
    };
    RIGHTS.iter().any(|sign| words.contains(sign)) && site(from).zip(site(to)).is_some_and(|(a, b)| a != b)
}

impl Clause {
    fn both_raw(&self) -> String {
        match (self.before.is_empty(), self.after.is_empty()) {
            (true, _) => self.after.clone(),
            (_, true) => self.before.clone(),
            _ => {
                let (before, after) = quote::decisive(self, None);
                format!("{before} → {after}")
            }
        }
    }
}
