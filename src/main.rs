//! The `doseplan` program: arguments in, exit code out.

use std::process::ExitCode;

/// Rows and strings live for a moment and are many: with the system's allocator a replayed day takes a sixth longer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    doseplan::cli::main()
}
