//! Schools: from three lists to visits, printed lists and who was missed, through the command line.

use crate::support::{Ran, World, number, on_postgresql, python, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

/// A county with schools, two doses six months apart, teams, and holidays of the schools.
pub(crate) struct County {
    pub(crate) world: World,
}

const CAMPAIGN: &str = r#"id = "hpv"
name = "女生HPV疫苗接种"
timezone = "Asia/Shanghai"
language = "zh-CN"
start = 2025-10-09
end = 2026-06-30
series = "cn-hpv-programme"
adopt = "ask"
[[groups]]
id = "girls"
name = "13岁女孩"
min_age = "13 years"
max_age = "15 years"
sex = "F"
"#;

/// Holidays of every school: first and last day.
const HOLIDAYS: [(&str, &str); 5] = [
    ("2025-10-01", "2025-10-08"),
    ("2026-01-24", "2026-03-01"),
    ("2026-04-04", "2026-04-06"),
    ("2026-05-01", "2026-05-05"),
    ("2026-07-01", "2026-08-31"),
];

impl County {
    /// With so many schools and teams, in a database of its own.
    pub(crate) fn new(world: World, schools: usize, teams: usize) -> Self {
        let dir = world.path("hpv");
        std::fs::create_dir_all(&dir).unwrap();
        let mut areas = "area,name,parent,latitude,longitude,level\nC,丹县,,32.0,119.6,county\n\
                         T,丹镇,C,32.0,119.6,township\n"
            .to_owned();
        let mut stops =
            "stop,name,area,latitude,longitude,kind,setup_minutes,max_doses,weekdays\n".to_owned();
        let mut closures = "place,date,until,doses,reason\n".to_owned();
        let mut eligible = "area,group,people,source,as_of\nT,girls,0,名册,2025-08-01\n".to_owned();
        for no in 0..schools {
            let (x, y) = ((no % 7) as f64 * 0.03 - 0.09, (no / 7) as f64 * 0.03 - 0.09);
            let point = format!("{:.4},{:.4}", 32.0 + x, 119.6 + y);
            writeln!(areas, "M{no:02},第{no}中学,T,{point},school").unwrap();
            let days = "mon tue wed thu fri";
            writeln!(stops, "P{no:02},第{no}中学,M{no:02},{point},school,30,150,{days}").unwrap();
            writeln!(eligible, "M{no:02},girls,0,名册,2025-08-01").unwrap();
            for (first, last) in HOLIDAYS {
                writeln!(closures, "P{no:02},{first},{last},0,放假").unwrap();
            }
        }
        let mut crews = "team,name,latitude,longitude,doses_per_hour,doses_per_day\n".to_owned();
        for no in 0..teams {
            writeln!(crews, "V{no},流动{no}队,32.0,119.6,40,300").unwrap();
        }
        let deliveries = "lot,product,date,doses,expires,doses_per_vial\n\
                          H1,HPV2,2025-09-01,8000,2027-01-01,1\n\
                          H2,HPV2,2026-03-01,8000,2027-06-01,1\n";
        for (name, content) in [
            ("campaign.toml", CAMPAIGN),
            ("areas.csv", &areas),
            ("stops.csv", &stops),
            ("closures.csv", &closures),
            ("eligible.csv", &eligible),
            ("teams.csv", &crews),
            ("deliveries.csv", deliveries),
            ("sites.csv", "site,name,area,weekday_doses\nS1,丹镇卫生院,T,60\n"),
        ] {
            std::fs::write(dir.join(name), content).unwrap();
        }
        let county = Self { world };
        county.at("2025-09-01", &["campaign", "apply", text(&dir)]).ends(0);
        county
    }

    /// Runs a command on a day at nine.
    pub(crate) fn at(&self, day: &str, arguments: &[&str]) -> Ran {
        let mut command = self.world.command(arguments);
        command.env("DOSEPLAN_CLOCK", format!("{day}T09:00:00+08:00"));
        Ran::from(command.output().expect("the program starts"))
    }

    pub(crate) fn json(&self, day: &str, arguments: &[&str]) -> Value {
        self.at(day, &[arguments, &["-o", "json"]].concat()).ends(0).json()
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        self.world.file(name, content)
    }

    /// Everybody of the register, by code.
    pub(crate) fn register(&self) -> BTreeMap<String, Value> {
        let all = self.json("2025-09-25", &["persons", "export"]);
        let of = |one: &Value| (one["id"].as_str().unwrap().to_owned(), one.clone());
        all.as_array().unwrap().iter().map(of).collect()
    }

    /// Rows of `persons.csv`.
    pub(crate) fn persons(&self, rows: &str) {
        let header = "person,area,born,name,sex,id_no,guardian,school,class";
        let path = self.file("persons.csv", &format!("{header}\n{rows}"));
        self.at("2025-09-10", &["persons", "import", text(&path)]).ends(0);
    }
}

/// Children by state.
pub(crate) fn states(found: &Value) -> BTreeMap<String, u64> {
    let all = found["states"].as_object().unwrap();
    all.iter().map(|(state, count)| (state.clone(), number(count))).collect()
}

/// An identity number of somebody born on a day.
pub(crate) fn id_no(born: &str, no: usize) -> String {
    let digits = format!("321181{}{:02}{}", born.replace('-', ""), no % 100, no / 100 % 5 * 2);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.bytes().zip(weights).map(|(d, w)| u32::from(d - b'0') * w).sum();
    format!("{digits}{}", b"10X98765432"[sum as usize % 11] as char)
}

pub(crate) const HEADER: &str = "学校,班级,姓名,身份证号,出生日期,性别,监护人,监护人电话";

/// Lists in which each way of matching occurs.
fn matched(world: World) {
    let county = County::new(world, 3, 1);
    let number = |no| id_no("2012-01-02", no);
    county.persons(&format!(
        "p1,T,2012-01-02,张一,F,{},张父,,\np2,T,2012-01-02,张二,F,,张父,,\n\
         p3,T,2012-01-02,张三,F,,李母,,\np4,T,2012-01-02,张四,F,{},,,\n\
         p5,T,2012-01-02,张五,F,{},,,\np6,T,2012-01-02,张六,F,,,第1中学,2班\n\
         p7,T,2012-01-02,张七,F,,,第2中学,1班\np8,T,2012-01-02,张八,F,,,,\n\
         old,T,1950-01-02,张老,M,,,,\n",
        number(1),
        number(4),
        number(5)
    ));
    let first = county.file(
        "m0.csv",
        &format!(
            "{HEADER}\n第0中学,1班,张一,{},,,,13900000001\n第0中学,1班,张二,,2012-01-02,女,张父,\n\
             第0中学,1班,张三,,2012-01-02,女,张父,\n第0中学,2班,新生,,2012-02-03,女,新父,\n\
             第0中学,2班,张四,{},,,,\n第0中学,2班,男生,,2012-02-03,男,男父,\n",
            number(1),
            number(4)
        ),
    );
    let second = county.file("m1.csv", &format!("{HEADER}\nM01,1班,张四,{},,,,\n", number(4)));
    let third = county
        .file("home.csv", &format!("area,name,id_no,born,why\n丹镇,张五,{},,休学\n", number(5)));
    let files = [text(&first), text(&second), text(&third)];
    let has_job = || -> bool {
        let status = county.json("2025-09-15", &["status"]);
        status["jobs"].as_array().unwrap().iter().any(|line| line["job"] == "schools")
    };
    assert!(!has_job(), "no school has sent a list");
    let taken = county.json("2025-09-15", &[&["schools", "import"][..], &files].concat());
    assert_eq!(taken.as_array().unwrap().len(), 3);
    assert!(has_job());
    let found = county.json("2025-09-15", &["schools", "match"]);
    let expected = [
        ("at_home", 1),
        ("at_school", 2),
        ("left", 1),
        ("new", 2),
        ("no_list", 1),
        ("two_schools", 1),
        ("unlisted", 2),
        ("unsure", 1),
    ];
    assert_eq!(states(&found), expected.map(|(s, n)| (s.to_owned(), n)).into());
    // Every row is in one child: those that are shown, and those that are clear.
    let shown = found["shown"].as_array().unwrap();
    let rows: Vec<&str> = shown
        .iter()
        .flat_map(|it| it["rows"].as_array().unwrap())
        .map(|it| it.as_str().unwrap())
        .collect();
    assert_eq!(rows.len() + 3, 8);
    let unsure = shown.iter().find(|it| it["state"] == "unsure").unwrap();
    assert_eq!((&unsure["rows"][0], &unsure["candidates"][0]), (&"M00:4".into(), &"p3".into()));
    // A clerk decides; what the register takes over can be undone.
    let decided = ["schools", "decide", "M00:4=p3", "M01:2=drop"];
    county.at("2025-09-16", &decided).ends(0);
    assert_eq!(county.at("2025-09-16", &["schools", "decide", "M00:99=p3"]).code, 1);
    assert_eq!(county.at("2025-09-16", &["schools", "decide", "M00:4=p99"]).code, 1);
    let saved = county.json("2025-09-16", &["schools", "match", "--save", "--add"]);
    assert_eq!(
        (&saved["changed"], &saved["added"], &saved["not_asked"]),
        (&4.into(), &1.into(), &1.into())
    );
    let register = county.register();
    let of = |code: &str, key: &str| register[code][key].as_str().unwrap_or_default().to_owned();
    for (code, area, class) in [("p1", "M00", "1班"), ("p3", "M00", "1班"), ("p4", "M00", "2班")]
    {
        let more = &register[code]["more"];
        assert_eq!((of(code, "area"), &more["class"]), (area.to_owned(), &class.into()), "{more}");
        assert_eq!(more["school"], "第0中学");
    }
    assert_eq!(register["p1"]["more"]["guardian_phone"], "13900000001", "what lacked is completed");
    assert_eq!(register["p3"]["more"]["guardian"], "李母", "what was there stays");
    assert_eq!((of("p5", "area"), of("M00-0005", "area")), ("T".to_owned(), "M00".to_owned()));
    let again = county.json("2025-09-17", &["schools", "match", "--save", "--add"]);
    assert_eq!((&again["changed"], &again["added"]), (&0.into(), &0.into()));
    // The list that comes again keeps what was decided.
    let taken = county.json("2025-09-18", &["schools", "import", text(&first)]);
    assert_eq!((&taken[0]["rows"], &taken[0]["before"]), (&6.into(), &6.into()));
    let found = county.json("2025-09-18", &["schools", "match"]);
    assert!(!states(&found).contains_key("unsure"), "{found}");
    county.at("2025-09-18", &["db", "check"]).ends(0);
}

#[test]
fn three_lists_become_the_register_and_nobody_is_lost_or_double() {
    matched(World::empty());
}

#[test]
fn three_lists_become_the_register_on_postgresql() {
    on_postgresql(|db| matched(World::on(db)));
}

#[test]
fn a_list_with_a_fault_is_refused_whole_and_the_others_are_taken() {
    let county = County::new(World::empty(), 2, 1);
    let good = county.file("m0.csv", &format!("{HEADER}\n第0中学,1班,张一,,2012-01-02,女,,\n"));
    let bad =
        format!("{HEADER}\n第1中学,1班,张二,,2012-01-02,女,,\n第9中学,1班,张三,,2012-01-02,女,,\n");
    let bad = county.file("m1.csv", &bad);
    let ran =
        county.at("2025-09-15", &["schools", "import", text(&good), text(&bad), "-o", "json"]);
    let ran = ran.ends(3);
    assert_eq!(ran.json().as_array().unwrap().len(), 1);
    assert!(ran.err.contains("m1.csv:3") && ran.err.contains("第9中学"), "{}", ran.err);
    assert!(!ran.err.contains("张三"), "names stay out of messages: {}", ran.err);
}

#[test]
fn whoever_was_added_once_is_known_from_then_on() {
    let county = County::new(World::empty(), 1, 1);
    // Neither a number nor a guardian; the second one is decided by a clerk, for the register has somebody alike.
    county.persons("p1,T,2012-01-03,李四,F,,,,\n");
    let list =
        format!("{HEADER}\n第0中学,1班,张三,,2012-01-02,女,,\n第0中学,1班,李四,,2012-01-03,女,,\n");
    let list = county.file("m0.csv", &list);
    county.at("2025-09-15", &["schools", "import", text(&list)]).ends(0);
    county.at("2025-09-15", &["schools", "decide", "M00:3=new"]).ends(0);
    let saves = ["schools", "match", "--save", "--add"];
    assert_eq!(county.json("2025-09-15", &saves)["added"], 2);
    let again = county.json("2025-09-16", &saves);
    assert_eq!((&again["added"], states(&again)["at_school"]), (&0.into(), 2), "{again}");
    // Nor when the list comes again, nor under the code of somebody with whom they were merged.
    county.at("2025-09-17", &["schools", "import", text(&list)]).ends(0);
    county.at("2025-09-17", &["persons", "merge", "p1", "M00-0003"]).ends(0);
    let again = county.json("2025-09-17", &saves);
    assert_eq!((&again["added"], states(&again)["at_school"]), (&0.into(), 2), "{again}");
    assert_eq!(county.register().len(), 2);
    // A clerk may write the code that somebody had before.
    county.at("2025-09-18", &["schools", "decide", "M00:3=M00-0003"]).ends(0);
    let again = county.json("2025-09-18", &saves);
    assert_eq!((&again["added"], states(&again)["at_school"]), (&0.into(), 2), "{again}");
}

/// A school of two classes, matched, with answers.
pub(crate) fn school(world: World) -> County {
    let county = County::new(world, 1, 1);
    let mut persons = String::new();
    let mut list = format!("{HEADER}\n");
    let mut answers = "person,consent,why,by,date\n".to_owned();
    for no in 0..60 {
        let number = id_no("2012-01-02", no);
        writeln!(persons, "p{no:02},T,2012-01-02,女生{no:02},F,{number},父{no:02},,").unwrap();
        writeln!(list, "第0中学,{}班,女生{no:02},{number},,女,父{no:02},", no / 30 + 1).unwrap();
        match no % 10 {
            0 => writeln!(answers, "p{no:02},不同意,担心,父{no:02},2025-09-20").unwrap(),
            1 => {}
            _ => writeln!(answers, "p{no:02},同意,,父{no:02},2025-09-20").unwrap(),
        }
    }
    county.persons(&persons);
    let list = county.file("list.csv", &list);
    county.at("2025-09-15", &["schools", "import", text(&list)]).ends(0);
    county.at("2025-09-15", &["schools", "match", "--save"]).ends(0);
    let answers = county.file("answers.csv", &answers);
    county.at("2025-09-22", &["schools", "consent", text(&answers)]).ends(0);
    county
}

fn answered(world: World) {
    let county = school(world);
    let classes = county.json("2025-09-23", &["schools", "classes"]);
    let figures = |classes: &Value| -> Vec<[u64; 4]> {
        let of = |one: &Value| ["eligible", "yes", "no", "open"].map(|key| number(&one[key]));
        classes.as_array().unwrap().iter().map(of).collect()
    };
    assert_eq!(figures(&classes), [[30, 24, 3, 3], [30, 24, 3, 3]]);
    let visits = county.json("2025-09-23", &["schools", "visits", "--save"]);
    let days: Vec<&str> =
        visits["visits"].as_array().unwrap().iter().map(|it| it["day"].as_str().unwrap()).collect();
    assert_eq!(days, ["2025-10-09", "2026-04-09"], "the second dose in the other term");
    assert_eq!(visits["schools"][0]["days"], visits["schools"][0]["bound"]);
    let planned = county.json("2025-09-23", &["plan", "make", "--steps", "0"]);
    assert_eq!(number(&planned["doses"]), 2 * 54, "{planned}");
    county.at("2025-09-23", &["plan", "adopt"]).ends(0);
    // Whoever refuses has no appointment, whoever did not return the form has one.
    let held = county.json("2025-09-24", &["bookings", "list"]);
    let held: BTreeSet<&str> =
        held.as_array().unwrap().iter().map(|it| it["person"].as_str().unwrap()).collect();
    assert!(!held.contains("p00") && held.contains("p01") && held.contains("p02"), "{held:?}");
    // A consent that is withdrawn after the list was printed is told, and ends the appointment.
    let dir = county.world.path("printed");
    county.at("2025-10-08", &["schools", "lists", text(&dir)]).ends(0);
    let more = "person,consent,why,by,date\np02,no,改主意,父02,2025-10-08\np99,no,,,2025-10-08\n\
                p03,yes,,,2025-12-01\n";
    let file = county.file("more.csv", more);
    let ran = county.at("2025-10-08", &["schools", "consent", text(&file), "-o", "json"]).ends(3);
    let done = ran.json();
    assert_eq!((&done[0]["changed"], &done[0]["refused"]), (&1.into(), &2.into()), "{done}");
    assert_eq!(done[0]["withdrawn"][0]["person"], "p02");
    assert!(ran.err.contains("more.csv:3") && ran.err.contains("more.csv:4"), "{}", ran.err);
    let errors = county.world.read("more-errors.csv");
    assert!(errors.contains("unknown_pupil") && errors.contains("future_date"), "{errors}");
    let held = county.json("2025-10-08", &["bookings", "list"]);
    assert!(!held.to_string().contains("\"p02\""), "the appointment ended");
    // Whoever agrees after all is called again.
    let more = county.file("after.csv", "person,consent,date\np00,yes,2025-10-08\n");
    county.at("2025-10-08", &["schools", "consent", text(&more)]).ends(0);
    let shown = county.json("2025-10-08", &["persons", "show", "p00"]);
    assert_eq!(shown["outcomes"], serde_json::json!([]), "{shown}");
    let same = county.json("2025-10-08", &["schools", "consent", text(&more)]);
    assert_eq!(same[0]["same"], 1);
    county.at("2025-10-08", &["db", "check"]).ends(0);
    given_and_missed(&county);
}

/// After the visit: who got a dose, who was missed and why.
fn given_and_missed(county: &County) {
    let mut doses = "record,person,date,place,lot\n".to_owned();
    for no in (0..60).filter(|no| no % 10 > 4) {
        writeln!(doses, "d{no:02},p{no:02},2025-10-09,P00,H1").unwrap();
    }
    let doses = county.file("doses.csv", &doses);
    county.at("2025-10-09", &["doses", "import", text(&doses)]).ends(0);
    let outcomes = "record,person,date,outcome,until\no1,p03,2025-10-09,absent,\n\
                    o2,p04,2025-10-09,contraindicated,\n";
    let outcomes = county.file("outcomes.csv", outcomes);
    county.at("2025-10-09", &["outcomes", "import", text(&outcomes)]).ends(0);
    let classes = county.json("2025-10-10", &["schools", "classes"]);
    let class = &classes[0];
    assert_eq!((&class["given"], &class["missed"]), (&serde_json::json!([15, 0]), &15.into()));
    let missed = county.json("2025-10-31", &["schools", "missed", "--month", "2025-10"]);
    let why = |person: &str| {
        let all = missed.as_array().unwrap();
        let one = all.iter().find(|it| it["person"] == person);
        one.map(|it| it["why"].as_str().unwrap().to_owned()).unwrap_or_default()
    };
    let found = ["p10", "p01", "p03", "p04", "p12", "p05"].map(why);
    let expected = ["refused", "not_returned", "absent", "contraindicated", "not_recorded", ""];
    assert_eq!(found, expected);
    assert_eq!(missed.as_array().unwrap().len(), 30);
}

#[test]
fn consent_decides_who_is_called_and_who_was_missed_is_told_with_the_reason() {
    answered(World::empty());
}

#[test]
fn consent_decides_who_is_called_on_postgresql() {
    on_postgresql(|db| answered(World::on(db)));
}

#[test]
fn printed_lists_have_a_sheet_for_each_class_and_forms_come_back_as_they_are() {
    let county = school(World::empty());
    county.at("2025-09-23", &["schools", "visits", "--save"]).ends(0);
    let dir = county.world.path("printed");
    county.at("2025-09-24", &["schools", "lists", text(&dir)]).ends(0);
    let book = dir.join("M00-第0中学.xlsx");
    let script = "import sys, json, openpyxl\nbook = openpyxl.load_workbook(sys.argv[1])\n\
        print(json.dumps({s.title: [[c.value for c in r] for r in s.iter_rows()] for s in book}, \
        default=str, ensure_ascii=False))";
    let Some(read) = python("openpyxl", script, &[text(&book)]) else { return };
    let read: Value = serde_json::from_str(&read).unwrap();
    let sheets: Vec<&String> = read.as_object().unwrap().keys().collect();
    assert_eq!(sheets, ["1班", "2班"]);
    let rows = read["1班"].as_array().unwrap();
    assert!(rows[1][0].as_str().unwrap().contains("2025-10-09 09:"), "{}", rows[1]);
    let heads = &rows[2];
    for head in ["证件号码", "知情同意", "疫苗批号", "接种人员签名"] {
        assert!(heads.to_string().contains(head), "{heads}");
    }
    assert_eq!(rows.len(), 3 + 30);
    let last = rows[32].to_string();
    assert!(last.contains("不同意"), "who refuses stands at the end: {last}");
    // The form for answers, unchanged, says nothing new.
    county.at("2025-09-24", &["schools", "lists", text(&dir), "--consent"]).ends(0);
    let back = county.json("2025-09-24", &["schools", "consent", text(&book)]);
    assert_eq!((&back[0]["same"], &back[0]["rows"]), (&54.into(), &54.into()), "{back}");
    // The team takes its tour along, with the vaccine to load.
    county.at("2025-09-24", &["plan", "make", "--steps", "0"]).ends(0);
    let tours = county.world.path("tours.xlsx");
    county.at("2025-09-24", &["plan", "tours", "--save", text(&tours)]).ends(0);
    let read = python("openpyxl", script, &[text(&tours)]).unwrap();
    let read: Value = serde_json::from_str(&read).unwrap();
    let sheets: Vec<&String> = read.as_object().unwrap().keys().collect();
    assert_eq!(sheets, ["2025-10-09 V0", "2026-04-09 V0"]);
    let sheet = read["2025-10-09 V0"].to_string();
    for part in ["领取疫苗：54 瓶（54 剂）", "第0中学", "08:00 出发"] {
        assert!(sheet.contains(part), "{part}: {sheet}");
    }
    let all = ["schools", "lists", text(&dir), "--school", "第九中学"];
    assert_eq!(county.at("2025-09-24", &all).code, 1);
}

#[test]
fn what_lists_and_answers_say_of_somebody_goes_with_them() {
    let county = school(World::empty());
    county.at("2025-09-24", &["persons", "merge", "p02", "p03"]).ends(0);
    let classes = county.json("2025-09-24", &["schools", "classes"]);
    assert_eq!((&classes[0]["eligible"], &classes[0]["yes"]), (&29.into(), &23.into()));
    county.at("2025-09-24", &["persons", "erase", "p05", "--reason", "asked"]).ends(0);
    let bytes = std::fs::read(county.world.path("doseplan.db")).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(!holds("女生05") && !holds("父05"), "the name is nowhere");
    assert!(holds("女生06") && holds("父06"));
    county.at("2025-09-24", &["db", "check"]).ends(0);
}

/// Forty schools with 6,000 girls, three lists, from lists to an adopted plan.
#[test]
fn forty_schools_come_from_three_lists_to_an_adopted_plan_in_seven_commands() {
    let county = County::new(World::empty(), 40, 3);
    let (mut persons, mut answers) =
        (String::new(), "person,id_no,name,born,guardian,consent,by,date\n".to_owned());
    let mut lists = vec![format!("{HEADER}\n"); 40];
    let mut new = 0;
    for no in 0..6_000_usize {
        // Sizes from 30 to 270.
        let school = (0..40)
            .find(|school| no < 30 * (school + 1) + 6 * school * (school + 1) / 2 * 150 / 147)
            .unwrap_or(39);
        let born = format!("2012-0{}-{:02}", no % 9 + 1, no / 9 % 28 + 1);
        let (name, guardian) = (format!("女{no:04}"), format!("父{no:04}"));
        let number = id_no(&born, no / 252);
        let has_number = no % 20 != 0;
        let listed = if has_number { number.as_str() } else { "" };
        let row = format!("第{school}中学,{}班,{name},{listed},{born},女,{guardian},", no % 6 + 1);
        writeln!(lists[school], "{row}").unwrap();
        if no % 50 == 7 {
            new += 1;
        } else {
            let known = if no % 30 == 0 { "" } else { number.as_str() };
            writeln!(persons, "g{no:04},T,{born},{name},F,{known},{guardian},,").unwrap();
        }
        let answer = match no % 12 {
            3 => "不同意",
            5 => continue,
            _ => "同意",
        };
        let row = format!(",{listed},{name},{born},{guardian},{answer},{guardian},2025-09-20");
        writeln!(answers, "{row}").unwrap();
    }
    county.persons(&persons);
    let files: Vec<PathBuf> = lists
        .iter()
        .enumerate()
        .map(|(no, list)| county.file(&format!("m{no:02}.csv"), list))
        .collect();
    let files: Vec<&str> = files.iter().map(|path| text(path)).collect();
    let answers = county.file("answers.csv", &answers);
    // The seven commands of a clerk.
    let taken = county.json("2025-09-15", &[&["schools", "import"][..], &files].concat());
    let rows: u64 = taken.as_array().unwrap().iter().map(|it| number(&it["rows"])).sum();
    assert_eq!(rows, 6_000);
    let found = county.json("2025-09-15", &["schools", "match", "--save", "--add"]);
    let states = states(&found);
    assert_eq!((states["at_school"], states["new"]), (6_000 - new, new));
    assert_eq!((number(&found["changed"]), number(&found["added"])), (6_000 - new, new));
    county.at("2025-09-22", &["schools", "consent", text(&answers)]).ends(0);
    let visits = county.json("2025-09-23", &["schools", "visits", "--save"]);
    let planned = county.json("2025-09-23", &["plan", "make", "--steps", "0"]);
    county.at("2025-09-23", &["plan", "adopt"]).ends(0);
    let dir = county.world.path("printed");
    county.at("2025-10-08", &["schools", "lists", text(&dir)]).ends(0);
    // Nobody is lost, and no school is visited on more days than it must be.
    let classes = county.json("2025-09-23", &["schools", "classes"]);
    let sum =
        |key: &str| -> u64 { classes.as_array().unwrap().iter().map(|it| number(&it[key])).sum() };
    assert_eq!([sum("eligible"), sum("yes"), sum("no"), sum("open")], [6_000, 5_000, 500, 500]);
    assert_eq!(visits["unvisited"], serde_json::json!([]));
    for school in visits["schools"].as_array().unwrap() {
        assert_eq!(school["days"], school["bound"], "{school}");
    }
    assert_eq!(number(&planned["doses"]), 2 * 5_500, "{planned}");
    let shown = county.json("2025-09-23", &["plan", "show"]);
    let mut days: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in shown.as_array().unwrap() {
        let (place, day) = (row["place"].as_str().unwrap(), row["day"].as_str().unwrap());
        days.entry(place).or_default().insert(day);
    }
    let bound: u64 =
        visits["schools"].as_array().unwrap().iter().map(|it| number(&it["bound"])).sum();
    assert_eq!(days.values().map(BTreeSet::len).sum::<usize>() as u64, bound);
    let books = std::fs::read_dir(&dir).unwrap().count();
    assert_eq!(books, 40);
}
