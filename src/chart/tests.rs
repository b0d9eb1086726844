//! Charts as SVG and as shapes.

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn chart(lines: &[Line<'_>], days: (NaiveDate, NaiveDate)) -> String {
    let chart = Chart {
        title: "累计<接种>",
        heading: None,
        unit: "剂次",
        days,
        lines,
        around: Around::default(),
        number: &|n| n.to_string(),
        day: &|day| day.format("%-m/%-d").to_string(),
    };
    svg(&drawing(&chart), &Colours::PAGE)
}

#[test]
fn steps_are_round_and_few() {
    for (highest, expected) in
        [(0, 1), (3, 1), (4, 1), (5, 2), (9, 5), (1_690_000, 500_000), (2_000_001, 1_000_000)]
    {
        assert_eq!(step(highest), expected, "{highest}");
    }
    assert!(FIGURE_MAX.div_ceil(step(FIGURE_MAX)) <= STEPS_MAX);
}

#[test]
fn lines_run_from_the_first_day_to_the_last_and_from_nothing_to_the_top() {
    let points = [(day("2021-03-01"), 0), (day("2021-03-03"), 4)];
    let line = Line { name: "完成 4", look: Look::Done, points: &points };
    let drawn = chart(&[line], (day("2021-03-01"), day("2021-03-03")));
    let plot_left = PAD + width("4") + 8.0;
    let path = format!("M{plot_left:.1} 320.0L584.0 88.0");
    assert!(drawn.contains(&path), "{path} is not in {drawn}");
    for label in [">3/1<", ">3/2<", ">3/3<", ">剂次<", ">完成 4<"] {
        assert!(drawn.contains(label), "{label}: {drawn}");
    }
    assert!(drawn.contains("cx=\"584.0\" cy=\"88.0\""), "{drawn}");
}

#[test]
fn what_stands_in_it_cannot_break_out_of_it() {
    let line = Line { name: "<script>\"'\u{0}\n", look: Look::Plan, points: &[] };
    let drawn = chart(&[line], (day("2021-03-01"), day("2021-03-01")));
    assert!(drawn.contains("<title>累计&lt;接种&gt;</title>"), "{drawn}");
    assert!(drawn.contains(">&lt;script&gt;&quot;&#39; </text>"), "{drawn}");
    assert!(!drawn.contains("<script"), "{drawn}");
}

#[test]
fn a_long_legend_goes_on_in_another_row() {
    let name = "累计完成 1,690,000 剂次（全程 93.1%）";
    let lines = [Look::Done, Look::Plan].map(|look| Line { name, look, points: &[] });
    let days = (day("2021-03-01"), day("2021-10-30"));
    let (_, rows) = legend(
        &Chart {
            title: "",
            heading: None,
            unit: "",
            days,
            lines: &lines,
            around: Around::default(),
            number: &|n| n.to_string(),
            day: &|day| day.to_string(),
        },
        PAD,
    );
    assert!((rows - 2.0).abs() < f64::EPSILON, "{rows}");
    // Days before the first and figures above the top stay inside.
    let points = [(day("2020-01-01"), 1), (day("2022-01-01"), u64::MAX)];
    let drawn = chart(&[Line { name: "", look: Look::Plan, points: &points }], days);
    assert!(drawn.contains("L584.0 "), "{drawn}");
}

#[test]
fn what_is_expected_lies_behind_the_lines_and_every_day_tells_its_figures() {
    let days = (day("2021-03-01"), day("2021-03-05"));
    let done = [(day("2021-03-01"), 1), (day("2021-03-02"), 2)];
    let target = [(days.0, 8), (days.1, 8)];
    let lines = [
        Line { name: "done", look: Look::Done, points: &done },
        Line { name: "target", look: Look::Target, points: &target },
    ];
    let band = [(day("2021-03-02"), 2, 2), (day("2021-03-05"), 4, 10)];
    let told = [(days.0, "3/1: <1>".to_owned()), (day("2021-03-02"), "3/2: 2".to_owned())];
    let around = Around { band: &band, today: Some((day("2021-03-03"), "today")), told: &told };
    let chart = Chart {
        title: "",
        heading: None,
        unit: "u",
        days,
        lines: &lines,
        around,
        number: &|n| n.to_string(),
        day: &|day| day.format("%-m/%-d").to_string(),
    };
    let drawn = svg(&drawing(&chart), &Colours::PAGE);
    assert!(drawn.contains(">10</text>"), "the scale goes up to the band's end: {drawn}");
    let (band, line) = (drawn.find("chart-band").unwrap(), drawn.rfind("chart-done").unwrap());
    assert!(band < line, "{drawn}");
    assert!(drawn.contains("chart-target") && drawn.contains(">today</text>"), "{drawn}");
    assert!(drawn.contains("<title>3/1: &lt;1&gt;</title>"), "{drawn}");
    assert_eq!(drawn.matches("class=\"told\"").count(), 2, "{drawn}");
}
