//! Vials on a round: a vial that is opened is used within some hours, so that a vial of ten doses wants ten people who
//! are visited within that time.

/// Vials of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct VialUse {
    /// Vials that are opened.
    pub vials: u32,
    /// Doses that are given.
    pub doses: u32,
    /// Doses that are thrown away.
    pub wasted: u32,
}

/// The fewest vials with which doses at these minutes, in order, can be given: each vial is opened with the first dose
/// that the one before has no dose or no time for.
pub fn vials_for(at_minutes: &[f64], doses_per_vial: u32, open_minutes: f64) -> VialUse {
    let mut out = VialUse {
        doses: u32::try_from(at_minutes.len()).unwrap_or(u32::MAX),
        ..VialUse::default()
    };
    let mut open: Option<(f64, u32)> = None;
    for &minute in at_minutes {
        let usable = open.filter(|(since, left)| *left > 0 && minute <= since + open_minutes);
        let (since, left) = usable.unwrap_or_else(|| {
            out.vials += 1;
            (minute, doses_per_vial.max(1))
        });
        open = Some((since, left - 1));
    }
    out.wasted = out.vials * doses_per_vial.max(1) - out.doses;
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vial_is_opened_when_the_one_before_is_empty_or_too_old() {
        let used = |minutes: &[f64], hours: f64| {
            let found = vials_for(minutes, 10, hours * 60.0);
            (found.vials, found.wasted)
        };
        let ten: Vec<f64> = (0..10).map(|n| f64::from(n) * 20.0).collect();
        assert_eq!(used(&ten, 6.0), (1, 0));
        assert_eq!(used(&ten, 3.0), (1, 0), "the last dose is given exactly three hours later");
        assert_eq!(used(&ten, 2.0), (2, 10));
        assert_eq!(used(&[&ten[..], &[190.0]].concat(), 6.0), (2, 9));
        assert_eq!(used(&[], 6.0), (0, 0));
        let single = vials_for(&ten, 1, 0.0);
        assert_eq!((single.vials, single.doses, single.wasted), (10, 10, 0));
    }
}
