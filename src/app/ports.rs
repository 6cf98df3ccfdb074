//! What the use cases need from the world: the platform, the objects, the dialer. The Worker implements these on Cloudflare's
//! bindings, the native tests in memory.

#![allow(
    async_fn_in_trait,
    reason = "a Worker has one thread: no future needs to be Send"
)]

pub use crate::app::campaign::Campaigns;
pub use crate::app::contacts::Contacts;
pub use crate::app::directory::Directories;
pub use crate::app::host::{
    Answer, Host, Poster, Records, Secrets, Storage, StorageAnswer, Twirp, TwirpAnswer,
    TwirpRequest, UNKNOWN, Unavailable, Vault,
};
pub use crate::app::trunk::Trunks;

use crate::app::trunk::DialOrder;
use crate::domain::call::{InquiryResult, Timed};

/// Hands calls to the carrier.
pub trait Dialer {
    /// Dials, once. Returns what happened and, for a simulated call, what is going to.
    async fn dial(&self, order: &DialOrder) -> Vec<Timed>;
    /// Asks how a call is doing; never dials.
    async fn inquire(&self, order: &DialOrder) -> Result<InquiryResult, Unavailable>;
    /// Hangs up and cleans up, whatever state the call is in. Safe to repeat.
    async fn tear_down(&self, order: &DialOrder) -> Result<(), Unavailable>;
}

/// All that serving a request needs.
pub trait Api:
    Host + Records + Trunks + Contacts + Campaigns + Directories + Vault + Twirp
{
}
impl<T: Host + Records + Trunks + Contacts + Campaigns + Directories + Vault + Twirp> Api for T {}
