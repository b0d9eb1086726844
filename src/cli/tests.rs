use super::*;

#[test]
fn every_command_that_acts_is_one() {
    for path in acts::ACTS {
        let mut command = Cli::command();
        for name in path.split(' ') {
            let below = command.find_subcommand(name).cloned();
            command = below.unwrap_or_else(|| panic!("there is no {path}"));
        }
    }
}
