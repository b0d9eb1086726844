//! Who may do what, and why not. The dashboard, the API and the command line all ask here, and nowhere else is it
//! decided.
//!
//! - A **role** has **powers**: what an account may do at all.
//! - A **scope** of a program's token lets some of its account's powers through. It never adds one.
//! - A **place** narrows the powers of a lead: own sites, own teams, and the stops of those teams.
//! - An **area** narrows all that an account sees to its part of the tree ([`view`]). What concerns the whole, such as
//!   plans, mail and other accounts, it then does not have at all.
//!
//! A team's lead enters the counts of a stop on the days on which the plan in force sends that team there. A team is
//! also diverted by telephone: where the plan sends no team to a stop on a day, every team's lead may enter its
//! counts, because a dose that nobody can report is worse than a count that the audit log shows to be somebody
//! else's. That is our choice; what people of the register are shown is never widened in this way.

use super::account::{Account, Role, Scope};
use super::calendar::Sessions;
use super::campaign::Campaign;
use super::id::{AreaCode, PlaceCode, TeamCode};
use super::job::Job;
use chrono::NaiveDate;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Something that may or may not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// Look at figures, plans, maps and calendars.
    Look,
    /// See who of the register is due.
    People,
    /// See the queue of mail and the jobs.
    Operation,
    /// Change campaigns and plans.
    Plan,
    /// Enter counts, and hand out the address of a place's calendar.
    Tally,
    /// Manage accounts, read the audit log.
    Accounts,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor<'a> {
    /// Somebody at the command line, who can open the database anyway.
    CommandLine,
    /// A job of the timetable.
    Job(Job),
    /// Somebody who is logged in.
    Account(&'a Account),
    /// A program with a token of an account and the token's scopes.
    Program(&'a Account, &'a [Scope]),
}

/// Why something may not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// The role does not have the power.
    Role(Role),
    /// The token does not have the scope.
    Scope(Scope),
    /// A lead asks about a place that is not theirs, or an account of some areas about another one.
    Place(String),
    /// Somebody of the register whom the account does not see, or nobody: which of them is not told.
    Person,
    /// An account of some areas asks for what concerns the whole.
    Areas(Vec<AreaCode>),
    /// A lead of teams asks about a stop to which the plan sends other teams on that day.
    Stop {
        /// The stop.
        stop: PlaceCode,
        /// The day.
        day: NaiveDate,
        /// The teams that come on that day; empty where none does.
        teams: Vec<TeamCode>,
    },
}

impl Role {
    /// Whether the role has a power. A lead has it at some places only: see [`may_at`].
    pub fn has(self, power: Power) -> bool {
        match power {
            Power::Look => true,
            Power::People | Power::Tally => self != Self::Viewer,
            Power::Operation | Power::Plan => matches!(self, Self::Admin | Self::Planner),
            Power::Accounts => self == Self::Admin,
        }
    }
}

impl Power {
    /// Whether it concerns the whole, whatever the area.
    fn is_of_the_whole(self) -> bool {
        matches!(self, Self::Operation | Self::Plan | Self::Accounts)
    }
}

impl Scope {
    /// The power that the scope lets through.
    pub fn power(self) -> Power {
        match self {
            Self::Read => Power::Look,
            Self::People => Power::People,
            Self::Tally => Power::Tally,
        }
    }

    /// The scope that lets a power through; `None` where no program ever has it.
    fn of(power: Power) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.power() == power)
    }
}

impl<'a> Actor<'a> {
    /// The account behind it; `None` for the command line and jobs.
    pub fn account(self) -> Option<&'a Account> {
        match self {
            Self::CommandLine | Self::Job(_) => None,
            Self::Account(account) | Self::Program(account, _) => Some(account),
        }
    }

    /// The name that the audit log has for it. `user` is the operating system's user whose process this is.
    pub fn name(self, user: &str) -> String {
        match self {
            Self::CommandLine => format!("{user} {COMMAND_LINE}"),
            Self::Job(job) => format!("(job {job})"),
            Self::Account(account) | Self::Program(account, _) => account.name.clone(),
        }
    }
}

/// What the audit log has behind the name of somebody at the command line. No account's name can end so.
const COMMAND_LINE: &str = "(command line)";

/// Whether somebody has a power at all, wherever it may be.
pub fn may(actor: Actor<'_>, power: Power) -> Result<(), Denied> {
    if let Actor::Program(account, scopes) = actor {
        let scope = Scope::of(power).ok_or(Denied::Role(account.role))?;
        if !scopes.contains(&scope) {
            return Err(Denied::Scope(scope));
        }
    }
    match actor.account() {
        Some(account) if !account.role.has(power) => Err(Denied::Role(account.role)),
        Some(account) if !account.areas.is_empty() && power.is_of_the_whole() => {
            Err(Denied::Areas(account.areas.clone()))
        }
        _ => Ok(()),
    }
}

/// The areas to which somebody is limited; `None`: they are not.
pub fn areas_of(actor: Actor<'_>) -> Option<&[AreaCode]> {
    let areas = &actor.account()?.areas;
    (!areas.is_empty()).then_some(areas)
}

/// A campaign as somebody may see it: whole, or the part of the tree that is theirs.
pub fn view<'a>(actor: Actor<'_>, campaign: &'a Campaign) -> Cow<'a, Campaign> {
    match areas_of(actor) {
        Some(areas) => Cow::Owned(campaign.within(areas)),
        None => Cow::Borrowed(campaign),
    }
}

/// Whether a site, stop or team is in the part of the tree that is somebody's. A team is where the plan sends it on
/// the day.
fn is_theirs(actor: Actor<'_>, campaign: &Campaign, code: &str, visits: &Visits) -> bool {
    let Some(areas) = areas_of(actor) else { return true };
    let mine = campaign.subtree(areas);
    if let Some(place) = campaign.place(code) {
        return mine.contains(place.area());
    }
    let sent = |stop: &PlaceCode| {
        visits.teams.get(stop).is_some_and(|teams| teams.iter().any(|team| team.as_str() == code))
    };
    campaign.stops.iter().any(|stop| mine.contains(&stop.area) && sent(&stop.code))
}

/// The teams that the plan in force sends to each stop on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visits {
    day: NaiveDate,
    teams: BTreeMap<PlaceCode, BTreeSet<TeamCode>>,
}

impl Visits {
    /// Those of `day`, by the plan that was or is in force on it.
    pub fn on(sessions: &Sessions, day: NaiveDate) -> Self {
        let mut teams: BTreeMap<PlaceCode, BTreeSet<TeamCode>> = BTreeMap::new();
        for (key, _) in sessions.standing((day, day)) {
            if let Some(team) = &key.team {
                teams.entry(key.place.clone()).or_default().insert(team.clone());
            }
        }
        Self { day, teams }
    }
}

/// Whether somebody has a power at a site, stop or team on a day. Where a lead's own places do not name the stop
/// itself, it is theirs on the days on which a team of theirs comes.
pub fn may_at(
    actor: Actor<'_>,
    power: Power,
    campaign: &Campaign,
    code: &str,
    visits: &Visits,
) -> Result<(), Denied> {
    may(actor, power)?;
    if !is_theirs(actor, campaign, code, visits) {
        return Err(Denied::Place(code.to_owned()));
    }
    let Some(lead) = actor.account().filter(|account| account.role == Role::Lead) else {
        return Ok(());
    };
    if lead.leads(&campaign.id, code) {
        return Ok(());
    }
    let leads = |team: &str| lead.leads(&campaign.id, team);
    let leads_team = campaign.teams.iter().any(|team| leads(team.code.as_str()));
    let Some(stop) = campaign.stop(code).filter(|_| leads_team) else {
        return Err(Denied::Place(code.to_owned()));
    };
    let teams = visits.teams.get(&stop.code);
    let is_visited = teams.is_some_and(|teams| teams.iter().any(|team| leads(team.as_str())));
    let is_unplanned = teams.is_none() && power == Power::Tally;
    if is_visited || is_unplanned {
        return Ok(());
    }
    let teams = teams.into_iter().flatten().cloned().collect();
    Err(Denied::Stop { stop: stop.code.clone(), day: visits.day, teams })
}

/// Whether somebody may see a person of the register. A lead sees those who have an appointment at a place of
/// theirs, and of those without one whoever lives in an area that a place of theirs serves.
pub fn may_see(
    actor: Actor<'_>,
    campaign: &Campaign,
    area: &AreaCode,
    appointment: Option<(&PlaceCode, &Visits)>,
) -> Result<(), Denied> {
    if let Some((place, visits)) = appointment {
        return may_at(actor, Power::People, campaign, place.as_str(), visits);
    }
    may(actor, Power::People)?;
    if areas_of(actor).is_some_and(|areas| !campaign.subtree(areas).contains(area)) {
        return Err(Denied::Place(area.to_string()));
    }
    match actor.account().filter(|account| account.role == Role::Lead) {
        Some(lead)
            if !lead
                .places_in(&campaign.id)
                .any(|code| campaign.areas_served(code).contains(&area)) =>
        {
            Err(Denied::Place(area.to_string()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::area::{Area, Point};
    use crate::domain::plan::PlanRow;
    use crate::domain::planner::testing::{plain, start};
    use crate::domain::site::{Stop, Team};

    /// Sites S1 and S2, teams T1 to T3. On the first day the plan sends T1 to P1 and T2 to P2, and nobody to P3.
    fn world() -> (Campaign, Visits) {
        let mut campaign = plain();
        let mut site = campaign.sites[0].clone();
        site.code = "S2".into();
        campaign.sites.push(site);
        for code in ["T2", "T3"] {
            let team = Team { code: code.into(), ..campaign.teams[0].clone() };
            campaign.teams.push(team);
        }
        campaign.stops = ["P1", "P2", "P3"].map(stop).to_vec();
        let mut sessions = Sessions::default();
        sessions.adopt((1, 0), start(), &[row("P1", "T1"), row("P2", "T2")]);
        (campaign, Visits::on(&sessions, start()))
    }

    fn stop(code: &str) -> Stop {
        Stop {
            code: code.into(),
            name: code.into(),
            area: "A1".into(),
            point: Point { latitude: 32.0, longitude: 119.0 },
            kind: None,
            setup_minutes: 30,
            max_doses: 200,
            weekdays: crate::domain::date::Weekdays::MON_TO_FRI,
        }
    }

    fn row(place: &str, team: &str) -> PlanRow {
        PlanRow {
            day: start(),
            place: place.into(),
            team: Some(team.into()),
            area: "A1".into(),
            group: "all".into(),
            dose: 1,
            doses: 10,
        }
    }

    fn account(role: Role, places: &[&str]) -> Account {
        let own = |place: &&str| super::super::account::place_of(&plain().id, place);
        let places = places.iter().map(own).collect();
        Account { id: 1, name: "zhao".into(), role, places, areas: Vec::new() }
    }

    const CODES: [&str; 9] = ["S1", "S2", "P1", "P2", "P3", "T1", "T2", "T3", "nowhere"];

    /// The codes at which an account has a power, at the dashboard and with a token of every scope.
    fn at(account: &Account, power: Power) -> String {
        let (campaign, visits) = world();
        let actors = [Actor::Account(account), Actor::Program(account, &Scope::ALL)];
        let may = |actor, code: &&str| may_at(actor, power, &campaign, code, &visits).is_ok();
        let [page, program] = actors.map(|actor| {
            CODES.into_iter().filter(|code| may(actor, code)).collect::<Vec<_>>().join(" ")
        });
        assert_eq!(page, program, "page and program disagree");
        page
    }

    #[test]
    fn each_role_has_the_powers_that_it_is_there_for() {
        let has = |power| Role::ALL.map(|role| role.has(power));
        assert_eq!(has(Power::Look), [true, true, true, true]);
        assert_eq!(has(Power::People), [true, true, true, false]);
        assert_eq!(has(Power::Tally), [true, true, true, false]);
        assert_eq!(has(Power::Operation), [true, true, false, false]);
        assert_eq!(has(Power::Plan), [true, true, false, false]);
        assert_eq!(has(Power::Accounts), [true, false, false, false]);
    }

    #[test]
    fn counts_are_entered_by_those_whose_place_it_is_on_that_day() {
        let everywhere = "S1 S2 P1 P2 P3 T1 T2 T3 nowhere";
        for (role, places, own) in [
            (Role::Admin, &[][..], everywhere),
            (Role::Planner, &[], everywhere),
            (Role::Viewer, &[], ""),
            (Role::Viewer, &["S1"], ""),
            (Role::Lead, &["S1"], "S1"),
            (Role::Lead, &["P2"], "P2"),
            // A stop of one's own team, and one to which no team is sent.
            (Role::Lead, &["T1"], "P1 P3 T1"),
            (Role::Lead, &["T2"], "P2 P3 T2"),
            (Role::Lead, &["T3"], "P3 T3"),
            (Role::Lead, &["S2", "T1", "T2"], "S2 P1 P2 P3 T1 T2"),
            // A code of another campaign is no team here.
            (Role::Lead, &["T9"], ""),
        ] {
            assert_eq!(at(&account(role, places), Power::Tally), own, "{role:?} of {places:?}");
        }
    }

    #[test]
    fn a_place_holds_in_its_own_campaign_alone() {
        let (campaign, visits) = world();
        for place in ["S1", "*", "other/S1", "/S1", &format!("{}/S10", campaign.id)] {
            let lead = Account { places: vec![place.into()], ..account(Role::Lead, &[]) };
            let lead = Actor::Account(&lead);
            assert!(may_at(lead, Power::Tally, &campaign, "S1", &visits).is_err(), "{place}");
            assert!(may_see(lead, &campaign, &"A1".into(), None).is_err(), "{place}");
        }
    }

    #[test]
    fn people_are_never_shown_for_a_stop_that_the_plan_gives_to_no_team_of_the_leads() {
        assert_eq!(at(&account(Role::Lead, &["T1"]), Power::People), "P1 T1");
        assert_eq!(at(&account(Role::Lead, &["T3"]), Power::People), "T3");
        let (campaign, visits) = world();
        let sees = |places: &[&str], appointment: Option<&str>| {
            let account = account(Role::Lead, places);
            let place = appointment.map(PlaceCode::from);
            let appointment = place.as_ref().map(|place| (place, &visits));
            may_see(Actor::Account(&account), &campaign, &"A1".into(), appointment).is_ok()
        };
        assert!(sees(&["S1"], None), "S1 serves A1");
        assert!(!sees(&["S2"], None), "S2 serves nobody");
        assert!(!sees(&["T1"], None), "a team serves no area by itself");
        assert!(sees(&["T1"], Some("P1")) && !sees(&["T1"], Some("P2")));
        assert!(!sees(&["S1"], Some("P1")), "who goes elsewhere is not theirs to see");
        let viewer = account(Role::Viewer, &[]);
        assert!(may_see(Actor::Account(&viewer), &campaign, &"A1".into(), None).is_err());
        assert!(may_see(Actor::CommandLine, &campaign, &"A1".into(), None).is_ok());
    }

    #[test]
    fn a_refusal_says_what_is_missing() {
        let (campaign, visits) = world();
        let tally = |actor, code| may_at(actor, Power::Tally, &campaign, code, &visits);
        let lead = account(Role::Lead, &["T1"]);
        let stop = |stop: &str, teams: &[&str]| {
            let teams = teams.iter().map(|&team| team.into()).collect();
            Err(Denied::Stop { stop: stop.into(), day: start(), teams })
        };
        assert_eq!(tally(Actor::Account(&lead), "P2"), stop("P2", &["T2"]));
        assert_eq!(tally(Actor::Account(&lead), "S1"), Err(Denied::Place("S1".into())));
        let people = may_at(Actor::Account(&lead), Power::People, &campaign, "P3", &visits);
        assert_eq!(people, stop("P3", &[]));
        let viewer = account(Role::Viewer, &[]);
        assert_eq!(tally(Actor::Account(&viewer), "P1"), Err(Denied::Role(Role::Viewer)));
        let read = Actor::Program(&lead, &[Scope::Read]);
        assert_eq!(tally(read, "P1"), Err(Denied::Scope(Scope::Tally)));
    }

    #[test]
    fn a_token_never_adds_a_power() {
        let powers = [Power::Look, Power::People, Power::Operation, Power::Plan, Power::Tally];
        for role in Role::ALL {
            let account = account(role, &["S1"]);
            for power in powers.into_iter().chain([Power::Accounts]) {
                let page = may(Actor::Account(&account), power);
                let program = may(Actor::Program(&account, &Scope::ALL), power);
                let none = may(Actor::Program(&account, &[]), power);
                let known = matches!(power, Power::Look | Power::People | Power::Tally);
                assert_eq!(program.is_ok(), page.is_ok() && known, "{role:?} {power:?}");
                assert!(none.is_err());
            }
        }
        for actor in [Actor::CommandLine, Actor::Job(Job::Plan)] {
            assert!(powers.into_iter().all(|power| may(actor, power).is_ok()));
        }
    }

    #[test]
    fn no_account_has_a_name_that_the_audit_log_gives_to_something_else() {
        use crate::domain::account::is_name;
        for actor in [Actor::CommandLine, Actor::Job(Job::Plan)] {
            assert!(!is_name(&actor.name("zhao")), "{}", actor.name("zhao"));
        }
        let account = account(Role::Admin, &[]);
        assert_eq!(Actor::Program(&account, &[]).name("root"), "zhao");
        assert_eq!(Actor::CommandLine.name("root"), "root (command line)");
    }

    #[test]
    fn an_account_of_an_area_sees_that_part_and_has_nothing_of_the_whole() {
        let (mut campaign, visits) = world();
        campaign.areas.push(Area {
            code: "A2".into(),
            name: "A2".into(),
            ..campaign.areas[0].clone()
        });
        campaign.sites[1].area = "A2".into();
        campaign.stops[1].area = "A2".into();
        let of = |role, places: &[&str], area: &str| Account {
            areas: vec![area.into()],
            ..account(role, places)
        };
        let sees = |account: &Account| {
            let actor = Actor::Account(account);
            let may = |code: &&str| may_at(actor, Power::Tally, &campaign, code, &visits).is_ok();
            CODES.into_iter().filter(may).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(sees(&of(Role::Planner, &[], "A1")), "S1 P1 P3 T1");
        assert_eq!(sees(&of(Role::Planner, &[], "A2")), "S2 P2 T2");
        assert_eq!(sees(&of(Role::Lead, &["S1", "S2"], "A2")), "S2");
        assert_eq!(sees(&of(Role::Planner, &[], "elsewhere")), "");
        let planner = of(Role::Planner, &[], "A2");
        for actor in [Actor::Account(&planner), Actor::Program(&planner, &Scope::ALL)] {
            let people = |area: &str| may_see(actor, &campaign, &area.into(), None).is_ok();
            assert_eq!([people("A1"), people("A2")], [false, true]);
            let place = |code: &str| {
                may_see(actor, &campaign, &"A2".into(), Some((&code.into(), &visits))).is_ok()
            };
            assert_eq!([place("S1"), place("S2")], [false, true]);
            assert_eq!(view(actor, &campaign).areas.len(), 1);
        }
        for power in [Power::Operation, Power::Plan] {
            assert_eq!(
                may(Actor::Account(&planner), power),
                Err(Denied::Areas(vec!["A2".into()])),
                "{power:?}"
            );
        }
        let admin = of(Role::Admin, &[], "A2");
        assert!(may(Actor::Account(&admin), Power::Accounts).is_err());
        let whole = account(Role::Planner, &[]);
        assert!(matches!(view(Actor::Account(&whole), &campaign), Cow::Borrowed(_)));
    }
}
