//! `doseplan national duplicates`: files that are the same child.

use super::national_base::{Counted, tell};
use super::output::{Format, Sheet};
use super::{Invocation, exit};
use crate::app::national::Nothing;
use crate::domain::national::{DuplicateKey, merged};
use chrono::NaiveDate;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Duplicates {
    #[command(flatten)]
    pub(super) counted: Counted,
}

impl Duplicates {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let Some((national, ())) = self.counted.count(invocation, Nothing).await? else {
            return Ok(exit::CONFIGURATION);
        };
        let out = invocation.out;
        let is_for_people = out.format == Format::Table;
        let (folder, rules) = (&national.folder, &national.rules);
        let mut sheet =
            Sheet::new(&["file", "other_file", "keys", "doses", "kept", "merged_doses"]);
        for pair in &folder.persons.pairs {
            let [first, second] = [pair.first, pair.second].map(|at| &folder.dossiers[at]);
            let keys = pair.keys.iter().map(|key| match (key, is_for_people) {
                (DuplicateKey::IdNumber, true) => out.word("web-national-key-number"),
                (DuplicateKey::Guardian, true) => out.word("web-national-key-guardian"),
                (DuplicateKey::IdNumber, false) => "name+id_no".to_owned(),
                (DuplicateKey::Guardian, false) => "name+sex+born+guardian".to_owned(),
            });
            let kept = merged(&[first, second], rules);
            let (kept, doses) = kept.map_or((String::new(), 0), |(id, doses)| (id, doses));
            sheet.push(vec![
                first.file.id.to_string(),
                second.file.id.to_string(),
                keys.collect::<Vec<_>>().join(if is_for_people { "; " } else { " " }),
                format!("{}+{}", first.doses.len(), second.doses.len()),
                kept,
                doses.to_string(),
            ]);
        }
        out.sheet(&sheet);
        Ok(tell(invocation, &national, NaiveDate::MIN, false))
    }
}
