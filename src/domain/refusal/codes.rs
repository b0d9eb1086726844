//! Reply codes and enhanced status codes (RFC 5321, RFC 3463) in what mail servers say.

/// An enhanced status code: class, subject, detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnhancedCode(pub u16, pub u16, pub u16);

impl std::fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl EnhancedCode {
    /// The stated status, unless the server's words are more exact; without either, the class of the reply code.
    pub fn of(stated: Option<Self>, said: Option<Self>, code: Option<u16>) -> Option<Self> {
        match (stated, said) {
            (Some(stated), Some(said)) if stated.is_vague() && said.0 == stated.0 => Some(said),
            (Some(stated), _) => Some(stated),
            (None, Some(said)) => Some(said),
            (None, None) => code.map(|code| Self(code / 100, 0, 0)),
        }
    }

    /// Whether only its class is known.
    fn is_vague(self) -> bool {
        self.1 == 0 && self.2 == 0
    }
}

/// Reply codes of a refusal. Other three-digit numbers in a text are not taken for codes.
const REPLIES: [u16; 41] = [
    421, 432, 440, 450, 451, 452, 454, 455, 500, 501, 502, 503, 504, 505, 510, 511, 521, 523, 524,
    525, 526, 530, 534, 535, 538, 541, 542, 543, 544, 545, 546, 550, 551, 552, 553, 554, 555, 556,
    557, 559, 571,
];

/// The first reply code and the first enhanced status of a text. Numbers inside an address, host name or IP address
/// are ignored.
pub fn codes(text: &str) -> (Option<u16>, Option<EnhancedCode>) {
    let (mut code, mut status) = (None, None);
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '@' | '_' | '+' | '%');
    for word in text.split(|c: char| !is_word(c)) {
        let word = word.trim_end_matches('.');
        if word.len() == 3 && code.is_none() {
            code = word.parse().ok().filter(|code| REPLIES.contains(code));
        } else if status.is_none() && word.len() <= 9 {
            let numbers: Option<Vec<u16>> = word.split('.').map(|part| part.parse().ok()).collect();
            if let Some([class @ (2 | 4 | 5), subject @ ..=7, detail]) = numbers.as_deref() {
                status = Some(EnhancedCode(*class, *subject, *detail));
            }
        }
    }
    (code, status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_not_found_in_addresses_and_numbers() {
        for (text, code, status) in [
            ("smtp; 550 5.1.1 <a@b>: no", Some(550), "5.1.1"),
            ("550-5.1.1 The account\n550 5.1.2 x", Some(550), "5.1.1"),
            ("host[5.1.1.9]:25 said: 421 later", Some(421), ""),
            ("(#5.4.6)", None, "5.4.6"),
            ("<550@qq.com> mx550.example 5.1 5.1.1.1 5.9.1 12550", None, ""),
            ("errors: 600 199 299, version 4.96.2", None, ""),
            ("远程服务器回应550 5.7.1拒绝", Some(550), "5.7.1"),
            ("Status 5.1.1.", None, "5.1.1"),
            ("554 5.2.252 SendAsDenied", Some(554), "5.2.252"),
            ("", None, ""),
        ] {
            let found = codes(text);
            let status_found = found.1.map(|status| status.to_string()).unwrap_or_default();
            assert_eq!((found.0, status_found.as_str()), (code, status), "{text}");
        }
    }

    #[test]
    fn the_more_exact_of_two_codes_counts() {
        let five = |subject, detail| Some(EnhancedCode(5, subject, detail));
        for (stated, said, code, wanted) in [
            (five(0, 0), five(1, 1), None, "5.1.1"),
            (five(2, 0), five(1, 1), None, "5.2.0"),
            (five(0, 0), Some(EnhancedCode(4, 2, 2)), None, "5.0.0"),
            (None, five(7, 1), Some(550), "5.7.1"),
            (None, None, Some(452), "4.0.0"),
        ] {
            let found = EnhancedCode::of(stated, said, code).map(|status| status.to_string());
            assert_eq!(found.as_deref(), Some(wanted));
        }
        assert_eq!(EnhancedCode::of(None, None, None), None);
    }
}
