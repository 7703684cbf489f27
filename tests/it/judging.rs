//! Changes of every kind that people follow policies for, one sentence each, and what only
//! looks like one: whatever else becomes of the rules, these are told and those are not.

use policywatch::judgment::Materiality;

/// A policy with one sentence of each kind. Made up.
fn policy(at: &str, says: &str) -> String {
    let say = |name: &str, usual: &str| if name == at { says.to_owned() } else { usual.to_owned() };
    format!(
        "# Kettle Privacy Policy\n\
         \n\
         Last updated: 3 March 2024\n\
         \n\
         ## Introduction\n\
         \n\
         This policy explains how Kettle Ltd handles information about you when you use our kettles and the app that comes with them.\n\
         \n\
         ## What we collect\n\
         \n\
         We collect your name, your e-mail address and the times at which you boil water. {collect}\n\
         \n\
         - your date of birth\n\
         - the model of your kettle\n\
         {items}\n\
         ## How we share it\n\
         \n\
         {share}\n\
         \n\
         We never publish your boiling times.\n\
         \n\
         ## How long we keep it\n\
         \n\
         {keep}\n\
         \n\
         ## Your rights\n\
         \n\
         {rights}\n\
         \n\
         ## Disputes\n\
         \n\
         {law}\n\
         \n\
         ## Changes\n\
         \n\
         {changes}\n\
         \n\
         ## Contact\n\
         \n\
         {contact}\n\
",
        collect = say("collect", ""),
        items = say("items", ""),
        share = say("share", "We share your address with carriers so that they can deliver your kettle."),
        keep = say("keep", "We keep your order for 30 days."),
        rights = say("rights", "You may ask us for a copy of your data by writing to privacy@kettle.test."),
        law = say("law", "These terms are governed by the laws of Ireland."),
        changes = say("changes", "We will tell you by e-mail at least 30 days before a change takes effect."),
        contact = say("contact", "Kettle Ltd, 1 Spout Street, Dublin. Call us on +353 1 555 0100."),
    )
}

/// What changed: the place, before, after, and the severity that it has at least.
#[rustfmt::skip]
const TOLD: [(&str, &str, &str, u8); 54] = [
    ("share", "Steam Mail\n\nnewsletters, Canada", "Steam Mail\n\nexcept the orders of schools\n\nnewsletters, Canada", 1),
    ("share", "We share your address with carriers so that they can deliver your kettle.", "We sell your address to carriers so that they can deliver your kettle.", 2),
    ("share", "We do not sell your personal data.", "We may sell your personal data.", 3),
    ("share", "We do not share your data with advertisers.", "We share your data with advertisers.", 2),
    ("share", "We will not share your data without your consent.", "We will not share your data.", 1),
    ("share", "We share your data only with carriers.", "We share your data with carriers.", 1),
    ("share", "We share your data with carriers.", "We share your data with carriers and advertisers.", 1),
    ("share", "We share your data with carriers and repair shops.", "We share your data with carriers, insurers and repair shops.", 1),
    ("keep", "We keep your order for 30 days.", "We keep your order for 90 days.", 1),
    ("keep", "We keep your order for 30 days.", "We keep your order for as long as we like.", 1),
    ("keep", "We delete logs after 12 months.", "We delete logs after 24 months.", 1),
    ("keep", "We keep it 30 days", "We keep it 31 days", 1),
    ("collect", "", "We also collect your precise location.", 1),
    ("collect", "We collect your e-mail address.", "We collect your e-mail address and a scan of your face.", 1),
    ("items", "", "- a scan of your face\n", 1),
    ("items", "", "- your voice\n", 1),
    ("items", "- your phone number\n", "", 1),
    ("rights", "You may ask us for a copy of your data by writing to privacy@kettle.test.", "You may ask us for a copy of your data by writing to dpo@kettle.test.", 1),
    ("rights", "You may object to marketing at any time.", "", 1),
    ("rights", "We process it on the basis of your consent.", "We process it on the basis of our legitimate interest.", 2),
    ("rights", "Marketing mail is sent only if you opt in.", "Marketing mail is sent unless you opt out.", 2),
    ("rights", "You can cancel within 14 days for a full refund.", "You can cancel within 7 days for a full refund.", 1),
    ("law", "These terms are governed by the laws of Ireland.", "These terms are governed by the laws of Delaware.", 2),
    ("law", "These terms are governed by the laws of Ireland.", "Any dispute will be settled by binding arbitration, and you waive your right to a class action.", 3),
    ("changes", "We will tell you by e-mail at least 30 days before a change takes effect.", "We will post changes on this page.", 1),
    ("changes", "We will tell you by e-mail at least 30 days before a change takes effect.", "We will tell you by e-mail at least 14 days before a change takes effect.", 1),
    ("changes", "Changes apply to new orders.", "Changes apply to new orders and to data already collected.", 1),
    ("contact", "The controller is Kettle Ltd.", "The controller is Kettle Holdings Inc.", 2),
    ("collect", "You must be at least 13 years old to use the app.", "You must be at least 16 years old to use the app.", 2),
    ("collect", "We may use your messages to improve the app.", "We may use your messages to train artificial intelligence models.", 2),
    ("collect", "", "We use your recordings to train our machine learning models.", 3),
    ("share", "You grant us a licence to show your photos in the app.", "You grant us a perpetual, irrevocable licence to use your photos for any purpose.", 3),
    ("share", "We must inform you of a breach within 72 hours.", "We may inform you of a breach.", 2),
    ("share", "The price is $10 a month.", "The price is $15 a month.", 1),
    ("share", "Your subscription ends after one year.", "Your subscription renews automatically after one year.", 2),
    ("collect", "We do not use cookies.", "We use cookies.", 1),
    ("share", "We transfer data within the European Union.", "We transfer data to the United States.", 1),
    ("share", "Wir geben Ihre Daten nicht an Dritte weiter.", "Wir geben Ihre Daten an Dritte weiter.", 2),
    ("share", "Nous ne vendons pas vos données.", "Nous vendons vos données.", 2),
    ("share", "We share your data with service providers.", "We share your data with service providers and our affiliates.", 1),
    ("share", "We may suspend your account with 30 days' notice.", "We may suspend your account at any time without notice.", 1),
    ("share", "We share it with Steamworks Ltd.", "We share it with Boilerhouse GmbH.", 1),
    ("changes", "We will post notices on our website or send them to your account.", "We will post notices on our website.", 1),
    ("share", "If you buy paid recipes, the price list holds.", "If you use paid recipes, the price list holds.", 2),
    ("rights", "E-mail: datarequests@kettle.test", "E-mail: datarequests@spout.test", 1),
    ("rights", "Exercise these rights with our contact form.", "Exercise these rights through our support portal.", 1),
    ("share", "A record is opened with two keys.", "A record is opened with one key.", 1),
    ("share", "We may share your recipes with shops.", "We share your recipes with shops.", 1),
    ("share", "Nous pouvons partager vos recettes.", "Nous partagerons vos recettes.", 1),
    ("law", "Irish law applies.", "Irish law applies. Please read our club rules, under which you waive a jury trial.", 1),
    ("law", "Irish law applies.", "Irish law applies. This section covers all disputes, and you waive your right to a jury trial.", 1),
    ("share", "We share it with carriers.", "We share it with carriers. See our price page: we charge 5 euros a month.", 1),
    ("keep", "You may cancel within 30 days. We refund you within 14 days.", "You may cancel within 14 days. We refund you within 30 days.", 1),
    ("share", "Les journaux sont partagés chaque semaine.", "Les journaux sont partagés chaque trimestre.", 1),
];

/// What nobody wants to be woken for.
#[rustfmt::skip]
const NOT_TOLD: [(&str, &str, &str); 17] = [
    ("contact", "Kettle Ltd, 1 Spout Street, Dublin. Call us on +353 1 555 0100.", "Kettle Ltd, 1 Spout St., Dublin. Call us on +353 (0)1 555 0100."),
    ("contact", "Kettle Ltd, 1 Spout Street, Dublin. Call us on +353 1 555 0100.", "Kettle Ltd, 2 Handle Road, Cork. Call us on +353 1 555 0100."),
    ("share", "We share your address with carriers so that they can deliver your kettle.", "We share your address with carriers, so that they can deliver your kettle."),
    ("share", "We share your address with carriers so that they can deliver your kettle.", "We share your address with carriers in order that they can deliver your kettle."),
    ("share", "See section 4.2 for more.", "See section 5.2 for more."),
    ("share", "Learn more in our help center.", "Find out more in our help center."),
    ("share", "We honor your choices.", "We honour your choices."),
    ("share", "We dont share it.", "We don't share it."),
    ("share", "We share it with carriers. We keep records.", "We keep records. We share it with carriers."),
    ("share", "We share it with carriers.We keep records.", "We share it with carriers. We keep records."),
    ("share", "We share it with the post, 40 Bank Street, Dublin 4.", "We share it with the post, 7 Harbour Road, Dublin 4."),
    ("share", "", "How do we share what you write?"),
    ("share", "", "The following table lists with whom we share recipes."),
    ("share", "", "This policy is based on a template of the Kettle Makers' Guild."),
    ("share", "Contact us to ask with whom.", "Contact us through our support portal to ask with whom."),
    ("share", "Nous partageons vos recettes depuis le 27 février 2026.", "Nous partageons vos recettes depuis le 2 mars 2026."),
    ("rights", "You can withdraw at shop@kettle.testof the app.", "You can withdraw at shop@kettle.test of the app."),
];

#[test]
fn what_people_follow_policies_for_is_told() {
    for (at, before, after, severity) in TOLD {
        let (_, judgment) = super::comparing::judged(&policy(at, before), &policy(at, after));
        let told = (judgment.materiality, judgment.severity >= severity);
        assert_eq!(told, (Materiality::Material, true), "{before} → {after}: {judgment:#?}");
    }
}

#[test]
fn what_only_looks_like_it_is_not() {
    for (at, before, after) in NOT_TOLD {
        let (_, judgment) = super::comparing::judged(&policy(at, before), &policy(at, after));
        assert_ne!(judgment.materiality, Materiality::Material, "{before} → {after}: {judgment:#?}");
    }
}
