//! What publishers call their policies, in links and in addresses.
//!
//! Words are compared folded: lower case, without accents, everything but letters and
//! digits a blank. So `/politique-de-confidentialite` is found by the same phrase as
//! "Politique de confidentialité".

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::watch::PolicyType;

/// Phrases of each kind, the most specific kind first: the first kind with a phrase wins.
/// A `*` ends the beginning of a word. Folded; a test says so.
const KINDS: &[(PolicyType, &[&str])] = &[
    (
        PolicyType::Subprocessors,
        &[
            "subprocessor*",
            "sub processor*",
            "subcontractors list",
            "sous traitants",
            "sous traitants ulterieurs",
            "unterauftragsverarbeiter*",
            "unterauftragnehmer*",
            "subauftragsverarbeiter*",
            "subencargados",
            "subprocesadores",
            "subencarregados",
            "sub responsabili",
            "subverwerkers",
            "subprocesorzy",
            "podprocesorzy",
            "underbitraden",
            "underdatabehandlere",
            "underdatabehandler*",
        ],
    ),
    (
        PolicyType::DataProcessing,
        &[
            "data processing agreement",
            "data processing addendum",
            "data processing terms",
            "data protection addendum",
            "data protection agreement",
            "dpa",
            "auftragsverarbeitung*",
            "auftragsdatenverarbeitung*",
            "avv",
            "accord de traitement des donnees",
            "accord sur le traitement des donnees",
            "contrat de sous traitance",
            "encargo de tratamiento",
            "contrato de encargo",
            "acuerdo de tratamiento de datos",
            "accordo sul trattamento dei dati",
            "nomina a responsabile",
            "verwerkersovereenkomst*",
            "acordo de tratamento de dados",
            "powierzenie przetwarzania*",
            "personuppgiftsbitradesavtal*",
            "databehandleraftale*",
            "databehandleravtale*",
        ],
    ),
    (
        PolicyType::Copyright,
        &[
            "dmca",
            "copyright policy",
            "copyright",
            "copyrights",
            "copyright notice",
            "intellectual property policy",
            "urheberrecht*",
            "droits d auteur",
            "politique de droit d auteur",
            "derechos de autor",
            "direitos autorais",
            "diritto d autore",
            "auteursrecht*",
            "prawa autorskie",
        ],
    ),
    (
        PolicyType::AcceptableUse,
        &[
            "acceptable use*",
            "acceptable usage*",
            "usage policy",
            "usage policies",
            "use policy",
            "fair use policy",
            "prohibited uses",
            "prohibited content",
            "aup",
            "anti abuse policy",
            "utilisation acceptable",
            "usage acceptable",
            "nutzungsrichtlinie*",
            "acceptable nutzung",
            "uso aceptable",
            "uso aceitavel",
            "uso accettabile",
            "aanvaardbaar gebruik",
            "gebruiksbeleid",
        ],
    ),
    (
        PolicyType::Community,
        &[
            "community guidelines",
            "community standards",
            "community rules",
            "community policy",
            "code of conduct",
            "content guidelines",
            "content policy",
            "house rules",
            "safety guidelines",
            "regles de la communaute",
            "regles communautaires",
            "charte de la communaute",
            "standards de la communaute",
            "code de conduite",
            "community richtlinien",
            "gemeinschaftsrichtlinien",
            "gemeinschaftsstandards",
            "verhaltenskodex",
            "hausordnung",
            "normas de la comunidad",
            "normas comunitarias",
            "codigo de conducta",
            "regole della community",
            "linee guida della community",
            "codice di condotta",
            "huisregels",
            "communityrichtlijnen",
            "diretrizes da comunidade",
            "codigo de conduta",
            "zasady spolecznosci",
        ],
    ),
    (
        PolicyType::Developer,
        &[
            "developer terms",
            "developer policy",
            "developer policies",
            "developer agreement",
            "api terms",
            "api terms of service",
            "api terms of use",
            "api policy",
            "platform policy",
            "conditions developpeur*",
            "entwicklerbedingungen",
            "entwicklervereinbarung",
        ],
    ),
    (
        PolicyType::Commercial,
        &[
            "terms of sale",
            "sales terms",
            "terms and conditions of sale",
            "general terms of sale",
            "refund policy",
            "return policy",
            "returns policy",
            "cancellation policy",
            "shipping policy",
            "commercial terms",
            "business terms",
            "customer agreement",
            "enterprise agreement",
            "master services agreement",
            "msa",
            "service level agreement",
            "sla",
            "subscription agreement",
            "subscription terms",
            "conditions generales de vente",
            "conditions de vente",
            "cgv",
            "verkaufsbedingungen",
            "widerrufsbelehrung",
            "widerrufsrecht",
            "condiciones de venta",
            "condiciones generales de venta",
            "condizioni di vendita",
            "condizioni generali di vendita",
            "verkoopvoorwaarden",
            "condicoes de venda",
            "warunki sprzedazy",
        ],
    ),
    (
        PolicyType::Privacy,
        &[
            "privacy",
            "privacypolicy",
            "privacystatement",
            "privacynotice",
            "data protection",
            "data policy",
            "data privacy",
            "personal data",
            "gdpr",
            "ccpa",
            "confidentialite",
            "vie privee",
            "protection des donnees",
            "donnees personnelles",
            "donnees a caractere personnel",
            "rgpd",
            "datenschutz*",
            "dsgvo",
            "privatsphare*",
            "privacidad",
            "proteccion de datos",
            "tratamiento de datos",
            "aviso de privacidad",
            "riservatezza",
            "protezione dei dati",
            "trattamento dei dati",
            "dati personali",
            "privacybeleid",
            "privacyverklaring*",
            "privacyreglement",
            "gegevensbescherming",
            "privacidade",
            "protecao de dados",
            "prywatnosc*",
            "ochrona danych",
            "ochrona danych osobowych",
            "rodo",
            "integritetspolicy",
            "personuppgift*",
            "dataskydd*",
            "privatlivspolitik",
            "persondata*",
            "personvern*",
            "tietosuoja*",
            "ochrana osobnich udaju",
            "ochrana soukromi",
            "adatvedel*",
            "adatkezel*",
            "confidentialitate",
            "gizlilik*",
            "kvkk",
            "απορρητ*",
            "プライバシー",
            "個人情報",
            "隐私",
            "隱私",
            "个人信息",
            "개인정보",
            "конфиденциальн*",
            "персональн*",
        ],
    ),
    (
        PolicyType::Cookies,
        &[
            "cookie",
            "cookies",
            "cookie policy",
            "cookie notice",
            "cookiepolicy",
            "trackers",
            "traceurs",
            "temoins",
            "cookie richtlinie",
            "cookie hinweise",
            "cookierichtlinie",
            "cookiebeleid",
            "cookieverklaring",
            "ciasteczk*",
            "kakor",
            "informasjonskapsler",
            "evasteet",
            "クッキー",
        ],
    ),
    (
        PolicyType::Imprint,
        &[
            "imprint",
            "impressum",
            "legal notice",
            "legal notices",
            "mentions legales",
            "mentions obligatoires",
            "aviso legal",
            "note legali",
            "informazioni legali",
            "colofon",
            "nota prawna",
            "site notice",
            "特定商取引法",
        ],
    ),
    (
        PolicyType::Terms,
        &[
            "terms",
            "tos",
            "tou",
            "t c",
            "t cs",
            "tandc",
            "termsofservice",
            "termsofuse",
            "termsandconditions",
            "terms of service",
            "terms of use",
            "terms and conditions",
            "conditions of use",
            "user agreement",
            "eula",
            "end user license agreement",
            "end user licence agreement",
            "license agreement",
            "service agreement",
            "membership agreement",
            "rules of use",
            "conditions generales",
            "conditions d utilisation",
            "conditions generales d utilisation",
            "conditions de service",
            "conditions d usage",
            "cgu",
            "nutzungsbedingungen",
            "geschaftsbedingungen",
            "allgemeine geschaftsbedingungen",
            "teilnahmebedingungen",
            "agb",
            "benutzungsbedingungen",
            "terminos",
            "condiciones",
            "condiciones de uso",
            "terminos y condiciones",
            "termini",
            "condizioni",
            "condizioni d uso",
            "termini di servizio",
            "condizioni generali",
            "algemene voorwaarden",
            "gebruiksvoorwaarden",
            "voorwaarden",
            "gebruikersvoorwaarden",
            "termos",
            "termos de uso",
            "termos de servico",
            "condicoes de uso",
            "condicoes gerais",
            "regulamin",
            "warunki korzystania",
            "warunki uzytkowania",
            "anvandarvillkor",
            "allmanna villkor",
            "brugsbetingelser",
            "handelsbetingelser",
            "brukervilkar",
            "vilkar",
            "kayttoehdot",
            "obchodni podminky",
            "podminky",
            "felhasznalasi feltetelek",
            "aszf",
            "termeni si conditii",
            "kullanim kosullari",
            "οροι χρησης",
            "利用規約",
            "服务条款",
            "服務條款",
            "用户协议",
            "使用条款",
            "이용약관",
            "пользовательское соглашение",
            "условия",
        ],
    ),
];

/// Pages that lead to policies.
const HUBS: &[&str] = &[
    "legal",
    "legal center",
    "legal centre",
    "legal hub",
    "legal information",
    "legal info",
    "legal documents",
    "legal terms",
    "policies",
    "our policies",
    "policy center",
    "policy centre",
    "all policies",
    "terms and policies",
    "terms policies",
    "policies and terms",
    "privacy and terms",
    "privacy terms",
    "terms and privacy",
    "terms privacy",
    "legal and privacy",
    "privacy and legal",
    "legal privacy",
    "privacy center",
    "privacy centre",
    "privacy hub",
    "trust",
    "trust center",
    "trust centre",
    "compliance",
    "transparency",
    "transparency center",
    "legal policies",
    "legal notices and policies",
    "informations legales",
    "juridique",
    "centre juridique",
    "donnees et confidentialite",
    "confidentialite et conditions",
    "rechtliches",
    "rechtliche informationen",
    "rechtliche hinweise",
    "rechtsinformationen",
    "datenschutz und nutzungsbedingungen",
    "informacion legal",
    "politicas",
    "informazioni legali",
    "juridisch",
    "juridische informatie",
    "informacoes legais",
    "informacje prawne",
    "juridisk information",
    "правовая информация",
    "法律声明",
    "規約",
];

/// Words of what is done about data and is no text to read: settings, requests, forms.
const ACTIONS: &[&str] = &[
    "settings",
    "setting",
    "preferences",
    "preference",
    "manage",
    "choices",
    "opt out",
    "do not sell",
    "do not share",
    "request",
    "requests",
    "download",
    "withdraw",
    "parametres",
    "parametrer",
    "gerer",
    "preferences cookies",
    "einstellungen",
    "verwalten",
    "anfrage",
    "configuracion",
    "configurar",
    "ajustes",
    "preferencias",
    "impostazioni",
    "preferenze",
    "gestisci",
    "instellingen",
    "beheren",
    "voorkeuren",
    "definicoes",
    "configuracoes",
    "ustawienia",
    "zarzadzaj",
    "installningar",
    "hantera",
    "indstillinger",
    "innstillinger",
    "asetukset",
    "login",
    "log in",
    "sign in",
    "sign up",
    "register",
    "report",
    "contact",
    "submit",
];

/// Words of texts, which weigh more than those of [`ACTIONS`].
const TEXTS: &[&str] = &[
    "policy",
    "policies",
    "notice",
    "statement",
    "terms",
    "agreement",
    "politique",
    "declaration",
    "richtlinie",
    "erklarung",
    "datenschutzerklarung",
    "hinweise",
    "politica",
    "informativa",
    "beleid",
    "verklaring",
    "polityka",
];

/// Parts of a site whose pages only speak about policies.
const TALK: &[&str] = &[
    "blog",
    "blogs",
    "news",
    "press",
    "presse",
    "newsroom",
    "article",
    "articles",
    "story",
    "stories",
    "forum",
    "forums",
    "careers",
    "jobs",
    "career",
    "events",
    "webinar",
    "webinars",
    "case studies",
    "podcast",
    "category",
    "tag",
    "tags",
    "author",
    "archive",
    "archives",
    "whitepaper",
    "guides",
    "guide",
    "templates",
    "template",
    "generator",
    "aktuelles",
    "actualites",
    "noticias",
];

/// Parts of a site where policies stand rarely.
const ASIDE: &[&str] = &[
    "help",
    "support",
    "faq",
    "product",
    "products",
    "shop",
    "docs",
    "documentation",
    "wiki",
    "search",
    "cart",
    "account",
    "login",
    "signin",
    "signup",
    "register",
    "auth",
    "resources",
    "solutions",
];

/// What a link or an address names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A policy of this kind.
    Policy(PolicyType),
    /// A page that leads to policies.
    Hub,
    /// Something to be done, and no text.
    Action,
    /// Nothing of ours.
    Nothing,
}

/// Words as they are compared: lower case, no accents, one blank between.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            // Not taken apart by Unicode, though spelt so in addresses.
            'ß' => out.push_str("ss"),
            'ł' => out.push('l'),
            'ø' => out.push('o'),
            'æ' => out.push_str("ae"),
            'ı' => out.push('i'),
            c if c.is_alphanumeric() => out.push(c),
            _ if out.is_empty() || out.ends_with(' ') => {}
            _ => out.push(' '),
        }
    }
    // NFD parts the syllables of Korean too; the tables are compared in one form.
    out.trim_end().nfc().collect()
}

/// The tables as folded phrases.
struct Phrases {
    kinds: Vec<(PolicyType, Vec<String>)>,
    hubs: Vec<String>,
    actions: Vec<String>,
    texts: Vec<String>,
    talk: Vec<String>,
    aside: Vec<String>,
    /// Every phrase that names anything: most words have none, and are not asked further.
    any: AhoCorasick,
}

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| {
    let folded = |phrases: &[&str]| -> Vec<String> {
        phrases.iter().map(|phrase| if phrase.ends_with('*') { fold(phrase) + "*" } else { fold(phrase) }).collect()
    };
    let (kinds, hubs, actions) = (KINDS.iter().flat_map(|(_, names)| *names), HUBS.iter(), ACTIONS.iter());
    let all = folded(&kinds.chain(hubs).chain(actions).copied().collect::<Vec<_>>());
    let any = AhoCorasick::new(all.iter().map(|phrase| phrase.trim_end_matches('*'))).expect("the phrases are sound");
    Phrases {
        any,
        kinds: KINDS.iter().map(|(kind, phrases)| (*kind, folded(phrases))).collect(),
        hubs: folded(HUBS),
        actions: folded(ACTIONS),
        texts: folded(TEXTS),
        talk: folded(TALK),
        aside: folded(ASIDE),
    }
});

/// Whether folded words hold a phrase; in scripts without blanks it may stand anywhere.
fn holds(words: &str, phrase: &str) -> bool {
    let (stem, open) = phrase.strip_suffix('*').map_or((phrase, false), |stem| (stem, true));
    let dense =
        stem.chars().any(|c| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}'));
    words.match_indices(stem).any(|(at, _)| {
        let before = at == 0 || words[..at].ends_with(' ');
        let after = words[at + stem.len()..].chars().next().is_none_or(|c| c == ' ');
        dense || before && (open || after)
    })
}

fn any(words: &str, phrases: &[String]) -> bool {
    phrases.iter().any(|phrase| holds(words, phrase))
}

/// The most words of a link that names what it leads to; longer ones are sentences.
const LONGEST_NAME: usize = 12;

/// What the words of a link, a title or a heading name.
pub fn of_words(text: &str) -> Named {
    let words = fold(text);
    let phrases = &*PHRASES;
    if words.is_empty() || words.split(' ').count() > LONGEST_NAME || !phrases.any.is_match(&words) {
        return Named::Nothing;
    }
    if phrases.hubs.contains(&words) {
        return Named::Hub;
    }
    if any(&words, &phrases.actions) && !any(&words, &phrases.texts) {
        return Named::Action;
    }
    let kinds: Vec<PolicyType> =
        phrases.kinds.iter().filter(|(_, names)| any(&words, names)).map(|(kind, _)| *kind).collect();
    match kinds[..] {
        [] => Named::Nothing,
        // One link to both is a page that leads on, or holds both.
        [PolicyType::Privacy, PolicyType::Terms] if joined(&words) => Named::Hub,
        [first, ..] => Named::Policy(first),
    }
}

/// Whether words are the title of a text, and do not only speak of what it is about: one
/// name alone, or one with a word as "policy".
pub fn is_title(text: &str) -> bool {
    let words = fold(text);
    let phrases = &*PHRASES;
    let alone = |phrase: &String| match phrase.strip_suffix('*') {
        Some(stem) => words.strip_prefix(stem).is_some_and(|rest| !rest.contains(' ')),
        None => words == *phrase,
    };
    let named = phrases.kinds.iter().any(|(_, names)| names.iter().any(alone));
    named || matches!(of_words(text), Named::Policy(_)) && any(&words, &phrases.texts)
}

/// Whether words join two things.
fn joined(words: &str) -> bool {
    words.split(' ').any(|word| matches!(word, "and" | "und" | "et" | "y" | "e" | "en" | "i"))
}

/// What the path of an address names: its last part that names anything, and for a hub the
/// last part alone.
pub fn of_path(path: &str) -> Named {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let parts: Vec<String> = decoded.split('/').filter(|part| !part.is_empty()).map(of_part).collect();
    let Some(last) = parts.last() else { return Named::Nothing };
    match of_words(last) {
        Named::Nothing => {}
        named => return named,
    }
    // `/privacy/2024`, `/terms/eu`: a part before the last one names it.
    match parts.iter().rev().skip(1).take(2).map(|part| of_words(part)).find(|named| *named != Named::Nothing) {
        Some(named @ Named::Policy(_)) => named,
        _ => Named::Nothing,
    }
}

/// The words of a part of a path: without ending, parted where a capital follows.
fn of_part(part: &str) -> String {
    let part = part.rsplit_once('.').filter(|(_, ending)| ending.len() <= 5).map_or(part, |(name, _)| name);
    let mut out = String::new();
    let mut small = false;
    for c in part.chars() {
        if small && c.is_uppercase() {
            out.push(' ');
        }
        small = c.is_lowercase();
        out.push(c);
    }
    out
}

/// Whether a path lies in a part of the site that only speaks about policies.
pub fn is_talk(path: &str) -> bool {
    lies_in(path, &PHRASES.talk)
}

/// Whether a path lies in a part of the site where policies stand rarely or never.
pub fn is_aside(path: &str) -> bool {
    is_talk(path) || lies_in(path, &PHRASES.aside)
}

fn lies_in(path: &str, folders: &[String]) -> bool {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let mut parts: Vec<String> = decoded.split('/').map(fold).filter(|part| !part.is_empty()).collect();
    // The last part names the page itself.
    parts.pop();
    parts.iter().any(|part| folders.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_many_languages() {
        use Named::{Action, Hub, Nothing, Policy};
        use PolicyType as T;
        let cases = [
            ("Privacy Policy", Policy(T::Privacy)),
            ("Privacy & Cookie Policy", Policy(T::Privacy)),
            ("Cookie Policy", Policy(T::Cookies)),
            ("Cookie settings", Action),
            ("Cookie-Einstellungen", Action),
            ("Your Privacy Choices", Action),
            ("Do Not Sell My Personal Information", Action),
            ("Terms", Policy(T::Terms)),
            ("Terms & Conditions", Policy(T::Terms)),
            ("T&Cs", Policy(T::Terms)),
            ("Terms of Sale", Policy(T::Commercial)),
            ("API Terms of Use", Policy(T::Developer)),
            ("Acceptable Use Policy", Policy(T::AcceptableUse)),
            ("Community Guidelines", Policy(T::Community)),
            ("DMCA / Copyright", Policy(T::Copyright)),
            ("Sub-processors", Policy(T::Subprocessors)),
            ("Data Processing Agreement (DPA)", Policy(T::DataProcessing)),
            ("Legal", Hub),
            ("Privacy & Terms", Hub),
            ("Terms and Privacy", Hub),
            ("Trust Center", Hub),
            ("Politique de confidentialité", Policy(T::Privacy)),
            ("Conditions générales d’utilisation", Policy(T::Terms)),
            ("CGV", Policy(T::Commercial)),
            ("Mentions légales", Policy(T::Imprint)),
            ("Données personnelles", Policy(T::Privacy)),
            ("Gérer mes cookies", Action),
            ("Informations légales", Hub),
            ("Datenschutzerklärung", Policy(T::Privacy)),
            ("Datenschutz", Policy(T::Privacy)),
            ("Impressum", Policy(T::Imprint)),
            ("Allgemeine Geschäftsbedingungen", Policy(T::Terms)),
            ("Auftragsverarbeitungsvertrag", Policy(T::DataProcessing)),
            ("Rechtliches", Hub),
            ("Política de privacidad", Policy(T::Privacy)),
            ("Términos y condiciones", Policy(T::Terms)),
            ("Aviso legal", Policy(T::Imprint)),
            ("Informativa sulla privacy", Policy(T::Privacy)),
            ("Condizioni d'uso", Policy(T::Terms)),
            ("Privacyverklaring", Policy(T::Privacy)),
            ("Algemene voorwaarden", Policy(T::Terms)),
            ("Política de Privacidade", Policy(T::Privacy)),
            ("Termos de Serviço", Policy(T::Terms)),
            ("Polityka prywatności", Policy(T::Privacy)),
            ("Regulamin", Policy(T::Terms)),
            ("Integritetspolicy", Policy(T::Privacy)),
            ("Personvernerklæring", Policy(T::Privacy)),
            ("Tietosuojaseloste", Policy(T::Privacy)),
            ("プライバシーポリシー", Policy(T::Privacy)),
            ("利用規約", Policy(T::Terms)),
            ("개인정보 처리방침", Policy(T::Privacy)),
            ("Kettles", Nothing),
            ("About us", Nothing),
            ("Determination", Nothing),
            ("", Nothing),
            ("We value your privacy and we have written down for you how we keep the data", Nothing),
        ];
        for (text, expected) in cases {
            assert_eq!(of_words(text), expected, "{text}");
        }
    }

    #[test]
    fn titles() {
        for title in [
            "Privacy",
            "Acme Privacy Policy",
            "Datenschutzerklärung",
            "Terms and Conditions",
            "CGU",
            "Cookie-Richtlinie",
        ] {
            assert!(is_title(title), "{title}");
        }
        for other in
            ["Acme: privacy for kettles", "Data protection for enterprises", "Our policy on tea", "Kettles", ""]
        {
            assert!(!is_title(other), "{other}");
        }
    }

    #[test]
    fn addresses() {
        use Named::{Hub, Nothing, Policy};
        use PolicyType as T;
        let cases = [
            ("/privacy", Policy(T::Privacy)),
            ("/legal/privacy-policy.html", Policy(T::Privacy)),
            ("/PrivacyPolicy.aspx", Policy(T::Privacy)),
            ("/privacypolicy", Policy(T::Privacy)),
            ("/fr/politique-de-confidentialite", Policy(T::Privacy)),
            ("/politique-de-confidentialit%C3%A9/", Policy(T::Privacy)),
            ("/terms_of_service", Policy(T::Terms)),
            ("/legal/terms/eu", Policy(T::Terms)),
            ("/datenschutz", Policy(T::Privacy)),
            ("/legal", Hub),
            ("/legal/", Hub),
            ("/legal/imprint", Policy(T::Imprint)),
            ("/about", Nothing),
            ("/", Nothing),
            ("/%ff%fe", Nothing),
        ];
        for (path, expected) in cases {
            assert_eq!(of_path(path), expected, "{path}");
        }
        assert!(is_talk("/blog/our-privacy-policy") && is_aside("/blog/our-privacy-policy"));
        assert!(is_aside("/help/privacy") && !is_talk("/help/privacy"));
        assert!(!is_aside("/privacy") && !is_aside("/legal/privacy"));
    }

    #[test]
    fn no_phrase_is_there_twice_and_each_can_match() {
        let mut seen = std::collections::BTreeMap::new();
        for (kind, phrases) in &PHRASES.kinds {
            for phrase in phrases {
                assert_eq!(seen.insert(phrase.clone(), *kind), None, "{phrase}");
                assert!(holds(phrase.trim_end_matches('*'), phrase), "{phrase}");
            }
        }
    }
}
