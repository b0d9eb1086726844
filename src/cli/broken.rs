//! What a change breaks in plans that are in force, and how they were mended: in a few lines after what was stored.

use super::Invocation;
use super::output::tell;
use crate::app::breaking::Broken;
use crate::app::broken_words;
use crate::app::mending::{Mended, Waits};
use crate::app::{App, AppError, Loaded};

/// Mends the plans after a change, tells whom it concerns, and closes the database. What was refused, or only looked
/// at, mends nothing.
pub(super) async fn mended<T>(
    invocation: &Invocation,
    app: &App,
    applied: Result<T, AppError>,
    dry_run: bool,
) -> anyhow::Result<(T, Vec<(Loaded, Mended)>)> {
    let mended = match &applied {
        Ok(_) if !dry_run => app.follow_up(invocation.clock.now()).await,
        _ => Ok(Vec::new()),
    };
    app.store.close().await;
    Ok((applied?, mended?))
}

/// Tells what is broken and how it was mended. `is_tried`: the change was only looked at.
pub(super) fn told(
    invocation: &Invocation,
    (broken, is_tried): (&[Broken], bool),
    mended: &[(Loaded, Mended)],
) {
    let out = &invocation.out;
    for sentence in broken_words::sentences(out.language, broken, is_tried) {
        tell(&sentence);
    }
    for (loaded, mended) in mended {
        let id = &loaded.campaign.id;
        let (sessions, assigned) = (mended.sessions, mended.assigned);
        let Some(plan) = mended.plan else {
            if assigned > 0 {
                out.note("mended-people", &[("campaign", id), ("assigned", &assigned)]);
            }
            continue;
        };
        let mut said: Vec<(&str, &dyn std::fmt::Display)> =
            vec![("campaign", id), ("plan", &plan), ("sessions", &sessions)];
        match &mended.waits {
            None => {
                said.push(("assigned", &assigned));
                out.note("mended-plan", &said);
            }
            Some(Waits::Asked) => out.note("mended-asks", &said),
            Some(Waits::Doubtful(counts)) => {
                said.push(("counts", counts));
                out.note("mended-doubtful", &said);
            }
        }
    }
}
