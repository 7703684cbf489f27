//! Whom we believe that a server is who it says: the system's authorities, and those that the
//! operator names. And what to do where nobody vouches for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CertificateError, Error, RootCertStore};

/// Authorities of the operator, from a file: those of a company whose proxy opens what passes
/// through it, or of an intranet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorities {
    path: PathBuf,
    certificates: Arc<[Vec<u8>]>,
}

impl Authorities {
    /// Reads the certificates of a file in PEM.
    ///
    /// # Errors
    /// Why there is no authority to be had of it.
    pub fn read(path: PathBuf, pem: &[u8]) -> Result<Self, String> {
        let mut certificates = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|why| format!("it is no sound PEM: {why}"))?;
            // Whether it can vouch for others at all.
            RootCertStore::empty()
                .add(certificate.clone())
                .map_err(|why| format!("certificate {} in it is no authority: {why}", certificates.len() + 1))?;
            certificates.push(certificate.to_vec());
        }
        if certificates.is_empty() {
            return Err("it holds no certificate (-----BEGIN CERTIFICATE-----)".to_owned());
        }
        Ok(Self { path, certificates: certificates.into() })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The certificates, in DER.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        self.certificates.iter().map(Vec::as_slice)
    }
}

/// What is wrong with a certificate, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distrust {
    Expired,
    NotYet,
    Unknown,
    OtherName,
    Revoked,
}

impl Distrust {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Distrust::Expired => "its certificate has expired; its operator must renew it",
            Distrust::NotYet => "its certificate is not valid yet; is the clock of this machine right?",
            Distrust::Unknown => {
                "nobody whom we trust vouches for its certificate; if your own authority does, name it under [fetch] \
                 extra_ca"
            }
            Distrust::OtherName => "its certificate is for another name; is the address right?",
            Distrust::Revoked => "its certificate has been revoked",
        }
    }

    fn of(error: &Error) -> Option<Self> {
        let Error::InvalidCertificate(why) = error else { return None };
        Some(match why {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Distrust::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Distrust::NotYet,
            // A key that only bears the name of one we know is nobody's.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Distrust::Unknown,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Distrust::OtherName,
            CertificateError::Revoked => Distrust::Revoked,
            _ => return None,
        })
    }

    /// The same from the name of a browser's error.
    pub(crate) fn of_browser(code: &str) -> Option<Self> {
        Some(match code.trim_start_matches("net::") {
            // A browser says it of both ends of a certificate's life; which one, it tells apart.
            "ERR_CERT_DATE_INVALID" => Distrust::Expired,
            "ERR_CERT_AUTHORITY_INVALID" => Distrust::Unknown,
            "ERR_CERT_COMMON_NAME_INVALID" => Distrust::OtherName,
            "ERR_CERT_REVOKED" => Distrust::Revoked,
            _ => return None,
        })
    }
}

/// Why a TLS connection was not made, in words for people.
pub(super) fn untrusted(error: &Error) -> String {
    Distrust::of(error).map_or_else(|| error.to_string(), |distrust| distrust.words().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_authorities_is_refused() {
        let read = |text: &str| Authorities::read("ca.pem".into(), text.as_bytes()).unwrap_err();
        assert!(read("").contains("holds no certificate"));
        assert!(read("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").contains("is no authority"));
        assert!(read("-----BEGIN CERTIFICATE-----\n%%%%\n-----END CERTIFICATE-----\n").contains("no sound PEM"));
    }
}
