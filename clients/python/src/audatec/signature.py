"""Whether a notification is authentic."""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_Headers = Mapping[str, str]


@dataclass(frozen=True)
class Verdict:
    """The result of a check; `reason` says why it is not valid."""

    valid: bool
    reason: str | None = None

    def __bool__(self) -> bool:
        return self.valid


def verify_signature(
    body: bytes | str,
    headers: _Headers,
    secrets: str | Iterable[str],
    *,
    tolerance: float = 300.0,
    allow_untimed: bool = False,
    now: float | None = None,
) -> bool:
    """Whether this body was recently signed with one of these secrets.

    `body` is the raw body as received. During a rotation give both secrets, or the one that you have: each that is still good
    signs. `X-Audatec-Signature` alone, which does not say when it was made, is accepted with `allow_untimed`.
    """
    return check_signature(body, headers, secrets, tolerance=tolerance, allow_untimed=allow_untimed, now=now).valid


def check_signature(
    body: bytes | str,
    headers: _Headers,
    secrets: str | Iterable[str],
    *,
    tolerance: float = 300.0,
    allow_untimed: bool = False,
    now: float | None = None,
) -> Verdict:
    """The same, with the reason."""
    every = [secrets] if isinstance(secrets, str) else list(secrets)
    if not every or not all(every):
        raise ValueError("a secret is needed: whsec_…")
    raw = body.encode() if isinstance(body, str) else bytes(body)
    given = {name.lower(): value for name, value in headers.items()}
    standard = given.get("webhook-signature")
    # If it is there, it decides: otherwise it could be bypassed by adding the other header, intercepted earlier.
    if standard is not None:
        return _check_standard(standard, raw, given, every, tolerance, time.time() if now is None else now)
    plain = given.get("x-audatec-signature")
    if plain is None:
        return Verdict(False, "it has neither webhook-signature nor X-Audatec-Signature")
    if not allow_untimed:
        return Verdict(False, "it has no webhook-signature, so there is no telling when it was signed")
    for secret in every:
        if _is_same(hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest(), plain.strip().lower()):
            return Verdict(True)
    return Verdict(False, "no secret gives this X-Audatec-Signature for this body")


def _check_standard(signatures: str, body: bytes, headers: _Headers, secrets: list[str], tolerance: float, now: float) -> Verdict:
    """Standard Webhooks 1.0.0: several signatures, separated by spaces, of id, time and body."""
    message, timestamp = headers.get("webhook-id"), headers.get("webhook-timestamp", "").strip()
    if not message or not timestamp:
        return Verdict(False, "webhook-id and webhook-timestamp belong to its webhook-signature")
    if not (timestamp.isascii() and timestamp.isdecimal()):
        return Verdict(False, "webhook-timestamp is not a number of seconds")
    age = now - int(timestamp)
    if age > tolerance:
        return Verdict(False, f"it is {age:.0f} s old")
    if age < -tolerance:
        return Verdict(False, f"it is {-age:.0f} s ahead of this clock")
    signed = f"{message}.{timestamp}.".encode() + body
    for signature in signatures.split(" "):
        version, _, encoded = signature.partition(",")
        for secret in secrets if version == "v1" else []:
            mac = base64.b64encode(hmac.new(_key_of(secret), signed, hashlib.sha256).digest()).decode()
            if _is_same(mac, encoded):
                return Verdict(True)
    return Verdict(False, "no secret gives this webhook-signature for this body")


def _is_same(made: str, given: str) -> bool:
    return hmac.compare_digest(made.encode(), given.encode())


def _key_of(secret: str) -> bytes:
    """A secret's key under Standard Webhooks: what follows `whsec_`, decoded."""
    encoded = secret.removeprefix("whsec_")
    try:
        return base64.b64decode(encoded, validate=True) or encoded.encode()
    except binascii.Error:
        return encoded.encode()
