//! The practices that a judgment names, and the command that makes the weights for it.

#[path = "../train/fit.rs"]
mod fit;

use std::collections::BTreeSet;

use policywatch::judgment::about::{Evidence, FIGURES, KINDS};
use policywatch::judgment::topics::{PRACTICES, Topics};
use policywatch::judgment::{Judgment, Practice};

fn judged(old: &str, new: &str) -> Judgment {
    super::comparing::judged(old, new).1
}

#[test]
fn sentences_teach_the_same_weights_each_time() {
    let lines = fit::lines(include_str!("../train/sentences.txt")).expect("sound lines");
    for (practice, id, _) in Practice::ALL {
        let of_it = lines.iter().filter(|line| line.practices.contains(&practice)).count();
        assert!(of_it >= 15, "{id} has {of_it} sentences");
    }
    let learned = fit::topics(&lines);
    assert!(learned == fit::topics(&lines));
    // What ships has learned from more, and has not unlearned these.
    for model in [&learned, Topics::shipped()] {
        let right = |line: &&fit::Line| {
            let scores = model.score(&line.text);
            let best = (0..PRACTICES).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).expect("practices");
            line.practices.contains(&Practice::ALL[best].0)
        };
        let right = lines.iter().filter(right).count();
        assert!(right * 10 > lines.len() * 9, "{right} of {}", lines.len());
    }
}

#[test]
fn paragraphs_are_about_what_their_heading_names() {
    let text = super::comparing::reading(
        "# Terms\n## How long we keep data\nLetters are burned when the winter is over.\nToo short.\n\
         Letters are burned when the winter is over.\n## Miscellany\nNothing above says what this sentence is about.\n",
    );
    let mut paragraphs = fit::Paragraphs::default();
    paragraphs.take("somebody", &text.sections);
    let told: Vec<_> = paragraphs.lines.iter().map(|line| (line.practices.as_slice(), line.text.as_str())).collect();
    assert_eq!(told, [(&[Practice::Retention][..], "Letters are burned when the winter is over.")]);
}

#[test]
fn lines_that_name_no_practice_are_refused() {
    assert!(fit::lines("# a remark\n\nretention | kept for a year").is_ok_and(|lines| lines.len() == 1));
    assert!(fit::lines("retentoin | kept for a year").is_err_and(|why| why.contains("unknown practice")));
    assert!(fit::lines("kept for a year").is_err());
}

#[test]
fn the_fit_learns_which_figure_tells() {
    // The third figure says what people named; the others say nothing.
    let mut examples = Vec::new();
    for at in 0..36 {
        let about = Practice::ALL[at % PRACTICES].0;
        let mut figures = [[0.0; FIGURES]; PRACTICES];
        for (n, row) in figures.iter_mut().enumerate() {
            row[0] = ((at * 7 + n * 3) % 5) as f64;
            row[2] = if n == about as usize { 1.0 } else { 0.1 * ((at + n) % 3) as f64 };
        }
        let evidence = Evidence { figures, kinds: [at % 2 == 0, at % 2 == 1, false, false] };
        examples.push(fit::Example { service: format!("s{at}"), evidence, wanted: BTreeSet::from([about]) });
    }
    let (decision, left_out) = fit::tuned(&examples);
    assert!(left_out.f1() > 0.95, "{}", left_out.told());
    assert!(fit::score(&decision, &examples).f1() > 0.95);
    assert!(decision.figures[2] > decision.figures[0].abs());
    assert_eq!(fit::decision(&examples), fit::decision(&examples), "the same weights for the same lines");
    assert_eq!(KINDS.len(), examples[0].evidence.kinds.len());
}

#[test]
fn a_change_is_about_what_its_edits_say() {
    let policy = |middle: &str| {
        format!(
            "# Privacy policy of Lantern Ltd\n\n## What we collect\n\nWe collect your name and your date of birth.\n\n\
             ## How long we keep data\n\nWe keep your data for one year after you leave.\n\n{middle}"
        )
    };
    let plain = policy("## Contact\n\nWrite to the office.\n");
    let cases = [
        (plain.replace("one year", "five years"), Practice::Retention),
        (
            plain.replace(
                "and your date of birth",
                "your date of birth and biometric data such as a print of your face",
            ),
            Practice::DataCollection,
        ),
        (
            policy(
                "## Contact\n\nWrite to the office.\n\n## Sale of data\n\nWe may sell your profile to data brokers.\n",
            ),
            Practice::SharingSale,
        ),
        (
            policy(
                "## Contact\n\nWrite to the office.\n\nAny dispute goes to binding arbitration and you waive class actions.\n",
            ),
            Practice::DisputesLaw,
        ),
    ];
    for (new, wanted) in cases {
        let judgment = judged(&plain, &new);
        assert_eq!(judgment.practices.first(), Some(&wanted), "{new}\n{judgment:#?}");
        assert!(judgment.practices.len() <= 5);
    }
}

#[test]
fn a_host_that_ends_in_ai_is_not_about_artificial_intelligence() {
    let old =
        "# Cookie policy\n\n## Cookies that we set\n\nWe set advertising cookies on shop.example.ai for one year.\n";
    let judgment = judged(old, &old.replace("one year", "two years"));
    assert!(!judgment.practices.contains(&Practice::AiAutomated), "{judgment:#?}");
    assert_eq!(judgment.practices.first(), Some(&Practice::TrackingAds), "{judgment:#?}");
}

#[test]
fn what_does_not_matter_is_about_nothing() {
    let old = "# Privacy policy\n\n## Data\n\nWe collect your name. Last updated: 3 May 2023.\n";
    let judgment = judged(old, &old.replace("3 May 2023", "4 June 2024"));
    assert_eq!(judgment.practices, []);
}
