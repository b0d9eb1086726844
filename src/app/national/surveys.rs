//! Surveys that come filled in through the dashboard: the unit's search of 30 children, the county's yearly survey.
//! Nothing of them is stored; the file goes when it has been read.

use crate::app::{App, AppError, Result, uploads};
use crate::domain::audit::Action;
use crate::domain::permission::{self, Actor, Power};
use crate::intake::Issue;
use crate::intake::rows::{SurveyRow, survey};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

impl App {
    /// Reads a survey that `by` sent. `Err` inside: everything that is wrong with it.
    pub async fn survey_sent(
        &self,
        (name, content): (&str, Vec<u8>),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<std::result::Result<Vec<SurveyRow>, Vec<Issue>>> {
        permission::may(by, Power::Tally)?;
        let input = self.keep_sent(name, &content)?;
        drop(content);
        // Workbooks are read one after the other.
        let turn = uploads::turn().await;
        let read = tokio::task::spawn_blocking(move || survey(input.path())).await;
        drop(turn);
        let read =
            read.map_err(|error| AppError::refused("refused-reading", &[("said", &error)]))?;
        let (did, said) = match &read {
            Ok(rows) => (Action::Upload, format!("survey: {} children", rows.len())),
            Err(issues) => {
                let codes: BTreeSet<&str> = issues.iter().map(|issue| issue.code).collect();
                let codes: Vec<&str> = codes.into_iter().collect();
                (Action::Refused, format!("survey: {}", codes.join(", ")))
            }
        };
        self.act((by, Power::Tally), did, now).await?.commit(None, &said).await?;
        Ok(read)
    }
}
