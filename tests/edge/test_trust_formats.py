"""What is read of trust comes from strangers: it is what it claims to be to the octet, or refused."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.trust.keeper import Answer
from edge.trust.keys import KeyFormatError, PrivateKey, PublicKey
from edge.trust.manifests import ManifestSignature
from edge.trust.refusal import RefusedError
from edge.trust.statements import Statement
from edge.trust.trust import Trust
from tests.edge.publisher import HERE, Publisher

PUBLISHER = Publisher()
TRUST = Trust.first(PUBLISHER.statements[0], PUBLISHER.pin)
MANIFEST = b'{"format":1,"generation":7}'
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)


@given(st.binary(max_size=200))
def test_a_signature_holds_for_its_very_octets(octets):
    signature = ManifestSignature.read(PUBLISHER.signature(octets))
    TRUST.check_manifest(octets, signature)
    with pytest.raises(RefusedError):
        TRUST.check_manifest(octets + b" ", signature)


@given(st.text(max_size=250) | st.from_regex(r"installation=.{36}; key=[0-9a-f]{64}; ed25519=.{88}"))
def test_a_header_is_read_or_refused(header):
    try:
        read = ManifestSignature.read(header)
    except RefusedError:
        return
    assert UUID(str(read.installation)) == read.installation
    with pytest.raises(RefusedError):
        TRUST.check_manifest(MANIFEST, read)


@given(json_values)
def test_a_statement_is_read_or_refused(document):
    text = json.dumps(document)
    with pytest.raises(RefusedError):
        TRUST.followed_by(Statement.signed(text, [PUBLISHER.key]))


@given(st.sampled_from(["format", "installation", "version", "keys"]), json_values)
def test_a_statement_with_a_field_that_is_something_else_is_refused_or_is_no_newer(field, value):
    document = json.loads(PUBLISHER.statements[0].document) | {field: value}
    stranger = PrivateKey.generate()
    try:
        followed = TRUST.followed_by(Statement.signed(json.dumps(document), [stranger]))
    except RefusedError:
        return
    assert followed is TRUST


@settings(max_examples=50)
@given(st.binary(max_size=100) | json_values.map(lambda value: json.dumps(value).encode()))
def test_an_answer_of_the_feed_is_read_or_refused(content):
    with pytest.raises(ValidationError):
        Answer.model_validate_json(content)


@given(st.binary(max_size=100))
def test_octets_are_no_key_unless_they_are(octets):
    for read in (PublicKey.of_pem, PrivateKey.of_pem):
        with pytest.raises(KeyFormatError):
            read(octets)


def test_a_signature_of_one_kind_passes_for_no_other():
    signed_as_trust = Statement.signed(MANIFEST.decode(), [PUBLISHER.key]).signatures[PUBLISHER.pin]
    header = f"installation={HERE}; key={PUBLISHER.pin}; ed25519={signed_as_trust}"
    with pytest.raises(RefusedError):
        TRUST.check_manifest(MANIFEST, ManifestSignature.read(header))


def test_a_key_of_another_kind_is_said_to_be_one():
    pem = X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(KeyFormatError, match="none of Ed25519"):
        PrivateKey.of_pem(pem)
