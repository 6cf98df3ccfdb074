//! One LiveKit server as a trunk knows it: its address and credentials.

use super::jwt;
use crate::app::host::TwirpRequest;
use crate::app::ports::{Host, Twirp, TwirpAnswer, Unavailable, Vault};
use crate::app::trunk::DialOrder;
use crate::domain::call::Reason;
use crate::domain::ids::OrgId;
use crate::domain::search;
use crate::domain::trunk::Carrier;

/// A server that can be asked.
pub struct Server<'a, L> {
    host: &'a L,
    base: String,
    api_key: String,
    api_secret: String,
    /// LiveKit's own id for the outbound trunk.
    pub sip_trunk_id: String,
}

impl<'a, L: Host + Vault + Twirp> Server<'a, L> {
    /// The server of an order's trunk.
    ///
    /// # Errors
    /// The trunk's secret can't be opened; that is logged where it fails.
    pub async fn of(host: &'a L, order: &DialOrder) -> Result<Self, Reason> {
        Self::behind(host, &order.carrier, order.request.org).await
    }

    /// The server behind a trunk of this organisation.
    ///
    /// # Errors
    /// The trunk's secret can't be opened; that is logged where it fails.
    pub async fn behind(host: &'a L, carrier: &Carrier, org: OrgId) -> Result<Self, Reason> {
        let Carrier::LiveKit {
            url,
            api_key,
            api_secret,
            sip_trunk_id,
        } = carrier
        else {
            return Err(Reason::NotLiveKit);
        };
        let opened = host.open(api_secret, &org.to_string()).await;
        Ok(Self {
            host,
            base: base(url),
            api_key: api_key.clone(),
            api_secret: opened.map_err(|Unavailable| Reason::SecretUnreadable)?,
            sip_trunk_id: sip_trunk_id.clone(),
        })
    }

    /// Sends one request, once.
    ///
    /// # Errors
    /// No answer: it may have been carried out anyway.
    pub async fn ask(&self, ask: TwirpRequest) -> Result<TwirpAnswer, Reason> {
        let now = self.host.now();
        let token = jwt::mint(&self.api_key, &self.api_secret, ask.grants.clone(), now);
        let url = format!("{}/twirp/livekit.{}", self.base, ask.method);
        let answer = self.host.twirp(&url, &token, &ask).await;
        answer.map_err(|Unavailable| Reason::NotReachable)
    }
}

/// The server's address for requests: `wss://` and `ws://` are what clients of its rooms use.
fn base(url: &str) -> String {
    let url = url.trim_end_matches('/');
    match search::split_once(url, "://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("wss") => format!("https://{rest}"),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ws") => format!("http://{rest}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_for_clients_is_also_the_one_for_requests() {
        for (given, asked) in [
            ("wss://x.livekit.cloud", "https://x.livekit.cloud"),
            ("ws://127.0.0.1:7880/", "http://127.0.0.1:7880"),
            ("https://x.example.com/lk/", "https://x.example.com/lk"),
            ("WSS://x.example.com", "https://x.example.com"),
        ] {
            assert_eq!(base(given), asked);
        }
    }
}
