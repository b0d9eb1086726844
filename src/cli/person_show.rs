//! `doseplan persons show`: what is known of one person, in tables with names.

use super::output::{Format, Out, Sheet, harmless};
use super::{Invocation, cell_words, exit};
use crate::app::Loaded;
use crate::app::people::{Answered, DoseLine, ListRow, PersonFile};
use crate::domain::id::GroupId;
use crate::domain::permission::Actor;
use crate::domain::person::Person;
use crate::mail::render::product_name;
use crate::text::found;

/// What stands in the tables in place of codes: names, where a campaign has them.
struct Names<'a> {
    out: Out,
    all: &'a [Loaded],
}

pub(super) async fn show(invocation: &Invocation, code: &str) -> anyhow::Result<u8> {
    let out = invocation.out;
    let app = invocation.open(false).await?;
    let file = app.person_file(code, Actor::CommandLine, invocation.clock.now()).await;
    let all = app.campaigns().await;
    app.store.close().await;
    let (file, all) = (file?, all?);
    if out.format != Format::Table {
        out.thing(&file);
        return Ok(exit::OK);
    }
    let names = Names { out, all: &all };
    out.sheet(&names.who(&file));
    let sheets = [
        names.doses(&file),
        names.outcomes(&file),
        names.due(&file),
        names.appointments(&file),
        names.homes(&file),
        names.visits(&file),
        names.mails(&file),
        names.answers(&file),
        lists(&file),
    ];
    for sheet in sheets.iter().filter(|sheet| !sheet.is_empty()) {
        out.sheet(sheet);
    }
    Ok(exit::OK)
}

impl Names<'_> {
    fn campaign(&self, id: &str) -> String {
        let loaded = self.all.iter().find(|one| one.campaign.id.as_str() == id);
        loaded.map_or_else(|| id.to_owned(), |one| harmless(&one.campaign.name))
    }

    /// The name of a place or team.
    fn place(&self, code: &str) -> String {
        let name = self.all.iter().find_map(|one| {
            let team = || one.campaign.team(code).map(|team| team.name.clone());
            one.campaign.place(code).map(|place| place.name().to_owned()).or_else(team)
        });
        harmless(&name.unwrap_or_else(|| code.to_owned()))
    }

    /// What stands under a column of the person's row.
    fn of_person(&self, column: &str, cell: &str) -> String {
        let area = || self.all.iter().find_map(|one| Some(one.campaign.area(cell)?.name.clone()));
        let group = |id: &str| {
            let name = |one: &Loaded| Some(one.campaign.group(id)?.name.clone());
            self.all.iter().find_map(name).unwrap_or_else(|| id.to_owned())
        };
        match column {
            "area" => area().unwrap_or_else(|| cell.to_owned()),
            "group" => cell.split(';').map(group).collect::<Vec<_>>().join("; "),
            column => cell_words::of_person(self.out.language, column, cell),
        }
    }

    /// The person, by the columns of a file; empty ones are left out.
    fn who(&self, file: &PersonFile) -> Sheet {
        let mut sheet = Sheet::new(&["item", "value"]);
        let all = columns().into_iter().zip(cells(&file.person.person));
        for (column, cell) in all.filter(|(_, cell)| !cell.is_empty()) {
            sheet.push(vec![self.label(column), harmless(&self.of_person(column, &cell))]);
        }
        if !file.also.is_empty() {
            sheet.push(vec![self.label("alias"), harmless(&file.also.join(" "))]);
        }
        sheet
    }

    /// What a column of persons.csv is called.
    fn label(&self, column: &str) -> String {
        let keys = match column {
            "name" => vec!["column-person_name".to_owned()],
            "area" => vec!["column-area".to_owned()],
            "group" => vec!["column-group".to_owned()],
            column => {
                ["field-persons-", "column-", "field-"].map(|it| it.to_owned() + column).into()
            }
        };
        let mut said = keys.iter().filter_map(|key| found(self.out.language, key));
        said.next().unwrap_or_else(|| column.to_owned())
    }

    fn doses(&self, file: &PersonFile) -> Sheet {
        let columns = ["record", "date", "place", "product", "lot", "elsewhere", "counts_as"];
        let mut sheet = Sheet::new(&columns);
        for DoseLine { dose, counts } in &file.doses {
            let counts = counts.iter().map(|one| {
                let mark = if one.valid { "" } else { " !" };
                format!("{} {}{mark}", self.campaign(&one.campaign), one.number)
            });
            let product = dose.product.as_deref().unwrap_or_default();
            sheet.push(vec![
                harmless(dose.record.as_str()),
                dose.date.to_string(),
                self.place(dose.place.as_str()),
                harmless(&product_name(self.out.language, product, None)),
                dose.lot.as_ref().map(ToString::to_string).unwrap_or_default(),
                if dose.elsewhere { self.out.word("person-elsewhere") } else { String::new() },
                counts.collect::<Vec<_>>().join(", "),
            ]);
        }
        sheet
    }

    fn outcomes(&self, file: &PersonFile) -> Sheet {
        let mut sheet = Sheet::new(&["record", "date", "outcome", "until", "vaccine"]);
        for one in &file.outcomes {
            let vaccine = one.vaccine.as_deref().unwrap_or_default();
            sheet.push(vec![
                harmless(one.record.as_str()),
                one.date.to_string(),
                one.outcome.to_string(),
                one.until.map(|day| day.to_string()).unwrap_or_default(),
                harmless(&product_name(self.out.language, vaccine, None)),
            ]);
        }
        sheet
    }

    fn due(&self, file: &PersonFile) -> Sheet {
        let mut sheet = Sheet::new(&["campaign", "dose", "earliest", "recommended"]);
        for one in &file.due {
            let (earliest, recommended) = (one.earliest.to_string(), one.recommended.to_string());
            let campaign = self.campaign(&one.campaign);
            sheet.push(vec![campaign, one.dose.to_string(), earliest, recommended]);
        }
        sheet
    }

    /// Appointments; what stands says so.
    fn appointments(&self, file: &PersonFile) -> Sheet {
        let mut sheet = Sheet::new(&["campaign", "dose", "day", "place", "ended"]);
        for one in &file.appointments {
            sheet.push(vec![
                self.campaign(&one.campaign),
                one.dose.to_string(),
                one.day.to_string(),
                self.place(&one.place),
                one.ended.clone().unwrap_or_else(|| self.out.word("ended-no")),
            ]);
        }
        sheet
    }

    /// Visits at home on adopted rounds.
    fn homes(&self, file: &PersonFile) -> Sheet {
        let mut sheet = Sheet::new(&["campaign", "dose", "home_day", "team"]);
        for one in &file.home_visits {
            let (campaign, team) = (self.campaign(&one.campaign), self.place(&one.team));
            sheet.push(vec![campaign, one.dose.to_string(), one.day.to_string(), team]);
        }
        sheet
    }

    /// Which appointments to come are one visit, and why others are not.
    fn visits(&self, file: &PersonFile) -> Sheet {
        let mut sheet = Sheet::new(&["campaign", "day", "one_visit"]);
        for one in &file.visits {
            let words = harmless(&one.words(self.out.language));
            sheet.push(vec![self.campaign(&one.campaign), one.day.to_string(), words]);
        }
        sheet
    }

    fn mails(&self, file: &PersonFile) -> Sheet {
        let mut sheet = Sheet::new(&["id", "campaign", "day", "to", "subject", "state"]);
        for one in &file.mails {
            sheet.push(vec![
                one.id.to_string(),
                self.campaign(&one.campaign),
                one.day.to_string(),
                harmless(&one.to),
                harmless(&one.subject),
                one.state.clone(),
            ]);
        }
        sheet
    }

    /// What guardians answered; what was answered before is left out.
    fn answers(&self, file: &PersonFile) -> Sheet {
        let mut sheet = Sheet::new(&["campaign", "date", "consent", "by", "reason"]);
        let now = file.answers.iter().filter(|one| one.superseded_at.is_none());
        for Answered { campaign, consent, .. } in now {
            sheet.push(vec![
                self.campaign(campaign),
                consent.day.to_string(),
                consent.answer.to_string(),
                harmless(consent.given_by.as_deref().unwrap_or_default()),
                harmless(consent.reason.as_deref().unwrap_or_default()),
            ]);
        }
        sheet
    }
}

/// Rows of lists that say who it is.
fn lists(file: &PersonFile) -> Sheet {
    let mut sheet = Sheet::new(&["row", "class", "name", "born", "guardian", "reason"]);
    for ListRow { row, pupil } in &file.lists {
        sheet.push(vec![
            row.clone(),
            harmless(pupil.class.as_deref().unwrap_or_default()),
            harmless(&pupil.name),
            pupil.born.to_string(),
            harmless(pupil.guardian.as_deref().unwrap_or_default()),
            harmless(pupil.reason.as_deref().unwrap_or_default()),
        ]);
    }
    sheet
}

/// The columns of persons.csv.
pub(super) fn columns() -> Vec<&'static str> {
    vec![
        "person",
        "area",
        "born",
        "name",
        "sex",
        "group",
        "tags",
        "email",
        "phone",
        "language",
        "household",
        "opt_out",
        "id_no",
        "guardian",
        "guardian_phone",
        "unit",
        "school",
        "class",
        "address",
        "died",
        "mother_hbsag",
        "birth_weight",
    ]
}

/// A person as a row of persons.csv.
pub(super) fn cells(person: &Person) -> Vec<String> {
    let more = &person.more;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let groups: Vec<&str> = person.groups.iter().map(GroupId::as_str).collect();
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    vec![
        person.id.to_string(),
        person.area.to_string(),
        person.born.to_string(),
        text(&person.name),
        person.sex.letter().to_owned(),
        groups.join(";"),
        person.tags.join(" "),
        text(&person.email),
        text(&person.phone),
        person.language.map(|language| language.tag().to_owned()).unwrap_or_default(),
        text(&person.household),
        yes(person.opt_out),
        text(&more.id_no),
        text(&more.guardian),
        text(&more.guardian_phone),
        text(&more.unit),
        text(&more.school),
        text(&more.class),
        text(&more.address),
        more.died.map(|day| day.to_string()).unwrap_or_default(),
        more.mother_hbsag.map(yes).unwrap_or_default(),
        more.birth_weight.map(|grams| grams.to_string()).unwrap_or_default(),
    ]
}
