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
    app.edit_place(code, (edit, None), Actor::CommandLine, now()).await
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
    let effects = app.place_effect("S1", (&open, None), Actor::CommandLine, now()).await;
    assert!(effects.expect("effects")[0].stays_closed);
    let error = edit(&app, "S1", &open).await.expect_err("nothing opens");
    assert!(error.to_string().contains("closures.csv"), "{error}");
    assert_eq!(doses(&app, "S1", 2).await, 0);
}

#[tokio::test]
async fn a_change_by_somebody_who_does_not_know_of_the_last_one_is_refused() {
    let (app, _folder) = app().await;
    app.apply(&county(), Actor::CommandLine, now()).await.expect("the county is stored");
    let mark = async |code: &str| {
        place_mark(&app.jurisdiction().await.expect("it is read").expect("there is one"), code)
    };
    let (seen, other) = (mark("S1").await, mark("S2").await);
    assert_ne!(seen, other);
    let more = PlaceEdit::Capacity { from: day(20), doses: [150, 60, 0] };
    let store = async |edit: &PlaceEdit, seen: &str| {
        app.edit_place("S1", (edit, Some(seen)), Actor::CommandLine, now()).await
    };
    store(&more, &seen).await.expect("nobody was there before");
    store(&more, &seen).await.expect("the same form once more");
    assert_eq!(mark("S2").await, other, "another place is as it was");
    // Somebody else still has 100 doses before them and means Sundays alone.
    let sundays = PlaceEdit::Capacity { from: day(20), doses: [100, 60, 40] };
    let error = store(&sundays, &seen).await.expect_err("150 would be lost");
    assert!(error.to_string().contains("changed by somebody else"), "{error}");
    let error = app.place_effect("S1", (&sundays, Some(&seen)), Actor::CommandLine, now()).await;
    assert!(error.expect_err("told before it is confirmed").to_string().contains("meanwhile"));
    assert!(store(&close(40), &seen).await.is_err(), "a closure does not know of it either");
    assert_eq!(doses(&app, "S1", 21).await, 150);
    let now_seen = mark("S1").await;
    assert_ne!(now_seen, seen);
    store(&close(40), &now_seen).await.expect("they have looked");
    assert_ne!(mark("S1").await, now_seen, "closed days are part of it");
}
