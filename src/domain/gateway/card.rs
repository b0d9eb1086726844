//! A card for a group chat: the figure first, a few exceptions, a link. It has counts and names of places, and
//! nothing of any person.

use super::Service;
use serde::{Deserialize, Serialize};

/// A card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// What it is about.
    pub title: String,
    /// The figure.
    pub figure: String,
    /// Exceptions and other lines, the most important first.
    pub lines: Vec<String>,
    /// What the link says, and where it leads.
    pub link: Option<(String, String)>,
}

/// How much a service takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardLimit {
    /// Bytes of the text in UTF-8.
    pub bytes: usize,
}

/// A part of a card that tells of several campaigns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardPart {
    /// What it is about.
    pub head: String,
    /// The most important first.
    pub lines: Vec<String>,
}

impl CardLimit {
    /// The limit of a service, with room for what it puts around the text.
    pub fn of(service: Service) -> Self {
        let bytes = match service {
            Service::Wecom => 4096,
            Service::Dingtalk => 16_000,
            Service::Feishu => 12_000,
            Service::Tencent | Service::Aliyun | Service::Webhook => 2048,
        };
        Self { bytes }
    }
}

impl Card {
    /// The card as text in the little of Markdown that all services have. Lines that do not fit are left out, the last
    /// first, and their number is told with `more`.
    pub fn text(&self, limit: CardLimit, more: impl Fn(usize) -> String) -> String {
        for shown in (0..=self.lines.len()).rev() {
            let text = self.text_of(shown, &more);
            if text.len() <= limit.bytes {
                return text;
            }
        }
        whole(&self.title, limit.bytes)
    }

    /// The card with several parts below its figure. Each part shows its heading and as many lines as the others may,
    /// `lines_max` at most, so that all of them are within the limit; `rest` tells how many lines of a part are left
    /// out.
    #[must_use]
    pub fn with_parts(
        mut self,
        (parts, lines_max): (&[CardPart], usize),
        limit: CardLimit,
        rest: impl Fn(usize) -> String,
    ) -> Self {
        let most = parts.iter().map(|part| part.lines.len()).max().unwrap_or(0);
        for shown in (0..=most.min(lines_max)).rev() {
            self.lines = parts.iter().flat_map(|part| part.shown(shown, &rest)).collect();
            if self.text_of(self.lines.len(), &rest).len() <= limit.bytes {
                break;
            }
        }
        self
    }

    fn text_of(&self, shown: usize, more: &impl Fn(usize) -> String) -> String {
        let mut out = format!("**{}**\n\n{}", plain(&self.title), plain(&self.figure));
        if shown > 0 {
            out.push('\n');
        }
        for line in &self.lines[..shown] {
            out += &format!("\n- {}", plain(line));
        }
        if shown < self.lines.len() {
            out += &format!("\n- {}", plain(&more(self.lines.len() - shown)));
        }
        if let Some((words, href)) = &self.link {
            out += &format!("\n\n[{}]({href})", plain(words));
        }
        out
    }
}

impl CardPart {
    /// The heading, and up to so many of the lines. Where some are shown, `rest` tells how many are not.
    fn shown(&self, most: usize, rest: &impl Fn(usize) -> String) -> Vec<String> {
        let shown = self.lines.iter().take(most).cloned();
        let left = self.lines.len().saturating_sub(most);
        let rest = (most > 0 && left > 0).then(|| rest(left));
        std::iter::once(self.head.clone()).chain(shown).chain(rest).collect()
    }
}

/// Text in which nothing stands for a mark of Markdown or a mention of somebody.
fn plain(text: &str) -> String {
    let mark = |c: char| matches!(c, '*' | '_' | '`' | '[' | ']' | '<' | '>' | '#' | '@' | '|');
    text.chars().map(|c| if mark(c) || c.is_control() { ' ' } else { c }).collect()
}

/// As many whole characters as fit into so many bytes.
fn whole(text: &str, most: usize) -> String {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = ends.take_while(|end| *end <= most).last().unwrap_or(0);
    plain(&text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(lines: usize) -> Card {
        Card {
            title: "小县接种 4月1日".to_owned(),
            figure: "接种 40 剂次".to_owned(),
            lines: (0..lines).map(|n| format!("第{n}条：甲镇卫生院未报")).collect(),
            link: Some(("打开".to_owned(), "https://a.example/c/small".to_owned())),
        }
    }

    #[test]
    fn every_part_of_a_card_has_its_heading_and_as_many_lines_as_the_others_may() {
        let part = |name: &str, lines: usize| CardPart {
            head: format!("{name}：开设{lines}处"),
            lines: (0..lines).map(|n| format!("{name}第{n}处卫生院：40剂次")).collect(),
        };
        let parts = [part("流感", 30), part("新冠", 2), part("肺炎", 30)];
        let rest = |count: usize| format!("其余{count}处");
        let limit = |bytes: usize| CardLimit { bytes };
        let with = |bytes: usize| card(0).with_parts((&parts, usize::MAX), limit(bytes), rest);
        assert_eq!(with(16_000).lines.len(), 3 + 30 + 2 + 30, "all fits");
        let cut = with(2048);
        assert!(cut.text(CardLimit { bytes: 2048 }, |_| String::new()).len() <= 2048);
        let of = |name: &str| cut.lines.iter().filter(|line| line.starts_with(name)).count();
        assert_eq!((of("流感"), of("新冠")), (of("肺炎"), 3), "{:?}", cut.lines);
        assert!(of("流感") > 5 && of("其余") == 2, "{:?}", cut.lines);
        let few = card(0).with_parts((&parts, 3), limit(16_000), rest);
        assert_eq!(few.lines.len(), (1 + 3 + 1) + (1 + 2) + (1 + 3 + 1), "three lines of a part");
        assert!(few.lines.contains(&"其余27处".to_owned()), "{:?}", few.lines);
        assert_eq!(with(250).lines, parts.map(|part| part.head), "headings alone");
    }

    #[test]
    fn a_card_says_its_figure_first_and_is_within_the_limit_in_bytes() {
        let more = |count: usize| format!("还有{count}条");
        let text = card(2).text(CardLimit { bytes: 4096 }, more);
        assert_eq!(
            text,
            "**小县接种 4月1日**\n\n接种 40 剂次\n\n- 第0条：甲镇卫生院未报\n\
             - 第1条：甲镇卫生院未报\n\n[打开](https://a.example/c/small)"
        );
        for bytes in [10, 60, 120, 200, 2048, 4096] {
            let text = card(300).text(CardLimit { bytes }, more);
            assert!(text.len() <= bytes, "{bytes}: {}", text.len());
            assert!(bytes < 120 || text.contains("还有"), "{text}");
        }
    }

    #[test]
    fn nothing_in_a_card_is_read_as_a_mark_or_a_mention() {
        let card = Card {
            title: "a*b".into(),
            figure: "<@all> [x](y)".into(),
            lines: Vec::new(),
            link: None,
        };
        let text = card.text(CardLimit { bytes: 4096 }, |_| String::new());
        assert_eq!(text, "**a b**\n\n  all   x (y)");
    }
}
