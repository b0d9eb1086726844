//! Positions in the lists of a roster's model.

macro_rules! indices {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) struct $name(pub(super) usize);
    )+};
}

indices! {
    /// A person.
    Person,
    /// A place and a role.
    Post,
    /// One person's part of a crew on a day.
    Seat,
    /// A day; the first one is a Monday.
    Day,
}

/// Days of a week.
const WEEK: usize = 7;

impl Day {
    /// The Monday of its week and the one after it.
    pub(super) fn week(self) -> std::ops::Range<usize> {
        let monday = self.0 - self.0 % WEEK;
        monday..monday + WEEK
    }

    /// Whether it is a Saturday or Sunday.
    pub(super) fn is_weekend(self) -> bool {
        self.0 % WEEK >= 5
    }
}
