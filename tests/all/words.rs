//! What people type in tables: words, names and headings that forms show, codes that a sheet spoilt, rows cut off.

use crate::support::{World, number, python, small, text};
use serde_json::Value;

/// Imports a file with its own header.
#[track_caller]
fn import(world: &World, kind: &str, content: &str, code: i32) -> Value {
    world.file("file.csv", content);
    world.run(&[kind, "import", "file.csv", "-o", "json"]).ends(code).json()
}

#[test]
fn codes_may_be_given_by_the_names_that_forms_show() {
    let world = World::small();
    let rows = "record,date,place,area,group,dose,doses\n\
        t1,2021-04-01,甲镇卫生院,甲镇,18–59岁,1,5\nt2,2021-04-01,Ｓ１,B,senior,1,2\n";
    let done = import(&world, "tallies", rows, 0);
    assert_eq!((number(&done["new"]), number(&done["refused"])), (2, 0), "{done}");
    assert_eq!(world.people("2021-04-01", "adult", 1), 5);
    assert_eq!(world.people("2021-04-01", "senior", 1), 2);
    // The same with codes is the same.
    let rows = "record,date,place,area,group,dose,doses\nt1,2021-04-01,S1,A,adult,1,5\n";
    assert_eq!(number(&import(&world, "tallies", rows, 0)["same"]), 1);
    let rows = "person,area,born,group\np1,乙镇,1950-01-01,60岁及以上\n";
    assert_eq!(number(&import(&world, "persons", rows, 0)["new"]), 1);
    let rows = "record,person,date,place\nd1,p1,2021-04-02 08:30,乙镇卫生院\n";
    assert_eq!(number(&import(&world, "doses", rows, 0)["new"]), 1);
    // A name that is none stays unknown.
    let rows = "record,date,place,area,group,dose,doses\nt9,2021-04-01,S1,丙镇,adult,1,5\n";
    assert_eq!(number(&import(&world, "tallies", rows, 3)["refused"]), 1);
}

#[test]
fn a_campaign_may_name_areas_groups_and_sites_instead_of_their_codes() {
    let named = small()
        .swap("eligible.csv", "A,adult,200", "甲镇,18–59岁,200")
        .swap("areas.csv", "甲镇,001,", "甲镇,小县,")
        .swap("sites.csv", "甲镇卫生院,A,", "甲镇卫生院,甲镇,")
        .swap("reach.csv", "B,S1", "乙镇,甲镇卫生院")
        .swap("closures.csv", "S2,2021-04-05,0", "乙镇卫生院,2021-04-05,0")
        .swap("campaign.toml", "[\"adult\", \"senior\"]", "[\"18–59岁\", \"senior\"]")
        .swap("campaign.toml", "\"60 years\"\npriority = 3.0", "\"60岁\"\npriority = 3.0");
    let world = World::small();
    let folder = named.write(&world.path("named"));
    world.run(&["campaign", "apply", text(&folder), "--dry-run"]).ends(0);
}

/// Takes the headings from the delivered form itself.
const HEADINGS: &str = "
import sys, openpyxl
sheet = openpyxl.load_workbook(sys.argv[1])['tallies']
print(','.join(str(cell.value) for cell in sheet[3] if cell.value))
";

#[test]
fn a_form_s_own_headings_head_a_csv_too() {
    let world = World::small();
    let own = "记录编号,日期,地点编号,地区编号,人群编号,第几剂,接种剂次";
    let new = ["tallies", "new", "--xlsx", "t.xlsx", "--lang", "zh-CN"];
    world.run(&new).ends(0);
    let headings = python("openpyxl", HEADINGS, &[text(&world.path("t.xlsx"))]);
    let head = headings.unwrap_or_else(|| own.to_owned());
    let blank = ",".repeat(head.trim().split(',').count() - own.split(',').count());
    let rows = format!("{}\nt1,2021-04-01,S1,A,adult,1,7{blank}\n", head.trim());
    let done = import(&world, "tallies", &rows, 0);
    assert_eq!(number(&done["new"]), 1, "{done} {head}");
}

#[test]
fn a_row_of_the_delivered_form_that_is_not_filled_in_is_not_reported_and_no_error() {
    let world = World::small();
    let rows = "record,date,place,area,group,dose,doses\n\
        t1,2021-04-01,S1,A,adult,1,5\nt2,2021-04-01,S2,B,adult,1,\n";
    let done = import(&world, "tallies", rows, 0);
    let count = |key: &str| number(&done[key]);
    assert_eq!((count("rows"), count("new"), count("refused"), count("unfilled")), (1, 1, 0, 1));
    assert!(!world.path("file-errors.csv").exists());
}

#[test]
fn outcomes_and_other_words_may_be_chinese_as_forms_show_them() {
    let world = World::small();
    import(&world, "persons", "person,area,born,sex,opt_out\np1,A,1950-01-01,女,否\n", 0);
    let rows = "record,person,date,outcome\no1,p1,2021-04-01,拒种\no2,p1,2021-04-02,暂缓\n\
        o3,p1,2021-04-03,禁忌\no4,p1,2021-04-04,未到\no5,p1,2021-04-05,迁出\no6,p1,2021-04-06,死亡\n";
    assert_eq!(number(&import(&world, "outcomes", rows, 0)["new"]), 6);
}

#[test]
fn a_team_stands_for_the_stop_to_which_the_plan_sends_it() {
    let world = World::small();
    world.run(&["job", "run", "plan", "--at", "2021-03-31T01:00"]).ends(0);
    let plan = world.run(&["plan", "show", "-o", "csv"]).ends(0).csv();
    let Some(visit) = plan.iter().find(|row| !row["team"].is_empty()) else {
        panic!("the plan of the small campaign sends a team somewhere");
    };
    let [date, team, area, stop] = ["date", "team", "area", "place"].map(|key| visit[key].clone());
    let rows =
        format!("record,date,place,area,group,dose,doses\nt1,{date},{team},{area},adult,1,3\n");
    let done = import(&world, "tallies", &rows, 0);
    assert_eq!(number(&done["new"]), 1, "{done}");
    let by_place = world.run(&["coverage", "--as-of", &date, "--by", "site", "-o", "json"]).ends(0);
    assert!(by_place.out.contains(&stop), "{}", by_place.out);
    // On a day without a visit the stop is asked for.
    let rows =
        format!("record,date,place,area,group,dose,doses\nt2,2020-04-01,{team},{area},adult,1,3\n");
    world.file("file.csv", rows);
    let ran = world.run(&["tallies", "import", "file.csv"]).ends(3);
    assert!(ran.err.contains("is a team"), "{}", ran.err);
}

#[test]
fn codes_that_a_sheet_turned_into_numbers_are_refused_and_ids_are_checked() {
    let world = World::small();
    let rows = "person,area,born\n3.21101E+17,A,1990-01-01\n1.00E+05,A,1990-01-01\n\
        11010519491231002x,A,1949-12-31\n２E3,B,1990-01-01\n";
    let done = import(&world, "persons", rows, 3);
    assert_eq!((number(&done["new"]), number(&done["refused"])), (2, 2), "{done}");
    assert!(world.read("file-errors.csv").contains("number_for_code"));
    // The same person in full-width digits and with a capital X.
    let rows =
        "person,area,born\n１１０１０５１９４９１２３１００２Ｘ,A,1949-12-31\n2E3,B,1990-01-01\n";
    assert_eq!(number(&import(&world, "persons", rows, 0)["same"]), 2);
    // A wrong check digit and a wrong birth date are warnings.
    let rows =
        "person,area,born\n321101199001011000,A,1990-01-01\n11010519491231002X,A,1950-12-31\n";
    world.file("file.csv", rows);
    let ran = world.run(&["persons", "import", "file.csv", "-o", "json"]).ends(0);
    assert_eq!(number(&ran.json()["to_look_at"]), 2, "{}", ran.err);
    assert!(ran.err.contains("last digit") && ran.err.contains("birth date"), "{}", ran.err);
    assert!(!ran.err.contains("19900101") && !ran.err.contains("1949"), "{}", ran.err);
}

#[test]
fn number_cells_of_a_workbook_that_lost_digits_are_refused() {
    const BOOK: &str = "
import sys, openpyxl
book = openpyxl.Workbook()
sheet = book.active
sheet.title = 'persons'
sheet.append(['person', 'area', 'born'])
for code in (321101199001011234, 321101199001011235, 321101199001011236):
    sheet.append([code, 'A', '1990-01-01'])
sheet.append([100000, 'A', '1990-01-01'])
sheet['A5'].number_format = '0.00E+00'
sheet.append([12345, 'A', '1990-01-01'])
book.save(sys.argv[1])
";
    let world = World::small();
    let path = world.path("persons.xlsx");
    if python("openpyxl", BOOK, &[text(&path)]).is_none() {
        return;
    }
    let done = world.run(&["persons", "import", "persons.xlsx", "-o", "json"]).ends(3);
    assert_eq!(number(&done.json()["new"]), 1, "{}", done.err);
    assert_eq!(number(&done.json()["refused"]), 4, "{}", done.err);
    assert!(done.err.contains("format the column as text"), "{}", done.err);
}

#[test]
fn a_row_that_was_cut_off_is_an_error_in_every_kind_of_table() {
    let short = small().swap(
        "sites.csv",
        "S1,甲镇卫生院,A,40,20,张三,s1@small.example",
        "S1,甲镇卫生院,A,40",
    );
    let world = World::small();
    let folder = short.write(&world.path("short"));
    let ran = world.run(&["campaign", "check", text(&folder), "-o", "json"]).ends(4);
    assert!(
        ran.out.contains("too_few_cells") && ran.out.contains("the header has 7"),
        "{}",
        ran.out
    );
    for (kind, content) in [
        ("persons", "person,area,born,name,sex\np1,A,1950-01-01\n"),
        ("doses", "record,person,date,place,lot\nd1,p1,2021-04-01,S1\n"),
        ("tallies", "record,date,place,area,group,dose,doses\nt1,2021-04-01,S1,A,adult,1\n"),
        ("outcomes", "record,person,date,outcome,until\no1,p1,2021-04-01,absent\n"),
    ] {
        import(&world, kind, content, 3);
        assert!(world.read("file-errors.csv").contains("too_few_cells"), "{kind}");
    }
}

#[test]
fn big5_is_refused_with_the_remedy() {
    let world = World::small();
    // person,area,born,name / p1,A,1950-01-01,王小明 / p2,A,1950-01-01,陳美玲
    let mut bytes = b"person,area,born,name\np1,A,1950-01-01,".to_vec();
    bytes.extend(b"\xa4\xfd\xa4\x70\xa9\xfa\np2,A,1950-01-01,\xb3\xaf\xac\xfc\xac\xc2\n");
    world.file("file.csv", bytes);
    let ran = world.run(&["persons", "import", "file.csv"]).ends(3);
    assert!(ran.err.contains("Big5") && ran.err.contains("CSV UTF-8"), "{}", ran.err);
}
