//! One request to a service that takes no messages: a sign-in service. A connection of its own, no redirects.

use super::http::{Endpoint, Link, Lost, Route};
use super::proxy::Proxy;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use std::path::PathBuf;
use std::time::Duration;

/// How services are reached.
#[derive(Clone, Default)]
pub struct Reach {
    /// The proxy between this machine and them.
    pub proxy: Option<Proxy>,
    /// PEM file with certificates to trust in addition to the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether other machines may be asked without encryption.
    pub allow_plain: bool,
    /// Longest wait for a connection, and the same for the answer.
    pub wait: Duration,
}

/// A form to send, with name and password for the service where it wants them beside the form.
pub struct Sent {
    /// The form.
    pub form: String,
    /// Name and password, each written as in a form.
    pub basic: Option<(String, String)>,
}

/// Status and body of an answer.
pub struct Fetched {
    /// The status.
    pub http: u16,
    /// The body.
    pub body: Bytes,
}

impl Reach {
    /// Asks an address, or sends a form to it. The error says why there is no answer, never what was sent.
    pub async fn fetch(&self, url: &str, sent: Option<&Sent>) -> Result<Fetched, String> {
        let endpoint = Endpoint::read(url, self.allow_plain).map_err(|error| error.to_string())?;
        let request = request(&endpoint, sent).map_err(|error| error.to_string())?;
        let (proxy, ca_file) = (self.proxy.as_ref(), self.ca_file.as_deref());
        let route = Route { endpoint: &endpoint, proxy, ca_file, connect: self.wait };
        let mut link = Link::open(route).await?;
        let answer = link.ask(request, self.wait).await.map_err(Lost::why)?;
        Ok(Fetched { http: answer.http, body: answer.body })
    }
}

fn request(
    endpoint: &Endpoint,
    sent: Option<&Sent>,
) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let request = Request::builder().uri(&endpoint.path).header(HOST, endpoint.authority());
    let request = request.header(ACCEPT, "application/json");
    let Some(sent) = sent else { return request.body(Full::default()) };
    let request = request.method("POST").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let request = match &sent.basic {
        Some((name, password)) => {
            let pair = STANDARD.encode(format!("{name}:{password}"));
            request.header(AUTHORIZATION, format!("Basic {pair}"))
        }
        None => request,
    };
    request.body(Full::new(Bytes::from(sent.form.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Method;

    #[test]
    fn a_form_is_posted_with_the_name_beside_it() {
        let Ok(endpoint) = Endpoint::read("https://login.example:8443/token?a=b", false) else {
            panic!("an address")
        };
        let asked = request(&endpoint, None).expect("a request");
        assert_eq!(
            (asked.method(), asked.uri().to_string().as_str()),
            (&Method::GET, "/token?a=b")
        );
        assert_eq!(asked.headers()[HOST], "login.example:8443");
        let sent = Sent { form: "code=1".into(), basic: Some(("a%3A".into(), "b".into())) };
        let asked = request(&endpoint, Some(&sent)).expect("a request");
        assert_eq!(asked.method(), Method::POST);
        assert_eq!(asked.headers()[AUTHORIZATION], "Basic YSUzQTpi");
    }
}
