//! What leaves the platform: dials to carriers, requests to LiveKit servers, and callbacks to receivers.

use super::{World, millis};
use crate::app::dialers::{livekit, simulator};
use crate::app::ports::{
    Answer, Dialer, Host, Poster, Storage, StorageAnswer, Twirp, TwirpAnswer, TwirpRequest,
    Unavailable,
};
use crate::app::trunk::DialOrder;
use crate::domain::call::{CarrierEvent, Failure, InquiryResult, Reason, Timed};
use crate::domain::time::Span;
use crate::domain::to_json;
use crate::domain::trunk::Carrier;
use crate::edge::faults;
use crate::edge::platform::{self, now};

/// Headers of every callback.
pub(super) const SENT_ALWAYS: [(&str, &str); 2] = [
    ("Content-Type", "application/json"),
    ("User-Agent", "Audatec-Webhooks/1"),
];

/// The most bytes of a LiveKit server's answer.
const MAX_TWIRP_BODY: u32 = 65_536;

impl Dialer for World {
    async fn dial(&self, order: &DialOrder) -> Vec<Timed> {
        if faults::dialer_is_down() {
            let event = CarrierEvent::Failed(Failure::dialer(Reason::NotReachable));
            return vec![Timed { at: now(), event }];
        }
        match order.carrier {
            Carrier::Simulator => self.simulate(order).await,
            Carrier::LiveKit { .. } => livekit::dial(self, order).await,
        }
    }

    async fn inquire(&self, order: &DialOrder) -> Result<InquiryResult, Unavailable> {
        match order.carrier {
            Carrier::Simulator => Ok(simulator::inquire(order, now(), self.settings())),
            Carrier::LiveKit { .. } => livekit::inquire(self, order).await,
        }
    }

    async fn tear_down(&self, order: &DialOrder) -> Result<(), Unavailable> {
        match order.carrier {
            Carrier::Simulator => Ok(()),
            Carrier::LiveKit { .. } => livekit::tear_down(self, order).await,
        }
    }
}

impl Twirp for World {
    async fn twirp(
        &self,
        url: &str,
        token: &str,
        ask: &TwirpRequest,
    ) -> Result<TwirpAnswer, Unavailable> {
        let mut headers = vec![
            ("Content-Type", "application/json".to_owned()),
            ("Authorization", format!("Bearer {token}")),
            ("User-Agent", "Audatec-Dialer/1".to_owned()),
        ];
        if let Some(Span(timeout)) = ask.server_timeout {
            headers.push(("X-Twirp-Timeout-Ms", timeout.to_string()));
        }
        let headers = headers
            .into_iter()
            .flat_map(|(name, value)| [name.to_owned(), value]);
        let body = to_json::text(&ask.body);
        let limit = millis(ask.timeout);
        let answer = platform::post(url, headers.collect(), &body, limit, MAX_TWIRP_BODY).await;
        let answer = answer.map_err(|_| Unavailable)?;
        Ok(TwirpAnswer {
            status: status(&answer),
            body: answer.get(2).as_string().unwrap_or_default(),
        })
    }
}

/// The status of the response to a POST.
fn status(answer: &js_sys::Array) -> u16 {
    answer.get(0).as_f64().map_or(0, |status| status as u16)
}

/// As much of a storage's answer is read as says what is wrong.
const MAX_STORAGE_BODY: u32 = 4_096;

impl Storage for World {
    async fn delete(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        timeout: Span,
    ) -> Result<StorageAnswer, Unavailable> {
        let agent = ("User-Agent", "Audatec-Storage/1");
        let given = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let headers = given.chain([agent]);
        let headers = headers.flat_map(|(name, value)| [name.to_owned(), value.to_owned()]);
        let limit = millis(timeout);
        let answer = platform::delete(url, headers.collect(), limit, MAX_STORAGE_BODY).await;
        let answer = answer.map_err(|_| Unavailable)?;
        Ok(StorageAnswer {
            status: status(&answer),
            body: answer.get(2).as_string().unwrap_or_default(),
            region: answer.get(3).as_string(),
            is_hidden: answer.get(4).is_truthy(),
        })
    }
}

impl Poster for World {
    async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: &str,
        timeout: Span,
    ) -> Result<Answer, String> {
        let target = self.parse_url(url);
        let own = target.and_then(|target| {
            let mut all = self.secrets().every();
            all.find_map(|secrets| target.receiver_of(&secrets.studio_key))
        });
        if let Some(org) = own {
            return self.deliver_locally(org, headers, body).await;
        }
        let given = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let headers = SENT_ALWAYS.into_iter().chain(given);
        let headers = headers.flat_map(|(name, value)| [name.to_owned(), value.to_owned()]);
        let answer = platform::post(url, headers.collect(), body, millis(timeout), 0).await;
        let answer = answer.map_err(|error| platform::message(&error))?;
        let retry_after_secs = answer.get(1).as_f64();
        Ok(Answer {
            status: status(&answer),
            retry_after_secs: retry_after_secs.map(|seconds| seconds as u64),
        })
    }
}
