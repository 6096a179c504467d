"""Every file of a small backup with a byte changed, cut short, or gone: right rows or an error, never wrong rows.

The default run takes every position of the short files and some of the others; `OOTHECA_FAULTS=1` takes all of them.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from ootheca.backup import data_files
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.errors import OothecaError
from ootheca.storage.memory import MemoryStorage
from tests.support.backups import KMS_OPTIONS, Bank, make_bank, restore, take_backup

IS_LONG = bool(os.environ.get("OOTHECA_FAULTS"))
SHORT_FILE, NUM_SAMPLED, EDGE = 80, 60, 12
PASSPHRASE = EncryptionOptions(passphrase="correct horse ž battery")
OPTIONS = {"plain": EncryptionOptions(), "kms": KMS_OPTIONS, "passphrase": PASSPHRASE}
UNREAD = {"BACKUP-STATISTICS"}  # no reader of rows needs it
MANIFEST, CHECKSUM, INFO = "BACKUP_MANIFEST", "BACKUP_MANIFEST-CHECKSUM", "ENCRYPTION-INFO"
FOOTER_SIZE = 53  # of the newer table format; the older one's is 48


class Sound:
    """A backup and the rows that must come back."""

    def __init__(self, version: str, options: EncryptionOptions) -> None:
        self.bank: Bank = make_bank(version, num_rows=6)
        self.options = options
        self.storage = MemoryStorage()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(data_files, "_SST_SIZE", 150)  # several files, where one would hold all
            take_backup(self.bank, self.storage, options=options, target_size=150)
        self.files = {info.name: self.storage.read(info.name) for info in self.storage.list()}
        self.expected = {name: rows.sort_by("id") for name, rows in self.bank.engine.tables.items()}

    def is_noticed(self, name: str, content: bytes | None) -> bool:
        """Restore with one file changed (None: gone). True: an error; False: the right rows all the same."""
        damaged = MemoryStorage()
        for other, stored in self.files.items():
            damaged.write(other, stored)
        if content is None:
            damaged.delete(name)
        else:
            damaged.write(name, content)
        try:
            restored = restore(damaged, options=self.options, version=self.bank.profile.version)
        except OothecaError:
            return True
        tables = restored.engine.tables
        assert set(tables) == set(self.expected), f"{name}: other tables"
        assert all(tables[key].equals(rows) for key, rows in self.expected.items()), f"{name}: wrong rows"
        return False


@pytest.fixture(scope="module", params=["20.2", "21.2"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=["plain", "kms"])
def sound(request: pytest.FixtureRequest, version: str) -> Sound:
    return Sound(version, OPTIONS[request.param])


def positions(name: str, size: int, *, rng: random.Random) -> list[int]:
    """All positions of a short file; of others the first and last, and some between."""
    if size <= SHORT_FILE or IS_LONG:
        return list(range(size))
    edges = {*range(EDGE), *range(size - EDGE, size)}
    return sorted({*edges, *rng.sample(range(size), NUM_SAMPLED)})


def flips(sound: Sound) -> Iterator[tuple[str, int, bytes]]:
    rng = random.Random(17)
    for name, stored in sound.files.items():
        for position in positions(name, len(stored), rng=rng):
            for bit in range(8) if IS_LONG and len(stored) <= SHORT_FILE else (rng.randrange(8),):
                changed = bytearray(stored)
                changed[position] ^= 1 << bit
                yield name, position, bytes(changed)


def test_a_changed_byte_is_noticed_or_harmless(sound: Sound) -> None:
    unnoticed: dict[str, set[int]] = {}
    tried = 0
    for name, position, content in flips(sound):
        tried += 1
        if not sound.is_noticed(name, content):
            unnoticed.setdefault(name, set()).add(position)
    assert tried > 150
    assert {MANIFEST, CHECKSUM, INFO}.isdisjoint(unnoticed)
    for name, places in unnoticed.items():
        if name in UNREAD:
            continue
        # Without a seal or a hash of the whole file, only the padding of a table's footer says nothing.
        assert sound.options is OPTIONS["plain"], f"a sealed file's change went unnoticed: {name} {places}"
        assert sound.bank.profile.version == "21.2", f"a hashed file's change went unnoticed: {name} {places}"
        assert min(places) >= len(sound.files[name]) - FOOTER_SIZE, (name, places)
    if sound.options.is_enabled:
        statistics = sound.files["BACKUP-STATISTICS"]
        assert unnoticed.get("BACKUP-STATISTICS", set()) == set(range(len(statistics)))


def test_a_file_cut_short_is_noticed_or_harmless(sound: Sound) -> None:
    rng = random.Random(23)
    for name, stored in sound.files.items():
        for size in positions(name, len(stored), rng=rng):
            noticed = sound.is_noticed(name, stored[:size])
            assert noticed != (name in UNREAD), f"{name} cut to {size} of {len(stored)} bytes"


def test_a_file_with_more_at_its_end_is_noticed_or_harmless(sound: Sound) -> None:
    for name, stored in sound.files.items():
        for more in (b"\x00", stored[-1:], b"more bytes than a tag has"):
            noticed = sound.is_noticed(name, stored + more)
            assert noticed or name in UNREAD or name == INFO, name


def test_a_missing_file_is_noticed_or_harmless(sound: Sound) -> None:
    unnoticed = {name for name in sound.files if not sound.is_noticed(name, None)}
    # Versions up to 20.1 wrote no checksum, so its absence is no error.
    assert unnoticed == {CHECKSUM, *UNREAD} & set(sound.files)


def test_files_that_changed_places_are_noticed_or_harmless(sound: Sound) -> None:
    for name in sound.files:
        for other, content in sound.files.items():
            if content != sound.files[name]:
                assert sound.is_noticed(name, content) or name in UNREAD, (name, other)


def test_damaged_key_sets_of_a_passphrase_are_noticed(version: str) -> None:
    """Its salt is the key's other half; a wrong salt is a wrong key."""
    sound = Sound(version, PASSPHRASE)
    stored = sound.files[INFO]
    for position in range(len(stored)) if IS_LONG else (0, 1, 2, 10, len(stored) - 1):
        changed = bytearray(stored)
        changed[position] ^= 0x10
        assert sound.is_noticed(INFO, bytes(changed)), position
    for size in range(len(stored)) if IS_LONG else (0, 1, 2, len(stored) - 1):
        assert sound.is_noticed(INFO, stored[:size]), size


def test_another_backups_files_are_noticed(version: str) -> None:
    """Sealed with another key, or of another time: a manifest and data that do not belong together."""
    for options in (EncryptionOptions(), KMS_OPTIONS):
        sound = Sound(version, options)
        other = MemoryStorage()
        take_backup(make_bank(version, num_rows=7, seed=2), other, options=options, seed=8)
        for name in sound.files:
            if name in UNREAD or not other.exists(name):
                continue
            assert sound.is_noticed(name, other.read(name)), name
