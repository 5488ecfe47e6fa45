"""gRPC against the reference implementation's server and health service, and against what is none."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from hypothesis import given
from hypothesis import strategies as st

from healthchecks.probes.grpc_messages import FRAME, MessageError, health_request, health_status
from tests.healthchecks.certificates import DAY, FRA, Authority, make
from tests.healthchecks.servers import SHORT_S, answering, http, probe, serving, silent

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


@contextmanager
def serving_health(
    *,
    offered: bool = True,
    credentials: grpc.ServerCredentials | None = None,
    handler: grpc.GenericRpcHandler | None = None,
) -> Iterator[int]:
    """A server that serves, of which `shop` serves and `bank` does not, or what `handler` says; gives the port."""
    server = grpc.server(ThreadPoolExecutor(2))
    if handler:
        server.add_generic_rpc_handlers([handler])
    elif offered:
        servicer = health.HealthServicer()
        for service, status in {"": SERVING, "shop": SERVING, "bank": NOT_SERVING}.items():
            servicer.set(service, status)
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    where = "127.0.0.1:0"
    port = server.add_secure_port(where, credentials) if credentials else server.add_insecure_port(where)
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


@pytest.fixture(scope="module")
def plain() -> Iterator[int]:
    with serving_health() as port:
        yield port


@pytest.mark.parametrize(
    ("service", "cause"),
    [
        ("", "SERVING"),
        ("shop", "SERVING"),
        ("bank", "says NOT_SERVING"),
        ("casino", "gRPC status 5 NOT_FOUND"),
    ],
)
async def test_the_health_of_a_service_is_asked(plain: int, service: str, cause: str) -> None:
    outcome = await probe("grpc", plain, {"service": service})
    assert outcome.cause.startswith(cause)
    assert outcome.succeeded == (cause == "SERVING")


async def test_a_server_that_does_not_offer_health_is_said_to() -> None:
    with serving_health(offered=False) as port:
        outcome = await probe("grpc", port)
    assert outcome.cause.startswith("gRPC status 12 UNIMPLEMENTED")


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"", "says UNKNOWN"),
        (b"\x08\x07", "says 7"),
        (b"\xff\xff", "not an answer of the health service: a number without an end"),
        (b"\x0a\x05ab", "not an answer of the health service: a field that ends too late"),
        (b"x" * 100_000, "not an answer of the health service: more than 4096 octets"),
    ],
)
async def test_an_answer_that_is_none_is_said_to_be(answer: bytes, cause: str) -> None:
    check = grpc.unary_unary_rpc_method_handler(lambda _request, _context: answer)
    with serving_health(
        handler=grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": check})
    ) as port:
        assert (await probe("grpc", port)).cause == cause


def credentials(authority: Authority, *names: str, **said: object) -> grpc.ServerCredentials:
    leaf = make(names[0], authority.intermediate, names=names, **said)  # type: ignore[arg-type]
    certificate, key = authority.files(leaf, authority.intermediate)
    return grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])


async def test_over_tls_the_certificate_is_verified_and_reported(trusted: Authority) -> None:
    with serving_health(credentials=credentials(trusted, FRA, end=10 * DAY)) as port:
        good = await probe("grpc", port, {"tls": True, "host": FRA, "service": "shop"})
        soon = await probe("grpc", port, {"tls": True, "host": FRA, "min_days_to_expiry": 20})
        sick = await probe("grpc", port, {"tls": True, "host": f"{FRA}:{port}", "service": "bank"})
        other = await probe("grpc", port, {"tls": True, "host": "iad-1.demo.test"})
        off = await probe("grpc", port, {"tls": True, "host": "iad-1.demo.test", "verify_certificate": False})
    assert (good.cause, good.certificate.problem) == ("SERVING", "")
    assert soon.cause.endswith("in less than 20 days")
    assert (sick.cause, sick.certificate) == ("says NOT_SERVING", good.certificate)
    assert other.cause == f"certificate not accepted: it is for {FRA}, not iad-1.demo.test"
    assert (off.cause, off.certificate) == ("SERVING", other.certificate)


async def test_tls_where_there_is_none_and_none_where_there_is(plain: int, trusted: Authority) -> None:
    assert (await probe("grpc", plain, {"tls": True})).cause.startswith("TLS handshake failed")
    with serving_health(credentials=credentials(trusted, FRA)) as port:
        assert not (await probe("grpc", port)).succeeded


async def test_a_server_of_http_1_is_no_grpc() -> None:
    async with serving(answering(http(400))) as port:
        outcome = await probe("grpc", port)
    assert outcome.cause.startswith("not HTTP/2")


async def test_a_server_that_says_nothing_runs_into_the_timeout() -> None:
    async with serving(silent) as port:
        assert (await probe("grpc", port, timeout_s=SHORT_S)).cause == "no answer within 300 ms"


@given(st.text(max_size=200))
def test_requests_are_those_of_protocol_buffers(service: str) -> None:
    message = health_request(service)[FRAME.size :]
    assert health_pb2.HealthCheckRequest.FromString(message).service == service
    assert health_request(service)[: FRAME.size] == FRAME.pack(0, len(message))


@given(st.sampled_from(health_pb2.HealthCheckResponse.ServingStatus.values()), st.binary(max_size=300))
def test_responses_are_read_as_protocol_buffers_write_them(status: int, unknown: bytes) -> None:
    message = health_pb2.HealthCheckResponse(status=status).SerializeToString()
    later = b"\x12" + health_request("")[:0] + _length(unknown) + unknown + b"\x19" + bytes(8) + b"\x25" + bytes(4)
    assert health_status(FRAME.pack(0, len(message + later)) + message + later) == status


def _length(octets: bytes) -> bytes:
    size = len(octets)
    return bytes([size]) if size < 0x80 else bytes([size & 0x7F | 0x80, size >> 7])


@given(st.binary(max_size=64))
def test_octets_that_are_no_response_are_refused_and_nothing_worse(octets: bytes) -> None:
    for framed in (octets, FRAME.pack(0, len(octets)) + octets):
        try:
            assert health_status(framed) >= 0
        except MessageError as error:
            assert str(error)  # noqa: PT017 - either is well
