"""Whether an ID token is one for us, of this sign-in (OpenID Connect Core 1.0, section 3.1.3.7)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

import jwt
from allauth.socialaccount.providers.oauth2.client import OAuth2Error

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signed by a private key that only the provider has: neither unsigned, nor with a secret that we know too."""
REQUIRED = ["iss", "sub", "aud", "exp", "iat"]
LEEWAY_S = 60


class RefusedIdTokenError(OAuth2Error):
    """The message says what is wrong with the token, and nothing of what is in it."""


def checked_claims(token: str, keys: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """The claims of `token`, signed by one of the provider's `keys` (RFC 7517). Raises RefusedIdTokenError."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            _key_of(token, keys),
            algorithms=ALGORITHMS,
            audience=client_id,
            issuer=issuer,
            leeway=LEEWAY_S,
            options={"require": REQUIRED},
        )
    except jwt.PyJWTError as error:
        raise RefusedIdTokenError(f"its ID token does not hold: {type(error).__name__}") from error
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise RefusedIdTokenError("its ID token is of another sign-in")
    if claims.get("azp", client_id) != client_id:
        raise RefusedIdTokenError("its ID token was issued to another client")
    return claims


def _key_of(token: str, keys: Mapping[str, Any]) -> jwt.PyJWK:
    wanted = jwt.get_unverified_header(token).get("kid")
    known = [key for key in jwt.PyJWKSet.from_dict(dict(keys)).keys if key.public_key_use in {None, "sig"}]
    fitting = [key for key in known if wanted in {None, key.key_id}]
    if len(fitting) != 1:
        raise RefusedIdTokenError("its ID token is signed by a key that the provider does not have")
    return fitting[0]
