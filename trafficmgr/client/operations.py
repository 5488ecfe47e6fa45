"""What the API offers, as its OpenAPI document says: read from operations.json, which `make client` writes.

/api/schema/ ─► operations_of ─► operations.json ─► OPERATIONS ─► Api.call
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

TABLE = Path(__file__).with_name("operations.json")
JSON = "application/json"
PART = re.compile(r"{(\w+)}")


class OperationError(Exception):
    """A call of what the API does not offer; it was not sent. The message says what there is."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `sends` and `answers` are content types; empty: no body."""

    method: str
    path: str
    query: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    sends: str = ""
    answers: str = ""

    def url(self, parameters: Mapping[str, object]) -> str:
        """The path and query of a call. None: not said; a list: said once for each. Raises OperationError."""
        said = {name: value for name, value in parameters.items() if value is not None}
        parts = PART.findall(self.path)
        self._require_known(said, parts)
        path = PART.sub(lambda part: quote(_text(said[part[1]]), safe=""), self.path)
        query = [(name, _text(each)) for name, value in said.items() if name not in parts for each in _each(value)]
        return f"{path}?{urlencode(query)}" if query else path

    def _require_known(self, said: Mapping[str, object], parts: list[str]) -> None:
        unknown = said.keys() - {*parts, *self.query}
        missing = {*parts, *self.required} - said.keys()
        problems = [f"takes no {name}" for name in sorted(unknown)] + [f"needs {name}" for name in sorted(missing)]
        if problems:
            offered = ", ".join([*parts, *self.query]) or "nothing"
            raise OperationError(f"{self.method} {self.path} {' and '.join(problems)}; it takes {offered}")


@cache
def operations() -> Mapping[str, Operation]:
    """Every operation by its id."""
    table: dict[str, dict[str, Any]] = json.loads(TABLE.read_text())
    return {name: Operation(**{key: _frozen(value) for key, value in row.items()}) for name, row in table.items()}


def operation(name: str) -> Operation:
    """Raises OperationError."""
    found = operations().get(name)
    if found is None:
        raise OperationError(f"the API offers no {name}: operations.json says what it offers")
    return found


def operations_of(schema: Mapping[str, Any]) -> dict[str, Operation]:
    """What an OpenAPI document offers."""
    return {
        said["operationId"]: _operation(method.upper(), path, said)
        for path, methods in sorted(schema["paths"].items())
        for method, said in methods.items()
    }


def written(offered: Mapping[str, Operation]) -> str:
    """The text of operations.json: a line for each operation, without what it does not have."""
    rows = (
        f"{json.dumps(name)}: {json.dumps({key: value for key, value in asdict(each).items() if value})}"
        for name, each in sorted(offered.items())
    )
    return "{\n" + ",\n".join(rows) + "\n}\n"


def _operation(method: str, path: str, said: Mapping[str, Any]) -> Operation:
    query = [parameter for parameter in said.get("parameters", []) if parameter["in"] == "query"]
    return Operation(
        method,
        path,
        tuple(sorted(parameter["name"] for parameter in query)),
        tuple(sorted(parameter["name"] for parameter in query if parameter.get("required"))),
        _preferred(said.get("requestBody", {})),
        next((_preferred(said["responses"][code]) for code in ("200", "201", "202") if code in said["responses"]), ""),
    )


def _preferred(body: Mapping[str, Any]) -> str:
    """The content type that a program would choose."""
    content = body.get("content", {})
    return JSON if JSON in content else next(iter(content), "")


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _each(value: object) -> Iterator[object]:
    if isinstance(value, (list, tuple)):
        yield from value
    else:
        yield value


def _text(value: object) -> str:
    """Truth is 1 or 0 to the API."""
    return str(int(value) if isinstance(value, bool) else value)


if __name__ == "__main__":
    TABLE.write_text(written(operations_of(json.load(sys.stdin))))
