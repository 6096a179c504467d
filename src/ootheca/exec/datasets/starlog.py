"""The starlog database: the episodes of a series that was never made, and what was said in them.

Every value comes from one seeded generator, so two stores that load it hold the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

__all__ = ["ABOUT", "DATABASE", "SCHEMA", "tables"]

ABOUT = "episodes of an invented series and quotes from them, with a foreign key"

DATABASE = "starlog"

SCHEMA = """
CREATE DATABASE starlog;
CREATE TABLE starlog.episodes (
  id INT8 NOT NULL, season INT8, num INT8, title STRING, stardate DECIMAL,
  PRIMARY KEY (id));
CREATE TABLE starlog.quotes (
  id INT8 NOT NULL, quote STRING, characters STRING, stardate DECIMAL, episode INT8,
  PRIMARY KEY (id),
  CONSTRAINT fk_episode_ref_episodes FOREIGN KEY (episode) REFERENCES starlog.episodes (id),
  INDEX quotes_episode_idx (episode));
"""

_NUM_SEASONS, _EPISODES_PER_SEASON, _NUM_QUOTES = 3, 26, 200
_FIRST = [
    "The Silent",
    "A Distant",
    "The Second",
    "Beyond the",
    "The Glass",
    "An Unkind",
    "The Patient",
    "Under a",
]
_SECOND = [
    "Harbour",
    "Signal",
    "Meridian",
    "Winter",
    "Engine",
    "Mirror",
    "Garrison",
    "Tide",
    "Cartographer",
    "Moon",
]
_CREW = ["Captain Okoro", "Dr Lindqvist", "Ensign Vale", "Engineer Sato", "The Navigator", "Ambassador Irru"]
_SAYINGS = [
    "Hold the course, and hold your nerve.",
    "The stars do not answer. They wait.",
    "I have read the backup. We were braver then.",
    "A key that opens every door opens none of them well.",
    "Someone was here before us, and tidied up.",
    "There are two kinds of silence. This is the other one.",
    "Write it down twice. In two places.",
    "I did not say that it was safe. I said that it was time.",
    "What we cannot restore we have merely remembered.",
    "Doctor, the captain is arguing with the sea again.",
]


def tables() -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield each table's name and its rows, parents before children; columns as in `SCHEMA`."""
    rng = np.random.default_rng(1_966)
    count = _NUM_SEASONS * _EPISODES_PER_SEASON
    tenths = np.sort(rng.integers(10_000, 60_000, count))
    dates = _decimals(tenths)
    titles = [f"{first} {second}" for first in _FIRST for second in _SECOND]
    ids = np.arange(1, count + 1)
    yield (
        "episodes",
        pa.RecordBatch.from_pydict(
            {
                "id": pa.array(ids),
                "season": pa.array((ids - 1) // _EPISODES_PER_SEASON + 1),
                "num": pa.array((ids - 1) % _EPISODES_PER_SEASON + 1),
                "title": pa.array(titles).take(pa.array(rng.permutation(len(titles))[:count])),
                "stardate": dates,
            }
        ),
    )
    episodes = np.sort(rng.integers(0, count, _NUM_QUOTES))
    yield (
        "quotes",
        pa.RecordBatch.from_pydict(
            {
                "id": pa.array(np.arange(1, _NUM_QUOTES + 1)),
                "quote": pa.array(_SAYINGS).take(pa.array(rng.integers(0, len(_SAYINGS), _NUM_QUOTES))),
                "characters": pa.array(_CREW).take(pa.array(rng.integers(0, len(_CREW), _NUM_QUOTES))),
                "stardate": dates.take(pa.array(episodes)),
                "episode": pa.array(ids[episodes]),
            }
        ),
    )


def _decimals(tenths: np.ndarray) -> pa.Array:
    """Texts with one digit after the point: a DECIMAL without precision is kept as it is written."""
    return pa.array([f"{value // 10}.{value % 10}" for value in tenths])
