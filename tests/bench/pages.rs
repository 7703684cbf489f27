//! Policies of a made-up company, in the styles that pages come in: the same bytes at
//! every run, in sizes from a few kilobytes to two megabytes.

/// How a page is made around its text.
type Style = fn(&mut Dice, usize) -> String;

/// The styles, by what is special in them.
const STYLES: [(&str, Style); 6] = [
    ("by hand", by_hand),
    ("layout tables", layout_tables),
    ("content manager", content_manager),
    ("app shell", app_shell),
    ("accordion", accordion),
    ("cookie list", cookie_list),
];

/// How many sections the pages have, small ones more often than large ones.
const SECTIONS: [usize; 7] = [4, 8, 8, 16, 16, 40, 250];

/// All pages, with their names.
pub fn all() -> impl Iterator<Item = (String, Vec<u8>)> {
    (1..=8_u64).flat_map(|round| {
        STYLES.iter().flat_map(move |(name, style)| {
            SECTIONS.iter().enumerate().map(move |(at, sections)| {
                let mut dice = Dice(round * 1_000 + at as u64);
                (format!("{name} of {sections} sections, {round}"), style(&mut dice, *sections).into_bytes())
            })
        })
    })
}

/// Numbers that look like chance: splitmix64 (Steele, Lea and Flood, 2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides.max(1) as u64) as usize
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

const WHO: [&str; 7] = [
    "We",
    "Our partners",
    "Service providers",
    "Acme Kettles",
    "Advertisers",
    "You",
    "Our affiliates in other countries",
];
const DOES: [&str; 8] = [
    "collect",
    "may share",
    "will process",
    "do not sell",
    "retain",
    "can delete",
    "must protect",
    "are responsible for",
];
const WHAT: [&str; 9] = [
    "personal data",
    "your <a href=\"/cookies\">cookies</a>",
    "the <b>e-mail address</b> that you give us",
    "information about your device &amp; browser",
    "payment details",
    "records of what you bought",
    "your consent",
    "the content that you upload",
    "data of children under 13",
];
const WHY: [&str; 8] = [
    "to provide the service",
    "for purposes of security",
    "where the law requires it",
    "unless you object",
    "for as long as your account is open",
    "on the legal basis of our legitimate interests (Art. 6)",
    "for up to 24 months",
    "to measure advertising – with your consent",
];
const TITLES: [&str; 8] = [
    "Information we collect",
    "How we use it",
    "With whom we share it",
    "Your rights",
    "International transfers",
    "Retention",
    "Security",
    "Changes to this policy",
];

fn paragraph(dice: &mut Dice) -> String {
    let sentences = 2 + dice.roll(5);
    let sentence = |_| format!("{} {} {} {}.", dice.pick(&WHO), dice.pick(&DOES), dice.pick(&WHAT), dice.pick(&WHY));
    (0..sentences).map(sentence).collect::<Vec<_>>().join(" ")
}

/// Sections as headings and paragraphs, each put into markup.
fn sections(dice: &mut Dice, count: usize, heading: fn(usize, &str) -> String, text: fn(&str) -> String) -> String {
    let mut out = String::new();
    for number in 1..=count {
        out += &heading(number, dice.pick(&TITLES));
        for _ in 0..2 + dice.roll(4) {
            out += &text(&paragraph(dice));
        }
        if dice.roll(2) == 0 {
            let items: String = (0..3 + dice.roll(5)).map(|_| format!("<li>{}</li>\n", paragraph(dice))).collect();
            out += &format!("<ul>\n{items}</ul>\n");
        }
    }
    out
}

fn menu(dice: &mut Dice, entries: usize, class: &str) -> String {
    let entry = |n| {
        format!(
            "<li class=\"{class}__item\"><a class=\"{class}__link\" href=\"/p/{n}?utm_source=menu\">{} {n}</a></li>",
            dice.pick(&TITLES)
        )
    };
    format!("<ul class=\"{class}\">{}</ul>", (0..entries).map(entry).collect::<String>())
}

/// Code as bundlers write it.
fn code(dice: &mut Dice, statements: usize) -> String {
    let statement = |_| {
        let (a, b, c) = (dice.roll(900), dice.roll(900), dice.roll(900));
        format!(
            "!function(e,t){{var n{a}=e[{b}]||{{}};if(n{a}<t&&t>{c}){{n{a}.x=\"<p>k{c}</p>\".replace(/<\\/?p>/g,'')}}}}(window,{c});"
        )
    };
    (0..statements).map(statement).collect()
}

fn rules(dice: &mut Dice, count: usize) -> String {
    (0..count)
        .map(|_| {
            format!(
                ".c-{}>a:hover{{margin:0 {}px;color:#{:06x}}}\n",
                dice.roll(9_999),
                dice.roll(64),
                dice.roll(1 << 24)
            )
        })
        .collect()
}

/// As people wrote pages in 1996: capitals, unclosed paragraphs, `font`.
fn by_hand(dice: &mut Dice, count: usize) -> String {
    let text = sections(
        dice,
        count,
        |number, title| format!("<P><B>{number}. {title}</B>\n"),
        |words| format!("<P><FONT FACE=\"Arial\" SIZE=2>{words}\n"),
    );
    format!(
        "<HTML><HEAD><TITLE>Acme Kettles - Privacy Policy</TITLE></HEAD><BODY BGCOLOR=white><CENTER><H1>Privacy Policy</H1></CENTER>{text}<HR><A HREF=index.html>Home</A></BODY></HTML>"
    )
}

fn layout_tables(dice: &mut Dice, count: usize) -> String {
    let side: String = (0..12).map(|n| format!("<tr><td><a href=/m{n}>{}</a></td></tr>", dice.pick(&TITLES))).collect();
    let text = sections(
        dice,
        count,
        |number, title| format!("<table width=100%><tr><td bgcolor=#eeeeee><b>{number}. {title}</b></td></tr></table>"),
        |words| format!("<table border=0><tr><td><img src=s.gif width=8></td><td>{words}<br><br></td></tr></table>"),
    );
    format!(
        "<html><head><title>Privacy</title></head><body><table><tr><td valign=top><table>{side}</table></td><td><h2>Privacy policy</h2>{text}</td></tr></table></body></html>"
    )
}

/// Wrappers, menus, styles and scripts around an article.
fn content_manager(dice: &mut Dice, count: usize) -> String {
    let (head, top, foot) = (rules(dice, 400), menu(dice, 60, "main-nav"), menu(dice, 40, "site-footer"));
    let text = sections(
        dice,
        count,
        |number, title| {
            format!(
                "<div class=\"wp-block-group is-layout-flow\"><h2 id=\"s{number}\" class=\"wp-block-heading\">{title}</h2></div>\n"
            )
        },
        |words| {
            format!(
                "<div class=\"wp-block-column\" style=\"flex-basis:100%\" data-id=\"7\"><p class=\"has-text-align-left\"><span style=\"font-weight: 400;\">{words}</span></p></div>\n"
            )
        },
    );
    let scripts: String = (0..20).map(|_| format!("<script async>{}</script>\n", code(dice, 40))).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Privacy Policy | Acme Kettles</title><style>{head}</style></head><body class=\"page page-id-3\"><header class=\"site-header\"><nav>{top}</nav></header><div id=\"cookie-banner\" class=\"banner\"><p>We use cookies.</p><button>Accept</button><button>Reject</button></div><main><article><h1>Privacy Policy</h1><p>Last updated: 1 March 2024</p>{text}</article></main><footer>{foot}<p>© Acme Kettles</p></footer>{scripts}</body></html>"
    )
}

/// Much more script than text.
fn app_shell(dice: &mut Dice, count: usize) -> String {
    let (style, first, state) = (rules(dice, 3_000), code(dice, 1_500), code(dice, 2_500));
    let top = menu(dice, 150, "css-1x2y3z");
    let text = sections(
        dice,
        count,
        |number, title| {
            format!(
                "<section class=\"css-{number}k css-1qq\" data-testid=\"s\"><div><div><h3 class=\"css-h\"><span>{title}</span></h3></div></div></section>"
            )
        },
        |words| {
            format!(
                "<div class=\"css-9a css-8b\"><div class=\"css-7c\"><p class=\"css-p\" data-reactid=\"1\">{words}</p></div></div>"
            )
        },
    );
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><title>Privacy Policy</title><style data-emotion=\"css\">{style}</style><script>{first}</script></head><body><div id=\"__next\"><div class=\"css-0\">{top}<div role=\"main\"><h1>Privacy Policy</h1>{text}</div></div></div><script>self.state=[\"{}\"]</script></body></html>",
        state.replace('"', "\\\"")
    )
}

fn accordion(dice: &mut Dice, count: usize) -> String {
    let text = sections(
        dice,
        count,
        |number, title| {
            format!(
                "</div><button class=\"accordion__button\" aria-expanded=\"false\" aria-controls=\"p{number}\"><span>{number}. {title}</span><svg viewBox=\"0 0 9 9\"><path d=\"M1 1l4 4\"/></svg></button><div class=\"accordion__panel\" id=\"p{number}\" hidden>"
            )
        },
        |words| format!("<p>{words}</p>\n"),
    );
    format!(
        "<!doctype html><html lang=en><title>Privacy notice</title><body><div class=content><h1>Privacy notice</h1><div>{text}</div></div></body></html>"
    )
}

/// Tables of cookies, row by row.
fn cookie_list(dice: &mut Dice, count: usize) -> String {
    let mut tables = String::new();
    for number in 1..=count {
        tables += &format!(
            "<h2>{number}. {}</h2><p>{}</p><table class=\"cookies\"><thead><tr><th>Cookie</th><th>Purpose</th><th>Duration</th></tr></thead><tbody>",
            dice.pick(&TITLES),
            paragraph(dice)
        );
        for _ in 0..10 + dice.roll(20) {
            tables += &format!(
                "<tr><td>_ac_{}</td><td>{}</td><td>{} days</td></tr>",
                dice.roll(9_999),
                paragraph(dice),
                dice.roll(700)
            );
        }
        tables += "</tbody></table>";
    }
    format!(
        "<!doctype html><html lang=en><head><title>Cookie policy – Acme Kettles</title></head><body><nav>{}</nav><h1>Cookie policy</h1>{tables}</body></html>",
        menu(dice, 20, "nav")
    )
}
