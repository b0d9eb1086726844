//! People who ask to be put into the register. Whoever asks always gets the same answer, so that nobody learns who is
//! in it; a clerk decides.

use crate::app::import::EnteredOne as Entry;
use crate::app::{App, AppError, Loaded, Result, millis};
use crate::domain::audit::Action;
use crate::domain::booking::{RegisterRequest, RequestState};
use crate::domain::permission::{self, Actor, Power};
use crate::domain::person::Person;
use crate::intake::rows;
use crate::store::audit::Act;
use crate::store::requests;
use chrono::{DateTime, Utc};

/// What the audit log calls whoever asks. No account can have this name.
const ASKER: &str = "(booker)";
/// Requests of one number that wait, and of all. Our choice: a family, and what clerks of a county look through.
const OF_NUMBER_MAX: i64 = 5;
const WAITING_MAX: i64 = 10_000;

impl App {
    /// Takes in a request, unless too many wait, or the same one does. Whether it does is not said.
    pub async fn ask_to_be_registered(
        &self,
        request: &RegisterRequest,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut tx = self.store.write().await?;
        let (all, own) = requests::count(&mut tx, &request.phone).await?;
        if all >= WAITING_MAX || own >= OF_NUMBER_MAX {
            return Ok(());
        }
        if requests::has_same(&mut tx, request).await? {
            return Ok(());
        }
        requests::insert(&mut tx, &RegisterRequest { made_at: millis(now), ..request.clone() })
            .await?;
        tx.commit().await?;
        self.note_audit(ASKER, Action::RequestAsk, (None, ""), now).await
    }

    /// The requests that wait, with their numbers, the oldest first.
    pub async fn register_requests(&self) -> Result<Vec<(i64, RegisterRequest)>> {
        let mut tx = self.store.read().await?;
        Ok(requests::waiting(&mut tx).await?)
    }

    /// How many requests wait.
    pub async fn requests_waiting(&self) -> Result<u64> {
        let mut tx = self.store.read().await?;
        let (all, _) = requests::count(&mut tx, "").await?;
        Ok(u64::try_from(all).unwrap_or(0))
    }

    /// Puts somebody who asked into the register, under a code and in an area that a clerk gives. Both happen or none:
    /// of two clerks who take the same request, the second hears that it no longer waits.
    pub async fn take_request(
        &self,
        loaded: &Loaded,
        (id, person, area): (i64, &str, &str),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let refused = || AppError::refused("refused-request", &[("id", &id)]);
        permission::may(by, Power::People)?;
        let mut tx = self.store.read().await?;
        let found = requests::find(&mut tx, id).await?.ok_or_else(|| no_request(id))?;
        drop(tx);
        let person = as_row(&found, (person, area))?.ok_or_else(refused)?;
        let mut act = self.act((by, Power::People), Action::RequestDecide, now).await?;
        let code = person.id.clone();
        match self.enter_person_in(&mut act, loaded, person, by, now).await? {
            Entry::Stored => {}
            Entry::Used => return Err(AppError::refused("refused-code-taken", &[("code", &code)])),
            Entry::Known | Entry::Refused(_) => return Err(refused()),
        }
        settle(act, (id, RequestState::Taken, Some(code.as_str())), now).await
    }

    /// Refuses a request.
    pub async fn refuse_request(&self, id: i64, by: Actor<'_>, now: DateTime<Utc>) -> Result<()> {
        let act = self.act((by, Power::People), Action::RequestDecide, now).await?;
        settle(act, (id, RequestState::Refused, None), now).await
    }
}

fn no_request(id: i64) -> AppError {
    AppError::refused("refused-no-request", &[("id", &id)])
}

async fn settle(
    mut act: Act,
    (id, state, person): (i64, RequestState, Option<&str>),
    now: DateTime<Utc>,
) -> Result<()> {
    if !requests::decide(act.tx(), id, (state, person), millis(now)).await? {
        return Err(no_request(id));
    }
    Ok(act.commit(None, &format!("{id} {state}")).await?)
}

/// Somebody who asks as a row of the register's file, read as every other one; `None` where it is not one.
fn as_row(request: &RegisterRequest, (person, area): (&str, &str)) -> Result<Option<Person>> {
    let name = format!("doseplan-{}", uuid::Uuid::new_v4().simple());
    let folder = std::env::temp_dir().join(name);
    let path = folder.join("persons.csv");
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let row = [person, area, &request.born.to_string(), &request.name, &request.phone].map(quoted);
    let text = format!("person,area,born,name,phone\n{}\n", row.join(","));
    let written = crate::files::create_dir_all(&folder);
    let written = written.and_then(|()| crate::files::write(&path, text.as_bytes()));
    let mut rows = rows::persons(&path).ok();
    let found = rows.as_mut().and_then(|rows| rows.next_batch(1));
    let _ = std::fs::remove_dir_all(&folder);
    written.map_err(|error| AppError::File(path, error))?;
    Ok(found.and_then(|batch| batch.rows.into_iter().next()?.value.ok()))
}
