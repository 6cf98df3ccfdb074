"""The Audatec Voice API. `audatec.generated` has each route and each type of its document; this package adds what a generator can't."""

from .client import AddedRecipients, Audatec, RejectedRow
from .errors import ApiError, AudatecError, ConnectionFailed, WaitTimeout
from .events import Event
from .signature import Verdict, check_signature, verify_signature

__all__ = [
    "AddedRecipients",
    "ApiError",
    "Audatec",
    "AudatecError",
    "ConnectionFailed",
    "Event",
    "RejectedRow",
    "Verdict",
    "WaitTimeout",
    "check_signature",
    "verify_signature",
]
