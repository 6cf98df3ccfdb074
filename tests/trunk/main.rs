//! A trunk's object on virtual time: admission, dispatch, the life of a call, and what a crash leaves.

mod admission;
mod callbacks;
mod campaigns;
mod chaos;
mod config;
mod contact;
mod day;
mod dispatch;
mod erasing;
mod full;
mod hours;
mod life;
mod queue;
mod reading;
mod redial;
mod retention;
mod rows;
mod schedule;
mod shares;
#[path = "../support/mod.rs"]
mod support;
mod suppression;
mod usage;
mod vitals;

use std::collections::VecDeque;

use audatec::app::trunk::{
    CallFilter, Idempotency, SCAN_LIMIT, Scan, Trigger, TrunkCommand, TrunkRefusal, TrunkReply,
};
use audatec::domain::agent::Status;
use audatec::domain::call::{
    CallStatus, CarrierEvent, DISPATCH_DEADLINE, END_GRACE, Failure, FailureCode, FailureSource,
    REPORT_GRACE, RING_GRACE, Report, Timed, Window,
};
use audatec::domain::callback::{
    Attempt, AttemptResult, DeliveryStatus, WebhookSecret, WebhookSecrets,
};
use audatec::domain::contacts::Contact;
use audatec::domain::ids::CallId;
use audatec::domain::media::CallbackDetail;
use audatec::domain::phone::E164;
use audatec::domain::sandbox::TEST_NUMBERS;
use audatec::domain::time::{Span, Timestamp};
use audatec::domain::trunk::{Admission, OnCapacity, Verdict};
use proptest::prelude::*;
use support::rows::Failure as Fail;
use support::{START, World, agent, api_key, org, reader};

const OK: &str = "+15005550000";

fn answer(status_code: u16) -> AttemptResult {
    let attempt = Attempt {
        at: START,
        status_code: Some(status_code),
        error: None,
        duration_ms: 1,
    };
    AttemptResult {
        attempt,
        retry_after_secs: None,
    }
}

fn deliver(world: &mut World, status: u16) {
    for message in std::mem::take(&mut world.sent.callbacks) {
        let (delivery, attempt) = (message.delivery, message.attempt);
        world.ask(TrunkCommand::Delivered {
            delivery,
            attempt,
            result: answer(status),
            takes_next: false,
        });
    }
}
