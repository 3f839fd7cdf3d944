"""Registering: a newcomer opens an account, proves the address by a one-time password, and logs in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from fixtures.checks import CheckFailure, eventually
from fixtures.checks.match import contains, has
from fixtures.clients.person import Person
from fixtures.contract import auth, notification, otp
from fixtures.contract.notification import Mail
from fixtures.contract.otp import Issued
from fixtures.contract.promises import PROMISES
from loadtests.failure import SOMEBODY_ELSES, Failure, agrees
from loadtests.journeys.journey import Journey, labels
from loadtests.people.visitor import Visitor

NO_MAIL: Final = "no one-time password"


@dataclass(frozen=True, slots=True)
class Registering(Journey):
    """The visitor's client is lent to a newcomer, who leaves again; who cannot is removed by the pool after the run."""

    name = "registering"
    operations = labels(
        auth.REGISTER,
        otp.ISSUE_FOR_REGISTRATION,
        notification.INBOX,
        otp.VERIFY,
        auth.ACTIVATE,
        auth.ISSUE_TOKENS,
        auth.DELETE_ACCOUNT,
    )

    def walk(self, visitor: Visitor, since: float) -> Callable[[], None]:
        """From registering to the first session; the mail is looked for until its promised deadline."""
        client, newcomer = visitor.client, visitor.newcomers.come()
        who = newcomer.identity
        registration = client.send(auth.register(who.email, who.password, who.display_name), since=since)
        agrees(registration, email=who.email)
        newcomer.becomes(registration.user_id)
        mail = _mail(visitor, newcomer, client.send(otp.issue_for_registration(who.email)))
        proof = client.send(otp.verify(mail.otp_id, mail.code))
        agrees(proof, otp_id=mail.otp_id)
        activation = client.send(auth.activate(newcomer.user_id, proof.proof))
        agrees(activation, user_id=newcomer.user_id)
        if activation.status != "active":
            raise Failure("contract: status", f"the account is {activation.status} after its activation")
        newcomer.active = True
        tokens = client.send(auth.log_in(who.email, who.password))
        # Not only because it is wrong: by another's tokens that other would leave.
        agrees(tokens, user_id=newcomer.user_id, subject_id=newcomer.user_id)
        newcomer.holds(tokens)
        return partial(_leaves, visitor, newcomer)


def _mail(visitor: Visitor, newcomer: Person, issued: Issued) -> Mail:
    """Wait for the mail with that one-time password; raises `Failure`."""
    address = newcomer.identity.email
    wanted = has(otp_id=issued.otp_id)

    def look() -> Sequence[Mail]:
        mails = visitor.client.send(notification.inbox(address).keyed(visitor.synthetic_key())).items
        if any(mail.to != address for mail in mails):
            raise Failure(f"{SOMEBODY_ELSES} mail")
        return mails

    try:
        mails = eventually(
            look,
            contains(wanted),
            within=PROMISES.deadlines.otp_arrival,
            subject="the inbox of a newcomer",
        )
    except CheckFailure as failure:
        raise Failure(NO_MAIL, failure.summary()) from failure
    return next(mail for mail in mails if wanted.match(mail) is None)


def _leaves(visitor: Visitor, newcomer: Person) -> None:
    """Delete the newcomer's account; raises `Failure`, and then the pool has to."""
    visitor.client.token = newcomer.tokens.access_token
    try:
        visitor.client.send(auth.delete_account())
    finally:
        visitor.takes_tokens()
    visitor.newcomers.gone(newcomer)
