"""Makes the encryption vectors: `python -m tests.vectors.gen.encryption` writes fixtures/vectors/encryption.

It knows the format from its description and the cipher from `cryptography`, and nothing of ootheca: two parties that
agree prove more than one. All randomness is fixed, so that the same bytes come out every time.

A vector is a text header (`name: value` lines), an empty line, and the sealed file's bytes; `file` names them instead
where they are evidence of their own. Fields:
    expect       success, not encrypted, no key, wrong key, damaged, truncated, bad header, unsupported version
    key          the data key; or how it is come by:
    passphrase, kms (repeated: ids of test keys), info (repeated: ENCRYPTION-INFO, oldest first), in hex but for kms
    payload      SHA-256 of the plaintext that a reader of whole files releases; none but with success
    comment
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["FOLDER", "Vector", "vectors"]

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "fixtures/vectors/encryption"
GOLDEN = ROOT / "fixtures/golden/21.2/v_encryption"

CHUNK, TAG = 65536, 16
KEY = bytes(range(32))
OTHER_KEY = bytes(range(32, 64))
IV = bytes.fromhex("a0a1a2a3a4a5a6a7a8a9aaab")
OTHER_IV = bytes.fromhex("b0b1b2b3b4b5b6b7b8b9babb")
SALT = bytes(range(16))


@dataclass(frozen=True)
class Vector:
    """One scenario: its name, its header's lines, and the bytes."""

    name: str
    header: tuple[tuple[str, str], ...]
    stored: bytes

    def encode(self) -> bytes:
        return "".join(f"{name}: {value}\n" for name, value in self.header).encode() + b"\n" + self.stored


# The format, from its description


def plain(size: int) -> bytes:
    """The plaintext of every vector, as in the evidence."""
    return bytes((i * 131 + i // 256 * 7) & 255 for i in range(size))


def nonce(iv: bytes, index: int) -> bytes:
    return iv[:4] + ((int.from_bytes(iv[4:], "big") + index) % 2**64).to_bytes(8, "big")


def header(version: int, iv: bytes = IV) -> bytes:
    return b"encrypt" + bytes([version]) + iv


def v1(text: bytes, key: bytes = KEY, iv: bytes = IV) -> bytes:
    return header(1, iv) + AESGCM(key).encrypt(iv, text, None)


def chunks(text: bytes, key: bytes = KEY, iv: bytes = IV, size: int = CHUNK) -> list[bytes]:
    """The sealed chunks of a file of version 2."""
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    if len(text) % size == 0:
        pieces.append(b"")
    return [AESGCM(key).encrypt(nonce(iv, i), piece, None) for i, piece in enumerate(pieces)]


def v2(text: bytes, key: bytes = KEY, iv: bytes = IV) -> bytes:
    return header(2, iv) + b"".join(chunks(text, key, iv))


def derived(passphrase: str, salt: bytes = SALT) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, 64000)


def field(number: int, value: bytes) -> bytes:
    """A protobuf field of bytes, shorter than 128."""
    return bytes([number << 3 | 2, len(value)]) + value


def passphrase_info(salt: bytes = SALT) -> bytes:
    return field(2, salt)


def entry(key_id: str, key: bytes = KEY) -> bytes:
    """One master key's entry; the test key service stores the data key and its own id."""
    return field(3, field(1, hashlib.sha256(key_id.encode()).digest()) + field(2, key + key_id.encode()))


def flipped(stored: bytes, offset: int) -> bytes:
    return stored[:offset] + bytes([stored[offset] ^ 0x10]) + stored[offset + 1 :]


def vector(
    name: str,
    expect: str,
    stored: bytes,
    comment: str,
    *,
    released: bytes = b"",
    key: bytes | None = KEY,
    more: Sequence[tuple[str, str]] = (),
) -> Vector:
    lines = [("expect", expect)]
    if key is not None and not any(name in ("passphrase", "kms") for name, _ in more):
        lines.append(("key", key.hex()))
    lines += more
    if expect == "success":
        lines.append(("payload", hashlib.sha256(released).hexdigest()))
    return Vector(name, (*lines, ("comment", comment)), stored)


# The scenarios


def worked_examples() -> Iterator[Vector]:
    text = b"hello backup"
    key = derived("abcdefg")
    assert key.hex() == "02c89fd6089725aeb974cab591835948a1fe10fc99650c2cbb03fedc40de370c"
    for name, stored in (("v1", v1(text, key)), ("v2", v2(text, key))):
        yield vector(f"example_{name}", "success", stored, "the worked example", released=text, key=key)
    yield vector("example_v2_empty", "success", v2(b"", key), "one chunk that is only a tag", key=key)
    info = (("passphrase", b"abcdefg".hex()), ("info", passphrase_info().hex()))
    yield vector(
        "example_passphrase",
        "success",
        v2(text, key),
        "the same, by its passphrase",
        released=text,
        more=info,
    )


def passphrases() -> Iterator[Vector]:
    text = b"who opens this?"

    def case(
        name: str, expect: str, sealed_with: str, given: str, comment: str, info: bytes | None = None
    ) -> Vector:
        stored = v2(text, derived(sealed_with))
        more = (("passphrase", given.encode().hex()), ("info", (info or passphrase_info()).hex()))
        return vector(name, expect, stored, comment, released=text, more=more)

    yield case("passphrase_wrong", "wrong key", "right", "wrong", "another passphrase")
    yield case("passphrase_case", "wrong key", "Right", "right", "case counts")
    yield case("passphrase_empty", "success", "", "", "the empty passphrase encrypts")
    yield case("passphrase_blank", "wrong key", "", " ", "a blank is not nothing")
    yield case(
        "passphrase_utf8", "success", "correct horse ž battery", "correct horse ž battery", "bytes of UTF-8"
    )
    yield case(
        "passphrase_not_normalised", "wrong key", "\u017e", "z\u030c", "one letter, two spellings of it"
    )
    yield case(
        "passphrase_other_salt",
        "wrong key",
        "p",
        "p",
        "the salt is part of the key",
        passphrase_info(SALT[::-1]),
    )
    yield case(
        "passphrase_for_kms", "wrong key", "p", "p", "a backup of KMS keys: there is no salt", entry("a")
    )
    unsalted = v2(text, derived("p", b""))
    more = (("passphrase", b"p".hex()), ("info", entry("a").hex()))
    yield vector(
        "passphrase_without_salt",
        "success",
        unsalted,
        "no salt counts as an empty one",
        released=text,
        more=more,
    )


def master_keys() -> Iterator[Vector]:
    text = b"who opens this?"
    both, rotated = entry("a") + entry("b"), entry("n")

    def case(name: str, expect: str, ids: Iterable[str], infos: Iterable[bytes], comment: str) -> Vector:
        more = [("kms", key_id) for key_id in ids] + [("info", info.hex()) for info in infos]
        return vector(name, expect, v2(text), comment, released=text, more=more)

    yield case("kms_first_of_two", "success", "a", [both], "one of two suffices")
    yield case("kms_second_of_two", "success", "b", [both], "one of two suffices")
    yield case("kms_both", "success", "ab", [both], "both named")
    yield case("kms_twice", "success", "aa", [both], "one named twice")
    yield case("kms_unknown", "wrong key", "z", [both], "a key that was not used")
    yield case("kms_known_and_unknown", "wrong key", "az", [both], "every key named must have been used")
    yield case("kms_id_with_slash", "success", ["only/key-1"], [entry("only/key-1")], "an id is a path")
    yield case("kms_for_passphrase", "wrong key", "a", [passphrase_info()], "a backup of a passphrase")
    yield case("kms_entries_unordered", "success", "a", [entry("b") + entry("a")], "readers do not mind")
    yield case("kms_unknown_field", "success", "a", [field(9, b"x") + both], "a field of later versions")
    yield case("kms_other_data_key", "wrong key", "a", [entry("a", OTHER_KEY)], "of another backup")
    yield case("rotated_new", "success", "n", [both, rotated], "the key that was added")
    yield case("rotated_old", "success", "a", [both, rotated], "an old key goes on to open it")
    yield case("rotated_old_and_new", "wrong key", "an", [both, rotated], "they are in no one file")
    yield case(
        "rotated_newest_counts",
        "wrong key",
        "a",
        [both, entry("a", OTHER_KEY)],
        "the newest file that knows it",
    )
    yield case("info_missing", "no key", "a", [], "no ENCRYPTION-INFO")
    yield case("info_empty", "truncated", "a", [b""], "an ENCRYPTION-INFO of no bytes")
    yield case("info_cut", "truncated", "a", [both[:-1]], "an ENCRYPTION-INFO cut short")
    yield case("info_scheme", "unsupported version", "a", [b"\x08\x01" + both], "another cipher")
    short = field(3, field(1, bytes(31)) + field(2, b"x"))
    yield case("info_short_hash", "damaged", "a", [short], "a map key that is no SHA-256")


def no_key_and_not_sealed() -> Iterator[Vector]:
    for version, stored in ((1, v1(b"text")), (2, v2(b"text"))):
        yield vector(f"no_key_v{version}", "no key", stored, "sealed, and opened without a key", key=None)
    for name, stored in (
        ("plain_text", b"CREATE TABLE t (a INT)"),
        ("plain_gzip", bytes.fromhex("1f8b08000000000000ff")),
        ("plain_empty", b""),
        ("plain_almost", b"encrypT\x02" + v2(b"text")[8:]),
        ("plain_six_bytes", b"encryp"),
    ):
        yield vector(name, "not encrypted", stored, "a key is given for a file that is not sealed")


def headers() -> Iterator[Vector]:
    sealed = v2(b"text")
    for size in (7, 8, 19):
        yield vector(f"header_{size}_bytes", "bad header", sealed[:size], "the header ends too early")
    for version in (0, 3, 255):
        stored = header(version) + sealed[20:]
        yield vector(f"version_{version}", "unsupported version", stored, "nobody wrote that version")
    yield vector(
        "v2_called_v1", "success", header(1) + sealed[20:], "one chunk is one message", released=b"text"
    )
    yield vector(
        "v1_called_v2", "success", header(2) + v1(b"text")[20:], "one message is one chunk", released=b"text"
    )
    large = plain(CHUNK + 40)
    yield vector("v1_called_v2_large", "wrong key", header(2) + v1(large)[20:], "from 64 KiB on they differ")
    developers = header(2) + AESGCM(KEY).encrypt(IV, large, None)
    yield vector(
        "v2_of_1_mib_chunks", "wrong key", developers, "a development revision's; no release wrote it"
    )


def one_chunk() -> Iterator[Vector]:
    text = plain(100)
    for version, sealed in ((1, v1(text)), (2, v2(text))):
        name = f"v{version}"
        yield vector(f"{name}_other_key", "wrong key", sealed, "another data key", key=OTHER_KEY)
        yield vector(f"{name}_iv_flipped", "wrong key", flipped(sealed, 9), "a bit of the IV")
        yield vector(f"{name}_text_flipped", "wrong key", flipped(sealed, 60), "a bit of the ciphertext")
        yield vector(
            f"{name}_tag_flipped", "wrong key", flipped(sealed, -1 % len(sealed)), "a bit of the tag"
        )
        yield vector(f"{name}_cut_by_one", "wrong key", sealed[:-1], "too short by a byte")
        yield vector(f"{name}_one_more", "wrong key", sealed + b"\0", "too long by a byte")
        yield vector(f"{name}_header_alone", "truncated", sealed[:20], "nothing after the header")
        yield vector(f"{name}_part_of_a_tag", "truncated", sealed[:35], "less than a tag")
    for size in (0, 1, 15, 16, 17):
        yield vector(f"v2_plain_{size}", "success", v2(plain(size)), "a short file", released=plain(size))


def two_chunks() -> Iterator[Vector]:
    text = plain(CHUNK + 40)
    sealed = v2(text)
    first, last = chunks(text)
    others = chunks(plain(CHUNK + 40)[::-1], iv=OTHER_IV)
    strangers = chunks(text, key=OTHER_KEY)

    def case(name: str, expect: str, body: Iterable[bytes], comment: str, iv: bytes = IV) -> Vector:
        return vector(f"chunks_{name}", expect, header(2, iv) + b"".join(body), comment)

    yield vector("chunks_sound", "success", sealed, "two chunks", released=text)
    yield vector("chunks_other_key", "wrong key", sealed, "no chunk opens", key=OTHER_KEY)
    yield vector(
        "chunks_first_flipped", "damaged", flipped(sealed, 20), "the second opens, so the key is right"
    )
    yield vector("chunks_first_tag_flipped", "damaged", flipped(sealed, 20 + CHUNK), "a bit of the first tag")
    yield vector(
        "chunks_last_flipped", "damaged", flipped(sealed, len(sealed) - 20), "a bit of the last chunk"
    )
    yield vector(
        "chunks_last_tag_flipped", "damaged", flipped(sealed, len(sealed) - 1), "a bit of the last tag"
    )
    yield vector("chunks_one_more_byte", "damaged", sealed + b"\0", "too long by a byte")
    yield case("last_lost", "truncated", [first], "cut at the edge of a chunk")
    yield case("cut_in_last_tag", "truncated", [first, last[:15]], "less than a tag is left")
    yield case("cut_in_last", "damaged", [first, last[:30]], "cut within the last chunk")
    yield case("first_lost", "damaged", [last], "the second chunk stands in the first one's place")
    yield case("first_lost_full", "damaged", chunks(plain(2 * CHUNK))[1:], "as before, and a full chunk")
    yield case("first_twice", "damaged", [first, first, last], "the first chunk repeated")
    yield case("last_twice", "damaged", [first, last, last], "the last chunk repeated")
    yield case(
        "empty_at_the_end",
        "damaged",
        [first, last, AESGCM(KEY).encrypt(nonce(IV, 2), b"", None)],
        "a sealed end after the end",
    )
    yield case("last_of_another_file", "damaged", [first, others[1]], "the same key and place, another IV")
    yield case("first_of_another_file", "damaged", [others[0], last], "the same key and place, another IV")
    yield case("last_of_another_key", "damaged", [first, strangers[1]], "another backup's, with the same IV")
    yield case("another_files_header", "wrong key", [first, last], "the IV of another file", OTHER_IV)
    yield case(
        "iv_one_less", "damaged", [first, last], "each chunk is where the next should be", nonce(IV, -1)
    )


def more_chunks() -> Iterator[Vector]:
    text = plain(2 * CHUNK + 40)
    sealed = chunks(text)
    for name, order in (("swapped", (1, 0, 2)), ("middle_lost", (0, 2)), ("replaced_by_first", (0, 0, 2))):
        stored = header(2) + b"".join(sealed[i] for i in order)
        yield vector(f"three_chunks_{name}", "damaged", stored, f"chunks in the order {order}")
    exact = plain(CHUNK)
    yield vector("exact_without_its_end", "truncated", v2(exact)[:-TAG], "the empty last chunk is missing")
    iv = IV[:4] + b"\xff" * 8
    wraps = plain(CHUNK + 3)
    yield vector("counter_wraps", "success", v2(wraps, iv=iv), "eight bytes count, four stay", released=wraps)
    carried = header(2, iv) + chunks(wraps, iv=iv)[0]
    carried += AESGCM(KEY).encrypt((int.from_bytes(iv, "big") + 1).to_bytes(12, "big"), wraps[CHUNK:], None)
    yield vector(
        "counter_carries", "damaged", carried, "the counter must not carry into the first four bytes"
    )


def golden() -> Iterator[Vector]:
    """The evidence of CockroachDB's own reader; its outcomes tell less than we do."""
    kinds = {
        "v2_cut_at_chunk_boundary": "truncated", "v2_cut_last_empty_chunk": "truncated", "v2_cut_mid_chunk": "damaged",
        "v2_cut_in_tag": "truncated", "v2_header_only": "truncated", "v2_header_short": "bad header",
        "v2_preamble_only": "bad header", "v2_trailing_garbage": "damaged", "v2_flipped_byte": "damaged",
        "v2_chunks_swapped": "damaged", "v2_short_middle_chunk": "wrong key", "v0": "unsupported version",
        "v3": "unsupported version", "not_encrypted": "not encrypted", "v1_cut": "wrong key",
        "v1_header_only": "truncated",
    }  # fmt: skip
    about = json.loads((GOLDEN / "vectors.json").read_text("utf-8"))
    for case in about["cases"]:
        name = case["file"].removesuffix(".bin")
        opens = case["outcome"] == "decrypts to the plain text"
        is_wrong = case["note"] == "wrong key"
        lines = [
            ("expect", "success" if opens else "wrong key" if is_wrong else kinds[name]),
            ("key", (bytes(32) if is_wrong else bytes.fromhex(about["key"])).hex()),
            *([("payload", case["plain_sha256"])] if opens else []),
            ("file", f"../../golden/21.2/v_encryption/{case['file']}"),
            ("comment", case["note"] or f"made by {case['made_by']}, judged by CockroachDB"),
        ]
        yield Vector(f"golden_{name}{'_wrong_key' if is_wrong else ''}", tuple(lines), b"")


def vectors() -> list[Vector]:
    """Every vector, in order."""
    makers = (
        worked_examples, passphrases, master_keys, no_key_and_not_sealed, headers, one_chunk, two_chunks, more_chunks,
        golden,
    )  # fmt: skip
    return [made for maker in makers for made in maker()]


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    for made in vectors():
        (FOLDER / made.name).write_bytes(made.encode())
