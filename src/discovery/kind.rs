//! Of which kind a text is, and whether it is a policy at all.
//!
//! What a text calls itself counts most, then what leads to it; a page that is only about
//! policies (a list of them, an article) is none.

use url::Url;

use super::names::{self, Named};
use crate::reading::Reading;
use crate::text::state::speaks_like_a_policy;
use crate::watch::PolicyType;

/// Below so many words a text is no policy, unless it is one of the short kinds.
const FEW_WORDS: usize = 30;
/// An imprint or a list of companies has so many at least.
const FEWEST_WORDS: usize = 12;
/// A page with so many links to policies and no more words than that leads to policies.
const HUB_LINKS: usize = 3;
const HUB_WORDS: usize = 400;

/// What a page turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A policy.
    Policy(PolicyType),
    /// A page that leads to policies.
    Hub,
    /// Another page.
    Other,
}

/// Tells of which kind a text is, from what it calls itself, the words of the link that led
/// to it, and its address.
pub fn tell(reading: &Reading, url: &Url, link: &str) -> Kind {
    let headings = || reading.sections.iter().filter_map(|section| section.heading.as_deref()).take(2);
    let own: Vec<Named> = reading.title.as_deref().into_iter().chain(headings()).map(names::of_words).collect();
    let led = [names::of_words(link), names::of_path(url.path())];
    let policy = |named: &Named| if let Named::Policy(kind) = named { Some(*kind) } else { None };
    let by_itself = own.iter().find_map(policy);
    let is_titled = reading.title.as_deref().into_iter().chain(headings()).any(names::is_title);
    let by_lead = led.iter().find_map(policy);
    let words = reading.words();
    let hub = words <= HUB_WORDS && reading.policy_links().len() >= HUB_LINKS;
    if hub && !by_itself.is_some_and(is_short) || by_itself.is_none() && led[0] == Named::Hub && words < FEW_WORDS {
        return Kind::Hub;
    }
    let speaks = speaks_like_a_policy(&reading.text(), reading.language.as_deref());
    let kind = match (by_itself, by_lead) {
        // A product for privacy has the word in its title, too.
        (Some(kind), _) if is_common_word(kind) && !is_titled && speaks == Some(false) => return Kind::Other,
        // "Terms" that a link calls "Terms of Sale" are those.
        (Some(PolicyType::Terms), Some(kind @ (PolicyType::Commercial | PolicyType::Developer))) => kind,
        (Some(kind), _) => kind,
        (None, Some(kind)) if speaks == Some(true) || is_short(kind) => kind,
        // "Legal": everything in one.
        (None, None) if own.contains(&Named::Hub) && speaks == Some(true) => PolicyType::Other,
        _ => return if hub { Kind::Hub } else { Kind::Other },
    };
    let enough = words >= if is_short(kind) { FEWEST_WORDS } else { FEW_WORDS };
    // An article about a policy names it, too.
    if enough && !names::is_talk(url.path()) { Kind::Policy(kind) } else { Kind::Other }
}

/// Kinds whose names are words that pages of another sort have in their titles.
fn is_common_word(kind: PolicyType) -> bool {
    matches!(kind, PolicyType::Privacy | PolicyType::Terms | PolicyType::Cookies | PolicyType::DataProcessing)
}

/// Kinds whose texts are lists or a few lines.
fn is_short(kind: PolicyType) -> bool {
    matches!(kind, PolicyType::Imprint | PolicyType::Subprocessors | PolicyType::Copyright)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::section::Section;
    use crate::text::{Block, BlockKind, Link};

    const POLICY: &str = "We collect personal data when you use our services. We use cookies and share information \
        with third parties and service providers for advertising purposes, with your consent or under our legitimate \
        interests. You have the right to access, rectification and deletion of your personal data, to object to \
        processing and to withdraw consent. We retain personal information as long as necessary, apply security \
        measures, transfer data internationally under standard contractual clauses, and do not knowingly collect \
        information from children. We may update this policy; contact our data protection officer with questions or \
        lodge a complaint with a supervisory authority. These terms are governed by the laws of the country.";

    const KETTLES: &str = "Our kettles boil water where nobody sees it. They are made of steel, with a lid and a handle, and \
        come in nine colours. Put one on your stove, wait for the whistle, and enjoy tea that is as hot as you like. Every \
        kettle is tested by hand before it leaves our workshop in the hills. Choose yours today, and tell your friends \
        about it; they will want one as well, and we have enough of them for everybody in town and in the valley below.";

    fn reading(title: &str, text: &str, links: &[&str]) -> Reading {
        let links = links
            .iter()
            .map(|name| Link { text: (*name).to_owned(), target: format!("https://acme.test/{}", name.len()) })
            .collect();
        let block = Block { kind: BlockKind::Paragraph, text: text.to_owned(), links };
        let section = Section { heading: Some(title.to_owned()), blocks: vec![block], ..Section::default() };
        Reading { title: Some(title.to_owned()), sections: vec![section], ..Reading::default() }
    }

    #[test]
    fn texts_are_told_by_what_they_call_themselves() {
        use Kind::{Hub, Other, Policy};
        use PolicyType as T;
        let lists = ["Privacy Policy", "Terms of Service", "Cookie Policy", "Imprint"];
        let cases = [
            ("Privacy Policy", "/p", "", POLICY, &[][..], Policy(T::Privacy)),
            ("Datenschutzerklärung", "/d", "", POLICY, &[], Policy(T::Privacy)),
            ("Nutzungsbedingungen", "/x", "AGB", POLICY, &[], Policy(T::Terms)),
            ("Acme", "/privacy", "", POLICY, &[], Policy(T::Privacy)),
            ("Acme", "/x", "Politique de confidentialité", POLICY, &[], Policy(T::Privacy)),
            ("Terms and Conditions", "/t", "Terms of Sale", POLICY, &[], Policy(T::Commercial)),
            ("Legal", "/legal", "Legal", POLICY, &[], Policy(T::Other)),
            ("Acme", "/x", "", POLICY, &[], Other),
            ("Kettles", "/privacy", "", "Kettles of all sizes are made of steel, with a lid and a handle.", &[], Other),
            ("Privacy Policy", "/p", "", "Read it in the shop.", &[], Other),
            ("Acme: privacy for kettles", "/", "", KETTLES, &[], Other),
            ("Community Guidelines", "/c", "", KETTLES, &[], Policy(T::Community)),
            ("Our new privacy policy", "/blog/2024/new", "Our privacy policy", POLICY, &[], Other),
            ("Privacy Policy", "/help/privacy", "", POLICY, &[], Policy(T::Privacy)),
            ("Legal", "/legal", "Legal", "Everything you agree to.", &lists, Hub),
            ("Privacy", "/privacy-center", "", "Choose what to read.", &lists, Hub),
            (
                "Impressum",
                "/i",
                "",
                "Acme GmbH, Beispielweg 1, 1010 Wien, FN 12345, UID ATU123, Tel. 555",
                &lists,
                Policy(T::Imprint),
            ),
            (
                "Sub-processors",
                "/s",
                "",
                "Name | Place\nAmazon | Ireland\nStripe | Ireland and the United States of America",
                &[],
                Policy(T::Subprocessors),
            ),
        ];
        for (title, path, link, text, links, expected) in cases {
            let url = Url::parse(&format!("https://acme.test{path}")).unwrap();
            assert_eq!(tell(&reading(title, text, links), &url, link), expected, "{title} {path} {link}");
        }
    }
}
