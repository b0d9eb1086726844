//! Somebody of the register as an office sees them: who is found by what is known of them, what a person's page shows.

use super::booking::{Choice, Shown};
use super::people::PersonFile;
use super::{App, AppError, Loaded, Result, today};
use crate::domain::audit::Action;
use crate::domain::calendar::Sessions;
use crate::domain::id::{AreaCode, PersonId};
use crate::domain::permission::{self, Actor, Denied, Power, Visits};
use crate::domain::person::Person;
use crate::store::{Tx, bookings, people};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeSet;

/// The most people that a search shows: whoever sees as many asks more narrowly.
const FOUND_MAX: usize = 50;
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

/// The most people who are looked at one by one for whether somebody may see them.
const LOOKED_MAX: usize = 500;

/// Whether somebody sees everybody of the register, wherever they live.
fn sees_all(by: Actor<'_>, loaded: &Loaded) -> bool {
    permission::may_see(by, &loaded.campaign, &AreaCode::new(""), None).is_ok()
}

/// People who are meant by what somebody typed.
#[derive(Default)]
struct Hits {
    /// Those who live where whoever asks may see people.
    near: Vec<Person>,
    /// The others: they may be expected at a place where they are seen.
    far: Vec<Person>,
    /// Whether there are others who were not looked at.
    is_more: bool,
}

impl Hits {
    fn take(&mut self, person: Person, is_near: bool) {
        let all = if is_near { &mut self.near } else { &mut self.far };
        if all.len() < LOOKED_MAX {
            all.push(person);
        } else {
            self.is_more = true;
        }
    }
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
        let (found, is_more) = self.found_people(loaded, &asked, by, now).await?;
        let act = self.act((by, Power::People), Action::SeeRecords, now).await?;
        let said = format!("search: {} people", found.len());
        act.commit(Some(loaded.campaign.id.as_str()), &said).await?;
        Ok((found, is_more))
    }

    /// The whole register is read for it, so it holds nobody up who writes.
    async fn found_people(
        &self,
        loaded: &Loaded,
        asked: &str,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<(Vec<Found>, bool)> {
        let mut tx = self.store.read().await?;
        let campaign = &loaded.campaign;
        let (day, sees_all) = (today(campaign, now), sees_all(by, loaded));
        let areas = campaign.areas.iter().map(|area| &area.code);
        let near: BTreeSet<&AreaCode> =
            areas.filter(|area| permission::may_see(by, campaign, area, None).is_ok()).collect();
        let mut hits = Hits::default();
        people::search(&mut tx, asked, |person| {
            if is_meant(&person, asked) {
                let is_near = sees_all || near.contains(campaign.home(&person.area, day));
                hits.take(person, is_near);
            }
        })
        .await?;
        let sessions = self.sessions_in(&mut tx, loaded).await?;
        let mut found = Vec::new();
        for person in hits.near.into_iter().chain(hits.far) {
            if found.len() == FOUND_MAX {
                return Ok((found, true));
            }
            let about = (loaded, &*sessions);
            if !sees_all && self.may_see_person(&mut tx, about, &person, by, now).await?.is_err() {
                continue;
            }
            let name = person.name.clone().unwrap_or_else(|| person.id.to_string());
            let (born, area) = (person.born, person.area.clone());
            found.push(Found { person: person.id, name, born, area });
        }
        Ok((found, hits.is_more))
    }

    /// Whether somebody may see a person: by where they are expected in the campaign, else by where they live.
    async fn may_see_person(
        &self,
        tx: &mut Tx,
        (loaded, sessions): (&Loaded, &Sessions),
        person: &Person,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<std::result::Result<(), Denied>> {
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
        let mut act = self.act((by, Power::People), Action::SeeRecords, now).await?;
        let tx = act.tx();
        let person = self.person_in(tx, loaded, code, by, now).await?;
        let file = self.gathered(tx, code, now).await?;
        let id = person.id.as_str();
        act.commit(Some(loaded.campaign.id.as_str()), id).await?;
        let (appointment, choices) = self.seats_for(loaded, id, now).await?;
        Ok(PersonSeen { file, appointment, choices })
    }

    /// The person, where `by` may see them. Whoever may not see everybody is told the same of a code that nobody has:
    /// they learn nothing of other people's codes.
    pub(super) async fn person_in(
        &self,
        tx: &mut Tx,
        loaded: &Loaded,
        code: &str,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Person> {
        permission::may(by, Power::People)?;
        let person = match self.person(tx, code).await {
            Err(unknown @ AppError::Refused(_)) => {
                let said = if sees_all(by, loaded) { unknown } else { Denied::Person.into() };
                return Err(said);
            }
            person => person?.value,
        };
        let sessions = self.sessions_in(tx, loaded).await?;
        let seen = self.may_see_person(tx, (loaded, &sessions), &person, by, now).await?;
        seen.map_err(|_| Denied::Person)?;
        Ok(person)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::domain::account::{Account, Role};
    use crate::domain::testing::{county, date};
    use crate::store::{Store, records};
    use std::time::Duration;

    fn zhao() -> Person {
        let text = r#"{"id":"P01","area":"A","born":"1950-01-01","name":"赵一Ann","sex":"F",
            "groups":[],"tags":[],"phone":"138-0013 8000","opt_out":false}"#;
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}"))
    }

    async fn office() -> (App, Loaded, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let address = format!("sqlite://{}", folder.path().join("doseplan.db").display());
        let store = Store::open(&address, true).await.expect("a database");
        let app = App::new(store, Config::default());
        app.apply(&county(), Actor::CommandLine, now()).await.expect("the county is stored");
        let loaded = app.campaign(None).await.expect("the county");
        (app, loaded, folder)
    }

    fn now() -> DateTime<Utc> {
        "2021-03-01T00:00:00Z".parse().expect("an instant")
    }

    async fn register(app: &App, people: &[Person]) {
        let mut tx = app.store.write().await.expect("a transaction");
        records::write(&mut tx, people, 1).await.expect("they are stored");
        tx.commit().await.expect("it ends");
    }

    async fn names(app: &App, loaded: &Loaded, asked: &str, by: Actor<'_>) -> (Vec<String>, bool) {
        let found = app.search_people(loaded, asked, by, now()).await.expect("a search");
        (found.0.into_iter().map(|one| one.name).collect(), found.1)
    }

    #[tokio::test]
    async fn letters_of_every_language_are_found_in_either_case() {
        let (app, loaded, _folder) = office().await;
        let named = |id: &str, name: &str| Person {
            id: id.into(),
            area: "N".into(),
            name: Some(name.to_owned()),
            ..zhao()
        };
        register(&app, &[named("1", "Élodie Öz"), named("2", "élodie 100%"), named("3", "eloi")])
            .await;
        let by = Actor::CommandLine;
        for asked in ["élodie", "ÉLODIE"] {
            assert_eq!(names(&app, &loaded, asked, by).await.0, ["Élodie Öz", "élodie 100%"]);
        }
        assert_eq!(names(&app, &loaded, "öz", by).await.0, ["Élodie Öz"]);
        assert_eq!(names(&app, &loaded, "0%", by).await.0, ["élodie 100%"]);
    }

    #[tokio::test]
    async fn a_search_waits_for_nobody_who_writes_and_says_what_it_leaves_out() {
        let (app, loaded, _folder) = office().await;
        let many: Vec<Person> = (0..LOOKED_MAX + FOUND_MAX)
            .map(|at| {
                // The last ones live where the clerk sees people.
                let area = if at < LOOKED_MAX + 10 { "S" } else { "V" };
                let id = PersonId::new(format!("{at:05}"));
                Person { id, area: area.into(), ..zhao() }
            })
            .collect();
        register(&app, &many).await;
        let clerk = Account {
            id: 1,
            name: "clerk".into(),
            role: Role::Planner,
            places: Vec::new(),
            areas: vec!["N".into()],
        };
        let busy = app.store.write().await.expect("a transaction");
        let by = Actor::Account(&clerk);
        let found = app.found_people(&loaded, "赵一", by, now());
        let found = tokio::time::timeout(Duration::from_secs(20), found).await;
        let (found, is_more) = found.expect("it waits for nobody").expect("a search");
        drop(busy);
        assert_eq!((found.len(), is_more), (FOUND_MAX - 10, true), "those of their township");
        let (all, is_more) = names(&app, &loaded, "赵一", Actor::CommandLine).await;
        assert_eq!((all.len(), is_more), (FOUND_MAX, true));
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
