"""What is taken here opens there: the responder's own reader is the judge of every sound step."""

import json

import pytest

from steering.references import translated
from steering.step_errors import parse_steps
from steering.steps import options_of
from tests.steering.test_steps import SOUND
from tests.worlds import World

IDS = {"eu": 1, "us": 2, "web": 3, "spare": 4, "sorry": 5}
NOTHING_SAID = {"weight": None, "priority": None, "bias": None}


def opened(*steps):
    world = World()
    policy = {"salt": "0", "ttl": 30, "ttl_min": 5, "ecs": "always", "pools": [3]}
    world.policies |= {
        "regions": [{"id": id_, "name": name, "latitude": 0, "longitude": 0} for name, id_ in [("eu", 1), ("us", 2)]],
        "pools": [{"id": id_, "name": name, **NOTHING_SAID, "members": []} for name, id_ in [("web", 3), ("spare", 4)]],
        "policies": [
            {"id": 5, "name": "sorry", **policy, "steps": []},
            {"id": 6, "name": "www", **policy, "steps": list(steps)},
        ],
    }
    return world.open()


def with_ids(step):
    return translated(step, lambda _kind, name, _path: IDS[name])


@pytest.mark.parametrize("step", SOUND, ids=json.dumps)
def test_the_responder_opens_every_step_that_is_taken(step):
    (parsed,) = parse_steps([step])
    opened({"kind": parsed.kind, **with_ids(options_of(parsed))})
