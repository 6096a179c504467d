"""The exception tree: every error a user can meet, typed at its source and worded once.

    OothecaError                     XXUUU   message, sqlstate, detail, hint, constraint, location, retryable
    ├─ InterfaceError                        the Python interface was used wrongly: something closed, a bad parameter
    └─ DatabaseError                 XXUUU   all others
       ├─ ProgrammingError           42601
       │  ├─ ParseError              42601   text in CockroachDB's wording, caret in the detail
       │  ├─ UndefinedError          42704
       │  │  ├─ UndefinedTableError        42P01
       │  │  ├─ UndefinedColumnError       42703
       │  │  └─ UndefinedDatabaseError     3D000
       │  └─ DuplicateError          42710
       │     ├─ DuplicateTableError        42P07
       │     ├─ DuplicateColumnError       42701
       │     └─ DuplicateDatabaseError     42P04
       ├─ NotSupportedError          0A000
       │  └─ UnsupportedError        0A000   we know it and do not do it
       ├─ DataError                  22000
       │  ├─ InvalidOptionError      22023
       │  └─ InvalidValueError       22P02   text that is no value of its type
       ├─ IntegrityError             23000
       │  └─ ConstraintError         23000   (23502, 23503, 23505, 23514 as the constraint says)
       ├─ OperationalError           XXUUU
       │  ├─ StorageError            58030
       │  │  ├─ ObjectNotFoundError        58P01
       │  │  ├─ ObjectExistsError          42C01
       │  │  ├─ AccessDeniedError          42501
       │  │  └─ UnavailableError           58030   retryable
       │  ├─ CorruptionError         XX001   location = file and offset, always
       │  │  ├─ ChecksumMismatchError
       │  │  ├─ TruncatedError
       │  │  └─ BadMagicError
       │  ├─ EncryptionError         XXUUU
       │  │  ├─ NotEncryptedError
       │  │  ├─ KeyRequiredError
       │  │  ├─ WrongKeyError
       │  │  ├─ DamagedCiphertextError     XX001
       │  │  └─ KMSError                   XXUUU   may be retryable
       │  ├─ CanceledError           57014
       │  └─ PausedError             57014
       └─ InternalError              XX000   our bug; asks for a report

The upper two floors are those of DB-API 2.0 (PEP 249), whose `Error` is `OothecaError`. Most errors are raised as
`OothecaError(…, sqlstate=…)`, because their code says all there is to say; such a one is made an instance of the class
that DB-API has for the code, as `OSError` does with its numbers.

Codes start from CockroachDB's own table; a call that knows a better one passes `sqlstate=`. `XXUUU` is CockroachDB's
catch-all and is never shown. Only `shell/render/errors.py` prints these; only `storage/retry.py` looks at `retryable`.
"""

from __future__ import annotations

from typing import Self

__all__ = [
    "AccessDeniedError",
    "BadMagicError",
    "CanceledError",
    "ChecksumMismatchError",
    "ConstraintError",
    "CorruptionError",
    "DamagedCiphertextError",
    "DataError",
    "DatabaseError",
    "DuplicateColumnError",
    "DuplicateDatabaseError",
    "DuplicateError",
    "DuplicateTableError",
    "EncryptionError",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "InvalidOptionError",
    "InvalidValueError",
    "KMSError",
    "KeyRequiredError",
    "NotEncryptedError",
    "NotSupportedError",
    "ObjectExistsError",
    "ObjectNotFoundError",
    "OothecaError",
    "OperationalError",
    "ParseError",
    "PausedError",
    "ProgrammingError",
    "StorageError",
    "TruncatedError",
    "UnavailableError",
    "UndefinedColumnError",
    "UndefinedDatabaseError",
    "UndefinedError",
    "UndefinedTableError",
    "UnsupportedError",
    "Warning",
    "WrongKeyError",
]


class OothecaError(Exception):
    """The root: a message in CockroachDB's words, its SQLSTATE, and what helps to act on it.

    Args:
        message: one line, without severity; inner errors are joined as `outer: inner`.
        sqlstate: five characters; the class's own code when omitted.
        detail: further lines (for a syntax error: the source with a caret).
        hint: names an action.
        constraint: the violated constraint's name.
        location: file (redacted URI or relative path) and, where known, `@offset`.
    """

    sqlstate: str = "XXUUU"
    retryable: bool = False

    def __new__(cls, *_: object, sqlstate: str | None = None, **__: object) -> Self:
        """Make an error of the class that DB-API has for the SQLSTATE, where none was chosen."""
        chosen = _class_of(sqlstate) if cls is OothecaError else cls
        made: Self = super().__new__(chosen)  # type: ignore[assignment]  # a subclass of OothecaError
        return made

    def __init__(
        self,
        message: str,
        *,
        sqlstate: str | None = None,
        detail: str | None = None,
        hint: str | None = None,
        constraint: str | None = None,
        location: str | None = None,
        retryable: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        if sqlstate is not None:
            self.sqlstate = sqlstate
        if retryable is not None:
            self.retryable = retryable
        self.detail = detail
        self.hint = hint
        self.constraint = constraint
        self.location = location

    def prefixed(self, prefix: str) -> OothecaError:
        """Return the same kind of error with `prefix: ` before its message, as CockroachDB wraps errors."""
        wrapped = self.__class__.__new__(self.__class__)
        OothecaError.__init__(
            wrapped,
            f"{prefix}: {self.message}",
            sqlstate=self.sqlstate,
            detail=self.detail,
            hint=self.hint,
            constraint=self.constraint,
            location=self.location,
            retryable=self.retryable,
        )
        return wrapped


class Warning(Exception):  # noqa: A001, N818  DB-API's name
    """Never raised: what a statement has to say besides its answer is in `Cursor.notices`."""


class InterfaceError(OothecaError):
    """The Python interface was used wrongly: something is closed, or a parameter is missing."""


class DatabaseError(OothecaError):
    """Every error of a statement or a backup."""


class ProgrammingError(DatabaseError):
    """The statement cannot be meant: a syntax error, or a name that means nothing."""

    sqlstate = "42601"


class NotSupportedError(DatabaseError):
    """The statement asks for what is not done here."""

    sqlstate = "0A000"


class DataError(DatabaseError):
    """A value is out of range, or none of its type."""

    sqlstate = "22000"


class IntegrityError(DatabaseError):
    """The rows would break a rule of their tables."""

    sqlstate = "23000"


class OperationalError(DatabaseError):
    """Something outside the statement failed: storage, keys, files, or somebody stopped it."""


class ParseError(ProgrammingError):
    """The text is no statement of CockroachDB's language, in any version we know."""

    sqlstate = "42601"


class UnsupportedError(NotSupportedError):
    """Known to CockroachDB, not done here; never silently ignored."""

    sqlstate = "0A000"


class InvalidOptionError(DataError):
    """An option or URI parameter has a value that it cannot have."""

    sqlstate = "22023"


class InvalidValueError(DataError):
    """A literal or a stored text is no value of its type."""

    sqlstate = "22P02"


class UndefinedError(ProgrammingError):
    """A name that means nothing here."""

    sqlstate = "42704"


class UndefinedTableError(UndefinedError):
    """No such table, view or sequence."""

    sqlstate = "42P01"


class UndefinedColumnError(UndefinedError):
    """No such column."""

    sqlstate = "42703"


class UndefinedDatabaseError(UndefinedError):
    """No such database or schema."""

    sqlstate = "3D000"


class DuplicateError(ProgrammingError):
    """The name is taken."""

    sqlstate = "42710"


class DuplicateTableError(DuplicateError):
    """A relation of that name exists."""

    sqlstate = "42P07"


class DuplicateColumnError(DuplicateError):
    """A column of that name exists, or is named twice."""

    sqlstate = "42701"


class DuplicateDatabaseError(DuplicateError):
    """A database of that name exists."""

    sqlstate = "42P04"


class ConstraintError(IntegrityError):
    """A row breaks a constraint; the SQLSTATE says which kind."""

    sqlstate = "23000"


class StorageError(OperationalError):
    """A storage location failed in a way that none of the narrower classes names."""

    sqlstate = "58030"


class ObjectNotFoundError(StorageError):
    """The object is not there. Permanent."""

    sqlstate = "58P01"


class ObjectExistsError(StorageError):
    """The object is there and must not be. Permanent."""

    sqlstate = "42C01"


class AccessDeniedError(StorageError):
    """The storage or the key service refuses these credentials. Permanent."""

    sqlstate = "42501"


class UnavailableError(StorageError):
    """The storage did not answer, or asked to slow down."""

    retryable = True


class CorruptionError(OperationalError):
    """The bytes are not what they should be; `location` says where."""

    sqlstate = "XX001"


class ChecksumMismatchError(CorruptionError):
    """A checksum does not fit its bytes."""


class TruncatedError(CorruptionError):
    """The bytes end too early."""


class BadMagicError(CorruptionError):
    """The file is not of the kind it should be."""


class EncryptionError(OperationalError):
    """Something about keys or sealed files."""


class NotEncryptedError(EncryptionError):
    """A key was given for a file that is not sealed."""


class KeyRequiredError(EncryptionError):
    """The file is sealed and no key was given."""


class WrongKeyError(EncryptionError):
    """The key does not open the first chunk (or the chunk's bytes are damaged: the cipher cannot tell)."""


class DamagedCiphertextError(EncryptionError):
    """The key is right (an earlier chunk opened) and later bytes are damaged."""

    sqlstate = "XX001"


class KMSError(EncryptionError):
    """A key service refused, failed, or was not reached."""


class CanceledError(OperationalError):
    """The user interrupted the statement."""

    sqlstate = "57014"


class PausedError(OperationalError):
    """A job was asked to stop for now; what it has stored stays, for it to go on."""

    sqlstate = "57014"


class InternalError(DatabaseError):
    """A bug in ootheca."""

    sqlstate = "XX000"


_BY_CODE: dict[str, type[DatabaseError]] = {
    "0A": NotSupportedError,
    "22": DataError,
    "23": IntegrityError,
    **dict.fromkeys(("08", "25", "28", "40", "53", "54", "55", "57", "58"), OperationalError),
    **dict.fromkeys(("21", "24", "26", "2B", "34", "3D", "3F", "42", "44"), ProgrammingError),
}
"""What DB-API calls the classes of SQLSTATE, by their first two characters; all others are just DatabaseError."""


def _class_of(sqlstate: str | None) -> type[DatabaseError]:
    return _BY_CODE.get((sqlstate or "")[:2], DatabaseError)
