//! What is kept of an uploaded workbook that could not be opened: why. Opening it again would fail or harm again.

use super::issue::Issue;

/// What such a text starts with. No workbook does.
const MARK: &str = "doseplan: not opened again\n";

/// What to keep of a workbook with these issues in place of its bytes; `None` if it could be opened.
pub fn shut(issues: &[Issue]) -> Option<Vec<u8>> {
    let mut why = issues.iter().filter(|issue| issue.is_about_opening()).peekable();
    why.peek()?;
    let lines = why.map(|issue| format!("{}\n", issue.to_json()));
    Some(format!("{MARK}{}", lines.collect::<String>()).into_bytes())
}

/// The issues that were kept in place of a workbook; `None` if these are the bytes of one.
pub fn issues(content: &[u8]) -> Option<Vec<Issue>> {
    let text = std::str::from_utf8(content.strip_prefix(MARK.as_bytes())?).ok()?;
    Some(text.lines().filter_map(Issue::of_json).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_workbook_was_not_opened_is_kept_in_its_place() {
        let why = Issue::error("workbook_too_costly", "f.xlsx!s").with("memory", "512 MB");
        let why = why.with("seconds", 30);
        let kept = shut(&[Issue::error("missing_value", "f").row(3), why.clone()]).expect("a text");
        assert_eq!(issues(&kept), Some(vec![why]));
        assert_eq!(shut(&[Issue::error("missing_value", "f")]), None);
        assert_eq!(issues(b"PK\x03\x04"), None);
    }
}
