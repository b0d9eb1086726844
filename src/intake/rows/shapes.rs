//! The columns of each kind of row, and how a row is read.

use super::Shape;
use crate::domain::dose::{Dose, Tally};
use crate::domain::id::{
    AreaCode, CampaignId, GroupId, LotCode, PersonId, PlaceCode, RecordId, TeamCode,
};
use crate::domain::person::{Outcome, OutcomeKind, Person, Sex};
use crate::domain::plan::PlanRow;
use crate::intake::fields::{COUNT_MAX, Fields};
use crate::intake::settings::language;
use crate::intake::table::Column;
use crate::intake::values::yes_no;

/// The highest dose number that a row may have; no series has more doses. Our choice.
const DOSE_NUMBER_MAX: u32 = 20;

pub(super) const TALLIES: Shape<Tally> = Shape {
    stem: "tallies",
    columns: &[
        Column::required("record"),
        Column::required("date"),
        Column::required("place"),
        Column::required("area"),
        Column::required("group"),
        Column::required("dose"),
        Column::required("doses"),
    ],
    read: tally,
    is_unfilled: |fields| fields.is_blank("doses"),
};

pub(super) const DOSES: Shape<Dose> = Shape {
    stem: "doses",
    columns: &[
        Column::required("record"),
        Column::required("person"),
        Column::required("date"),
        Column::required("place"),
        Column::optional("product"),
        Column::optional("lot"),
    ],
    read: dose,
    is_unfilled: |_| false,
};

pub(super) const PERSONS: Shape<Person> = Shape {
    stem: "persons",
    columns: &[
        Column::required("person"),
        Column::required("area"),
        Column::required("born").private(),
        Column::optional("name").private(),
        Column::optional("sex"),
        Column::optional("group"),
        Column::optional("tags"),
        Column::optional("email").private(),
        Column::optional("phone").private(),
        Column::optional("language"),
        Column::optional("household").private(),
        Column::optional("opt_out"),
    ],
    read: person,
    is_unfilled: |_| false,
};

pub(super) const OUTCOMES: Shape<Outcome> = Shape {
    stem: "outcomes",
    columns: &[
        Column::required("record"),
        Column::required("person"),
        Column::required("date"),
        Column::required("outcome"),
        Column::optional("until"),
    ],
    read: outcome,
    is_unfilled: |_| false,
};

/// A row of a plan, with the campaign that it names; a joint plan has rows of several.
pub type CampaignRow = (Option<CampaignId>, PlanRow);

pub(super) const PLAN: Shape<CampaignRow> = Shape {
    stem: "plan",
    columns: &[
        Column::optional("campaign"),
        Column::required("date"),
        Column::required("place"),
        Column::required("team"),
        Column::required("area"),
        Column::required("group"),
        Column::required("dose"),
        Column::required("doses"),
    ],
    read: plan_row,
    is_unfilled: |_| false,
};

fn plan_row(fields: &mut Fields<'_>) -> Option<CampaignRow> {
    let campaign = fields.code_maybe("campaign");
    let day = fields.day("date");
    let place = fields.code("place");
    let team = fields.code_maybe("team");
    let area = fields.code("area");
    let group = fields.code("group");
    let dose = fields.count("dose", 0..=DOSE_NUMBER_MAX);
    let doses = fields.count("doses", 0..=COUNT_MAX);
    let row = PlanRow {
        day: day?,
        place: PlaceCode::new(place?),
        team: team?.map(TeamCode::new),
        area: AreaCode::new(area?),
        group: GroupId::new(group?),
        dose: u8::try_from(dose?).ok()?,
        doses: doses?,
    };
    Some((campaign?.map(CampaignId::new), row))
}

fn tally(fields: &mut Fields<'_>) -> Option<Tally> {
    let record = fields.code("record");
    let date = fields.day("date");
    let place = fields.code("place");
    let area = fields.code("area");
    let group = fields.code("group");
    let dose = fields.count("dose", 1..=DOSE_NUMBER_MAX);
    let doses = fields.count("doses", 0..=COUNT_MAX);
    Some(Tally {
        record: RecordId::new(record?),
        date: date?,
        place: PlaceCode::new(place?),
        area: AreaCode::new(area?),
        group: GroupId::new(group?),
        dose: u8::try_from(dose?).ok()?,
        doses: doses?,
    })
}

fn dose(fields: &mut Fields<'_>) -> Option<Dose> {
    let record = fields.code("record");
    let person = fields.person("person", None);
    let date = fields.day("date");
    let place = fields.code("place");
    let product = fields.text_maybe("product");
    let lot = fields.code_maybe("lot");
    Some(Dose {
        record: RecordId::new(record?),
        person: PersonId::new(person?),
        date: date?,
        place: PlaceCode::new(place?),
        product: product?,
        lot: lot?.map(LotCode::new),
    })
}

fn person(fields: &mut Fields<'_>) -> Option<Person> {
    let born = fields.day("born");
    let id = fields.person("person", born);
    let area = fields.code("area");
    let name = fields.text_maybe("name");
    let sex = if fields.is_blank("sex") { Some(Sex::U) } else { sex(fields) };
    let group = fields.code_maybe("group");
    let tags = fields.text_maybe("tags");
    let email = fields.email_maybe("email");
    let phone = fields.code_maybe("phone");
    let tongue = if fields.is_blank("language") {
        Some(None)
    } else {
        language(fields, "language").map(Some)
    };
    let household = fields.code_maybe("household");
    let opt_out = if fields.is_blank("opt_out") {
        Some(false)
    } else {
        fields.word("opt_out", &["yes", "no"], yes_no)
    };
    let split = |c: char| c.is_whitespace() || ",;，；、|".contains(c);
    Some(Person {
        id: PersonId::new(id?),
        area: AreaCode::new(area?),
        born: born?,
        name: name?,
        sex: sex?,
        group: group?.map(GroupId::new),
        tags: tags?
            .iter()
            .flat_map(|tags| tags.split(split))
            .filter(|tag| !tag.is_empty())
            .map(str::to_owned)
            .collect(),
        email: email?,
        phone: phone?,
        language: tongue?,
        household: household?,
        opt_out: opt_out?,
    })
}

fn sex(fields: &mut Fields<'_>) -> Option<Sex> {
    fields.word("sex", &["F", "M", "U"], |word| match word {
        "f" | "female" | "女" | "女性" => Some(Sex::F),
        "m" | "male" | "男" | "男性" => Some(Sex::M),
        "u" | "unknown" | "未知" | "不详" => Some(Sex::U),
        _ => None,
    })
}

fn outcome(fields: &mut Fields<'_>) -> Option<Outcome> {
    let record = fields.code("record");
    let person = fields.person("person", None);
    let date = fields.day("date");
    let words = OutcomeKind::ALL.map(OutcomeKind::word);
    let outcome = fields.word("outcome", &words, |word| match word {
        "拒种" | "拒绝" | "拒绝接种" => Some(OutcomeKind::Refused),
        "暂缓" | "暂缓接种" | "缓种" => Some(OutcomeKind::Deferred),
        "禁忌" | "禁忌症" | "禁忌证" => Some(OutcomeKind::Contraindicated),
        "未到" | "未到场" => Some(OutcomeKind::Absent),
        "迁出" | "外迁" => Some(OutcomeKind::Moved),
        "死亡" | "去世" => Some(OutcomeKind::Dead),
        word => OutcomeKind::from_word(word),
    });
    let until = fields.day_maybe("until");
    if let (Some(date), Some(Some(until))) = (date, until)
        && until < date
    {
        let issue = fields.issue("until_before_date", "until").with("date", date);
        fields.issues.push(issue);
        return None;
    }
    Some(Outcome {
        record: RecordId::new(record?),
        person: PersonId::new(person?),
        date: date?,
        outcome: outcome?,
        until: until?,
    })
}
