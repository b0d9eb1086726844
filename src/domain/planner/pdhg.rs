//! A first-order method for linear programs: primal-dual hybrid gradient with diagonal scaling,
//! adaptive steps, averaging and restarts. Minimises `cost · x` under `A x ≤ b` (or `= b`) and `0
//! ≤ x ≤ upper`.
//!
//! Every column has a natural **size** and every row a natural **worth**: what a unit of over-use
//! costs. They put all errors of a point into one unit, so they can be compared.

use super::index::{ColumnIndex, ListIndex as _, Per, RowIndex};
use super::parallel;

/// A linear program by rows and columns.
#[derive(Debug, Clone, Default)]
pub(super) struct Program {
    /// Cost of each column.
    pub(super) cost: Per<ColumnIndex, f64>,
    /// Upper bound of each column.
    pub(super) upper: Per<ColumnIndex, f64>,
    /// Natural size of each column.
    pub(super) size: Per<ColumnIndex, f64>,
    /// Right side of each row.
    pub(super) right: Per<RowIndex, f64>,
    /// Whether a row is an equation.
    pub(super) equal: Per<RowIndex, bool>,
    /// Natural worth of a unit of each row.
    pub(super) worth: Per<RowIndex, f64>,
    /// Entries: row, column, value.
    pub(super) entries: Vec<(RowIndex, ColumnIndex, f64)>,
}

impl Program {
    /// Adds a row; returns its index.
    pub(super) fn row(&mut self, right: f64, equal: bool, worth: f64) -> RowIndex {
        self.equal.push(equal);
        self.worth.push(worth);
        self.right.push(right)
    }

    /// Adds a column; returns its index.
    pub(super) fn column(&mut self, cost: f64, upper: f64, size: f64) -> ColumnIndex {
        self.upper.push(upper);
        self.size.push(size);
        self.cost.push(cost)
    }

    /// Adds an entry.
    pub(super) fn entry(&mut self, row: RowIndex, column: ColumnIndex, value: f64) {
        self.entries.push((row, column, value));
    }
}

/// A matrix by lines: rows, or columns of its transpose. Lines and places in them are plain
/// positions here, so that one code serves both.
struct Lines {
    start: Vec<usize>,
    at: Vec<u32>,
    value: Vec<f64>,
}

impl Lines {
    fn new(lines: usize, entries: impl Iterator<Item = (usize, usize, f64)> + Clone) -> Self {
        let mut start = vec![0; lines + 1];
        for (line, _, _) in entries.clone() {
            start[line + 1] += 1;
        }
        for line in 0..lines {
            start[line + 1] += start[line];
        }
        let mut next = start.clone();
        let (mut at, mut value) = (vec![0; start[lines]], vec![0.0; start[lines]]);
        for (line, other, number) in entries {
            at[next[line]] = u32::try_from(other).unwrap_or(u32::MAX);
            value[next[line]] = number;
            next[line] += 1;
        }
        Self { start, at, value }
    }

    fn line(&self, line: usize, x: &[f64]) -> f64 {
        let span = self.start[line]..self.start[line + 1];
        let products = self.at[span.clone()].iter().zip(&self.value[span]);
        products.map(|(&at, value)| value * x[at as usize]).sum()
    }

    fn times(&self, x: &[f64], out: &mut [f64]) {
        parallel::sum(parallel::of(out), |(first, part)| {
            for (line, sum) in (first..).zip(part) {
                *sum = self.line(line, x);
            }
            0.0
        });
    }

    fn weighted(&self, weights: &[f64]) -> Vec<f64> {
        (0..self.start.len() - 1)
            .map(|line| {
                let span = self.start[line]..self.start[line + 1];
                let products = self.at[span.clone()].iter().zip(&self.value[span]);
                products.map(|(&at, value)| value.abs() * weights[at as usize]).sum::<f64>()
            })
            .collect()
    }
}

/// A point with its products.
#[derive(Debug, Clone, Default)]
pub(super) struct Point {
    /// Columns.
    pub(super) x: Per<ColumnIndex, f64>,
    /// Prices of rows; not negative at inequalities.
    pub(super) y: Per<RowIndex, f64>,
}

/// The method's state.
pub(super) struct Pdhg {
    program: Program,
    rows: Lines,
    columns: Lines,
    tau: Vec<f64>,
    sigma: Vec<f64>,
    /// The current point.
    pub(super) now: Point,
    ax: Vec<f64>,
    aty: Vec<f64>,
    sum: Point,
    sum_weight: f64,
    anchor: Point,
    error_at_restart: f64,
    error_before: f64,
    steps_since: u32,
    steps: u32,
    stride: f64,
    weight: f64,
    /// Buffers for the next point and its products.
    next: Point,
    next_ax: Vec<f64>,
    next_aty: Vec<f64>,
    /// Error of the last point that was looked at, as a share of the objective.
    pub(super) error: f64,
}

/// The method restarts when the error has fallen to this share since the last restart,
const RESTART_GOOD: f64 = 0.2;
/// or to this share and has begun to rise,
const RESTART_FAIR: f64 = 0.8;
/// or after this share of all steps.
const RESTART_LATE: f64 = 0.36;

impl Pdhg {
    /// Starts at zero.
    pub(super) fn new(program: Program) -> Self {
        let (m, n) = (program.right.len(), program.cost.len());
        let place = |&(row, column, value): &(RowIndex, ColumnIndex, f64)| {
            (row.position(), column.position(), value)
        };
        let entries = program.entries.iter().map(place);
        let rows = Lines::new(m, entries.clone());
        let columns = Lines::new(n, entries.map(|(i, j, a)| (j, i, a)));
        let over = |top: &[f64], under: Vec<f64>| -> Vec<f64> {
            let ratio = |(t, u): (&f64, f64)| if u > 0.0 { t / u } else { 0.0 };
            top.iter().zip(under).map(ratio).collect()
        };
        let tau = over(program.size.as_slice(), columns.weighted(program.worth.as_slice()));
        let sigma = over(program.worth.as_slice(), rows.weighted(program.size.as_slice()));
        let zero = Point { x: Per::filled(0.0, n), y: Per::filled(0.0, m) };
        Self {
            program,
            rows,
            columns,
            tau,
            sigma,
            now: zero.clone(),
            ax: vec![0.0; m],
            aty: vec![0.0; n],
            sum: zero.clone(),
            sum_weight: 0.0,
            anchor: zero,
            error_at_restart: f64::INFINITY,
            error_before: f64::INFINITY,
            steps_since: 0,
            steps: 0,
            stride: 1.0,
            weight: 1.0,
            next: Point { x: Per::filled(0.0, n), y: Per::filled(0.0, m) },
            next_ax: vec![0.0; m],
            next_aty: vec![0.0; n],
            error: f64::INFINITY,
        }
    }

    /// Continues with a program that has more rows and columns.
    pub(super) fn widen(&mut self, program: Program) {
        let point = self.now.clone();
        *self = self.resume(program, point, self.steps);
    }

    /// The method on another program of the same kind, starting at a point; what the point lacks is
    /// 0. `steps` counts as the number of steps already done.
    pub(super) fn resume(&self, program: Program, mut point: Point, steps: u32) -> Self {
        let mut other = Self::new(program);
        point.x.resize(other.now.x.len(), 0.0);
        point.y.resize(other.now.y.len(), 0.0);
        other.rows.times(point.x.as_slice(), &mut other.ax);
        other.columns.times(point.y.as_slice(), &mut other.aty);
        other.anchor = point.clone();
        other.now = point;
        (other.stride, other.weight, other.steps) = (self.stride, self.weight, steps);
        other
    }

    /// Makes so many steps, then restarts if that pays.
    pub(super) fn run(&mut self, steps: u32) {
        for _ in 0..steps {
            self.step();
        }
        self.restart();
    }

    fn step(&mut self) {
        let Point { mut x, mut y } = std::mem::take(&mut self.next);
        let (mut ax, mut aty) =
            (std::mem::take(&mut self.next_ax), std::mem::take(&mut self.next_aty));
        loop {
            self.steps += 1;
            let (reach_x, reach_y) = (self.stride / self.weight, self.stride * self.weight);
            let move_x = self.move_columns(reach_x, x.as_mut_slice());
            let move_y = self.move_rows(reach_y, x.as_slice(), &mut ax, y.as_mut_slice());
            let cross = self.pay(x.as_slice(), y.as_slice(), &mut aty).abs();
            let moved = 0.5 * (move_x * self.weight + move_y / self.weight);
            let limit = if cross > 0.0 { moved / cross } else { f64::INFINITY };
            let (used, k) = (self.stride, f64::from(self.steps) + 1.0);
            self.stride = ((1.0 - k.powf(-0.3)) * limit).min((1.0 + k.powf(-0.6)) * used);
            if used <= limit {
                self.next = std::mem::replace(&mut self.now, Point { x, y });
                self.next_ax = std::mem::replace(&mut self.ax, ax);
                self.next_aty = std::mem::replace(&mut self.aty, aty);
                add(self.sum.x.as_mut_slice(), self.now.x.as_slice(), used);
                add(self.sum.y.as_mut_slice(), self.now.y.as_slice(), used);
                self.sum_weight += used;
                self.steps_since += 1;
                return;
            }
        }
    }

    /// Moves the columns against their slopes; returns the scaled square of the distance.
    fn move_columns(&self, reach: f64, x: &mut [f64]) -> f64 {
        let (cost, upper) = (self.program.cost.as_slice(), self.program.upper.as_slice());
        let old = self.now.x.as_slice();
        parallel::sum(parallel::of(x), |(first, part)| {
            let mut moved = 0.0;
            for (j, to) in (first..).zip(part) {
                let slope = cost[j] + self.aty[j];
                *to = (old[j] - reach * self.tau[j] * slope).clamp(0.0, upper[j]);
                let by = *to - old[j];
                if by != 0.0 {
                    moved += by * by / self.tau[j];
                }
            }
            moved
        })
    }

    /// Writes what the columns use of every row into `ax` and moves the rows' prices by their
    /// over-use at the extrapolated point. Returns the scaled square of the distance.
    fn move_rows(&self, reach: f64, x: &[f64], ax: &mut [f64], y: &mut [f64]) -> f64 {
        let (right, equal) = (self.program.right.as_slice(), self.program.equal.as_slice());
        let old = self.now.y.as_slice();
        parallel::sum(parallel::of_both(ax, y), |(first, ax, y)| {
            let mut moved = 0.0;
            for (i, (used, to)) in (first..).zip(ax.iter_mut().zip(y)) {
                *used = self.rows.line(i, x);
                let over = 2.0 * *used - self.ax[i] - right[i];
                *to = old[i] + reach * self.sigma[i] * over;
                if !equal[i] {
                    *to = to.max(0.0);
                }
                let by = *to - old[i];
                if by != 0.0 {
                    moved += by * by / self.sigma[i];
                }
            }
            moved
        })
    }

    /// Writes what every column pays into `aty`; returns the product of both sides' moves.
    fn pay(&self, x: &[f64], y: &[f64], aty: &mut [f64]) -> f64 {
        let old = self.now.x.as_slice();
        parallel::sum(parallel::of(aty), |(first, part)| {
            let mut cross = 0.0;
            for (j, paid) in (first..).zip(part) {
                *paid = self.columns.line(j, y);
                cross += (x[j] - old[j]) * (*paid - self.aty[j]);
            }
            cross
        })
    }

    /// The average since the last restart.
    pub(super) fn average(&self) -> Point {
        let scaled = |n: &f64| n / self.sum_weight;
        if self.sum_weight > 0.0 {
            let Point { x, y } = &self.sum;
            Point { x: x.iter().map(scaled).collect(), y: y.iter().map(scaled).collect() }
        } else {
            self.now.clone()
        }
    }

    /// The error of a point as a share of the objective: over-use and unpaid columns at their
    /// worth, and the gap between the two sides.
    fn error_of(&self, point: &Point, ax: &[f64], aty: &[f64]) -> f64 {
        let program = &self.program;
        let (mut over, mut primal, mut dual) = (0.0, 0.0, 0.0);
        for (i, used) in point.y.indices().zip(ax) {
            let beyond = used - program.right[i];
            let beyond = if program.equal[i] { beyond.abs() } else { beyond.max(0.0) };
            over += beyond * program.worth[i];
            dual -= point.y[i] * program.right[i];
        }
        for (j, paid) in point.x.indices().zip(aty) {
            primal += program.cost[j] * point.x[j];
            let slope = program.cost[j] + paid;
            if slope < 0.0 {
                let upper = if program.upper[j].is_finite() {
                    program.upper[j]
                } else {
                    over -= slope * program.size[j];
                    0.0
                };
                dual += slope * upper;
            }
        }
        (over + (primal - dual).abs()) / primal.abs().max(1.0)
    }

    fn restart(&mut self) {
        let average = self.average();
        let (mut ax, mut aty) = (vec![0.0; self.ax.len()], vec![0.0; self.aty.len()]);
        self.rows.times(average.x.as_slice(), &mut ax);
        self.columns.times(average.y.as_slice(), &mut aty);
        let of_average = self.error_of(&average, &ax, &aty);
        let of_now = self.error_of(&self.now, &self.ax, &self.aty);
        let error = of_average.min(of_now);
        self.error = error;
        let good = error <= RESTART_GOOD * self.error_at_restart;
        let fair = error <= RESTART_FAIR * self.error_at_restart && error > self.error_before;
        let late = f64::from(self.steps_since) >= RESTART_LATE * f64::from(self.steps);
        self.error_before = error;
        if !(good || fair || late) {
            return;
        }
        if of_average < of_now {
            self.now = average;
            (self.ax, self.aty) = (ax, aty);
        }
        let far = |a: &[f64], b: &[f64], unit: &[f64]| -> f64 {
            let square = |((a, b), unit): ((&f64, &f64), &f64)| {
                if *unit > 0.0 { (a - b) * (a - b) / unit } else { 0.0 }
            };
            a.iter().zip(b).zip(unit).map(square).sum::<f64>().sqrt()
        };
        let (now, anchor) = (&self.now, &self.anchor);
        let dx = far(now.x.as_slice(), anchor.x.as_slice(), &self.tau);
        let dy = far(now.y.as_slice(), anchor.y.as_slice(), &self.sigma);
        if dx > 1e-12 && dy > 1e-12 {
            self.weight = (0.5 * (dy / dx).ln() + 0.5 * self.weight.ln()).exp();
        }
        self.anchor = self.now.clone();
        self.error_at_restart = error;
        self.error_before = error;
        self.sum.x.fill(0.0);
        self.sum.y.fill(0.0);
        self.sum_weight = 0.0;
        self.steps_since = 0;
    }
}

fn add(sum: &mut [f64], part: &[f64], weight: f64) {
    parallel::sum(parallel::of(sum), |(first, sums)| {
        for (sum, value) in sums.iter_mut().zip(&part[first..]) {
            *sum += weight * value;
        }
        0.0
    });
}
