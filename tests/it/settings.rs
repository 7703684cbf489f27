//! Stories of those who say what they want to hear: thresholds, practices, rules of their
//! own, why somebody was told, and what other settings would have told.

use serde_json::Value;

use crate::desk::{Desk, GONE, MAY, WILL_NOT, policy};
use crate::world::Loopback;

const OLD_DATE: &str = "Last updated on 5 May 2024. We share your data with nobody.";
const NEW_DATE: &str = "Last updated on 6 June 2025. We share your data with nobody.";
const RULE: &str = "[[rule]]\nid = \"nobody\"\npattern = 'with nobody'\nwhen = \"added\"\nseverity = 2\n\
                    practice = \"sharing_sale\"\nwhy = \"a promise to follow\"\n\
                    fires_on = [\"We share it with nobody.\"]\nsilent_on = [\"We share it with somebody.\"]\n";

/// A company's server on loopback, and a desk that follows its policy.
struct Office {
    loopback: Loopback,
    desk: Desk,
    _runtime: tokio::runtime::Runtime,
}

impl Office {
    /// Follows the policy with these settings of the watch and these further tables.
    fn new(watch: &str, tables: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let loopback = runtime.block_on(Loopback::start());
        let office = Self { loopback, desk: Desk::new(), _runtime: runtime };
        office.configure(watch, tables);
        office
    }

    fn configure(&self, watch: &str, tables: &str) {
        let store = self.desk.path("policywatch.db");
        let page = self.loopback.url("/privacy");
        self.desk.write(
            "policywatch.toml",
            format!(
                "[store]\npath = {store:?}\n[fetch]\nallow = [\"127.0.0.1\"]\npause_per_host = \"0s\"\n\
                 [[watch]]\nid = \"acme\"\nurl = \"{page}\"\n{watch}\n{tables}"
            ),
        );
    }

    /// Serves this sentence in the policy, and looks at it.
    fn fetch(&self, sentence: &str) {
        self.loopback.serve("/privacy", policy(sentence));
        self.desk.run(&["fetch", "acme"]).exits(0);
    }

    /// How many alerts a channel has written.
    fn alerts(&self, channel: &str) -> usize {
        let written = std::fs::read_to_string(self.desk.path(&format!("{channel}.ndjson")));
        written.map_or(0, |written| written.lines().count())
    }

    fn why(&self, what: &str) -> Value {
        self.desk.run(&["why", what, "--json"]).exits(0).objects().remove(0)
    }

    fn backtest(&self, arguments: &[&str]) -> Vec<Value> {
        let ended = self.desk.run(&[&["backtest", "--json"], arguments].concat()).exits(0);
        ended.objects()
    }
}

/// A channel that writes to a file of its name.
fn channel(name: &str, asks: &str) -> String {
    format!("[[channel]]\nname = \"{name}\"\nkind = \"file\"\npath = \"{name}.ndjson\"\n{asks}\n")
}

#[test]
fn each_channel_is_told_what_it_asks_for() {
    let channels = [
        channel("all", ""),
        channel("grave", "min_severity = 3"),
        channel("kids", "practices = [\"children\"]"),
        channel("trade", "practices = [\"children\", \"sharing_sale\"]"),
        channel("deaf", "ignore_practices = [\"sharing_sale\"]"),
    ];
    let office = Office::new("", &channels.concat());
    office.fetch(WILL_NOT);
    office.fetch(MAY);
    let told = ["all", "grave", "kids", "trade", "deaf"].map(|channel| office.alerts(channel));
    assert_eq!(told, [1, 1, 0, 1, 0]);

    let why = office.why("acme@2");
    let reason = |channel: &str| {
        let told = why["told"].as_array().unwrap().iter().find(|told| told["channel"] == channel).unwrap();
        (told["told"].as_bool().unwrap(), told["reason"].as_str().map(str::to_owned))
    };
    assert_eq!(reason("all"), (true, None));
    let declined = |why: &str| (false, Some(why.to_owned()));
    assert_eq!(reason("kids"), declined("channel kids: it is about sharing_sale, which is not followed"));
    assert_eq!(reason("deaf"), declined("channel deaf: it is about sharing_sale, which is ignored"));
    // For people, too.
    office.desk.run(&["why", "acme"]).exits(0).prints("channel deaf: it is about sharing_sale");
    office.desk.run(&["log", "acme", "--json"]).exits(0).prints("\"material\"");
}

#[test]
fn a_watch_may_ask_for_less_than_its_channels() {
    let office = Office::new("ignore_practices = [\"sharing_sale\"]", &channel("desk", ""));
    office.fetch(WILL_NOT);
    office.fetch(MAY);
    assert_eq!(office.alerts("desk"), 0);
    let why = office.why("acme");
    assert_eq!(why["told"][0]["reason"], "watch acme: it is about sharing_sale, which is ignored");
    assert_eq!(why["change"]["materiality"], "material", "what is not told is judged all the same");
}

#[test]
fn a_rule_of_ones_own_is_told_and_cited() {
    let office = Office::new("", &format!("{}{RULE}", channel("desk", "")));
    office.fetch("We share your data with carriers.");
    office.fetch("We share your data with carriers. Kettles are shared with nobody.");
    assert_eq!(office.alerts("desk"), 1);
    let why = office.why("acme");
    let finding = &why["change"]["findings"][0];
    assert_eq!((&finding["rule"], &finding["severity"]), (&Value::from("own.nobody"), &Value::from(2)));
    assert_eq!(finding["why"], "a promise to follow");
    assert!(finding["after"].as_str().unwrap().contains("with nobody"), "{finding}");
    let source = why["sources"]["own.nobody"].as_str().unwrap();
    assert!(source.starts_with("your own, ") && source.contains("policywatch.toml:"), "{source}");
    assert_eq!(why["facts"]["own_rules"][0], "own.nobody");
    // Rules judge; they do not read: other rules make no version.
    office.configure("", &channel("desk", ""));
    office.fetch("We share your data with carriers. Kettles are shared with nobody.");
    assert_eq!(office.desk.run(&["log", "acme", "--json"]).exits(0).objects().len(), 2);
    office.desk.run(&["why", "acme@2"]).exits(0).prints("your own, which the configuration lacks now");
}

#[test]
fn a_rule_that_fails_its_examples_puts_nothing_in_force() {
    let rule = RULE.replace("with nobody'", "with no one'");
    let office = Office::new("", &rule);
    let checked = office.desk.run(&["config", "check"]).exits(2);
    insta::assert_snapshot!(checked.out.replace(&format!("{}/", office.desk.path("").display()), ""), @r#"
    error: rule "nobody" does not fire on example 1 of its fires_on
      --> policywatch.toml:17:13
       |
    17 | fires_on = ["We share it with nobody."]
       |             ^^^^^^^^^^^^^^^^^^^^^^^^^^
       = hint: it fires when words that match `with no one` come; mend pattern, when or example

    1 problem; nothing is in force until it is mended
    "#);
    office.desk.run(&["fetch", "acme"]).exits(2).says("rule \"nobody\" does not fire on example 1 of its fires_on");
}

#[test]
fn why_explains_what_changed_nothing_and_what_could_not_be_read() {
    let office = Office::new("", &channel("desk", ""));
    office.fetch(OLD_DATE);
    office.desk.run(&["why", "acme"]).exits(0).prints("the first text on record");
    office.fetch(NEW_DATE);
    let editorial = office.why("acme");
    assert_eq!((&editorial["outcome"], &editorial["version"]), (&Value::from("changed"), &Value::from(2)));
    assert_eq!(editorial["change"]["materiality"], "editorial");
    assert_eq!(editorial["change"]["noise"][0]["kind"], "date_only");
    let reason = "watch acme: editorial is below material";
    assert_eq!((&editorial["told"][0]["told"], &editorial["told"][0]["reason"]), (&false.into(), &reason.into()));
    office.desk.run(&["why", "acme@2"]).exits(0).prints("a date ").prints(reason).prints("EDITORIAL");

    office.fetch(NEW_DATE);
    office.desk.run(&["why", "acme"]).exits(0).prints("the same text as v2").prints("policywatch why acme@v2");
    office.loopback.serve_with("/privacy", 404, GONE);
    office.desk.run(&["fetch", "acme"]).exits(3);
    let gone = office.why("acme");
    assert_eq!((&gone["outcome"], &gone["change"]), (&Value::from("unreadable"), &Value::Null));
    office.desk.run(&["why", "acme"]).exits(0).prints("NOT_FOUND").prints("v2 stays the text of record");
    // Each check can be named, and what there is not is said.
    let number = gone["check"].to_string();
    office.desk.run(&["why", "acme", "--check", &number]).exits(0).prints("NOT_FOUND");
    office.desk.run(&["why", "acme", "--check", "99"]).exits(2).says("watch \"acme\" has no check 99");
    office.desk.run(&["why", "acme@2", "--check", "1"]).exits(2).says("both named");
    office.desk.run(&["why", "acne"]).exits(2).says("did you mean \"acme\"?");
}

#[test]
fn backtest_shows_which_alerts_would_appear_and_disappear() {
    let office = Office::new("", &channel("desk", ""));
    office.fetch(WILL_NOT);
    office.fetch(MAY);
    office.fetch(&format!("{MAY} Our mascot: the zebra."));
    let before = office.desk.run(&["log", "acme", "--checks", "--json"]).exits(0).out;

    let same = office.backtest(&[]);
    assert_eq!(same.len(), 1, "today's code judges as it did: {same:?}");
    assert_eq!((&same[0]["total"]["changes"], &same[0]["total"]["alerts_now"]), (&2.into(), &1.into()));

    let rules = "[[rule]]\nid = \"mascot\"\npattern = 'zebra'\nwhen = \"added\"\nseverity = 1\nwhy = \"w\"\n\
                 fires_on = [\"A zebra.\"]\n\
                 [[rule]]\nid = \"no-sale\"\npattern = 'sell'\nwhen = \"mentioned\"\nseverity = 0\nwhy = \"w\"\n\
                 fires_on = [\"We sell.\"]\nwatches = [\"acme\"]\n";
    office.desk.write("trial.toml", rules);
    let differs = office.backtest(&["acme", "--rules", "trial.toml"]);
    let effects: Vec<_> = differs[..2].iter().map(|row| (row["version"].clone(), row["effect"].clone())).collect();
    assert_eq!(effects, [(2.into(), "disappears".into()), (3.into(), "appears".into())]);
    assert_eq!((&differs[0]["recorded"]["severity"], &differs[0]["now"]["severity"]), (&3.into(), &0.into()));
    assert_eq!(differs[1]["now"]["rules"][0], "own.mascot");
    assert_eq!((&differs[2]["total"]["appear"], &differs[2]["total"]["disappear"]), (&1.into(), &1.into()));
    let shown = office.desk.run(&["backtest", "--rules", "trial.toml"]).exits(0);
    let says = "1 watch, 2 changes judged again: 1 alert as recorded, 1 now: 1 appears, 1 disappears";
    assert!(shown.out.contains(says), "{}", shown.out);

    let wide = office.backtest(&["--alert-at", "editorial"]);
    assert_eq!(wide.last().unwrap()["total"]["alerts_now"], 2);
    assert_eq!(office.backtest(&["--alert-at", "editorial", "--min-severity", "1"]).len(), 1);
    assert_eq!(office.backtest(&["--to", "2001"]).last().unwrap()["total"]["changes"], 0);

    let bad = rules.replace("A zebra.", "A horse.");
    office.desk.write("trial.toml", bad);
    office.desk.run(&["backtest", "--rules", "trial.toml"]).exits(2).says("rule \"mascot\" does not fire on example 1");
    office.desk.run(&["backtest", "--disable", "no.rule"]).exits(2);
    // Nothing was recorded, and nobody was told.
    assert_eq!(office.desk.run(&["log", "acme", "--checks", "--json"]).exits(0).out, before);
    assert_eq!(office.alerts("desk"), 1);
}

#[test]
fn two_files_are_compared_by_the_rules_of_the_configuration() {
    let desk = Desk::new();
    let page = |says: &str| format!("# Policy\n\nWe make shoes and maps for everybody.\n\n## Animals\n\n{says}\n");
    desk.write("old.md", page("A horse is our mascot here."));
    desk.write("new.md", page("A zebra is our mascot here."));
    let rule = |fires: &str| {
        format!(
            "[[rule]]\nid = \"mascot\"\npattern = 'zebra'\nwhen = \"added\"\nseverity = 3\nwhy = \"w\"\nfires_on = [\"{fires}\"]\n"
        )
    };
    desk.write("own.toml", rule("A zebra."));
    let compared = |config: &str| desk.run(&["--config", config, "compare", "--json", "old.md", "new.md"]);
    let judged: Value = serde_json::from_str(&compared("own.toml").exits(0).out).unwrap();
    assert_eq!((&judged["severity"], &judged["findings"][0]["rule"]), (&3.into(), &"own.mascot".into()));
    // For a watch alone it says nothing of files.
    desk.write(
        "own.toml",
        format!("{}watches = [\"acme\"]\n[[watch]]\nid = \"acme\"\nurl = \"http://127.0.0.1:9/\"\n", rule("A zebra.")),
    );
    let judged: Value = serde_json::from_str(&compared("own.toml").exits(0).out).unwrap();
    assert_ne!(judged["findings"][0]["rule"], "own.mascot");
    desk.write("own.toml", rule("A horse."));
    compared("own.toml").exits(2).says("does not fire on example 1");
}

#[test]
fn a_rule_of_the_program_can_be_done_without() {
    let office = Office::new("", &channel("desk", ""));
    office.fetch(WILL_NOT);
    office.fetch(MAY);
    let rules: Vec<String> = office.why("acme")["change"]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["rule"].as_str().unwrap().to_owned())
        .collect();
    let without: Vec<&str> = rules.iter().flat_map(|rule| ["--disable", rule]).collect();
    let differs = office.backtest(&without);
    assert_eq!((&differs[0]["effect"], &differs[0]["now"]["severity"]), (&"disappears".into(), &0.into()));
    // In the configuration as well.
    office.configure(&format!("alternation = \"0s\"\ndisable_rules = {rules:?}"), &channel("desk", ""));
    office.fetch(WILL_NOT);
    let noise = office.why("acme")["change"]["noise"].clone();
    assert!(noise.as_array().unwrap().iter().any(|noise| noise["kind"] == "disabled_rule"), "{noise}");
}
