"""A small OpenID Connect provider on loopback: discovery, authorization, token, keys, user info.

It signs in whomever `subject` and `claims` say, at once, and hands out what `altered` makes of the ID token.
"""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID = "trafficmgr"
CLIENT_SECRET = "known to both"
Claims = dict[str, Any]


class Provider(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server_port}"
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.signing_key: Any = self.key
        self.algorithm, self.key_id = "RS256", "key-1"
        self.claims: Claims = {"sub": "248289761001", "email": "ada@example.com", "email_verified": True}
        self.altered: Callable[[Claims], Claims] = lambda claims: claims
        self.about: Callable[[Claims], Claims] = lambda claims: claims
        self.published_issuer = self.issuer
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []

    def discovery(self) -> Claims:
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        endpoints = {name: f"{self.issuer}/{path}" for name, path in names.items()}
        return {"issuer": self.published_issuer, "userinfo_endpoint": f"{self.issuer}/userinfo", **endpoints}

    def keys(self) -> Claims:
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**key, "kid": "key-1", "use": "sig", "alg": "RS256"}]}

    def token(self, form: dict[str, str]) -> Claims | None:
        """What a code is exchanged for; None where code, secret or proof do not fit."""
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or form.get("client_secret") != CLIENT_SECRET or form.get("client_id") != CLIENT_ID:
            return None
        proof = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
        if asked["code_challenge"] != proof.decode() or asked["redirect_uri"] != form.get("redirect_uri"):
            return None
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        signed = jwt.encode(
            self.altered(claims | self.claims), self.signing_key, self.algorithm, headers={"kid": self.key_id}
        )
        return {"access_token": secrets.token_urlsafe(), "token_type": "Bearer", "id_token": signed}


class Handler(http.server.BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, urlsplit(self.path).query
        self.server.asked.append(path)
        if path == "/authorize":
            self.authorize({name: values[0] for name, values in parse_qs(query).items()})
            return
        found = {
            "/.well-known/openid-configuration": self.server.discovery,
            "/keys": self.server.keys,
            "/userinfo": lambda: self.server.about(dict(self.server.claims)),
        }[path]()
        self.answer(200, found)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        token = self.server.token({name: values[0] for name, values in parse_qs(body).items()})
        self.answer(200 if token else 400, token or {"error": "invalid_grant"})

    def authorize(self, asked: dict[str, str]) -> None:
        code = secrets.token_urlsafe()
        self.server.codes[code] = asked
        self.send_response(302)
        self.send_header("Location", f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self, status: int, value: Claims) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: what was asked for is in `asked`."""


@contextmanager
def running_provider() -> Iterator[Provider]:
    provider = Provider()
    serving = threading.Thread(target=provider.serve_forever)
    serving.start()
    try:
        yield provider
    finally:
        provider.shutdown()
        serving.join()
        provider.server_close()
