//! The addresses of programs that listen for SRT.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    str::FromStr,
};

use url::Url;

use super::DestinationError;
use crate::redact::redacted;

/// The bytes that the passphrase of SRT may have (draft-sharabayko-srt-01, section 6.1.4).
const PASSPHRASE: RangeInclusive<usize> = 10..=79;

/// The address of a program that listens for SRT. Its `Debug` text holds no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SrtUrl(Url);

impl FromStr for SrtUrl {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(DestinationError::BadUrl)?;
        if url.scheme() != "srt" {
            return Err(DestinationError::UnknownScheme(url.scheme().to_owned()));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(DestinationError::NoHost);
        }
        if url.path().len() > 1 {
            return Err(DestinationError::SrtPath);
        }
        if url.port().is_none() {
            return Err(DestinationError::NoPort);
        }
        let passphrase = url.query_pairs().find(|(name, value)| name == "passphrase" && !value.is_empty());
        match passphrase.map(|(_, value)| value.len()) {
            Some(length) if !PASSPHRASE.contains(&length) => Err(DestinationError::SrtPassphrase(length)),
            _ => Ok(Self(url)),
        }
    }
}

impl SrtUrl {
    /// The whole address, stream id, passphrase and all.
    pub(in crate::output) fn secret(&self) -> &str {
        self.0.as_str()
    }

    /// The host and port, for messages.
    pub(in crate::output) fn host(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Where its program listens. Asks the name server, which may take long.
    pub(in crate::output) fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.0.socket_addrs(|| None)
    }

    /// Whether no name server need be asked where that is.
    pub(in crate::output) fn is_numeric(&self) -> bool {
        self.0.host_str().is_some_and(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok())
    }

    /// The same stream at an address of its host.
    pub(in crate::output) fn at(&self, address: SocketAddr) -> Self {
        let mut url = self.0.clone();
        // An address with a host, as this is one, takes another.
        let _ = url.set_ip_host(address.ip());
        Self(url)
    }

    /// The address for people: stream ids name accounts, and hold keys on many platforms.
    #[must_use]
    pub fn redacted(&self) -> String {
        redacted(self.0.as_str())
    }
}

impl std::fmt::Debug for SrtUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.redacted())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Destination;

    #[test]
    fn what_is_at_an_address_of_its_host_is_the_same_stream() {
        let url: SrtUrl =
            "srt://live.example:9000?streamid=publish%3Ame&passphrase=very-secret&latency=200".parse().unwrap();
        assert!(!url.is_numeric());
        let query = "streamid=publish%3Ame&passphrase=very-secret&latency=200";
        for (address, host) in [("192.0.2.7:1", "192.0.2.7"), ("[2001:db8::7]:1", "[2001:db8::7]")] {
            let found = url.at(address.parse().unwrap());
            assert_eq!(found.secret(), format!("srt://{host}:9000?{query}"));
            assert!(found.is_numeric());
        }
    }

    #[test]
    fn an_srt_address_shows_neither_its_stream_nor_its_passphrase() {
        let url = "srt://live.example:9000?streamid=publish:me&passphrase=very-secret".parse::<Destination>().unwrap();
        assert_eq!(url.redacted(), "srt://live.example:9000?***");
        assert_eq!(format!("{url:?}"), "Srt { url: srt://live.example:9000?*** }");
        let error = "srt://live.example".parse::<Destination>().unwrap_err().to_string();
        assert!(error.contains("names no port"), "{error}");
        let short = "srt://live.example:9000?passphrase=brief".parse::<Destination>().unwrap_err().to_string();
        assert!(short.contains("10 to 79 characters") && short.ends_with("has 5"), "{short}");
        assert!("srt://live.example:9000?passphrase=".parse::<Destination>().is_ok(), "none");
    }
}
