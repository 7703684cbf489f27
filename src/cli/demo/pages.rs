//! The made-up company's pages, in the styles of their years.

use super::policy::{Block, Facts, Part, introduction, parts};

/// How a page is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Nested tables, fonts, headings as bold capitals.
    Tables,
    /// A blog-like theme: `h1`, `h2`, a sidebar.
    Headings,
    /// Numbered clauses in a narrow column.
    Numbered,
    /// A redesign: `div`s with classes, a banner, scripts.
    Redesign,
    /// An application page: every section folds.
    Folding,
}

/// The page of an edition. `visit` varies what varies from visit to visit on real
/// pages: tokens, counters, advertisements.
pub fn page(style: Style, facts: &Facts, visit: u64) -> String {
    match style {
        Style::Tables => tables(facts, visit),
        Style::Headings => headings(facts, visit),
        Style::Numbered => numbered(facts, visit),
        Style::Redesign => redesign(facts, visit),
        Style::Folding => folding(facts, visit),
    }
}

/// A page that keeps robots out.
pub const WALL: &str = r#"<!DOCTYPE html>
<html lang="en-US"><head><title>Just a moment...</title>
<meta http-equiv="content-type" content="text/html; charset=UTF-8"><meta name="robots" content="noindex,nofollow">
<meta http-equiv="refresh" content="390"></head>
<body class="no-js"><div class="main-wrapper" role="main"><div class="main-content">
<h1 class="zone-name-title">halcyon.test</h1>
<h2 id="challenge-running">Checking if the site connection is secure</h2>
<noscript><div id="challenge-error-title">Enable JavaScript and cookies to continue</div></noscript>
<div id="challenge-body-text">halcyon.test needs to review the security of your connection before proceeding.
Please verify you are a human by completing the action below.</div></div></div>
<script>window._cf_chl_opt={cvId:'3',cType:'managed',cRay:'8a1f00d00c0ffee0'};</script>
<div class="footer">Ray ID: <code>8a1f00d00c0ffee0</code> · Performance &amp; security by a gateway</div></body></html>
"#;

/// The company's home page.
pub const HOME: &str = r#"<!DOCTYPE html><html lang="en"><head><title>Halcyon Storage</title></head>
<body><h1>Your files, calm and safe</h1><p>Storage for people and small businesses.</p>
<footer><a href="/privacy">Privacy Policy</a></footer></body></html>
"#;

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Blocks as markup: `p` for paragraphs, `item` for the items of a list between `list`.
fn blocks(blocks: &[Block], paragraph: [&str; 2], list: [&str; 2], item: [&str; 2]) -> String {
    let mut out = String::new();
    for block in blocks {
        match block {
            Block::Text(text) => {
                out.push_str(&format!("{}{}{}\n", paragraph[0], escape(text), paragraph[1]));
            }
            Block::List(items) => {
                let items: String =
                    items.iter().map(|text| format!("{}{}{}\n", item[0], escape(text), item[1])).collect();
                out.push_str(&format!("{}\n{items}{}\n", list[0], list[1]));
            }
        }
    }
    out
}

fn tables(facts: &Facts, visit: u64) -> String {
    let plain = |text: &[Block]| blocks(text, ["<P>", "</P>"], ["<UL>", "</UL>"], ["<LI>", ""]);
    let body: String = parts(facts)
        .iter()
        .map(|Part { heading, blocks }| format!("<P><B>{}</B></P>\n{}", heading.to_uppercase(), plain(blocks)))
        .collect();
    format!(
        r##"<HTML><HEAD><TITLE>Halcyon Storage - Privacy Policy</TITLE>
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=iso-8859-1"></HEAD>
<BODY BGCOLOR="#FFFFFF" LINK="#003366"><TABLE WIDTH="760" BORDER="0" CELLPADDING="0" CELLSPACING="0" ALIGN="center">
<TR><TD COLSPAN="2" BGCOLOR="#003366"><FONT COLOR="#FFFFFF" SIZE="5">Halcyon Storage</FONT></TD></TR>
<TR><TD WIDTH="150" VALIGN="top" BGCOLOR="#EEEEEE"><FONT SIZE="2"><A HREF="/">Home</A><BR><A HREF="/plans">Plans</A><BR>
<A HREF="/download">Download</A><BR><A HREF="/support">Support</A><BR><A HREF="/login">Log in</A></FONT></TD>
<TD WIDTH="610" VALIGN="top"><FONT FACE="Verdana" SIZE="2">
<P><FONT SIZE="4"><B>PRIVACY POLICY</B></FONT></P>
<P>Last updated: {}</P>
{}{body}</FONT></TD></TR>
<TR><TD COLSPAN="2" ALIGN="center"><FONT SIZE="1">Copyright Halcyon Storage. All rights reserved. You are visitor number
{}.</FONT></TD></TR></TABLE></BODY></HTML>
"##,
        facts.updated,
        plain(&introduction()),
        184_203 + visit
    )
}

fn headings(facts: &Facts, visit: u64) -> String {
    let plain = |text: &[Block]| blocks(text, ["<p>", "</p>"], ["<ul>", "</ul>"], ["<li>", "</li>"]);
    let body: String =
        parts(facts).iter().map(|Part { heading, blocks }| format!("<h2>{heading}</h2>\n{}", plain(blocks))).collect();
    format!(
        r##"<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" lang="en"><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8" />
<title>Privacy Policy | Halcyon Storage</title><link rel="stylesheet" href="/css/site.css?v={visit}" /></head>
<body><div id="header"><a href="/"><img src="/img/logo.png" alt="Halcyon Storage" /></a>
<ul id="menu"><li><a href="/tour">Tour</a></li><li><a href="/plans">Plans &amp; pricing</a></li><li><a href="/blog">Blog</a></li></ul></div>
<div id="wrapper"><div id="content"><h1>Privacy Policy</h1>
<p><em>Last updated: {}</em></p>
{}{body}</div>
<div id="sidebar"><h3>Try it free</h3><p>Ten gigabytes, no card needed.</p><form action="/signup?t={visit:08x}"><input name="email" />
<input type="submit" value="Sign up" /></form></div></div>
<div id="footer"><a href="/privacy">Privacy</a> | <a href="/terms">Terms</a> | <a href="/jobs">Jobs</a></div></body></html>
"##,
        facts.updated,
        plain(&introduction())
    )
}

fn numbered(facts: &Facts, visit: u64) -> String {
    let plain = |text: &[Block]| blocks(text, ["<p>", "</p>"], ["<ul class=\"dash\">", "</ul>"], ["<li>", "</li>"]);
    let body: String = parts(facts)
        .iter()
        .enumerate()
        .map(|(index, Part { heading, blocks })| {
            let number = index + 1;
            format!("<h3 id=\"s{number}\">{number}. {heading}</h3>\n{}", plain(blocks))
        })
        .collect();
    format!(
        r##"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Privacy Policy - Halcyon Storage</title>
<meta name="csrf-token" content="{visit:032x}"></head>
<body><nav class="topbar"><a class="brand" href="/">Halcyon</a><a href="/product">Product</a><a href="/pricing">Pricing</a>
<a href="/signin" class="btn">Sign in</a></nav>
<main class="container legal"><h1>Privacy Policy</h1><p class="meta">Last updated: {}</p>
{}{body}</main>
<footer class="site-footer"><ul><li><a href="/about">About</a></li><li><a href="/privacy">Privacy</a></li>
<li><a href="/terms">Terms</a></li></ul><p>&copy; Halcyon Storage</p></footer></body></html>
"##,
        facts.updated,
        plain(&introduction())
    )
}

fn redesign(facts: &Facts, visit: u64) -> String {
    let plain = |text: &[Block]| {
        blocks(
            text,
            ["<p class=\"t-body\">", "</p>"],
            ["<ul class=\"t-list\">", "</ul>"],
            ["<li class=\"t-list__item\">", "</li>"],
        )
    };
    let body: String = parts(facts)
        .iter()
        .map(|Part { heading, blocks }| {
            format!("<section class=\"l-block\"><h2 class=\"t-head\">{heading}</h2>\n{}</section>\n", plain(blocks))
        })
        .collect();
    format!(
        r##"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Privacy Policy | Halcyon Storage</title><script>window.__visit = "{visit:016x}";</script></head>
<body class="theme-tide"><div class="cookie-banner" role="dialog"><p>We use cookies to keep you signed in.</p><button>OK</button></div>
<header class="l-header"><a href="/" class="logo">Halcyon</a><nav><a href="/personal">Personal</a><a href="/business">Business</a></nav></header>
<div class="l-hero"><h1 class="t-hero">Privacy Policy</h1></div>
<main class="l-page"><p class="t-body">Last updated: {}</p>
{}{body}</main>
<aside class="l-related"><h4>Related</h4><a href="/blog/{visit}">How we build calm software</a></aside>
<footer class="l-footer"><a href="/privacy">Privacy</a><a href="/terms">Terms</a><a href="/status">Status</a></footer></body></html>
"##,
        facts.updated,
        plain(&introduction())
    )
}

fn folding(facts: &Facts, visit: u64) -> String {
    let plain = |text: &[Block]| blocks(text, ["<p>", "</p>"], ["<ul>", "</ul>"], ["<li>", "</li>"]);
    let body: String = parts(facts)
        .iter()
        .enumerate()
        .map(|(index, Part { heading, blocks })| {
            format!(
                "<details id=\"sec-{index}\"{}><summary><h2>{heading}</h2></summary>\n<div class=\"panel\">{}</div></details>\n",
                if index == 0 { " open" } else { "" },
                plain(blocks)
            )
        })
        .collect();
    format!(
        r##"<!DOCTYPE html>
<html lang="en" data-build="{visit:08x}"><head><meta charset="utf-8"><title>Privacy Policy — Halcyon Storage</title>
<meta name="description" content="How Halcyon Storage treats personal information."></head>
<body><div id="app"><div class="shell"><header><a href="/">Halcyon</a><button aria-label="Menu">Menu</button></header>
<div class="view view--legal"><article><h1>Privacy Policy</h1><p>Last updated: {}</p>
{}{body}</article></div>
<footer><nav aria-label="Footer"><a href="/privacy">Privacy</a><a href="/terms">Terms</a><a href="/imprint">Imprint</a></nav></footer>
</div></div><script type="module" src="/assets/app.{visit:08x}.js"></script></body></html>
"##,
        facts.updated,
        plain(&introduction())
    )
}
