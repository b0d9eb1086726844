//! How pages name what was given and delivered: by its name, the code beside it.

use super::table::Cell;
use crate::domain::campaign::{Campaign, Language};
use crate::mail::render::{only_vaccine, product_name};

/// The name of a product. Where it is one that the campaign gives, and that has no name of its own, it is the
/// campaign's vaccine.
pub(super) fn named(language: Language, campaign: &Campaign, product: &str) -> String {
    let is_given = campaign.deliveries.iter().any(|lot| lot.product.trim() == product.trim());
    product_name(language, product, only_vaccine(campaign).filter(|_| is_given))
}

/// The cell of a product, with its code behind the name.
pub(super) fn cell(language: Language, campaign: &Campaign, product: &str) -> Cell {
    Cell::named(named(language, campaign, product), product)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::county;

    #[test]
    fn a_product_of_the_campaign_has_the_name_of_its_vaccine_and_another_one_keeps_its_own() {
        let mut campaign = county();
        for lot in &mut campaign.deliveries {
            lot.product = "vero-x".to_owned();
        }
        let name = |product| named(Language::ZhCn, &campaign, product);
        assert!(!campaign.deliveries.is_empty());
        assert_eq!(name("vero-x"), campaign.series.name);
        assert_eq!(
            (name("PPSV23"), name("other-x")),
            ("23价肺炎多糖疫苗".into(), "other-x".into())
        );
    }
}
