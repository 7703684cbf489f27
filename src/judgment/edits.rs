//! What kind of thing a clause changes: its edits, typed before anyone judges them.
//!
//! A type is read off both sides of a clause: what the old one names and the new one does
//! not, or the other way round. Knows nothing of materiality; [`super::rules`] and the
//! judgment of what no rule knows read the types.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::facts::{Clause, without_dates, without_references};
use super::quantity::{Quantity, Unit, quantities};
use super::rules::{legal_names, patterns};
use super::topics::without_addresses;

/// What an edit changes. A clause may change several things at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EditKind {
    /// A day, a month or a year.
    Date,
    /// A number with its unit that is neither a period nor an amount: a count, an age.
    Number,
    /// How long, how soon, how often.
    Period,
    /// Money, or a share of something.
    Amount,
    /// What may, can or will happen.
    Modal,
    /// A negation, or a limit such as "only", "without" or "unless".
    Negation,
    /// What somebody must do, agrees to or answers for.
    Obligation,
    /// What somebody may ask for or refuse.
    Right,
    /// Who receives something.
    Recipient,
    /// What is known about somebody.
    DataType,
    /// What something is done for.
    Purpose,
    /// A country, a state, a union of them, or a law that is named after one.
    Jurisdiction,
    /// A legal person, or the controller.
    Entity,
    /// What a term means.
    Definition,
    /// An item of a list or a row of a table that comes or goes.
    ListItem,
    /// A heading.
    Heading,
    /// An address, a number to call, a street.
    Contact,
    /// Where a link leads.
    Link,
    /// Other words.
    Wording,
}

impl EditKind {
    /// All kinds, with their words.
    pub const ALL: [(EditKind, &'static str); 19] = [
        (EditKind::Date, "date"),
        (EditKind::Number, "number"),
        (EditKind::Period, "period"),
        (EditKind::Amount, "amount"),
        (EditKind::Modal, "modal"),
        (EditKind::Negation, "negation"),
        (EditKind::Obligation, "obligation"),
        (EditKind::Right, "right"),
        (EditKind::Recipient, "recipient"),
        (EditKind::DataType, "data_type"),
        (EditKind::Purpose, "purpose"),
        (EditKind::Jurisdiction, "jurisdiction"),
        (EditKind::Entity, "entity"),
        (EditKind::Definition, "definition"),
        (EditKind::ListItem, "list_item"),
        (EditKind::Heading, "heading"),
        (EditKind::Contact, "contact"),
        (EditKind::Link, "link"),
        (EditKind::Wording, "wording"),
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The kind that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }
}

patterns! {
    DATED = r"\{date\}";
    NUMBER = r"\b\d[\d.,]*\b";
    MODAL = r"\b(?:may|might|can|could|will|would|should|peut|peuvent|pourr\w+|kann|k[öo]nn(?:en|t|te|ten)|darf|d[üu]rfen|soll(?:te|ten|en)?|wird|werden)\b";
    NEGATION = r"\b(?:not|never|no longer|neither|nor|no|none|without|unless|except|only|solely|exclusively|jamais|sans|sauf|uniquement|seulement|nicht|kein(?:e[nmrs]?)?|niemals|ohne|au(?:ß|ss)er|ausschlie(?:ß|ss)lich|nur)\b|\b(?:ne|n')\b.{1,25}\b(?:pas|plus|aucune?|que)\b";
    OBLIGATION = r"\b(?:must|shall|requires?|required|requirements?|obliged|obligations?|have to|agrees?|waives?|grants?|represents?|warrants?|indemnif\w+|liable|responsible|prohibit\w*|forbidden|permitted|allowed|doit|doivent|devez|devra|obligation|engagez|interdite?s?|responsables?|m[üu]ss(?:en|t)?|verpflichte\w*|verboten|untersagt|erlaubt|haftet|haften)\b";
    RIGHT = r"\b(?:rights?|opt(?:s|ed|ing)?[ -]?(?:outs?|in)|object(?:ion)?|withdraw\w*|consent\w*|eras(?:e|ure)|rectif\w+|portability|unsubscribe\w*|appeals?|complain\w*|refunds?|cancel\w*|revoke\w*|request (?:access|deletion|correction|a copy)|choose|choices?|preferences|settings|droits?|consente\w+|opposer|opposition|rectifi\w+|effacement|r[ée]tract\w+|recht(?:e|en|s)?|einwillig\w+|widerspr\w+|widerruf\w*|l[öo]schung|k[üu]ndig\w*)\b";
    RECIPIENT = r"\b(?:third.part(?:y|ies)|third persons?|service providers?|providers?|vendors?|suppliers?|partners?|affiliates|affiliated compan(?:y|ies)|subsidiar(?:y|ies)|advertisers?|ad networks?|data brokers?|sub-?processors?|processors?|contractors?|law enforcement|(?:government(?:al)?|public|supervisory|regulatory|tax) (?:agenc(?:y|ies)|authorit(?:y|ies)|bod(?:y|ies))|authorities|regulators?|courts?|credit (?:agenc(?:y|ies)|bureaus?)|banks?|insurers?|social (?:media|networks?)|search engines?|other (?:users?|members?)|employers?|parent company|group companies|successors?|acquirers?|auditors?|advis[eo]rs?|researchers?|publishers?|resellers?|the public|tiers|prestataires?|partenaires?|sous-traitants?|filiales?|autorit[ée]s?|annonceurs?|fournisseurs?|dritte[nr]?|dienstleister\w*|auftragsverarbeiter\w*|beh[öo]rden?|werbetreibende\w*|tochtergesellschaften?|partnern?)\b";
    DATA_TYPE = r"\b(?:first names?|last names?|user ?names?|passwords?|e-?mail address(?:es)?|(?:tele)?phone numbers?|(?:postal|mailing|billing|shipping|home|ip|mac) address(?:es)?|device (?:ids?|identifiers?|information|data)|identifiers?|browser\w*|operating system|(?:geo-?)?location\w*|gps|photo\w*|pictures?|images?|videos?|audio|voice\w*|recordings?|messages?|communications?|contacts?|address book|calendar|camera|microphone|biometri\w*|faces?|facial|fingerprints?|health|medical|genetic|racial|race|ethnic\w*|religio\w*|political|sexual\w*|gender|age|birth\w*|nationality|passports?|driver's licen[sc]es?|social security|government[ -](?:issued )?id\w*|financial|(?:credit|debit|payment) cards?|bank account\w*|transactions?|purchase history|income|salary|employment|education\w*|brows(?:er|ing) history|search (?:queries|history|terms)|usage (?:data|information)|log (?:data|files)|cookies|metadata|keystrokes?|inferences?|interests?|preferences|credit (?:scores?|history)|criminal|prompts?|inputs?|outputs?|user content|personal (?:data|information)|noms?|pr[ée]noms?|adresses? (?:e-?mail|ip|postale)|num[ée]ros? de t[ée]l[ée]phone|localisation|g[ée]olocalisation|sant[ée]|biom[ée]tri\w*|naissance|identifiants?|images?|messages?|standort\w*|gesundheit\w*|biometri\w*|geburt\w*|telefonnummer\w*|e-?mail-?adresse\w*|ip-?adresse\w*|kennungen?|nachrichten|fotos?|bilder)\b";
    PURPOSE = r"\b(?:advertis\w+|marketing|analytics|analy[sz]\w+|personali[sz]\w+|profiling|research\w*|improv\w+|security|fraud\w*|train(?:s|ed|ing)?|machine learning|artificial intelligence|ai|develop\w*|monetiz\w+|target\w*|recommend\w*|measur\w+|statistic\w*|customer support|legal (?:obligations?|claims?)|comply|legitimate interests?|contract|publicit\w+|prospection|recherche|am[ée]lior\w+|s[ée]curit[ée]|fraudes?|statisti\w+|int[ée]r[êe]ts? l[ée]gitimes?|werbung|forschung|verbesser\w+|sicherheit|betrug\w*|statisti\w+|berechtigte[sn]? interesse\w*)\b";
    JURISDICTION = r"\b(?:european (?:union|economic area)|eea|e\.e\.a|eu|uk|u\.k|usa|u\.s\.a?|united (?:states|kingdom|arab emirates)|great britain|england|wales|scotland|northern ireland|ireland|france|germany|spain|italy|portugal|netherlands|belgium|luxembourg|austria|switzerland|poland|sweden|norway|denmark|finland|iceland|liechtenstein|greece|czech\w*|hungary|romania|bulgaria|croatia|estonia|latvia|lithuania|cyprus|malta|turkey|t[üu]rkiye|ukraine|russia\w*|belarus|israel|india|china|hong kong|taiwan|japan|south korea|korea|singapore|malaysia|indonesia|thailand|vietnam|philippines|australia|new zealand|canada|qu[ée]bec|ontario|british columbia|mexico|brazil|argentina|chile|colombia|peru|south africa|nigeria|kenya|egypt|saudi arabia|alabama|alaska|arizona|arkansas|california|colorado|connecticut|delaware|florida|hawaii|idaho|illinois|indiana|iowa|kansas|kentucky|louisiana|maine|maryland|massachusetts|michigan|minnesota|mississippi|missouri|montana|nebraska|nevada|new hampshire|new jersey|new mexico|new york|north carolina|north dakota|ohio|oklahoma|oregon|pennsylvania|rhode island|south carolina|south dakota|tennessee|texas|utah|vermont|virginia|washington|west virginia|wisconsin|wyoming|gdpr|ccpa|cpra|lgpd|pipeda|union europ[ée]enne|ue|eee|rgpd|royaume-uni|[ée]tats-unis|allemagne|espagne|italie|suisse|irlande|belgique|europ[äa]ische[nr]? (?:union|wirtschaftsraum\w*)|ewr|dsgvo|deutschland|frankreich|vereinigte[ns]? (?:k[öo]nigreich|staaten)|schweiz|[öo]sterreich|autriche|irland|spanien|italien|niederlande|pays-bas|belgien|kanada)\b";
    // Without the law an adjective may name a language.
    NATIONAL = r"\b([a-z]{5,11}) (?:laws?|courts?|jurisdiction|consumers?|residents?)\b";
    ENTITY = r"\b(?:data |joint )?controllers?\b|\brepresentatives?\b|\bprotection officer\b|\bdpo\b|\bresponsables? (?:du|de) traitement|\bverantwortliche[rn]?\b|\bdatenschutzbeauftragte\w*|\brepr[ée]sentant\w*";
    DEFINITION = r#"^\W*["'(]?[\w -]{2,40}["')]*,? (?:means?|refers? to|signifie|d[ée]signe|bedeutet|bezeichnet)\b|\b(?:collectively|together|hereinafter|ci-apr[èe]s|nachfolgend),? ?(?:the )?""#;
    CONTACT = r"@|\+?\d[\d ()/-]{7,}\d|\b(?:street|road|avenue|suite|floor|building|blvd|p\.?o\.? box|rue|cedex|stra(?:ß|ss)e|platz)\b";
    LINK = r"://|\bwww\.";
}

/// What a pattern finds in a text, inflections set aside.
fn mentions(pattern: &Regex, text: &str) -> BTreeSet<String> {
    let stem = |found: &str| {
        found
            .split([' ', '-'])
            .map(|word| word.trim_end_matches(['s', 'n', 'x']).chars().take(8).collect::<String>())
            .collect::<Vec<_>>()
            .join(" ")
    };
    pattern.find_iter(text).map(|found| stem(found.as_str())).collect()
}

/// How often each side has what a pattern finds; for words whose number counts.
fn counts(pattern: &Regex, old: &str, new: &str) -> bool {
    let words = |text: &str| {
        let mut words: Vec<String> = pattern.find_iter(text).map(|found| found.as_str().to_owned()).collect();
        words.sort();
        words
    };
    words(old) != words(new)
}

/// Numbers without marks, leading zeros and what only names a place in the text.
fn numbers(text: &str) -> BTreeSet<String> {
    NUMBER.find_iter(text).map(|found| found.as_str().trim_end_matches(['.', ',']).replace(',', "")).collect()
}

/// The kinds that clauses of a section name as a whole, however its sentences are cut.
pub(super) const NAMED: [EditKind; 4] = [EditKind::Right, EditKind::Recipient, EditKind::DataType, EditKind::Purpose];

/// What a folded text names of each of [`NAMED`], inflections set aside.
pub(super) fn named(text: &str) -> [BTreeSet<String>; 4] {
    [&*RIGHT, &*RECIPIENT, &*DATA_TYPE, &*PURPOSE].map(|pattern| mentions(pattern, text))
}

/// Whether a folded text names a recipient, a kind of data, a purpose or a duty.
pub(super) fn names_what_matters(text: &str) -> bool {
    [&*RECIPIENT, &*DATA_TYPE, &*PURPOSE, &*OBLIGATION].iter().any(|pattern| pattern.is_match(text))
}

type Test = fn(&str, &str) -> bool;

/// A kind, and whether two folded texts differ in it. Dates and references are set aside
/// in both.
static TESTS: LazyLock<[(EditKind, Test); 13]> = LazyLock::new(|| {
    fn differ(pattern: &Regex, old: &str, new: &str) -> bool {
        mentions(pattern, old) != mentions(pattern, new)
    }
    [
        (EditKind::Period, |a, b| measured(a, true) != measured(b, true)),
        (EditKind::Amount, |a, b| measured(a, false) != measured(b, false)),
        (EditKind::Modal, |a, b| counts(&MODAL, a, b)),
        (EditKind::Negation, |a, b| counts(&NEGATION, a, b)),
        (EditKind::Obligation, |a, b| differ(&OBLIGATION, a, b)),
        (EditKind::Right, |a, b| differ(&RIGHT, a, b)),
        (EditKind::Recipient, |a, b| differ(&RECIPIENT, a, b)),
        (EditKind::DataType, |a, b| differ(&DATA_TYPE, a, b)),
        (EditKind::Purpose, |a, b| differ(&PURPOSE, a, b)),
        (EditKind::Jurisdiction, |a, b| jurisdictions(a) != jurisdictions(b)),
        (EditKind::Entity, |a, b| differ(&ENTITY, a, b)),
        (EditKind::Definition, |a, b| DEFINITION.is_match(a) != DEFINITION.is_match(b)),
        (EditKind::Link, |a, b| counts(&LINK, a, b)),
    ]
});

/// The countries, states and laws that a folded text names; one that goes by several
/// names counts once.
pub(super) fn jurisdictions(text: &str) -> BTreeSet<String> {
    let one = |name: &str| {
        match name {
            "eea" | "e.e.a" | "european economic area" | "eee" | "ewr" => "eea",
            "european union" | "eu" | "ue" | "union européenne" | "europäische union" | "europäischen union" => "eu",
            "uk" | "u.k" | "united kingdom" | "royaume-uni" | "vereinigtes königreich" | "great britain" => "uk",
            "usa" | "u.s" | "u.s.a" | "united states" | "états-unis" | "vereinigte staaten" => "us",
            "gdpr" | "rgpd" | "dsgvo" => "gdpr",
            "ccpa" => "california",
            "deutschland" | "allemagne" => "germany",
            "frankreich" => "france",
            "italien" | "italie" => "italy",
            "spanien" | "espagne" => "spain",
            "irland" | "irlande" => "ireland",
            "schweiz" | "suisse" => "switzerland",
            "österreich" | "autriche" => "austria",
            "niederlande" | "pays-bas" => "netherlands",
            "belgien" | "belgique" => "belgium",
            "kanada" => "canada",
            other => other,
        }
        .to_owned()
    };
    // The end of an address names no place.
    let text = without_addresses(text);
    let named = JURISDICTION.find_iter(&text).map(|found| one(found.as_str()));
    let lawful = NATIONAL.captures_iter(&text).filter_map(|found| nation(&found[1]).map(str::to_owned));
    named.chain(lawful).collect()
}

/// The country whose law an adjective names: "Danish law" is the law of Denmark.
pub(super) fn nation(adjective: &str) -> Option<&'static str> {
    const NATIONS: [(&str, &str); 28] = [
        ("american", "us"),
        ("australian", "australia"),
        ("austrian", "austria"),
        ("belgian", "belgium"),
        ("brazilian", "brazil"),
        ("british", "uk"),
        ("californian", "california"),
        ("canadian", "canada"),
        ("chinese", "china"),
        ("czech", "czech"),
        ("danish", "denmark"),
        ("dutch", "netherlands"),
        ("english", "england"),
        ("finnish", "finland"),
        ("french", "france"),
        ("german", "germany"),
        ("greek", "greece"),
        ("indian", "india"),
        ("irish", "ireland"),
        ("israeli", "israel"),
        ("italian", "italy"),
        ("japanese", "japan"),
        ("norwegian", "norway"),
        ("polish", "poland"),
        ("portuguese", "portugal"),
        ("spanish", "spain"),
        ("swedish", "sweden"),
        ("swiss", "switzerland"),
    ];
    NATIONS.iter().find(|(name, _)| *name == adjective).map(|(_, country)| *country)
}

/// The quantities that a folded text names, of time or of anything else that has a unit.
fn measured(text: &str, time: bool) -> BTreeSet<Quantity> {
    quantities(text).into_iter().filter(|of| of.unit != Unit::Bare && of.unit.is_time() == time).collect()
}

/// What a clause changes, in the order of [`EditKind`]; [`EditKind::Wording`] alone if
/// nothing that has a name.
pub(super) fn kinds(clause: &Clause) -> Vec<EditKind> {
    let (dated_old, dated_new) = (without_dates(&clause.old), without_dates(&clause.new));
    let (old, new) = (without_references(&dated_old), without_references(&dated_new));
    let mut kinds = BTreeSet::new();
    if DATED.is_match(&old) || DATED.is_match(&new) {
        let dates = |text: &str, masked: &str| (masked.matches("{date}").count(), text.to_owned());
        let same_rest = old == new;
        if !clause.is_reworded() || same_rest || dates(&clause.old, &old).0 != dates(&clause.new, &new).0 {
            kinds.insert(EditKind::Date);
        }
    }
    kinds.extend(TESTS.iter().filter(|(_, test)| test(&old, &new)).map(|(kind, _)| *kind));
    if numbers(&old) != numbers(&new) && !kinds.contains(&EditKind::Period) && !kinds.contains(&EditKind::Amount) {
        kinds.insert(EditKind::Number);
    }
    if legal_names(&clause.before) != legal_names(&clause.after) {
        kinds.insert(EditKind::Entity);
    }
    let contacts = |text: &str| mentions(&CONTACT, text);
    if contacts(&clause.old) != contacts(&clause.new) || clause.differing().any(|word| word.contains('@')) {
        kinds.insert(EditKind::Contact);
    }
    if clause.heading {
        kinds.insert(EditKind::Heading);
    }
    if clause.listed && !clause.is_reworded() {
        kinds.insert(EditKind::ListItem);
    }
    if kinds.is_empty() {
        kinds.insert(EditKind::Wording);
    }
    kinds.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::compare;
    use crate::change::tests::reading;
    use crate::judgment::facts;

    fn kinds_of(before: &str, after: &str) -> Vec<&'static str> {
        let page = |text: &str| reading(&format!("# Terms\nAcme makes maps and shoes.\n{text}"));
        let (old, new) = (page(before), page(after));
        let change = compare(&old, &new).expect("the example differs");
        let facts = facts::gather(&change, &old, &new);
        facts.clauses.first().map(|clause| kinds(clause).iter().map(|kind| kind.as_str()).collect()).unwrap_or_default()
    }

    #[test]
    fn edits_are_typed_by_what_they_change() {
        let cases = [
            ("We keep it for 30 days here.", "We keep it for 90 days here.", "period"),
            ("Wir bewahren sie 30 Tage lang auf.", "Wir bewahren sie 60 Tage lang auf.", "period"),
            ("The plan costs $5 and more.", "The plan costs $7 and more.", "amount"),
            ("You may add 5 members to it.", "You may add 9 members to it.", "number"),
            ("We will tell you about it.", "We may tell you about it.", "modal"),
            (
                "Nous vous informerons et pouvons le faire.",
                "Nous vous informerons et ne pouvons pas le faire.",
                "negation",
            ),
            ("You send us the whole report.", "You must send us the whole report.", "obligation"),
            ("Ask us to see your file.", "Ask us to see your file, and object.", "right"),
            ("Your file goes to our bank.", "Your file goes to our bank and to vendors.", "recipient"),
            ("Ihre Angaben gehen an uns selbst.", "Ihre Angaben gehen an uns und Dienstleister.", "recipient"),
            ("We read your voice and hair.", "We read your voice, hair and location.", "data_type"),
            ("It serves to run the shop.", "It serves to run the shop and for marketing.", "purpose"),
            ("This holds for people in Texas.", "This holds for people in Texas and Oregon.", "jurisdiction"),
            ("The shop is run by Acme Shoes Ltd.", "The shop is run by Globex Hats Ltd.", "entity"),
            ("Write to us at a@acme.test for more.", "Write to us at b@globex.test for more.", "contact"),
            ("Shoes are made with great care here.", "Shoes are made with great skill here.", "wording"),
        ];
        for (before, after, wanted) in cases {
            assert_eq!(kinds_of(before, after), [wanted], "{before} → {after}");
        }
    }

    #[test]
    fn a_clause_may_change_several_things() {
        assert_eq!(
            kinds_of("We do not share your e-mail address.", "We may share your e-mail address with vendors."),
            ["modal", "negation", "recipient"]
        );
    }

    #[test]
    fn words_and_kinds_are_one_to_one() {
        for (kind, word) in EditKind::ALL {
            assert_eq!((kind.as_str(), EditKind::parse(word)), (word, Some(kind)));
        }
    }
}
