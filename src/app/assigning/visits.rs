//! Assigning the people of one campaign, or of several at once, so that whoever comes for two vaccines comes once where
//! that can be.

use super::super::seats::{give_slots, one_time};
use super::super::{App, Loaded, Result, today};
use super::outset::{Begun, tomorrow};
use super::register::{Codes, Register};
use super::{end, keep_word, store};
use crate::domain::apart::{Apart, apart};
use crate::domain::assign::visits::{Book, Booked, Moves, join};
use crate::domain::assign::{CohortNo, Output, PersonNo, PlaceNo, Roll, Seat, assign};
use crate::domain::id::{CampaignNo, PlaceCode};
use crate::store::{Tx, visits};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeMap;

/// A campaign whose people are to be assigned, the number of its plan, and what the plan begins with.
pub(in crate::app) struct ToAssign<'a> {
    pub(in crate::app) loaded: &'a Loaded,
    pub(in crate::app) plan: i64,
    pub(in crate::app) begun: Begun,
}

/// A campaign whose people have been assigned.
struct Run<'a> {
    loaded: &'a Loaded,
    plan: i64,
    read: Register,
    /// `None` where no other campaign is open.
    roll: Option<Roll>,
    output: Output,
}

impl App {
    /// Assigns the people of one campaign inside a transaction, so that adopting a plan and moving its people is one
    /// step.
    pub(in crate::app) async fn assign_in(
        &self,
        tx: &mut Tx,
        one: ToAssign<'_>,
        now: DateTime<Utc>,
    ) -> Result<Output> {
        let mut all = Box::pin(self.assign_all(tx, vec![one], now)).await?;
        Ok(all.swap_remove(0))
    }

    /// The same for several campaigns at once. What others do not take part is as it stands. Returns what changes, in
    /// the order given.
    pub(in crate::app) async fn assign_all(
        &self,
        tx: &mut Tx,
        all: Vec<ToAssign<'_>>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Output>> {
        let mut open = self.campaigns_in(tx).await?;
        open.retain(|one| one.is_open && all.iter().all(|it| it.loaded.no != one.no));
        let is_alone = all.len() + open.len() < 2;
        let (mut is_assigned, mut runs) = (Vec::new(), Vec::new());
        for ToAssign { loaded, plan, mut begun } in all {
            let Some(mut read) = begun.register.take() else {
                is_assigned.push(false);
                continue;
            };
            let input = read.input(&begun.outset.left, begun.chances);
            let roll = (!is_alone).then(|| Roll::of(&input));
            let output = assign(input);
            is_assigned.push(true);
            runs.push(Run { loaded, plan, read, roll, output });
        }
        if !is_alone {
            join_all(tx, &mut runs, &open, now).await?;
        }
        for Run { loaded, plan, read, output, .. } in &runs {
            end(tx, loaded, &read.codes, output, now).await?;
            store(tx, loaded, read, output, (*plan, now)).await?;
            keep_word(tx, loaded, read, output).await?;
        }
        for Run { loaded, plan, .. } in &runs {
            let first = tomorrow(today(&loaded.campaign, now));
            one_time(tx, loaded, first).await?;
            give_slots(tx, loaded, (*plan, first)).await?;
        }
        let mut outputs = runs.into_iter().map(|run| run.output);
        let output = |is_one: bool| if is_one { outputs.next() } else { None };
        Ok(is_assigned.into_iter().map(output).map(Option::unwrap_or_default).collect())
    }
}

/// Numbers that people and places have in all campaigns.
#[derive(Default)]
struct Numbers {
    places: BTreeMap<PlaceCode, PlaceNo>,
    codes: Vec<PlaceCode>,
}

impl Numbers {
    fn place(&mut self, code: &PlaceCode) -> PlaceNo {
        if let Some(no) = self.places.get(code) {
            return *no;
        }
        let no = PlaceNo(u32::try_from(self.codes.len()).unwrap_or(u32::MAX));
        self.codes.push(code.clone());
        *self.places.entry(code.clone()).or_insert(no)
    }
}

/// Brings people's appointments to one visit, before any is stored. `open`: campaigns whose appointments stay as they
/// are.
async fn join_all(
    tx: &mut Tx,
    runs: &mut [Run<'_>],
    open: &[Loaded],
    now: DateTime<Utc>,
) -> Result<()> {
    let Some(first) = runs.first() else { return Ok(()) };
    let day = today(&first.loaded.campaign, now);
    let mut numbers = Numbers::default();
    let mut others: BTreeMap<CampaignNo, Vec<(String, Seat)>> = BTreeMap::new();
    for loaded in open {
        others.insert(loaded.no, held_after(tx, loaded, day, &mut numbers).await?);
    }
    // Each campaign reads the register for itself; the first one's numbers hold for all.
    let rolls: Vec<Option<Roll>> = runs.iter_mut().map(|run| run.roll.take()).collect();
    let Some(codes) = runs.first().map(|run| &run.read.codes) else { return Ok(()) };
    let (mut books, mut judges) = (Vec::new(), Vec::new());
    for (run, roll) in runs.iter().zip(rolls) {
        judges.push(&run.loaded.judge);
        let place: Vec<PlaceNo> =
            run.read.places.all().iter().map(|code| numbers.place(code)).collect();
        let person = |own: PersonNo| codes.number_of(own, run.read.codes.get(own));
        let place = |own: PlaceNo| place.get(own.0 as usize).copied().unwrap_or(own);
        books.push(roll.map_or_else(Book::default, |it| it.book(&run.output, person, place)));
    }
    for loaded in open {
        judges.push(&loaded.judge);
        books.push(fixed(codes, others.remove(&loaded.no).unwrap_or_default()));
    }
    let rules: Vec<Vec<Apart>> =
        judges.iter().map(|one| judges.iter().map(|other| apart(one, other)).collect()).collect();
    let moves = join(&mut books, &rules);
    for (run, moves) in runs.iter_mut().zip(moves) {
        let own = |seat: Seat| {
            let code = numbers.codes.get(seat.place.0 as usize)?;
            Some(Seat { place: run.read.places.find(code)?, ..seat })
        };
        let translate = |(held, to): (Option<Seat>, Seat)| Some((held.and_then(own), own(to)?));
        let moves: Moves = moves
            .into_iter()
            .filter_map(|(person, seats)| Some((person, translate(seats)?)))
            .collect();
        run.output.move_people(&moves);
    }
    Ok(())
}

/// The appointments of a campaign after a day.
async fn held_after(
    tx: &mut Tx,
    loaded: &Loaded,
    day: NaiveDate,
    numbers: &mut Numbers,
) -> Result<Vec<(String, Seat)>> {
    let mut out = Vec::new();
    visits::each_after(tx, loaded.no, day, |person, dose, day, place| {
        out.push((person, Seat { day, place: numbers.place(&place), dose }));
    })
    .await?;
    Ok(out)
}

/// Appointments that stay as they are.
fn fixed(codes: &Codes, held: Vec<(String, Seat)>) -> Book {
    let booked = |(code, seat): (String, Seat)| {
        let person = codes.find(&code)?;
        Some(Booked {
            person,
            own: person,
            cohort: CohortNo(0),
            seat,
            held: Some(seat),
            from: seat.day,
            latest: None,
            is_fixed: true,
        })
    };
    Book { people: held.into_iter().filter_map(booked).collect(), ..Book::default() }
}
