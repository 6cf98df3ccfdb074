//! Addresses of servers that an organisation names: a LiveKit server, a storage endpoint. Judged like a callback's target,
//! and stored as the URL parser wrote them.

use crate::app::http::Request;
use crate::app::ports::Host;
use crate::domain::refusal::Refusal;
use crate::domain::target::TargetRefused;
use crate::domain::tidy;

/// A field that holds such an address.
pub struct Address {
    /// Its name, with that of the object around it.
    pub field: &'static str,
    /// Whether ws and wss, as clients of LiveKit's rooms write them, count as http and https.
    pub takes_ws: bool,
    /// Whether the Worker itself connects there, which can't reach IP addresses.
    pub is_fetched: bool,
}

impl Address {
    /// Reads the address, ignoring white space around it: scheme, host, port and path, without a trailing slash. ws and wss are
    /// kept, and count as http and https wherever the address is used.
    ///
    /// # Errors
    /// Not a URL, another scheme, parts that a server's address can't have, a private host, or an IP address that the Worker would have to connect to.
    pub fn read(&self, api: &impl Host, request: &Request, text: &str) -> Result<String, Refusal> {
        let text = tidy::url(text);
        let mut target = api.parse_url(&text).ok_or_else(|| self.invalid())?;
        let base = target.base();
        match target.scheme.as_str() {
            "ws" if self.takes_ws => target.scheme = "http".into(),
            "wss" if self.takes_ws => target.scheme = "https".into(),
            _ => {}
        }
        let judged = target.judge(request.host(), api.settings().allow_loopback);
        if judged == Err(TargetRefused::NotHttp) {
            return Err(self.invalid());
        }
        if target.has_credentials() || text.contains(['?', '#']) {
            let field = self.field;
            return Err(Refusal::Invalid(format!(
                "{field} must not have a user name, a query or a fragment"
            )));
        }
        match judged {
            Ok(()) => Ok(base),
            Err(TargetRefused::Address) if !self.is_fetched => Ok(base),
            Err(TargetRefused::Address) => Err(Refusal::UrlAddress(self.field)),
            Err(_) => Err(Refusal::UrlPrivate(self.field)),
        }
    }

    fn invalid(&self) -> Refusal {
        match self.takes_ws {
            true => {
                let field = self.field;
                Refusal::Invalid(format!(
                    "{field} must be a valid http, https, ws or wss URL"
                ))
            }
            false => Refusal::UrlInvalid(self.field),
        }
    }
}
