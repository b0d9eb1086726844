//! Campaign folders, databases and runs of the program.

use chrono::{DateTime, NaiveDate, Utc};
use doseplan::app::import::{Imported, Kind};
use doseplan::app::{App, Loaded};
use doseplan::config::{Config, DigestRule};
use doseplan::domain::campaign::Language;
use doseplan::domain::date::resolve;
use doseplan::domain::permission::Actor;
use doseplan::store::Store;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_doseplan");

/// The result of a run of the program.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            err: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        }
    }

    /// The run, after checking its exit code.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}{}", self.out, self.err))
    }

    /// Cells of a CSV output, below its header.
    #[track_caller]
    pub(crate) fn csv(&self) -> Vec<BTreeMap<String, String>> {
        csv_rows(&self.out)
    }
}

pub(crate) fn csv_rows(text: &str) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes())
        .deserialize()
        .map(|row| row.expect("a row of CSV"))
        .collect()
}

/// A temporary folder with a database.
pub(crate) struct World {
    dir: TempDir,
    db: String,
}

impl World {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let db = format!("sqlite://{}", dir.path().join("doseplan.db").display());
        Self { dir, db }
    }

    /// A world with the small campaign stored.
    pub(crate) fn small() -> Self {
        Self::with(&small())
    }

    /// A world with a campaign stored.
    pub(crate) fn with(campaign: &Folder) -> Self {
        Self::empty().applied(campaign)
    }

    /// The same world on another database.
    pub(crate) fn on(db: &str) -> Self {
        Self { db: db.to_owned(), ..Self::empty() }
    }

    pub(crate) fn applied(self, campaign: &Folder) -> Self {
        let folder = campaign.write(&self.path("small"));
        self.run(&["campaign", "apply", text(&folder)]).ends(0);
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn db(&self) -> &str {
        &self.db
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("the file is written");
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).current_dir(self.dir.path()).stdin(Stdio::null());
        command.env("DOSEPLAN_DB", &self.db).env("LC_ALL", "en_US.UTF-8");
        command.env_remove("DOSEPLAN_LOG");
        command
    }

    /// Puts the plain day-by-day plan in force, on the day before the small county's first one.
    #[track_caller]
    pub(crate) fn plan_day_by_day(&self) {
        for arguments in [&["plan", "make", "--steps", "0"][..], &["plan", "adopt"]] {
            let mut command = self.command(arguments);
            command.env("DOSEPLAN_CLOCK", "2021-03-31T01:00:00+08:00");
            Ran::from(command.output().expect("the program starts")).ends(0);
        }
    }

    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().expect("the program starts"))
    }

    /// Imports rows of `kind`, under the usual header unless the text has its own.
    #[track_caller]
    pub(crate) fn import(&self, kind: &str, rows: &str) -> Ran {
        let header = match kind {
            "persons" => PERSONS,
            "doses" => "record,person,date,place,lot",
            "tallies" => "record,date,place,area,group,dose,doses",
            _ => "record,person,date,outcome,until",
        };
        self.file(&format!("{kind}.csv"), format!("{header}\n{rows}\n"));
        self.run(&[kind, "import", &format!("{kind}.csv"), "-o", "json"])
    }

    /// Coverage of a day, as JSON.
    #[track_caller]
    pub(crate) fn coverage(&self, day: &str) -> Value {
        self.run(&["coverage", "--as-of", day, "-o", "json"]).ends(0).json()
    }

    /// People with a dose in a group, at the top of the area tree.
    #[track_caller]
    pub(crate) fn people(&self, day: &str, group: &str, dose: u64) -> u64 {
        let at = self.coverage(day);
        number(&dose_of(row(&at, group), dose)["people"])
    }

    /// `(state, kind, to)` of every mail.
    pub(crate) fn mails(&self) -> Vec<(String, String, String)> {
        let all = self.run(&["outbox", "list", "-o", "json"]).ends(0).json();
        let word = |mail: &Value, key: &str| mail[key].as_str().expect("text").to_owned();
        let list = all.as_array().expect("a list").iter();
        list.map(|mail| (word(mail, "state"), word(mail, "kind"), word(mail, "to"))).collect()
    }
}

pub(crate) const PERSONS: &str =
    "person,area,born,name,sex,group,email,phone,language,household,opt_out";

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("the path is UTF-8")
}

pub(crate) fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The row of a group in a coverage.
#[track_caller]
pub(crate) fn row<'a>(coverage: &'a Value, group: &str) -> &'a Value {
    let rows = coverage["rows"].as_array().expect("rows");
    rows.iter().find(|row| row["group"] == group).unwrap_or_else(|| panic!("no {group}"))
}

/// A dose in a row of a coverage.
#[track_caller]
pub(crate) fn dose_of(row: &Value, dose: u64) -> &Value {
    let doses = row["doses"].as_array().expect("doses");
    doses.iter().find(|line| line["dose"] == dose).unwrap_or_else(|| panic!("no dose {dose}"))
}

/// The files of a campaign.
#[derive(Clone)]
pub(crate) struct Folder(BTreeMap<&'static str, String>);

impl Folder {
    pub(crate) fn add(mut self, file: &'static str, line: &str) -> Self {
        let content = self.0.get_mut(file).expect("the file is there");
        content.push_str(line);
        content.push('\n');
        self
    }

    /// With another file in place of the one of that name.
    pub(crate) fn with(mut self, file: &'static str, content: &str) -> Self {
        self.0.insert(file, content.to_owned());
        self
    }

    /// Without a file.
    pub(crate) fn without(mut self, file: &str) -> Self {
        self.0.remove(file);
        self
    }

    #[track_caller]
    pub(crate) fn swap(mut self, file: &'static str, from: &str, to: &str) -> Self {
        let content = self.0.get_mut(file).expect("the file is there");
        assert!(content.contains(from), "{file} has no {from:?}");
        *content = content.replace(from, to);
        self
    }

    pub(crate) fn write(&self, dir: &Path) -> PathBuf {
        std::fs::create_dir_all(dir).expect("the folder is made");
        for (name, content) in &self.0 {
            std::fs::write(dir.join(name), content).expect("the file is written");
        }
        dir.to_owned()
    }
}

/// Two townships in a county, two sites, a team with two stops, two planned groups and one that is only counted, 40
/// days.
pub(crate) fn small() -> Folder {
    Folder(BTreeMap::from([
        (
            "campaign.toml",
            r#"id = "small"
name = "小县接种"
timezone = "Asia/Shanghai"
language = "zh-CN"
start = 2021-04-01
end = 2021-05-10
series = "covid19-inactivated"
adopt = "auto"
coordinator = { name = "小县疾控中心", email = "cdc@small.example" }
[[groups]]
id = "adult"
name = "18–59岁"
min_age = "18 years"
max_age = "60 years"
priority = 1.0
target = 0.5
[[groups]]
id = "senior"
name = "60岁及以上"
min_age = "60 years"
priority = 3.0
[[groups]]
id = "other"
name = "其他"
[[group_sets]]
id = "18+"
name = "18岁及以上"
groups = ["adult", "senior"]
"#
            .to_owned(),
        ),
        (
            "areas.csv",
            "area,name,parent,latitude,longitude\n001,小县,,32.0,119.6\n\
             A,甲镇,001,32.01,119.61\nB,乙镇,001,32.05,119.65\n"
                .to_owned(),
        ),
        (
            "eligible.csv",
            "area,group,people,source,as_of\nA,adult,200,census,2020-11-01\n\
             A,senior,6,census,2020-11-01\nB,adult,100,census,2020-11-01\n\
             B,senior,4,census,2020-11-01\n"
                .to_owned(),
        ),
        (
            "sites.csv",
            "site,name,area,weekday_doses,saturday_doses,lead_name,lead_email\n\
             S1,甲镇卫生院,A,40,20,张三,s1@small.example\n\
             S2,乙镇卫生院,B,20,,李四,s2@small.example\n"
                .to_owned(),
        ),
        ("reach.csv", "area,site\nA,S1\nB,S1\nB,S2\n".to_owned()),
        (
            "teams.csv",
            "team,name,latitude,longitude,lead_name,lead_email\n\
             T1,一队,32.0,119.6,王五,t1@small.example\n"
                .to_owned(),
        ),
        (
            "stops.csv",
            "stop,name,area,latitude,longitude\nP1,甲村,A,32.02,119.62\nP2,乙村,B,32.06,119.66\n"
                .to_owned(),
        ),
        ("closures.csv", "place,date,doses\nS2,2021-04-05,0\n".to_owned()),
        (
            "deliveries.csv",
            "lot,product,date,doses,expires\nL1,vero,2021-03-25,2000,2021-09-01\n\
             L2,vero,2021-03-25,20,2021-04-10\n"
                .to_owned(),
        ),
    ]))
}

/// A campaign of one dose at the same places, of the season that begins on 1 March.
pub(crate) fn flu() -> Folder {
    small()
        .swap("campaign.toml", "id = \"small\"", "id = \"flu\"")
        .swap("campaign.toml", "小县接种", "流感接种")
        .swap("campaign.toml", "series = \"covid19-inactivated\"", "series = \"flu\"")
        .swap("deliveries.csv", "L1,", "F1,")
        .swap("deliveries.csv", "L2,", "F2,")
        .with(
            "series.toml",
            "id = \"flu\"\nname = \"流感疫苗\"\nsource = \"test\"\nseason_start = \"03-01\"\n\
             antigen = \"流感病毒\"\ngroup = \"流感\"\nvaccines = [\"FLU\"]\n\
             [[doses]]\nprotection = 1.0\n",
        )
}

/// The six seniors of township A: a household of two, one who opted out, one without an address.
pub(crate) const SENIORS: &str = "\
p1,A,1950-01-01,赵一,F,,zhao@home.example,13800000001,,H1,
p2,A,1951-01-01,赵二,M,,,13800000002,,H1,
p3,A,1952-01-01,钱三,F,,qian@home.example,13800000003,en,,
p4,A,1953-01-01,孙四,M,,sun@home.example,13800000004,,,yes
p5,A,1954-01-01,李五,F,,,13800000005,,,no
p6,A,1955-01-01,周六,U,,zhou@home.example,13800000006,,,";

/// The app on the small campaign, with a clock that the test sets.
pub(crate) struct Desk {
    pub(crate) app: App,
    pub(crate) loaded: Loaded,
    pub(crate) dir: TempDir,
}

impl Desk {
    pub(crate) async fn open(campaign: &Folder, now: DateTime<Utc>) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let address = format!("sqlite://{}", dir.path().join("doseplan.db").display());
        let store = Store::open(&address, true).await.expect("the database opens");
        let mut config = Config::default();
        config.mail.dir = dir.path().join("mail");
        config.mail.digest = DigestRule::Always;
        let app = App::new(store, config);
        apply(&app, campaign, &dir.path().join("small"), now).await;
        let loaded = app.campaign(None).await.expect("the campaign is there");
        Self { app, loaded, dir }
    }

    pub(crate) async fn import(&self, kind: Kind, text: &str, now: DateTime<Utc>) -> Imported {
        let path = self.dir.path().join("rows.csv");
        std::fs::write(&path, text).expect("the file is written");
        let done = self.app.import(&self.loaded, kind, &path, Language::En, now).await;
        let done = done.expect("the import runs");
        assert!(done.fault.is_empty(), "{:?}", done.fault);
        done
    }
}

pub(crate) async fn apply(app: &App, campaign: &Folder, dir: &Path, now: DateTime<Utc>) {
    let read = doseplan::intake::campaign(&campaign.write(dir), doseplan::intake::series::all());
    let read = read.unwrap_or_else(|issues| panic!("{issues:?}"));
    app.apply(&read.campaign, Actor::CommandLine, now).await.expect("the campaign is stored");
}

/// A local time of the small campaign.
pub(crate) fn at(local: &str) -> DateTime<Utc> {
    resolve(chrono_tz::Asia::Shanghai, local.parse().expect("a local time"))
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// Runs a future to its end on two threads, as the program does.
pub(crate) fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work)
}

/// Data shared between projects: instances, the independent checker, the Danyang scenario.
pub(crate) fn shared() -> Option<PathBuf> {
    let named = std::env::var_os("DOSEPLAN_SHARED").map(PathBuf::from);
    let dir = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    if dir.join("planning/check_plan.py").exists() {
        return Some(dir);
    }
    skipped(
        "the shared instances are not there; DOSEPLAN_SHARED names the folder that has planning/",
    );
    None
}

/// Says that a test is skipped. In CI that is a failure.
pub(crate) fn skipped(why: &str) {
    assert!(std::env::var("CI").map_or(true, |value| value != "true"), "{why}");
    eprintln!("skipped: {why}");
}

/// Runs `work` with a new database on the test server; it is dropped afterwards.
pub(crate) fn on_postgresql(work: impl FnOnce(&str) + std::panic::UnwindSafe) {
    let Ok(server) = std::env::var("DOSEPLAN_TEST_POSTGRES") else {
        skipped("no PostgreSQL; DOSEPLAN_TEST_POSTGRES=postgres://USER@HOST/NAME names one");
        return;
    };
    let name = format!("doseplan_{}", uuid::Uuid::now_v7().simple());
    wait(postgresql(&server, format!("CREATE DATABASE {name}")));
    let (before, _) = server.rsplit_once('/').expect("an address with a database");
    let address = format!("{before}/{name}");
    let done = std::panic::catch_unwind(|| work(&address));
    wait(postgresql(&server, format!("DROP DATABASE {name} WITH (FORCE)")));
    if let Err(failure) = done {
        std::panic::resume_unwind(failure);
    }
}

/// Runs statements on a PostgreSQL server.
pub(crate) async fn postgresql(address: &str, sql: String) {
    use sqlx::Connection as _;
    let mut connection = sqlx::PgConnection::connect(address).await.expect("the server answers");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.expect("it obeys");
}

/// Runs a Python script that needs a module from PyPI and returns its output; `None` if the module is not
/// installed.
#[track_caller]
pub(crate) fn python(module: &str, script: &str, arguments: &[&str]) -> Option<String> {
    let there = Command::new("python3").args(["-c", &format!("import {module}")]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        skipped(&format!("no python3 with {module}; pip install {module}"));
        return None;
    }
    let mut command = Command::new("python3");
    command.args(["-c", script]).args(arguments).env("PYTHONIOENCODING", "utf-8");
    let output = command.output().expect("python starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stdout));
    Some(String::from_utf8(output.stdout).expect("python prints UTF-8"))
}
