//! What a clause says of the law that governs and of the courts that decide.
//!
//! Policies speak of laws and courts everywhere: "where applicable law requires it", "rights
//! under the laws of your state", "if a court orders it". None of these says which law governs
//! the terms, or where a dispute is decided; what does has a law that does something to the
//! terms, or a court to which disputes go.
//!
//! English, French and German; sees folded text.

use super::edits::{jurisdictions, nation};

/// So many words behind "governed" the law is named, and so many around a law or a court its
/// place.
const NEAR: usize = 25;

/// So many words before it.
const NEAR_BEFORE: usize = 12;

/// The words of a folded text. A pattern with such gaps would take megabytes.
fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

/// Whether a folded text says which law governs or which court decides.
fn is_told(text: &str) -> bool {
    let words = words(text);
    (0..words.len()).any(|at| is_named_at(&words, at) || governs(&words, at) || is_of_german_law(&words, at))
        || (0..words.len()).any(|at| applies(&words, at) || binds(&words, at))
        || (0..words.len()).any(|at| is_placed(&words, at)) && words.iter().any(|word| decides(word))
        || text.contains("applicable law: ")
        || text.contains("applicable laws: ")
}

/// The words behind one, as far as they are near.
fn behind<'a, 'b>(words: &'b [&'a str], at: usize) -> &'b [&'a str] {
    &words[(at + 1).min(words.len())..(at + 1 + NEAR).min(words.len())]
}

fn is_law(word: &str) -> bool {
    matches!(word, "law" | "laws" | "legislation")
}

fn is_governed(word: &str) -> bool {
    matches!(word, "govern" | "governs" | "governed" | "construed" | "interpreted")
}

/// What speaks of nothing else: "exclusive jurisdiction", "Gerichtsstand".
fn is_named_at(words: &[&str], at: usize) -> bool {
    let next = |by: usize| words.get(at + by).copied().unwrap_or_default();
    match words[at] {
        "governing" => is_law(next(1)),
        "choice" => next(1) == "of" && is_law(next(2)),
        "choose" => is_law(next(1)) || is_law(next(2)),
        "applicable" => is_law(next(1)) && (matches!(next(2), "is" | "are") || next(2) == "shall" && next(3) == "be"),
        "law" => next(1) == "of" && matches!(next(2), "the" | "this") && matches!(next(3), "contract" | "agreement"),
        "loi" | "droit" => next(1) == "applicable" && next(2) == "est",
        "exclusive" => {
            matches!(next(1), "jurisdiction" | "venue")
                || next(1) == "and" && [next(3), next(4)].iter().any(|word| matches!(*word, "jurisdiction" | "venue"))
        }
        "juridiction" | "compétence" | "competence" => next(1) == "exclusive",
        // "Régies par le droit français", "régi conformément aux lois".
        "régi" | "régie" | "régis" | "régies" | "regi" | "regie" | "regis" | "regies" => {
            behind(words, at).iter().take(6).any(|word| matches!(*word, "droit" | "loi" | "lois" | "législation"))
        }
        word => word.starts_with("gerichtsstand"),
    }
}

/// "These terms are governed by Irish law." "Applicable law", "data protection law" and "these
/// laws" are whatever they are.
fn governs(words: &[&str], at: usize) -> bool {
    const ANY: [&str; 8] = ["applicable", "protection", "privacy", "such", "these", "certain", "other", "case"];
    if !is_governed(words[at]) {
        return false;
    }
    let near = behind(words, at);
    (1..near.len()).any(|law| is_law(near[law]) && !ANY.contains(&near[law - 1]))
}

/// "French law will apply", "the laws and courts of Ireland apply".
fn applies(words: &[&str], at: usize) -> bool {
    if !is_law(words[at]) {
        return false;
    }
    let near = behind(words, at);
    let of_a_place =
        near.starts_with(&["of"]) || near.starts_with(&["and", "courts", "of"]) || at > 0 && is_place(words[at - 1]);
    let does = |word: &&str| matches!(*word, "apply" | "applies" | "govern" | "governs" | "control" | "controls");
    of_a_place && near.iter().any(does)
}

/// "This agreement is subject to Irish law", "soumises à la loi française".
fn binds(words: &[&str], at: usize) -> bool {
    const CONTRACT: [&str; 19] = [
        "terms",
        "agreement",
        "contract",
        "conditions",
        "relationship",
        "policy",
        "dispute",
        "disputes",
        "claim",
        "claims",
        "contrat",
        "litige",
        "litiges",
        "différend",
        "différends",
        "présentes",
        "elles",
        "presentes",
        "differends",
    ];
    let contract = || words.iter().any(|word| CONTRACT.contains(word));
    let mut near = behind(words, at);
    match words[at] {
        "subject" if near.starts_with(&["to"]) => near = &near[1..],
        "under" => {}
        "soumis" | "soumise" | "soumises" => {
            let law = |word: &&str| matches!(*word, "droit" | "loi" | "lois" | "législation");
            return near.iter().take(3).any(law) && contract();
        }
        _ => return false,
    }
    let skipped = near.iter().take_while(|word| matches!(**word, "the" | "substantive")).count();
    match &near[skipped..] {
        // Whose laws is said behind it.
        ["laws", "of", place @ ..] => contract() || place.iter().take(6).any(|word| is_place(word)),
        [which, "law", ..] => contract() && is_place(which),
        _ => false,
    }
}

/// "Es gilt das Recht der Niederlande", "unterliegt deutschem Recht". "Das Recht der Beschwerde"
/// is another.
fn is_of_german_law(words: &[&str], at: usize) -> bool {
    if words[at] != "recht" {
        return false;
    }
    let before = &words[at.saturating_sub(6)..at];
    let near = &behind(words, at)[..6.min(behind(words, at).len())];
    let says = |side: &[&str], what: &[&str]| side.iter().any(|word| what.contains(word));
    let which = before.last().copied().unwrap_or_default();
    let national = ["sches", "schem", "schen", "deutsches", "deutschem"].iter().any(|end| which.ends_with(end));
    let of = near.first().is_some_and(|word| matches!(*word, "der" | "des"));
    says(before, &["unterliegt", "unterliegen"])
        || says(before, &["gilt"]) && (of || national)
        || says(near, &["anwendbar"])
        || says(before, &["findet"]) && says(near, &["anwendung"])
        || of && near.get(1).is_some_and(|word| matches!(*word, "bundesrepublik" | "schweiz" | "republik"))
}

/// Whether a word is a court that is told by its place: "the courts of Oslo". "A court of
/// competent jurisdiction", "of law", "of appeal" is any.
fn is_placed(words: &[&str], at: usize) -> bool {
    let mut near = behind(words, at);
    match words[at] {
        "court" | "courts" => {
            let of = near.first().is_some_and(|word| matches!(*word, "of" | "in" | "located" | "sitting"));
            near = if of { &near[1..] } else { &[] };
            while near.first().is_some_and(|word| matches!(*word, "in" | "the")) {
                near = &near[1..];
            }
            let any = ["competent", "law", "appeal", "appeals", "record", "any"];
            near.first().map_or(at > 0 && is_place(words[at - 1]), |place| !any.contains(place))
        }
        "tribunal" | "tribunaux" => {
            let skipped = usize::from(near.first().is_some_and(|word| word.starts_with("comp")));
            let of =
                ["de", "du", "des", "en", "à", "sont", "français", "irlandais", "belges", "suisses", "luxembourgeois"];
            near.get(skipped).is_some_and(|word| of.contains(word))
        }
        "gericht" | "gerichte" => {
            let which = ["staatliche", "staatlichen", "zuständige", "zuständigen", "ordentliche", "ordentlichen"];
            at > 0 && which.contains(&words[at - 1])
        }
        _ => false,
    }
}

/// Whether a word speaks of disputes and who decides them.
fn decides(word: &str) -> bool {
    const WHOLE: [&str; 9] =
        ["jurisdiction", "venue", "brought", "bring", "settled", "sue", "klage", "klagen", "decide"];
    const BEGIN: [&str; 12] = [
        "submit",
        "litig",
        "dispute",
        "claim",
        "proceeding",
        "action",
        "resol",
        "différend",
        "contestation",
        "exclusi",
        "compéten",
        "streitigkeit",
    ];
    WHOLE.contains(&word) || BEGIN.iter().any(|begin| word.starts_with(begin))
}

/// Whether a word is a place or the adjective of one.
fn is_place(word: &str) -> bool {
    nation(word).is_some() || !jurisdictions(word).is_empty()
}

/// Whether another law governs or another court decides, or one is named that was not; `names`
/// tells whether a word is a name that stands on one side only.
pub(super) fn differs(old: &str, new: &str, names: &dyn Fn(&str) -> bool) -> bool {
    match (is_told(old), is_told(new)) {
        (false, false) => false,
        // Another place, by its name; other words in the same sentence are no other law.
        (true, true) => jurisdictions(old) != jurisdictions(new) || [old, new].iter().any(|text| is_named(text, names)),
        _ => true,
    }
}

/// Whether one of the names stands near a law or a court.
fn is_named(text: &str, names: &dyn Fn(&str) -> bool) -> bool {
    const PLACED: [&str; 13] = [
        "law",
        "laws",
        "legislation",
        "court",
        "courts",
        "jurisdiction",
        "venue",
        "droit",
        "loi",
        "lois",
        "tribunal",
        "tribunaux",
        "recht",
    ];
    let words = words(text);
    let mut reach = 0;
    let near: Vec<usize> = (0..words.len())
        .filter(|at| PLACED.contains(&words[*at]) || words[*at].starts_with("gericht"))
        .flat_map(|at| {
            let from = at.saturating_sub(NEAR_BEFORE).max(reach);
            reach = (at + NEAR).min(words.len());
            from..reach.max(from)
        })
        .collect();
    near.into_iter().any(|at| names(words[at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_law_that_governs_is_told_from_laws_that_are_spoken_of() {
        let told = [
            "the laws of ireland apply to these terms.",
            "what we agreed is governed by and construed under the laws of delaware.",
            "governing law and venue",
            "french law will apply to such claims.",
            "this agreement is subject to irish law.",
            "this policy is subject to the laws of malta.",
            "the contract is concluded under german law.",
            "the parties choose the laws of malta.",
            "applicable law: the laws of malta.",
            "the laws of malta shall be the law of the contract.",
            "the laws and courts of your country apply.",
            "the laws of the state of nevada control these terms.",
            "the laws of the state of texas, without giving effect to any principles that may lead to the use of the rules of another place, shall govern these terms.",
            "you submit to the jurisdiction of the courts located in oslo.",
            "disputes are settled by the courts of your country of residence.",
            "danish courts have jurisdiction over any dispute.",
            "les présentes conditions sont régies par le droit français.",
            "les présentes conditions sont soumises à la loi française.",
            "la loi applicable est la loi française.",
            "tout litige relève des tribunaux de lyon.",
            "les tribunaux compétents sont ceux de paris.",
            "es gilt das recht der bundesrepublik deutschland.",
            "für streitigkeiten gilt das recht der niederlande.",
            "es ist das recht der niederlande anwendbar.",
            "es gilt deutsches recht.",
            "der vertrag unterliegt deutschem recht.",
            "ausschließlicher gerichtsstand ist hamburg.",
        ];
        for text in told {
            assert!(is_told(text), "{text}");
        }
        let silent = [
            "we delete it unless applicable law requires us to keep it.",
            "to the extent allowed under federal law we exclude warranties.",
            "you have rights under the laws of some states.",
            "your data may be subject to the laws of the country to which it is sent.",
            "your use is governed by the terms of your plan.",
            "our processing is governed by data protection law.",
            "a court of competent jurisdiction may decide these disputes.",
            "we disclose it if a court orders it.",
            "we disclose data to courts of law and to claims handlers.",
            "vos données peuvent être transmises aux tribunaux.",
            "nous défendons nos intérêts légitimes dans des actions devant les autorités, les tribunaux et des tiers.",
            "nous sommes soumis à la loi qui nous oblige à divulguer des informations.",
            "nach dem recht der union oder der mitgliedstaaten.",
            "sie haben das recht der beschwerde.",
        ];
        for text in silent {
            assert!(!is_told(text), "{text}");
        }
    }

    #[test]
    fn another_place_is_another_law_and_other_words_are_not() {
        let no_name = |_: &str| false;
        let irish = "these terms are governed by irish law.";
        assert!(!differs(irish, "these conditions shall be governed by the laws of ireland.", &no_name));
        assert!(!differs(
            irish,
            "these terms are governed by irish law, without regard to conflicts of laws.",
            &no_name
        ));
        assert!(differs(irish, "these terms are governed by the law of utah.", &no_name));
        assert!(differs(irish, "", &no_name));
        // The place may stand before the word or behind it.
        let moves = [
            ("the courts of lund have exclusive jurisdiction over any dispute.", "lund", "kiruna"),
            (
                "any dispute shall be settled by the courts of oslo, which have exclusive jurisdiction.",
                "oslo",
                "bergen",
            ),
            ("les tribunaux de paris ont compétence exclusive pour tout litige.", "paris", "dublin"),
            (
                "these terms are governed by irish law, whatever anyone may think of it, and you submit to the courts of cork.",
                "cork",
                "dublin",
            ),
        ];
        for (text, old, new) in moves {
            assert!(differs(text, &text.replace(old, new), &|word| word == old || word == new), "{text}");
        }
        let states = "governed by the law of california, but for what its conflict of laws rules say.";
        assert!(differs(states, &states.replace("california", "delaware"), &no_name));
        let far = format!("these terms are governed by irish law. {}", "word ".repeat(60));
        assert!(!differs(&far, &format!("{far} acme"), &|word| word == "acme"));
    }
}
