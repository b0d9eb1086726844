//! What every form and every page has to do alike: a form acts once, however often it is sent, and whoever sees what is
//! known of people leaves a line in the audit log.

use crate::support::World;
use crate::web::{Office, encoded};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The form has a name of its own (`once`), under which the first one is stored and the second one finds it.
const NAMED: &str = "named";
/// It stores what it says, under a key that it says: the second one changes nothing.
const SAME: &str = "the same again changes nothing";
/// It asks for a step that is over after the first one: the second one is refused, or finds nothing left to do.
const STEP: &str = "the step is over";
/// What it makes takes the place of what the first one made, and is what the page shows.
const NEWEST: &str = "the newest one holds";
/// While the first one is at work the second one is refused; after that it makes another that harms nothing.
const BUSY: &str = "one at a time";
/// It changes nothing.
const LOOKS: &str = "only looks";
/// It sends what another form held, which decides.
const OTHERS: &str = "as the form that it holds";

/// Every form that is sent by POST: its template, what it does or where it goes, and why it acts once.
const FORMS: &[(&str, &str, &str)] = &[
    ("booking/ask.html", "", SAME),
    ("booking/page.html", "confirm", SAME),
    ("booking/page.html", "take", SAME),
    ("booking/page.html", "leave", SAME),
    ("booking/page.html", "cancel", STEP),
    ("booking/sign_in.html", "/", STEP),
    ("booking/sign_in.html", "/code", STEP),
    ("web/accounts.html", "/accounts/add", STEP),
    ("web/accounts.html", "/accounts/identity", SAME),
    ("web/accounts.html", "/accounts/logins", SAME),
    ("web/accounts.html", "/accounts/password", SAME),
    ("web/accounts.html", "/accounts/remove", STEP),
    ("web/accounts.html", "/accounts/second", SAME),
    ("web/accounts.html", "/accounts/token", NAMED),
    ("web/accounts.html", "/accounts/token-remove", STEP),
    ("web/calendar.html", "{{ renew }}", NEWEST),
    ("web/call.html", "{{ action }}", NAMED),
    ("web/calls.html", "undo", STEP),
    ("web/campaigns.html", "close", SAME),
    ("web/campaigns.html", "copy", STEP),
    ("web/campaigns.html", "reopen", SAME),
    ("web/daily.html", "all", SAME),
    ("web/daily.html", "copy", NAMED),
    ("web/daily.html", "send", SAME),
    ("web/delivery.html", "leaves", SAME),
    ("web/delivery.html", "mended", SAME),
    ("web/delivery.html", "opens", SAME),
    ("web/delivery.html", "returns", SAME),
    ("web/delivery.html", "shuts", SAME),
    ("web/home.html", "{{ step.href }}", OTHERS),
    ("web/imports.html", "{{ action }}", SAME),
    ("web/imports.html", "{{ undo }}", STEP),
    ("web/inbox.html", "take", STEP),
    ("web/inbox.html", "{{ action }}", SAME),
    ("web/jobs.html", "again", STEP),
    ("web/jobs.html", "hold", SAME),
    ("web/jobs.html", "resume", SAME),
    ("web/jobs.html", "run", BUSY),
    ("web/kept.html", "{{ to }}", OTHERS),
    ("web/layout.html", "/logout", STEP),
    ("web/layout.html", "{{ search }}", LOOKS),
    ("web/login.html", "/login", NEWEST),
    ("web/login.html", "/login/kept", OTHERS),
    ("web/login_code.html", "/login/code", STEP),
    ("web/mail.html", "copy", NAMED),
    ("web/mail.html", "{{ one.0 }}", NAMED),
    ("web/me.html", "/me", SAME),
    ("web/me.html", "end", STEP),
    ("web/me.html", "others", SAME),
    ("web/national_births.html", "{{ action }}", SAME),
    ("web/national_people.html", "{{ act.to }}", STEP),
    ("web/national_survey.html", "{{ action }}", LOOKS),
    ("web/outlines.html", "{{ action }}", SAME),
    ("web/outlines.html", "{{ remove }}", STEP),
    ("web/person.html", "cancel", STEP),
    ("web/person.html", "dose", NAMED),
    ("web/person.html", "link", SAME),
    ("web/person.html", "loud", SAME),
    ("web/person.html", "move", SAME),
    ("web/person.html", "outcome", NAMED),
    ("web/person.html", "void", STEP),
    ("web/place.html", "capacity", SAME),
    ("web/place.html", "close", SAME),
    ("web/place.html", "open", SAME),
    ("web/place.html", "{{ asked.to }}", SAME),
    ("web/place.html", "{{ make }}", BUSY),
    ("web/place_lock.html", "lock", SAME),
    ("web/place_lock.html", "unlock", STEP),
    ("web/plan.html", "{{ draft.adopt }}", STEP),
    ("web/plan.html", "{{ make }}", BUSY),
    ("web/records.html", "{{ action }}", STEP),
    ("web/schools.html", "{{ action }}", SAME),
    ("web/search.html", "{{ action }}", LOOKS),
    ("web/second.html", "begin", NEWEST),
    ("web/second.html", "codes", NEWEST),
    ("web/second.html", "confirm", STEP),
    ("web/second.html", "remove", STEP),
    ("web/setup.html", "{{ action }}", NEWEST),
    ("web/supply.html", "count", SAME),
    ("web/supply.html", "lot", SAME),
    ("web/supply.html", "{{ action }}", SAME),
    ("web/supply.html", "{{ make }}", BUSY),
    ("web/system.html", "{{ backup }}", BUSY),
    ("web/tally.html", "{{ save }}", SAME),
    ("web/upload.html", "/upload", NEWEST),
    ("web/uploaded.html", "{{ apply }}", SAME),
];

/// What stands between two texts, from the first place at which the first one stands.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

/// The forms of a template that are sent by POST: what each does, and whether it has a name of its own.
fn forms_of(text: &str) -> Vec<(String, bool)> {
    let mut out = Vec::new();
    for piece in text.split("<form").skip(1) {
        let form = piece.split("</form>").next().unwrap();
        let head = form.split_once('>').unwrap().0;
        if !head.contains("method=\"post\"") {
            continue;
        }
        let asked = |name: &str| between(form, &format!("name=\"{name}\" value=\""), "\"");
        let to = between(head, "action=\"", "\"").map(|to| to.split('?').next().unwrap());
        let what = asked("do").or_else(|| asked("act")).or(to).unwrap_or_default();
        // A form that does one of two things by what it is about is called by the second.
        let what = what.rsplit("%}").find(|part| !part.is_empty()).unwrap_or_default();
        let what = what.split("{%").next().unwrap();
        out.push((what.to_owned(), form.contains("name=\"once\"")));
    }
    out
}

#[test]
fn every_form_acts_once_however_often_it_is_sent() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/templates");
    let mut found = BTreeMap::new();
    for part in ["booking", "web"] {
        let files = std::fs::read_dir(folder.join(part)).unwrap();
        let files: BTreeSet<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        for file in files {
            let name = format!("{part}/{}", file.file_name().unwrap().to_string_lossy());
            for (what, named) in forms_of(&std::fs::read_to_string(&file).unwrap()) {
                let before = found.insert((name.clone(), what.clone()), named);
                assert!(before.is_none_or(|before| before == named), "{name} {what}");
            }
        }
    }
    let known: BTreeMap<(String, String), bool> = FORMS
        .iter()
        .map(|(file, what, why)| (((*file).to_owned(), (*what).to_owned()), *why == NAMED))
        .collect();
    assert_eq!(known.len(), FORMS.len(), "each stands there once");
    let new: Vec<_> = found.keys().filter(|form| !known.contains_key(*form)).collect();
    assert!(new.is_empty(), "say of each why it acts once: {new:?}");
    let gone: Vec<_> = known.keys().filter(|form| !found.contains_key(*form)).collect();
    assert!(gone.is_empty(), "there are no such forms: {gone:?}");
    for (form, named) in &found {
        assert_eq!(known[form], *named, "{form:?}");
    }
}

#[test]
fn a_token_that_is_asked_for_twice_is_one_and_both_answers_show_it() {
    let office = Office::open();
    let admin = office.login("admin");
    let page = admin.get("/accounts").body;
    let (_, rest) = page.split_once("/accounts/token?").unwrap();
    let once = between(rest, "name=\"once\" value=\"", "\"").unwrap();
    let to = format!("/accounts/token?csrf={}", admin.token());
    let ask = |once: &str| {
        let form = format!("account=admin&name=mini&scopes=read&once={}", encoded(once));
        let answer = admin.post(&to, &form);
        (answer.status, between(&answer.body, "class=\"secret\">", "<").map(str::to_owned))
    };
    let (first, second) = (ask(once), ask(once));
    assert!(first.0 == 200 && first.1.as_ref().is_some_and(|secret| secret.len() == 64));
    assert_eq!(first, second);
    let tokens =
        || office.world.run(&["account", "token", "list", "-o", "csv"]).ends(0).csv().len();
    assert_eq!(tokens(), 1);
    assert_ne!(ask(&"a".repeat(32)).1, first.1);
    assert_eq!(tokens(), 2);
    assert_eq!(ask("x"), (409, None));
    let made = office.log().into_iter().filter(|line| line["did"] == "token-add").count();
    assert_eq!(made, 2, "one line for each token");
}

#[test]
fn a_form_that_is_sent_again_brings_no_removed_token_back() {
    let office = Office::open();
    let admin = office.login("admin");
    let to = format!("/accounts/token?csrf={}", admin.token());
    let once = "c".repeat(32);
    let ask = |name: &str| {
        let form = format!("account=admin&name={name}&scopes=read&once={once}");
        let answer = admin.post(&to, &form);
        (answer.status, between(&answer.body, "class=\"secret\">", "<").map(str::to_owned))
    };
    let tokens = || {
        let list = office.world.run(&["account", "token", "list", "-o", "csv"]).ends(0).csv();
        list.into_iter().map(|row| (row["name"].clone(), row["id"].clone())).collect::<Vec<_>>()
    };
    let first = ask("mini");
    assert!(first.0 == 200 && first.1.is_some(), "{first:?}");
    // Filled in otherwise, the form asks for another token, and does not show the first one's secret.
    let other = ask("other");
    assert!(other.0 == 200 && other.1.is_some() && other.1 != first.1, "{other:?}");
    let known = tokens();
    assert_eq!(known.iter().map(|one| &*one.0).collect::<Vec<_>>(), ["mini", "other"]);
    office.world.run(&["account", "token", "remove", &known[0].1]).ends(0);
    assert_eq!(ask("mini"), (409, None));
    assert_eq!(tokens(), known[1..]);
    // It is not removed twice.
    assert_ne!(office.world.run(&["account", "token", "remove", &known[0].1]).code, 0);
}

/// Pages that show what is known of people, and the line that each look leaves. Official figures have theirs in
/// `national_web`.
const PERSONAL: &[(&str, &str)] = &[
    ("/c/small/due?as-of=2021-04-01", "see-due"),
    ("/c/small/due?as-of=2021-04-01&due.as=csv", "see-due"),
    ("/c/small/calls?as-of=2021-04-01", "see-due"),
    ("/c/small/bookings?as-of=2021-04-01", "see-due"),
    ("/c/small/inbox?as-of=2021-04-01", "see-due"),
    ("/c/small/homes?as-of=2021-04-01", "see-due"),
    ("/c/small/person/p1?as-of=2021-04-01", "see-records"),
    ("/c/small/mail?as-of=2021-04-01", "see-mail"),
    ("/c/small/daily?as-of=2021-04-01&post=S1", "see-mail"),
    ("/c/small/daily?as-of=2021-04-01&post=S1&part=page", "see-mail"),
    ("/c/small/workbook?as-of=2021-04-01", "export"),
    ("/delivery", "see-mail"),
    ("/history", "see-records"),
    ("/history?history-changes.as=csv", "see-records"),
    ("/history?campaign=small", "see-records"),
    ("/records?kind=doses&record=d1", "see-records"),
];

/// Columns of tables that hold what is known of people.
const PERSONAL_COLUMNS: [&str; 2] = ["\"person_name\"", "\"phone\""];

#[test]
fn whoever_sees_what_is_known_of_people_leaves_a_line() {
    let office = Office::at(World::small(), "2021-04-02T10:00:00+08:00");
    let planner = office.login("planner");
    let lines = |did: &str| {
        let is_it = |line: &&serde_json::Value| line["did"] == did && line["who"] == "planner";
        office.log().iter().filter(is_it).count()
    };
    for (path, did) in PERSONAL {
        let before = lines(did);
        assert_eq!(planner.get(path).status, 200, "{path}");
        assert_eq!(lines(did), before + 1, "{path}");
    }
    let before = lines("see-records");
    assert_eq!(planner.get("/history?campaign=none").status, 404);
    assert_eq!(lines("see-records"), before, "nothing was seen");
    // A page with a column of names or numbers writes such a line somewhere.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
    let mut shown = Vec::new();
    for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        // Free slots for other programs name the telephones of places.
        let is_public = file.ends_with("smart.rs");
        if is_public || file.extension().is_none_or(|end| end != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        if PERSONAL_COLUMNS.iter().any(|column| text.contains(column)) {
            let writes = ["Action::See", "seen(&site", "search_people", "person_seen"];
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            assert!(writes.iter().any(|it| text.contains(it)), "{name} leaves no line");
            shown.push(name);
        }
    }
    assert!(shown.len() >= 7, "{shown:?}");
}
