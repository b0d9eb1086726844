//! The services that take text messages and posts in group chats: what their answers and receipts mean, what fits into
//! a text, and what a card says. Facts about the services: see the head of `answers`.

mod answers;
mod card;
mod receipt;
mod text;

pub use answers::{Answered, judge};
pub use card::{Card, CardLimit, CardPart};
pub use receipt::{Fate, Receipt, Reply, fate, is_stop};
pub use text::{Named, NoFit, fit, segments, short};

use super::refusal::Cause;
use super::words::words;

words! {
    /// A service.
    pub enum Service {
        /// Text messages of Tencent Cloud.
        Tencent = "tencent-sms",
        /// Text messages of Alibaba Cloud.
        Aliyun = "aliyun-sms",
        /// An organisation's own gateway, signed as in Standard Webhooks.
        Webhook = "webhook",
        /// A robot in a WeCom group.
        Wecom = "wecom",
        /// A robot in a DingTalk group.
        Dingtalk = "dingtalk",
        /// A robot in a Feishu group.
        Feishu = "feishu",
    }
}

impl Service {
    /// Whether it posts to a group chat, and not to a person.
    pub fn is_robot(self) -> bool {
        matches!(self, Self::Wecom | Self::Dingtalk | Self::Feishu)
    }

    /// Whether it takes approved templates only, and no free text.
    pub fn wants_templates(self) -> bool {
        matches!(self, Self::Tencent | Self::Aliyun)
    }

    /// Whether sending the same message twice leaves one: its receiver keeps the message's number.
    pub fn removes_duplicates(self) -> bool {
        self == Self::Webhook
    }

    /// The most messages a minute that the service allows one account.
    pub fn per_minute(self) -> Option<i64> {
        match self {
            Self::Wecom | Self::Dingtalk => Some(18),
            Self::Feishu => Some(60),
            Self::Tencent | Self::Aliyun | Self::Webhook => None,
        }
    }

    /// Characters of a variable that every account may have.
    pub fn variable_max(self) -> usize {
        match self {
            Self::Tencent => 6,
            _ => 20,
        }
    }
}

/// Whom a limit concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything that is sent over the channel.
    Channel,
    /// This number alone.
    Number,
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Taken. Text messages are not delivered yet: a receipt says so.
    Done,
    /// Not taken: the same message may go again after so many seconds.
    Retry(u32, Scope),
    /// Not taken, and nothing else will be until somebody acts.
    Stop(Cause),
    /// Not taken: this message is wrong.
    Ours,
    /// Not taken: this recipient cannot be reached.
    Theirs,
    /// The same, and never by this way again.
    TheirsForGood,
    /// Nobody knows whether it was taken.
    Doubt,
}

#[cfg(test)]
#[path = "answers_tests.rs"]
mod answers_tests;
