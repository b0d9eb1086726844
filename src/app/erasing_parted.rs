//! Files that were one for a while and are two again: what of the history of one is the other's.

use super::Result;
use crate::domain::person::Person;
use crate::store::erasing::{self, Kept, Naming};
use crate::store::people_codes::{self, Host};
use crate::store::{Tx, records};
use std::collections::{BTreeMap, BTreeSet};

/// When somebody else's code led to a person: from, and until, milliseconds since 1970.
type Whiles = Vec<(i64, i64)>;

/// A person's history, with what they say for themselves: what stands now, and what was known while nobody else's code
/// led to them.
pub(super) struct History {
    rows: Vec<(Kept, Person)>,
    own: Vec<Person>,
    whiles: Whiles,
}

impl History {
    async fn of(tx: &mut Tx, person: &str, whiles: Whiles) -> Result<Self> {
        let mut rows = Vec::new();
        for kept in erasing::kept(tx, person).await? {
            if let Ok(old) = serde_json::from_str::<Person>(&kept.content) {
                rows.push((kept, old));
            }
        }
        let now = records::find::<Person>(tx, [person]).await?.remove(person);
        let mut out = Self { rows, own: now.into_iter().map(|it| it.value).collect(), whiles };
        let own = out.rows.iter().filter(|(kept, _)| !out.is_shared(kept));
        let own: Vec<Person> = own.map(|(_, old)| old.clone()).collect();
        out.own.extend(own);
        Ok(out)
    }

    /// Whether a row was recorded while somebody else's code led here.
    fn is_shared(&self, kept: &Kept) -> bool {
        let at = kept.recorded_at();
        at.is_some_and(|at| self.whiles.iter().any(|(from, until)| *from <= at && at < *until))
    }
}

/// The same person without what only others say: what one of `theirs` has and none of `own`.
fn without(mut person: Person, theirs: &[Person], own: &[Person]) -> Person {
    macro_rules! take_out {
        ($($($field:ident).+),+ $(,)?) => {$(
            let has = |one: &Person| one.$($field).+ == person.$($field).+;
            if theirs.iter().any(has) && !own.iter().any(has) {
                person.$($field).+ = None;
            }
        )+};
    }
    take_out! {
        name, email, phone, household, more.id_no, more.guardian, more.guardian_phone, more.school,
        more.class, more.address, more.mother_hbsag, more.birth_weight,
    }
    person
}

/// What a person's history says of the person alone, where other codes led to them for a while.
pub(super) async fn own_history(tx: &mut Tx, person: &str) -> Result<Vec<(Kept, Person)>> {
    let guests = people_codes::guests(tx, person).await?;
    let whiles = guests.iter().map(|one| (one.at, one.until)).collect();
    let history = History::of(tx, person, whiles).await?;
    let mut theirs = Vec::new();
    for guest in &guests {
        theirs.extend(versions(tx, &guest.person).await?);
    }
    let own = |(kept, old): &(Kept, Person)| {
        let is_shared = history.is_shared(kept);
        let old = old.clone();
        (kept.clone(), if is_shared { without(old, &theirs, &history.own) } else { old })
    };
    Ok(history.rows.iter().map(own).collect())
}

/// All that is and was known of a person.
async fn versions(tx: &mut Tx, person: &str) -> Result<Vec<Person>> {
    let history = History::of(tx, person, Whiles::new()).await?;
    Ok(history.own)
}

/// To whom codes led for a while, also by way of others.
async fn hosts(tx: &mut Tx, codes: &[String]) -> Result<BTreeMap<String, Whiles>> {
    let (mut seen, mut out) = (BTreeSet::new(), BTreeMap::<String, Whiles>::new());
    let mut open: Vec<(String, i64, i64)> =
        codes.iter().map(|code| (code.clone(), i64::MIN, i64::MAX)).collect();
    while let Some((code, from, to)) = open.pop() {
        for Host { person, at, until } in people_codes::hosts(tx, &code).await? {
            let is_during = from <= at && at < to;
            if is_during && seen.insert((code.clone(), at)) && !codes.contains(&person) {
                out.entry(person.clone()).or_default().push((at, until));
                open.push((person, at, until));
            }
        }
    }
    Ok(out)
}

/// Takes what somebody said, under some codes, out of the history of files to which these codes led for a while.
/// Returns how many rows it was, and the mails about those people that were written in that time.
pub(super) async fn erase_elsewhere(
    tx: &mut Tx,
    (codes, known_as): (&[String], &[Person]),
) -> Result<(usize, Vec<Naming>)> {
    let (mut rows, mut mails) = (0, Vec::new());
    for (person, whiles) in hosts(tx, codes).await? {
        let history = History::of(tx, &person, whiles).await?;
        let before = rows;
        for (kept, old) in history.rows.iter().filter(|(kept, _)| history.is_shared(kept)) {
            let own = without(old.clone(), known_as, &history.own);
            if own != *old {
                let content = serde_json::to_string(&own).expect("a person is plain data");
                erasing::rewrite(tx, &person, kept, &content).await?;
                rows += 1;
            }
        }
        if rows > before {
            for time in &history.whiles {
                mails.extend(erasing::mails_of(tx, &person, *time).await?);
            }
        }
    }
    Ok((rows, mails))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_others_alone_say_is_taken_out() {
        let person = |name: &str, phone: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let plain = r#"{"id":"p","area":"A","born":"1950-01-01","name":null,"sex":"F",
                "email":null,"phone":null,"tags":[],"language":null,"household":null,
                "opt_out":false}"#;
            let plain: Person = serde_json::from_str(plain).expect("a person in JSON");
            Person { name: some(name), phone: some(phone), ..plain }
        };
        let (mixed, theirs) = (person("Li", "139"), person("Wang", "139"));
        let own = person("Li", "");
        let found =
            without(mixed.clone(), std::slice::from_ref(&theirs), std::slice::from_ref(&own));
        assert_eq!((found.name.as_deref(), found.phone), (Some("Li"), None));
        let both = person("", "139");
        let found = without(mixed, &[theirs], &[both]);
        assert_eq!(found.phone.as_deref(), Some("139"), "a family has one telephone");
    }
}
