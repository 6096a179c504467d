"""Keys from passphrases."""

from __future__ import annotations

import hashlib

import pytest

from ootheca.crypto.kdf import derive_data_key
from ootheca.errors import InvalidOptionError


@pytest.mark.parametrize("passphrase", ["abcdefg", "", "correct horse ž battery", "z\u030c", "a\x00b"])
@pytest.mark.parametrize("salt", [bytes(range(16)), b""])
def test_key_is_pbkdf2_of_the_bytes_as_given(passphrase: str, salt: bytes) -> None:
    expected = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, 64_000, 32)
    assert bytes(derive_data_key(passphrase, salt)) == expected


def test_worked_example() -> None:
    key = bytes(derive_data_key("abcdefg", bytes(range(16))))
    assert key.hex() == "02c89fd6089725aeb974cab591835948a1fe10fc99650c2cbb03fedc40de370c"


def test_composed_and_decomposed_letters_are_different_passphrases() -> None:
    assert derive_data_key("ž", b"") != derive_data_key("z\u030c", b"")


def test_passphrase_without_utf8_form_is_refused_and_not_shown() -> None:
    with pytest.raises(InvalidOptionError) as caught:
        derive_data_key("hunter2\udc80", b"salt")
    assert "hunter2" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
