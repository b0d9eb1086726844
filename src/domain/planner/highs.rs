//! HiGHS instead of the first-order method: the same program, solved to the end by interior point
//! and crossover. One thread, so that the same program gives the same point.

use super::index::ListIndex as _;
use super::pdhg::{Point, Program};
use highs::{ColProblem, HighsModelStatus, HighsOptionValue, Model, Row, Sense};

/// An optimal point of a program; `None` where HiGHS finds none.
pub(super) fn solve(program: &Program) -> Option<Point> {
    let mut model = lines(program).try_optimise(Sense::Minimise).ok()?;
    model.make_quiet();
    set(&mut model, "threads", 1)?;
    set(&mut model, "parallel", "off")?;
    set(&mut model, "solver", "ipx")?;
    set(&mut model, "run_crossover", "on")?;
    let solved = model.try_solve().ok()?;
    if solved.status() != HighsModelStatus::Optimal {
        return None;
    }
    let solution = solved.get_solution();
    // HiGHS says what a unit more on the right adds to the cost; a price is what it saves.
    let price = |(&dual, &equal): (&f64, &bool)| if equal { -dual } else { (-dual).max(0.0) };
    Some(Point {
        x: solution.columns().iter().map(|amount| amount.max(0.0)).collect(),
        y: solution.dual_rows().iter().zip(&program.equal).map(price).collect(),
    })
}

fn set(model: &mut Model, option: &str, value: impl HighsOptionValue) -> Option<()> {
    model.try_set_option(option, value).ok()
}

/// The program as HiGHS takes it: by columns, every place of the matrix once.
fn lines(program: &Program) -> ColProblem {
    let mut problem = ColProblem::new();
    let row = |(&right, &equal): (&f64, &bool)| {
        let low = if equal { right } else { f64::NEG_INFINITY };
        problem.add_row(low..=right)
    };
    let rows: Vec<Row> = program.right.iter().zip(&program.equal).map(row).collect();
    let mut entries = program.entries.clone();
    entries.sort_by_key(|&(row, column, _)| (column, row));
    entries.dedup_by(|next, held| {
        let same = (next.0, next.1) == (held.0, held.1);
        if same {
            held.2 += next.2;
        }
        same
    });
    let mut left = entries.as_slice();
    for (column, &cost) in program.cost.pairs() {
        let upper = program.upper[column];
        let (own, rest) = left.split_at(left.partition_point(|entry| entry.1 <= column));
        left = rest;
        problem.add_column(
            cost,
            0.0..=upper,
            own.iter().map(|&(row, _, a)| (rows[row.position()], a)),
        );
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::super::testing::campaign;
    use super::super::{Limits, Method, Request, check_certificate, make};
    use super::*;
    use crate::domain::plan::Plan;

    #[test]
    fn prices_are_positive_and_pay_for_the_optimum() {
        let mut program = Program::default();
        let x = program.column(-3.0, f64::INFINITY, 1.0);
        let y = program.column(-1.0, 2.0, 1.0);
        let room = program.row(4.0, false, 1.0);
        let same = program.row(1.0, true, 1.0);
        // A place of the matrix in two parts.
        program.entry(room, x, 0.5);
        program.entry(room, x, 0.5);
        program.entry(room, y, 1.0);
        program.entry(same, x, 1.0);
        program.entry(same, y, -1.0);
        let point = solve(&program).expect("an optimum");
        let near = |a: f64, b: f64| (a - b).abs() < 1e-7;
        assert!(near(point.x[x], 2.5) && near(point.x[y], 1.5), "{point:?}");
        // cost + Aᵀ y = 0 where a column is used.
        assert!(near(point.y[room], 2.0) && near(point.y[same], 1.0), "{point:?}");
        // There is no point at all.
        program.right[room] = -1.0;
        assert!(solve(&program).is_none());
    }

    #[test]
    fn the_bound_of_highs_is_accepted_above_every_plan_and_that_of_many_steps() {
        for seed in 0..8 {
            let campaign = campaign(seed);
            let made = |limits: Limits| -> Plan {
                let (given, from, published) = (&[], campaign.start, &[]);
                let request = Request {
                    campaign: &campaign,
                    given,
                    from,
                    published,
                    told: None,
                    warm: None,
                    limits,
                };
                make(&request, &mut |_| {}, &mut || 0.0)
            };
            let to_the_end = Limits { method: Method::Highs, ..Limits::default() };
            let (highs, own) = (made(to_the_end), made(Limits::steps(3000)));
            let (bound, problems) =
                check_certificate(&campaign, &highs.certificate, &[], campaign.start);
            assert_eq!(problems, Vec::<String>::new(), "seed {seed}");
            let slack = 1e-6 * bound.abs().max(1.0);
            for plan in [&highs, &own] {
                assert!(bound >= plan.figures.objective - slack, "seed {seed}: {bound}");
            }
            // Steps have a long way to the best routes; without teams both end at the same bound.
            let other = own.figures.upper_bound;
            let near = 5e-3 * other.max(1.0);
            assert!(bound <= other + near, "seed {seed}: {bound} {other}");
            let has_routes = !campaign.teams.is_empty() && !campaign.stops.is_empty();
            assert!(has_routes || other <= bound + near, "seed {seed}: {bound} {other}");
            assert_eq!(made(to_the_end), highs, "seed {seed}: not the same twice");
        }
    }
}
