//! Whatever the lists, nobody is lost and nobody double.

use super::*;
use crate::domain::person::Person;
use crate::domain::testing::day;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn row(list: &str, nr: u32, name: &str, id_no: Option<&str>, guardian: Option<&str>) -> Pupil {
    Pupil {
        list: list.into(),
        nr,
        kind: ListKind::School,
        decided: None,
        class: Some("1".to_owned()),
        name: name.to_owned(),
        id_no: id_no.map(str::to_owned),
        born: day(0),
        sex: Sex::F,
        guardian: guardian.map(str::to_owned),
        guardian_phone: None,
        reason: None,
    }
}

fn at_home(row: Pupil) -> Pupil {
    Pupil { kind: ListKind::Township, class: None, ..row }
}

fn file(code: &str, name: &str, id_no: Option<&str>, guardian: Option<&str>) -> RegisterFile {
    RegisterFile {
        person: code.into(),
        name: Some(name.to_owned()),
        id_no: id_no.map(str::to_owned),
        born: day(0),
        guardian: guardian.map(str::to_owned),
        school: None,
        is_asked: true,
        has_died: false,
    }
}

/// Each child's state, rows, files and candidates.
fn found(rows: &[Pupil], files: &[RegisterFile]) -> Vec<(ChildState, usize, usize, usize)> {
    let children = match_lists(rows, files);
    children
        .iter()
        .map(|it| (it.state, it.rows.len(), it.files.len(), it.candidates.len()))
        .collect()
}

#[test]
fn a_row_says_who_somebody_is_by_decision_number_or_name() {
    let mut person = Person {
        id: "P1".into(),
        area: "T".into(),
        born: day(0),
        name: Some("张三".to_owned()),
        sex: Sex::F,
        groups: Vec::new(),
        tags: Vec::new(),
        email: None,
        phone: None,
        language: None,
        household: None,
        opt_out: false,
        more: Box::default(),
    };
    person.more.id_no = Some("11010519491231002x".to_owned());
    person.more.guardian = Some("张父".to_owned());
    let number = Some("11010519491231002X");
    let decided = |what, row: Pupil| Pupil { decided: Some(what), ..row };
    let own = Decided::Person("P1".into());
    for (row, is_theirs) in [
        (row("S", 1, "张 三", None, None), true),
        (row("S", 1, "张三", None, Some("李母")), true),
        (row("S", 1, "章三", number, None), true),
        (row("S", 1, "张三", Some("X2"), Some("张父")), true),
        (row("S", 1, "张三", Some("X2"), None), false),
        (Pupil { born: day(1), ..row("S", 1, "张三", None, Some("张父")) }, false),
        (row("S", 1, "李四", None, Some("张父")), false),
        (decided(own, row("S", 1, "李四", None, None)), true),
        (decided(Decided::Person("P2".into()), row("S", 1, "张三", number, None)), false),
        (decided(Decided::New, row("S", 1, "张三", None, None)), false),
        (decided(Decided::Drop, row("S", 1, "张三", None, None)), true),
    ] {
        assert_eq!(is_row_of(&row, &person), is_theirs, "{} {:?}", row.name, row.decided);
    }
}

#[test]
fn a_number_joins_and_without_one_name_birth_date_and_guardian_together() {
    use ChildState::{AtSchool, New, Unlisted, Unsure};
    let zhang = file("P1", "张 三", Some("11010519491231002x"), Some("张父"));
    let by_number = row("S", 1, "张三丰", Some("11010519491231002X"), None);
    assert_eq!(found(&[by_number], std::slice::from_ref(&zhang)), [(AtSchool, 1, 1, 0)]);
    let by_three = row("S", 1, "张三", None, Some("张父"));
    assert_eq!(
        found(std::slice::from_ref(&by_three), std::slice::from_ref(&zhang)),
        [(AtSchool, 1, 1, 0)]
    );
    // Two of the three are a question; another number is one too.
    let mother = row("S", 1, "张三", None, Some("李母"));
    assert_eq!(
        found(&[mother], std::slice::from_ref(&zhang)),
        [(Unsure, 1, 0, 1), (Unlisted, 0, 1, 0)]
    );
    let mistyped = row("S", 1, "张三", Some("X1"), Some("张父"));
    assert_eq!(
        found(&[mistyped], std::slice::from_ref(&zhang)),
        [(Unsure, 1, 0, 1), (Unlisted, 0, 1, 0)]
    );
    let other = Pupil { born: day(9), ..row("S", 1, "李四", None, Some("李父")) };
    assert_eq!(
        found(&[other], std::slice::from_ref(&zhang)),
        [(New, 1, 0, 0), (Unlisted, 0, 1, 0)]
    );
    // Of two children with the same name, birth date and guardian a row without a number is nobody's.
    let twin = file("P2", "张三", Some("X2"), Some("张父"));
    let unsure = [(Unsure, 1, 0, 2), (Unlisted, 0, 1, 0), (Unlisted, 0, 1, 0)];
    assert_eq!(found(&[by_three], &[zhang, twin]), unsure);
}

#[test]
fn rows_of_two_lists_that_may_be_one_new_child_are_a_question() {
    use ChildState::{AtSchool, New, Unsure};
    let states = |rows: &[Pupil], files: &[RegisterFile]| -> Vec<ChildState> {
        match_lists(rows, files).iter().map(|it| it.state).collect()
    };
    let here = || row("S", 1, "张三", None, None);
    let there = || row("T", 1, "张 三", None, Some("张父"));
    let children = match_lists(&[here(), there()], &[]);
    assert_eq!(children.iter().map(|it| it.alike.clone()).collect::<Vec<_>>(), [[1], [0]]);
    assert_eq!(states(&[here(), there()], &[]), [Unsure, Unsure]);
    assert_eq!(states(&[here(), at_home(row("S", 2, "张三", None, None))], &[]), [Unsure, Unsure]);
    assert_eq!(states(&[here(), row("S", 2, "张三", None, None)], &[]), [Unsure, Unsure]);
    // Once one of them is known or decided, the other one is a question still; what a clerk dropped is none.
    let decided = |what: &str, row: Pupil| Pupil { decided: Some(Decided::of_text(what)), ..row };
    assert_eq!(states(&[decided("new", here()), there()], &[]), [New, Unsure]);
    let known = file("P1", "张三", None, None);
    assert_eq!(states(&[decided("P1", here()), there()], &[known]), [AtSchool, Unsure]);
    assert_eq!(states(&[decided("drop", here()), there()], &[])[1], New);
    // Two numbers are two children, and twins are two in one list.
    let numbered = |list, number| row(list, 1, "张三", Some(number), None);
    assert_eq!(states(&[numbered("S", "A1"), numbered("T", "A2")], &[]), [New, New]);
    let twin = |nr, name| row("S", nr, name, None, Some("张父"));
    assert_eq!(states(&[twin(1, "张三"), twin(2, "张四")], &[]), [New, New]);
}

#[test]
fn whoever_died_is_not_new() {
    let dead = RegisterFile { has_died: true, ..file("P1", "张三", Some("A1"), None) };
    let rows = [row("S", 1, "张三", Some("A1"), None)];
    assert_eq!(found(&rows, std::slice::from_ref(&dead)), [(ChildState::Died, 1, 1, 0)]);
    let dropped = Pupil { decided: Some(Decided::Drop), ..rows[0].clone() };
    assert_eq!(found(&[dropped], &[dead])[0].0, ChildState::Dropped);
}

#[test]
fn a_clerk_decides_whose_a_row_is() {
    use ChildState::{AtSchool, Dropped, New, Unlisted};
    let zhang = file("P1", "张三", Some("A1"), Some("张父"));
    let mistyped = row("S", 1, "张三", Some("A7"), Some("张父"));
    let decided = |what: &str| Pupil { decided: Some(Decided::of_text(what)), ..mistyped.clone() };
    assert_eq!(found(&[decided("P1")], std::slice::from_ref(&zhang)), [(AtSchool, 1, 1, 0)]);
    let apart = [(New, 1, 0, 0), (Unlisted, 0, 1, 0)];
    assert_eq!(found(&[decided("new")], std::slice::from_ref(&zhang)), apart);
    assert_eq!(found(&[decided("drop")], &[zhang])[0], (Dropped, 1, 0, 0));
    for text in ["new", "drop", "P1"] {
        assert_eq!(Decided::of_text(text).text(), text);
    }
}

#[test]
fn what_the_lists_say_against_each_other_is_told() {
    use ChildState::{AtHome, AtHomeNew, AtSchool, Contradicted, Left, NoList, Twins, TwoSchools};
    let girl = || row("S", 1, "张三", Some("A1"), None);
    let known = || file("P1", "张三", Some("A1"), None);
    let in_school = |school: &str| RegisterFile { school: Some(school.into()), ..known() };
    let one = |rows: &[Pupil], files: &[RegisterFile]| found(rows, files)[0].0;
    assert_eq!(one(&[girl(), row("T", 1, "张三", Some("A1"), None)], &[known()]), TwoSchools);
    assert_eq!(
        one(&[girl(), row("S", 9, "张三", Some("A1"), None)], &[known()]),
        AtSchool,
        "twice"
    );
    assert_eq!(one(&[girl(), at_home(girl())], &[known()]), Contradicted);
    assert_eq!(one(&[at_home(girl())], &[known()]), AtHome);
    assert_eq!(one(&[at_home(girl())], &[]), AtHomeNew);
    assert_eq!(one(&[girl()], &[known(), file("P2", "张三", Some("A1"), None)]), Twins);
    let other = || row("S", 1, "李四", Some("A2"), None);
    assert_eq!(found(&[other()], &[in_school("S")])[1].0, Left);
    assert_eq!(found(&[other()], &[in_school("T")])[1].0, NoList);
}

#[test]
fn a_row_is_hidden_from_debug_output() {
    assert_eq!(
        format!("{:?}", row("S", 3, "张三", None, None)),
        "Pupil { list: AreaCode(\"S\"), nr: 3, .. }"
    );
}

/// Small alphabets, so that rows agree often.
fn some_marks() -> impl Strategy<Value = (String, Option<String>, i64, Option<String>)> {
    let id_no = prop::option::of((0_u8..6).prop_map(|n| format!("N{n}")));
    let guardian = prop::option::of((0_u8..3).prop_map(|n| format!("G{n}")));
    ((0_u8..3).prop_map(|n| format!("C{n}")), id_no, 0_i64..3, guardian)
}

fn some_rows() -> impl Strategy<Value = Vec<Pupil>> {
    let decided = prop::option::weighted(
        0.2,
        prop_oneof![
            Just(Decided::New),
            Just(Decided::Drop),
            (0_u32..8).prop_map(|n| Decided::Person(format!("P{n}").as_str().into())),
        ],
    );
    let one = (some_marks(), 0_u8..3, any::<bool>(), decided);
    prop::collection::vec(one, 0..12).prop_map(|all| {
        let mut rows = Vec::new();
        for (nr, ((name, id_no, born, guardian), list, is_at_home, decided)) in (1..).zip(all) {
            let one = row(&format!("S{list}"), nr, &name, None, None);
            let one = Pupil { id_no, born: day(born), guardian, decided, ..one };
            rows.push(if is_at_home { at_home(one) } else { one });
        }
        rows
    })
}

fn some_files() -> impl Strategy<Value = Vec<RegisterFile>> {
    let one = (some_marks(), prop::option::of(0_u8..3));
    prop::collection::vec(one, 0..8).prop_map(|all| {
        let mut files = Vec::new();
        for (n, ((name, id_no, born, guardian), school)) in all.into_iter().enumerate() {
            files.push(RegisterFile {
                person: format!("P{n}").as_str().into(),
                name: Some(name),
                id_no,
                born: day(born),
                guardian,
                school: school.map(|n: u8| format!("S{n}").as_str().into()),
                is_asked: true,
                has_died: false,
            });
        }
        files
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn every_row_and_file_is_in_exactly_one_place(rows in some_rows(), files in some_files()) {
        let children = match_lists(&rows, &files);
        let mut of_row = vec![0; rows.len()];
        let mut of_file = vec![0; files.len()];
        for child in &children {
            child.rows.iter().for_each(|at| of_row[*at] += 1);
            child.files.iter().for_each(|at| of_file[*at] += 1);
            prop_assert!(!child.rows.is_empty() || !child.files.is_empty());
            // Who may be the same is asked about only where nobody is known.
            let is_asked = !child.candidates.is_empty() || !child.alike.is_empty();
            prop_assert_eq!(is_asked, child.state == ChildState::Unsure);
            let is_new = matches!(
                child.state,
                ChildState::New | ChildState::AtHomeNew | ChildState::Unsure | ChildState::Dropped
            );
            prop_assert!(!is_new || child.files.is_empty());
            let is_known = matches!(
                child.state,
                ChildState::AtSchool | ChildState::AtHome | ChildState::Left | ChildState::NoList
                    | ChildState::Unlisted
            );
            prop_assert!(!is_known || child.files.len() == 1);
            // No two identity numbers in one child, unless a clerk joined them.
            let open = child.rows.iter().filter(|at| rows[**at].decided.is_none());
            let numbers = open.filter_map(|at| rows[*at].id_no.as_deref());
            let of_files = child.files.iter().filter_map(|at| files[*at].id_no.as_deref());
            let numbers = numbers.chain(of_files);
            prop_assert!(numbers.collect::<BTreeSet<_>>().len() <= 1);
        }
        prop_assert!(of_row.iter().chain(&of_file).all(|times| *times == 1));
        // The same number is the same child, whatever else is written.
        let mut seen: Vec<(&str, usize)> = Vec::new();
        for (no, child) in children.iter().enumerate() {
            let open = child.rows.iter().filter(|at| rows[**at].decided.is_none());
            seen.extend(open.filter_map(|at| Some((rows[*at].id_no.as_deref()?, no))));
            let of_files = child.files.iter().filter_map(|at| files[*at].id_no.as_deref());
            seen.extend(of_files.map(|id_no| (id_no, no)));
        }
        seen.sort_unstable();
        seen.dedup();
        prop_assert!(seen.windows(2).all(|pair| pair[0].0 != pair[1].0));
        // The order of the files changes nothing.
        let mut turned = files.clone();
        turned.reverse();
        let states = |children: &[Child]| {
            let mut all: Vec<_> = children.iter().map(|it| (it.rows.clone(), it.state)).collect();
            all.retain(|(rows, _)| !rows.is_empty());
            all.sort();
            all
        };
        prop_assert_eq!(states(&children), states(&match_lists(&rows, &turned)));
    }
}
