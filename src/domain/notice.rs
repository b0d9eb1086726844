//! The content of the mails as values: a lead's digest, the coordinator's summary, a household's reminder.
//! `mail::render` turns them into text.

use super::attention::{Attention, PlanProgress};
use super::booking::SlotTime;
use super::campaign::Language;
use super::contact::Contact;
use super::count::{Doses, People, Percent};
use super::coverage::{Coverage, Need};
use super::id::{AreaCode, CampaignId, LotCode, PersonId, PlaceCode};
use super::open_vial::VialRule;
use super::words::words;
use chrono::{NaiveDate, NaiveTime};

/// What a site or team lead gets the evening before.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadDigest {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its name.
    pub campaign_name: String,
    /// Name of its vaccine, where there are several campaigns to tell apart.
    pub vaccine_name: Option<String>,
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
    /// Tomorrow's sessions: one for a site, one for each stop of a team in the order of its tour. Empty: the
    /// digest says that there is none.
    pub sessions: Vec<SessionSheet>,
    /// Vaccine that a team loads for all its stops; empty for a site.
    pub load: Vec<LoadLine>,
    /// A team's round of tomorrow to people who are visited at home, as far as it is still to be made.
    pub home: Option<HomeSheet>,
    /// Doses reported for today; `None` where no report has come.
    pub reported_today: Option<u64>,
    /// Doses that the plan had for today.
    pub planned_today: u64,
    /// People who had an appointment today and got no dose.
    pub absent: Vec<PersonLine>,
    /// What each group still needs to reach its target in time.
    pub needs: Vec<Need>,
}

impl LeadDigest {
    /// Whether there is something to do or to know: a session tomorrow, one today, a report, somebody to call.
    pub fn says_something(&self) -> bool {
        let reported = self.reported_today.is_some_and(|doses| doses > 0);
        let goes_out = !self.sessions.is_empty() || self.home.is_some();
        goes_out || self.planned_today > 0 || reported || !self.absent.is_empty()
    }
}

/// A round to people who are visited at home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeSheet {
    /// When the team leaves its base.
    pub leaves: NaiveTime,
    /// When it is back.
    pub back: NaiveTime,
    /// Vials to load.
    pub vials: u32,
    /// People on the round, also those who need not be visited any more.
    pub planned: u64,
    /// The calls, in order.
    pub calls: Vec<HomeLine>,
}

/// A call at a home.
#[derive(Clone, PartialEq, Eq)]
pub struct HomeLine {
    /// When the team comes.
    pub arrives: NaiveTime,
    /// The address, or the name of the area.
    pub address: String,
    /// Who.
    pub person: PersonLine,
}

impl std::fmt::Debug for HomeLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HomeLine").field("person", &self.person).finish_non_exhaustive()
    }
}

/// One session, with what its lead needs to prepare it.
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
    /// Vaccine to take to it, by lot.
    pub draws: Vec<DrawLine>,
    /// Whole vials to take, by lot; empty where no lot says how many doses a vial holds.
    pub vials: Vec<VialLine>,
    /// Whether another vial is opened at its end; `None` where vials hold one dose, or nobody knows how many.
    pub late_vial: Option<VialRule>,
    /// People who are due and live nearby, to be called for doses left in an open vial.
    pub to_call: Vec<PersonLine>,
    /// People of the register who are assigned to it.
    pub people: Vec<PersonLine>,
    /// When a team is there; `None` at a site.
    pub times: Option<StopTimes>,
}

/// When a team is at a stop, and how to find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopTimes {
    /// When it arrives.
    pub arrives: NaiveTime,
    /// When it leaves.
    pub leaves: NaiveTime,
    /// The address, where the place has one.
    pub address: Option<String>,
    /// The telephone number of whoever is there.
    pub phone: Option<String>,
}

/// Vaccine of a lot that a team loads for all its stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadLine {
    /// The lot.
    pub lot: LotCode,
    /// The vaccine, as the file of lots has it.
    pub product: String,
    /// What stands for its code, where the campaign gives one vaccine alone.
    pub vaccine: Option<String>,
    /// Doses, waste included.
    pub doses: u64,
    /// Whole vials, where the lot says how many doses they hold.
    pub vials: Option<u64>,
    /// The last day of use.
    pub expires: NaiveDate,
}

/// People of one area, group and dose who are expected at a session.
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
    /// The vaccine, as the file of lots has it.
    pub product: String,
    /// What stands for its code, where the campaign gives one vaccine alone.
    pub vaccine: Option<String>,
    /// Doses, wastage included, rounded up.
    pub doses: u64,
    /// Its last day of use.
    pub expires: NaiveDate,
    /// The last day that these doses are for; the day of the session where they are for it alone.
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
    /// Doses left in the last vial when everybody comes.
    pub left: u64,
}

/// A person of the register, in the few details that a lead may see.
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
    /// Name of its vaccine, where there are several campaigns to tell apart.
    pub vaccine_name: Option<String>,
    /// Name of the county.
    pub county: String,
    /// Who reads it.
    pub coordinator: Contact,
    /// In which language.
    pub language: Language,
    /// The day before the mail; everything up to its 24:00 is counted.
    pub as_of: NaiveDate,
    /// Days whose summary was never sent because doseplan was down, first to last.
    pub missed: Option<(NaiveDate, NaiveDate)>,
    /// Doses reported in all (剂次).
    pub doses_total: u64,
    /// Doses of the as-of day alone.
    pub doses_today: u64,
    /// Coverage of the county, by group and group set.
    pub by_group: Coverage,
    /// Coverage of each township, over all groups with a denominator.
    pub by_area: Vec<AreaLine>,
    /// What needs a person's attention, the most urgent first.
    pub attention: Vec<Attention>,
    /// Doses planned and given so far.
    pub progress: PlanProgress,
    /// What each group still needs to reach its target in time.
    pub needs: Vec<Need>,
    /// Doses of each of the last 14 days, oldest first.
    pub trend: Vec<(NaiveDate, u64)>,
    /// Doses planned and given, day by day.
    pub curves: Curves,
    /// The end of the audit log: lines, a colon, and the first digits of the last line's seal. Whoever keeps the mail
    /// can later prove what the log was. `None` before its first line.
    pub audit_head: Option<String>,
}

impl Summary {
    /// Whether nobody of those who were asked has reported the day: what was given then is not known, and not nothing.
    #[must_use]
    pub fn is_unreported(&self) -> bool {
        self.doses_today == 0 && self.by_group.sites.is_silent()
    }
}

/// A township in the summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaLine {
    /// Its code.
    pub area: AreaCode,
    /// Its name.
    pub area_name: String,
    /// People eligible.
    pub eligible: People,
    /// People with a first dose.
    pub first: People,
    /// People with a first dose, as a percentage of the eligible; `None` without a denominator.
    pub first_percent: Option<Percent>,
    /// People who finished.
    pub complete: People,
    /// People who finished, as a percentage of the eligible; `None` without a denominator.
    pub complete_percent: Option<Percent>,
    /// Doses on the as-of day; `None` where nothing has been reported and a place that serves the area is still out.
    pub today: Option<Doses>,
}

/// Doses planned and given over the whole campaign, each added up from its first day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Curves {
    /// Doses that the first adopted plan has by the end of each of its days.
    pub planned: Vec<(NaiveDate, u64)>,
    /// Doses given by the end of each day with any, up to the as-of day.
    pub done: Vec<(NaiveDate, u64)>,
    /// First and last day of the campaign; `None` where both curves are empty.
    pub days: Option<(NaiveDate, NaiveDate)>,
}

/// A mail to a household: its people with an appointment tomorrow, and those whose dose is overdue.
#[derive(Clone, PartialEq, Eq)]
pub struct Reminder {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its name.
    pub campaign_name: String,
    /// The vaccine's name.
    pub vaccine_name: String,
    /// The address that it goes to.
    pub email: String,
    /// In which language.
    pub language: Language,
    /// The day on which it is sent.
    pub today: NaiveDate,
    /// One entry for each person and dose.
    pub items: Vec<ReminderItem>,
    /// Whom to ask: the coordinator, if the campaign names one.
    pub contact: Option<Contact>,
}

/// A short mail to a lead whose day has changed since the digest.
#[derive(Debug, Clone, PartialEq)]
pub struct Amended {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its name.
    pub campaign_name: String,
    /// Name of its vaccine, where there are several campaigns to tell apart.
    pub vaccine_name: Option<String>,
    /// Code of the site or team.
    pub post: String,
    /// Its name.
    pub post_name: String,
    /// Who reads it.
    pub lead: Contact,
    /// In which language.
    pub language: Language,
    /// The day that has changed.
    pub day: NaiveDate,
    /// Each place that changed: its name, the doses that the digest had, and the doses now.
    pub sessions: Vec<(String, u64, u64)>,
    /// People on the team's round of home visits, as the digest had it, and now; `None`: none before, and none now.
    pub home: Option<(u64, u64)>,
    /// People who are no longer expected.
    pub left: Vec<PersonLine>,
    /// People who are expected now and were not.
    pub joined: Vec<PersonLine>,
    /// Those of them whom no mail reaches: somebody has to phone.
    pub call: Vec<PersonLine>,
}

/// What became of a plan when something new was known, for the coordinator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanChange {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its name.
    pub campaign_name: String,
    /// Name of its vaccine, where there are several campaigns to tell apart.
    pub vaccine_name: Option<String>,
    /// Who reads it.
    pub coordinator: Contact,
    /// In which language.
    pub language: Language,
    /// The day on which it is written.
    pub today: NaiveDate,
    /// What was broken.
    pub unrest: super::standing::Unrest,
    /// Number of the plan.
    pub plan: i64,
    /// Whether it waits to be adopted.
    pub waits: bool,
    /// How many doubtful counts keep it waiting; 0 where the campaign asks.
    pub doubtful: u64,
    /// Sessions that change.
    pub sessions: u64,
    /// People with a new appointment.
    pub assigned: u64,
}

/// One person and dose in a reminder.
#[derive(Clone, PartialEq, Eq)]
pub struct ReminderItem {
    /// The person; the code is never shown in the mail.
    pub person: PersonId,
    /// Their name, where the register has one.
    pub name: Option<String>,
    /// Number of the dose.
    pub dose: u8,
    /// Vaccines given at a visit of a catch-up campaign, each with the number of its dose; else empty.
    pub vaccines: Vec<(String, u8)>,
    /// Why the person is reminded.
    pub why: ReminderWhy,
    /// When the slot of the appointment begins, where it has one.
    pub slot: Option<SlotTime>,
    /// The address at which the person confirms, moves or cancels, where people book.
    pub link: Option<String>,
    /// How the place is found, where that is known.
    pub venue: Option<Venue>,
}

/// How a place is found in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Venue {
    /// Street address.
    pub address: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// When it opens and closes on the day.
    pub hours: Option<(NaiveTime, NaiveTime)>,
}

words! {
    /// Why an appointment changed after somebody was told.
    pub enum ChangeReason {
        /// The place is shut on that day, or can give fewer doses.
        Closed = "closed",
        /// The vaccine is not there.
        Vaccine = "vaccine",
        /// The person moved or cancelled it.
        Own = "own",
        /// It begins at another time of the same day.
        Time = "time",
        /// The campaign is over by then.
        Over = "over",
        /// The plan was made anew.
        Plan = "plan",
    }
}

/// Why a person is reminded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReminderWhy {
    /// They have an appointment on the next day.
    Tomorrow {
        /// The day.
        day: NaiveDate,
        /// The site or stop.
        place: PlaceCode,
        /// Its name.
        place_name: String,
    },
    /// They waited for a seat and have one now.
    Given {
        /// The day.
        day: NaiveDate,
        /// The site or stop.
        place: PlaceCode,
        /// Its name.
        place_name: String,
    },
    /// They were told another day or place than the one they have now.
    Moved {
        /// The day that they were told.
        was: NaiveDate,
        /// Name of the place that they were told.
        was_place: String,
        /// The time that they were told, where it alone has changed.
        was_slot: Option<SlotTime>,
        /// The day now.
        day: NaiveDate,
        /// The site or stop now.
        place: PlaceCode,
        /// Its name.
        place_name: String,
        /// Why.
        reason: ChangeReason,
    },
    /// They were told a day and have none now.
    Cancelled {
        /// The day that they were told.
        was: NaiveDate,
        /// The place that they were told.
        was_place: PlaceCode,
        /// Its name.
        was_place_name: String,
        /// Why.
        reason: ChangeReason,
    },
    /// Their dose is overdue.
    Overdue {
        /// The last day on which it should have been given.
        since: NaiveDate,
        /// Where the person may go: names of the sites that serve the area.
        places: Vec<String>,
    },
}

impl ReminderWhy {
    /// The day on which somebody is expected; `None` where they are not.
    pub fn expected(&self) -> Option<NaiveDate> {
        match self {
            Self::Tomorrow { day, .. } | Self::Given { day, .. } | Self::Moved { day, .. } => {
                Some(*day)
            }
            Self::Cancelled { .. } | Self::Overdue { .. } => None,
        }
    }
}
