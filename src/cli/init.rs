//! `init`: a commented configuration to begin with.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::Exit;
use super::complaint::Complaint;
use super::console::Console;

/// Every key, with its default and unit.
const EXAMPLE: &str = include_str!("../../config.example.toml");

/// Where to.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Examples:
  policywatch init
  policywatch init /etc/policywatch/policywatch.toml"#)]
pub struct Args {
    /// The file to write
    #[arg(default_value = "policywatch.toml", value_name = "FILE")]
    path: PathBuf,
}

/// Writes the configuration; never over a file.
pub fn run(args: Args, console: &Console) -> anyhow::Result<Exit> {
    let path = console.config.as_deref().unwrap_or(&args.path);
    write(path)?;
    if console.json {
        console.object(&serde_json::json!({ "path": path.display().to_string() }))?;
    } else {
        console.line(format!("{} wrote {}", console.paint.green("✓"), path.display()))?;
        console.say("");
        console.say("It follows nothing yet. Next:");
        for (command, what) in [
            ("policywatch add URL", "finds a company's policies, and adds them"),
            ("policywatch config check", "says what is in force, and what is wrong"),
            ("policywatch fetch --all", "reads every page once"),
            ("policywatch run", "watches from then on"),
        ] {
            console.say(format!("  {}  {what}", console.paint_err.cyan(format!("{command:<24}"))));
        }
    }
    Ok(Exit::Done)
}

fn write(path: &Path) -> anyhow::Result<()> {
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = opened.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Complaint::usage(format!("{} exists already", path.display()))
            .hint("name another file: policywatch init FILE"),
        _ => Complaint::failed(format!("could not write {}: {error}", path.display()))
            .hint("name a file in a directory that you may write to: policywatch init FILE"),
    })?;
    file.write_all(following_nothing(EXAMPLE).as_bytes())?;
    Ok(())
}

/// A configuration whose watches are comments: who only tries the program asks nobody.
fn following_nothing(example: &str) -> String {
    let mut out = String::with_capacity(example.len() + 1_000);
    let (mut of_watch, mut said) = (false, false);
    for line in example.lines() {
        if line.starts_with('[') {
            of_watch = line.starts_with("[[watch]]");
        }
        let is_set = of_watch && !line.is_empty() && !line.starts_with('#');
        if is_set && !said {
            out.push_str("# Nothing yet: the tables below are examples.\n");
            said = true;
        }
        out.push_str(if is_set { "# " } else { "" });
        out.push_str(line);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watches_are_comments_and_all_else_stays() {
        let example = "[a]\nb = 1\n\n[[watch]]\n# What.\nid = \"x\"\n\n[[watch]]\nid = \"y\"\n\n# C.\n[[c]]\nd = 2\n";
        let written = "[a]\nb = 1\n\n# Nothing yet: the tables below are examples.\n# [[watch]]\n# What.\n# id = \"x\"\n\n\
                       # [[watch]]\n# id = \"y\"\n\n# C.\n[[c]]\nd = 2\n";
        assert_eq!(following_nothing(example), written);
    }
}
