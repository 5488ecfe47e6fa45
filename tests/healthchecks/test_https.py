"""The certificate is made by `openssl` for fra-1.demo.test and trusted where a test says so."""

import asyncio
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthchecks.probes import https
from tests.healthchecks.servers import answering, http, probe, serving


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        [
            *["openssl", "req", "-x509", "-nodes", "-days", "2"],
            *["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
            *["-subj", "/CN=fra-1", "-addext", "subjectAltName=DNS:fra-1.demo.test"],
            *["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")],
        ],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "certificate.pem", certificate / "key.pem")
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "certificate.pem"))
    https.verifying_context.cache_clear()
    yield
    https.verifying_context.cache_clear()


@pytest.mark.usefixtures("trusted")
async def test_a_trusted_certificate_for_the_right_name_succeeds(tls: ssl.SSLContext) -> None:
    async with serving(answering(http(200)), tls) as port:
        outcome = await probe("https", port, {"host": "fra-1.demo.test"})
    assert (outcome.succeeded, outcome.cause) == (True, "status 200")


@pytest.mark.usefixtures("trusted")
async def test_a_certificate_for_another_name_fails(tls: ssl.SSLContext) -> None:
    async with serving(answering(http(200)), tls) as port:
        outcome = await probe("https", port, {"host": "iad-1.demo.test"})
    assert outcome.cause.startswith("certificate not accepted: Hostname mismatch")


async def test_an_untrusted_certificate_fails_unless_it_need_not_be_verified(tls: ssl.SSLContext) -> None:
    async with serving(answering(http(200)), tls) as port:
        outcome = await probe("https", port, {"host": "fra-1.demo.test"})
        assert (await probe("https", port, {"verify_certificate": False})).succeeded
    assert outcome.cause.startswith("certificate not accepted: self-signed certificate")


async def test_a_server_without_tls_fails_in_the_handshake() -> None:
    async def plain(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http(400))
        await writer.drain()

    async with serving(plain) as port:
        outcome = await probe("https", port)
    assert outcome.cause.startswith("TLS handshake failed")
