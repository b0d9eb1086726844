//! Forms that act once, however often they are sent: each that a page shows has a name of its own, and what it asks for
//! is stored under that name.

/// A new name for a form.
pub(super) fn name() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// The name that a form was sent with; `None` where we did not give it.
pub(super) fn given(once: Option<&str>) -> Option<&str> {
    let is_ours =
        |once: &&str| once.len() == 32 && once.bytes().all(|byte| byte.is_ascii_hexdigit());
    once.filter(is_ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_the_name_that_we_gave_it_and_no_other() {
        let one = name();
        assert_eq!(given(Some(&one)), Some(&*one));
        assert_ne!(name(), one);
        for once in ["", "x", "../../..", &"g".repeat(32), &"a".repeat(33)] {
            assert_eq!(given(Some(once)), None, "{once}");
        }
        assert_eq!(given(None), None);
    }
}
