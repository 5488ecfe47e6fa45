"""Every environment variable, read and typed in one place. Imports nothing of Django: edges read it too.

`trafficmgr up` writes what it starts (Postgres, broker, secret key) to `$TRAFFICMGR_HOME/services.env`; a variable set
in the environment wins over that file.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, IPvAnyNetwork, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from common.addresses import reachable, split_address

SERVICES_FILE = "services.env"
COOKIE_SECRET_OCTETS = 16
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
SMTP_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class VariableError(Exception):
    """A variable that cannot be used. The message names it and says what to set."""


@dataclass(frozen=True)
class MailServer:
    host: str
    port: int
    user: str
    password: str
    starttls: bool
    tls: bool

    @classmethod
    def read(cls, url: str) -> MailServer:
        """The server that a URL names. Raises ValueError."""
        parsed = urlsplit(url)
        if parsed.scheme not in SMTP_PORTS or not parsed.hostname or parsed.path.strip("/") or parsed.query:
            raise ValueError(url)
        return cls(
            host=parsed.hostname,
            port=parsed.port or SMTP_PORTS[parsed.scheme],
            user=unquote(parsed.username or ""),
            password=unquote(parsed.password or ""),
            starttls=parsed.scheme == "smtp+starttls",
            tls=parsed.scheme == "smtps",
        )


ROLES = ("viewer", "operator", "publisher", "approver", "admin")
"""As accounts.permissions has them, which an edge node does not need."""


class Environment(BaseSettings):
    """The variables, by their names in lower case."""

    model_config = SettingsConfigDict(env_prefix="TRAFFICMGR_", extra="ignore", populate_by_name=True)

    home: Path = Field(Path(".trafficmgr"), description="State directory.")
    web: str = Field("127.0.0.1:8000", description="Where the web process listens.")
    dns: Annotated[list[str], NoDecode] = Field(
        ["127.0.0.1:5300"], description="Where an edge answers, comma-separated."
    )
    rate_limit: int | None = Field(
        None, ge=0, le=1_000_000, description="Replies per second over UDP to one client network about one subject."
    )
    rate_limit_exempt: Annotated[list[IPvAnyNetwork], NoDecode] | None = Field(
        None, description="Address blocks that the rate of replies is not limited for."
    )
    xdp: str | None = Field(None, description="Interface an edge answers by over AF_XDP, where possible.")
    nsid: str = Field("", max_length=128, description="How an edge calls itself to who asks (RFC 5001).")
    cookie_secrets: SecretStr | None = Field(None, description="What edges sign DNS cookies with (RFC 9018).")
    version_bind: str = Field("", max_length=255, description="What an edge answers version.bind with.")
    id_server: str = Field("", max_length=255, description="What an edge answers id.server with.")
    stale_after: float = Field(86400.0, ge=0, description="Seconds without contact after which answers are stale.")
    database_url: str | None = Field(None, validation_alias="DATABASE_URL", description="Postgres 15 or newer.")
    broker_url: str | None = Field(None, validation_alias="BROKER_URL", description="Redis, Valkey or RabbitMQ.")
    metrics: str = Field("127.0.0.1:9153", description="Where an edge serves /metrics; empty: nowhere.")
    relay: str = Field("", description="Where an edge serves the feed to others; empty: nowhere.")
    relay_certificate: Path | None = Field(None, description="PEM chain that a relay speaks TLS with.")
    relay_key: Path | None = Field(None, description="PEM key of it, if it is not in the same file.")
    dnstap: str | None = Field(None, description="Collector of an edge: unix:/PATH or tcp:HOST:PORT.")
    dnstap_sample: int = Field(100, ge=1, description="One in so many queries is tapped.")
    keys: Path | None = Field(None, description="Directory of the private keys that publishers sign with.")
    geo: Path | None = Field(None, description="Directory of MMDB files.")
    demo: bool = Field(True, description="0 starts empty.")
    probe_private: bool = Field(False, description="1 lets checks probe private and loopback addresses too.")
    probes_per_address: float = Field(
        50.0, ge=0, le=1e6, description="Probes per second that one address gets from one worker; 0: any number."
    )
    smtp: SecretStr | None = Field(
        None, description="Mail server for alerts: smtp://, smtp+starttls:// or smtps://USER:PASSWORD@HOST:PORT."
    )
    mail_from: str = Field("trafficmgr@localhost", description="Whom alerts by e-mail come from.")
    admin_token: SecretStr | None = Field(None, description="API token to create at first start.")
    secret_key: SecretStr | None = Field(None, description="Signs sessions; `trafficmgr up` makes one.")
    debug: bool = Field(False, description="Django's debug mode; never in production.")
    public_url: str = Field("", description="Where browsers reach the web process; https:// turns plain HTTP away.")
    require_second_factor: bool = Field(False, description="1: nobody gets in without a second factor.")
    session_hours: float = Field(
        168.0, gt=0, le=8760, description="Hours after which who has signed in has to sign in again."
    )
    oidc_issuer: str = Field("", description="OpenID Connect provider for single sign-on; empty: none.")
    oidc_client_id: str = Field("", description="How the provider knows this installation.")
    oidc_client_secret: SecretStr | None = Field(None, description="Secret that the provider gave this installation.")
    oidc_client_secret_file: Path | None = Field(None, description="File that holds it.")
    oidc_name: str = Field("single sign-on", min_length=1, max_length=60, description="What the button calls it.")
    oidc_signup: bool = Field(False, description="1: whoever the provider knows gets an account.")
    oidc_groups_claim: str = Field("groups", description="Claim that lists someone's groups.")
    oidc_teams: Annotated[dict[str, str], NoDecode] = Field(
        {}, description="GROUP=TEAM or GROUP=TEAM:ROLE, comma-separated."
    )
    trusted_proxies: Annotated[list[IPvAnyNetwork], NoDecode] = Field(
        [], description="Address blocks whose X-Forwarded-For the web process believes."
    )
    token_max_days: int = Field(366, ge=1, le=36_600, description="How long a new API token can be good for, in days.")
    rum_share: float = Field(0.1, ge=0, le=1, description="Share of page views that beacon.js measures.")
    api_requests_per_s: float = Field(
        100.0, ge=0, le=1e6, description="Requests per second of the REST API that one token may send; 0: any number."
    )
    capacity_moved: float = Field(
        0.1, ge=0, le=1, description="Share of the demand that one capacity plan may move, at most."
    )
    capacity_cost_ms: float = Field(
        0.0, ge=0, le=1e6, description="What one unit of an endpoint's cost is worth in milliseconds of round trip."
    )
    max_deleted_percent: float = Field(
        30.0,
        ge=0,
        le=100,
        description="Of a zone's record sets: a change that deletes more is asked about; 100: never.",
    )
    max_moved_percent: float = Field(
        30.0, ge=0, le=100, description="Of recent queries: a change that moves more is asked about; 100: never."
    )
    vantage_networks: Annotated[list[IPvAnyNetwork], NoDecode] = Field(
        [], description="The /24 and /48 that a worker is in: it measures as one of their clients."
    )
    rum_stream: str | None = Field(None, description="Redis or Valkey that measurements go through to be counted.")
    hosts: Annotated[list[str], NoDecode] = Field(["*"], description="Host names the web process answers for.")
    url: str = Field("http://127.0.0.1:8000", description="Where the command line finds the API.")
    token: SecretStr | None = Field(None, description="API token of the command line.")
    feed: Annotated[list[str], NoDecode] = Field(
        [], description="Feed URLs of an edge, comma-separated, the preferred one first."
    )
    feed_order: Literal["preference", "spread"] = Field(
        "preference", description="spread: each edge prefers the feeds in an order of its own."
    )
    node_token: SecretStr | None = Field(None, description="Token of an edge node.")

    @property
    def web_url(self) -> str:
        """Where processes of this machine reach the web process."""
        return f"http://{reachable(self.web)}"

    @property
    def keys_directory(self) -> Path:
        """Where the private keys of publishers are."""
        return self.keys or self.home / "keys"

    @property
    def cookie_secrets_octets(self) -> tuple[bytes, ...]:
        """Raises VariableError, which does not show them."""
        texts = self.cookie_secrets.get_secret_value().split(",") if self.cookie_secrets else []
        try:
            secrets = tuple(bytes.fromhex(text) for text in texts if text.strip())
        except ValueError:
            secrets = (b"",)
        if any(len(secret) != COOKIE_SECRET_OCTETS for secret in secrets):
            raise VariableError("TRAFFICMGR_COOKIE_SECRETS: each secret is 32 hexadecimal digits; commas between them")
        return secrets

    @field_validator("web")
    @classmethod
    def check_address(cls, value: str) -> str:
        split_address(value)
        return value

    @field_validator("metrics", "relay")
    @classmethod
    def check_optional_address(cls, value: str) -> str:
        return cls.check_address(value) if value else value

    @field_validator("public_url", "oidc_issuer")
    @classmethod
    def check_site(cls, value: str) -> str:
        """Without a final slash; unencrypted only for this machine."""
        parsed = urlsplit(value)
        is_local = parsed.scheme == "http" and parsed.hostname in LOCAL_HOSTS
        is_site = bool(parsed.hostname) and not (parsed.query or parsed.fragment)
        if value and not (is_site and (parsed.scheme == "https" or is_local)):
            raise ValueError("write https://HOST")
        return value.rstrip("/")

    @field_validator("oidc_teams", mode="before")
    @classmethod
    def split_pairs(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        if any(not (group.strip() and team.strip()) for group, _, team in pairs):
            raise ValueError("write GROUP=TEAM, several with commas between them")
        if any(":" in team and team.partition(":")[2].strip() not in ROLES for _, _, team in pairs):
            raise ValueError(f"the roles are {', '.join(ROLES)}")
        return {group.strip(): team.strip() for group, _, team in pairs}

    @property
    def oidc_secret(self) -> str:
        """The client secret, of the variable or its file. Raises VariableError, which does not show it."""
        if not self.oidc_issuer:
            return ""
        if not self.oidc_client_id:
            raise VariableError("TRAFFICMGR_OIDC_CLIENT_ID is not set: set it to what the provider calls this client")
        if self.oidc_client_secret_file is None:
            return self.oidc_client_secret.get_secret_value() if self.oidc_client_secret else ""
        try:
            return self.oidc_client_secret_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise VariableError(f"TRAFFICMGR_OIDC_CLIENT_SECRET_FILE cannot be read: {type(error).__name__}") from None

    @field_validator("vantage_networks")
    @classmethod
    def check_networks(cls, value: list[IPvAnyNetwork]) -> list[IPvAnyNetwork]:
        if any(network.prefixlen != (24 if network.version == 4 else 48) for network in value):
            raise ValueError("each is a /24 of IPv4 or a /48 of IPv6")
        return value

    @field_validator("rum_stream")
    @classmethod
    def check_stream(cls, value: str | None) -> str | None:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("write redis://HOST:PORT/NUMBER, rediss:// or unix://")
        return value or None

    @property
    def mail_server(self) -> MailServer | None:
        """Raises VariableError, which does not show the password."""
        if not self.smtp or not self.smtp.get_secret_value():
            return None
        try:
            return MailServer.read(self.smtp.get_secret_value())
        except ValueError:
            raise VariableError(
                "TRAFFICMGR_SMTP: write smtp://, smtp+starttls:// or smtps://USER:PASSWORD@HOST:PORT"
            ) from None

    @field_validator("mail_from")
    @classmethod
    def check_mail_from(cls, value: str) -> str:
        if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", value):
            raise ValueError("write an address such as alerts@example.com")
        return value

    @field_validator("dnstap")
    @classmethod
    def check_collector(cls, value: str | None) -> str | None:
        if not value:
            return None
        kind, _, place = value.partition(":")
        if kind == "tcp":
            split_address(place)
        elif kind != "unix" or not place.startswith("/"):
            raise ValueError("write unix:/PATH or tcp:HOST:PORT")
        return value

    @field_validator("feed")
    @classmethod
    def check_feeds(cls, value: list[str]) -> list[str]:
        if any(not url.startswith(("http://", "https://")) for url in value):
            raise ValueError("write https://HOST or http://HOST:PORT, several with commas between them")
        return value

    @field_validator("dns")
    @classmethod
    def check_addresses(cls, value: list[str]) -> list[str]:
        for address in value:
            split_address(address)
        if not value:
            raise ValueError("at least one ADDRESS:PORT is needed")
        return value

    @field_validator("dns", "feed", "hosts", "rate_limit_exempt", "trusted_proxies", "vantage_networks", mode="before")
    @classmethod
    def split_commas(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    def require_database_url(self) -> str:
        return self._required(self.database_url, "DATABASE_URL", "postgres://user:password@host:5432/name")

    def require_broker_url(self) -> str:
        return self._required(self.broker_url, "BROKER_URL", "redis://host:6379/0")

    def require_secret_key(self) -> str:
        key = self.secret_key.get_secret_value() if self.secret_key else None
        return self._required(key, "TRAFFICMGR_SECRET_KEY", "50 or more random characters")

    @staticmethod
    def _required(value: str | None, name: str, example: str) -> str:
        if not value:
            raise VariableError(f"{name} is not set: start with `trafficmgr up`, or set it to {example}")
        return value


def node_token_path(home: Path) -> Path:
    """Where the token of the edge on this machine is kept."""
    return home / "node.token"


def node_feed_path(home: Path) -> Path:
    """Where the URL of the feed is kept that this machine was enrolled with."""
    return home / "node.feed"


@cache
def environment() -> Environment:
    """The variables of this process, and what `trafficmgr up` started. Raises VariableError."""
    return _read(Path(os.environ.get("TRAFFICMGR_HOME", ".trafficmgr")) / SERVICES_FILE)


def declared_environment() -> Environment:
    """The variables alone, as the operator set them. Raises VariableError."""
    return _read(None)


def _read(file: Path | None) -> Environment:
    try:
        return Environment(_env_file=file)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        variable = name if name.isupper() else f"TRAFFICMGR_{name.upper()}"
        raise VariableError(
            f"{variable}: {first['msg'].removeprefix('Value error, ')} (it is {first['input']!r})"
        ) from error
    except OSError as error:
        raise VariableError(f"TRAFFICMGR_HOME: {error.filename} cannot be read: {error.strerror}") from error
