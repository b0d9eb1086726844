//! Doses of persons. Numbers and validity follow from all doses of a person, so one dose changes what the others count.
//! Each person of a batch is judged twice: with the doses before the batch, and with the doses after it.

use super::facts::{Changes, Facts};
use super::pipeline::{Found, Histories, Importable};
use super::{Good, Kind, Warning, each_once};
use crate::app::Loaded;
use crate::domain::counting::count_person;
use crate::domain::dose::{Dose, Entered};
use crate::domain::id::{CampaignNo, PersonId, RecordId};
use crate::domain::judge::Judged;
use crate::domain::plausible::is_dose_too_early;
use crate::intake::Issue;
use crate::store::doses::{History, in_order};
use std::collections::HashSet;

/// People who are judged before the database gets its next rows to write. Our choice: that takes about as long.
const PEOPLE_AT_ONCE: usize = 50;

impl Importable for Dose {
    const KEY: &'static str = "record";
    const KIND: Kind = Kind::Doses;

    fn of(&self) -> Option<&PersonId> {
        Some(&self.person)
    }

    fn resolve(&mut self, facts: &Facts) {
        facts.resolve(&mut self.person);
        facts.settle_place(&mut self.place);
    }

    fn complete(row: &mut Good<Self>, known: Option<&Self>, facts: &Facts) -> Option<Issue> {
        if let Some(known) = known {
            leave_unsaid(&mut row.value, known, facts);
        }
        let old = known.and_then(|known| known.campaign);
        let named = match facts.campaign(row, old) {
            Ok(named) => named,
            Err(issue) => return Some(issue),
        };
        let (dose, line) = (&row.value, row.line);
        let elsewhere = !facts.has_place(&dose.place);
        let campaign = match campaign_of(facts, dose, named) {
            Campaign::Is(no) => Some(no),
            Campaign::None => None,
            Campaign::Unclear => return Some(facts.which_campaign(line)),
        };
        if old.is_some() && campaign.is_some() && old != campaign {
            return Some(facts.wrong_campaign(line, old));
        }
        row.value.campaign = campaign;
        row.value.elsewhere = elsewhere;
        None
    }

    fn people<'a>(rows: &'a [Good<Self>], replaced: &[&'a Self]) -> Vec<&'a PersonId> {
        each_once(rows.iter().map(|row| &row.value).chain(replaced.iter().copied()).map(person))
    }

    fn fault(&self, facts: &Facts, line: u32, histories: &Histories) -> Option<Issue> {
        let Some(history) = histories.get(&self.person) else {
            return Some(facts.unknown_person(line, &self.person));
        };
        if self.date < history.person.born {
            return Some(facts.issue("before_birth", line, "date", &self.date.to_string()));
        }
        if let Some(twin) = history.doses.iter().find(|other| is_twin(self, other)) {
            return Some(facts.twin(line, self, &twin.record));
        }
        let loaded = self.campaign.and_then(|no| facts.of(no));
        // A catch-up register holds doses that were given elsewhere, years ago.
        let is_history = loaded.is_some_and(|loaded| {
            loaded.campaign.catch_up.is_some() && self.date < loaded.campaign.start
        });
        let is_misspelt = || facts.misspelt(line, &self.place);
        let place = if self.elsewhere && !is_history { is_misspelt() } else { None };
        place
            .or_else(|| product(facts, line, self))
            .or_else(|| facts.lot(line, self))
            .or_else(|| facts.not_future(line, self.date))
            .or_else(|| {
                let early = loaded.filter(|one| is_dose_too_early(&one.campaign, self.date));
                early.map(|loaded| facts.too_early(loaded, line, self.date))
            })
    }

    fn repeats(&self, facts: &Facts, line: u32, earlier: &Self) -> Option<Issue> {
        is_twin(self, earlier).then(|| facts.twin(line, self, &earlier.record))
    }

    async fn count(
        facts: &Facts,
        mut histories: Histories,
        replaced: &[&Self],
        rows: &[Good<Self>],
        changes: &mut Changes,
    ) -> Found {
        let mut found = Found::default();
        let gone: HashSet<&RecordId> = replaced.iter().map(|old| &old.record).collect();
        let mut new: Vec<&Good<Self>> = rows.iter().collect();
        // Stored rows are in this order already.
        new.sort_by(|a, b| a.value.person.cmp(&b.value.person));
        let mut rest = new.as_slice();
        for (at, person) in Self::people(rows, replaced).into_iter().enumerate() {
            if at % PEOPLE_AT_ONCE == PEOPLE_AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
            let count = rest.iter().take_while(|row| row.value.person == *person).count();
            let (own, others) = rest.split_at(count);
            rest = others;
            if let Some(history) = histories.remove(person) {
                count_changed(facts, history, (&gone, own), changes, &mut found);
            }
        }
        found.invalid.sort_by_key(|warning| warning.row);
        found
    }

    fn is_elsewhere(&self) -> bool {
        self.elsewhere
    }
}

/// Whether two records say the same of one person: nobody gets one vaccine twice on a day. Where one of them does not
/// name its vaccine it is that of their campaign.
fn is_twin(one: &Dose, other: &Dose) -> bool {
    let is_blank = |dose: &Dose| dose.product.as_deref().is_none_or(str::is_empty);
    let is_same_vaccine = if is_blank(one) || is_blank(other) {
        one.campaign == other.campaign
    } else {
        one.product == other.product
    };
    one.record != other.record
        && (&one.person, one.date) == (&other.person, other.date)
        && is_same_vaccine
}

/// Takes from what is known what the file says nothing about.
fn leave_unsaid(dose: &mut Dose, known: &Dose, facts: &Facts) {
    if !facts.present.has("product") {
        dose.product.clone_from(&known.product);
    }
    if !facts.present.has("lot") {
        dose.lot.clone_from(&known.lot);
    }
    if !facts.present.has("attribute") {
        dose.attribute = known.attribute;
    }
    let (has_by, has_at) = (facts.present.has("entered_by"), facts.present.has("entered_at"));
    if has_by && has_at || dose.entered == known.entered {
        return;
    }
    let mut entered = dose.entered.take().unwrap_or_default();
    let before = known.entered.as_deref().cloned().unwrap_or_default();
    if !has_by {
        entered.by = before.by;
    }
    if !has_at {
        entered.at = before.at;
    }
    dose.entered = (*entered != Entered::default()).then_some(entered);
}

/// The campaign that a dose is recorded under.
enum Campaign {
    /// This one.
    Is(CampaignNo),
    /// None: the vaccine is none that a campaign gives.
    None,
    /// Nobody can say which.
    Unclear,
}

/// The campaign that a dose belongs to: the one named, unless its product is the vaccine of another one. Without a name
/// the product decides, or that only one campaign is open at the place on the day.
fn campaign_of(facts: &Facts, dose: &Dose, named: Option<CampaignNo>) -> Campaign {
    let product = dose.product.as_deref();
    let gives = |loaded: &&Loaded| product.is_some_and(|product| loaded.judge.gives(product));
    if let Some(named) = named
        && (facts.all.len() == 1 || facts.of(named).as_ref().is_some_and(gives))
    {
        return Campaign::Is(named);
    }
    let mut open = facts.open_at(&dose.place, dose.date);
    let by_product = || {
        let mut at_work = facts.open_at(&dose.place, dose.date).filter(gives);
        at_work.next().or_else(|| {
            // A dose from before the campaigns, or from elsewhere.
            let mut all = facts.all.iter().filter(|loaded| loaded.is_open).filter(gives);
            all.next().or_else(|| facts.all.iter().find(gives))
        })
    };
    if let Some(found) = by_product() {
        return Campaign::Is(found.no);
    }
    if let Some(named) = named {
        return Campaign::Is(named);
    }
    let is_known = |product: &str| crate::intake::rules::vaccine_names().any(|one| one == product);
    if product.is_some_and(is_known) {
        return Campaign::None;
    }
    match (open.next(), open.next()) {
        (Some(only), None) => Campaign::Is(only.no),
        _ => Campaign::Unclear,
    }
}

fn person(dose: &Dose) -> &PersonId {
    &dose.person
}

/// Where a dose comes from.
enum Origin {
    /// From this line of the file.
    Row(u32),
    /// It stood in the database.
    Stored {
        /// Where among the person's doses.
        at: usize,
    },
}

/// Counts a person anew in every campaign that the changes concern: without the doses that are `gone`, with the `new`
/// ones.
fn count_changed(
    facts: &Facts,
    History { person, doses: before }: History,
    (gone, new): (&HashSet<&RecordId>, &[&Good<Dose>]),
    changes: &mut Changes,
    found: &mut Found,
) {
    let is_gone = |dose: &&Dose| gone.contains(&dose.record);
    let concerned: Vec<&Loaded> = facts
        .all
        .iter()
        .filter(|loaded| {
            let (campaign, judge) = loaded.rules();
            let touched = before.iter().filter(is_gone).chain(new.iter().map(|row| &row.value));
            let mut touched = touched;
            facts.all.len() == 1 || touched.any(|dose| judge.concerns(campaign, dose))
        })
        .collect();
    let verdicts: Vec<Vec<Judged>> = concerned
        .iter()
        .map(|loaded| {
            let cells = changes.entry(loaded.no).or_default();
            count_person(loaded.rules(), &person, &before, -1, cells)
        })
        .collect();
    let stay = (0..).zip(&before).filter(|(_, dose)| !gone.contains(&dose.record));
    let mut after: Vec<(&Dose, Origin)> =
        stay.map(|(at, dose)| (dose, Origin::Stored { at })).collect();
    after.extend(new.iter().map(|row| (&row.value, Origin::Row(row.line))));
    after.sort_by(|(a, _), (b, _)| in_order(a, b));
    let (doses, origins): (Vec<&Dose>, Vec<Origin>) = after.into_iter().unzip();
    for (loaded, verdicts) in concerned.into_iter().zip(verdicts) {
        let cells = changes.entry(loaded.no).or_default();
        let judged = count_person(loaded.rules(), &person, &doses, 1, cells);
        for ((dose, origin), judged) in doses.iter().zip(&origins).zip(judged) {
            let is_theirs = dose.campaign.is_none_or(|campaign| campaign == loaded.no);
            match origin {
                _ if !judged.is_refused() || !is_theirs => {}
                Origin::Row(line) => {
                    found.invalid.push(Warning::new(Some(*line), dose, judged, loaded.no));
                }
                Origin::Stored { at } if verdicts[*at].is_refused() => {}
                Origin::Stored { .. } => {
                    found.no_longer_valid.push(Warning::new(None, dose, judged, loaded.no));
                }
            }
        }
    }
}

/// In a catch-up register a dose of an unknown vaccine is refused: the person would seem to lack that dose.
fn product(facts: &Facts, line: u32, dose: &Dose) -> Option<Issue> {
    let Loaded { campaign, judge, .. } = facts.of(dose.campaign?)?;
    let product = dose.product.as_deref().unwrap_or_default();
    if campaign.catch_up.is_none() || judge.vaccine(Some(product), dose.campaign).is_some() {
        return None;
    }
    if product.is_empty() {
        return Some(facts.issue("missing_value", line, "product", product));
    }
    let known = judge.rules.vaccine_by_code.keys().map(|code| &**code);
    Some(facts.unknown("unknown_vaccine", (line, "product", product), known))
}
