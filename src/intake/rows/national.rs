//! The columns of the files that the official figures are counted from (`schedules/national/README.md`).

use super::{Rows, Shape, open};
use crate::domain::dose::Attribute;
use crate::domain::national::{Moment, Township, UnitKind, VaccinationUnit};
use crate::domain::person::Sex;
use crate::intake::fields::{COUNT_MAX, Fields};
use crate::intake::issue::Issue;
use crate::intake::table::Column;
use crate::intake::values;
use chrono::NaiveDate;
use std::path::Path;

/// Heaviest newborn in grams; heavier ones are typing errors. Our choice.
const WEIGHT_MAX: u32 = 10_000;
/// The highest dose number that a record may report. Our choice.
const NUMBER_MAX: u32 = 99;
/// Longest code, in bytes.
const CODE_BYTES_MAX: usize = 100;

/// A row of `children.csv`.
pub(in crate::intake) struct ChildRow {
    pub(in crate::intake) child: String,
    pub(in crate::intake) name: String,
    pub(in crate::intake) id_no: String,
    pub(in crate::intake) guardian: String,
    pub(in crate::intake) sex: Sex,
    pub(in crate::intake) born: Moment,
    pub(in crate::intake) unit: Option<String>,
    pub(in crate::intake) died: Option<NaiveDate>,
    pub(in crate::intake) mother: String,
    pub(in crate::intake) birth_weight: Option<u32>,
    pub(in crate::intake) school: String,
    pub(in crate::intake) class: String,
    pub(in crate::intake) uploaded: Option<Moment>,
}

/// A row of `doses.csv`. Its codes stand in one text, for there are very many of them.
pub(in crate::intake) struct DoseRow {
    codes: Box<str>,
    ends: [u16; 5],
    pub(in crate::intake) at: Moment,
    pub(in crate::intake) entered: Option<Moment>,
    /// `None` where the cell is empty.
    pub(in crate::intake) attribute: Option<Attribute>,
    pub(in crate::intake) number: Option<u8>,
}

impl DoseRow {
    /// A row of record, child, vaccine, giving and entering unit; `None` if they are longer than any code.
    pub(in crate::intake) fn of(codes: [&str; 5], at: Moment) -> Option<Self> {
        let mut ends = [0; 5];
        let mut text = String::with_capacity(codes.iter().map(|code| code.len()).sum());
        for (code, end) in codes.iter().zip(&mut ends) {
            text.push_str(code);
            *end = u16::try_from(text.len()).ok()?;
        }
        let codes = text.into_boxed_str();
        Some(Self { codes, ends, at, entered: None, attribute: None, number: None })
    }

    fn code(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { usize::from(self.ends[at - 1]) };
        &self.codes[start..usize::from(self.ends[at])]
    }

    /// The record's id.
    pub(in crate::intake) fn record(&self) -> &str {
        self.code(0)
    }

    /// The child's file.
    pub(in crate::intake) fn child(&self) -> &str {
        self.code(1)
    }

    /// The vaccine.
    pub(in crate::intake) fn vaccine(&self) -> &str {
        self.code(2)
    }

    /// The giving unit; empty if unknown.
    pub(in crate::intake) fn unit(&self) -> &str {
        self.code(3)
    }

    /// The entering unit; empty if unknown.
    pub(in crate::intake) fn entered_by(&self) -> &str {
        self.code(4)
    }
}

/// A row of `moves.csv`: child, since, unit.
pub(in crate::intake) struct MoveRow {
    pub(in crate::intake) child: String,
    pub(in crate::intake) since: NaiveDate,
    pub(in crate::intake) unit: String,
}

const CHILDREN: Shape<ChildRow> = Shape {
    stem: "children",
    columns: &[
        Column::required("child"),
        Column::optional("name").private(),
        Column::optional("id_no").private(),
        Column::optional("guardian").private(),
        Column::optional("sex"),
        Column::required("born").private(),
        Column::optional("unit"),
        Column::optional("died").private(),
        Column::optional("mother_hbsag").private(),
        Column::optional("birth_weight").private(),
        Column::optional("gest_weeks").private(),
        Column::optional("school"),
        Column::optional("class"),
        Column::optional("uploaded"),
    ],
    read: child,
    is_unfilled: |_| false,
};

const DOSES: Shape<DoseRow> = Shape {
    stem: "doses",
    columns: &[
        Column::required("dose"),
        Column::required("child"),
        Column::required("vaccine"),
        Column::required("date"),
        Column::optional("unit"),
        Column::optional("entered_by"),
        Column::optional("entered_at"),
        Column::optional("attribute"),
        Column::optional("number"),
    ],
    read: dose,
    is_unfilled: |_| false,
};

const UNITS: Shape<VaccinationUnit> = Shape {
    stem: "units",
    columns: &[
        Column::required("unit"),
        Column::optional("name"),
        Column::required("township"),
        Column::required("county"),
        Column::optional("kind"),
    ],
    read: unit,
    is_unfilled: |_| false,
};

const TOWNSHIPS: Shape<Township> = Shape {
    stem: "townships",
    columns: &[
        Column::required("township"),
        Column::required("county"),
        Column::optional("population"),
        Column::optional("merged_as"),
    ],
    read: township,
    is_unfilled: |_| false,
};

const MOVES: Shape<MoveRow> = Shape {
    stem: "moves",
    columns: &[Column::required("child"), Column::required("since"), Column::required("unit")],
    read: moved,
    is_unfilled: |_| false,
};

/// Opens `children.csv`.
pub(in crate::intake) fn children(path: &Path) -> Result<Rows<ChildRow>, Vec<Issue>> {
    open(path, &CHILDREN)
}

/// Opens `doses.csv`.
pub(in crate::intake) fn doses(path: &Path) -> Result<Rows<DoseRow>, Vec<Issue>> {
    open(path, &DOSES)
}

/// Opens `units.csv`.
pub(in crate::intake) fn units(path: &Path) -> Result<Rows<VaccinationUnit>, Vec<Issue>> {
    open(path, &UNITS)
}

/// Opens `townships.csv`.
pub(in crate::intake) fn townships(path: &Path) -> Result<Rows<Township>, Vec<Issue>> {
    open(path, &TOWNSHIPS)
}

/// Opens `moves.csv`.
pub(in crate::intake) fn moves(path: &Path) -> Result<Rows<MoveRow>, Vec<Issue>> {
    open(path, &MOVES)
}

fn child(fields: &mut Fields<'_>) -> Option<ChildRow> {
    let child = fields.code("child");
    let name = fields.text_maybe("name");
    let id_no = fields.code_maybe("id_no");
    let guardian = fields.text_maybe("guardian");
    let sex = if fields.is_blank("sex") { Some(Sex::U) } else { sex(fields) };
    let born = moment(fields, "born");
    let unit = fields.code_maybe("unit");
    let died = moment_maybe(fields, "died");
    let mother = if fields.is_blank("mother_hbsag") { Some(String::new()) } else { mother(fields) };
    let birth_weight = fields.count_maybe("birth_weight", 0..=WEIGHT_MAX);
    let school = fields.text_maybe("school");
    let class = fields.text_maybe("class");
    let uploaded = moment_maybe(fields, "uploaded");
    Some(ChildRow {
        child: child?,
        name: name?.unwrap_or_default(),
        id_no: id_no?.unwrap_or_default(),
        guardian: guardian?.unwrap_or_default(),
        sex: sex?,
        born: born?,
        unit: unit?,
        died: died?.map(|died| died.day),
        mother: mother?,
        birth_weight: birth_weight?,
        school: school?.unwrap_or_default(),
        class: class?.unwrap_or_default(),
        uploaded: uploaded?,
    })
}

fn sex(fields: &mut Fields<'_>) -> Option<Sex> {
    fields.word("sex", &["1", "2", "M", "F"], |word| match word {
        "2" | "f" | "female" | "女" | "女性" => Some(Sex::F),
        "1" | "m" | "male" | "男" | "男性" => Some(Sex::M),
        "0" | "9" | "u" | "unknown" | "未知" | "不详" => Some(Sex::U),
        _ => None,
    })
}

fn mother(fields: &mut Fields<'_>) -> Option<String> {
    fields.word("mother_hbsag", &["01", "02", "03"], |word| match word {
        "01" | "1" | "阳性" => Some("01".to_owned()),
        "02" | "2" | "阴性" => Some("02".to_owned()),
        "03" | "3" | "未检测" | "不详" => Some("03".to_owned()),
        _ => None,
    })
}

fn dose(fields: &mut Fields<'_>) -> Option<DoseRow> {
    let record = code(fields, "dose");
    let child = code(fields, "child");
    let vaccine = code(fields, "vaccine");
    let at = moment(fields, "date");
    let unit = code_maybe(fields, "unit");
    let entered_by = code_maybe(fields, "entered_by");
    let entered = moment_maybe(fields, "entered_at");
    let attribute = if fields.is_blank("attribute") { Some(None) } else { attribute(fields) };
    let number = fields.count_maybe("number", 0..=NUMBER_MAX);
    let codes = [record?, child?, vaccine?, unit?, entered_by?];
    Some(DoseRow {
        entered: entered?,
        attribute: attribute?,
        number: number?.and_then(|number| u8::try_from(number).ok()),
        ..DoseRow::of(codes, at?)?
    })
}

#[expect(clippy::option_option, reason = "outer: the cell was refused; inner: the cell is blank")]
fn attribute(fields: &mut Fields<'_>) -> Option<Option<Attribute>> {
    fields.word("attribute", &["P", "S"], |word| match word {
        "p" | "免疫规划" | "国家免疫规划疫苗" => Some(Some(Attribute::Programme)),
        "s" | "自费" | "非免疫规划" | "非国家免疫规划疫苗" => {
            Some(Some(Attribute::SelfPaid))
        }
        _ => None,
    })
}

fn unit(fields: &mut Fields<'_>) -> Option<VaccinationUnit> {
    let code = fields.code("unit");
    let name = fields.text_maybe("name");
    let township = fields.code("township");
    let county = fields.code("county");
    let kind = if fields.is_blank("kind") { Some(UnitKind::Routine) } else { kind(fields) };
    Some(VaccinationUnit {
        code: code?,
        name: name?.unwrap_or_default(),
        township: township?,
        county: county?,
        kind: kind?,
    })
}

fn kind(fields: &mut Fields<'_>) -> Option<UnitKind> {
    fields.word("kind", &["routine", "maternity", "nonprogramme"], |word| match word {
        "routine" | "常规" => Some(UnitKind::Routine),
        "maternity" | "产科" => Some(UnitKind::Maternity),
        "nonprogramme" | "非免疫规划" => Some(UnitKind::NonProgramme),
        _ => None,
    })
}

fn township(fields: &mut Fields<'_>) -> Option<Township> {
    let code = fields.code("township");
    let county = fields.code("county");
    let population = fields.count_maybe("population", 0..=COUNT_MAX);
    let merged_as = fields.code_maybe("merged_as");
    Some(Township {
        code: code?,
        county: county?,
        population: population?.map(u64::from),
        merged_as: merged_as?.unwrap_or_default(),
    })
}

fn moved(fields: &mut Fields<'_>) -> Option<MoveRow> {
    let child = fields.code("child");
    let since = moment(fields, "since");
    let unit = fields.code("unit");
    Some(MoveRow { child: child?, since: since?.day, unit: unit? })
}

/// A required code, without copying it.
fn code<'a>(fields: &mut Fields<'a>, column: &'static str) -> Option<&'a str> {
    let text = fields.get(column);
    let is_plain = text.bytes().all(|b| b.is_ascii_graphic());
    if is_plain && !text.is_empty() && text.len() <= CODE_BYTES_MAX && !text.starts_with('#') {
        return Some(text);
    }
    fields.code(column).map(|_| text)
}

/// An optional code; empty if the cell is blank.
fn code_maybe<'a>(fields: &mut Fields<'a>, column: &'static str) -> Option<&'a str> {
    if fields.is_blank(column) { Some("") } else { code(fields, column) }
}

/// A day; a time may follow, as `2025-03-05T01:00` or `20250305T010000`.
fn moment(fields: &mut Fields<'_>, column: &'static str) -> Option<Moment> {
    let text = fields.get(column);
    if !text.contains(['T', ' ']) {
        return fields.day(column).map(Moment::day);
    }
    let found = moment_of(text);
    found.or_else(|| fields.refuse("bad_date", column))
}

/// A day, perhaps with a time; `None` if it is neither.
pub(in crate::intake) fn moment_of(text: &str) -> Option<Moment> {
    let parsed = |day| values::day(day).filter(|day| values::is_plausible(*day));
    // There are as many of these as doses: bytes are looked at, which is several times as fast as characters.
    let Some(at) = text.bytes().position(|byte| matches!(byte, b'T' | b' ')) else {
        return parsed(text).map(Moment::day);
    };
    let (day, time) = (&text[..at], &text[at + 1..]);
    // Exports write a day without time as `20220101T000000`.
    if matches!(time, "000000" | "00:00:00") {
        return parsed(day).map(Moment::day);
    }
    let (day, minute) = (parsed(day)?, minute_of(time)?);
    Some(Moment { day, minute: Some(minute) })
}

#[expect(clippy::option_option, reason = "outer: the cell was refused; inner: the cell is blank")]
fn moment_maybe(fields: &mut Fields<'_>, column: &'static str) -> Option<Option<Moment>> {
    if fields.is_blank(column) { Some(None) } else { moment(fields, column).map(Some) }
}

/// Minutes since midnight of `01:00`, `01:00:30` or `010000`.
fn minute_of(time: &str) -> Option<u16> {
    let digits: String = time.chars().filter(|c| *c != ':').collect();
    let is_sound = matches!(digits.len(), 4 | 6) && digits.bytes().all(|b| b.is_ascii_digit());
    let number = |part: &str| part.parse::<u16>().ok();
    let (hour, minute) = is_sound.then(|| (&digits[..2], &digits[2..4]))?;
    let (hour, minute) = (number(hour)?, number(minute)?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}
