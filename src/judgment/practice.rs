//! What a clause is about: the categories of privacy and terms practice, and the words
//! that betray them. A clause is about what its own heading says, then what the headings
//! above say, then what its words say.

use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use super::rules::{REMEMBERED, latin};

/// A category of practice. Ids as in the command-line contract; after OPP-115
/// (Wilson et al. 2016), GDPR Art. 13 and 14, and CLAUDETTE's unfair terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Practice {
    DataCollection,
    PurposesLegalBasis,
    SharingSale,
    AiAutomated,
    TrackingAds,
    Retention,
    RightsChoices,
    InternationalTransfer,
    Children,
    SecurityBreach,
    ControllerContact,
    ChangeProcess,
    DisputesLaw,
    Liability,
    FeesRenewal,
    Termination,
    ContentLicenseIp,
    AcceptableUse,
}

impl Practice {
    /// All practices, with their ids in the contract and their names for people.
    pub const ALL: [(Practice, &'static str, &'static str); 18] = [
        (Practice::DataCollection, "data_collection", "data collected"),
        (Practice::PurposesLegalBasis, "purposes_legal_basis", "purposes and legal basis"),
        (Practice::SharingSale, "sharing_sale", "sharing and sale"),
        (Practice::AiAutomated, "ai_automated", "AI and automated decisions"),
        (Practice::TrackingAds, "tracking_ads", "tracking and advertising"),
        (Practice::Retention, "retention", "retention"),
        (Practice::RightsChoices, "rights_choices", "rights and choices"),
        (Practice::InternationalTransfer, "international_transfer", "international transfer"),
        (Practice::Children, "children", "children"),
        (Practice::SecurityBreach, "security_breach", "security and breaches"),
        (Practice::ControllerContact, "controller_contact", "controller and contact"),
        (Practice::ChangeProcess, "change_process", "how the policy changes"),
        (Practice::DisputesLaw, "disputes_law", "disputes and governing law"),
        (Practice::Liability, "liability", "liability"),
        (Practice::FeesRenewal, "fees_renewal", "fees and renewal"),
        (Practice::Termination, "termination", "termination"),
        (Practice::ContentLicenseIp, "content_license_ip", "content licence"),
        (Practice::AcceptableUse, "acceptable_use", "acceptable use"),
    ];

    /// Its id.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].2
    }

    /// The practice that an id names.
    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == id).map(|(practice, ..)| *practice)
    }
}

/// The words that betray a practice: in headings, and in sentences. Lower case,
/// [`fold`](super::facts::fold)ed; English, French and German.
struct Cues {
    /// The practice; stands at the same place as in [`Practice::ALL`].
    #[cfg_attr(not(test), allow(dead_code))]
    practice: Practice,
    heading: &'static str,
    sentence: &'static str,
}

const CUES: [Cues; 18] = [
    Cues {
        practice: Practice::DataCollection,
        heading: r"\b(?:information|data|details)\b.*\b(?:collect|receive|gather|obtain|provide|process)|\bwhat (?:do )?we (?:collect|gather|receive|record|know)|\b(?:what|which|types?|kinds?|categories)\b.*\b(?:information|data)\b|collection of|sources? of|(?:location|biometric|sensitive|health|device|usage|log|technical|face) (?:information|data)|donn[ée]es.*(?:collect|trait|recueil)|quelles donn[ée]es|welche.*daten|(?:erheb|erfass|sammel)",
        sentence: r"\b(?:we|they|which) (?:may |might |will |can )?(?:also )?(?:automatically )?(?:collect|receive|gather|obtain|record)\b|\bcollect(?:s|ed|ing|ion)?\b|\bgather(?:s|ed|ing)\b|\b(?:ip|mac|e-?mail|postal) address|\bdevice (?:id|identif|type|information)|\bbrowser type|\boperating system|\bphone number|\bdate of birth|\bbiometric|\bface (?:data|print|geometr)|\bfacial|\bgeo-?locat|\blocation (?:data|information)|\bprecise location|\bcontacts\b|\baddress book|\bmicrophone|\bcamera|\bvoice\b|\bhealth (?:data|information)|\binferences?\b|\bsocial security|\bgovernment.issued|\bidentifiers?\b|\blog data|\busage data|\bprofile (?:data|information)|\b(?:collectons|recueillons|collect[ée]e?s?|recueilli)|\bdonn[ée]es (?:de |d')?(?:g[ée]olocalisation|biom[ée]triques|sensibles|de sant[ée])|\b(?:erheben|erfassen|sammeln|erhoben|erfasst)\b|\bstandortdaten|\bip[ -]?adress|\blog-?(?:files?|dateien)\b|\bbrowsertyp|\bgeburtsdat|\btelefonnummer|\badresses? (?:ip|postale|e-?mail|[ée]lectronique)|\bnum[ée]ros? de t[ée]l[ée]phone|\bdate de naissance|\bgeolokal|\bgesichts|\bbiometrisch",
    },
    Cues {
        practice: Practice::PurposesLegalBasis,
        heading: r"\b(?:how|why) (?:do )?(?:we|your).*(?:use|process)|\buses? of (?:your |the )?(?:personal )?(?:information|data)|\bpurposes?\b|(?:legal|lawful) (?:bas[ie]s|grounds?)|legitimate interest|\bmarketing|finalit[ée]s|bases? (?:l[ée]gales?|juridiques?)|utilis(?:ons|ation).*(?:donn|info)|zweck|rechtsgrundlage|(?:nutzung|verwendung|verarbeitung).*daten",
        sentence: r"\bwe (?:may |will |can )?(?:also )?(?:use|process)\b|\bpurposes?\b|\b(?:legal|lawful) (?:bas[ie]s|grounds?)|\blegitimate (?:business )?interests?|\bperformance of (?:a|the|our) contract|\bperson(?:aliz|alis)|\bmarketing\b|\bprofiling\b|\bimprove (?:our|the)\b|\bresearch and development|\bfinalit[ée]s?|\bbases? (?:l[ée]gale|juridique)|\bint[ée]r[êe]ts? l[ée]gitime|\b(?:utilisons|traitons)\b|\bzwecke?n?\b|\brechtsgrundlage|\bberechtigte[sn]? interesse|\b(?:verwenden|nutzen|verarbeiten) wir|\bart\. 6\b",
    },
    Cues {
        practice: Practice::SharingSale,
        heading: r"\b(?:shar(?:e|es|ing)|disclos(?:e|ed|ure|ures|ing)|sell|sale)\b|third.part(?:y|ies)|\b(?:recipients?|service providers?|(?:sub-?)?processors?|affiliates?|partners?)\b|law enforcement|government requests|merger|partage|destinataires|\btiers\b|sous-traitants|weitergabe|empf[äa]nger|\bdritte|auftragsverarbeiter",
        sentence: r"\b(?:share|shares|shared|sharing)\b|\bdisclos(?:e|es|ed|ing|ure|ures)\b|\b(?:sell|sells|sold|selling|rent)\b|\bthird.part(?:y|ies)|\bservice providers?|\bsub-?processors?|\baffiliates?\b|\bsubsidiar|\bbusiness partners?|\bdata brokers?|\bvendors?\b|\brecipients?\b|\b(?:seen|viewed) by (?:everyone|anyone|anybody|others?|all)\b|\bvisible (?:to|for) (?:everyone|anyone|anybody|others?|all|the public)\b|\bpublic (?:spaces|areas|forums)\b|\blaw enforcement|\bsubpoena|\bcourt order|\bjoint controller|\bbusiness associate|\bpartag(?:er|eons|e|ées?)\b|\bdivulg|\bcommuniqu[ée]|\bvend(?:re|ons)\b|\btiers\b|\bprestataires|\bdestinataires|\bsous-traitants?|\bpartenaires?|\bweiter(?:geben|gabe|gegeben)|\bdritte[nr]?\b|\bempf[äa]nger|\bdienstleister|\bauftragsverarbeiter|\bverkauf|\boffenleg",
    },
    Cues {
        practice: Practice::AiAutomated,
        heading: r"artificial intelligence|machine learning|generative|\bai\b|automated (?:decision|processing)|intelligence artificielle|d[ée]cisions? automatis|k[üu]nstliche intelligenz|automatisierte entscheidung|algorithm",
        sentence: r"\bartificial intelligence|\bmachine.learning|\bgenerative\b|\blanguage models?|\bllms?\b|\bai\b|\bfoundation models?|\btrain(?:s|ed|ing)?\b.{0,60}\b(?:models?|algorithms?|ai|data)\b|\bmodels?\b.{0,30}\btrain|\bautomated (?:individual )?decision|\bmodel training|\b(?:inputs?|outputs?|prompts?)\b|\balgorithms?\b|\bfine.tun|\bintelligence artificielle|\bia\b|\bd[ée]cisions? (?:individuelles? )?automatis|\bentra[îi]ne(?:r|ment)\b|\bk[üu]nstliche[rn]? intelligenz|\bki\b|\bautomatisierte[rn]? entscheidung",
    },
    Cues {
        practice: Practice::TrackingAds,
        heading: r"\bcookies?\b|\b(?:tracking|trackers?|pixels?|beacons?|analytics)\b|(?:interest.based|targeted|online|behaviou?ral|personali[sz]ed) ad|\badvertis|do not track|global privacy control|traceurs|publicit[ée]|werbung",
        sentence: r"\bcookies?\b|\bbeacons?\b|\bpixels?\b|\blocal storage|\bfingerprint|\bsdks?\b|\btrack(?:s|ed|ing|ers?)\b|\bdo.not.track|\bglobal privacy control|\bopt.out preference signal|\b(?:interest.based|targeted|behaviou?ral|cross.context|personali[sz]ed) ad|\badvertis(?:ing|ers?|ements?)\b|\bad (?:partners?|networks?|targeting)|\banalytics\b|\btraceurs?|\bpublicit|\bwerbung|\bwerbe|\btracking\b",
    },
    Cues {
        practice: Practice::Retention,
        heading: r"\bretention\b|how long|\b(?:retain|keep|stor(?:e|age))\b|\bdeletion\b|conservation|(?:speicher|aufbewahrungs)(?:dauer|frist)|l[öo]schung|wie lange",
        sentence: r"\bretain(?:s|ed|ing)?\b|\bretention\b|\bkeep\b.{0,40}\b(?:for|until|as long)\b|\bstored? (?:for|until|up to)|\bas long as (?:is |it is |we |you )?(?:necessary|needed|required|your|have|need|reasonably)|\b(?:delet|eras|anonymi[sz]|purg)\w*\b.{0,60}\b(?:after|within|days|months|years)\b|\bno longer (?:need|necessary|required)|\bbackups?\b|\bconserv(?:ons|ation|[ée]e?s?)\b|\b(?:speicher|aufbewahrungs)(?:dauer|frist)|\b(?:gespeichert|aufbewahrt|gel[öo]scht)\b|\bso ?lange\b",
    },
    Cues {
        practice: Practice::RightsChoices,
        heading: r"\b(?:your|user|data subject|privacy|consumer|individual|state|california|us) (?:\w+ )?(?:rights?|choices?|controls?|options?)\b|\bopt(?:ing)?.?(?:out|in)\b|\b(?:access|correct|update|delete|manag|control)\w*\b.*\b(?:information|data|preferences)|california|ccpa|virginia|colorado|u\.?s\.? states?|residents|unsubscribe|vos (?:droits|choix)|\bdroits\b|\brechte\b|widerspruch|widerruf|consent",
        sentence: r"\bopt(?:ing|ed|s)?.?(?:out|in)\b|\brights?\b.{0,20}\b(?:to|of)\b.{0,30}(?:access|rectif|eras|delet|object|portab|restrict|correct|know|opt|withdraw|lodge|complain|appeal)|\byou (?:also )?(?:have|may have) (?:the|a|certain|additional) rights?|\byour (?:privacy )?(?:rights|choices)\b|\b(?:withdraw|revoke)\b.{0,20}\bconsent|\bconsent\b|\bunsubscribe|\bsupervisory authorit|\bdata protection authorit|\blodge a complaint|\b(?:privacy|account|your) (?:settings|preferences)|\bportab|\bauthori[sz]ed agent|\bexercise\b.{0,30}\brights?|\b(?:access|deletion|privacy|rights?|data subject) requests?|\brequests? to (?:access|delete|know|correct)|\bappeal\b|\bstate (?:privacy )?laws?\b|\bdroits? (?:d'|de |[àa] )|\bconsentement|\bvos droits|\bd[ée]sinscri|\brecht auf\b|\bwiderruf|\bwidersprechen|\bwiderspruch|\beinwilligung|\baufsichtsbeh",
    },
    Cues {
        practice: Practice::InternationalTransfer,
        heading: r"(?:international|cross.border|overseas|global|data) (?:data )?transfers?|transfer(?:s|ring)? of|privacy (?:shield|framework)|transferts?|hors (?:de )?l'(?:ue|eee|union)|drittl[äa]nd|data location",
        sentence: r"\btransfer(?:s|red|ring)?\b.{0,80}\b(?:countr|united states|outside|international|overseas|abroad|eea|eu|uk|jurisdiction)|\boutside (?:of )?(?:the )?(?:eea|european|eu\b|uk\b|united kingdom|your (?:country|jurisdiction))|\bstandard contractual clauses|\bsccs?\b|\bmodel clauses|\bbinding corporate|\badequa(?:cy|te)\b|\bprivacy shield|\bdata privacy framework|\bdpf\b|\bsafe harbou?r|\bcross.border|\btransf[ée]r(?:ons|[ée]e?s?|ts?)\b|\bclauses contractuelles|\bpays tiers|\bdrittl(?:and|[äa]nder)|\bstandardvertragsklauseln|\b[üu]bermittl",
    },
    Cues {
        practice: Practice::Children,
        heading: r"\b(?:child(?:ren)?|minors?|teens?|kids|youth|parents?|underage|age)\b|enfants?|mineurs?|kinder|minderj[äa]hrig|jugend",
        sentence: r"\bchild(?:ren)?\b|\bminors?\b|\bunder (?:the age of )?(?:1[0-9]|thirteen|sixteen|eighteen)\b|\b(?:1[3-9]|thirteen|sixteen|eighteen) years? (?:of age|old)|\bparent(?:s|al)?\b|\blegal guardians?\b|\bcoppa\b|\bage of (?:majority|consent)|\bteen(?:s|agers?)?\b|\bunder-?age\b|\b(?:only|be an?|not an?) adults?\b|\benfants?\b|\bmineure?s?\b|\bparental|\bmoins de 1\d ans|\bkinder[ns]?\b|\bminderj[äa]hrig|\beltern\b|\bunter 1\d jahren",
    },
    Cues {
        practice: Practice::SecurityBreach,
        heading: r"\bsecur(?:e|ity|ing)\b|\bbreach|s[ée]curit[ée]|datensicherheit",
        sentence: r"\b(?:security (?:measures|incident|breach)|data breach)|\bencrypt|\b(?:technical|administrative|physical|organi[sz]ational)(?: and \w+)? (?:measures|safeguards)|\bunauthori[sz]ed (?:access|disclosure)|\bfirewalls?\b|\bmesures de s[ée]curit[ée]|\bsicherheitsma(?:ß|ss)nahmen|\bsecurity of your\b|\bsicherheit ihrer\b|\bchiffr(?:ement|[ée])|\bverschl[üu]ssel|\btechnische und organisatorische",
    },
    Cues {
        practice: Practice::ControllerContact,
        heading: r"\bcontact|who (?:we are|is)\b|\bcontroller|protection officer|\bdpo\b|representative|\bimprint|legal notice|responsable d[ue]|mentions l[ée]gales|verantwortlich|kontakt|impressum|datenschutzbeauftragte",
        sentence: r"\bdata controllers?\b|\b(?:joint )?controllers?\b|\bprotection officer|\bdpo\b|\bregistered (?:office|address)|\bcompany (?:number|registration)|\b(?:eu|uk|european|swiss|gdpr) representative|\b(?:inc|llc|ltd|limited|gmbh|b\.v|s\.a\.s|corp)\b|\bentered into (?:by and )?between\b|\b(?:agreement|contract) between you and\b|\bcontact (?:us|our)\b|\b(?:e-?mail|write to) us\b|\bresponsables? (?:du|de) traitement|\bd[ée]l[ée]gu[ée] [àa] la protection|\brepr[ée]sentant|\bverantwortliche[rn]?\b|\bdatenschutzbeauftragte|\bvertreter\b",
    },
    Cues {
        practice: Practice::ChangeProcess,
        heading: r"^(?:changes|updates|amendments|modifications|[äa]nderungen)$|\b(?:changes?|updates?|modifications?|amendments?|revisions?) (?:to|of|in) (?:this|these|our|the)\b|(?:policy|terms|notice|statement) (?:changes|updates)|\bmodifications?\b|amendment|[äa]nderung",
        sentence: r"\b(?:change|modify|update|amend|revise)s? (?:to )?(?:this|these|our|the) (?:\w+ )?(?:policy|terms|agreement|notice|statement|addendum)|\b(?:changes|updates|modifications|amendments|revisions) (?:to|of|in) (?:this|these|our|the)\b|\bmaterial changes?|\bcontinued use\b|\b(?:notify|inform|tell|e-?mail)\b.{0,60}\bchanges?\b|\b(?:post|publish|announce)\b.{0,30}\bchanges?\b|\breserve the right to (?:change|modify|update|amend)|\bmodifi(?:er|cations?)\b.{0,40}\b(?:politique|conditions)|\b[äa]nderung(?:en)? (?:dieser|der|unserer)",
    },
    Cues {
        practice: Practice::DisputesLaw,
        heading: r"arbitrat|disputes?\b|governing law|applicable law|choice of law|jurisdiction|\bvenue\b|class.action|loi applicable|droit applicable|litige|m[ée]diation|(?:anwendbares|geltendes) recht|gerichtsstand|streit",
        sentence: r"\barbitrat|\bclass.(?:action|wide|waiver)|\brepresentative (?:action|proceeding)|\bjury\b|\bgovern(?:ed|ing) (?:by )?(?:the )?laws?|\bjurisdiction of\b|\bexclusive jurisdiction|\bcourts? (?:of|in|located)\b|\bsmall claims|\bdisputes?\b|\bconflicts? of laws?|\bseverab|\bunenforceable\b|\bin full force\b|\bpleinement en vigueur|\bunwirksam\w*|\blegal proceedings|\barbitrage|\b(?:loi|droit) applicable|\btribuna(?:l|ux)|\blitiges?\b|\bm[ée]diat|\bschieds|\bgerichtsstand|\bstreitigkeit",
    },
    Cues {
        practice: Practice::Liability,
        heading: r"liabilit|warrant(?:y|ies)|disclaim|indemni|force majeure|responsabilit[ée]|garantie|haftung|gew[äa]hrleistung|freistellung",
        sentence: r"\bliab(?:le|ility|ilities)\b|\bwarrant(?:y|ies|s)\b|\bas.is\b|\bas available|\bindemnif|\bhold harmless|\b(?:indirect|incidental|consequential|punitive|special)\b.{0,30}\bdamages|\bdamages\b|\bdisclaim|\bforce majeure|\brelease (?:us|and discharge|and forever)\b|\bhereby release\b|\bresponsible for\b|\bat your own risk|\bresponsabilit[ée]\b|\bgaranti(?:e|es|r|ssons)\b|\bdommages|\bhaft(?:ung|en|et)\b|\bgew[äa]hrleistung|\bfahrl[äa]ssig",
    },
    Cues {
        practice: Practice::FeesRenewal,
        heading: r"\b(?:fees?|pric(?:e|es|ing)|payments?|billing|charges|tax(?:es)?|cost)\b|subscri|renewal|\btrial|refund|cancell?ation|\bpurchas|\bprix|paiement|tarif|abonnement|r[ée]tractation|rembours|preise?\b|zahlung|geb[üu]hren",
        sentence: r"\bfees?\b|\bpric(?:e|es|ing)\b|\bcharge[sd]?\b|\btaxes\b|\bsubscri(?:ption|be)|\brenew|\bbilling\b|\bfree trial|\brefund|\bpayments?\b|\bpurchases?\b|\bpaid (?:plan|service|feature|subscription)|[$€£] ?\d|\bpayouts?\b|\bprix\b|\btarifs?\b|\bpaiements?\b|\babonnements?\b|\brembours|\br[ée]tractation|\bfactur|\bpreise?\b|\bgeb[üu]hren|\bzahlung|\bwiderrufsrecht|\br[üu]ckerstattung",
    },
    Cues {
        practice: Practice::Termination,
        heading: r"terminat|suspen|\b(?:your )?account\b|registration|eligib|discontinu|r[ée]siliation|\bcompte\b|k[üu]ndigung|sperrung|konto",
        sentence: r"\bterminat(?:e|es|ed|ion|ing)\b|\bsuspen(?:d|ds|ded|sion)\b|\b(?:disable|deactivate|close|restrict)\b.{0,25}\baccounts?|\b(?:inactive|dormant|inactivity)\b|\bdiscontinue\b|\beligib|\br[ée]sili(?:er|ation)|\bsuspen(?:dre|sion)|\binactif|\bk[üu]ndig(?:en|ung)|\bsperr(?:en|ung)",
    },
    Cues {
        practice: Practice::ContentLicenseIp,
        heading: r"licen[sc]e|intellectual property|proprietary rights|copyright|trademark|dmca|(?:user|your|member).(?:generated )?(?:content|submissions?)|\bownership\b|feedback|propri[ée]t[ée] intellectuelle|droits? d'auteur|urheberrecht|lizenz",
        sentence: r"\blicen[sc]e[sd]?\b|\broyalty.free|\bsublicens|\bperpetual|\birrevocable|\bintellectual property|\bcopyright|\btrademarks?\b|\bpatents?\b|\bdmca\b|\binfring|\bmoral rights|\byou (?:retain|own)\b|\bownership\b|\bderivative works|\bpropri[ée]t[ée] intellectuelle|\blicences?\b|\bdroits? d'auteur|\bcontrefa|\blizenz|\burheberrecht|\bnutzungsrecht",
    },
    Cues {
        practice: Practice::AcceptableUse,
        heading: r"acceptable use|prohibit|restrict|forbidden|not allowed|\brules\b|\bconduct\b|misuse|abuse|community (?:guidelines|standards)|\bhate|harass|bully|violen|\bspam|nudity|misinformation|terror|self-harm|sexual|illegal|impersonat|enforcement|moderation|\bsafety|regulated|dangerous|what.*not\b|policy requirements|\bads?\b.*polic|r[èe]gles|interdit|verbot|nutzungsregeln|verhalten|responsibilities|obligations",
        sentence: r"\byou (?:may|must|shall|will|agree|can)(?: to)? not\b|\bprohibit|\bforbidden|\bnot (?:allowed|permitted|allow|permit)\b|\bdo not (?:post|allow|use|share|engage|promote)|\bharass|\bhate(?:ful)?\b|\bbully|\bviolen(?:t|ce)|\bspam|\bnud(?:e|ity)|\bporn|\bsexual|\bterroris|\bself-harm|\bmisinformation|\bimpersonat|\bscrap(?:e|ing)\b|\breverse engineer|\bmalware|\billegal|\bunlawful|\babusive|\bviolat(?:e|es|ion|ions|ing)\b|\bcontent moderation|\byou (?:must|agree)\b|\bcompl(?:y|iance) with\b|\bcommunity (?:guidelines|standards)|^\W*(?:do not|never|avoid|only (?:use|include|post|share|upload))\b|\binterdit|\bvous (?:vous engagez|ne devez|ne pouvez)|\billicite|\bhaineux|\bverboten|\buntersagt|\bunzul[äa]ssig|\bd[üu]rfen.{0,20} nicht|\brechtswidrig",
    },
];

static HEADINGS: LazyLock<Vec<Regex>> = LazyLock::new(|| CUES.iter().map(|cues| pattern(cues.heading)).collect());
static SENTENCES: LazyLock<Vec<Regex>> = LazyLock::new(|| CUES.iter().map(|cues| pattern(cues.sentence)).collect());

/// Bytes that a pattern of cues may keep of what it has learned: these are the widest of all, and
/// with half of it they forget so much that they search step by step, which takes twice the time
/// of a judgment and more memory than it saves.
const LEARNED: usize = 2 * REMEMBERED;

fn pattern(text: &str) -> Regex {
    RegexBuilder::new(&latin(text)).dfa_size_limit(LEARNED).build().expect("the table holds sound patterns")
}

/// How strongly each practice speaks from headings (own last, folded), a sentence and
/// its differing words; in the order of [`Practice::ALL`].
pub(crate) fn weigh(headings: &[String], sentence: &str, differing: &str) -> [f64; 18] {
    let mut weights = [0.0; 18];
    for (at, weight) in weights.iter_mut().enumerate() {
        for (above, heading) in headings.iter().rev().enumerate() {
            if HEADINGS[at].is_match(heading) {
                *weight += if above == 0 { 1.5 } else { 0.6 };
            }
        }
        *weight += SENTENCES[at].find_iter(sentence).take(4).count() as f64 * 0.6;
        *weight += SENTENCES[at].find_iter(differing).take(3).count() as f64 * 1.4;
    }
    weights
}

/// The practices that a weighing speaks for, strongest first; empty if nothing does.
pub(crate) fn ranked(weights: &[f64; 18]) -> Vec<(Practice, f64)> {
    let mut out: Vec<(Practice, f64)> =
        Practice::ALL.iter().zip(weights).filter(|(_, weight)| **weight >= 1.0).map(|((p, ..), w)| (*p, *w)).collect();
    out.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    out
}

/// The practices that a heading names.
pub fn named_in(heading: &str) -> Vec<Practice> {
    let cues = cues_in_heading(&super::facts::fold(heading));
    Practice::ALL.iter().zip(cues).filter(|(_, cue)| *cue > 0.0).map(|((practice, ..), _)| *practice).collect()
}

/// For each practice, 1 if a folded heading names it.
pub(crate) fn cues_in_heading(heading: &str) -> [f64; 18] {
    std::array::from_fn(|at| if HEADINGS[at].is_match(heading) { 1.0 } else { 0.0 })
}

/// For each practice, how many cues of it a folded text holds, up to `most`.
pub(crate) fn cues_in_text(text: &str, most: usize) -> [f64; 18] {
    std::array::from_fn(|at| SENTENCES[at].find_iter(text).take(most).count() as f64)
}

/// How many cues of any practice a folded text holds.
pub(crate) fn cues(text: &str) -> usize {
    SENTENCES.iter().map(|pattern| pattern.find_iter(text).count()).sum()
}

/// Whether a folded heading names a practice.
pub(crate) fn is_headed(headings: &[String]) -> bool {
    headings.iter().any(|heading| HEADINGS.iter().any(|pattern| pattern.is_match(heading)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cues_stand_in_the_order_of_the_practices() {
        let order: Vec<Practice> = CUES.iter().map(|cues| cues.practice).collect();
        assert_eq!(order, Practice::ALL.map(|(practice, ..)| practice));
    }

    #[test]
    fn headings_weigh_more_than_words() {
        let cases = [
            (vec!["how long we keep data"], "they are gone after a year", Practice::Retention),
            (vec!["your rights"], "you may ask for a copy", Practice::RightsChoices),
            (vec![], "any dispute goes to binding arbitration", Practice::DisputesLaw),
            (vec![], "nous partageons ces informations avec des tiers", Practice::SharingSale),
            (vec![], "wir verwenden cookies und tracking", Practice::TrackingAds),
        ];
        for (headings, sentence, wanted) in cases {
            let headings: Vec<String> = headings.into_iter().map(str::to_owned).collect();
            let ranked = ranked(&weigh(&headings, sentence, sentence));
            assert_eq!(ranked.first().map(|(practice, _)| *practice), Some(wanted), "{sentence}");
        }
    }
}
