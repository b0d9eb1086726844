//! Refusals one after the other, which together say more than each alone.
//!
//! A reader's refusal is believed only once something else has happened: the server took another reader, refused in
//! another way, or nothing more is due. Until then it is held. If one reader after the other is refused in the same
//! way, the server does not want mail from us, and none of them is at fault.

use super::{Answer, Cause, Owner, Step, wording};

/// Equal refusals in a row, for different readers, that are about us, where the server does not say clearly that the
/// reader is at fault.
const EQUAL_MAX: usize = 2;
/// The same where it does: real registers have neighbours whose addresses are both gone.
const CLEAR_MAX: usize = 7;
/// Different messages refused in a row after which the server counts as refusing all of them.
const MESSAGES_MAX: usize = 3;

/// What a refusal means, given those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belief {
    /// It is what it says.
    Believed,
    /// It is the reader's fault unless the next one says the same: wait.
    Held,
    /// It is about us, and so are those that are held.
    Ours,
}

/// Refusals in a row at one mail server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Streak {
    /// What was said, in a form in which equal refusals compare equal.
    pub said: String,
    /// How many different readers or messages.
    pub count: usize,
    /// The mail that was refused last.
    pub mail: Option<i64>,
    /// Its reader, in the form in which addresses compare.
    pub reader: String,
}

impl Streak {
    /// Notes that the server took a mail.
    pub fn took(&mut self) {
        *self = Self::default();
    }

    /// Notes that the server refused a mail, and says what follows.
    pub fn refused(
        &mut self,
        answer: &Answer<'_>,
        cause: Cause,
        mail: i64,
        reader: &str,
    ) -> Belief {
        let (said, most) = match cause.owner() {
            Owner::Us => {
                self.took();
                return Belief::Ours;
            }
            Owner::Message => ("message".to_owned(), MESSAGES_MAX),
            Owner::Reader if cause == Cause::Busy => return Belief::Believed,
            Owner::Reader => {
                let most = if is_clear(answer, cause) { CLEAR_MAX } else { EQUAL_MAX };
                (equal(answer, cause), most)
            }
        };
        let is_same = said == self.said;
        let is_other = match cause.owner() {
            Owner::Message => self.mail != Some(mail),
            _ => self.reader != reader,
        };
        let count = match (is_same, is_other) {
            (false, _) => 1,
            (true, true) => self.count + 1,
            (true, false) => self.count.max(1),
        };
        *self = Self { said, count, mail: Some(mail), reader: reader.to_owned() };
        if count >= most {
            return Belief::Ours;
        }
        if cause.owner() == Owner::Reader { Belief::Held } else { Belief::Believed }
    }

    /// Whether the next mail should be one that has as little as possible in common with those refused.
    pub fn is_suspicious(&self) -> bool {
        self.count > 0
    }
}

/// Whether the server says clearly that the reader is at fault.
fn is_clear(answer: &Answer<'_>, cause: Cause) -> bool {
    let has_code = |subject, details: std::ops::RangeInclusive<u16>| {
        answer.status.is_some_and(|status| status.1 == subject && details.contains(&status.2))
    };
    match cause {
        Cause::Unknown | Cause::Disabled => true,
        Cause::Full => has_code(2, 2..=2),
        _ => false,
    }
}

/// A refusal of a reader in the form in which equal ones compare equal.
fn equal(answer: &Answer<'_>, cause: Cause) -> String {
    let step = match answer.step {
        Step::Rcpt => "rcpt",
        Step::Dot => "dot",
        _ => "other",
    };
    let code = answer.code.unwrap_or_default();
    format!("{step} {code} {cause} {}", wording::gist(answer.words))
}

#[cfg(test)]
mod tests {
    use super::super::judge;
    use super::*;

    fn at(step: Step, code: u16, words: &str) -> (Answer<'_>, Cause) {
        let answer = Answer::spoken(step, code, words);
        (answer, judge(&answer))
    }

    /// Readers 1, 2, 3 … are refused with these texts; `ok` is a mail that was taken.
    fn verdicts(step: Step, texts: &[&str]) -> Vec<Belief> {
        let mut streak = Streak::default();
        let mut out = Vec::new();
        for (number, text) in (1_i64..).zip(texts) {
            if *text == "ok" {
                streak.took();
                continue;
            }
            let text = text.replace("{}", &format!("r{number}@home.example"));
            let (answer, cause) = at(step, 550, &text);
            out.push(streak.refused(&answer, cause, number, &format!("r{number}")));
        }
        out
    }

    #[test]
    fn two_equal_refusals_for_different_readers_are_about_us() {
        use Belief::{Believed, Held, Ours};
        let vague = "5.7.1 <{}>: refused";
        assert_eq!(verdicts(Step::Rcpt, &[vague, vague]), [Held, Ours]);
        assert_eq!(verdicts(Step::Rcpt, &[vague, "ok", vague]), [Held, Held]);
        assert_eq!(verdicts(Step::Rcpt, &[vague, "<{}>: no", vague]), [Held, Held, Held]);
        let gone = "5.1.1 <{}>: User unknown";
        let wanted = [Held, Held, Held, Held, Held, Held, Ours];
        assert_eq!(verdicts(Step::Rcpt, &[gone; 7]), wanted);
        assert_eq!(verdicts(Step::Rcpt, &["5.7.1 Relaying denied"]), [Ours]);
        let full = "Quota exceeded";
        assert_eq!(verdicts(Step::Rcpt, &[full, full]), [Held, Ours]);
        let spam = "DT:SPM 163 smtp1";
        assert_eq!(verdicts(Step::Dot, &[spam, spam, spam]), [Believed, Believed, Ours]);
        assert_eq!(verdicts(Step::Dot, &[spam, spam, "ok", spam]), [Believed; 3]);
    }

    #[test]
    fn the_same_reader_or_message_again_counts_once() {
        let mut streak = Streak::default();
        let (answer, cause) = at(Step::Rcpt, 550, "refused");
        for _ in 0..5 {
            assert_eq!(streak.refused(&answer, cause, 1, "one"), Belief::Held);
        }
        assert_eq!(streak.refused(&answer, cause, 2, "one"), Belief::Held);
        assert_eq!(streak.refused(&answer, cause, 3, "two"), Belief::Ours);
        let mut streak = Streak::default();
        let (answer, cause) = at(Step::Dot, 554, "spam");
        for _ in 0..5 {
            assert_eq!(streak.refused(&answer, cause, 1, "one"), Belief::Believed);
        }
        assert!(streak.is_suspicious());
        streak.took();
        assert!(!streak.is_suspicious());
    }
}
