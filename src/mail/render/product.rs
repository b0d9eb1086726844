//! What readers call a vaccine of which a file has the code.

use crate::domain::campaign::{Campaign, Language};
use crate::text;

/// The codes that have a name in the catalogue, in small letters and with hyphens for other signs.
const KNOWN: &[&str] = &[
    "hepb",
    "bcg",
    "ipv",
    "bopv",
    "topv",
    "dtap",
    "dtap-hib",
    "dtap-ipv-hib",
    "dt",
    "mmr",
    "mr",
    "mm",
    "mv",
    "mpsv-a",
    "mpsv-ac",
    "mpcv-ac",
    "ac-hib",
    "mpsv4",
    "mcv4",
    "je-l",
    "je-i",
    "hepa-l",
    "hepa-i",
    "hepa-hepb",
    "hpv2",
    "2vhpv",
    "2vhpv-ec",
    "4vhpv",
    "9vhpv",
    "hfrs",
    "varicella",
    "hib",
    "iiv",
    "laiv",
    "ev71",
    "pcv13",
    "ppsv23",
    "rabies",
    "tetanus",
    "rv5",
    "covid-19",
    "zoster",
];

/// What stands for every code of a campaign that gives one product alone: the name of its vaccine.
pub fn only_vaccine(campaign: &Campaign) -> Option<&str> {
    let mut products = campaign.deliveries.iter().map(|lot| lot.product.trim());
    let first = products.next()?;
    let is_one = campaign.catch_up.is_none() && products.all(|other| other == first);
    is_one.then_some(campaign.series.name.as_str())
}

/// The name of a product: codes of the national list have names in the catalogue, for others `vaccine` stands, as
/// [`only_vaccine`] has it. What is a name already stays, and so does a code of which nobody knows more.
pub fn product_name(language: Language, product: &str, vaccine: Option<&str>) -> String {
    let product = product.trim();
    if !product.is_ascii() {
        return product.to_owned();
    }
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let key: String = product.chars().map(letter).collect();
    let is_known = KNOWN.contains(&key.as_str());
    let known = is_known.then(|| text::word(language, &format!("product-{key}")));
    let vaccine = vaccine.filter(|_| !is_name(product)).map(str::to_owned);
    known.or(vaccine).unwrap_or_else(|| product.to_owned())
}

/// The name and the code, as files have them; the name alone where the code is a part of it.
pub fn product_with_code(language: Language, product: &str, vaccine: Option<&str>) -> String {
    let name = product_name(language, product, vaccine);
    if name.contains(product.trim()) {
        return name;
    }
    text::say(language, "mail-product-code", &[("name", &name), ("code", &product.trim())])
}

/// Whether a text reads as words: several of them, or one with a capital first letter alone.
fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    let begins = letters.next().is_some_and(|first| first.is_ascii_uppercase());
    text.contains(' ') || begins && letters.all(|c| c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_a_name_and_a_name_stays() {
        let zh = |product, vaccine| product_name(Language::ZhCn, product, vaccine);
        assert_eq!(zh("IIV", None), "流感疫苗");
        assert_eq!(zh("DTaP-IPV/Hib", Some("补种")), "五联疫苗");
        assert_eq!(product_name(Language::En, "PPSV23", None), "pneumococcal vaccine (PPSV23)");
        assert_eq!(zh("inactivated-vero", Some("新冠病毒灭活疫苗")), "新冠病毒灭活疫苗");
        assert_eq!(zh("inactivated-vero", None), "inactivated-vero");
        for name in ["新冠灭活疫苗（Vero）", "Comirnaty", "Flu vaccine 0.5 ml"] {
            assert_eq!(zh(name, Some("新冠病毒疫苗")), name);
        }
    }

    #[test]
    fn files_have_the_code_beside_the_name() {
        let with = |product| product_with_code(Language::ZhCn, product, None);
        assert_eq!((with("HPV2"), with("x9")), ("双价HPV疫苗（HPV2）".into(), "x9".into()));
        assert_eq!(product_with_code(Language::En, "IPV", None), "polio vaccine (IPV)");
    }
}
