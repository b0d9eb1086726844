//! Assigning the people of one campaign, or of several at once, so that whoever comes for two vaccines comes once where
//! that can be.

use super::super::seats::{give_slots, one_time};
use super::super::{App, Loaded, Result, today};
use super::outset::{Begun, tomorrow};
use super::register::{Common, Register};
use super::{end, keep_word, store};
use crate::domain::apart::{Apart, apart};
use crate::domain::assign::visits::{Book, Booked, Moves, join};
use crate::domain::assign::{CohortNo, Output, PersonNo, PlaceNo, Roll, Seat, assign};
use crate::store::{Tx, visits};
use chrono::{DateTime, NaiveDate, Utc};

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
            one_time(tx, loaded, (*plan, first)).await?;
            give_slots(tx, loaded, (*plan, first)).await?;
        }
        let mut outputs = runs.into_iter().map(|run| run.output);
        let output = |is_one: bool| if is_one { outputs.next() } else { None };
        Ok(is_assigned.into_iter().map(output).map(Option::unwrap_or_default).collect())
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
    let rolls: Vec<Option<Roll>> = runs.iter_mut().map(|run| run.roll.take()).collect();
    let mut all_moves = Vec::new();
    {
        let Some(mut common) = Common::of(runs.iter().map(|run| &run.read)) else { return Ok(()) };
        let (mut books, mut judges) = (Vec::new(), Vec::new());
        for (run, roll) in runs.iter().zip(rolls) {
            judges.push(&run.loaded.judge);
            let (people, places) = common.numbers(&run.read);
            let person = |own: PersonNo| people.get(own.0 as usize).copied();
            let place = |own: PlaceNo| places.get(own.0 as usize).copied().unwrap_or(own);
            books.push(roll.map_or_else(Book::default, |it| it.book(&run.output, person, place)));
        }
        for loaded in open {
            judges.push(&loaded.judge);
            let day = today(&loaded.campaign, now);
            books.push(fixed(tx, loaded, &mut common, day).await?);
        }
        let rules: Vec<Vec<Apart>> = judges
            .iter()
            .map(|one| judges.iter().map(|other| apart(one, other)).collect())
            .collect();
        for (run, moves) in runs.iter().zip(join(&mut books, &rules)) {
            let own = |seat: Seat| {
                let place = run.read.places.find(common.place_code(seat.place)?)?;
                Some(Seat { place, ..seat })
            };
            let own_seats = |(held, to): (Option<Seat>, Seat)| Some((held.and_then(own), own(to)?));
            let moves = moves.into_iter();
            let moves = moves.filter_map(|(person, seats)| Some((person, own_seats(seats)?)));
            all_moves.push(moves.collect::<Moves>());
        }
    }
    for (run, moves) in runs.iter_mut().zip(&all_moves) {
        run.output.move_people(moves);
    }
    Ok(())
}

/// The appointments of a campaign from a day on, which stay as they are.
async fn fixed(
    tx: &mut Tx,
    loaded: &Loaded,
    common: &mut Common<'_>,
    day: NaiveDate,
) -> Result<Book> {
    let mut people = Vec::new();
    visits::each_from(tx, loaded.no, day, |person, dose, day, place| {
        let person = common.person(&person);
        let seat = Seat { day, place: common.place(&place), dose };
        people.push(Booked {
            person,
            own: person,
            cohort: CohortNo(0),
            seat,
            held: Some(seat),
            from: seat.day,
            latest: None,
            is_fixed: true,
        });
    })
    .await?;
    Ok(Book { people, ..Book::default() })
}
