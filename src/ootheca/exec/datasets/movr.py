"""The movr database: a fictitious vehicle-sharing company, with the tables and row counts of CockroachDB's own demo.

Every value comes from one seeded generator, so two stores that load it hold the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

__all__ = ["ABOUT", "DATABASE", "SCHEMA", "tables"]

ABOUT = "a vehicle-sharing company: six tables with foreign keys"

DATABASE = "movr"

SCHEMA = """
CREATE DATABASE movr;
CREATE TABLE movr.users (
  id UUID NOT NULL, city VARCHAR NOT NULL, name VARCHAR, address VARCHAR, credit_card VARCHAR,
  PRIMARY KEY (city, id));
CREATE TABLE movr.vehicles (
  id UUID NOT NULL, city VARCHAR NOT NULL, type VARCHAR, owner_id UUID, creation_time TIMESTAMP, status VARCHAR,
  current_location VARCHAR, ext JSONB,
  PRIMARY KEY (city, id),
  CONSTRAINT fk_city_ref_users FOREIGN KEY (city, owner_id) REFERENCES movr.users (city, id),
  INDEX vehicles_auto_index_fk_city_ref_users (city, owner_id));
CREATE TABLE movr.rides (
  id UUID NOT NULL, city VARCHAR NOT NULL, vehicle_city VARCHAR, rider_id UUID, vehicle_id UUID,
  start_address VARCHAR, end_address VARCHAR, start_time TIMESTAMP, end_time TIMESTAMP, revenue DECIMAL(10,2),
  PRIMARY KEY (city, id),
  CONSTRAINT fk_city_ref_users FOREIGN KEY (city, rider_id) REFERENCES movr.users (city, id),
  CONSTRAINT fk_vehicle_city_ref_vehicles FOREIGN KEY (vehicle_city, vehicle_id) REFERENCES movr.vehicles (city, id),
  CONSTRAINT check_vehicle_city_city CHECK (vehicle_city = city),
  INDEX rides_auto_index_fk_city_ref_users (city, rider_id),
  INDEX rides_auto_index_fk_vehicle_city_ref_vehicles (vehicle_city, vehicle_id));
CREATE TABLE movr.vehicle_location_histories (
  city VARCHAR NOT NULL, ride_id UUID NOT NULL, "timestamp" TIMESTAMP NOT NULL, lat FLOAT8, long FLOAT8,
  PRIMARY KEY (city, ride_id, "timestamp"),
  CONSTRAINT fk_city_ref_rides FOREIGN KEY (city, ride_id) REFERENCES movr.rides (city, id));
CREATE TABLE movr.promo_codes (
  code VARCHAR NOT NULL, description VARCHAR, creation_time TIMESTAMP, expiration_time TIMESTAMP, rules JSONB,
  PRIMARY KEY (code));
CREATE TABLE movr.user_promo_codes (
  city VARCHAR NOT NULL, user_id UUID NOT NULL, code VARCHAR NOT NULL, "timestamp" TIMESTAMP, usage_count INT8,
  PRIMARY KEY (city, user_id, code),
  CONSTRAINT fk_city_ref_users FOREIGN KEY (city, user_id) REFERENCES movr.users (city, id));
"""

_NUM_USERS, _NUM_VEHICLES, _NUM_RIDES, _NUM_LOCATIONS, _NUM_CODES, _NUM_USED_CODES = (
    50,
    15,
    500,
    1000,
    1000,
    5,
)
_CITIES = np.array([
    "amsterdam", "boston", "los angeles", "new york", "paris", "rome", "san francisco", "seattle", "washington dc",
])  # fmt: skip
_FIRST_NAMES = [
    "Ada",
    "Bela",
    "Chidi",
    "Dana",
    "Emeka",
    "Fay",
    "Goran",
    "Hana",
    "Ines",
    "Jonas",
    "Kira",
    "Luís",
    "Mei",
]
_LAST_NAMES = [
    "Adler",
    "Brandt",
    "Castillo",
    "Dvořák",
    "Eriksen",
    "Fischer",
    "Gupta",
    "Hughes",
    "Ito",
    "Jensen",
    "Kowal",
]
_STREETS = [
    "Alder",
    "Birch",
    "Cedar",
    "Dogwood",
    "Elm",
    "Fir",
    "Ginkgo",
    "Hazel",
    "Juniper",
    "Larch",
    "Maple",
    "Oak",
]
_COLORS = ["black", "blue", "green", "red", "yellow"]
_BRANDS = ["Kona", "Merida", "Pinarello", "Santa Cruz", "Schwinn"]
_EPOCH_US = 1_546_387_200_000_000  # 2019-01-02 00:00 UTC
_DAY_US = 86_400_000_000


def tables() -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield each table's name and its rows, parents before children; columns as in `SCHEMA`."""
    rng = np.random.default_rng(20_190_102)
    users = _users(rng)
    vehicles = _vehicles(rng, users)
    rides = _rides(rng, users, vehicles)
    yield "users", users
    yield "vehicles", vehicles
    yield "rides", rides
    yield "vehicle_location_histories", _locations(rng, rides)
    codes = _promo_codes(rng)
    yield "promo_codes", codes
    yield "user_promo_codes", _user_promo_codes(rng, users, codes)


def _uuids(rng: np.random.Generator, count: int) -> pa.Array:
    """Random version-4 UUIDs."""
    raw = rng.integers(0, 256, (count, 16), dtype=np.uint8)
    raw[:, 6] = raw[:, 6] & 0x0F | 0x40
    raw[:, 8] = raw[:, 8] & 0x3F | 0x80
    storage = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), count, [None, pa.py_buffer(raw.tobytes())])
    return pa.ExtensionArray.from_storage(pa.uuid(), storage)


def _pick(rng: np.random.Generator, words: list[str], count: int) -> np.ndarray:
    return np.array(words, dtype=object)[rng.integers(0, len(words), count)]


def _addresses(rng: np.random.Generator, count: int) -> pa.Array:
    numbers = rng.integers(1, 99_999, count)
    streets = _pick(rng, _STREETS, count)
    return pa.array([f"{number} {street} Street" for number, street in zip(numbers, streets, strict=True)])


def _timestamps(microseconds: np.ndarray) -> pa.Array:
    return pa.array(microseconds.astype("int64")).cast(pa.timestamp("us"))


def _users(rng: np.random.Generator) -> pa.RecordBatch:
    count = _NUM_USERS
    first, last = _pick(rng, _FIRST_NAMES, count), _pick(rng, _LAST_NAMES, count)
    return pa.RecordBatch.from_pydict(
        {
            "id": _uuids(rng, count),
            "city": pa.array(_CITIES[np.arange(count) * len(_CITIES) // count]),
            "name": pa.array([f"{a} {b}" for a, b in zip(first, last, strict=True)]),
            "address": _addresses(rng, count),
            "credit_card": pa.array([str(n) for n in rng.integers(10**9, 10**10, count)]),
        }
    )


def _vehicles(rng: np.random.Generator, users: pa.RecordBatch) -> pa.RecordBatch:
    count = _NUM_VEHICLES
    owners = users.take(pa.array(np.sort(rng.choice(len(users), count, replace=False))))
    types = _pick(rng, ["bike", "scooter", "skateboard"], count)
    colors, brands = _pick(rng, _COLORS, count), _pick(rng, _BRANDS, count)
    ext = [
        f'{{"brand": "{brand}", "color": "{color}"}}' if kind == "bike" else f'{{"color": "{color}"}}'
        for kind, color, brand in zip(types, colors, brands, strict=True)
    ]
    return pa.RecordBatch.from_pydict(
        {
            "id": _uuids(rng, count),
            "city": owners["city"],
            "type": pa.array(types),
            "owner_id": owners["id"],
            "creation_time": _timestamps(np.full(count, _EPOCH_US + 3 * 3_600_000_000)),
            "status": pa.array(_pick(rng, ["available", "in_use", "lost"], count)),
            "current_location": _addresses(rng, count),
            "ext": pa.array(ext),
        }
    )


def _rides(rng: np.random.Generator, users: pa.RecordBatch, vehicles: pa.RecordBatch) -> pa.RecordBatch:
    count = _NUM_RIDES
    vehicle = vehicles.take(pa.array(rng.integers(0, len(vehicles), count)))
    cities = np.asarray(vehicle["city"].to_pylist())
    user_cities = np.asarray(users["city"].to_pylist())
    riders = [rng.choice(np.flatnonzero(user_cities == city)) for city in cities]
    start_us = _EPOCH_US - rng.integers(0, 30, count) * _DAY_US
    cents = rng.integers(0, 10_000, count)
    revenue = pa.array([f"{c // 100}.{c % 100:02d}" for c in cents]).cast(pa.decimal128(10, 2))
    return pa.RecordBatch.from_pydict(
        {
            "id": _uuids(rng, count),
            "city": vehicle["city"],
            "vehicle_city": vehicle["city"],
            "rider_id": users.take(pa.array(riders))["id"],
            "vehicle_id": vehicle["id"],
            "start_address": _addresses(rng, count),
            "end_address": _addresses(rng, count),
            "start_time": _timestamps(start_us),
            "end_time": _timestamps(start_us + rng.integers(1, 60, count) * 3_600_000_000),
            "revenue": revenue,
        }
    )


def _locations(rng: np.random.Generator, rides: pa.RecordBatch) -> pa.RecordBatch:
    count = _NUM_LOCATIONS
    ride = rides.take(pa.array(rng.integers(0, len(rides), count)))
    # One minute apart, so that the primary key (city, ride, time) is unique.
    times = _EPOCH_US + np.arange(count) * 60_000_000 + rng.integers(0, 60_000_000, count)
    return pa.RecordBatch.from_pydict(
        {
            "city": ride["city"],
            "ride_id": ride["id"],
            "timestamp": _timestamps(times),
            "lat": pa.array(rng.integers(-90, 91, count).astype("float64")),
            "long": pa.array(rng.integers(-180, 181, count).astype("float64")),
        }
    )


def _promo_codes(rng: np.random.Generator) -> pa.RecordBatch:
    count = _NUM_CODES
    first, second = _pick(rng, _COLORS, count), _pick(rng, _STREETS, count)
    percent = rng.integers(5, 50, count)
    return pa.RecordBatch.from_pydict(
        {
            "code": pa.array(
                [f"{i}_{a}_{b.lower()}" for i, (a, b) in enumerate(zip(first, second, strict=True))]
            ),
            "description": pa.array(
                [f"{p} percent off a ride on {b} Street" for p, b in zip(percent, second, strict=True)]
            ),
            "creation_time": _timestamps(np.full(count, _EPOCH_US + 3 * 3_600_000_000)),
            "expiration_time": _timestamps(_EPOCH_US + rng.integers(1, 60, count) * _DAY_US),
            "rules": pa.array([f'{{"type": "percent_discount", "value": "{p}%"}}' for p in percent]),
        }
    )


def _user_promo_codes(
    rng: np.random.Generator, users: pa.RecordBatch, codes: pa.RecordBatch
) -> pa.RecordBatch:
    count = _NUM_USED_CODES
    user = users.take(pa.array(rng.choice(len(users), count, replace=False)))
    return pa.RecordBatch.from_pydict(
        {
            "city": user["city"],
            "user_id": user["id"],
            "code": codes.take(pa.array(rng.choice(len(codes), count, replace=False)))["code"],
            "timestamp": _timestamps(_EPOCH_US + rng.integers(0, 30, count) * _DAY_US),
            "usage_count": pa.array(rng.integers(1, 5, count), type=pa.int64()),
        }
    )
