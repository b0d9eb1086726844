//! The long form of the fault tests: 5,000 kills and 5,000 simulated lives, some hours. `DOSEPLAN_KILLS` and
//! `DOSEPLAN_SEEDS` give other numbers. A seed that fails is printed.

use std::process::Command;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for (name, count, test) in [
        ("DOSEPLAN_KILLS", "5000", "faults::kills::"),
        ("DOSEPLAN_SEEDS", "5000", "faults::simulation::"),
    ] {
        let count = std::env::var(name).unwrap_or_else(|_| count.to_owned());
        println!("{test} {name}={count}");
        let ran = Command::new(env!("CARGO"))
            .args(["test", "--locked", "--test", "all", test, "--", "--nocapture"])
            .env(name, count)
            .status()?;
        if !ran.success() {
            return Err(format!("{test} {ran}").into());
        }
    }
    Ok(())
}
