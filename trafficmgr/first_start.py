"""What a new installation needs before its processes start: an account, a node token, a first snapshot.

Everything here can be called again: what exists is left as it is.
"""

from __future__ import annotations

import json
import secrets
import socket
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from accounts.audit.actor import Actor
from accounts.audit.journal import Event, record
from accounts.audit.models import Action
from accounts.models import ApiToken, Membership, Team, User
from accounts.permissions import Role
from accounts.services import create_token, token_digest
from common.addresses import reachable
from edge.store import Store
from edge.trust.keeper import kept_trust, pin
from healthchecks.services import sync_schedule as schedule_probes
from regions.models import EdgeNode, Site
from regions.services import create_node_token
from snapshots.services import publish
from snapshots.signing import create_first_key, installation, publisher
from trafficmgr.demo.world import declare_demo
from trafficmgr.environment import Environment, node_token_path
from trafficmgr.runtime.secret_file import write_secret

TEAM_NAME = "default"
ADMIN_NAME = "admin"


@dataclass(frozen=True)
class Admin:
    """The content of `admin.json`. `password` is null where the account existed before this state directory."""

    username: str
    password: str | None
    token: str
    web: str
    dns: str


def prepare(environment: Environment) -> Admin:
    """Make what is missing in the database and the state directory, then publish. Returns what `admin.json` holds."""
    team, is_new = Team.objects.get_or_create(name=TEAM_NAME)
    if is_new:
        record(Actor.system("first start"), team, [Event("teams", TEAM_NAME, Action.CREATE)])
    admin = _admin(environment, team)
    now = datetime.now(UTC)
    create_first_key(environment.keys_directory, now)
    _local_edge(environment.home, team)
    _pin_key(environment.home, now)
    if environment.demo:
        declare_demo(team)
    schedule_probes()
    publish(now)
    return admin


def _admin(environment: Environment, team: Team) -> Admin:
    path = environment.home / "admin.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    user, password = _admin_user(team)
    token = known.get("token")
    if not token or not ApiToken.objects.filter(digest=token_digest(token)).exists():
        token = _admin_token(environment, user, team)
    admin = Admin(
        username=user.get_username(),
        password=password or known.get("password"),
        token=token,
        web=environment.web_url,
        dns=reachable(environment.dns[0]),
    )
    write_secret(path, json.dumps(asdict(admin), indent=2) + "\n")
    return admin


def _admin_user(team: Team) -> tuple[User, str | None]:
    """The administrator and, if just created, the password."""
    user = User.objects.filter(username=ADMIN_NAME).first()
    password = None
    if user is None:
        password = secrets.token_urlsafe(12)
        user = User.objects.create_superuser(ADMIN_NAME, password=password)
    Membership.objects.get_or_create(user=user, team=team, defaults={"role": Role.ADMIN})
    return user, password


def _admin_token(environment: Environment, user: User, team: Team) -> str:
    wanted = environment.admin_token.get_secret_value() if environment.admin_token else None
    name = f"up-{socket.gethostname()}-{secrets.token_hex(3)}"
    _token, secret = create_token(user, team, name, secret=wanted)
    return secret


def _local_edge(home: Path, team: Team) -> None:
    """The edge node of this machine. A token that the database does not know is replaced."""
    site, _created = Site.objects.get_or_create(
        team=team, name="local", defaults={"latitude": 50.11, "longitude": 8.68}
    )
    path = node_token_path(home)
    if path.exists() and EdgeNode.objects.filter(token_digest=token_digest(path.read_text().strip())).exists():
        return
    node = EdgeNode.objects.filter(team=team, site=site, name="local").first()
    if node is None:
        node = EdgeNode(team=team, site=site, name="local")
    write_secret(path, create_node_token(node) + "\n")


def _pin_key(home: Path, now: datetime) -> None:
    """Enrol the edge of this machine, unless it trusts this very database already."""
    store, fingerprint = Store(home / "edge"), publisher(now)
    trust = kept_trust(store)
    is_known = trust is not None and trust.installation == installation() and fingerprint in trust.publishers
    if fingerprint is not None and not is_known:
        pin(store, fingerprint)
