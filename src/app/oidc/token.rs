//! ID tokens: the keys of a service, signatures, and the claims in them. Two ways of signing are accepted, RS256 and
//! ES256; what the token itself names never decides with what kind of key it is checked.

use crate::domain::oidc::{Claims, OidcFault};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rsa::PublicKeyComponents;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;

/// The longest token that is read, in bytes. Our choice; tokens with many groups have a few thousand.
const TOKEN_BYTES_MAX: usize = 64 << 10;
/// The most keys of a service that are looked at. Our choice; services have two or three.
const KEYS_MAX: usize = 50;

/// A key of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    id: Option<String>,
    public: Public,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Public {
    /// Modulus and exponent, without leading zeros.
    Rsa(Vec<u8>, Vec<u8>),
    /// A point of P-256, uncompressed.
    P256(Vec<u8>),
}

impl Public {
    /// How it signs, as tokens and keys name it.
    fn way(&self) -> &'static str {
        match self {
            Self::Rsa(..) => "RS256",
            Self::P256(_) => "ES256",
        }
    }

    fn has_signed(&self, said: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa(n, e) => {
                let key = PublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, said, signature).is_ok()
            }
            Self::P256(point) => {
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                key.verify(said, signature).is_ok()
            }
        }
    }
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(value.as_str()?).ok()
}

/// A number without leading zeros.
fn number(value: &Value) -> Option<Vec<u8>> {
    let bytes = bytes(value)?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    Some(bytes[zeros..].to_vec()).filter(|rest| !rest.is_empty())
}

/// A coordinate of P-256.
fn coordinate(value: &Value) -> Option<Vec<u8>> {
    /// Bytes of one.
    const BYTES: usize = 32;
    bytes(value).filter(|bytes| bytes.len() == BYTES)
}

fn key(value: &Value) -> Option<Key> {
    let public = match value["kty"].as_str()? {
        "RSA" => Public::Rsa(number(&value["n"])?, number(&value["e"])?),
        "EC" if value["crv"] == "P-256" => {
            let (x, y) = (coordinate(&value["x"])?, coordinate(&value["y"])?);
            Public::P256([&[4][..], &x, &y].concat())
        }
        _ => return None,
    };
    let is_for = |name: &str, wanted: &str| value[name].as_str().is_none_or(|it| it == wanted);
    let fits = is_for("use", "sig") && is_for("alg", public.way());
    fits.then(|| Key { id: value["kid"].as_str().map(str::to_owned), public })
}

/// The keys of a key set (RFC 7517) that can check a signature here; others are left out.
pub(super) fn keys(set: &Value) -> Vec<Key> {
    let all = set["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().take(KEYS_MAX).filter_map(key).collect()
}

/// What a token says, if one of the keys has signed it.
pub(super) fn verified(token: &str, keys: &[Key]) -> Result<Value, OidcFault> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(OidcFault::Token);
    }
    let (said, signature) = token.rsplit_once('.').ok_or(OidcFault::Token)?;
    let (head, body) = said.split_once('.').ok_or(OidcFault::Token)?;
    let json = |part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| OidcFault::Token)?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|_| OidcFault::Token)?;
        if value.is_object() { Ok(value) } else { Err(OidcFault::Token) }
    };
    let head = json(head)?;
    let way = head["alg"].as_str().unwrap_or_default();
    // What must be understood and is not may change the meaning of everything else.
    if !["RS256", "ES256"].contains(&way) || head.get("crit").is_some() {
        return Err(OidcFault::Algorithm);
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| OidcFault::Token)?;
    let id = head["kid"].as_str();
    let fits = |key: &&Key| key.public.way() == way && (id.is_none() || key.id.as_deref() == id);
    let mut fitting = keys.iter().filter(fits).peekable();
    if fitting.peek().is_none() {
        return Err(OidcFault::Key);
    }
    if !fitting.any(|key| key.public.has_signed(said.as_bytes(), &signature)) {
        return Err(OidcFault::Signature);
    }
    json(body)
}

/// Seconds since 1970; parts of a second are cut off.
fn seconds(value: &Value) -> Option<i64> {
    let text = value.as_number()?.to_string();
    text.split('.').next()?.parse().ok()
}

/// The claims of a token that decide whether it counts.
pub(super) fn claims(said: &Value) -> Result<Claims, OidcFault> {
    let text = |name: &str| said[name].as_str().map(str::to_owned);
    let audience = match &said["aud"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(all) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let begins = match &said["nbf"] {
        Value::Null => None,
        value => Some(seconds(value).ok_or(OidcFault::Token)?),
    };
    Ok(Claims {
        issuer: text("iss").ok_or(OidcFault::Token)?,
        audience,
        party: text("azp"),
        expires: seconds(&said["exp"]).ok_or(OidcFault::Token)?,
        issued: seconds(&said["iat"]).ok_or(OidcFault::Token)?,
        begins,
        nonce: text("nonce"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use serde_json::json;

    /// The public half of a key that is nowhere else.
    const MODULUS: &str = "\
         rHmz2mQq3JYKE7aUDQvtOCV3TAns8w7JZEpOQvKum8fqW76VJvKjvHnerN51jp2_kS8jiwrCiHeWN3OK\
         qQz6dt5zel_l6ZGot0qWCX_VtGiiDjG2O_U5KqQ_d8RiKEKEKUENB1r1FIJ3Ov5Dj5YqWyFt3BqkN3yd\
         QJIY0_ziyl8F40vhuT9Btbsb_GC41sysrwt2Cj5ElBy6vWztUcz8OdcZGo9K5vnKny6R95bViEaIKJxM\
         EmakJsp-KqgFsYxYTM3Oo5LHli_6RA7Nxy7XjkYq2qmdysBAF7TFNaDQUQBy5fAnQ9SVnl0EMlz2Oepp\
         3X8hthKCSuEkUkoXp61RNw";
    /// `{"sub":"zhao"}`, signed with its other half.
    const SIGNED: &str = "\
         eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ6aGFvIn0.gmrNDtfSHWkZ0Ug7vr6ERil4ihYz-WQREI0MECk\
         Ty0CdHfhqmz9u973DlPv-zS4adXqKumDSiQ7SYttSY5YVl-XRbwcckSoJi_XWAvo6EWVw-5b24lxuk6H\
         ay5V15dJkV7qMmvEaKqK9lGuFEuWn7O_v74dcANgSWQVGEV51L5APqA4xKjZ0USjfLXgj1db809jJ4_P\
         oMp42x87M4lLq__SQR4__2duOvr4Dw7d5KjXSzOZT_iJg-QvgQWBixleQcruE2aXFR75q7VAEa10IVhk\
         dpK5ine5_j_NQ6jRYCbEIz3DbMnRusy_9azlQKI1OUkegu-y6v2PKdEaBlxH7eA";

    struct Signer(EcdsaKeyPair);

    impl Signer {
        fn new() -> Self {
            let random = SystemRandom::new();
            let way = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let made = EcdsaKeyPair::generate_pkcs8(way, &random).unwrap();
            Self(EcdsaKeyPair::from_pkcs8(way, made.as_ref(), &random).unwrap())
        }

        fn set(&self, id: &str) -> Value {
            let point = self.0.public_key().as_ref();
            let (x, y) =
                (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
            let key = json!({"kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "x": x, "y": y});
            json!({"keys": [key]})
        }

        fn token(&self, head: &Value, body: &Value) -> String {
            let said = [head, body].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
            let signature = self.0.sign(&SystemRandom::new(), said.as_bytes()).unwrap();
            format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature))
        }
    }

    #[test]
    fn only_what_a_key_of_the_service_signed_is_believed() {
        let (own, other) = (Signer::new(), Signer::new());
        let trusted = keys(&own.set("a"));
        let (head, body) = (json!({"alg": "ES256", "kid": "a"}), json!({"sub": "1"}));
        let token = own.token(&head, &body);
        assert_eq!(verified(&token, &trusted), Ok(body.clone()));
        assert_eq!(
            verified(&own.token(&json!({"alg": "ES256"}), &body), &trusted),
            Ok(body.clone())
        );
        assert_eq!(verified(&other.token(&head, &body), &trusted), Err(OidcFault::Signature));
        let unknown = own.token(&json!({"alg": "ES256", "kid": "b"}), &body);
        assert_eq!(verified(&unknown, &trusted), Err(OidcFault::Key));
        assert_eq!(verified(&token, &[]), Err(OidcFault::Key));
        let parts: Vec<&str> = token.split('.').collect();
        let changed = URL_SAFE_NO_PAD.encode(json!({"sub": "2"}).to_string());
        let changed = [parts[0], &changed, parts[2]].join(".");
        assert_eq!(verified(&changed, &trusted), Err(OidcFault::Signature));
        for way in ["none", "None", "HS256", "ES384", "PS256", "RS512", ""] {
            let head = json!({"alg": way, "kid": "a"});
            let token = own.token(&head, &body);
            assert_eq!(verified(&token, &trusted), Err(OidcFault::Algorithm), "{way}");
            let (bare, _) = token.rsplit_once('.').unwrap();
            assert_eq!(verified(&format!("{bare}."), &trusted), Err(OidcFault::Algorithm), "{way}");
        }
        // A key of one kind checks no signature that says to be of the other.
        let head = json!({"alg": "RS256", "kid": "a"});
        assert_eq!(verified(&own.token(&head, &body), &trusted), Err(OidcFault::Key));
        let head = json!({"alg": "ES256", "kid": "a", "crit": ["exp"]});
        assert_eq!(verified(&own.token(&head, &body), &trusted), Err(OidcFault::Algorithm));
        for bad in ["", ".", "..", "a.b", "a.b.c", &format!("{token}.x"), &"x".repeat(70_000)] {
            assert!(verified(bad, &trusted).is_err(), "{}", bad.len());
        }
    }

    #[test]
    fn a_signature_of_rsa_is_checked() {
        let set = json!({"keys": [{"kty": "RSA", "alg": "RS256", "e": "AQAB", "n": MODULUS}]});
        let trusted = keys(&set);
        assert_eq!(verified(SIGNED, &trusted), Ok(json!({"sub": "zhao"})));
        let (said, _) = SIGNED.rsplit_once('.').unwrap();
        let zeros = URL_SAFE_NO_PAD.encode([0; 256]);
        assert_eq!(verified(&format!("{said}.{zeros}"), &trusted), Err(OidcFault::Signature));
    }

    #[test]
    fn keys_for_other_work_are_left_out() {
        let own = Signer::new().set("a");
        let changed = |name: &str, value: Value| {
            let mut set = own.clone();
            set["keys"][0][name] = value;
            keys(&set).len()
        };
        assert_eq!(keys(&own).len(), 1);
        for (name, value) in [
            ("use", json!("enc")),
            ("alg", json!("ES384")),
            ("crv", json!("P-384")),
            ("x", json!("AAAA")),
            ("y", json!(7)),
            ("kty", json!("oct")),
        ] {
            assert_eq!(changed(name, value), 0, "{name}");
        }
        assert_eq!(keys(&json!({"keys": "none"})).len() + keys(&json!([])).len(), 0);
    }

    #[test]
    fn a_claim_of_another_kind_is_none() {
        let said =
            json!({"iss": "i", "aud": ["a", "b"], "azp": "a", "exp": 9.9, "iat": 5, "nonce": "n"});
        let read = claims(&said).unwrap();
        assert_eq!((read.expires, read.issued, read.begins), (9, 5, None));
        assert_eq!((read.audience.len(), read.party.as_deref()), (2, Some("a")));
        for (name, value) in
            [("exp", json!("9")), ("iat", json!(null)), ("iss", json!(1)), ("nbf", json!("x"))]
        {
            let mut said = said.clone();
            said[name] = value;
            assert_eq!(claims(&said), Err(OidcFault::Token), "{name}");
        }
    }
}
