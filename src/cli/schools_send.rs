//! `doseplan schools send` and `doseplan schools correct`.

use super::output::{Format, Sheet, harmless};
use super::schools_print::withdrawn_told;
use super::usage_errors::Remedy;
use super::{Invocation, exit, parse_day};
use crate::app::school_mails::ListSent;
use crate::app::schools::{Correction, PaperKind, school_called};
use crate::app::{App, Loaded};
use crate::domain::id::{AreaCode, PersonId};
use crate::domain::permission::Actor;
use crate::domain::schools::ConsentAnswer;
use chrono::NaiveDate;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Send {
    /// The form for what guardians answer, instead of the list for a visit
    #[arg(long, conflicts_with = "missed")]
    consent: bool,
    /// Those who missed a visit, instead of the list for one
    #[arg(long)]
    missed: bool,
    /// Visits on this day [default: the next visit of each class]; of those missed: by its end [default: today]
    #[arg(long, value_parser = parse_day, conflicts_with = "consent")]
    day: Option<NaiveDate>,
    /// Only this school, by code or name
    #[arg(long)]
    school: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Correct {
    /// A code of the register
    person: String,
    /// The answer that is right
    #[arg(value_parser = parse_answer)]
    answer: ConsentAnswer,
    /// Why it is corrected
    #[arg(long)]
    reason: String,
    /// Who answered [default: as it was entered]
    #[arg(long)]
    by: Option<String>,
}

fn parse_answer(text: &str) -> Result<ConsentAnswer, Remedy> {
    ConsentAnswer::from_word(text.trim()).ok_or_else(|| Remedy::new("write-yes-no"))
}

/// The school that is asked for, by code or name; `None`: all.
pub(super) fn asked_school<'a>(
    invocation: &Invocation,
    loaded: &'a Loaded,
    asked: Option<&str>,
) -> anyhow::Result<Option<&'a AreaCode>> {
    let Some(text) = asked else { return Ok(None) };
    let found = school_called(&loaded.campaign, text);
    let text = harmless(text);
    let found =
        found.ok_or_else(|| invocation.out.fail("schools-no-school", &[("school", &text)]))?;
    Ok(Some(found))
}

impl Send {
    pub(super) async fn run(
        &self,
        invocation: &Invocation,
        (app, loaded): (&App, &Loaded),
    ) -> anyhow::Result<u8> {
        let school = asked_school(invocation, loaded, self.school.as_deref())?;
        let today = invocation.today(loaded);
        let kind = match (self.consent, self.missed) {
            (true, _) => PaperKind::Consent,
            (_, true) => PaperKind::Missed(self.day.unwrap_or(today).min(today)),
            _ => PaperKind::Visit(self.day),
        };
        let (by, now) = (Actor::CommandLine, invocation.clock.now());
        let sent = app.send_school_papers(loaded, (kind, school), (by, now)).await?;
        if invocation.out.format == Format::Json {
            invocation.out.json(&sent);
        } else {
            let mut sheet = Sheet::new(&["school", "name", "people", "state"]);
            for one in &sent {
                let state = match invocation.out.format {
                    Format::Table => {
                        let key = one.sent.word().replace('_', "-");
                        invocation.out.word(&format!("schools-list-{key}"))
                    }
                    Format::Json | Format::Csv => one.sent.word().to_owned(),
                };
                let people = one.people.to_string();
                sheet.push(vec![one.school.to_string(), harmless(&one.name), people, state]);
            }
            invocation.out.sheet(&sheet);
        }
        let number = |what: ListSent| sent.iter().filter(|one| one.sent == what).count();
        let left = number(ListSent::NoContact) + number(ListSent::Unroutable);
        let said: [(&str, &dyn std::fmt::Display); 2] =
            [("count", &number(ListSent::Queued)), ("left", &left)];
        invocation.out.note("schools-sent", &said);
        Ok(if left == 0 { exit::OK } else { exit::FAILED })
    }
}

impl Correct {
    pub(super) async fn run(
        &self,
        invocation: &Invocation,
        (app, loaded): (&App, &Loaded),
    ) -> anyhow::Result<u8> {
        let right = Correction {
            person: PersonId::new(self.person.trim()),
            answer: self.answer,
            reason: self.reason.clone(),
            given_by: self.by.clone(),
        };
        let (by, now) = (Actor::CommandLine, invocation.clock.now());
        let withdrawn = app.correct_consent(loaded, &right, (by, now)).await?;
        let person = harmless(right.person.as_str());
        invocation.out.note("schools-corrected", &[("person", &person)]);
        withdrawn_told(invocation, loaded, &withdrawn);
        Ok(exit::OK)
    }
}
