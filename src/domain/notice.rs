//! What doseplan tells people, as values: a lead's digest, the coordinator's summary, a person's reminder.
//! The mail room turns them into words.

use super::campaign::Language;
use super::contact::Contact;
use super::count::{Doses, People, Percent};
use super::coverage::{Coverage, Need};
use super::id::{CampaignId, LotCode, PersonId, PlaceCode};
use chrono::NaiveDate;

/// What a site or team lead gets the evening before.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadDigest {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its name.
    pub campaign_name: String,
    /// Code of the site or team.
    pub post: String,
    /// Its name.
    pub post_name: String,
    /// Who reads it.
    pub lead: Contact,
    /// In which language.
    pub language: Language,
    /// The day that ends.
    pub today: NaiveDate,
    /// The day that comes.
    pub tomorrow: NaiveDate,
    /// Days whose digest was never sent because doseplan was down, first to last.
    pub missed: Option<(NaiveDate, NaiveDate)>,
    /// Tomorrow's sessions: one at a site, one for each stop of a team in the order of its tour; none is said too.
    pub sessions: Vec<SessionSheet>,
    /// Doses reported for today; `None` where no report has come.
    pub reported_today: Option<u64>,
    /// Doses that the plan had for today.
    pub planned_today: u64,
    /// Who was expected today and has no dose.
    pub absent: Vec<PersonLine>,
    /// What is still needed to finish in time, by group.
    pub needs: Vec<Need>,
}

/// One session as its lead needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionSheet {
    /// The site or stop.
    pub place: PlaceCode,
    /// Its name.
    pub place_name: String,
    /// People expected, by area, group and dose.
    pub expected: Vec<Expected>,
    /// Doses in all.
    pub doses: u64,
    /// Vaccine to draw for it, by lot.
    pub draws: Vec<DrawLine>,
    /// Whole vials that it needs, by lot; empty where nobody has said what a vial holds.
    pub vials: Vec<VialLine>,
    /// People of the register who are assigned to it.
    pub people: Vec<PersonLine>,
    /// When a team arrives, minutes after its day begins; `None` at a site.
    pub arrives_minute: Option<u32>,
}

/// People of one kind expected at a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Name of the area.
    pub area_name: String,
    /// Name of the group.
    pub group_name: String,
    /// Number of the dose.
    pub dose: u8,
    /// People.
    pub people: u64,
}

/// Vaccine to take from a lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawLine {
    /// The lot.
    pub lot: LotCode,
    /// What it is.
    pub product: String,
    /// Vaccine doses, wastage included, rounded up.
    pub doses: u64,
    /// Its last day of use.
    pub expires: NaiveDate,
    /// The last day of the period that the draw is for; the session's own day where it is for that alone.
    pub until: NaiveDate,
}

/// Whole vials of a lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VialLine {
    /// The lot.
    pub lot: LotCode,
    /// How many.
    pub vials: u64,
    /// Doses in one.
    pub doses_per_vial: u32,
    /// Doses that stay in the last one when everybody comes.
    pub left: u64,
}

/// A person as a lead may see them.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonLine {
    /// Code of the register.
    pub person: PersonId,
    /// Name, where the register has one.
    pub name: Option<String>,
    /// Phone, where the register has one.
    pub phone: Option<String>,
    /// Name of the group.
    pub group_name: String,
    /// Number of the dose.
    pub dose: u8,
}

impl std::fmt::Debug for PersonLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersonLine").field("person", &self.person).finish_non_exhaustive()
    }
}

/// What the coordinator gets each morning.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its name.
    pub campaign_name: String,
    /// Name of the county.
    pub county: String,
    /// Who reads it.
    pub coordinator: Contact,
    /// In which language.
    pub language: Language,
    /// Yesterday: everything up to its 24:00.
    pub as_of: NaiveDate,
    /// Days whose summary was never sent because doseplan was down, first to last.
    pub missed: Option<(NaiveDate, NaiveDate)>,
    /// Doses reported in all (剂次).
    pub doses_total: u64,
    /// Of them on the as-of day.
    pub doses_today: u64,
    /// The county by group and group set.
    pub by_group: Coverage,
    /// The townships, all groups with a denominator added up.
    pub by_area: Vec<AreaLine>,
    /// What needs a person's attention, the most urgent first.
    pub attention: Vec<Attention>,
    /// Plan against done.
    pub progress: Progress,
    /// What is still needed to finish in time, by group.
    pub needs: Vec<Need>,
    /// Doses of the last days, oldest first.
    pub trend: Vec<(NaiveDate, u64)>,
    /// Plan against done, day by day.
    pub curves: Curves,
}

/// A township in the summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaLine {
    /// Its name.
    pub area_name: String,
    /// People eligible.
    pub eligible: People,
    /// People with a first dose.
    pub first: People,
    /// Their share of the eligible.
    pub first_percent: Option<Percent>,
    /// People who finished.
    pub complete: People,
    /// Their share.
    pub complete_percent: Option<Percent>,
    /// Doses on the as-of day.
    pub today: Doses,
}

/// Plan against done up to a day (序时进度).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Doses that the first adopted plan had by then.
    pub planned: u64,
    /// Doses given by then.
    pub done: u64,
    /// Doses that the first adopted plan has in all.
    pub planned_total: u64,
}

/// Plan against done over the whole campaign, both added up from its first day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Curves {
    /// Doses that the first adopted plan has by the end of each of its days.
    pub planned: Vec<(NaiveDate, u64)>,
    /// Doses given by the end of each day with any, up to the as-of day.
    pub done: Vec<(NaiveDate, u64)>,
    /// First and last day of the campaign; `None` where there is nothing to be drawn.
    pub days: Option<(NaiveDate, NaiveDate)>,
}

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attention {
    /// Sites that were open and have not reported.
    LateSites(Vec<String>),
    /// The campaign runs, and no plan is adopted.
    NoPlan,
    /// Done is behind the plan by so many doses.
    BehindPlan {
        /// Doses planned by then.
        planned: u64,
        /// Doses given.
        done: u64,
    },
    /// Vaccine in the county store lasts for fewer than three days of the plan.
    StockLow {
        /// Doses in stock.
        stock: u64,
        /// Vaccine doses that the plan draws in the next three days.
        needed: u64,
    },
    /// A lot with doses left is close to its last day.
    LotNearExpiry {
        /// The lot.
        lot: LotCode,
        /// Doses left.
        left: u64,
        /// Its last day of use.
        expires: NaiveDate,
    },
    /// More people than eligible.
    Over100 {
        /// Name of the area.
        area_name: String,
        /// Name of the group.
        group_name: String,
        /// Number of the dose.
        dose: u8,
        /// The percentage.
        percent: Percent,
    },
    /// Doses that do not count.
    InvalidDoses(Doses),
    /// The register has more doses than the tally somewhere.
    PersonsExceedTally {
        /// Name of the place.
        place_name: String,
        /// The day.
        day: NaiveDate,
    },
    /// A nightly draft waits to be adopted.
    DraftWaits {
        /// Number of the draft.
        plan: i64,
        /// What it would change, a line each.
        changes: Vec<String>,
    },
    /// Mails of which nobody knows whether they arrived.
    MailInDoubt(u64),
    /// Leads without an address.
    NoAddress(Vec<String>),
}

/// A mail to a household: who of it has an appointment tomorrow, whose dose is overdue.
#[derive(Clone, PartialEq, Eq)]
pub struct Reminder {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its name.
    pub campaign_name: String,
    /// The vaccine's name.
    pub vaccine_name: String,
    /// Where it goes.
    pub email: String,
    /// In which language.
    pub language: Language,
    /// The day on which it is written.
    pub today: NaiveDate,
    /// One entry for each person and dose.
    pub items: Vec<ReminderItem>,
    /// Who to ask: name and address of the coordinator.
    pub contact: Option<Contact>,
}

/// One person and dose in a reminder.
#[derive(Clone, PartialEq, Eq)]
pub struct ReminderItem {
    /// Who; never shown.
    pub person: PersonId,
    /// Their name, where the register has one.
    pub name: Option<String>,
    /// Number of the dose.
    pub dose: u8,
    /// What a visit of a catch-up campaign brings: vaccines with the number of the dose.
    pub vaccines: Vec<(String, u8)>,
    /// Why they are written to.
    pub why: ReminderWhy,
}

/// Why a person is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReminderWhy {
    /// A session on the next day.
    Tomorrow {
        /// The day.
        day: NaiveDate,
        /// The site or stop.
        place: PlaceCode,
        /// Its name.
        place_name: String,
    },
    /// The dose should have been given by this day.
    Overdue {
        /// The day.
        since: NaiveDate,
        /// Where the person may go: names of the sites that serve the area.
        places: Vec<String>,
    },
}
