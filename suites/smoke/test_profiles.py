"""PRO: profiles and avatars."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import pytest

from fixtures.checks import eventually, must
from fixtures.checks.match import absent, equals, has, is_not, matches, one_of
from fixtures.clients.disclosure import disclosed
from fixtures.clients.pictures import png
from fixtures.contract import objects, user_profile
from fixtures.contract.promises import PROMISES
from fixtures.environments import Capability

if TYPE_CHECKING:
    from fixtures.clients.person import Person
    from fixtures.environments import Environment

PHONE = "+15550100"  # of the range that is set aside for fiction
BIO = 'Likes long walks & <short> test suites, \'twixt "quotes".'


@pytest.mark.guide("PRO-01", service="user-profile")
def test_change_is_seen_by_oneself_and_by_others(alice: Person, bob: Person) -> None:
    """A profile change is visible to oneself at once and to others within the deadline, and changes nothing else."""
    before = alice.profile.changes(phone=PHONE)
    bob.profile.of(alice)  # whatever is cached for others is so before the change
    name = f"{alice.identity.display_name} II"
    changed = has(display_name=name, bio=BIO)

    must(alice.profile.changes(display_name=name, bio=BIO), changed, subject="the answer to a profile change")
    after = alice.profile.own()
    must(after, changed, subject="alice's profile as alice sees it at once")
    must(after, has(email=alice.identity.email, phone=PHONE), subject="what alice did not change")
    must(after.version, is_not(equals(before.version)), subject="the version of alice's profile")
    eventually(
        lambda: bob.profile.of(alice),
        changed,
        within=PROMISES.deadlines.profile_to_others,
        subject="alice's profile as bob sees it",
        service=user_profile.SERVICE,
    )


@pytest.mark.guide("PRO-01", service="user-profile")
def test_private_fields_are_hidden_from_strangers(alice: Person, bob: Person) -> None:
    """A stranger sees neither mail address nor phone number, under whatever name."""
    alice.profile.changes(phone=PHONE)
    must(
        alice.profile.own(),
        has(email=alice.identity.email, phone=PHONE),
        subject="alice's profile as alice sees it",
    )
    shown = bob.profile.as_sent_of(alice)
    must(
        disclosed(shown, id=alice.user_id, email=alice.identity.email, phone=PHONE),
        equals(("id",)),
        subject="what alice's profile, as a stranger sees it, says of her",
    )


@pytest.mark.needs(Capability.CDN, Capability.OBJECT_STORAGE)
@pytest.mark.guide("PRO-02", service="user-profile")
def test_avatar_is_served_by_the_cdn(alice: Person, bob: Person, environment: Environment) -> None:
    """An avatar that was put to its presigned address is what others see, served by the CDN byte by byte."""
    picture = png()
    avatar = alice.profile.wears(picture, "image/png")
    seen = eventually(
        lambda: bob.profile.of(alice),
        has(avatar_url=avatar.avatar_url),
        within=PROMISES.deadlines.profile_to_others,
        subject="alice's profile as bob sees it",
        service=user_profile.SERVICE,
    )
    must(seen.avatar_url, matches(rf"{re.escape(environment.cdn or '')}/.+"), subject="where alice's avatar is")
    served = eventually(
        lambda: bob.gets(objects.get_from_cdn(avatar.avatar_url)),
        has(status=200),
        within=PROMISES.deadlines.avatar_on_cdn,
        subject="alice's avatar on the CDN",
        service=user_profile.SERVICE,
    )
    must(served, has(body=equals(picture), media_type="image/png"), subject="the avatar that the CDN serves")


@pytest.mark.needs(Capability.OBJECT_STORAGE)
@pytest.mark.guide("PRO-02", service="user-profile")
def test_avatar_of_the_wrong_type_or_size_is_refused(alice: Person) -> None:
    """What is no picture or too large is refused when announced, and what is not what was announced when completed."""
    largest = PROMISES.limits.avatar_bytes
    alice.is_refused(user_profile.start_avatar("text/html", 1), "unsupported-media-type")
    alice.is_refused(user_profile.start_avatar("image/png", largest + 1), "too-large")

    page = b"<!doctype html><title>not a picture</title>"
    upload = alice.profile.announces_avatar(page, "image/png")
    alice.profile.puts_avatar(upload, page)
    alice.is_refused(user_profile.complete_avatar(upload.upload_id), "upload-rejected")
    must(alice.profile.own(), has(avatar_url=absent()), subject="alice's profile after refused avatars")


@pytest.mark.needs(Capability.CDN, Capability.OBJECT_STORAGE)
@pytest.mark.guide("PRO-02", service="user-profile")
def test_avatars_cannot_be_listed(alice: Person) -> None:
    """Neither the CDN nor the object storage lists what others have put there."""
    picture = png()
    avatar = alice.profile.wears(picture, "image/png")
    upload = alice.profile.announces_avatar(picture, "image/png")
    for address in (*_folders(avatar.avatar_url), *_folders(upload.url)):
        must(
            alice.gets(objects.get(address)),
            has(status=one_of(*objects.DENIED)),
            subject=f"the answer to whoever looks at {address}",
            service=user_profile.SERVICE,
        )


def _folders(url: str) -> list[str]:
    """Every folder above an object, the root included, without the signature that opens the object itself."""
    parts = urlsplit(url)
    names = parts.path.strip("/").split("/")
    paths = ["/".join(names[:depth]) + "/" for depth in range(1, len(names))]
    return [urlunsplit((parts.scheme, parts.netloc, f"/{path}".replace("//", "/"), "", "")) for path in ["", *paths]]
