//! Every kind of detail that the program writes, as it is stored and as a Chinese reader reads it.

use super::*;
use samples::SAMPLES;
use std::collections::BTreeSet;
use std::path::Path;

#[path = "audit_words_samples.rs"]
mod samples;

/// How many lines of the audit log each file of the program writes. Whoever writes another one adds a sample of it
/// above, and the message where it has words.
const WRITERS: &[(&str, usize)] = &[
    ("app/accounts.rs", 7),
    ("app/backups.rs", 1),
    ("app/booking/book.rs", 2),
    ("app/booking/import.rs", 1),
    ("app/booking/open.rs", 1),
    ("app/booking/requests.rs", 2),
    ("app/calls.rs", 2),
    ("app/campaigns.rs", 5),
    ("app/codes.rs", 3),
    ("app/copies.rs", 1),
    ("app/daily.rs", 3),
    ("app/erasing.rs", 1),
    ("app/feeds.rs", 1),
    ("app/home_plans.rs", 2),
    ("app/import/by_hand.rs", 2),
    ("app/import/mod.rs", 1),
    ("app/import/single.rs", 2),
    ("app/import/undo.rs", 1),
    ("app/import/uploaded.rs", 1),
    ("app/joint_plans.rs", 3),
    ("app/jurisdiction.rs", 1),
    ("app/jurisdictions.rs", 2),
    ("app/locking.rs", 2),
    ("app/logins.rs", 4),
    ("app/mergers.rs", 2),
    ("app/national/births.rs", 1),
    ("app/national/surveys.rs", 1),
    ("app/oidc/mod.rs", 6),
    ("app/operating.rs", 8),
    ("app/outlines.rs", 1),
    ("app/people.rs", 2),
    ("app/person_page.rs", 2),
    ("app/place_edit.rs", 1),
    ("app/plans.rs", 2),
    ("app/readers.rs", 1),
    ("app/rosters.rs", 2),
    ("app/school_mails.rs", 1),
    ("app/schools/consents.rs", 1),
    ("app/schools/correcting.rs", 1),
    ("app/schools/lists.rs", 2),
    ("app/schools/matched.rs", 1),
    ("app/schools/paper.rs", 1),
    ("app/schools/visits.rs", 1),
    ("app/second_factor.rs", 7),
    ("app/setup.rs", 1),
    ("app/sign_in.rs", 1),
    ("app/supply_edit.rs", 1),
    ("app/uploads.rs", 2),
    ("cli/trail.rs", 1),
    ("web/api.rs", 2),
    ("web/authentication.rs", 1),
    ("web/bookings.rs", 1),
    ("web/calls.rs", 1),
    ("web/catch_up.rs", 1),
    ("web/daily.rs", 1),
    ("web/delivery.rs", 1),
    ("web/due.rs", 1),
    ("web/feeds.rs", 1),
    ("web/history.rs", 1),
    ("web/homes.rs", 1),
    ("web/hooks.rs", 1),
    ("web/inbox.rs", 2),
    ("web/mail.rs", 1),
    ("web/national_desk.rs", 1),
    ("web/outlines.rs", 1),
    ("web/page_context.rs", 1),
    ("web/records.rs", 1),
    ("web/unsubscribe.rs", 1),
    ("web/upload.rs", 1),
];

/// Words that no translation has: codes, commands and names.
const NAMES: [&str; 20] = [
    "li",
    "bad_header",
    "no_rows",
    "sms",
    "hooks",
    "senior",
    "hepb",
    "doseplan",
    "db",
    "small",
    "flu",
    "summary",
    "HPV",
    "S1",
    "S2",
    "N01",
    "N9",
    "d1",
    "p1",
    "p6",
];

fn line(did: Action, said: &str) -> Entry {
    Entry {
        id: 1,
        nr: None,
        at: 0,
        who: "li".to_owned(),
        address: None,
        did,
        campaign: None,
        said: said.to_owned(),
    }
}

fn told(language: Language, did: Action, said: &str) -> String {
    details(language, chrono_tz::Asia::Shanghai, &line(did, said))
}

/// Latin words of a text.
fn words(text: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let all = text.split(|c| !is_part(c));
    all.filter(|word| word.len() > 1 && word.contains(|c: char| c.is_ascii_alphabetic())).collect()
}

#[test]
fn every_kind_of_detail_is_read_in_chinese() {
    for (did, stored, chinese) in SAMPLES {
        assert_eq!(told(Language::ZhCn, *did, stored), *chinese, "{did} {stored}");
        assert_eq!(told(Language::En, *did, stored), *stored);
        let foreign: Vec<&str> =
            words(chinese).into_iter().filter(|word| !NAMES.contains(word)).collect();
        let is_code = |word: &&str| word.chars().any(|c| c.is_ascii_digit());
        assert!(foreign.iter().all(is_code), "{chinese}: {foreign:?}");
    }
}

#[test]
fn each_message_has_a_sample_that_is_its_own() {
    for (actions, keys) in FORMS {
        for (did, key) in actions.iter().flat_map(|did| keys.iter().map(move |key| (did, key))) {
            let is_own = |(sample, stored, _): &&(Action, &str, &str)| {
                let key = format!("said-{key}");
                sample == did && retell::values(&key, stored, &fits).is_some()
            };
            assert!(SAMPLES.iter().any(|sample| is_own(&sample)), "{did}: {key}");
        }
    }
}

#[test]
fn what_has_no_words_or_is_of_an_older_version_stays_as_it_is_stored() {
    let stored = [
        (Action::PlanLock, "S1 2021-04-22 40 agreed with the school"),
        (Action::PersonErase, "p4: asked by letter"),
        (Action::AuditKey, "a1 -> b2"),
        (Action::Mail, "words of another version"),
        (Action::PlanAdopt, "3"),
        (Action::Login, ""),
    ];
    for (did, said) in stored {
        assert_eq!(told(Language::ZhCn, did, said), said);
    }
}

#[test]
fn whoever_is_no_account_is_named_in_chinese_and_found_by_that_name() {
    for (stored, chinese) in [
        ("root (command line)", "root（命令行）"),
        ("(booker)", "（预约人）"),
        ("(job digest)", "（任务：明日接种预告）"),
        ("li", "li"),
    ] {
        assert_eq!(author(Language::ZhCn, stored), chinese);
        assert_eq!(author(Language::En, stored), stored);
    }
    assert_eq!(author_of("root（命令行）"), "root (command line)");
    assert_eq!(author_of("（预约人）"), "(booker)");
    assert_eq!(author_of("root (command line)"), "root (command line)");
    assert_eq!(author_of("li"), "li");
}

#[test]
fn a_reason_of_the_program_is_chinese_and_one_that_was_typed_stays() {
    for (stored, chinese) in [
        ("corrected", "已更正"),
        ("void: the field was emptied", "作废：填报栏已清空"),
        ("void: 重复", "作废：重复"),
        ("asked by letter", "asked by letter"),
    ] {
        assert_eq!(replaced(Language::ZhCn, stored), chinese);
        assert_eq!(replaced(Language::En, stored), stored);
    }
}

fn writers(folder: &Path, root: &Path, out: &mut BTreeSet<(String, usize)>) {
    for entry in std::fs::read_dir(folder).expect("the sources are there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            writers(&path, root, out);
            continue;
        }
        let name = path.strip_prefix(root).expect("below src").to_string_lossy().into_owned();
        let is_own = ["app/acts.rs", "store/audit.rs"].contains(&&*name);
        if path.extension().is_none_or(|kind| kind != "rs") || name.ends_with("tests.rs") || is_own
        {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source");
        let writes = |line: &&str| {
            [
                "act.commit(",
                "note_audit(",
                "note_command(",
                "audit::insert",
                "?.commit(None, &said)",
            ]
            .iter()
            .any(|call| line.contains(call))
        };
        let count = text.lines().filter(writes).count();
        if count > 0 {
            out.insert((name, count));
        }
    }
}

#[test]
fn every_place_that_writes_into_the_log_is_known_here() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    writers(&root, &root, &mut found);
    let known: BTreeSet<(String, usize)> =
        WRITERS.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    let new: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(new.is_empty() && gone.is_empty(), "new: {new:?}; no longer so: {gone:?}");
}
