"""The generated modules belong to the .proto files beside them, and the package exports all of them."""

from __future__ import annotations

from pathlib import Path

from google.protobuf.message import Message
from grpc_tools import protoc

from ootheca import pb

SOURCE = Path(pb.__file__).parents[2]
PROTOS = sorted(Path(pb.__file__).parent.glob("*.proto"))
INCLUDES = Path(protoc.__file__).parent / "_proto"


def test_generated_modules_are_not_stale(tmp_path: Path) -> None:
    assert len(PROTOS) == 8
    arguments = [
        f"-I{SOURCE}",
        f"-I{INCLUDES}",
        f"--python_out={tmp_path}",
        f"--pyi_out={tmp_path}",
        *map(str, PROTOS),
    ]
    assert protoc.main(["protoc", *arguments]) == 0
    generated = sorted(tmp_path.glob("ootheca/pb/*"))
    assert len(generated) == 2 * len(PROTOS)
    for path in generated:
        assert (SOURCE / path.relative_to(tmp_path)).read_text() == path.read_text(), (
            f"{path.name}: run `make proto`"
        )


def test_every_message_and_enumeration_is_exported() -> None:
    defined = {"DecodeError", "Message"}
    for path in PROTOS:
        module = getattr(pb, f"{path.stem}_pb2")
        defined |= set(module.DESCRIPTOR.message_types_by_name) | set(module.DESCRIPTOR.enum_types_by_name)
    assert pb.__all__ == sorted(defined)
    assert issubclass(pb.TableDescriptor, pb.Message)
    assert pb.Message is Message
