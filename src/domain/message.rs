//! A mail in the queue: its kind, its states, and what becomes of an attempt to send it.

use super::words::words;

words! {
    /// What a mail is.
    pub enum MailKind {
        /// Tomorrow's sessions, to a site's or team's lead.
        Digest = "digest",
        /// Yesterday's figures, to the coordinator.
        Summary = "summary",
        /// A dose that is due, to a person or whoever reads mail for them; also that an appointment changed.
        Reminder = "reminder",
        /// What became of the plan when something new was known, to the coordinator.
        Change = "change",
        /// Somebody's days at work, to them.
        Roster = "roster",
        /// A list for a school, to its contact.
        School = "school",
        /// Something that needs attention at once, to a group.
        Alarm = "alarm",
        /// A code with which somebody opens the booking page.
        Code = "code",
        /// A try of a channel, asked for by hand.
        Test = "test",
    }
}

words! {
    /// Where a mail stands.
    pub enum MailState {
        /// It waits for its time, or for the next attempt.
        Queued = "queued",
        /// A sender has claimed it.
        Sending = "sending",
        /// A server took it.
        Sent = "sent",
        /// Its body left and nobody knows whether it arrived. It is never sent again by itself.
        InDoubt = "in_doubt",
        /// A server took it, and later it came back.
        Bounced = "bounced",
        /// A server refused it for good, or its attempts are used up.
        Failed = "failed",
        /// Its address cannot be written to.
        Unroutable = "unroutable",
        /// It was not sent while it was worth sending.
        Expired = "expired",
        /// What it says was no longer true before it was sent.
        Withdrawn = "withdrawn",
    }
}

impl MailState {
    /// Whether somebody has to look at it: it did not arrive, or may not have.
    pub fn needs_attention(self) -> bool {
        matches!(self, Self::InDoubt | Self::Failed | Self::Bounced | Self::Unroutable)
    }

    /// Whether it has not been tried to its end.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Sending)
    }
}

words! {
    /// What a service reported of a text that it took.
    pub enum ReceiptState {
        /// Nothing yet.
        Waiting = "waiting",
        /// It arrived.
        Arrived = "arrived",
        /// It did not.
        Missed = "missed",
    }
}

words! {
    /// Whose number a message goes to.
    pub enum Whose {
        /// The person's.
        Own = "own",
        /// A guardian's.
        Guardian = "guardian",
        /// That of the household's head.
        Head = "head",
    }
}

words! {
    /// What happened to a message.
    pub enum PassageEvent {
        /// Its body left and the service took it.
        Taken = "taken",
        /// It was refused, for now or for good.
        Refused = "refused",
        /// Its body left and nobody knows what became of it.
        InDoubt = "in_doubt",
        /// A receipt came: it arrived.
        Arrived = "arrived",
        /// A receipt came: it did not arrive.
        Missed = "missed",
        /// It goes by its next way.
        NextWay = "next_way",
        /// What was in doubt is known.
        Settled = "settled",
        /// A way could not be used at all.
        NoWay = "no_way",
    }
}

words! {
    /// What became of a mail that was due, as a drain counts it.
    pub enum AttemptOutcome {
        /// It was no longer worth sending.
        Expired = "expired",
        /// Refused for good.
        Failed = "failed",
        /// The body left without an answer.
        InDoubt = "in_doubt",
        /// Quiet hours held it back.
        Postponed = "postponed",
        /// A server took it.
        Sent = "sent",
        /// Refused for now, or the server was lost before the body left: it is tried again.
        Waiting = "waiting",
        /// It was no longer true.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// What a server's report about a mail means for its address.
    pub enum BounceKind {
        /// The mail arrived, or went on to servers that report no more.
        Delivered = "delivered",
        /// It may still arrive.
        Delayed = "delayed",
        /// It was refused for what it is or where it comes from; nothing is wrong with the address.
        Policy = "policy",
        /// Given up for something that may pass: a full mailbox, a server that could not be reached.
        Soft = "soft",
        /// The address does not exist or takes no mail.
        Hard = "hard",
    }
}

impl BounceKind {
    /// Whether the mail did not arrive and will not.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Policy | Self::Soft | Self::Hard)
    }

    /// Whether it speaks against the address.
    pub fn counts(self) -> bool {
        matches!(self, Self::Soft | Self::Hard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_that_may_not_have_arrived_needs_somebody_to_look() {
        let told = |test: fn(MailState) -> bool| -> Vec<&str> {
            MailState::ALL.into_iter().filter(|state| test(*state)).map(MailState::word).collect()
        };
        assert_eq!(
            told(MailState::needs_attention),
            ["in_doubt", "bounced", "failed", "unroutable"]
        );
        assert_eq!(told(MailState::is_open), ["queued", "sending"]);
    }

    #[test]
    fn a_refusal_of_the_mail_itself_does_not_speak_against_its_address() {
        let is_final = BounceKind::ALL.map(BounceKind::is_final);
        assert_eq!(is_final, [false, false, true, true, true]);
        assert_eq!(BounceKind::ALL.map(BounceKind::counts), [false, false, false, true, true]);
    }
}
