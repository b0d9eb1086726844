//! Words of the program in the cells of tables, as Chinese readers call them. Programs read the words themselves, and
//! so do English readers: they are English.

use crate::app::audit_words;
use crate::domain::campaign::Language;
use crate::text::found;

/// Columns whose cells are words of the program, with the beginnings of the messages that say them. The first that
/// there is counts.
const WORDS: [(&str, &[&str]); 18] = [
    (
        "state",
        &[
            "mail-state-",
            "run-state-",
            "plan-state-",
            "mail-passage-",
            "web-answer-",
            "cell-backfill-",
        ],
    ),
    ("run_state", &["run-state-", "cell-backfill-"]),
    ("conflict", &["cell-conflict-"]),
    ("kind", &["mail-kind-", "import-kind-", "sheet-", "cell-kind-"]),
    ("role", &["role-", "duty-role-"]),
    ("outcome", &["outcome-"]),
    ("ended", &["ended-"]),
    ("consent", &["school-answer-"]),
    ("did", &["did-"]),
    ("scopes", &["scope-"]),
    ("second", &["factor-"]),
    ("made_by", &["made-by-"]),
    ("catch_up", &["cell-catch-up-"]),
    ("table", &["sheet-"]),
    ("check", &["cell-check-"]),
    ("mail", &["cell-mail-", "cell-"]),
    ("channel", &["cell-channel-"]),
    ("job", &["jobname-"]),
];
/// Columns of yes and no.
const YES: [&str; 2] = ["opt_out", "suppressed"];
/// Columns that name whoever did something.
const WHO: [&str; 5] = ["who", "account", "by", "recorded_by", "entered_by"];

/// A cell as a reader of this language sees it below the heading of a column.
pub(super) fn shown(language: Language, column: &str, cell: &str) -> String {
    if language == Language::En {
        return cell.to_owned();
    }
    if let Some((state, said)) = cell.split_once(": ").filter(|_| column == "last_result") {
        return format!("{}：{said}", word_of(language, "run-state-", state));
    }
    if ["why", "how"].contains(&column) {
        return audit_words::replaced(language, cell);
    }
    if WHO.contains(&column) {
        return audit_words::author(language, cell);
    }
    let prefixes = if YES.contains(&column) { Some(&["cell-"][..]) } else { None };
    let known = WORDS.iter().find(|(name, _)| *name == column).map(|(_, prefixes)| *prefixes);
    let Some(prefixes) = prefixes.or(known) else { return cell.to_owned() };
    let said = |word: &str| {
        let spellings = [word.to_owned(), word.replace([' ', '_'], "-")];
        let mut keys = prefixes
            .iter()
            .flat_map(|prefix| spellings.iter().map(move |word| format!("{prefix}{word}")));
        keys.find_map(|key| found(language, &key))
    };
    match said(cell) {
        // What somebody types stands beside the name.
        Some(name) if column == "job" => format!("{name}（{cell}）"),
        Some(name) => name,
        None => {
            let words: Vec<String> =
                cell.split(' ').map(|word| said(word).unwrap_or_else(|| word.to_owned())).collect();
            words.join(if column == "scopes" { "、" } else { " " })
        }
    }
}

/// A word of the program that stands in a sentence, by the beginning of the message that says it.
pub(super) fn word_of(language: Language, prefix: &str, word: &str) -> String {
    let said = (language != Language::En).then(|| found(language, &format!("{prefix}{word}")));
    said.flatten().unwrap_or_else(|| word.to_owned())
}

/// What a person's file has under a column, as readers of this language see it.
pub(super) fn of_person(language: Language, column: &str, cell: &str) -> String {
    let prefix = match column {
        "sex" => "cell-sex-",
        "opt_out" | "mother_hbsag" => "cell-",
        "language" => "cell-language-",
        _ => return cell.to_owned(),
    };
    word_of(language, prefix, cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_program_are_chinese_for_chinese_readers() {
        for (column, cell, chinese) in [
            ("state", "expired", "过期未发"),
            ("state", "adopted", "执行中"),
            ("kind", "summary", "接种日报"),
            ("kind", "tallies", "日报数"),
            ("role", "admin", "管理员"),
            ("did", "token-add", "建立令牌"),
            ("scopes", "read people", "查看数字、查看人员"),
            ("second", "off", "未启用"),
            ("ended", "campaign_closed", "活动已结束"),
            ("made_by", "hand", "人工"),
            ("job", "digest", "明日接种预告（digest）"),
            ("catch_up", "latest", "最近一次"),
            ("last_result", "skipped: 太迟", "跳过：太迟"),
            ("why", "corrected", "已更正"),
            ("opt_out", "yes", "是"),
            ("mail", "no", "否"),
            ("who", "root (command line)", "root（命令行）"),
            ("name", "admin", "admin"),
            ("state", "something else", "something else"),
            ("state", "", ""),
        ] {
            assert_eq!(shown(Language::ZhCn, column, cell), chinese, "{column} {cell}");
            assert_eq!(shown(Language::En, column, cell), cell);
        }
        assert_eq!(of_person(Language::ZhCn, "sex", "F"), "女");
        assert_eq!(of_person(Language::ZhCn, "opt_out", "no"), "否");
        assert_eq!(of_person(Language::ZhCn, "name", "F"), "F");
        assert_eq!(of_person(Language::En, "sex", "F"), "F");
    }
}
