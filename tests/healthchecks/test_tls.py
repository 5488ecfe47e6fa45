"""TLS against real servers with good and bad certificates: what is reported is the same, insisted on or not."""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from healthchecks.probes import Outcome
from tests.healthchecks.certificates import DAY, FRA, Authority, make
from tests.healthchecks.servers import SHORT_S, answering, http, probe, serving, silent

BAD = {
    "expired": ({"start": -20 * DAY, "end": -10 * DAY}, "certificate has expired"),
    "not yet valid": (
        {"start": 10 * DAY, "end": 20 * DAY},
        "certificate is not yet valid or the system clock is incorrect",
    ),
    "of another purpose": ({"uses": [ExtendedKeyUsageOID.CLIENT_AUTH]}, "it is not for servers"),
}


async def handshake(tls: ssl.SSLContext, options: Mapping[str, object]) -> Outcome:
    async with serving(silent, tls) as port:
        return await probe("tls", port, {"server_name": FRA, **options})


async def over_http(tls: ssl.SSLContext, options: Mapping[str, object]) -> Outcome:
    async with serving(answering(http(204)), tls) as port:
        return await probe("https", port, {"host": FRA, **options})


either = pytest.mark.parametrize("see", [handshake, over_http])


@either
async def test_a_certificate_that_verifies_is_reported_with_its_end(see, trusted: Authority) -> None:
    outcome = await see(trusted.server(FRA, end=30 * DAY), {})
    assert outcome.succeeded
    assert outcome.certificate.problem == ""
    assert abs(outcome.certificate.not_after - datetime.now(UTC) - 30 * DAY) < timedelta(hours=1)


@either
@pytest.mark.parametrize(("said", "problem"), BAD.values(), ids=BAD)
async def test_a_bad_certificate_fails_and_is_reported_all_the_same(
    see, said, problem: str, trusted: Authority
) -> None:
    tls = trusted.server(FRA, **said)
    refused, tolerated = await see(tls, {}), await see(tls, {"verify_certificate": False})
    assert (refused.succeeded, refused.cause) == (False, f"certificate not accepted: {problem}")
    assert tolerated.succeeded
    assert refused.certificate == tolerated.certificate
    assert refused.certificate.problem == problem


@either
async def test_a_certificate_for_another_name_says_for_which(see, trusted: Authority) -> None:
    outcome = await see(trusted.server("iad-1.demo.test", "*.iad.demo.test", "192.0.2.1"), {})
    assert outcome.cause == (
        f"certificate not accepted: it is for iad-1.demo.test, *.iad.demo.test, 192.0.2.1, not {FRA}"
    )


@either
async def test_a_certificate_of_its_own_is_not_trusted(see, authority: Authority) -> None:
    outcome = await see(authority.context(make("fra-1", names=[FRA])), {})
    assert outcome.cause == "certificate not accepted: self-signed certificate"
    assert outcome.certificate.not_after > datetime.now(UTC)


@either
async def test_a_chain_without_its_intermediate_is_not_trusted(see, trusted: Authority) -> None:
    outcome = await see(trusted.context(make(FRA, trusted.intermediate, names=[FRA])), {})
    assert outcome.cause == "certificate not accepted: unable to get local issuer certificate"


@either
async def test_everything_that_is_wrong_is_said_at_once(see, trusted: Authority) -> None:
    outcome = await see(trusted.server("iad-1.demo.test", start=-20 * DAY, end=-10 * DAY), {})
    assert outcome.certificate.problem == f"certificate has expired; it is for iad-1.demo.test, not {FRA}"


@either
async def test_a_certificate_that_ends_soon_fails_where_that_is_asked(see, trusted: Authority) -> None:
    tls = trusted.server(FRA, end=10 * DAY)
    assert (await see(tls, {})).succeeded
    assert (await see(tls, {"min_days_to_expiry": 9})).succeeded
    outcome = await see(tls, {"min_days_to_expiry": 11})
    assert outcome.cause.startswith("certificate expires on ")
    assert outcome.cause.endswith(", in less than 11 days")
    assert not (await see(tls, {"min_days_to_expiry": 11, "verify_certificate": False})).succeeded


@either
async def test_an_expired_certificate_fails_by_its_days_though_it_need_not_verify(see, trusted: Authority) -> None:
    tls = trusted.server(FRA, start=-20 * DAY, end=-10 * DAY)
    assert not (await see(tls, {"min_days_to_expiry": 0, "verify_certificate": False})).succeeded


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
async def test_without_a_name_the_certificate_is_for_the_endpoint(name: str, trusted: Authority) -> None:
    async with serving(silent, trusted.server(name)) as port:
        assert (await probe("tls", port, host=name)).succeeded
    async with serving(silent, trusted.server(FRA)) as port:
        assert (await probe("tls", port, host=name)).cause.endswith(f"it is for {FRA}, not {name}")


async def test_a_wildcard_is_for_one_label(trusted: Authority) -> None:
    tls = trusted.server("*.demo.test")
    assert (await handshake(tls, {})).succeeded
    assert not (await handshake(tls, {"server_name": "a.fra-1.demo.test"})).succeeded


async def test_a_name_with_letters_beyond_ascii_is_asked_for_by_its_a_labels(trusted: Authority) -> None:
    asked: list[str | None] = []
    tls = trusted.server("xn--bcher-kva.demo.test")
    tls.sni_callback = lambda _connection, name, _context: asked.append(name)
    assert (await handshake(tls, {"server_name": "Bücher.demo.test"})).succeeded
    assert asked == ["xn--bcher-kva.demo.test"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_each_version_in_use_is_spoken(version: ssl.TLSVersion, trusted: Authority) -> None:
    tls = trusted.server(FRA)
    tls.minimum_version = tls.maximum_version = version
    outcome = await handshake(tls, {})
    assert outcome.succeeded
    assert outcome.cause.startswith(version.name.replace("_", "."))


async def test_nothing_is_sent_to_a_server_whose_certificate_is_refused(authority: Authority) -> None:
    received: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(1024))

    async with serving(listen, authority.server(FRA)) as port:
        outcome = await probe("https", port, {"host": FRA, "headers": {"X-Key": "secret"}})
    assert outcome.cause.startswith("certificate not accepted")
    assert b"".join(received) == b""


async def test_a_body_that_does_not_fit_is_told_with_the_certificate(trusted: Authority) -> None:
    outcome = await over_http(trusted.server(FRA), {"expected_codes": "200"})
    assert (outcome.succeeded, outcome.cause) == (False, "status 204, expected 200")
    assert outcome.certificate.problem == ""


@either
async def test_a_certificate_that_cannot_be_read_is_none_to_insist_on(
    see, trusted: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_octets: bytes) -> None:
        raise ValueError("invalid DER")

    monkeypatch.setattr(x509, "load_der_x509_certificate", refuse)
    tls = trusted.server(FRA)
    assert (await see(tls, {})).cause == "TLS handshake failed: its certificate cannot be read: invalid DER"
    tolerated = await see(tls, {"verify_certificate": False})
    assert (tolerated.succeeded, tolerated.certificate) == (see is over_http, None)


@pytest.mark.parametrize("kind", ["tls", "https"])
async def test_a_server_that_hangs_in_the_handshake_runs_into_the_timeout(kind: str) -> None:
    async with serving(silent) as port:
        outcome = await probe(kind, port, timeout_s=SHORT_S)
    assert (outcome.succeeded, outcome.cause, outcome.certificate) == (False, "no answer within 300 ms", None)


@pytest.mark.parametrize("kind", ["tls", "https"])
async def test_a_server_without_tls_fails_in_the_handshake(kind: str) -> None:
    async def plain(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http(400))
        await writer.drain()

    async with serving(plain) as port:
        outcome = await probe(kind, port)
    assert outcome.cause.startswith("TLS handshake failed")
