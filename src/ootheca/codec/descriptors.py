"""Descriptors as bytes: a manifest's `descriptors` and column 2 of `system.descriptor`.

A descriptor is used as its protobuf message everywhere, so that what we do not know survives. Nothing may be
inferred from presence: older versions leave fields out that newer ones always write.

Layout: one `Descriptor`, a oneof of table, database, type, schema and function; field order and presence as
    in `ootheca.codec.wire` and `ootheca.codec.presence`.
Source: fixtures/golden/*/*/extern, `descriptors` of every manifest; reference 06.
"""

from __future__ import annotations

from ootheca import pb
from ootheca.codec.presence import complete
from ootheca.codec.wire import decode, encode
from ootheca.errors import CorruptionError

__all__ = ["complete", "decode_descriptor", "encode_descriptor"]


def decode_descriptor(raw: bytes, *, location: str) -> pb.Descriptor:
    """Decode a descriptor.

    Raises:
        CorruptionError: the bytes are no descriptor, or one without a member.
    """
    descriptor = decode(pb.Descriptor, raw, location=location)
    if descriptor.WhichOneof("union") is None:
        raise CorruptionError(
            "descriptor is neither a table, a database, a type, a schema nor a function", location=location
        )
    return descriptor


def encode_descriptor(descriptor: pb.Descriptor, *, version: str) -> bytes:
    """Encode a descriptor as that version's writer does, without changing the caller's message.

    Raises:
        InvalidOptionError: no profile is proven for that version.
    """
    completed = pb.Descriptor()
    completed.CopyFrom(descriptor)
    return encode(complete(completed, version), version=version)
