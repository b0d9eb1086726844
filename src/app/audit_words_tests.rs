//! Every kind of detail that the program writes, as it is stored and as a Chinese reader reads it.

use super::*;
use std::collections::BTreeSet;
use std::path::Path;

/// What was done, what is stored of it, and what a Chinese reader reads.
const SAMPLES: &[(Action, &str, &str)] = &[
    (Action::AccountAdd, "li lead oidc", "li，点长／队长（统一登录）"),
    (Action::AccountAdd, "li lead", "li，点长／队长"),
    (Action::AccountAdd, "li lead S1 A oidc", "li，点长／队长：S1 A（统一登录）"),
    (Action::AccountAdd, "li lead S1 A", "li，点长／队长：S1 A"),
    (Action::AccountPassword, "li, tokens kept", "li，令牌保留"),
    (Action::Login, "oidc", "统一登录"),
    (Action::Login, "recovery code, 11 left", "用恢复码，还剩 11 个"),
    (Action::LoginFailed, "code", "验证码"),
    (Action::OidcRefused, "oidc signature", "令牌签名不对"),
    (Action::LoginEnd, "li 11", "li，11 个登录"),
    (Action::FactorRequire, "li required", "li，必须启用"),
    (Action::FactorRequire, "li optional", "li，可不启用"),
    (Action::Refused, "upload: bad_header, no_rows", "上传的文件有误：bad_header, no_rows"),
    (Action::Refused, "survey: bad_header, no_rows", "调查表有误：bad_header, no_rows"),
    (Action::Refused, "outlines: 11 problems", "地区边界文件有 11 处问题"),
    (Action::Refused, "/hooks/sms: wrong signature or token", "/hooks/sms：签名或令牌不对"),
    (Action::Refused, "API: the role viewer may not do this", "接口：角色 查看者 没有此项权限"),
    (Action::Refused, "bookings of S1", "S1 的预约"),
    (Action::Refused, "a call", "登记通话结果"),
    (Action::Refused, "a request for the register", "登记申请"),
    (Action::Refused, "a person's page", "个人页面"),
    (Action::Refused, "a link to book", "预约链接"),
    (Action::Refused, "dose at S1", "在 S1 录入接种"),
    (Action::Refused, "void at S1", "在 S1 作废记录"),
    (Action::Refused, "outcome at S1", "在 S1 录入未种原因"),
    (Action::Refused, "tally S1", "填报 S1"),
    (
        Action::Refused,
        "link 0a1b2c3d, member 11: booking, dead",
        "链接 0a1b2c3d，第 11 人：人员已故，不能预约",
    ),
    (
        Action::BookingConfirm,
        "link 0a1b2c3d, member 11: dose 2, 2021-04-02 S1",
        "链接 0a1b2c3d，第 11 人：第 2 剂，2021-04-02 S1",
    ),
    (
        Action::BookingTake,
        "link 0a1b2c3d, member 11: dose 2, 2021-04-02 S1",
        "链接 0a1b2c3d，第 11 人：第 2 剂，2021-04-02 S1",
    ),
    (
        Action::BookingCancel,
        "link 0a1b2c3d, member 11: dose 2, 2021-04-02 S1",
        "链接 0a1b2c3d，第 11 人：第 2 剂，2021-04-02 S1",
    ),
    (
        Action::BookingWait,
        "link 0a1b2c3d, member 11: dose 2, waits for a seat",
        "链接 0a1b2c3d，第 11 人：第 2 剂，候补",
    ),
    (Action::Refused, "booking, dead", "人员已故，不能预约"),
    (Action::Refused, "booking, barred", "禁忌或已拒种，不能预约"),
    (
        Action::SeeDue,
        "as of 2021-04-01, area A, group senior, 11 people",
        "截至 2021-04-01，地区 A，人群 senior，11 人",
    ),
    (Action::SeeDue, "API: as of 2021-04-01, 11 people", "接口，截至 2021-04-01，11 人"),
    (Action::SeeDue, "call list: 11 people", "电话名单，11 人"),
    (
        Action::SeeDue,
        "bookings of 2021-04-01, place S1, 11 people, 12 waiting",
        "2021-04-01 S1 的预约，11 人，候补 12 人",
    ),
    (Action::SeeDue, "homes from 2021-04-01, 11 people", "2021-04-01 起的上门接种，11 人"),
    (
        Action::SeeDue,
        "catch-up list as of 2021-04-01, 11 people",
        "截至 2021-04-01 的补种名单，11 人",
    ),
    (
        Action::SeeDue,
        "11 replies, 12 requests, 13 to call",
        "回复 11 条，申请 12 件，待打电话 13 人",
    ),
    (Action::SeeDue, "due list", "应种名单"),
    (Action::SeeDue, "catch-up list", "补种名单"),
    (Action::SeeDue, "channels calls", "未送达、需打电话的名单"),
    (Action::SeeDue, "homes rounds", "上门路线"),
    (Action::SeeDue, "homes show", "已采用的上门路线"),
    (Action::SeeMail, "11 mails", "11 封邮件"),
    (Action::SeeMail, "mail 17", "邮件 17"),
    (Action::SeeMail, "11 numbers, 12 addresses, 13 left", "号码 11 个，地址 12 个，退订 13 个"),
    (Action::SeeMail, "digest preview", "每日邮件预览"),
    (Action::SeeMail, "digest history", "每日邮件记录"),
    (Action::SeeMail, "outbox list", "发件箱"),
    (Action::SeeMail, "outbox show 17", "邮件 17"),
    (Action::SeeMail, "bounce list", "退信地址"),
    (Action::SeeMail, "unsubscribe --list", "退订名单"),
    (Action::SeeMail, "channels numbers", "停发的号码"),
    (Action::SeeMail, "channels replies", "短信回复"),
    (Action::SeeMail, "channels history p1", "p1 的消息"),
    (Action::SeeRecords, "report show --explain", "报表数字的来源"),
    (Action::SeeRecords, "campaign history", "活动的历次版本"),
    (Action::SeeRecords, "jurisdiction history", "辖区的历次版本"),
    (Action::SeeRecords, "history", "历次版本"),
    (Action::SeeRecords, "jurisdiction conflicts list", "与登记册不符的行"),
    (Action::SeeRecords, "doses history d1", "接种记录 d1 的更改"),
    (Action::SeeRecords, "tallies history d1", "日报数 d1 的更改"),
    (Action::SeeRecords, "outcomes history d1", "未种原因 d1 的更改"),
    (Action::SeeRecords, "persons history d1", "人员 d1 的更改"),
    (Action::SeeRecords, "schools match", "学校名单与登记册的比对"),
    (Action::SeeRecords, "schools missed", "学校未种名单"),
    (Action::SeeRecords, "national month --explain", "官方月报数字的来源"),
    (Action::SeeRecords, "national cum --explain", "官方累计数字的来源"),
    (Action::SeeRecords, "national cohort --explain", "出生队列数字的来源"),
    (Action::SeeRecords, "national paid --explain", "非免疫规划疫苗数字的来源"),
    (Action::SeeRecords, "national duplicates", "疑似重复档案"),
    (Action::SeeRecords, "national duplicates: 11 pairs", "疑似重复档案 11 对"),
    (Action::SeeRecords, "national hpv", "HPV疫苗接种名单"),
    (Action::SeeRecords, "national schools --list", "入学查验名单"),
    (
        Action::SeeRecords,
        "national cohort 2021-04-01, township:A, hepb-1: 11 children",
        "官方报表（出生队列接种率（月末））2021-04-01，乡镇 A，hepb-1：11 名儿童",
    ),
    (
        Action::SeeRecords,
        "national cohort 2021-04-01, township:A: 11 rows",
        "官方报表（出生队列接种率（月末））2021-04-01，乡镇 A：11 行",
    ),
    (Action::SeeRecords, "search: 11 people", "查找，得 11 人"),
    (Action::Export, "campaign export", "活动文件夹"),
    (Action::Export, "jurisdiction export", "辖区文件夹"),
    (Action::Export, "db move", "迁移数据库"),
    (Action::Export, "backup", "备份"),
    (Action::Export, "backup doseplan-2021.db", "备份 doseplan-2021.db"),
    (Action::SeeRecords, "refused rows of import 17", "第 17 次导入中被拒绝的行"),
    (Action::Export, "lists of 11 schools, 12 people", "11 所学校的名单，12 人"),
    (Action::Export, "workbook", "活动工作簿"),
    (Action::CampaignApply, "11 changes", "11 处变更"),
    (Action::JurisdictionApply, "11 changes", "11 处变更"),
    (Action::CampaignApply, "like small", "按 small 新建"),
    (Action::CampaignApply, "lot N9 added", "新增批号 N9"),
    (Action::CampaignApply, "lot N9 corrected", "更正批号 N9"),
    (
        Action::CampaignApply,
        "11 people of senior in A from 2021-04-01",
        "A senior 应种 11 人，自 2021-04-01 起",
    ),
    (Action::CampaignApply, "11 visits of schools", "11 场学校接种"),
    (Action::JurisdictionApply, "outlines of 11 areas", "11 个地区的边界"),
    (
        Action::JurisdictionApply,
        "S1: 11 changes, campaign small, campaign flu",
        "S1：11 处变更，活动 small、flu",
    ),
    (Action::JurisdictionApply, "S1: 11 changes", "S1：11 处变更"),
    (Action::JurisdictionApply, "sites S1", "固定接种点 S1"),
    (Action::Decide, "rows of lists: L:3 L:4", "学校名单的行：L:3 L:4"),
    (Action::PersonMerge, "p6 is p1", "p6 并入 p1"),
    (Action::PersonUnmerge, "p6 is not p1", "p6 从 p1 拆出"),
    (Action::PersonExport, "the register", "全部登记册"),
    (
        Action::RosterPublish,
        "2021-04-01 to 2021-04-07, 11 duties",
        "2021-04-01 至 2021-04-07，11 个班次",
    ),
    (Action::RosterLeave, "N01 2021-04-01 to 2021-04-07", "N01，2021-04-01 至 2021-04-07"),
    (Action::HomesAdopt, "11 rounds, 12 people", "11 条路线，12 人"),
    (Action::ListSend, "consent to 11 schools, 12 people", "知情同意书，11 所学校，12 人"),
    (Action::ListSend, "visit to 11 schools, 12 people", "到校接种名单，11 所学校，12 人"),
    (Action::ListSend, "missed to 11 schools, 12 people", "未种名单，11 所学校，12 人"),
    (Action::ConsentCorrect, "p1 yes to no", "p1：同意改为不同意"),
    (Action::BirthsEnter, "births of A in 2020: 10 → 12", "A 2020 年出生数：10 → 12"),
    (Action::BirthsEnter, "births of 11 areas and years", "11 个地区和年份的出生数"),
    (Action::Upload, "survey: 11 children", "调查表，11 名儿童"),
    (
        Action::Tally,
        "S1 2021-04-01 new 11 corrected 12 taken out 13",
        "S1 2021-04-01，新增 11，更正 12，删去 13",
    ),
    (
        Action::TallyConfirm,
        "S1 2021-04-01 new 11 corrected 12 taken out 13",
        "S1 2021-04-01，新增 11，更正 12，删去 13",
    ),
    (Action::Tally, "S1 2021-04-01 new 11 corrected 12", "S1 2021-04-01，新增 11，更正 12"),
    (Action::TallyConfirm, "S1 2021-04-01 new 11 corrected 12", "S1 2021-04-01，新增 11，更正 12"),
    (Action::OutcomeEnter, "call p1: refused taken back", "撤回与 p1 的通话结果：拒种"),
    (Action::OutcomeEnter, "call p1: refused", "与 p1 通话：拒种"),
    (
        Action::Import,
        "tallies new 11 same 12 corrected 13 refused 14",
        "日报数：新增 11，已有 12，更正 13，拒绝 14",
    ),
    (
        Action::Import,
        "consents new 11 same 12 corrected 13 outweighed 14 refused 15",
        "知情同意：新增 11，已有 12，更正 13，以其他答复为准 14，拒绝 15",
    ),
    (Action::Import, "11 lists of pupils, 12 rows", "11 份学生名单，12 行"),
    (Action::Import, "lists matched: changed 11 added 12", "名单比对：更改 11 人，新增 12 人"),
    (Action::Void, "tallies d1", "日报数 d1"),
    (Action::Mail, "mail 17: arrived", "邮件 17：已送达"),
    (Action::Mail, "mail 17: did not arrive, goes again", "邮件 17：未送达，重新发送"),
    (Action::Mail, "mail 17: tried again", "邮件 17：重试"),
    (Action::Mail, "mail 17: sent again as 11", "邮件 17：另发为邮件 11"),
    (
        Action::Mail,
        "summary.2021-04-01 sent by hand as mail 17",
        "手工发送 summary.2021-04-01，邮件 17",
    ),
    (Action::Mail, "a copy of summary.2021-04-01 as mail 17", "抄送 summary.2021-04-01，邮件 17"),
    (
        Action::Mail,
        "digests of 2021-04-01 for 11 readers, 12 new",
        "2021-04-01 的接种预告，11 名收件人，新增 12 封",
    ),
    (Action::Mail, "reply 17", "处理短信回复 17"),
    (Action::Mail, "digest send --to", "抄送每日邮件"),
    (Action::Mail, "digest send --all", "发送全部接种预告"),
    (Action::Mail, "digest send", "发送每日邮件"),
    (Action::Mail, "digest resend 17", "再发邮件 17"),
    (Action::Mail, "outbox resolve 17 --sent", "邮件 17：已送达"),
    (Action::Mail, "outbox resolve 17 --resend", "邮件 17：未送达，重新发送"),
    (Action::Mail, "outbox retry --state failed", "重试邮件：发送失败"),
    (Action::Mail, "outbox retry 17", "重试邮件 17"),
    (Action::Mail, "outbox drain", "发送排队的邮件"),
    (Action::Mail, "channels test sms", "测试渠道 sms"),
    (Action::Mail, "channels receipts", "取回执"),
    (Action::Mail, "channels replies --done 17", "处理短信回复 17"),
    (Action::Bounce, "bounce import", "导入退信"),
    (Action::Bounce, "bounce forget, 11 mails queued", "地址恢复发送，11 封邮件重新排队"),
    (Action::Bounce, "bounce forget", "地址恢复发送"),
    (Action::Unsubscribe, "by a mail's link", "由邮件中的链接"),
    (Action::Unsubscribe, "unsubscribe", "停发提醒"),
    (Action::Unsubscribe, "unsubscribe --undo", "恢复提醒"),
    (Action::Unsubscribe, "channels numbers --open", "号码恢复发送"),
    (Action::Unsubscribe, "channels numbers --close", "号码停发"),
    (Action::Job, "run digest of 1617235200000 again", "再次运行 明日接种预告（2021-04-01 08:00）"),
    (Action::Job, "run digest", "运行 明日接种预告"),
    (Action::Job, "job run digest", "运行 明日接种预告"),
    (Action::Job, "job backfill digest", "补跑 明日接种预告"),
    (Action::Job, "hold", "暂停发送"),
    (Action::Job, "resume", "恢复发送"),
    (Action::Job, "job hold", "暂停发送"),
    (Action::Job, "job resume", "恢复发送"),
    (Action::Database, "db check --repair", "核对并修复"),
    (Action::Database, "db adopt", "由本数据库发送邮件"),
    (Action::Database, "restore", "由备份恢复"),
    (Action::Database, "came from another database", "由另一数据库迁来"),
    (
        Action::BookingConfirm,
        "p1: dose 11, 2021-04-02 S1 08:30; before 2021-04-01 S2",
        "p1：第 11 剂，2021-04-02 S1 08:30；原为 2021-04-01 S2",
    ),
    (
        Action::BookingTake,
        "p1: dose 11, 2021-04-02 S1 08:30; before 2021-04-01 S2",
        "p1：第 11 剂，2021-04-02 S1 08:30；原为 2021-04-01 S2",
    ),
    (
        Action::BookingCancel,
        "p1: dose 11, 2021-04-02 S1 08:30; before 2021-04-01 S2",
        "p1：第 11 剂，2021-04-02 S1 08:30；原为 2021-04-01 S2",
    ),
    (
        Action::BookingConfirm,
        "dose 11, 2021-04-02 S1 08:30; before 2021-04-01 S2",
        "第 11 剂，2021-04-02 S1 08:30；原为 2021-04-01 S2",
    ),
    (
        Action::BookingTake,
        "dose 11, 2021-04-02 S1 08:30; before 2021-04-01 S2",
        "第 11 剂，2021-04-02 S1 08:30；原为 2021-04-01 S2",
    ),
    (
        Action::BookingCancel,
        "dose 11, 2021-04-02 S1 08:30; before 2021-04-01 S2",
        "第 11 剂，2021-04-02 S1 08:30；原为 2021-04-01 S2",
    ),
    (
        Action::BookingConfirm,
        "p1: dose 11, 2021-04-02 S1 08:30",
        "p1：第 11 剂，2021-04-02 S1 08:30",
    ),
    (Action::BookingTake, "p1: dose 11, 2021-04-02 S1 08:30", "p1：第 11 剂，2021-04-02 S1 08:30"),
    (
        Action::BookingCancel,
        "p1: dose 11, 2021-04-02 S1 08:30",
        "p1：第 11 剂，2021-04-02 S1 08:30",
    ),
    (Action::BookingConfirm, "dose 11, 2021-04-02 S1 08:30", "第 11 剂，2021-04-02 S1 08:30"),
    (Action::BookingTake, "dose 11, 2021-04-02 S1 08:30", "第 11 剂，2021-04-02 S1 08:30"),
    (Action::BookingCancel, "dose 11, 2021-04-02 S1 08:30", "第 11 剂，2021-04-02 S1 08:30"),
    (Action::BookingWait, "dose 11, waits for a seat", "第 11 剂，候补"),
    (Action::BookingWait, "dose 11, no longer waits", "第 11 剂，不再候补"),
    (Action::BookingWait, "p1: dose 2, waits for a seat", "p1：第 2 剂，候补"),
    (Action::BookingSignIn, "sign-in 0a1b2c3d: a code was sent", "登录 0a1b2c3d：已发验证码"),
    (Action::BookingSignIn, "sign-in 0a1b2c3d: a wrong code", "登录 0a1b2c3d：验证码不对"),
    (Action::BookingSignIn, "sign-in 0a1b2c3d: 11 links", "登录 0a1b2c3d：11 个链接"),
    (Action::BookingImport, "11 of 12 rows", "12 行中新增 11 行"),
    (Action::RequestDecide, "17 taken", "申请 17：已受理"),
    (Action::RequestDecide, "17 refused", "申请 17：已拒绝"),
    (Action::SeeBookings, "bookings list", "预约名单"),
    (Action::SeeBookings, "bookings waiting", "候补名单"),
    (Action::SeeBookings, "bookings requests list", "登记申请"),
    (Action::Refused, "API: this token is not good for tally", "接口：此令牌没有 填报 的权限"),
    (Action::AccountAdd, "li lead  A", "li，点长／队长：A"),
    (
        Action::BookingTake,
        "link 0a1b2c3d, member 0: dose 1, 2021-04-02 S1; before 2021-04-01 S2",
        "链接 0a1b2c3d，第 0 人：第 1 剂，2021-04-02 S1；原为 2021-04-01 S2",
    ),
    (
        Action::SeeRecords,
        "national month 2021-04-30, all, hepb-1: 3 children",
        "官方报表（时段接种率（月报））2021-04-30，全部，hepb-1：3 名儿童",
    ),
];

/// How many lines of the audit log each file of the program writes. Whoever writes another one adds a sample of it
/// above, and the message where it has words.
const WRITERS: &[(&str, usize)] = &[
    ("app/accounts.rs", 7),
    ("app/backups.rs", 1),
    ("app/booking/book.rs", 2),
    ("app/booking/import.rs", 1),
    ("app/booking/open.rs", 1),
    ("app/booking/requests.rs", 2),
    ("app/calls.rs", 2),
    ("app/campaigns.rs", 5),
    ("app/codes.rs", 3),
    ("app/copies.rs", 1),
    ("app/daily.rs", 3),
    ("app/erasing.rs", 1),
    ("app/feeds.rs", 1),
    ("app/home_plans.rs", 2),
    ("app/import/by_hand.rs", 2),
    ("app/import/mod.rs", 1),
    ("app/import/single.rs", 2),
    ("app/import/undo.rs", 1),
    ("app/import/uploaded.rs", 1),
    ("app/joint_plans.rs", 3),
    ("app/jurisdiction.rs", 1),
    ("app/jurisdictions.rs", 2),
    ("app/locking.rs", 2),
    ("app/logins.rs", 4),
    ("app/mergers.rs", 2),
    ("app/national/births.rs", 1),
    ("app/national/surveys.rs", 1),
    ("app/oidc/mod.rs", 6),
    ("app/operating.rs", 8),
    ("app/outlines.rs", 1),
    ("app/people.rs", 2),
    ("app/person_page.rs", 2),
    ("app/place_edit.rs", 1),
    ("app/plans.rs", 2),
    ("app/readers.rs", 1),
    ("app/rosters.rs", 2),
    ("app/school_mails.rs", 1),
    ("app/schools/consents.rs", 1),
    ("app/schools/correcting.rs", 1),
    ("app/schools/lists.rs", 2),
    ("app/schools/matched.rs", 1),
    ("app/schools/paper.rs", 1),
    ("app/schools/visits.rs", 1),
    ("app/second_factor.rs", 7),
    ("app/setup.rs", 1),
    ("app/sign_in.rs", 1),
    ("app/supply_edit.rs", 1),
    ("app/uploads.rs", 2),
    ("cli/trail.rs", 1),
    ("web/api.rs", 2),
    ("web/authentication.rs", 1),
    ("web/bookings.rs", 1),
    ("web/calls.rs", 1),
    ("web/catch_up.rs", 1),
    ("web/daily.rs", 1),
    ("web/delivery.rs", 1),
    ("web/due.rs", 1),
    ("web/feeds.rs", 1),
    ("web/history.rs", 1),
    ("web/homes.rs", 1),
    ("web/hooks.rs", 1),
    ("web/inbox.rs", 2),
    ("web/mail.rs", 1),
    ("web/national_desk.rs", 1),
    ("web/outlines.rs", 1),
    ("web/page_context.rs", 1),
    ("web/records.rs", 1),
    ("web/unsubscribe.rs", 1),
    ("web/upload.rs", 1),
];

/// Words that no translation has: codes, commands and names.
const NAMES: [&str; 20] = [
    "li",
    "bad_header",
    "no_rows",
    "sms",
    "hooks",
    "senior",
    "hepb",
    "doseplan",
    "db",
    "small",
    "flu",
    "summary",
    "HPV",
    "S1",
    "S2",
    "N01",
    "N9",
    "d1",
    "p1",
    "p6",
];

fn line(did: Action, said: &str) -> Entry {
    Entry {
        id: 1,
        nr: None,
        at: 0,
        who: "li".to_owned(),
        address: None,
        did,
        campaign: None,
        said: said.to_owned(),
    }
}

fn told(language: Language, did: Action, said: &str) -> String {
    details(language, chrono_tz::Asia::Shanghai, &line(did, said))
}

/// Latin words of a text.
fn words(text: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let all = text.split(|c| !is_part(c));
    all.filter(|word| word.len() > 1 && word.contains(|c: char| c.is_ascii_alphabetic())).collect()
}

#[test]
fn every_kind_of_detail_is_read_in_chinese() {
    for (did, stored, chinese) in SAMPLES {
        assert_eq!(told(Language::ZhCn, *did, stored), *chinese, "{did} {stored}");
        assert_eq!(told(Language::En, *did, stored), *stored);
        let foreign: Vec<&str> =
            words(chinese).into_iter().filter(|word| !NAMES.contains(word)).collect();
        let is_code = |word: &&str| word.chars().any(|c| c.is_ascii_digit());
        assert!(foreign.iter().all(is_code), "{chinese}: {foreign:?}");
    }
}

#[test]
fn each_message_has_a_sample_that_is_its_own() {
    for (actions, keys) in FORMS {
        for (did, key) in actions.iter().flat_map(|did| keys.iter().map(move |key| (did, key))) {
            let is_own = |(sample, stored, _): &&(Action, &str, &str)| {
                let key = format!("said-{key}");
                sample == did && retell::values(&key, stored, &fits).is_some()
            };
            assert!(SAMPLES.iter().any(|sample| is_own(&sample)), "{did}: {key}");
        }
    }
}

#[test]
fn what_has_no_words_or_is_of_an_older_version_stays_as_it_is_stored() {
    let stored = [
        (Action::PlanLock, "S1 2021-04-22 40 agreed with the school"),
        (Action::PersonErase, "p4: asked by letter"),
        (Action::AuditKey, "a1 -> b2"),
        (Action::Mail, "words of another version"),
        (Action::PlanAdopt, "3"),
        (Action::Login, ""),
    ];
    for (did, said) in stored {
        assert_eq!(told(Language::ZhCn, did, said), said);
    }
}

#[test]
fn whoever_is_no_account_is_named_in_chinese_and_found_by_that_name() {
    for (stored, chinese) in [
        ("root (command line)", "root（命令行）"),
        ("(booker)", "（预约人）"),
        ("(job digest)", "（任务：明日接种预告）"),
        ("li", "li"),
    ] {
        assert_eq!(author(Language::ZhCn, stored), chinese);
        assert_eq!(author(Language::En, stored), stored);
    }
    assert_eq!(author_of("root（命令行）"), "root (command line)");
    assert_eq!(author_of("（预约人）"), "(booker)");
    assert_eq!(author_of("root (command line)"), "root (command line)");
    assert_eq!(author_of("li"), "li");
}

#[test]
fn a_reason_of_the_program_is_chinese_and_one_that_was_typed_stays() {
    for (stored, chinese) in [
        ("corrected", "已更正"),
        ("void: the field was emptied", "作废：填报栏已清空"),
        ("void: 重复", "作废：重复"),
        ("asked by letter", "asked by letter"),
    ] {
        assert_eq!(replaced(Language::ZhCn, stored), chinese);
        assert_eq!(replaced(Language::En, stored), stored);
    }
}

fn writers(folder: &Path, root: &Path, out: &mut BTreeSet<(String, usize)>) {
    for entry in std::fs::read_dir(folder).expect("the sources are there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            writers(&path, root, out);
            continue;
        }
        let name = path.strip_prefix(root).expect("below src").to_string_lossy().into_owned();
        let is_own = ["app/acts.rs", "store/audit.rs"].contains(&&*name);
        if path.extension().is_none_or(|kind| kind != "rs") || name.ends_with("tests.rs") || is_own
        {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source");
        let writes = |line: &&str| {
            [
                "act.commit(",
                "note_audit(",
                "note_command(",
                "audit::insert",
                "?.commit(None, &said)",
            ]
            .iter()
            .any(|call| line.contains(call))
        };
        let count = text.lines().filter(writes).count();
        if count > 0 {
            out.insert((name, count));
        }
    }
}

#[test]
fn every_place_that_writes_into_the_log_is_known_here() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    writers(&root, &root, &mut found);
    let known: BTreeSet<(String, usize)> =
        WRITERS.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    let new: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(new.is_empty() && gone.is_empty(), "new: {new:?}; no longer so: {gone:?}");
}
