//! What a clause says of the law that governs and of the courts that decide.
//!
//! Policies speak of laws and courts everywhere: "where applicable law requires it", "rights
//! under the laws of your state", "if a court orders it". None of these says which law governs
//! the terms, or where a dispute is decided; what does has a law that does something to the
//! terms, or a court to which disputes go.
//!
//! English, French and German; sees folded text.

use std::ops::Range;

use super::edits::{jurisdictions, nation};
use super::rules::patterns;

/// So many bytes behind "governed" the law is named, and so many around a law or a court its
/// place.
const NEAR: usize = 160;

patterns! {
    // Speaks of nothing else.
    NAMED = r"\bgoverning laws?\b|\bchoose (?:the )?(?:laws?|[a-z]+ laws?)\b|\bchoice of laws?\b|\bapplicable laws? ?(?:is\b|are\b|shall be\b|:)|\blaw of (?:the|this) (?:contract|agreement)\b|\b(?:loi|droit) applicable (?:est|:)|\bexclusive (?:and [a-z-]+ )?(?:jurisdiction|venue)\b|\bgerichtsstand\w*|\b(?:juridiction|comp[ée]tence) exclusive\b|\br[ée]gi(?:e|s|es)? (?:et interpr[ée]t[ée]\w* )?(?:par|conform[ée]ment [àa]) (?:le droit|la loi|les lois|la l[ée]gislation)\b|\br[ée]gi(?:e|s|es)? conform[ée]ment (?:au droit|aux lois)\b|\bunterl?ieg(?:t|en)\b.{0,30}\brecht\b|\bgilt\b.{0,40}\b(?:recht de[rs]|\w+(?:sches|schem|schen|deutsches|deutschem) recht)\b|\bgilt (?:das )?deutsches? recht\b|\bfindet\b.{0,30}\brecht\b.{0,40}\banwendung\b|\brecht\b.{0,40}\banwendbar\b|\brecht der (?:bundesrepublik|schweiz|republik|niederlande)\b";
    GOVERNED = r"\bgovern(?:s|ed)?\b|\bconstrued\b|\binterpreted\b";
    LAW = r"\b(?:([a-z]+) )?(?:laws?|legislation)\b(?:(?: and courts?)? of\b)?";
    APPLIES = r"\b(?:appl(?:y|ies)|governs?|controls?)\b";
    SUBJECT = r"\b(?:subject to|under) (?:the )?(?:(?:substantive )?laws of|[a-z]+ law)\b|\bsoumis(?:e|es)? (?:au droit|[àa] la (?:loi|l[ée]gislation)|aux lois)\b";
    CONTRACT = r"\b(?:terms|agreement|contract|conditions|relationship|policy|disputes?|claims?|contrat|litiges?|diff[ée]rends?|pr[ée]sentes|elles)\b";
    COURT = r"\b(?:([a-z]+) )?courts?\b(?: (?:of|in|located|sitting) (?:the )?([a-z]+))?|\btribuna(?:l|ux) (?:comp[ée]tents? )?(?:de|du|des|en|[àa]|sont|:|fran[çc]ais|irlandais|belges?|suisses?|luxembourgeois)(?: |$)|\b(?:staatliche[ns]?|zust[äa]ndige[ns]?|ordentliche[ns]?) gerichte?\b";
    DECIDES = r"\b(?:jurisdiction|venue|submit\w*|brought|bring|litigat\w*|disputes?|claims?|proceedings?|actions?|resol\w+|settled|litiges?|diff[ée]rends?|contestations?|exclusi\w+|comp[ée]ten\w+|streitigkeit\w*|klagen?|zust[äa]ndig\w*)\b";
    // Around what names the place.
    PLACED = r"\blaws?\b|\blegislation\b|\bcourts?\b|\bjurisdiction\b|\bvenue\b|\bdroit\b|\blois?\b|\bl[ée]gislation\b|\btribuna(?:l|ux)\b|\brecht\b|\bgericht\w*";
}

/// Whether a folded text says which law governs or which court decides.
fn is_told(text: &str) -> bool {
    NAMED.is_match(text) || governs(text) || applies(text) || binds(text) || decides(text)
}

fn behind(text: &str, from: usize) -> &str {
    &text[from..text.floor_char_boundary(from.saturating_add(NEAR))]
}

/// "These terms are governed by Irish law." "Applicable law", "data protection law" and "these
/// laws" are whatever they are.
fn governs(text: &str) -> bool {
    let names_a_law = |part: &str| {
        LAW.captures_iter(part).any(|law| {
            let which = law.get(1).map_or("", |which| which.as_str());
            !matches!(which, "applicable" | "protection" | "privacy" | "such" | "these" | "certain" | "other" | "case")
        })
    };
    GOVERNED.find(text).is_some_and(|governed| names_a_law(behind(text, governed.end())))
}

/// "French law will apply."
fn applies(text: &str) -> bool {
    LAW.captures_iter(text).any(|law| {
        let (all, which) = (law.get(0), law.get(1).map_or("", |which| which.as_str()));
        all.is_some_and(|all| {
            (all.as_str().ends_with(" of") || is_place(which)) && APPLIES.is_match(behind(text, all.end()))
        })
    })
}

/// "This agreement is subject to Irish law."
fn binds(text: &str) -> bool {
    SUBJECT.find_iter(text).any(|subject| {
        let Some(law) = subject.as_str().strip_suffix(" law") else {
            // Whose laws is said behind it.
            return CONTRACT.is_match(text) || !jurisdictions(behind(text, subject.end())).is_empty();
        };
        CONTRACT.is_match(text) && is_place(law.rsplit(' ').next().unwrap_or_default())
    })
}

/// "Disputes go to the courts of Oslo." "A court of competent jurisdiction", "of law", "of
/// appeal" is any.
fn decides(text: &str) -> bool {
    let placed = COURT.captures_iter(text).any(|court| match (court.get(1), court.get(2)) {
        (_, Some(place)) => !matches!(place.as_str(), "competent" | "law" | "appeal" | "appeals" | "record" | "any"),
        (Some(which), None) => is_place(which.as_str()),
        (None, None) => court.get(0).is_some_and(|all| !all.as_str().starts_with("court")),
    });
    placed && DECIDES.is_match(text)
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
    let mut near: Vec<Range<usize>> = Vec::new();
    for place in PLACED.find_iter(text) {
        let from = text.ceil_char_boundary(place.start().saturating_sub(NEAR / 2));
        let to = text.floor_char_boundary(place.end().saturating_add(NEAR));
        match near.last_mut() {
            Some(last) if from <= last.end => last.end = to,
            _ => near.push(from..to),
        }
    }
    let mut words = near.into_iter().flat_map(|near| text[near].split(|c: char| !c.is_alphanumeric()));
    words.any(|word| !word.is_empty() && names(word))
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
