//! `unpack`: what [`crate::unpack`] runs; hidden, for it is of no use to people.

use std::process::ExitCode;

use super::Exit;
use crate::text::unpack::Packed;
use crate::unpack::serve;

/// What is unpacked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// pdf or docx
    #[arg(value_parser = |word: &str| Packed::parse(word).ok_or("it is neither pdf nor docx"))]
    packed: Packed,
}

/// Reads a document from standard input, writes its blocks to standard output.
pub fn run(args: &Args) -> ExitCode {
    match serve(args.packed) {
        Ok(()) => ExitCode::from(Exit::Done.code()),
        Err(error) => {
            // The first line is what the other side tells people.
            eprintln!("{error}");
            ExitCode::from(Exit::Failed.code())
        }
    }
}
