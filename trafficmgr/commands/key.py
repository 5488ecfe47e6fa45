"""`trafficmgr key`: who signs what edges serve. Runs where the private keys are: on a machine that publishes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import click

from edge.trust.keys import KeyFormatError, PublicKey
from trafficmgr.client.output import output_option, print_json, print_table
from trafficmgr.environment import environment
from trafficmgr.runtime import control_plane

control_plane.load()

from accounts.audit.actor import Actor  # noqa: E402 - models, so after load()
from accounts.audit.journal import Event, record  # noqa: E402
from snapshots import signing  # noqa: E402
from snapshots.key_files import KeyFileError, private_key  # noqa: E402
from snapshots.models import SigningKey  # noqa: E402

COLUMNS = ("fingerprint", "purpose", "state", "private key")
OVERLAP_HOURS = 24.0


@click.group()
def key() -> None:
    """Create, list, rotate and retire the keys that edges trust."""


@key.command("list")
@output_option
def list_(output: str) -> None:
    """List the keys, who of them signs, and whether its private half is here."""
    now = datetime.now(UTC)
    with _errors():
        signer = signing.publisher(now)
        shown = [_shown(each, signer, now) for each in signing.all_keys()]
    if output == "json":
        print_json({"installation": str(signing.installation()), "keys": shown})
    else:
        print_table(f"installation {signing.installation()}", COLUMNS, (tuple(each.values()) for each in shown))


@key.command()
@click.option("--after-loss", is_flag=True, help="All private keys are lost: every node has to be enrolled again.")
def create(after_loss: bool) -> None:
    """Make the first key, of an installation that has none. trafficmgr up does so by itself."""
    make = signing.start_over if after_loss else signing.create_first_key
    with _errors():
        made = make(environment().keys_directory, datetime.now(UTC))
    if made is None:
        raise click.ClickException("there are keys already: trafficmgr key rotate makes another")
    _note("create", made)
    _tell(made, "signs from now on")


@key.command()
@click.option(
    "--overlap",
    type=click.FloatRange(0),
    default=OVERLAP_HOURS,
    show_default=True,
    help="Hours until it signs; edges are told of it at once.",
)
def rotate(overlap: float) -> None:
    """Announce a new key, by a statement that the present one signs. Retire the old one when the new one signs."""
    with _errors():
        made = signing.rotate(environment().keys_directory, datetime.now(UTC), timedelta(hours=overlap))
    _note("rotate", made)
    _tell(made, f"signs from {made.signs_from:%Y-%m-%d %H:%M} UTC on; have its file on every machine that publishes")


@key.command()
@click.argument("fingerprint")
def retire(fingerprint: str) -> None:
    """Have edges trust a key no more; the beginning of its FINGERPRINT is enough."""
    with _errors():
        gone = signing.retire(fingerprint, environment().keys_directory, datetime.now(UTC))
    _note("retire", gone)
    click.echo(f"{gone.fingerprint} is not trusted any more")


@key.command("trust-for-orders")
@click.argument("file", type=click.File("rb"))
def trust_for_orders(file: BinaryIO) -> None:
    """Have edges take break-glass orders from the key whose public half, in PEM, is FILE. It may sign nothing else."""
    with _errors():
        public = PublicKey.of_pem(file.read())
        made = signing.trust_for_orders(public, environment().keys_directory, datetime.now(UTC))
    _note("trust-for-orders", made)
    click.echo(f"{made.fingerprint} may sign break-glass orders")


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (signing.SigningError, KeyFileError, KeyFormatError) as error:
        raise click.ClickException(str(error)) from error


def _note(action: str, key: SigningKey) -> None:
    record(Actor.command("trafficmgr key"), None, [Event("keys", key.fingerprint, action)])


def _tell(made: SigningKey, when: str) -> None:
    click.echo(f"{made.fingerprint} {when}")


def _shown(known: SigningKey, signer: str | None, now: datetime) -> dict[str, str]:
    is_here = private_key(environment().keys_directory, known.fingerprint) is not None
    return {
        "fingerprint": known.fingerprint,
        "purpose": known.purpose,
        "state": _state(known, signer, now),
        "private": "here" if is_here else "",
    }


def _state(known: SigningKey, signer: str | None, now: datetime) -> str:
    if known.retired:
        return f"retired {known.retired:%Y-%m-%d %H:%M}"
    if known.signs_from and known.signs_from > now:
        return f"signs from {known.signs_from:%Y-%m-%d %H:%M} UTC"
    return "signs" if known.fingerprint == signer else "trusted"
