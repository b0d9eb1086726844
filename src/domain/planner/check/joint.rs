//! Plans of several campaigns over shared places: each campaign's own rules, then rules 3, 4 and 6 for
//! the sum over all.

use super::rules::{self, Used};
use super::tables::{self, Day, SiteTable};
use super::view::{View, scale, units};
use super::{Fault, Violation, teams};
use crate::domain::campaign::Campaign;
use crate::domain::dose::GivenRow;
use crate::domain::id::CampaignId;
use crate::domain::jurisdiction::Joined;
use crate::domain::plan::{Figures, PlanRow};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What the check of several plans found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointReport {
    /// Every rule broken; empty: the plans are feasible together.
    pub violations: Vec<JointViolation>,
    /// What they are worth together, without a bound (0) and gap (0). A tour counts once.
    pub figures: Figures,
    /// The campaign of the area in `figures.worst_area`.
    pub worst_campaign: Option<CampaignId>,
    /// What each campaign's plan is worth, in the order in which they were given.
    pub campaigns: Vec<(CampaignId, Figures)>,
}

impl JointReport {
    /// Whether no rule is broken.
    pub fn is_feasible(&self) -> bool {
        self.violations.is_empty()
    }
}

/// A rule that one campaign breaks, or several together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointViolation {
    /// The campaigns whose doses are there.
    pub campaigns: Vec<CampaignId>,
    /// What is wrong.
    #[serde(flatten)]
    pub violation: Violation,
}

impl fmt::Display for JointViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.campaigns.iter().map(CampaignId::as_str).collect();
        write!(f, "[{}] {}", names.join(" + "), self.violation)
    }
}

/// The days of all campaigns together, their number, and what each place can do on them.
pub(super) struct Whole {
    /// The places with the days of the whole.
    pub(super) campaign: Campaign,
    /// First day and number of days.
    pub(super) span: (NaiveDate, Day),
    /// What each site can do.
    pub(super) sites: Vec<SiteTable>,
    /// First day of each campaign in it.
    pub(super) off: Vec<Day>,
}

impl Whole {
    /// `None` without campaigns.
    pub(super) fn of(joined: &Joined) -> Option<Self> {
        let all = || joined.campaigns.iter().map(|one| &one.campaign);
        let (start, end) = (all().map(|c| c.start).min()?, all().map(|c| c.end).max()?);
        let span = (start, (end - start).num_days() + 1);
        let first = &joined.campaigns.first()?.campaign;
        Some(Self {
            campaign: Campaign { start, end, ..first.clone() },
            span,
            sites: tables::of_places(joined, span),
            off: all().map(|campaign| (campaign.start - start).num_days()).collect(),
        })
    }

    /// A campaign's own view.
    pub(super) fn view<'j>(
        &self,
        joined: &'j Joined,
        at: usize,
        given: &[Vec<GivenRow>],
        from: NaiveDate,
    ) -> View<'j> {
        let one = &joined.campaigns[at];
        let days = (one.campaign.end - one.campaign.start).num_days() + 1;
        let sites = tables::of_campaign((joined, at), &self.sites, (self.span, self.off[at], days));
        let given = given.get(at).map_or(&[][..], Vec::as_slice);
        View::joined(one, sites, given, from)
    }
}

/// Checks plans of campaigns that share places: `plans` and `given` in the order of the campaigns; a
/// missing list is empty. Otherwise as [`super::check`].
pub fn check_joint(
    joined: &Joined,
    plans: &[Vec<PlanRow>],
    given: &[Vec<GivenRow>],
    from: NaiveDate,
) -> JointReport {
    let mut report = JointReport {
        violations: Vec::new(),
        figures: Figures::default(),
        worst_campaign: None,
        campaigns: Vec::new(),
    };
    let Some(whole) = Whole::of(joined) else { return report };
    let ids: Vec<&CampaignId> = joined.campaigns.iter().map(|one| &one.campaign.id).collect();
    let mut uses = Vec::new();
    for (at, &id) in ids.iter().enumerate() {
        let view = whole.view(joined, at, given, from);
        let rows = plans.get(at).map_or(&[][..], Vec::as_slice);
        let (own, used) = rules::check(&view, rows);
        let own_fault = |violation| JointViolation { campaigns: vec![id.clone()], violation };
        report.violations.extend(own.violations.into_iter().map(own_fault));
        report.add(id, own.figures, used.team_km);
        uses.push((view, used));
    }
    let shared = Shared { joined, whole: &whole, uses: &uses, ids: &ids };
    shared.check_sites(&mut report);
    shared.check_teams(from, &mut report);
    report
}

impl JointReport {
    /// Adds a campaign's figures. Its teams' kilometres are left out: a tour counts once.
    fn add(&mut self, id: &CampaignId, mut own: Figures, team_km: f64) {
        own.travel_km -= team_km;
        let sum = &mut self.figures;
        sum.objective += own.objective;
        sum.doses += own.doses;
        sum.people += own.people;
        sum.people_finished += own.people_finished;
        sum.travel_km += own.travel_km;
        let share = |figures: &Figures| figures.worst_area.as_ref().map(|worst| worst.share);
        let is_worse = match (share(&own), share(sum)) {
            (Some(own), Some(sum)) => own < sum,
            (own, _) => own.is_some(),
        };
        if is_worse {
            sum.worst_area.clone_from(&own.worst_area);
            self.worst_campaign = Some(id.clone());
        }
        self.campaigns.push((id.clone(), own));
    }

    /// Adds what several campaigns break together; what one of them breaks alone has been told.
    fn fail(&mut self, rule: u8, fault: Fault, campaigns: Vec<CampaignId>) {
        let violation = Violation { rule, fault };
        if !self.violations.iter().any(|told| told.violation == violation) {
            self.violations.push(JointViolation { campaigns, violation });
        }
    }
}

/// What the campaigns use of the shared places.
struct Shared<'s> {
    joined: &'s Joined,
    whole: &'s Whole,
    uses: &'s [(View<'s>, Used)],
    ids: &'s [&'s CampaignId],
}

impl Shared<'_> {
    fn names(&self, who: &BTreeSet<usize>) -> Vec<CampaignId> {
        who.iter().map(|&at| self.ids[at].clone()).collect()
    }

    /// Rules 3 and 4 over all campaigns.
    fn check_sites(&self, report: &mut JointReport) {
        let own: Vec<SiteTable> =
            self.uses.iter().flat_map(|(view, _)| view.sites.clone()).collect();
        let scale = scale(&self.whole.campaign, &own);
        let date = |day: Day| self.whole.span.0 + chrono::TimeDelta::days(day);
        for (s, site) in self.whole.campaign.sites.iter().enumerate() {
            let table = &self.whole.sites[s];
            let mut days: BTreeMap<Day, (u64, BTreeSet<usize>)> = BTreeMap::new();
            let mut draws: BTreeMap<Day, (u128, BTreeSet<usize>)> = BTreeMap::new();
            for (at, (view, used)) in self.uses.iter().enumerate() {
                let off = self.whole.off[at];
                for (&(_, day), &n) in used.at_site.range((s, Day::MIN)..=(s, Day::MAX)) {
                    let held = days.entry(off + day).or_default();
                    held.0 += n;
                    held.1.insert(at);
                    let Some(span) = table.span_of(off + day) else { continue };
                    let held = draws.entry(span.start).or_default();
                    held.0 += units(scale, n, view.sites[s].rate_on(day));
                    held.1.insert(at);
                }
            }
            for (day, (doses, who)) in days {
                let capacity = table.doses_on(day);
                if doses > u64::from(capacity) {
                    let (site, day) = (site.code.clone(), date(day));
                    let fault = Fault::OverCapacity { site, day, doses, capacity };
                    report.fail(3, fault, self.names(&who));
                }
            }
            for (start, (drawn, who)) in draws {
                let storage = table.span_of(start).and_then(|span| span.storage);
                if let Some(storage) = storage.filter(|&n| drawn > u128::from(n) * scale) {
                    let vaccine_doses = drawn as f64 / scale as f64;
                    let (site, restock) = (site.code.clone(), date(start));
                    let fault = Fault::OverStorage { site, restock, vaccine_doses, storage };
                    report.fail(4, fault, self.names(&who));
                }
            }
        }
    }

    /// Rule 6: one tour a team and day, whose stops serve every campaign.
    fn check_teams(&self, from: NaiveDate, report: &mut JointReport) {
        let mut tours: BTreeMap<(usize, Day), BTreeMap<usize, u64>> = BTreeMap::new();
        for (at, (_, used)) in self.uses.iter().enumerate() {
            for (&(team, day), visits) in &used.at_stop {
                let tour = tours.entry((team, self.whole.off[at] + day)).or_default();
                for (&stop, n) in visits {
                    *tour.entry(stop).or_insert(0) += n;
                }
            }
        }
        let view = View::new(&self.whole.campaign, &[], from);
        let (faults, km) = teams::check(&view, &tours);
        report.figures.travel_km += km;
        for fault in faults {
            let who = self.who_drives(&fault);
            report.fail(6, fault, self.names(&who));
        }
    }

    /// The campaigns whose doses are on the tour that a fault is about.
    fn who_drives(&self, fault: &Fault) -> BTreeSet<usize> {
        let lists = &self.whole.campaign;
        let (is_team, code, date) = match fault {
            Fault::TeamDay { team, day, .. } => (true, team.as_str(), *day),
            Fault::StopTwice { stop, day, .. } => (false, stop.as_str(), *day),
            _ => return BTreeSet::new(),
        };
        let is_on = |(at, (_, used)): (usize, &(View, Used))| {
            let day = (date - self.joined.campaigns[at].campaign.start).num_days();
            let tours = used.at_stop.iter().filter(|((_, d), _)| *d == day);
            let mut tours = tours.filter(|((team, _), visits)| {
                let has_stop =
                    || visits.keys().any(|&stop| lists.stops[stop].code.as_str() == code);
                if is_team { lists.teams[*team].code.as_str() == code } else { has_stop() }
            });
            tours.next().map(|_| at)
        };
        self.uses.iter().enumerate().filter_map(is_on).collect()
    }
}
