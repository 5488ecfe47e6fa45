"""Random zones, answered by the responder and by an oracle over dnspython's own view of the same zone files."""

import dns.name
import dns.rdatatype
import pytest

from tests.responder import differential
from tests.responder.differential import Compared, Difference, differences, minimised
from tests.responder.oracle import Answer
from tests.responder.random_zones import APEX

WORLDS = 120
QUERIES_PER_WORLD = 120


@pytest.mark.parametrize("seed", range(WORLDS))
def test_the_responder_says_what_the_zone_files_say(seed: int) -> None:
    for found in differences(seed, QUERIES_PER_WORLD):
        pytest.fail(str(minimised(found)))


def test_a_planted_difference_is_found_and_loses_what_it_does_not_need(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_addresses(wire: bytes) -> Answer:
        answer = observed(wire)
        answer.answer = [found for found in answer.answer if found[1] != "A"]
        return answer

    observed = differential.observed
    monkeypatch.setattr(differential, "observed", without_addresses)
    apex = "\n".join(APEX)
    zones = {
        "z.test.": f"{apex}\na 60 A 192.0.2.1\na 60 TXT a\nb 60 CNAME a.y.test.\nc 60 A 192.0.2.3",
        "y.test.": f"{apex}\na 60 A 192.0.2.2\nb 60 TXT b",
        "x.test.": apex,
    }

    found = Compared(zones).difference(dns.name.from_text("b.z.test."), dns.rdatatype.A)

    assert isinstance(found, Difference)
    assert minimised(found).zones == {
        "z.test.": f"{apex}\nb 60 CNAME a.y.test.",
        "y.test.": f"{apex}\na 60 A 192.0.2.2",
    }
