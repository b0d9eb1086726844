//! `doseplan demo --county`: a county in autumn with five campaigns over the same places and people. They are planned
//! together and lived for some days, with a clinic that has to shut and vaccine that comes late.

use super::reports::{At, Called, DOSES, OUTCOMES, Reports, TALLIES, is_late};
use super::stage::{COUNTY, Stage, at, unpack};
use crate::app::coverage::AsOf;
use crate::app::import::{Imported, Kind, Order};
use crate::app::plans::Search;
use crate::app::{App, Loaded};
use crate::cli::applied::told;
use crate::cli::output::{Out, harmless};
use crate::cli::{Invocation, coverage};
use crate::domain::coverage::Depth;
use crate::domain::date::days;
use crate::domain::figure::fixed;
use crate::domain::id::{PersonId, PlaceCode};
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::permission::Actor;
use crate::domain::planner::Limits;
use crate::domain::plausible::Sure;
use crate::intake::{self, Issue};
use crate::{files, text};
use anyhow::Context as _;
use chrono::{NaiveDate, TimeDelta};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// Steps of the first plan's search: soon ready. The plan keeps every rule; it could be somewhat better.
const STEPS: u32 = 60;
/// The days that are lived where nobody says until when.
const LIVED_DAYS: i64 = 10;
/// The most days that are lived: the first campaign that ends is over after seven weeks.
const LIVED_DAYS_MAX: i64 = 45;
/// The hours at which news come, at which each day's doses are reported, and at which the last day's morning ends.
const NEWS_HOUR: u32 = 11;
const REPORT_HOUR: u32 = 18;
const LAST_LOOK_HOUR: u32 = 10;

/// The clinic that shuts, the days of the campaign on which it says so, shuts and opens again.
const SHUT: (&str, i64, i64, i64) = ("S06", 1, 2, 4);
/// The campaign and lot that come late, and the days of the campaign on which it is told, on which it was to come,
/// and on which it comes.
const LATE_LOT: (&str, &str, i64, i64, i64) = ("flu-2026", "FLU26-02", 3, 7, 11);
/// The campaign that shows who had a first dose in spring and lacks the second.
const TWO_DOSES: &str = "hpv-2026";

macro_rules! county {
    ($($name:literal),+ $(,)?) => {
        /// The county's files, embedded so that the demo runs from any folder.
        const FILES: &[(&str, &[u8])] = &[$((
            $name,
            include_bytes!(concat!("../../../schedules/jurisdictions/danyang-2026-autumn/", $name)),
        )),+];
    };
}

county!(
    "README.md",
    "jurisdiction.toml",
    "areas.csv",
    "sites.csv",
    "reach.csv",
    "teams.csv",
    "stops.csv",
    "closures.csv",
    "contacts.csv",
    "staff.csv",
    "leave.csv",
    "crews.csv",
    "persons.csv",
    "doses.csv",
    "tallies.csv",
    "flu-2026/campaign.toml",
    "flu-2026/series.toml",
    "flu-2026/eligible.csv",
    "flu-2026/deliveries.csv",
    "ppsv23-2026/campaign.toml",
    "ppsv23-2026/eligible.csv",
    "ppsv23-2026/deliveries.csv",
    "covid-2026/campaign.toml",
    "covid-2026/series.toml",
    "covid-2026/eligible.csv",
    "covid-2026/deliveries.csv",
    "hpv-2026/campaign.toml",
    "hpv-2026/eligible.csv",
    "hpv-2026/deliveries.csv",
    "catchup-2026/campaign.toml",
    "catchup-2026/eligible.csv",
    "catchup-2026/deliveries.csv",
);

/// Its campaigns.
const CAMPAIGNS: [&str; 5] = ["flu-2026", "ppsv23-2026", "covid-2026", TWO_DOSES, "catchup-2026"];

/// The day on which four of the campaigns start.
fn first() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 10, 12).expect("a Monday of 2026")
}

fn on(number: i64) -> NaiveDate {
    first() + TimeDelta::days(number)
}

/// The county that is lived.
struct County {
    stage: Stage,
    places: Jurisdiction,
    /// Its files.
    files: PathBuf,
    /// Where each day's reports are written.
    reports: PathBuf,
}

/// What a day's reports are by campaign, and those that come a day late.
type Day = BTreeMap<String, Reports>;

/// Makes the county in a folder and lives it. `asked`: until which day, how many steps, and whether it ends then.
pub(super) async fn run(
    invocation: Invocation,
    dir: &Path,
    (until, steps, once): (Option<NaiveDate>, Option<u32>, bool),
) -> anyhow::Result<u8> {
    let files = dir.join(COUNTY);
    unpack(&files, FILES)?;
    let reports = dir.join("reports");
    files::create_dir_all(&reports)?;
    let places = places(&invocation, &files)?;
    let zone = places.timezone;
    let last = until.unwrap_or(on(LIVED_DAYS - 1)).clamp(first(), on(LIVED_DAYS_MAX));
    let stage = Stage::open(invocation, dir, at(zone, on(-1), 8)).await?;
    let county = County { stage, places, files, reports };
    Box::pin(county.store()).await?;
    let end = at(zone, last + TimeDelta::days(1), LAST_LOOK_HOUR);
    // With `--once` nobody is expected to look.
    let http = if once { None } else { county.stage.dashboard(end).await? };
    let http = http.map(|(http, root)| {
        look(county.stage.invocation.out, &root);
        http
    });
    Box::pin(county.plan(steps)).await?;
    county.live(last).await?;
    county.print(last).await?;
    if once {
        county.out().note("demo-county-no-pages", &[]);
    }
    county.stage.go_on(zone, http, once).await
}

/// Reads the county's places.
fn places(invocation: &Invocation, files: &Path) -> anyhow::Result<Jurisdiction> {
    let read = intake::jurisdiction(files).map(|found| (found.jurisdiction, found.warnings));
    good(invocation, read)
}

fn good<T>(
    invocation: &Invocation,
    read: Result<(T, Vec<Issue>), Vec<Issue>>,
) -> anyhow::Result<T> {
    told(invocation, read).map_err(|_| invocation.out.fail("fail-no-example", &[]))
}

/// Says what to look at.
fn look(out: Out, root: &str) {
    out.note("demo-county-look", &[]);
    let pages = [
        ("home", String::new()),
        ("overview", format!("c/{}/overview", LATE_LOT.0)),
        ("two-doses", format!("c/{TWO_DOSES}/overview")),
        ("shut", format!("c/{}/place/{}", LATE_LOT.0, SHUT.0)),
        ("late-lot", format!("c/{}/stock", LATE_LOT.0)),
        ("mail", format!("c/{}/mail", LATE_LOT.0)),
    ];
    for (page, path) in pages {
        let address = format!("{root}{path}");
        out.note(&format!("demo-county-look-{page}"), &[("address", &address)]);
    }
}

impl County {
    fn app(&self) -> &App {
        &self.stage.runner.app
    }

    fn out(&self) -> Out {
        self.stage.invocation.out
    }

    /// Applies the jurisdiction and the campaigns, and imports the register with what was given before.
    async fn store(&self) -> anyhow::Result<()> {
        let (app, out, now) = (self.app(), self.out(), self.stage.clock.now());
        app.apply_jurisdiction(&self.places, Actor::CommandLine, now).await?;
        for campaign in CAMPAIGNS {
            self.apply(campaign).await?;
        }
        let (sites, stops) = (self.places.sites.len(), self.places.stops.len());
        let name = harmless(&self.places.name);
        let said: [(&str, &dyn Display); 4] = [
            ("name", &name),
            ("sites", &sites),
            ("stops", &stops),
            ("campaigns", &CAMPAIGNS.len()),
        ];
        out.note("demo-county-applied", &said);
        let people = self.import_all(Kind::Persons, "persons.csv").await?;
        out.note("demo-register", &[("people", &text::thousands(people))]);
        self.import_all(Kind::Doses, "doses.csv").await?;
        self.import_all(Kind::Tallies, "tallies.csv").await?;
        self.stage.wake().await
    }

    /// Applies a campaign's folder.
    async fn apply(&self, campaign: &str) -> anyhow::Result<()> {
        let path = self.files.join(campaign);
        let known = intake::series::all();
        let read = intake::campaign_beside(&path, known, Some(&self.places));
        let read = read.map(|found| (found.own, found.warnings));
        let own = good(&self.stage.invocation, read)?;
        let now = self.stage.clock.now();
        self.app().apply_own(&own, Actor::CommandLine, now).await?;
        Ok(())
    }

    /// Imports one of the example's files, all of whose rows are good. Returns how many are new.
    async fn import_all(&self, kind: Kind, name: &str) -> anyhow::Result<u64> {
        let path = self.files.join(name);
        let done = self.import(kind, &path).await?;
        anyhow::ensure!(
            done.refused == 0,
            "{} of {} rows of {} were refused",
            done.refused,
            done.rows,
            path.display()
        );
        Ok(done.new)
    }

    /// Imports a file. Rows that are refused lie beside it, as they do for an office.
    async fn import(&self, kind: Kind, path: &Path) -> anyhow::Result<Imported> {
        let order = Order {
            campaign: None,
            kind,
            path,
            language: self.out().language,
            revives: false,
            sure: Sure::None,
            profile: None,
            by: Actor::CommandLine,
        };
        let done = self.app().import_file(&order, self.stage.clock.now()).await?;
        anyhow::ensure!(done.fault.is_empty(), "{} was refused", path.display());
        Ok(done)
    }

    /// Plans all campaigns together and puts the plans in force.
    async fn plan(&self, steps: Option<u32>) -> anyhow::Result<()> {
        let (app, now, by) = (self.app(), self.stage.clock.now(), Actor::CommandLine);
        let all = app.campaigns().await?;
        let limits = Limits::steps(steps.unwrap_or(STEPS));
        let search = Search { limits, progress: &mut |_| {}, time_used: &mut || 0.0 };
        let made = app.make_together(&all, None, by, search, now).await?;
        let adopted = app.adopt_together(&all, by, now).await?;
        let figures = &made.plan.figures;
        let gap = fixed(figures.gap * 100.0, 1);
        let assigned: usize = adopted.iter().map(|(_, one)| one.people.new.len()).sum();
        let said: [(&str, &dyn Display); 4] = [
            ("campaigns", &adopted.len()),
            ("doses", &text::thousands(figures.doses)),
            ("gap", &gap),
            ("assigned", &text::thousands(assigned as u64)),
        ];
        self.out().note("demo-county-planned", &said);
        Ok(())
    }

    /// Lives the days up to `last`, and the morning after it.
    async fn live(&self, last: NaiveDate) -> anyhow::Result<()> {
        let zone = self.places.timezone;
        let bar = ProgressBar::new((last - first()).num_days().unsigned_abs() + 1).with_style(
            ProgressStyle::with_template("{bar:40} {pos}/{len}  {msg}  {elapsed}")
                .expect("the template is well written"),
        );
        let mut late = Day::new();
        for day in days(first(), last) {
            bar.set_message(day.to_string());
            self.stage.look_until(at(zone, day, NEWS_HOUR)).await?;
            bar.suspend(|| self.say_news(day));
            self.hear_news(day).await?;
            self.stage.look_until(at(zone, day, REPORT_HOUR)).await?;
            self.report(day, "late", &late).await?;
            let (today, later) = self.reports_of(day).await?;
            self.report(day, "of-today", &today).await?;
            late = later;
            self.stage.look_until(at(zone, day + TimeDelta::days(1), 0)).await?;
            bar.inc(1);
        }
        self.stage.look_until(at(zone, last + TimeDelta::days(1), LAST_LOOK_HOUR)).await?;
        bar.finish_and_clear();
        Ok(())
    }

    fn say_news(&self, day: NaiveDate) {
        let place = self.places.sites.iter().find(|row| row.site.code.as_str() == SHUT.0);
        let place = place.map_or_else(String::new, |row| harmless(&row.site.name));
        if day == on(SHUT.1) {
            let until = on(SHUT.3 - 1);
            let said: [(&str, &dyn Display); 4] =
                [("day", &day), ("place", &place), ("from", &on(SHUT.2)), ("until", &until)];
            self.out().note("demo-county-shuts", &said);
        }
        if day == on(LATE_LOT.2) {
            let said: [(&str, &dyn Display); 4] = [
                ("day", &day),
                ("lot", &LATE_LOT.1),
                ("was", &on(LATE_LOT.3)),
                ("now", &on(LATE_LOT.4)),
            ];
            self.out().note("demo-county-late-lot", &said);
        }
    }

    /// Stores the trouble that a day brings as an office does: in the files, which are applied again.
    async fn hear_news(&self, day: NaiveDate) -> anyhow::Result<()> {
        let now = self.stage.clock.now();
        if day == on(SHUT.1) {
            let path = self.files.join("closures.csv");
            let (place, _, from, until) = SHUT;
            let reason = self.out().word("demo-county-reason");
            let row = format!("{place},{},0,{},{reason}\n", on(from), on(until - 1));
            let known = std::fs::read_to_string(&path)?;
            files::write(&path, format!("{known}{row}"))?;
            let places = places(&self.stage.invocation, &self.files)?;
            self.app().apply_jurisdiction(&places, Actor::CommandLine, now).await?;
        }
        if day == on(LATE_LOT.2) {
            let (campaign, lot, _, was, comes) = LATE_LOT;
            let path = self.files.join(campaign).join("deliveries.csv");
            let known = std::fs::read_to_string(&path)?;
            let row = |day: NaiveDate| format!("{lot},IIV,{day},");
            let (old, new) = (row(on(was)), row(on(comes)));
            anyhow::ensure!(known.contains(&old), "{} has no {old:?}", path.display());
            files::write(&path, known.replacen(&old, &new, 1))?;
            self.apply(campaign).await?;
        }
        // Mends what the news broke, and tells whom it concerns.
        self.stage.runner.tick(now).await?;
        Ok(())
    }

    /// What the county reports of a day at its end, and what comes a day late.
    async fn reports_of(&self, day: NaiveDate) -> anyhow::Result<(Day, Day)> {
        let (mut today, mut later) = (Day::new(), Day::new());
        for loaded in self.app().campaigns().await? {
            let campaign = &loaded.campaign.id;
            let mut called = self.called(&loaded, day).await?;
            let rows = self.app().rows_of_day(&loaded, day).await?;
            let places: BTreeSet<&PlaceCode> = rows.iter().map(|row| &row.place).collect();
            let lots = loaded.campaign.deliveries.iter();
            let lot = lots.filter(|lot| lot.date <= day).max_by_key(|lot| lot.date);
            // The vaccines of a visit come from several lots.
            let lot = lot.filter(|_| loaded.campaign.catch_up.is_none());
            let lot = lot.map_or("", |lot| lot.lot.as_str());
            for place in places {
                let reports = if is_late(place, day) { &mut later } else { &mut today };
                let reports = reports.entry(campaign.to_string()).or_default();
                let at = At { campaign, place, day };
                reports.count(&at, &self.app().planned_at(&loaded, place, day).await?);
                reports.call(&at, &called.remove(place).unwrap_or_default(), lot);
            }
        }
        Ok((today, later))
    }

    /// Who is called on a day by a campaign, by place.
    async fn called(
        &self,
        loaded: &Loaded,
        day: NaiveDate,
    ) -> anyhow::Result<BTreeMap<PlaceCode, Vec<Called>>> {
        let mut visits: BTreeMap<PersonId, Vec<String>> = BTreeMap::new();
        if loaded.campaign.catch_up.is_some() {
            for person in self.app().lacking(loaded, day).await? {
                let first = person.visits.into_iter().next().filter(|visit| visit.day <= day);
                let doses = first.into_iter().flat_map(|visit| visit.doses);
                visits.insert(person.person, doses.filter_map(|dose| dose.code).collect());
            }
        }
        let mut out: BTreeMap<PlaceCode, Vec<Called>> = BTreeMap::new();
        let booked = self.app().bookings(loaded, day).await?;
        for one in booked.into_iter().filter(|one| one.day == day) {
            let products = visits.remove(&one.person).unwrap_or_default();
            // A visit at which nothing is due any more is nobody's.
            if loaded.campaign.catch_up.is_none() || !products.is_empty() {
                out.entry(one.place).or_default().push(Called { person: one.person, products });
            }
        }
        Ok(out)
    }

    /// Imports reports, campaign by campaign; `name` tells those that are late from the others.
    async fn report(&self, day: NaiveDate, name: &str, reports: &Day) -> anyhow::Result<()> {
        for (campaign, of) in reports {
            let files = [
                (Kind::Doses, "doses", DOSES, &of.doses),
                (Kind::Outcomes, "outcomes", OUTCOMES, &of.outcomes),
                (Kind::Tallies, "tallies", TALLIES, &of.tallies),
            ];
            for (kind, stem, header, rows) in files {
                if rows.is_empty() {
                    continue;
                }
                let path = self.reports.join(format!("{day}-{campaign}-{stem}-{name}.csv"));
                files::write(&path, format!("{header}\n{}\n", rows.join("\n")))?;
                self.import(kind, &path).await?;
            }
        }
        Ok(())
    }

    /// Prints the coverage of the last day, campaign by campaign, and what was sent.
    async fn print(&self, last: NaiveDate) -> anyhow::Result<()> {
        let (app, out) = (self.app(), self.out());
        let (mut doses, mut mail) = (0, Vec::new());
        for loaded in app.campaigns().await? {
            out.note("demo-county-campaign", &[("name", &harmless(&loaded.campaign.name))]);
            let figures = app.coverage(&loaded, AsOf::day(last), Depth::Root).await?;
            coverage::print_figures(&self.stage.invocation, &loaded, &figures, false);
            let status = app.status(&loaded, Some(last), self.stage.clock.now()).await?;
            doses += status.doses;
            mail = status.mail;
        }
        let mails = super::sent(out, &mail);
        let (doses, dir) = (text::thousands(doses), &app.config.mail.dir);
        let dir = dir.display();
        let said: [(&str, &dyn Display); 4] =
            [("day", &last), ("doses", &doses), ("mails", &mails), ("dir", &dir)];
        out.note("demo-end", &said);
        let folder = self.files.parent().context("a demo has a folder")?;
        out.note("demo-county-end", &[("dir", &folder.display())]);
        Ok(())
    }
}
