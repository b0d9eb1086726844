//! The least kilometres for the same doses of each area and of each site on a day.
//!
//! Two areas exchange sites, and areas pass sites on in **rings**, as long as that saves kilometres: in a ring each
//! site gives doses of some area to the next one, so all sites keep their doses. Where no ring saves any, no other
//! choice is shorter: two choices with the same sums differ by rings alone. Lengths are whole millimetres, so that the
//! end is exact.

use super::num;

/// Rounds of exchanges between pairs of sites, which leave little to the rings.
const PAIR_ROUNDS: usize = 12;
/// Rings of a day at most, a bound on time; our choice, far above what days of real campaigns need.
const RINGS_MAX: usize = 20_000;

/// A length in whole millimetres; `None` where it is not finite: out of reach.
pub(super) fn millimetres(km: f64) -> Option<i64> {
    km.is_finite().then(|| num::signed((km * 1e6).round()))
}

/// Doses of a day by area and site, with the lengths of the ways.
pub(super) struct Transport {
    /// By area and site; `None`: out of reach, or what stays where it is.
    ways: Vec<Vec<Option<i64>>>,
    /// By area and site.
    doses: Vec<Vec<i64>>,
    sites: usize,
}

/// The cheapest way to pass a dose on from one site to another: millimetres more, and whose dose.
type Pass = Option<(i64, usize)>;

/// Doses of an area at a site, and what each saves at the other site.
struct Mover {
    saves: i64,
    area: usize,
    doses: i64,
}

impl Transport {
    /// Both lists by area and site; `sites`: how many there are.
    pub(super) fn new(ways: Vec<Vec<Option<i64>>>, doses: Vec<Vec<i64>>, sites: usize) -> Self {
        Self { ways, doses, sites }
    }

    /// Doses by area and site.
    pub(super) fn doses(&self) -> &[Vec<i64>] {
        &self.doses
    }

    /// Millimetres of all doses that are within reach.
    pub(super) fn length(&self) -> i128 {
        let rows = self.doses.iter().zip(&self.ways);
        let of_row = |(doses, ways): (&Vec<i64>, &Vec<Option<i64>>)| {
            let pairs = doses.iter().zip(ways);
            pairs.map(|(n, way)| i128::from(*n) * i128::from(way.unwrap_or(0))).sum::<i128>()
        };
        rows.map(of_row).sum()
    }

    /// Shortens the ways until they are the shortest.
    pub(super) fn shorten(&mut self) {
        for _ in 0..PAIR_ROUNDS {
            let mut has_changed = false;
            for one in 0..self.sites {
                for other in one + 1..self.sites {
                    has_changed |= self.exchange(one, other);
                }
            }
            if !has_changed {
                break;
            }
        }
        let mut passes: Vec<Vec<Pass>> = (0..self.sites).map(|site| self.passes(site)).collect();
        for _ in 0..RINGS_MAX {
            let Some(ring) = saving_ring(&passes) else { return };
            self.turn(&ring, &passes);
            for &site in &ring {
                passes[site] = self.passes(site);
            }
        }
    }

    /// What a dose of an area at a site saves at another one; `None` where it cannot go.
    fn saves(&self, area: usize, (from, to): (usize, usize)) -> Option<i64> {
        Some(self.ways[area][from]? - self.ways[area][to]?)
    }

    /// Exchanges between two sites: the areas that save most by leaving one of them with those that save most by
    /// leaving the other. Returns whether that saved anything.
    fn exchange(&mut self, one: usize, other: usize) -> bool {
        let movers = |at: (usize, usize)| -> Vec<Mover> {
            let mover = |area: usize| {
                let doses = self.doses[area][at.0];
                let saves = self.saves(area, at).filter(|_| doses > 0)?;
                Some(Mover { saves, area, doses })
            };
            let mut movers: Vec<Mover> = (0..self.doses.len()).filter_map(mover).collect();
            movers.sort_by(|a, b| b.saves.cmp(&a.saves).then(a.area.cmp(&b.area)));
            movers
        };
        let (mut from_one, mut from_other) = (movers((one, other)), movers((other, one)));
        let (mut first, mut second, mut has_changed) = (0, 0, false);
        while let (Some(a), Some(b)) = (from_one.get_mut(first), from_other.get_mut(second)) {
            if a.saves + b.saves <= 0 {
                break;
            }
            let n = a.doses.min(b.doses);
            self.carry(a.area, (one, other), n);
            self.carry(b.area, (other, one), n);
            (a.doses, b.doses) = (a.doses - n, b.doses - n);
            first += usize::from(a.doses == 0);
            second += usize::from(b.doses == 0);
            has_changed = true;
        }
        has_changed
    }

    fn carry(&mut self, area: usize, (from, to): (usize, usize), n: i64) {
        self.doses[area][from] -= n;
        self.doses[area][to] += n;
    }

    /// The cheapest passes from a site to each other one.
    fn passes(&self, from: usize) -> Vec<Pass> {
        let mut best: Vec<Pass> = vec![None; self.sites];
        let here = (0..self.doses.len()).filter(|area| self.doses[*area][from] > 0);
        for area in here {
            for (to, best) in best.iter_mut().enumerate().filter(|(to, _)| *to != from) {
                let Some(saves) = self.saves(area, (from, to)) else { continue };
                if best.is_none_or(|(more, _)| -saves < more) {
                    *best = Some((-saves, area));
                }
            }
        }
        best
    }

    /// Passes as many doses round a ring as each of its sites has.
    fn turn(&mut self, ring: &[usize], passes: &[Vec<Pass>]) {
        let next = ring.iter().cycle().skip(1);
        let whose = |(&from, &to): (&usize, &usize)| {
            let (_, area) = passes[from][to]?;
            Some((area, (from, to)))
        };
        let moved: Vec<(usize, (usize, usize))> = ring.iter().zip(next).filter_map(whose).collect();
        let n = moved.iter().map(|(area, (from, _))| self.doses[*area][*from]).min().unwrap_or(0);
        for (area, way) in moved {
            self.carry(area, way, n);
        }
    }
}

/// A ring of passes that saves millimetres, in the order in which doses go; `None` where there is none. The shortest
/// passes that lead anywhere are looked for from all sites at once: they have an end unless some ring saves.
fn saving_ring(passes: &[Vec<Pass>]) -> Option<Vec<usize>> {
    let mut length = vec![0_i64; passes.len()];
    let mut before: Vec<Option<usize>> = vec![None; passes.len()];
    loop {
        let mut has_changed = false;
        for (from, passes) in passes.iter().enumerate() {
            for (to, pass) in passes.iter().enumerate() {
                let Some((more, _)) = pass else { continue };
                let found = length[from] + more;
                if found < length[to] {
                    (length[to], before[to]) = (found, Some(from));
                    has_changed = true;
                }
            }
        }
        if !has_changed {
            return None;
        }
        if let Some(ring) = ring_of(&before) {
            return Some(ring);
        }
    }
}

/// A ring among links that lead back, in the direction in which doses go.
fn ring_of(before: &[Option<usize>]) -> Option<Vec<usize>> {
    // Which walk came by, from 1.
    let mut seen = vec![0_usize; before.len()];
    for start in 0..before.len() {
        let mut at = start;
        while seen[at] == 0 {
            seen[at] = start + 1;
            match before[at] {
                Some(back) => at = back,
                None => break,
            }
        }
        if seen[at] != start + 1 || before[at].is_none() {
            continue;
        }
        // The walk met itself: from there on it goes round.
        let mut ring = vec![at];
        let mut back = before[at]?;
        while back != at {
            ring.push(back);
            back = before[back]?;
        }
        ring.reverse();
        return Some(ring);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::testing::Random;
    use super::*;

    /// The least length with the same sums, by trying everything: each area's doses in all ways over the sites.
    fn least(ways: &[Vec<Option<i64>>], areas: &[i64], sites: &mut Vec<i64>) -> Option<i64> {
        let Some((first, rest)) = ways.split_first() else {
            return sites.iter().all(|left| *left == 0).then_some(0);
        };
        place(first, (areas[0], 0), sites, &mut |sites| least(rest, &areas[1..], sites))
    }

    fn place(
        way: &[Option<i64>],
        (left, site): (i64, usize),
        sites: &mut Vec<i64>,
        then: &mut dyn FnMut(&mut Vec<i64>) -> Option<i64>,
    ) -> Option<i64> {
        if site == way.len() {
            return if left == 0 { then(sites) } else { None };
        }
        let most = if way[site].is_some() { left.min(sites[site]) } else { 0 };
        let mut best: Option<i64> = None;
        for n in 0..=most {
            sites[site] -= n;
            let rest = place(way, (left - n, site + 1), sites, then);
            sites[site] += n;
            let found = rest.map(|rest| rest + n * way[site].unwrap_or(0));
            best = best.into_iter().chain(found).min();
        }
        best
    }

    fn sums(doses: &[Vec<i64>], sites: usize) -> (Vec<i64>, Vec<i64>) {
        let of_site = |site: usize| doses.iter().map(|row| row[site]).sum();
        (doses.iter().map(|row| row.iter().sum()).collect(), (0..sites).map(of_site).collect())
    }

    #[test]
    fn ways_are_as_short_as_trying_everything_finds_them() {
        let (mut shorter, mut below_pairs) = (0, 0);
        for seed in 0..400 {
            let random = &mut Random(seed);
            let (areas, sites) = (2 + random.below(3) as usize, 2 + random.below(3) as usize);
            let mut way = || (random.below(5) > 0).then(|| i64::from(random.below(20)));
            let ways: Vec<Vec<Option<i64>>> =
                (0..areas).map(|_| (0..sites).map(|_| way()).collect()).collect();
            let mut dose = |way: &Option<i64>| way.map_or(0, |_| i64::from(random.below(3)));
            let doses: Vec<Vec<i64>> =
                ways.iter().map(|row| row.iter().map(&mut dose).collect()).collect();
            let (of_areas, mut of_sites) = sums(&doses, sites);
            let mut found = Transport::new(ways.clone(), doses.clone(), sites);
            let before = found.length();
            let mut pairs = Transport::new(ways.clone(), doses, sites);
            while (0..sites).any(|a| (a + 1..sites).any(|b| pairs.exchange(a, b))) {}
            found.shorten();
            assert_eq!(sums(found.doses(), sites), (of_areas.clone(), of_sites.clone()), "{seed}");
            assert!(found.doses().iter().flatten().all(|n| *n >= 0), "{seed}");
            let best = least(&ways, &of_areas, &mut of_sites).expect("the doses as they were");
            assert_eq!(found.length(), i128::from(best), "seed {seed}");
            shorter += usize::from(found.length() < before);
            below_pairs += usize::from(found.length() < pairs.length());
        }
        assert!(shorter > 100 && below_pairs > 0, "{shorter} {below_pairs}");
    }

    /// Three areas, each at the site of the next: no pair of them gains by an exchange, all three do.
    #[test]
    fn a_ring_saves_where_no_pair_does() {
        // Each site serves two areas; each area stands at its far one.
        let ways = vec![
            vec![Some(1), Some(5), None],
            vec![None, Some(1), Some(5)],
            vec![Some(5), None, Some(1)],
        ];
        let doses = vec![vec![0, 7, 0], vec![0, 0, 7], vec![7, 0, 0]];
        let mut found = Transport::new(ways, doses, 3);
        assert!(!found.exchange(0, 1) && !found.exchange(0, 2) && !found.exchange(1, 2));
        assert_eq!(found.length(), 105);
        found.shorten();
        assert_eq!(found.length(), 21);
        assert_eq!(found.doses(), [vec![7, 0, 0], vec![0, 7, 0], vec![0, 0, 7]]);
    }

    #[test]
    fn what_is_out_of_reach_stays_where_it_is() {
        let ways = vec![vec![None, None], vec![Some(1), Some(9)]];
        let mut found = Transport::new(ways, vec![vec![3, 0], vec![0, 3]], 2);
        found.shorten();
        assert_eq!(found.doses(), [vec![3, 0], vec![0, 3]]);
        assert_eq!(millimetres(1.5), Some(1_500_000));
        assert_eq!(millimetres(f64::INFINITY), None);
    }
}
