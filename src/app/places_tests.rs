//! Random years of a county: areas merge, groups get other names, rows leave files, counts come in. Whatever happens,
//! no fact vanishes.

use super::AppError;
use crate::app::coverage::AsOf;
use crate::app::{App, Loaded};
use crate::config::Config;
use crate::domain::area::Merger;
use crate::domain::campaign::Campaign;
use crate::domain::coverage::Depth;
use crate::domain::dose::Tally;
use crate::domain::id::{AreaCode, GroupId};
use crate::domain::permission::Actor;
use crate::domain::testing::{county, day};
use crate::store::Store;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::BTreeMap;

/// Sequences that are tried.
const SEQUENCES: u64 = 300;
/// Steps of each.
const STEPS: usize = 10;

/// Numbers that look random and follow from a seed (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % limit as u64).expect("it is below a usize")
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        if all.is_empty() { None } else { all.get(self.below(all.len())) }
    }
}

/// A county in the database, and what a person with a pencil knows of it.
struct World {
    app: App,
    _folder: tempfile::TempDir,
    /// The folder as it was last taken.
    folder: Campaign,
    /// Every count, under the codes of its day.
    tallies: Vec<Tally>,
    now: DateTime<Utc>,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("doseplan.db");
        let store = Store::open(&format!("sqlite://{}", file.display()), true).await;
        let store = store.expect("a database");
        store.wait_for_disk(false).await.expect("a test need not wait");
        let app = App::new(store, Config::default());
        let mut campaign = county();
        campaign.group_sets.clear();
        campaign.closures.clear();
        let now = "2021-03-20T00:00:00Z".parse().expect("an instant");
        app.apply(&campaign, Actor::CommandLine, now).await.expect("the county is stored");
        Self { app, _folder: folder, folder: campaign, tallies: Vec::new(), now }
    }

    async fn loaded(&self) -> Loaded {
        self.app.campaign(None).await.expect("the county is there")
    }

    /// Applies a changed folder; says whether it was taken.
    async fn apply(&mut self, changed: Campaign) -> Result<(), Vec<&'static str>> {
        self.now += TimeDelta::minutes(1);
        match self.app.apply(&changed, Actor::CommandLine, self.now).await {
            Ok(_) => {
                self.folder = changed;
                Ok(())
            }
            Err(AppError::Files(issues)) => Err(issues.iter().map(|issue| issue.code).collect()),
            Err(other) => panic!("{other}"),
        }
    }

    async fn count(&mut self, random: &mut Random) {
        let at = self.tallies.len();
        let areas: Vec<AreaCode> = self.folder.areas.iter().map(|area| area.code.clone()).collect();
        let groups: Vec<GroupId> = self.folder.groups.iter().map(|one| one.id.clone()).collect();
        let sites: Vec<_> = self.folder.sites.iter().map(|site| site.code.clone()).collect();
        let (Some(area), Some(group), Some(place)) =
            (random.of(&areas), random.of(&groups), random.of(&sites))
        else {
            return;
        };
        let tally = Tally {
            record: format!("t{at}").as_str().into(),
            // A day of its own: what meets in one place on one day is another test's.
            date: day([0, 1, 2, 3, 4, 7, 8, 9, 10, 11][at % 10]),
            place: place.clone(),
            area: area.clone(),
            group: group.clone(),
            dose: 1,
            doses: u32::try_from(1 + random.below(9)).expect("a digit"),
            campaign: None,
        };
        let loaded = self.loaded().await;
        self.now += TimeDelta::minutes(1);
        let by = Actor::CommandLine;
        let done = self.app.import_tallies(&loaded, ("t", "t"), vec![tally.clone()], by, self.now);
        let done = done.await.expect("a count");
        assert!(done.issues.is_empty(), "{:?}", done.issues);
        self.tallies.push(tally);
    }

    /// Coverage says exactly what the pencil says, of every area and as of every day.
    async fn holds(&self, renamed: &BTreeMap<GroupId, GroupId>) {
        let loaded = self.loaded().await;
        for as_of in [day(4), day(9), day(14), day(30)] {
            let told = self.app.coverage(&loaded, AsOf::day(as_of), Depth::Tree).await;
            let told = told.expect("coverage");
            let mut expected: BTreeMap<(AreaCode, GroupId), u64> = BTreeMap::new();
            for tally in self.tallies.iter().filter(|tally| tally.date <= as_of) {
                let group = names_of(&tally.group, renamed);
                let home = self.home(&tally.area, as_of);
                for area in self.above(&home, as_of) {
                    *expected.entry((area, group.clone())).or_default() += u64::from(tally.doses);
                }
            }
            for row in &told.rows {
                let key = (row.area.clone(), GroupId::from(row.group.as_str()));
                let wanted = expected.remove(&key).unwrap_or(0);
                assert_eq!(row.doses[0].people.0, wanted, "{key:?} as of {as_of}");
            }
            assert!(expected.is_empty(), "nobody tells of {expected:?} as of {as_of}");
        }
        let health = self.app.health(false, self.now).await.expect("a check");
        let homes = health.checks.iter().find(|check| check.check == "homes").expect("it is made");
        assert!(homes.wrong.is_empty(), "{:?}", homes.wrong);
        assert!(health.totals.iter().all(|(_, found)| found.wrong.is_empty()));
    }

    fn home(&self, area: &AreaCode, as_of: NaiveDate) -> AreaCode {
        let mut at = area.clone();
        while let Some(merger) = self.folder.mergers.get(&at).filter(|one| one.until <= as_of) {
            at = merger.into.clone();
        }
        at
    }

    /// An area and all above it, as of a day.
    fn above(&self, area: &AreaCode, as_of: NaiveDate) -> Vec<AreaCode> {
        let mut out = vec![area.clone()];
        while let Some(parent) =
            self.folder.area(out[out.len() - 1].as_str()).and_then(|area| area.parent.clone())
        {
            out.push(self.home(&parent, as_of));
        }
        out
    }
}

/// The names that groups have now, by those that they had.
type Names = BTreeMap<GroupId, GroupId>;

/// One step of a year.
async fn step(world: &mut World, random: &mut Random, renamed: &mut Names) {
    match random.below(7) {
        0..=2 => world.count(random).await,
        3 => area_leaves(world, random).await,
        4 => group_is_renamed(world, random, renamed).await,
        5 => towns_merge(world, random).await,
        _ => denominator_leaves(world, random, renamed).await,
    }
}

/// An area leaves, with its denominators and places: refused where facts stand.
async fn area_leaves(world: &mut World, random: &mut Random) {
    let mut changed = world.folder.clone();
    let leaves = ["S", "V"].map(AreaCode::from);
    let Some(area) = random.of(&leaves).filter(|area| changed.area(area.as_str()).is_some()) else {
        return;
    };
    if changed.mergers.iter().any(|(from, to)| from == area || to.into == *area) {
        return;
    }
    let sites = changed.sites.iter().filter(|site| site.area == *area);
    let sites: Vec<_> = sites.map(|site| site.code.clone()).collect();
    changed.areas.retain(|one| one.code != *area);
    changed.eligible.retain(|row| row.area != *area);
    changed.sites.retain(|site| site.area != *area);
    changed.stops.retain(|stop| stop.area != *area);
    changed.reach.retain(|one| one.area != *area && !sites.contains(&one.site));
    let stands = |tally: &Tally| tally.area == *area || sites.contains(&tally.place);
    let stands = world.tallies.iter().any(stands);
    let done = world.apply(changed).await;
    assert_eq!(done.is_err(), stands, "{area} leaves: {done:?}");
}

/// A group gets another name, with or without saying so: refused where facts stand and nothing says so.
async fn group_is_renamed(world: &mut World, random: &mut Random, renamed: &mut Names) {
    let mut changed = world.folder.clone();
    let at = random.below(changed.groups.len());
    let old = changed.groups[at].id.clone();
    let new = GroupId::new(format!("g{}", world.now.timestamp()));
    let says_so = random.below(2) == 0;
    changed.groups[at].id = new.clone();
    let rows = changed.eligible.iter_mut().filter(|row| row.group == old);
    rows.for_each(|row| row.group = new.clone());
    changed.renamed.clear();
    if says_so {
        changed.renamed.insert(old.clone(), new.clone());
    }
    let stands = world.tallies.iter().any(|tally| names_of(&tally.group, renamed) == old);
    let done = world.apply(changed).await;
    assert_eq!(done.is_err(), stands && !says_so, "{old} is {new} now: {done:?}");
    if done.is_ok() && says_so {
        renamed.values_mut().filter(|name| **name == old).for_each(|name| *name = new.clone());
        renamed.insert(old, new);
    }
}

/// A town is merged into another from some day on: refused where that is a circle.
async fn towns_merge(world: &mut World, random: &mut Random) {
    let mut changed = world.folder.clone();
    let towns: Vec<AreaCode> = changed.areas.iter().map(|area| area.code.clone()).collect();
    let (Some(from), Some(into)) = (random.of(&towns), random.of(&towns)) else { return };
    if changed.mergers.contains_key(from) {
        return;
    }
    let until = day(i64::try_from(random.below(20)).expect("few days"));
    let mut at = Some(into.clone());
    let mut is_bad = changed.below(from).contains(into);
    while let Some(code) = at.filter(|_| !is_bad) {
        is_bad = code == *from;
        at = changed.mergers.get(&code).map(|merger| merger.into.clone());
    }
    changed.mergers.insert(from.clone(), Merger { into: into.clone(), until });
    // Whether an older merger leads into what lies below now is the program's to say.
    match world.apply(changed).await {
        Ok(()) => assert!(!is_bad, "{from} into {into} is a circle"),
        Err(codes) => assert!(codes.iter().all(|code| *code == "merger_circle"), "{codes:?}"),
    }
}

/// A denominator leaves: refused where facts need it.
async fn denominator_leaves(world: &mut World, random: &mut Random, renamed: &Names) {
    let mut changed = world.folder.clone();
    if changed.eligible.is_empty() {
        return;
    }
    let row = changed.eligible.remove(random.below(changed.eligible.len()));
    let needs =
        |tally: &Tally| tally.area == row.area && names_of(&tally.group, renamed) == row.group;
    let stands = world.tallies.iter().any(needs);
    let done = world.apply(changed).await;
    assert_eq!(done.is_err(), stands, "{} {}: {done:?}", row.area, row.group);
}

fn names_of(old: &GroupId, renamed: &Names) -> GroupId {
    renamed.get(old).unwrap_or(old).clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fact_vanishes_whatever_happens_to_areas_groups_and_places() {
    let first = std::env::var("DOSEPLAN_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = match first {
        Some(seed) => seed..=seed,
        None => 1..=SEQUENCES,
    };
    for seed in seeds {
        // Shown where the test fails: DOSEPLAN_SEED repeats that sequence alone.
        println!("seed {seed}");
        let mut random = Random(seed);
        let mut world = World::new().await;
        let mut renamed = BTreeMap::new();
        for _ in 0..STEPS {
            step(&mut world, &mut random, &mut renamed).await;
        }
        world.holds(&renamed).await;
    }
}

#[tokio::test]
async fn a_campaign_with_the_number_of_a_removed_one_is_not_taken_for_it() {
    let mut world = World::new().await;
    let old = world.loaded().await;
    let removed = world.app.remove_campaign(&old, Actor::CommandLine, world.now).await;
    removed.expect("it has no records");
    let other = Campaign { name: "HPV".to_owned(), ..world.folder.clone() };
    world.apply(other).await.expect("it is taken");
    let new = world.loaded().await;
    assert_eq!((new.no, new.version), (old.no, old.version), "SQLite gives the number again");
    assert_eq!(new.campaign.name, "HPV");
}
