//! A line of the audit log, as it is written and sealed.

/// A line to write.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// When, milliseconds since 1970.
    pub at: i64,
    /// Who, as the log has it.
    pub who: &'a str,
    /// From where, as the log has it.
    pub address: Option<&'a str>,
    /// What was done: the word of an action (`domain/audit`).
    pub did: &'a str,
    /// Id of the campaign.
    pub campaign: Option<&'a str>,
    /// Details; no names of the register.
    pub said: &'a str,
}

/// Who acts, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The name for the log.
    pub who: String,
    /// The network address; `None` at the command line.
    pub address: Option<String>,
}
