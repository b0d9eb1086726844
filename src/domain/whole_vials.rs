//! What sessions draw of vaccine that comes in vials of several doses.
//!
//! A wastage rate says what is lost on the whole. A session with few people loses more: what is left in its last vial
//! cannot be kept.

use super::campaign::Campaign;
use super::id::PlaceCode;
use super::stock::given_share;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

/// The doses for which a session draws as much vaccine, at the wastage rate of its place, as it opened to give `doses`:
/// those, or more where its whole vials hold more than the rate allows for. Vials are the smallest of any lot. Teams
/// take open vials from stop to stop, so that of stops nothing more is said.
#[must_use]
pub fn drawn_doses(campaign: &Campaign, place: &PlaceCode, doses: u32) -> u32 {
    let vials = campaign.deliveries.iter().filter_map(|lot| lot.doses_per_vial);
    let site = campaign.site(place.as_str());
    let (Some(site), Some(vial)) = (site, vials.min().filter(|vial| *vial > 1)) else {
        return doses;
    };
    let opened = doses.div_ceil(vial).saturating_mul(vial);
    let share = given_share(site.wastage_rate);
    let given = (Decimal::from(opened) * share).floor().to_u32();
    given.unwrap_or(doses).max(doses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::planner::testing::plain;

    #[test]
    fn whole_vials_are_drawn() {
        let mut campaign = plain();
        campaign.sites[0].wastage_rate = Decimal::new(12, 2);
        let drawn = |campaign: &Campaign, doses| drawn_doses(campaign, &"S1".into(), doses);
        assert_eq!(drawn(&campaign, 11), 11, "nobody knows of vials");
        campaign.deliveries[0].doses_per_vial = Some(1);
        assert_eq!(drawn(&campaign, 11), 11);
        campaign.deliveries[0].doses_per_vial = Some(5);
        // 15 doses in three vials; of them 88 % are expected to be given. Of 20 doses 17.6, of 15 13.2.
        assert_eq!(
            [0, 1, 11, 15, 16, 18].map(|doses| drawn(&campaign, doses)),
            [0, 4, 13, 15, 17, 18]
        );
        assert_eq!(drawn_doses(&campaign, &"P1".into(), 11), 11, "a team goes on with its vial");
    }
}
