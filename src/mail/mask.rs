//! Removes e-mail addresses from the words of others, such as a mail server's answer, before they are logged.

use std::borrow::Cow;

/// What replaces an address.
const MASK: &str = "(address)";

/// The text with `(address)` in place of every e-mail address. A JSON text stays valid JSON.
pub fn addresses(text: &str) -> Cow<'_, str> {
    if !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let start = local_part(before);
        let end = after.find(|c| !is_domain(c)).unwrap_or(after.len());
        if start == at || end == 0 {
            out.push_str(&rest[..=at]);
            rest = after;
            continue;
        }
        out.push_str(&before[..start]);
        out.push_str(MASK);
        rest = &after[end..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Where the local part at the end of a text starts.
fn local_part(text: &str) -> usize {
    if let Some(inside) = text.strip_suffix("\\\"").or_else(|| text.strip_suffix('"')) {
        // "zhao yi"@home.example
        let open = inside.rfind('"').map(|open| open - usize::from(inside[..open].ends_with('\\')));
        return open.unwrap_or(text.len());
    }
    let start = text
        .rfind(|c| !is_local(c))
        .map_or(0, |last| last + text[last..].chars().next().map_or(1, char::len_utf8));
    // In JSON, the first letters after a backslash belong to an escape: \n, \u00a0.
    let escape = match (text[..start].ends_with('\\'), text[start..].chars().next()) {
        (true, Some('u')) => 5,
        (true, Some(_)) => 1,
        _ => 0,
    };
    (start + escape).min(text.len())
}

fn is_local(c: char) -> bool {
    c.is_alphanumeric()
        || (!c.is_ascii() && !c.is_whitespace())
        || "!#$%&'*+-/=?^_`{|}~.".contains(c)
}

fn is_domain(c: char) -> bool {
    c.is_alphanumeric() || (!c.is_ascii() && !c.is_whitespace()) || "-.[]:_".contains(c)
}

#[cfg(test)]
mod tests {
    use super::addresses;

    #[test]
    fn no_address_is_left_and_other_words_stay() {
        for (text, wanted) in [
            ("450 4.2.2 <zhao@home.example>: full", "450 4.2.2 <(address)>: full"),
            ("zhao@home.example,qian+a@x.cn", "(address),(address)"),
            ("to 赵一@例子.中国 refused", "to (address) refused"),
            (r#"<"zhao yi"@home.example>"#, "<(address)>"),
            (r#"{"e":"\nzhao@home.example\""}"#, r#"{"e":"\n(address)\""}"#),
            (r#"{"e":"\"zhao yi\"@home.example!"}"#, r#"{"e":"(address)!"}"#),
            (r#"{"e":"\u00a0zhao@home.example"}"#, r#"{"e":"\u00a0(address)"}"#),
            ("at 5 @ noon, a@ b", "at 5 @ noon, a@ b"),
            ("user@[127.0.0.1]: no", "(address) no"),
            ("nothing here", "nothing here"),
        ] {
            assert_eq!(addresses(text), wanted);
        }
    }
}
