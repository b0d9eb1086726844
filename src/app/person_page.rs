//! Somebody of the register as an office sees them: who is found by what is known of them, what a person's page shows.

use super::booking::{Choice, Done, Shown, Wish};
use super::people::PersonFile;
use super::{App, Loaded, Result, today};
use crate::domain::audit::Action;
use crate::domain::calendar::Sessions;
use crate::domain::id::{AreaCode, PersonId};
use crate::domain::permission::{self, Actor, Power, Visits};
use crate::domain::person::Person;
use crate::store::{Tx, bookings, people};
use chrono::{DateTime, NaiveDate, Utc};

/// The most people that a search shows: whoever sees as many asks more narrowly.
pub const FOUND_MAX: usize = 50;
/// Digits of a telephone number or an identity number by which somebody is found: fewer say nothing.
const DIGITS_MIN: usize = 4;
/// Letters of a name by which somebody is found.
const LETTERS_MIN: usize = 2;

/// Somebody who was found.
#[derive(Clone, PartialEq, Eq)]
pub struct Found {
    /// Code of the register.
    pub person: PersonId,
    /// Name; the code where the register has none.
    pub name: String,
    /// Day of birth.
    pub born: NaiveDate,
    /// Where they live.
    pub area: AreaCode,
}

/// A person's page.
pub struct PersonSeen {
    /// All that is known of them.
    pub file: PersonFile,
    /// The appointment to come in this campaign.
    pub appointment: Option<Shown>,
    /// Seats that they can have.
    pub choices: Vec<Choice>,
}

/// Whether something that is asked for is about a person: the code, a part of the name, or the end of a number.
fn is_meant(person: &Person, asked: &str) -> bool {
    let digits: String = asked.chars().filter(char::is_ascii_digit).collect();
    let is_number = digits.len() >= DIGITS_MIN && digits.len() * 2 > asked.chars().count();
    let ends = |number: &Option<String>| {
        number.as_deref().is_some_and(|number| {
            let known: String = number.chars().filter(char::is_ascii_alphanumeric).collect();
            known.to_lowercase().ends_with(&asked.replace([' ', '-'], ""))
        })
    };
    let more = &person.more;
    person.id.as_str().to_lowercase() == asked
        || (asked.chars().count() >= LETTERS_MIN
            && person.name.as_deref().is_some_and(|name| name.to_lowercase().contains(asked)))
        || (is_number && (ends(&person.phone) || ends(&more.guardian_phone) || ends(&more.id_no)))
}

impl App {
    /// People of the register who are meant by what somebody typed, as far as the campaign shows them to `by`; and
    /// whether there are more. The audit log says that somebody searched and how many were found, and not for what: it
    /// may be a name.
    pub async fn search_people(
        &self,
        loaded: &Loaded,
        asked: &str,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<(Vec<Found>, bool)> {
        permission::may(by, Power::People)?;
        let asked = asked.trim().to_lowercase();
        if asked.chars().count() < LETTERS_MIN {
            return Ok((Vec::new(), false));
        }
        let sessions = self.sessions(loaded).await?;
        let mut act = self.act((by, Power::People), Action::SeeRecords, now).await?;
        let tx = act.tx();
        let mut hits: Vec<Person> = Vec::new();
        people::search(tx, &asked, |person| {
            if is_meant(&person, &asked) {
                hits.push(person);
            }
        })
        .await?;
        let (mut found, mut is_more) = (Vec::new(), false);
        for person in hits {
            if self.may_see_person(tx, (loaded, &sessions), &person, by, now).await?.is_err() {
                continue;
            }
            if found.len() == FOUND_MAX {
                is_more = true;
                break;
            }
            let name = person.name.clone().unwrap_or_else(|| person.id.to_string());
            let (born, area) = (person.born, person.area.clone());
            found.push(Found { person: person.id, name, born, area });
        }
        let said = format!("search: {} people", found.len());
        act.commit(Some(loaded.campaign.id.as_str()), &said).await?;
        Ok((found, is_more))
    }

    /// Whether somebody may see a person: by where they are expected in the campaign, else by where they live.
    async fn may_see_person(
        &self,
        tx: &mut Tx,
        (loaded, sessions): (&Loaded, &Sessions),
        person: &Person,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<std::result::Result<(), permission::Denied>> {
        let campaign = &loaded.campaign;
        let day = today(campaign, now);
        let held = bookings::of(tx, loaded.no, person.id.as_str()).await?;
        let held = held.filter(|held| held.day >= day);
        let visits = held.as_ref().map(|held| Visits::on(sessions, held.day));
        let appointment = held.as_ref().map(|held| &held.place).zip(visits.as_ref());
        let area = campaign.home(&person.area, day);
        Ok(permission::may_see(by, campaign, area, appointment))
    }

    /// All that is known of a person, and the seats that they can have. The audit log says who saw it.
    pub async fn person_seen(
        &self,
        loaded: &Loaded,
        code: &str,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<PersonSeen> {
        let sessions = self.sessions(loaded).await?;
        let mut act = self.act((by, Power::People), Action::SeeRecords, now).await?;
        let tx = act.tx();
        let person = self.person(tx, code).await?.value;
        self.may_see_person(tx, (loaded, &sessions), &person, by, now).await??;
        let file = self.gathered(tx, code, now).await?;
        let id = person.id.as_str();
        act.commit(Some(loaded.campaign.id.as_str()), id).await?;
        let (appointment, choices) = self.seats_for(loaded, id, now).await?;
        Ok(PersonSeen { file, appointment, choices })
    }

    /// The person, where `by` may see them.
    pub async fn person_for(
        &self,
        loaded: &Loaded,
        code: &str,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Person> {
        let sessions = self.sessions(loaded).await?;
        let mut tx = self.store.read().await?;
        let person = self.person(&mut tx, code).await?.value;
        self.may_see_person(&mut tx, (loaded, &sessions), &person, by, now).await??;
        Ok(person)
    }

    /// Moves or cancels a person's appointment, or gives them one, as `by` wants it.
    pub async fn move_appointment(
        &self,
        loaded: &Loaded,
        code: &str,
        wish: &Wish,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Done> {
        let person = self.person_for(loaded, code, by, now).await?;
        self.book_for(loaded, person.id.as_str(), wish, by, now).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::date;

    fn zhao() -> Person {
        let text = r#"{"id":"P01","area":"A","born":"1950-01-01","name":"赵一Ann","sex":"F",
            "groups":[],"tags":[],"phone":"138-0013 8000","opt_out":false}"#;
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn somebody_is_found_by_code_part_of_the_name_or_the_end_of_a_number() {
        let person = zhao();
        assert_eq!(person.born, date("1950-01-01"));
        for asked in ["p01", "赵一", "ann", "8000", "138 0013 8000", "00138000"] {
            assert!(is_meant(&person, asked), "{asked}");
        }
        for asked in ["p0", "赵", "000", "1380", "name", "opt_out", "1950"] {
            assert!(!is_meant(&person, asked), "{asked}");
        }
    }
}
