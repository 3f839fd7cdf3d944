"""Registering and connecting: what newcomers and phones need, and what is left of them."""

import re
import time
from typing import Any

import gevent
import pytest
from msgspec.structs import replace

from fixtures.checks.time_scale import forget_time_scale
from fixtures.contract.auth import Activation
from fixtures.contract.operation import Operation
from fixtures.contract.promises import PROMISES
from fixtures.contract.shared import Page
from loadtests.failure import Failure
from loadtests.journeys import JOURNEYS
from tests.unit.clients.make import speaks_for
from tests.unit.load.journeys.device import Device
from tests.unit.load.journeys.town import Town, an_id, tokens

INBOX = "notification listSyntheticMail"


def _runs(name: str, town: Town) -> None:
    JOURNEYS[name].run(town.visitor(), time.perf_counter())


def _left(town: Town) -> list[str]:
    return [person.identity.noun for person in town.newcomers.remaining()]


def test_newcomer_leaves_again(town: Town) -> None:
    """A newcomer who got to a session deletes the account, after the journey was counted, and is written as gone."""
    _runs("registering", town)
    assert town.labels[-1] == "auth deleteOwnAccount"
    assert town.samples[-2]["name"] == "registering"
    assert _left(town) == []
    town.newcomers.write()
    assert ("removed", "account") in {line[:2] for line in town.book.lines}


def test_newcomer_who_cannot_leave_stays_for_the_pool(town: Town) -> None:
    """An account that could not be deleted fails no journey, and is known to whoever removes people."""
    town.trouble["auth deleteOwnAccount"].append(Failure("status 500"))
    _runs("registering", town)
    assert town.counted("registering") == [(True, "")]
    (newcomer,) = town.newcomers.remaining()
    # Whoever proved the address needs no other proof to log in and leave, and gets none.
    assert (newcomer.identity.noun, newcomer.active) == ("n1", True)


def test_nobody_leaves_by_the_token_of_the_visitor(town: Town) -> None:
    """The client is lent: by the visitor's token it would delete somebody who is needed until the run ends."""
    visitor, used = town.visitor(), list[str | None]()
    visitor.takes_tokens()
    town.answers["auth deleteOwnAccount"] = lambda _: used.append(visitor.client.token)
    JOURNEYS["registering"].run(visitor, time.perf_counter())
    assert used == ["newcomer's"]


def test_journey_that_is_ended_while_the_newcomer_leaves_came_to_its_end(town: Town) -> None:
    """It is counted once, as what it was, and whoever stayed is known to whoever removes people."""
    town.answers["auth deleteOwnAccount"] = lambda _: gevent.sleep(30)
    walking = gevent.spawn(_runs, "registering", town)
    gevent.sleep(0)
    walking.kill()
    assert not isinstance(walking.value, gevent.GreenletExit)
    assert town.counted("registering") == [(True, "")]
    assert _left(town) == ["n1"]


def test_newcomer_does_not_leave_by_a_token_that_speaks_for_somebody_else(town: Town) -> None:
    """Who signs for two at once may say in the answer who logged in, and in the token another."""
    answer: Any = town.answers["auth issueTokens"]
    town.answers["auth issueTokens"] = lambda asked: replace(answer(asked), access_token=speaks_for(an_id()))
    _runs("registering", town)
    assert town.counted("registering") == [(True, "somebody else's subject_id")]
    assert town.labels[-1] == "auth issueTokens"


@pytest.mark.parametrize(
    ("operation", "mixed", "cause"),
    [
        ("auth registerAccount", {"email": "other@synthetic.invalid"}, "somebody else's email"),
        ("otp verifyOtp", {"otp_id": an_id()}, "somebody else's otp_id"),
    ],
)
def test_answers_that_cross_are_told_as_such(operation: str, mixed: dict[str, str], cause: str, town: Town) -> None:
    """Two who register at once and are given each other's answers get on no further, and for that reason."""
    answer: Any = town.answers[operation]
    town.answers[operation] = lambda asked: replace(answer(asked), **mixed)
    _runs("registering", town)
    assert town.counted("registering") == [(True, cause)]
    assert town.labels[-1] == operation


def test_inbox_with_the_mail_of_others_is_a_leak(town: Town) -> None:
    """One's own one-time password is there, and beside it that of somebody who registers at the same time."""
    answer: Any = town.answers["notification listSyntheticMail"]

    def others(asked: Operation[Any]) -> Page[Any]:
        page = answer(asked)
        return Page((*page.items, replace(page.items[0], to="other@synthetic.invalid")), None)

    town.answers["notification listSyntheticMail"] = others
    _runs("registering", town)
    assert town.counted("registering") == [(True, "somebody else's mail")]


@pytest.mark.parametrize("failure", [None, Failure("status 500")])
def test_client_is_the_visitors_again(failure: Failure | None, town: Town) -> None:
    """What was lent to a newcomer sends in the visitor's own name afterwards, however the newcomer left."""
    visitor = town.visitor()
    town.trouble["auth deleteOwnAccount"].append(failure)
    JOURNEYS["registering"].run(visitor, time.perf_counter())
    assert visitor.client.token == visitor.person.tokens.access_token


def test_newcomer_who_got_no_further_stays_for_the_pool(town: Town) -> None:
    """Whoever registered and could not log in has an account that has to go."""
    town.trouble["auth activateAccount"].append(Failure("status 500"))
    _runs("registering", town)
    assert town.counted("registering") == [(True, "status 500")]
    assert _left(town) == ["n1"]


def test_account_that_stays_pending_is_a_breach_of_the_contract(town: Town) -> None:
    """An activation after which the account is of no use ends the journey there."""
    town.answers["auth activateAccount"] = lambda operation: Activation(operation.path.split("/")[-2], "pending")
    _runs("registering", town)
    assert town.counted("registering") == [(True, "contract: status")]


def test_newcomer_does_not_leave_by_the_tokens_of_somebody_else(town: Town) -> None:
    """A log-in that answers with another's session fails the journey, and nobody's account is deleted by it."""
    town.answers["auth issueTokens"] = lambda _: tokens(an_id())
    _runs("registering", town)
    assert town.counted("registering") == [(True, "somebody else's user_id")]
    assert town.labels[-1] == "auth issueTokens"
    assert _left(town) == ["n1"]


def test_mail_is_waited_for(town: Town) -> None:
    """The one-time password may take a while, and each look counts as a request."""
    town.mails = 3
    _runs("registering", town)
    assert len(town.counted("notification listSyntheticMail")) == 3
    assert town.counted("registering") == [(True, "")]


def test_mail_with_another_one_time_password_is_let_pass(town: Town) -> None:
    """An inbox may hold older ones, and newer ones: the one that was issued is waited for, and proves the address."""
    answer: Any = town.answers["notification listSyntheticMail"]
    proven: list[str] = []

    def among(asked: Operation[Any]) -> Page[Any]:
        items = answer(asked).items
        return Page((replace(items[0], otp_id=an_id()), *(items if len(town.counted(INBOX)) > 2 else ())), None)

    def proves(asked: Operation[Any]) -> object:
        proven.append(asked.path)
        return verify(asked)

    verify: Any = town.answers["otp verifyOtp"]
    town.answers |= {INBOX: among, "otp verifyOtp": proves}
    _runs("registering", town)
    assert town.counted("registering") == [(True, "")]
    assert [town.otp_id in path for path in proven] == [True]
    assert len(town.counted(INBOX)) == 3


def test_mail_that_does_not_come_is_the_cause(town: Town) -> None:
    """A one-time password that is not there by its deadline fails the journey by that name."""
    town.mails = 10**9
    _runs("registering", town)
    assert town.counted("registering") == [(True, "no one-time password")]


def test_phone_that_is_not_welcomed_fails_the_journey(town: Town) -> None:
    """Being connected is not enough: a phone has to be welcomed."""
    town.greeting = False
    _runs("connecting", town)
    assert town.counted("connecting") == [(True, "no welcome")]


def test_ping_without_pong_fails_the_journey(town: Town) -> None:
    """A connection that answers nothing in the time for it does not live."""
    forget_time_scale()
    town.on_frame = lambda *_: None
    _runs("connecting", town)
    assert town.counted("connecting") == [(True, "no pong")]
    (waited,) = re.findall(r"not within (.*) s", town.samples[-1]["exception"].detail)
    assert 0 < float(waited) <= PROMISES.deadlines.frame_answer
    assert all(device.closed for device in town.devices)


def test_pong_of_another_ping_is_no_sign_of_life(town: Town) -> None:
    """What answers something else that somebody asked answers nothing here."""
    town.on_frame = lambda _device, frame: frame | {"nonce": "another"}
    _runs("connecting", town)
    assert town.counted("connecting") == [(True, "no pong")]


def test_something_else_instead_of_a_welcome_fails_the_journey(town: Town) -> None:
    """The first frame is the welcome, or there is none."""
    town.greeting = False
    _first_hears(town, {"type": "pong", "nonce": "x"})
    assert town.counted("connecting") == [(True, "no welcome")]


def test_connection_that_ends_says_how(town: Town) -> None:
    """Whoever waits for a frame on a connection that ends fails with its end, not with a time-out."""
    opens = town.opens

    def ending(path: str, subprotocol: str, token: str, since: float | None, trace: str) -> Device:
        device = opens(path, subprotocol, token, since, trace)
        device.lost = Failure("closed unexpectedly 1011")
        return device

    town.opens = ending  # type: ignore[method-assign]  # for this town only
    _runs("connecting", town)
    assert town.counted("connecting") == [(True, "closed unexpectedly 1011")]


def test_rubbish_instead_of_a_welcome_is_a_breach_of_the_contract(town: Town) -> None:
    """A frame that nobody knows is told as such."""
    town.greeting = False
    _first_hears(town, {"type": "hello"})
    assert town.counted("connecting")[0][1].startswith("contract: frame")


def _first_hears(town: Town, frame: dict[str, Any]) -> None:
    opens = town.opens

    def saying(path: str, subprotocol: str, token: str, since: float | None, trace: str) -> Device:
        device = opens(path, subprotocol, token, since, trace)
        device.gets(frame)
        return device

    town.opens = saying  # type: ignore[method-assign]  # for this town only
    _runs("connecting", town)
