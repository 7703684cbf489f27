//! Arguments to [`policywatch::cli`], its answer to an exit code.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    policywatch::cli::main(std::env::args_os())
}
