//! Whether a change matters, and the words that decided.

pub mod about;
mod edits;
mod facts;
mod law;
mod noise;
mod own;
pub mod practice;
mod quantity;
mod quote;
mod rules;
mod summary;
mod times;
pub mod topics;
mod turns;

use std::collections::{BTreeMap, BTreeSet};

use crate::change::{Change, LinkChange, Op, SectionChange};
use crate::reading::Reading;
use crate::text::Link;
pub use edits::EditKind;
use facts::{Clause, Facts, Tongue, fold};
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
    /// What kinds of thing its clause changes; empty where the whole text decided.
    pub kinds: Vec<EditKind>,
    /// While it is judged: another edit of the clause undoes what the quoted words show.
    pub undone: bool,
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
const BESIDE_THE_TABLE: [(&str, &str); 9] = [
    ("clause.added", "a clause that no named rule knows, by what it is about"),
    ("clause.removed", "a clause that no named rule knows, by what it is about"),
    ("clause.reworded", "how many words of substance differ in a clause that no named rule knows"),
    ("clause.extended", "how many words of substance only one side of a clause has"),
    ("clause.detail", "few words of substance that differ in a clause"),
    ("link.rights", "where links lead on which a right depends"),
    ("document.rewritten", "how much of the whole text is new"),
    ("unclassified", "sentences about what binds somebody that no rule knows"),
    ("language.unknown", "how much of a clause differs, in a language that the rules do not know"),
];

/// Every rule of ours, by id, with its source: what `disable_rules` may name.
pub fn rule_ids() -> impl Iterator<Item = (&'static str, &'static str)> + Clone {
    RULES.iter().map(|rule| (rule.id, rule.source)).chain(BESIDE_THE_TABLE)
}

/// Whether a rule is a row of the table, which cites a source.
pub fn is_of_table(id: &str) -> bool {
    RULES.iter().any(|rule| rule.id == id)
}

/// Findings of one rule in one section; more of the same tell a reader nothing new.
const MAX_ALIKE: usize = 3;
/// Bytes of a heading that is asked what its list is about.
const MAX_HEADING: usize = 500;
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
    let judgment = weighed(change, old, new, rules).close();
    let dating = times::dating(old, new, &judgment.findings, &judgment.noise);
    Judgment { dating, ..judgment }
}

/// What a material change says of each practice: what [`judge`] decides from which are named.
pub fn evidence(change: &Change, old: &Reading, new: &Reading) -> Option<about::Evidence> {
    let bench = weighed(change, old, new, &Rules::default());
    let material = bench.findings.iter().any(|finding| finding.severity > 0);
    bench.about.evidence(bench.kinds).filter(|_| material)
}

/// Looks at everything, and decides nothing yet.
fn weighed(change: &Change, old: &Reading, new: &Reading, rules: &Rules) -> Bench {
    let facts = facts::gather(change, old, new);
    let mut bench = Bench { kinds: about::kinds(old, new), ..Bench::default() };
    if let Some(why) = noise::fetch_artefact(old, new, &facts) {
        bench.silent("fetch_artefact", &[], why);
        return bench;
    }
    bench.settled(&facts);
    let renames = noise::Renames::find(&facts.clauses);
    // An address that shows where another was hidden is no news; one that replaces another is.
    let mails = |side: fn(&Clause) -> &Vec<String>| {
        let shown = |word: &String| word.contains('@') && word != "hidden@email";
        facts.clauses.iter().filter(|clause| side(clause).iter().any(shown)).count()
    };
    let (gone, come) = (mails(|clause| &clause.gone), mails(|clause| &clause.come));
    // Where addresses come or go all over the text, the page shows or drops them.
    let hidden = (facts.hides_addresses || gone.max(come) >= 3) && gone.min(come) == 0;
    let one_sided: OneSided<'_> = facts
        .clauses
        .iter()
        .filter(|clause| !clause.is_reworded())
        .map(|clause| (clause.path.as_slice(), clause.before.is_empty()))
        .collect();
    // Reworded sentences that lose an address (`false`) or gain one (`true`).
    let mailed: OneSided<'_> = facts
        .clauses
        .iter()
        .filter(|clause| clause.is_reworded())
        .flat_map(|clause| {
            let has = |side: &[String]| side.iter().any(|word| word.contains('@') && word != "hidden@email");
            [(has(&clause.gone), false), (has(&clause.come), true)]
                .map(|(has, side)| has.then_some((clause.path.as_slice(), side)))
        })
        .flatten()
        .collect();
    for clause in &facts.clauses {
        bench.about.turn();
        let own = rules.on(clause);
        if let Some(rule) = own.first().filter(|rule| rule.silences()) {
            bench.silent(rule.id(), &clause.path, &clause.both_raw());
            continue;
        }
        for rule in &own {
            bench.find(clause, rule.id(), rule.practice, rule.severity, &rule.why, Some(rule.trigger()));
        }
        let (noise, unexplained) = (bench.noise.len(), bench.unexplained.len());
        bench.weigh_clause(clause, &facts, (&one_sided, &mailed), &renames, hidden);
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
    bench
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
    /// What the clauses that were found speak for.
    about: about::Gathered,
    /// What kind of document it is.
    kinds: [bool; about::KINDS.len()],
    /// Words that differ and that neither rule nor noise accounts for.
    unexplained: Vec<(Vec<String>, String, String, usize)>,
}

impl Bench {
    fn silent(&mut self, kind: &str, section: &[String], example: &str) {
        if self.noise.len() < MAX_NOISE {
            let example = quote::example(example);
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
        (one_sided, mailed): (&OneSided<'_>, &OneSided<'_>),
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
        let mut practices = ranked(&weights);
        let guessed = practices.is_empty();
        if guessed {
            practices.extend(self.guessed(clause, &content).map(|practice| (practice, 1.0)));
        }
        let is_mail = !clause.is_reworded() && clause.differing().any(|word| word.contains('@'));
        let other_side = (clause.path.as_slice(), !clause.before.is_empty());
        let answered = is_mail && (mailed.contains(&other_side) || one_sided.contains(&other_side));
        let mut kinds = edits::kinds(clause);
        if let Some(stay) = facts.kinds_stay.get(&clause.path).filter(|_| clause.is_reworded()) {
            kinds.retain(|kind| !stay.contains(kind));
        }
        let whole = facts.whole.contains(&clause.path);
        let (kinds, register) = (kinds.as_slice(), facts.register);
        // What has an amount on both sides is judged by it, whatever its neighbours say: two
        // sentences may have changed theirs for each other's.
        let one_sided = quantity::quantities(&clause.old).is_empty() != quantity::quantities(&clause.new).is_empty();
        let amounts_stay = one_sided && facts.amounts_stay.contains(&clause.path);
        let practices = practices.as_slice();
        let seen =
            Seen { clause, practices, content: &content, hidden, kinds, register, whole, answered, amounts_stay };

        let mut fired = rules::fired(&seen);
        // That a section came or went says nothing to those who know what stood in it.
        if fired.iter().any(|at| !rules::is_of_section(*at)) {
            fired.retain(|at| !rules::is_of_section(*at));
        }
        if facts.translated.contains(&clause.path) && !clause.is_reworded() {
            // That an entry of a list came or went says nothing where another edition stands.
            fired.retain(|at| !rules::is_of_list(*at));
        }
        if content.is_empty() && kind == "rename" {
            // A product may take another name; a party may not.
            fired.retain(|at| RULES[*at].id == "party.entity");
        }
        if is_mail && content.len() <= 2 {
            // The letters of an address say nothing of arbitration or of sale.
            fired.retain(|at| RULES[*at].id == "contact.rights");
        }
        if fired.is_empty() && self.party(clause, facts, practices) {
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
            return;
        }
        if let Tongue::Unknown(code) = &facts.tongue {
            return self.by_size(clause, code, &content);
        }
        self.otherwise((clause, facts), (practices, guessed), &content, kinds);
    }

    /// What a clause is about whose words no cue knows: an item of a list, what the nearest
    /// telling heading names; a sentence that says something, what was learned. Where it binds
    /// somebody or has a period, a hint is enough.
    fn guessed(&mut self, clause: &Clause, content: &[String]) -> Option<Practice> {
        if clause.heading {
            return None;
        }
        // Each item asks anew: a page's whole text may stand in a heading.
        let named = |heading: &String| match heading.len() {
            ..=MAX_HEADING => practice::named_in(heading).into_iter().next(),
            _ => None,
        };
        let nearest = || {
            let own = clause.path.last()?;
            // "For your safety" is one of the things that the heading above is about.
            let above = clause.path.iter().rev().nth(1).filter(|_| noise::is_aim(&fold(own)));
            named(own).or_else(|| named(above?))
        };
        if clause.listed
            && !clause.is_reworded()
            && let Some(practice) = nearest()
        {
            return Some(practice);
        }
        let counted = quantity::quantities(&clause.both());
        let says = noise::says(clause) || !counted.is_empty();
        if !says || content.len() < 5 && !clause.is_reworded() {
            return None;
        }
        let orders = noise::orders(clause);
        let weighty = orders || counted.into_iter().any(|quantity| quantity.lasts_a_day());
        let told = self.about.learned(clause, weighty).or_else(|| nearest().filter(|_| weighty));
        // What users must or may only do is about that, if about nothing else.
        told.or_else(|| (orders && noise::tells_users(clause)).then_some(Practice::AcceptableUse))
    }

    /// A clause in a language that the rules do not know: how much of it differs decides.
    fn by_size(&mut self, clause: &Clause, code: &str, content: &[String]) {
        let prose = clause.differing().count() >= 6 && !clause.heading;
        if noise::is_contact_format(clause) || !prose || content.len() < 4 {
            return self.silent("editorial", &clause.path, &clause.both_raw());
        }
        let what = match (clause.before.is_empty(), clause.after.is_empty()) {
            (true, _) => "a sentence came",
            (_, true) => "a sentence went",
            _ => "the words of a sentence changed",
        };
        let why = format!("{what}; the rules do not know the language ({code}), so only its size was judged");
        self.find(clause, "language.unknown", None, 1, &why, None);
    }

    /// Whether a clause says who answers for the service, and one that the other text does
    /// not know has taken the place of one that is gone; notes it if so.
    fn party(&mut self, clause: &Clause, facts: &Facts, practices: &[(Practice, f64)]) -> bool {
        let about = practices.first().is_some_and(|(p, _)| *p == Practice::ControllerContact)
            || noise::is_contact_format(clause);
        let names = if clause.after.is_empty() { &facts.names_gone } else { &facts.names_come };
        let other = if clause.after.is_empty() { &facts.names_come } else { &facts.names_gone };
        let text = if clause.after.is_empty() { &clause.before } else { &clause.after };
        let own = rules::legal_names(text);
        let named = own.intersection(names).next().is_some();
        // Who is said to be the controller, where somebody else was.
        let said = rules::names_controller(text)
            && facts.clauses.iter().any(|answer| {
                let text = if clause.after.is_empty() { &answer.after } else { &answer.before };
                !answer.is_reworded()
                    && answer.path == clause.path
                    && rules::names_controller(text)
                    && rules::legal_names(text).is_disjoint(&own)
            });
        if clause.is_reworded()
            || rules::serves(clause)
            || !(about && !other.is_empty() && named || said && !own.is_empty())
        {
            return false;
        }
        let rule = RULES.iter().find(|rule| rule.id == "party.entity").expect("the table holds it");
        self.find(clause, rule.id, rule.practice, rule.severity, rule.why, None);
        true
    }

    /// A clause that no named rule knows: how much of substance differs decides.
    fn otherwise(
        &mut self,
        (clause, facts): (&Clause, &Facts),
        (practices, guessed): (&[(Practice, f64)], bool),
        content: &[String],
        kinds: &[EditKind],
    ) {
        let office = facts.office && !clause.is_reworded() && noise::names_office(clause);
        if noise::is_contact_format(clause) && !office {
            return self.silent("contact_format", &clause.path, &clause.both_raw());
        }
        let Some((about, _)) = practices.first().copied() else {
            let lasts = || quantity::quantities(&clause.both()).into_iter().any(|quantity| quantity.lasts_a_day());
            if !clause.is_reworded() && !clause.heading && content.len() >= 6 && noise::is_due(clause) && lasts() {
                // How long something takes or stays is owed to somebody, whatever it is.
                let (rule, why) = match clause.before.is_empty() {
                    true => ("clause.added", "a clause was added"),
                    false => ("clause.removed", "a clause was removed"),
                };
                return self.find(clause, rule, None, 1, why, None);
            }
            let words = content.len();
            self.unexplained.push((clause.path.clone(), clause.before.clone(), clause.after.clone(), words));
            return;
        };
        // A heading that has lost words names what stands under it in fewer.
        let shorter = clause.heading && !clause.come.iter().any(|word| noise::is_content(word));
        if shorter || noise::is_frame(clause, about, content) {
            return self.silent("editorial", &clause.path, &clause.both_raw());
        }
        let other = facts.strange.contains(&clause.path) || facts.translated.contains(&clause.path);
        if !clause.is_reworded() && other {
            return self.silent("fetch_artefact", &clause.path, &clause.both_raw());
        }
        let own = practice::cues(&clause.old) + practice::cues(&clause.new);
        let (rule, severity, why) = if clause.is_reworded() {
            let turned = turned(clause);
            let one_sided = [&clause.gone, &clause.come].iter().any(|side| !side.iter().any(|w| noise::is_content(w)));
            let names = |kind: &EditKind| {
                use EditKind::{Amount, DataType, Obligation, Period, Purpose, Recipient};
                matches!(kind, Amount | DataType | Obligation | Period | Purpose | Recipient)
            };
            let headed = clause.path.last().is_some_and(|heading| practice::is_headed(&[fold(heading)]));
            let longer = (own > 0 || headed) && turns::enumerated(clause).is_some();
            match (turned, content.len()) {
                _ if longer => ("clause.extended", 1, "something was added to a clause or taken from it"),
                (_, 4..) if one_sided => ("clause.extended", 1, "something was added to a clause or taken from it"),
                (_, 3..) if kinds.iter().any(names) => {
                    ("clause.reworded", 1, "the words of a clause changed in substance")
                }
                (1.., 3..) | (_, 8..) => ("clause.reworded", 1, "the words of a clause changed in substance"),
                (1.., _) | (_, 3..) => ("clause.detail", 0, "a detail of a clause changed"),
                _ => return self.silent("editorial", &clause.path, &clause.both_raw()),
            }
        } else if own == 0 && !clause.listed && content.len() < 6 && !noise::is_norm(clause) || content.len() < 2 {
            let words = content.len();
            self.unexplained.push((clause.path.clone(), clause.before.clone(), clause.after.clone(), words));
            return;
        } else {
            // What it is about is a guess: no reason to tell it for more than a detail.
            let severity = if guessed { 1 } else { prior(about) };
            match clause.before.is_empty() {
                true => ("clause.added", severity, "a clause was added"),
                false => ("clause.removed", severity, "a clause was removed"),
            }
        };
        self.find(clause, rule, Some(about), severity, why, None);
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
        self.about.note(clause, rule, practice, severity);
        // What no rule fixes is told by what the clause speaks for most.
        let fixed = rule.starts_with(OWN) || RULES.iter().any(|row| row.id == rule && row.practice.is_some());
        let practice = if fixed { practice } else { self.about.first().or(practice) };
        debug_assert!(rule.starts_with(OWN) || rule_ids().any(|(id, _)| id == rule), "no list of rules has {rule}");
        let alike = self.alike.entry((rule.to_owned(), clause.path.clone())).or_default();
        if *alike >= MAX_ALIKE {
            return;
        }
        *alike += 1;
        let (before, after) = match rule.starts_with("number.") {
            true => quote::amount(clause),
            false => quote::decisive(clause, trigger),
        };
        let mut finding = Finding {
            rule: rule.to_owned(),
            practice,
            severity,
            section: clause.path.clone(),
            before,
            after,
            why: why.to_owned(),
            kinds: edits::kinds(clause),
            undone: false,
        };
        finding.undone = summary::is_undone(&finding, clause);
        self.findings.push(finding);
    }

    /// Links whose targets changed: a route to one's rights that leads to another host matters.
    fn links(&mut self, change: &Change) {
        // A form that the other side has under any address is no new one, and not gone.
        let both = change.sections.iter().flat_map(|section| &section.links);
        let forms = |side: fn(&LinkChange) -> Option<&Link>| both.clone().filter_map(side).map(|link| &link.target);
        let had = forms(|link| link.from.as_ref()).any(|target| is_request_form(target));
        let has = forms(|link| link.to.as_ref()).any(|target| is_request_form(target));
        let moved = had && has;
        for section in &change.sections {
            let path = section.to.clone().or_else(|| section.from.clone()).unwrap_or_default();
            for link in &section.links {
                let (from, to) = match (&link.from, &link.to) {
                    (Some(from), Some(to)) => (from, to),
                    (Some(one), None) | (None, Some(one)) => {
                        if !moved {
                            self.request_form(section, &path, one, link.to.is_some());
                        }
                        continue;
                    }
                    (None, None) => continue,
                };
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
                    why: format!("the link “{}” leads elsewhere", quote::shorten(&to.text)),
                    kinds: vec![EditKind::Link],
                    undone: false,
                });
                self.about.note_plain(Practice::RightsChoices);
            }
        }
    }

    /// A link to the form on which requests are made, in a section that stays.
    fn request_form(&mut self, section: &SectionChange, path: &[String], link: &Link, comes: bool) {
        let alike = self.findings.iter().any(|finding| finding.rule == "link.rights" && finding.section == path);
        let stays = section.from.is_some() && section.to.is_some();
        if alike || !stays || !is_request_form(&link.target) {
            return;
        }
        let shown = quote::shorten(&link.target);
        let (before, after) = if comes { (String::new(), shown) } else { (shown, String::new()) };
        self.findings.push(Finding {
            rule: "link.rights".to_owned(),
            practice: Some(Practice::RightsChoices),
            severity: 1,
            section: path.to_vec(),
            before,
            after,
            why: format!("requests are {} made on this form", if comes { "now" } else { "no longer" }),
            kinds: vec![EditKind::Link],
            undone: false,
        });
        self.about.note_plain(Practice::RightsChoices);
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
                kinds: Vec::new(),
                undone: false,
            });
        }
        let words: usize = self.unexplained.iter().map(|(.., words)| words).sum();
        let speaks = |text: &str| {
            let text = format!(" {} ", fold(text));
            const SPOKEN: [&str; 26] = [
                " may ",
                " must ",
                " will ",
                " shall ",
                " can ",
                " not ",
                " you ",
                " we ",
                " peut ",
                " pouvez ",
                " doit ",
                " devez ",
                " pas ",
                " vous ",
                " nous ",
                " kann ",
                " können ",
                " muss ",
                " müssen ",
                " darf ",
                " nicht ",
                " sie ",
                " wir ",
                " ihre ",
                " gelten ",
                " werden ",
            ];
            SPOKEN.iter().filter(|w| text.contains(*w)).count() >= 2
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
                kinds: vec![EditKind::Wording],
                undone: false,
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
            self.about.clear();
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
        let practices = if severity > 0 { self.about.practices(self.kinds) } else { Vec::new() };
        let summary = summary::summary(materiality, &self.findings, &self.noise);
        let (mut findings, noise) = (self.findings, self.noise);
        for finding in &mut findings {
            finding.why = summary::reason(finding).unwrap_or_else(|| std::mem::take(&mut finding.why));
            finding.undone = false;
        }
        Judgment { materiality, severity, practices, summary, findings, noise, returns: None, dating: None }
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

/// What the address of a form for requests about one's data says.
const REQUEST_FORMS: [&str; 6] =
    ["data request", "datarequest", "privacy request", "privacyrequest", "gdpr request", "dsar"];

fn is_request_form(target: &str) -> bool {
    let target = fold(target).replace("%20", " ").replace(['-', '_'], " ");
    REQUEST_FORMS.iter().any(|sign| target.contains(sign))
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
        if target.starts_with('#') {
            // A place on the same page.
            return Some(String::new());
        }
        if let Some(mail) = target.strip_prefix("mailto:") {
            return Some(mail.split('?').next()?.to_lowercase());
        }
        let host = target.split("://").nth(1)?.split(['/', '?', '#']).next()?.to_lowercase();
        let labels: Vec<&str> = host.rsplit('.').take(2).collect();
        Some(labels.join("."))
    };
    let same_page = from.starts_with('#') != to.starts_with('#');
    if same_page && from.rsplit('#').next() == to.rsplit('#').next() {
        return false;
    }
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
