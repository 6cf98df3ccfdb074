//! Where a callback may go: public hosts only.
//!
//! A URL is parsed once, by the parser that `fetch` itself uses, and judged by the result:
//! `http://2130706433/` and `http://0x7f.1/` arrive here as `127.0.0.1`, like any other spelling.
//! A refused address is one that IANA's special-purpose registries (RFC 6890, as kept at
//! `iana.org/assignments/iana-ipv4-special-registry` and `…-ipv6-…`) do not call globally reachable.
//!
//! A public name that resolves to a private address can't be recognised here: in production the platform's
//! own network and `global_fetch_strictly_public` back up this check. Cloudflare's `fetch` does not reach
//! public addresses either (its error 1003), so only the local run accepts one.
//!
//! A URL may contain credentials (RFC 3986 §3.2.1). They are sent as HTTP Basic, never as a part of
//! the URL, and never shown: whatever is shown of a URL is [`masked`].

mod host;

use std::borrow::Cow;

use host::Host;

use super::base64::STANDARD;
use super::ids::OrgId;
use super::planted::{Fault, planted};
use super::tokens::receiver;

/// What is shown in place of a password.
const MASK: &str = "***";

/// A URL as a WHATWG parser read it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// `https`, without the colon.
    pub scheme: String,
    /// As WHATWG serialises it: lower case, IDNA's ASCII form, a dotted quad, or `[…]` for IPv6.
    pub host: String,
    /// The port, unless it is the scheme's own.
    pub port: Option<u16>,
    /// The path, from its first slash.
    pub path: String,
    /// The query with its question mark; empty without one.
    pub query: String,
    /// The user name, percent-encoded; empty without one.
    pub user: String,
    /// The password, percent-encoded; empty without one.
    pub password: String,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.address())
    }
}

/// Why a callback may not go there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetRefused {
    /// Neither `http` nor `https`, or no host at all.
    NotHttp,
    /// Not on the public internet, or the service itself.
    Private,
    /// A public IP address, which Cloudflare's `fetch` refuses to connect to.
    Address,
}

impl Target {
    /// The organisation whose built-in receiver this address is, under whichever of the deployment's
    /// hosts it was given out. A callback may go there, and is handed over without the network: a
    /// Worker can't fetch its own zone.
    #[must_use]
    pub fn receiver_of(&self, studio_key: &[u8]) -> Option<OrgId> {
        receiver::org_of(
            self.path.strip_prefix(receiver::PATH)?,
            &self.host,
            studio_key,
        )
    }

    /// The URL without its credentials: the one that is requested.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}{}{}", self.origin(), self.path, self.query)
    }

    /// The base URL of a server, to which paths are appended: without a trailing slash, a query or any secret.
    #[must_use]
    pub fn base(&self) -> String {
        format!("{}{}", self.origin(), self.path.trim_end_matches('/'))
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> String {
        let port = self.port.map(|port| format!(":{port}"));
        let port = port.unwrap_or_default();
        format!("{}://{}{port}", self.scheme, self.host)
    }

    /// The credentials as a value of the header `Authorization`, HTTP Basic (RFC 7617, in UTF-8); `None` without any.
    #[must_use]
    pub fn authorization(&self) -> Option<String> {
        if !self.has_credentials() {
            return None;
        }
        let mut pair = percent_decoded(&self.user);
        pair.push(b':');
        pair.append(&mut percent_decoded(&self.password));
        Some(format!("Basic {}", STANDARD.encode(pair)))
    }

    /// Whether the host is an IP address.
    #[must_use]
    pub fn is_address(&self) -> bool {
        let host = Host::read(self.host.trim_end_matches('.'));
        matches!(host, Host::V4(_) | Host::V6(_))
    }

    /// Whether it contains a user name or a password.
    #[must_use]
    pub const fn has_credentials(&self) -> bool {
        !self.user.is_empty() || !self.password.is_empty()
    }

    /// Whether its secret is the mask that [`masked`] puts in: it was copied from a response.
    #[must_use]
    pub fn is_masked(&self) -> bool {
        let secret = match self.password.as_str() {
            "" => &self.user,
            password => password,
        };
        secret == MASK
    }

    /// Whether a callback may go there. `own_host` is the service's own, without a port;
    /// `allow_loopback`, for the local run, also allows `127.0.0.0/8`, `::1` and `localhost`, be they the service
    /// itself or not, and public IP addresses.
    ///
    /// # Errors
    /// Another scheme first, then a private host, then an IP address.
    pub fn judge(&self, own_host: &str, allow_loopback: bool) -> Result<(), TargetRefused> {
        // In the DNS every name ends with a dot, written or not.
        let host = self.host.trim_end_matches('.');
        if !matches!(self.scheme.as_str(), "http" | "https") || host.is_empty() {
            return Err(TargetRefused::NotHttp);
        }
        let host = Host::read(host);
        let allowed = (allow_loopback && host.is_loopback())
            || (host.is_public() && host != Host::read(own_host.trim_end_matches('.')));
        match host {
            _ if !allowed => Err(TargetRefused::Private),
            Host::V4(_) | Host::V6(_) if !allow_loopback => Err(TargetRefused::Address),
            _ => Ok(()),
        }
    }
}

/// A URL as it may be shown: its password is `***`. Without a password the user name is the secret, as with tokens. Takes
/// any text that a WHATWG parser accepts as http or https; the rest of it stays as given.
#[must_use]
pub fn masked(url: &str) -> Cow<'_, str> {
    if !url.contains('@') || planted(Fault::CredentialsShown) {
        return Cow::Borrowed(url);
    }
    // Characters that the parser drops anywhere, and those it drops at the ends.
    let clean: String = url
        .trim_matches(|letter| letter <= ' ')
        .chars()
        .filter(|letter| !matches!(letter, '\t' | '\n' | '\r'))
        .collect();
    let Some((scheme, rest)) = clean.split_once(':') else {
        return Cow::Borrowed(url);
    };
    let rest = rest.trim_start_matches(['/', '\\']);
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let Some((user_info, host)) = authority.rsplit_once('@') else {
        return Cow::Borrowed(url);
    };
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let shown = match (user, password) {
        ("", "") => return Cow::Borrowed(url),
        (_, "") => MASK.to_owned(),
        (user, _) => format!("{user}:{MASK}"),
    };
    Cow::Owned(format!("{scheme}://{shown}@{host}{tail}"))
}

/// A `%` that is not followed by two hexadecimal digits stands for itself.
#[must_use]
pub fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        bytes.extend_from_slice(before.as_bytes());
        let digits = from.get(1..3);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(b'%'));
        rest = from
            .get(if byte.is_some() { 3 } else { 1 }..)
            .unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

#[cfg(test)]
mod tests;
