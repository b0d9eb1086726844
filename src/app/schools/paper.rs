//! What goes to schools on paper: forms for consent, lists of a visit by class, and those who were missed.

use super::classes::visit_days;
use super::{SchoolPupil, Schools, names};
use crate::app::{App, AppError, Loaded, Result, millis, today};
use crate::domain::audit::Action;
use crate::domain::campaign::Language;
use crate::domain::id::{AreaCode, PersonId};
use crate::domain::jurisdiction::{AgreedSession, Hours, LocalCampaign};
use crate::domain::office_mail::ClassVisit;
use crate::domain::permission::{Actor, Power};
use crate::domain::schools::{ClassKey, ConsentAnswer, Missed, VisitDays, missed};
use crate::intake::workbook_out::{Book, Cell, Look};
use crate::store::audit::Act;
use crate::store::schools::{self, Printed};
use crate::text;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaperKind {
    /// A form for each school in which the answers of guardians are filled in; it can be imported.
    Consent,
    /// A list for each class of the next visit, or of the visits of a day.
    Visit(Option<NaiveDate>),
    /// Those who missed a visit by the end of a day.
    Missed(NaiveDate),
}

/// A workbook for a school. No derived `Debug`: it has names.
#[derive(Clone)]
pub struct PaperBook {
    /// The school.
    pub school: AreaCode,
    /// Its name.
    pub name: String,
    /// Sheets, one for each class where it is for a visit.
    pub sheets: usize,
    /// When each class is visited, where it is for a visit.
    pub visits: Vec<ClassVisit>,
    /// People on it.
    pub people: usize,
    /// The workbook.
    pub bytes: Vec<u8>,
}

/// A sheet of a workbook.
struct SheetOf {
    name: String,
    titles: Vec<String>,
    heads: Vec<String>,
    rows: Vec<(Vec<Cell>, bool)>,
    visit: Option<ClassVisit>,
}

/// What all sheets need.
struct Paper<'a> {
    loaded: &'a Loaded,
    language: Language,
    own: &'a LocalCampaign,
    names: BTreeMap<&'a AreaCode, &'a str>,
    days: VisitDays,
    today: NaiveDate,
}

impl App {
    /// Makes the workbooks of all schools or of one. Who stands on the lists of a visit is written down: whoever
    /// refuses after that is told.
    pub async fn school_papers(
        &self,
        loaded: &Loaded,
        (kind, school): (PaperKind, Option<&AreaCode>),
        language: Language,
        (by, now): (Actor<'_>, DateTime<Utc>),
    ) -> Result<Vec<PaperBook>> {
        let mut act = self.act((by, Power::People), Action::Export, now).await?;
        let made_at = now.with_timezone(&loaded.campaign.timezone).naive_local();
        let asked = (kind, school);
        let out = self.papers(&mut act, loaded, asked, (language, made_at), now).await?;
        let people: usize = out.iter().map(|book| book.people).sum();
        let said = format!("lists of {} schools, {people} people", out.len());
        act.commit(Some(loaded.campaign.id.as_str()), &said).await?;
        Ok(out)
    }

    /// The same as part of a change that says so in the audit log.
    pub(in crate::app) async fn papers(
        &self,
        act: &mut Act,
        loaded: &Loaded,
        (kind, school): (PaperKind, Option<&AreaCode>),
        (language, made_at): (Language, NaiveDateTime),
        now: DateTime<Utc>,
    ) -> Result<Vec<PaperBook>> {
        let day = today(&loaded.campaign, now);
        let own = self.own(loaded).await?;
        let as_of = if let PaperKind::Missed(until) = kind { until } else { day };
        let pupils = self.pupils(act.tx(), loaded, as_of).await?;
        let paper = Paper {
            loaded,
            language,
            own: &own,
            names: names(&loaded.campaign),
            days: visit_days(&own, &loaded.campaign, &pupils),
            today: day,
        };
        let mut of_school: BTreeMap<&AreaCode, Vec<&SchoolPupil>> = BTreeMap::new();
        for pupil in &pupils {
            of_school.entry(&pupil.standing.at.school).or_default().push(pupil);
        }
        of_school.retain(|code, _| school.is_none_or(|school| school == *code));
        let (mut out, mut printed) = (Vec::new(), Vec::new());
        for (code, pupils) in of_school {
            let sheets = match kind {
                PaperKind::Consent => vec![paper.consent(code, &pupils)],
                PaperKind::Visit(on) => paper.visits(code, &pupils, on, &mut printed),
                PaperKind::Missed(day) => paper.missed(code, &pupils, day).into_iter().collect(),
            };
            if sheets.is_empty() {
                continue;
            }
            let name = paper.names.get(code).copied().unwrap_or_default().to_owned();
            let bytes = book(&name, &sheets, made_at)
                .map_err(|error| AppError::refused("refused-workbook", &[("said", &error)]))?;
            let people = sheets.iter().map(|sheet| sheet.rows.len()).sum();
            let mut visits: Vec<ClassVisit> =
                sheets.iter().filter_map(|sheet| sheet.visit.clone()).collect();
            visits.sort_by_key(|one| (one.day, one.hours.map(|hours| hours.opens)));
            let (school, sheets) = (code.clone(), sheets.len());
            out.push(PaperBook { school, name, sheets, visits, people, bytes });
        }
        schools::print(act.tx(), loaded.no, &printed, millis(now)).await?;
        Ok(out)
    }
}

fn book(
    title: &str,
    sheets: &[SheetOf],
    made_at: NaiveDateTime,
) -> std::result::Result<Vec<u8>, rust_xlsxwriter::XlsxError> {
    let mut book = Book::new(title, made_at);
    for sheet in sheets {
        let mut page = book.page(&sheet.name);
        let plain: Vec<Vec<Cell>> = sheet.rows.iter().map(|(cells, _)| cells.clone()).collect();
        let first = page.table(&sheet.titles, &sheet.heads, &plain)?;
        for (at, (cells, _)) in (first..).zip(&sheet.rows).filter(|(_, row)| row.1) {
            for (column, cell) in (0..).zip(cells) {
                page.put(at, column, cell, Look::Doubtful)?;
            }
        }
        page.close()?;
    }
    book.bytes()
}

impl Paper<'_> {
    fn word(&self, key: &str) -> String {
        text::word(self.language, key)
    }

    fn say(&self, key: &str, arguments: &[(&str, &dyn Display)]) -> String {
        text::say(self.language, key, arguments)
    }

    fn heads(&self, codes: &[&str]) -> Vec<String> {
        codes.iter().map(|code| self.word(&format!("school-head-{code}"))).collect()
    }

    fn school_name(&self, code: &AreaCode) -> &str {
        self.names.get(code).copied().unwrap_or_default()
    }

    fn answer(&self, pupil: &SchoolPupil) -> String {
        match pupil.standing.answer {
            Some(answer) => self.word(&format!("school-answer-{answer}")),
            None => String::new(),
        }
    }

    /// The form of a school: the columns are those that are imported.
    fn consent(&self, school: &AreaCode, pupils: &[&SchoolPupil]) -> SheetOf {
        const COLUMNS: [&str; 11] = [
            "person", "school", "class", "name", "id_no", "born", "guardian", "consent", "why",
            "by", "date",
        ];
        let name = self.school_name(school);
        let row = |pupil: &&SchoolPupil| {
            let (person, consent) = (&pupil.person, pupil.consent.as_ref());
            let more = &person.more;
            let text = |text: Option<&String>| Cell::text(text.cloned().unwrap_or_default());
            let cells = vec![
                Cell::text(person.id.as_str()),
                Cell::text(name),
                Cell::text(pupil.standing.at.class.as_str()),
                text(person.name.as_ref()),
                text(more.id_no.as_ref()),
                Cell::Day(person.born),
                text(more.guardian.as_ref()),
                Cell::text(self.answer(pupil)),
                text(consent.and_then(|it| it.reason.as_ref())),
                text(consent.and_then(|it| it.given_by.as_ref())),
                consent.map_or(Cell::Blank, |it| Cell::Day(it.day)),
            ];
            (cells, pupil.standing.answer == Some(ConsentAnswer::No))
        };
        let head = |code: &&str| {
            let own = text::found(self.language, &format!("field-consents-{code}"));
            own.unwrap_or_else(|| self.word(&format!("field-{code}")))
        };
        let campaign = &self.loaded.campaign.name;
        SheetOf {
            name: "consents".to_owned(),
            titles: vec![
                self.say("school-consent-title", &[("campaign", campaign), ("school", &name)]),
                self.word("school-consent-how"),
            ],
            heads: COLUMNS.iter().map(head).collect(),
            rows: pupils.iter().map(row).collect(),
            visit: None,
        }
    }

    /// The lists of a school's classes for a visit: each class on the first day from today on, or on the day asked for.
    fn visits(
        &self,
        school: &AreaCode,
        pupils: &[&SchoolPupil],
        on: Option<NaiveDate>,
        printed: &mut Vec<(PersonId, Printed)>,
    ) -> Vec<SheetOf> {
        let classes: BTreeSet<&ClassKey> = pupils.iter().map(|it| &it.standing.at).collect();
        let mut out = Vec::new();
        for at in classes {
            let days = self.days.get(at).map_or(&[][..], Vec::as_slice);
            let day = match on {
                Some(day) => days.contains(&day).then_some(day),
                None => days.iter().copied().find(|day| *day >= self.today),
            };
            let Some(day) = day else { continue };
            let is_due = |it: &&&SchoolPupil| {
                let due = it.standing.due.is_some_and(|(_, earliest)| earliest <= day);
                it.standing.at == *at && due && !is_gone(it)
            };
            let own: Vec<&SchoolPupil> = pupils.iter().filter(is_due).copied().collect();
            if own.is_empty() {
                continue;
            }
            let place = |class: &ClassKey| Printed {
                day,
                school: school.clone(),
                class: class.class.clone(),
            };
            let called = own.iter().filter(|it| it.standing.is_expected(day));
            printed.extend(called.map(|it| (it.standing.person.clone(), place(at))));
            out.push(self.visit(at, day, &own));
        }
        out
    }

    fn visit(&self, at: &ClassKey, day: NaiveDate, own: &[&SchoolPupil]) -> SheetOf {
        let sessions = self.own.sessions.iter().filter(|one| one.day == day);
        let all = Schools::of(&self.loaded.campaign);
        let is_its = |one: &&AgreedSession| {
            all.visited(one) == Some(&at.school)
                && one.class.as_deref().unwrap_or_default() == at.class
        };
        let hours: Vec<_> = sessions.filter(is_its).filter_map(|one| one.hours).collect();
        let opens = hours.iter().map(|it| it.opens).min();
        let closes = hours.iter().map(|it| it.closes).max();
        let hours = opens.zip(closes).map(|(opens, closes)| Hours { opens, closes });
        let clock = |time: chrono::NaiveTime| time.format("%H:%M").to_string();
        let [opens, closes] = [opens, closes].map(|time| time.map(clock).unwrap_or_default());
        let is_called = |it: &&&SchoolPupil| it.standing.is_expected(day);
        let called = own.iter().filter(is_called).count();
        let (school, class) = (self.school_name(&at.school), self.class(at));
        let ordered = own.iter().filter(is_called).chain(own.iter().filter(|it| !is_called(it)));
        let row = |(no, pupil): (i64, &&SchoolPupil)| self.visit_row(no, pupil, day);
        let campaign = &self.loaded.campaign.name;
        SheetOf {
            name: class.clone(),
            titles: vec![
                self.say("school-visit-title", &[("campaign", campaign)]),
                self.say(
                    "school-visit-when",
                    &[
                        ("school", &school),
                        ("class", &class),
                        ("date", &day),
                        ("opens", &opens),
                        ("closes", &closes),
                        ("count", &called),
                    ],
                ),
            ],
            heads: self.heads(&[
                "no",
                "name",
                "born",
                "id_no",
                "guardian",
                "guardian_phone",
                "consent",
                "dose",
                "lot",
                "time",
                "signed",
                "remark",
            ]),
            rows: (1..).zip(ordered).map(row).collect(),
            visit: Some(ClassVisit { class, day, hours, people: called }),
        }
    }

    /// A line of a visit's list; whoever does not get a dose is marked.
    fn visit_row(&self, no: i64, pupil: &SchoolPupil, day: NaiveDate) -> (Vec<Cell>, bool) {
        let (person, more) = (&pupil.person, &pupil.person.more);
        let text = |text: Option<&String>| Cell::text(text.cloned().unwrap_or_default());
        let barred =
            pupil.standing.barred.filter(|_| pupil.standing.answer != Some(ConsentAnswer::No));
        let remark = barred.map(|kind| self.word(&format!("school-why-{kind}")));
        let dose = pupil.standing.due.map_or(0, |(number, _)| number);
        let answer = match pupil.standing.answer {
            None => self.word("school-answer-open"),
            Some(_) => self.answer(pupil),
        };
        let cells = vec![
            Cell::Count(no),
            text(person.name.as_ref()),
            Cell::Day(person.born),
            text(more.id_no.as_ref()),
            text(more.guardian.as_ref()),
            text(more.guardian_phone.as_ref()),
            Cell::text(answer),
            Cell::Count(dose.into()),
            Cell::Blank,
            Cell::Blank,
            Cell::Blank,
            Cell::text(remark.unwrap_or_default()),
        ];
        (cells, !pupil.standing.is_expected(day))
    }

    fn class(&self, at: &ClassKey) -> String {
        if at.class.is_empty() { self.word("school-no-class") } else { at.class.clone() }
    }

    /// Those of a school who missed a visit; `None`: nobody.
    fn missed(
        &self,
        school: &AreaCode,
        pupils: &[&SchoolPupil],
        day: NaiveDate,
    ) -> Option<SheetOf> {
        let found = |pupil: &&SchoolPupil| -> Option<(SchoolPupil, Missed)> {
            let missed = missed(&pupil.standing, &self.days, day)?;
            Some(((*pupil).clone(), missed))
        };
        let all: Vec<(SchoolPupil, Missed)> = pupils.iter().filter_map(found).collect();
        if all.is_empty() {
            return None;
        }
        let row = |(no, (pupil, missed)): (i64, &(SchoolPupil, Missed))| {
            let text = |text: Option<&String>| Cell::text(text.cloned().unwrap_or_default());
            let reason = pupil.consent.as_ref().and_then(|it| it.reason.as_ref());
            let cells = vec![
                Cell::Count(no),
                Cell::text(self.class(&missed.at)),
                text(pupil.person.name.as_ref()),
                Cell::Day(pupil.person.born),
                text(pupil.person.more.guardian.as_ref()),
                text(pupil.person.more.guardian_phone.as_ref()),
                Cell::Count(missed.dose.into()),
                Cell::Day(missed.visit),
                Cell::text(
                    self.word(&format!("school-why-{}", missed.why.word().replace('_', "-"))),
                ),
                text(reason),
                Cell::Blank,
            ];
            (cells, false)
        };
        let (campaign, name) = (&self.loaded.campaign.name, self.school_name(school));
        let count = all.len();
        Some(SheetOf {
            name: name.to_owned(),
            titles: vec![
                self.say("school-missed-title", &[("campaign", campaign), ("school", &name)]),
                self.say("school-missed-when", &[("date", &day), ("count", &count)]),
            ],
            heads: self.heads(&[
                "no",
                "class",
                "name",
                "born",
                "guardian",
                "guardian_phone",
                "dose",
                "visit",
                "why",
                "reason",
                "done_on",
            ]),
            rows: (1..).zip(&all).map(row).collect(),
            visit: None,
        })
    }
}

fn is_gone(pupil: &SchoolPupil) -> bool {
    pupil.standing.barred.is_some_and(crate::domain::person::OutcomeKind::is_of_person)
}
