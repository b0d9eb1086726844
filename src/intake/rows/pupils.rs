//! Lists of pupils and what guardians answered.

use super::Shape;
use super::sheets::{Sheets, open_sheets};
use crate::domain::campaign::Language;
use crate::domain::resident_id;
use crate::domain::schools::ConsentAnswer;
use crate::domain::sex::Sex;
use crate::intake::fields::Fields;
use crate::intake::issue::{Issue, Severity};
use crate::intake::settings::sex;
use crate::intake::table::Column;
use crate::intake::values::clean;
use crate::text;
use chrono::NaiveDate;
use std::collections::BTreeSet;
use std::path::Path;

/// A row of a list, as its file has it. No derived `Debug`: it has a name.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PupilRow {
    /// The school, by code or name; `None` in a township's list.
    pub school: Option<String>,
    /// The township, by code or name, in its list of those who are not at school.
    pub area: Option<String>,
    /// The class.
    pub class: Option<String>,
    /// The name.
    pub name: String,
    /// Number of the identity card, if it can be one.
    pub id_no: Option<String>,
    /// Date of birth.
    pub born: NaiveDate,
    /// Sex.
    pub sex: Sex,
    /// A parent or guardian.
    pub guardian: Option<String>,
    /// Their phone number.
    pub guardian_phone: Option<String>,
    /// Why the child is not at school.
    pub why: Option<String>,
}

/// What a guardian answered, as a file has it. No derived `Debug`: it has names.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsentRow {
    /// The register's code.
    pub person: Option<String>,
    /// Number of the identity card.
    pub id_no: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// Date of birth.
    pub born: Option<NaiveDate>,
    /// A parent or guardian.
    pub guardian: Option<String>,
    /// The answer.
    pub answer: ConsentAnswer,
    /// Why not.
    pub why: Option<String>,
    /// Who gave it.
    pub by: Option<String>,
    /// When.
    pub day: NaiveDate,
}

const PUPILS: Shape<PupilRow> = Shape {
    stem: "pupils",
    columns: &[
        Column::optional("school"),
        Column::optional("area"),
        Column::optional("class"),
        Column::required("name").private(),
        Column::optional("id_no").private(),
        Column::optional("born").private(),
        Column::optional("sex"),
        Column::optional("guardian").private(),
        Column::optional("guardian_phone").private(),
        Column::optional("why").private(),
    ],
    read: pupil,
    is_unfilled: |_| false,
};

const CONSENTS: Shape<ConsentRow> = Shape {
    stem: "consents",
    columns: &[
        Column::optional("person"),
        Column::optional("school"),
        Column::optional("class"),
        Column::optional("name").private(),
        Column::optional("id_no").private(),
        Column::optional("born").private(),
        Column::optional("guardian").private(),
        Column::required("consent"),
        Column::optional("why").private(),
        Column::optional("by").private(),
        Column::required("date"),
    ],
    read: consent,
    is_unfilled: |fields| fields.is_blank("consent"),
};

/// The identity number of a row, `None` where it has none. A number that cannot be one is told, and is not used.
fn number(fields: &mut Fields<'_>, born: Option<NaiveDate>) -> Option<String> {
    let id_no = fields.code_maybe("id_no").flatten()?;
    let code = match resident_id::misfit(&id_no, born) {
        None => return Some(resident_id::normal(&id_no).into_owned()),
        Some(resident_id::Misfit::CheckDigit) => "id_check_digit",
        Some(resident_id::Misfit::Born) => "id_born",
    };
    let issue = fields.issue(code, "id_no");
    fields.issues.push(Issue { severity: Severity::Warning, ..issue });
    None
}

fn pupil(fields: &mut Fields<'_>) -> Option<PupilRow> {
    let school = fields.text_maybe("school");
    let area = fields.text_maybe("area");
    let class = fields.text_maybe("class");
    let name = fields.text("name");
    let said = fields.day_maybe("born")?;
    let id_no = number(fields, said);
    let born = said.or_else(|| id_no.as_deref().and_then(resident_id::born));
    if born.is_none() {
        let issue = fields.issue("missing_value", "born");
        fields.issues.push(issue);
    }
    let said = if fields.is_blank("sex") { Some(None) } else { sex(fields, "sex").map(Some) };
    let of_number = id_no.as_deref().and_then(resident_id::sex);
    let guardian = fields.text_maybe("guardian");
    let guardian_phone = fields.code_maybe("guardian_phone");
    let why = fields.text_maybe("why");
    let (school, area) = (school?, area?);
    if school.is_none() && area.is_none() {
        let issue = fields.issue("list_of_nobody", "school");
        fields.issues.push(issue);
        return None;
    }
    if school.is_some() && area.is_some() {
        let issue = fields.issue("list_of_two", "area");
        fields.issues.push(issue);
        return None;
    }
    Some(PupilRow {
        school,
        area,
        class: class?,
        name: name?,
        id_no,
        born: born?,
        sex: said?.or(of_number).unwrap_or(Sex::U),
        guardian: guardian?,
        guardian_phone: guardian_phone?,
        why: why?,
    })
}

/// The answer that a form prints so, in whatever language.
fn as_printed(word: &str) -> Option<ConsentAnswer> {
    let is_printed = |answer: &ConsentAnswer| {
        let key = format!("school-answer-{answer}");
        let mut languages = [Language::En, Language::ZhCn].into_iter();
        languages.any(|language| text::word(language, &key).to_lowercase() == word)
    };
    [ConsentAnswer::Yes, ConsentAnswer::No].into_iter().find(is_printed)
}

fn consent(fields: &mut Fields<'_>) -> Option<ConsentRow> {
    let person = fields.code_maybe("person");
    let name = fields.text_maybe("name");
    let born = fields.day_maybe("born");
    let id_no = number(fields, born.flatten());
    let guardian = fields.text_maybe("guardian");
    let answer = fields.word("consent", &["yes", "no", "同意", "不同意"], |word| match word {
        "yes" | "y" | "1" | "同意" | "是" | "√" => Some(ConsentAnswer::Yes),
        "no" | "n" | "0" | "不同意" | "否" | "拒绝" | "×" => Some(ConsentAnswer::No),
        other => as_printed(other),
    });
    let why = fields.text_maybe("why");
    let by = fields.text_maybe("by");
    let day = fields.day("date");
    Some(ConsentRow {
        person: person?,
        id_no,
        name: name?,
        born: born?,
        guardian: guardian?,
        answer: answer?,
        why: why?,
        by: by?,
        day: day?,
    })
}

/// A file of lists: a CSV file, or the sheets of a workbook.
pub struct PupilList {
    /// Its sheets.
    pub sheets: Vec<PupilSheet>,
    /// What is wrong with it. Of a list of which a part is stored nobody would know who is missing: it is refused.
    pub errors: Vec<Issue>,
    /// What somebody should look at.
    pub warnings: Vec<Issue>,
}

/// A sheet with the lines of its rows.
pub struct PupilSheet {
    /// The file's name, or `book.xlsx!sheet`.
    pub file: String,
    /// The good rows, each with its line.
    pub rows: Vec<(u32, PupilRow)>,
    /// School and area of the bad rows, as they stand there.
    pub of_bad: BTreeSet<(String, String)>,
}

/// Reads a file whole. An error if no list can be found in it.
pub fn pupils(path: &Path) -> Result<PupilList, Vec<Issue>> {
    const ROWS_AT_ONCE: usize = 10_000;
    let Sheets { tables, skipped } = open_sheets(path, &PUPILS)?;
    let mut out = PupilList { sheets: Vec::new(), errors: Vec::new(), warnings: skipped };
    for mut rows in tables {
        let (file, of_bad) = (rows.file.clone(), BTreeSet::new());
        let mut sheet = PupilSheet { file, rows: Vec::new(), of_bad };
        let (school, area) = (rows.place("school"), rows.place("area"));
        while let Some(batch) = rows.next_batch(ROWS_AT_ONCE) {
            for (at, row) in batch.rows.into_iter().enumerate() {
                out.warnings.extend(row.warnings);
                match row.value {
                    Ok(value) => sheet.rows.push((row.line, value)),
                    Err(faults) => {
                        let cells = batch.raw.cells(at);
                        let cell = |place: Option<usize>| {
                            let cell = place.and_then(|place| cells.get(place).copied());
                            clean(cell.unwrap_or_default()).to_owned()
                        };
                        sheet.of_bad.insert((cell(school), cell(area)));
                        out.errors.extend(faults);
                    }
                }
            }
        }
        out.errors.extend(rows.finish().err());
        if sheet.rows.is_empty() && sheet.of_bad.is_empty() {
            out.warnings.push(Issue::warning("empty_list", &sheet.file));
        }
        out.sheets.push(sheet);
    }
    Ok(out)
}

/// Opens what guardians answered: the sheets with answers, and which ones have none.
pub fn consents(path: &Path) -> Result<Sheets<ConsentRow>, Vec<Issue>> {
    open_sheets(path, &CONSENTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<PupilList, Vec<Issue>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.csv");
        std::fs::write(&path, text).unwrap();
        pupils(&path)
    }

    #[test]
    fn a_number_says_birth_date_and_sex_and_one_that_is_none_is_not_used() {
        let text = "学校,班级,姓名,身份证号\n一中,1班,张三,11010519491231002X\n";
        let list = read(text).ok().unwrap();
        let (line, row) = &list.sheets[0].rows[0];
        assert_eq!((*line, row.born.to_string().as_str(), row.sex), (2, "1949-12-31", Sex::F));
        assert_eq!(row.class.as_deref(), Some("1班"));
        let text = "school,name,id_no,born\nS,张三,110105194912310021,1949-12-31\n";
        let list = read(text).ok().unwrap();
        assert_eq!(list.warnings[0].code, "id_check_digit");
        assert!(!list.warnings[0].line(crate::domain::campaign::Language::En).contains("110105"));
        assert_eq!(list.sheets[0].rows[0].1.id_no, None);
    }

    #[test]
    fn a_row_without_a_birth_date_or_a_list_refuses_the_file() {
        let codes = |text: &str| -> Vec<(&'static str, Option<u32>)> {
            read(text).ok().unwrap().errors.iter().map(|it| (it.code, it.row)).collect()
        };
        let text = "school,area,name,born\nS,,张三,2012-01-02\nS,,李四,\n,,王五,2012-01-02\n\
                    S,T,赵六,2012-01-02\n";
        let expected =
            [("missing_value", Some(3)), ("list_of_nobody", Some(4)), ("list_of_two", Some(5))];
        assert_eq!(codes(text), expected);
        let list = read(text).ok().unwrap();
        let bad = [("", ""), ("S", ""), ("S", "T")].map(|(s, a)| (s.to_owned(), a.to_owned()));
        assert_eq!(list.sheets[0].of_bad, bad.into());
        assert_eq!(read("school,name\n").ok().unwrap().warnings[0].code, "empty_list");
    }
}
