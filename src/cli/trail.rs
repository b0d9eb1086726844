//! Which commands leave a line in the audit log by being run. What a command changes is stored together with its line
//! by the app; here stand the commands that show or hand out personal data, whose line is written before anything is
//! shown, and those that work on the queue, the jobs or the database as a whole, whose line is written when they have
//! ended.
//!
//! Every command is named, so that a new one has to say which it is.

use super::import::Doses;
use super::{
    Command, Invocation, bookings, bounce, campaign, catch_up, channels, conflicts, db, digest,
    job, jurisdiction, outbox, report, schools,
};
use crate::domain::audit::Action;
use crate::domain::message::MailState;

/// A line to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trail {
    did: Action,
    said: String,
    /// Before the command runs, since nothing may be shown without its line; else after it.
    pub(super) is_before: bool,
}

#[expect(clippy::unnecessary_wraps, reason = "every command says `None` or this")]
fn before(did: Action, said: impl Into<String>) -> Option<Trail> {
    Some(Trail { did, said: said.into(), is_before: true })
}

#[expect(clippy::unnecessary_wraps, reason = "every command says `None` or this")]
fn after(did: Action, said: impl Into<String>) -> Option<Trail> {
    Some(Trail { did, said: said.into(), is_before: false })
}

/// The line that a command leaves. `None`: it shows nothing personal, or the app writes its line.
pub(super) fn of(command: &Command) -> Option<Trail> {
    match command {
        Command::Doses(it) => doses_of(it),
        Command::Due(_) => before(Action::SeeDue, "due list"),
        Command::CatchUp(it) => match it {
            catch_up::CatchUp::List { .. } => before(Action::SeeDue, "catch-up list"),
            catch_up::CatchUp::Report { .. } | catch_up::CatchUp::Eligible { .. } => None,
        },
        Command::Report(it) => match it {
            report::Report::Show { explain: Some(_), .. } => {
                before(Action::SeeRecords, "report show --explain")
            }
            report::Report::Show { .. }
            | report::Report::Bulletin { .. }
            | report::Report::Save { .. }
            | report::Report::List => None,
        },
        Command::Campaign(it) => campaign_of(it),
        Command::Digest(it) => digest_of(it),
        Command::Outbox(it) => outbox_of(it),
        Command::Channels(it) => channels_of(it),
        Command::Bookings(it) => bookings_of(it),
        Command::Bounce(it) => match it {
            bounce::Bounce::Import { .. } => after(Action::Bounce, "bounce import"),
            bounce::Bounce::Forget { .. } => after(Action::Bounce, "bounce forget"),
            bounce::Bounce::List => before(Action::SeeMail, "bounce list"),
        },
        Command::Unsubscribe(it) if it.is_list() => before(Action::SeeMail, "unsubscribe --list"),
        Command::Unsubscribe(_) => after(Action::Unsubscribe, ""),
        Command::Job(it) => job_of(it),
        Command::Db(it) => match it {
            db::Db::Check { repair: true, .. } => after(Action::Database, "db check --repair"),
            db::Db::Check { .. } => None,
            db::Db::Adopt { .. } => after(Action::Database, "db adopt"),
            db::Db::Move { .. } => before(Action::Export, "db move"),
        },
        Command::Jurisdiction(it) => jurisdiction_of(it),
        Command::National(it) => {
            it.shows_persons().map(|said| before(Action::SeeRecords, said)).unwrap_or_default()
        }
        Command::Schools(it) => match it {
            schools::Schools::Match(_) => before(Action::SeeRecords, "schools match"),
            schools::Schools::Missed(_) => before(Action::SeeRecords, "schools missed"),
            _ => None,
        },
        Command::Homes(it) => it.shows_persons().and_then(|said| before(Action::SeeDue, said)),
        Command::Backup(_) => after(Action::Export, "backup"),
        Command::Restore(_) => after(Action::Database, "restore"),
        // The log itself shows nobody of the register, and looks at it would fill it.
        Command::Account(_)
        | Command::Plan(_)
        | Command::Roster(_)
        | Command::Tallies(_)
        | Command::Persons(_)
        | Command::Import(_)
        | Command::Outcomes(_)
        | Command::Demo(_)
        | Command::Forecast(_)
        | Command::Coverage(_)
        | Command::Status(_)
        | Command::Daemon(_)
        | Command::Doctor
        | Command::Explain(_)
        | Command::Man { .. }
        | Command::Completion { .. } => None,
    }
}

fn bookings_of(command: &bookings::Bookings) -> Option<Trail> {
    use bookings::{Bookings, Requests};
    match command {
        Bookings::List { .. } => before(Action::SeeBookings, "bookings list"),
        Bookings::Waiting => before(Action::SeeBookings, "bookings waiting"),
        Bookings::Requests(Requests::List) => before(Action::SeeBookings, "bookings requests list"),
        Bookings::Requests(_) | Bookings::Import { .. } | Bookings::Link { .. } => None,
    }
}

fn channels_of(command: &channels::Channels) -> Option<Trail> {
    use channels::Channels;
    match command {
        Channels::Test { name, .. } => after(Action::Mail, format!("channels test {name}")),
        Channels::Receipts => after(Action::Mail, "channels receipts"),
        Channels::Numbers { open: Some(_), .. } => {
            after(Action::Unsubscribe, "channels numbers --open")
        }
        Channels::Numbers { close: Some(_), .. } => {
            after(Action::Unsubscribe, "channels numbers --close")
        }
        Channels::Numbers { .. } => before(Action::SeeMail, "channels numbers"),
        Channels::Replies { done: Some(id), .. } => {
            after(Action::Mail, format!("channels replies --done {id}"))
        }
        Channels::Replies { .. } => before(Action::SeeMail, "channels replies"),
        Channels::Calls => before(Action::SeeDue, "channels calls"),
        Channels::History { person } => {
            before(Action::SeeMail, format!("channels history {}", person.trim()))
        }
        Channels::List | Channels::Templates | Channels::Costs => None,
    }
}

fn campaign_of(command: &campaign::Campaign) -> Option<Trail> {
    use campaign::Campaign;
    match command {
        Campaign::Export { .. } => before(Action::Export, "campaign export"),
        // Addresses of leads stand in it.
        Campaign::History => before(Action::SeeRecords, "campaign history"),
        _ => None,
    }
}

fn jurisdiction_of(command: &jurisdiction::Jurisdiction) -> Option<Trail> {
    use jurisdiction::Jurisdiction;
    match command {
        Jurisdiction::Export { .. } => before(Action::Export, "jurisdiction export"),
        // Numbers of staff stand in it.
        Jurisdiction::History => before(Action::SeeRecords, "jurisdiction history"),
        Jurisdiction::Conflicts(conflicts::Conflicts::List { .. }) => {
            before(Action::SeeRecords, "jurisdiction conflicts list")
        }
        Jurisdiction::Conflicts(conflicts::Conflicts::Resolve(_))
        | Jurisdiction::Check { .. }
        | Jurisdiction::Apply { .. }
        | Jurisdiction::List => None,
    }
}

fn doses_of(command: &Doses) -> Option<Trail> {
    match command {
        Doses::History { record } => {
            before(Action::SeeRecords, format!("doses history {}", record.trim()))
        }
        Doses::New(_) | Doses::Import(_) | Doses::Void(_) => None,
    }
}

fn digest_of(command: &digest::Digest) -> Option<Trail> {
    match command {
        digest::Digest::Preview { .. } => before(Action::SeeMail, "digest preview"),
        digest::Digest::History => before(Action::SeeMail, "digest history"),
        digest::Digest::Send { to: Some(_), .. } => after(Action::Mail, "digest send --to"),
        digest::Digest::Send { all: true, .. } => after(Action::Mail, "digest send --all"),
        digest::Digest::Send { .. } => after(Action::Mail, "digest send"),
        digest::Digest::Resend { id, .. } => after(Action::Mail, format!("digest resend {id}")),
    }
}

fn outbox_of(command: &outbox::Outbox) -> Option<Trail> {
    match command {
        outbox::Outbox::List { .. } => before(Action::SeeMail, "outbox list"),
        outbox::Outbox::Show { id, .. } => before(Action::SeeMail, format!("outbox show {id}")),
        outbox::Outbox::Resolve { id, sent, .. } => {
            let how = if *sent { "--sent" } else { "--resend" };
            after(Action::Mail, format!("outbox resolve {id} {how}"))
        }
        outbox::Outbox::Retry { id: Some(id), .. } => {
            after(Action::Mail, format!("outbox retry {id}"))
        }
        outbox::Outbox::Retry { state, .. } => {
            let state = state.unwrap_or(MailState::Failed).word();
            after(Action::Mail, format!("outbox retry --state {state}"))
        }
        outbox::Outbox::Drain { .. } => after(Action::Mail, "outbox drain"),
    }
}

fn job_of(command: &job::Job) -> Option<Trail> {
    match command {
        job::Job::Run { name, .. } => after(Action::Job, format!("job run {name}")),
        job::Job::Backfill { dry_run: false, name, .. } => {
            after(Action::Job, format!("job backfill {name}"))
        }
        job::Job::Hold { .. } => after(Action::Job, "job hold"),
        job::Job::Resume => after(Action::Job, "job resume"),
        job::Job::Backfill { .. }
        | job::Job::List
        | job::Job::Next { .. }
        | job::Job::Runs { .. } => None,
    }
}

impl Trail {
    /// Writes the line. Where there is no database yet, the command itself says so.
    pub(super) async fn write(&self, invocation: &Invocation) -> anyhow::Result<()> {
        let Ok(app) = invocation.open(false).await else { return Ok(()) };
        // In an empty database nobody can be seen, and it must stay empty to be restored into.
        if app.campaigns().await?.is_empty() {
            app.store.close().await;
            return Ok(());
        }
        let loaded = app.campaign(invocation.common.campaign.as_deref()).await.ok();
        let said = crate::mail::safe::sentence(&self.said);
        let about = (loaded.as_ref(), said.as_str());
        app.note_command(self.did, about, invocation.clock.now()).await?;
        app.store.close().await;
        Ok(())
    }
}
