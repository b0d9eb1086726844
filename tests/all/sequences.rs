//! Facts never vanish: random years of a county with two campaigns over one register. Files come in, are corrected and
//! taken back, records are voided, people become one and two again, towns merge, groups get other names, campaigns are
//! closed, opened and copied. After the last step the coverage by area of both campaigns, as of three days, is what a
//! pencil has, and `db check` is content; what was refused has left no trace in it.
//!
//! `DOSEPLAN_SEQUENCES` says how many years, `DOSEPLAN_SEED` repeats one.

use crate::dice::Dice;
use crate::support::{Ran, World, day, number, on_postgresql};
use chrono::{DateTime, FixedOffset, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Years on each database.
const SEQUENCES: u64 = 4;
/// Steps of a year.
const STEPS: usize = 12;
/// Towns and villages, each with the area above it.
const AREAS: [(&str, &str); 7] =
    [("C", ""), ("A", "C"), ("A1", "A"), ("A2", "A"), ("B", "C"), ("B1", "B"), ("D", "C")];
/// The two campaigns.
const CAMPAIGNS: [&str; 2] = ["flu", "lung"];
/// People of the register.
const PEOPLE: usize = 8;

/// A dose as the pencil has it: person, day, place, campaign.
type Dose = (String, String, &'static str, &'static str);
/// A count: day, area, people, campaign.
type Count = (String, &'static str, u64, &'static str);

/// Where a record stands: what each file said of it, the last one valid, by the file's number.
struct Record<T>(Vec<(i64, T)>);

impl<T> Record<T> {
    fn stands(&self) -> Option<&T> {
        self.0.last().map(|(_, said)| said)
    }
}

/// A county in a database, and what a pencil knows of it.
struct County {
    world: World,
    dice: Dice,
    now: DateTime<FixedOffset>,
    homes: BTreeMap<String, &'static str>,
    /// Who became whom.
    same: BTreeMap<String, String>,
    merged: BTreeMap<&'static str, (&'static str, String)>,
    groups: BTreeMap<&'static str, String>,
    open: BTreeMap<&'static str, bool>,
    doses: BTreeMap<String, Record<Dose>>,
    counts: BTreeMap<String, Record<Count>>,
    voided: BTreeSet<String>,
    /// The records of each file that was not taken back, by its number.
    files: BTreeMap<i64, Vec<String>>,
    records: u64,
    copies: i32,
}

fn on(number: u64) -> String {
    (day("2021-04-01") + TimeDelta::days(i64::try_from(number).expect("few days"))).to_string()
}

impl County {
    fn new(world: World, seed: u64) -> Self {
        let mut county = Self {
            world,
            dice: Dice(seed),
            now: "2021-06-20T08:00:00+08:00".parse().expect("an instant"),
            homes: BTreeMap::new(),
            same: BTreeMap::new(),
            merged: BTreeMap::new(),
            groups: CAMPAIGNS.map(|id| (id, "g".to_owned())).into(),
            open: CAMPAIGNS.map(|id| (id, true)).into(),
            doses: BTreeMap::new(),
            counts: BTreeMap::new(),
            voided: BTreeSet::new(),
            files: BTreeMap::new(),
            records: 0,
            copies: 0,
        };
        county.apply_places().ends(0);
        for id in CAMPAIGNS {
            county.apply(id, "").ends(0);
        }
        let mut rows = String::new();
        for no in 0..PEOPLE {
            let area = county.one_of(&["A", "A1", "A2", "B", "B1", "D"]);
            county.homes.insert(format!("p{no}"), area);
            writeln!(rows, "p{no},{area},1980-01-0{}", no + 1).expect("a row");
        }
        county.import("persons", "person,area,born", &rows).ends(0);
        county
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.dice.one_of(all.len())]
    }

    /// Runs the program a minute later than before.
    fn run(&mut self, arguments: &[&str]) -> Ran {
        self.now += TimeDelta::minutes(1);
        let mut command = self.world.command(arguments);
        command.env("DOSEPLAN_CLOCK", self.now.to_rfc3339());
        let ran = Ran::from(command.output().expect("the program starts"));
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        assert!(ran.code == 0 || !ran.err.trim().is_empty(), "a refusal says why: {arguments:?}");
        ran
    }

    fn import(&mut self, kind: &str, header: &str, rows: &str) -> Ran {
        self.world.file("rows.csv", format!("{header}\n{rows}"));
        self.run(&[kind, "import", "rows.csv"])
    }

    /// The number of the newest file.
    fn newest(&mut self) -> i64 {
        let list = self.run(&["import", "list", "-o", "json"]).ends(0).json();
        list[0]["number"].as_i64().expect("a number")
    }

    fn folder(&self, name: &str, files: &[(&str, String)]) -> String {
        let path = self.world.path(name);
        std::fs::create_dir_all(&path).expect("a folder");
        for (file, content) in files {
            std::fs::write(path.join(file), content).expect("a file");
        }
        path.to_str().expect("UTF-8").to_owned()
    }

    fn apply_places(&mut self) -> Ran {
        let mut areas = "area,name,parent,latitude,longitude,merged_into,until\n".to_owned();
        let mut reach = "area,site\n".to_owned();
        for (area, above) in AREAS {
            let (into, until) = self.merged.get(area).cloned().unwrap_or_default();
            writeln!(areas, "{area},{area}镇,{above},32.0,119.6,{into},{until}").expect("a row");
            writeln!(reach, "{area},S1\n{area},S2").expect("a row");
        }
        let sites = "site,name,area,latitude,longitude,weekday_doses,saturday_doses,sunday_doses\n\
                     S1,一,A,32.0,119.6,500,500,500\nS2,二,B,32.0,119.6,500,500,500\n";
        let settings = "id = \"C\"\nname = \"县\"\ntimezone = \"Asia/Shanghai\"\n";
        let folder = self.folder(
            "places",
            &[
                ("jurisdiction.toml", settings.to_owned()),
                ("areas.csv", areas),
                ("sites.csv", sites.to_owned()),
                ("reach.csv", reach),
            ],
        );
        self.run(&["jurisdiction", "apply", &folder])
    }

    fn apply(&mut self, id: &str, renamed_from: &str) -> Ran {
        let (group, vaccine) = (&self.groups[id], id.to_uppercase());
        let season = if id == "flu" { "season_start = \"03-01\"\n" } else { "" };
        let renamed = match renamed_from {
            "" => String::new(),
            old => format!("renamed_from = \"{old}\"\n"),
        };
        let settings = format!(
            "id = \"{id}\"\nname = \"{id}\"\ntimezone = \"Asia/Shanghai\"\nstart = 2021-04-01\n\
             end = 2021-06-30\nseries = \"{id}\"\n[[groups]]\nid = \"{group}\"\n\
             name = \"18岁及以上\"\nmin_age = \"18 years\"\n{renamed}"
        );
        let series = format!(
            "id = \"{id}\"\nname = \"{id}疫苗\"\nsource = \"test\"\nantigen = \"{id}病毒\"\n\
             group = \"{id}\"\nvaccines = [\"{vaccine}\"]\n{season}[[doses]]\nprotection = 1.0\n"
        );
        let mut eligible = "area,group,people\n".to_owned();
        for (area, _) in AREAS {
            writeln!(eligible, "{area},{group},500").expect("a row");
        }
        let lots =
            format!("lot,product,date,doses,expires\nL{id},{vaccine},2021-03-25,9000,2029-01-01\n");
        let folder = self.folder(
            id,
            &[
                ("campaign.toml", settings),
                ("series.toml", series),
                ("eligible.csv", eligible),
                ("deliveries.csv", lots),
            ],
        );
        self.run(&["campaign", "apply", &folder])
    }

    fn step(&mut self) {
        match self.dice.below(15) {
            0 | 1 => self.doses_come(),
            2 | 3 => self.counts_come(),
            4 => self.a_dose_is_corrected(),
            5 => self.a_record_is_voided(),
            6 | 7 => self.a_file_is_taken_back(),
            8 | 9 => self.two_become_one(),
            10 => self.one_becomes_two(),
            11 => self.somebody_moves(),
            12 => self.towns_merge(),
            13 => self.a_group_is_renamed(),
            _ => self.a_campaign_is_closed_opened_or_copied(),
        }
    }

    fn new_record(&mut self, letter: char) -> (String, u64) {
        self.records += 1;
        (format!("{letter}{}", self.records), self.records)
    }

    fn import_doses(&mut self, rows: &[(String, Dose)]) {
        let mut text = String::new();
        for (record, (person, day, place, id)) in rows {
            writeln!(text, "{record},{person},{day},{place},{}", id.to_uppercase()).expect("a row");
        }
        self.import("doses", "record,person,date,place,product", &text).ends(0);
        let file = self.newest();
        self.files.insert(file, rows.iter().map(|(record, _)| record.clone()).collect());
        for (record, said) in rows {
            let known = self.doses.entry(record.clone()).or_insert_with(|| Record(Vec::new()));
            known.0.push((file, said.clone()));
        }
    }

    fn doses_come(&mut self) {
        let mut rows = Vec::new();
        for _ in 0..self.dice.between(1, 3) {
            // Odd days are those of doses, even ones those of counts: what meets at one session is another test's.
            let (record, no) = self.new_record('d');
            let person = format!("p{}", self.dice.one_of(PEOPLE));
            let (place, id) = (self.one_of(&["S1", "S2"]), self.one_of(&CAMPAIGNS));
            rows.push((record, (person, on(2 * no + 1), place, id)));
        }
        self.import_doses(&rows);
    }

    fn a_dose_is_corrected(&mut self) {
        let person = format!("p{}", self.dice.one_of(PEOPLE));
        let live: Vec<(String, Dose)> = self
            .doses
            .iter()
            .filter(|(record, _)| !self.voided.contains(*record))
            .filter_map(|(record, known)| Some((record.clone(), known.stands()?.clone())))
            .filter(|(_, dose)| self.who(&dose.0) != self.who(&person))
            .collect();
        if live.is_empty() {
            return;
        }
        let (record, dose) = live[self.dice.one_of(live.len())].clone();
        self.import_doses(&[(record, (person, dose.1, dose.2, dose.3))]);
    }

    fn counts_come(&mut self) {
        let open: Vec<&str> = CAMPAIGNS.into_iter().filter(|id| self.open[id]).collect();
        if open.is_empty() {
            return;
        }
        let id = self.one_of(&open);
        let (record, no) = self.new_record('t');
        let (area, _) = self.one_of(&AREAS);
        let (place, people) = (self.one_of(&["S1", "S2"]), u64::from(self.dice.between(1, 9)));
        let (day, group) = (on(2 * no), self.groups[id].clone());
        let row = format!("{record},{day},{place},{area},{group},1,{people},{id}\n");
        self.import("tallies", "record,date,place,area,group,dose,doses,campaign", &row).ends(0);
        let file = self.newest();
        self.files.insert(file, vec![record.clone()]);
        self.counts.insert(record, Record(vec![(file, (day, area, people, id))]));
    }

    fn a_record_is_voided(&mut self) {
        let doses = self.doses.iter().filter(|(_, known)| known.stands().is_some());
        let counts = self.counts.iter().filter(|(_, known)| known.stands().is_some());
        let all = doses.map(|(record, _)| record).chain(counts.map(|(record, _)| record));
        let live: Vec<String> =
            all.filter(|record| !self.voided.contains(*record)).cloned().collect();
        if live.is_empty() {
            return;
        }
        let record = live[self.dice.one_of(live.len())].clone();
        let kind = if record.starts_with('d') { "doses" } else { "tallies" };
        self.run(&[kind, "void", &record, "--reason", "test"]).ends(0);
        self.voided.insert(record);
    }

    /// A file goes whole, where nothing later stands on one of its records, or not at all.
    fn a_file_is_taken_back(&mut self) {
        let all: Vec<i64> = self.files.keys().copied().collect();
        if all.is_empty() {
            return;
        }
        let file = all[self.dice.one_of(all.len())];
        let records = self.files[&file].clone();
        let is_last = |record: &String| {
            let dose = self.doses.get(record).and_then(|known| known.0.last());
            let count = self.counts.get(record).and_then(|known| known.0.last());
            dose.map(|(of, _)| *of).or(count.map(|(of, _)| *of)) == Some(file)
        };
        let stands = !records.iter().all(is_last);
        let done = self.run(&["import", "undo", &file.to_string()]);
        assert!(done.code != 0 || !stands, "file {file} went though something stands on it");
        if done.code != 0 {
            return;
        }
        for record in records {
            if let Some(known) = self.doses.get_mut(&record) {
                known.0.pop();
            }
            if let Some(known) = self.counts.get_mut(&record) {
                known.0.pop();
            }
            self.voided.remove(&record);
        }
        self.files.remove(&file);
    }

    fn who(&self, person: &str) -> String {
        let mut at = person;
        while let Some(next) = self.same.get(at) {
            at = next;
        }
        at.to_owned()
    }

    fn two_become_one(&mut self) {
        let all: Vec<String> =
            self.homes.keys().filter(|code| !self.same.contains_key(*code)).cloned().collect();
        let (one, other) = (self.dice.one_of(all.len()), self.dice.one_of(all.len()));
        if one == other {
            return;
        }
        let (one, other) = (all[one].clone(), all[other].clone());
        if self.run(&["persons", "merge", &one, &other]).code == 0 {
            self.same.insert(other, one);
        }
    }

    fn one_becomes_two(&mut self) {
        let all: Vec<String> = self.same.keys().cloned().collect();
        if all.is_empty() {
            return;
        }
        let code = all[self.dice.one_of(all.len())].clone();
        if self.run(&["persons", "unmerge", &code]).code == 0 {
            self.same.remove(&code);
        }
    }

    fn somebody_moves(&mut self) {
        let no = self.dice.one_of(PEOPLE);
        let area = self.one_of(&["A", "A1", "A2", "B", "B1", "D"]);
        let code = format!("p{no}");
        if self.same.contains_key(&code) {
            return;
        }
        let row = format!("{code},{area},1980-01-0{}\n", no + 1);
        self.import("persons", "person,area,born", &row).ends(0);
        self.homes.insert(code, area);
    }

    fn towns_merge(&mut self) {
        let ((area, _), (into, _)) = (self.one_of(&AREAS), self.one_of(&AREAS));
        let until = on(self.dice.below(40));
        if area == into || area == "C" || self.merged.contains_key(area) {
            return;
        }
        self.merged.insert(area, (into, until));
        let done = self.apply_places();
        if done.code != 0 {
            assert!(done.err.contains("areas.csv"), "{}", done.err);
            self.merged.remove(area);
        }
    }

    fn a_group_is_renamed(&mut self) {
        let id = self.one_of(&CAMPAIGNS);
        let says_so = self.dice.in_1000(500);
        self.records += 1;
        let new = format!("g{}", self.records);
        let old = self.groups.insert(id, new).expect("it has a group");
        let done = self.apply(id, if says_so { &old } else { "" });
        if done.code != 0 {
            assert!(!says_so && done.err.contains("renamed_from"), "{}", done.err);
            self.groups.insert(id, old);
        }
    }

    fn a_campaign_is_closed_opened_or_copied(&mut self) {
        if self.dice.in_1000(400) {
            self.copies += 1;
            let (new, year) = (format!("flu{}", self.copies), 2021 + self.copies);
            let (start, end) = (format!("{year}-04-01"), format!("{year}-06-30"));
            let copy = ["campaign", "copy", "flu", &new, "--start", &start, "--end", &end];
            self.run(&copy).ends(0);
            let figures = self.figures(&new, &end);
            assert!(figures.is_empty(), "{new} begins without facts: {figures:?}");
            self.run(&["campaign", "close", &new]).ends(0);
            return;
        }
        let id = self.one_of(&CAMPAIGNS);
        let is_open = self.open[id];
        let what = if is_open { "close" } else { "reopen" };
        self.run(&["campaign", what, id]).ends(0);
        self.open.insert(id, !is_open);
    }

    /// People with a dose in each area, as the program says; areas without any are left out.
    fn figures(&mut self, id: &str, as_of: &str) -> BTreeMap<String, u64> {
        let ask = ["coverage", id, "--by", "area", "--as-of", as_of, "-o", "json"];
        let told = self.run(&ask).ends(0).json();
        let mut out = BTreeMap::new();
        for row in told["rows"].as_array().expect("rows") {
            let people = number(&row["doses"][0]["people"]);
            if people > 0 {
                let area = row["area"].as_str().expect("an area").to_owned();
                *out.entry(area).or_default() += people;
            }
        }
        out
    }

    /// An area, or what it is merged into by a day.
    fn home<'a>(&'a self, area: &'a str, as_of: &str) -> &'a str {
        let mut at = area;
        while let Some((into, _)) = self.merged.get(at).filter(|(_, until)| until.as_str() <= as_of)
        {
            at = into;
        }
        at
    }

    /// The same as the pencil says.
    fn pencil(&self, id: &str, as_of: &str) -> BTreeMap<String, u64> {
        let mut given = BTreeSet::new();
        for (record, known) in &self.doses {
            let Some((person, day, _, of)) = known.stands() else { continue };
            if *of == id && day.as_str() <= as_of && !self.voided.contains(record) {
                given.insert(self.who(person));
            }
        }
        let mut points: Vec<(&str, u64)> =
            given.iter().map(|person| (self.homes[person], 1)).collect();
        for (record, known) in &self.counts {
            let Some((day, area, people, of)) = known.stands() else { continue };
            if *of == id && day.as_str() <= as_of && !self.voided.contains(record) {
                points.push((area, *people));
            }
        }
        let mut out = BTreeMap::new();
        for (area, people) in points {
            let mut at = self.home(area, as_of);
            while !at.is_empty() {
                *out.entry(at.to_owned()).or_default() += people;
                let above =
                    AREAS.iter().find(|(code, _)| *code == at).map_or("", |(_, above)| *above);
                at = self.home(above, as_of);
            }
        }
        out
    }

    fn holds(&mut self) {
        for id in CAMPAIGNS {
            for as_of in [on(9), on(25), on(80)] {
                let (told, known) = (self.figures(id, &as_of), self.pencil(id, &as_of));
                assert_eq!(told, known, "{id} as of {as_of}");
            }
        }
        self.run(&["db", "check"]).ends(0);
    }
}

fn years(world: impl Fn() -> World) {
    let asked = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match asked("DOSEPLAN_SEED") {
        Some(seed) => seed..=seed,
        None => 1..=asked("DOSEPLAN_SEQUENCES").unwrap_or(SEQUENCES),
    };
    for seed in seeds {
        // Shown where the test fails.
        println!("seed {seed}");
        let mut county = County::new(world(), seed);
        for _ in 0..STEPS {
            county.step();
        }
        county.holds();
    }
}

#[test]
fn facts_never_vanish_whatever_happens_to_files_people_places_and_campaigns() {
    years(World::empty);
}

#[test]
fn facts_never_vanish_on_postgresql() {
    on_postgresql(|server| {
        let one = std::env::var("DOSEPLAN_SEED").ok().and_then(|seed| seed.parse().ok());
        let mut county = County::new(World::on(server), one.unwrap_or(1));
        for _ in 0..STEPS {
            county.step();
        }
        county.holds();
    });
}
