//! A LiveKit trunk on virtual time: what is requested from LiveKit, byte for byte, and what its object owes until nothing of a
//! call is left there.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects"
)]

mod asking;
mod dial;
#[path = "../support/golden.rs"]
mod golden;
mod inquiry;
mod line;
mod owed;
mod reasons;
mod rooms;
#[path = "../support/mod.rs"]
mod support;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use audatec::app::dialers::livekit;
use audatec::app::directory::{self, DirectoryCommand, DirectoryRefusal, DirectoryReply};
use audatec::app::ports::TwirpRequest;
use audatec::app::ports::{
    Answer, Directories, Host, Poster, Records, Secrets, Trunks, Twirp, TwirpAnswer, Unavailable,
    Vault,
};
use audatec::app::records::RecordKey;
use audatec::app::telemetry::Event;
use audatec::app::trunk::{DialOrder, TrunkCommand, TrunkReply};
use audatec::domain::access::KeyRecord;
use audatec::domain::agent::{Agent, InputSchema, Status};
use audatec::domain::call::{
    Call, CallStatus, CarrierEvent, Failure, FailureCode, InquiryResult, Reason, SETUP_LIMIT,
    TEARDOWN_PATIENCE, Timed,
};
use audatec::domain::ids::{CallId, OrgId, TrunkTag};
use audatec::domain::media::{MediaSettings, S3Target};
use audatec::domain::sealed::Sealed;
use audatec::domain::settings::Settings;
use audatec::domain::target::Target;
use audatec::domain::time::{Span, Timestamp};
use audatec::domain::trunk::{Admission, Carrier};
use line::*;
use serde_json::{Value, json};
use support::livekit::{NUMBER, claim, line_to, livekit_world, row, say};
use support::{START, World};

/// An answered call.
fn answered(world: &mut World) -> CallId {
    let id = world.accepted(NUMBER);
    claim(world, id);
    assert_eq!(say(world, id, &[CarrierEvent::Ringing]), TrunkReply::Done);
    assert_eq!(say(world, id, &[CarrierEvent::Answered]), TrunkReply::Done);
    id
}
