//! Logging in: the second factor, where somebody is logged in, and how logins end.

use crate::operation::ANY_PORT;
use crate::support::{Ran, World, at, on_postgresql, postgresql, wait};
use crate::web::{ADDRESSES, Browser, Office, account, encoded};
use chrono::{DateTime, TimeDelta, Utc};
use doseplan::app::logins::Begun;
use doseplan::app::second_factor::{FactorState, Tried};
use doseplan::app::{App, AppError};
use doseplan::config::{Config, SecondFactor};
use doseplan::domain::account::{Account, Role};
use doseplan::domain::permission::Actor;
use doseplan::domain::second_factor::{Given, base32, code_at, step_at};
use doseplan::store::Store;
use serde_json::{Value, json};
use sqlx::Connection as _;
use std::time::Instant;

const NOW: &str = "2021-04-02T10:00:00";
const FIREFOX: &str = "Firefox, Linux";
const BY: Actor<'static> = Actor::CommandLine;

fn now() -> DateTime<Utc> {
    at(NOW)
}

/// An app on a database, with an account of each role.
async fn opened(world: &World) -> App {
    let store = Store::open(world.db(), true).await.expect("the database opens");
    let app = App::new(store, Config::default());
    for (name, role) in
        [("admin", Role::Admin), ("planner", Role::Planner), ("viewer", Role::Viewer)]
    {
        app.add_account(name, (role, &[]), PASSWORD, BY, now()).await.unwrap();
    }
    app
}

const PASSWORD: &str = "mo-li-hua-kai-le";

async fn of(app: &App, name: &str) -> Account {
    app.account(name).await.unwrap()
}

/// What a right password leads to.
async fn begin(app: &App, account: &Account, now: DateTime<Utc>) -> Begun {
    app.begin_login(account, FIREFOX, now).await.unwrap()
}

#[track_caller]
fn login(begun: Begun) -> String {
    let Begun::Login(token) = begun else { panic!("it asks for a code") };
    token
}

#[track_caller]
fn half(begun: Begun) -> String {
    let Begun::Half(token) = begun else { panic!("it asks for no code") };
    token
}

async fn is_in(app: &App, token: &str, now: DateTime<Utc>) -> bool {
    app.logged_in(token, true, now).await.unwrap().is_some()
}

/// The secret that a login sets up.
async fn secret(app: &App, account: &Account, token: &str) -> Vec<u8> {
    let view = app.second_factor(account, token).await.unwrap();
    let FactorState::Begun(secret) = view.state else { panic!("nothing has begun") };
    secret
}

/// The code so many steps after an instant.
fn code(secret: &[u8], now: DateTime<Utc>, steps: i64) -> String {
    code_at(secret, step_at(now.timestamp()) + steps)
}

/// Sets up a second factor; returns its secret, the recovery codes and the login. The code of the step before is spent.
async fn set_up(
    app: &App,
    account: &Account,
    now: DateTime<Utc>,
) -> (Vec<u8>, Vec<String>, String) {
    let token = login(begin(app, account, now).await);
    app.begin_factor(account, &token, now).await.unwrap();
    let secret = secret(app, account, &token).await;
    let tried = app.confirm_factor(account, (&token, &code(&secret, now, -1)), now).await.unwrap();
    let Tried::Right(recovery) = tried else { panic!("{tried:?}") };
    (secret, recovery, token)
}

async fn enter(app: &App, half: &str, code: &str, now: DateTime<Utc>) -> Tried<String> {
    match app.try_code(half, &Given::read(code), FIREFOX, now).await.unwrap() {
        Tried::Right(entered) => Tried::Right(entered.token),
        Tried::Wrong => Tried::Wrong,
        Tried::Used => Tried::Used,
        Tried::Early(secs) => Tried::Early(secs),
        Tried::Over => Tried::Over,
    }
}

#[track_caller]
fn is_refused<T: std::fmt::Debug>(done: doseplan::app::Result<T>, words: &str) {
    let Err(AppError::Refused(said)) = done else { panic!("{done:?}") };
    assert!(said.to_string().contains(words), "{said}");
}

/// Runs a story on both databases.
fn on_both<W: Future<Output = ()>>(story: impl Fn(App, String) -> W + std::panic::RefUnwindSafe) {
    let world = World::empty();
    let run = |world: &World| {
        wait(async {
            let app = opened(world).await;
            let store = app.store.clone();
            story(app, world.db().to_owned()).await;
            store.close().await;
        });
    };
    run(&world);
    on_postgresql(|server| run(&World::on(server)));
}

#[test]
fn a_second_factor_is_set_up_by_one_login_and_ends_the_others() {
    on_both(|app, _| async move {
        let viewer = of(&app, "viewer").await;
        let (one, other) =
            (login(begin(&app, &viewer, now()).await), login(begin(&app, &viewer, now()).await));
        app.begin_factor(&viewer, &one, now()).await.unwrap();
        let first = secret(&app, &viewer, &one).await;
        // Two tabs of one login, and a form sent twice.
        app.begin_factor(&viewer, &one, now()).await.unwrap();
        assert_eq!(secret(&app, &viewer, &one).await, first);
        // Another login does not see it, and begins anew.
        let view = app.second_factor(&viewer, &other).await.unwrap();
        assert!(matches!(view.state, FactorState::Absent));
        app.begin_factor(&viewer, &other, now()).await.unwrap();
        let second = secret(&app, &viewer, &other).await;
        assert_ne!(first, second);
        let confirm = app.confirm_factor(&viewer, (&one, &code(&first, now(), 0)), now()).await;
        is_refused(confirm, "begun anew elsewhere");
        // As long as it is not confirmed, a login does without.
        assert!(matches!(begin(&app, &viewer, now()).await, Begun::Login(_)));
        for bad in ["", "12345", "abcdef", &code(&second, now(), 2), &code(&first, now(), 0)] {
            let tried = app.confirm_factor(&viewer, (&other, bad), now()).await.unwrap();
            assert!(!matches!(tried, Tried::Right(_)), "{bad}");
        }
        let later = now() + TimeDelta::minutes(5);
        let right = code(&second, later, 0);
        let tried = app.confirm_factor(&viewer, (&other, &right), later).await.unwrap();
        let Tried::Right(recovery) = tried else { panic!("{tried:?}") };
        assert_eq!(recovery.len(), 10);
        assert!(is_in(&app, &other, later).await && !is_in(&app, &one, later).await);
        // Sent twice.
        let twice = app.confirm_factor(&viewer, (&other, &right), later).await;
        is_refused(twice, "has a second factor already");
        is_refused(app.begin_factor(&viewer, &other, later).await, "has a second factor already");
    });
}

#[test]
fn a_login_needs_a_code_that_was_not_used_before() {
    on_both(|app, _| async move {
        let viewer = of(&app, "viewer").await;
        let (secret, _, _) = set_up(&app, &viewer, now()).await;
        let form = half(begin(&app, &viewer, now()).await);
        assert!(!is_in(&app, &form, now()).await, "the password alone is no login");
        // Two tabs.
        let tab = half(begin(&app, &viewer, now()).await);
        assert_eq!(enter(&app, &form, &code(&secret, now(), -1), now()).await, Tried::Used);
        assert_eq!(enter(&app, &form, &code(&secret, now(), 3), now()).await, Tried::Wrong);
        assert_eq!(enter(&app, &form, &code(&secret, now(), -3), now()).await, Tried::Wrong);
        let right = code(&secret, now(), 0);
        let tried = enter(&app, &form, &right, now()).await;
        let Tried::Right(token) = tried else { panic!("{tried:?}") };
        assert!(is_in(&app, &token, now()).await);
        assert_eq!(enter(&app, &form, &code(&secret, now(), 1), now()).await, Tried::Over);
        assert_eq!(enter(&app, &tab, &right, now()).await, Tried::Used);
        // The clock of the phone is one step ahead; after that the own code is too old.
        let Tried::Right(_) = enter(&app, &tab, &code(&secret, now(), 1), now()).await else {
            panic!("a clock may be a step ahead")
        };
        let tab = half(begin(&app, &viewer, now()).await);
        let soon = now() + TimeDelta::seconds(30);
        assert_eq!(enter(&app, &tab, &code(&secret, soon, 0), soon).await, Tried::Used);
        // The wait for a code has an end.
        let late = now() + TimeDelta::minutes(10);
        assert_eq!(enter(&app, &tab, &code(&secret, late, 0), late).await, Tried::Over);
        assert_eq!(enter(&app, "nonsense", &code(&secret, late, 0), late).await, Tried::Over);
        // A login without the code that was on its way while the factor was set up is none.
        let raced = app.log_in(&viewer, FIREFOX, late).await.unwrap();
        assert!(!is_in(&app, &raced, late).await);
        let log = app.audit(Some("viewer"), i64::MAX, 100).await.unwrap();
        let wrong = log.iter().filter(|line| line.did.word() == "login-failed");
        assert!(wrong.clone().count() >= 4 && wrong.clone().all(|line| line.said == "code"));
        assert!(log.iter().any(|line| line.did.word() == "factor-add"));
    });
}

#[test]
fn of_two_logins_with_one_code_at_the_same_time_one_gets_in() {
    on_both(|app, _| async move {
        let viewer = of(&app, "viewer").await;
        let (secret, recovery, _) = set_up(&app, &viewer, now()).await;
        let mut forms = Vec::new();
        for _ in 0..8 {
            forms.push(half(begin(&app, &viewer, now()).await));
        }
        let (four, last) = forms.split_at(4);
        for (forms, given) in [(four, code(&secret, now(), 0)), (last, recovery[0].clone())] {
            let tries = forms.iter().map(|form| {
                let (app, form, given) = (app.clone(), form.clone(), given.clone());
                tokio::spawn(async move { enter(&app, &form, &given, now()).await })
            });
            let tries: Vec<_> = tries.collect();
            let mut entered = 0;
            for tried in tries {
                entered += usize::from(matches!(tried.await.unwrap(), Tried::Right(_)));
            }
            assert_eq!(entered, 1, "{given}");
        }
    });
}

#[test]
fn a_recovery_code_works_once_and_new_ones_replace_the_old() {
    on_both(|app, _| async move {
        let viewer = of(&app, "viewer").await;
        let (secret, recovery, token) = set_up(&app, &viewer, now()).await;
        let left = async || {
            let state = app.second_factor(&viewer, &token).await.unwrap().state;
            let FactorState::SetUp { recovery_left, .. } = state else { panic!("it is set up") };
            recovery_left
        };
        let form = half(begin(&app, &viewer, now()).await);
        // As people type it.
        let typed = recovery[3].to_uppercase().replace('-', " ");
        let Tried::Right(_) = enter(&app, &form, &typed, now()).await else { panic!("{typed}") };
        assert_eq!(left().await, 9);
        let form = half(begin(&app, &viewer, now()).await);
        assert_eq!(enter(&app, &form, &recovery[3], now()).await, Tried::Wrong);
        assert_eq!(enter(&app, &form, "", now()).await, Tried::Wrong);
        let log = app.audit(Some("viewer"), i64::MAX, 100).await.unwrap();
        assert!(log.iter().any(|line| line.said == "recovery code, 9 left"));
        let given = Given::read(&code(&secret, now(), 0));
        let Tried::Right(new) = app.renew_recovery_codes(&viewer, &given, now()).await.unwrap()
        else {
            panic!("the code is right")
        };
        assert_eq!(left().await, 10);
        assert_eq!(enter(&app, &form, &recovery[4], now()).await, Tried::Wrong);
        let Tried::Right(_) = enter(&app, &form, &new[0], now()).await else { panic!("a new one") };
        // Another account's codes are none.
        let planner = of(&app, "planner").await;
        let (_, others, _) = set_up(&app, &planner, now()).await;
        let form = half(begin(&app, &viewer, now()).await);
        assert_eq!(enter(&app, &form, &others[0], now()).await, Tried::Wrong);
    });
}

#[test]
fn whoever_guesses_codes_waits_wherever_they_come_from() {
    on_both(|app, _| async move {
        let (viewer, planner) = (of(&app, "viewer").await, of(&app, "planner").await);
        let (secret, recovery, token) = set_up(&app, &viewer, now()).await;
        let (others, _, _) = set_up(&app, &planner, now()).await;
        for source in 0..5_u8 {
            let app = app.asked_from([10, 0, 0, source].into());
            let form = half(begin(&app, &viewer, now()).await);
            assert_eq!(enter(&app, &form, "000000", now()).await, Tried::Wrong);
        }
        let form = half(begin(&app, &viewer, now()).await);
        let right = code(&secret, now(), 0);
        assert_eq!(enter(&app, &form, &right, now()).await, Tried::Early(1));
        assert_eq!(enter(&app, &form, &recovery[0], now()).await, Tried::Early(1));
        let given = Given::read(&right);
        let renewed = app.renew_recovery_codes(&viewer, &given, now()).await.unwrap();
        assert_eq!(renewed, Tried::Early(1));
        let removed = app.remove_factor(&viewer, (&token, &given), now()).await.unwrap();
        assert_eq!(removed, Tried::Early(1));
        // Nobody else waits.
        let other = half(begin(&app, &planner, now()).await);
        let tried = enter(&app, &other, &code(&others, now(), 0), now()).await;
        assert!(matches!(tried, Tried::Right(_)), "{tried:?}");
        let soon = now() + TimeDelta::seconds(1);
        let tried = enter(&app, &form, &right, soon).await;
        assert!(matches!(tried, Tried::Right(_)), "{tried:?}");
        // A right code ends the wait.
        let form = half(begin(&app, &viewer, soon).await);
        assert_eq!(enter(&app, &form, "000000", soon).await, Tried::Wrong);
    });
}

#[test]
fn an_account_that_lost_its_phone_is_reset_and_everything_of_it_ends() {
    on_both(|app, _| async move {
        let viewer = of(&app, "viewer").await;
        let (secret, recovery, token) = set_up(&app, &viewer, now()).await;
        let form = half(begin(&app, &viewer, now()).await);
        assert!(app.reset_factor("viewer", BY, now()).await.unwrap());
        assert!(!is_in(&app, &token, now()).await);
        for given in [&code(&secret, now(), 0), &recovery[0]] {
            assert_eq!(enter(&app, &form, given, now()).await, Tried::Over);
        }
        let again = login(begin(&app, &viewer, now()).await);
        assert!(is_in(&app, &again, now()).await);
        assert!(!app.reset_factor("viewer", BY, now()).await.unwrap(), "there is none any more");
        assert!(is_in(&app, &again, now()).await);
        // It is set up anew, with a code that is spent for the old one.
        set_up(&app, &viewer, now()).await;
        // A new password ends logins and waits for a code, and leaves the second factor.
        let form = half(begin(&app, &viewer, now()).await);
        let viewer_sets = ("yuan-shan-jin-shui", false);
        app.set_password("viewer", viewer_sets, Actor::Account(&viewer), now()).await.unwrap();
        assert_eq!(enter(&app, &form, "000000", now()).await, Tried::Over);
        assert!(app.logins("viewer", "", now()).await.unwrap().is_empty());
        assert!(matches!(begin(&app, &viewer, now()).await, Begun::Half(_)));
        app.remove_account("viewer", BY, now()).await.unwrap();
        assert!(app.accounts().await.unwrap().iter().all(|one| one.name != "viewer"));
    });
}

#[test]
fn who_must_have_a_second_factor_sees_nothing_without_and_keeps_it() {
    on_both(|mut app, _| async move {
        let viewer = of(&app, "viewer").await;
        let token = login(begin(&app, &viewer, now()).await);
        let lacks = async |app: &App| {
            app.logged_in(&token, true, now()).await.unwrap().unwrap().lacks_factor
        };
        assert!(!lacks(&app).await);
        app.require_factor(("viewer", true), BY, now()).await.unwrap();
        assert!(lacks(&app).await, "at once, not at the next login");
        app.require_factor(("viewer", false), BY, now()).await.unwrap();
        assert!(!lacks(&app).await);
        app.config.http.second_factor = SecondFactor::Required;
        assert!(lacks(&app).await);
        let (secret, _, token) = set_up(&app, &viewer, now()).await;
        let found = app.logged_in(&token, true, now()).await.unwrap().unwrap();
        assert!(!found.lacks_factor);
        let given = Given::read(&code(&secret, now(), 0));
        let removed = app.remove_factor(&viewer, (&token, &given), now()).await;
        is_refused(removed, "it cannot be removed");
        app.config.http.second_factor = SecondFactor::Optional;
        let wrong = Given::read("000000");
        let removed = app.remove_factor(&viewer, (&token, &wrong), now()).await.unwrap();
        assert_eq!(removed, Tried::Wrong);
        let other = half(begin(&app, &viewer, now()).await);
        let removed = app.remove_factor(&viewer, (&token, &given), now()).await.unwrap();
        assert_eq!(removed, Tried::Right(()));
        assert!(is_in(&app, &token, now()).await);
        assert_eq!(enter(&app, &other, &code(&secret, now(), 1), now()).await, Tried::Over);
        assert!(matches!(begin(&app, &viewer, now()).await, Begun::Login(_)));
    });
}

/// Roles × acts on one's own and on another account.
#[test]
fn only_an_admin_touches_how_others_log_in() {
    on_both(|app, _| async move {
        let other = of(&app, "viewer").await;
        for name in ["admin", "planner", "viewer"] {
            let account = of(&app, name).await;
            let by = Actor::Account(&account);
            let is_admin = name == "admin";
            let target = if name == "viewer" { "planner" } else { "viewer" };
            let done = [
                app.reset_factor(target, by, now()).await.map(drop),
                app.require_factor((target, true), by, now()).await,
                app.require_factor((target, false), by, now()).await,
                app.end_login((target, "0"), by, now()).await.map(drop),
                app.end_logins((target, ""), by, now()).await.map(drop),
            ];
            for (nth, done) in done.into_iter().enumerate() {
                let denied = matches!(done, Err(AppError::Denied(_)));
                assert_eq!((denied, done.is_ok()), (!is_admin, is_admin), "{name} {nth}");
            }
            // Everybody ends their own logins; nobody resets their own factor without a code.
            app.end_login((name, "0"), by, now()).await.unwrap();
            app.end_logins((name, ""), by, now()).await.unwrap();
            is_refused(app.reset_factor(name, by, now()).await, "your own second factor");
            let own = app.require_factor((name, true), by, now()).await;
            assert_eq!(own.is_ok(), is_admin, "{name}");
            app.require_factor((name, false), BY, now()).await.unwrap();
            // A token of a program has none of these powers, and is no login.
            let program = Actor::Program(&account, &[]);
            assert!(app.end_logins((name, ""), program, now()).await.is_err());
        }
        for missing in ["nobody", ""] {
            is_refused(app.reset_factor(missing, BY, now()).await, "no account");
            is_refused(app.logins(missing, "", now()).await, "no account");
        }
        assert_eq!(other.name, "viewer");
    });
}

#[test]
fn logins_are_listed_with_where_they_come_from_and_ended() {
    on_both(|app, _| async move {
        let viewer = of(&app, "viewer").await;
        let by = Actor::Account(&viewer);
        let mut tokens = Vec::new();
        for (minute, source) in [(0_i64, 1_u8), (10, 2), (20, 3)] {
            let app = app.asked_from([10, 0, 0, source].into());
            tokens.push(login(begin(&app, &viewer, now() + TimeDelta::minutes(minute)).await));
        }
        let later = now() + TimeDelta::minutes(30);
        assert!(is_in(&app, &tokens[0], later).await);
        let all = app.logins("viewer", &tokens[0], later).await.unwrap();
        let shown: Vec<_> = all
            .iter()
            .map(|one| (one.address.as_deref().unwrap(), one.browser.as_str(), one.is_own))
            .collect();
        assert_eq!(
            shown,
            [
                ("10.0.0.1", FIREFOX, true),
                ("10.0.0.3", FIREFOX, false),
                ("10.0.0.2", FIREFOX, false)
            ]
        );
        assert_eq!((all[0].made_at, all[0].seen_at), (millis(now()), millis(later)));
        // What names a login does not make it, and ends none of another account.
        assert!(tokens.iter().all(|token| !token.contains(&all[1].id)));
        assert!(!app.end_login(("planner", &all[1].id), BY, later).await.unwrap());
        assert!(app.end_login(("viewer", &all[1].id), by, later).await.unwrap());
        assert!(!app.end_login(("viewer", &all[1].id), by, later).await.unwrap(), "sent twice");
        let alive = async |now: DateTime<Utc>| {
            let mut alive = Vec::new();
            for token in &tokens {
                alive.push(is_in(&app, token, now).await);
            }
            alive
        };
        assert_eq!(alive(later).await, [true, true, false]);
        assert_eq!(app.end_logins(("viewer", &tokens[1]), by, later).await.unwrap(), 1);
        assert_eq!(alive(later).await, [false, true, false]);
        assert_eq!(app.end_logins(("viewer", ""), BY, later).await.unwrap(), 1);
        assert_eq!(alive(later).await, [false; 3]);
        // Those that are over are not listed.
        login(begin(&app, &viewer, later).await);
        let hours = later + TimeDelta::hours(2);
        assert!(app.logins("viewer", "", hours).await.unwrap().is_empty());
        let views = app.account_views(later).await.unwrap();
        let logins: Vec<_> = views.iter().map(|one| (one.name.as_str(), one.logins)).collect();
        assert_eq!(logins, [("admin", 0), ("planner", 0), ("viewer", 1)]);
    });
}

fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// Sets up the viewer's second factor on a database that is closed then; returns its secret and recovery codes.
fn left_behind(world: &World) -> (Vec<u8>, Vec<String>) {
    wait(async {
        let app = opened(world).await;
        let viewer = of(&app, "viewer").await;
        let (secret, recovery, _) = set_up(&app, &viewer, now()).await;
        app.store.close().await;
        (secret, recovery)
    })
}

#[test]
fn a_copy_of_the_database_alone_gives_nobody_a_code() {
    let world = World::empty();
    let (secret, recovery) = left_behind(&world);
    let mut bytes = std::fs::read(world.path("doseplan.db")).unwrap();
    bytes.extend(std::fs::read(world.path("doseplan.db-wal")).unwrap_or_default());
    let holds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    assert!(holds(b"viewer"), "the file is read");
    assert!(!holds(&secret) && !holds(base32(&secret).as_bytes()));
    for recovery in &recovery {
        assert!(!holds(recovery.as_bytes()) && !holds(recovery.replace('-', "").as_bytes()));
    }
    // With another key the secret cannot be read: that is said, and a recovery code still logs in.
    world.file("doseplan.db.audit-key", "another key that is long enough to be one, surely");
    wait(async {
        let app = App::new(Store::open(world.db(), false).await.unwrap(), Config::default());
        let viewer = of(&app, "viewer").await;
        let form = half(begin(&app, &viewer, now()).await);
        let given = Given::read(&code(&secret, now(), 0));
        let tried = app.try_code(&form, &given, FIREFOX, now()).await;
        is_refused(tried, "sealed with a key that is not here");
        let tried = enter(&app, &form, &recovery[0], now()).await;
        assert!(matches!(tried, Tried::Right(_)), "{tried:?}");
        app.store.close().await;
    });
    let ran = world.run(&["doctor"]);
    let said = format!("{}{}", ran.out, ran.err);
    assert!(said.contains("second factors that cannot be read: 1"), "{said}");
}

#[test]
fn second_factors_move_with_the_database() {
    on_postgresql(|server| {
        let world = World::small();
        let (secret, recovery) = left_behind(&world);
        world.run(&["db", "move", server]).ends(0);
        let back = World::empty();
        for db in [server, back.db()] {
            if db != server {
                World::on(server).run(&["db", "move", db]).ends(0);
            }
            wait(async {
                let app = App::new(Store::open(db, false).await.unwrap(), Config::default());
                assert_eq!(app.unreadable_factors().await.unwrap(), 0);
                let viewer = of(&app, "viewer").await;
                let form = half(begin(&app, &viewer, now()).await);
                let steps = i64::from(db != server);
                let tried = enter(&app, &form, &code(&secret, now(), steps), now()).await;
                assert!(matches!(tried, Tried::Right(_)), "{db}: {tried:?}");
                app.store.close().await;
            });
        }
        assert_eq!(recovery.len(), 10);
    });
}

/// A database of the release before, with somebody logged in.
const BEFORE: &str = "INSERT INTO account (name, role, places, password, made_at, areas) VALUES \
     ('zhao', 'viewer', '', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$\
     AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 1, ''); \
     INSERT INTO login (token, account, made_at, seen_at) VALUES ('TOKEN', 1, AT, AT)";

#[test]
fn logins_of_the_release_before_go_on() {
    let token = "9e107d9d372bb6826bd81d3542a419d6";
    let hash = doseplan::app::accounts::hash_of(token);
    let sql = BEFORE.replace("TOKEN", &hash).replace("AT,", &format!("{},", millis(now())));
    let sql = sql.replace("AT)", &format!("{})", millis(now())));
    let goes_on = |db: &str| {
        wait(async {
            let app = App::new(Store::open(db, false).await.unwrap(), Config::default());
            let found = app.logged_in(token, true, now()).await.unwrap().unwrap();
            assert_eq!((found.account.name.as_str(), found.lacks_factor), ("zhao", false));
            let all = app.logins("zhao", token, now()).await.unwrap();
            let shown: Vec<_> =
                all.iter().map(|one| (&one.address, one.browser.as_str(), one.is_own)).collect();
            assert_eq!(shown, [(&None, "", true)]);
            let zhao = of(&app, "zhao").await;
            set_up(&app, &zhao, now()).await;
            assert!(!is_in(&app, token, now()).await);
            app.store.close().await;
        });
    };
    let world = World::empty();
    wait(async {
        let options = world.db().parse::<sqlx::sqlite::SqliteConnectOptions>().unwrap();
        let options = options.create_if_missing(true);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        old_migrations("sqlite").await.run(&mut connection).await.unwrap();
        let sql = sqlx::AssertSqlSafe(sql.clone());
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
    goes_on(world.db());
    on_postgresql(|server| {
        wait(async {
            let mut connection = sqlx::PgConnection::connect(server).await.unwrap();
            old_migrations("postgres").await.run(&mut connection).await.unwrap();
            postgresql(server, sql.clone()).await;
            connection.close().await.unwrap();
        });
        goes_on(server);
    });
}

/// The migrations of the release before.
async fn old_migrations(folder: &str) -> sqlx::migrate::Migrator {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
    let all = sqlx::migrate::Migrator::new(root).await.unwrap();
    let old = all.iter().filter(|one| one.version <= 20).cloned().collect::<Vec<_>>();
    sqlx::migrate::Migrator::with_migrations(old)
}

/// A phone beside a daemon whose clock began at [`NOW`] not long before `begun`.
struct Phone {
    begun: Instant,
    secret: Vec<u8>,
    last: i64,
}

impl Phone {
    /// A code that was not used: two of them are good at any time, though the daemon's clock be some seconds ahead.
    fn next(&mut self) -> String {
        let secs = now().timestamp() + i64::try_from(self.begun.elapsed().as_secs()).unwrap();
        self.last = step_at(secs).max(self.last + 1);
        code_at(&self.secret, self.last)
    }
}

fn office() -> (Office, Instant) {
    let office = Office::at(World::small(), "2021-04-02T10:00:00+08:00");
    (office, Instant::now())
}

/// What stands between two texts on a page.
#[track_caller]
fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = page.split_once(before).unwrap_or_else(|| panic!("{before}: {page}"));
    rest.split_once(after).expect("an end").0
}

/// The token of the forms of the page of the second factor, which also opens where nothing else does.
#[track_caller]
fn token(browser: &Browser) -> String {
    between(&browser.get("/me/second").body, "csrf=", "\"").to_owned()
}

#[track_caller]
fn second(browser: &Browser, form: &str) -> (u16, String) {
    let answer = browser.post(&format!("/me/second?csrf={}", token(browser)), form);
    (answer.status, answer.body)
}

/// Sets up the second factor as a person does; returns the phone and the recovery codes.
#[track_caller]
fn set_up_by_hand(browser: &Browser, role: &str, begun: Instant) -> (Phone, Vec<String>) {
    let (status, page) = second(browser, "do=begin&password=wrong-wrong");
    assert!(status == 403 && page.contains("password is wrong"), "{page}");
    let (status, _) = second(browser, &format!("do=begin&password=password-{role}-1"));
    assert_eq!(status, 303);
    let page = browser.get("/me/second").body;
    let typed = between(&page, "class=\"secret\">", "<").replace(' ', "");
    let address = between(&page, "href=\"otpauth://totp/doseplan:", "\"");
    assert!(
        address.starts_with(&format!("{role}?secret={typed}&#38;issuer=doseplan")),
        "{address}"
    );
    assert!(page.contains("<svg") && page.contains("role=\"img\""), "{page}");
    let mut phone = Phone { begun, secret: unbase32(&typed), last: 0 };
    let (status, page) = second(browser, "do=confirm&code=12345");
    assert!(status == 403 && page.contains("The code is wrong"), "{page}");
    let form = format!("do=confirm&code={}", phone.next());
    let (status, page) = second(browser, &form);
    assert_eq!(status, 200, "{page}");
    let codes: Vec<String> = page
        .split("<code class=\"secret\">")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap().to_owned())
        .collect();
    assert_eq!(codes.len(), 10, "{page}");
    // Sent twice: the codes are shown once, and the page says how to get new ones.
    let (status, page) = second(browser, &form);
    assert!(status == 409 && page.contains("make new ones"), "{page}");
    assert!(page.contains("Recovery codes left: 10") && !page.contains(&codes[0]), "{page}");
    (phone, codes)
}

fn unbase32(text: &str) -> Vec<u8> {
    let mut bits = String::new();
    for letter in text.chars() {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap();
        bits += &format!("{value:05b}");
    }
    let eights = bits.as_bytes().chunks_exact(8);
    eights.map(|bits| u8::from_str_radix(std::str::from_utf8(bits).unwrap(), 2).unwrap()).collect()
}

/// The form that asks for a code, after the password.
#[track_caller]
fn half_of(office: &Office, role: &str, more: &str) -> String {
    let answer =
        office.guest().post("/login", &format!("name={role}&password=password-{role}-1{more}"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(!answer.headers.contains_key("set-cookie"), "the password alone is no login");
    assert!(answer.body.contains("one-time-code") && answer.body.contains(role));
    between(&answer.body, "name=\"half\" value=\"", "\"").to_owned()
}

#[test]
fn the_second_factor_works_in_the_browser_without_script() {
    let (office, begun) = office();
    let (planner, other) = (office.login("planner"), office.login("planner"));
    let (mut phone, codes) = set_up_by_hand(&planner, "planner", begun);
    assert_eq!(other.get("/me").status, 303, "the other login has ended");
    let me = planner.get("/me").body;
    assert!(me.contains("Set up since 2021-04-02 10:0"), "{me}");

    let half = half_of(&office, "planner", "&next=%2Fsystem");
    let form = |half: &str, code: &str| {
        format!("half={half}&name=planner&next=%2Fsystem&code={}", encoded(code))
    };
    let mut guest = office.guest();
    for (code, said) in [("000000", "The code is wrong"), ("not a code", "The code is wrong")] {
        let answer = guest.post("/login/code", &form(&half, code));
        assert!(answer.status == 401 && answer.body.contains(said), "{}", answer.body);
        assert!(answer.body.contains(&half), "the form stands for the next try");
    }
    let right = phone.next();
    let answer = guest.post("/login/code", &form(&half, &right));
    assert_eq!((answer.status, answer.headers["location"].as_str()), (303, "/system"));
    let cookie = &answer.headers["set-cookie"];
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    guest.set_cookie(cookie.split(';').next().unwrap());
    assert_eq!(guest.get("/system").status, 200);
    // The form sent twice: whoever is logged in goes on, whoever is not logs in anew.
    let twice = guest.post("/login/code", &form(&half, &right));
    assert_eq!((twice.status, twice.headers["location"].as_str()), (303, "/system"));
    let twice = office.guest().post("/login/code", &form(&half, &right));
    assert!(twice.status == 401 && twice.body.contains("time for the code is over"));
    // Two tabs; a code that somebody looked at over the shoulder is good for nothing.
    let (one, two) = (half_of(&office, "planner", ""), half_of(&office, "planner", ""));
    let answer = office.guest().post("/login/code", &form(&one, &right));
    assert!(answer.status == 401 && answer.body.contains("used already"), "{}", answer.body);
    assert_eq!(office.guest().post("/login/code", &form(&one, &codes[0])).status, 303);
    assert_eq!(office.guest().post("/login/code", &form(&two, &codes[0])).status, 401);
    assert_eq!(office.guest().post("/login/code", &form(&two, &codes[1])).status, 303);
    // From another site's page, and without its fields.
    let head = "POST /login/code HTTP/1.1\r\nSec-Fetch-Site: cross-site\r\n\
                Content-Type: application/x-www-form-urlencoded";
    assert_eq!(guest.ask(head, form(&two, &codes[2]).as_bytes()).status, 403);
    assert_eq!(guest.post("/login/code", "code=1").status, 422);
    // New recovery codes, then an end of it.
    let (status, page) = second(&planner, &format!("do=codes&code={}", codes[2]));
    assert!(status == 200 && !page.contains(&codes[3]), "{page}");
    let new = between(&page, "<code class=\"secret\">", "<").to_owned();
    let (status, page) = second(&planner, &format!("do=remove&code={}", codes[3]));
    assert!(status == 403 && page.contains("The code is wrong"), "{page}");
    assert_eq!(second(&planner, &format!("do=remove&code={new}")).0, 303);
    assert_eq!(second(&planner, "do=nonsense").0, 409);
    office.login("planner");
    let log = office.log().iter().map(ToString::to_string).collect::<String>();
    for secret in
        [&codes[0], &right, &half, &doseplan::domain::second_factor::base32(&phone.secret)]
    {
        assert!(!log.contains(secret.as_str()), "{secret} stands in the log");
    }
}

#[test]
fn what_was_typed_outlives_the_login_with_a_second_factor_too() {
    let (office, begun) = office();
    let lead = office.login("lead");
    let (_, codes) = set_up_by_hand(&lead, "lead", begun);
    let tally = "/c/small/tally?as-of=2021-04-02&place=S1";
    let asked = office.guest().post(tally, "A%2Fadult%2F1=17&had=");
    assert_eq!(asked.status, 401, "{}", asked.body);
    let kept = between(&asked.body, "name=\"kept\" value=\"", "\"");
    let more = format!("&kept={}", encoded(&kept.replace("&#34;", "\"").replace("&#38;", "&")));
    let half = half_of(&office, "lead", &more);
    let form = format!("half={half}&name=lead&code={}{more}", codes[0]);
    let back = office.guest().post("/login/code", &form);
    assert_eq!(back.status, 200, "{}", back.body);
    assert!(back.body.contains("<dd>17</dd>") && back.headers.contains_key("set-cookie"));
}

#[test]
fn whoever_must_have_a_second_factor_gets_nothing_else_before_and_no_token_goes_around() {
    let (office, begun) = office();
    let world = &office.world;
    let made = world.run(&["account", "token", "add", "lead", "his", "--scope", "read"]).ends(0);
    let api = made.out.trim().to_owned();
    let (lead, admin) = (office.login("lead"), office.login("admin"));
    for name in ["lead", "admin"] {
        world.run(&["account", "second-factor", "require", name]).ends(0);
    }
    for (path, _) in ADDRESSES.iter().filter(|(path, _)| *path != "/me/second") {
        for browser in [&lead, &admin] {
            let answer = browser.get(path);
            let to = answer.headers.get("location").map(String::as_str);
            assert_eq!((answer.status, to), (303, Some("/me/second")), "{path}");
        }
    }
    let page = lead.get("/me/second").body;
    assert!(page.contains("Your office requires a second factor"), "{page}");
    for (path, form) in [
        ("/c/small/tally?as-of=2021-04-02&place=S1&", "had=none&A.adult.1=7&sure=yes"),
        (
            "/accounts/token?",
            "account=admin&name=x&scopes=read&once=0123456789abcdef0123456789abcdef",
        ),
        ("/me?", "old=password-admin-1&new=yuan-shan-jin-shui"),
        ("/me/logins?", "do=others"),
    ] {
        let browser = if path.starts_with("/c/") { &lead } else { &admin };
        let answer = browser.post(&format!("{path}csrf={}", token(browser)), form);
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.body.contains("Nothing was saved"), "{}", answer.body);
    }
    assert_eq!(world.run(&["account", "token", "list", "-o", "csv"]).ends(0).csv().len(), 1);
    // The API takes tokens, which only an admin past the second factor makes, and never a password.
    let guest = office.guest();
    let answer = guest.call("GET", "/small/coverage?as_of=2021-04-01", &api, &Value::Null);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let basic =
        "GET /api/v1/campaigns HTTP/1.1\r\nAuthorization: Basic bGVhZDpwYXNzd29yZC1sZWFkLTE=";
    assert_eq!(guest.ask(basic, b"").status, 401);
    assert_eq!(lead.ask("GET /api/v1/campaigns HTTP/1.1", b"").status, 401, "a login is no token");
    set_up_by_hand(&lead, "lead", begun);
    assert_eq!(lead.get("/c/small/overview?as-of=2021-04-01").status, 200);
    let (status, page) = second(&lead, "do=remove&code=000000");
    assert!(status == 409 && page.contains("it cannot be removed"), "{page}");
    assert!(page.contains("only an admin can reset it"), "{page}");
    world.run(&["account", "second-factor", "free", "admin"]).ends(0);
    assert_eq!(admin.get("/accounts").status, 200);
    // The admin resets the lead's phone on the page, requires it anew, and says so in the list.
    let send = |what: &str, form: &str| {
        admin.post(&format!("/accounts/{what}?csrf={}", admin.token()), form).status
    };
    assert_eq!(send("second", "name=lead&do=reset"), 303);
    assert_eq!(lead.get("/me/second").status, 303, "its logins have ended");
    assert_eq!(send("second", "name=planner&do=require"), 303);
    assert_eq!(send("second", "name=admin&do=reset"), 409);
    assert_eq!(send("second", "name=nobody&do=reset"), 409);
    assert_eq!(send("second", "name=lead&do=nonsense"), 409);
    let list = world.run(&["account", "list", "-o", "csv"]).ends(0).csv();
    let second: Vec<_> = list.iter().map(|one| one["second"].as_str()).collect();
    assert_eq!(second, ["off", "missing", "missing", "off"], "admin, lead, planner, viewer");
    let ran = world.run(&["account", "second-factor", "reset", "lead"]).ends(0);
    assert!(ran.err.contains("has no second factor"), "{}", ran.err);
    world.run(&["account", "second-factor", "require", "nobody"]).ends(1);
    for did in ["factor-require", "factor-add", "factor-remove"] {
        assert!(office.log().iter().any(|line| line["did"] == did), "{did}");
    }
}

#[test]
fn the_configuration_can_require_a_second_factor_of_everybody() {
    let world = World::small();
    account(&world, &["add", "viewer", "--role", "viewer"], "viewer");
    world.file("doseplan.toml", format!("{ANY_PORT}second_factor = \"required\"\n"));
    let office = Office::bare(world, "2021-04-02T10:00:00+08:00");
    let viewer = office.login("viewer");
    let answer = viewer.get("/");
    assert_eq!((answer.status, answer.headers["location"].as_str()), (303, "/me/second"));
    let list = office.world.run(&["account", "list", "-o", "csv"]).ends(0).csv();
    assert_eq!(list[0]["second"], "missing");
    office.world.file("doseplan.toml", format!("{ANY_PORT}second_factor = \"perhaps\"\n"));
    let ran = office.world.run(&["account", "list"]).ends(4);
    assert!(ran.err.contains("perhaps"), "{}", ran.err);
}

#[test]
fn the_account_page_lists_logins_and_ends_them() {
    let (office, _) = office();
    let head = "POST /login HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Firefox/128.0";
    let mut firefox = office.guest();
    let answer = firefox.ask(head, b"name=viewer&password=password-viewer-1");
    firefox.set_cookie(answer.headers["set-cookie"].split(';').next().unwrap());
    let (viewer, third) = (office.login("viewer"), office.login("viewer"));
    let page = viewer.get("/me").body;
    assert!(page.contains("Firefox, Windows 127.0.0.1 — since 2021-04-02 10:0"), "{page}");
    assert!(page.contains("Unknown browser 127.0.0.1"), "{page}");
    assert_eq!(page.matches("this login</strong>").count(), 1, "{page}");
    let listed = |arguments: &[&str]| {
        let mut command = office.world.command(arguments);
        command.env("DOSEPLAN_CLOCK", "2021-04-02T10:05:00+08:00");
        Ran::from(command.output().unwrap()).ends(0)
    };
    let list = listed(&["account", "logins", "list", "viewer", "-o", "json"]).json();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 3);
    let windows = list.iter().find(|one| one["browser"] == "Firefox, Windows").unwrap();
    assert_eq!(windows["address"], json!("127.0.0.1"));
    let id = windows["id"].as_str().unwrap();
    let send = |browser: &Browser, form: &str| {
        browser.post(&format!("/me/logins?csrf={}", browser.token()), form).status
    };
    assert!(page.contains(&format!("value=\"{id}\"")), "{page}");
    // Another account cannot end it.
    assert_eq!(send(&office.login("planner"), &format!("do=end&login={id}")), 303);
    assert_eq!(firefox.get("/me").status, 200);
    for _ in 0..2 {
        assert_eq!(send(&viewer, &format!("do=end&login={id}")), 303, "sent twice too");
    }
    assert_eq!((firefox.get("/me").status, third.get("/me").status), (303, 200));
    assert_eq!(send(&viewer, "do=others"), 303);
    assert_eq!((viewer.get("/me").status, third.get("/me").status), (200, 303));
    assert_eq!(send(&viewer, "do=nonsense"), 409);
    // An admin ends those of an account, and their own but the one that asks.
    let admin = office.login("admin");
    let ends = |name: &str| {
        let to = format!("/accounts/logins?csrf={}", admin.token());
        assert_eq!(admin.post(&to, &format!("name={name}")).status, 303, "{name}");
    };
    ends("viewer");
    ends("admin");
    assert_eq!((viewer.get("/me").status, admin.get("/me").status), (303, 200));
    let viewer = office.login("viewer");
    let list = listed(&["account", "logins", "list", "viewer", "-o", "json"]).json();
    let id = list[0]["id"].as_str().unwrap().to_owned();
    office.world.run(&["account", "logins", "end", "viewer", "--login", "0123"]).ends(1);
    office.world.run(&["account", "logins", "end", "viewer", "--login", &id]).ends(0);
    assert_eq!(viewer.get("/me").status, 303);
    let viewer = office.login("viewer");
    let ran = office.world.run(&["account", "logins", "end", "viewer"]).ends(0);
    assert!(ran.err.contains("Logins of viewer ended: 1"), "{}", ran.err);
    assert_eq!(viewer.get("/me").status, 303);
    assert!(office.log().iter().any(|line| line["did"] == "login-end"));
}
