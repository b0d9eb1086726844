//! Encrypted connections: the certificate and its key, read anew when their files change.

use crate::config::HttpConfig;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at. Renewed certificates are valid for days before the old ones end.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A certificate or key that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("[http] {key} = {path:?}: {said}")]
pub struct BadCertificate {
    key: &'static str,
    path: PathBuf,
    said: String,
}

/// What new connections are encrypted with.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    now: Mutex<Now>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tls").field(&self.certificate).finish()
    }
}

struct Now {
    looked: Instant,
    /// When the two files changed last.
    changed: [Option<SystemTime>; 2],
    config: Arc<ServerConfig>,
}

impl Tls {
    /// Reads certificate and key; `None` where the configuration names none.
    pub fn read(config: &HttpConfig) -> Result<Option<Self>, BadCertificate> {
        let (Some(certificate), Some(key)) = (&config.tls_cert, &config.tls_key) else {
            return Ok(None);
        };
        let changed = [certificate, key].map(|path| changed(path));
        let config = load(certificate, key)?;
        let now = Mutex::new(Now { looked: Instant::now(), changed, config });
        Ok(Some(Self { certificate: certificate.clone(), key: key.clone(), now }))
    }

    /// What a new connection is encrypted with. Files that changed are read again; open connections stay as they are.
    /// Where the new files cannot be used, the old ones go on.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if now.looked.elapsed() >= LOOK_EVERY {
            now.looked = Instant::now();
            let changed = [&self.certificate, &self.key].map(|path| changed(path));
            if changed != now.changed {
                match load(&self.certificate, &self.key) {
                    Ok(config) => {
                        tracing::info!("the certificate was read anew");
                        now.changed = changed;
                        now.config = config;
                    }
                    // Of two files, one may still be missing; it is tried again.
                    Err(error) => tracing::warn!(%error, "the old certificate goes on"),
                }
            }
        }
        TlsAcceptor::from(Arc::clone(&now.config))
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|found| found.modified()).ok()
}

fn load(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, BadCertificate> {
    let bad = |key: &'static str, path: &Path, said: String| BadCertificate {
        key,
        path: path.to_owned(),
        said,
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| bad("tls_cert", certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(bad("tls_cert", certificate, "there is no certificate in it".to_owned()));
    }
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| bad("tls_key", key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| bad("tls_cert", certificate, error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| bad("tls_key", key, error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
