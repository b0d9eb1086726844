//! A bulletin in words: title, sentences, table and signatures, the same on a page, in a workbook and on a terminal.

use crate::app::Loaded;
use crate::domain::bulletin::{Bulletin, BulletinKind, Done, Line};
use crate::domain::campaign::Language;
use crate::domain::count::{People, Percent};
use crate::intake::csv_out;
use crate::intake::workbook_out::{Book, Cell, Look};
use crate::text::{self, thousands};
use chrono::{NaiveDate, NaiveDateTime};
use rust_xlsxwriter::XlsxError;
use std::fmt::Display;

/// Areas named at either end of a ranking.
const NAMED: usize = 3;
/// A ranking of fewer areas has no two ends.
const ENDS_MIN: usize = 2 * NAMED;

/// A cell of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormValue {
    /// A name and the code behind it.
    Name(String, String),
    /// A number of people, doses or reports.
    Count(u64),
    /// A share.
    Percent(Percent),
    /// Something was asked for and is not in: 未报.
    Unreported,
    /// No figure.
    None,
}

/// A bulletin as it is handed up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulletinForm {
    /// The title.
    pub title: String,
    /// Sentences below the title.
    pub lines: Vec<String>,
    /// Names of the columns for programs.
    pub columns: Vec<&'static str>,
    /// Their headings.
    pub heads: Vec<String>,
    /// The rows: the whole, then the areas.
    pub rows: Vec<Vec<FormValue>>,
    /// What the figures mean.
    pub notes: Vec<String>,
    /// Who signs: what stands before each space, with what is known.
    pub signature: Vec<(String, String)>,
    language: Language,
}

const DAILY: [&str; 11] = [
    "area",
    "eligible",
    "doses",
    "finished",
    "percent",
    "target_percent",
    "short",
    "this",
    "before",
    "change",
    "missing",
];
const RANKING: [&str; 12] = [
    "rank",
    "rank_before",
    "area",
    "eligible",
    "finished",
    "percent",
    "percent_before",
    "target_percent",
    "short",
    "this",
    "before",
    "change",
];

impl BulletinForm {
    /// A bulletin in a language.
    pub fn new(loaded: &Loaded, bulletin: &Bulletin, language: Language) -> Self {
        let words = Words { language, kind: bulletin.kind };
        let mut columns = match bulletin.kind {
            BulletinKind::Ranking => RANKING.to_vec(),
            BulletinKind::Daily | BulletinKind::Weekly => [&DAILY[..], &["rank"]].concat(),
        };
        if bulletin.whole.target.is_none() {
            columns.retain(|column| *column != "target_percent");
        }
        let row = |line: &Line| columns.iter().map(|column| value(column, line)).collect();
        let mut rows: Vec<Vec<FormValue>> = vec![row(&bulletin.whole)];
        let total = FormValue::Name(words.word("mail-summary-total"), String::new());
        if let Some(at) = columns.iter().position(|column| *column == "area") {
            rows[0][at] = total;
        }
        rows.extend(bulletin.areas.iter().map(row));
        let campaign = &loaded.campaign;
        let unit = if bulletin.whole.stand.area_name.is_empty() {
            campaign.name.clone()
        } else {
            bulletin.whole.stand.area_name.clone()
        };
        let contact = campaign.coordinator.as_ref().map_or("", |one| one.name.as_str());
        let key = format!("bulletin-title-{}", bulletin.kind.word());
        Self {
            title: words.say(&key, &[("area", &unit), ("campaign", &campaign.name)]),
            lines: lines(&words, bulletin),
            heads: columns.iter().map(|column| words.head(column)).collect(),
            columns,
            rows,
            notes: notes(&words, bulletin),
            signature: vec![
                (words.word("web-month-unit"), unit),
                (words.word("bulletin-contact"), contact.to_owned()),
                (words.word("web-month-filled"), String::new()),
                (words.word("web-month-checked"), String::new()),
                (words.word("web-month-date"), String::new()),
            ],
            language,
        }
    }

    /// A cell as a person reads it.
    pub fn shown(&self, value: &FormValue) -> String {
        match value {
            FormValue::Name(name, _) => name.clone(),
            FormValue::Count(count) => thousands(*count),
            FormValue::Percent(share) => share.to_string(),
            FormValue::Unreported => text::word(self.language, "mail-summary-no-report"),
            FormValue::None => text::word(self.language, "mail-no-figure"),
        }
    }

    /// The signatures on one line.
    pub fn signed(&self) -> String {
        let one = |(head, known): &(String, String)| {
            let space = if known.is_empty() { "＿＿＿＿＿＿" } else { known };
            format!("{head}{space}")
        };
        self.signature.iter().map(one).collect::<Vec<_>>().join("　")
    }

    /// A row for files: figures without separators, an area's code after its name.
    pub fn file_row(&self, row: &[FormValue]) -> Vec<String> {
        let mut out = Vec::with_capacity(row.len() + 1);
        for value in row {
            match value {
                FormValue::Name(name, code) => out.extend([code.clone(), name.clone()]),
                FormValue::Count(count) => out.push(count.to_string()),
                FormValue::None => out.push(String::new()),
                other => out.push(self.shown(other)),
            }
        }
        out
    }

    /// The columns of [`Self::file_row`].
    pub fn file_columns(&self) -> Vec<&'static str> {
        let two = |column: &&'static str| match *column {
            "area" => vec!["area", "area_name"],
            other => vec![other],
        };
        self.columns.iter().flat_map(two).collect()
    }

    /// The bulletin as CSV: as it is printed, line by line.
    pub fn csv(&self) -> String {
        let mut out = csv_out::BOM.to_owned() + &csv_out::line([&self.title]);
        for line in &self.lines {
            out += &csv_out::line([line]);
        }
        let code = text::word(self.language, "bulletin-column-area_code");
        let heads = self.columns.iter().zip(&self.heads);
        let heads: Vec<&str> = heads
            .flat_map(|(column, head)| match *column {
                "area" => vec![code.as_str(), head],
                _ => vec![head.as_str()],
            })
            .collect();
        out += &csv_out::line(heads);
        for row in &self.rows {
            out += &csv_out::line(self.file_row(row));
        }
        for line in &self.notes {
            out += &csv_out::line([line]);
        }
        out + &csv_out::line([self.signed()])
    }
}

/// Bulletins as a workbook, a sheet for each; `names` are those of the sheets.
pub fn bulletin_book(
    forms: &[(String, BulletinForm)],
    made_at: NaiveDateTime,
) -> Result<Vec<u8>, XlsxError> {
    let title = forms.first().map_or("", |(_, form)| form.title.as_str());
    let mut book = Book::new(title, made_at);
    for (name, form) in forms {
        let mut page = book.page(name);
        let cell = |value: &FormValue| match value {
            FormValue::Count(count) => Cell::Count(i64::try_from(*count).unwrap_or(i64::MAX)),
            FormValue::Percent(share) => Cell::Decimals(share.shown(), 1),
            other => Cell::text(form.shown(other)),
        };
        let titles: Vec<String> =
            std::iter::once(&form.title).chain(&form.lines).cloned().collect();
        let first = page.table(&titles, &form.heads, &[])?;
        let mut at = first;
        for row in &form.rows {
            for (column, value) in (0..).zip(row) {
                let look = match value {
                    FormValue::None | FormValue::Unreported => Look::NoFigure,
                    _ => Look::Plain,
                };
                page.put(at, column, &cell(value), look)?;
            }
            at += 1;
        }
        for line in form.notes.iter().chain([&form.signed()]) {
            page.put(at, 0, &Cell::text(line), Look::Remark)?;
            at += 1;
        }
        page.close()?;
    }
    book.bytes()
}

fn value(column: &str, line: &Line) -> FormValue {
    let people = |people: People| FormValue::Count(people.0);
    let share = |share: Option<Percent>| share.map_or(FormValue::None, FormValue::Percent);
    let done = |done: Done| done.reported().map_or(FormValue::Unreported, FormValue::Count);
    let place = |rank: Option<usize>| {
        rank.map_or(FormValue::None, |rank| FormValue::Count(u64::try_from(rank).unwrap_or(0)))
    };
    let stand = &line.stand;
    match column {
        "area" => FormValue::Name(stand.area_name.clone(), stand.area.to_string()),
        "eligible" => people(stand.eligible),
        "doses" => FormValue::Count(line.doses.0),
        "finished" => people(stand.finished),
        "percent" => share(stand.percent),
        "percent_before" => share(line.percent_before),
        "target_percent" => share(line.target_percent()),
        "short" => people(stand.short),
        "this" => done(line.this),
        "before" => done(line.before),
        "change" => share(line.change()),
        "missing" => FormValue::Count(line.this.missing),
        "rank" => place(line.rank),
        "rank_before" => place(line.rank_before),
        _ => FormValue::None,
    }
}

struct Words {
    language: Language,
    kind: BulletinKind,
}

impl Words {
    fn word(&self, key: &str) -> String {
        text::word(self.language, key)
    }

    fn say(&self, key: &str, arguments: &[(&str, &dyn Display)]) -> String {
        text::say(self.language, key, arguments)
    }

    /// The heading of a column: what is of the period is named after it.
    fn head(&self, column: &str) -> String {
        let period = if self.kind == BulletinKind::Daily { "day" } else { "week" };
        match column {
            "this" | "before" => self.word(&format!("bulletin-column-{column}-{period}")),
            // What other tables have, too, has the same name here.
            "eligible" | "doses" | "finished" | "short" => self.word(&format!("column-{column}")),
            other => self.word(&format!("bulletin-column-{other}")),
        }
    }

    fn percent(&self, share: Percent) -> String {
        self.say("mail-percent", &[("number", &share)])
    }

    fn days(&self, first: NaiveDate, last: NaiveDate) -> String {
        if first == last {
            return first.to_string();
        }
        self.say("report-period", &[("first", &first), ("last", &last)])
    }
}

fn lines(words: &Words, bulletin: &Bulletin) -> Vec<String> {
    let period = &bulletin.period;
    let (days, before) =
        (words.days(period.first, period.last), words.days(period.before.0, period.before.1));
    let mut out = vec![words.say("bulletin-days", &[("days", &days), ("before", &before)])];
    if period.goes_on {
        out.push(words.say("bulletin-goes-on", &[("last", &period.last)]));
    }
    let (whole, stand) = (&bulletin.whole, &bulletin.whole.stand);
    let mut said = words.say(
        "bulletin-stand",
        &[("eligible", &thousands(stand.eligible)), ("finished", &thousands(stand.finished))],
    );
    if let Some(share) = stand.percent {
        said += &words.say("bulletin-stand-percent", &[("percent", &words.percent(share))]);
    }
    if let Some(target) = whole.target_percent() {
        let short = thousands(stand.short);
        let target = words.percent(target);
        said += &words.say("bulletin-stand-target", &[("target", &target), ("short", &short)]);
    }
    said += &words.word("bulletin-stop");
    said += &given(words, whole);
    out.push(said);
    if bulletin.kind == BulletinKind::Ranking {
        out.extend(ends(words, &bulletin.areas));
    }
    out
}

/// What was given in the period, and how that compares.
fn given(words: &Words, whole: &Line) -> String {
    let count = |done: Done| {
        let none = || words.word("mail-summary-no-report");
        done.reported()
            .map_or_else(none, |doses| words.say("bulletin-doses", &[("doses", &thousands(doses))]))
    };
    let (this, before) = (count(whole.this), count(whole.before));
    let mut out = words.say("bulletin-given", &[("this", &this), ("before", &before)]);
    if let Some(change) = whole.change() {
        let sign = if change.tenths() > 0 { "+" } else { "" };
        let change = format!("{sign}{}", words.percent(change));
        out += &words.say("bulletin-given-change", &[("change", &change)]);
    }
    if whole.this.missing > 0 {
        out += &words.say("bulletin-given-missing", &[("count", &whole.this.missing)]);
    }
    out + &words.word("bulletin-stop")
}

/// Who is ahead, and who is behind.
fn ends(words: &Words, areas: &[Line]) -> Option<String> {
    let ranked: Vec<&Line> = areas.iter().filter(|line| line.rank.is_some()).collect();
    if ranked.len() < ENDS_MIN {
        return None;
    }
    let named = |lines: &[&Line]| {
        let one = |line: &&Line| match line.stand.percent {
            Some(share) => format!("{} {}", line.stand.area_name, words.percent(share)),
            None => line.stand.area_name.clone(),
        };
        lines.iter().map(one).collect::<Vec<_>>().join(&words.word("bulletin-comma"))
    };
    let (first, last) = (named(&ranked[..NAMED]), named(&ranked[ranked.len() - NAMED..]));
    Some(words.say("bulletin-ends", &[("first", &first), ("last", &last)]))
}

fn notes(words: &Words, bulletin: &Bulletin) -> Vec<String> {
    let mut out = vec![words.word("bulletin-note-change"), words.word("bulletin-note-unreported")];
    if bulletin.areas.iter().any(|line| line.rank.is_some()) {
        out.push(words.word("bulletin-note-rank"));
    }
    if let Some(day) = bulletin.known_on {
        out.insert(0, words.say("bulletin-note-known", &[("day", &day)]));
    }
    out
}
