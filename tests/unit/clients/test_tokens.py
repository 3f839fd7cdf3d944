"""Tokens looked at closely, and forged."""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fixtures.checks import CheckFailure
from fixtures.clients.tokens import Forgery, forged, verified_claims
from fixtures.contract.auth import Key, KeySet
from fixtures.contract.promises import PROMISES

ISSUER = "https://api.test/issuer"
PRIVATE = Ed25519PrivateKey.generate()
X = base64.urlsafe_b64encode(PRIVATE.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).rstrip(b"=").decode()
KEYS = KeySet((Key(kty="OKP", crv="Ed25519", kid="k1", use="sig", alg="EdDSA", x=X),))


NOW = int(time.time())


def _token(*, key: Ed25519PrivateKey = PRIVATE, kid: str = "k1", without: str = "", **claims: object) -> str:
    whole: dict[str, object] = {
        "iss": ISSUER,
        "aud": "social-platform",
        "sub": "u",
        "sid": "s",
        "iat": NOW,
        "exp": NOW + 86_400,
        "jti": "j",
    }
    whole |= claims
    whole.pop(without, None)
    return jwt.encode(whole, key, algorithm="EdDSA", headers={"kid": kid})


def test_a_good_token_gives_its_claims() -> None:
    """A token signed by a published key for this issuer and audience is read."""
    assert verified_claims(_token(), KEYS, issuer=ISSUER, at=None)["sub"] == "u"


@pytest.mark.parametrize(
    "token",
    [
        _token(key=Ed25519PrivateKey.generate()),
        _token(kid="k2"),
        _token(iss="https://elsewhere"),
        _token(aud="somebody"),
        _token(exp=NOW - 60),
        _token(exp=float("nan")),
        _token(iat=NOW + 60),
        _token(iat=True),
        _token(nbf=NOW + 60),
        _token(nbf=str(NOW)),
        "rubbish",
        *(_token(without=name) for name in ("iss", "aud", "sub", "sid", "iat", "exp", "jti")),
    ],
)
def test_whatever_is_wrong_with_a_token_is_found(token: str) -> None:
    """A wrong key, an unknown key, another issuer or audience, no or wrong times or a missing claim fails auth."""
    with pytest.raises(CheckFailure) as failure:
        verified_claims(token, KEYS, issuer=ISSUER, at=NOW)
    assert failure.value.service == "auth"


@pytest.mark.parametrize("ahead", [-3600, 30, 3600])
def test_a_token_is_judged_by_the_clock_of_who_gave_it(ahead: int) -> None:
    """A wrong clock of this machine is no fault of auth's; where no other is known, there is only this one."""
    now = int(time.time()) + ahead
    token = _token(iat=now, exp=now + 900)
    assert verified_claims(token, KEYS, issuer=ISSUER, at=now)["sub"] == "u"
    with pytest.raises(CheckFailure, match="it was given"):
        verified_claims(token, KEYS, issuer=ISSUER, at=None)


@pytest.mark.parametrize(
    ("name", "ahead", "good"),
    [("iat", 5, True), ("iat", 6, False), ("nbf", 5, True), ("nbf", 6, False), ("exp", -4, True), ("exp", -5, False)],
)
def test_clocks_of_the_platform_need_not_agree_to_the_second(name: str, ahead: int, *, good: bool) -> None:
    """Who signs a token and who sends it go by clocks of their own, and only what is farther off is wrong."""
    assert PROMISES.deadlines.socket_close == 5
    times: dict[str, Any] = {name: NOW + ahead}
    token = _token(**times)
    if good:
        assert verified_claims(token, KEYS, issuer=ISSUER, at=NOW)[name] == NOW + ahead
    else:
        with pytest.raises(CheckFailure, match="it was given"):
            verified_claims(token, KEYS, issuer=ISSUER, at=NOW)


@pytest.mark.parametrize("forgery", list(Forgery))
def test_no_forgery_verifies(forgery: Forgery) -> None:
    """Every forgery differs from the genuine token and is refused by a verifier that does its work."""
    genuine = _token()
    false = forged(forgery, genuine, KEYS)
    assert false != genuine
    with pytest.raises(CheckFailure):
        verified_claims(false, KEYS, issuer=ISSUER, at=NOW)


@pytest.mark.parametrize("forgery", [one for one in Forgery if one is not Forgery.TAMPERED])
def test_a_forgery_claims_what_the_genuine_token_claims(forgery: Forgery) -> None:
    """Only the signature is wrong, so that nothing else can be the reason of a refusal."""
    genuine = _token()
    false = forged(forgery, genuine, KEYS)
    assert _claims(false) == _claims(genuine)
    assert {**jwt.get_unverified_header(false), "alg": "EdDSA"} == jwt.get_unverified_header(genuine)


def test_a_verifier_that_lets_the_token_choose_is_deceived() -> None:
    """A forgery that nobody would ever take would prove nothing of those who refuse it."""
    unsigned = forged(Forgery.UNSIGNED, _token(), KEYS)
    assert jwt.get_unverified_header(unsigned)["alg"] == "none"
    assert unsigned.endswith(".")
    confused = forged(Forgery.CONFUSED_ALGORITHM, _token(), KEYS)
    assert jwt.get_unverified_header(confused)["alg"] == "HS256"
    assert jwt.decode(confused, X, algorithms=["HS256"], audience="social-platform")["sub"] == "u"


def test_a_token_of_a_foreign_key_is_signed_as_one_must_be() -> None:
    """Who looks at its form alone finds nothing wrong with it, and no two are of one key."""
    genuine = _token()
    signatures = {forged(Forgery.FOREIGN_KEY, genuine, KEYS).split(".")[2] for _ in range(2)}
    assert len(signatures | {genuine.split(".")[2]}) == 3
    assert {len(one) for one in signatures} == {len(genuine.split(".")[2])}


def test_a_tampered_token_keeps_header_and_signature() -> None:
    """Only the claims differ, and by them it would live longer."""
    genuine = _token()
    false = forged(Forgery.TAMPERED, genuine, KEYS)
    assert false.split(".")[::2] == genuine.split(".")[::2]
    assert _claims(false)["exp"] > _claims(genuine)["exp"]


def _claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims
