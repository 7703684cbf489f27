//! What a clause says of the law that governs and of the courts that decide.
//!
//! Policies speak of laws and courts everywhere: "where applicable law requires it", "rights
//! under the laws of your state", "if a court orders it". None of these says which law governs
//! the terms, or where a dispute is decided; what does has a law that does something to the
//! terms, or a court to which disputes go.
//!
//! English, French and German; sees folded text, knows nothing of rules.

use std::ops::Range;

use super::edits::{jurisdictions, nation};
use super::rules::patterns;

/// So many bytes behind what is said the place is named.
const NEAR: usize = 90;

patterns! {
    // Speaks of nothing else.
    NAMED = r"\bgoverning laws?\b|\bchoice of laws?\b|\bconflicts? of laws?\b|\bexclusive (?:and [a-z-]+ )?(?:jurisdiction|venue)\b|\bgerichtsstand\w*|\b(?:juridiction|comp[ée]tence) exclusive\b|\br[ée]gi(?:e|s|es)? (?:et interpr[ée]t[ée]\w* )?(?:par|conform[ée]ment [àa]) (?:le droit|la loi|les lois|la l[ée]gislation)\b|\br[ée]gi(?:e|s|es)? conform[ée]ment (?:au droit|aux lois)\b|\bunterl?ieg(?:t|en)\b.{0,30}\brecht\b|\bes gilt\b.{0,30}\brecht\b|\bfindet\b.{0,30}\brecht\b.{0,40}\banwendung\b|\brecht der (?:bundesrepublik|schweiz|republik)\b";
    GOVERNED = r"\bgovern(?:s|ed)?\b|\bconstrued\b|\binterpreted\b";
    LAW = r"\b(?:([a-z]+) )?(?:laws?|legislation)\b(?: of\b)?";
    APPLIES = r"\b(?:appl(?:y|ies)|governs?|shall govern|will govern)\b";
    SUBJECT = r"\bsubject to (?:the )?(?:laws of|[a-z]+ law)\b|\bsoumis(?:e|es)? (?:au droit|aux lois d)";
    CONTRACT = r"\b(?:terms|agreement|contract|conditions|disputes?|claims?|contrat|litiges?|diff[ée]rends?|pr[ée]sentes)\b";
    COURT = r"\b(?:([a-z]+) )?courts?\b(?: (?:of|in|located|sitting) (?:the )?([a-z]+))?|\btribuna(?:l|ux) (?:comp[ée]tents? )?(?:de|du|des|en|[àa]|fran[çc]ais|irlandais|belges?|suisses?|luxembourgeois)\b|\b(?:staatliche[ns]?|zust[äa]ndige[ns]?|ordentliche[ns]?) gerichte?\b";
    DECIDES = r"\b(?:jurisdiction|venue|submit\w*|brought|bring|litigat\w*|disputes?|claims?|proceedings?|actions?|resol\w+|settled|litiges?|diff[ée]rends?|contestations?|exclusi\w+|streitigkeit\w*|klagen?|zust[äa]ndig\w*)\b";
}

/// Where a folded text says which law governs or which court decides; none where it does not.
fn said(text: &str) -> Option<Range<usize>> {
    let near = |from: usize| &text[from..text.floor_char_boundary(from.saturating_add(NEAR))];
    if let Some(named) = NAMED.find(text) {
        return Some(named.range());
    }
    // "Applicable law", "data protection law" and "these laws" are whatever they are.
    let names_a_law = |part: &str| {
        LAW.captures_iter(part).any(|law| {
            let which = law.get(1).map_or("", |which| which.as_str());
            !matches!(which, "applicable" | "protection" | "privacy" | "such" | "these" | "certain" | "other" | "case")
        })
    };
    if let Some(governed) = GOVERNED.find_iter(text).find(|governed| names_a_law(near(governed.end()))) {
        return Some(governed.range());
    }
    let applies = LAW.captures_iter(text).find_map(|law| {
        let all = law.get(0)?;
        let which = law.get(1).map_or("", |which| which.as_str());
        let of_a_place = all.as_str().ends_with(" of") || is_place(which);
        (of_a_place && APPLIES.is_match(near(all.end()))).then(|| all.range())
    });
    if applies.is_some() {
        return applies;
    }
    if let Some(subject) = SUBJECT.find(text).filter(|_| CONTRACT.is_match(text)) {
        let which = subject.as_str().trim_end_matches(" law").rsplit(' ').next().unwrap_or_default();
        if !subject.as_str().ends_with(" law") || is_place(which) {
            return Some(subject.range());
        }
    }
    let court = COURT.captures_iter(text).find_map(|court| {
        let all = court.get(0)?;
        let placed = match (court.get(1), court.get(2)) {
            // "A court of competent jurisdiction", "of law", "of appeal" is any.
            (_, Some(place)) => {
                !matches!(place.as_str(), "competent" | "law" | "appeal" | "appeals" | "record" | "any")
            }
            (Some(which), None) => is_place(which.as_str()),
            (None, None) => !all.as_str().starts_with("court"),
        };
        placed.then(|| all.range())
    });
    court.filter(|_| DECIDES.is_match(text))
}

/// Whether a word is a place or the adjective of one.
fn is_place(word: &str) -> bool {
    nation(word).is_some() || !jurisdictions(word).is_empty()
}

/// Whether another law governs or another court decides, or one is named that was not; `names`
/// tells whether a word is a name that stands on one side only.
pub(super) fn differs(old: &str, new: &str, names: &dyn Fn(&str) -> bool) -> bool {
    let part = |text: &str| {
        said(text).map(|at| text[at.start..text.floor_char_boundary(at.end.saturating_add(NEAR))].to_owned())
    };
    match (part(old), part(new)) {
        (None, None) => false,
        (Some(old), Some(new)) => {
            // Another place, by its name; other words in the same sentence are no other law.
            let word =
                |part: &str| part.split(|c: char| !c.is_alphanumeric()).any(|word| !word.is_empty() && names(word));
            jurisdictions(&old) != jurisdictions(&new) || word(&old) || word(&new)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_law_that_governs_is_told_from_laws_that_are_spoken_of() {
        let says = [
            "the laws of ireland apply to these terms.",
            "what we agreed is governed by and construed under the laws of delaware.",
            "governing law and venue",
            "french law will apply to such claims.",
            "this agreement is subject to irish law.",
            "you submit to the jurisdiction of the courts located in oslo.",
            "disputes are settled by the courts of your country of residence.",
            "danish courts have jurisdiction over any dispute.",
            "les présentes conditions sont régies par le droit français.",
            "tout litige relève des tribunaux de lyon.",
            "es gilt das recht der bundesrepublik deutschland.",
            "der vertrag unterliegt deutschem recht.",
            "ausschließlicher gerichtsstand ist hamburg.",
        ];
        for text in says {
            assert!(said(text).is_some(), "{text}");
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
            "nous sommes soumis à la loi qui nous oblige à divulguer des informations en cas de litiges.",
            "nach dem recht der union oder der mitgliedstaaten.",
            "sie haben das recht der beschwerde.",
        ];
        for text in silent {
            assert_eq!(said(text), None, "{text}");
        }
    }

    #[test]
    fn another_place_is_another_law_and_other_words_are_not() {
        let no_name = |_: &str| false;
        let irish = "these terms are governed by irish law.";
        assert!(!differs(irish, "these conditions shall be governed by the laws of ireland.", &no_name));
        assert!(differs(irish, "these terms are governed by the law of utah.", &no_name));
        assert!(differs(irish, "", &no_name));
        assert!(differs("the courts of lund decide disputes.", "the courts of kiruna decide disputes.", &|word| word
            == "kiruna"));
        let far = format!("these terms are governed by irish law. {}", "word ".repeat(30));
        assert!(!differs(&far, &format!("{far} acme"), &|word| word == "acme"));
    }
}
