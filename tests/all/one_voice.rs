//! Five campaigns over one register and the same places, lived for thirty days: whoever reads hears one voice.
//!
//! `DOSEPLAN_VOICE=20000` lives them with so many people.

use crate::support::{Folder, PERSONS, apply, at, flu, wait};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use doseplan::app::import::Kind;
use doseplan::app::{App, Loaded};
use doseplan::config::Config;
use doseplan::domain::campaign::Language;
use doseplan::domain::job::RunState;
use doseplan::domain::message::MailKind;
use doseplan::domain::plan::PlanRow;
use doseplan::domain::planner::Limits;
use doseplan::jobs::runner::Runner;
use doseplan::jobs::timetable::Timetable;
use doseplan::mail::stored;
use doseplan::mail::transport::{Script, Stage, Transport};
use doseplan::store::{Store, assignments, outbox};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// People of the register, where nobody says how many.
const PEOPLE: usize = 40;
/// Days that are lived.
const DAYS: i64 = 30;
/// The evening on which it becomes known that a clinic shuts for the next two days.
const SHUTS: i64 = 8;
/// Looks of the daemon after which everything that was queued must have left.
const LOOKS: u32 = 60;
/// Campaigns: id, name of the vaccine, its code.
const CAMPAIGNS: [(&str, &str, &str); 5] = [
    ("flu", "流感疫苗", "FLU"),
    ("lung", "肺炎疫苗", "LUN"),
    ("booster", "新冠疫苗", "BOO"),
    ("cervix", "宫颈癌疫苗", "CER"),
    ("rash", "麻风腮疫苗", "RAS"),
];

fn on(day: i64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2021, 4, 1).unwrap() + TimeDelta::days(day)
}

fn moment(day: i64, clock: &str) -> DateTime<Utc> {
    at(&format!("{}T{clock}:00", on(day)))
}

/// Somebody of the register: area and year of birth.
fn person(no: usize) -> (&'static str, u32) {
    (["A", "B"][no % 2], if no % 4 < 2 { 1950 } else { 1985 })
}

/// A campaign of one dose for everybody, at places that need most of its days for all five.
fn folder((id, vaccine, code): (&str, &str, &str), people: usize, shut: bool) -> Folder {
    let mut eligible = "area,group,people,source,as_of\n".to_owned();
    for area in ["A", "B"] {
        for (group, born) in [("senior", 1950), ("adult", 1985)] {
            let count = (0..people).filter(|no| person(*no) == (area, born)).count();
            eligible += &format!("{area},{group},{count},census,2021-03-01\n");
        }
    }
    let series = format!(
        "id = \"{id}\"\nname = \"{vaccine}\"\nsource = \"test\"\nantigen = \"{code}\"\n\
         group = \"{code}\"\nvaccines = [\"{code}\"]\n[[doses]]\nprotection = 1.0\n"
    );
    let sites = format!(
        "site,name,area,weekday_doses,saturday_doses,lead_name,lead_email\n\
         S1,甲镇卫生院,A,{},{},张三,s1@small.example\n\
         S2,乙镇卫生院,B,{},,李四,s2@small.example\n",
        (people * 3 / 20).max(6),
        (people / 10).max(4),
        (people * 3 / 40).max(3),
    );
    let doses = people * 2;
    let lots =
        format!("lot,product,date,doses,expires\n{id}-1,{code},2021-03-25,{doses},2021-12-01\n");
    let closures = if shut {
        format!("place,date,doses\nS1,{},0\nS1,{},0\n", on(SHUTS + 1), on(SHUTS + 2))
    } else {
        "place,date,doses\n".to_owned()
    };
    flu()
        .swap("campaign.toml", "id = \"flu\"", &format!("id = \"{id}\""))
        .swap("campaign.toml", "流感接种", &format!("{vaccine}接种"))
        .swap("campaign.toml", "series = \"flu\"", &format!("series = \"{id}\""))
        .with("series.toml", &series)
        .with("eligible.csv", &eligible)
        .with("sites.csv", &sites)
        .with("deliveries.csv", &lots)
        .with("closures.csv", &closures)
        .without("teams.csv")
        .without("stops.csv")
}

fn register(people: usize) -> String {
    let mut out = format!("{PERSONS}\n");
    for no in 0..people {
        let (area, born) = person(no);
        out += &format!("r{no},{area},{born}-01-01,居民{no},F,,r{no}@home.example,,,,\n");
    }
    out
}

/// A mail that somebody got.
struct Letter {
    kind: MailKind,
    to: String,
    subject: String,
    text: String,
}

impl Letter {
    /// The vaccines that it names.
    fn vaccines(&self) -> BTreeSet<&'static str> {
        let names = CAMPAIGNS.map(|(_, vaccine, _)| vaccine);
        let has = |name: &&str| self.subject.contains(*name) || self.text.contains(*name);
        names.into_iter().filter(has).collect()
    }
}

/// Number and bytes of a mail that left.
type Left = (i64, Vec<u8>);

struct County {
    app: App,
    runner: Runner,
    dir: tempfile::TempDir,
    people: usize,
    /// The mails that left since somebody looked.
    left: Arc<Mutex<Vec<Left>>>,
    reminders: usize,
}

impl County {
    async fn open(people: usize) -> Self {
        let shm = std::path::Path::new("/dev/shm");
        let dir = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() };
        let dir = dir.unwrap();
        let address = format!("sqlite://{}", dir.path().join("doseplan.db").display());
        let left: Arc<Mutex<Vec<Left>>> = Arc::default();
        let read = Arc::clone(&left);
        let script = Script::new(move |mail, stage| {
            if stage == Stage::Body {
                read.lock().unwrap().push((mail.id, mail.bytes.clone()));
            }
            None
        });
        let mut config = Config::default();
        // Without a font the summaries have no picture, which would take longer than everything else here.
        config.mail.font = Some("nowhere.otf".into());
        let mut app = App::new(Store::open(&address, true).await.unwrap(), config);
        app.transport = Some(Transport::Scripted(script));
        let begin = moment(-3, "12:00");
        for campaign in CAMPAIGNS {
            let path = dir.path().join(campaign.0);
            apply(&app, &folder(campaign, people, false), &path, begin).await;
        }
        let timetable = Timetable::parse(
            "[plan]\ncron = '0 1 * * *'\n[summary]\ncron = '0 7 * * *'\n\
             [reminders]\ncron = '0 9 * * *'\n[digest]\ncron = '0 19 * * *'\n",
        );
        let runner = Runner::new(app.clone(), "county".to_owned());
        let runner = Runner { timetable: timetable.unwrap(), nightly: Limits::QUICK, ..runner };
        // The first look sets the watermarks: the timetable begins now.
        runner.tick(begin).await.unwrap();
        let out = Self { app, runner, dir, people, left, reminders: 0 };
        let first = out.all().await.remove(0);
        out.import(&first, Kind::Persons, &register(people), begin).await;
        out
    }

    /// The campaigns, in the order of [`CAMPAIGNS`].
    async fn all(&self) -> Vec<Loaded> {
        let mut out = Vec::new();
        for (id, ..) in CAMPAIGNS {
            out.push(self.app.campaign(Some(id)).await.unwrap());
        }
        out
    }

    async fn import(&self, loaded: &Loaded, kind: Kind, rows: &str, now: DateTime<Utc>) {
        let path = self.dir.path().join("rows.csv");
        std::fs::write(&path, rows).unwrap();
        let done = self.app.import(loaded, kind, &path, Language::En, now).await.unwrap();
        assert!(done.fault.is_empty() && done.refused == 0, "{:?}", done.fault);
    }

    /// The daemon looks at the clock until nothing is left to send; what people got.
    async fn look(&self, day: i64, clock: &str) -> Vec<Letter> {
        let mut letters = Vec::new();
        let begin = moment(day, clock);
        for minute in 0..LOOKS {
            let now = begin + TimeDelta::minutes(i64::from(minute));
            let done = Box::pin(self.runner.tick(now)).await.unwrap();
            for ended in done.ran {
                assert_eq!(ended.state, RunState::Done, "{} {clock}: {:?}", on(day), ended.note);
            }
            let left = std::mem::take(&mut *self.left.lock().unwrap());
            if left.is_empty() && minute > 0 {
                return letters;
            }
            let mut tx = self.app.store.read().await.unwrap();
            for (id, bytes) in left {
                let mail = outbox::find(&mut tx, id).await.unwrap().expect("it was queued");
                let text = stored::text(&bytes).expect("every mail has a text");
                letters.push(Letter { kind: mail.kind, to: mail.to, subject: mail.subject, text });
            }
        }
        panic!("{} {clock}: mails do not end", on(day));
    }

    /// Who has which vaccine coming on a day, by address.
    async fn called(&self, day: i64) -> BTreeMap<String, BTreeSet<&'static str>> {
        let mut out: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for (loaded, (_, vaccine, _)) in self.all().await.iter().zip(CAMPAIGNS) {
            let mut tx = self.app.store.read().await.unwrap();
            for one in assignments::on(&mut tx, loaded.no, on(day)).await.unwrap() {
                out.entry(format!("{}@home.example", one.person)).or_default().insert(vaccine);
            }
        }
        out
    }

    /// The vaccines of which the plans in force have doses on a day, by the address of the lead.
    async fn planned(&self, day: i64) -> BTreeMap<String, BTreeSet<&'static str>> {
        let mut out: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for (loaded, (_, vaccine, _)) in self.all().await.iter().zip(CAMPAIGNS) {
            let plan = self.app.plan(loaded, None).await.unwrap();
            let rows: Vec<PlanRow> = plan.map(|(_, rows)| rows).unwrap_or_default();
            for row in rows.iter().filter(|row| row.day == on(day)) {
                let lead = format!("{}@small.example", row.place.as_str().to_lowercase());
                out.entry(lead).or_default().insert(vaccine);
            }
        }
        out
    }

    /// Most of those who have an appointment come, and the places report them in the evening.
    async fn meet(&self, day: i64) {
        for (loaded, (id, _, code)) in self.all().await.iter().zip(CAMPAIGNS) {
            let mut tx = self.app.store.read().await.unwrap();
            let held = assignments::on(&mut tx, loaded.no, on(day)).await.unwrap();
            drop(tx);
            let mut rows = "record,person,date,place,product\n".to_owned();
            for one in &held {
                let no: i64 = one.person.as_str()[1..].parse().unwrap();
                if (no + day) % 11 != 0 {
                    let (person, date, place) = (&one.person, on(day), &one.place);
                    rows += &format!("{id}-{person}-{day},{person},{date},{place},{code}\n");
                }
            }
            if rows.lines().count() > 1 {
                self.import(loaded, Kind::Doses, &rows, moment(day, "18:00")).await;
            }
        }
    }

    /// Nobody gets two reminders, digests or summaries at a time, and each says which vaccine it is about. What tells
    /// of a change is a mail of its own.
    fn once(letters: &[Letter], when: &str) {
        let mut count: BTreeMap<(MailKind, &str), usize> = BTreeMap::new();
        for letter in letters {
            let subject = letter.subject.as_str();
            let (is_daily, has_none) = match letter.kind {
                MailKind::Reminder => (subject.starts_with("【接种提醒】"), false),
                MailKind::Digest => (subject.starts_with("【明日"), subject.contains("无接种")),
                MailKind::Summary => (true, false),
                _ => continue,
            };
            if is_daily {
                *count.entry((letter.kind, &letter.to)).or_default() += 1;
            }
            let is_named = has_none || !letter.vaccines().is_empty();
            assert!(is_named, "{when}: {subject} {}", letter.text);
        }
        for ((kind, to), mails) in count {
            assert_eq!(mails, 1, "{when}: {kind} to {to}");
        }
    }

    /// The reminders of a morning.
    async fn morning(&mut self, day: i64) {
        let called = self.called(day + 1).await;
        let letters = self.look(day, "09:00").await;
        Self::once(&letters, &format!("{} 09:00", on(day)));
        let is_reminder = |one: &&Letter| one.kind == MailKind::Reminder;
        for letter in letters.iter().filter(is_reminder) {
            self.reminders += 1;
            let Some(comes) = called.get(&letter.to).filter(|_| day < SHUTS) else { continue };
            let named = letter.vaccines();
            assert!(named.is_superset(comes), "{}: {comes:?} {}", on(day), letter.subject);
        }
        if day < SHUTS {
            let read: BTreeSet<&str> = letters.iter().map(|one| one.to.as_str()).collect();
            let missing = called.keys().find(|to| !read.contains(to.as_str()));
            assert_eq!(missing, None, "{}: they come tomorrow", on(day));
        }
    }

    /// The digests of an evening.
    async fn evening(&self, day: i64) {
        let letters = self.look(day, "19:00").await;
        Self::once(&letters, &format!("{} 19:00", on(day)));
        for (lead, vaccines) in self.planned(day + 1).await {
            let is_its = |one: &&Letter| one.kind == MailKind::Digest && one.to == lead;
            let digest = letters.iter().find(is_its);
            let digest = digest.unwrap_or_else(|| panic!("{}: {lead} gets none", on(day)));
            let named = digest.vaccines();
            assert!(named.is_superset(&vaccines), "{}: {vaccines:?} {}", on(day), digest.subject);
        }
    }

    async fn live(&mut self) {
        for day in -2..DAYS {
            let night = self.look(day, "01:00").await;
            Self::once(&night, &format!("{} 01:00", on(day)));
            let summaries = self.look(day, "07:00").await;
            Self::once(&summaries, &format!("{} 07:00", on(day)));
            let is_summary = |one: &&Letter| one.kind == MailKind::Summary;
            let summary: Vec<&Letter> = summaries.iter().filter(is_summary).collect();
            // The first one is about the first day.
            assert_eq!(summary.len(), usize::from(day > 0), "{}", on(day));
            for one in summary {
                assert_eq!(one.to, "cdc@small.example");
                assert_eq!(one.vaccines().len(), CAMPAIGNS.len(), "{}: {}", on(day), one.text);
            }
            self.morning(day).await;
            if day >= 0 {
                self.meet(day).await;
            }
            if day == SHUTS {
                for campaign in CAMPAIGNS {
                    let path = self.dir.path().join(campaign.0);
                    let news = folder(campaign, self.people, true);
                    apply(&self.app, &news, &path, moment(day, "18:30")).await;
                }
            }
            let told = self.look(day, "18:40").await;
            Self::once(&told, &format!("{} 18:40", on(day)));
            self.evening(day).await;
        }
        let health = self.app.health(false, moment(DAYS, "08:00")).await.unwrap();
        let wrong: Vec<_> = health.checks.iter().flat_map(|check| &check.wrong).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

#[test]
fn in_thirty_days_of_five_campaigns_nobody_hears_two_voices() {
    let people = std::env::var("DOSEPLAN_VOICE").ok().and_then(|text| text.parse().ok());
    let people: usize = people.unwrap_or(PEOPLE);
    let county = wait(async {
        let mut county = Box::pin(County::open(people)).await;
        Box::pin(county.live()).await;
        county
    });
    eprintln!("{people} people: {} reminders", county.reminders);
    assert!(county.reminders > people, "{} reminders", county.reminders);
}
