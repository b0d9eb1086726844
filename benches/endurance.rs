//! The long form of the fault tests: 5,000 kills, 5,000 simulated lives, 200 restores that are killed beside logs of
//! other databases; some hours. `DOSEPLAN_KILLS`, `DOSEPLAN_SEEDS` and `DOSEPLAN_RESTORES` give other numbers, 0
//! leaves one out. A seed that fails is printed.

use std::process::Command;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for (name, count, test) in [
        ("DOSEPLAN_KILLS", "5000", "faults::kills::"),
        ("DOSEPLAN_SEEDS", "5000", "faults::simulation::"),
        ("DOSEPLAN_RESTORES", "200", "faults::restores::"),
    ] {
        let count = std::env::var(name).unwrap_or_else(|_| count.to_owned());
        if count == "0" {
            continue;
        }
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
