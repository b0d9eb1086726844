//! `doseplan schools`: three lists become one, consent, classes, visits, lists to print and who was missed.

use super::chosen::{Lines, folder_of, only_one};
use super::output::{Format, Sheet, harmless, marked, tell};
use super::plan_tours::parse_time;
use super::report::parse_month;
use super::schools_print::{
    by_days, by_school, class_sheet, consent_told, shown, state_word, visited, visits_told, write,
};
use super::schools_send::{Correct, Send, asked_school};
use super::usage_errors::Remedy;
use super::{Invocation, exit, parse_day};
use crate::app::schools::{DecidedRow, MatchRequest, MissedLine, PaperKind, VisitOrder};
use crate::app::{App, Loaded};
use crate::domain::permission::Actor;
use crate::domain::schools::Decided;
use crate::intake::{Issue, has_errors, rows};
use chrono::{Months, NaiveDate, NaiveTime};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Lists of pupils, what guardians answered, visits by class, lists to print and who was missed.
#[derive(Debug, Subcommand)]
pub(super) enum Schools {
    /// Take in lists: a school's by class, or a township's of those who are not at school
    Import {
        /// CSV files or workbooks: school or area, class, name, `id_no`, born, sex, guardian, `guardian_phone`, why
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Match the lists with the register: who is on which, and who is not clear
    Match(Match),
    /// Decide whose a row is: LIST:ROW=PERSON, LIST:ROW=new or LIST:ROW=drop
    Decide {
        /// Rows as `schools match` shows them, each with what it is
        #[arg(required = true, value_parser = parse_decision)]
        rows: Vec<DecidedRow>,
    },
    /// Take in what guardians answered
    Consent {
        /// CSV files or workbooks: person, or `id_no`, or name and born; consent, why, by, date
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Eligible, agreed, refused, not returned, given and missed, by class
    Classes {
        /// At the end of this day [default: today]
        #[arg(long, value_parser = parse_day)]
        as_of: Option<NaiveDate>,
    },
    /// Find a day, a team and times for every school and class, on as few days as each school needs
    Visits(Visits),
    /// Print lists for schools, a workbook for each
    Lists(Lists),
    /// Mail its list to each school: to the contact of the school in contacts.csv, once a day and version
    Send(Send),
    /// Correct an answer that was entered wrongly, with the reason
    Correct(Correct),
    /// List who missed a visit of their class, with the reason
    Missed(MissedList),
}

#[derive(Debug, Args)]
pub(super) struct Match {
    /// Let the register take over school, class and area of whom the lists name
    #[arg(long)]
    save: bool,
    /// With --save: put those into the register whom the campaign asks and it does not have
    #[arg(long, requires = "save")]
    add: bool,
}

#[derive(Debug, Args)]
pub(super) struct Visits {
    /// The first day [default: the first one of which people can be told]
    #[arg(long, value_parser = parse_day)]
    from: Option<NaiveDate>,
    /// When teams leave their base
    #[arg(long, value_name = "HH:MM", default_value = "08:00", value_parser = parse_time)]
    leave_at: NaiveTime,
    /// Count only on those whose guardians agreed [default: on all who did not refuse]
    #[arg(long)]
    agreed_only: bool,
    /// Give new days also to schools that have visits to come
    #[arg(long)]
    again: bool,
    /// Keep the visits as agreed sessions of the campaign, and the register's numbers as its denominators
    #[arg(long)]
    save: bool,
}

#[derive(Debug, Args)]
pub(super) struct Lists {
    /// The folder, created if needed
    dir: PathBuf,
    /// Forms to fill in what guardians answer, instead of lists for a visit
    #[arg(long, conflicts_with = "day")]
    consent: bool,
    /// Visits on this day [default: the next visit of each class]
    #[arg(long, value_parser = parse_day)]
    day: Option<NaiveDate>,
    /// Only this school, by code or name
    #[arg(long)]
    school: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct MissedList {
    /// By the end of this month, as 2026-11
    #[arg(long, value_parser = parse_month, conflicts_with = "as_of")]
    month: Option<NaiveDate>,
    /// By the end of this day [default: today]
    #[arg(long, value_parser = parse_day)]
    as_of: Option<NaiveDate>,
    /// Write a workbook for each school into this folder, to send back to it
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
}

fn parse_decision(text: &str) -> Result<DecidedRow, Remedy> {
    let wrong = || Remedy::new("write-decision");
    let (row, what) = text.split_once('=').ok_or_else(wrong)?;
    let (list, nr) = row.rsplit_once(':').ok_or_else(wrong)?;
    let nr = nr.trim().parse().map_err(|_| wrong())?;
    let what = what.trim();
    if what.is_empty() {
        return Err(wrong());
    }
    Ok(DecidedRow { list: list.trim().to_owned(), nr, decided: Decided::of_text(what) })
}

impl Schools {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let (app, all) = invocation.meant(None).await?;
        let about = app.school_campaigns(all).await?;
        match self {
            Self::Classes { as_of } => return classes(invocation, (&app, &about), *as_of).await,
            Self::Missed(it) => return Box::pin(it.run(invocation, (&app, &about))).await,
            _ => {}
        }
        // Lists of pupils are everybody's.
        let is_for_all = matches!(self, Self::Import { .. } | Self::Decide { .. });
        let kept = if is_for_all { 1 } else { usize::MAX };
        let loaded = only_one(about.into_iter().take(kept).collect())?;
        let done = match self {
            Self::Classes { .. } | Self::Missed(_) => Ok(exit::OK),
            Self::Import { files } => Box::pin(import(invocation, (&app, &loaded), files)).await,
            Self::Match(it) => Box::pin(it.run(invocation, (&app, &loaded))).await,
            Self::Decide { rows } => {
                let now = invocation.clock.now();
                app.decide_rows(&loaded, rows, Actor::CommandLine, now).await?;
                invocation.out.note("schools-decided", &[("count", &rows.len())]);
                Ok(exit::OK)
            }
            Self::Consent { files } => Box::pin(consent(invocation, (&app, &loaded), files)).await,
            Self::Visits(it) => Box::pin(it.run(invocation, (&app, &loaded))).await,
            Self::Lists(it) => Box::pin(it.run(invocation, (&app, &loaded))).await,
            Self::Send(it) => Box::pin(it.run(invocation, (&app, &loaded))).await,
            Self::Correct(it) => Box::pin(it.run(invocation, (&app, &loaded))).await,
        };
        app.store.close().await;
        done
    }
}

/// Most warnings that are shown; the rest is counted.
const WARNINGS_SHOWN_MAX: usize = 20;

/// Shows all errors, and after them some warnings.
fn show(invocation: &Invocation, issues: &[Issue]) {
    let (errors, warnings): (Vec<_>, Vec<_>) = issues.iter().partition(|it| it.is_error());
    for issue in errors.into_iter().chain(warnings.iter().copied().take(WARNINGS_SHOWN_MAX)) {
        tell(&marked(issue, invocation.out));
    }
    let more = warnings.len().saturating_sub(WARNINGS_SHOWN_MAX);
    if more > 0 {
        invocation.out.note("schools-more-issues", &[("count", &more)]);
    }
}

async fn import(
    invocation: &Invocation,
    (app, loaded): (&App, &Loaded),
    files: &[PathBuf],
) -> anyhow::Result<u8> {
    let (mut lists, mut issues, mut unread) = (Vec::new(), Vec::new(), Vec::new());
    for path in files {
        match rows::pupils(path) {
            Ok(list) => {
                issues.extend(list.warnings.iter().cloned());
                lists.push(list);
            }
            Err(faults) => {
                unread.push(path.display().to_string());
                issues.extend(faults);
            }
        }
    }
    if !unread.is_empty() {
        // Nobody knows of which lists it is a part.
        lists.clear();
        invocation.out.note("schools-unread", &[("files", &unread.join(" "))]);
    }
    let now = invocation.clock.now();
    let (taken, faults) = app.import_lists(loaded, lists, Actor::CommandLine, now).await?;
    issues.extend(faults);
    show(invocation, &issues);
    let mut sheet = Sheet::new(&["list", "name", "kind", "rows", "rows_before"]);
    for one in &taken {
        let kind = match invocation.out.format {
            Format::Table => invocation.out.word(&format!("schools-kind-{}", one.kind)),
            Format::Json | Format::Csv => one.kind.to_string(),
        };
        let (rows, before) = (one.rows.to_string(), one.before.to_string());
        sheet.push(vec![one.list.to_string(), harmless(&one.name), kind, rows, before]);
    }
    if invocation.out.format == Format::Json {
        invocation.out.json(&taken);
    } else {
        invocation.out.sheet(&sheet);
    }
    let rows: usize = taken.iter().map(|one| one.rows).sum();
    invocation.out.note("schools-imported", &[("lists", &taken.len()), ("rows", &rows)]);
    Ok(if has_errors(&issues) { exit::REFUSED } else { exit::OK })
}

impl Match {
    async fn run(
        &self,
        invocation: &Invocation,
        (app, loaded): (&App, &Loaded),
    ) -> anyhow::Result<u8> {
        let wanted = MatchRequest { saves: self.save, adds: self.add };
        let now = invocation.clock.now();
        let found = app.match_lists(loaded, wanted, Actor::CommandLine, now).await?;
        match invocation.out.format {
            Format::Json => invocation.out.json(&found),
            Format::Csv => invocation.out.sheet(&shown(invocation, &found)),
            Format::Table => {
                by_school(invocation, &found);
                if !found.shown.is_empty() {
                    invocation.out.sheet(&shown(invocation, &found));
                }
                for (state, count) in &found.states {
                    let word = state_word(invocation, *state);
                    invocation.out.note("schools-state", &[("state", &word), ("count", count)]);
                }
            }
        }
        if found.not_asked > 0 {
            invocation.out.note("schools-not-asked", &[("count", &found.not_asked)]);
        }
        let said: [(&str, &dyn std::fmt::Display); 2] =
            [("changed", &found.changed), ("added", &found.added)];
        invocation.out.note(if self.save { "schools-saved" } else { "schools-not-saved" }, &said);
        Ok(exit::OK)
    }
}

async fn consent(
    invocation: &Invocation,
    (app, loaded): (&App, &Loaded),
    files: &[PathBuf],
) -> anyhow::Result<u8> {
    let (mut all, mut is_whole) = (Vec::new(), true);
    for path in files {
        let opened = match rows::consents(path) {
            Ok(opened) => {
                show(invocation, &opened.skipped);
                opened.tables
            }
            Err(issues) => {
                show(invocation, &issues);
                is_whole = false;
                continue;
            }
        };
        let (about, by) = ((path.as_path(), invocation.out.language), Actor::CommandLine);
        let done = app.import_consents(loaded, about, opened, (by, invocation.clock.now())).await?;
        show(invocation, &done.issues);
        consent_told(invocation, loaded, path, &done);
        is_whole &= done.refused == 0;
        all.push((path, done));
    }
    if invocation.out.format == Format::Json {
        let all: Vec<_> = all.iter().map(|(_, done)| done).collect();
        invocation.out.json(&all);
    } else {
        let columns =
            ["answers", "rows", "new", "same", "corrected", "outweighed", "refused", "withdrawn"];
        let mut sheet = Sheet::new(&columns);
        for (path, one) in &all {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let mut cells = vec![harmless(&name)];
            let counts = [
                one.rows,
                one.new,
                one.same,
                one.changed,
                one.outweighed,
                one.refused,
                one.withdrawn.len(),
            ];
            cells.extend(counts.map(|count| count.to_string()));
            sheet.push(cells);
        }
        invocation.out.sheet(&sheet);
    }
    Ok(if is_whole { exit::OK } else { exit::REFUSED })
}

async fn classes(
    invocation: &Invocation,
    (app, all): (&App, &[Loaded]),
    as_of: Option<NaiveDate>,
) -> anyhow::Result<u8> {
    let mut lines = Lines::of(all);
    let doses = all.iter().map(|loaded| loaded.campaign.series.dose_count()).max().unwrap_or(0);
    for loaded in all {
        let found = app.classes(loaded, as_of, invocation.clock.now()).await?;
        if invocation.out.format == Format::Json {
            for line in &found {
                lines.json(loaded, line);
            }
        } else {
            lines.sheet(loaded, class_sheet(invocation, doses, &found));
        }
    }
    app.store.close().await;
    lines.print(invocation);
    Ok(exit::OK)
}

impl Visits {
    async fn run(
        &self,
        invocation: &Invocation,
        (app, loaded): (&App, &Loaded),
    ) -> anyhow::Result<u8> {
        let order = VisitOrder {
            first: self.from,
            only_agreed: self.agreed_only,
            again: self.again,
            leaves_at: self.leave_at,
            source: crate::text::word(loaded.campaign.language, "schools-source"),
        };
        let now = invocation.clock.now();
        let asked = (&order, self.save);
        let found = app.plan_school_visits(loaded, asked, Actor::CommandLine, now).await?;
        match invocation.out.format {
            Format::Json => invocation.out.json(&found),
            Format::Csv => invocation.out.sheet(&visited(&found)),
            Format::Table => {
                invocation.out.sheet(&visited(&found));
                by_days(invocation, &found);
            }
        }
        visits_told(invocation, &found, self.save);
        Ok(if found.plan.unvisited.is_empty() { exit::OK } else { exit::FAILED })
    }
}

impl Lists {
    async fn run(
        &self,
        invocation: &Invocation,
        (app, loaded): (&App, &Loaded),
    ) -> anyhow::Result<u8> {
        let school = asked_school(invocation, loaded, self.school.as_deref())?;
        let kind = if self.consent { PaperKind::Consent } else { PaperKind::Visit(self.day) };
        let language = loaded.campaign.language;
        let (by, now) = (Actor::CommandLine, invocation.clock.now());
        let asked = (kind, school);
        let books = app.school_papers(loaded, asked, language, (by, now)).await?;
        write(invocation, &self.dir, &books)?;
        let (count, people) = (books.len(), books.iter().map(|book| book.people).sum::<usize>());
        let dir = self.dir.display();
        let said: [(&str, &dyn std::fmt::Display); 3] =
            [("count", &count), ("people", &people), ("dir", &dir)];
        invocation.out.note("schools-written", &said);
        Ok(exit::OK)
    }
}

impl MissedList {
    async fn run(
        &self,
        invocation: &Invocation,
        (app, all): (&App, &[Loaded]),
    ) -> anyhow::Result<u8> {
        let mut lines = Lines::of(all);
        let (mut books, mut people, mut last) = (0, 0, None);
        for loaded in all {
            let today = invocation.today(loaded);
            let next = self.month.and_then(|first| first.checked_add_months(Months::new(1)));
            let month_end = next.and_then(|day| day.pred_opt());
            let day = month_end.or(self.as_of).unwrap_or(today).min(today);
            let found = app.missed_pupils(loaded, day).await?;
            (people, last) = (people + found.len(), Some(day));
            if let Some(dir) = &self.save {
                let dir = match all {
                    [_] => dir.clone(),
                    _ => dir.join(folder_of(&loaded.campaign.id)),
                };
                let (by, now) = (Actor::CommandLine, invocation.clock.now());
                let (asked, language) = ((PaperKind::Missed(day), None), loaded.campaign.language);
                let made = app.school_papers(loaded, asked, language, (by, now)).await?;
                write(invocation, &dir, &made)?;
                books += made.len();
            } else if invocation.out.format == Format::Json {
                for line in &found {
                    lines.json(loaded, line);
                }
            } else {
                lines.sheet(loaded, missed_sheet(invocation, &found));
            }
        }
        app.store.close().await;
        if let Some(dir) = &self.save {
            let dir = dir.display();
            let said: [(&str, &dyn std::fmt::Display); 3] =
                [("count", &books), ("people", &people), ("dir", &dir)];
            invocation.out.note("schools-written", &said);
            return Ok(exit::OK);
        }
        lines.print(invocation);
        if let (Some(day), false) = (last, invocation.out.format == Format::Json) {
            invocation.out.note("schools-missed", &[("count", &people), ("date", &day)]);
        }
        Ok(exit::OK)
    }
}

fn missed_sheet(invocation: &Invocation, found: &[MissedLine]) -> Sheet {
    let columns = ["school", "class", "person", "name", "born", "dose", "visit", "why", "reason"];
    let mut sheet = Sheet::new(&columns);
    for line in found {
        let why = match invocation.out.format {
            Format::Table => {
                let key = line.why.word().replace('_', "-");
                invocation.out.word(&format!("school-why-{key}"))
            }
            Format::Json | Format::Csv => line.why.to_string(),
        };
        sheet.push(vec![
            harmless(&line.school_name),
            harmless(&line.at.class),
            line.person.to_string(),
            harmless(&line.name),
            line.born.to_string(),
            line.dose.to_string(),
            line.visit.to_string(),
            why,
            harmless(&line.reason),
        ]);
    }
    sheet
}
