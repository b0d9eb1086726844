//! Logging in with a sign-in service, against a small one in the test itself: what lets somebody in, and what does not.

use crate::operation::ANY_PORT;
use crate::support::{World, at, on_postgresql, wait};
use crate::web::{Browser, Office, account, encoded};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use doseplan::app::oidc::{Answered, BEGUN_MAX, Begun, Finished};
use doseplan::app::{App, AppError};
use doseplan::config::{Config, SecondFactor};
use doseplan::domain::account::Role;
use doseplan::domain::permission::Actor;
use doseplan::store::Store;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

const NOW: &str = "2021-04-02T10:00:00";
const BY: Actor<'static> = Actor::CommandLine;
const PASSWORD: &str = "mo-li-hua-kai-le";

fn now() -> DateTime<Utc> {
    at(NOW)
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key of a service, with its name.
enum Signer {
    Es(Box<EcdsaKeyPair>),
    Rs(Box<RsaKeyPair>),
}

impl Signer {
    fn es() -> Self {
        let (random, way) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let made = EcdsaKeyPair::generate_pkcs8(way, &random).unwrap();
        Self::Es(Box::new(EcdsaKeyPair::from_pkcs8(way, made.as_ref(), &random).unwrap()))
    }

    fn rs() -> Self {
        let made = Command::new("openssl")
            .args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
            .args(["-outform", "DER"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        // Some versions of OpenSSL write PKCS #8, others PKCS #1.
        let key = RsaKeyPair::from_pkcs8(&made.stdout);
        Self::Rs(Box::new(key.or_else(|_| RsaKeyPair::from_der(&made.stdout)).unwrap()))
    }

    fn way(&self) -> &'static str {
        match self {
            Self::Es(_) => "ES256",
            Self::Rs(_) => "RS256",
        }
    }

    /// Its public half, as key sets have it.
    fn public(&self, id: &str) -> Value {
        match self {
            Self::Es(key) => {
                let point = key.public_key().as_ref();
                let (x, y) = (base64url(&point[1..33]), base64url(&point[33..]));
                json!({"kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "x": x, "y": y})
            }
            Self::Rs(key) => {
                let PublicKeyComponents { n, e } =
                    PublicKeyComponents::<Vec<u8>>::from(key.public());
                json!({"kty": "RSA", "kid": id, "alg": "RS256", "n": base64url(&n),
                       "e": base64url(&e)})
            }
        }
    }

    fn token(&self, head: &Value, body: &Value) -> String {
        let said = [head, body].map(|part| base64url(part.to_string().as_bytes())).join(".");
        let random = SystemRandom::new();
        let signature = match self {
            Self::Es(key) => key.sign(&random, said.as_bytes()).unwrap().as_ref().to_vec(),
            Self::Rs(key) => {
                let mut out = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, said.as_bytes(), &mut out).unwrap();
                out
            }
        };
        format!("{said}.{}", base64url(&signature))
    }
}

/// A code that the service has given out: the challenge that came with the question, and the token for it.
struct Grant {
    challenge: String,
    token: String,
}

/// What the service knows.
#[derive(Default)]
struct Memory {
    grants: BTreeMap<String, Grant>,
    keys: Vec<Value>,
    /// The issuer that its document names; the right one where empty.
    names: String,
    /// Bodies of the requests for a token.
    forms: Vec<String>,
    /// How often its document was read.
    read: usize,
}

/// A sign-in service that answers until the test ends.
struct Service {
    address: SocketAddr,
    memory: Arc<Mutex<Memory>>,
    signer: Signer,
}

const SECRET: &str = "ge:heim";

impl Service {
    fn with(signer: Signer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let keys = vec![signer.public("k1")];
        let memory = Arc::new(Mutex::new(Memory { keys, ..Memory::default() }));
        let shared = Arc::clone(&memory);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                serve(stream, address, &shared);
            }
        });
        Self { address, memory, signer }
    }

    fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `[oidc]` for it.
    fn table(&self, more: &str) -> String {
        format!(
            "[oidc]\nissuer = \"{}\"\nclient_id = \"doseplan\"\nclient_secret = \"{SECRET}\"\n\
             url = \"http://127.0.0.1:8470\"\n{more}\n",
            self.issuer()
        )
    }

    fn claims(&self, nonce: &str) -> Value {
        let at = now().timestamp();
        json!({"iss": self.issuer(), "aud": "doseplan", "sub": "zhao-1", "exp": at + 300,
               "iat": at, "nonce": nonce, "email": "Zhao@cdc.example", "email_verified": true})
    }

    /// A code for a browser that was led here, whose token has changed claims, signed by `signer` under a head.
    fn grant(
        &self,
        to: &str,
        change: impl FnOnce(&mut Value),
        (signer, head): (&Signer, &Value),
    ) -> String {
        let asked = query(to);
        assert_eq!(asked["redirect_uri"], "http://127.0.0.1:8470/login/oidc/back");
        assert_eq!((&*asked["response_type"], &*asked["client_id"]), ("code", "doseplan"));
        assert_eq!(asked["code_challenge_method"], "S256");
        let mut claims = self.claims(&asked["nonce"]);
        change(&mut claims);
        let mut memory = self.memory.lock().unwrap();
        let code = format!("code-{}", memory.grants.len());
        let (challenge, token) = (asked["code_challenge"].clone(), signer.token(head, &claims));
        memory.grants.insert(code.clone(), Grant { challenge, token });
        code
    }

    /// A code for a token that is signed as it should be.
    fn code(&self, to: &str, change: impl FnOnce(&mut Value)) -> String {
        let head = json!({"alg": self.signer.way(), "kid": "k1"});
        self.grant(to, change, (&self.signer, &head))
    }
}

/// The fields of an address or a form.
fn query(text: &str) -> BTreeMap<String, String> {
    let fields = text.split_once('?').map_or(text, |(_, rest)| rest);
    let plain = |text: &str| {
        let mut out = Vec::new();
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            let mut digit = || char::from(bytes.next().unwrap()).to_digit(16).unwrap();
            let byte = match byte {
                b'%' => u8::try_from(digit() * 16 + digit()).unwrap(),
                b'+' => b' ',
                other => other,
            };
            out.push(byte);
        }
        String::from_utf8(out).unwrap()
    };
    let pairs = fields.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), plain(value))).collect()
}

/// Answers one request.
fn serve(mut stream: TcpStream, own: SocketAddr, memory: &Mutex<Memory>) {
    let mut bytes = Vec::new();
    let (head, body) = loop {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).unwrap_or(0);
        if count == 0 {
            return;
        }
        bytes.extend_from_slice(&part[..count]);
        let all = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = all.split_once("\r\n\r\n") else { continue };
        let length = head.to_ascii_lowercase();
        let length = length.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.trim().parse().unwrap()) {
            break (head.to_owned(), body.to_owned());
        }
    };
    let mut memory = memory.lock().unwrap();
    let (status, answer) = if head.starts_with("GET /.well-known/openid-configuration ") {
        memory.read += 1;
        let own = format!("http://{own}");
        let issuer = if memory.names.is_empty() { own.clone() } else { memory.names.clone() };
        let said = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{own}/authorize"),
            "token_endpoint": format!("{own}/token"),
            "jwks_uri": format!("{own}/keys"),
        });
        ("200 OK", said)
    } else if head.starts_with("GET /keys ") {
        ("200 OK", json!({"keys": memory.keys}))
    } else if head.starts_with("POST /token ") {
        memory.forms.push(body.clone());
        let form = query(&body);
        let pair = base64::engine::general_purpose::STANDARD.encode("doseplan:ge%3Aheim");
        let is_known = head.contains(&format!("Basic {pair}"));
        let grant = memory.grants.remove(form.get("code").map_or("", String::as_str));
        let challenge = base64url(&Sha256::digest(form["code_verifier"].as_bytes()));
        match grant {
            Some(grant) if is_known && grant.challenge == challenge => {
                ("200 OK", json!({"token_type": "Bearer", "id_token": grant.token}))
            }
            _ => ("400 Bad Request", json!({"error": "invalid_grant"})),
        }
    } else {
        ("404 Not Found", json!({}))
    };
    drop(memory);
    let answer = answer.to_string();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{answer}",
        answer.len()
    );
}

async fn finish(app: &App, begun: &Begun, code: &str) -> Result<Finished, AppError> {
    let answered = Answered { state: begun.state.clone(), code: code.to_owned(), issuer: None };
    app.finish_oidc(&answered, (&begun.secret, "Firefox"), now()).await
}

/// What the newest line of the audit log says of somebody who was not let in.
async fn noted(app: &App) -> String {
    let line = app.audit(None, i64::MAX, 1).await.unwrap().remove(0);
    assert_eq!((line.did.word(), line.who.as_str()), ("oidc-refused", "-"));
    line.said
}

#[track_caller]
fn is_refused<T: std::fmt::Debug>(done: Result<T, AppError>, words: &str) {
    let Err(AppError::Refused(said)) = done else { panic!("{done:?}") };
    assert!(said.to_string().contains(words), "{said}");
}

/// What an attack does to the claims of a token.
type Change = fn(&mut Value);

/// Runs a story on both databases, with a service of its own.
fn on_both<W: Future<Output = ()>>(
    story: impl Fn(App, Arc<Service>) -> W + std::panic::RefUnwindSafe,
) {
    let run = |world: &World| {
        wait(async {
            let service = Arc::new(Service::with(Signer::es()));
            let config: Config = toml::from_str(&service.table("")).unwrap();
            let store = Store::open(world.db(), true).await.expect("the database opens");
            let app = App::new(store.clone(), config);
            for (name, role) in [("admin", Role::Admin), ("zhao", Role::Planner)] {
                app.add_account(name, (role, &[]), PASSWORD, BY, now()).await.unwrap();
            }
            story(app, service).await;
            store.close().await;
        });
    };
    run(&World::empty());
    on_postgresql(|server| run(&World::on(server)));
}

#[test]
fn only_the_right_answer_to_a_login_of_this_browser_lets_somebody_in() {
    on_both(|app, service| async move {
        app.bind_identity(("zhao", "zhao-1"), BY, now()).await.unwrap();
        let begin = || async { app.begin_oidc("/c/small", now()).await.unwrap() };
        let begun = begin().await;
        let code = service.code(&begun.to, |_| {});
        let done = finish(&app, &begun, &code).await.unwrap();
        assert_eq!((done.account.name.as_str(), done.next.as_str()), ("zhao", "/c/small"));
        let found = app.logged_in(&done.token, true, now()).await.unwrap().unwrap();
        assert!(found.account == done.account && !found.lacks_factor);
        // The same answer once more, and the same code with another login.
        is_refused(finish(&app, &begun, &code).await, "once more");
        assert_eq!(noted(&app).await, "oidc over");
        is_refused(finish(&app, &begin().await, &code).await, "did not complete");
        assert_eq!(noted(&app).await, "oidc code");
        // An attacker's code in another one's login: its challenge is not that login's.
        let (own, other) = (begin().await, begin().await);
        let code = service.code(&other.to, |_| {});
        is_refused(finish(&app, &own, &code).await, "did not complete");
        // Another browser, which knows the state.
        let own = begin().await;
        let code = service.code(&own.to, |_| {});
        let stolen = Begun { secret: other.secret.clone(), ..own.clone() };
        is_refused(finish(&app, &stolen, &code).await, "another browser");
        assert_eq!(noted(&app).await, "oidc browser");
        is_refused(finish(&app, &own, &code).await, "another browser");
        let attacks: [(&str, Change); 9] = [
            ("nonce", |it| it["nonce"] = json!("n")),
            ("nonce", |it| drop(it.as_object_mut().unwrap().remove("nonce"))),
            ("audience", |it| it["aud"] = json!("other")),
            ("audience", |it| it["aud"] = json!(["doseplan", "other"])),
            ("issuer", |it| it["iss"] = json!("http://127.0.0.1:1")),
            ("expired", |it| it["exp"] = json!(now().timestamp() - 61)),
            ("early", |it| it["iat"] = json!(now().timestamp() + 120)),
            ("token", |it| it["exp"] = json!("never")),
            ("claim", |it| it["sub"] = json!(7)),
        ];
        for (fault, change) in attacks {
            let begun = begin().await;
            let code = service.code(&begun.to, change);
            assert!(finish(&app, &begun, &code).await.is_err(), "{fault}");
            assert_eq!(noted(&app).await, format!("oidc {fault}"));
        }
        // A minute of difference is forgiven.
        let begun = begin().await;
        let code = service.code(&begun.to, |it| it["exp"] = json!(now().timestamp() - 30));
        assert!(finish(&app, &begun, &code).await.is_ok());
        let other = Signer::es();
        let heads = [
            ("algorithm", &service.signer, json!({"alg": "none"})),
            ("algorithm", &service.signer, json!({"alg": "HS256", "kid": "k1"})),
            ("key", &service.signer, json!({"alg": "RS256", "kid": "k1"})),
            ("key", &service.signer, json!({"alg": "ES256", "kid": "k2"})),
            ("signature", &other, json!({"alg": "ES256", "kid": "k1"})),
        ];
        for (fault, signer, head) in heads {
            let begun = begin().await;
            let code = service.grant(&begun.to, |_| {}, (signer, &head));
            is_refused(finish(&app, &begun, &code).await, "cannot be trusted");
            assert_eq!(noted(&app).await, format!("oidc {fault}"));
        }
        // Whoever takes too long, and whom the service lets in nowhere.
        let late = begin().await;
        let code = service.code(&late.to, |_| {});
        let answered = Answered { state: late.state.clone(), code, issuer: None };
        let then = now() + BEGUN_MAX;
        is_refused(app.finish_oidc(&answered, (&late.secret, ""), then).await, "once more");
        is_refused(finish(&app, &begin().await, "").await, "did not let you in");
        let begun = begin().await;
        let code = service.code(&begun.to, |_| {});
        let issuer = Some("http://127.0.0.1:1".to_owned());
        let answered = Answered { state: begun.state.clone(), code, issuer };
        is_refused(
            app.finish_oidc(&answered, (&begun.secret, ""), now()).await,
            "cannot be trusted",
        );
        assert!(service.memory.lock().unwrap().forms.iter().all(|form| !form.contains("heim")));
    });
}

#[test]
fn an_identity_belongs_to_one_account_and_ends_with_it() {
    on_both(|app, service| async move {
        let login = |app: App| {
            let service = Arc::clone(&service);
            async move {
                let begun = app.begin_oidc("/", now()).await.unwrap();
                let code = service.code(&begun.to, |_| {});
                finish(&app, &begun, &code).await
            }
        };
        is_refused(login(app.clone()).await, "zhao-1");
        assert_eq!(noted(&app).await, "oidc unbound");
        for bad in ["", "a b", &"x".repeat(256)] {
            is_refused(app.bind_identity(("zhao", bad), BY, now()).await, "255");
        }
        app.bind_identity(("zhao", " zhao-1 "), BY, now()).await.unwrap();
        is_refused(app.bind_identity(("admin", "zhao-1"), BY, now()).await, "zhao");
        let viewed = app.account_views(now()).await.unwrap();
        assert_eq!(viewed[1].identity.as_deref(), Some("zhao-1"));
        // The second factor that everybody must have is the service's; a password still needs it.
        let mut strict = app.clone();
        strict.config.http.second_factor = SecondFactor::Required;
        let done = login(strict.clone()).await.unwrap();
        assert!(!strict.logged_in(&done.token, true, now()).await.unwrap().unwrap().lacks_factor);
        let typed = app.log_in(&done.account, "", now()).await.unwrap();
        assert!(strict.logged_in(&typed, true, now()).await.unwrap().unwrap().lacks_factor);
        // Without the identity its logins are over, and the one by password goes on.
        assert!(app.release_identity("zhao", BY, now()).await.unwrap());
        assert!(!app.release_identity("zhao", BY, now()).await.unwrap());
        assert!(app.logged_in(&done.token, true, now()).await.unwrap().is_none());
        assert!(app.logged_in(&typed, true, now()).await.unwrap().is_some());
        is_refused(login(app.clone()).await, "Ask an admin");
        // An account without a password, which goes with its identity.
        let kind = (Role::Viewer, &[][..], &[][..]);
        app.add_account_with_identity(("li", "zhao-1"), kind, BY, now()).await.unwrap();
        assert_eq!(login(app.clone()).await.unwrap().account.name, "li");
        assert!(app.is_password_of("li", PASSWORD).await.unwrap().is_none());
        app.remove_account("li", BY, now()).await.unwrap();
        assert!(login(app.clone()).await.is_err());
        // Where the configuration says so, whoever comes is a viewer, under a name that nobody has.
        let mut open = app.clone();
        let with = format!("{}\ncreate = \"viewer\"", service.table(""));
        open.config.oidc = toml::from_str::<Config>(&with).unwrap().oidc;
        let first = login(open.clone()).await.unwrap().account;
        assert_eq!((first.name.as_str(), first.role), ("zhao-1", Role::Viewer));
        assert_eq!(login(open.clone()).await.unwrap().account, first);
        // Another service that is configured later knows none of these.
        let other = Service::with(Signer::es());
        let mut moved = app.clone();
        moved.config = toml::from_str::<Config>(&other.table("")).unwrap();
        let begun = moved.begin_oidc("/", now()).await.unwrap();
        let code = other.code(&begun.to, |_| {});
        is_refused(finish(&moved, &begun, &code).await, "Ask an admin");
        for did in ["identity-bind", "identity-release", "account-add", "login"] {
            let log = app.audit(None, i64::MAX, 100).await.unwrap();
            assert!(log.iter().any(|line| line.did.word() == did), "{did}");
        }
    });
}

#[test]
fn a_service_that_says_nonsense_lets_nobody_in_and_is_not_asked_all_the_time() {
    on_both(|app, service| async move {
        service.memory.lock().unwrap().names = "http://127.0.0.1:1".to_owned();
        is_refused(app.begin_oidc("/", now()).await, "cannot be reached");
        is_refused(app.begin_oidc("/", now()).await, "cannot be reached");
        assert_eq!(service.memory.lock().unwrap().read, 1, "it is left alone for a moment");
        service.memory.lock().unwrap().names.clear();
        let later = now() + TimeDelta::seconds(6);
        for _ in 0..3 {
            app.begin_oidc("/", later).await.unwrap();
        }
        assert_eq!(service.memory.lock().unwrap().read, 2, "what it says is kept");
        // It signs with a new key, which is read when it is needed.
        app.bind_identity(("zhao", "zhao-1"), BY, now()).await.unwrap();
        let key = Signer::es();
        service.memory.lock().unwrap().keys = vec![key.public("k2")];
        let begun = app.begin_oidc("/", later).await.unwrap();
        let head = json!({"alg": "ES256", "kid": "k2"});
        let code = service.grant(&begun.to, |_| {}, (&key, &head));
        let answered = Answered { state: begun.state.clone(), code, issuer: None };
        let then = later + TimeDelta::seconds(40);
        let done = app.finish_oidc(&answered, (&begun.secret, ""), then).await.unwrap();
        assert_eq!(done.account.name, "zhao");
        assert_eq!(service.memory.lock().unwrap().read, 3);
    });
}

/// Goes the way of a browser: to the service, and back with what it gives out.
#[track_caller]
fn went(browser: &mut Browser, service: &Service, next: &str) -> (String, String) {
    let away = browser.get(&format!("/login/oidc?next={}", encoded(next)));
    assert_eq!(away.status, 303, "{}", away.body);
    let to = away.headers["location"].clone();
    assert!(to.starts_with(&format!("{}/authorize?", service.issuer())), "{to}");
    let cookie = &away.headers["set-cookie"];
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    browser.set_cookie(cookie.split(';').next().unwrap());
    let code = service.code(&to, |it| it["email"] = json!("Planner@CDC.example"));
    let back = format!("/login/oidc/back?state={}&code={code}", query(&to)["state"]);
    (back, to)
}

#[test]
fn somebody_logs_in_with_the_button_and_out_again() {
    let service = Service::with(Signer::rs());
    let world = World::small();
    for role in ["admin", "planner"] {
        account(&world, &["add", role, "--role", role], role);
    }
    world.run(&["account", "identity", "planner", "--oidc", "x"]).ends(1);
    let more = "claim = \"email\"\nscopes = [\"email\"]\nbutton = \"CDC <login>\"";
    let oidc = service.table(more);
    world.file("doseplan.toml", format!("{ANY_PORT}second_factor = \"required\"\n{oidc}"));
    world.run(&["account", "identity", "planner"]).ends(2);
    world.run(&["account", "identity", "nobody", "--oidc", "x"]).ends(1);
    world.run(&["account", "identity", "planner", "--oidc", "x"]).ends(0);
    let ran = world.run(&["account", "identity", "planner", "--none"]).ends(0);
    assert!(ran.err.contains("no longer logs in"), "{}", ran.err);
    let bind = ["account", "identity", "planner", "--oidc", "planner@cdc.example"];
    world.run(&bind).ends(0);
    let list = world.run(&["account", "list", "-o", "csv"]).ends(0).csv();
    assert_eq!(list[1]["identity"], "planner@cdc.example");
    world.run(&["account", "add", "li", "--role", "viewer", "--oidc", "li@cdc.example"]).ends(0);
    let office = Office::bare(world, "2021-04-02T10:00:00+08:00");
    let page = office.guest().get("/login?next=%2Fc%2Fsmall").body;
    assert!(page.contains("CDC &#60;login&#62;") && page.contains("next=%2Fc%2Fsmall"), "{page}");
    let mut browser = office.guest();
    let (back, to) = went(&mut browser, &service, "/me");
    assert!(to.contains("scope=openid%20email"), "{to}");
    // The code in another browser, which has no cookie.
    let stolen = office.guest().get(&back);
    assert!(stolen.status == 401 && stolen.body.contains("another browser"), "{}", stolen.body);
    let (back, _) = went(&mut browser, &service, "/me");
    let done = browser.get(&back);
    assert_eq!((done.status, done.headers["location"].as_str()), (303, "/me"), "{}", done.body);
    let cookie = done.headers["set-cookie"].split(';').next().unwrap().to_owned();
    browser.set_cookie(&cookie);
    let mine = browser.get("/me");
    assert!(mine.status == 200 && mine.body.contains("planner"), "its second factor is elsewhere");
    // What was typed before a login ended goes on once somebody is logged in elsewhere.
    let kept = "{\"to\":\"/c/small/tally?place=S1\",\"fields\":[[\"A/adult/1\",\"17\"]]}";
    let form = format!("kept={}", encoded(kept));
    let shown = browser.post("/login/kept", &form);
    assert!(shown.status == 200 && shown.body.contains("<dd>17</dd>"), "{}", shown.body);
    let shown = office.guest().post("/login/kept", &form);
    assert!(shown.status == 401 && shown.body.contains("not logged in yet"), "{}", shown.body);
    // Logging out ends this login, here.
    assert_eq!(browser.post(&format!("/logout?csrf={}", browser.token()), "").status, 303);
    assert_eq!(browser.get("/me").status, 303);
    // Nobody is led to another site, whatever the address says.
    for next in ["//evil.example", "https://evil.example/", "/\\evil.example"] {
        let mut browser = office.guest();
        let (back, _) = went(&mut browser, &service, next);
        assert_eq!(browser.get(&back).headers["location"], "/", "{next}");
    }
    let (back, _) = went(&mut browser, &service, "/");
    let denied = browser.get(&format!("{back}&error=access_denied"));
    assert!(denied.status == 401 && denied.body.contains("did not let you in"), "{}", denied.body);
    assert_eq!(office.guest().get("/login/oidc/back").status, 401);
    let said: Vec<_> = office.log().iter().map(|line| line["said"].to_string()).collect();
    for fault in ["\"oidc browser\"", "\"oidc denied\"", "\"oidc over\"", "\"oidc\""] {
        assert!(said.iter().any(|line| line == fault), "{fault}: {said:?}");
    }
    let ran = office.world.run(&["doctor"]);
    assert!(
        ran.out.contains(&format!("sign-in service {}: reached", service.issuer())),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains(SECRET) && !ran.err.contains(SECRET));
}
