"""AUT: accounts, sessions and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.checks import eventually, must
from fixtures.checks.match import all_of, between, empty, equals, has
from fixtures.clients.differences import told_apart_by
from fixtures.clients.protected import closes, protected_operations, services_refuse_once_expired, sockets_refuse
from fixtures.clients.tokens import Forgery, forged, verified_claims
from fixtures.contract import auth
from fixtures.contract.promises import PROMISES

if TYPE_CHECKING:
    from fixtures.clients.person import Person
    from fixtures.environments import Environment


@pytest.mark.guide("AUT-01", service="auth")
def test_account_works_only_after_its_address_is_proven(newcomer: Person) -> None:
    """Nobody logs in before the one-time password has proven the address, and everybody does after it."""
    who = newcomer.identity
    registration = newcomer.account.registers()
    must(registration, has(email=who.email, status="pending"), subject="a new registration")
    newcomer.is_refused(auth.log_in(who.email, who.password), "not-verified")

    newcomer.account.verifies()
    newcomer.account.logs_in()
    must(
        newcomer.account.looks(),
        has(user_id=registration.user_id, email=who.email, status="active", display_name=who.display_name),
        subject="the account of somebody verified",
    )


@pytest.mark.guide("AUT-01", service="auth")
def test_account_is_not_activated_without_a_proof_of_its_own(newcomer: Person, alice: Person) -> None:
    """An account stays unusable when the proof is made up, or proves somebody else's address."""
    who = newcomer.identity
    newcomer.account.registers()
    # Alice is active, so a new password for registration proves her address once more, and hers alone.
    hers = alice.account.proves(alice.account.receives(alice.account.asks_for_a_code()))
    # Of the right address, and in form: nothing but its signature, which is of hers, tells that it is made up.
    own = newcomer.account.proves(newcomer.account.receives(newcomer.account.asks_for_a_code()))
    made_up = f"{own.proof.rpartition('.')[0]}.{hers.proof.rpartition('.')[2]}"
    for proof, what in (
        (hers.proof, "a proof of somebody else's address"),
        (made_up, "a proof with another's signature"),
    ):
        activation = auth.activate(newcomer.user_id, proof)
        must(newcomer.gets(activation), has(status=422), subject=f"the answer to {what}")
        newcomer.is_refused(activation, "proof-invalid")
    newcomer.is_refused(auth.log_in(who.email, who.password), "not-verified")


@pytest.mark.guide("AUT-01", service="auth")
def test_token_says_who_may_do_what_until_when(alice: Person, environment: Environment) -> None:
    """An access token verifies against the published keys and carries issuer, audience, subject and expiry."""
    who = alice.identity
    given = alice.transport.reply(auth.log_in(who.email, who.password))
    tokens, keys = given.value, alice.does(auth.key_set())
    claims = verified_claims(tokens.access_token, keys, issuer=environment.issuer, at=given.answer.moment)
    must(claims, has(sub=alice.user_id, sid=tokens.session_id), subject="the claims of alice's access token")
    must(
        claims["exp"] - claims["iat"],
        all_of(equals(tokens.expires_in), between(1, PROMISES.logins.access_lifetime, "s")),
        subject="the lifetime of alice's access token",
    )


@pytest.mark.guide("AUT-02", service="auth")
def test_wrong_password_and_unknown_user_look_the_same(alice: Person, newcomer: Person) -> None:
    """Whoever tries to log in learns nothing of whether the address has an account, be it active or not yet."""
    wrong = auth.log_in(alice.identity.email, newcomer.identity.password)
    unknown = auth.log_in(newcomer.identity.email, newcomer.identity.password)
    answers = [alice.gets(attempt) for attempt in (wrong, unknown, wrong, unknown)]
    for answer in answers:
        wrong.refused(answer, "invalid-credentials")
    must(
        told_apart_by(answers[::2], answers[1::2]),
        equals(()),
        subject="what differs between a wrong password and an unknown user",
    )
    newcomer.account.registers()
    alice.is_refused(auth.log_in(newcomer.identity.email, alice.identity.password), "invalid-credentials")


@pytest.mark.guide("AUT-02", service="auth")
def test_guessing_passwords_is_limited(alice: Person, newcomer: Person) -> None:
    """After repeated failures log-in is refused for a while that is told, also with the right password."""
    for who, whose in ((alice, "of an account"), (newcomer, "of an address that has no account")):
        guess = auth.log_in(who.identity.email, newcomer.identity.password)
        for _ in range(PROMISES.logins.failures):
            alice.is_refused(guess, "invalid-credentials")
        must(
            alice.gets(guess),
            has(status=429, retry_after=between(1, PROMISES.logins.failure_window, "s")),
            subject=f"the answer to one guess too many {whose}",
        )
        alice.is_refused(guess, "rate-limited")
    must(
        alice.gets(auth.log_in(alice.identity.email, alice.identity.password)),
        has(status=429),
        subject="the answer to a guess that is right, after too many that were wrong",
    )


@pytest.mark.guide("AUT-03", service="auth")
def test_refresh_token_works_once(alice: Person) -> None:
    """Refreshing gives new tokens, and an old refresh token is refused and ends the session with all its tokens."""
    former = alice.tokens
    latter = alice.account.refreshes()
    must(latter.in_common_with(former), empty(), subject="the tokens that refreshing did not change")
    alice.account.looks()

    alice.is_refused(auth.refresh(former.refresh_token), "refresh-token-reused")
    must(
        alice.gets(auth.refresh(latter.refresh_token)),
        has(status=401),
        subject="the answer to the newest refresh token after an old one was used again",
    )
    must(
        alice.gets(auth.account()),
        has(status=401),
        subject="the answer to the access token of a session that an old refresh token has ended",
    )


@pytest.mark.guide("AUT-03", service="auth")
def test_nothing_works_after_logout(alice: Person) -> None:
    """After logging out neither token opens anything, at any service, and what was open is closed."""
    devices = alice.connects(), alice.turns_camera_on()
    alice.account.logs_out()
    for operation in protected_operations(alice):
        alice.is_refused(operation, "unauthenticated")
    must(alice.gets(auth.refresh(alice.tokens.refresh_token)), has(status=401), subject="a refresh after logout")
    sockets_refuse(alice, alice.tokens.access_token, reason=PROMISES.sockets.token_invalid)
    for device in devices:
        closes(device, reason=PROMISES.sockets.token_invalid)


@pytest.mark.guide("AUT-04", service="auth")
def test_nothing_opens_without_a_token(alice: Person) -> None:
    """What is good with a token is refused without one by every service."""
    for operation in protected_operations(alice):
        alice.does(operation)
        alice.transport.refused(operation, "unauthenticated")


@pytest.mark.guide("AUT-04", service="auth")
@pytest.mark.parametrize("forgery", list(Forgery))
def test_forged_token_opens_nothing(alice: Person, forgery: Forgery) -> None:
    """A token that is tampered with, unsigned or signed by another is refused by every service and both sockets."""
    genuine = alice.tokens.access_token
    for operation in protected_operations(alice):
        alice.does(operation)  # the same request with the genuine token: what refuses everything proves nothing
    false = forged(forgery, genuine, alice.does(auth.key_set()))
    for operation in protected_operations(alice):
        alice.transport.refused(operation.bearing(false), "unauthenticated")
    sockets_refuse(alice, false, reason=PROMISES.sockets.token_invalid)


@pytest.mark.waits(1)
@pytest.mark.guide("AUT-04", service="auth")
def test_expired_token_opens_nothing(alice: Person) -> None:
    """A genuine token is refused by every service and both sockets once its time is over."""
    genuine = alice.tokens
    brief = alice.account.logs_in(access_expires_in=1).access_token
    alice.holds(genuine)
    eventually(
        lambda: alice.transport.answer(auth.account().bearing(brief)),
        has(status=401),
        within=PROMISES.deadlines.expiry,
        subject="the answer to a token that lives for a second",
    )
    services_refuse_once_expired(alice, brief)
    sockets_refuse(alice, brief, reason=PROMISES.sockets.token_expired)
