"""ALTER BACKUP and SHOW BACKUP … WITH encryption_info: new master keys for old backups, and who can open them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from ootheca import connect
from ootheca.connection import Connection
from ootheca.crypto import DirectoryKeyring
from ootheca.errors import KMSError, ObjectNotFoundError, OothecaError, WrongKeyError

GOLDEN = Path(__file__).parents[3] / "fixtures/golden"
PLACE = "nodelocal://1/c"
OLD, NEW, OTHER, BAD = (
    f"aws:///{name}?AUTH=implicit&REGION={name}" for name in ("old", "new", "other", "bad")
)
NO_MATCH = "no key in OLD_KMS matches a key that was previously used to encrypt the backup"


@pytest.fixture
def con(tmp_path: Path) -> Iterator[Connection]:
    with connect(tmp_path / "store", sandbox=True) as opened:
        opened.execute(
            "CREATE DATABASE bank; CREATE TABLE bank.t (id INT PRIMARY KEY); INSERT INTO bank.t VALUES (7)"
        )
        yield opened


@pytest.fixture
def taken(con: Connection) -> Connection:
    con.execute(f"BACKUP DATABASE bank INTO '{PLACE}' WITH kms = '{OLD}'")
    return con


def key_files(con: Connection) -> list[str]:
    return sorted(path.name for path in (con.session.external_io_dir / "c").rglob("ENCRYPTION-INFO*"))


def subdirectory(con: Connection) -> str:
    return str(con.execute(f"SHOW BACKUPS IN '{PLACE}'").fetchall()[0][0])


def switch(con: Connection, region: str, enabled: bool) -> None:
    """Switch a region of the sandbox off or on."""
    DirectoryKeyring(con.session.directory / "sandbox/keyring").set_region(region, enabled)


def restored(con: Connection, kms: str) -> list[tuple[int]]:
    con.execute("DROP DATABASE IF EXISTS bank CASCADE")
    con.execute(f"RESTORE DATABASE bank FROM LATEST IN '{PLACE}' WITH kms = {kms}")
    return con.execute("SELECT id FROM bank.t").fetchall()


def test_old_and_new_key_each_restore_and_the_old_one_may_go(taken: Connection) -> None:
    cursor = taken.execute(f"ALTER BACKUP LATEST IN '{PLACE}' ADD NEW_KMS = '{NEW}' WITH OLD_KMS = '{OLD}'")
    assert cursor.tag == "ALTER BACKUP"
    assert cursor.description is None
    assert key_files(taken) == ["ENCRYPTION-INFO", "ENCRYPTION-INFO-2"]
    assert restored(taken, f"'{OLD}'") == restored(taken, f"'{NEW}'") == [(7,)]
    switch(taken, "old", enabled=False)  # its retirement
    assert restored(taken, f"'{NEW}'") == [(7,)]
    with pytest.raises(KMSError, match="region old is switched off"):
        restored(taken, f"'{OLD}'")


@pytest.mark.parametrize("form", ["'{sub}' IN '{place}'", "'{place}{sub}'", "'latest' IN '{place}'"])
def test_every_way_to_name_a_full_backup(taken: Connection, form: str) -> None:
    named = form.format(sub=subdirectory(taken), place=PLACE)
    taken.execute(f"ALTER BACKUP {named} ADD NEW_KMS = ('{NEW}', '{OTHER}') WITH OLD_KMS = '{OLD}'")
    assert restored(taken, f"'{OTHER}'") == [(7,)]
    assert restored(taken, f"('{OTHER}', '{NEW}')") == [(7,)]


def test_a_layer_is_appended_with_the_new_key_and_the_old_one_opens_it(taken: Connection) -> None:
    taken.execute(f"ALTER BACKUP LATEST IN '{PLACE}' ADD NEW_KMS = '{NEW}' WITH OLD_KMS = '{OLD}'")
    taken.execute("INSERT INTO bank.t VALUES (8)")
    taken.execute(f"BACKUP DATABASE bank INTO LATEST IN '{PLACE}' WITH kms = '{NEW}'")
    assert key_files(taken) == ["ENCRYPTION-INFO", "ENCRYPTION-INFO-2"]
    assert restored(taken, f"'{OLD}'") == restored(taken, f"'{NEW}'") == [(7,), (8,)]
    [old, new] = taken.execute(f"SHOW BACKUP LATEST IN '{PLACE}' WITH encryption_info").fetchall()
    assert old[4:] == new[4:] == (2, 2, "2")


def test_old_and_new_key_together_are_in_no_one_file(taken: Connection) -> None:
    taken.execute(f"ALTER BACKUP LATEST IN '{PLACE}' ADD NEW_KMS = '{NEW}' WITH OLD_KMS = '{OLD}'")
    with pytest.raises(WrongKeyError, match="was not used when encrypting the base BACKUP"):
        restored(taken, f"('{OLD}', '{NEW}')")


def test_rotation_after_rotation_and_after_a_key_file_was_removed(taken: Connection) -> None:
    names = ["first", "second", "third"]
    uris = [OLD, *(NEW.replace("///new", f"///{name}") for name in names)]
    for old, new in pairwise(uris):
        taken.execute(f"ALTER BACKUP LATEST IN '{PLACE}' ADD NEW_KMS = '{new}' WITH OLD_KMS = '{old}'")
    assert key_files(taken) == ["ENCRYPTION-INFO", *(f"ENCRYPTION-INFO-{n}" for n in (2, 3, 4))]
    next((taken.session.external_io_dir / "c").rglob("ENCRYPTION-INFO-2")).unlink()
    taken.execute(f"ALTER BACKUP LATEST IN '{PLACE}' ADD NEW_KMS = '{NEW}' WITH OLD_KMS = '{uris[-1]}'")
    assert key_files(taken)[-1] == "ENCRYPTION-INFO-5"  # a file that is there is never replaced
    assert restored(taken, f"'{NEW}'") == [(7,)]


def test_one_old_key_that_matches_suffices_and_an_outage_is_told(taken: Connection) -> None:
    taken.execute(f"BACKUP DATABASE bank INTO '{PLACE}' WITH kms = ('{OLD}', '{OTHER}')")
    switch(taken, "old", enabled=False)
    cursor = taken.execute(
        f"ALTER BACKUP LATEST IN '{PLACE}' ADD NEW_KMS = '{NEW}' WITH OLD_KMS = ('{BAD}', '{OLD}', '{OTHER}')"
    )
    [notice] = cursor.notices
    assert notice == (
        "failed to decrypt data key with old (aws, old): region old is switched off in the sandbox; "
        "other (aws, other) decrypted it"
    )
    assert restored(taken, f"'{NEW}'") == [(7,)]


def test_refusals_write_nothing(taken: Connection) -> None:
    def refused(new: str, old: str, where: str = f"LATEST IN '{PLACE}'") -> OothecaError:
        with pytest.raises(OothecaError) as caught:
            taken.execute(f"ALTER BACKUP {where} ADD NEW_KMS = '{new}' WITH OLD_KMS = '{old}'")
        return caught.value

    assert refused(NEW, OTHER).message == NO_MATCH
    assert refused("aws:///k?AUTH=implicit", OLD).message == "could not find the aws kms region"
    assert refused(NEW, "nokms:///k").message == "no factory method found for scheme nokms"
    assert refused(NEW, OLD, "''").message == "invalid base backup specified"
    assert refused(NEW, OLD, "'x' IN ''").message == "invalid base backup specified"
    message = refused(NEW, OLD, "'nope://x'").message
    assert message.startswith('failed to open backup storage location: unsupported storage scheme: "nope"')
    assert refused(NEW, OLD, "'nodelocal://1/nothing'").message.startswith(
        "could not find or read encryption information: "
    )
    switch(taken, "new", enabled=False)
    assert refused(NEW, OLD).message.startswith("failed to encrypt data key when adding new KMS: region new")
    switch(taken, "old", enabled=False)
    assert refused(OTHER, OLD).message.startswith("failed to decrypt data key: region old")
    taken.execute("SET CLUSTER SETTING feature.backup.enabled = false")
    disabled = refused(OTHER, OLD)
    assert disabled.message == "feature ALTER BACKUP was disabled by the database administrator"
    assert disabled.sqlstate == "57000"
    assert key_files(taken) == ["ENCRYPTION-INFO"]


def test_a_passphrase_cannot_be_changed(con: Connection) -> None:
    con.execute(f"BACKUP DATABASE bank INTO '{PLACE}' WITH encryption_passphrase = 'p'")
    with pytest.raises(WrongKeyError, match=NO_MATCH):
        con.execute(f"ALTER BACKUP LATEST IN '{PLACE}' ADD NEW_KMS = '{NEW}' WITH OLD_KMS = '{OLD}'")


def test_a_key_that_does_not_open_the_manifest_is_not_handed_on(taken: Connection) -> None:
    taken.execute(f"BACKUP DATABASE bank INTO 'nodelocal://1/other' WITH kms = '{OLD}'")
    root = taken.session.external_io_dir
    [mine], [others] = ([*(root / name).rglob("ENCRYPTION-INFO")] for name in ("c", "other"))
    shutil.copy(others, mine)
    with pytest.raises(WrongKeyError, match="failed to decrypt — maybe incorrect key"):
        taken.execute(f"ALTER BACKUP LATEST IN '{PLACE}' ADD NEW_KMS = '{NEW}' WITH OLD_KMS = '{OLD}'")
    assert key_files(taken) == ["ENCRYPTION-INFO"]


@pytest.mark.parametrize("version", ["20.2", "21.2"])
def test_a_real_backup_gets_a_new_key(version: str, con: Connection) -> None:
    """A chain that CockroachDB wrote, files of version 1 and 2: the new key opens every layer."""
    shutil.copytree(GOLDEN / version / "c_kms/extern/kms2", con.session.external_io_dir / "kms2")
    place, key_b = "nodelocal://1/kms2", "testkms:///keyB?AUTH=implicit&REGION=r"
    con.execute(f"ALTER BACKUP '{place}' ADD NEW_KMS = '{NEW}' WITH OLD_KMS = '{key_b}'")
    con.execute(f"RESTORE DATABASE shapes FROM '{place}' WITH kms = '{NEW}'")
    tables = con.execute("SELECT count(*) FROM [SHOW TABLES FROM shapes]").fetchall()[0][0]
    assert tables > 10
    shown = con.execute(f"SHOW BACKUP '{place}' WITH encryption_info, kms = ('{NEW}', '{key_b}')").fetchall()
    assert {row[3] for row in shown if row[3]} == {"keyB", "new"}
    assert {row[4:] for row in shown} == {(2, 3, "1" if version == "20.2" else "2")}


# SHOW BACKUP … WITH encryption_info


def test_encryption_info_names_the_keys_that_are_asked_for(taken: Connection) -> None:
    taken.execute(f"ALTER BACKUP LATEST IN '{PLACE}' ADD NEW_KMS = '{NEW}' WITH OLD_KMS = '{OLD}'")
    switch(taken, "old", enabled=False)
    switch(taken, "new", enabled=False)  # no key service is asked
    cursor = taken.execute(
        f"SHOW BACKUP LATEST IN '{PLACE}' WITH encryption_info, kms = ('{NEW}', '{OTHER}')"
    )
    assert cursor.description is not None
    assert [column[0] for column in cursor.description] == [
        "key_file", "method", "master_key_hash", "master_key_id", "key_files", "layers", "file_versions",
    ]  # fmt: skip
    hashes = [hashlib.sha256(name).hexdigest() for name in (b"old", b"new")]
    assert cursor.fetchall() == [
        ("ENCRYPTION-INFO", "kms", hashes[0], None, 2, 1, "2"),
        ("ENCRYPTION-INFO-2", "kms", hashes[1], "new", 2, 1, "2"),
    ]


def test_encryption_info_of_a_passphrase_and_of_a_plain_backup(con: Connection) -> None:
    con.execute("SET CLUSTER SETTING version = '20.2'")
    con.execute("BACKUP DATABASE bank TO 'nodelocal://1/p' WITH encryption_passphrase = 'p'")
    con.execute("BACKUP DATABASE bank TO 'nodelocal://1/plain'")
    show = "SHOW BACKUP 'nodelocal://1/{}' WITH encryption_info"
    assert con.execute(show.format("p")).fetchall() == [
        ("ENCRYPTION-INFO", "passphrase", None, None, 1, 1, "1")
    ]
    assert con.execute(show.format("plain")).fetchall() == [(None, "none", None, None, 0, 1, "plain")]
    with pytest.raises(ObjectNotFoundError):
        con.execute(show.format("nothing"))


def test_encryption_info_is_a_table_in_queries(taken: Connection) -> None:
    query = (
        f"SELECT count(*) FROM [SHOW BACKUP LATEST IN '{PLACE}' WITH encryption_info] WHERE method = 'kms'"
    )
    assert taken.execute(query).fetchall() == [(1,)]
