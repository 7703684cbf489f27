//! Arguments to [`policywatch::cli`], its answer to an exit code.

fn main() {}
