//! The register from one person to the next, each with all doses, as it was known before an instant. A piece is the
//! people of a range of codes; its rows come as one JSON text of each table, which is read on any thread: while one
//! piece is counted, the database makes the next one.

use super::db::Value;
use super::json_rows::{Cell, Rows};
use super::lookup::each_row;
use super::people::ENROLLEE;
use super::records::Record as _;
use super::row::day;
use super::{Result, StoreError, Tx};
use crate::args;
use crate::domain::dose::Attribute;
use crate::domain::id::CampaignNo;
use crate::domain::person::{Person, Sex};
use chrono::NaiveDate;
use serde::de::{Deserialize, Deserializer, Error as DeError, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

const WHO: [&str; 2] = [
    "SELECT person, born, sex, content FROM person WHERE recorded_at < $1",
    "SELECT person, born, sex, content FROM person_past \
     WHERE recorded_at < $1 AND superseded_at >= $1",
];

/// What is asked of a person; in this order [`Person`] reads a row, and behind it stands when it was recorded.
const PERSON: [&str; 9] =
    ["person", "area", "born", "grp", "sex", "tags", "died", "content", "recorded_at"];
const DOSE: [&str; 9] = [
    "record",
    "person",
    "day",
    "place",
    "product",
    "campaign",
    "attribute",
    "entered_by",
    "entered_at",
];
const KNOWN: &str = "recorded_at < $3";
const KNOWN_THEN: &str = "recorded_at < $3 AND superseded_at >= $3";

static PEOPLE: LazyLock<[String; 2]> = LazyLock::new(|| texts("person", &PERSON, KNOWN));
static PEOPLE_THEN: LazyLock<[String; 2]> =
    LazyLock::new(|| texts("person_past", &PERSON, KNOWN_THEN));
static PEOPLE_BEFORE: LazyLock<[String; 2]> =
    LazyLock::new(|| texts("person_past", &PERSON, KNOWN));
static DOSES: LazyLock<[String; 2]> = LazyLock::new(|| {
    let [sqlite, _] = texts("dose", &DOSE, KNOWN);
    [sqlite, doses_of_postgres()]
});
static DOSES_THEN: LazyLock<[String; 2]> = LazyLock::new(|| texts("dose_past", &DOSE, KNOWN_THEN));

/// The rows of a range of people, in the words of each database.
fn texts(table: &str, columns: &[&str], known: &str) -> [String; 2] {
    let list = columns.join(", ");
    let rest = format!("WHERE person >= $1 AND person < $2 AND {known}");
    [
        format!("SELECT json_group_array(json_array({list})) FROM {table} {rest}"),
        format!("SELECT CAST(json_agg(json_build_array({list})) AS TEXT) FROM {table} {rest}"),
    ]
}

/// Bytes of the texts of a dose that have no short limit: as the two indexes of PostgreSQL say it.
const BYTES: &str = "COALESCE(octet_length(product), 0) + COALESCE(octet_length(entered_by), 0) \
     + COALESCE(octet_length(entered_at), 0)";

/// The same for doses in PostgreSQL: almost all of them from the index that has the whole dose, the few that are too
/// long for an index from the table.
fn doses_of_postgres() -> String {
    let list = DOSE.join(", ");
    let part = |length: &str| {
        format!(
            "SELECT {list} FROM dose WHERE person >= $1 AND person < $2 AND {KNOWN} \
             AND {BYTES} {length}"
        )
    };
    let (short, long) = (part("<= 1000"), part("> 1000"));
    format!(
        "SELECT CAST(json_agg(json_build_array({list})) AS TEXT) \
         FROM ({short} UNION ALL {long}) AS known"
    )
}

/// Behind every code.
const END: &str = "\u{10FFFF}";

/// What tells whether two files are one person.
pub struct Who<'a> {
    /// The code.
    pub person: &'a str,
    /// Day of birth.
    pub born: NaiveDate,
    /// Sex.
    pub sex: Sex,
    /// Name; empty where unknown, like the others.
    pub name: &'a str,
    /// Identity number.
    pub id_no: &'a str,
    /// Guardian.
    pub guardian: &'a str,
}

#[derive(serde::Deserialize)]
struct Names<'a> {
    #[serde(borrow)]
    name: Option<Word<'a>>,
    #[serde(borrow, default)]
    more: More<'a>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct More<'a> {
    #[serde(borrow)]
    id_no: Option<Word<'a>>,
    #[serde(borrow)]
    guardian: Option<Word<'a>>,
}

/// Hands over everybody who was known before an instant (milliseconds since 1970), in no order.
pub async fn each_who(tx: &mut Tx, before: i64, mut take: impl FnMut(Who<'_>)) -> Result<()> {
    let texts = if before == i64::MAX { &WHO[..1] } else { &WHO[..] };
    for sql in texts {
        tx.each(sql, args![before], |row| {
            let row = row.of("person", &[0]);
            let (person, letter): (String, String) = (row.get(0)?, row.get(2)?);
            let content: String = row.get(3)?;
            // What serde says may quote a name or an address.
            let names: Names<'_> = serde_json::from_str(&content)
                .map_err(|_| row.bad(3, "is not a person in JSON"))?;
            let sex = Sex::from_letter(&letter);
            take(Who {
                person: &person,
                born: row.get(1)?,
                sex: sex.ok_or_else(|| row.bad(2, format!("{letter:?} is not a sex")))?,
                name: text(names.name.as_ref()),
                id_no: text(names.more.id_no.as_ref()),
                guardian: text(names.more.guardian.as_ref()),
            });
            Ok(())
        })
        .await?;
    }
    Ok(())
}

fn plain<'a>(word: Option<&'a Word<'_>>) -> Option<&'a str> {
    word.map(|word| &*word.0)
}

fn text<'a>(word: Option<&'a Word<'_>>) -> &'a str {
    plain(word).unwrap_or_default()
}

/// Rows of some people, not read yet.
pub struct Piece {
    people: Vec<String>,
    before: String,
    doses: Vec<String>,
}

/// The people whose codes are not before `from` and before `until` (`None`: to the end), as they were known before an
/// instant (milliseconds since 1970).
pub async fn piece(tx: &mut Tx, (from, until): (&str, Option<&str>), before: i64) -> Result<Piece> {
    let values = || args![from, until.unwrap_or(END), before];
    let mut people = vec![answer(tx, &PEOPLE, values()).await?];
    let mut doses = vec![answer(tx, &DOSES, values()).await?];
    if before < i64::MAX {
        people.push(answer(tx, &PEOPLE_THEN, values()).await?);
        doses.push(answer(tx, &DOSES_THEN, values()).await?);
    }
    let before = answer(tx, &PEOPLE_BEFORE, values()).await?;
    Ok(Piece { people, before, doses })
}

async fn answer(tx: &mut Tx, texts: &'static [String; 2], values: Vec<Value>) -> Result<String> {
    let text = if tx.is_sqlite() { &texts[0] } else { &texts[1] };
    let row = tx.row(text, values).await?;
    let found = row.map_or(Ok(None), |row| row.get::<Option<String>>(0))?;
    Ok(found.unwrap_or_else(|| "[]".to_owned()))
}

/// A dose, as counting by person needs it.
pub struct WalkedDose<'a> {
    /// The record.
    pub record: &'a str,
    /// The person.
    pub person: &'a str,
    /// When it was given.
    pub date: NaiveDate,
    /// Where.
    pub place: &'a str,
    /// The product, where one is said.
    pub product: Option<&'a str>,
    /// The campaign under which it was recorded.
    pub campaign: Option<CampaignNo>,
    /// Who paid.
    pub attribute: Option<Attribute>,
    /// Who entered it.
    pub entered_by: Option<&'a str>,
    /// When it was entered.
    pub entered_at: Option<&'a str>,
}

/// A row of doses, in the order of [`DOSE`].
fn walked<'r>(row: &'r [Cell<'_>; DOSE.len()]) -> Result<WalkedDose<'r>> {
    let text = |cell: &'r Cell<'_>| match cell {
        Cell::Null => Ok(None),
        Cell::Text(text) => Ok(Some(&**text)),
        Cell::Number(_) => Err(unreadable("dose")),
    };
    let needed = |cell| text(cell)?.ok_or_else(|| unreadable("dose"));
    let [record, person, date, place, product, campaign, attribute, entered_by, entered_at] = row;
    let record = needed(record)?;
    let bad = |column, what| StoreError::bad("dose", column, record, what);
    let attribute = text(attribute)?.map(|word| {
        Attribute::from_word(word).ok_or_else(|| bad("attribute", "is not an attribute"))
    });
    Ok(WalkedDose {
        record,
        person: needed(person)?,
        date: day(needed(date)?.as_bytes()).ok_or_else(|| bad("day", "is not a day"))?,
        place: needed(place)?,
        product: text(product)?,
        campaign: match campaign {
            Cell::Null => None,
            Cell::Number(no) => Some(CampaignNo(*no)),
            Cell::Text(_) => return Err(unreadable("dose")),
        },
        attribute: attribute.transpose()?,
        entered_by: text(entered_by)?,
        entered_at: text(entered_at)?,
    })
}

impl Piece {
    /// The people, by code, each with when the row was recorded (milliseconds since 1970) where it stands now.
    pub fn people(&self) -> Result<Vec<(Person, Option<i64>)>> {
        let mut found = Vec::new();
        for (at, text) in self.people.iter().enumerate() {
            each_person(text, |person, recorded_at| {
                found.push((person, (at == 0).then_some(recorded_at)));
            })?;
        }
        found.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        Ok(found)
    }

    /// What was known of the people and replaced at any time, with when it was recorded, in no order.
    pub fn people_before(&self) -> Result<Vec<(Person, i64)>> {
        let mut found = Vec::new();
        each_person(&self.before, |person, at| found.push((person, at)))?;
        Ok(found)
    }

    /// Hands over the doses, in no order.
    pub fn each_dose(&self, mut take: impl FnMut(WalkedDose<'_>)) -> Result<()> {
        for text in &self.doses {
            let no_rows = |_| unreadable("dose");
            let mut rows = Rows::of(text).map_err(no_rows)?;
            while let Some(row) = rows.row().map_err(no_rows)? {
                take(walked(&row)?);
            }
        }
        Ok(())
    }
}

fn each_person(text: &str, mut take: impl FnMut(Person, i64)) -> Result<()> {
    debug_assert!(PERSON.starts_with(&ENROLLEE));
    each_row(text, ("person", &PERSON, &[0]), |row| {
        take(Person::read(row)?, row.get(8)?);
        Ok(())
    })
}

fn unreadable(table: &'static str) -> StoreError {
    StoreError::BadTable { table, what: "an answer is not in JSON".to_owned() }
}

/// A text of an answer: part of it, unless a character was escaped.
struct Word<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_str(WordVisitor)
    }
}

struct WordVisitor;

impl<'de> Visitor<'de> for WordVisitor {
    type Value = Word<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: DeError>(self, text: &'de str) -> std::result::Result<Word<'de>, E> {
        Ok(Word(Cow::Borrowed(text)))
    }

    fn visit_str<E: DeError>(self, text: &str) -> std::result::Result<Word<'de>, E> {
        Ok(Word(Cow::Owned(text.to_owned())))
    }
}
