//! Made-up pages of those who stand before a policy, in its place or around it, read as a
//! whole: what must be refused, and what looks like it and must pass.

#![allow(clippy::unwrap_used)]

use policywatch::reading::{Expected, Selectors, read};
use policywatch::snapshot::Snapshot;

use crate::reading::page;

/// The whole verdict on a page at an address: `policy`, or why not.
fn verdict_at(url: &str, html: &str) -> String {
    let snapshot = Snapshot { url: url.to_owned(), final_url: url.to_owned(), ..page(html.as_bytes()) };
    match read(&snapshot, &Selectors::default(), &Expected::default()) {
        Ok(reading) => format!("policy: {}", reading.text().chars().take(160).collect::<String>()),
        Err(refused) => refused.to_string(),
    }
}

fn verdict(html: &str) -> String {
    verdict_at("https://acme.test/legal/privacy", html)
}

/// Fails with all pages of a table that get another verdict.
fn all(expected: &str, pages: &[(&str, String)]) {
    let wrong: Vec<String> = pages
        .iter()
        .map(|(name, html)| (name, verdict(html)))
        .filter(|(_, got)| got.split(':').next() != Some(expected))
        .map(|(name, got)| format!("{name}: {got}"))
        .collect();
    assert!(wrong.is_empty(), "not {expected}:\n{}", wrong.join("\n"));
}

fn bare(title: &str, body: &str) -> String {
    format!("<!doctype html><html><head><title>{title}</title></head><body>{body}</body></html>")
}

/// A page in the frame of a site: menus above, columns of links below.
fn framed(language: &str, title: &str, body: &str) -> String {
    let menu: &[&str] = match language {
        "fr" => {
            &["Accueil", "Produits", "Tarifs", "Entreprise", "Carrières", "Blog", "Aide", "Connexion", "S'inscrire"]
        }
        "de" => &[
            "Startseite",
            "Produkte",
            "Preise",
            "Unternehmen",
            "Karriere",
            "Blog",
            "Hilfe",
            "Anmelden",
            "Registrieren",
        ],
        "es" => {
            &["Inicio", "Productos", "Precios", "Empresa", "Empleo", "Blog", "Ayuda", "Iniciar sesión", "Registrarse"]
        }
        "it" => &["Home", "Prodotti", "Prezzi", "Azienda", "Lavora con noi", "Blog", "Aiuto", "Accedi", "Registrati"],
        "nl" => &["Home", "Producten", "Prijzen", "Over ons", "Werken bij", "Blog", "Hulp", "Inloggen", "Registreren"],
        "pt" => &["Início", "Produtos", "Preços", "Empresa", "Carreiras", "Blog", "Ajuda", "Entrar", "Cadastre-se"],
        "pl" => &[
            "Strona główna",
            "Produkty",
            "Cennik",
            "O firmie",
            "Kariera",
            "Blog",
            "Pomoc",
            "Zaloguj się",
            "Rejestracja",
        ],
        _ => &["Home", "Products", "Pricing", "Company", "Careers", "Blog", "Help", "Log in", "Sign up"],
    };
    let foot: &[&str] = match language {
        "fr" => &[
            "Politique de confidentialité",
            "Conditions d'utilisation",
            "Cookies",
            "Mentions légales",
            "Contact",
            "Presse",
        ],
        "de" => &["Datenschutz", "Nutzungsbedingungen", "Cookies", "Impressum", "Kontakt", "Presse"],
        "es" => &["Política de privacidad", "Términos y condiciones", "Cookies", "Aviso legal", "Contacto", "Prensa"],
        "it" => &["Informativa sulla privacy", "Termini e condizioni", "Cookie", "Note legali", "Contatti", "Stampa"],
        "nl" => &["Privacybeleid", "Voorwaarden", "Cookies", "Disclaimer", "Contact", "Pers"],
        "pt" => &["Política de privacidade", "Termos de uso", "Cookies", "Aviso legal", "Contato", "Imprensa"],
        "pl" => &["Polityka prywatności", "Regulamin", "Pliki cookie", "Nota prawna", "Kontakt", "Dla prasy"],
        _ => &["Privacy Policy", "Terms of Service", "Cookies", "Imprint", "Contact", "Press"],
    };
    let links = |words: &[&str]| -> String {
        words.iter().enumerate().map(|(i, word)| format!("<li><a href=\"/p{i}\">{word}</a></li>")).collect()
    };
    format!(
        "<!doctype html><html lang=\"{language}\"><head><title>{title}</title></head><body>\
         <header><a href=\"/\">Acme</a><nav><ul>{}</ul></nav></header><main>{body}</main>\
         <footer><ul>{}</ul><ul>{}</ul><p>© 2026 Acme</p></footer><script src=\"/app.js\"></script></body></html>",
        links(menu),
        links(foot),
        links(menu),
    )
}

#[test]
fn walls_against_robots_are_told_and_their_vendors_named() {
    let table: Vec<(&str, &str, String)> = vec![
        ("Cloudflare", "challenge", bare("Just a moment...", "<div class=main><h1>acme.test</h1><p>Verifying you are human. This may take a few seconds.</p><p>acme.test needs to review the security of your connection before proceeding.</p></div><script>window._cf_chl_opt={cType:'managed'}</script>")),
        ("Cloudflare", "1020", bare("Access denied | acme.test used Cloudflare to restrict access", "<div id=cf-wrapper><h1>Error 1020</h1><h2>Access denied</h2><h2>What happened?</h2><p>This website is using a security service to protect itself from online attacks.</p><p>Cloudflare Ray ID: 7a0b</p></div>")),
        ("Cloudflare", "attention", bare("Attention Required! | Cloudflare", "<h1>Sorry, you have been blocked</h1><h2>You are unable to access acme.test</h2><h2>Why have I been blocked?</h2><p>This website is using a security service to protect itself from online attacks. The action you just performed triggered the security solution. There are several actions that could trigger this block including submitting a certain word or phrase, a SQL command or malformed data.</p><h2>What can I do to resolve this?</h2><p>You can email the site owner to let them know you were blocked. Please include what you were doing when this page came up and the Cloudflare Ray ID found at the bottom of this page.</p>")),
        ("Cloudflare", "turnstile", bare("acme.test", "<form><p>Confirm you're not a bot</p><div class=cf-turnstile data-sitekey=x></div></form><script src=https://challenges.cloudflare.com/turnstile/v0/api.js></script>")),
        ("Akamai", "denied", bare("Access Denied", "<h1>Access Denied</h1><p>You don't have permission to access \"http://acme.test/legal/privacy\" on this server.</p><p>Reference #18.2d351ab8.1557333295.a4e16ab</p><p>https://errors.edgesuite.net/18.2d351ab8</p>")),
        ("Imperva", "incapsula", "<html><head><META NAME=\"ROBOTS\" CONTENT=\"NOINDEX\"></head><body><iframe src=\"/_Incapsula_Resource?SWUDNSAI=31\">Request unsuccessful. Incapsula incident ID: 877000220062441017-1</iframe></body></html>".to_owned()),
        ("DataDome", "captcha", bare("acme.test", "<p id=cmsg>Please enable JS and disable any ad blocker</p><script>var dd={'rt':'c','host':'geo.captcha-delivery.com'}</script>")),
        ("PerimeterX", "press and hold", bare("Access to this page has been denied", "<div id=px-captcha></div><h1>Before we continue...</h1><p>Press &amp; Hold to confirm you are a human (and not a bot).</p><p>Reference ID 4f2a</p>")),
        ("Kasada", "shell", "<html><head></head><body><script>window.KPSDK={};KPSDK.now=Date.now;</script><script src=\"/149e9513/ips.js?tkrm=x\"></script></body></html>".to_owned()),
        ("AWS WAF", "challenge", bare("", "<div id=challenge-container></div><script>window.awsWafCookieDomainList=[];window.gokuProps={}</script><noscript><h1>JavaScript is disabled</h1>In order to continue, we need to verify that you're not a robot. This requires JavaScript.</noscript>")),
        ("F5", "rejected", bare("Request Rejected", "The requested URL was rejected. Please consult with your administrator.<br><br>Your support ID is: 1208477384<br><br><a href='javascript:history.back();'>[Go Back]</a>")),
        ("Sucuri", "firewall", bare("Sucuri WebSite Firewall - Access Denied", "<h1>Sucuri Website Firewall</h1><h2>Access Denied - Sucuri Website Firewall</h2><p>If you are the site owner (or you manage this site), please whitelist your IP or if you think this block is an error please open a support ticket and make sure to include the block details.</p><p>Block ID: GEO02</p>")),
        ("Vercel", "checkpoint", bare("Vercel Security Checkpoint", "<p>We're verifying your browser</p><p>Website owner? Click here to fix</p><p>Vercel Security Checkpoint | fra1::1</p>")),
        ("Google", "sorry", bare("https://acme.test/privacy", "<p>About this page</p><p>Our systems have detected unusual traffic from your computer network. This page checks to see if it's really you sending the requests, and not a robot.</p><form action=/sorry/index><div class=g-recaptcha></div></form>")),
        ("hCaptcha", "generic", bare("acme.test", "<h1>One more step</h1><p>Please complete the security check to access acme.test</p><div class=h-captcha></div>")),
        ("Fastly", "denied", bare("Access denied", "<h1>Error 403 Access denied</h1><p>Access denied</p><h3>Error 54113</h3><p>Details: cache-fra-1</p><hr><p>Varnish cache server</p>")),
        ("", "generic", bare("One moment please", "<h1>Please verify you are a human</h1><p>Tick the box below so that we know you are not a robot.</p>")),
        ("", "Polish", bare("acme.test", "<h1>Potwierdź, że jesteś człowiekiem</h1><p>Wykryliśmy nietypowy ruch z Twojej sieci.</p>")),
        ("", "Spanish", bare("acme.test", "<h1>Verifica que eres humano</h1><p>Hemos detectado tráfico inusual desde su red.</p>")),
        ("", "Portuguese", bare("acme.test", "<h1>Confirme que você é humano</h1><p>Detectamos tráfego incomum na sua rede.</p>")),
        ("", "Dutch", bare("acme.test", "<h1>Bevestig dat je een mens bent</h1><p>We hebben ongebruikelijk verkeer van je netwerk gezien.</p>")),
        ("", "Italian", bare("acme.test", "<h1>Conferma di essere umano</h1><p>Abbiamo rilevato traffico insolito dalla tua rete.</p>")),
    ];
    let wrong: Vec<String> = table
        .iter()
        .map(|(vendor, name, html)| (vendor, name, verdict(html)))
        .filter(|(vendor, _, got)| !got.starts_with("bot_wall: ") || !got.contains(*vendor))
        .map(|(vendor, name, got)| format!("{vendor} {name}: {got}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn walls_that_ask_to_sign_in() {
    let form = |title: &str, head: &str, user: &str, word: &str, lost: &str| {
        bare(
            title,
            &format!(
                "<h1>{head}</h1><form><label>{user}</label><input name=user><label>{word}</label><input type=password name=p><button>{head}</button><a href=/lost>{lost}</a></form><footer><a href=/privacy>Privacy</a> <a href=/terms>Terms</a></footer>"
            ),
        )
    };
    all(
        "login_wall",
        &[
            (
                "en",
                form(
                    "Log in or sign up to view",
                    "See more from Acme",
                    "Email or phone",
                    "Password",
                    "Forgot password?",
                ),
            ),
            (
                "fr",
                form(
                    "Connectez-vous ou inscrivez-vous",
                    "Se connecter",
                    "Adresse e-mail",
                    "Mot de passe",
                    "Mot de passe oublié ?",
                ),
            ),
            ("de", form("Anmelden – Acme", "Anmelden", "E-Mail", "Passwort", "Passwort vergessen?")),
            (
                "es",
                form("Inicia sesión en Acme", "Iniciar sesión", "Correo", "Contraseña", "¿Has olvidado tu contraseña?"),
            ),
            ("it", form("Accedi ad Acme", "Accedi", "E-mail", "Password", "Password dimenticata?")),
            ("nl", form("Inloggen bij Acme", "Inloggen", "E-mailadres", "Wachtwoord", "Wachtwoord vergeten?")),
            ("pt", form("Entrar na Acme", "Entrar", "E-mail", "Senha", "Esqueceu a senha?")),
            ("pl", form("Zaloguj się do Acme", "Zaloguj się", "E-mail", "Hasło", "Nie pamiętasz hasła?")),
            (
                "sso",
                bare(
                    "Sign in to your account",
                    "<h1>Sign in</h1><p>Email, phone, or Skype</p><input type=email><p>No account? Create one!</p><p>Can't access your account?</p><button>Next</button>",
                ),
            ),
            (
                "framed",
                framed(
                    "en",
                    "Acme",
                    "<h1>You must log in to continue.</h1><form><input type=email><input type=password><button>Log in</button></form><a href=x>Forgot account?</a>",
                ),
            ),
            (
                "oauth",
                bare(
                    "Acme SSO",
                    "<h1>Welcome back</h1><button>Continue with Google</button><button>Continue with Apple</button><button>Continue with SAML SSO</button><p>Don't have an account? Sign up</p>",
                ),
            ),
        ],
    );
}

#[test]
fn walls_that_ask_for_consent() {
    all(
        "consent_wall",
        &[
            (
                "onetrust",
                bare(
                    "Acme",
                    "<div id=onetrust-banner-sdk><h2>We value your privacy</h2><p>We and our 842 partners store and/or access information on a device, such as cookies and process personal data, such as unique identifiers and standard information sent by a device for personalised ads and content, ad and content measurement, and audience insights, as well as to develop and improve products. With your permission we and our partners may use precise geolocation data and identification through device scanning of cookies.</p><button>Accept All</button><button>Reject All</button><button>Cookie Settings</button></div><script src=/otSDKStub.js></script>",
                ),
            ),
            (
                "before, de",
                bare(
                    "Bevor Sie fortfahren",
                    "<h1>Bevor Sie zu Acme weitergehen</h1><p>Wir verwenden Cookies und Daten, um Dienste bereitzustellen und Ausfälle zu prüfen.</p><button>Alle akzeptieren</button><button>Alle ablehnen</button>",
                ),
            ),
            (
                "before, fr",
                bare(
                    "Acme",
                    "<h1>Avant d'accéder à Acme</h1><p>Nous utilisons des cookies et des données pour fournir nos services.</p><button>Tout accepter</button><button>Tout refuser</button><script src=/a.js></script>",
                ),
            ),
            (
                "pay or okay, de",
                bare(
                    "acme.test",
                    "<h1>Mit Werbung weiterlesen</h1><p>Besuchen Sie acme.test wie gewohnt mit Werbung und Cookies.</p><button>Akzeptieren und weiter</button><h2>PUR-Abo</h2><p>Nutzen Sie acme.test ohne Werbetracking für 3,99 € im Monat.</p><button>Jetzt abonnieren</button>",
                ),
            ),
            (
                "pay or okay, fr",
                bare(
                    "acme.test",
                    "<h1>Le respect de votre vie privée est notre priorité</h1><p>Avec votre accord, nos partenaires et nous utilisons des cookies.</p><button>Accepter et continuer</button><button>S'abonner</button>",
                ),
            ),
            (
                "pay or okay, it",
                bare(
                    "acme.test",
                    "<h1>Abbonati o accetta</h1><p>Accetta i cookie per leggere gratis.</p><button>Accetta e continua</button><button>Abbonati</button>",
                ),
            ),
            (
                "before, pl",
                bare(
                    "Zanim przejdziesz dalej",
                    "<h1>Zanim przejdziesz do Acme</h1><p>Używamy plików cookie i danych, by świadczyć usługi.</p><button>Zaakceptuj wszystko</button><button>Odrzuć wszystko</button>",
                ),
            ),
        ],
    );
}

#[test]
fn pages_that_are_gone_in_the_frame_of_a_site() {
    all(
        "not_found",
        &[
            (
                "en",
                framed(
                    "en",
                    "Acme",
                    "<h1>Oops! We can't find that page</h1><p>It may have moved, or the link may be broken. Try the search, or go back to the home page.</p>",
                ),
            ),
            ("en, title", framed("en", "Page not found - Acme", "<h1>404</h1><p>Nothing here.</p>")),
            (
                "en, sorry",
                framed(
                    "en",
                    "Acme",
                    "<h1>Sorry, this page isn't available.</h1><p>The link you followed may be broken, or the page may have been removed.</p>",
                ),
            ),
            (
                "en, number",
                framed(
                    "en",
                    "Acme",
                    "<h1>404</h1><h2>Looks like you're lost</h2><p>This page has gone missing. Go home</p>",
                ),
            ),
            (
                "fr",
                framed(
                    "fr",
                    "Acme",
                    "<h1>Cette page n'existe pas</h1><p>La page que vous cherchez a été déplacée ou supprimée.</p>",
                ),
            ),
            ("fr, oups", framed("fr", "Acme", "<h1>Oups ! Page introuvable</h1><p>Revenez à l'accueil.</p>")),
            (
                "de",
                framed(
                    "de",
                    "Acme",
                    "<h1>Seite nicht gefunden</h1><p>Die gewünschte Seite gibt es leider nicht mehr.</p>",
                ),
            ),
            (
                "de, leider",
                framed("de", "Acme", "<h1>Diese Seite gibt es leider nicht</h1><p>Zurück zur Startseite</p>"),
            ),
            (
                "es",
                framed(
                    "es",
                    "Acme",
                    "<h1>No hemos encontrado la página que buscas</h1><p>Puede que el enlace sea antiguo.</p>",
                ),
            ),
            ("it", framed("it", "Acme", "<h1>La pagina che cerchi non esiste</h1><p>Torna alla home.</p>")),
            ("nl", framed("nl", "Acme", "<h1>Deze pagina bestaat niet (meer)</h1><p>Ga terug naar de homepage.</p>")),
            ("pt", framed("pt", "Acme", "<h1>Página não encontrada</h1><p>Volte para o início.</p>")),
            (
                "pt, ops",
                framed("pt", "Acme", "<h1>Ops! Não encontramos essa página</h1><p>Ela pode ter sido removida.</p>"),
            ),
            ("pl", framed("pl", "Acme", "<h1>Nie znaleziono strony</h1><p>Strona, której szukasz, nie istnieje.</p>")),
        ],
    );
}

#[test]
fn pages_of_what_failed() {
    all(
        "error_page",
        &[
            ("too long", framed("en", "Acme", "<h1>This took too long to load</h1><p>Try again.</p>")),
            (
                "app",
                framed(
                    "en",
                    "Privacy Policy | Acme",
                    "<h1>Something went wrong</h1><p>There was a problem loading this page. Try again</p>",
                ),
            ),
            (
                "not at the moment",
                framed(
                    "en",
                    "Acme",
                    "<h1>The page you want isn't available right now</h1><p>Our engineers look into a technical error. Please try again in a few minutes.</p>",
                ),
            ),
            (
                "nginx",
                bare("502 Bad Gateway", "<center><h1>502 Bad Gateway</h1></center><hr><center>nginx/1.18.0</center>"),
            ),
            (
                "Apache",
                bare(
                    "500 Internal Server Error",
                    "<h1>Internal Server Error</h1><p>The server encountered an internal error or misconfiguration and was unable to complete your request.</p><hr><address>Apache/2.4.41 (Ubuntu) Server at acme.test Port 443</address>",
                ),
            ),
            (
                "IIS",
                bare(
                    "Runtime Error",
                    "<h1>Server Error in '/' Application.</h1><h2>Runtime Error</h2><p>Description: An application error occurred on the server. The current custom error settings for this application prevent the details of the application error from being viewed remotely.</p>",
                ),
            ),
            (
                "PHP",
                bare(
                    "Acme",
                    "<b>Fatal error</b>: Uncaught PDOException: SQLSTATE[HY000] [2002] Connection refused in /var/www/html/index.php:12 Stack trace: #0 {main} thrown in <b>/var/www/html/index.php</b> on line <b>12</b>",
                ),
            ),
            (
                "Java",
                bare(
                    "HTTP Status 500 – Internal Server Error",
                    "<h1>HTTP Status 500 – Internal Server Error</h1><p>Type Exception Report</p><p>Message java.lang.NullPointerException</p><pre>java.lang.NullPointerException at com.acme.Page.render(Page.java:17)</pre>",
                ),
            ),
            (
                "Python",
                bare(
                    "Traceback",
                    "<pre>Traceback (most recent call last): File \"/app/views.py\", line 7, in page KeyError: 'privacy'</pre>",
                ),
            ),
            ("database", bare("Database Error", "<h1>Error establishing a database connection</h1>")),
            (
                "Rails",
                bare(
                    "We're sorry, but something went wrong (500)",
                    "<h1>We're sorry, but something went wrong.</h1><p>If you are the application owner check the logs for more information.</p>",
                ),
            ),
            (
                "Next",
                bare(
                    "Acme",
                    "<h2>Application error: a client-side exception has occurred (see the browser console for more information).</h2>",
                ),
            ),
            (
                "Heroku",
                bare(
                    "Application Error",
                    "<iframe src=//www.herokucdn.com/error-pages/application-error.html></iframe>",
                ),
            ),
            ("fr", framed("fr", "Acme", "<h1>Une erreur s'est produite</h1><p>Veuillez réessayer plus tard.</p>")),
            (
                "de",
                framed(
                    "de",
                    "Acme",
                    "<h1>Ups, da ist etwas schiefgelaufen</h1><p>Bitte versuchen Sie es später erneut.</p>",
                ),
            ),
            (
                "de, now",
                framed(
                    "de",
                    "Acme",
                    "<h1>Diese Seite ist momentan nicht verfügbar</h1><p>Dies liegt möglicherweise an einem technischen Fehler, den wir gerade beheben. Bitte versuche, die Seite noch einmal zu laden.</p>",
                ),
            ),
            ("es", framed("es", "Acme", "<h1>Algo ha ido mal</h1><p>Vuelve a intentarlo más tarde.</p>")),
            ("it", framed("it", "Acme", "<h1>Si è verificato un errore</h1><p>Riprova più tardi.</p>")),
            ("nl", framed("nl", "Acme", "<h1>Er is iets misgegaan</h1><p>Probeer het later opnieuw.</p>")),
            ("pt", framed("pt", "Acme", "<h1>Ocorreu um erro</h1><p>Tente novamente mais tarde.</p>")),
            ("pl", framed("pl", "Acme", "<h1>Coś poszło nie tak</h1><p>Spróbuj ponownie później.</p>")),
        ],
    );
}

#[test]
fn an_apology_in_the_main_element_outweighs_the_dialogue_that_is_longer() {
    let dialogue = "<div role=dialog data-testid=cookie-dialog><h2>Allow cookies from Acme on this browser?</h2><p>We use cookies and similar technologies to provide and improve our services, and to measure how they are used on and off our sites.</p><p>Essential cookies: these are required to use our services. Optional cookies: these help us show ads elsewhere.</p><button>Allow all cookies</button><button>Decline optional cookies</button></div>";
    let menu = "<nav><ul>".to_owned()
        + &"<li><a href=/x>Anvils, hammers and tongs for every smith</a></li>".repeat(60)
        + "</ul></nav>";
    for (message, expected) in [
        ("This page isn't available right now. Our engineers look into a technical error.", "error_page"),
        ("Diese Seite ist momentan nicht verfügbar. Bitte versuche, die Seite noch einmal zu laden.", "error_page"),
        ("", "consent_wall"),
    ] {
        let html = bare(
            "Acme list of sub-processors",
            &format!(
                "{menu}<main><div>{message}</div></main>{dialogue}<footer>{menu}</footer><script src=/a.js></script>"
            ),
        );
        assert_eq!(verdict(&html).split(':').next(), Some(expected), "{message}: {}", verdict(&html));
    }
    let policy = bare(
        "Privacy Policy",
        &format!("{menu}<main><h1>Privacy Policy</h1>{CLAUSES}</main>{dialogue}<script src=/a.js></script>"),
    );
    assert!(verdict(&policy).starts_with("policy: Privacy Policy"), "{}", verdict(&policy));
}

#[test]
fn pages_of_sites_that_are_down_for_work() {
    all(
        "maintenance",
        &[
            (
                "en",
                bare(
                    "We'll be back",
                    "<h1>We'll be back soon!</h1><p>Sorry for the inconvenience. We're performing some maintenance at the moment.</p>",
                ),
            ),
            (
                "en, short",
                bare(
                    "Acme",
                    "<h1>Scheduled maintenance</h1><p>Our site is being upgraded. Please come back in an hour.</p>",
                ),
            ),
            ("fr", bare("Acme", "<h1>Site en maintenance</h1><p>Nous revenons très vite.</p>")),
            ("de", bare("Wartung", "<h1>Wartungsarbeiten</h1><p>Wir sind gleich wieder für Sie da.</p>")),
            ("es", bare("Acme", "<h1>Estamos realizando tareas de mantenimiento</h1><p>Volvemos enseguida.</p>")),
            ("it", bare("Acme", "<h1>Sito in manutenzione</h1><p>Torniamo subito.</p>")),
            ("nl", bare("Acme", "<h1>Onderhoud</h1><p>Onze site is even niet bereikbaar vanwege onderhoud.</p>")),
            ("pt", bare("Acme", "<h1>Estamos em manutenção</h1><p>Voltamos já.</p>")),
            ("pl", bare("Acme", "<h1>Przerwa techniczna</h1><p>Trwają prace konserwacyjne. Wrócimy wkrótce.</p>")),
        ],
    );
}

#[test]
fn pages_that_only_lead_elsewhere() {
    all("redirect_stub", &[
        ("refresh", "<html><head><meta http-equiv=refresh content='0;url=https://acme.test/new'></head><body></body></html>".to_owned()),
        ("script", "<html><body><script>window.location.href = \"https://acme.test/new\";</script></body></html>".to_owned()),
        ("click", bare("Redirecting", "<p>Please <a href=/new>click here</a> if you are not redirected automatically.</p>")),
        ("moved", bare("Acme", "<h1>This page has moved</h1><p>You will find it at <a href=/new>acme.test/new</a>.</p>")),
        ("moved, new address", bare("Acme", "<p>Our privacy policy has moved to a <a href=/new>new address</a>.</p>")),
        ("301", bare("301 Moved Permanently", "<h1>Moved Permanently</h1><p>The document has moved <a href=/new>here</a>.</p>")),
        ("fr", bare("Acme", "<p>Vous allez être redirigé vers la nouvelle page.</p>")),
        ("de", bare("Acme", "<p>Sie werden weitergeleitet. Falls nicht, klicken Sie <a href=/neu>hier</a>.</p>")),
        ("es", bare("Acme", "<p>Redirigiendo… Si no es redirigido, haga clic <a href=/n>aquí</a>.</p>")),
        ("it", bare("Acme", "<p>Verrai reindirizzato tra pochi secondi.</p>")),
        ("nl", bare("Acme", "<p>Je wordt doorgestuurd naar de nieuwe pagina.</p>")),
        ("pt", bare("Acme", "<p>Você será redirecionado em instantes.</p>")),
        ("pl", bare("Acme", "<p>Za chwilę nastąpi przekierowanie na nową stronę.</p>")),
    ]);
}

#[test]
fn shells_whose_scripts_did_not_run() {
    all("empty_shell", &[
        ("root", "<html><head><title>Acme</title></head><body><div id=root></div><script src=/main.js></script></body></html>".to_owned()),
        ("noscript", "<html><head><title>Privacy Policy</title></head><body><noscript>You need to enable JavaScript to run this app.</noscript><div id=app></div><script src=/main.js></script></body></html>".to_owned()),
        ("skeleton", bare("Acme", "<div id=root><p>Loading...</p><div class=skeleton></div></div><script src=/a.js></script>")),
        ("sentence", bare("Acme", "<p>This site requires JavaScript. Please enable it in your browser and reload the page.</p><script src=/a.js></script>")),
        ("fr", bare("Acme", "<p>Veuillez activer JavaScript pour afficher cette page.</p><script src=/a.js></script>")),
        ("de", bare("Acme", "<p>Bitte aktivieren Sie JavaScript in Ihrem Browser, um diese Seite zu sehen.</p><script src=/a.js></script>")),
        ("pl", bare("Acme", "<p>Włącz obsługę JavaScript w przeglądarce, aby zobaczyć tę stronę.</p><script src=/a.js></script>")),
        ("empty", String::new()),
    ]);
}

/// What is shown within the page is named, since that is what can be followed.
#[test]
fn a_document_within_a_page_is_named() {
    for (shown, there) in [
        ("<embed src=/policy.pdf type=application/pdf>", "/policy.pdf"),
        ("<object data='policy.pdf#page=2'></object>", "/legal/policy.pdf"),
        ("<iframe src='/viewer.html?file=/policy.pdf'></iframe>", "/policy.pdf"),
        ("<iframe src='/viewer.html?lang=en&amp;file=%2Flegal%2Fpolicy.pdf%23page%3D1'></iframe>", "/legal/policy.pdf"),
        ("<embed src=/policy type='Application/PDF'>", "/policy"),
        ("<embed src='data:application/pdf;base64,JVBERi0=' type=application/pdf><embed src=/a.pdf>", "/a.pdf"),
    ] {
        let told = verdict(&bare("Privacy Policy", shown));
        let expected =
            format!("empty_shell: it shows a document in place of a text; watch that one: https://acme.test{there}");
        assert_eq!(told.split(';').take(2).collect::<Vec<_>>().join(";").trim_end(), expected, "{shown}: {told}");
    }
    let within =
        verdict(&bare("Privacy Policy", "<embed src='data:application/pdf;base64,JVBERi0=' type=application/pdf>"));
    assert!(!within.contains("it shows a document"), "{within}");
    let frame = verdict(&bare("Privacy Policy", "<iframe src=/text.html></iframe>"));
    assert!(frame.contains("the text is in 1 frames"), "{frame}");
}

#[test]
fn other_pages_in_the_policys_place() {
    all(
        "wrong_page",
        &[
            (
                "parked",
                bare(
                    "acme.test",
                    "<h1>acme.test</h1><p>This domain is for sale! Related searches: anvils, hammers, tongs</p><p>Buy this domain</p>",
                ),
            ),
            (
                "expired",
                bare(
                    "acme.test",
                    "<h1>This domain has expired</h1><p>Is this your domain? Renew it now at your registrar.</p>",
                ),
            ),
            ("parked, pl", bare("acme.test", "<h1>Ta domena jest na sprzedaż</h1><p>Kup tę domenę już teraz.</p>")),
            (
                "index",
                bare(
                    "Index of /legal",
                    "<h1>Index of /legal</h1><pre><a href=../>Parent Directory</a> <a href=a.txt>a.txt</a> 2024-01-01 10:00 12K</pre>",
                ),
            ),
            (
                "nginx",
                bare(
                    "Welcome to nginx!",
                    "<h1>Welcome to nginx!</h1><p>If you see this page, the nginx web server is successfully installed and working. Further configuration is required.</p>",
                ),
            ),
            (
                "countries",
                bare(
                    "Acme",
                    "<h1>Choose your country or region</h1><ul><li>Argentina</li><li>Australia</li><li>Austria</li><li>Belgium</li><li>Brazil</li><li>Canada</li><li>Chile</li><li>Denmark</li><li>Finland</li><li>France</li><li>Germany</li><li>Greece</li><li>Hungary</li><li>India</li><li>Ireland</li><li>Italy</li><li>Japan</li><li>Mexico</li><li>Netherlands</li><li>Norway</li><li>Poland</li><li>Portugal</li><li>Spain</li><li>Sweden</li><li>Switzerland</li><li>United Kingdom</li><li>United States</li></ul>",
                ),
            ),
        ],
    );
}

const CLAUSES: &str = "<h2>What we collect</h2><p>We collect the personal data that you give us when you open an account, and the information that your device sends when you use our services, such as its address and the time of your visit.</p>\
    <h2>Why we use it</h2><p>We process your data to provide the service, to keep it secure and to meet our legal obligations. We share it with processors who act on our instructions, and never sell it to third parties.</p>\
    <h2>Your rights</h2><p>You have the right to access, correct and delete your data, and to object to its processing. Write to privacy@acme.test, and we answer within one month.</p>";

#[test]
fn what_looks_like_a_wall_and_is_a_policy() {
    let about = |title: &str, text: &str| framed("en", title, &format!("<h1>{title}</h1>{text}"));
    let banner = "<div id=onetrust-banner-sdk><h2>We value your privacy</h2><p>We use cookies to personalise content and ads. You can accept all or choose.</p><button>Accept All</button><button>Reject All</button></div>";
    let form = "<form><p>Log in to continue</p><input type=email><input type=password><button>Log in</button><a href=x>Forgot password?</a></form>";
    all(
        "policy",
        &[
            (
                "captchas",
                about(
                    "Privacy Policy",
                    &format!(
                        "<p>Before you log in we may ask you to verify you are human. If our systems see unusual traffic from your network, access is denied until you complete the security check, which is a service of a third party.</p>{CLAUSES}"
                    ),
                ),
            ),
            (
                "errors",
                about(
                    "Privacy Policy",
                    &format!(
                        "<p>When something went wrong or a page was not found we keep the error message, the stack trace and the time for thirty days. During scheduled maintenance the service is temporarily unavailable.</p>{CLAUSES}"
                    ),
                ),
            ),
            (
                "scripts",
                about(
                    "Cookie Policy",
                    &format!(
                        "<p>Please enable JavaScript and cookies to continue: without them our site does not remember your consent. You can accept all cookies or reject all of them in your cookie settings.</p>{CLAUSES}"
                    ),
                ),
            ),
            (
                "moved",
                about(
                    "Terms of Service",
                    &format!(
                        "<p>This page has moved from our old site; the terms are the same. If you are not redirected, use the link above.</p>{CLAUSES}"
                    ),
                ),
            ),
            (
                "banner and form",
                framed(
                    "en",
                    "Privacy Policy | Acme",
                    &format!("{banner}{form}<article><h1>Privacy Policy</h1>{CLAUSES}</article>"),
                ),
            ),
            (
                "very short",
                framed(
                    "en",
                    "Privacy Policy | Acme",
                    "<h1>Privacy Policy</h1><p>We collect no personal data. We set no cookies. Our server keeps addresses for seven days, to defend itself, and deletes them then.</p>",
                ),
            ),
            (
                "hub",
                framed(
                    "en",
                    "Legal | Acme",
                    "<h1>Legal</h1><ul><li><a href=/a>Privacy Policy</a>: what we do with your data</li><li><a href=/b>Terms of Service</a>: the contract between you and us</li><li><a href=/c>Cookie Policy</a>: what we store on your device</li><li><a href=/d>Acceptable Use Policy</a>: what nobody may do here</li><li><a href=/e>Data Processing Addendum</a></li><li><a href=/f>Copyright Policy</a></li></ul>",
                ),
            ),
            (
                "outage clause",
                about(
                    "Service Level Agreement",
                    "<p>The service is available 99.9 % of each month. Scheduled maintenance, of which we give three days' notice, does not count. If the service is unavailable for longer, you may ask for a credit of ten percent of the monthly fee.</p>",
                ),
            ),
            (
                "ja",
                framed(
                    "ja",
                    "プライバシーポリシー",
                    "<h1>プライバシーポリシー</h1><p>当社は、お客様の個人情報を適切に取り扱います。当社は、サービスの提供、改善およびお問い合わせへの対応のために個人情報を利用します。</p><h2>第三者への提供</h2><p>当社は、法令に基づく場合を除き、お客様の同意なしに個人情報を第三者に提供しません。ログインに失敗した場合やエラーが発生した場合には、その記録を三十日間保存します。</p><h2>お問い合わせ</h2><p>個人情報の開示、訂正および削除のご請求は、下記の窓口までご連絡ください。</p>",
                ),
            ),
            (
                "pl",
                framed(
                    "pl",
                    "Polityka prywatności",
                    "<h1>Polityka prywatności</h1><p>Administratorem Twoich danych osobowych jest Acme sp. z o.o. z siedzibą w Warszawie. Przetwarzamy dane w celu świadczenia usług, rozpatrywania reklamacji oraz wypełniania obowiązków prawnych.</p><h2>Odbiorcy danych</h2><p>Dane przekazujemy podmiotom, które działają na nasze zlecenie. Nie sprzedajemy danych nikomu. Gdy coś poszło nie tak albo nie znaleziono strony, zapisujemy komunikat błędu na trzydzieści dni.</p><h2>Twoje prawa</h2><p>Masz prawo dostępu do danych, ich sprostowania i usunięcia, a także prawo wniesienia skargi do organu nadzorczego.</p>",
                ),
            ),
            (
                "ar",
                framed(
                    "ar",
                    "سياسة الخصوصية",
                    "<h1>سياسة الخصوصية</h1><p>نحن نحترم خصوصيتك ونلتزم بحماية بياناتك الشخصية. نجمع المعلومات التي تقدمها لنا عند إنشاء حساب، وكذلك المعلومات التي يرسلها جهازك عند استخدام خدماتنا.</p><h2>كيف نستخدم البيانات</h2><p>نستخدم البيانات لتقديم الخدمة وتحسينها وللوفاء بالتزاماتنا القانونية. لا نبيع بياناتك لأي طرف ثالث.</p><h2>حقوقك</h2><p>يحق لك الوصول إلى بياناتك وتصحيحها وحذفها. راسلنا وسنجيب خلال شهر واحد.</p>",
                ),
            ),
            (
                "ru",
                framed(
                    "ru",
                    "Политика конфиденциальности",
                    "<h1>Политика конфиденциальности</h1><p>Мы уважаем вашу частную жизнь. Мы собираем сведения, которые вы сообщаете при регистрации, и сведения, которые передаёт ваше устройство, когда вы пользуетесь нашими услугами.</p><h2>Ваши права</h2><p>Вы можете запросить доступ к своим данным, их исправление или удаление. Мы отвечаем в течение одного месяца.</p>",
                ),
            ),
            (
                "tr",
                framed(
                    "tr",
                    "Gizlilik Politikası",
                    "<h1>Gizlilik Politikası</h1><p>Kişisel verilerinizi hizmetlerimizi sunmak, güvenliği sağlamak ve yasal yükümlülüklerimizi yerine getirmek amacıyla işliyoruz. Verilerinizi rızanız olmadan üçüncü kişilerle paylaşmıyoruz.</p><h2>Haklarınız</h2><p>Verilerinize erişme, düzeltme ve silme hakkına sahipsiniz. Bize yazın, bir ay içinde yanıtlayalım.</p>",
                ),
            ),
        ],
    );
}

/// The verdict on a page in the place of Acme's privacy policy.
fn after_the_policy(html: &str) -> String {
    let before = page(crate::world::policy(crate::world::WILL_NOT).into_bytes());
    let before = read(&before, &Selectors::default(), &Expected::default()).unwrap();
    let expected = Expected { language: None, previous: Some(&before), unpacked: None };
    match read(&page(html.as_bytes()), &Selectors::default(), &expected) {
        Ok(reading) => format!("policy: {}", reading.text().chars().take(80).collect::<String>()),
        Err(refused) => refused.to_string(),
    }
}

#[test]
fn another_page_in_the_place_of_a_known_policy() {
    let story = |title: &str, paragraph: &str| {
        framed("en", title, &format!("<h1>{title}</h1>{}", format!("<p>{paragraph}</p>").repeat(6)))
    };
    let others = [
        story(
            "The copper kettle",
            "Drawn from one sheet of copper and lined with tin, it boils a litre in four minutes and pours without a drop beside the cup. The handle stays cool, the lid sits firmly, and the whistle is tuned to a warm G. Choose between three sizes and five finishes, and have it engraved for a friend.",
        ),
        story(
            "Newsroom",
            "Acme opens its third works in the north, where two hundred people will hammer kettles from next spring. The mayor cut the ribbon, the choir sang, and tea was served to a thousand guests. Read the story, watch the film, and meet the smiths who moved there with their families.",
        ),
        story(
            "Careers",
            "We are looking for a smith with steady hands who loves copper as we do. You start at seven, you leave at three, and the canteen cooks for everybody. Send us a picture of something that you made, and tell us in a few lines what was hard about it.",
        ),
    ];
    for html in others {
        let got = after_the_policy(&html);
        assert!(got.starts_with("wrong_page: "), "{got}");
    }
    // A policy written anew from the first word to the last is still one.
    let anew = framed("en", "Privacy notice", &format!("<h1>Privacy notice</h1>{CLAUSES}"));
    assert!(after_the_policy(&anew).starts_with("policy: "), "{}", after_the_policy(&anew));
    let short = framed(
        "en",
        "Privacy",
        "<h1>Privacy</h1><p>Acme keeps no personal data of visitors, sets no cookies and shares nothing with third parties.</p>",
    );
    assert!(after_the_policy(&short).starts_with("policy: "), "{}", after_the_policy(&short));
}

#[test]
fn bytes_that_are_no_page() {
    let noise: Vec<u8> = (0..4_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let cut = [b"<html><body><p>".as_slice(), &noise].concat();
    for (name, body) in [
        ("noise", noise.clone()),
        ("noise in a page", cut),
        ("an image", [b"\x89PNG\r\n\x1a\n".as_slice(), &noise].concat()),
    ] {
        let got = match read(&page(body), &Selectors::default(), &Expected::default()) {
            Ok(reading) => format!("policy: {}", reading.text().chars().take(60).collect::<String>()),
            Err(refused) => refused.why.to_string(),
        };
        assert!(["malformed", "unsupported_type", "empty_shell"].contains(&got.as_str()), "{name}: {got}");
    }
}
