//! Recording a conversation: LiveKit's Egress writes it to the organisation's own storage.

use super::LiveKitHost;
use super::requests;
use super::server::Server;
use crate::app::copies;
use crate::app::records::RecordKey;
use crate::app::storage::{names_bucket_in_path, recording_key};
use crate::app::telemetry::Event;
use crate::app::trunk::DialOrder;
use crate::domain::media::MediaSettings;
use crate::domain::object::object;

/// Starts a recording, if the organisation wants one. A call whose recording does not start goes on.
pub(super) async fn start<L: LiveKitHost>(host: &L, server: &Server<'_, L>, order: &DialOrder) {
    if order.media_policy.recording && !begin(host, server, order).await {
        host.log(&Event::RecordingNotStarted { call: order.call });
    }
}

async fn begin<L: LiveKitHost>(host: &L, server: &Server<'_, L>, order: &DialOrder) -> bool {
    // The dialer and an inquiry may both have been the first to see the answer.
    if let Ok(answer) = server.ask(requests::list_egress(order.call)).await
        && answer
            .json()
            .get("items")
            .and_then(|items| items.get(0))
            .is_some()
    {
        return true;
    }
    let org = order.request.org;
    // Not a copy, which may not know the bucket yet, or know a former one.
    let Ok(Some(stored)) = copies::read_now(host, org, &RecordKey::Media(org)).await else {
        return false;
    };
    let media: Option<MediaSettings> = crate::app::json::read(&stored).ok();
    let Some(storage) = media.and_then(|media| media.recordings) else {
        return false;
    };
    let Ok(secret) = host.open(&storage.secret, &org.to_string()).await else {
        return false;
    };
    let target = object! {
        "access_key": storage.access_key.as_str(),
        "secret": secret,
        "region": storage.region.as_str(),
        "endpoint": storage.endpoint.as_str(),
        "force_path_style": names_bucket_in_path(host, &storage),
        "bucket": storage.bucket.as_str(),
    };
    let path = recording_key(&storage, order.call);
    let asked = server
        .ask(requests::start_egress(order.call, &path, target))
        .await;
    asked.is_ok_and(|answer| answer.status == 200)
}
