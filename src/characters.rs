//! Characters of text from outside: which ones nobody sees, and how text stands inside XML and HTML.

/// Whether a character is invisible: it changes the direction of the text around it, breaks a line,
/// joins or separates letters without a width, or hides in the text (byte order mark, tags).
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Text as it stands inside an element or attribute of XML or HTML. Tabs and line breaks become spaces;
/// other characters that XML does not allow are dropped.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            '\t' | '\n' | '\r' => out.push(' '),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_special_in_xml_is_escaped_and_what_xml_forbids_is_dropped() {
        assert_eq!(escaped("<script>\"&'"), "&lt;script&gt;&quot;&amp;&#39;");
        assert_eq!(escaped("a\u{0}b\u{1b}c\u{ffff}d\u{85}e"), "abcde");
        assert_eq!(escaped("first\r\nsecond\tthird"), "first  second third");
    }

    #[test]
    fn marks_are_invisible_and_letters_are_not() {
        for c in ['\u{061c}', '\u{200d}', '\u{2028}', '\u{202e}', '\u{206a}', '\u{e0041}'] {
            assert!(is_invisible(c), "{c:?}");
        }
        for c in ['丹', 'م', 'a', ' ', '\u{3000}', '\u{301}'] {
            assert!(!is_invisible(c), "{c:?}");
        }
    }
}
