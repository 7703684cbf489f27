//! Arguments to [`policywatch::cli`], its answer to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    policywatch::cli::main(std::env::args_os())
}
