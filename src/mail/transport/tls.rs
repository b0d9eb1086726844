//! Encryption of the connection to a mail server or another service.

use super::Outcome;
use super::dialogue::Lost;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// What encrypts a connection to a server, and the name that its certificate must have.
pub(super) async fn connector(
    host: &str,
    ca_file: Option<&Path>,
) -> Result<(TlsConnector, ServerName<'static>), Outcome> {
    let bare = host.trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(bare)
        .map_err(|error| Outcome::NotSent(format!("TLS: host {host}: {error}")))?;
    let ca_file = ca_file.map(Path::to_owned);
    // Reading the system's certificates takes tens of milliseconds.
    let built = tokio::task::spawn_blocking(move || trusted(ca_file.as_deref()));
    let roots =
        built.await.unwrap_or_else(|error| Err(Outcome::NotSent(format!("TLS: {error}"))))?;
    let provider = tokio_rustls::rustls::crypto::ring::default_provider();
    let client = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Outcome::NotSent(format!("TLS: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok((TlsConnector::from(Arc::new(client)), name))
}

/// The certificates of the system, and those of the configuration's file.
fn trusted(ca_file: Option<&Path>) -> Result<RootCertStore, Outcome> {
    let mut roots = RootCertStore::empty();
    // A system may have certificates that cannot be read; the others count.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let Some(path) = ca_file else { return Ok(roots) };
    let told = |error: &dyn std::fmt::Display| {
        let file = path.display();
        Outcome::NotSent(format!("cannot use ca_file {file}: {error}; give a PEM file"))
    };
    let pem = std::fs::read(path).map_err(|error| told(&error))?;
    let mut count = 0;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| told(&error))?;
        roots.add(certificate).map_err(|error| told(&error))?;
        count += 1;
    }
    if count == 0 { Err(told(&"there is no certificate in it")) } else { Ok(roots) }
}

/// The outcome of a handshake that failed.
pub(super) fn told(step: &str, lost: &Lost) -> Outcome {
    let said = lost.to_string();
    if said.contains("CaUsedAsEndEntity") {
        let hint = "the server's own certificate must be one with CA:FALSE";
        return Outcome::NotSent(format!("{step}: {said}; {hint}"));
    }
    Outcome::NotSent(format!("{step}: {said}"))
}
