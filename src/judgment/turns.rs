//! Small edits that turn a clause: a word gives way to its opposite, a qualifier comes or
//! goes, or one more thing joins an enumeration. Few words differ in them, so that their
//! number says nothing.
//!
//! English, French and German; sees folded text and raw sentences, knows nothing of rules.

use super::facts::{Clause, fold};
use super::noise::is_content;
use super::rules::patterns;

/// Words that mean the opposite of each other in a policy. A slash parts several of one side.
const OPPOSITES: [(&str, &str); 27] = [
    ("on", "off"),
    ("enabled/active/activated", "disabled/inactive/deactivated"),
    ("public/publicly", "private/privately"),
    ("ends/end/expires/expire/terminates/stops", "continues/continue/survives/survive/renews/lasts"),
    ("includes/include/including/included", "excludes/exclude/excluding/excluded"),
    ("before/beforehand", "after/afterwards"),
    ("free", "paid"),
    ("device/devices/locally", "server/servers/cloud"),
    ("required/mandatory/compulsory", "optional/voluntary"),
    ("always", "sometimes/usually/generally"),
    ("all/every", "some/certain/selected"),
    ("accept/accepts/agree", "refuse/reject/decline/object/disagree"),
    ("allowed/permitted", "prohibited/forbidden"),
    ("refundable", "nonrefundable/non-refundable"),
    ("exclusive", "nonexclusive/non-exclusive"),
    ("revocable", "irrevocable"),
    ("minimum", "maximum"),
    ("mutual", "unilateral"),
    ("joint/jointly", "sole/solely"),
    ("anonymous/anonymously", "identifiable/personal"),
    ("delete/deletes/deleted/erase/erased", "keep/keeps/kept/retain/retained/store/stored"),
    ("own/owns", "license/licensed"),
    ("activé/activés/activée/activées", "désactivé/désactivés/désactivée/désactivées"),
    ("public/publique/publics/publiques", "privé/privée/privés/privées"),
    ("obligatoire/obligatoires", "facultatif/facultative/facultatifs/facultatives"),
    ("aktiviert/eingeschaltet", "deaktiviert/ausgeschaltet"),
    ("öffentlich", "privat"),
];

patterns! {
    QUALIFIER = r"\b(?:aggregat\w+|anonymi[sz]\w+|anonymous\w*|de-?identif\w+|pseudonymi[sz]\w+|in a form that (?:does|can) not identify|explicit(?:ly)?|express(?:ly)?|in writing|written (?:consent|notice|permission|approval)|prior (?:consent|notice|permission|approval)|repeat(?:ed|edly)|gross(?:ly)? neglig\w+|wil+ful\w*|intentional\w*|strictly necessary|un-?authori[sz]ed|without authori[sz]ation|end-to-end|encrypt\w+|hashed|non-?commercial\w*|personal use|agr[ée]g[ée]e?s?|anonymis[ée]e?s?|pseudonymis[ée]e?s?|expresse?(?:ment)?|par [ée]crit|pr[ée]alable(?:ment)?|chiffr[ée]e?s?|aggregiert\w*|anonymisiert\w*|pseudonymisiert\w*|ausdr[üu]cklich\w*|schriftlich\w*|vorherige[rns]?|verschl[üu]sselt\w*|grob fahrl[äa]ssig\w*|grobe[r]? fahrl[äa]ssigkeit)\b";
    JOINS = r"^(?:[,;/]|(?:and|or|as well as|et|ou|ainsi que|und|oder|sowie)\b)|(?:,|\b(?:and|or|et|ou|und|oder))$";
}

/// Whether a word of the clause gave way to its opposite.
pub(super) fn is_reversed(clause: &Clause) -> bool {
    let side = |words: &[String], list: &str| list.split('/').any(|word| words.iter().any(|own| own == word));
    let stays = |text: &str, list: &str| {
        let mut words = text.split(|c: char| !(c.is_alphanumeric() || c == '-'));
        words.any(|word| list.split('/').any(|known| known == word))
    };
    let turn = |a: &str, b: &str| {
        side(&clause.gone, a) && side(&clause.come, b) && !stays(&clause.new, a) && !stays(&clause.old, b)
    };
    clause.is_reworded() && OPPOSITES.iter().any(|(a, b)| turn(a, b) || turn(b, a))
}

/// Whether a qualifier came to a sentence that stays, or went from it.
pub(super) fn is_qualified_otherwise(clause: &Clause) -> bool {
    let stems = |text: &str| {
        let mut found: Vec<String> =
            QUALIFIER.find_iter(text).map(|found| found.as_str().chars().take(6).collect()).collect();
        found.sort();
        found.dedup();
        found
    };
    let (old, new) = (stems(&clause.old), stems(&clause.new));
    let within = |a: &[String], b: &[String]| a.iter().all(|stem| b.contains(stem));
    // What is qualified by another word of the kind is a matter of style.
    clause.is_reworded() && old != new && (within(&old, &new) || within(&new, &old))
}

/// The words by which one side is an enumeration longer than the other; none if anything
/// else differs.
pub(super) fn enumerated(clause: &Clause) -> Option<String> {
    let (short, long) = match clause.before.len() < clause.after.len() {
        true => (&clause.before, &clause.after),
        false => (&clause.after, &clause.before),
    };
    if !clause.is_reworded() || clause.heading {
        return None;
    }
    let plain = |text: &str| fold(text).trim_end_matches(['.', ';', ' ']).to_owned();
    let (short, long) = (plain(short), plain(long));
    let (a, b): (Vec<&str>, Vec<&str>) = (tokens(&short), tokens(&long));
    let ahead = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let left = a[ahead..].iter().rev().zip(b[ahead..].iter().rev()).take_while(|(x, y)| x == y).count();
    // An "and" that moved before the new last thing is no word of its own.
    let rest = &a[ahead..a.len() - left];
    if !rest.iter().all(|token| is_join(token)) {
        return joined_by_more(&a, &b);
    }
    let more = b[ahead..b.len() - left].join(" ");
    let content = more.split(' ').filter(|word| is_content(word) && word.len() > 1).count();
    (JOINS.is_match(&more) && content > 0).then_some(more)
}

fn is_join(token: &str) -> bool {
    matches!(token, "," | "and" | "or" | "et" | "ou" | "und" | "oder")
}

/// The same where the last "and" moved: `maps and shoes` become `maps, shoes and hats`.
fn joined_by_more(short: &[&str], long: &[&str]) -> Option<String> {
    let named =
        |tokens: &[&str]| tokens.iter().filter(|token| !is_join(token)).map(|t| (*t).to_owned()).collect::<Vec<_>>();
    let (a, b) = (named(short), named(long));
    let joins = |tokens: &[&str], of: &[String]| tokens.len() - of.len();
    let ahead = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let left = a[ahead..].iter().rev().zip(b[ahead..].iter().rev()).take_while(|(x, y)| x == y).count();
    let whole = ahead + left == a.len() && joins(long, &b) > joins(short, &a);
    let more = b[ahead..b.len() - left].to_vec();
    let content = more.iter().filter(|word| is_content(word) && word.len() > 1).count();
    (whole && content > 0).then(|| more.join(" "))
}

/// Words and commas.
fn tokens(text: &str) -> Vec<&str> {
    text.split_whitespace()
        .flat_map(|word| match word.strip_suffix(',') {
            Some(word) => vec![word, ","],
            None => vec![word],
        })
        .filter(|token| !token.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::compare;
    use crate::change::tests::reading;
    use crate::judgment::facts;

    fn clause(before: &str, after: &str) -> Clause {
        let page = |text: &str| reading(&format!("# Terms\nAcme makes maps and shoes.\n{text}"));
        let (old, new) = (page(before), page(after));
        let change = compare(&old, &new).expect("the example differs");
        facts::gather(&change, &old, &new).clauses.remove(0)
    }

    #[test]
    fn a_word_gives_way_to_its_opposite() {
        for (before, after) in [
            ("Maps of your walks are off by default.", "Maps of your walks are on by default."),
            ("Our licence ends when you delete a map.", "Our licence continues when you delete a map."),
            ("Les cartes sont privées pour tous.", "Les cartes sont publiques pour tous."),
        ] {
            assert!(is_reversed(&clause(before, after)), "{before} → {after}");
        }
        let same = clause("Our licence ends when you delete a map.", "Our licence expires once you delete a map.");
        assert!(!is_reversed(&same));
    }

    #[test]
    fn a_qualifier_comes_or_goes() {
        for (before, after) in [
            ("We share aggregated counts of steps with shoe shops.", "We share counts of steps with shoe shops."),
            ("We use maps for it with your explicit consent.", "We use maps for it with your consent."),
            ("Wir geben anonymisierte Karten an Läden weiter.", "Wir geben Karten an Läden weiter."),
        ] {
            assert!(is_qualified_otherwise(&clause(before, after)), "{before} → {after}");
        }
        let style = clause("We count aggregated steps only for shops.", "We count anonymous steps only for shops.");
        assert!(!is_qualified_otherwise(&style));
    }

    #[test]
    fn one_more_thing_joins_an_enumeration() {
        for (before, after, more) in [
            ("We read the names of maps.", "We read the names of maps, walks and shoes.", ", walks and shoes"),
            ("We read maps and shoes here.", "We read maps, walks and shoes here.", ", walks"),
            ("We read maps and shoes.", "We read maps, shoes and hats.", "hats"),
            ("We show maps on our site.", "We show maps on our site and in films.", "and in films"),
        ] {
            let found = enumerated(&clause(before, after));
            assert!(found.is_some(), "{before} → {after}");
            assert!(more.split(' ').all(|word| found.as_deref().unwrap_or("").contains(word)), "{found:?}");
        }
        assert_eq!(enumerated(&clause("We read maps today.", "We read large maps today.")), None);
    }
}
