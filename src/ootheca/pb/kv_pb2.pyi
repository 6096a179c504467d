from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class Timestamp(_message.Message):
    __slots__ = ("wall_time", "logical", "synthetic")
    WALL_TIME_FIELD_NUMBER: _ClassVar[int]
    LOGICAL_FIELD_NUMBER: _ClassVar[int]
    SYNTHETIC_FIELD_NUMBER: _ClassVar[int]
    wall_time: int
    logical: int
    synthetic: bool
    def __init__(self, wall_time: _Optional[int] = ..., logical: _Optional[int] = ..., synthetic: _Optional[bool] = ...) -> None: ...

class Span(_message.Message):
    __slots__ = ("key", "end_key")
    KEY_FIELD_NUMBER: _ClassVar[int]
    END_KEY_FIELD_NUMBER: _ClassVar[int]
    key: bytes
    end_key: bytes
    def __init__(self, key: _Optional[bytes] = ..., end_key: _Optional[bytes] = ...) -> None: ...
