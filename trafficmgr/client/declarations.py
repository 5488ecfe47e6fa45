"""Files that say how things are to be, in YAML, TOML or JSON: read, and put together as one declaration.

owner: shop            # whose objects these are; the same in every file
regions:
  - {name: eu, latitude: 50.1, longitude: 8.7}
zones:
  - origin: example.test.
    rrsets:
      - {name: www, type: A, policy: www}
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

OWNER = "owner"


class DeclarationError(Exception):
    """A file that cannot be read, or that does not go with the others. The message says where and what to do."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What all files say: documents by kind, in the order of the files."""

    owner: str
    documents: dict[str, list[Any]]


def read_declaration(paths: Iterable[Path], owner: str | None = None) -> Declaration:
    """The declaration of these files and of all files in these directories. `owner`: where no file says one.

    Raises DeclarationError.
    """
    owners: dict[str, Path] = {}
    documents: dict[str, list[Any]] = {}
    for file in _files(paths):
        said = _read(file)
        own = said.pop(OWNER, None)
        if own is not None:
            owners.setdefault(str(own), file)
        for kind, listed in said.items():
            if not isinstance(listed, list):
                raise DeclarationError(f"{file}: {kind} is a list of objects")
            documents.setdefault(kind, []).extend(listed)
    return Declaration(_one(owners, owner), documents)


def _one(owners: Mapping[str, Path], given: str | None) -> str:
    names = {*owners, *([given] if given else [])}
    if len(names) > 1:
        said = ", ".join(f"{name} ({owners.get(name, 'the command line')})" for name in sorted(names))
        raise DeclarationError(f"the files have several owners: {said}; apply the files of each by themselves")
    if not names:
        raise DeclarationError("whose objects are these? Write `owner: NAME` in a file, or give --owner NAME")
    return names.pop()


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(file for file in path.rglob("*") if file.suffix in READERS and file.is_file())
        if not inside:
            raise DeclarationError(f"{path}: there is no file with a name that ends in {', '.join(READERS)}")
        yield from inside


def _read(file: Path) -> dict[str, Any]:
    reader = READERS.get(file.suffix)
    if reader is None:
        raise DeclarationError(f"{file}: its name ends in none of {', '.join(READERS)}")
    try:
        said = reader(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DeclarationError(f"{file}: {error}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise DeclarationError(f"{file}: {' '.join(str(error).split())}") from error
    if not isinstance(said, dict):
        raise DeclarationError(f"{file}: it holds no lists by kind, such as regions and zones")
    return said


class _Loader(yaml.SafeLoader):
    """YAML that can be said in JSON: what looks like a date is a text, and no key comes twice."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _value in node.value]
        twice = next((key for position, key in enumerate(keys) if key in keys[:position]), None)
        if twice is not None:
            raise ValueError(f"line {node.start_mark.line + 1}: {twice} is said twice")
        return super().construct_mapping(node, deep)


READERS: dict[str, Callable[[str], Any]] = {
    ".yaml": lambda text: yaml.load(text, _Loader),  # noqa: S506 - it is a SafeLoader
    ".yml": lambda text: yaml.load(text, _Loader),  # noqa: S506
    ".toml": tomllib.loads,
    ".json": json.loads,
}
