//! What differs without mattering: names for it, after the label guide.

use std::collections::{BTreeMap, BTreeSet};

use super::edits::{self, EditKind};
use super::facts::{Clause, Facts, fold, names_place, without_references, words};
use super::practice::{Practice, cues, is_headed};
use super::quantity::quantities;
use super::rules::{is_carved_out, is_under_prohibition, legal_names, patterns};
use crate::reading::Reading;
use crate::text::language;

patterns! {
    FURNITURE_HEADING = r"^(?:read next|popular (?:topics?|articles?)|more help|à lire aussi|mehr lesen|related (?:articles?|posts?|topics?|links)|recent (?:posts?|articles?)|more from|read more|see also|follow us|on this page|in this (?:article|section)|table of contents|latest (?:news|posts)|was this (?:page|article)? ?helpful|articles? (?:connexes|associ[ée]s)|verwandte artikel|need (?:more )?help)\b|^(?:share|navigation|menu|search|contents|comments?|newsletter|quick links|resources|company|products?|popular|trending|languages?|sommaire|inhalt|\d+ comments?|leave a comment)\W*$";
    FURNITURE_LINE = r"^(?:(?:skip|back|return|go) to\b|log ?in\b|sign (?:in|up)\b|register\b|search\b|menu\b|home\b|share\b|print\b|next\b|previous\b|read more|learn more|see more|view (?:more|all)|show (?:more|less)|click here|download|copy(?: link)?|(?:opens? )?in (?:a )?new (?:tab|window)|was this|(?:\d+ )?(?:min(?:ute)?s?|hours?|days?|months?|years?) (?:read|ago)|all rights reserved|copyright|©|(?:accept|reject|allow|manage) (?:all|cookies?)|got it|close\b|continue\b|subscribe\b|english\b|edit(?:ed)? (?:this|by)|author|posted by|follow us|play video|loading|contents?$|table of contents)";
    BANNER = r"\b(?:we|we have|we are|we're) (?:recently )?(?:updated|updating|changed|made (?:some )?changes to) (?:our|the|these|this)\b|\bnous avons mis [àa] jour\b|\bwir haben unsere\b.{0,60}\baktualisiert|\b(?:this|our) (?:web)?site uses cookies\b|\bwe use cookies (?:and \w+ \w+ )?to (?:give|offer|improve|enhance|make|personali[sz]e|ensure)\b.{0,80}\b(?:experience|site)\b|\b(?:previous|earlier|prior|archived|old) versions?\b|\bversions? (?:ant[ée]rieures?|pr[ée]c[ée]dentes?)\b|\b(?:read|view|see) the (?:previous|current|full|new)\b|\b(?:upcoming|updated) (?:terms|policy|version)\b.{0,40}\b(?:here|effective|will)\b";
    COOKIE_BANNER = r"\bcookies?\b.{0,120}\b(?:accept|preferences|relevant|experience|settings|reject|decline)\b|\b(?:accept|preferences|reject|decline)\b.{0,60}\bcookies?\b|\bstrictly necessary\b|\bcookies? (?:notice|settings|preferences)$";
    // The controls of a consent dialogue; a policy describes cookies, a dialogue has switches.
    PANEL = r"\b(?:privacy preference cent(?:er|re)|manage (?:consent|cookie) preferences|confirm my choices|allow all(?: cookies)?|accept all(?: cookies)?|reject all(?: cookies)?|save (?:my )?(?:choices|preferences|settings)|always active|checkbox label|switch label|consent leg\.? ?interest|vendors? list|view (?:vendors?|illustrations|cookies)|cookies? details|store and/or access information on a device|select basic ads|apply cancel|tout (?:accepter|refuser)|toujours actifs?|alle (?:akzeptieren|ablehnen|zulassen)|immer aktiv|auswahl (?:speichern|best[äa]tigen)|manage consent|consent preferences|match and combine (?:offline )?data|link different devices|(?:select|create|measure) (?:a )?(?:basic|personali[sz]ed) (?:ads?|content)|device characteristics for identification)\b";
    PANEL_WORDS = r"\bcookies?\b|\bconsent|\blegitimate interest|\bvendors?\b|\bpartners?\b|\bgeolocation\b|\bprivacy preferences?\b|\byour (?:privacy|choices)\b|\btraceurs?\b|\beinwilligung";
    JOINED = r"\p{Ll}\p{Lu}";
    // Where a pointer leads to one's rights, it is more than a pointer.
    RIGHTS_WAY = r"\bprotection officer|\bdpo\b|\bopt(?:ing)?[ -]?out|\byour rights\b|\bexercise\b|\brepresentative\b|\bcomplain|\bappeal|\bnotif(?:y|ied|ication)\b|\bopposer\b|\bopposition\b|\bvos droits\b|\bd[ée]l[ée]gu[ée]|\bwiderspr|\bdatenschutzbeauftragte";
    POINTER_WITHIN = r"\b(?:vous (?:pouvez|pourrez) (?:obtenir|trouver|consulter)|vous trouverez|you (?:can|will|may) (?:also )?(?:find|learn|read|get)(?: out)?|(?:finden|erfahren) sie)\b.{0,20}\b(?:plus d'informations|plus de d[ée]tails|more\b|further (?:information|details)|additional information|mehr\b|weitere informationen)|\b(?:via|through|visit|see|consult|contact|check)\b.{0,20}\b(?:help|support) cent(?:er|re)\b|\bcentre d'(?:aide|assistance)\b|\bhilfe-?(?:bereich|center)\b|^(?:if [^.,]{0,100}, )?(?:please |you can |to )?learn (?:more about |about )?(?:how|what|which|why)\b.{0,140}\b(?:in|at|on) (?:the|our|its|their)\b.{0,60}\b(?:notice|policy|statement|page|guide|article|cent(?:er|re))\W*$|^(?:if you have|should you have|for) (?:any |all )?(?:further |other |additional )?(?:questions?|concerns|comments|queries)\b.{0,140}\b(?:contact|write|e-?mail|reach|ask)\b|^(?:pour toute|si vous avez (?:une|des|d'autres)) (?:autres? )?questions?\b.{0,140}\b(?:contacte\w*|[ée]cri\w+|adress\w+)\b|^(?:bei|wenn sie|falls sie) (?:weiteren? |allgemeinen? )?fragen\b.{0,140}\b(?:kontakt\w*|wenden|schreiben|erreichen)\b";
    POINTER = r"^(?:for more (?:information|details)|en savoir plus|(?:to )?(?:learn|read|find out) more|(?:please )?(?:see|visit|read|refer to|consult|click)\b|more information|pour (?:en savoir plus|plus d')|weitere informationen|mehr (?:dazu|informationen))";
    // What points elsewhere, unless it binds somebody.
    MILD_POINTER = r"^please (?:also )?(?:review|check)\b|^(?:more |further |additional )?information (?:about|on|regarding|concerning)\b.{0,160}\b(?:is|are) (?:also )?(?:available|provided) (?:here|below|(?:on|in|at) (?:our|this|the) (?:\w+ )?(?:web ?site|site|pages?|polic(?:y|ies)|notices?|sections?|help cent(?:er|re)|faqs?)|at (?:https?|www))";
    // What makes a sentence more than a pointer or a signpost.
    BINDS = r"\b(?:subject to|waiv\w*|agree\w*|accept\w*|deemed|final|bound|binding|sell\w*|sold|rent\w*|police|authorit\w+|charg\w+|fees?|prices?|arbitrat\w+|jury|without|unless|except|only|never|not|no longer|must|shall|required|renonc\w*|vend\w*|sans|sauf|doi\w+|frais|ohne|nur|nicht|m[üu]ss\w*|verkauf\w*|geb[üu]hr\w*)\b";
    // What makes a sentence more than a pointer, however it begins.
    STRICTLY_BINDS = r"\b(?:(?:re)?vend(?:ons|re|ue?s?)|vente|waiv\w*|jury|deemed|you (?:accept|agree|consent)|we (?:charge|sell|share|disclose|will (?:charge|sell|share|disclose))|police)\b";
    // What announces what follows, and says nothing itself.
    SIGNPOST = r"^(?:this|the following|these|the) (?:sections?|tables?|charts?|lists?|paragraphs?|summary|overview)\b.{0,60}\b(?:describes?|explains?|lists?|sets? out|outlines?|provides?|shows?|summari[sz]es?|identif(?:y|ies)|covers?)\b|\bthis section (?:provides|explains|describes|gives|lists|sets out)\b|\b(?:is|are) (?:also |further )?(?:described|explained|detailed|listed|set out|provided|outlined)(?: in (?:more|further) detail)? below\b|^we (?:have |also )?(?:describe|explain|outline)d? (?:how|what|which|why|the)\b[^.;:,]{0,60}\bin (?:more|further|greater) detail (?:in )?\{ref\}(?: (?:above|below))?\W*$|^(?:below|here)(?: is| are|,? you (?:will|can) find)\b|^(?:le tableau|la section|cette section|les sections|ce tableau)\b.{0,60}\b(?:d[ée]cri|expliqu|pr[ée]sent|r[ée]capitul|[ée]num)\w+|^(?:die folgende|der folgende|diese[rs]?) (?:tabelle|abschnitt|liste|[üu]bersicht)\b.{0,60}\b(?:beschreib|erkl[äa]r|erl[äa]uter|zeig|nenn|enth[äa]lt)\w*";
    // What a document says of itself or of another: what it explains, and that one is welcome to it.
    INTRODUCES = r"^[ -@]{0,3}(?:[a-zà-ÿ]+ ){0,3}(?:this|our|the|these|[a-z]+'s|cette|notre|la pr[ée]sente|le pr[ée]sent|diese[rs]?|unsere)\b[ -~à-ÿ]{0,40}\b(?:polic(?:y|ies)|notice|statement|guides?|guidelines|pages?|terms|agreement|cent(?:er|re)|faqs?|articles?|check-?up|politique|charte|avis|datenschutzerkl[äa]rung|erkl[äa]rung|richtlinie)\b[ -~à-ÿ]{0,20}\b(?:explains?|describes?|tells? you|sets? out|outlines?|summari[sz]es?|provides? (?:you )?(?:with )?(?:answers?|more|context|information|details|guidance)|helps? you (?:to )?(?:learn|understand|find)|gives? (?:you )?(?:more|answers|information|details)|d[ée]cri(?:t|vent)|expliquent?|beschreib(?:t|en)|erkl[äa]r(?:t|en)|erl[äa]uter(?:t|n)|informier(?:t|en))\b[ -~à-ÿ]{0,20}\b(?:how|what|which|why|to|on|about|regarding|comment|quelles?|ce que|les|sur|wie|welche[ns]?|was|[üu]ber)\b|^[ -@]{0,3}(?:(?:in|within|dans) [ -+\--~à-ÿ]{0,40},? )?(?:we|nous|wir) (?:also )?(?:explain|describe|expliquons|d[ée]crivons|erkl[äa]ren|beschreiben)\b[ -~à-ÿ]{0,20}\b(?:how|what|which|comment|quelles?|wie|welche[ns]?)\b";
    // Whose something is, or becomes.
    OURS = r"\b(?:your|our|us|its|their|belongs?|becomes?|owns?|vos|votre|nos|notre|ihre?[nrms]?|unsere?[nrms]?|geh[öo]r(?:t|en))\b";
    // What says no.
    DENIES = r"\b(?:no|not|never|none|nobody|neither|nor|aucune?|jamais|pas|nicht|kein\w*|niemals)\b";
    // Who runs the service.
    OPERATES = r"\b(?:operated|provided|owned|run) by\b|\b(?:exploit|[ée]dit|fourni)[ée]?e?s? par\b|\bbetrieben\b";
    // What somebody answers for.
    VOUCHES = r"\b(?:disclaim\w*|liab\w*|exclu\w+|warrant\w*|represent\w*|undertak\w+|ensure|guarantee\w*|indemnif\w+|releas\w+|grant\w*|garanti\w*|d[ée]clar\w+|accord(?:ez|e)\b|versicher\w+|gew[äa]hr\w*)\b";
    // A term and what it stands for.
    DEFINES = r#"^\W*(?:\d[\d.]* )?"[^"]{2,60}" (?:means?|refers? to|shall mean|has the meaning|have the meanings?|signifie|d[ée]signe|bedeutet|bezeichnet)\b"#;
    // Words in quotation marks: the name of a section, a button, a document.
    QUOTED = r#""[^"]{1,80}""#;
    // Who wrote the words of a text, or lent them.
    CREDIT = r"\b(?:based on|adapted from|created (?:with|using|by)|generated (?:with|using|by)|inspired by)\b.{0,60}\b(?:templates?|generators?|licen[sc]ed|polic(?:y|ies) (?:of|by|from))|\blicen[sc]ed under (?:a |the )?(?:creative commons|cc[ -]|gnu|mit)|\berstellt (?:mit|von|durch)\b.{0,60}\b(?:generator|muster|vorlage)|\bg[ée]n[ée]r[ée]e? (?:par|avec)\b";
    // What of a page may be credited: itself, not what its users bring.
    CREDITED = r"^\W*(?:this|our|the|these|diese[rs]?|unsere|cette|notre|nos|ce)\b.{0,40}\b(?:polic(?:y|ies)|notice|terms|document|text|page|statement|erkl[äa]rung|seite|richtlinie|bedingungen|politique|charte|conditions)\b|\btemplates?\b|\bgenerators?\b|\bmuster\b|\bvorlage\b";
    QUESTION = r"^\W*(?:what|how|why|who|whom|which|when|where|do|does|can|will|is|are|may|should|quel(?:le)?s?|comment|pourquoi|qui|que|qu'|quand|o[ùu]|est-ce|puis-je|wie|was|warum|welche[rsn]?|wer|wann|wo|kann|k[öo]nnen|darf)\b[^.;:!]{3,110}\?\W*$";
    REACHES = r"\bcontact(?:ing|er|ez)?\b|\breach(?:ing)? (?:out|us)\b|\bkontakt\w*|\bget in touch\b";
    CHANNEL = r"^(?:portal|forms?|support|pages?|cent(?:er|re)|help|online|teams?|service|services|website|site|chat|submit\w*|requests?|contact\w*|here|link|desk|customer|department|portail|formulaire|assistance|ligne|page|hilfe|formular|seite|kundenservice)$";
    STREET = r"\b(?:street|st|road|rd|avenue|ave|suite|floor|building|blvd|boulevard|lane|quay|house|square|drive|p\.?o\.? box|rue|cedex|stra(?:ß|ss)e|str|platz|plaza|way|dock|postal|zip)\b|\b[a-z]{1,2}\d{1,2}[a-z]? ?\d[a-z]{2}\b|\b\d{5}(?:-\d{4})?\b|\b[a-z]\d\d [a-z0-9]{4}\b";
    SPEAKS = r"\b(?:may|must|shall|will|can|should|not|if|collect|share|use|process|sell|receives?|discloses?|partners?|advertis\w+|controller|representative|peut|doit|si|kann|muss|wenn)\b";
    // Who holds an office that the law asks for, by name.
    OFFICE = r"\b(?:representative|protection officer|dpo|controller|repr[ée]sentante?|d[ée]l[ée]gu[ée]e? [àa] la protection des donn[ée]es|responsable du traitement|vertreter(?:in)?|datenschutzbeauftragter?|verantwortlicher?)\b[^:.]{0,30}: ?\w+ \w";
    NAMES_OFFICE = r"\b(?:protection officer|dpo|privacy officer|representative (?:in|for|under)|(?:eu|uk|european|swiss|gdpr) representative|d[ée]l[ée]gu[ée]e? [àa] la protection|repr[ée]sentante? (?:dans|en|au)|datenschutzbeauftragte\w*|vertreter\w* in)\b";
    AGO = r"\b\d+ (?:second|minute|hour|day|week|month|year)s? ago\b|\bil y a \d+|\bvor \d+ (?:sekunde|minute|stunde|tag|woche|monat|jahr)";
    UNITS = r"\d ?(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|%|percent|euros?|dollars?|usd|eur|gbp|heures?|jours?|semaines?|mois|ans?|stunden?|tagen?|tage|wochen?|monate?n?|jahre?n?)\b|[$€£¥] ?\d|\d ?[$€£%]";
    // Who does or may do something; "we" alone begins most that is said for courtesy.
    NORM = r"\b(?:we|you|they|users?|customers?|members?|subscribers?|nous|vous|ils|wir|sie|du|kunden|nutzer)\b(?: \w+){0,3}? \w{2,}|\b(?:may|must|shall|will)(?: not)? \w{2,}|\b(?:is|are)(?: not)? (?:obligated|obliged|required|permitted|entitled|allowed)\b|^\W*(?:do not|never|always|only|avoid|make sure)\b \w{2,}";
    // What is said of something: nobody acts, and it binds all the same.
    STATED = r"\b(?:is|are|was|were|will|may|must|can|has|have|does|remains?|stays?|costs?|goes?|takes?|lasts?|ends?|needs?|counts?|applies|becomes?|est|sont|sera|seront|peut|reste|co[ûu]te|ist|sind|wird|werden|bleibt|kostet|gilt|hat)\b";
    COURTESY = r"^\W*(?:how|what|when|where|why|who|contacte\w*)\b|\bcontact (?:us|you)\b|\b(?:visitors?|welcome|thank|hope|happy|glad|please|encourage|recommend|committ?ed|commitment|important|seriously|values?|respects?|trust|care about|believe|strive|aim|understand|questions?|learn|more information|find out|see|visit|read|click|here|below|above|following|describes?|explains?|updated?|policy|notice|terms|agreement|version|section|article|bienvenue|merci|veuillez|engag\w+|importan\w+|questions?|ci-dessous|suivant\w*|pr[ée]sente|politique|willkommen|danke|bitte|wichtig|fragen|folgend\w*|unten|richtlinie|erkl[äa]rung)\b";
    // Orders and limits; "only two taps" is none.
    ORDERS = r"\b(?:must|shall|may not|may only|only (?:if|when|where|as)|only (?:on|with|by|for) (?:the |our |an? |your )?(?:supported|approved|prior|written|authori[sz]ed|personal|private|lawful|express|consent|permission)|not (?:be )?(?:obligated|obliged|required|entitled|permitted|allowed)|no obligation|s'engagent?|doi(?:t|vent) (?:[a-z\u{df}-\u{ff}]+(?:er|ir|re)|avoir)|devez|m[üu]ss(?:en|t)|verpflichte[nt]|d[üu]rfen nicht|darf nicht|d[üu]rfen nur|nur (?:wenn|mit (?:vorheriger |ausdr[üu]cklicher )?(?:zustimmung|einwilligung|genehmigung)))\b";
    // How long somebody has to wait, or may.
    OWED = r"\b(?:within|up to|at least|no later than|until|for at most|sous|jusqu'[àa]|au plus tard|d'ici|innerhalb von|innerhalb|binnen|bis zu|sp[äa]testens)\b(?: \w+){0,2} \d";
    TELLS_USERS = r"\b(?:you|users?|customers?|members?|subscribers?|buyers?|sellers?|licensees?) (?:\w+ )?(?:must|may|shall|will|can|agree)\b|\b(?:vous|(?:utilisateurs?|membres?|clients?|acheteurs?|vendeurs?)) (?:\w+ )?(?:devez|pouvez|doi(?:t|vent)|peu(?:t|vent)|s'engagent?)\b|\b(?:sie|du|nutzer|kunden|mitglieder) (?:\w+ )?(?:m[üu]ss\w+|d[üu]rf\w*|k[öo]nn\w+)\b";
    CONTACT = r"@|\+?\d[\d ()-]{7,}\d|\bhttps?://|\bwww\.|\bemail\b|\be-mail\b|\bphone\b|\btel\b";
    ERROR_PAGE = r"\b(?:this page (?:isn't|is not|can't be|could not be) (?:available|found)|page (?:not|can not be) found|page isn't available|cette page n'existe pas|page introuvable|nicht verf[üu]gbar|redirecting to|access denied|just a moment|enable javascript|something went wrong|404|an error occurred|content (?:isn't|is not) available|temporarily unavailable)\b";
    SMALL_WORDS = r"^(?:a|an|and|as|at|be|been|being|are|is|was|were|by|for|from|has|have|had|in|into|it|its|of|on|or|our|ours|s|so|such|than|that|the|their|them|then|there|these|they|this|those|to|us|we|which|who|with|you|your|yours|also|when|where|while|if|but|do|does|about|via|using|through|please|here|how|what|e\.g|i\.e|etc|eg|ie|including|include|includes|example|well|within|upon|au|aux|avec|ce|ces|cette|dans|de|des|du|en|est|et|la|le|les|leur|l|d|nos|notre|nous|on|ou|par|pour|qu|que|qui|sa|se|ses|son|sont|sur|un|une|vos|votre|vous|auf|aus|bei|das|dass|dem|den|der|des|die|ein|eine|einem|einen|einer|f[üu]r|ihr|ihre|ihren|im|ist|mit|oder|sich|sie|sind|und|von|wir|zu|zum|zur|uns|unsere|unserer|du|dein|deine|deiner|dich|dir)$";
}

/// Whether a word carries meaning of its own.
pub(crate) fn is_content(word: &str) -> bool {
    !SMALL_WORDS.is_match(word) && !is_url(word) && (word.chars().count() > 1 || word.chars().all(char::is_numeric))
}

/// Whether a word is an address on the web; where it leads is the links' affair.
fn is_url(word: &str) -> bool {
    word.contains("://") || word.contains('/') && word.contains('.') || word.starts_with("www.")
}

/// Words that must not pass for a slip of spelling.
fn is_decisive(word: &str) -> bool {
    word.chars().any(char::is_numeric)
        || word.contains(['@', '.', '/'])
        || matches!(
            word,
            "not"
                | "no"
                | "never"
                | "may"
                | "must"
                | "will"
                | "shall"
                | "can"
                | "without"
                | "only"
                | "unless"
                | "except"
                | "all"
                | "any"
        )
}

/// Names that were replaced by others all over the text.
pub(crate) struct Renames(BTreeMap<String, BTreeSet<String>>);

impl Renames {
    /// Finds them: the same words gone and come together, at least twice.
    pub(crate) fn find(clauses: &[Clause]) -> Self {
        let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
        for clause in clauses.iter().filter(|clause| clause.is_reworded()) {
            let gone: BTreeSet<&String> = clause.gone.iter().filter(|w| is_content(w) && !is_decisive(w)).collect();
            let come: BTreeSet<&String> = clause.come.iter().filter(|w| is_content(w) && !is_decisive(w)).collect();
            if gone.is_empty() || come.is_empty() || gone.len() > 3 || come.len() > 3 {
                continue;
            }
            for g in &gone {
                for c in &come {
                    *counts.entry(((*g).clone(), (*c).clone())).or_default() += 1;
                }
            }
        }
        let mut renames: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for ((gone, come), _) in counts.into_iter().filter(|(_, n)| *n >= 2) {
            renames.entry(gone).or_default().insert(come);
        }
        Self(renames)
    }

    fn hold(&self, gone: &str, come: &str) -> bool {
        self.0.get(gone).is_some_and(|names| names.contains(come))
    }
}

/// Words for one thing: policies change from one to the other and mean the same.
const SAME_THING: [(&str, &str); 3] =
    [("data", "information"), ("données", "informations"), ("daten", "informationen")];

fn is_same_thing(a: &str, b: &str) -> bool {
    SAME_THING.iter().any(|(x, y)| (a, b) == (*x, *y) || (a, b) == (*y, *x))
}

/// Letters of the longest word that is searched for slips, which takes their square; the
/// longest in a dictionary have about forty.
const LONGEST_WORD: usize = 64;

/// Pairs of words of one clause that are searched for slips and renames; two hundred
/// words against two hundred.
const MAX_WORD_PAIRS: usize = 40_000;

/// Whether two words are one, misspelt or inflected.
fn is_slip(a: &str, b: &str) -> bool {
    if is_decisive(a) || is_decisive(b) {
        return false;
    }
    let (short, long) = (a.chars().count().min(b.chars().count()), a.chars().count().max(b.chars().count()));
    if long > LONGEST_WORD || long - short > 3 {
        return false;
    }
    let shared = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    (short >= 4 && shared + 3 >= long && shared >= 4)
        || (short >= 4 && strsim::damerau_levenshtein(a, b) <= if long >= 7 { 2 } else { 1 })
}

/// The differing words that carry meaning, once slips of spelling, inflections and
/// renames are set aside; and what explains the others.
pub(crate) fn content(clause: &Clause, renames: &Renames) -> (Vec<String>, &'static str) {
    let mut gone: Vec<&String> = clause.gone.iter().filter(|word| is_content(word)).collect();
    let mut come: Vec<&String> = clause.come.iter().filter(|word| is_content(word)).collect();
    let mut kind = "typo_grammar";
    if clause.is_reworded() && gone.len().saturating_mul(come.len()) <= MAX_WORD_PAIRS {
        // One word written apart, or two as one.
        if gone.iter().map(|w| w.as_str()).collect::<String>() == come.iter().map(|w| w.as_str()).collect::<String>() {
            return (Vec::new(), kind);
        }
        gone.retain(|g| match come.iter().position(|c| is_slip(g, c) || is_same_thing(g, c)) {
            Some(at) => {
                come.remove(at);
                false
            }
            None => true,
        });
        let renamed_gone: Vec<&String> =
            gone.iter().copied().filter(|g| come.iter().any(|c| renames.hold(g, c))).collect();
        let renamed_come: Vec<&String> =
            come.iter().copied().filter(|c| gone.iter().any(|g| renames.hold(g, c))).collect();
        if !renamed_gone.is_empty() {
            kind = "rename";
            gone.retain(|word| !renamed_gone.contains(word));
            come.retain(|word| !renamed_come.contains(word));
        }
    }
    (gone.into_iter().chain(come).cloned().collect(), kind)
}

/// Why a clause does not matter, whatever rules say; none if it may.
pub(crate) fn settled(clause: &Clause, facts: &Facts) -> Option<&'static str> {
    let text = if clause.new.is_empty() { &clause.old } else { &clause.new };
    let long = text.split_whitespace().count();
    let headings: Vec<String> = clause.path.iter().map(|heading| fold(heading)).collect();
    if facts.broken.contains(&clause.path) {
        return Some("fetch_artefact");
    }
    if facts.register && in_register(clause) {
        return None;
    }
    if is_menu(clause) {
        return Some("page_furniture");
    }
    let panel = if clause.before.is_empty() { facts.panel.1 } else { facts.panel.0 };
    if panel && !clause.is_reworded() {
        let said = |text: &str| PANEL.is_match(text) || PANEL_WORDS.is_match(text);
        if said(text) || headings.last().is_some_and(|above| said(above)) || headings.iter().any(|h| PANEL.is_match(h))
        {
            return Some("page_furniture");
        }
    }
    // A page whose outline puts the policy under its table of contents has a policy there all the same.
    let own = headings.last().is_some_and(|heading| is_headed(std::slice::from_ref(heading)));
    let above = if own { headings.len() - 1..headings.len() } else { 0..headings.len() };
    let beside = headings[above].iter().any(|heading| FURNITURE_HEADING.is_match(heading));
    if beside && !clause.is_reworded() && cues(text) < 2 {
        return Some("page_furniture");
    }
    if clause.heading && !clause.is_reworded() {
        // What stands under it speaks for itself.
        return Some("editorial");
    }
    let reaches = clause.differing().any(|word| word.contains('@'));
    if facts.headed && clause.path.is_empty() && clause.listed && !clause.is_reworded() && !clause.lead.ends_with(':') {
        return Some("page_furniture");
    }
    if clause.path.is_empty() && !clause.is_reworded() && COOKIE_BANNER.is_match(text) {
        return Some("page_furniture");
    }
    if !clause.is_reworded() && !reaches && is_label(clause, text, is_headed(&headings)) {
        return Some("page_furniture");
    }
    if FURNITURE_LINE.is_match(text) && long <= 12 {
        return Some("page_furniture");
    }
    if BANNER.is_match(text) && (clause.path.len() <= 1 || long <= 14) && !clause.is_reworded() {
        return Some("page_furniture");
    }
    if clause.both().contains("hidden@email") {
        return Some("contact_format");
    }
    // Headings that a page writes as lines, and what else says nothing itself.
    if !clause.is_reworded()
        && (QUESTION.is_match(text) || {
            let text = without_references(text);
            SIGNPOST.is_match(&text)
                && long <= 40
                && !RIGHTS_WAY.is_match(&text)
                && !BINDS.is_match(&text)
                && quantities(&text).is_empty()
        })
    {
        return Some("editorial");
    }
    if !clause.is_reworded() && CREDIT.is_match(text) && CREDITED.is_match(text) && long <= 30 {
        return Some("page_furniture");
    }
    // What a section is called says nothing of what the sentence does.
    let unquoted = QUOTED.replace_all(text, " ");
    let binds = || BINDS.is_match(&unquoted) || !quantities(text).is_empty();
    let strictly = || STRICTLY_BINDS.is_match(&unquoted) || !quantities(text).is_empty();
    let points = POINTER.is_match(text) && long <= 25 && !strictly()
        || (POINTER.is_match(text) && long <= 60 && text.contains(" to learn ")
            || MILD_POINTER.is_match(text) && long <= 25)
            && !binds()
        || POINTER_WITHIN.is_match(text) && long <= 32;
    if !clause.is_reworded() && points && !RIGHTS_WAY.is_match(text) {
        return Some("editorial");
    }
    let figures = clause.differing().all(|word| word.chars().all(|c| !c.is_alphabetic()) || word.len() <= 1);
    // A counter of the page is a figure alone; one with its unit may be a period or a price.
    if figures && long <= 8 && cues(text) == 0 && !UNITS.is_match(&clause.both()) {
        return Some("page_furniture");
    }
    // How long ago something was is true on one day only.
    if long <= 24 && AGO.is_match(&clause.old) && AGO.is_match(&clause.new) {
        let lasting = |text: &str| words(&AGO.replace_all(text, " "));
        if figures || lasting(&clause.old) == lasting(&clause.new) {
            return Some("page_furniture");
        }
    }
    None
}

/// Whether a clause that no rule knows is what stands around clauses: a title, a pointer, an
/// introduction, a definition, what leads to a list. What binds, vouches for something, denies,
/// names a party, a place, a recipient or a kind of data, or has an amount, is none of these.
pub(crate) fn is_frame(clause: &Clause, about: Practice, content: &[String]) -> bool {
    // Of a sentence that stays, what differs is asked; of another, all of it.
    let text = if clause.is_reworded() { clause.differing().collect::<Vec<_>>().join(" ") } else { clause.both() };
    let raw = if clause.after.is_empty() { &clause.before } else { &clause.after };
    let text = text.trim_matches(|c: char| c == '\u{1f}' || c == ' ');
    let binds = BINDS.is_match(text) || VOUCHES.is_match(text) || DENIES.is_match(text) || OPERATES.is_match(text);
    let names = edits::names_what_matters(text) || text.contains('@');
    let persons = !legal_names(&clause.before).is_empty() || !legal_names(&clause.after).is_empty();
    if binds || names || persons || !quantities(text).is_empty() || !edits::jurisdictions(text).is_empty() {
        return false;
    }
    let long = text.split_whitespace().count();
    if clause.is_reworded() {
        let points = |text: &str| {
            POINTER.is_match(text)
                || MILD_POINTER.is_match(text)
                || SIGNPOST.is_match(text)
                || INTRODUCES.is_match(text)
        };
        return points(&clause.old)
            && points(&clause.new)
            && content.len() <= 4
            && !RIGHTS_WAY.is_match(&clause.both());
    }
    // Of rights, of who answers and of safety, what leads on says nothing that its items do not.
    let mild = matches!(about, Practice::RightsChoices | Practice::ControllerContact | Practice::SecurityBreach);
    let introduces = INTRODUCES.is_match(text) && long <= 40 && !RIGHTS_WAY.is_match(text);
    let leads_on = mild && raw.trim_end().ends_with(':') && long <= 30;
    let defines = DEFINES.is_match(text) && long <= 45;
    introduces || leads_on || defines || is_title(clause)
}

/// Whether a line is a title in capitals: it names what stands under it, and says nothing.
fn is_title(clause: &Clause) -> bool {
    let raw = if clause.after.is_empty() { &clause.before } else { &clause.after };
    let letters = raw.chars().filter(|c| c.is_alphabetic()).count();
    let small = raw.chars().any(char::is_lowercase);
    let text = clause.both();
    !small
        && letters >= 6
        && raw.split_whitespace().count() <= 10
        && !raw.trim_end().ends_with('.')
        && !clause.lead.trim_end().ends_with(':')
        && !SPEAKS.is_match(&text)
        && !STATED.is_match(&text)
        && !NORM.is_match(&text)
        && !OURS.is_match(&text)
}

/// Whether a line of a register is an entry of it, or limits one.
pub(crate) fn in_register(clause: &Clause) -> bool {
    let limited = edits::kinds(clause).contains(&EditKind::Negation);
    let content = clause.differing().filter(|word| is_content(word)).count();
    content >= 2 && (limited || !clause.is_reworded() && names_place(&clause.both()))
}

/// Whether a line is the entries of a menu, run together or side by side.
fn is_menu(clause: &Clause) -> bool {
    let menu = |raw: &str| {
        let words = raw.split_whitespace().count();
        let ends = raw.trim_end().ends_with(['.', ';', ':', '!', '?', ',', '"', '”', ')']);
        let joined = JOINED.find_iter(raw).count();
        // A title writes its small words small.
        let small = |word: &str| matches!(word, "and" | "of" | "for" | "the" | "to" | "et" | "de" | "und" | "&" | "/");
        let counted = raw.split_whitespace().filter(|word| !small(word)).count();
        let capital =
            raw.split_whitespace().filter(|word| !small(word) && !word.starts_with(|c: char| c.is_lowercase())).count();
        let titled = words >= 12 && capital * 10 > counted * 8 && raw.chars().any(char::is_lowercase);
        !ends && !raw.contains(" | ") && (joined >= 2 && joined * 4 >= words && words <= 40 || titled)
    };
    [&clause.before, &clause.after].into_iter().filter(|raw| !raw.is_empty()).all(|raw| menu(raw))
}

/// Whether the old text alone, or the new one alone, holds a consent dialogue: two of
/// its controls among what went or came.
pub(crate) fn panel(clauses: &[Clause]) -> (bool, bool) {
    let controls = |side: fn(&Clause) -> &String, other: fn(&Clause) -> &String| {
        let found: BTreeSet<&str> = clauses
            .iter()
            .filter(|clause| other(clause).is_empty())
            .flat_map(|clause| PANEL.find_iter(side(clause)).map(|found| found.as_str()))
            .collect();
        found.len() >= 2
    };
    (controls(|c| &c.old, |c| &c.new), controls(|c| &c.new, |c| &c.old))
}

/// Whether a text is what stands where a page could not be served.
pub(crate) fn is_error(text: &str) -> bool {
    text.split_whitespace().take(80).count() < 60 && ERROR_PAGE.is_match(&fold(text))
}

/// Whether a line is a label, a menu or a name rather than something said.
fn is_label(clause: &Clause, text: &str, headed: bool) -> bool {
    let raw = if clause.after.is_empty() { &clause.before } else { &clause.after };
    let ends = raw.trim_end().ends_with(['.', ';', ':', '!', '?', ',', '"', '”', ')']);
    let words: Vec<&str> = raw.split_whitespace().collect();
    let capital = words.iter().filter(|w| w.starts_with(|c: char| c.is_uppercase() || !c.is_alphanumeric())).count();
    // An entry of a menu begins with a capital, and no sentence leads to it.
    let said = raw.starts_with(char::is_lowercase) || clause.lead.split(' ').count() >= 6;
    let led = clause.listed && (headed || said || clause.lead.trim_end().ends_with(':') || text.contains(" | "));
    let titled = words.len() > 8 && capital * 10 > words.len() * 7 && !text.contains(" | ");
    // A name, what it does and where: an entry of a list of companies.
    let entry = headed && names_place(text) && text.matches([',', ';', '|', '-']).count() >= 2;
    if is_carved_out(text) || OFFICE.is_match(text) || entry {
        return false;
    }
    if is_under_prohibition(clause) {
        return false;
    }
    // `Payment and Renewal.` before a paragraph, numbered or not.
    let titled_all = words.len() >= 2 && words.iter().all(|w| w.starts_with(char::is_uppercase) || w.len() <= 3);
    let run_in = (!clause.listed || titled_all && !clause.lead.trim_end().ends_with(':'))
        && words.len() <= 3
        && raw.trim_end().ends_with('.');
    run_in || !ends && (!led && words.len() <= 6 || titled || text.contains("](http"))
}

/// Whether an item of a list is a sentence of some length, as numbered paragraphs are.
pub(crate) fn is_prose(clause: &Clause) -> bool {
    let raw = if clause.after.is_empty() { &clause.before } else { &clause.after };
    let long = raw.split_whitespace().count() >= 14 && !raw.contains(" | ");
    long && raw.trim_end().ends_with('.') && raw.starts_with(char::is_uppercase) && NORM.is_match(&clause.both())
}

/// Whether a sentence says what somebody does, may do or must do, and is more than a courtesy.
pub(crate) fn says(clause: &Clause) -> bool {
    let text = clause.both();
    NORM.is_match(&text) && !COURTESY.is_match(&text)
}

/// Whether a folded heading says what something is for.
pub(crate) fn is_aim(heading: &str) -> bool {
    ["to ", "for ", "pour ", "afin ", "zur ", "zum ", "um "].iter().any(|start| heading.starts_with(start))
}

/// Whether what differs of a clause orders, forbids or limits something.
pub(crate) fn orders(clause: &Clause) -> bool {
    let text = if clause.is_reworded() { clause.differing().collect::<Vec<_>>().join(" ") } else { clause.both() };
    ORDERS.is_match(&text)
}

/// Whether a clause is a sentence that says within what time something happens, and is more than
/// a courtesy.
pub(crate) fn is_due(clause: &Clause) -> bool {
    let raw = if clause.after.is_empty() { &clause.before } else { &clause.after };
    let text = clause.both();
    raw.trim_end().ends_with('.')
        && OWED.is_match(&text)
        && (STATED.is_match(&text) || NORM.is_match(&text))
        && !COURTESY.is_match(&text)
}

/// Whether a clause says what users may, must or will do.
pub(crate) fn tells_users(clause: &Clause) -> bool {
    TELLS_USERS.is_match(&clause.both())
}

/// Whether a short sentence that came or went says what somebody does, may do or must do,
/// under a heading that names a practice.
pub(crate) fn is_norm(clause: &Clause) -> bool {
    let raw = if clause.after.is_empty() { &clause.before } else { &clause.after };
    let headings: Vec<String> = clause.path.iter().map(|heading| fold(heading)).collect();
    let text = clause.both();
    raw.trim_end().ends_with('.')
        && raw.starts_with(char::is_uppercase)
        && raw.split_whitespace().count() >= 5
        && headings.last().is_some_and(|heading| is_headed(std::slice::from_ref(heading)))
        // Under "Contact" stands how to reach somebody, and what else a page ends with.
        && !headings.last().is_some_and(|heading| heading.contains("contact") || heading.contains("kontakt"))
        && (NORM.is_match(&text) || STATED.is_match(&text))
        && !COURTESY.is_match(&text)
}

/// Whether only the postal address of the same body differs.
pub(crate) fn is_street(clause: &Clause) -> bool {
    STREET.is_match(&clause.old) && STREET.is_match(&clause.new) && is_contact_format(clause)
}

/// Whether only an address, a number or a street of the same body differs.
pub(crate) fn is_contact_format(clause: &Clause) -> bool {
    let text = clause.both();
    let differing: Vec<&str> = clause.differing().filter(|word| is_content(word)).collect();
    let speaks = SPEAKS.is_match(&differing.join(" "));
    let same_names = legal_names(&clause.before) == legal_names(&clause.after);
    if clause.is_reworded() {
        // "Your street and telephone number" is no address.
        let street = |word: &&str| word.contains(|c: char| c.is_ascii_digit()) || STREET.is_match(word);
        let asked = REACHES.is_match(&text) || text.contains("question");
        let numbered = text.contains(|c: char| c.is_ascii_digit())
            && (differing.iter().any(street) || asked || !NORM.is_match(&text));
        return numbered && STREET.is_match(&text) && !speaks && same_names && differing.len() <= 30
            || (is_addressed(&text) || asked && CONTACT.is_match(&text))
                && differing.len() <= 6
                && (differing.is_empty() || differing.iter().any(|word| reaches(word)))
            || is_contact_way(clause, &differing);
    }
    (STREET.is_match(&text) || is_addressed(&text)) && !speaks && differing.len() <= 30
}

/// Whether a text holds an address or a number to call, or is the label of one; a sentence that
/// only speaks of e-mail addresses is neither.
fn is_addressed(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let written = text.contains(['@', '+']) || text.contains("://") || text.contains("www.") || digits >= 5;
    CONTACT.is_match(text) && (written || text.split_whitespace().count() <= 12)
}

/// Whether a word is an address, a number or the name of a way to reach somebody.
fn reaches(word: &str) -> bool {
    const WAYS: [&str; 16] = [
        "email",
        "e-mail",
        "mail",
        "phone",
        "telephone",
        "tel",
        "fax",
        "address",
        "write",
        "call",
        "courriel",
        "adresse",
        "téléphone",
        "telefon",
        "hotline",
        "postal",
    ];
    // "U.S." and "e.g." have points, and are no addresses.
    let named = word.split('.').any(|part| part.chars().count() >= 3);
    word.contains(['@', '/'])
        || word.contains('.') && named
        || word.chars().any(char::is_numeric)
        || WAYS.contains(&word)
        || CHANNEL.is_match(word)
}

/// Whether only the way by which somebody is reached differs: `contact us` becomes `contact us
/// through the support portal`.
fn is_contact_way(clause: &Clause, differing: &[&str]) -> bool {
    let channels = differing.iter().filter(|word| CHANNEL.is_match(word)).count();
    // "Notify us" becomes "notify us by contacting us through the portal".
    let added = [&clause.gone, &clause.come].iter().any(|words| REACHES.is_match(&words.join(" ")));
    (added || REACHES.is_match(&clause.old) && REACHES.is_match(&clause.new))
        && differing.len() <= 8
        && channels > 0
        && channels * 2 >= differing.len()
}

/// Whether one of the two readings is not the policy at all, or only a part of it.
pub(crate) fn fetch_artefact(old: &Reading, new: &Reading, facts: &Facts) -> Option<&'static str> {
    let (old_text, new_text) = (fold(&old.text()), fold(&new.text()));
    let (small, large) = (facts.old_words.min(facts.new_words), facts.old_words.max(facts.new_words));
    let less = if facts.old_words < facts.new_words { &old_text } else { &new_text };
    if small < 200 && ERROR_PAGE.is_match(less) {
        return Some("one side is an error page or a page on the way to another");
    }
    if small >= 15
        && let (Some(a), Some(b)) = (tongue(&old_text), tongue(&new_text))
        && a != b
    {
        return Some("the two sides are in different languages");
    }
    if large > 300 && (small < 250 && small * 5 < large || small * 20 < large) {
        return Some("one side is a small part of the other");
    }
    let (gone, come) = facts.differing_words();
    if gone * 2 > facts.old_words && come * 50 < facts.new_words.max(50) && facts.old_words > 300 {
        return Some("most of the text is cut off, and nothing stands in its place");
    }
    if gone * 2 > facts.old_words && come * 2 > facts.new_words && other_tongue(&facts.clauses) {
        return Some("the two sides are in different languages");
    }
    // Most of two texts that share so little differs; and counting cues takes long.
    if (gone + come) * 10 < facts.old_words + facts.new_words {
        return None;
    }
    let (old_cues, new_cues) = (cues(&old_text) as f64, cues(&new_text) as f64);
    let dense = |cues: f64, words: usize| cues / words.max(1) as f64;
    let (a, b) = (dense(old_cues, facts.old_words), dense(new_cues, facts.new_words));
    // What they share is asked for last: it takes longest.
    if large > 150 && a.min(b) * 4.0 < a.max(b) && a.min(b) < 0.012 && shared(&old_text, &new_text) < 0.35 {
        return Some("one side is another page");
    }
    // Hardly a phrase in common, and one of the two hardly speaks of what binds anybody.
    if large > 300 && a.min(b) * 2.0 < a.max(b) && a.min(b) < 0.012 && phrases_shared(&old_text, &new_text) < 0.03 {
        return Some("one side is another page");
    }
    None
}

/// Whether a clause names an office that answers for personal data.
pub(crate) fn names_office(clause: &Clause) -> bool {
    let text = clause.both();
    NAMES_OFFICE.is_match(&text) && !STREET.is_match(&text)
}

/// Whether only one of two folded texts knows an office that answers for personal data.
pub(crate) fn office_differs(old: &str, new: &str) -> bool {
    NAMES_OFFICE.is_match(old) != NAMES_OFFICE.is_match(new)
}

/// The share of distinct words that two texts have in common.
fn shared(old: &str, new: &str) -> f64 {
    let (a, b): (BTreeSet<String>, BTreeSet<String>) =
        (words(old).into_iter().collect(), words(new).into_iter().collect());
    2.0 * a.intersection(&b).count() as f64 / (a.len() + b.len()).max(1) as f64
}

/// The share of the phrases of four words of the shorter of two texts that the other has.
fn phrases_shared(old: &str, new: &str) -> f64 {
    let phrases = |text: &str| -> BTreeSet<String> { words(text).windows(4).map(|row| row.join(" ")).collect() };
    let (a, b) = (phrases(old), phrases(new));
    a.intersection(&b).count() as f64 / a.len().min(b.len()).max(1) as f64
}

const TONGUES: [(&str, [&str; 10]); 7] = [
    ("en", ["the", "and", "of", "to", "you", "your", "we", "that", "this", "with"]),
    ("fr", ["les", "des", "vous", "nous", "et", "pour", "votre", "dans", "une", "est"]),
    ("de", ["der", "und", "die", "wir", "nicht", "sie", "mit", "das", "von", "werden"]),
    ("es", ["los", "las", "usted", "para", "que", "por", "con", "del", "una", "sus"]),
    ("it", ["gli", "che", "per", "della", "il", "di", "sono", "del", "con", "nostri"]),
    ("nl", ["het", "een", "van", "en", "wij", "niet", "voor", "je", "met", "zijn"]),
    ("pt", ["os", "para", "você", "uma", "não", "seus", "dos", "com", "que", "nossos"]),
];

/// How many of the commonest small words of each language stand among words, and how
/// many words there are.
fn small_words<'a>(words: impl Iterator<Item = &'a str>) -> ([usize; 7], usize) {
    let mut counts = [0usize; 7];
    let mut total = 0usize;
    for word in words {
        total += 1;
        for (at, (_, signs)) in TONGUES.iter().enumerate() {
            counts[at] += usize::from(signs.contains(&word));
        }
    }
    (counts, total)
}

/// Whether what went is in one language and what came in another. A list of names has few
/// small words; that those of the one side never stand on the other says enough.
fn other_tongue(clauses: &[Clause]) -> bool {
    let side = |words: fn(&Clause) -> &Vec<String>| {
        small_words(clauses.iter().flat_map(|clause| words(clause).iter().map(String::as_str))).0
    };
    let (gone, come) = (side(|clause| &clause.gone), side(|clause| &clause.come));
    let best = |counts: &[usize; 7]| (0..7).max_by_key(|at| (counts[*at], 7 - at)).unwrap_or(0);
    let (a, b) = (best(&gone), best(&come));
    a != b && gone[a] >= 2 && come[b] >= 2 && gone[b] == 0 && come[a] == 0
}

/// The sections in which a sentence of another language came or went: part of another edition of
/// the page stands there. As many sentences of the other side are its counterparts.
pub(crate) fn strange(old: &Reading, new: &Reading, clauses: &[Clause]) -> BTreeSet<Vec<String>> {
    let sided = || clauses.iter().filter(|clause| !clause.is_reworded());
    let own = |text: &str| tongue(text).filter(|_| text.split_whitespace().count() >= 8);
    // Most changes are of one language; the whole texts are asked only if a clause speaks another.
    let spoken: BTreeSet<&str> = sided().filter_map(|clause| own(&clause.both())).collect();
    let is_its_own = |spoken: &&str| new.language.as_deref().and_then(|code| code.split('-').next()) == Some(*spoken);
    if spoken.iter().all(is_its_own) {
        return BTreeSet::new();
    }
    let (Some(a), Some(b)) = (tongue(&fold(&old.text())), tongue(&fold(&new.text()))) else {
        return BTreeSet::new();
    };
    if a != b || spoken.iter().all(|spoken| *spoken == a) {
        return BTreeSet::new();
    }
    // By section: strange sentences that came or went, and others on the other side.
    let mut sections: BTreeMap<&[String], [usize; 4]> = BTreeMap::new();
    for clause in sided() {
        let counts = sections.entry(&clause.path).or_default();
        let is_strange = own(&clause.both()).is_some_and(|spoken| spoken != a);
        // A title is no counterpart of a sentence.
        if !is_strange && clause.both().split_whitespace().count() < 8 {
            continue;
        }
        counts[usize::from(clause.after.is_empty()) + if is_strange { 0 } else { 2 }] += 1;
    }
    // What nothing stands in the place of may be a clause that one edition alone has.
    let apart = |[came, went, other_came, other_went]: &[usize; 4]| {
        *came > 0 && *went == 0 && other_came <= came && (1..=2 * came).contains(other_went)
            || *went > 0 && *came == 0 && other_went <= went && (1..=2 * went).contains(other_came)
    };
    sections.into_iter().filter(|(_, counts)| apart(counts)).map(|(path, _)| path.to_vec()).collect()
}

/// The sections of a page of two languages in which each sentence that went is in the one and
/// each that came in the other, about as many: a part of the page was translated, or shows in
/// its other language.
pub(crate) fn translated(old: &Reading, new: &Reading, clauses: &[Clause]) -> BTreeSet<Vec<String>> {
    let mut sections: BTreeMap<&[String], [Vec<&Clause>; 2]> = BTreeMap::new();
    for clause in clauses.iter().filter(|clause| !clause.is_reworded()) {
        sections.entry(&clause.path).or_default()[usize::from(clause.after.is_empty())].push(clause);
    }
    let alike = |a: usize, b: usize| a <= 2 * b && b <= 2 * a;
    let text = |clause: &&Clause| language::of_few(if clause.new.is_empty() { &clause.old } else { &clause.new });
    let spoken = |side: &[&Clause]| {
        let mut languages = side.iter().map(text);
        let first = languages.next()??;
        languages.all(|other| other == Some(first)).then_some(first)
    };
    let mut candidates = Vec::new();
    for (path, [came, went]) in sections {
        if alike(came.len(), went.len())
            && let (Some(a), Some(b)) = (spoken(&went), spoken(&came))
            && a != b
        {
            candidates.push((path, a, b));
        }
    }
    if candidates.is_empty() {
        return BTreeSet::new();
    }
    // Where a sentence of the section stays in the language that went, somebody wrote anew.
    let stays: BTreeSet<(&[String], &str)> = clauses
        .iter()
        .filter(|clause| clause.is_reworded())
        .filter_map(|clause| Some((clause.path.as_slice(), text(&clause)?)))
        .collect();
    let by_language = by_language(old, new);
    let elsewhere = |path: &[String], spoken: &str| {
        by_language.get(spoken).is_some_and(|paths| paths.len() >= 2 || !paths.contains(path))
    };
    candidates
        .into_iter()
        .filter(|(path, a, b)| !stays.contains(&(*path, *a)) && elsewhere(path, a) && elsewhere(path, b))
        .map(|(path, ..)| path.to_vec())
        .collect()
}

/// The sections of two readings by the language that they are in, as far as a few words tell.
fn by_language<'a>(old: &'a Reading, new: &'a Reading) -> BTreeMap<&'static str, BTreeSet<&'a [String]>> {
    let mut found: BTreeMap<&str, BTreeSet<&[String]>> = BTreeMap::new();
    for section in old.sections.iter().chain(&new.sections) {
        let text: Vec<&str> = section.blocks.iter().map(|block| block.text.as_str()).collect();
        if let Some(spoken) = language::of_few(&text.join(" ")) {
            found.entry(spoken).or_default().insert(&section.path);
        }
    }
    found
}

/// The language of a text by its commonest small words; none where that is not plain.
fn tongue(folded: &str) -> Option<&'static str> {
    let (counts, total) = small_words(folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()));
    let best = (0..7).max_by_key(|at| (counts[*at], 7 - at))?;
    let next = (0..7).filter(|at| *at != best).map(|at| counts[at]).max()?;
    (counts[best] * 25 > total && counts[best] > 2 * next && counts[best] >= 4).then_some(TONGUES[best].0)
}

#[cfg(test)]
mod tests {
    use crate::change::compare;
    use crate::change::tests::reading;
    use crate::judgment::{Judgment, Materiality, judge};

    fn judged(before: &str, after: &str) -> Judgment {
        let page = |text: &str| reading(&format!("# Policy of Acme\nAcme makes maps and shoes.\n{text}"));
        let (old, new) = (page(before), page(after));
        judge(&compare(&old, &new).expect("the example differs"), &old, &new)
    }

    #[test]
    fn noise_goes_by_its_name() {
        let cases = [
            (
                "A reference moves on.",
                "Section 12 says when you may opt out.",
                "Section 13 says when you may opt out.",
                "renumber_move",
            ),
            (
                "What one page writes together, the other parts.",
                "You may write to us at any time,We answer requests to delete data within a week.",
                "You may write to us at any time,We answer requests to delete data. within a week.",
                "formatting",
            ),
            ("A menu run together.", "", "AboutBlogCareersSupportPress", "page_furniture"),
            (
                "A consent dialogue.",
                "",
                "## Privacy Preference Center\nWe share data with our partners with your consent. Confirm My Choices.\n## Functional Cookies\nThese cookies are set by third parties whose services we use. Always active.",
                "page_furniture",
            ),
            (
                "Sentences that one page writes without a blank between them.",
                "## Changes\nNotice of changes.We may change this policy. It is yours.You may only send what you own.",
                "## Changes\nNotice of changes. We may change this policy. It is yours. You may only send what you own.",
                "formatting",
            ),
            (
                "An address glued to the next word.",
                "## Your rights\nTo cancel you must inform us at help@acme.testof your decision. We answer.",
                "## Your rights\nTo cancel you must inform us at help@acme.test of your decision. We answer.",
                "formatting",
            ),
            (
                "The frame of a consent dialogue.",
                "",
                "## Manage Consent Preferences\nConfirm My Choices. Always active.\n### Link different devices\nDifferent devices can be determined as belonging to your household in support of purposes.",
                "page_furniture",
            ),
            (
                "Where somebody lives in Bank Street.",
                "## Partners\nWe share data with Globex Ltd, whose registered address is 40 Bank Street, London E14 5DS.",
                "## Partners\nWe share data with Globex Ltd, whose registered address is 22 Bishopsgate, London EC2N 4BQ.",
                "contact_format",
            ),
            (
                "What a policy says that it explains.",
                "## About\nAcme makes maps.",
                "## About\nAcme makes maps.\nThis policy explains how Acme gathers and uses your data and what you can do about it.",
                "editorial",
            ),
            (
                "A pointer whose section has a telling name.",
                "## Your rights\nYou may ask us what we hold.",
                "## Your rights\nYou may ask us what we hold. Please see the \"How we share data we collect\" section for details.",
                "editorial",
            ),
            (
                "A pointer in other words.",
                "## Terms\nSee our Privacy Policy, which describes how Acme gathers, uses and discloses personal data.",
                "## Terms\nSee our Privacy Policy, which describes how Acme handles personal data.",
                "editorial",
            ),
            (
                "A title in capitals.",
                "## Terms\nYou use maps as they are.\n\nLIMITED WARRANTY; DISCLAIMER\n\nMaps may be wrong.",
                "## Terms\nYou use maps as they are.\n\nLIMITED WARRANTIES; DISCLAIMER\n\nMaps may be wrong.",
                "typo_grammar",
            ),
            (
                "What only leads to a list.",
                "## Your rights\nRights matter to us.\n- Reviewing your data.",
                "## Your rights\nRights matter to us. As the law of the place allows, you have a right to:\n- Reviewing your data.",
                "editorial",
            ),
            (
                "Another word for the same.",
                "## Questions\nWrite to us with complaints about our use of your personal data.",
                "## Questions\nWrite to us with complaints about our use of your personal information.",
                "typo_grammar",
            ),
            (
                "A sentence that stands twice, one copy of which lost a letter.",
                "## Warranty\nBeside our warranty the law gives you claims in relations to maps.\n## Annex\nBeside our warranty the law gives you claims in relations to maps.",
                "## Warranty\nBeside our warranty the law gives you claims in relation to maps.\n## Annex\nBeside our warranty the law gives you claims in relations to maps.",
                "typo_grammar",
            ),
            (
                "A sentence of another edition of the page.",
                "## Maps\nYou see the maps of the towns that you choose, and we draw them for you with the names of the streets and of the squares.\nYou find the shoes that fit to the walk that you plan with the maps.\n## Cookies\nThe cookies of the maps stay on the device that you use for as long as you have the app.",
                "## Maps\nYou see the maps of the towns that you choose, and we draw them for you with the names of the streets and of the squares.\nYou find the shoes that fit to the walk that you plan with the maps.\n## Cookies\nLes cookies des cartes restent sur votre appareil pour la durée de votre utilisation et vous pouvez les voir dans une liste.",
                "fetch_artefact",
            ),
            (
                "A part of a page of two languages that shows in the other one.",
                "## Cartes\nLes cartes sont à vous et vous les voyez dans votre liste pour toujours.\n## Shoes\nYou find the shoes that fit to the walk and to your feet.\n## Cookies\nPlease note that some of the maps may not work on your device where you refuse the cookies.",
                "## Cartes\nLes cartes sont à vous et vous les voyez dans votre liste pour toujours.\n## Shoes\nYou find the shoes that fit to the walk and to your feet.\n## Cookies\nVeuillez noter que certaines des cartes ne marchent pas sur votre appareil si vous refusez les cookies.",
                "fetch_artefact",
            ),
            (
                "A list that shows in the other language.",
                "## Cartes\nLes cartes sont à vous et vous les voyez dans votre liste.\n## Shoes\nYou find the shoes that fit to the walk and to your feet.\n## Sharing data with others\nThese:\n- the carriers of your parcels and of your letters\n- the banks that you pay with",
                "## Cartes\nLes cartes sont à vous et vous les voyez dans votre liste.\n## Shoes\nYou find the shoes that fit to the walk and to your feet.\n## Sharing data with others\nThese:\n- les facteurs pour vos paquets et pour vos lettres\n- les banques avec lesquelles vous payez",
                "fetch_artefact",
            ),
            (
                "What in parentheses only points.",
                "## Use of data\nWe use your data to draw better maps and for research.",
                "## Use of data\nWe use your data to draw better maps (as described in more detail in section 4) and for research.",
                "renumber_move",
            ),
            (
                "A sentence that only points to a section.",
                "## Training\nWe train our models.",
                "## Training\nWe train our models. We have described how models are trained on data in more detail in Section 4 below.",
                "editorial",
            ),
            (
                "A pointer to another notice.",
                "## Clouds\nClouds hold your maps.",
                "## Clouds\nClouds hold your maps. If your school has clouds of ours, learn how they collect and share your data in the Acme Cloud Notice.",
                "editorial",
            ),
            (
                "A heading in fewer words.",
                "## Sharing your personal data with service providers\nThey draw maps.",
                "## Service providers\nThey draw maps.",
                "editorial",
            ),
            (
                "A date that depends on the reader too.",
                "Effective Date: The earlier of 2021-03-04 or user acceptance.",
                "Effective Date: The earlier of 2023-01-09 or user acknowledgment.",
                "date_only",
            ),
            (
                "A pointer to help.",
                "## Copyright\nWe answer claims about copyright.",
                "## Copyright\nWe answer claims about copyright. You can find out more about copyright infringement in this article.",
                "editorial",
            ),
        ];
        for (what, before, after, kind) in cases {
            let judgment = judged(before, after);
            assert_ne!(judgment.materiality, Materiality::Material, "{what} {:?}", judgment.findings);
            assert!(judgment.noise.iter().any(|noise| noise.kind == kind), "{what} {:?}", judgment.noise);
        }
    }

    #[test]
    fn what_looks_like_noise_may_matter() {
        let cases = [
            ("A short sentence with a period.", "We keep it 30 days.", "We keep it 31 days."),
            (
                "A representative by name.",
                "## How to reach us\nWrite to us at any time.",
                "## How to reach us\nWrite to us at any time.\nUK GDPR Representative: Kettle Grove Ltd",
            ),
            (
                "A heading that names places.",
                "## If you live in Germany, Austria or Switzerland\nYou may write to us at any time.",
                "## If you live in Germany or Switzerland\nYou may write to us at any time.",
            ),
            (
                "A value behind a label, which stands behind another too.",
                "## Services\nMaps: all products\nShoes: all products except boots and hats",
                "## Services\nMaps: all products except boots and hats\nShoes: all products except boots and hats",
            ),
            (
                "An article of a statute.",
                "## Legal basis\nWe use data under Art. 6(1)(a) GDPR only with your consent.",
                "## Legal basis\nWe use data under Art. 6(1)(f) GDPR on our legitimate interests.",
            ),
            (
                "An introduction that has one more purpose.",
                "## About\nThis policy explains how we use your data to provide maps.",
                "## About\nThis policy explains how we use your data to provide maps and to train artificial intelligence.",
            ),
            (
                "A pointer that goes on to share.",
                "## About\nSee our privacy policy, which describes how Acme uses your data.",
                "## About\nSee our privacy policy, which describes how Acme uses your data and shares it with data brokers.",
            ),
            (
                "A document that says that, not how.",
                "## About\nAcme makes maps.",
                "## About\nAcme makes maps.\nOur terms set out that you grant us a licence to your photos.",
            ),
            ("A promise in capitals.", "## Sharing\nNO SALE OF YOUR DATA.", "## Sharing\nMaps are made here."),
            (
                "A waiver in capitals.",
                "## Disputes\nWe meet first.",
                "## Disputes\nWe meet first.\n\nWAIVER OF JURY TRIAL AND CLASS ACTIONS.",
            ),
            (
                "A short German sentence without a verb.",
                "## Weitergabe\nWir speichern Karten.\n\nKein Verkauf von Daten an Dritte.",
                "## Weitergabe\nWir speichern Karten.",
            ),
            (
                "A contraction that lost its mark.",
                "## Sharing\nWe dont sell your data to anyone.",
                "## Sharing\nWe sell your data to anyone.",
            ),
            (
                "What leads to a list, and names who receives.",
                "## Sharing\n- Your name\n- Your street",
                "## Sharing\nThe following data may be disclosed to data brokers and to advertisers:\n- Your name\n- Your street",
            ),
            (
                "A definition with a price.",
                "## Fees\nWe charge fees.",
                "## Fees\nWe charge fees.\n\"Fee\" means 30 euros a month, which we charge to your card.",
            ),
            (
                "A definition that names who else receives.",
                "## Sharing\nWe share data with affiliates.",
                "## Sharing\nWe share data with affiliates.\n\"Affiliates\" means any company that we do business with, including advertisers and data brokers.",
            ),
            (
                "A period that begins with a date.",
                "## Retention\nDeletion deadline: The later of 2024-01-01 or one year after you leave.",
                "## Retention\nDeletion deadline: The later of 2025-01-01 or ten years after you leave.",
            ),
            (
                "A section that says the contrary in another language.",
                "## Maps\nYou see the maps of the towns that you choose, and we draw them for you with the names of the streets and of the squares.\nYou find the shoes that fit to the walk that you plan with the maps.\n## Sharing\nWe never sell your data to anyone, and we delete all of it as soon as you leave us.",
                "## Maps\nYou see the maps of the towns that you choose, and we draw them for you with the names of the streets and of the squares.\nYou find the shoes that fit to the walk that you plan with the maps.\n## Sharing\nNous vendons vos données à des annonceurs et nous les gardons pour toujours dans tous les pays.",
            ),
            (
                "A clause behind which a page explains why.",
                "## Accounts\nAn account is yours.",
                "## Accounts\nAn account is yours.\nWe may close your account at any moment, and our help page explains why.",
            ),
            (
                "A claim without a final mark.",
                "## Your content\nYou draw maps.",
                "## Your content\nYou draw maps.\n\nWhat you upload to the maps becomes our property and content for ever",
            ),
            (
                "An item of a list that is typed out.",
                "## More\nWe also use your data for the following purposes:\n\n(a) answering letters;\n\n(b) drawing maps.",
                "## More\nWe also use your data for the following purposes:\n\n(a) answering letters;\n\n(b) drawing maps;\n\n(c) selling parts of our house.",
            ),
            (
                "One word of a list.",
                "## Art und Umfang der Verarbeitung\nWir brauchen bei jedem Besuch diese Angaben:\n- Uhrzeit\n- Sprache",
                "## Art und Umfang der Verarbeitung\nWir brauchen bei jedem Besuch diese Angaben:\n- Uhrzeit\n- Sprache\n- IP-Adresse",
            ),
            (
                "An item under a heading that says nothing, under one that does.",
                "## Comment nous utilisons ces données\n### Pour être en ordre\n- Suivre les lois",
                "## Comment nous utilisons ces données\n### Pour être en ordre\n- Suivre les lois\n- Aider les gendarmes",
            ),
            (
                "A limit in words that no cue knows.",
                "## Viewers\nA viewer shows maps.",
                "## Viewers\nA viewer shows maps. You may use the viewers only on approved gear, and in no other way.",
            ),
            (
                "How long something takes, in words that no cue knows.",
                "## Leaving\nYou may leave by letter.",
                "## Leaving\nYou may leave by letter. It takes up to 90 days until your writings are gone from every machine of ours.",
            ),
            (
                "A law gives way to others, in a sentence with an address.",
                "## Your rights\nIf you have questions about your rights under the CCPA, write to maps@acme.test.",
                "## Your rights\nIf you have questions about your rights under U.S. state privacy laws, write to maps@acme.test.",
            ),
            (
                "A promise that is written like a title.",
                "## Sharing\nNo Sale of Your Data. Maps may be shared.",
                "## Sharing\nMaps may be shared.",
            ),
            (
                "A limit beside what points.",
                "## Use\nWe use your data for research.",
                "## Use\nWe use your data (as described in section 2, except health data) for research.",
            ),
            (
                "A promise that goes from where something points.",
                "## Sharing\nWe share your data with our partners (as described in section 4, but never your location).",
                "## Sharing\nWe share your data with our partners.",
            ),
            (
                "Who receives, where something points.",
                "## Sharing\nWe share your data with our partners.",
                "## Sharing\nWe share your data with our partners (see section 4, including data brokers).",
            ),
            (
                "A pointer that says what is done.",
                "## Use\nMaps are drawn.",
                "## Use\nMaps are drawn. We describe in our notice that your chats train our models, in more detail in section 4.",
            ),
            (
                "A sentence that ends in a pointer.",
                "## Use\nMaps are drawn.",
                "## Use\nMaps are drawn. We train our models on your private messages, and you can learn how we do it in our AI notice.",
            ),
            (
                "A pointer to a right in French.",
                "## Vos droits\nVous avez des droits.\nEn savoir plus sur votre droit de vous opposer à la vente de vos données.",
                "## Vos droits\nVous avez des droits.",
            ),
            (
                "An item with a full stop, written as a title.",
                "## Data we collect from you\n- Name and Street.",
                "## Data we collect from you\n- Name and Street.\n- Social Security Number and Bank Details.",
            ),
            (
                "A heading that says something.",
                "## Leaving early costs nothing\nYou may leave.",
                "## Leaving early costs the rest of the yearly price\nYou may leave.",
            ),
            (
                "A name that holds words of another language.",
                "## Karten\nWir zeichnen Karten für alle, die sie haben wollen, und geben sie mit der Post in die Stadt. Wir zeichnen sie nicht für die, die sie nicht haben wollen.\n## Weitergabe\nDiese erhalten Daten von uns:\n- die Post und die Bank für die Zahlung der Karten",
                "## Karten\nWir zeichnen Karten für alle, die sie haben wollen, und geben sie mit der Post in die Stadt. Wir zeichnen sie nicht für die, die sie nicht haben wollen.\n## Weitergabe\nDiese erhalten Daten von uns:\n- Bank of the West for the payments of your orders",
            ),
            (
                "A list beside a sentence in another language.",
                "## Who receives data\nYou see that the maps of the towns are yours and that this stays so.\nThese:\n- the banks that you pay with",
                "## Who receives data\nLes cartes des villes sont à vous et vous les voyez dans votre liste pour toujours.\nThese:\n- the banks that you pay with\n- data brokers",
            ),
            (
                "Somebody else's, and a third party.",
                "## Sharing\nWe share your address with carriers.",
                "## Sharing\nWe share your address with carriers and third parties.",
            ),
            (
                "An item that goes from what is never sold to what is.",
                "## Sale\nWe never sell:\n- your e-mail address\n- your street\n\nWe sell:\n- your walks",
                "## Sale\nWe never sell:\n- your street\n\nWe sell:\n- your walks\n- your e-mail address",
            ),
            (
                "A pointer that sells.",
                "## About\nAcme makes maps.",
                "## About\nAcme makes maps.\nThis policy explains that we never sell your data.",
            ),
            (
                "A sentence that stands twice, one copy of which now allows what the other forbids.",
                "## Sharing\nWe will not share your location with advertisers on our map.\n## Annex\nWe will not share your location with advertisers on our map.",
                "## Sharing\nWe may share your location with advertisers on our map.\n## Annex\nWe will not share your location with advertisers on our map.",
            ),
            (
                "A pointer to a right.",
                "## Your rights\nRights matter.",
                "## Your rights\nRights matter. You can find out more about how to opt out of profiling through our help center.",
            ),
            (
                "A French heading that asks how is no heading of comments.",
                "## Comment nous utilisons vos données\nVoici ce que nous faisons.",
                "## Comment nous utilisons vos données\nVoici ce que nous faisons.\nNous comparons votre visage avec celui d'autres clients.",
            ),
            (
                "What stands under a table of contents by its outline.",
                "## Table of contents\n### Your privacy rights\nRights matter to us.",
                "## Table of contents\n### Your privacy rights\nRights matter to us.\nYou may ask for your file twice within a 12-month period.",
            ),
            (
                "A mark in another column.",
                "## Sharing\nWhat we share stands here:\n\n| Data | Sold | Shared |\n|---|---|---|\n| Email | x | |",
                "## Sharing\nWhat we share stands here:\n\n| Data | Sold | Shared |\n|---|---|---|\n| Email | | x |",
            ),
            (
                "Requests about data go to another address, which is named for them.",
                "## Representative\nWrite to him.\n\nE-mail: gdprrequest@acme.test",
                "## Representative\nWrite to him.\n\nE-mail: gdprrequest@globex.test",
            ),
            (
                "Requests go where they did not go.",
                "## Your rights\nTo delete your data, please contact us.",
                "## Your rights\nTo delete your data, please contact us directly via rights@acme.test.",
            ),
        ];
        for (what, before, after) in cases {
            let judgment = judged(before, after);
            assert_eq!(judgment.materiality, Materiality::Material, "{what} {:?}", judgment.noise);
        }
    }

    #[test]
    fn what_is_told_of_the_service_binds_nobody() {
        let told = [
            "Try the new walking planner, it is free for 30 days.",
            "Acme was founded by two brothers and has drawn maps for 20 years.",
            "The mountain paths of the island are open for nine months of each year.",
            "The bridge near the old mill is closed for two weeks while masons mend it.",
            "You can plan a walk with only two taps on the new screen of the planner.",
            "Users may find that the paper map only folds well along the old lines.",
            "Vous pouvez lancer le planificateur, qui doit son nom à une montagne.",
            "Unser Verein wird in diesem Sommer 25 Jahre alt.",
        ];
        for sentence in told {
            let judgment = judged("## Walks\nMaps help.", &format!("## Walks\nMaps help. {sentence}"));
            assert_ne!(judgment.materiality, Materiality::Material, "{sentence} {:?}", judgment.findings);
        }
        let lists = [
            ("## Closing your account\n### Popular topics\n- Walking boots guide", "Winter boots guide"),
            ("## Payments and refunds\n### Read next\n- Walks in autumn", "Walking in winter with dogs"),
            ("## Children and safety\n### In the shop\n- Acme Walks", "Colouring maps"),
            ("## Security\n### Thanks\nThese people helped:\n- Ann Lee", "Bo Lind"),
        ];
        for (list, item) in lists {
            let judgment = judged(list, &format!("{list}\n- {item}"));
            assert_ne!(judgment.materiality, Materiality::Material, "{item} {:?}", judgment.findings);
        }
    }

    #[test]
    fn items_stay_where_what_leads_to_them_is_said_in_other_words() {
        let before = "## Rules\nYou must not:\n- draw walls on maps\n- sell the maps";
        let judgment = judged(before, &before.replace("You must not:", "It is prohibited to:"));
        let told = |words: &str| judgment.findings.iter().any(|f| f.before.contains(words) || f.after.contains(words));
        assert!(!told("walls") && !told("sell"), "{:?}", judgment.findings);
    }

    #[test]
    fn an_error_page_in_the_place_of_a_section_is_no_change_of_it() {
        let rules = "## Rules\nYou may share what you make. We will not sell your data to anyone.";
        let gone = "## This page isn't available\nSomething went wrong. Try again later.";
        let judgment = judged(&format!("{gone}\n## More\nWe ship maps."), &format!("{rules}\n## More\nWe ship maps."));
        assert_ne!(judgment.materiality, Materiality::Material, "{:?}", judgment.findings);
        assert!(judgment.noise.iter().any(|noise| noise.kind == "fetch_artefact"));
    }

    #[test]
    fn a_home_page_in_the_place_of_the_policy_is_no_change_of_it() {
        let rule = |at: usize| format!("You must not share item number {at} with third parties of kind {at}.\n");
        let praise = |at: usize| format!("People in town number {at} walk, sing and dance all night on square {at}.\n");
        let (policy, home): (String, String) = ((0..60).map(rule).collect(), (0..80).map(praise).collect());
        let judgment = judged(&policy, &home);
        assert_ne!(judgment.materiality, Materiality::Material, "{:?}", judgment.findings);
        assert_eq!(judgment.noise.first().map(|noise| noise.kind.as_str()), Some("fetch_artefact"));
        let other =
            |at: usize| format!("Users may never sell thing {at} to partners or advertisers without consent.\n");
        let rewritten: String = (0..60).map(other).collect();
        assert_eq!(judged(&policy, &rewritten).materiality, Materiality::Material);
    }

    #[test]
    fn a_text_that_is_cut_off_is_an_artefact() {
        let clause = |at: usize| format!("You may share item number {at} with partners of kind {at} in market {at}.\n");
        let whole: String = (0..60).map(clause).collect();
        let part: String = (0..20).map(clause).collect();
        let judgment = judged(&whole, &part);
        assert_ne!(judgment.materiality, Materiality::Material);
        assert_eq!(judgment.noise.first().map(|noise| noise.kind.as_str()), Some("fetch_artefact"));
    }
}
