//! The part of the register that the work of one campaign reads.

use super::db::Value;
use super::{CampaignNo, json_list};
use crate::args;
use crate::domain::id::AreaCode;

/// Who lives in some areas, or has an appointment of a campaign.
const NEAR: &str = "area IN (SELECT value FROM json_each($1)) \
     OR person IN (SELECT person FROM assignment WHERE campaign = $2)";

/// Of whose records a campaign's work reads.
#[derive(Debug, Clone, Copy)]
pub struct Near<'a> {
    /// Everybody who lives in these areas.
    pub areas: &'a [AreaCode],
    /// And whoever has an appointment of this campaign.
    pub campaign: CampaignNo,
}

impl Near<'_> {
    /// The statement of a table that has each person's rows, with what else holds for them, in an order.
    pub(super) fn of((columns, table): (&str, &str), rest: &str, order: &str) -> String {
        let whose = if table == "person" {
            format!("({NEAR})")
        } else {
            format!("person IN (SELECT person FROM person WHERE {NEAR})")
        };
        format!("SELECT {columns} FROM {table} WHERE {whose} {rest} ORDER BY {order}")
    }

    /// The values of `$1` and `$2` in it.
    pub(super) fn values(self) -> Vec<Value> {
        let areas: Vec<&str> = self.areas.iter().map(AreaCode::as_str).collect();
        args![json_list(&areas), self.campaign]
    }
}
