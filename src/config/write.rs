//! Watches as `[[watch]]` tables, for those who bring them from another program.

use std::fmt::Write as _;

use toml::Value;

/// A watch about to be written. What is empty is left out.
#[derive(Clone, Copy, Debug)]
pub struct WatchTable<'a> {
    /// What cannot be said in a key, as comments above the table.
    pub remarks: &'a [String],
    /// Its name.
    pub id: &'a str,
    /// The page.
    pub url: &'a str,
    /// Who publishes.
    pub service: Option<&'a str>,
    /// The kind of text.
    pub policy_type: Option<&'a str>,
    /// What to read.
    pub select: &'a [String],
    /// What to leave out.
    pub remove: &'a [String],
    /// The pages that follow: address, what to read, what to leave out.
    pub pages: &'a [(&'a str, &'a [String], &'a [String])],
    /// How often, in seconds.
    pub every: Option<u64>,
    /// Words for grouping.
    pub tags: &'a [String],
}

/// A watch as the text of a configuration.
pub fn watch_table(watch: &WatchTable<'_>) -> String {
    let mut out = String::new();
    for remark in watch.remarks {
        let line: String = remark.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let _ = writeln!(out, "# {line}");
    }
    out.push_str("[[watch]]\n");
    let _ = writeln!(out, "id = {}\nurl = {}", text(watch.id), text(watch.url));
    for (key, value) in [("service", watch.service), ("type", watch.policy_type)] {
        if let Some(value) = value {
            let _ = writeln!(out, "{key} = {}", text(value));
        }
    }
    for (key, list) in [("select", watch.select), ("remove", watch.remove)] {
        if !list.is_empty() {
            let _ = writeln!(out, "{key} = {}", texts(list));
        }
    }
    if !watch.pages.is_empty() {
        let page = |(url, select, remove): &(&str, &[String], &[String])| {
            format!("{{ url = {}, select = {}, remove = {} }}", text(url), texts(select), texts(remove))
        };
        let _ = writeln!(out, "pages = [{}]", watch.pages.iter().map(page).collect::<Vec<_>>().join(", "));
    }
    if let Some(seconds) = watch.every {
        let _ = writeln!(out, "every = {}", text(&length(seconds)));
    }
    if !watch.tags.is_empty() {
        let _ = writeln!(out, "tags = {}", texts(watch.tags));
    }
    out
}

fn text(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

fn texts(list: &[String]) -> String {
    format!("[{}]", list.iter().map(|one| text(one)).collect::<Vec<_>>().join(", "))
}

/// A length of time in the largest unit that it is a multiple of.
fn length(seconds: u64) -> String {
    let units = [(604_800, "w"), (86_400, "d"), (3600, "h"), (60, "m")];
    let unit = units.into_iter().find(|(length, _)| seconds.is_multiple_of(*length));
    unit.map_or_else(|| format!("{seconds}s"), |(length, unit)| format!("{}{unit}", seconds / length))
}
