"""Every encryption vector: what it says is what our reader says, and what opens is written again to the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ootheca.codec.manifest import decode_manifest
from ootheca.crypto import (
    EncryptionInfo,
    EncryptionOptions,
    KMSEnvironment,
    MemoryKeyring,
    SealedReader,
    decode_encryption_info,
    open_data_key,
    seal,
    unseal,
)
from ootheca.errors import (
    CorruptionError,
    DamagedCiphertextError,
    EncryptionError,
    KeyRequiredError,
    NotEncryptedError,
    OothecaError,
    TruncatedError,
    UnsupportedError,
    WrongKeyError,
)
from tests.vectors.gen.encryption import FOLDER, vectors

OUTCOMES = {
    "success", "not encrypted", "no key", "wrong key", "damaged", "truncated", "bad header", "unsupported version",
}  # fmt: skip
ENV = KMSEnvironment(keyring=MemoryKeyring())
NAMES = sorted(path.name for path in FOLDER.iterdir())


@dataclass(frozen=True)
class Scenario:
    fields: dict[str, list[str]]
    stored: bytes

    def one(self, name: str) -> str:
        return self.fields.get(name, [""])[0]

    def key(self) -> object:
        """The data key, by the way that the vector says; None for none."""
        if "key" in self.fields:
            return bytes.fromhex(self.one("key"))
        passphrase = bytes.fromhex(self.one("passphrase")).decode() if "passphrase" in self.fields else None
        kms = tuple(f"testkms:///{key_id}" for key_id in self.fields.get("kms", ()))
        options = EncryptionOptions(passphrase, kms)
        return open_data_key(self._infos(), options, ENV) if options.is_enabled else None

    def _infos(self) -> list[EncryptionInfo]:
        return [
            decode_encryption_info(bytes.fromhex(info), location="INFO")
            for info in self.fields.get("info", ())
        ]


def load(name: str) -> Scenario:
    head, _, stored = (FOLDER / name).read_bytes().partition(b"\n\n")
    fields: dict[str, list[str]] = {}
    for line in head.decode().splitlines():
        field, _, value = line.partition(": ")
        fields.setdefault(field, []).append(value)
    if "file" in fields:
        stored = (FOLDER / fields["file"][0]).resolve().read_bytes()
    return Scenario(fields, stored)


def outcome(error: OothecaError) -> str:
    match error:
        case NotEncryptedError():
            return "not encrypted"
        case KeyRequiredError():
            return "no key"
        case WrongKeyError():
            return "wrong key"
        case DamagedCiphertextError():
            return "damaged"
        case TruncatedError():
            return "bad header" if error.message.startswith("invalid encryption header") else "truncated"
        case CorruptionError():
            return "damaged"
        case UnsupportedError():
            return "unsupported version"
        case EncryptionError():
            return "no key"
    raise error


def answer(scenario: Scenario, read: Callable[[bytes, object], bytes]) -> tuple[str, str]:
    """The outcome, and the hash of what was released."""
    try:
        opened = read(scenario.stored, scenario.key())
    except OothecaError as exc:
        return outcome(exc), ""
    return "success", hashlib.sha256(opened).hexdigest()


def whole(stored: bytes, key: object) -> bytes:
    if key is None:
        decode_manifest(stored, location="BACKUP_MANIFEST")
    return unseal(stored, key, location="f")  # type: ignore[arg-type]


def in_pieces(stored: bytes, key: object) -> bytes:
    if key is None:
        decode_manifest(stored, location="BACKUP_MANIFEST")
    reader = SealedReader(stored, key, location="f")  # type: ignore[arg-type]
    return b"".join(bytes(reader.read(offset, 50_000)) for offset in range(0, max(1, reader.size), 50_000))


@pytest.mark.parametrize("name", NAMES)
def test_vector(name: str) -> None:
    scenario = load(name)
    expected = (scenario.one("expect"), scenario.one("payload"))
    assert expected[0] in OUTCOMES
    assert answer(scenario, whole) == expected
    assert answer(scenario, in_pieces) == expected


@pytest.mark.parametrize("name", NAMES)
def test_what_opens_is_written_again(name: str) -> None:
    scenario = load(name)
    if scenario.one("expect") != "success":
        with pytest.raises(OothecaError):
            whole(scenario.stored, scenario.key())
        return
    key = scenario.key()
    opened = whole(scenario.stored, key)
    version, iv = scenario.stored[7], scenario.stored[8:20]
    assert seal(opened, key, version=version, iv=iv) == scenario.stored  # type: ignore[arg-type]


def test_vectors_are_those_of_their_generator() -> None:
    made = {vector.name: vector.encode() for vector in vectors()}
    assert sorted(made) == NAMES
    assert [name for name, encoded in made.items() if (FOLDER / name).read_bytes() != encoded] == []


def test_every_outcome_has_vectors() -> None:
    assert {load(name).one("expect") for name in NAMES} == OUTCOMES
    assert len(NAMES) > 100


def test_golden_files_are_all_there() -> None:
    golden = Path(FOLDER / "../../golden/21.2/v_encryption").resolve()
    named = {Path(load(name).one("file")).name for name in NAMES if name.startswith("golden_")}
    assert named == {path.name for path in golden.glob("*.bin")}
