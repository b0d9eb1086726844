//! Booking: seats that are never given twice, the public pages, and what replanning leaves alone.

use crate::support::{Folder, World, at, day, small};
use doseplan::app::import::Kind;
use doseplan::app::{App, Loaded};
use doseplan::config::Config;
use doseplan::domain::campaign::Language;
use doseplan::domain::id::PersonId;
use doseplan::domain::permission::Actor;
use doseplan::store::Store;
use doseplan::store::audit::Entry;
use doseplan::store::bookings::{self, Appointment};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tokio::task::block_in_place;

mod kept;
mod pages;
mod race;
mod smart;

/// The small county with seniors alone, in area A: its site gives `seats` doses a day from 08:00 to 10:30.
fn seniors(people: usize, seats: usize) -> Folder {
    let eligible = format!(
        "area,group,people,source,as_of\nA,senior,{people},census,2020-11-01\n\
         A,adult,0,census,2020-11-01\nB,adult,0,census,2020-11-01\nB,senior,0,census,2020-11-01\n"
    );
    let sites = format!(
        "site,name,area,weekday_doses,saturday_doses,address,phone,opens,closes,slot_minutes\n\
         S1,甲镇卫生院,A,{seats},{seats},人民路1号,0511-86000001,08:00,10:30,30\n\
         S2,乙镇卫生院,B,20,,,,,,\n"
    );
    let folder = small().with("eligible.csv", &eligible).with("sites.csv", &sites);
    folder.without("teams.csv").without("stops.csv")
}

/// An app whose plan is in force, on the day before the first one.
struct Town {
    app: App,
    loaded: Loaded,
    world: World,
}

/// The eve of the campaign.
const EVE: &str = "2021-03-31T09:00:00";

impl Town {
    /// A town of so many people, with so many seats a day, on this database; without an address in a file.
    async fn open(address: Option<&str>, people: usize, seats: usize) -> Self {
        let world = address.map_or_else(World::empty, World::on);
        let world = block_in_place(|| world.applied(&seniors(people, seats)));
        let store = Store::open(world.db(), true).await.expect("the database opens");
        let mut config = Config::default();
        config.mail.dir = world.path("mail");
        let app = App::new(store, config);
        let now = at(EVE);
        let loaded = app.campaign(None).await.expect("the campaign is there");
        let mut rows = "person,area,born,name,household,email\n".to_owned();
        for no in 0..people {
            let household = if no < 4 { "H1" } else { "" };
            writeln!(rows, "p{no:04},A,1950-01-01,张{no},{household},p{no}@home.example")
                .expect("a row");
        }
        let path = world.path("persons.csv");
        std::fs::write(&path, rows).expect("the file is written");
        let kind = Kind::Persons;
        app.import(&loaded, kind, &path, Language::En, now).await.expect("the import runs");
        let town = Self { app, loaded, world };
        town.plan(EVE).await;
        town
    }

    /// Makes a plan and puts it in force.
    async fn plan(&self, now: &str) {
        let search = doseplan::app::plans::Search {
            limits: doseplan::domain::planner::Limits::steps(0),
            progress: &mut |_| {},
            time_used: &mut || 0.0,
        };
        let by = Actor::CommandLine;
        let made = self.app.make_plan(&self.loaded, None, by, search, at(now)).await;
        let made = made.expect("a plan is made");
        self.app.adopt_plan(&self.loaded, Some(made.no), by, at(now)).await.expect("it is adopted");
    }

    /// Everybody's appointment.
    async fn held(&self) -> BTreeMap<String, Appointment> {
        let mut tx = self.app.store.read().await.expect("a reader");
        let all = bookings::from(&mut tx, self.loaded.no, day("2021-03-01")).await;
        let all = all.expect("appointments").into_iter();
        all.map(|one| (one.person.to_string(), one)).collect()
    }

    /// A link to somebody's first dose.
    async fn token(&self, person: &str) -> String {
        let (of, until) = (PersonId::from(person), day("2021-05-10"));
        self.app.booking_token(&self.loaded, (&of, 1), until, at(EVE)).await.expect("a token")
    }

    /// Imports rows of a kind at a local time.
    async fn import(&self, kind: &str, text: &str, now: &str) {
        let kind = if kind == "doses" { Kind::Doses } else { Kind::Persons };
        let path = self.world.path("rows.csv");
        std::fs::write(&path, text).expect("the file is written");
        let done = self.app.import(&self.loaded, kind, &path, Language::En, at(now)).await;
        let done = done.expect("the import runs");
        assert!(done.fault.is_empty() && done.refused == 0, "{:?}", done.fault);
    }

    /// The audit log, the newest line first.
    async fn log(&self) -> Vec<Entry> {
        let mut tx = self.app.store.read().await.expect("a reader");
        doseplan::store::audit::list(&mut tx, "", i64::MAX, 500).await.expect("the log")
    }
}
