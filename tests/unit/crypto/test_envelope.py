"""The envelope: who may open a backup, in CockroachDB's words; fallbacks; further keys; secrets."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from ootheca.crypto import (
    DataKey,
    EncryptionInfo,
    EncryptionOptions,
    KMSEnvironment,
    MemoryKeyring,
    new_data_key,
    new_kms_key,
    new_passphrase_key,
    open_any_kms_key,
    open_data_key,
    open_kms,
    open_kms_key,
    seal,
    unseal,
    wrap_data_key,
)
from ootheca.crypto.encryption_info import hash_master_key_id
from ootheca.crypto.kms import KMS, MasterKey
from ootheca.errors import (
    AccessDeniedError,
    EncryptionError,
    InternalError,
    InvalidOptionError,
    KMSError,
    OothecaError,
    WrongKeyError,
)

NOT_USED = (
    "one of the provided URIs was not used when encrypting the base BACKUP: "
    "could not find an entry in the encryptedDataKeyMap"
)
EAST = "aws:///alias/east?AUTH=implicit&REGION=us-east-1"
WEST = "aws:///alias/west?AUTH=implicit&REGION=us-west-2"
NORTH = "gs:///projects/p/locations/north/keyRings/r/cryptoKeys/k?AUTH=implicit"


@dataclass
class ScriptedKMS:
    """A KMS that fails as it is told to."""

    master_key_id: str
    error: OothecaError | None = None
    scheme: str = "aws"
    region: str = "r"
    num_calls: int = field(default=0)

    @property
    def key(self) -> MasterKey:
        return MasterKey(self.scheme, "aws", self.master_key_id, self.region)

    def wrap(self, data_key: bytes) -> bytes:
        return self._answer(data_key[::-1])

    def unwrap(self, wrapped: bytes) -> bytes:
        return self._answer(wrapped[::-1])

    def _answer(self, answer: bytes) -> bytes:
        self.num_calls += 1
        if self.error is not None:
            raise self.error
        return answer


def added_keys(infos: list[EncryptionInfo], old: Sequence[KMS], new: Sequence[KMS]) -> EncryptionInfo:
    """What ALTER BACKUP stores."""
    key = open_any_kms_key(infos, old)
    return wrap_data_key(key, new, lambda _: "failed to encrypt data key when adding new KMS")


def sandbox() -> KMSEnvironment:
    return KMSEnvironment(keyring=MemoryKeyring())


def test_passphrase_opens_what_it_sealed() -> None:
    options = EncryptionOptions("pass")
    key, info = new_data_key(options, sandbox())
    assert len(info.salt) == 16
    assert not info.wrapped_keys
    assert open_data_key([info], options, sandbox()) == key
    assert open_data_key([info], EncryptionOptions("Pass"), sandbox()) != key


def test_salt_is_new_for_each_backup_and_injectable() -> None:
    assert new_passphrase_key("p")[1].salt != new_passphrase_key("p")[1].salt
    assert new_passphrase_key("p", random=bytes)[1].salt == bytes(16)


def test_empty_passphrase_encrypts() -> None:
    options = EncryptionOptions("")
    assert options.is_enabled
    key, info = new_data_key(options, sandbox())
    assert open_data_key([info], options, sandbox()) == key


def test_each_kms_alone_and_any_subset_opens() -> None:
    env = sandbox()
    key, info = new_data_key(EncryptionOptions(kms=(EAST, WEST, NORTH)), env)
    assert len(info.wrapped_keys) == 3
    assert list(info.wrapped_keys) == sorted(info.wrapped_keys)
    for kms in ((EAST,), (WEST,), (NORTH,), (NORTH, EAST), (WEST, NORTH, EAST), (EAST, EAST)):
        assert open_data_key([info], EncryptionOptions(kms=kms), env) == key


def test_data_key_is_random_and_injectable() -> None:
    env = sandbox()
    kms = [open_kms(EAST, env)]
    assert new_kms_key(kms)[0] != new_kms_key(kms)[0]
    assert new_kms_key(kms, random=lambda size: b"\x07" * size)[0] == DataKey(b"\x07" * 32)


def test_one_unknown_uri_among_known_ones_is_refused_without_contact() -> None:
    known, unknown = ScriptedKMS("a"), ScriptedKMS("b")
    _, info = new_kms_key([known])
    for kms in ([known, unknown], [unknown, known], [unknown]):
        with pytest.raises(WrongKeyError) as caught:
            open_kms_key([info], kms)
        assert caught.value.message == NOT_USED
        assert caught.value.sqlstate == "XXUUU"
    assert (known.num_calls, unknown.num_calls) == (1, 0)


def test_kms_for_a_passphrase_backup_is_refused() -> None:
    _, info = new_passphrase_key("p")
    with pytest.raises(WrongKeyError) as caught:
        open_data_key([info], EncryptionOptions(kms=(EAST,)), sandbox())
    assert caught.value.message == NOT_USED


def test_passphrase_for_a_kms_backup_shows_on_the_first_file() -> None:
    env = sandbox()
    key, info = new_data_key(EncryptionOptions(kms=(EAST,)), env)
    sealed = seal(b"manifest", key, version=2)
    wrong = open_data_key([info], EncryptionOptions("p"), env)
    with pytest.raises(WrongKeyError) as caught:
        unseal(sealed, wrong, location="BACKUP_MANIFEST")
    assert caught.value.message == (
        "failed to decrypt — maybe incorrect key: cipher: message authentication failed"
    )


def test_same_key_id_in_two_regions_collapses_to_the_later() -> None:
    env = sandbox()
    uris = tuple(f"aws:///same?AUTH=implicit&REGION={region}" for region in ("r1", "r2"))
    key, info = new_data_key(EncryptionOptions(kms=uris), env)
    assert len(info.wrapped_keys) == 1
    assert open_data_key([info], EncryptionOptions(kms=uris[1:]), env) == key
    with pytest.raises(KMSError, match=r"^failed to decrypt data key: "):
        open_data_key([info], EncryptionOptions(kms=uris[:1]), env)


def test_two_regions_with_one_bare_id_are_told() -> None:
    env = sandbox()
    uris = tuple(f"aws:///same?AUTH=implicit&REGION={region}" for region in ("r1", "r2"))
    notices: list[str] = []
    new_data_key(EncryptionOptions(kms=uris), env, notice=notices.append)
    assert len(notices) == 1
    assert notices[0].startswith("KMS key id same is given for r1 and for r2")
    assert "only the key in r2 opens it" in notices[0]
    for quiet in ((uris[0], uris[0]), (EAST, WEST), (uris[0],)):
        new_data_key(EncryptionOptions(kms=quiet), env, notice=notices.append)
    assert len(notices) == 1


ARN = "aws:///arn:aws:kms:{0}:123456789012:key/mrk-1234?AUTH=implicit&REGION={0}"
BARE = "aws:///mrk-1234?AUTH=implicit&REGION={0}"


@pytest.mark.parametrize("form", [ARN, BARE])
def test_one_replica_opens_what_another_wrapped(form: str) -> None:
    env, notices = sandbox(), list[str]()
    east, west = form.format("us-east-1"), form.format("us-west-2")
    key, info = new_data_key(EncryptionOptions(kms=(east,)), env, notice=notices.append)
    assert open_data_key([info], EncryptionOptions(kms=(west,)), env) == key
    assert env.keyring is not None
    env.keyring.set_region("us-east-1", enabled=False)
    assert open_data_key([info], EncryptionOptions(kms=(east, west)), env, notice=notices.append) == key
    assert len(notices) == 1
    assert "region us-east-1 is switched off" in notices[0]


def test_replicas_named_by_a_bare_id_in_two_regions_need_no_notice() -> None:
    notices: list[str] = []
    uris = (BARE.format("r1"), BARE.format("r2"))
    new_data_key(EncryptionOptions(kms=uris), sandbox(), notice=notices.append)
    assert notices == []


def test_another_accounts_replica_is_another_key() -> None:
    env = sandbox()
    _, info = new_data_key(EncryptionOptions(kms=(ARN.format("us-east-1"),)), env)
    other = ARN.format("us-east-1").replace("123456789012", "210987654321")
    with pytest.raises(WrongKeyError):
        open_data_key([info], EncryptionOptions(kms=(other,)), env)


def test_every_call_to_a_key_service_is_told() -> None:
    calls: list[str] = []
    env = KMSEnvironment(keyring=MemoryKeyring(), audit=lambda call: calls.append(str(call)))
    _, info = new_data_key(EncryptionOptions(kms=(EAST, WEST)), env)
    assert env.keyring is not None
    env.keyring.set_region("us-east-1", enabled=False)
    open_data_key([info], EncryptionOptions(kms=(EAST, WEST)), env)
    assert calls == [
        "KMS encrypt with alias/east (aws, us-east-1): succeeded",
        "KMS encrypt with alias/west (aws, us-west-2): succeeded",
        "KMS decrypt with alias/east (aws, us-east-1): region us-east-1 is switched off in the sandbox",
        "KMS decrypt with alias/west (aws, us-west-2): succeeded",
    ]


def test_failure_to_wrap_names_the_scheme() -> None:
    for error in (KMSError("boom", retryable=True), AccessDeniedError("AccessDeniedException: no")):
        with pytest.raises(type(error)) as caught:
            new_kms_key([ScriptedKMS("a"), ScriptedKMS("b", error, scheme="aws-kms")])
        assert caught.value.message == f"failed to encrypt data key for KMS scheme aws-kms: {error.message}"
        assert caught.value.retryable == error.retryable


def test_next_kms_is_used_with_a_notice_when_the_first_fails() -> None:
    first, second = ScriptedKMS("a"), ScriptedKMS("b")
    key, info = new_kms_key([first, second])
    for error in (KMSError("down", retryable=True), AccessDeniedError("denied"), KMSError("key disabled")):
        first.error = error
        notices: list[str] = []
        assert open_kms_key([info], [first, second], notice=notices.append) == key
        assert notices == [
            f"failed to decrypt data key with a (aws, r): {error.message}; b (aws, r) decrypted it"
        ]
        assert open_kms_key([info], [first, second]) == key


def test_no_notice_when_the_first_kms_answers() -> None:
    kms = [ScriptedKMS("a"), ScriptedKMS("b")]
    _, info = new_kms_key(kms)
    notices: list[str] = []
    open_kms_key([info], kms, notice=notices.append)
    assert notices == []
    assert [service.num_calls for service in kms] == [2, 1]


def test_first_error_is_raised_when_every_kms_fails() -> None:
    first, second = ScriptedKMS("a"), ScriptedKMS("b")
    _, info = new_kms_key([first, second])
    first.error, second.error = AccessDeniedError("denied"), KMSError("down", retryable=True)
    with pytest.raises(AccessDeniedError) as caught:
        open_kms_key([info], [first, second])
    assert caught.value.message == "failed to decrypt data key: denied"
    assert caught.value.detail == "No key service decrypted it: a (aws, r): denied; b (aws, r): down"


def test_bug_in_a_kms_is_not_taken_for_an_outage() -> None:
    first, second = ScriptedKMS("a"), ScriptedKMS("b")
    _, info = new_kms_key([first, second])
    first.error = InternalError("bug")
    with pytest.raises(InternalError):
        open_kms_key([info], [first, second])


def test_data_key_of_another_size_is_refused() -> None:
    service = ScriptedKMS("a")
    info = EncryptionInfo(wrapped_keys={hash_master_key_id("a"): b"short"})
    with pytest.raises(KMSError, match="failed to decrypt data key: the data key has 5 bytes, not 32"):
        open_kms_key([info], [service])


def test_region_outage_is_survived_with_two_regions() -> None:
    env = sandbox()
    key, info = new_data_key(EncryptionOptions(kms=(EAST, WEST)), env)
    assert env.keyring is not None
    env.keyring.set_region("us-east-1", enabled=False)
    with pytest.raises(KMSError) as caught:
        open_data_key([info], EncryptionOptions(kms=(EAST,)), env)
    assert caught.value.retryable
    assert caught.value.message.startswith("failed to decrypt data key: ")
    notices: list[str] = []
    assert open_data_key([info], EncryptionOptions(kms=(EAST, WEST)), env, notice=notices.append) == key
    assert len(notices) == 1
    with pytest.raises(KMSError, match=r"^failed to encrypt data key for KMS scheme aws: "):
        new_data_key(EncryptionOptions(kms=(WEST, EAST)), env)
    env.keyring.set_region("us-east-1", enabled=True)
    assert open_data_key([info], EncryptionOptions(kms=(EAST,)), env) == key


def test_all_uris_must_be_in_one_file_newest_first() -> None:
    env = sandbox()
    key, base = new_data_key(EncryptionOptions(kms=(EAST,)), env)
    added = added_keys([base], [open_kms(EAST, env)], [open_kms(WEST, env), open_kms(NORTH, env)])
    infos = [base, added]
    for kms in ((EAST,), (WEST,), (WEST, NORTH)):
        assert open_data_key(infos, EncryptionOptions(kms=kms), env) == key
    with pytest.raises(WrongKeyError) as caught:
        open_data_key(infos, EncryptionOptions(kms=(EAST, WEST)), env)
    assert caught.value.message == NOT_USED


def test_newest_file_counts_when_several_know_the_key() -> None:
    service = ScriptedKMS("a")
    old, new = (EncryptionInfo(wrapped_keys={hash_master_key_id("a"): bytes([v]) * 32}) for v in (1, 2))
    assert open_kms_key([old, new], [service]) == DataKey(b"\x02" * 32)


def test_added_file_holds_the_new_keys_alone() -> None:
    env = sandbox()
    _, base = new_data_key(EncryptionOptions(kms=(EAST, WEST)), env)
    added = added_keys([base], [open_kms(WEST, env)], [open_kms(NORTH, env)])
    assert set(added.wrapped_keys) == {
        hash_master_key_id("projects/p/locations/north/keyRings/r/cryptoKeys/k")
    }


def test_adding_keys_needs_one_old_key_that_matches() -> None:
    used, other = ScriptedKMS("a"), ScriptedKMS("z")
    _, info = new_kms_key([used])
    assert added_keys([info], [other, used], [ScriptedKMS("n")]).wrapped_keys
    with pytest.raises(WrongKeyError) as caught:
        added_keys([info], [other], [ScriptedKMS("n")])
    assert caught.value.message == (
        "no key in OLD_KMS matches a key that was previously used to encrypt the backup"
    )
    with pytest.raises(KMSError) as failed:
        added_keys([info], [used], [ScriptedKMS("n", KMSError("boom"))])
    assert failed.value.message == "failed to encrypt data key when adding new KMS: boom"
    used.error = KMSError("gone")
    with pytest.raises(KMSError, match=r"^failed to decrypt data key: gone$"):
        added_keys([info], [used], [ScriptedKMS("n")])


@pytest.mark.parametrize("options", [EncryptionOptions("p"), EncryptionOptions(kms=(EAST,))], ids=str)
def test_missing_encryption_info(options: EncryptionOptions) -> None:
    with pytest.raises(EncryptionError, match="could not find or read encryption information"):
        open_data_key([], options, sandbox())


def test_both_ways_at_once_are_refused() -> None:
    with pytest.raises(InvalidOptionError) as caught:
        EncryptionOptions("p", (EAST,))
    assert caught.value.message == "cannot have both encryption_passphrase and kms option set"
    assert caught.value.sqlstate == "XXUUU"


def test_neither_is_not_enabled() -> None:
    assert not EncryptionOptions().is_enabled
    assert EncryptionOptions(kms=(EAST,)).is_enabled


def test_every_uri_is_validated_before_any_key_is_made() -> None:
    env = sandbox()
    with pytest.raises(InvalidOptionError, match="could not find the aws kms region"):
        new_data_key(EncryptionOptions(kms=(EAST, "aws:///k?AUTH=implicit")), env)
    assert env.keyring is not None
    assert env.keyring.find("aws", "alias/east", "us-east-1") is None


def test_secrets_show_nowhere() -> None:
    secret = "s3cr3t/value"
    uri = f"aws:///k?AWS_ACCESS_KEY_ID=id&AWS_SECRET_ACCESS_KEY={secret}&AWS_SESSION_TOKEN={secret}&REGION=r"
    env = sandbox()
    key = DataKey(b"k" * 32)
    shown = [
        repr(EncryptionOptions(secret)),
        repr(EncryptionOptions(kms=(uri,))),
        str(EncryptionOptions(kms=(uri, f"not a uri {secret}"))),
        repr(open_kms(uri, env)),
        repr(open_kms(uri, KMSEnvironment())),
        repr(env),
        repr(key),
        str(key),
        f"{key}",
    ]
    for text in shown:
        assert "s3cr3t" not in text
        assert "kkkk" not in text
        assert b"kkkk".hex() not in text


def test_errors_do_not_quote_secrets() -> None:
    _, info = new_passphrase_key("p")
    uri = "aws:///k?AWS_ACCESS_KEY_ID=id&AWS_SECRET_ACCESS_KEY=s3cr3t&REGION=r"
    with pytest.raises(WrongKeyError) as caught:
        open_data_key([info], EncryptionOptions(kms=(uri,)), sandbox())
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


def test_data_key_compares_and_travels_between_processes() -> None:
    key = DataKey(bytes(range(32)))
    assert pickle.loads(pickle.dumps(key)) == key == copy.deepcopy(key)
    assert hash(key) == hash(DataKey(bytes(range(32))))
    assert key != DataKey(bytes(32))
    assert key != bytes(range(32))
