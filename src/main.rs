//! The `doseplan` program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    doseplan::cli::main()
}
