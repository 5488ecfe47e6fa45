"""`trafficmgr break-glass`: switch off without the control plane (docs/security.md). Needs a private key alone."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import click

from edge.store import Store
from edge.switches import SIGNATURE_SUFFIX, SUFFIX
from edge.trust.keeper import kept_trust
from edge.trust.keys import KeyFormatError, PrivateKey
from edge.trust.orders import MOMENT, Kind, Order, Target
from edge.trust.refusal import RefusedError
from trafficmgr.environment import environment

UNITS = {"m": 60, "h": 3600, "d": 86400}
SPAN = re.compile(r"([1-9][0-9]{0,4})([mhd])", re.ASCII)


class Expiry(click.ParamType[datetime]):
    """`30m`, `12h`, `7d` from now, or a moment."""

    name = "when"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        text = str(value)
        span = SPAN.fullmatch(text)
        if span:
            return datetime.now(UTC) + timedelta(seconds=int(span[1]) * UNITS[span[2]])
        try:
            return datetime.strptime(text, MOMENT).replace(tzinfo=UTC)
        except ValueError:
            self.fail(f"{text!r} is no time: say 30m, 12h, 7d or 2026-12-01T12:00:00Z", param, ctx)


@click.group("break-glass")
def break_glass() -> None:
    """Switch endpoints, pools and sites off by signed files, without the control plane."""


@break_glass.command()
@click.option("--endpoint", help="Name of an endpoint; id=NUMBER where two teams use one name.")
@click.option("--pool", help="Name of a pool: all endpoints in it.")
@click.option("--site", help="Name of a site: its nodes say that they are not ready, and go on answering.")
@click.option("--off/--on", "is_off", default=None, help="On takes an order back that was off.")
@click.option("--expires", type=Expiry(), required=True, help="30m, 12h, 7d, or a moment such as 2026-12-01T12:00:00Z.")
@click.option("--key", "key_file", type=click.File("rb"), required=True, help="Private key in PEM.")
@click.option("--installation", type=click.UUID, help="Default: what the edge in TRAFFICMGR_HOME belongs to.")
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Directory to write to."
)
def sign(
    endpoint: str | None,
    pool: str | None,
    site: str | None,
    is_off: bool | None,
    expires: datetime,
    key_file: BinaryIO,
    installation: UUID | None,
    output: Path,
) -> None:
    """Write an order and its signature: put both into break-glass/ in the state directory of each edge."""
    said = {Kind.ENDPOINT: endpoint, Kind.POOL: pool, Kind.SITE: site}
    named = [f"{kind} {name}" for kind, name in said.items() if name is not None]
    if len(named) != 1 or is_off is None:
        raise click.UsageError("say exactly one of --endpoint, --pool and --site, and --off or --on")
    try:
        target = Target.read(named[0])
        key = PrivateKey.of_pem(key_file.read())
    except (RefusedError, KeyFormatError) as error:
        raise click.ClickException(str(error)) from error
    order = Order(installation or _installation(), int(time.time()), expires, target, is_off)
    click.echo("\n".join(str(path) for path in _write(order, key, output)))


def _installation() -> UUID:
    home = environment().home / "edge"
    trust = kept_trust(Store(home)) if home.exists() else None
    if trust is None:
        raise click.UsageError("say --installation: trafficmgr key list and trust.json of any edge have it")
    return trust.installation


def _write(order: Order, key: PrivateKey, directory: Path) -> tuple[Path, Path]:
    """The signature first: an order without one would be passed over, and a new one must not meet an old one."""
    name = f"{order.target.kind}-{order.target.name.replace('=', '-')}-{order.serial}{SUFFIX}"
    path, signature = directory / name, directory / (name + SIGNATURE_SUFFIX)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        signature.write_bytes(key.sign(order.octets))
        path.write_bytes(order.octets)
    except OSError as error:
        raise click.ClickException(f"{directory} cannot be written: {error.strerror}") from error
    return path, signature
