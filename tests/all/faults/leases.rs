//! A process that wakes up after its lease has ended is refused: nothing that it would have written stays, on both
//! databases.

use crate::support::{World, on_postgresql, small, wait};
use doseplan::domain::hold::EventKind;
use doseplan::domain::job::{Job, RunNote, RunState};
use doseplan::store::db::Claim;
use doseplan::store::{Store, StoreError, campaigns, installation, runs};

fn refused(world: &World) {
    wait(async {
        let store = Store::open(world.db(), false).await.unwrap();
        let mut tx = store.write().await.unwrap();
        let campaign = campaigns::all(&mut tx).await.unwrap()[0].0;
        for due in [1000, 2000] {
            runs::insert(&mut tx, campaign, Job::Digest, due, None).await.unwrap();
        }
        let run = runs::ready(&mut tx, 0).await.unwrap().expect("the older one is due");
        assert_eq!(run.due_at, 1000);
        let sleeper = runs::claim(&mut tx, &run, "sleeper", (0, 30), 0).await.unwrap().unwrap();
        assert_eq!(runs::claim(&mut tx, &run, "other", (1, 31), 1).await.unwrap(), None);
        // The runs of a campaign go one after the other.
        assert_eq!(runs::ready(&mut tx, 30).await.unwrap(), None);
        tx.commit().await.unwrap();
        let asleep = store.under(Claim { run: run.id, fence: sleeper });
        // As long as it holds the lease, what it writes stays.
        let mut tx = asleep.write().await.unwrap();
        installation::note(&mut tx, EventKind::Adopt, "in time", 0).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = store.write().await.unwrap();
        let again = runs::ready(&mut tx, 31).await.unwrap().expect("it can be taken over");
        assert_eq!((again.id, again.fence), (run.id, sleeper));
        let heir = runs::claim(&mut tx, &again, "heir", (31, 61), 31).await.unwrap().unwrap();
        assert_eq!(heir, sleeper + 1);
        tx.commit().await.unwrap();
        let mut tx = asleep.write().await.unwrap();
        installation::note(&mut tx, EventKind::Adopt, "too late", 0).await.unwrap();
        assert!(matches!(tx.commit().await, Err(StoreError::Fenced)));
        let mut tx = store.write().await.unwrap();
        assert!(!runs::renew(&mut tx, run.id, sleeper, 99).await.unwrap());
        assert!(
            !runs::finish(&mut tx, run.id, sleeper, (RunState::Done, &note("late")), 40)
                .await
                .unwrap()
        );
        assert!(
            runs::finish(&mut tx, run.id, heir, (RunState::Done, &note("mine")), 41).await.unwrap()
        );
        let said: Vec<_> = installation::events(&mut tx, 9).await.unwrap();
        assert_eq!(said.iter().map(|event| event.said.as_str()).collect::<Vec<_>>(), ["in time"]);
        // The successor has ended too: nobody writes under an old claim afterwards.
        tx.commit().await.unwrap();
        let done = store.under(Claim { run: run.id, fence: heir });
        let tx = done.write().await.unwrap();
        assert!(matches!(tx.commit().await, Err(StoreError::Fenced)));
        store.close().await;
    });
}

#[test]
fn who_wakes_up_after_his_lease_is_refused() {
    refused(&World::small());
    on_postgresql(|db| refused(&World::on(db).applied(&small())));
}

fn note(text: &str) -> RunNote {
    RunNote::Text(text.to_owned())
}
