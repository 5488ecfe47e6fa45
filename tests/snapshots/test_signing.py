"""Who signs, and how one key follows another: what the control plane publishes is what edges take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from django.conf import settings

from edge.trust.keys import PrivateKey
from edge.trust.manifests import ManifestSignature
from edge.trust.refusal import Reason, RefusedError
from edge.trust.trust import Trust
from regions.models import EdgeNode, Site
from regions.services import create_node_token
from snapshots import signing
from snapshots.key_files import KeyFileError
from snapshots.models import SigningKey, Snapshot, TrustStatement
from snapshots.services import publish
from snapshots.signing import SigningError
from telemetry.models import NodeReport
from tests.snapshots.declaring import declare_zone

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def directory(tmp_path, monkeypatch):
    """Where the private keys of this publisher are."""
    monkeypatch.setattr(settings.ENVIRONMENT, "keys", tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
def key(ops, directory):
    return signing.create_first_key(directory, NOW)


def trust_of(pin: str) -> Trust:
    """What a node that pins this key begins with."""
    return Trust.first(signing.statements_since(0)[0], pin)


def check(trust: Trust, snapshot: Snapshot | None) -> None:
    assert snapshot is not None
    trust.check_manifest(snapshot.manifest.encode(), ManifestSignature.read(snapshot.signature))


def test_a_generation_is_signed_by_the_key_that_nodes_pin(key):
    check(trust_of(key.fingerprint), publish(NOW))


def test_without_keys_a_generation_is_not_signed_and_with_the_first_key_the_same_contents_are(ops, directory):
    assert publish(NOW).signature == ""
    key = signing.create_first_key(directory, NOW)

    second = publish(NOW)
    check(trust_of(key.fingerprint), second)
    assert second.generation == 2
    assert second.changes == [f"signed by key {key.fingerprint[:12]}"]
    assert publish(NOW) is None


def test_there_is_one_first_key(key, directory):
    assert signing.create_first_key(directory, NOW) is None


def test_the_private_half_is_in_a_file_of_the_owner_alone_and_nowhere_in_the_database(key, directory):
    [file] = directory.iterdir()
    assert (file.stat().st_mode & 0o777, directory.stat().st_mode & 0o777) == (0o600, 0o700)
    secret = PrivateKey.of_pem(file.read_bytes()).pem.splitlines()[1]
    stored = [*SigningKey.objects.values(), *TrustStatement.objects.values()]
    assert secret not in str(stored)


def test_a_private_key_that_others_can_read_signs_nothing(key, directory):
    next(directory.iterdir()).chmod(0o640)

    with pytest.raises(KeyFileError, match="chmod 600"):
        publish(NOW)


def test_a_publisher_without_any_key_publishes_nothing_and_says_what_to_copy(key, directory):
    next(directory.iterdir()).unlink()

    with pytest.raises(SigningError, match=rf"copy {key.fingerprint}\.pem"):
        publish(NOW)


def test_a_rotation_is_followed_by_who_pinned_the_first_key(key, directory):
    publish(NOW)
    trust = trust_of(key.fingerprint)
    new = signing.rotate(directory, NOW, HOUR)
    for statement in signing.statements_since(trust.version):
        trust = trust.followed_by(statement)
    assert publish(NOW) is None  # the old one signs on during the overlap

    renewed = publish(NOW + HOUR)
    assert ManifestSignature.read(renewed.signature).key == new.fingerprint
    check(trust, renewed)
    signing.retire(key.fingerprint[:8], directory, NOW + HOUR)
    trust = trust.followed_by(signing.statements_since(trust.version)[0])
    assert set(trust.publishers) == {new.fingerprint}
    check(trust_of(new.fingerprint), renewed)


def test_the_key_that_signs_is_not_retired(key, directory):
    with pytest.raises(SigningError, match="rotate first"):
        signing.retire(key.fingerprint, directory, NOW)
    signing.rotate(directory, NOW, HOUR)
    with pytest.raises(SigningError, match="rotate first"):
        signing.retire(key.fingerprint, directory, NOW)  # the new one does not sign yet


def test_a_key_that_is_told_badly_is_not_retired(key, directory):
    for name in ("", "none-such"):
        with pytest.raises(SigningError, match="trafficmgr key list"):
            signing.retire(name, directory, NOW)


def test_a_publisher_that_lacks_the_newest_key_signs_with_the_one_before(key, directory):
    new = signing.rotate(directory, NOW, timedelta())
    (directory / f"{new.fingerprint}.pem").unlink()

    assert ManifestSignature.read(publish(NOW).signature).key == key.fingerprint


def test_publishers_of_which_one_lacks_the_newest_key_do_not_sign_the_same_contents_in_turn(ops, key, directory):
    publish(NOW)
    later = NOW + HOUR
    file = directory / f"{signing.rotate(directory, NOW, HOUR).fingerprint}.pem"
    newest = publish(later)
    away = file.rename(file.with_suffix(".away"))

    assert publish(later) is None, "what the newest key has signed, the one before does not sign again"
    declare_zone(ops, "changed.test.")
    assert ManifestSignature.read(publish(later).signature).key == key.fingerprint
    away.rename(file)
    assert ManifestSignature.read(publish(later).signature).key == ManifestSignature.read(newest.signature).key


def test_nobody_states_trust_without_a_key_that_edges_trust(key, directory):
    (directory / f"{key.fingerprint}.pem").unlink()

    with pytest.raises(SigningError, match="run this where they are"):
        signing.rotate(directory, NOW, HOUR)
    assert SigningKey.objects.count() == 1
    assert list(directory.iterdir()) == []


def test_after_a_loss_another_key_begins_which_nodes_of_before_do_not_follow(key, directory):
    publish(NOW)
    trust = trust_of(key.fingerprint)
    next(directory.iterdir()).unlink()
    new = signing.start_over(directory, NOW)
    check(trust_of(new.fingerprint), publish(NOW))
    with pytest.raises(RefusedError) as refused:
        trust.followed_by(signing.statements_since(1)[0])
    assert refused.value.reason is Reason.TRUST


def test_a_key_for_orders_signs_no_generation(key, directory):
    paper = PrivateKey.generate()
    signing.trust_for_orders(paper.public, directory, NOW)
    trust = trust_of(key.fingerprint)
    assert paper.public.id in trust.order_signers
    manifest = publish(NOW).manifest.encode()
    with pytest.raises(RefusedError) as refused:
        trust.check_manifest(manifest, ManifestSignature.by(paper, trust.installation, manifest))
    assert refused.value.reason is Reason.KEY
    with pytest.raises(SigningError, match="known already"):
        signing.trust_for_orders(paper.public, directory, NOW)


def test_a_database_that_went_back_numbers_above_what_its_nodes_serve(ops, directory, key):
    declare_zone(ops, "demo.test.")
    publish(NOW)
    report_of_a_node(ops, generation=57)

    second = publish(NOW)
    assert second.generation == 58
    assert second.changes == ["numbered above what nodes serve: this database is of an earlier time"]
    assert publish(NOW) is None


def test_a_node_that_says_it_is_ages_ahead_is_not_believed(ops, directory, key):
    publish(NOW)
    report_of_a_node(ops, generation=2**62)

    assert publish(NOW) is None


def report_of_a_node(ops, generation: int) -> None:
    site = Site.objects.create(team=ops, name="fra", latitude=50.1, longitude=8.7)
    node = EdgeNode(team=ops, site=site, name="fra-1")
    create_node_token(node)
    NodeReport.objects.create(
        node=node,
        boot_id="6f1c0000-0000-4000-8000-000000000001",
        sequence=1,
        generation=generation,
        health_sequence=0,
        version="0.1.0",
        queries=0,
        reported=NOW,
    )


def run(*arguments: str):
    from trafficmgr.commands.key import key as command  # noqa: PLC0415 - loads the settings of Django

    return CliRunner().invoke(command, arguments)


def test_the_commands_lead_from_the_first_key_to_the_next(ops, directory):
    first = run("create").output.split()[0]
    assert "there are keys already" in run("create").output
    second = run("rotate", "--overlap", "0").output.split()[0]
    assert "is not trusted any more" in run("retire", first[:10]).output
    listed = run("list", "--output", "json").output
    assert first in listed
    assert second in listed
    assert run("retire", second).exit_code == 1
    pem = directory / "paper.pem"
    pem.write_text("no key")
    assert "no public key in PEM" in run("trust-for-orders", str(pem)).output
