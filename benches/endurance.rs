//! The long form of the fault tests: 5,000 kills, 5,000 simulated lives, 200 restores that are killed beside logs of
//! other databases, 200 messages of every service in every fault, some hours; 100 seasons of a small county; 300 years
//! in which files, people, places and campaigns change at random; 100 rounds of 500 people for 50 seats; 30,000 random
//! files, a third of them workbooks; 1,000 broken workbooks for one daemon; and thirty days of five campaigns over
//! 20,000 people. `DOSEPLAN_KILLS`, `DOSEPLAN_SEEDS`, `DOSEPLAN_RESTORES`, `DOSEPLAN_GATEWAY_MESSAGES`,
//! `DOSEPLAN_FUTURES`, `DOSEPLAN_SEQUENCES`, `DOSEPLAN_RACES`, `DOSEPLAN_FUZZ`, `DOSEPLAN_WORKBOOKS` and
//! `DOSEPLAN_VOICE` give other numbers, 0 leaves one out. A seed that fails is printed.

use std::process::Command;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for (name, count, target, tests) in [
        ("DOSEPLAN_FUZZ", "30000", &["--lib"][..], &["fuzz", "intake::tests::properties"][..]),
        ("DOSEPLAN_KILLS", "5000", &["--test", "all"], &["faults::kills::"]),
        ("DOSEPLAN_SEEDS", "5000", &["--test", "all"], &["faults::simulation::"]),
        ("DOSEPLAN_WORKBOOKS", "1000", &["--test", "all"], &["hostile::broken"]),
        ("DOSEPLAN_RACES", "100", &["--test", "all"], &["booking::race"]),
        ("DOSEPLAN_RESTORES", "200", &["--test", "all"], &["faults::restores::"]),
        ("DOSEPLAN_GATEWAY_MESSAGES", "200", &["--test", "all"], &["faults::gateways::"]),
        ("DOSEPLAN_SEQUENCES", "300", &["--test", "all"], &["sequences::"]),
        ("DOSEPLAN_FUTURES", "100", &["--test", "all"], &["world::"]),
        ("DOSEPLAN_VOICE", "20000", &["--test", "all"], &["one_voice::"]),
    ] {
        let count = std::env::var(name).unwrap_or_else(|_| count.to_owned());
        if count == "0" {
            continue;
        }
        println!("{} {name}={count}", tests.join(" "));
        let ran = Command::new(env!("CARGO"))
            .args(["test", "--locked"])
            .args(target)
            .arg("--")
            .args(tests)
            .arg("--nocapture")
            .env(name, count)
            .status()?;
        if !ran.success() {
            return Err(format!("{tests:?} {ran}").into());
        }
    }
    Ok(())
}
