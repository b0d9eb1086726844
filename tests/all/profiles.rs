//! Profiles: files of other programs, with their headings, codes and dates.

use crate::support::World;

const PROFILE: &str = r#"table = "persons"
ignored = ["民族"]
[columns.person]
from = ["个案ID", "个案编码"]
[columns.name]
from = "姓名"
[columns.id_no]
from = "身份证号"
kind = "id"
[columns.sex]
from = "性别"
codes = "sex"
[columns.born]
from = "出生日期"
kind = "date"
[columns.unit]
from = "现管单位代码"
codes = "unit"
[columns.area]
from = "现管单位代码"
codes = "area"
[columns.tags]
from = "人群分类"
[codes.sex]
"1" = "M"
"2" = "F"
[codes.unit]
"3211810101" = "S1"
"3211810201" = "S2"
[codes.area]
"3211810101" = "A"
"3211810201" = "B"
"#;

const EXPORT: &str = "某县预防接种个案导出\n\
    个案ID,姓名,性别,出生日期,身份证号,现管单位代码,人群分类,民族\n\
    c1,甲,1,20200101T000000,,3211810101,常住,汉\n\
    c2,乙,2,2020/1/2,11010519491231002x,3211810201,流动,汉\n\
    c3,丙,女,2020年1月3日,,3211810201,常住,汉\n\
    c4,丁,2,43834,,3211810101,,汉\n\
    c5,戊,2,2020-13-01,,3211810101,,汉\n";

#[test]
fn a_file_with_other_headings_codes_and_dates_is_imported_by_a_profile() {
    let world = World::small();
    world.file("p.toml", PROFILE);
    world.file("export.csv", EXPORT);
    let ran = world.run(&["persons", "import", "export.csv", "--profile", "p.toml", "-o", "json"]);
    let done = ran.ends(3);
    let told = done.json();
    assert_eq!((&told["new"], &told["refused"]), (&3.into(), &2.into()), "{}", done.err);
    assert_eq!(told["unknown_codes"], serde_json::json!([["性别", "女", 1]]));
    // Row, heading, cell and remedy.
    assert!(done.err.contains("export.csv:5") && done.err.contains("性别"), "{}", done.err);
    assert!(done.err.contains("“女” is not in the table sex of p.toml"), "{}", done.err);
    assert!(done.err.contains("出生日期"), "{}", done.err);
    // A bad day is told once.
    assert_eq!(done.err.matches("出生日期").count(), 1, "{}", done.err);
    // What was refused has the headings of the file, and comes in when it is corrected.
    let refused = world.read("export-errors.csv");
    assert!(refused.contains("个案ID") && refused.contains("c3"), "{refused}");
    let mended = refused.replace(",女,", ",2,").replace("2020-13-01", "20200105");
    world.file("again.csv", mended);
    let ran = world.run(&["persons", "import", "again.csv", "--profile", "p.toml", "-o", "json"]);
    assert_eq!(ran.ends(0).json()["new"], 2);
    let register = world.run(&["persons", "export"]).ends(0).out;
    for (person, born, sex, unit) in [
        ("c1", "2020-01-01", "M", "S1"),
        ("c2", "2020-01-02", "F", "S2"),
        ("c4", "2020-01-04", "F", "S1"),
        ("c5", "2020-01-05", "F", "S1"),
    ] {
        let row = register.lines().find(|line| line.starts_with(person)).expect(person);
        assert!(row.contains(born) && row.contains(sex) && row.contains(unit), "{row}");
    }
    assert!(register.contains("11010519491231002X"), "{register}");
}

#[test]
fn what_is_found_later_names_the_headings_of_the_file_too() {
    let world = World::small();
    world.file("p.toml", PROFILE.replace("= \"A\"", "= \"Z9\""));
    world.file("export.csv", EXPORT);
    let ran = world.run(&["persons", "import", "export.csv", "--profile", "p.toml"]).ends(3);
    assert!(ran.err.contains("export.csv:3 column 现管单位代码: the area “Z9”"), "{}", ran.err);
    // A code that is kept is told and counted.
    let kept = PROFILE.replace("codes = \"unit\"", "codes = \"unit\"\nunknown = \"keep\"");
    world.file("p.toml", kept.replace("\"3211810201\" = \"S2\"\n", ""));
    let ran = world.run(&["persons", "import", "export.csv", "--profile", "p.toml", "-o", "json"]);
    let told = ran.ends(3).json();
    assert_eq!(told["unknown_codes"][1], serde_json::json!(["现管单位代码", "3211810201", 2]));
    // The one that came in before has another unit now.
    let counts = [&told["new"], &told["corrected"], &told["refused"]];
    assert_eq!(counts, [2, 1, 2], "{told}");
}

#[test]
fn what_a_profile_says_wrongly_is_told_by_name_and_row() {
    let world = World::small();
    world.file("export.csv", EXPORT);
    let run = |profile: &str| {
        world.file("p.toml", profile);
        world.run(&["persons", "import", "export.csv", "--profile", "p.toml"])
    };
    let ran = run(&PROFILE.replace("kind = \"date\"", "kynd = \"date\"")).ends(4);
    assert!(ran.err.contains("“kynd”") && ran.err.contains("p.toml:15"), "{}", ran.err);
    let ran = run(&PROFILE.replace("codes = \"unit\"", "codes = \"units\"")).ends(4);
    assert!(ran.err.contains("did you mean “unit”"), "{}", ran.err);
    let ran = run(&PROFILE.replace("columns.tags", "columns.tag")).ends(3);
    assert!(ran.err.contains("“tag”"), "{}", ran.err);
    let ran = run(&PROFILE.replace("ignored = [\"民族\"]", "")).ends(3);
    assert!(ran.err.contains("says nothing of the heading “民族”"), "{}", ran.err);
    let ran = run(&PROFILE.replace("from = \"出生日期\"", "from = \"出生年月\"")).ends(3);
    assert!(ran.err.contains("none of the headings of born: 出生年月"), "{}", ran.err);
    let ran = world.run(&["doses", "import", "export.csv", "--profile", "p.toml"]).ends(1);
    assert!(ran.err.contains("the profile is for persons"), "{}", ran.err);
}

#[test]
fn doses_come_in_by_the_profile_of_the_standard_library() {
    let world = World::small();
    world.file("p.toml", PROFILE);
    world.file("export.csv", EXPORT.replace("女", "2").replace("2020-13-01", "20200105"));
    world.run(&["persons", "import", "export.csv", "--profile", "p.toml"]).ends(0);
    world.file(
        "doses.csv",
        "个案ID,疫苗名称,接种日期,接种单位代码,录入日期,疫苗属性,疫苗批号\n\
         c1,卡介苗,20200102T000000,S1,20200102T101500,免疫规划,L9\n\
         c2,乙肝疫苗（CHO）,2020/1/2,S2,2020/1/3,P,\n\
         c2,神奇疫苗,2020/2/2,S2,2020/2/3,P,\n",
    );
    let arguments = ["doses", "import", "doses.csv", "--profile", "standard-doses", "-o", "json"];
    let ran = world.run(&arguments).ends(3);
    // The record is made of child, vaccine and day; the file has no codes of vaccines, so a record is wanted.
    assert!(ran.err.contains("none of the headings of record"), "{}", ran.err);
    let own = world.read("doses.csv").replace("疫苗名称", "疫苗代码");
    world.file("doses.csv", own);
    let ran = world.run(&arguments).ends(3);
    let told = ran.json();
    assert_eq!((&told["new"], &told["refused"]), (&2.into(), &1.into()), "{}", ran.err);
    assert_eq!(told["unknown_codes"], serde_json::json!([["疫苗代码", "神奇疫苗", 1]]));
    let month = world.run(&["national", "month", "2020-01", "-o", "json"]).ends(0).json();
    assert_eq!(month["scopes"]["unit:S1"]["BCG-1"]["programme"], 1, "{month}");
    assert_eq!(month["scopes"]["unit:S2"]["HepB-1"]["programme"], 1, "{month}");
}

#[test]
fn a_profile_is_proposed_from_a_file_and_imports_it() {
    let world = World::small();
    world.file("export.csv", EXPORT.replace("女", "2").replace("2020-13-01", "20200105"));
    let ran = world.run(&["import", "profile", "export.csv"]).ends(0);
    assert!(ran.err.contains("nothing is taken from “民族”"), "{}", ran.err);
    assert!(ran.err.contains("area: no heading was found"), "{}", ran.err);
    assert!(ran.out.starts_with("table = \"persons\""), "{}", ran.out);
    let profile = ran.out.replace("first = 9", "codes = \"area\"");
    world.file(
        "p.toml",
        format!("{profile}\n[codes.area]\n3211810101 = \"A\"\n3211810201 = \"B\"\n"),
    );
    let ran = world.run(&["persons", "import", "export.csv", "--profile", "p.toml", "-o", "json"]);
    assert_eq!(ran.ends(0).json()["new"], 5);
    let ran = world.run(&["import", "profile", "export.csv", "-o", "json"]).ends(0);
    assert_eq!(ran.json()["table"], "persons");
    world.file("other.csv", "a,b\n1,2\n");
    let ran = world.run(&["import", "profile", "other.csv"]).ends(4);
    assert!(ran.err.contains("other.csv"), "{}", ran.err);
}
