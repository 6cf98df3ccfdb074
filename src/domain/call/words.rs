//! The words that fit a call's end, by what is known about the phone.

use super::{Call, CallStatus, Failure, FailureCode, Reason};

impl Call {
    /// A call's ending, in the words that fit what was seen of it: whoever says why it ended need not know how far it got.
    ///
    /// A phone that rang had been reached and its call started. A phone that was never asked to ring had nothing to do with
    /// the carrier. A SIP status is the carrier's own word, and stays.
    pub(super) fn in_the_right_words(
        &self,
        status: CallStatus,
        failure: Option<Failure>,
    ) -> (CallStatus, Option<Failure>) {
        use CallStatus::{SipCallFailed, TriggerFailed};
        let rang = self.ringing_at.is_some();
        let Some(failure) = failure else {
            return (status, None);
        };
        let is_presumed = failure.sip_status_code.is_none();
        match (status, failure.code) {
            (SipCallFailed, FailureCode::Canceled) if self.volatile.silent => {
                (TriggerFailed, Some(failure))
            }
            (SipCallFailed, FailureCode::Unreachable) if rang && is_presumed => {
                (status, Some(Failure::of(FailureCode::NoAnswer)))
            }
            (TriggerFailed, FailureCode::DialerUnavailable) if rang => {
                (SipCallFailed, Some(Failure::dialer(Reason::LostRinging)))
            }
            (TriggerFailed, _) if rang => (SipCallFailed, Some(failure)),
            _ => (status, Some(failure)),
        }
    }
}
