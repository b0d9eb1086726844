use super::*;
use crate::domain::difference::{What, differences};

#[test]
fn every_bad_folder_gives_its_issues_and_no_others() {
    let cases = std::fs::read_dir(fixture("")).expect("fixtures").flatten();
    let mut wrong = Vec::new();
    for case in cases {
        let name = case.file_name().to_string_lossy().into_owned();
        let Ok(expected) = std::fs::read_to_string(case.path().join("expected.txt")) else {
            continue;
        };
        let folder = laid_over(&name);
        let (absent, expected): (Vec<&str>, Vec<&str>) = expected
            .lines()
            .filter(|line| !line.is_empty())
            .partition(|line| line.starts_with('#'));
        for line in absent {
            let file = line.trim_start_matches("# absent: ");
            std::fs::remove_file(folder.path().join(file)).expect("a file of the base");
        }
        let issues = match campaign(folder.path(), series::all()) {
            Ok(loaded) => loaded.warnings,
            Err(issues) => issues,
        };
        assert_messages(&issues);
        let got = brief(&issues);
        if got != expected {
            wrong.push(format!("{name}\n  expected {expected:#?}\n  got {got:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn paths_that_are_no_campaign_say_so() {
    let code = |path: &Path| brief(&campaign(path, &[]).expect_err("issues")).join(";");
    assert!(code(Path::new("/nowhere/at-all")).starts_with("path_missing"));
    assert!(code(&fixture("base/areas.csv")).starts_with("not_a_campaign areas.csv"));
}

#[test]
fn the_example_of_danyang_loads_without_an_error() {
    let campaign =
        load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("schedules/campaigns/danyang-2021"));
    assert_eq!(campaign.sites.len(), 32);
    assert_eq!(campaign.stops.len(), 24);
    assert_eq!(campaign.groups.len(), 4);
    assert_eq!(campaign.root().map(|area| area.code.as_str()), Some("danyang"));
    assert_eq!(
        campaign.group("senior").and_then(|g| g.target).map(|t| t.to_string()).as_deref(),
        Some("0.80")
    );
}

#[test]
fn a_folder_without_reach_serves_each_area_by_its_own_sites() {
    let folder = laid_over("base");
    std::fs::remove_file(folder.path().join("reach.csv")).expect("a file");
    let reach: Vec<_> =
        load(folder.path()).reach.iter().map(|r| format!("{} {}", r.area, r.site)).collect();
    assert_eq!(reach, ["A S01", "B S02"]);
}

#[test]
fn codes_keep_their_zeros_and_blank_cells_get_the_contracts_values() {
    let campaign = load(&fixture("base"));
    assert_eq!(campaign.areas[0].code.as_str(), "001");
    let team = &campaign.teams[0];
    assert_eq!((team.work_minutes, team.max_stops, team.doses_per_hour), (420, 3, 30));
    assert_eq!(
        (team.doses_per_day, team.weekdays.to_string().as_str()),
        (240, "mon tue wed thu fri")
    );
    let stop = &campaign.stops[0];
    assert_eq!((stop.setup_minutes, stop.max_doses), (30, 200));
    assert_eq!(stop.weekdays, crate::domain::date::Weekdays::EVERY_DAY);
    assert_eq!(campaign.sites[1].restock, crate::domain::date::Weekdays::EVERY_DAY);
    assert_eq!((campaign.freeze_days, campaign.sites[1].storage_doses), (7, None));
}

#[test]
fn an_exported_campaign_reads_as_the_same_campaign() {
    let danyang = Path::new(env!("CARGO_MANIFEST_DIR")).join("schedules/campaigns/danyang-2021");
    for path in [fixture("base"), danyang] {
        let mut campaign = load(&path);
        campaign.sites[0].name = "=HYPERLINK(\"x\"),'院\"".to_owned();
        campaign.groups[0].name = "a\"b\\c # d".to_owned();
        let folder = tempfile::tempdir().expect("a folder");
        let own = crate::domain::jurisdiction::LocalCampaign::whole(&campaign);
        export::folder(&own, folder.path()).expect("files");
        let again = load(folder.path());
        assert_eq!(differences(&campaign, &again), []);
        assert_eq!(campaign, again);
    }
}

#[test]
fn differences_name_row_and_column() {
    let old = load(&fixture("base"));
    assert_eq!(differences(&old, &old), []);
    let mut new = old.clone();
    new.sites[0].weekday_doses = 130;
    new.closures.remove(0);
    new.freeze_days = 5;
    new.reach.swap(0, 1);
    let mut stop = new.stops[0].clone();
    stop.code = "P2".into();
    new.stops.push(stop);
    let got: Vec<String> = differences(&old, &new)
        .iter()
        .map(|change| match &change.what {
            What::Added { .. } => format!("{} + {}", change.table, change.key),
            What::Removed { .. } => format!("{} - {}", change.table, change.key),
            What::Reordered => format!("{} order", change.table),
            What::Changed { column, old, new } => {
                format!("{} {} {column} {old} → {new}", change.table, change.key)
            }
        })
        .collect();
    assert_eq!(
        got,
        [
            "campaign freeze_days value 7 → 5",
            "sites S01 weekday_doses 120 → 130",
            "reach order",
            "stops + P2",
            "closures - S01, 2021-04-04",
        ]
    );
}

#[test]
fn a_file_with_very_many_issues_shows_a_thousand() {
    let folder = laid_over("base");
    let rows = "S77,2021-04-04,0\n".repeat(5000);
    std::fs::write(folder.path().join("closures.csv"), format!("place,date,doses\n{rows}"))
        .expect("a file");
    let issues = campaign(folder.path(), series::all()).expect_err("issues");
    assert_eq!(issues.len(), 1001);
    assert_eq!(issues.last().map(|issue| issue.code), Some("too_many_issues"));
}
