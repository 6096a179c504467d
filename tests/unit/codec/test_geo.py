"""Spatial types beyond the golden sets: shapes, boxes on the sphere, keys, texts, and bytes that are no value."""

import struct

import numpy as np
import pyarrow as pa
import pytest

from ootheca import types
from ootheca.codec import ewkb, geo, sphere
from ootheca.codec.datums import Blobs
from ootheca.codec.from_arrow import from_arrow
from ootheca.codec.inverted import encode_inverted
from ootheca.codec.keycolumns import decode_column, encode_column
from ootheca.codec.pretty import pretty_key
from ootheca.codec.ragged import Ragged, concat_rows
from ootheca.codec.to_arrow import to_arrow
from ootheca.codec.tuples import TaggedColumn, decode_tuples, encode_tuples
from ootheca.codec.values import decode_lone, encode_datums, encode_lone, skip_datums
from ootheca.errors import CorruptionError, InvalidValueError, OothecaError, UnsupportedError
from ootheca.types import Family, SQLType, array_of

GEOMETRY = SQLType(Family.GEOMETRY, 90000)
GEOGRAPHY = SQLType(Family.GEOGRAPHY, 90002)
BOX2D = SQLType(Family.BOX2D, 90004)

POINT, LINE, POLYGON, POINTS, LINES, POLYGONS, COLLECTION = range(1, 8)
HAS_Z, HAS_M, HAS_SRID = 1 << 31, 1 << 30, 1 << 29
EMPTY_POINT = struct.pack("<BI2d", 1, POINT, np.nan, np.nan)


def point(*coordinates: float, flags: int = 0, srid: int | None = None) -> bytes:
    kind = POINT | flags | (HAS_SRID if srid is not None else 0)
    head = struct.pack("<BI", 1, kind) + (b"" if srid is None else struct.pack("<I", srid))
    return head + struct.pack(f"<{len(coordinates)}d", *coordinates)


def line(*points: tuple[float, ...], flags: int = 0) -> bytes:
    flat = [coordinate for each in points for coordinate in each]
    return struct.pack(f"<BII{len(flat)}d", 1, LINE | flags, len(points), *flat)


def polygon(*rings: list[tuple[float, float]]) -> bytes:
    body = b"".join(line(*ring)[5:] for ring in rings)
    return struct.pack("<BII", 1, POLYGON, len(rings)) + body


def collection(kind: int, *parts: bytes) -> bytes:
    return struct.pack("<BII", 1, kind, len(parts)) + b"".join(parts)


def stored(raw: bytes, t: SQLType = GEOMETRY) -> dict[int, object]:
    """The fields of a spatial object; of the box those that are not zero."""
    data = geo.encode_objects(Ragged.from_list([raw]), t).row(0)
    assert geo.decode_objects(Ragged.from_list([data])).to_list() == [raw]
    fields: dict[int, object] = {}
    at = 0
    while at < len(data):
        tag, at = data[at], at + 1
        number = shift = 0
        while data[at] >= 0x80:
            number, shift, at = number | (data[at] & 0x7F) << shift, shift + 7, at + 1
        number, at = number | data[at] << shift, at + 1
        if tag & 7 == 2:
            fields[tag >> 3] = data[at : at + number]
            at += number
        else:
            fields[tag >> 3] = number
    box = fields.pop(5, None)
    if isinstance(box, bytes):
        fields[5] = {box[i] >> 3: struct.unpack_from("<d", box, i + 1)[0] for i in range(0, len(box), 9)}
    return fields


@pytest.mark.parametrize(
    ("raw", "shape", "box"),
    [
        (point(1, -2), 1, {1: 1, 2: 1, 3: -2, 4: -2}),
        (point(0, -0.0), 1, {}),
        (EMPTY_POINT, 1, None),
        (point(1, 2, 3, flags=HAS_Z), 1 | 1 << 30, {1: 1, 2: 1, 3: 2, 4: 2}),
        (point(1, 2, 3, flags=HAS_M), 1 | 1 << 29, {1: 1, 2: 1, 3: 2, 4: 2}),
        (line((5, 1, 9, 9), (-5, 2, 8, 8), flags=HAS_Z | HAS_M), 2 | 3 << 29, {1: -5, 2: 5, 3: 1, 4: 2}),
        (line(), 2, None),
        (polygon(), 3, None),
        (polygon([(0, 1), (4, 1), (4, 5), (0, 1)], [(1, 2), (2, 2), (1, 3), (1, 2)]), 3, {2: 4, 3: 1, 4: 5}),
        (collection(POINTS), 4, None),
        (collection(POINTS, point(3, 4), EMPTY_POINT, point(1, 9)), 4, {1: 1, 2: 3, 3: 4, 4: 9}),
        (collection(LINES, line(), line((7, 8), (9, 9))), 5, {1: 7, 2: 9, 3: 8, 4: 9}),
        (
            collection(POLYGONS, polygon([(1, 1), (2, 1), (2, 2), (1, 1)]), polygon()),
            6,
            {1: 1, 2: 2, 3: 1, 4: 2},
        ),
        (collection(COLLECTION), 8, None),
        (
            collection(COLLECTION, collection(COLLECTION, EMPTY_POINT, point(6, 7))),
            8,
            {1: 6, 2: 6, 3: 7, 4: 7},
        ),
    ],
)
def test_shape_and_box_follow_from_the_ewkb(raw: bytes, shape: int, box: dict[int, float] | None) -> None:
    fields = stored(raw)
    assert (fields[1], fields[2], fields[4]) == (2, raw, shape)
    assert fields.get(5) == box
    assert 3 not in fields
    assert (5 in stored(raw, GEOGRAPHY)) == (box is not None)


def test_srid_is_stored_beside_the_ewkb() -> None:
    with_srid = struct.pack("<BIII", 1, POINTS | HAS_SRID, 3857, 1) + point(1, 2)
    assert stored(point(1, 2, srid=4326), GEOGRAPHY)[3] == 4326
    assert stored(with_srid)[3] == 3857
    assert stored(point(1, 2, srid=2**32 - 1))[3] == 2**64 - 1  # an int32 of -1
    rows = [with_srid, point(1, 2, srid=4326), point(0, 1)]
    together = geo.encode_objects(Ragged.from_list(rows), GEOMETRY).to_list()
    assert together == [geo.encode_objects(Ragged.from_list([row]), GEOMETRY).row(0) for row in rows]


# Bounds that S2 for Go gives: degrees, then west, east, south, north in radians as IEEE bits.
LINES_ON_SPHERE = [
    ([(-10, 50), (10, 50)], "bfc657184ae74486 3fc657184ae74486 3febecde5da115a4 3fec2a89600eb166"),
    ([(170, 10), (-170, 20)], "4007bc89cf95b8d0 c007bc89cf95b8d0 3fc657184ae74476 3fd657184ae7448e"),
    ([(0, 89), (180, 89)], "c00921fb54442d18 400921fb54442d18 3ff8da7e39bae2a1 3ff921fb54442d18"),
    ([(0, 10), (180, -10)], "c00921fb54442d18 400921fb54442d18 bff921fb54442d18 3ff921fb54442d18"),
    ([(30, -60), (120, -60), (30.5, -89.5)], "3fe0c152382d7365 4000c152382d7364 bff8fe3cf6ce5884 bff0c152382d7363"),
    ([(10, 20)], "3fc657184ae74486 3fc657184ae74486 3fd657184ae7447e 3fd657184ae7448e"),
    ([(5, 5), (5.00000000000001, 5)], "3fb657184ae74487 3fb657184ae74494 3fb657184ae74467 3fb657184ae744a7"),
    ([(-180, -90), (0, 0)], "c00921fb54442d18 400921fb54442d18 bff921fb54442d18 3cc0000000000000"),
    ([(-100, 0), (0, 0), (100, 0), (-160, 0)], "bffbecde5da115a9 c00657184ae74487 bcd4000000000000 3cd4000000000000"),
    ([(180, 1), (-180, 1)], "400921fb54442d18 400921fb54442d18 3f91df46a2529cb9 3f91df46a2529db9"),
    ([(-45, 90), (81, -87), (20, -27)], "c00921fb54442d18 400921fb54442d18 bff84b8404a84dbb 3ff921fb54442d18"),
    ([(12.5, -33.25), (12.5, -33.25)], "3fcbecde5da115aa 3fcbecde5da115aa bfe291ff64a9d760 bfe291ff64a9d758"),
]  # fmt: skip


@pytest.mark.parametrize(("degrees", "bounds"), LINES_ON_SPHERE)
def test_bounds_of_lines_are_those_of_s2(degrees: list[tuple[float, float]], bounds: str) -> None:
    (found,) = sphere.bounds_of_lines([np.array(degrees, np.float64)])
    assert found is not None
    assert struct.pack(">4d", found.west, found.east, found.south, found.north).hex(" ", 8) == bounds


def test_lines_are_bounded_each_for_itself() -> None:
    lines = [np.array(degrees, np.float64) for degrees, _ in LINES_ON_SPHERE]
    together = sphere.bounds_of_lines([np.empty((0, 2)), *lines, np.empty((0, 2))])
    assert together == [None, *(sphere.bounds_of_lines([line])[0] for line in lines), None]
    assert sphere.bounds_of_lines([np.empty((0, 2))]) == [None]
    # The same within one shape: a ring, then parts of which one is of points.
    ring, dot = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)], collection(POINTS, point(-3, 0.5))
    whole = stored(collection(COLLECTION, dot, polygon(ring), line((0, 0), (2, 0.5))), GEOGRAPHY)[5]
    parts = [stored(raw, GEOGRAPHY)[5] for raw in (dot, polygon(ring), line((0, 0), (2, 0.5)))]
    assert isinstance(whole, dict)
    assert whole[1] == min(part.get(1, 0.0) for part in parts)  # type: ignore[attr-defined]
    assert whole[2] == max(part.get(2, 0.0) for part in parts)  # type: ignore[attr-defined]


def test_bounds_contain_the_arcs() -> None:
    random = np.random.default_rng(5)
    for _ in range(200):
        degrees = np.stack([random.uniform(-180, 180, 2), random.uniform(-89, 89, 2)], axis=1)
        (found,) = sphere.bounds_of_lines([degrees])
        assert found is not None
        (a, b), (c, d) = np.radians(degrees)
        ends = [
            np.array([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)]) for x, y in ((a, b), (c, d))
        ]
        share = np.linspace(0, 1, 50)[:, None]
        arc = ends[0] * (1 - share) + ends[1] * share
        latitudes = np.arctan2(arc[:, 2], np.hypot(arc[:, 0], arc[:, 1]))
        assert found.south <= latitudes.min() + 1e-12
        assert latitudes.max() - 1e-12 <= found.north
        longitudes = np.arctan2(arc[:, 1], arc[:, 0])
        eastward = (longitudes - found.west + 1e-9) % (2 * np.pi)
        assert eastward.max() <= (found.east - found.west) % (2 * np.pi) + 2e-9


def test_angles_are_those_of_cephes() -> None:
    angles = np.linspace(-7, 7, 1001)
    assert np.allclose(sphere.sine(angles), np.sin(angles), rtol=0, atol=2e-16)
    assert np.allclose(sphere.cosine(angles), np.cos(angles), rtol=0, atol=2e-16)
    ratios = np.linspace(-1, 1, 1001)
    assert np.allclose(sphere.arcsine(ratios), np.arcsin(ratios), rtol=1e-15, atol=0)
    y, x = (
        np.array([0.0, -0.0, 0.0, -0.0, 1, -1, 1, -1, 1, -1]),
        np.array([1.0, 1, -1, -1, 0, 0, 5, 5, -5, -5]),
    )
    assert np.allclose(sphere.arctan2(y, x), np.arctan2(y, x), rtol=3e-16, atol=0)
    assert np.array_equal(np.signbit(sphere.arctan2(y, x)), np.signbit(y))
    assert np.isnan(sphere.arcsine(np.array([1.5])))[0]


def test_points_on_both_sides_of_the_antimeridian_are_close() -> None:
    both = sphere.bounds_of_points(np.array([(170.0, 1), (-170, 2), (400, 3)]))
    assert both is not None
    assert (both.west, both.east) == (np.radians(170), np.radians(-170))
    assert stored(collection(POINTS, point(-180, 0), point(180, 1)), GEOGRAPHY)[5] == {
        1: np.pi, 2: np.pi, 4: np.radians(1)
    }  # fmt: skip
    assert 5 not in stored(point(0, 91), GEOGRAPHY)
    assert sphere.bounds_of_points(np.empty((0, 2))) is None
    assert sphere.union(both, None) is sphere.union(None, both) is both


@pytest.mark.parametrize(
    ("parts", "circle"),
    [
        ([(10, 20), (30, 40)], (10, 40)),
        ([(30, 40), (10, 20)], (10, 40)),
        ([(170, -170), (175, 178)], (170, -170)),
        ([(170, -170), (-175, 10)], (170, 10)),
        ([(10, 160), (150, -100), (-120, 20)], (-180, 180)),
        ([(10, 20), (5, 50)], (5, 50)),
        ([(-170, -160), (160, 170)], (160, -160)),
    ],
)
def test_longitudes_join_the_shorter_way(
    parts: list[tuple[float, float]], circle: tuple[float, float]
) -> None:
    joined = None
    for west, east in parts:
        joined = sphere.union(joined, sphere.Bounds(0, 0, np.radians(west), np.radians(east)))
    assert joined is not None
    assert np.degrees([joined.west, joined.east]).round(9).tolist() == list(circle)


@pytest.mark.parametrize("is_descending", [False, True])
def test_geometries_in_keys(is_descending: bool) -> None:
    # The places on the curve that CockroachDB's own tests expect.
    places = {point(100, 80): 9223372036854787504, point(1000, 800): 9223372036855453930, EMPTY_POINT: 0,
              point(3e9, 0): 2**64 - 1, line((0, 0), (200, 160)): 9223372036854787504}  # fmt: skip
    rows = Ragged.from_list(list(places))
    encoded = encode_column(Blobs(rows), GEOMETRY, is_descending=is_descending)
    flip = 2**64 - 1 if is_descending else 0
    for key, place in zip(encoded.to_list(), places.values(), strict=True):
        assert key[0] == (0x3E if is_descending else 0x3D)
        assert int.from_bytes(key[1:9], "big") ^ flip == place
    joined = np.frombuffer(b"".join(encoded.to_list()) + b"\x88", np.uint8)
    found, after = decode_column(joined, encoded.starts.copy(), GEOMETRY, is_descending=is_descending)
    assert isinstance(found, Blobs)
    assert found.rows.to_list() == list(places)
    assert after.tolist() == encoded.offsets[1:].tolist()
    assert pretty_key(b"\xbd\x89" + encoded.row(0)).startswith(
        '/Table/53/1/"=' if not is_descending else '/Table/53/1/">'
    )


def test_places_that_other_data_decide_are_unsupported() -> None:
    for t, raw in ((GEOGRAPHY, point(1, 2)), (GEOMETRY, point(1, 2, srid=4326))):
        with pytest.raises(UnsupportedError, match=t.name):
            encode_column(Blobs(Ragged.from_list([raw])), t, is_descending=False)
        with pytest.raises(UnsupportedError, match="S2") as caught:
            encode_inverted(Blobs(Ragged.from_list([raw])), t, with_empty=True)
        assert caught.value.hint is not None
    empty = encode_column(Blobs(Ragged.from_list([EMPTY_POINT])), GEOGRAPHY, is_descending=False)
    assert empty.row(0)[:9] == b"\x3d" + bytes(8)


@pytest.mark.parametrize("t", [GEOMETRY, GEOGRAPHY, BOX2D, array_of(GEOMETRY), array_of(BOX2D)])
def test_columns_alone_in_tuples_and_as_text(t: SQLType) -> None:
    texts: list[object] = [
        point(1, 2).hex().upper(),
        line((0, 0), (1, 1)).hex().upper(),
        point(3, 4).hex().upper(),
    ]
    if Family.BOX2D in (t.family, t.element.family if t.element else None):
        texts = ["BOX(0 1,2.5 1000000000000000000000000)", "BOX(-1 -2,NaN +Inf)", "BOX(0.000001 0,0 -Inf)"]
    column = pa.array([texts[:2], [], [None, texts[2]]] if t.family is Family.ARRAY else texts)
    datums, _ = from_arrow(column, t)
    assert to_arrow(datums, None, 3, t, as_text=True).to_pylist() == column.to_pylist()
    native = to_arrow(datums, None, 3, t, as_text=False)
    assert native.type == types.arrow_type(t)
    kind, encoded = encode_datums(from_arrow(native, t)[0], t)
    tagged = [
        TaggedColumn(3, kind, encoded, None),
        TaggedColumn(4, 3, Ragged.from_constant(b"\x02", 3), None),
    ]
    rows = concat_rows(encode_tuples(tagged, 3))
    pieces = decode_tuples(rows.data, rows.starts.copy(), rows.offsets[1:].copy(), {3: t})
    assert to_arrow(pieces[3][0].datums, None, 3, t, as_text=True).to_pylist() == column.to_pylist()
    assert (
        skip_datums(encoded.data, encoded.starts.copy(), int(kind)).tolist() == encoded.offsets[1:].tolist()
    )
    lone_kind, lone = encode_lone(datums, t)
    alone = decode_lone(lone.data, lone.starts.copy(), lone.offsets[1:].copy(), lone_kind, t)
    assert to_arrow(alone, None, 3, t, as_text=True).to_pylist() == column.to_pylist()
    assert {GEOMETRY: 13, GEOGRAPHY: 13, BOX2D: 14}.get(t, 3) == lone_kind


def test_boxes_as_the_reference_lays_them_out() -> None:
    datums, _ = from_arrow(pa.array(["box(1 0,-3 4)"]), BOX2D)
    words = ("3ff0000000000000", "c008000000000000", "0000000000000000", "4010000000000000")
    assert encode_lone(datums, BOX2D)[1].row(0).hex() == "".join(words)
    ascending = "053ff0000000000000" + "033ff7ffffffffffff" + "04" + "054010000000000000"
    assert encode_datums(datums, BOX2D)[1].row(0).hex() == ascending
    assert encode_column(datums, BOX2D, is_descending=False).row(0).hex() == "41" + ascending
    descending = encode_column(datums, BOX2D, is_descending=True)
    assert (
        descending.row(0).hex()
        == "41" + "03400fffffffffffff" + "054008000000000000" + "04" + "033fefffffffffffff"
    )
    found, after = decode_column(descending.data, np.zeros(1, np.int64), BOX2D, is_descending=True)
    assert after.tolist() == [len(descending.row(0))]
    # A descending 0 reads back as -0, as that of a FLOAT does.
    assert to_arrow(found, None, 1, BOX2D, as_text=True).to_pylist() == ["BOX(1 -0,-3 4)"]
    assert pretty_key(b"\xbd\x89" + descending.row(0)).startswith('/Table/53/1/"A')


@pytest.mark.parametrize(
    "text", ["", "BOX(1 2)", "BOX(1 2,3 x)", "BOX(1 2,3 4) 5", "BOX(1_0 2,3 4)", "1 2,3 4"]
)
def test_texts_that_are_no_box(text: str) -> None:
    with pytest.raises(InvalidValueError, match="box2d"):
        from_arrow(pa.array([text]), BOX2D)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        point(1, 2)[:-1],
        point(1, 2) + b"\0",
        b"\0" + point(1, 2)[1:],  # big-endian
        struct.pack("<BI", 1, 8),
        struct.pack("<BII", 1, LINE, 2**31),
        collection(POINTS, line((1, 2))),
        collection(LINES, polygon()),
        collection(COLLECTION, point(1, 2))[:-1],
        struct.pack("<BII", 1, COLLECTION, 1) * 100,
    ],
)  # fmt: skip
def test_malformed_ewkb(raw: bytes) -> None:
    with pytest.raises(InvalidValueError, match="EWKB"):
        geo.encode_objects(Ragged.from_list([point(3, 4), raw]), GEOMETRY)
    with pytest.raises(InvalidValueError, match="EWKB"):
        ewkb.parse_hex(raw.hex())


def test_wkt_is_refused_with_a_hint() -> None:
    with pytest.raises(InvalidValueError) as caught:
        from_arrow(pa.array(["POINT(1 2)"]), GEOMETRY)
    assert "hexadecimal" in str(caught.value.hint)


@pytest.mark.parametrize("t", [GEOMETRY, GEOGRAPHY])
@pytest.mark.parametrize("raw", [point(np.nan, 1), point(np.inf, 1), line((0, 0), (np.nan, np.nan))])
def test_coordinates_that_are_no_numbers_are_unsupported(t: SQLType, raw: bytes) -> None:
    with pytest.raises(UnsupportedError) as caught:
        geo.encode_objects(Ragged.from_list([raw]), t)
    assert caught.value.hint is not None


def test_objects_with_fields_in_any_order() -> None:
    raw = point(1, 2)
    odd = (
        b"\x20\x01\x12"
        + bytes([len(raw)])
        + raw
        + b"\x31"
        + bytes(8)
        + b"\x3d"
        + bytes(4)
        + b"\x42\x01x\x08\x02"
    )
    plain = geo.encode_objects(Ragged.from_list([raw]), GEOMETRY).row(0)
    assert geo.decode_objects(Ragged.from_list([plain, odd])).to_list() == [raw, raw]
    with pytest.raises(CorruptionError, match="EWKB"):
        geo.decode_objects(Ragged.from_list([b"\x08\x02\x20\x01"]))
    with pytest.raises(CorruptionError, match="field"):
        geo.decode_objects(Ragged.from_list([b"\x0b"]))


def test_damaged_objects_are_an_error_or_other_values() -> None:
    random = np.random.default_rng(3)
    good = geo.encode_objects(
        Ragged.from_list([point(1, 2), line((0, 0), (1, 1)), point(5, 6)]), GEOMETRY
    ).to_list()
    outcomes = {"value": 0, "damaged": 0}
    for _ in range(500):
        rows = [bytearray(row) for row in good]
        victim = rows[random.integers(3)]
        victim[random.integers(min(8, len(victim)))] ^= 1 << int(random.integers(8))
        del victim[int(random.integers(len(victim) // 2, len(victim) + 1)) :]
        try:
            geo.decode_objects(Ragged.from_list([bytes(row) for row in rows]))
            outcomes["value"] += 1
        except CorruptionError:
            outcomes["damaged"] += 1
    assert min(outcomes.values()) > 0
    with pytest.raises(OothecaError):
        decode_lone(np.zeros(31, np.uint8), np.array([0]), np.array([31]), 14, BOX2D)


@pytest.mark.parametrize(
    ("t", "name"),
    [
        (GEOMETRY, "GEOMETRY"),
        (SQLType(Family.GEOMETRY, 90000, shape=1, srid=4326), "GEOMETRY(POINT,4326)"),
        (SQLType(Family.GEOMETRY, 90000, shape=8), "GEOMETRY(GEOMETRYCOLLECTION)"),
        (SQLType(Family.GEOMETRY, 90000, shape=7), "GEOMETRY(GEOMETRY)"),
        (SQLType(Family.GEOMETRY, 90000, shape=2 | 3 << 29), "GEOMETRY(LINESTRINGZM)"),
        (SQLType(Family.GEOGRAPHY, 90002, srid=4326), "GEOGRAPHY(GEOMETRY,4326)"),
        (BOX2D, "BOX2D"),
    ],
)
def test_names_of_types(t: SQLType, name: str) -> None:
    assert t.name == name
