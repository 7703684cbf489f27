//! The privacy policy of a made-up company, in its editions. Every word is invented.

/// What differs from edition to edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The date that the policy claims.
    pub updated: &'static str,
    /// How long deleted files stay.
    pub deleted_after: &'static str,
    /// Whether `Security` stands before `Cookies`.
    pub security_first: bool,
    /// Whether advertising partners receive data.
    pub advertising: bool,
    /// What the company says about selling data.
    pub sale: &'static str,
}

/// One section of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its heading.
    pub heading: &'static str,
    /// Its paragraphs and lists.
    pub blocks: Vec<Block>,
}

/// A paragraph, or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// Items of a list.
    List(Vec<&'static str>),
}

use Block::List;

fn text(words: &str) -> Block {
    Block::Text(words.to_owned())
}

/// The promise that the company makes at first.
pub const WILL_NOT_SELL: &str = "We will not sell your personal information to anyone, and we will not share the \
    contents of your files with third parties for their own purposes.";
/// What becomes of it.
pub const MAY_SELL: &str = "We may sell your personal information to selected partners, and we may share the \
    contents of your files with third parties for their own purposes.";

/// What stands before the first heading.
pub fn introduction() -> [Block; 2] {
    [
        text(
            "Halcyon Storage keeps files for people and small businesses. This policy explains what we learn about \
             you when you use our website, our desktop program and our storage service, what we do with it, and what \
             you can decide. It applies to visitors, to people with a free account and to paying customers.",
        ),
        text(
            "Please read it together with our terms of service. If you do not agree with it, please do not use the \
             service. In this policy, personal information means anything that identifies you or could reasonably be \
             linked to you.",
        ),
    ]
}

/// The sections of an edition, in its order.
pub fn parts(facts: &Facts) -> Vec<Part> {
    let mut parts = vec![collect(), use_of()];
    parts.push(share(facts));
    let (cookies, security) = (cookies(), security());
    parts.extend(if facts.security_first { [security, cookies] } else { [cookies, security] });
    parts.extend([keep(facts), choices(), children(), transfers(), changes(), contact()]);
    parts
}

fn collect() -> Part {
    Part {
        heading: "Information We Collect",
        blocks: vec![
            text(
                "We collect information that you give us when you open an account, store files, pay for a plan or \
                 write to our support team. This includes:",
            ),
            List(vec![
                "your name, your e-mail address and the password that you choose",
                "your billing address and the last four digits of your payment card",
                "the files that you store, with their names, sizes and dates",
                "the messages that you send to our support team",
            ]),
            text(
                "When you use the service, our servers also record your IP address, the kind of device and program, \
                 the pages that you visit and the time of each request. We use these records to keep the service \
                 running and to find faults.",
            ),
            text(
                "We do not look into your files. Our systems read them only as far as it is needed to store them, to \
                 show you previews and to find damaged copies.",
            ),
        ],
    }
}

fn use_of() -> Part {
    Part {
        heading: "How We Use Information",
        blocks: vec![
            text("We use personal information for the following purposes:"),
            List(vec![
                "to provide the service, to keep your files available and to restore them after a failure",
                "to charge for paid plans and to send invoices and receipts",
                "to answer your questions and to tell you about planned maintenance",
                "to find and stop misuse of the service, such as the spreading of harmful programs",
                "to learn which functions are used and to improve them",
            ]),
            text(
                "We send a newsletter only to people who have asked for it. Every issue holds a link with which you \
                 can end it at once.",
            ),
        ],
    }
}

fn share(facts: &Facts) -> Part {
    let mut recipients = vec![
        "payment processors, who handle card payments for us",
        "data centre operators, who run the machines on which your files lie",
        "professional advisers, such as auditors, who are bound to secrecy",
    ];
    if facts.advertising {
        recipients.push(
            "advertising partners, who receive your e-mail address and the pages that you visit in order to show you \
             targeted advertising on other websites",
        );
    }
    Part {
        heading: "How We Share Information",
        blocks: vec![
            text(facts.sale),
            text("We disclose personal information to the following recipients, and only as far as they need it:"),
            List(recipients),
            text(
                "We also disclose information where a law, a court or an authority with the power to do so requires \
                 it. We tell the person concerned before we do so, unless we are forbidden to.",
            ),
            text(
                "If our company or a part of it is sold, your information may pass to the buyer. We will tell you \
                 before it becomes subject to another privacy policy.",
            ),
        ],
    }
}

fn cookies() -> Part {
    Part {
        heading: "Cookies",
        blocks: vec![
            text(
                "Our website sets a cookie that keeps you signed in and another one that remembers your language. \
                 Both are needed for the service and expire after one year at the latest. You can delete cookies in \
                 your browser at any time; you will then have to sign in again.",
            ),
            text(
                "We count visits to our public pages with a tool that runs on our own machines. It stores no names \
                 and shortens IP addresses before they are written down.",
            ),
        ],
    }
}

fn security() -> Part {
    Part {
        heading: "Security",
        blocks: vec![
            text(
                "Files and account data are encrypted on their way to us and on our disks. Only a small number of \
                 trained employees can reach the machines that hold them, and every access is recorded.",
            ),
            text(
                "No system is perfectly safe. If we learn of a breach that puts your information at risk, we will \
                 tell you and the competent authority without undue delay.",
            ),
        ],
    }
}

fn keep(facts: &Facts) -> Part {
    Part {
        heading: "How Long We Keep Information",
        blocks: vec![
            text("We keep your files and your account data for as long as your account is open."),
            Block::Text(format!(
                "When you delete a file or close your account, we erase the data from our systems within {}. Copies \
                 in our backups are overwritten within the same time.",
                facts.deleted_after
            )),
            text(
                "Invoices are kept for as long as tax law demands it. The records of our servers are erased after \
                 fourteen days, unless they are needed to investigate misuse.",
            ),
        ],
    }
}

fn choices() -> Part {
    Part {
        heading: "Your Choices and Rights",
        blocks: vec![
            text(
                "You can see, correct and export your account data on the settings page. You can ask us for a copy \
                 of everything that we hold about you, and you can ask us to erase it. We answer within one month and \
                 do not charge for it.",
            ),
            text(
                "Where we rely on your consent, you can withdraw it at any time. If you believe that we do not treat \
                 your information as the law demands, you can complain to the data protection authority of your \
                 country.",
            ),
        ],
    }
}

fn children() -> Part {
    Part {
        heading: "Children",
        blocks: vec![text(
            "The service is not made for children. We do not knowingly collect personal information from anyone under \
             the age of sixteen. If you believe that a child has opened an account, please tell us and we will close \
             it.",
        )],
    }
}

fn transfers() -> Part {
    Part {
        heading: "Where Information Is Stored",
        blocks: vec![text(
            "Your files lie in data centres in Ireland and Iceland. Our support team in Canada can see account data \
             while it works on a question of yours. Where information leaves the country in which you \
             live, we protect it by contract.",
        )],
    }
}

fn changes() -> Part {
    Part {
        heading: "Changes to This Policy",
        blocks: vec![text(
            "We may change this policy from time to time. If a change is important, we will announce it on this page \
             and by e-mail at least thirty days before it takes effect.",
        )],
    }
}

fn contact() -> Part {
    Part {
        heading: "Contact Us",
        blocks: vec![text(
            "Questions about this policy are welcome at privacy@halcyon.test, or by letter to Halcyon Storage, Privacy \
             Desk, 14 Lantern Quay, Port Ellery. Please name the e-mail address of your account.",
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edition_has_the_length_of_a_real_policy() {
        let facts = Facts {
            updated: "June 1, 2009",
            deleted_after: "30 days",
            security_first: false,
            advertising: false,
            sale: WILL_NOT_SELL,
        };
        let words: usize = introduction()
            .into_iter()
            .chain(parts(&facts).into_iter().flat_map(|part| part.blocks))
            .map(|block| match block {
                Block::Text(text) => text.split_whitespace().count(),
                List(items) => items.iter().map(|item| item.split_whitespace().count()).sum(),
            })
            .sum();
        assert!((600..=910).contains(&words), "{words} words");
    }
}
