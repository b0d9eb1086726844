use super::*;
use crate::domain::area::Merger;
use crate::domain::date::Weekdays;
use crate::domain::id::{GroupId, PlaceCode};
use crate::domain::jurisdiction::{
    AreaLevel, ContactRole, Holidays, Jurisdiction, LocalCampaign, SiteRow,
};
use chrono::NaiveDate;

fn fixture_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/jurisdictions").join(name)
}

/// The base folders, with the files of a case replacing their own.
fn laid_over_base(case: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["county", "flu", "hpv"] {
        let to = folder.path().join(name);
        std::fs::create_dir(&to).expect("a folder");
        for source in [fixture_of("base").join(name), fixture_of(case).join(name)] {
            for entry in std::fs::read_dir(source).into_iter().flatten().flatten() {
                std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
            }
        }
    }
    folder
}

/// The issues of all three folders; reading ends with the jurisdiction where it has errors.
fn issues_of(root: &Path) -> Vec<Issue> {
    let found = match jurisdiction(&root.join("county")) {
        Ok(found) => found,
        Err(issues) => return issues,
    };
    let paths = ["flu", "hpv"].map(|name| root.join(name));
    let local = match local_campaigns(&paths, &found.jurisdiction, series::all()) {
        Ok(local) => local.warnings,
        Err(issues) => issues,
    };
    found.warnings.into_iter().chain(local).collect()
}

fn read_base() -> (Jurisdiction, Vec<LocalCampaign>) {
    let root = fixture_of("base");
    let found = jurisdiction(&root.join("county"));
    let found = found.unwrap_or_else(|issues| panic!("{:#?}", brief(&issues))).jurisdiction;
    let paths = ["flu", "hpv"].map(|name| root.join(name));
    let local = local_campaigns(&paths, &found, series::all());
    let local = local.unwrap_or_else(|issues| panic!("{:#?}", brief(&issues)));
    assert_eq!(local.warnings, []);
    (found, local.campaigns)
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

#[test]
fn every_bad_jurisdiction_gives_its_issues_and_no_others() {
    let mut wrong = Vec::new();
    for case in std::fs::read_dir(fixture_of("")).expect("fixtures").flatten() {
        let name = case.file_name().to_string_lossy().into_owned();
        let Ok(expected) = std::fs::read_to_string(case.path().join("expected.txt")) else {
            continue;
        };
        let folder = laid_over_base(&name);
        let issues = issues_of(folder.path());
        assert_messages(&issues);
        let got = brief(&issues);
        if got != expected.lines().collect::<Vec<_>>() {
            wrong.push(format!("{name}\n  expected {expected}\n  got {got:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_jurisdiction_says_what_is_there_once() {
    let (found, _) = read_base();
    assert_eq!((found.id.as_str(), found.notice_days, found.holidays), ("C", 2, Holidays::Cn));
    let coordinator = found.coordinator.as_ref().expect("a coordinator");
    assert_eq!(coordinator.phone.as_deref(), Some("0511-1"));
    assert_eq!(found.travel.map(|travel| travel.road_factor), Some(1.4));
    let merged = found.area("T9").and_then(|row| row.merged.clone());
    assert_eq!(merged, Some(Merger { into: "T2".into(), until: day("2026-09-20") }));
    assert_eq!(found.area("SC").and_then(|row| row.level), Some(AreaLevel::School));
    let row = |on: &str| found.site_on("S1", day(on)).expect("a row");
    let most = |row: &SiteRow| (row.site.weekday_doses, row.stations_most());
    assert_eq!(most(row("2026-09-27")), (50, Some(40)));
    assert_eq!(most(row("2026-09-28")), (90, Some(80)));
    assert_eq!(found.site_on("S2", day("2026-09-28")).and_then(SiteRow::stations_most), None);
    let closure = &found.closures[0];
    assert_eq!((closure.first, closure.last), (day("2026-10-01"), day("2026-10-07")));
    assert_eq!(closure.reason.as_deref(), Some("国庆"));
    let roles: Vec<_> = found.contacts.iter().map(|contact| contact.role).collect();
    assert_eq!(roles, [ContactRole::Coordinator, ContactRole::Deputy]);
    assert_eq!(found.stop("P1").and_then(|row| row.address.as_deref()), Some("村口"));
    assert_eq!(found.sites[2].site.restock, Weekdays::EVERY_DAY);
}

#[test]
fn a_campaign_beside_a_jurisdiction_needs_its_settings_people_and_lots_only() {
    let (found, local) = read_base();
    let (flu, hpv) = (&local[0], &local[1]);
    assert_eq!((flu.campaign.areas.len(), flu.campaign.sites.len(), flu.has_reach), (0, 0, false));
    assert_eq!(flu.limits.len(), 1);
    let limit = &flu.limits[0];
    assert_eq!((limit.row.site.name.as_str(), limit.wastage_rate), ("城关接种点", None));
    assert_eq!((limit.row.site.weekday_doses, limit.row.site.storage_doses), (25, Some(80)));
    assert_eq!(hpv.kinds[&GroupId::from("girls")], ["school"]);
    assert_eq!(hpv.sessions.len(), 3);
    assert!(hpv.sessions.iter().all(|session| session.is_locked));
    // Together: every campaign has the places, and the people of a merged area are the successor's.
    let joined = found.join(&local, day("2026-09-21"));
    let flu = &joined.campaigns[0].campaign;
    let codes: Vec<&str> = flu.sites.iter().map(|site| site.code.as_str()).collect();
    assert_eq!((codes, flu.teams.len(), flu.stops.len()), (vec!["S1", "S2"], 1, 2));
    let people: Vec<_> = flu.eligible.iter().map(|e| (e.area.as_str(), e.people)).collect();
    assert_eq!(people, [("T1", 300), ("T2", 250)]);
    assert!(flu.areas.iter().all(|area| area.code.as_str() != "T9"));
    assert_eq!(flu.reach.len(), 2, "the merged area reaches what its successor reaches");
    assert!((flu.travel.road_factor - 1.4).abs() < 1e-9);
    let before = found.join(&local, day("2026-09-01"));
    assert_eq!(before.campaigns[0].campaign.eligible.len(), 2, "it starts after the merger");
    let hpv = &joined.campaigns[1];
    let may =
        |group: &str, place: &str| hpv.may_serve(&GroupId::from(group), &PlaceCode::from(place));
    assert_eq!(["S1", "P1", "K1"].map(|place| may("girls", place)), [false, false, true]);
    assert_eq!(["S1", "P1", "K1"].map(|place| may("out", place)), [true, true, true]);
    assert!(joined.brought.is_empty());
}

#[test]
fn a_campaign_may_bring_places_that_nobody_had() {
    let folder = laid_over_base("base");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a file");
    };
    let sites = "site,name,area,weekday_doses,storage_doses\nS7,新点,T1,30,90\n";
    write("flu/sites.csv", sites);
    write("flu/teams.csv", "team,name,latitude,longitude\nM7,新队,32.0,119.5\n");
    write("hpv/sites.csv", "site,name,area,weekday_doses\nS7,新点,T1,40\nS1,,,9\n");
    assert_eq!(brief(&issues_of(folder.path())), Vec::<String>::new());
    let county = jurisdiction(&folder.path().join("county")).expect("a county").jurisdiction;
    let paths = ["flu", "hpv"].map(|name| folder.path().join(name));
    let local = local_campaigns(&paths, &county, series::all()).expect("campaigns").campaigns;
    let joined = county.join(&local, day("2026-09-14"));
    assert_eq!(joined.brought[&PlaceCode::from("S7")], [0, 1]);
    let teams: Vec<_> = joined.jurisdiction.teams.iter().map(|team| team.code.as_str()).collect();
    assert_eq!(teams, ["M1", "M7"]);
    for one in &joined.campaigns {
        assert_eq!(one.campaign.sites.len(), 3);
        assert_eq!(one.campaign.teams.len(), 2);
    }
}

#[test]
fn without_a_jurisdiction_the_campaign_s_own_tables_are_all_there_is() {
    let campaign = load(&fixture("base"));
    let found = Jurisdiction::of_campaign(&campaign);
    assert_eq!(found.sites.len(), campaign.sites.len());
    let local = LocalCampaign {
        has_reach: false,
        has_travel: false,
        limits: Vec::new(),
        closures: Vec::new(),
        kinds: std::collections::BTreeMap::new(),
        sessions: Vec::new(),
        beyond: crate::domain::jurisdiction::Beyond::default(),
        campaign: campaign.clone(),
    };
    let joined = found.join(&[local], campaign.start);
    let again = &joined.campaigns[0].campaign;
    assert_eq!(
        (&again.sites, &again.stops, &again.teams),
        (&campaign.sites, &campaign.stops, &campaign.teams)
    );
    assert_eq!(again.areas, campaign.areas);
    assert_eq!(again.reach.len(), campaign.reach.len());
}
