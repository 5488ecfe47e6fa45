"""Private keys: one PEM file each, named by its fingerprint, readable by its owner alone. None is in the database."""

from __future__ import annotations

import os
from pathlib import Path

from edge.trust.keys import KeyFormatError, PrivateKey

DIRECTORY_MODE, FILE_MODE = 0o700, 0o600
READABLE_BY_OTHERS = 0o077


class KeyFileError(Exception):
    """A private key that cannot be read or written. The message names the file and says what to do."""


def private_key(directory: Path, fingerprint: str) -> PrivateKey | None:
    """None: it is not here. Raises KeyFileError."""
    path = _path(directory, fingerprint)
    try:
        if path.stat().st_mode & READABLE_BY_OTHERS:
            raise KeyFileError(f"{path} can be read by others, so it is not used: chmod 600 it, and rotate the key")
        key = PrivateKey.of_pem(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, KeyFormatError) as error:
        raise KeyFileError(f"{path} cannot be used: {error}") from error
    if key.public.id != fingerprint:
        raise KeyFileError(f"{path} holds the key {key.public.id}: name the file after it")
    return key


def keep_private_key(directory: Path, key: PrivateKey) -> None:
    """Raises KeyFileError."""
    path = _path(directory, key.public.id)
    try:
        directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        with os.fdopen(descriptor, "w") as file:
            file.write(key.pem)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        raise KeyFileError(f"{path} cannot be written: {error.strerror}") from error


def _path(directory: Path, fingerprint: str) -> Path:
    return directory / f"{fingerprint}.pem"
