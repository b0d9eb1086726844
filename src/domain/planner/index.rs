//! Indices of the planner: one type for each kind of thing, and vectors that only their own kind
//! of index can enter.
//!
//! An index is a position in a list of [`Problem`](super::model::Problem) or of a table made for
//! it, from 0. It is 32 bits wide, so that an `Option` of it is no larger than a machine word.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// A position in a list of one kind of thing.
pub(super) trait ListIndex: Copy + Eq + Ord {
    /// The index of a position.
    fn of(position: usize) -> Self;
    /// The position, from 0.
    fn position(self) -> usize;
}

macro_rules! indices {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) struct $name(u32);

        impl ListIndex for $name {
            fn of(position: usize) -> Self {
                Self(u32::try_from(position).expect("fewer than 2^32 things of a kind"))
            }

            fn position(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

indices! {
    /// A planning day: 0 is the first day of the whole.
    Day;
    /// A programme: one of the campaigns that are planned together.
    ProgrammeIndex;
    /// An area of one programme.
    AreaIndex;
    /// A set of places that one or more cohorts use.
    CatchmentIndex;
    /// A cohort of the problem.
    CohortIndex;
    /// A run of people of one cohort who wait for the same dose since the same day.
    RunIndex;
    /// A fixed site of the campaign.
    SiteIndex;
    /// A stop of the campaign.
    StopIndex;
    /// A mobile team of the campaign.
    TeamIndex;
    /// A lot of the campaign.
    LotIndex;
    /// A class of draws: those that the same lots may serve.
    ClassIndex;
    /// A period of one site, from one restock to the next.
    PeriodIndex;
    /// A set of places that the people of one or more areas can reach.
    ReachIndex;
    /// Something scarce that has a price.
    SlotIndex;
    /// A row of a linear program.
    RowIndex;
    /// A column of a linear program.
    ColumnIndex;
}

impl Day {
    /// The first day of the whole.
    pub(super) const FIRST: Self = Self(0);

    /// Later than every day of a plan.
    pub(super) const NEVER: Self = Self(u32::MAX);

    /// The day of a signed day number; days before the first one count as the first one.
    pub(super) fn of_number(number: i64) -> Self {
        Self(u32::try_from(number.max(0)).unwrap_or(u32::MAX))
    }

    /// The day number: days since the first one.
    pub(super) fn number(self) -> i64 {
        i64::from(self.0)
    }

    /// So many days later.
    pub(super) fn plus(self, days: usize) -> Self {
        Self(u32::try_from(days).map_or(u32::MAX, |days| self.0.saturating_add(days)))
    }

    /// The days from this one to the one before `end`.
    pub(super) fn until(self, end: Self) -> impl DoubleEndedIterator<Item = Self> + Clone {
        (self.0..end.0).map(Self)
    }

    /// The days from this one to `last`.
    pub(super) fn through(self, last: Self) -> impl DoubleEndedIterator<Item = Self> + Clone {
        (self.0..=last.0).map(Self)
    }
}

/// Where a dose is given. Sites come before stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// At a fixed site.
    Site(SiteIndex),
    /// At a stop, by a team.
    Stop(StopIndex),
}

/// One value for each thing of a kind: a vector that only the kind's index can enter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Per<I, T> {
    values: Vec<T>,
    kind: PhantomData<fn(I)>,
}

impl<I, T> Default for Per<I, T> {
    fn default() -> Self {
        Self { values: Vec::new(), kind: PhantomData }
    }
}

impl<I: ListIndex, T> Per<I, T> {
    /// The same value `count` times.
    pub(super) fn filled(value: T, count: usize) -> Self
    where
        T: Clone,
    {
        vec![value; count].into_iter().collect()
    }

    /// What a function gives for each of `count` indices.
    pub(super) fn with(count: usize, value: impl FnMut(I) -> T) -> Self {
        (0..count).map(I::of).map(value).collect()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Every index, in order.
    pub(super) fn indices(&self) -> impl DoubleEndedIterator<Item = I> + use<I, T> {
        (0..self.values.len()).map(I::of)
    }

    /// The values, in order.
    pub(super) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.values.iter()
    }

    /// The values to change, in order.
    pub(super) fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.values.iter_mut()
    }

    /// Every index with its value, in order.
    pub(super) fn pairs(&self) -> impl DoubleEndedIterator<Item = (I, &T)> + ExactSizeIterator {
        self.values.iter().enumerate().map(|(position, value)| (I::of(position), value))
    }

    /// The same with values to change.
    pub(super) fn pairs_mut(&mut self) -> impl Iterator<Item = (I, &mut T)> {
        self.values.iter_mut().enumerate().map(|(position, value)| (I::of(position), value))
    }

    /// The value of an index, where there is one.
    pub(super) fn get(&self, index: I) -> Option<&T> {
        self.values.get(index.position())
    }

    /// Adds a value at the end; returns its index.
    pub(super) fn push(&mut self, value: T) -> I {
        self.values.push(value);
        I::of(self.values.len() - 1)
    }

    /// The values in a row.
    pub(super) fn as_slice(&self) -> &[T] {
        &self.values
    }

    /// The values in a row, to change.
    pub(super) fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// Drops what is beyond `count` values, or adds `value` until there are so many.
    pub(super) fn resize(&mut self, count: usize, value: T)
    where
        T: Clone,
    {
        self.values.resize(count, value);
    }

    /// Sets every value.
    pub(super) fn fill(&mut self, value: T)
    where
        T: Clone,
    {
        self.values.fill(value);
    }
}

impl<I: ListIndex, T> Per<I, Option<T>> {
    /// Every index that has a value, with it, in order.
    pub(super) fn present_ref(&self) -> impl DoubleEndedIterator<Item = (I, &T)> {
        self.pairs().filter_map(|(index, value)| value.as_ref().map(|value| (index, value)))
    }
}

impl<I: ListIndex, T: Copy> Per<I, Option<T>> {
    /// Every index that has a value, with it, in order.
    pub(super) fn present(&self) -> impl DoubleEndedIterator<Item = (I, T)> {
        self.pairs().filter_map(|(index, value)| value.map(|value| (index, value)))
    }
}

impl<I: ListIndex, T> Index<I> for Per<I, T> {
    type Output = T;

    fn index(&self, index: I) -> &T {
        &self.values[index.position()]
    }
}

impl<I: ListIndex, T> IndexMut<I> for Per<I, T> {
    fn index_mut(&mut self, index: I) -> &mut T {
        &mut self.values[index.position()]
    }
}

impl<I, T> FromIterator<T> for Per<I, T> {
    fn from_iter<A: IntoIterator<Item = T>>(values: A) -> Self {
        Self { values: values.into_iter().collect(), kind: PhantomData }
    }
}

impl<I, T> From<Vec<T>> for Per<I, T> {
    fn from(values: Vec<T>) -> Self {
        Self { values, kind: PhantomData }
    }
}

impl<I, T> IntoIterator for Per<I, T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.values.into_iter()
    }
}

impl<'a, I, T> IntoIterator for &'a Per<I, T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.values.iter()
    }
}

/// One value for each place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PerPlace<T> {
    /// Of sites.
    pub(super) sites: Per<SiteIndex, T>,
    /// Of stops.
    pub(super) stops: Per<StopIndex, T>,
}

impl<T> Index<Place> for PerPlace<T> {
    type Output = T;

    fn index(&self, place: Place) -> &T {
        match place {
            Place::Site(site) => &self.sites[site],
            Place::Stop(stop) => &self.stops[stop],
        }
    }
}

impl<T> IndexMut<Place> for PerPlace<T> {
    fn index_mut(&mut self, place: Place) -> &mut T {
        match place {
            Place::Site(site) => &mut self.sites[site],
            Place::Stop(stop) => &mut self.stops[stop],
        }
    }
}

/// The indices of a list by the codes of its things.
pub(super) fn by_code<'a, I: ListIndex>(
    codes: impl Iterator<Item = &'a str>,
) -> BTreeMap<&'a str, I> {
    codes.enumerate().map(|(position, code)| (code, I::of(position))).collect()
}
