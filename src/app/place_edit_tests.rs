//! Changes of places: none is lost, and what is told of them is so.

use super::*;
use crate::config::Config;
use crate::domain::testing::{county, day};
use crate::store::Store;
use std::time::Duration;

async fn app() -> (App, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let address = format!("sqlite://{}", folder.path().join("doseplan.db").display());
    let store = Store::open(&address, true).await.expect("a database");
    (App::new(store, Config::default()), folder)
}

fn now() -> DateTime<Utc> {
    "2021-02-20T00:00:00Z".parse().expect("an instant")
}

fn close(number: i64) -> PlaceEdit {
    let day = day(number);
    PlaceEdit::Close { first: day, last: day, doses: 0, reason: None }
}

async fn edit(app: &App, code: &str, edit: &PlaceEdit) -> Result<AppliedPlaces> {
    app.edit_place(code, edit, Actor::CommandLine, now()).await
}

async fn doses(app: &App, code: &str, number: i64) -> u32 {
    let loaded = app.campaign(None).await.expect("the county");
    let site = loaded.campaign.site(code).expect("a site");
    loaded.campaign.capacity(site, day(number))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_changes_that_begin_from_the_same_state_both_count() {
    let (app, _folder) = app().await;
    app.apply(&county(), Actor::CommandLine, now()).await.expect("the county is stored");
    // Both begin while somebody else writes, and read what is there before either has stored anything.
    let busy = app.store.write().await.expect("a transaction");
    let capacity = PlaceEdit::Capacity { from: day(20), doses: [70, 50, 0] };
    let both = [("S1", close(10)), ("S2", capacity)].map(|(code, change)| {
        let app = app.clone();
        tokio::spawn(async move { edit(&app, code, &change).await })
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(busy);
    for one in both {
        assert!(one.await.expect("it ends").expect("it is stored").is_change());
    }
    assert_eq!(doses(&app, "S1", 10).await, 0);
    assert_eq!(doses(&app, "S2", 21).await, 70, "the campaign's copy went along");
    let versions = app.places_versions().await.expect("versions");
    assert_eq!(versions.len(), 3, "one for each change");
}

#[tokio::test]
async fn days_that_a_campaigns_folder_closes_open_or_it_is_said_why_not() {
    let (app, _folder) = app().await;
    app.apply(&county(), Actor::CommandLine, now()).await.expect("the county is stored");
    let open = PlaceEdit::Open { first: day(1), last: day(3) };
    assert_eq!(doses(&app, "S1", 2).await, 0, "closures.csv of the campaign");
    edit(&app, "S1", &open).await.expect("it opens");
    assert_eq!(doses(&app, "S1", 2).await, 100);
    edit(&app, "S1", &open).await.expect("it is open");

    // A campaign beside a jurisdiction closes a place for itself.
    let of = app.jurisdiction().await.expect("it is read").expect("there is one");
    app.apply_jurisdiction(&of, Actor::CommandLine, now()).await.expect("it is given");
    let mut own = LocalCampaign::whole(&county());
    own.beyond.is_whole = false;
    app.apply_own(&own, Actor::CommandLine, now()).await.expect("it is stored");
    let effects = app.place_effect("S1", &open, Actor::CommandLine, now()).await;
    assert!(effects.expect("effects")[0].stays_closed);
    let error = edit(&app, "S1", &open).await.expect_err("nothing opens");
    assert!(error.to_string().contains("closures.csv"), "{error}");
    assert_eq!(doses(&app, "S1", 2).await, 0);
}
