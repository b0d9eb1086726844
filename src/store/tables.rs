//! Every table with its columns, for what concerns the database as a whole: copies and their proof. A test holds the
//! list against what the two databases say of themselves.

use super::db::{Row, Value};
use super::{Result, Tx};
use chrono::NaiveDate;
use std::sync::LazyLock;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number, also an instant, a yes or a no.
    Int,
    /// Text.
    Text,
    /// A day.
    Day,
    /// Bytes.
    Bytes,
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it may be empty.
    pub nullable: bool,
}

/// A table, with the statements that read and fill it.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns, in their order.
    pub columns: &'static [Column],
    /// How many of the first columns are its key; 0 where it has none.
    pub key: usize,
    /// Whether the database numbers the first column.
    pub numbered: bool,
    select: String,
    count: String,
    clear: String,
    sequence: String,
    insert: [Insert; 3],
}

/// A statement that stores many rows at once, in each database's words.
#[derive(Debug)]
struct Insert {
    rows: usize,
    sqlite: String,
    postgres: String,
}

const fn int(name: &'static str) -> Column {
    Column { name, kind: Kind::Int, nullable: false }
}

const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text, nullable: false }
}

const fn day(name: &'static str) -> Column {
    Column { name, kind: Kind::Day, nullable: false }
}

const fn bytes(name: &'static str) -> Column {
    Column { name, kind: Kind::Bytes, nullable: false }
}

const fn maybe(column: Column) -> Column {
    Column { nullable: true, ..column }
}

/// Reads as "columns, of which the first `key` are the key".
macro_rules! tables {
    ($($name:ident $key:literal $($numbered:ident)? [$($column:expr),+ $(,)?]),+ $(,)?) => {
        /// Every table but that of the migrations; those that others refer to come before them.
        pub static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| vec![$({
            const COLUMNS: &[Column] = &[$($column),+];
            let numbered = !stringify!($($numbered)?).is_empty();
            Table::new(stringify!($name), COLUMNS, $key, numbered)
        }),+]);
    };
}

tables! {
    campaign 1 numbered [
        int("no"), text("id"), int("created_at"), maybe(int("closed_at")),
    ],
    campaign_version 2 [int("campaign"), int("version"), int("applied_at"), text("content")],
    jurisdiction_version 1 [int("version"), int("applied_at"), text("content")],
    person 1 [
        text("person"), text("area"), day("born"), maybe(text("grp")), text("sex"),
        maybe(text("tags")), maybe(day("died")), text("content"), int("recorded_at"),
    ],
    // What is no longer known has no key; in the order of these columns an index helps.
    person_past 0 [
        text("person"), int("recorded_at"), int("superseded_at"), text("area"), day("born"),
        maybe(text("grp")), text("sex"), maybe(text("tags")), maybe(day("died")), text("content"),
        text("why"),
    ],
    alias 1 [text("alias"), text("person"), int("at"), maybe(text("moved"))],
    alias_past 2 [text("alias"), int("until_at"), text("person"), int("at")],
    erased 1 [text("person"), int("at"), text("why")],
    apart 1 numbered [
        int("id"), text("kind"), int("campaign"), text("code"), maybe(text("now_code")),
        text("content"), int("recorded_at"), maybe(int("superseded_at")), text("state"),
        maybe(int("decided_at")),
    ],
    dose 1 [
        text("record"), text("person"), day("day"), text("place"), maybe(text("product")),
        maybe(text("lot")), maybe(int("campaign")), int("elsewhere"), maybe(text("attribute")),
        maybe(text("entered_by")), maybe(text("entered_at")), int("recorded_at"),
    ],
    dose_past 0 [
        text("record"), int("recorded_at"), int("superseded_at"), text("person"), day("day"),
        text("place"), maybe(text("product")), maybe(text("lot")), maybe(int("campaign")),
        int("elsewhere"), maybe(text("attribute")), maybe(text("entered_by")),
        maybe(text("entered_at")), text("why"),
    ],
    births 2 [
        text("area"), int("year"), int("children"), text("source"), int("recorded_at"),
    ],
    outline 1 [text("area"), text("shape"), int("stored_at")],
    tally 1 [
        text("record"), day("day"), text("place"), text("area"), text("grp"), int("dose"),
        int("doses"), int("campaign"), int("recorded_at"),
    ],
    tally_past 0 [
        text("record"), int("recorded_at"), int("superseded_at"), day("day"), text("place"),
        text("area"), text("grp"), int("dose"), int("doses"), int("campaign"), text("why"),
    ],
    outcome 1 [
        text("record"), text("person"), day("day"), text("outcome"), maybe(day("until_day")),
        maybe(int("campaign")), maybe(text("vaccine")), int("recorded_at"),
    ],
    outcome_past 0 [
        text("record"), text("person"), day("day"), text("outcome"), maybe(day("until_day")),
        maybe(int("campaign")), maybe(text("vaccine")), int("recorded_at"), int("superseded_at"),
        text("why"),
    ],
    voided 2 [text("kind"), text("record")],
    unsettled 1 [int("campaign")],
    cell 6 [
        int("campaign"), day("day"), text("place"), text("grp"), int("dose"), text("area"),
        int("persons"), int("repeats"), int("invalid"), int("tally"), int("tallies"),
    ],
    total 5 [
        int("campaign"), text("area"), text("grp"), int("dose"), day("day"), int("doses"),
        int("repeats"), int("invalid"), int("exceeding"),
    ],
    counted_day 2 [int("campaign"), day("day"), int("changes")],
    plan 1 numbered [
        int("no"), int("campaign"), int("version"), int("made_at"), day("from_day"),
        text("made_by"), text("state"), maybe(int("adopted_at")), text("figures"),
        text("unplaced"), text("curve"), int("given_doses"), bytes("content"),
        maybe(bytes("prices")),
    ],
    assignment 2 [
        int("campaign"), text("person"), int("dose"), day("day"), text("place"), int("plan"),
        int("made_at"), maybe(int("slot")), maybe(text("area")), maybe(text("grp")),
        maybe(text("answer")),
    ],
    assignment_past 1 numbered [
        int("id"), int("campaign"), text("person"), int("dose"), day("day"), text("place"),
        int("plan"),
        int("made_at"), int("ended_at"), text("why"), maybe(int("slot")), maybe(text("answer")),
    ],
    seat_lock 1 [int("campaign"), int("turn")],
    plan_lock 3 [
        int("campaign"), text("place"), day("day"), int("doses"), text("reason"), text("who"),
        int("at"),
    ],
    pupil 2 [
        text("list"), int("nr"), text("kind"), text("content"), maybe(text("decided")),
        int("recorded_at"),
    ],
    consent 2 [
        int("campaign"), text("person"), text("answer"), day("day"), maybe(text("given_by")),
        maybe(text("reason")), int("recorded_at"),
    ],
    consent_past 1 numbered [
        int("id"), int("campaign"), text("person"), text("answer"), day("day"),
        maybe(text("given_by")),
        maybe(text("reason")), int("recorded_at"), int("superseded_at"),
    ],
    printed 3 [
        int("campaign"), text("person"), day("day"), text("school"), text("class"),
        int("printed_at"),
    ],
    register_request 1 numbered [
        int("id"), text("name"), day("born"), text("area"), text("phone"), int("made_at"),
        text("state"), maybe(text("person")), maybe(int("decided_at")),
    ],
    booking_link 1 [
        text("hash"), int("campaign"), text("person"), int("dose"), day("until_day"),
        int("made_at"),
    ],
    waiting 2 [
        int("campaign"), text("person"), int("dose"), int("since"), maybe(day("given_day")),
    ],
    sign_in 1 [
        text("hash"), maybe(text("person")), maybe(text("code")), int("made_at"), int("tries"),
    ],
    phone_call 1 numbered [
        int("id"), int("campaign"), text("person"), day("day"), int("at"), text("result"),
        text("who"), text("once"), maybe(text("made")), maybe(int("undone_at")),
    ],
    outbox 1 numbered [
        int("id"), maybe(int("campaign")), text("unique_key"), text("kind"), text("recipient"),
        text("subject"), text("message_id"), bytes("content"), text("state"),
        maybe(text("phase")), int("attempts"), int("due_at"), maybe(int("send_by")),
        int("quiet"), text("zone"), int("created_at"), int("changed_at"), maybe(text("owner")),
        int("fence"), maybe(int("lease_until")), maybe(text("last_error")), text("channel"),
        maybe(text("serial")), maybe(text("receipt")), maybe(int("left_at")), int("segments"),
    ],
    way 2 [
        int("outbox"), int("nth"), text("channel"), text("recipient"), bytes("content"),
        int("segments"), maybe(text("whose")),
    ],
    passage 1 numbered [
        int("id"), int("outbox"), int("at"), text("channel"), text("event"), text("said"),
    ],
    early_receipt 2 [
        text("channel"), text("serial"), int("arrived"), text("code"), int("at"),
    ],
    phone 1 [
        text("number"), int("misses"), maybe(day("missed_on")), maybe(int("closed_at")),
        maybe(text("why")),
    ],
    reply 1 numbered [
        int("id"), text("name"), text("channel"), text("number"), int("at"), text("said"),
        int("stops"), maybe(int("outbox")), maybe(int("done_at")), maybe(text("done_by")),
    ],
    spending 3 [
        text("channel"), day("day"), int("campaign"), int("messages"), int("segments"),
    ],
    reminder 5 [
        int("campaign"), text("person"), int("outbox"), int("dose"), text("kind"), day("day"),
        text("place"), maybe(int("slot")),
    ],
    briefing 5 [
        int("campaign"), text("post"), day("day"), int("outbox"), text("place"), int("doses"),
    ],
    unrest 1 [int("campaign"), int("since"), text("said")],
    home_round 2 [
        day("day"), text("team"), int("campaign"), int("leaves"), int("back"), int("metres"),
        int("vials"), int("wasted"), int("adopted_at"),
    ],
    home_call 3 [
        day("day"), text("team"), int("nr"), text("person"), int("dose"), int("arrives"),
    ],
    duty 2 [day("day"), text("staff"), text("place"), text("role"), int("published_at")],
    duty_told 1 [int("outbox"), text("staff"), text("duties")],
    run 1 numbered [
        int("id"), int("campaign"), text("job"), int("due_at"), text("state"),
        maybe(text("reason")), int("attempt"), maybe(text("owner")), int("fence"),
        maybe(int("lease_until")), maybe(int("started_at")), maybe(int("finished_at")),
    ],
    watermark 2 [int("campaign"), text("job"), int("at")],
    installation 1 [
        int("one"), text("id"), bytes("secret"), maybe(text("home")), int("generation"),
        maybe(int("seen_at")), maybe(text("hold")), maybe(text("hold_said")),
        maybe(int("held_at")), int("judged"),
    ],
    daemon 1 [text("owner"), text("version"), int("started_at"), int("seen_at")],
    event 1 numbered [int("id"), int("at"), text("kind"), text("said")],
    relay 1 [
        text("name"), int("failures"), int("paused_until"), maybe(text("last_error")),
        maybe(int("slowed_to")), int("slowed_at"), int("next_at"), maybe(text("cause")),
        text("streak"), int("streak_count"), maybe(int("streak_mail")),
    ],
    bounce 1 numbered [
        int("id"), text("report"), maybe(int("outbox")), text("address"), int("at"),
        text("kind"), int("counts"), text("status"), text("said"),
    ],
    suppressed 1 [text("address"), int("at"), text("why")],
    unsubscribed 1 [text("address"), int("at"), text("how")],
    imported 1 numbered [
        int("id"), maybe(int("campaign")), text("kind"), int("at"), int("new"), int("same"),
        int("corrected"), int("refused"), maybe(text("who")), maybe(text("address")),
        maybe(text("name")), maybe(text("errors")), maybe(int("undone_at")),
    ],
    doubtful 2 [
        int("campaign"), text("record"), day("day"), text("place"), text("area"), text("grp"),
        int("dose"), int("doses"), text("why"), int("than"), text("who"), maybe(text("address")),
        int("at"),
    ],
    guess 1 [text("what"), int("failures"), int("at")],
    account 1 numbered [
        int("id"), text("name"), text("role"), text("places"), text("password"), int("made_at"),
        text("areas"), int("second_required"),
    ],
    login 1 [
        text("token"), int("account"), int("made_at"), int("seen_at"), maybe(text("address")),
        maybe(text("browser")), int("passed"), int("provider"),
    ],
    identity 1 [
        int("account"), text("issuer"), text("claim"), text("subject"), int("bound_at"),
    ],
    oidc_begun 1 [text("state"), text("browser"), text("next"), int("made_at")],
    second_factor 1 [
        int("account"), text("secret"), int("made_at"), maybe(text("login")),
        maybe(int("confirmed_at")), int("last_step"),
    ],
    recovery_code 2 [int("account"), text("code")],
    half_login 1 [text("token"), int("account"), int("made_at")],
    api_token 1 numbered [
        int("id"), int("account"), text("name"), text("token"), text("scopes"), int("made_at"),
        maybe(int("used_at")),
    ],
    feed 2 [int("campaign"), text("place"), int("generation")],
    upload 1 [text("id"), int("account"), int("made_at"), text("name"), bytes("content")],
    audit 1 numbered [
        int("id"), int("at"), text("who"), text("did"), maybe(text("campaign")), text("said"),
        maybe(text("address")), maybe(int("nr")), maybe(text("seal")),
    ],
    audit_head 1 [int("one"), int("count"), text("seal"), text("proof")],
}

/// Tables that a database may have rows in before it is used.
const OF_THE_INSTALLATION: [&str; 4] = ["installation", "daemon", "event", "audit_head"];

impl Table {
    fn new(name: &'static str, columns: &'static [Column], key: usize, numbered: bool) -> Self {
        let names = columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ");
        let order: Vec<_> = columns[..if key == 0 { columns.len() } else { key }]
            .iter()
            .map(|column| {
                format!("{}{}", column.name, ["", " NULLS FIRST"][usize::from(column.nullable)])
            })
            .collect();
        let first = columns[0].name;
        Self {
            name,
            columns,
            key,
            numbered,
            select: format!("SELECT {names} FROM {name} ORDER BY {}", order.join(", ")),
            count: format!("SELECT COUNT(*) FROM {name}"),
            clear: format!("DELETE FROM {name}"),
            sequence: format!(
                "SELECT setval(pg_get_serial_sequence('{name}', '{first}'), \
                 COALESCE(MAX({first}), 1), MAX({first}) IS NOT NULL) FROM {name}"
            ),
            insert: super::bulk::ROWS_PER_STATEMENT
                .map(|rows| Insert::new(name, &names, columns.len(), rows)),
        }
    }

    /// Reads all rows in the order of the key (all columns where there is none), the same in both databases.
    pub fn select(&'static self) -> &'static str {
        &self.select
    }

    /// The values of a row.
    pub fn values(&self, row: &Row) -> Result<Vec<Value>> {
        let value = |(index, column): (usize, &Column)| {
            Ok(match column.kind {
                Kind::Int => Value::Int(row.get(index)?),
                Kind::Text => Value::from(row.get::<Option<String>>(index)?),
                Kind::Day => Value::Day(row.get::<Option<NaiveDate>>(index)?),
                Kind::Bytes => Value::Bytes(row.get(index)?),
            })
        };
        self.columns.iter().enumerate().map(value).collect()
    }

    /// Stores rows, whose values come one row after the other, under the numbers that they have.
    pub async fn insert(&'static self, tx: &mut Tx, values: Vec<Value>) -> Result<()> {
        let mut left = values.into_iter();
        for statement in &self.insert {
            let size = statement.rows * self.columns.len();
            let sql = if tx.is_sqlite() { &statement.sqlite } else { &statement.postgres };
            while left.len() >= size {
                tx.run(sql, left.by_ref().take(size).collect()).await?;
            }
        }
        Ok(())
    }

    /// How many rows there are.
    pub async fn count(&'static self, tx: &mut Tx) -> Result<u64> {
        tx.row(&self.count, vec![]).await?.map_or(Ok(0), |row| row.count(0, self.name))
    }

    /// Deletes all rows.
    pub async fn clear(&'static self, tx: &mut Tx) -> Result<()> {
        tx.run(&self.clear, vec![]).await?;
        Ok(())
    }

    /// Lets numbers go on after the highest one. SQLite does so by itself.
    pub async fn go_on_numbering(&'static self, tx: &mut Tx) -> Result<()> {
        if self.numbered && !tx.is_sqlite() {
            tx.rows(&self.sequence, vec![]).await?;
        }
        Ok(())
    }

    /// Whether rows here say nothing about any campaign.
    pub fn is_of_the_installation(&self) -> bool {
        OF_THE_INSTALLATION.contains(&self.name)
    }
}

impl Insert {
    fn new(table: &str, names: &str, columns: usize, rows: usize) -> Self {
        let text = |overriding: &str, placeholder: fn(usize) -> String| {
            let row = |row: usize| {
                let cells: Vec<_> = (1..=columns).map(|n| placeholder(row * columns + n)).collect();
                format!("({})", cells.join(", "))
            };
            let rows = (0..rows).map(row).collect::<Vec<_>>().join(", ");
            format!("INSERT INTO {table} ({names}) {overriding} VALUES {rows}")
        };
        Self {
            rows,
            sqlite: text("", |_| "?".to_owned()),
            postgres: text("OVERRIDING SYSTEM VALUE", |number| format!("${number}")),
        }
    }
}
