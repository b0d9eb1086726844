//! What other supply, teams, staff, closures or days would change: asked with a form, answered with the figures of both
//! plans side by side. Nothing is stored, and the address holds the question.

use super::asked_days::parse_day;
use super::page::{Page, Refusal};
use super::page_context::PageContext;
use super::table::{Cell, Table};
use super::words::T;
use crate::app::{plans::PlanStart, verdict_words};
use crate::domain::campaign::Campaign;
use crate::domain::figure::fixed;
use crate::domain::id::{AreaCode, LotCode, PlaceCode};
use crate::domain::jurisdiction::Role;
use crate::domain::plan::{WorstArea, first_day};
use crate::domain::planner::{
    self, ComparedValues, Limits, MeansError, MorePeople, PlanOutcome, STATION_DOSES, Supposed,
    SupposedError, SupposedOf, WhatIfChange, WhatIfError,
};
use crate::text::{harmless, thousands};
use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Lengths of both searches together to choose from, in seconds.
const SECONDS: [u64; 3] = [10, 30, 60];
/// How long an answer is kept: its table is sorted and downloaded. Then facts may be others.
const KEPT: Duration = Duration::from_mins(10);
/// Answers that are kept.
const KEPT_MAX: usize = 16;
/// A gap in percent beyond which differences may come from the search. Our choice.
const ROUGH_GAP: f64 = 1.0;
const SUPPLY_MAX: u32 = 300;
const TEAMS_MAX: i32 = 50;
const STAFF_MAX: u32 = 500;
const DAYS_MAX: u32 = 120;
const DOSES_MAX: u32 = 10_000_000;

/// Answers that were worked out. One is worked out at a time: it takes a core.
#[derive(Debug, Default)]
pub(super) struct Answers {
    kept: Mutex<VecDeque<(String, Instant, Arc<Answer>)>>,
    turn: tokio::sync::Mutex<()>,
    ending: Arc<AtomicBool>,
}

/// Both plans.
#[derive(Debug)]
struct Answer {
    from: NaiveDate,
    today: PlanOutcome,
    what_if: PlanOutcome,
    /// What is said of staff.
    staff: Option<String>,
}

impl Answers {
    /// Asks what is being worked out to end.
    pub(super) fn end(&self) {
        self.ending.store(true, Ordering::SeqCst);
    }

    fn find(&self, key: &str) -> Option<Arc<Answer>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(_, since, _)| since.elapsed() < KEPT);
        kept.iter().find(|(known, ..)| known == key).map(|(.., answer)| Arc::clone(answer))
    }

    fn keep(&self, key: String, answer: &Arc<Answer>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_front((key, Instant::now(), Arc::clone(answer)));
        kept.truncate(KEPT_MAX);
    }
}

/// The question, as the form sends it. What is empty stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Question {
    supply: String,
    teams: String,
    staff: String,
    staff_area: String,
    close: String,
    close_from: String,
    close_until: String,
    site: String,
    doses: String,
    site_from: String,
    site_until: String,
    lot: String,
    late: String,
    vaccine: String,
    vaccine_day: String,
    until: String,
    seconds: String,
}

/// What is wrong with a question, in words.
type Wrong = String;

impl Question {
    /// What is supposed. Codes that do not exist are found later.
    fn supposed(&self, t: T) -> Result<Supposed, Wrong> {
        let mut out = Supposed { until: day_of(t, &self.until, "until")?, ..Supposed::default() };
        let supply = number(t, &self.supply, (0, SUPPLY_MAX), "supply")?.unwrap_or(100);
        if supply != 100 {
            out.changes.push(WhatIfChange::Supply(Decimal::new(i64::from(supply), 2)));
        }
        let teams = number(t, &self.teams, (-TEAMS_MAX, TEAMS_MAX), "teams")?.unwrap_or(0);
        if teams != 0 {
            out.changes.push(WhatIfChange::Teams(teams));
        }
        let staff = number(t, &self.staff, (0, STAFF_MAX), "staff")?.unwrap_or(0);
        if staff > 0 {
            let area = AreaCode::new(needed(t, &self.staff_area, "staff")?);
            out.staff.push(MorePeople { people: staff, area, role: Role::Vaccinator });
        }
        if !self.close.is_empty() {
            let (first, last) = days_of(t, (&self.close_from, &self.close_until), "close")?;
            out.changes.push(WhatIfChange::Close { place: self.close.clone(), first, last });
        }
        let late = number(t, &self.late, (0, DAYS_MAX), "late")?.unwrap_or(0);
        if late > 0 {
            let lot = LotCode::from(needed(t, &self.lot, "late")?.as_str());
            out.changes.push(WhatIfChange::Delay { lot, days: late });
        }
        if let Some(doses) = number(t, &self.doses, (0, DOSES_MAX), "doses")? {
            let site = PlaceCode::new(needed(t, &self.site, "doses")?);
            let (first, last) = days_of(t, (&self.site_from, &self.site_until), "doses")?;
            out.changes.push(WhatIfChange::Capacity { site, doses, first, last });
        }
        let vaccine = number(t, &self.vaccine, (0, DOSES_MAX), "vaccine")?.unwrap_or(0);
        if vaccine > 0 {
            let day = day_of(t, &needed(t, &self.vaccine_day, "vaccine")?, "vaccine")?;
            let change = day.map(|day| WhatIfChange::Vaccine { doses: vaccine, day });
            out.changes.extend(change);
        }
        Ok(out)
    }

    fn seconds(&self) -> u64 {
        let asked = self.seconds.parse().unwrap_or(SECONDS[0]);
        if SECONDS.contains(&asked) { asked } else { SECONDS[0] }
    }
}

fn day_of(t: T, text: &str, field: &str) -> Result<Option<NaiveDate>, Wrong> {
    if text.is_empty() {
        return Ok(None);
    }
    parse_day(text).map(Some).ok_or_else(|| wrong(t, text, field))
}

/// From a day to another; one alone is both.
fn days_of(
    t: T,
    (first, last): (&str, &str),
    field: &str,
) -> Result<(NaiveDate, NaiveDate), Wrong> {
    let (first, last) = (day_of(t, first, field)?, day_of(t, last, field)?);
    let (Some(first), Some(last)) = (first.or(last), last.or(first)) else {
        let name = t.w(&format!("what-if-{field}"));
        return Err(t.say("what-if-needs-days", &[("field", &name)]));
    };
    if first > last {
        let name = t.w(&format!("what-if-{field}"));
        return Err(t.say("what-if-order", &[("field", &name)]));
    }
    Ok((first, last))
}

fn wrong(t: T, value: &str, field: &str) -> Wrong {
    let (name, value) = (t.w(&format!("what-if-{field}")), harmless(value));
    t.say("what-if-wrong", &[("field", &name), ("value", &value)])
}

fn needed(t: T, text: &str, field: &str) -> Result<String, Wrong> {
    let name = || t.w(&format!("what-if-{field}"));
    if text.is_empty() {
        return Err(t.say("what-if-needs-more", &[("field", &name())]));
    }
    Ok(text.to_owned())
}

fn number<N>(t: T, text: &str, (least, most): (N, N), field: &str) -> Result<Option<N>, Wrong>
where
    N: std::str::FromStr + PartialOrd + Copy,
{
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.trim().trim_start_matches('+').parse().ok();
    let number = number.filter(|number: &N| least <= *number && *number <= most);
    number.map(Some).ok_or_else(|| wrong(t, text, field))
}

/// A choice: value, text, whether it is chosen.
type Choice = (String, String, bool);

/// A number that can be slid: its name, its value, and the least, the most and the step.
struct Slider {
    name: &'static str,
    label: String,
    value: String,
    least: i64,
    most: i64,
    step: i64,
}

#[derive(Template)]
#[template(path = "web/what_if.html")]
struct Main {
    t: T,
    action: String,
    day: String,
    wrong: String,
    is_asked: bool,
    said: String,
    notes: Vec<String>,
    figures: Option<Table>,
    sliders: Vec<Slider>,
    question: Question,
    areas: Vec<Choice>,
    places: Vec<Choice>,
    sites: Vec<Choice>,
    lots: Vec<Choice>,
    seconds: Vec<Choice>,
    fresh: String,
    least_day: String,
    most_day: String,
}

/// The page: the form, and the answer where something is supposed.
pub(super) async fn what_if(
    context: PageContext,
    Query(question): Query<Question>,
) -> Result<Response, Refusal> {
    let t = context.t();
    let supposed = question.supposed(t);
    let is_asked = supposed.as_ref().is_ok_and(|it| *it != Supposed::default());
    let found = match supposed {
        Ok(_) if !is_asked => Ok(None),
        Ok(_) if context.loaded.tops.is_some() => Err(t.w("what-if-whole")),
        Ok(supposed) => answer(&context, &supposed, &question).await?.map(Some),
        Err(wrong) => Err(wrong),
    };
    let (wrong, answer) = match found {
        Ok(answer) => (String::new(), answer),
        Err(wrong) => (wrong, None),
    };
    let mut main = form(&context, question);
    main.wrong = wrong;
    main.is_asked = is_asked;
    if let Some(answer) = answer {
        main.said = said(&context, &answer);
        main.figures = Some(figures(&context, &answer));
        main.notes.extend(answer.staff.clone());
        let open = context.app().together(&context.loaded, context.now).await;
        if open.map_err(|error| context.refusal(&error))?.len() > 1 {
            main.notes.push(t.w("what-if-alone"));
        }
        let gap = answer.today.figures.gap.max(answer.what_if.figures.gap) * 100.0;
        if gap > ROUGH_GAP {
            main.notes.push(t.say("what-if-rough", &[("gap", &fixed(gap, 1))]));
        }
    }
    let title = format!("{} · {}", t.w("what-if"), context.loaded.campaign.name);
    let page = Page::new(title, "plan", &main);
    Ok(context.show(page.with(main.figures.into_iter().collect())))
}

fn form(context: &PageContext, question: Question) -> Main {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let choice =
        |code: &str, name: &str, chosen: &str| (code.to_owned(), harmless(name), code == chosen);
    let sites = |chosen: &str| -> Vec<Choice> {
        let of = campaign.sites.iter();
        of.map(|site| choice(site.code.as_str(), &site.name, chosen)).collect()
    };
    let mut places = sites(&question.close);
    for stop in &campaign.stops {
        places.push(choice(stop.code.as_str(), &stop.name, &question.close));
    }
    for team in &campaign.teams {
        places.push(choice(team.code.as_str(), &team.name, &question.close));
    }
    let slider = |name, value: &str, usual: i64, (least, most, step)| {
        let value = if value.is_empty() { usual.to_string() } else { value.to_owned() };
        Slider { name, label: t.w(&format!("what-if-{name}")), value, least, most, step }
    };
    let teams = i64::try_from(campaign.teams.len()).unwrap_or(0).min(i64::from(TEAMS_MAX));
    let sliders = vec![
        slider("supply", &question.supply, 100, (0, i64::from(SUPPLY_MAX), 5)),
        slider("teams", &question.teams, 0, (-teams, 10, 1)),
        slider("staff", &question.staff, 0, (0, 100, 1)),
        slider("late", &question.late, 0, (0, 60, 1)),
    ];
    let area =
        |it: &crate::domain::area::Area| choice(it.code.as_str(), &it.name, &question.staff_area);
    let today = context.today();
    let to_come = |lot: &&crate::domain::site::Delivery| lot.date >= today;
    let lot = |it: &crate::domain::site::Delivery| {
        let name = format!("{} · {} · {}", it.lot, it.date, thousands(it.doses));
        choice(it.lot.as_str(), &name, &question.lot)
    };
    let of_sites: std::collections::BTreeSet<&AreaCode> =
        campaign.sites.iter().map(|site| &site.area).collect();
    let seconds = question.seconds();
    let length = |one: &u64| (one.to_string(), one.to_string(), *one == seconds);
    Main {
        t,
        action: super::page::address(&context.loaded, "what-if", None),
        day: context.as_of.to_string(),
        wrong: String::new(),
        is_asked: false,
        said: String::new(),
        notes: Vec::new(),
        figures: None,
        sliders,
        areas: campaign.areas.iter().filter(|it| of_sites.contains(&it.code)).map(area).collect(),
        places,
        sites: sites(&question.site),
        lots: campaign.deliveries.iter().filter(to_come).map(lot).collect(),
        seconds: SECONDS.iter().map(length).collect(),
        fresh: context.to("what-if"),
        least_day: campaign.start.to_string(),
        most_day: campaign.end.to_string(),
        question,
    }
}

/// Both plans; what is wrong with the question, in words.
async fn answer(
    context: &PageContext,
    supposed: &Supposed,
    question: &Question,
) -> Result<Result<Arc<Answer>, Wrong>, Refusal> {
    let t = context.t();
    let fail = |error| context.refusal(&error);
    let (app, loaded) = (context.app(), &context.loaded);
    let from = first_day(&loaded.campaign, context.today(), None);
    let answers = &context.site.desk.supposed;
    let campaign = app.around_rounds(loaded, from).await.map_err(fail)?;
    // What is said of staff is in words, and who is there stands with the places.
    let of = (t.0.tag(), loaded.no.0, loaded.version, loaded.places, &campaign.closures);
    let key = format!("{of:?}/{from}/{question:?}");
    if let Some(known) = answers.find(&key) {
        return Ok(Ok(known));
    }
    // What staff can do is worked out before a code turns out to be wrong: that takes a turn, too.
    let Ok(_turn) = answers.turn.try_lock() else { return Ok(Err(t.w("what-if-busy"))) };
    let (jurisdiction, others, rounds) = app.supposed_of(loaded, from).await.map_err(fail)?;
    let (jurisdiction, others, rounds) = (jurisdiction.as_ref(), &*others, &*rounds);
    let of = SupposedOf { campaign: &campaign, jurisdiction, others, rounds, from };
    let both = tokio::task::block_in_place(|| supposed.both(&of, STATION_DOSES));
    let (today, other) = match both {
        Ok(both) => both,
        Err(SupposedError::Means(error)) => return Ok(Err(unfit(t, &loaded.campaign, &error))),
        Err(SupposedError::Change(error)) => return Ok(Err(impossible(t, &error))),
    };
    let staff = verdict_words::of_supposed(t.0, &of, supposed);
    let start = app.plan_start(loaded, from).await.map_err(fail)?;
    let ending = Arc::clone(&answers.ending);
    let limit = Duration::from_secs(question.seconds()) / 2;
    let work = move || {
        let plan = |campaign: &Campaign| planned(campaign, (from, &start), limit, &ending);
        Answer { from, today: plan(&today), what_if: plan(&other), staff }
    };
    let answer = tokio::task::spawn_blocking(work).await;
    let Ok(answer) = answer.map(Arc::new) else { return Ok(Err(t.w("what-if-busy"))) };
    answers.keep(key, &answer);
    Ok(Ok(answer))
}

/// Plans a campaign within a time.
fn planned(
    campaign: &Campaign,
    (from, start): (NaiveDate, &PlanStart),
    limit: Duration,
    ending: &AtomicBool,
) -> PlanOutcome {
    let request = start.request(campaign, from, Limits::default());
    let began = Instant::now();
    let mut time_used = || {
        if ending.load(Ordering::SeqCst) {
            return f64::INFINITY;
        }
        began.elapsed().as_secs_f64() / limit.as_secs_f64()
    };
    let plan = planner::make(&request, &mut |_| {}, &mut time_used);
    planner::outcome(&request, &plan)
}

fn unfit(t: T, campaign: &Campaign, error: &MeansError) -> Wrong {
    let name = |area: &AreaCode| {
        let known = campaign.area(area.as_str());
        known.map_or_else(|| area.to_string(), |area| harmless(&area.name))
    };
    match error {
        MeansError::NoOpenSite { area } => t.say("what-if-no-site", &[("area", &name(area))]),
        MeansError::NoRoom { area, stations } => {
            t.say("what-if-no-room", &[("area", &name(area)), ("stations", stations)])
        }
        MeansError::NoCandidate { site } => wrong(t, site.as_str(), "doses"),
        MeansError::NotCounted { role } => wrong(t, &t.w(&format!("duty-role-{role}")), "staff"),
    }
}

fn impossible(t: T, error: &WhatIfError) -> Wrong {
    match error {
        WhatIfError::Supply(factor) => wrong(t, &factor.to_string(), "supply"),
        WhatIfError::NoTeam => t.w("what-if-no-team"),
        WhatIfError::TooFewTeams { teams, .. } => t.say("what-if-few-teams", &[("teams", teams)]),
        WhatIfError::UnknownPlace { code, .. } => wrong(t, code, "close"),
        WhatIfError::UnknownLot { code, .. } => wrong(t, code, "late"),
        WhatIfError::NoCampaign { known } => wrong(t, known, "vaccine"),
        WhatIfError::Outside { start, end, .. } => {
            t.say("what-if-outside", &[("start", start), ("end", end)])
        }
    }
}

/// The answer in a sentence.
fn said(context: &PageContext, answer: &Answer) -> String {
    let t = context.t();
    let finish = |outcome: &PlanOutcome| outcome.figures.people_finished;
    let (now, then) = (finish(&answer.today), finish(&answer.what_if));
    let key = match then.cmp(&now) {
        std::cmp::Ordering::Less => "what-if-fewer",
        std::cmp::Ordering::Equal => "what-if-as-many",
        std::cmp::Ordering::Greater => "what-if-more",
    };
    let (people, all) = (thousands(then.abs_diff(now)), thousands(then));
    t.say(key, &[("people", &people), ("all", &all), ("from", &answer.from)])
}

fn figures(context: &PageContext, answer: &Answer) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let heads = [
        t.w("column-figure"),
        format!("={}", t.w("column-group")),
        format!("#{}", t.w("what-if-now")),
        format!("#{}", t.w("what-if-then")),
        format!("#{}", t.w("column-difference")),
    ];
    let mut table = Table::new("what-if", t.w("web-compare-figures"), &heads);
    for one in planner::comparisons(&answer.today, &answer.what_if) {
        let group = one.group.as_ref().map_or_else(
            || Cell::text(t.w("what-if-everybody")),
            |code| {
                let known = campaign.group(code.as_str());
                Cell::named(known.map_or(code.as_str(), |it| &it.name), code.as_str())
            },
        );
        let [now, then] = texts(t, campaign, &one.values);
        let more = more(&one.values).unwrap_or_else(|| t.w("web-none"));
        table.rows.push(vec![
            Cell::head(t.w(&format!("figure-{}", one.figure.word()))),
            group,
            now,
            then,
            Cell::number(more),
        ]);
    }
    table
}

/// The difference; numbers of people and doses in groups of three digits.
fn more(values: &ComparedValues) -> Option<String> {
    let ComparedValues::Counts([now, then]) = values else { return values.difference() };
    let more = i128::from(*then) - i128::from(*now);
    Some(format!("{}{}", if more > 0 { "+" } else { "" }, thousands(more)))
}

fn texts(t: T, campaign: &Campaign, values: &ComparedValues) -> [Cell; 2] {
    let none = || Cell::number(t.w("web-none"));
    match values {
        ComparedValues::Counts(counts) => counts.map(Cell::count),
        ComparedValues::Percents(values, digits) => {
            values.map(|one| Cell::number(fixed(one, *digits)))
        }
        ComparedValues::Days(days) => {
            days.map(|day| day.map_or_else(none, |day| Cell::number(day.to_string())))
        }
        ComparedValues::Areas(areas) => areas.each_ref().map(|worst: &Option<WorstArea>| {
            let Some(worst) = worst else { return none() };
            let known = campaign.area(worst.area.as_str());
            let name = known.map_or(worst.area.as_str(), |area| &area.name);
            Cell::number(format!("{} {:.1} %", harmless(name), worst.share * 100.0))
        }),
    }
}
