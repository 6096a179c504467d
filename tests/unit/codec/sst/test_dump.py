"""The annotated dump of a tiny file: a change of the layout shows here as a diff of text."""

import numpy as np

from ootheca.codec.annotate import Note, annotate
from ootheca.codec.mvcc import KeyValueBatch
from ootheca.codec.ragged import Ragged
from ootheca.codec.sst.builder import OPTIONS, build_sst
from ootheca.codec.sst.dump import dump_sst

HEAD = """\
f.sst: (LevelDB), 940 bytes, 3 entries
data block 0 @0: 54 bytes compressed from 77, type 1, checksum adfe6f0d
     0  001603                            shared 0, unshared 22, value 3
     3  bd898988000000000000000009090100    key bd898988 at 9.0000000000
    19  000000000000
    25  616263                              value
    28  0c0e00                            shared 12, unshared 14, value 0
    31  08000000010d0100000000000000        key bd898988 at 8.0000000001, deleted
    45  021401                            shared 2, unshared 20, value 1
    48  8a880000000000000000080901000000    key bd898a88 at 8.0000000000
    64  00000000
    68  64                                  value
    69  00000000                          restart points 0
    73  01000000                          1 restart points
index block @59: 23 bytes plain, type 0, checksum a0790b2d
     0  000a02                            shared 0, unshared 10, value 2
     3  be0011ffffffffffffff                key <= be00: offset 0, size 54
    13  0036                                value
    15  00000000                          restart points 0
    19  01000000                          1 restart points
block rocksdb.properties @87: 763 bytes plain, type 0, checksum f431f067
     0  000b08                            shared 0, unshared 11, value 8
     3  637264622e74732e6d6178              key crdb.ts.max
    14  0000000000000009                    value
"""
TAIL = """\
metaindex block @855: 32 bytes plain, type 0, checksum d654605f
     0  001203                            shared 0, unshared 18, value 3
     3  726f636b7364622e70726f7065727469    key rocksdb.properties: offset 87, size 763
    19  6573
    21  57fb05                              value
    24  00000000                          restart points 0
    28  01000000                          1 restart points
footer @892
     0  d70620                            metaindex block: offset 855, size 32
     3  3b17                              index block: offset 59, size 23
     5  00000000000000000000000000000000  padding
    21  00000000000000000000000000000000
    37  000000
    40  57fb808b247547db                  magic
"""


def file(version="20.2"):
    batch = KeyValueBatch(
        Ragged.from_list([b"\xbd\x89\x89\x88", b"\xbd\x89\x89\x88", b"\xbd\x89\x8a\x88"]),
        np.array([9, 8, 8], np.int64),
        np.array([0, 1, 0], np.int32),
        Ragged.from_list([b"abc", b"", b"d"]),
    )
    return build_sst(batch, options=OPTIONS[version])


def test_a_whole_file_is_explained():
    text = dump_sst(file(), location="f.sst")
    assert text.startswith(HEAD)
    assert text.endswith(TAIL)


def test_the_newer_footer_is_explained():
    text = dump_sst(file("21.2"), location="f.sst")
    assert "01                                checksum kind" in text
    assert "02000000                          version" in text


def test_bytes_without_a_note_show_as_unexplained():
    dump = annotate(bytes(range(40)), [Note(2, 1, "one"), Note(3, 33, "many", depth=1)], max_size=20)
    assert dump == (
        "     0  0001                              ?\n"
        "     2  02                                one\n"
        "     3  030405060708090a0b0c0d0e0f101112    many\n"
        "    19  13141516\n"
        "        ... 13 more bytes\n"
        "    36  24252627                          ?\n"
    )
