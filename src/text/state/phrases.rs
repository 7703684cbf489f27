//! What pages say that are not the policy, in eight languages, and what policies say.
//!
//! All in lower case, with straight apostrophes; [`fold`] brings a text into that form.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use crate::text::bytes;

/// The languages of these tables.
pub(super) const LANGUAGES: &[&str] = &["en", "fr", "de", "es", "it", "nl", "pt", "pl"];

/// Phrases of challenges and refusals.
pub(super) const BOT: &[&str] = &[
    "verify you are human",
    "verify that you are human",
    "verifying you are human",
    "verify you're human",
    "prove you are human",
    "prove you're not a robot",
    "i'm not a robot",
    "are you a robot",
    "are you a human",
    "checking your browser",
    "checking if the site connection is secure",
    "performing security verification",
    "needs to review the security of your connection",
    "enable javascript and cookies to continue",
    "complete the security check",
    "please complete the captcha",
    "solve the captcha",
    "enter the characters you see",
    "human verification",
    "request unsuccessful. incapsula",
    "sorry, you have been blocked",
    "you have been blocked",
    "your request has been blocked",
    "your access has been blocked",
    "your ip address has been blocked",
    "unusual traffic from your",
    "unusual activity from your",
    "automated access to this",
    "suspected automated",
    "automated scraping",
    "you don't have permission to access",
    "you do not have permission to access",
    "access to this page has been denied",
    "access to this site has been denied",
    "access denied",
    "403 forbidden",
    "too many requests",
    "rate limit exceeded",
    "pardon our interruption",
    "press & hold to confirm",
    "the requested url was rejected",
    "ddos protection by",
    "vérifiez que vous êtes humain",
    "vérifier que vous êtes humain",
    "vérification que vous êtes humain",
    "vérification de votre navigateur",
    "vous avez été bloqué",
    "accès refusé",
    "accès interdit",
    "bestätigen sie, dass sie ein mensch sind",
    "überprüfung ihres browsers",
    "ihr browser wird überprüft",
    "sie wurden blockiert",
    "zugriff verweigert",
    "zugriff wurde verweigert",
    "kein roboter",
    "verifique que es un ser humano",
    "comprobando su navegador",
    "acceso denegado",
    "ha sido bloqueado",
    "no soy un robot",
    "verifica di essere umano",
    "verifica che sei umano",
    "accesso negato",
    "non sono un robot",
    "toegang geweigerd",
    "controleren of u een mens bent",
    "verifieer dat u een mens bent",
    "acesso negado",
    "verifique se você é humano",
    "não sou um robô",
    "verifying your browser",
    "verify that you're not a robot",
    "disable any ad blocker",
    "to restrict access",
    "vercel security checkpoint",
    "dostęp zabroniony",
    "odmowa dostępu",
    "nie jestem robotem",
    "zostałeś zablokowany",
    "sprawdzanie przeglądarki",
    "het lijkt erop dat u een robot bent",
    "wij controleren uw browser",
    "ロボットではない",
    "请完成验证",
    "安全验证",
    "请完成安全",
    "로봇이 아닙니다",
    "вы не робот",
    "что вы человек",
    "är inte en robot",
    "ikke er en robot",
    "robot olmadığınızı",
];

/// Phrases of pages that are gone.
pub(super) const NOT_FOUND: &[&str] = &[
    "page not found",
    "page cannot be found",
    "page can't be found",
    "page can not be found",
    "page could not be found",
    "page couldn't be found",
    "page was not found",
    "couldn't find that page",
    "couldn't find this page",
    "couldn't find the page",
    "can't find that page",
    "can't find the page",
    "cannot find the page",
    "can't seem to find the page",
    "page you are looking for doesn't exist",
    "page you're looking for doesn't exist",
    "page you are looking for does not exist",
    "page you requested could not be found",
    "page you requested was not found",
    "page you are looking for",
    "page you were looking for",
    "page you're looking for",
    "page doesn't exist",
    "page does not exist",
    "page no longer exists",
    "page isn't available",
    "page is not available",
    "page is no longer available",
    "content isn't available",
    "document not found",
    "article not found",
    "not found on this server",
    "404 not found",
    "error 404",
    "404 error",
    "page introuvable",
    "page non trouvée",
    "page n'existe pas",
    "page n'existe plus",
    "page que vous recherchez",
    "page que vous cherchez",
    "page demandée n'existe",
    "page n'est pas disponible",
    "contenu n'est pas disponible",
    "page n'a pas été trouvée",
    "erreur 404",
    "seite nicht gefunden",
    "seite wurde nicht gefunden",
    "seite konnte nicht gefunden werden",
    "seite existiert nicht",
    "seite ist nicht verfügbar",
    "seite ist nicht mehr verfügbar",
    "gesuchte seite",
    "fehler 404",
    "página no encontrada",
    "no se encontró la página",
    "no se ha encontrado la página",
    "página que buscas",
    "página que busca",
    "página no existe",
    "página no está disponible",
    "pagina non trovata",
    "pagina non è stata trovata",
    "pagina che stai cercando",
    "pagina non esiste",
    "pagina non disponibile",
    "errore 404",
    "pagina niet gevonden",
    "pagina bestaat niet",
    "pagina kon niet worden gevonden",
    "pagina die u zoekt",
    "pagina die je zoekt",
    "página não encontrada",
    "página não foi encontrada",
    "página que você está procurando",
    "página não existe",
    "erro 404",
    "nothing was found at this location",
    "page has gone missing",
    "nie znaleziono strony",
    "strona nie istnieje",
    "strona nie została znaleziona",
    "strona, której szukasz",
    "błąd 404",
    "fout 404",
    "cette page est introuvable",
    "seite gibt es leider nicht",
    "seite gibt es nicht",
    "pagina die je zocht",
    "couldn't find what you",
    "can't find what you",
    "could not find what you",
    "page you were looking for doesn't exist",
    "page you are looking for doesn't exist",
    "nothing was found at this location",
    "ページが見つかりません",
    "ページは見つかりません",
    "ページは存在しません",
    "页面不存在",
    "页面未找到",
    "找不到页面",
    "找不到该页面",
    "頁面不存在",
    "找不到頁面",
    "找不到網頁",
    "페이지를 찾을 수 없습니다",
    "존재하지 않는 페이지",
    "страница не найдена",
    "страница не существует",
    "сторінку не знайдено",
    "sayfa bulunamadı",
    "sidan kunde inte hittas",
    "sidan hittades inte",
    "sidan finns inte",
    "siden blev ikke fundet",
    "siden findes ikke",
    "siden ble ikke funnet",
    "sivua ei löydy",
    "sivua ei löytynyt",
    "stránka nebyla nalezena",
    "stránka nenalezena",
    "az oldal nem található",
    "pagina nu a fost găsită",
    "η σελίδα δεν βρέθηκε",
    "halaman tidak ditemukan",
];

/// Phrases of servers and applications that failed.
pub(super) const ERROR: &[&str] = &[
    "something went wrong",
    "something has gone wrong",
    "something's gone wrong",
    "oops! something",
    "an error occurred",
    "an error has occurred",
    "an unexpected error",
    "unexpected application error",
    "application error",
    "a client-side exception",
    "a server-side exception",
    "internal server error",
    "server error",
    "bad gateway",
    "gateway timeout",
    "gateway time-out",
    "service unavailable",
    "temporarily unavailable",
    "no server is available",
    "the connection has timed out",
    "error establishing a database connection",
    "web server is down",
    "origin is unreachable",
    "fatal error",
    "uncaught exception",
    "stack trace",
    "we're having trouble",
    "we are experiencing technical",
    "technical difficulties",
    "a technical error",
    "erreur technique",
    "technischer fehler",
    "error técnico",
    "errore tecnico",
    "technische fout",
    "erro técnico",
    "failed to load",
    "try reloading the page",
    "try refreshing the page",
    "please reload the page",
    "account has been suspended",
    "account suspended",
    "bandwidth limit exceeded",
    "une erreur est survenue",
    "une erreur s'est produite",
    "erreur interne du serveur",
    "erreur du serveur",
    "un problème est survenu",
    "un problème technique",
    "service indisponible",
    "service temporairement indisponible",
    "es ist ein fehler aufgetreten",
    "ein fehler ist aufgetreten",
    "etwas ist schiefgelaufen",
    "etwas ist schiefgegangen",
    "da ist etwas schief",
    "interner serverfehler",
    "dienst nicht verfügbar",
    "vorübergehend nicht erreichbar",
    "vorübergehend nicht verfügbar",
    "se ha producido un error",
    "ha ocurrido un error",
    "algo salió mal",
    "algo ha ido mal",
    "algo ha salido mal",
    "error interno del servidor",
    "servicio no disponible",
    "si è verificato un errore",
    "qualcosa è andato storto",
    "errore interno del server",
    "servizio non disponibile",
    "er is een fout opgetreden",
    "er is iets misgegaan",
    "er ging iets mis",
    "interne serverfout",
    "dienst niet beschikbaar",
    "ocorreu um erro",
    "algo deu errado",
    "algo correu mal",
    "erro interno do servidor",
    "serviço indisponível",
    "took too long to load",
    "taking too long to load",
    "try again later",
    "please try again",
    "there was a problem loading",
    "traceback (most recent call last)",
    "exception report",
    "veuillez réessayer",
    "réessayer plus tard",
    "réessayez plus tard",
    "später erneut",
    "später noch einmal",
    "etwas schief gelaufen",
    "vuelve a intentarlo",
    "inténtalo de nuevo",
    "inténtelo de nuevo",
    "riprova più tardi",
    "probeer het later",
    "probeer het opnieuw",
    "tente novamente",
    "coś poszło nie tak",
    "wystąpił błąd",
    "spróbuj ponownie",
    "błąd serwera",
    "usługa niedostępna",
    "strona jest tymczasowo niedostępna",
    "momentan nicht verfügbar",
    "エラーが発生しました",
    "发生错误",
    "出错了",
    "發生錯誤",
    "오류가 발생했습니다",
    "произошла ошибка",
    "ett fel uppstod",
    "ett fel har uppstått",
    "der opstod en fejl",
    "det oppstod en feil",
    "bir hata oluştu",
    "tapahtui virhe",
    "došlo k chybě",
];

/// Phrases of sites that are down for work.
pub(super) const MAINTENANCE: &[&str] = &[
    "down for maintenance",
    "under maintenance",
    "undergoing maintenance",
    "scheduled maintenance",
    "performing maintenance",
    "maintenance mode",
    "site maintenance",
    "maintenance in progress",
    "we'll be back soon",
    "we will be back soon",
    "be right back",
    "back shortly",
    "site is temporarily offline",
    "temporarily offline",
    "website is under construction",
    "site en maintenance",
    "en cours de maintenance",
    "opération de maintenance",
    "une maintenance",
    "effectuons actuellement une",
    "de retour bientôt",
    "de retour très vite",
    "wartungsarbeiten",
    "wartungsmodus",
    "wird gerade gewartet",
    "wegen wartung",
    "en mantenimiento",
    "tareas de mantenimiento",
    "volveremos pronto",
    "in manutenzione",
    "torneremo presto",
    "lavori di manutenzione",
    "in onderhoud",
    "onderhoudswerkzaamheden",
    "we zijn zo terug",
    "em manutenção",
    "voltaremos em breve",
    "en maintenance",
    "vanwege onderhoud",
    "przerwa techniczna",
    "prace konserwacyjne",
    "prace techniczne",
    "trwa konserwacja",
    "wrócimy wkrótce",
    "estamos en mantenimiento",
    "nous revenons très vite",
    "メンテナンス中",
    "维护中",
    "系統維護",
    "점검 중",
    "технические работы",
    "pågående underhåll",
    "under vedligeholdelse",
    "bakım çalışması",
];

/// Phrases of pages that ask to sign in.
pub(super) const LOGIN: &[&str] = &[
    "log in to continue",
    "login to continue",
    "sign in to continue",
    "please log in",
    "please login",
    "please sign in",
    "you must log in",
    "you must be logged in",
    "you need to log in",
    "you need to sign in",
    "must be signed in",
    "log in to your account",
    "sign in to your account",
    "sign in with your",
    "forgot password",
    "forgot your password",
    "forgotten password",
    "forgotten account",
    "keep me logged in",
    "keep me signed in",
    "remember me",
    "veuillez vous connecter",
    "connectez-vous pour",
    "vous devez vous connecter",
    "vous devez être connecté",
    "mot de passe oublié",
    "informations de compte oubliées",
    "bitte melden sie sich an",
    "bitte anmelden",
    "bitte einloggen",
    "melde dich an",
    "passwort vergessen",
    "inicia sesión para",
    "inicie sesión para",
    "debes iniciar sesión",
    "olvidaste tu contraseña",
    "olvidado tu contraseña",
    "olvidado su contraseña",
    "accedi per continuare",
    "effettua il login",
    "password dimenticata",
    "hai dimenticato la password",
    "log in om",
    "inloggen om",
    "wachtwoord vergeten",
    "faça login",
    "inicie sessão para",
    "esqueceu a senha",
    "esqueceu sua senha",
    "esqueceu-se da palavra-passe",
    "can't access your account",
    "don't have an account",
    "continue with google",
    "continue with apple",
    "vous n'avez pas de compte",
    "pas encore de compte",
    "continuer avec google",
    "noch kein konto",
    "weiter mit google",
    "mit google fortfahren",
    "no tienes cuenta",
    "no tienes una cuenta",
    "continuar con google",
    "non hai un account",
    "continua con google",
    "nog geen account",
    "doorgaan met google",
    "não tem uma conta",
    "continuar com o google",
    "nie pamiętasz hasła",
    "zapomniałeś hasła",
    "zaloguj się, aby",
    "nie masz konta",
    "kontynuuj z google",
];

/// Phrases of walls that ask for consent before anything is shown.
pub(super) const CONSENT: &[&str] = &[
    "before you continue to",
    "before you continue",
    "to continue, please accept",
    "accept and continue to site",
    "accept cookies to continue",
    "subscribe or accept",
    "accept or subscribe",
    "consent or pay",
    "avant de continuer",
    "accepter et continuer",
    "continuer sans accepter",
    "accepter ou s'abonner",
    "accepter les cookies ou s'abonner",
    "bevor sie fortfahren",
    "bevor du fortfährst",
    "mit werbung weiterlesen",
    "akzeptieren und weiter",
    "zustimmen und weiter",
    "mit werbung und cookies",
    "antes de continuar",
    "aceptar y continuar",
    "prima di continuare",
    "accetta e continua",
    "voordat je verdergaat",
    "voordat u verdergaat",
    "accepteren en doorgaan",
    "antes de continuares",
    "aceitar e continuar",
    "avant d'accéder à",
    "bevor sie zu",
    "zanim przejdziesz",
    "voordat je naar",
    "prima di procedere su",
    "abbonati o accetta",
    "accetta o abbonati",
    "suscríbete o acepta",
    "acepta o suscríbete",
    "akceptuję i przechodzę",
    "zaakceptuj i przejdź",
];

/// What the buttons of consent banners say.
pub(super) const BUTTONS: &[&str] = &[
    "accept all",
    "accept cookies",
    "allow all",
    "reject all",
    "only essential",
    "cookie settings",
    "manage preferences",
    "tout accepter",
    "tout refuser",
    "accepter tout",
    "tout rejeter",
    "alle akzeptieren",
    "alles akzeptieren",
    "alle ablehnen",
    "nur notwendige",
    "aceptar todo",
    "aceptar todas",
    "rechazar todo",
    "accetta tutto",
    "accetta tutti",
    "rifiuta tutto",
    "alles accepteren",
    "alles weigeren",
    "aceitar tudo",
    "aceitar todos",
    "rejeitar tudo",
    "accept & continue",
    "tout accepter et fermer",
    "rechazar todas",
    "rifiuta tutti",
    "alle cookies accepteren",
    "zaakceptuj wszystko",
    "zaakceptuj wszystkie",
    "akceptuję wszystkie",
    "akceptuj wszystkie",
    "odrzuć wszystko",
    "odrzuć wszystkie",
    "ustawienia plików cookie",
    "allow all cookies",
    "accept all cookies",
    "decline optional cookies",
    "reject optional cookies",
    "autoriser tous les cookies",
    "refuser les cookies optionnels",
    "alle cookies erlauben",
    "alle cookies akzeptieren",
    "optionale cookies ablehnen",
    "permitir todas las cookies",
    "aceptar todas las cookies",
    "consenti tutti i cookie",
    "alle cookies toestaan",
    "permitir todos os cookies",
    "aceitar todos os cookies",
];

/// Phrases of pages that only send the browser elsewhere.
pub(super) const REDIRECT: &[&str] = &[
    "redirecting to",
    "redirecting you",
    "redirecting...",
    "redirecting…",
    "you are being redirected",
    "you will be redirected",
    "if you are not redirected",
    "object moved",
    "moved permanently",
    "document has moved",
    "this page has moved",
    "vous allez être redirigé",
    "vous êtes redirigé",
    "redirection en cours",
    "redirection vers",
    "sie werden weitergeleitet",
    "weiterleitung zu",
    "weiterleitung auf",
    "si no es redirigido",
    "redirigiendo",
    "será redirigido",
    "verrai reindirizzato",
    "reindirizzamento",
    "u wordt doorgestuurd",
    "je wordt doorgestuurd",
    "redirecionando",
    "você será redirecionado",
    "has moved to",
    "have moved to",
    "if you are not automatically redirected",
    "nastąpi przekierowanie",
    "zostaniesz przekierowany",
    "trwa przekierowanie",
    "przekierowywanie",
];

/// Phrases of shells whose scripts did not run.
pub(super) const SHELL: &[&str] = &[
    "you need to enable javascript",
    "please enable javascript",
    "enable javascript to run this app",
    "javascript is required",
    "javascript is disabled",
    "requires javascript",
    "turn on javascript",
    "doesn't work properly without javascript",
    "activer javascript",
    "javascript est désactivé",
    "javascript aktivieren",
    "javascript ist deaktiviert",
    "aktivieren sie javascript",
    "habilitar javascript",
    "activar javascript",
    "abilitare javascript",
    "attivare javascript",
    "javascript inschakelen",
    "schakel javascript in",
    "habilite o javascript",
    "ativar o javascript",
    "włącz obsługę javascript",
    "włącz javascript",
    "wymaga javascript",
    "obsługa javascript jest wyłączona",
];

/// Phrases of domains that belong to nobody, and of servers that were never set up.
pub(super) const PARKED: &[&str] = &[
    "domain is for sale",
    "domain name is for sale",
    "domain may be for sale",
    "buy this domain",
    "domain is parked",
    "parked free",
    "this domain has expired",
    "domain has been registered",
    "related searches",
    "ce domaine est à vendre",
    "nom de domaine est à vendre",
    "domain steht zum verkauf",
    "diese domain kaufen",
    "domain ist geparkt",
    "dominio está en venta",
    "dominio è in vendita",
    "domein is te koop",
    "domínio está à venda",
    "welcome to nginx",
    "apache2 ubuntu default page",
    "apache2 debian default page",
    "test page for the apache",
    "iis windows server",
    "index of /",
    "default web site page",
    "future home of something quite cool",
    "domena jest na sprzedaż",
    "kup tę domenę",
    "domaine est à vendre",
    "domínio à venda",
    "dominio in vendita",
    "domain has expired",
    "domain abgelaufen",
];

/// What a web archive says in place of a page, with what that means.
pub(super) const ARCHIVE: &[(&str, crate::reading::Why)] = {
    use crate::reading::Why;
    &[
        ("wayback machine has not archived that url", Why::NotFound),
        ("wayback machine doesn't have that page archived", Why::NotFound),
        ("got an http 301 response at crawl time", Why::RedirectStub),
        ("got an http 302 response at crawl time", Why::RedirectStub),
        ("got an http 303 response at crawl time", Why::RedirectStub),
        ("got an http 307 response at crawl time", Why::RedirectStub),
        ("got an http 308 response at crawl time", Why::RedirectStub),
        ("has been excluded from the wayback machine", Why::NotFound),
        ("page cannot be displayed due to robots.txt", Why::NotFound),
        ("snapshot cannot be displayed due to an internal error", Why::ErrorPage),
        ("internet archive services are temporarily offline", Why::Maintenance),
        ("no server is available to handle this request", Why::ErrorPage),
    ]
};

/// Beginnings of words that together say what a short sentence means, in any order: one of
/// each list. A beginning of up to four letters is a whole word.
pub(super) const MEANINGS: &[(&[&[&str]], crate::reading::Why)] = {
    use crate::reading::Why;
    &[(&[PROVE, HUMAN], Why::BotWall), (&[UNUSUAL, TRAFFIC], Why::BotWall), (&[PAGE, FOUND, NOT], Why::NotFound)]
};

#[rustfmt::skip]
const PROVE: &[&str] = &[
    "verify", "verifi", "confirm", "prove", "vérifi", "prouve", "bestätig", "überprüf", "beweis", "compruebe", "comprueba",
    "demuestr", "conferm", "dimostr", "bevestig", "bewijs", "potwierd", "zweryfik", "udowodni", "comprov",
];

#[rustfmt::skip]
const HUMAN: &[&str] =
    &["human", "robot", "bot", "humain", "mensch", "umano", "mens", "człowiek"];

#[rustfmt::skip]
const UNUSUAL: &[&str] = &[
    "unusual", "suspicious", "inhabituel", "suspect", "ungewöhnlich", "verdächtig", "inusual", "sospechos", "insolit",
    "sospett", "ongebruikelijk", "verdacht", "incomum", "suspeit", "nietypow", "podejrzan",
];

#[rustfmt::skip]
const TRAFFIC: &[&str] = &[
    "traffic", "activity", "trafic", "activité", "verkehr", "datenverkehr", "aktivität", "tráfico", "actividad", "traffico",
    "attività", "verkeer", "activiteit", "tráfego", "atividade", "ruch", "aktywność",
];

const PAGE: &[&str] = &["page", "seite", "página", "pagina", "strona", "strony", "stronę"];

#[rustfmt::skip]
const FOUND: &[&str] = &[
    "found", "find", "exist", "trouv", "introuvable", "gefunden", "gibt", "existiert", "encontr", "trova", "esist", "gevonden",
    "vinden", "bestaat", "znaleziono", "znaleźć", "istnieje", "missing",
];

#[rustfmt::skip]
const NOT: &[&str] = &[
    "not", "no", "cannot", "can't", "couldn't", "doesn't", "don't", "pas", "plus", "nicht", "mehr", "non", "niet", "não", "nie",
    "missing", "gone", "n'existe", "n'avons", "introuvable",
];

/// Whether a folded sentence has a word of each list.
pub(super) fn means(folded: &str, lists: &[&[&str]]) -> bool {
    let words: Vec<&str> =
        folded.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '-').filter(|word| !word.is_empty()).collect();
    let said = |stem: &&str| {
        let whole = stem.chars().count() <= 4;
        words.iter().any(|word| if whole { word == stem } else { word.starts_with(stem) })
    };
    lists.iter().all(|list| list.iter().any(said))
}

/// Words by which a wall names who put it there, with the vendor.
pub(super) const VENDORS: &[(&str, &str)] = &[
    ("cloudflare", "Cloudflare"),
    ("errors.edgesuite.net", "Akamai"),
    ("incapsula", "Imperva"),
    ("imperva", "Imperva"),
    ("sucuri", "Sucuri"),
    ("vercel security checkpoint", "Vercel"),
    ("varnish cache server", "Fastly"),
    ("your support id is", "F5"),
    ("our systems have detected unusual traffic", "Google"),
    ("press & hold", "PerimeterX"),
    ("perimeterx", "PerimeterX"),
    ("datadome", "DataDome"),
    ("ddos-guard", "DDoS-Guard"),
];

/// What pickers of a country or a language say above their list.
#[rustfmt::skip]
pub(super) const PICK: &[&[&str]] = &[
    &["choose", "select", "pick", "choisi", "sélection", "wähl", "auswähl", "elige", "elija", "selecci", "selezion", "scegli", "kies",
      "selecteer", "escolh", "selecion", "wybierz"],
    &["country", "region", "location", "language", "pays", "région", "langue", "land", "sprache", "país", "región", "idioma", "paese",
      "lingua", "taal", "região", "kraj", "język"],
];

/// Titles that say what a page is, whole or up to a separator.
pub(super) const TITLES: &[(&str, crate::reading::Why)] = {
    use crate::reading::Why;
    &[
        ("just a moment", Why::BotWall),
        ("attention required!", Why::BotWall),
        ("access denied", Why::BotWall),
        ("access to this page has been denied", Why::BotWall),
        ("human verification", Why::BotWall),
        ("robot check", Why::BotWall),
        ("captcha", Why::BotWall),
        ("security check", Why::BotWall),
        ("pardon our interruption", Why::BotWall),
        ("403 forbidden", Why::BotWall),
        ("forbidden", Why::BotWall),
        ("403", Why::BotWall),
        ("request access", Why::BotWall),
        ("request rejected", Why::BotWall),
        ("too many requests", Why::BotWall),
        ("429 too many requests", Why::BotWall),
        ("accès refusé", Why::BotWall),
        ("zugriff verweigert", Why::BotWall),
        ("acceso denegado", Why::BotWall),
        ("accesso negato", Why::BotWall),
        ("toegang geweigerd", Why::BotWall),
        ("acesso negado", Why::BotWall),
        ("404", Why::NotFound),
        ("404 not found", Why::NotFound),
        ("404 page not found", Why::NotFound),
        ("error 404", Why::NotFound),
        ("404 error", Why::NotFound),
        ("not found", Why::NotFound),
        ("page not found", Why::NotFound),
        ("page not available", Why::NotFound),
        ("page introuvable", Why::NotFound),
        ("page non trouvée", Why::NotFound),
        ("seite nicht gefunden", Why::NotFound),
        ("página no encontrada", Why::NotFound),
        ("pagina non trovata", Why::NotFound),
        ("pagina niet gevonden", Why::NotFound),
        ("página não encontrada", Why::NotFound),
        ("error", Why::ErrorPage),
        ("erreur", Why::ErrorPage),
        ("fehler", Why::ErrorPage),
        ("500", Why::ErrorPage),
        ("500 internal server error", Why::ErrorPage),
        ("internal server error", Why::ErrorPage),
        ("application error", Why::ErrorPage),
        ("server error", Why::ErrorPage),
        ("something went wrong", Why::ErrorPage),
        ("502 bad gateway", Why::ErrorPage),
        ("bad gateway", Why::ErrorPage),
        ("503 service unavailable", Why::ErrorPage),
        ("503 service temporarily unavailable", Why::ErrorPage),
        ("service unavailable", Why::ErrorPage),
        ("504 gateway time-out", Why::ErrorPage),
        ("504 gateway timeout", Why::ErrorPage),
        ("account suspended", Why::ErrorPage),
        ("maintenance", Why::Maintenance),
        ("site maintenance", Why::Maintenance),
        ("under maintenance", Why::Maintenance),
        ("down for maintenance", Why::Maintenance),
        ("maintenance mode", Why::Maintenance),
        ("site en maintenance", Why::Maintenance),
        ("wartungsarbeiten", Why::Maintenance),
        ("wartung", Why::Maintenance),
        ("en mantenimiento", Why::Maintenance),
        ("in manutenzione", Why::Maintenance),
        ("onderhoud", Why::Maintenance),
        ("em manutenção", Why::Maintenance),
        ("login", Why::LoginWall),
        ("log in", Why::LoginWall),
        ("log in to", Why::LoginWall),
        ("sign in", Why::LoginWall),
        ("sign in to", Why::LoginWall),
        ("connexion", Why::LoginWall),
        ("se connecter", Why::LoginWall),
        ("se connecter à", Why::LoginWall),
        ("connectez-vous", Why::LoginWall),
        ("anmelden", Why::LoginWall),
        ("anmeldung", Why::LoginWall),
        ("einloggen", Why::LoginWall),
        ("iniciar sesión", Why::LoginWall),
        ("inicia sesión", Why::LoginWall),
        ("accedi", Why::LoginWall),
        ("inloggen", Why::LoginWall),
        ("aanmelden", Why::LoginWall),
        ("iniciar sessão", Why::LoginWall),
        ("before you continue", Why::ConsentWall),
        ("avant de continuer", Why::ConsentWall),
        ("bevor sie fortfahren", Why::ConsentWall),
        ("antes de continuar", Why::ConsentWall),
        ("prima di continuare", Why::ConsentWall),
        ("voordat je verdergaat", Why::ConsentWall),
        ("redirecting", Why::RedirectStub),
        ("redirecting...", Why::RedirectStub),
        ("object moved", Why::RedirectStub),
        ("301 moved permanently", Why::RedirectStub),
        ("302 found", Why::RedirectStub),
        ("welcome to nginx!", Why::WrongPage),
        ("index of /", Why::WrongPage),
    ]
};

/// Languages by their own names, as pickers list them.
#[rustfmt::skip]
pub(super) const AUTONYMS: &[&str] = &[
    "afrikaans", "azərbaycan", "bahasa indonesia", "bahasa melayu", "bosanski", "català", "čeština", "cymraeg",
    "dansk", "deutsch", "eesti", "english", "español", "euskara", "filipino", "français", "gaeilge", "galego",
    "hrvatski", "íslenska", "italiano", "kiswahili", "latviešu", "lietuvių", "magyar", "malti", "nederlands",
    "norsk", "o'zbek", "polski", "português", "română", "shqip", "slovenčina", "slovenščina", "suomi", "svenska",
    "tagalog", "tiếng việt", "türkçe", "ελληνικά", "беларуская", "български", "македонски", "русский", "српски",
    "українська", "қазақ", "עברית", "العربية", "فارسی", "اردو", "हिन्दी", "বাংলা", "ਪੰਜਾਬੀ", "ગુજરાતી", "தமிழ்",
    "తెలుగు", "ಕನ್ನಡ", "മലയാളം", "ไทย", "ភាសាខ្មែរ", "中文", "日本語", "한국어",
];

/// Words of policies, by their beginnings; a row is one notion in all languages.
#[rustfmt::skip]
pub(super) const NOTIONS: &[&[&str]] = &[
    &["privacy", "datenschutz", "confidentialit", "privacidad", "riservatezza", "privacidade", "prywatno"],
    &["personal", "personenbezogen", "personnel", "personale", "persoonlijk", "persoonsgegevens", "pessoais", "osobow"],
    &["data", "daten", "donnée", "datos", "dati", "gegevens", "dados", "dane", "danych"],
    &["information", "informationen", "información", "informazion", "informatie", "informaç", "informacj"],
    &["cookie"],
    &["consent", "einwillig", "consentement", "consentimiento", "consenso", "toestemming", "consentimento", "zgod"],
    &["collect", "erheb", "collect", "recopil", "raccog", "raccol", "verzamel", "recolh", "colet", "zbiera", "gromadz"],
    &["process", "verarbeit", "traitement", "traiter", "tratamiento", "trattament", "verwerk", "tratament", "przetwarza"],
    &["disclos", "offenleg", "weitergabe", "divulgu", "divulga", "openba", "ujawni", "przekaz"],
    &["third", "dritte", "tiers", "tercero", "terzi", "derden", "terceiro"],
    &["right", "recht", "droit", "derecho", "diritt", "direito", "praw"],
    &["law", "gesetz", "loi", "légal", "legal", "ley", "legge", "wet", "lei", "legislat", "rechtlich", "ustaw"],
    &["liab", "haft", "responsab", "aansprakelijk", "odpowiedzialno"],
    &["term", "nutzungsbedingung", "bedingung", "condition", "condicion", "condizion", "voorwaarden", "condiç", "términos", "regulamin", "warunk"],
    &["agree", "vereinbar", "vertrag", "accord", "contrat", "acuerdo", "accordo", "overeenkom", "acordo", "umow"],
    &["terminat", "kündig", "résili", "rescin", "rescis", "recess", "beëindig", "suspen"],
    &["warrant", "gewährleist", "garanti", "garantí", "garanzi"],
    &["copyright", "urheber", "auteur", "autor", "diritto d'autore", "auteursrecht", "dmca"],
    &["intellectual", "intellektuell", "intellectuel", "intelectual", "intellettuale", "intellectue"],
    &["infring", "verletz", "contrefa", "infracc", "violazion", "inbreuk", "violaç", "violat", "violent", "verstoß"],
    &["prohibit", "verboten", "untersag", "interdit", "prohibid", "vietat", "verbod", "proibid"],
    &["controller", "verantwortlich", "responsable", "titolare", "verwerkingsverantwoordelijke", "responsável", "administrator"],
    &["processor", "subprocessor", "sub-processor", "auftragsverarbeiter", "unterauftrag", "sous-traitant", "encargado", "responsabile"],
    &["retention", "retain", "speicherdauer", "aufbewahr", "conservation", "conserv", "bewaar", "przechow"],
    &["security", "sicherheit", "sécurité", "seguridad", "sicurezza", "beveilig", "segurança", "bezpiecze"],
    &["transfer", "übermittl", "transfér", "trasfer", "doorgift"],
    &["obligation", "pflicht", "obligatoire", "obligac", "obblig", "verplicht", "obrigaç", "obowiąz"],
    &["dispute", "streit", "litige", "controversi", "geschil", "litígio", "arbitrat"],
    &["jurisdiction", "gericht", "juridiction", "tribuna", "jurisdicc", "giurisdiz", "foro", "governing", "court"],
    &["indemn", "freistell", "schadensersatz", "indemni", "schadevergoeding", "damages", "dommage", "danni"],
    &["policy", "policies", "richtlinie", "politique", "política", "beleid", "informativa", "charte", "polity"],
    &["notice", "notif", "hinweis", "avis", "aviso", "kennisgev", "mention"],
    &["gdpr", "dsgvo", "rgpd", "ccpa", "avg", "regulation", "verordnung", "règlement", "reglamento", "regolamento", "regulamento"],
    &["guideline", "standard", "richtlijn", "directri", "linee", "règle", "regeln", "norma"],
    &["purpose", "zweck", "finalité", "finalidad", "finalità", "doeleinde", "finalidade"],
    &["lawful", "rechtsgrundlage", "légitime", "legitim", "gerechtvaardigd", "legítimo"],
    &["imprint", "impressum", "geschäftsführ", "handelsregister", "mentions", "siret", "rcs", "umsatzsteuer"],
    &["prohib", "abus", "missbrauch", "harass", "belästig", "harcèl", "acoso", "molest", "spam", "hate", "illegal", "illég"],
    &["refund", "rückerstatt", "rembours", "reembols", "rimbors", "terugbetal", "subscription", "abonnement"],
    &["delet", "lösch", "efface", "suppress", "suppri", "elimin", "cancell", "verwijder", "apag", "usuni", "usuwa"],
];

/// No stem has fewer bytes.
pub(super) const SHORTEST_STEM: usize = 3;

/// Words that name a kind of policy in titles, headings and addresses.
#[rustfmt::skip]
pub(super) const NAMES: &[&str] = &[
    "privacy", "policy", "policies", "terms", "tos", "conditions", "cookie", "cookies", "legal", "agreement",
    "notice", "guidelines", "guideline", "imprint", "impressum", "subprocessor", "subprocessors", "sub-processor",
    "sub-processors", "dpa", "addendum", "copyright", "dmca", "acceptable", "trademark", "brand", "licence",
    "license", "standards", "rules", "eula", "sla", "disclosure", "statement", "disclaimer", "gdpr", "ccpa",
    "safety", "security", "trust", "commitments", "confidentialité", "données", "politique", "cgu", "cgv", "charte",
    "mentions", "légales", "règles", "communauté", "datenschutz", "datenschutzerklärung", "datenschutzhinweise",
    "nutzungsbedingungen", "agb", "geschäftsbedingungen", "richtlinie", "richtlinien", "rechtliches",
    "verhaltenskodex", "bedingungen", "privacidad", "política", "términos", "condiciones", "aviso", "informativa",
    "riservatezza", "condizioni", "termini", "privacybeleid", "privacyverklaring", "voorwaarden", "beleid",
    "privacidade", "termos", "condições", "community", "conduct", "code", "traceurs", "trackers", "rgpd", "dsgvo",
    "processing", "processor", "terms-of-service", "nutzung", "hausordnung", "jugendschutz", "abuse", "prohibited",
    "data", "protection", "usage", "use", "prywatności", "polityka", "regulamin", "warunki", "prawna",
];

/// Lower case, straight apostrophes, white space folded.
pub(super) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_onto(&mut out, text);
    out
}

/// [`fold`], behind what was folded before.
pub(super) fn fold_onto(out: &mut String, text: &str) {
    if text.is_ascii() && !bytes::any(text.as_bytes(), |byte| byte == b'`') {
        let blank = |c: char| matches!(c, '\t'..='\r' | ' ');
        let trimmed = text.trim_matches(blank);
        let breaks = |byte, next| matches!(byte, b'\t'..=b'\r') || byte == b' ' && next == b' ';
        if !trimmed.is_empty() && !bytes::any_pair(trimmed.as_bytes(), breaks) {
            out.push_str(if out.is_empty() { "" } else { " " });
            let from = out.len();
            out.push_str(trimmed);
            out[from..].make_ascii_lowercase();
            return;
        }
        let from = out.len();
        for word in text.split(|c: char| matches!(c, '\t'..='\r' | ' ')).filter(|word| !word.is_empty()) {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
        out[from..].make_ascii_lowercase();
        return;
    }
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        if word.is_ascii() {
            let from = out.len();
            out.push_str(word);
            out[from..].make_ascii_lowercase();
            if word.contains('`') {
                let straight = out[from..].replace('`', "'");
                out.truncate(from);
                out.push_str(&straight);
            }
            continue;
        }
        out.extend(
            word.chars()
                .flat_map(char::to_lowercase)
                .map(|c| if matches!(c, '’' | '‘' | '`' | '´') { '\'' } else { c }),
        );
    }
}

/// Several texts folded, a blank between.
pub(super) fn fold_all<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut out = String::new();
    texts.for_each(|text| fold_onto(&mut out, text));
    out
}

/// All phrases that [`find`] is asked for on pages that say little, with where they may begin.
static ANY: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let tables = [PARKED, MAINTENANCE, NOT_FOUND, ERROR, BOT, CONSENT, SHELL];
    AhoCorasick::new(tables.into_iter().flatten()).expect("the phrases are sound")
});

/// Whether a folded text may hold a phrase of what walls and missing pages say.
pub(super) fn may_hold_any(folded: &str) -> bool {
    ANY.is_match(folded)
}

/// The first phrase of a table that a folded text holds.
pub(super) fn find(table: &'static [&'static str], folded: &str) -> Option<&'static str> {
    occurring(table, folded).find(|phrase| holds(folded, phrase))
}

/// The phrases of a table that stand somewhere in a folded text, in the table's order.
fn occurring(table: &'static [&'static str], folded: &str) -> impl Iterator<Item = &'static str> {
    let known = AUTOMATA.iter().find(|(known, _)| std::ptr::eq(*known, table));
    let seen: Vec<bool> = match known {
        Some((_, automaton)) => {
            let mut seen = vec![false; table.len()];
            automaton.find_overlapping_iter(folded).for_each(|found| seen[found.pattern().as_usize()] = true);
            seen
        }
        None => vec![true; table.len()],
    };
    table.iter().zip(seen).filter(|(_, seen)| *seen).map(|(phrase, _)| *phrase)
}

/// How many phrases of a table a folded text holds.
pub(super) fn held(table: &'static [&'static str], folded: &str) -> usize {
    occurring(table, folded).filter(|phrase| holds(folded, phrase)).count()
}

/// The tables that whole pages are searched for, each with what searches for all its phrases
/// at once: few pages are, so what is small is worth more than what is fast.
static AUTOMATA: LazyLock<Vec<(&'static [&'static str], AhoCorasick)>> = LazyLock::new(|| {
    let tables = [PARKED, MAINTENANCE, NOT_FOUND, ERROR, BOT, CONSENT, SHELL, LOGIN, BUTTONS, REDIRECT, AUTONYMS];
    let small = |table| AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(table);
    tables.into_iter().map(|table| (table, small(table).expect("the phrases are sound"))).collect()
});

/// From here on stand the signs of Chinese, Japanese and Korean.
const FIRST_WITHOUT_BLANKS: char = '\u{2e80}';

/// Whether a folded text holds a phrase as whole words; scripts without blanks have none.
pub(super) fn holds(folded: &str, phrase: &str) -> bool {
    let letter = |c: char| c.is_alphanumeric() && c < FIRST_WITHOUT_BLANKS;
    memchr::memmem::find_iter(folded.as_bytes(), phrase).any(|at| {
        let before = folded[..at].chars().next_back().is_some_and(letter);
        let after = folded[at + phrase.len()..].chars().next().is_some_and(letter);
        let ends_in_letter = phrase.chars().next_back().is_some_and(letter);
        !(before || after && ends_in_letter)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_the_form_that_texts_are_brought_into() {
        for table in
            [BOT, NOT_FOUND, ERROR, MAINTENANCE, LOGIN, CONSENT, BUTTONS, REDIRECT, SHELL, PARKED, AUTONYMS, NAMES]
        {
            for phrase in table {
                assert_eq!(fold(phrase), *phrase);
            }
        }
        for phrase in TITLES.iter().chain(ARCHIVE).map(|(phrase, _)| phrase) {
            assert_eq!(fold(phrase), *phrase);
        }
    }

    #[test]
    fn no_stem_is_shorter_than_said() {
        assert_eq!(NOTIONS.iter().flat_map(|row| row.iter()).map(|stem| stem.len()).min(), Some(SHORTEST_STEM));
    }

    #[test]
    fn phrases_are_whole_words() {
        assert!(holds(&fold("Oops!  Page not\nfound."), "page not found"));
        assert!(holds("l'accès refusé", "accès refusé"));
        assert!(!holds("the homepage not foundling", "page not found"));
    }
}
