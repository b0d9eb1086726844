//! The register.

use super::db::{TableRow, Value};
use super::near::Near;
use super::records::{Record, Table};
use super::{Result, Tx};
use crate::args;
use crate::domain::id::{AreaCode, GroupId, PersonId};
use crate::domain::person::{Enrollee, Person, Sex};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The columns that counting needs, in the order of the index that has them all.
pub(super) const ENROLLEE: [&str; 7] = ["person", "area", "born", "grp", "sex", "tags", "died"];

static TABLE: LazyLock<Table> =
    LazyLock::new(|| Table::new("person", &[&ENROLLEE[..], &["content"]].concat()));
static NEAR: LazyLock<String> = LazyLock::new(|| {
    Near::of((&format!("{}, content", ENROLLEE.join(", ")), "person"), "", "person")
});

const ALL: &str = "SELECT person, area, born, grp, sex, tags, died, content FROM person \
     ORDER BY person";
const ENROLLED: &str =
    "SELECT person, area, born, grp, sex, tags, died FROM person ORDER BY person";
/// The two databases read JSON with different functions. The index on the expression has it in the same words.
const HOUSEHOLDS: [&str; 2] = [
    "SELECT a.person, h.person FROM person a JOIN person h \
     ON CASE WHEN json_valid(h.content) THEN json_extract(h.content, '$.household') END = \
     CASE WHEN json_valid(a.content) THEN json_extract(a.content, '$.household') END \
     WHERE a.person IN (SELECT value FROM json_each($1)) ORDER BY a.person, h.person",
    "SELECT a.person, h.person FROM person a JOIN person h \
     ON CASE WHEN h.content LIKE '{%' THEN CAST(h.content AS json) ->> 'household' END = \
     CASE WHEN a.content LIKE '{%' THEN CAST(a.content AS json) ->> 'household' END \
     WHERE a.person IN (SELECT value FROM json_each($1)) ORDER BY a.person, h.person",
];
/// As [`HOUSEHOLDS`].
const OF_DOCUMENT: [&str; 2] = [
    "SELECT person FROM person \
     WHERE CASE WHEN json_valid(content) THEN json_extract(content, '$.more.id_no') END = $1 \
     ORDER BY person LIMIT 2",
    "SELECT person FROM person \
     WHERE CASE WHEN content LIKE '{%' THEN CAST(content AS json) -> 'more' ->> 'id_no' END = $1 \
     ORDER BY person LIMIT 2",
];
const SEARCH: &str = "SELECT person, area, born, grp, sex, tags, died, content FROM person \
     WHERE LOWER(person) LIKE $1 ESCAPE '!' OR LOWER(content) LIKE $1 ESCAPE '!' \
     OR LOWER(content) LIKE $2 ESCAPE '!' ORDER BY person";
const COUNT: &str = "SELECT COUNT(*) FROM person";

/// Stands between the groups of a person, whose codes may have spaces.
const BETWEEN_GROUPS: &str = "\n";

impl Record for Person {
    fn table() -> &'static Table {
        &TABLE
    }

    fn key(&self) -> &str {
        self.id.as_str()
    }

    fn values(&self) -> Vec<Value> {
        let content = serde_json::to_string(self).expect("a person is plain data");
        let groups: Vec<_> = self.groups.iter().map(GroupId::as_str).collect();
        let list = |parts: String| (!parts.is_empty()).then_some(parts);
        args![
            self.id.as_str(),
            self.area.as_str(),
            self.born,
            list(groups.join(BETWEEN_GROUPS)),
            self.sex.letter(),
            list(self.tags.join(" ")),
            self.more.died,
            content,
        ]
    }

    fn read(row: &TableRow<'_>) -> Result<Self> {
        let content: String = row.get(7)?;
        // What serde says may quote a name or an address.
        let person: Self =
            serde_json::from_str(&content).map_err(|_| row.bad(7, "is not a person in JSON"))?;
        let (id, Enrollee { area, born, groups, sex, tags }) = enrollee(row)?;
        Ok(Self { id, area, born, sex, groups, tags, ..person })
    }
}

/// What counting needs of a person, from a row that begins with [`ENROLLEE`].
pub(super) fn enrollee(row: &TableRow<'_>) -> Result<(PersonId, Enrollee)> {
    let groups: Option<String> = row.get(3)?;
    let tags: Option<String> = row.get(5)?;
    let letter: String = row.get(4)?;
    let enrollee = Enrollee {
        area: AreaCode::new(row.get::<String>(1)?),
        born: row.get(2)?,
        groups: groups
            .iter()
            .flat_map(|groups| groups.split(BETWEEN_GROUPS))
            .map(GroupId::from)
            .collect(),
        sex: Sex::from_letter(&letter)
            .ok_or_else(|| row.bad(4, format!("{letter:?} is not a sex")))?,
        tags: tags.iter().flat_map(|tags| tags.split(' ')).map(str::to_owned).collect(),
    };
    Ok((PersonId::new(row.get::<String>(0)?), enrollee))
}

/// Hands over those who are near, by code.
pub async fn each_near(tx: &mut Tx, near: Near<'_>, mut take: impl FnMut(Person)) -> Result<()> {
    tx.each(&NEAR, near.values(), |row| {
        take(Person::read(&row.of("person", &[0]))?);
        Ok(())
    })
    .await
}

/// Hands over everybody, by code.
pub async fn each(tx: &mut Tx, mut take: impl FnMut(Person)) -> Result<()> {
    tx.each(ALL, args![], |row| {
        take(Person::read(&row.of("person", &[0]))?);
        Ok(())
    })
    .await
}

/// Hands over, by code, everybody whose code or record may have a text somewhere; `asked` is in lower case. A letter
/// beyond ASCII that has two cases stands for any character: databases fold these differently or not at all.
pub async fn search(tx: &mut Tx, asked: &str, mut take: impl FnMut(Person)) -> Result<()> {
    let is_cased = |c: char| !c.is_ascii() && (c.is_lowercase() || c.is_uppercase());
    let plain: String = asked
        .chars()
        .map(|c| match c {
            '!' | '%' | '_' => format!("!{c}"),
            c if is_cased(c) => "%".to_owned(),
            c => c.to_string(),
        })
        .collect();
    // Numbers are stored as somebody typed them, with blanks and hyphens or without.
    let digits = asked.chars().filter(|c| !" -".contains(*c)).map(String::from);
    let loose = if asked.chars().all(|c| c.is_ascii_digit() || " -".contains(c)) {
        digits.collect::<Vec<_>>().join("%")
    } else {
        plain.clone()
    };
    tx.each(SEARCH, args![format!("%{plain}%"), format!("%{loose}%")], |row| {
        take(Person::read(&row.of("person", &[0]))?);
        Ok(())
    })
    .await
}

/// Hands over everybody, by code, with no more than counting needs.
pub async fn each_enrollee(tx: &mut Tx, mut take: impl FnMut(PersonId, Enrollee)) -> Result<()> {
    tx.each(ENROLLED, args![], |row| {
        let (id, person) = enrollee(&row.of("person", &[0]))?;
        take(id, person);
        Ok(())
    })
    .await
}

/// The codes of everybody of the household of each of some people, by code. Who has none is not there.
pub async fn households(tx: &mut Tx, people: &[&str]) -> Result<BTreeMap<PersonId, Vec<PersonId>>> {
    let sql = if tx.is_sqlite() { HOUSEHOLDS[0] } else { HOUSEHOLDS[1] };
    let mut out: BTreeMap<PersonId, Vec<PersonId>> = BTreeMap::new();
    for row in tx.rows(sql, args![super::json_list(people)]).await? {
        let (one, member) = (row.get::<String>(0)?, row.get::<String>(1)?);
        out.entry(PersonId::new(one)).or_default().push(PersonId::new(member));
    }
    Ok(out)
}

/// Whose document has a number, as it stands in the register; `None` where nobody's has, or several people's.
pub async fn of_document(tx: &mut Tx, number: &str) -> Result<Option<PersonId>> {
    let sql = if tx.is_sqlite() { OF_DOCUMENT[0] } else { OF_DOCUMENT[1] };
    let rows = tx.rows(sql, args![number]).await?;
    let [row] = rows.as_slice() else { return Ok(None) };
    row.get::<String>(0).map(PersonId::new).map(Some)
}

/// How many people the register has.
pub async fn count(tx: &mut Tx) -> Result<u64> {
    let row = tx.row(COUNT, args![]).await?;
    row.expect("a count has a row").count(0, "person")
}
