//! What the demos share: a fresh folder with its database, a clock that is moved, and the dashboard.

use crate::app::App;
use crate::cli::daemon::{self, Http};
use crate::cli::output::Out;
use crate::cli::{Invocation, exit};
use crate::clock::Clock;
use crate::config::{ChannelConfig, Listen, MAIL, TransportKind};
use crate::domain::account::Role;
use crate::domain::date::resolve;
use crate::domain::gateway::Service;
use crate::domain::permission::Actor;
use crate::domain::planner::Limits;
use crate::files;
use crate::jobs::runner::Runner;
use crate::mail::transport::Transport;
use crate::store::lock::FileLock;
use crate::store::{Store, place};
use crate::web::{Site, listen};
use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use std::fs;
use std::path::Path;

/// The account of the dashboard.
const ACCOUNT: &str = "demo";
/// The channel of texts to people without an address.
const TEXTS: &str = "sms";
/// Folders of which one lies in every demo's folder: the Danyang campaign, or the county.
pub(super) const CAMPAIGN: &str = "campaign";
pub(super) const COUNTY: &str = "county";

/// The database on its simulated clock, with what runs its jobs.
pub(super) struct Stage {
    pub(super) invocation: Invocation,
    pub(super) runner: Runner,
    pub(super) clock: Clock,
    /// Keeps other daemons out.
    lock: Option<FileLock>,
}

/// Makes an empty folder. An older demo in it is removed; anything else is an error.
pub(super) fn fresh(out: Out, dir: &Path) -> anyhow::Result<()> {
    if dir.exists() {
        let has_files = [CAMPAIGN, COUNTY].iter().any(|name| dir.join(name).exists());
        let is_demo = dir.join("doseplan.db").exists() && has_files;
        let is_empty = fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none());
        if !is_demo && !is_empty {
            return Err(out.fail("fail-not-a-demo", &[("dir", &dir.display())]));
        }
        // Fails while a daemon still uses the old database.
        drop(daemon::lock(&place::address(&dir.join("doseplan.db"))?)?);
        fs::remove_dir_all(dir).with_context(|| format!("{} cannot be removed", dir.display()))?;
    }
    files::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))
}

/// Writes embedded files below a folder.
pub(super) fn unpack(dir: &Path, files: &[(&str, &[u8])]) -> anyhow::Result<()> {
    for (name, bytes) in files {
        let path = dir.join(name);
        if let Some(folder) = path.parent() {
            files::create_dir_all(folder)?;
        }
        files::write(&path, bytes)?;
    }
    Ok(())
}

/// An hour of a day.
pub(super) fn at(zone: Tz, day: NaiveDate, hour: u32) -> DateTime<Utc> {
    let time = NaiveTime::from_hms_opt(hour, 0, 0).expect("a full hour");
    resolve(zone, day.and_time(time))
}

impl Stage {
    /// Opens a new database in a folder. The clock stands at `begin`.
    pub(super) async fn open(
        mut invocation: Invocation,
        dir: &Path,
        begin: DateTime<Utc>,
    ) -> anyhow::Result<Self> {
        let config = &mut invocation.config;
        config.mail.dir = dir.join("mail");
        if config.channels.is_empty() {
            let group = ChannelConfig::to_folder(Service::Wecom, dir.join("group"));
            config.channels.insert("leads".to_owned(), group);
            let texts = ChannelConfig::to_folder(Service::Webhook, dir.join("texts"));
            config.channels.insert(TEXTS.to_owned(), texts);
            config.reminders.contact_order = vec![MAIL.to_owned(), TEXTS.to_owned()];
        }
        let address = place::address(&dir.join("doseplan.db"))?;
        let mut lock = daemon::lock(&address)?;
        let store = Store::open(&address, true).await?;
        if let Some(lock) = &mut lock {
            lock.hold_file()?;
        }
        // A replay can be repeated: until its end, nothing waits for the disk.
        store.wait_for_disk(false).await?;
        let mut app = App::new(store, invocation.config.clone());
        let mail = &invocation.config.mail;
        if mail.transport == TransportKind::Folder {
            app.transport = Some(Transport::QuickFolder(mail.dir.clone()));
        }
        // What really happened is far from any plan, so that most nights need a search, and there may be hundreds of
        // them. A daemon searches longer, for plans that are worth a few percent more.
        let nightly = Limits::AT_ONCE;
        let runner = Runner { nightly, ..Runner::new(app, daemon::owner()) };
        Ok(Self { invocation, runner, clock: Clock::simulated(begin), lock })
    }

    /// Looks for the first time, which sets the watermarks: the timetable begins now.
    pub(super) async fn wake(&self) -> anyhow::Result<()> {
        self.runner.tick(self.clock.now()).await?;
        Ok(())
    }

    /// Opens the dashboard, before anything has happened, and says where it is. `end` is when the replay will end:
    /// logins go by that time, or weeks of the campaign would end them between two clicks. `None` where the
    /// configuration wants none.
    pub(super) async fn dashboard(
        &self,
        end: DateTime<Utc>,
    ) -> anyhow::Result<Option<(Http, String)>> {
        let config = &self.invocation.config.http;
        let tls = crate::web::Tls::read(config)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let listener = match config.listen {
            None => match listen(Listen::DEFAULT) {
                Ok(listener) => listener,
                // Another daemon has the usual port.
                Err(_) => listen((Listen::DEFAULT.ip(), 0).into())?,
            },
            Some(_) => match daemon::listen(config)? {
                Some(listener) => listener,
                None => return Ok(None),
            },
        };
        let address = listener.local_addr()?;
        let login_clock = Clock::shifted_to(end);
        let password = account(&self.runner.app, login_clock.now()).await?;
        let site =
            Site::new(&self.runner, self.clock.clone()).with_login_clock(login_clock).with_tls(tls);
        let http = Http::start(listener, site);
        let root = format!("{scheme}://{address}/");
        self.invocation.out.note(
            "demo-dashboard",
            &[("address", &root), ("name", &ACCOUNT), ("password", &password)],
        );
        Ok(Some((http, root)))
    }

    /// Moves the clock from one due time to the next up to an instant, and runs what is due at each.
    pub(super) async fn look_until(&self, until: DateTime<Utc>) -> anyhow::Result<()> {
        let Self { runner, clock, .. } = self;
        while let Some(next) = runner.next(clock.now()).await? {
            if next > until {
                break;
            }
            clock.set(next.max(clock.now() + TimeDelta::seconds(1)));
            runner.tick(clock.now()).await?;
            runner.hearts.mail.beat();
            runner.hearts.looked();
        }
        clock.set(until);
        Ok(())
    }

    /// Goes on as a daemon from the clock's time on, or with `once` ends.
    pub(super) async fn go_on(
        self,
        zone: Tz,
        http: Option<Http>,
        once: bool,
    ) -> anyhow::Result<u8> {
        let Self { invocation, mut runner, clock, lock } = self;
        runner.app.transport = None;
        runner.app.store.wait_for_disk(true).await?;
        if once {
            runner.app.store.close().await;
        } else {
            clock.release();
            let now = clock.now().with_timezone(&zone);
            invocation.out.note("demo-goes-on", &[("now", &now.format("%Y-%m-%d %H:%M"))]);
            daemon::serve(runner, clock, http, None).await?;
        }
        drop(lock);
        Ok(exit::OK)
    }
}

/// Makes the account and returns its password, which is random: the machine's other users can reach the dashboard.
async fn account(app: &App, now: DateTime<Utc>) -> anyhow::Result<String> {
    let mut password = crate::app::accounts::secret_text();
    password.truncate(16);
    let role = (Role::Admin, &[][..]);
    app.add_account(ACCOUNT, role, &password, Actor::CommandLine, now).await?;
    Ok(password)
}
