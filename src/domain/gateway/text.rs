//! What fits into a text message: variables within the account's limit, shortened by rule and never inside a word, and
//! how many messages a text costs.

/// Characters of a text that is one message.
const ONE_MAX: usize = 70;
/// Characters of each part of a longer one.
const PART_MAX: usize = 67;

/// How many messages a text counts as, its signature included.
pub fn segments(text: &str) -> u32 {
    let length = text.chars().count();
    let parts = if length <= ONE_MAX { 1 } else { length.div_ceil(PART_MAX) };
    u32::try_from(parts).unwrap_or(u32::MAX)
}

/// Why a variable cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoFit {
    /// No form of it is short enough.
    #[error("{0:?} does not fit into {1} characters; give it a short name")]
    TooLong(String, usize),
    /// It looks like the address of a page, which services refuse.
    #[error("{0:?} looks like the address of a page")]
    Link(String),
    /// It is empty.
    #[error("it is empty")]
    Empty,
}

/// A name with the forms in which it may be written, the longest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// The forms; the first one is the name itself.
    pub forms: Vec<String>,
}

/// The longest form that fits into a variable of so many characters.
pub fn fit(named: &Named, most: usize) -> Result<String, NoFit> {
    let first = named.forms.first().map(|form| form.trim()).unwrap_or_default();
    if first.is_empty() {
        return Err(NoFit::Empty);
    }
    let fits = |form: &&str| !form.is_empty() && form.chars().count() <= most;
    let Some(found) = named.forms.iter().map(|form| form.trim()).find(fits) else {
        return Err(NoFit::TooLong(first.to_owned(), most));
    };
    if is_link(found) { Err(NoFit::Link(found.to_owned())) } else { Ok(found.to_owned()) }
}

/// Words at the end of a place's name, and what may stand in their place: the longest first.
const ENDINGS: [(&str, &str); 14] = [
    ("社区卫生服务中心预防接种门诊", "社区卫生中心"),
    ("社区卫生服务中心", "社区卫生中心"),
    ("社区卫生服务站", "社区卫生站"),
    ("中心卫生院预防接种门诊", "中心卫生院"),
    ("卫生院预防接种门诊", "卫生院"),
    ("预防接种门诊", "接种门诊"),
    ("预防接种单位", "接种点"),
    ("新冠病毒疫苗接种点", "接种点"),
    ("疫苗接种点", "接种点"),
    ("人民医院", "医院"),
    ("社区卫生中心", "卫生中心"),
    ("中心卫生院", "卫生院"),
    ("卫生服务站", "卫生站"),
    ("村卫生室", "卫生室"),
];

/// The forms of a place's name. `short` is what somebody wrote for it; `above` are the names of the areas that it lies
/// in, which its readers know.
pub fn short(name: &str, short: Option<&str>, above: &[&str]) -> Named {
    let mut forms = vec![name.trim().to_owned()];
    forms.extend(short.map(|short| short.trim().to_owned()));
    let mut bare = name.trim();
    loop {
        let known = above.iter().filter(|area| area.chars().count() > 1);
        let rest = known.filter_map(|area| bare.strip_prefix(*area)).find(|rest| is_name(rest));
        let Some(rest) = rest else { break };
        forms.push(rest.to_owned());
        bare = rest;
    }
    // The endings become shorter step by step.
    for start in forms.clone() {
        let mut form = start;
        while let Some((end, instead)) = ENDINGS.iter().find(|(end, _)| form.ends_with(end)) {
            form = format!("{}{instead}", form.strip_suffix(end).unwrap_or(&form));
            forms.push(form.clone());
        }
    }
    let mut all: Vec<(usize, String)> = forms.into_iter().enumerate().collect();
    // What somebody wrote comes before what is made.
    all.sort_by_key(|(nth, form)| (*nth > 1, std::cmp::Reverse(form.chars().count())));
    Named { forms: all.into_iter().map(|(_, form)| form).collect() }
}

/// Whether what is left of a name still names something.
fn is_name(rest: &str) -> bool {
    rest.chars().count() >= 2
}

/// Whether a variable looks like the address of a page.
fn is_link(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let ends = ["com", "cn", "net", "org", "top", "cc"];
    let is_letter = |c: char| c.is_ascii_alphanumeric();
    text.contains("http://")
        || text.contains("https://")
        || text.contains("www.")
        || text.match_indices('.').any(|(at, _)| {
            let before = text[..at].chars().next_back().is_some_and(is_letter);
            let after = &text[at + 1..];
            let is_end = |end: &str| {
                let rest = after.strip_prefix(end);
                rest.is_some_and(|rest| !rest.starts_with(is_letter))
            };
            before && ends.iter().any(|end| is_end(end))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_costs_a_message_for_each_70_characters_and_67_of_a_longer_one() {
        for (length, count) in [(0, 1), (70, 1), (71, 2), (134, 2), (135, 3), (500, 8)] {
            assert_eq!(segments(&"字".repeat(length)), count, "{length}");
        }
    }

    #[test]
    fn a_place_is_shortened_by_rule_and_never_inside_a_word() {
        let above = ["丹阳市", "云阳街道"];
        for (name, own, most, wanted) in [
            ("甲镇卫生院", None, 6, Some("甲镇卫生院")),
            ("丹阳市云阳街道社区卫生服务中心", None, 20, Some("丹阳市云阳街道社区卫生服务中心")),
            ("丹阳市云阳街道社区卫生服务中心", None, 12, Some("云阳街道社区卫生服务中心")),
            ("丹阳市云阳街道社区卫生服务中心", None, 6, Some("社区卫生中心")),
            ("丹阳市云阳街道社区卫生服务中心", None, 4, Some("卫生中心")),
            ("丹阳市云阳街道社区卫生服务中心", None, 3, None),
            ("丹阳市云阳街道社区卫生服务中心", Some("云阳"), 3, Some("云阳")),
            ("丹阳市云阳街道社区卫生服务中心", Some("云阳中心"), 6, Some("云阳中心")),
            ("经济技术开发区体育馆方舱接种点", None, 6, None),
            ("丹阳市", None, 2, None),
        ] {
            let found = fit(&short(name, own, &above), most).ok();
            assert_eq!(found.as_deref(), wanted, "{name} {own:?} {most}");
        }
    }

    #[test]
    fn what_services_refuse_is_not_sent() {
        let one = |text: &str| fit(&Named { forms: vec![text.to_owned()] }, 20);
        for link in ["www.a.b", "see a.com", "http://x", "x.cn/1", "A.ORG"] {
            assert!(matches!(one(link), Err(NoFit::Link(_))), "{link}");
        }
        for plain in ["9.30", "a.b", "丹阳.com1", "No.1", "x.community"] {
            assert_eq!(one(plain).as_deref(), Ok(plain));
        }
        assert_eq!(one("  "), Err(NoFit::Empty));
    }
}
