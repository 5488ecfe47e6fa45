"""Every test that asks for `open_door` runs through both doors."""

from collections.abc import Callable, Iterator

import pytest

from responder import Health, Server, Settings
from tests.responder.doors import Door, RespondDoor, SocketDoor
from tests.worlds import World

OpenDoor = Callable[..., Door]


@pytest.fixture(params=["respond", "socket"])
def open_door(request: pytest.FixtureRequest) -> Iterator[OpenDoor]:
    """Opens a door to a world."""
    servers: list[Server] = []

    def through_respond(world: World, health: Health | None = None, settings: Settings | None = None) -> Door:
        return RespondDoor(world.open(), health or Health(), settings)

    def through_socket(world: World, health: Health | None = None, settings: Settings | None = None) -> Door:
        servers.append(Server(["127.0.0.1:0"], world.open(), health, workers=1, settings=settings))
        return SocketDoor(servers[-1])

    yield through_respond if request.param == "respond" else through_socket
    for server in servers:
        server.stop()
