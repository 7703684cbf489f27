//! Pages that make it hard for a browser, each of them in a real Chromium: text behind shadow
//! roots, timers, endless requests and dialogues; sections that are loaded only when they are
//! opened; consent in frames and shadow roots; walls. All on the loopback interface.

use std::time::{Duration, Instant};

use policywatch::fetch::browser::BrowserOptions;
use policywatch::reading::{Expected, Reading, Selectors, Unreadable, read};
use serde_json::Value;

use crate::fetching::server::{Act, Asked, Server, answer};
use crate::rendering::{browser, rendered};

const POLICY: &str = "<h1>Privacy Policy</h1><p>Last updated: 1 March 2024</p><p>This privacy policy explains how Acme Kettles \
    handles the personal data that a kettle records, with whom we share it and which rights you have.</p><h2>What we \
    collect</h2><p>We collect your name, your e-mail address and the temperature of your water when you use our service, \
    and we process them to keep your account.</p><h2>Sharing</h2><p>We share personal data with service providers who act \
    for us, and we do not sell it to anybody.</p><h2>Your rights</h2><p>You may ask for access, a copy or erasure of your \
    data, and object to processing; we answer within thirty days.</p>";

const INTRODUCTION: &str =
    "<h1>Privacy Policy</h1><p>This privacy policy explains how Acme Kettles handles personal data.</p>";

fn html(body: &str) -> Vec<Act> {
    let page = format!(
        "<!doctype html><html lang=en><head><title>Privacy Policy | Acme</title></head><body>{body}</body></html>"
    );
    vec![Act::Send(answer("200 OK", "content-type: text/html; charset=utf-8\r\n", page.as_bytes()))]
}

/// A page that puts the policy into `app` by this script, in which POLICY is its text.
fn scripted(script: &str) -> Vec<Act> {
    let text = Value::from(POLICY).to_string();
    html(&format!(
        "<div id=app></div><script>const app = document.getElementById('app'); {}</script>",
        script.replace("POLICY", &text)
    ))
}

/// Four sections, each by this markup, in which N is its number.
fn sections(of: &str) -> Vec<Act> {
    let all: String = (0..4).map(|number| of.replace('N', &number.to_string())).collect();
    html(&format!("{INTRODUCTION}{all}"))
}

/// What a section says that is loaded when it is opened.
fn fragment(number: &str) -> Vec<Act> {
    let text =
        format!("<p>Section {number}: we keep the data of kettle {number} for some months, and delete it then.</p>");
    vec![Act::Send(answer("200 OK", "content-type: text/html\r\n", text.as_bytes()))]
}

async fn reading(server: &Server, path: &str, browser: &BrowserOptions) -> Result<Reading, Unreadable> {
    let limited = BrowserOptions { timeout: Duration::from_secs(90), ..browser.clone() };
    let snapshot = rendered(server, path, limited).await.unwrap_or_else(|failure| panic!("{path}: {failure}"));
    assert_eq!(snapshot.final_url.split(['?', '#']).next(), Some(server.url(path).as_str()), "{path}");
    read(&snapshot, &Selectors::default(), &Expected::default())
}

async fn assert_whole(server: &Server, paths: &[&str], browser: &BrowserOptions) {
    for path in paths {
        let text = reading(server, path, browser).await.unwrap_or_else(|why| panic!("{path}: {why}")).text();
        assert!(text.contains("kettle records") && text.contains("within thirty days"), "{path}: {text}");
    }
}

#[tokio::test]
async fn text_that_scripts_make_is_waited_for_and_found() {
    let Some(browser) = browser() else { return };
    let server = Server::start(|asked: &Asked| match asked.path() {
        "/nested" => scripted(
            "customElements.define('x-inner', class extends HTMLElement { connectedCallback() {
                 this.attachShadow({ mode: 'open' }).innerHTML = POLICY } });
             customElements.define('x-outer', class extends HTMLElement { connectedCallback() {
                 this.attachShadow({ mode: 'open' }).innerHTML = '<x-inner></x-inner>' } });
             app.append(document.createElement('x-outer'))",
        ),
        "/closed" => scripted("app.attachShadow({ mode: 'closed' }).innerHTML = POLICY; app.style.minHeight = '100px'"),
        "/late" => scripted("app.textContent = 'Loading…'; setTimeout(() => app.innerHTML = POLICY, 6000)"),
        "/polls" => scripted("(async () => { for (;;) await fetch('/news') })(); setTimeout(() => app.innerHTML = POLICY, 800)"),
        "/polls-anew" => scripted(
            "app.innerHTML = POLICY; (async () => { for (let n = 0;; n++) await fetch('/news/' + n + '?' + Math.random()) })()",
        ),
        "/polls-by-script" => scripted(
            "app.innerHTML = POLICY; let n = 0; (function next() { const asks = document.createElement('script');
             asks.src = '/news/' + n++ + '.js'; asks.onload = next; document.head.append(asks) })()",
        ),
        path if path.starts_with("/news/") => {
            vec![Act::Pause(Duration::from_millis(900)), Act::Send(answer("200 OK", "", b"//no news"))]
        }
        "/clock" => scripted(
            "app.innerHTML = POLICY; const clock = document.createElement('p'); document.body.append(clock);
             setInterval(() => clock.textContent = Date.now(), 40)",
        ),
        "/grows" => scripted(
            "app.innerHTML = POLICY; const end = document.createElement('p'); end.textContent = 'more'; document.body.append(end);
             new IntersectionObserver(() => { for (let i = 0; i < 20; i++) end.before(document.createElement('br')) }).observe(end);
             setInterval(() => scrollTo(0, document.body.scrollHeight), 40)",
        ),
        "/worker" => scripted(
            "navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready).then(async () => {
                 if (!navigator.serviceWorker.controller) await new Promise((go) => navigator.serviceWorker.oncontrollerchange = go);
                 app.innerHTML = await (await fetch('/from-the-worker')).text() })",
        ),
        "/worker.js" => {
            let script = format!(
                "oninstall = () => skipWaiting(); onactivate = (event) => event.waitUntil(clients.claim());
                 onfetch = (event) => {{ if (event.request.url.endsWith('/from-the-worker'))
                     event.respondWith(new Response({})) }}",
                Value::from(POLICY)
            );
            vec![Act::Send(answer("200 OK", "content-type: text/javascript\r\n", script.as_bytes()))]
        }
        "/in-two-steps" => scripted(&format!(
            "app.innerHTML = '<p>{}</p>'; fetch('/step/1').then(() => fetch('/step/2')).then(() => app.innerHTML = POLICY)",
            "Kettles for kitchens, gardens and boats. ".repeat(15)
        )),
        "/step/1" | "/step/2" => vec![Act::Pause(Duration::from_secs(3)), Act::Send(answer("200 OK", "", b"a step"))],
        "/news" => vec![Act::Pause(Duration::from_millis(700)), Act::Send(answer("200 OK", "", b"no news"))],
        _ => vec![Act::Send(answer("404 Not Found", "", b"nothing"))],
    })
    .await;
    let paths = ["/nested", "/closed", "/late", "/polls", "/clock", "/grows", "/worker", "/in-two-steps"];
    assert_whole(&server, &paths, &browser).await;
    // What is new each time is not waited for to the end: of 90 s, 63 are the page's.
    for path in ["/polls-anew", "/polls-by-script"] {
        let began = Instant::now();
        assert_whole(&server, &[path], &browser).await;
        assert!(began.elapsed() < Duration::from_secs(40), "{path}: {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn whatever_a_page_starts_its_text_is_read() {
    let Some(browser) = browser() else { return };
    let server = Server::start(|asked: &Asked| match asked.path() {
        "/asks" => scripted("alert('hello'); if (confirm('go on?')) prompt('name'); app.innerHTML = POLICY; print()"),
        "/asks-forever" => scripted("app.innerHTML = POLICY; setTimeout(() => { for (;;) alert('again') }, 200)"),
        "/hangs" => scripted("app.innerHTML = POLICY; setTimeout(() => { for (;;); }, 200)"),
        "/opens" => scripted("for (let i = 0; i < 20; i++) window.open('/popup' + i); app.innerHTML = POLICY"),
        "/downloads" => scripted("app.innerHTML = POLICY; setTimeout(() => location = '/file.zip', 200)"),
        "/downloads-elsewhere" => scripted("app.innerHTML = POLICY; setTimeout(() => location = '/to-file', 200)"),
        "/to-file" => vec![Act::Send(answer("302 Found", "location: /file.zip\r\n", b""))],
        "/hangs-when-opened" => scripted(
            "app.innerHTML = POLICY + '<h2><button aria-expanded=false>More</button></h2><p hidden>more</p>';
             app.querySelector('button').onclick = () => { for (;;); }",
        ),
        "/file.zip" => vec![Act::Send(answer(
            "200 OK",
            "content-type: application/zip\r\ncontent-disposition: attachment; filename=x.zip\r\n",
            &[0; 4096],
        ))],
        "/asks-for-a-password" => scripted("fetch('/closed').then(() => app.innerHTML = POLICY)"),
        "/closed" => vec![Act::Send(answer(
            "401 Unauthorized",
            "content-type: text/html\r\nwww-authenticate: Basic realm=acme\r\n",
            b"<title>401 Unauthorized</title><h1>401 Unauthorized</h1><p>You must sign in to see this page.</p>",
        ))],
        "/pushes" => {
            scripted("app.innerHTML = POLICY; let n = 0; setInterval(() => history.pushState(0, '', '?' + n++), 30)")
        }
        _ => vec![Act::Send(answer("404 Not Found", "", b"nothing"))],
    })
    .await;
    let paths = ["/asks", "/asks-forever", "/hangs", "/opens", "/downloads", "/asks-for-a-password", "/pushes"];
    assert_whole(&server, &paths, &browser).await;
    assert_whole(&server, &["/hangs-when-opened"], &browser).await;
    for (path, stops) in [("/asks", false), ("/hangs", true), ("/hangs-when-opened", true)] {
        let snapshot = rendered(&server, path, browser.clone()).await.unwrap();
        assert_eq!(snapshot.is_stopped(), stops, "{path}: it is evidence that something may be missing");
    }
    let stayed = rendered(&server, "/downloads-elsewhere", browser.clone()).await.unwrap();
    assert_eq!((stayed.redirects.len(), stayed.status), (0, 200), "{:?}", stayed.redirects);
    assert_eq!(stayed.final_url, server.url("/downloads-elsewhere").as_str());
    assert!(server.asked().iter().all(|asked| !asked.path().starts_with("/popup")), "nothing is opened");
    let refused = reading(&server, "/closed", &browser).await.unwrap_err();
    assert_eq!(refused.why.as_str(), "login_wall", "{refused}");
}

#[tokio::test]
async fn a_page_that_stops_loading_keeps_its_own_address() {
    let Some(browser) = browser() else { return };
    let server = Server::start(|asked: &Asked| match asked.path() {
        "/first" => scripted("app.innerHTML = POLICY; setTimeout(() => location = '/second', 200)"),
        "/second" => {
            let page = format!(
                "<!doctype html><title>Privacy Policy</title>{POLICY}<script>setTimeout(() => stop(), 300)</script>{}",
                " ".repeat(9000)
            );
            let whole = answer("200 OK", "content-type: text/html\r\n", page.as_bytes());
            let (now, later) = whole.split_at(whole.len() - 100);
            vec![Act::Send(now.to_vec()), Act::Pause(Duration::from_secs(4)), Act::Send(later.to_vec())]
        }
        _ => vec![Act::Send(answer("404 Not Found", "", b"nothing"))],
    })
    .await;
    let snapshot = rendered(&server, "/first", browser).await.unwrap();
    assert_eq!(snapshot.final_url, server.url("/second").as_str());
    assert_eq!(snapshot.redirects.len(), 1);
}

#[tokio::test]
async fn sections_that_are_loaded_when_they_are_opened_are_read() {
    let Some(browser) = browser() else { return };
    let server = Server::start(|asked: &Asked| match asked.path() {
        "/lazy" => sections(
            "<h2><button aria-expanded=false aria-controls=rN onclick=\"this.setAttribute('aria-expanded', 'true');
             fetch('/fragment/N').then((r) => r.text()).then((t) => rN.innerHTML = t)\">Part N</button></h2><div id=rN></div>",
        ),
        // Only one is open, only that one is in the page, and every button is made anew.
        "/virtual" => html(&format!(
            "{INTRODUCTION}<div id=all></div><script>let open = -1; const all = document.getElementById('all');
             const draw = () => {{ all.innerHTML = ''; for (let n = 0; n < 4; n++) {{
                 const head = document.createElement('h2'), button = document.createElement('button');
                 button.textContent = 'Part ' + n; button.setAttribute('aria-expanded', String(open === n));
                 button.onclick = () => {{ open = open === n ? -1 : n; draw() }}; head.append(button); all.append(head);
                 if (open === n) {{ const body = document.createElement('div'); all.append(body);
                     fetch('/fragment/' + n).then((r) => r.text()).then((t) => body.innerHTML = t) }} }} }}; draw()</script>"
        )),
        "/one-at-a-time" => sections(
            "<details name=one ontoggle=\"if (this.open) fetch('/fragment/N').then((r) => r.text())
             .then((t) => this.querySelector('div').innerHTML = t)\"><summary>Part N</summary><div></div></details>",
        ),
        "/shadow" => html(&format!(
            "{INTRODUCTION}<x-sections></x-sections><script>customElements.define('x-sections', class extends HTMLElement {{
             connectedCallback() {{ const root = this.attachShadow({{ mode: 'open' }}); for (let n = 0; n < 4; n++) {{
                 const button = document.createElement('button'), body = document.createElement('div');
                 button.textContent = 'Part ' + n; button.setAttribute('aria-expanded', 'false');
                 button.onclick = () => {{ button.setAttribute('aria-expanded', 'true');
                     fetch('/fragment/' + n).then((r) => r.text()).then((t) => body.innerHTML = t) }};
                 root.append(button, body) }} }} }})</script>"
        )),
        "/by-name-only" => sections(
            "<div class=accordion-item><div class=accordion-header style='cursor: pointer' onclick=\"fetch('/fragment/N')
             .then((r) => r.text()).then((t) => this.nextElementSibling.innerHTML = t)\">Part N</div><div></div></div>",
        ),
        path => match path.strip_prefix("/fragment/") {
            Some(number) => [vec![Act::Pause(Duration::from_millis(300))], fragment(number)].concat(),
            None => vec![Act::Send(answer("404 Not Found", "", b"nothing"))],
        },
    })
    .await;
    for path in ["/lazy", "/virtual", "/one-at-a-time", "/shadow", "/by-name-only"] {
        let text = reading(&server, path, &browser).await.unwrap_or_else(|why| panic!("{path}: {why}")).text();
        let places: Vec<Option<usize>> = (0..4).map(|number| text.find(&format!("Section {number}:"))).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{path}: {text}");
        assert_eq!(text.matches("Section 2:").count(), 1, "{path}: {text}");
        assert!(
            text.find("Part 1") < text.find("Section 1:") && text.find("Section 1:") < text.find("Part 2"),
            "{path}: {text}"
        );
    }
}

#[tokio::test]
async fn consent_is_given_as_sparingly_as_can_be_wherever_it_is_asked_for() {
    let Some(browser) = browser() else { return };
    let other = Server::start_at("127.0.0.2:0", |_: &Asked| {
        html(
            "<h1>Your privacy</h1><p>We and our partners use cookies and ask for your consent to that.</p>
              <button onclick=\"parent.postMessage('all', '*')\">Accept all</button>
              <button onclick=\"parent.postMessage('few', '*')\">Reject all</button>",
        )
    })
    .await;
    let away = other.url("/consent").to_string();
    let framed = move |address: &str| {
        let text = Value::from(POLICY);
        html(&format!(
            "<div id=app></div><iframe src='{address}' style='position: fixed; inset: 0; width: 100%; height: 100%'></iframe>
             <script>onmessage = (event) => {{ document.querySelector('iframe').remove();
             app.innerHTML = {text} + '<p>Chosen: ' + event.data + '.</p>' }}</script>"
        ))
    };
    let server = Server::start(move |asked: &Asked| match asked.path() {
        "/frame" => framed("/consent"),
        "/frame-of-another-site" => framed(&away),
        "/consent" => html(
            "<p>We use cookies and ask for your consent to that, and to some more.</p>
             <input type=text name=trap style='display: none'><input name=other style='position: absolute; left: -9999px'>
             <button onclick=\"parent.postMessage('few', '*')\">Only necessary cookies</button>",
        ),
        "/policy-in-a-frame" => html(
            "<p>Acme.</p><iframe src='/framed' style='position: fixed; inset: 0; width: 100%; height: 100%'></iframe>",
        ),
        "/framed" => html(&format!(
            "{POLICY}<p>Our newsletter says how we use cookies.</p><form><input type=email><input type=submit value=Continue \
             onclick=\"event.preventDefault(); fetch('/pressed')\"></form>"
        )),
        "/shadow" => scripted(
            "customElements.define('x-box', class extends HTMLElement { connectedCallback() {
                 const root = this.attachShadow({ mode: 'open' });
                 root.innerHTML = '<div style=\"position: fixed; inset: 0; background: white\"><p>We use cookies and ask for your consent to all of them.</p><div role=button>Reject all</div></div>';
                 root.querySelector('[role=button]').onclick = () => { this.remove(); app.innerHTML = POLICY + '<p>Chosen: few.</p>' } } });
             customElements.define('x-cmp', class extends HTMLElement { connectedCallback() {
                 this.attachShadow({ mode: 'open' }).innerHTML = '<x-box></x-box>' } });
             document.body.append(document.createElement('x-cmp'))",
        ),
        "/two-dialogues" => scripted(
            "const box = document.createElement('div'); box.setAttribute('role', 'dialog');
             box.style = 'position: fixed; inset: 0; background: white'; document.body.append(box);
             box.innerHTML = '<p>We and our many partners use cookies. Do you give your consent to that?</p><button>More options</button>';
             box.querySelector('button').onclick = () => {
                 box.innerHTML = '<p>Cookie settings: necessary ones are on, marketing is off.</p><button>Save and exit</button>';
                 box.querySelector('button').onclick = () => { box.remove(); app.innerHTML = POLICY + '<p>Chosen: few.</p>' } }",
        ),
        _ => vec![Act::Send(answer("404 Not Found", "", b"nothing"))],
    })
    .await;
    let paths = ["/frame", "/frame-of-another-site", "/shadow", "/two-dialogues"];
    assert_whole(&server, &paths, &browser).await;
    for path in paths {
        assert!(reading(&server, path, &browser).await.unwrap().text().contains("Chosen: few."), "{path}");
    }
    assert_whole(&server, &["/policy-in-a-frame"], &browser).await;
    assert!(server.asked().iter().all(|asked| asked.path() != "/pressed"), "what is no dialogue is left alone");
}

/// In the words of the languages: what is asked, "no" and "yes".
#[tokio::test]
async fn dialogues_are_answered_in_their_own_language() {
    let Some(browser) = browser() else { return };
    const ASKED: [(&str, &str, &str, &str); 8] = [
        ("uk", "Ми просимо вашу згоду на файли cookie.", "Лише необхідні", "Прийняти всі"),
        ("ru", "Мы просим вашего согласия на обработку данных.", "Отклонить все", "Принять все"),
        ("pl", "Prosimy o zgodę na pliki cookie.", "Nie zgadzam się", "Zgadzam się"),
        ("cs", "Prosíme o váš souhlas se sledováním.", "Pouze nezbytné", "Souhlasím"),
        ("hu", "A hozzájárulását kérjük a követéshez.", "Összes elutasítása", "Összes elfogadása"),
        ("el", "Ζητούμε τη συγκατάθεσή σας.", "Απόρριψη όλων", "Αποδοχή όλων"),
        ("tr", "Bu sitede çerez kullanılır.", "Tümünü reddet", "Tümünü kabul et"),
        ("zz", "GDPR: we ask you.", "Do not accept", "Accept"),
    ];
    let server = Server::start(|asked: &Asked| {
        let Some((_, asks, no, yes)) = ASKED.iter().find(|(code, ..)| asked.path().trim_matches('/') == *code) else {
            return vec![Act::Send(answer("404 Not Found", "", b"nothing"))];
        };
        scripted(&format!(
            "const box = document.createElement('div'); box.style = 'position: fixed; inset: 0; background: white';
             box.innerHTML = '<p>{asks} Acme</p><button>{yes}</button><button>{no}</button>'; document.body.append(box);
             for (const button of box.children) button.onclick = () => {{ box.remove();
                 app.innerHTML = POLICY + '<p>Chosen: ' + button.textContent + '.</p>' }}"
        ))
    })
    .await;
    for (code, _, no, _) in ASKED {
        let text = reading(&server, &format!("/{code}"), &browser).await.unwrap().text();
        assert!(text.contains(&format!("Chosen: {no}.")), "{code}: {text}");
    }
}

/// What buttons say, ranked in the browser by the table that the dialogues are answered by.
#[tokio::test]
async fn no_is_told_from_yes_in_every_language() {
    const RANKED: &str = include_str!("../../src/fetch/browser/labels.js");
    const PAIRS: &[(&str, &str)] = &[
        ("Reject all", "Accept all"),
        ("I do not agree", "I agree"),
        ("I disagree", "I agree"),
        ("Don’t allow", "Allow"),
        ("Nicht akzeptieren", "Akzeptieren"),
        ("Ich stimme nicht zu", "Zustimmen"),
        ("Nicht zustimmen", "Alle akzeptieren"),
        ("Je refuse", "J’accepte"),
        ("Ne pas accepter", "Accepter"),
        ("No acepto", "Acepto"),
        ("Non accetto", "Accetto"),
        ("Não aceito", "Aceito"),
        ("No accepto", "Accepto"),
        ("Niet akkoord", "Akkoord"),
        ("Niet accepteren", "Nu accepteren"),
        ("Nie akceptuję", "Akceptuję"),
        ("Nie zgadzam się", "Zgadzam się"),
        ("Nesouhlasím", "Souhlasím"),
        ("Nepřijmout", "Přijmout"),
        ("Neprijať", "Prijať"),
        ("Nesúhlasím", "Súhlasím"),
        ("Nem fogadom el", "Elfogadom"),
        ("Nu accept", "Accept"),
        ("Nu sunt de acord", "Accept toate"),
        ("Не приемам", "Приемам"),
        ("Не съм съгласен", "Съгласен съм"),
        ("Не приймаю", "Приймаю"),
        ("Не дозволяти", "Дозволити"),
        ("Не принимать", "Принимать"),
        ("Не разрешать", "Разрешить"),
        ("Не согласен", "Согласен"),
        ("Не прихватам", "Прихватам"),
        ("Ne prihvaćam", "Prihvaćam"),
        ("Ne strinjam se", "Strinjam se"),
        ("Ne sprejmem", "Sprejmem"),
        ("Δεν αποδέχομαι", "Αποδέχομαι"),
        ("Δεν συμφωνώ", "Συμφωνώ"),
        ("Kabul etmiyorum", "Kabul ediyorum"),
        ("Kabul etme", "Kabul et"),
        ("Nesutinku", "Sutinku"),
        ("Nepiekrītu", "Piekrītu"),
        ("Ei nõustu", "Nõustun"),
        ("En hyväksy", "Hyväksyn"),
        ("Älä hyväksy", "Hyväksy kaikki"),
        ("Godkänn inte", "Godkänn"),
        ("Ikke godta", "Godta"),
        ("Tillad ikke", "Tillad"),
        ("Tillad ikke cookies", "Tillad alle"),
        ("Accepter ikke", "Accepter alle"),
        ("同意しない", "同意する"),
        ("不同意", "同意"),
        ("不接受", "接受"),
        ("동의하지 않음", "동의함"),
        ("غير موافق", "موافق"),
        ("لا أوافق", "أوافق"),
        ("לא מסכים", "מסכים"),
        ("Tidak setuju", "Setuju"),
        ("Không đồng ý", "Đồng ý"),
        ("ไม่ยอมรับ", "ยอมรับ"),
        ("ไม่ยินยอม", "ยอมรับทั้งหมด"),
    ];
    // Neither of them: disclaimers, thanks, and what keeps no for something else.
    const OTHERS: &[(&str, i64)] = &[
        ("Отказ от ответственности", -1),
        ("Відмова від відповідальності", -1),
        ("Terima kasih", -1),
        ("Disclaimer", -1),
        ("Continuer en acceptant", 3),
        ("Zustimmen und nicht mehr anzeigen", 3),
        ("Nicht notwendige Cookies akzeptieren", 3),
        ("Accept, do not show again", 3),
        ("Accept non-necessary", 3),
        ("Accept non-essential cookies only", 3),
        ("Only non-essential cookies", -1),
        ("Reject non-essential", 0),
        ("Continue without non-essential cookies", 0),
        ("Nur nicht notwendige Cookies akzeptieren", 3),
        ("Nur nicht erforderliche", -1),
        ("Akzeptiere nicht notwendige Cookies", 3),
        ("Alle nicht notwendigen ablehnen", 0),
        ("Accepter non nécessaires", 3),
        ("Refuser les cookies non nécessaires", 0),
        ("Accepteer niet-noodzakelijke cookies", 3),
        ("Accepteer niet noodzakelijke cookies", 3),
        ("Accepteer", 3),
        ("Weiger niet-noodzakelijke cookies", 0),
        ("Tillad ikke-nødvendige cookies", 3),
        ("Godta ikke nødvendige cookies", 3),
        ("Acceptera icke nödvändiga", 3),
        ("Accetta non necessari", 3),
        ("Tylko niezbędne", 0),
        ("Jen nezbytné", 0),
        ("Nur unbedingt erforderliche", 0),
        ("Отказ от cookie", 0),
        ("Nur notwendige Cookies akzeptieren", 0),
    ];
    let Some(browser) = browser() else { return };
    let both = PAIRS.iter().flat_map(|(no, yes)| [(*no, 0), (*yes, 3)]);
    let table = Value::from(both.chain(OTHERS.iter().copied()).map(|row| serde_json::json!(row)).collect::<Vec<_>>());
    let server = Server::start(move |_: &Asked| {
        scripted(&format!(
            "const rank = {RANKED};
             const wrong = {table}.filter(([label, expected]) => rank(label) !== expected).map(([label]) => label);
             app.innerHTML = POLICY + '<p>Ranked wrongly: ' + (wrong.join(', ') || 'none of them') + '.</p>'"
        ))
    })
    .await;
    let text = reading(&server, "/ranked", &browser).await.unwrap().text();
    assert!(text.contains("Ranked wrongly: none of them."), "{text}");
}

#[tokio::test]
async fn walls_are_named_and_a_challenge_that_passes_is_waited_for() {
    let Some(browser) = browser() else { return };
    let server = Server::start(|asked: &Asked| match asked.path() {
        "/webdriver" => scripted(
            "if (navigator.webdriver || /policywatch/i.test(navigator.userAgent)) {
                 document.title = 'Access denied';
                 app.innerHTML = '<h1>Access denied</h1><p>Automated requests from your browser were detected. Please verify you are human.</p>';
             } else app.innerHTML = POLICY",
        ),
        "/passes" if asked.header("cookie").is_some_and(|cookie| cookie.contains("seen=1")) => html(POLICY),
        "/passes" => html(
            "<h1>Checking your browser</h1><p>Please wait while we verify that you are a human.</p>
             <script>setTimeout(() => { document.cookie = 'seen=1'; location.reload() }, 3000)</script>",
        ),
        "/never-passes" => vec![Act::Send(answer(
            "403 Forbidden",
            "content-type: text/html\r\n",
            b"<title>Just a moment...</title><h1>Checking your browser before accessing</h1><p>Enable JavaScript and cookies \
              to continue.</p><script>setInterval(() => location.reload(), 2500)</script>",
        ))],
        "/captcha" => vec![Act::Send(answer(
            "403 Forbidden",
            "content-type: text/html\r\n",
            b"<h1>Are you a robot?</h1><p>Please complete the CAPTCHA to continue.</p><iframe src=/images title=captcha></iframe>",
        ))],
        _ => vec![Act::Send(answer("404 Not Found", "", b"nothing"))],
    })
    .await;
    assert_whole(&server, &["/passes"], &browser).await;
    for path in ["/webdriver", "/never-passes", "/captcha"] {
        let refused = reading(&server, path, &browser).await.unwrap_err();
        assert_eq!(refused.why.as_str(), "bot_wall", "{path}: {refused}");
    }
}

#[tokio::test]
async fn a_page_of_two_hundred_megabytes_ends_at_a_limit() {
    let Some(browser) = browser() else { return };
    let server = Server::start(|_: &Asked| {
        scripted(
            "app.innerHTML = POLICY; const words = '<p>' + 'kettle '.repeat(1000) + '</p>';
             for (let i = 0; i < 30000; i += 100) app.insertAdjacentHTML('beforeend', words.repeat(100))",
        )
    })
    .await;
    let failed = rendered(&server, "/", browser).await.unwrap_err();
    assert!(matches!(failed.as_str(), "browser" | "too_large"), "{failed}");
    assert!(failed.to_string().contains("raise"), "it says which limit: {failed}");
}
