# SPDX-License-Identifier: MIT
"""Decodes HdrHistogram V2 payloads: base64 of a compressed histogram as HdrHistogram's log format holds it.

Layout (big endian): cookie 0x1c849304 | 0x10, length, then zlib data: cookie 0x1c849303 | 0x10, payload
length, normalising index offset, significant digits, lowest and highest trackable value, conversion ratio,
and the counts as zig-zag LEB128, where a negative number stands for that many zeros.
"""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass
from typing import Iterable, Optional

import numpy as np

COMPRESSED_COOKIE = 0x1C849304
COOKIE = 0x1C849303
COOKIE_MASK = ~0xF0
HEADER = struct.Struct(">iiiiqqd")
GREATEST_PAYLOAD = 1 << 26  # bytes; more is not a histogram but an attack


class NotAHistogram(ValueError):
    pass


@dataclass(frozen=True)
class Histogram:
    """Non-empty buckets, ascending: the greatest value of each and how many fell into it."""

    values: np.ndarray
    counts: np.ndarray

    @property
    def total(self) -> int:
        return int(self.counts.sum())

    def quantile(self, q: float) -> float:
        """The least bucket value that at least a share q of all operations did not exceed."""
        reached = np.cumsum(self.counts)
        return float(self.values[np.searchsorted(reached, max(1, np.ceil(q * reached[-1] - 1e-9)))])


def decode(text: str) -> Histogram:
    try:
        raw = base64.b64decode(text, validate=True)
        cookie, length = struct.unpack_from(">ii", raw)
        if cookie & COOKIE_MASK != COMPRESSED_COOKIE & COOKIE_MASK:
            raise NotAHistogram(f"compressed cookie {cookie:#x}")
        inflate = zlib.decompressobj()
        data = inflate.decompress(raw[8 : 8 + length], GREATEST_PAYLOAD)
        if not inflate.eof:
            raise NotAHistogram("the compressed data is cut off or too long")
        cookie, length, offset, digits, lowest, _, ratio = HEADER.unpack_from(data)
    except NotAHistogram:
        raise
    except (
        ValueError,
        struct.error,
        zlib.error,
    ) as error:  # ValueError: letters that are not ASCII
        raise NotAHistogram(str(error)) from error
    if cookie & COOKIE_MASK != COOKIE & COOKIE_MASK:
        raise NotAHistogram(f"cookie {cookie:#x}")
    if not 0 <= digits <= 5 or lowest < 1:
        raise NotAHistogram(f"{digits} digits, lowest value {lowest}")
    if len(data) < HEADER.size + length:
        raise NotAHistogram("the counts are cut off")
    words = _zig_zag(data[HEADER.size : HEADER.size + length])
    # A word is a count or a run of zeros: its place is the sum of the widths before it.
    widths = np.where(words < 0, -words, 1)
    places = np.cumsum(widths) - widths - offset
    present = words > 0
    return Histogram(
        _greatest_values(places[present], digits, lowest) * (ratio or 1.0), words[present]
    )


def _zig_zag(data: bytes) -> np.ndarray:
    """LEB128 in which a ninth byte holds eight bits, so that no word is longer than nine bytes."""
    octets = np.frombuffer(data, dtype=np.uint8).astype(np.uint64)
    if not len(octets):
        return np.zeros(0, dtype=np.int64)
    ends = octets < 0x80
    starts = np.concatenate((np.array([True]), ends[:-1]))
    first = np.flatnonzero(starts)
    place = np.arange(len(octets)) - np.repeat(first, np.diff(np.append(first, len(octets))))
    if place.max() >= 8:
        return np.array(_zig_zag_slowly(data), dtype=np.int64)
    if not ends[-1]:
        raise NotAHistogram("the last word is cut off")
    words = np.add.reduceat((octets & np.uint64(0x7F)) << (7 * place).astype(np.uint64), first)
    return (words >> np.uint64(1)).astype(np.int64) ^ -(words & np.uint64(1)).astype(np.int64)


def _zig_zag_slowly(data: bytes) -> list[int]:
    words, word, shift = [], 0, 0
    for octet in data:
        last = shift == 56
        word |= (octet if last else octet & 0x7F) << shift
        shift += 7
        if last or octet < 0x80:
            words.append((word >> 1) ^ -(word & 1))
            word, shift = 0, 0
    if shift:
        raise NotAHistogram("the last word is cut off")
    return words


def _greatest_values(places: np.ndarray, digits: int, lowest: int) -> np.ndarray:
    """The greatest value that is counted at each index."""
    half_magnitude = int(np.ceil(np.log2(2 * 10**digits))) - 1
    unit = int(np.floor(np.log2(lowest)))
    half = 1 << half_magnitude
    bucket = (places >> half_magnitude) - 1
    within = (places & (half - 1)) + half
    within = np.where(bucket < 0, within - half, within)
    bucket = np.maximum(bucket, 0) + unit
    return ((within + 1) << bucket) - 1.0


def merge(histograms: Iterable[Histogram]) -> Optional[Histogram]:
    parts = [histogram for histogram in histograms if len(histogram.values)]
    if not parts:
        return None
    values, place = np.unique(np.concatenate([part.values for part in parts]), return_inverse=True)
    counts = np.bincount(place, weights=np.concatenate([part.counts for part in parts]))
    return Histogram(values, counts.astype(np.int64))
