//! `doseplan account`: who may open the dashboard. Passwords come from a file or stdin, never from a flag.

use super::job::local;
use super::output::{Format, Sheet};
use super::usage_errors::Remedy;
use super::{Invocation, exit};
use crate::app::{App, audit_words};
use crate::domain::account::{Role, Scope};
use crate::domain::permission::Actor;
use anyhow::Context as _;
use clap::Subcommand;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

/// Accounts of the dashboard.
#[derive(Debug, Subcommand)]
pub(super) enum Account {
    /// Make an account; its password is typed unseen, or read from stdin or a file
    Add {
        /// The name to log in with
        name: String,
        /// admin, planner, lead (counts and due lists of its own sites) or viewer
        #[arg(long, value_parser = parse_role)]
        role: Role,
        /// Sites, stops and teams of a lead; CAMPAIGN/CODE where several campaigns have it
        #[arg(long, value_name = "CODE", num_args = 1..)]
        places: Vec<String>,
        /// Areas to which the account is limited: it sees these, all below them, and nothing else
        #[arg(long, value_name = "CODE", num_args = 1..)]
        areas: Vec<String>,
        /// A file whose first line is the password
        #[arg(long, conflicts_with = "oidc")]
        password_file: Option<PathBuf>,
        /// Subject or mail address at the sign-in service, in place of a password
        #[arg(long, value_name = "ID")]
        oidc: Option<String>,
    },
    /// The identity of an account at the sign-in service: bound, or taken away
    Identity {
        /// Its name
        name: String,
        /// Subject or mail address at the sign-in service
        #[arg(long, value_name = "ID", required_unless_present = "none")]
        oidc: Option<String>,
        /// Take the identity away, and end the logins that came with it
        #[arg(long, conflicts_with = "oidc")]
        none: bool,
    },
    /// Every account with its role, places and areas
    List,
    /// Remove an account, with its logins and tokens
    Remove {
        /// Its name
        name: String,
    },
    /// Give an account another password, and end its logins and tokens
    Password {
        /// Its name
        name: String,
        /// Let its tokens go on
        #[arg(long)]
        keep_tokens: bool,
        /// A file whose first line is the password
        #[arg(long)]
        password_file: Option<PathBuf>,
    },
    /// The second factor of an account: whether it must have one, and a phone that was lost
    #[command(subcommand)]
    SecondFactor(SecondFactor),
    /// Logins of an account: from where, since when, and their end
    #[command(subcommand)]
    Logins(Logins),
    /// Tokens with which programs use the JSON API
    #[command(subcommand)]
    Token(Token),
    /// Who did what, and who saw personal data
    Log {
        /// Only this account
        #[arg(long)]
        who: Option<String>,
        /// How many lines, newest first
        #[arg(long, default_value_t = 50)]
        limit: i64,
    },
}

/// The second factor of an account.
#[derive(Debug, Subcommand)]
pub(super) enum SecondFactor {
    /// The account must log in with a second factor; until it is set up, it sees nothing else
    Require {
        /// Its name
        name: String,
    },
    /// The account need not have a second factor
    Free {
        /// Its name
        name: String,
    },
    /// Take away a second factor that was lost, and end the account's logins
    Reset {
        /// Its name
        name: String,
    },
}

/// Logins of an account.
#[derive(Debug, Subcommand)]
pub(super) enum Logins {
    /// Every login that is not over
    List {
        /// The account
        name: String,
    },
    /// End every login of the account, or one
    End {
        /// The account
        name: String,
        /// Only this one; `account logins list` names them
        #[arg(long)]
        login: Option<String>,
    },
}

/// Tokens of programs.
#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Make a token; it is printed once
    Add {
        /// The account that the program acts for
        account: String,
        /// What the token is called
        name: String,
        /// What it is good for: read, people, tally
        #[arg(long = "scope", value_parser = parse_scope, required = true)]
        scopes: Vec<Scope>,
    },
    /// Every token, without its secret
    List,
    /// Remove a token
    Remove {
        /// Its number
        id: i64,
    },
}

fn parse_role(word: &str) -> Result<Role, Remedy> {
    Role::from_word(word).ok_or_else(|| Remedy::new("write-role"))
}

fn parse_scope(word: &str) -> Result<Scope, Remedy> {
    Scope::from_word(word).ok_or_else(|| Remedy::new("write-token-scope"))
}

/// The codes with the campaign that `--campaign` names, where it names one.
fn of_campaign(invocation: &Invocation, places: &[String]) -> Vec<String> {
    let Some(campaign) = &invocation.common.campaign else { return places.to_vec() };
    let with = |code: &String| {
        if code.contains('/') { code.clone() } else { format!("{campaign}/{code}") }
    };
    places.iter().map(with).collect()
}

/// The most bytes read for a password; a longer file was meant for something else.
const PASSWORD_BYTES_READ: u64 = 4096;

/// The first line of a file, else what is typed at the terminal without being shown, else the first line of stdin.
fn password(invocation: &Invocation, file: Option<&Path>) -> anyhow::Result<String> {
    let mut text = String::new();
    match file {
        Some(path) => std::fs::File::open(path)
            .and_then(|file| file.take(PASSWORD_BYTES_READ).read_to_string(&mut text))
            .with_context(|| format!("{} cannot be read", path.display()))?,
        None if std::io::stdin().is_terminal() => return typed(invocation),
        None => std::io::stdin()
            .take(PASSWORD_BYTES_READ)
            .read_to_string(&mut text)
            .context("the password cannot be read from stdin")?,
    };
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// What is typed at the terminal, twice the same.
fn typed(invocation: &Invocation) -> anyhow::Result<String> {
    let out = invocation.out;
    if invocation.common.no_input {
        return Err(out.fail("fail-no-password", &[]));
    }
    let ask = |key: &str| -> std::io::Result<String> {
        super::output::write_err(&out.word(key));
        let _quiet = Quiet::new();
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        super::output::tell("");
        Ok(line.trim_end_matches(['\n', '\r']).to_owned())
    };
    let (first, again) = (ask("account-password-prompt")?, ask("account-password-again")?);
    if first == again { Ok(first) } else { Err(out.fail("fail-passwords-differ", &[])) }
}

/// A terminal that does not show what is typed, as long as this lives.
struct Quiet(Option<Termios>);

impl Quiet {
    fn new() -> Self {
        let Ok(before) = tcgetattr(std::io::stdin()) else { return Self(None) };
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        let is_set = tcsetattr(std::io::stdin(), OptionalActions::Flush, &quiet).is_ok();
        Self(is_set.then_some(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
    }
}

impl Account {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        let app = invocation.open(false).await?;
        let now = invocation.clock.now();
        let out = invocation.out;
        match self {
            Self::Add { name, role, places, areas, password_file, oidc } => {
                let places = of_campaign(&invocation, places);
                let kind = (*role, places.as_slice(), areas.as_slice());
                let by = Actor::CommandLine;
                if let Some(oidc) = oidc {
                    app.add_account_with_identity((name, oidc), kind, by, now).await?;
                } else {
                    let password = password(&invocation, password_file.as_deref())?;
                    app.add_account_of(name, kind, &password, by, now).await?;
                }
                let role = super::cell_words::word_of(out.language, "role-", role.word());
                out.note("account-added", &[("name", name), ("role", &role)]);
            }
            Self::List => list(&invocation, &app).await?,
            Self::Remove { name } => {
                app.remove_account(name, Actor::CommandLine, now).await?;
                out.note("account-removed", &[("name", name)]);
            }
            Self::Password { name, keep_tokens, password_file } => {
                let password = password(&invocation, password_file.as_deref())?;
                app.set_password(name, (&password, *keep_tokens), Actor::CommandLine, now).await?;
                out.note("account-password-set", &[("name", name)]);
            }
            Self::Identity { name, oidc: Some(oidc), .. } => {
                app.bind_identity((name, oidc), Actor::CommandLine, now).await?;
                out.note("account-identity-bound", &[("name", name), ("identity", oidc)]);
            }
            Self::Identity { name, oidc: None, .. } => {
                let had = app.release_identity(name, Actor::CommandLine, now).await?;
                let key = if had { "account-identity-released" } else { "account-identity-none" };
                out.note(key, &[("name", name)]);
            }
            Self::SecondFactor(it) => return it.run(&invocation, &app).await,
            Self::Logins(it) => return it.run(&invocation, &app).await,
            Self::Token(token) => return token.run(&invocation, &app).await,
            Self::Log { who, limit } => log(&invocation, &app, who.as_deref(), *limit).await?,
        }
        app.store.close().await;
        Ok(exit::OK)
    }
}

/// The audit log. People read it in their language and zone; programs read what is stored.
async fn log(
    invocation: &Invocation,
    app: &App,
    who: Option<&str>,
    limit: i64,
) -> anyhow::Result<()> {
    let (out, who) = (invocation.out, who.map(audit_words::author_of));
    let lines = app.audit(who.as_deref(), i64::MAX, limit).await?;
    if out.format == Format::Json {
        out.json(&lines);
        return Ok(());
    }
    let is_table = out.format == Format::Table;
    let places = app.jurisdiction().await?.filter(|_| is_table);
    let zone = places.map_or(chrono_tz::UTC, |places| places.timezone);
    let columns = ["nr", "when", "who", "address", "did", "campaign", "said"];
    let mut sheet = Sheet::new(&columns);
    for line in lines {
        let details = audit_words::details(out.language, zone, &line);
        sheet.push(vec![
            line.nr.map(|nr| nr.to_string()).unwrap_or_default(),
            local(zone, line.at),
            line.who,
            line.address.unwrap_or_default(),
            line.did.to_string(),
            line.campaign.unwrap_or_default(),
            if is_table { details } else { line.said },
        ]);
    }
    out.sheet(&sheet);
    Ok(())
}

/// Every account.
async fn list(invocation: &Invocation, app: &App) -> anyhow::Result<()> {
    let out = invocation.out;
    let all = app.account_views(invocation.clock.now()).await?;
    if out.format == Format::Json {
        out.json(&all);
        return Ok(());
    }
    let columns = ["name", "role", "places", "areas", "second", "logins", "identity"];
    let mut sheet = Sheet::new(&columns);
    for one in all {
        let second = one.second_factor_word().to_owned();
        let (places, areas) = (one.held.join(" "), one.areas.join(" "));
        let (role, logins) = (one.role.word().to_owned(), one.logins.to_string());
        let identity = one.identity.unwrap_or_default();
        sheet.push(vec![one.name, role, places, areas, second, logins, identity]);
    }
    out.sheet(&sheet);
    Ok(())
}

impl SecondFactor {
    async fn run(&self, invocation: &Invocation, app: &App) -> anyhow::Result<u8> {
        let (out, now, by) = (invocation.out, invocation.clock.now(), Actor::CommandLine);
        match self {
            Self::Require { name } => {
                app.require_factor((name, true), by, now).await?;
                out.note("second-factor-required", &[("name", name)]);
            }
            Self::Free { name } => {
                app.require_factor((name, false), by, now).await?;
                out.note("second-factor-free", &[("name", name)]);
            }
            Self::Reset { name } => {
                let had = app.reset_factor(name, by, now).await?;
                let key = if had { "second-factor-reset" } else { "second-factor-none" };
                out.note(key, &[("name", name)]);
            }
        }
        app.store.close().await;
        Ok(exit::OK)
    }
}

impl Logins {
    async fn run(&self, invocation: &Invocation, app: &App) -> anyhow::Result<u8> {
        let (out, now, by) = (invocation.out, invocation.clock.now(), Actor::CommandLine);
        match self {
            Self::List { name } => {
                let all = app.logins(name, "", now).await?;
                if out.format == Format::Json {
                    out.json(&all);
                } else {
                    let mut sheet = Sheet::new(&["id", "since", "used", "address", "browser"]);
                    for one in all {
                        sheet.push(vec![
                            one.id,
                            local(chrono_tz::UTC, one.made_at),
                            local(chrono_tz::UTC, one.seen_at),
                            one.address.unwrap_or_default(),
                            one.browser,
                        ]);
                    }
                    out.sheet(&sheet);
                }
            }
            Self::End { name, login: Some(id) } => {
                if !app.end_login((name, id), by, now).await? {
                    return Err(out.fail("fail-no-login", &[("id", id)]));
                }
                out.note("login-ended", &[("name", name)]);
            }
            Self::End { name, login: None } => {
                let count = app.end_logins((name, ""), by, now).await?;
                out.note("logins-ended", &[("name", name), ("count", &count)]);
            }
        }
        app.store.close().await;
        Ok(exit::OK)
    }
}

impl Token {
    async fn run(&self, invocation: &Invocation, app: &App) -> anyhow::Result<u8> {
        let now = invocation.clock.now();
        let out = invocation.out;
        match self {
            Self::Add { account, name, scopes } => {
                let token =
                    app.add_token(account, name, (scopes, None), Actor::CommandLine, now).await?;
                if out.format == Format::Table {
                    super::output::print(&format!("{token}\n"));
                } else {
                    out.thing(&serde_json::json!({"name": name, "token": token}));
                }
                out.note("token-added", &[("name", name)]);
            }
            Self::List => {
                let all = app.tokens().await?;
                if out.format == Format::Json {
                    out.json(&all);
                } else {
                    let mut sheet = Sheet::new(&["id", "account", "name", "scopes", "used"]);
                    for one in all {
                        let scopes: Vec<_> = one.scopes.iter().map(|scope| scope.word()).collect();
                        let used = one.used_at.map(|at| local(chrono_tz::UTC, at));
                        sheet.push(vec![
                            one.id.to_string(),
                            one.account,
                            one.name,
                            scopes.join(" "),
                            used.unwrap_or_default(),
                        ]);
                    }
                    out.sheet(&sheet);
                }
            }
            Self::Remove { id } => {
                let known = app.remove_token(*id, Actor::CommandLine, now).await?;
                if !known {
                    return Err(out.fail("fail-no-api-token", &[("id", id)]));
                }
                out.note("token-removed", &[("id", id)]);
            }
        }
        app.store.close().await;
        Ok(exit::OK)
    }
}
