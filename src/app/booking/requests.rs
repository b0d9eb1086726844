//! People who ask to be put into the register. Whoever asks always gets the same answer, so that nobody learns who is
//! in it; a clerk decides.

use crate::app::import::Kind;
use crate::app::{App, AppError, Loaded, Result, millis};
use crate::domain::audit::Action;
use crate::domain::booking::{RegisterRequest, RequestState};
use crate::domain::campaign::Language;
use crate::domain::permission::{self, Actor, Power};
use crate::domain::person::Person;
use crate::store::{records, requests};
use chrono::{DateTime, Utc};

/// What the audit log calls whoever asks. No account can have this name.
const ASKER: &str = "(booker)";
/// Requests of one number that wait, and of all. Our choice: a family, and what clerks of a county look through.
const OF_NUMBER_MAX: i64 = 5;
const WAITING_MAX: i64 = 10_000;

impl App {
    /// Takes in a request, unless too many wait. Whether it does is not said.
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

    /// Puts somebody who asked into the register, under a code and in an area that a clerk gives.
    pub async fn take_request(
        &self,
        loaded: &Loaded,
        (id, person, area): (i64, &str, &str),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        permission::may(by, Power::People)?;
        let mut tx = self.store.read().await?;
        let found = requests::find(&mut tx, id).await?;
        let known = records::find::<Person>(&mut tx, std::iter::once(person)).await?;
        drop(tx);
        let found = found.ok_or_else(|| AppError::refused("refused-no-request", &[("id", &id)]))?;
        if !known.is_empty() {
            return Err(AppError::refused("refused-code-taken", &[("code", &person)]));
        }
        // The usual import judges the row; what it writes beside it goes with the folder.
        let name = format!("doseplan-{}", uuid::Uuid::new_v4().simple());
        let folder = std::env::temp_dir().join(name);
        let path = folder.join("persons.csv");
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let row = [person, area, &found.born.to_string(), &found.name, &found.phone].map(quoted);
        let text = format!("person,area,born,name,phone\n{}\n", row.join(","));
        let written = crate::files::create_dir_all(&folder);
        let done = match written.and_then(|()| crate::files::write(&path, text.as_bytes())) {
            Ok(()) => self.import(loaded, Kind::Persons, &path, Language::En, now).await,
            Err(error) => Err(AppError::File(path, error)),
        };
        let _ = std::fs::remove_dir_all(&folder);
        let done = done?;
        if done.refused > 0 || done.new + done.corrected + done.same == 0 {
            return Err(AppError::refused("refused-request", &[("id", &id)]));
        }
        self.settle_request((id, RequestState::Taken, Some(person)), by, now).await
    }

    /// Refuses a request.
    pub async fn refuse_request(&self, id: i64, by: Actor<'_>, now: DateTime<Utc>) -> Result<()> {
        self.settle_request((id, RequestState::Refused, None), by, now).await
    }

    async fn settle_request(
        &self,
        (id, state, person): (i64, RequestState, Option<&str>),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut act = self.act((by, Power::People), Action::RequestDecide, now).await?;
        if !requests::decide(act.tx(), id, (state, person), millis(now)).await? {
            return Err(AppError::refused("refused-no-request", &[("id", &id)]));
        }
        Ok(act.commit(None, &format!("{id} {state}")).await?)
    }
}
