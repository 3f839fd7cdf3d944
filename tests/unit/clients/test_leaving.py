"""What people leave behind: nothing, whatever happened to them, or what the book says."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from unittest.mock import Mock

import pytest

from fixtures.checks import CheckFailure
from fixtures.clients.transport import Unexpected
from fixtures.contract import chat, objects
from fixtures.contract.chat import AttachmentUpload
from fixtures.contract.shared import Upload
from tests.unit.clients.make import AN_ID
from tests.unit.clients.peer import web_server
from tests.unit.clients.platform import Book, Platform, problem, world_of

NOW = datetime.now(UTC)


def test_who_only_registered_is_verified_to_be_removed() -> None:
    """A pending account cannot log in, so its address is proven first and then it is removed."""
    platform, book = Platform(), Book()
    with web_server(platform) as base:
        world = world_of(base, book)
        world.newcomer("newcomer").account.registers()
        world.ends()
    assert platform.asked[-1] == "DELETE /v1/accounts/me"
    assert book.words()["removed"] == 1


def test_whoever_never_asked_to_register_is_written_off() -> None:
    """Of a person who has only a name nothing is left, and nobody is asked for it."""
    platform, book = Platform(), Book()
    with web_server(platform) as base:
        world = world_of(base, book)
        world.newcomer("newcomer")
        world.ends()
    assert book.words() == {"intends": 1, "removed": 1}
    assert platform.asked == []


def test_a_registration_that_was_not_answered_well_leaves_the_intent_open() -> None:
    """Where nobody knows whether there is an account, the book goes on to name it."""
    platform, book = Platform(), Book()
    platform.instead["POST /v1/registrations"] = [problem(503, "dependency-unavailable")]
    with web_server(platform) as base:
        world = world_of(base, book)
        with pytest.raises(CheckFailure):
            world.person("alice")
        world.ends()
    assert book.words() == {"intends": 1}


def test_who_still_joins_is_waited_for_and_removed() -> None:
    """A check that fails since one person could not join leaves nobody behind who joined after that."""
    platform, book = Platform(), Book()
    platform.slow["-bob@"] = 0.3
    platform.instead["POST /v1/otps"] = [problem(503, "dependency-unavailable")]
    with web_server(platform) as base:
        world = world_of(base, book)
        world.expects(["alice", "bob"])
        with pytest.raises(CheckFailure):
            world.person("alice")
        world.ends()
    assert [line[0] for line in book.lines if "-bob@" in line[2]] == ["intends", "confirmed", "removed"]
    assert platform.asked.count("DELETE /v1/accounts/me") == 2


def test_the_wait_for_who_still_joins_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever joins for longer than anybody waits is named as one who may stay, and everybody else is removed."""
    platform, book, gives_up = Platform(), Book(), threading.Event()
    with web_server(platform) as base:
        world = world_of(base, book)
        world.person("alice")
        monkeypatch.setattr(world.newcomer("bob"), "joins", lambda: gives_up.wait(20))
        monkeypatch.setattr(world.transport, "timeouts", replace(world.transport.timeouts, work=0.2))
        world.expects(["bob"])
        with pytest.raises(CheckFailure, match=r"account verify-.*-bob@.*still joining after 0\.2 s"):
            world.ends()
        gives_up.set()
    assert book.words() == {"intends": 2, "confirmed": 1, "removed": 1, "left": 1}


def test_who_is_not_removed_in_time_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each who may stay is named, also where removing one takes longer than anybody waits."""
    platform, book, gives_up = Platform(), Book(), threading.Event()
    platform.instead["DELETE /v1/accounts/me"] = [problem(500, "internal")]
    with web_server(platform) as base:
        world = world_of(base, book)
        _, bob = world.people("alice", "bob")
        monkeypatch.setattr(bob.account, "leaves_for_good", lambda: gives_up.wait(20))
        monkeypatch.setattr(world.transport, "timeouts", replace(world.transport.timeouts, work=0.5))
        with pytest.raises(CheckFailure, match=r"-alice@.*answered 500.*-bob@.*not removed within 0\.5 s"):
            world.ends()
        gives_up.set()
    assert book.words()["left"] == 2


@pytest.mark.parametrize(("refused", "completions"), [("PUT /object", 1), ("POST /v1/profiles/me/avatar-uploads/", 2)])
def test_an_avatar_that_was_put_and_not_completed_is_completed_and_taken_off(refused: str, completions: int) -> None:
    """What is no avatar yet cannot be taken off, so it becomes one first; also if putting it seemed to fail."""
    platform, book = Platform(), Book()
    platform.instead[refused] = [problem(500, "internal")]
    with web_server(platform) as base:
        world = world_of(base, book)
        alice = world.person("alice")
        with pytest.raises(CheckFailure):
            alice.profile.wears(b"picture", "image/png")
        world.ends()
    assert [asked.split("/")[-1] for asked in platform.asked[-3:]] == ["completion", "avatar", "me"]
    assert sum(asked.endswith("/completion") for asked in platform.asked) == completions
    assert book.words("avatar") == {"intends": 1, "removed": 1}


def test_an_avatar_that_is_worn_is_only_taken_off() -> None:
    """What was completed is not completed again to be removed."""
    platform, book = Platform(), Book()
    with web_server(platform) as base:
        world = world_of(base, book)
        world.person("alice").profile.wears(b"picture", "image/png")
        world.ends()
    assert sum(asked.endswith("/completion") for asked in platform.asked) == 1
    assert platform.asked[-2:] == ["DELETE /v1/profiles/me/avatar", "DELETE /v1/accounts/me"]


@pytest.mark.parametrize(
    ("answer", "removed"),
    [(problem(422, "upload-rejected"), True), (problem(404, "not-found"), True), (problem(500, "internal"), False)],
)
def test_an_avatar_that_is_refused_is_taken_off_all_the_same(answer: tuple[int, object], *, removed: bool) -> None:
    """A refusal says that nothing was kept; where it is none, the book says that what was put is left."""
    platform, book = Platform(), Book()
    platform.instead["POST /v1/profiles/me/avatar-uploads/"] = [answer]
    with web_server(platform) as base:
        world = world_of(base, book)
        alice = world.person("alice")
        alice.profile.puts_avatar(alice.profile.announces_avatar(b"page", "image/png"), b"page")
        if removed:
            world.ends()
        else:
            with pytest.raises(CheckFailure, match=r"avatar verify-.*completeAvatarUpload"):
                world.ends()
    assert book.words("avatar") == {"intends": 1, ("removed" if removed else "left"): 1}


def test_an_attachment_is_in_the_book_before_its_bytes_are_put() -> None:
    """Other bytes than those announced are removed as the announced would be."""
    platform, book = Platform(), Book()
    with web_server(platform) as base:
        world = world_of(base, book)
        alice = world.person("alice")
        upload = Upload("PUT", f"{base}/object", {}, NOW)
        alice.chat.puts(AttachmentUpload(AN_ID, upload), b"others")
        world.ends()
    assert platform.asked[-3:] == [
        "PUT /object",
        f"DELETE /v1/attachments/{AN_ID}",
        "DELETE /v1/accounts/me",
    ]
    assert book.words("attachment") == {"intends": 1, "removed": 1}


def test_who_has_logged_out_logs_in_again_to_leave() -> None:
    """A session that has ended is no reason to leave an account behind."""
    platform, book = Platform(), Book()
    platform.instead["DELETE /v1/accounts/me"] = [problem(401, "unauthenticated")]
    with web_server(platform) as base:
        world = world_of(base, book)
        world.person("alice")
        world.ends()
    assert platform.asked[-2:] == ["POST /v1/tokens", "DELETE /v1/accounts/me"]
    assert book.words()["removed"] == 1


def test_what_stays_behind_is_told_and_written() -> None:
    """An account that cannot be removed fails the check, and the book says why."""
    platform, book = Platform(), Book()
    platform.instead["DELETE /v1/accounts/me"] = [problem(500, "internal")]
    with web_server(platform) as base:
        world = world_of(base, book)
        world.person("alice")
        with pytest.raises(CheckFailure, match="nothing left behind") as failure:
            world.ends()
    assert failure.value.service == "auth"
    assert isinstance(failure.value.__cause__, Unexpected)
    assert book.words() == {"intends": 1, "confirmed": 1, "left": 1}


@pytest.mark.parametrize(("answer", "removed"), [(problem(404, "not-found"), True), (problem(403, "forbidden"), False)])
def test_what_is_gone_by_the_second_try_is_gone(answer: tuple[int, object], *, removed: bool) -> None:
    """After a new log-in that nothing is there any more says the same as before it, and a refusal something else."""
    platform, book = Platform(), Book()
    platform.instead["DELETE /v1/accounts/me"] = [problem(401, "unauthenticated"), answer]
    with web_server(platform) as base:
        world = world_of(base, book)
        world.person("alice")
        if removed:
            world.ends()
        else:
            with pytest.raises(CheckFailure, match="answered 403 forbidden"):
                world.ends()
    assert book.words() == {"intends": 1, "confirmed": 1, ("removed" if removed else "left"): 1}
    assert sum(asked.endswith("/activation") for asked in platform.asked) == 1


def test_whoever_may_be_gone_is_named_as_that() -> None:
    """A removal that was not answered may have been done, and who looks for what stayed is told that."""
    platform, book = Platform(), Book()
    with web_server(platform) as base:
        world = world_of(base, book)
        alice = world.person("alice")
        alice.owns(
            "avatar", "hers", lambda: alice.does(objects.put(Upload("PUT", "http://127.0.0.1:1/", {}, NOW), b""))
        )
        with pytest.raises(CheckFailure, match=r"avatar hers \(may be gone: "):
            world.ends()
    assert next(line[3] for line in book.lines if line[0] == "left").startswith("may be gone: ")


def test_the_devices_and_threads_of_a_check_end_with_it() -> None:
    """Or its people would be online for the next check, and its threads go on to make others."""
    platform, book = Platform(), Book()
    hung_up: list[int] = []
    with web_server(platform) as base:
        world = world_of(base, book)
        world.person("alice")
        world.line.devices.append(Mock(leaves=lambda: hung_up.append(len(platform.asked))))
        world.ends()
    assert hung_up == [platform.asked.index("DELETE /v1/accounts/me")]
    own = [thread for thread in threading.enumerate() if thread.name.startswith("people-of-test_it")]
    for thread in own:
        thread.join(20)
    assert not any(thread.is_alive() for thread in own)


def test_belongings_go_before_their_owner() -> None:
    """What does not go with the account is removed first, the newest first, and gone already is gone."""
    platform, book = Platform(), Book()
    platform.instead["DELETE /v1/profiles/me/avatar"] = [problem(404, "not-found")]
    with web_server(platform) as base:
        world = world_of(base, book)
        alice = world.person("alice")
        alice.owns("avatar", "hers", alice.profile.takes_off_avatar)
        alice.owns("attachment", "hers", lambda: alice.does(chat.delete_attachment(AN_ID)))
        world.ends()
    assert platform.asked[-3:] == [
        f"DELETE /v1/attachments/{AN_ID}",
        "DELETE /v1/profiles/me/avatar",
        "DELETE /v1/accounts/me",
    ]
    assert book.words("avatar") == {"intends": 1, "removed": 1}
