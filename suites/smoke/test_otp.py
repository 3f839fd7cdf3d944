"""OTP: one-time passwords arrive, work once, expire, and cannot be guessed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from fixtures.checks import eventually, must
from fixtures.checks.match import contains_none, empty, exactly_once, has, matches, one_of
from fixtures.clients.disclosure import disclosed
from fixtures.contract import otp
from fixtures.contract.promises import PROMISES

if TYPE_CHECKING:
    from fixtures.clients.person import Person
    from fixtures.contract.notification import Mail

AT_ONCE = PROMISES.otps.attempts - 1


@pytest.mark.guide("OTP-01", service="otp")
def test_code_travels_by_mail_alone(alice: Person) -> None:
    """A one-time password arrives in the inbox within its deadline, and no answer of the platform contains it."""
    request = otp.issue_for_step_up(alice.identity.email)
    answer = alice.gets(request)
    mail = alice.account.receives(request.read(answer))
    must(mail, has(to=alice.identity.email, code=matches(rf"\d{{{PROMISES.otps.digits}}}")), subject="the mail")
    listing, attempt = otp.pending(), otp.verify(mail.otp_id, _other_than(mail))
    pending, refusal = alice.gets(listing), alice.gets(attempt)
    must(listing.read(pending).items, exactly_once(has(otp_id=mail.otp_id)), subject="the pending codes of alice")
    attempt.refused(refusal, "otp-wrong")
    for told, what in (
        (answer, "the request for a code"),
        (pending, "the question which codes are pending"),
        (refusal, "a wrong code"),
    ):
        must(disclosed(told, code=mail.code), empty(), subject=f"what the answer to {what} gives away")


@pytest.mark.guide("OTP-01", service="otp")
def test_code_works_once(alice: Person) -> None:
    """A code works once, be it tried several times at once, and is refused when it was used."""
    mail = alice.account.receives(alice.account.asks_for_a_step_up_code())
    verification = otp.verify(mail.otp_id, mail.code)
    with ThreadPoolExecutor(max_workers=AT_ONCE) as threads:
        answers = list(threads.map(lambda _: alice.gets(verification), range(AT_ONCE)))
    must(
        [answer.status for answer in answers],
        exactly_once(one_of(*verification.expects)),
        subject="the answers to one code that is tried several times at once",
    )
    alice.is_refused(verification, "otp-used")


@pytest.mark.waits(PROMISES.otps.shortest)
@pytest.mark.guide("OTP-01", service="otp")
def test_code_expires(alice: Person) -> None:
    """A code is no longer pending once its time is over, and the right one is refused."""
    mail = alice.account.receives(alice.account.asks_for_a_step_up_code(expires_in=PROMISES.otps.shortest))
    eventually(
        lambda: alice.reads_all(lambda cursor: otp.pending(cursor=cursor)),
        contains_none(has(otp_id=mail.otp_id)),
        within=PROMISES.otps.shortest + PROMISES.deadlines.expiry,
        subject="alice's pending one-time passwords",
        service=otp.SERVICE,
    )
    alice.is_refused(otp.verify(mail.otp_id, mail.code), "otp-expired")


@pytest.mark.guide("OTP-01", service="otp")
def test_wrong_codes_lock_it(alice: Person) -> None:
    """After as many wrong codes as are allowed, each counted down, even the right one is refused."""
    mail = alice.account.receives(alice.account.asks_for_a_step_up_code())
    for left in reversed(range(PROMISES.otps.attempts)):
        refusal = alice.is_refused(otp.verify(mail.otp_id, _other_than(mail)), "otp-wrong")
        must(refusal, has(attempts_left=left), subject="the answer to a wrong code")
    alice.is_refused(otp.verify(mail.otp_id, mail.code), "otp-locked")


@pytest.mark.guide("OTP-01", service="otp")
def test_asking_again_voids_the_former_code(alice: Person) -> None:
    """Of two codes for the same purpose only the newer works, and it is another."""
    former = alice.account.receives(alice.account.asks_for_a_step_up_code())
    newer = alice.account.receives(alice.account.asks_for_a_step_up_code())
    alice.is_refused(otp.verify(former.otp_id, former.code), "otp-superseded")
    alice.is_refused(otp.verify(newer.otp_id, former.code), "otp-wrong")
    must(alice.account.proves(newer), has(otp_id=newer.otp_id), subject="the proof that the newer code gives")


def _other_than(mail: Mail) -> str:
    """A code of the same length that is not the right one."""
    digits = len(mail.code)
    return str((int(mail.code) + 1) % 10**digits).zfill(digits)
