//! The words by which mail servers say why they refuse.
//!
//! Texts are compared in a normal form: lower case, words separated by single spaces, without punctuation, addresses,
//! links and host names, which hold words that mean nothing here (`spam-filter.example.com`).

use super::Cause;

/// Phrases in the order in which they are searched: the first that is found decides, so what is more exact comes
/// first. Phrases are separated by `|`. `*` stands for any words between; a space at both ends makes it a whole word.
const WORDING: &[(Cause, &str)] = &[
    (Cause::Unreachable, "queue too long"),
    (
        Cause::Busy,
        "greylist|graylist|grey listed|gray listed|greylisting|receiving mail too quickly|\
         receiving mail at a rate|too many messages for this recipient|\
         mailbox unavailable or access denied|per hour message receive limit|\
         recipient has exceeded their limit|recipient thread limit|receive limit|mailbox busy|\
         mailbox is busy|mailbox is locked|mailbox is currently locked|收件人*过于频繁|收件人*过多|收件人短时间",
    ),
    (Cause::Size, "recipsizelimit|sendsizelimit|resolver*message too large"),
    (
        Cause::Closed,
        "resolver rst|notauthenticatedfor|not authenticated for|\
         sender was not authenticated by|rejected by recipient|recipient refuses|\
         recipient has blocked|blocked by recipient|recipient*only accept|allowed senders list|\
         allowed sender list|members only|non member|not subscribed to this group|\
         user in blacklist|收件人拒|被收件人|对方拒|收信人拒|收件人设置|收件人*黑名单",
    ),
    (
        Cause::Quota,
        "outgoing*quota|outbound*quota|sending*quota|send quota|daily*quota|hourly*quota|\
         monthly*quota|quota*per day|quota*per hour|submission quota|submissionquota|\
         messages quota|message quota|relay quota|sender*quota|quota*sender|sending limit|\
         send limit|sent limit|sending limits|outgoing*limit|outbound*limit|relay limit|\
         daily limit|daily message|daily*limit|hourly limit|hourly*limit|monthly limit|\
         limit*per day|limit*per hour| per hour | per day |in an hour|24 hour|limit*today|\
         today*limit|emails per hour|messages per hour|messages per day|emails per day|\
         mails per day|mails per hour|max*per hour|max*per day|maximum*per hour|\
         maximum*per day|recipients per day|limit for message recipients|\
         recipient limit exceeded|number of rcpt*threshold|total of rcpts*threshold|\
         number of rcpts is over|out of allow rcpt|mi stc|mi sfq|rp trc|rp qrc|发信量|发信数|发信额度|\
         发信次数|发信超|发信*上限|发送数|发送额度|发送次数|发送量|发送*上限|发件数|发件量|发件*上限|外发*上限|外发*限|额度|配额*发|日*上限|当天*上限|\
         發信量|發信數|發送數|發送量|發送*上限",
    ),
    (
        Cause::Rate,
        "too many*invalid recipient|too many*unknown|too many*nonexistent|frequency limited|\
         frequency limit|rate limit|ratelimit|rate limited|sending rate|send rate|\
         rate exceeded|too fast|too quickly|too many messages|too many mail|too many email|\
         too many connection|too many concurrent|too many sessions|too many simultaneous|\
         too many recipient|too much mail from|too frequent|throttl|unusual rate|slow down|\
         exceeded permitted limits|connection limit|concurrent|mi dmc|rp drc|mi cel|rp cel|\
         mi ccl|rp ccl|rp frl|rp rcl|hl icc|hl ifc|hl ifq|too much recipient|频率|频繁|频次|过快|连接数|\
         并发|頻率|頻繁|发信*限制|发送*限制|发件*限制|發信*限制|發送*限制|限制*发信|限制*发送",
    ),
    (
        Cause::Blocked,
        "ip you re using|ip you are using|bad outbound sender|allowed to send email|\
         allowed to send mail from|blocked from sending|banned from sending|\
         suspended from sending|your account|sending account|main account unavailable|\
         sender*suspended|sender*disabled|sender*locked|behaviour spam|behavior spam|\
         client host|suspected spam ip|banned sending|banned sender|spam abuse",
    ),
    (
        Cause::Sender,
        "sender address|sender email address|sender verif|sender verify|sender rejected|\
         sender is rejected|sender denied|sender not|sender is not|sender*unverified|\
         sender*not verified|sender*not authorized|sender*not allowed|sender is unvalidated|\
         sender is invalid|invalid sender|invalid sending|fake sender|unknown sender|\
         bad sender|sender unknown|unroutable sender|unrouteable sender|null sender|\
         sender domain|domain of sender|sending domain|denies the sender|bogus mail from|\
         mail from*same as|mail from*equal|mail from*conform|mail from*non local|\
         mail from*unavailable|mail from*invalid|mail from*not owned|mail from*not allowed|\
         mailfrom|must be same as auth|must equal auth|doesn t conform|not owned by user|\
         send as|sendas|not allowed to use*from|from address|from header|header from|\
         invalid from|address is not verified|address not verified|domain is not verified|\
         domain not verified|not a verified|identities failed|verified identity| spf |senderid|\
         sender policy framework| dkim |dmarc|unauthenticated email|is unauthenticated|\
         mail address invalid|dt sum|mi spf|mi imf|mailbox unavailable*dns|发件人|发信人|发件地址|发信地址|\
         寄件人|寄件者|與認證|与认证",
    ),
    (Cause::Login, "auth first|need auth|and auth|not authenticated yet"),
    (Cause::Hello, " helo | ehlo |helohost| hello "),
    (
        Cause::Relay,
        "relay access|relay denied|relay*denied|relay*prohibit|relay*refuse|relay not|\
         relay*not|not permitted to relay|not allowed to relay|unable to relay|cannot relay|\
         can t relay|do not relay|don t relay|no relay|relay is|relaying|relayed|\
         unauthorized relay|open relay|openrelay|denies relay|relay check|mail relay|rcpthosts|\
         rcpthost|not local host|not a gateway|local user only|local users only|rcpt*non local|\
         rcptto*local account|non accepted domain|not an accepted domain|not hosted here|\
         mx only|registered gateway|forward path|中继|中繼|转发|轉發|转信|本域用户|非本地|不是本域|非本域",
    ),
    (
        Cause::Unknown,
        "user unknown|unknown user|user not found|user not exist|user not known|\
         user does not exist|user doesn t exist|user*does not exist|user*doesn t exist|\
         user*not exist|user*was not found|user is unknown|\
         user*not found|user unkown|no such|no account|\
         no mailbox|no mail box|no user|no valid recipients|unknown recipient|\
         recipient unknown|recipient not found|recipient*not found|recipient*not exist|\
         recipient*doesn t exist|recipient*unknown|recipient is not local|recipient invalid|\
         rcpt*t exist|rcpt*not exist|rcpt*mailbox unavailable|invalid recipient|\
         invalid mailbox|invalid user|invalid rcptto|invalid rcpt|unknown mailbox|\
         unknown address|unknown local part|unknown account|address unknown|mailbox unknown|\
         mailbox not found|mailbox*not found|mailbox*not exist|mailbox unavailable|\
         mailbox unavaiable|mailbox is unavailable|mailbox is not available|mailbox invalid|\
         mailbox not available|account not found|account*not exist|account*doesn t exist|\
         account unavailable|non existent|nonexistent account|nonexistent user|non existing|\
         not a valid mailbox|not a valid recipient|not a valid user|not a valid address|\
         not a known user|not a local address|user not local|not our customer|no longer valid|\
         no longer accepts|no longer in use|no longer available|no longer with|\
         no longer exists|no longer employed|address*not exist|address*doesn t exist|\
         address not found|address could not be found|address not present|address*invalid|\
         address rejected unknown|undeliverable address|bad destination mailbox|bad recipient|\
         bad address|does no exist|unavailable mail user|unavailable user|unavailable mailbox|\
         user doesn t have a|doesn t have an account|does not have an account|badrcptto|\
         badrecipientto|validrcptto|not in my validrcptto|not present in directory|\
         name directory|unrouteable address|unroutable address|recipnotfound|recipientnotfound|\
         resolver adr|nosuchuser|exrecipnotfound|mi unu|用户*不存在|用户*未找到|收件人*不存在|收信人*不存在|收件地址*不存在|\
         邮箱*不存在|信箱*不存在|帐号*不存在|账号*不存在|帐户*不存在|账户*不存在|地址*不存在|不存在*用户|不存在的*|不存在该|不存在此|无此|没有此用户|\
         没有该用户|没有这个用户|查无|收件人*无效|无效*收件人|收件地址*无效|无效*用户|无效*邮箱|无效*地址|找不到收件人|找不到用户|找不到该用户|找不到邮箱|\
         未找到用户|未找到收件人|未知用户|未知收件人|收件人*错误|用戶不存在|使用者不存在|收件者不存在|信箱不存在|帳號不存在|查無",
    ),
    (
        Cause::Login,
        "authentica|authorization code|login|log in|logged in|credential|password|passwd|\
         smtp auth|auth error|auth fail|auth required|auth first|require auth|requires auth|\
         not authorized|unauthorized|no permission|not permitted to send|cipher text|\
         badcredentials|invalid_grant|授权码|授權碼|登录|登陆|登錄|登入|认证|認證|验证失败|身份验证|驗證|密码|密碼|无权|未授权|没有权限|\
         权限不足|开启smtp|开通smtp|smtp服务|smtp*未开",
    ),
    (
        Cause::Disabled,
        "disabled|suspend|inactive|deactivated|inactivated|frozen|discontinued|account closed|\
         account is closed|mailbox closed|mailbox is closed|account expired|\
         account has expired|mailbox expired|allowed to receive|not active|is locked|\
         account locked|user locked|user hangup|user rejected|is restricted|been closed|\
         mailbox cannot be accessed|停用|冻结|注销|锁定|禁用|被封|被锁|已过期|已关闭|邮箱不可用|用户不可用|離職|离职|凍結|停權",
    ),
    (Cause::Unclear, "system storage|system resource"),
    (
        Cause::Full,
        "mailbox*full|full mailbox|folder*full|inbox*full|mailfolder is full|account*full|\
         is full|over quota|over the quota|over its quota|over disk quota|overquota|\
         over the allowed quota|exceed*mailbox|mailbox*quota|mailbox*exceed|mailbox*limit|\
         mailbox*over|disk quota|disc quota|userdisk quota|disk space|storage|enough space|\
         insufficient space|insufficient*space|space has been used up|space not enough|\
         out of space|no space|quota*hard limit|quota violation for|quota for|reach*over quota|\
         too much mail data|邮箱*满|信箱*满|信箱*滿|容量*满|容量*超|容量不足|空间*不足|空间*满|超出*容量|超过*容量|存储空间",
    ),
    (Cause::Quota, "user*exceed*quota|user*quota*exceed|exceed*quota*user|quota*user"),
    (Cause::Full, "quota|配额"),
    (
        Cause::Content,
        "blacklisted url|surbl|uribl|blacklisted*in message|message contains|dt spm|\
         message*unsolicited|mail*unsolicited|content spam|likely unsolicited",
    ),
    (
        Cause::Blocked,
        "blocked using|block list|blocklist|blacklist|black list|black listed|blacklisted|\
         black ip|black mail|dnsbl| rbl |spamhaus|spamcop|barracuda|reputation|your ip|\
         ip address|ip has been|ip name| ip is | ip was | ip not |invalid ip|remote ip|\
         your network|network is on|your host|your server|your domain|your mail server|\
         mail server*blocked|connection refused by policy|connection denied|reverse dns|\
         ptr record| rdns |reverse host|reverse lookup|find your|resolve your|dynamic ip|\
         unsolicited mail originating|unsolicited mail|not currently accepting mail|tenant|\
         traffic not accepted|unregistered domain|smtpport check|hl rep|hl mep|hl itc|hl ihu|\
         hl ipb|hl ip|dt rbl|wm bli|wm blu|mi spb|mi iip|spam source|黑名单|黑名單|信誉|信譽|ip*禁止|ip*拒|\
         ip*封|ip*限|ip地址",
    ),
    (
        Cause::Setup,
        "starttls|tls required|requires tls|require tls|must use tls|encryption|must issue|\
         bad sequence|out of sequence|unrecognized command|unrecognised command|\
         command unrecognized|command not|unknown command|not implemented|protocol violation|\
         need mail|need rcpt|need mail before|mail first|rcpt first|valid rcpt command|\
         no valid sender|bare lf|bare line|stray newline|pipelin",
    ),
    (
        Cause::Size,
        "too large|too big|too long|size exceed|exceed*size|exceeds*size|exceeded*size|\
         size limit|maximum size|maximum message size|max message size|max size|\
         message length exceed|length of data|length of attach|number of attachments|\
         fixed maximum|over size|oversize|过大|太大|超大|大小*超|超*大小|尺寸",
    ),
    (
        Cause::Quota,
        "limit exceeded|limit reached|exceeded*limit|reached*limit|over limit|超限|超过限制|超出限制|\
         超过上限|达上限|到上限",
    ),
    (
        Cause::Content,
        "spam|virus|infected|malware|phish|unsolicited|bulk|junk|content|attachment|banned|\
         suspicious|policy|policies|prohibited|header|message refused|message rejected|\
         message blocked|message filtered|looks like| ube |垃圾|病毒|敏感|内容|內容|违规|違規|附件|广告|策略",
    ),
    (
        Cause::Unreachable,
        "host not found|host or domain|domain not found|domain does not exist|domain*not exist|\
         nonexistent domain|nonexistentdomain|name service|name resolution|unable to route|\
         unrouteable domain|no route|timed out|connection refused|couldn t find|mail exchanger|\
         dns|message expired|delivery expired|routing loop|mail loop|hop count|too many hops|\
         loops back|unreachable|域名*不存在|域名*解析|无法解析|無法解析",
    ),
    (Cause::Unknown, "不存在"),
];

/// Beginnings of words with dots by which Exchange names its reasons; other words with dots are host names.
const EXCHANGE: [&str; 4] = ["resolver.", "storedrv.", "smtpsend.", "routing."];

/// A text in the form in which it is compared.
pub(super) fn normal(text: &str) -> String {
    let mut out = String::from(" ");
    for word in text.split(|c: char| c.is_whitespace() || "<>()[]{};,\"".contains(c)) {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        if is_name(word) {
            continue;
        }
        // Of a link, only the reason that Gmail puts into it: `…/mail/?p=NoSuchUser`.
        let link = word.find("://").map(|_| word.split_once("?p=").map_or("", |(_, why)| why));
        for c in link.unwrap_or(word).chars() {
            if c.is_alphanumeric() || c == '_' {
                out.extend(c.to_lowercase());
            } else if !out.ends_with(' ') {
                out.push(' ');
            }
        }
        if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out
}

/// Whether a word is an address, a host name or an IP address.
fn is_name(word: &str) -> bool {
    if word.contains('@') {
        return true;
    }
    let is_host = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.:".contains(c);
    let has_letter = word.contains(|c: char| c.is_ascii_lowercase());
    word.contains('.')
        && has_letter
        && word.chars().all(is_host)
        && !EXCHANGE.iter().any(|start| word.starts_with(start))
}

/// The cause that a text names, in its normal form; `None` if it names none.
pub(super) fn cause(said: &str) -> Option<Cause> {
    let names = |(cause, phrases): &(Cause, &str)| {
        phrases.split('|').any(|phrase| has(said, phrase)).then_some(*cause)
    };
    WORDING.iter().find_map(names)
}

/// Whether a text has the parts of a phrase one after the other.
fn has(said: &str, phrase: &str) -> bool {
    let mut rest = said;
    phrase.split('*').all(|part| {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        true
    })
}

/// What makes two refusals equal: their words without names, numbers and whatever else belongs to one mail.
pub(super) fn gist(text: &str) -> String {
    let said = normal(text);
    let words = said
        .split(' ')
        .filter(|word| !word.is_empty() && !word.contains(|c: char| c.is_numeric() || c == '_'));
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_links_do_not_count_as_words() {
        for (text, wanted) in [
            ("550 5.1.1 <Spam.Relay@x.y>: User unknown", " 550 5 1 1 user unknown "),
            ("host mx.antispam.example.com[1.2.3.4] said: No", " host 1 2 3 4 said no "),
            ("Login Fail.Please enter", " login fail please enter "),
            ("RESOLVER.ADR.RecipNotFound; not found", " resolver adr recipnotfound not found "),
            ("see http://mail.163.com/help/help_spam_16.htm?ip=1", " see "),
            ("5.1.1 https://support.google.com/mail/?p=NoSuchUser x", " 5 1 1 nosuchuser x "),
            ("用户不存在，请核对。", " 用户不存在 请核对 "),
            ("", " "),
        ] {
            assert_eq!(normal(text), wanted, "{text}");
        }
    }

    #[test]
    fn equal_refusals_differ_in_names_and_numbers_only() {
        let gist_of = |text: &str| gist(text);
        assert_eq!(
            gist_of("5.1.1 <a@b.c>: Recipient address rejected: User unknown (id 7)"),
            gist_of("5.1.1 <x@y.z>: Recipient address rejected: User unknown (id 81)"),
        );
        assert_eq!(
            gist_of("DT:SPM 163 smtp12,EMCowACnzwc_BjhcKMZmAQ--.20404S2 1547175487"),
            gist_of("DT:SPM 163 smtp2,DMmowAAnNDQz4zxdCk6LIw--.52838S2 1564271411"),
        );
        assert_ne!(gist_of("User unknown"), gist_of("Mailbox full"));
    }

    #[test]
    fn no_phrase_is_hidden_by_one_before_it_with_another_meaning() {
        // A phrase that an earlier one contains would never decide.
        let mut earlier: Vec<(Cause, &str)> = Vec::new();
        for (cause_of, phrases) in WORDING {
            for phrase in phrases.split('|') {
                let text = format!(" {} ", phrase.replace('*', " … ").trim());
                let hides =
                    earlier.iter().find(|(other, first)| other != cause_of && has(&text, first));
                assert_eq!(hides, None, "{phrase:?} of {cause_of}");
            }
            earlier.extend(phrases.split('|').map(|phrase| (*cause_of, phrase)));
        }
    }
}
