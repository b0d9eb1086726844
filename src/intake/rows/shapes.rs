//! The columns of each kind of row, and how a row is read.

use super::Shape;
use crate::domain::dose::{Attribute, Dose, Entered, Tally};
use crate::domain::id::{
    AreaCode, CampaignId, GroupId, LotCode, PersonId, PlaceCode, RecordId, StaffId, TeamCode,
};
use crate::domain::jurisdiction::Role;
use crate::domain::person::{More, Outcome, OutcomeKind, Person, Sex};
use crate::domain::plan::PlanRow;
use crate::domain::roster::Duty;
use crate::intake::fields::{COUNT_MAX, Fields};
use crate::intake::settings::{language, sex};
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
        Column::optional("campaign"),
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
        Column::optional("campaign"),
        Column::optional("entered_by").private(),
        Column::optional("entered_at"),
        Column::optional("attribute"),
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
        Column::optional("id_no").private(),
        Column::optional("guardian").private(),
        Column::optional("guardian_phone").private(),
        Column::optional("unit"),
        Column::optional("school"),
        Column::optional("class"),
        Column::optional("address").private(),
        Column::optional("died"),
        Column::optional("mother_hbsag"),
        Column::optional("birth_weight"),
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
        Column::optional("campaign"),
        Column::optional("vaccine"),
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

pub(super) const ROSTER: Shape<Duty> = Shape {
    stem: "roster",
    columns: &[
        Column::required("date"),
        Column::required("staff"),
        Column::required("place"),
        Column::required("role"),
    ],
    read: duty,
    is_unfilled: |_| false,
};

fn duty(fields: &mut Fields<'_>) -> Option<Duty> {
    let date = fields.day("date");
    let staff = fields.code("staff");
    let place = fields.code("place");
    let role = fields.word("role", &Role::ALL.map(Role::word), Role::from_word);
    Some(Duty { date: date?, place: place?, role: role?, staff: StaffId::new(staff?) })
}

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
        campaign: None,
    })
}

fn dose(fields: &mut Fields<'_>) -> Option<Dose> {
    let record = fields.code("record");
    let person = fields.person("person", None);
    let date = fields.day("date");
    let place = fields.code("place");
    let product = fields.text_maybe("product");
    let lot = fields.code_maybe("lot");
    let by = fields.text_maybe("entered_by");
    let at = fields.text_maybe("entered_at");
    let attribute =
        if fields.is_blank("attribute") { Some(None) } else { attribute(fields).map(Some) };
    let entered = Entered { by: by?, at: at? };
    Some(Dose {
        record: RecordId::new(record?),
        person: PersonId::new(person?),
        date: date?,
        place: PlaceCode::new(place?),
        product: product?,
        lot: lot?.map(LotCode::new),
        campaign: None,
        elsewhere: false,
        attribute: attribute?,
        entered: (entered != Entered::default()).then(|| Box::new(entered)),
    })
}

fn attribute(fields: &mut Fields<'_>) -> Option<Attribute> {
    fields.word("attribute", &["P", "S"], |word| match word {
        "p" | "programme" | "免疫规划" | "免费" => Some(Attribute::Programme),
        "s" | "self-paid" | "非免疫规划" | "自费" => Some(Attribute::SelfPaid),
        _ => None,
    })
}

fn person(fields: &mut Fields<'_>) -> Option<Person> {
    let born = fields.day("born");
    let id = fields.person("person", born);
    let area = fields.code("area");
    let name = fields.text_maybe("name");
    let sex = if fields.is_blank("sex") { Some(Sex::U) } else { sex(fields, "sex") };
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
    let more = more(fields);
    let split = |c: char| c.is_whitespace() || ",;，；、|".contains(c);
    Some(Person {
        id: PersonId::new(id?),
        area: AreaCode::new(area?),
        born: born?,
        name: name?,
        sex: sex?,
        groups: group?
            .iter()
            .flat_map(|groups| groups.split([';', '；', '|']))
            .map(str::trim)
            .filter(|group| !group.is_empty())
            .map(GroupId::from)
            .collect(),
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
        more: Box::new(more?),
    })
}

fn more(fields: &mut Fields<'_>) -> Option<More> {
    /// Grams. Nobody of less than this survived, nobody weighed more. Our choice.
    const BIRTH_WEIGHTS: std::ops::RangeInclusive<u32> = 200..=9999;
    let id_no = fields.code_maybe("id_no");
    let guardian = fields.text_maybe("guardian");
    let guardian_phone = fields.code_maybe("guardian_phone");
    let unit = fields.code_maybe("unit");
    let school = fields.text_maybe("school");
    let class = fields.text_maybe("class");
    let address = fields.text_maybe("address");
    let died = fields.day_maybe("died");
    let mother_hbsag = if fields.is_blank("mother_hbsag") {
        Some(None)
    } else {
        fields.word("mother_hbsag", &["yes", "no", "unknown"], |word| match word {
            "positive" | "阳性" | "1" => Some(Some(true)),
            "negative" | "阴性" | "2" => Some(Some(false)),
            "unknown" | "不详" | "3" => Some(None),
            word => yes_no(word).map(Some),
        })
    };
    let birth_weight = if fields.is_blank("birth_weight") {
        Some(None)
    } else {
        fields.count("birth_weight", BIRTH_WEIGHTS).map(Some)
    };
    Some(More {
        id_no: id_no?,
        guardian: guardian?,
        guardian_phone: guardian_phone?,
        unit: unit?,
        school: school?,
        class: class?,
        address: address?,
        died: died?,
        mother_hbsag: mother_hbsag?,
        birth_weight: birth_weight?,
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
    let vaccine = fields.text_maybe("vaccine");
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
        campaign: None,
        vaccine: vaccine?,
    })
}
