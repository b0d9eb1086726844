//! The daily mails by hand: the coordinator's summary or the digest of a site or team as it would be now, sent now, or
//! as a copy to somebody else; and the digests of an evening to every lead. Each look goes to the audit log.

use super::asked_days::parse_day;
use super::page::{Page, Refusal, encoded};
use super::page_context::PageContext;
use super::words::T;
use crate::app::daily::{SUMMARY, daily_campaigns, daily_day};
use crate::app::notices::Post;
use crate::app::{AppError, Loaded};
use crate::domain::audit::Action;
use crate::domain::recipient::digest_recipients;
use crate::mail::message::Party;
use crate::text::harmless;
use askama::Template;
use axum::extract::{Form, Query};
use axum::http::header;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use chrono::NaiveDate;
use serde::Deserialize;

/// What a browser may do with a mail that it shows as a page: its own styles and pictures, nothing else.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
     form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// Which mail somebody asks for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    post: Option<String>,
    day: Option<String>,
    /// `page`: the mail itself, as its reader sees it.
    part: Option<String>,
}

/// What a form asks for.
#[derive(Debug, Deserialize)]
pub(super) struct Given {
    #[serde(rename = "do")]
    what: String,
    post: Option<String>,
    day: Option<String>,
    to: Option<String>,
    readers: Option<String>,
    once: Option<String>,
}

#[derive(Template)]
#[template(path = "web/daily.html")]
struct Main {
    t: T,
    wrong: String,
    back: String,
    action: String,
    send: String,
    once: String,
    as_of: NaiveDate,
    /// Code, name, whether it is chosen.
    posts: Vec<(String, String, bool)>,
    post: String,
    day: NaiveDate,
    facts: Vec<(String, String)>,
    /// Whether it has a reader.
    has_reader: bool,
    whole: String,
    text: String,
    /// How many leads get a digest; `None` beside the summary.
    readers: Option<(usize, String)>,
}

/// The page.
pub(super) async fn daily(
    context: PageContext,
    Query(asked): Query<Asked>,
) -> Result<Response, Refusal> {
    if asked.part.as_deref() == Some("page") {
        return whole(&context, &asked).await;
    }
    show(&context, (asked.post.as_deref(), asked.day.as_deref()), String::new()).await
}

/// Which mail is meant, and its day.
fn meant(
    context: &PageContext,
    (post, day): (Option<&str>, Option<&str>),
) -> Result<(String, NaiveDate), Refusal> {
    let t = context.t();
    let post = post.map(str::trim).filter(|post| !post.is_empty()).unwrap_or(SUMMARY);
    let day = match day.map(str::trim).filter(|day| !day.is_empty()) {
        Some(text) => parse_day(text).ok_or_else(|| Refusal::bad(t, t.w("web-bad-day")))?,
        None => daily_day(post, context.today()),
    };
    Ok((post.to_owned(), day))
}

/// The campaigns whose mails go together with this one's.
async fn voices(context: &PageContext, day: NaiveDate) -> Result<Vec<Loaded>, Refusal> {
    let all = context.app().one_voice(&context.loaded, (day, day)).await;
    all.map_err(|error| context.refusal(&error))
}

/// The mail as it would be now. That somebody saw it is written down first.
async fn found(context: &PageContext, post: &str, day: NaiveDate) -> Result<Post, Refusal> {
    let all = voices(context, day).await?;
    let found = {
        let turn = context.site.desk.turns.take(context.visitor.account.id).await;
        let _turn = turn.map_err(|error| context.refusal(&error))?;
        context.app().daily_post(&all, (post, day), None).await
    };
    let found = found.map_err(|error| context.refusal(&error))?;
    let found = found.ok_or_else(|| Refusal::absent(context.t()))?;
    let who = &context.visitor.account.name;
    let about = (Some(context.loaded.campaign.id.as_str()), "digest preview");
    let noted = context.app().note_audit(who, Action::SeeMail, about, context.now).await;
    noted.map_err(|error| context.refusal(&error))?;
    Ok(found)
}

/// The mail alone, as its reader sees it.
async fn whole(context: &PageContext, asked: &Asked) -> Result<Response, Refusal> {
    let (post, day) = meant(context, (asked.post.as_deref(), asked.day.as_deref()))?;
    let found = found(context, &post, day).await?;
    let html = Html(found.letter.page());
    Ok(([(header::CONTENT_SECURITY_POLICY, MAIL_POLICY)], html).into_response())
}

async fn show(
    context: &PageContext,
    asked: (Option<&str>, Option<&str>),
    wrong: String,
) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let (post, day) = meant(context, asked)?;
    let mail = found(context, &post, day).await?;
    let mut posts = vec![(SUMMARY.to_owned(), t.w("web-daily-summary"), post == SUMMARY)];
    posts.extend(digest_recipients(campaign).into_iter().map(|one| {
        let is_chosen = one.code == post;
        (one.code, harmless(&one.name), is_chosen)
    }));
    let action = context.to("daily");
    let readers = if post == SUMMARY {
        None
    } else {
        let all = daily_campaigns(&voices(context, day).await?, (&post, day));
        let count = context.app().digest_readers(&all, day).await;
        let count = count.map_err(|error| context.refusal(&error))?;
        Some((count, t.say("web-daily-all-help", &[("readers", &count), ("day", &day)])))
    };
    let main = Main {
        t,
        wrong,
        back: context.to("mail"),
        once: super::once::name(),
        send: format!("{action}&csrf={}", context.visitor.csrf()),
        as_of: context.as_of,
        posts,
        facts: facts(t, &mail),
        has_reader: mail.to.email.is_some(),
        whole: format!("{action}&post={}&day={day}&part=page", encoded(&post)),
        action: super::page::address(&context.loaded, "daily", None),
        text: mail.letter.text,
        readers,
        post,
        day,
    };
    let title = t.w("web-daily");
    let page = Page::new(format!("{title} · {}", campaign.name), "mail", &main);
    Ok(context.show(page))
}

/// To whom, about what, with which files.
fn facts(t: T, mail: &Post) -> Vec<(String, String)> {
    let to = match &mail.to.email {
        Some(email) => format!("{} <{}>", harmless(&mail.to.name), harmless(email)),
        None => t.w("web-daily-no-address"),
    };
    let files: Vec<String> = mail.attachments.iter().map(|file| harmless(&file.name)).collect();
    let mut out = vec![
        (t.w("column-to"), to),
        (t.w("column-subject"), harmless(&mail.letter.subject)),
        (t.w("web-daily-files"), files.join(", ")),
    ];
    out.retain(|(_, value)| !value.is_empty());
    out
}

/// Sends a mail, a copy of one, or the digests of an evening.
pub(super) async fn act(
    mut context: PageContext,
    Form(given): Form<Given>,
) -> Result<Response, Refusal> {
    let t = context.t();
    let asked = (given.post.as_deref(), given.day.as_deref());
    let (post, day) = meant(&context, asked)?;
    let to = format!("{}&post={}&day={day}", context.to("daily"), encoded(&post));
    // What is shown is the page of the mail: its links lead there, not to this form.
    context.visitor.here.clone_from(&to);
    let (app, by, now) = (context.app(), context.actor(), context.now);
    let all = voices(&context, day).await?;
    let done = match given.what.as_str() {
        "send" => {
            let mail = found(&context, &post, day).await?;
            if mail.to.email.is_none() {
                return show(&context, asked, t.w("web-daily-no-address")).await;
            }
            match app.send_daily(&context.loaded, ((&post, day), &mail), by, now).await {
                Ok(Some(_)) => Ok("queued"),
                Ok(None) => return show(&context, asked, t.w("web-daily-before")).await,
                Err(error) => Err(error),
            }
        }
        "copy" => {
            let typed = given.to.as_deref().unwrap_or_default().trim();
            let Ok(reader) = typed.parse::<Party>() else {
                let said = t.say("web-mail-bad-address", &[("value", &harmless(typed))]);
                return show(&context, asked, said).await;
            };
            let once = super::once::given(given.once.as_deref());
            let once = once.ok_or_else(|| Refusal::bad(t, t.w("web-bad-form")))?;
            let mail = found(&context, &post, day).await?;
            let copy = (mail, &reader, once);
            let sent = app.send_daily_copy(&context.loaded, copy, by, now).await;
            sent.map(|_| "queued")
        }
        "all" => {
            let readers = given.readers.as_deref().unwrap_or_default().trim().parse().unwrap_or(0);
            app.send_digests(&all, (day, readers), by, now).await.map(|_| "queued")
        }
        _ => return Err(Refusal::bad(t, t.w("web-bad-form"))),
    };
    context.site.desk.cache.forget();
    match done {
        Ok(done) => Ok(Redirect::to(&format!("{to}&done={done}")).into_response()),
        Err(AppError::Refused(said)) => show(&context, asked, said.words(t.0)).await,
        Err(error) => Err(context.refusal(&error)),
    }
}
