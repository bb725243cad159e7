# SPDX-License-Identifier: MIT
"""Latencies in the layout of bench/histogram: HdrHistogram with three significant digits, so that reports read both."""

import base64
import math
import struct
import zlib

HIGHEST = 3_600_000_000_000


def index_of(ns):
    bucket = (ns | 2047).bit_length() - 11
    return bucket * 1024 + (ns >> bucket)


def lowest_of(index):
    if index < 2048:
        return index
    bucket = index // 1024 - 1
    return (index - bucket * 1024) << bucket


def _zigzag(number):
    value, out = (number << 1) ^ (number >> 63), bytearray()
    value &= (1 << 64) - 1
    for _ in range(8):
        if value < 0x80:
            break
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return out


def encode(counts):
    """`counts`: index to count."""
    body, at = bytearray(), 0
    for index in sorted(counts):
        if index > at:
            body += _zigzag(0 if index - at == 1 else at - index)
        body += _zigzag(counts[index])
        at = index + 1
    plain = struct.pack(">IIIIQQd", 0x1C849303 | 0x10, len(body), 0, 3, 1, HIGHEST, 1.0) + bytes(
        body
    )
    packed = zlib.compress(plain, 4)
    return base64.b64encode(struct.pack(">II", 0x1C849304 | 0x10, len(packed)) + packed).decode()


def summary(values):
    """The latency object of docs/protocol.md; None without operations."""
    if not values:
        return None
    counts, most = {}, max(values)
    for value in values:
        at = index_of(min(value, HIGHEST))
        counts[at] = counts.get(at, 0) + 1
    order = sorted(counts)

    def quantile(above):
        if len(values) < 20 * above:
            return None
        wanted, seen = max(1, math.ceil((1 - 1 / above) * len(values))), 0
        for index in order:
            seen += counts[index]
            if seen >= wanted:
                return min(lowest_of(index + 1) - 1, most)

    return {
        "count": len(values),
        "min_ns": min(values),
        "mean_ns": sum(values) / len(values),
        "p50_ns": quantile(2),
        "p90_ns": quantile(10),
        "p99_ns": quantile(100),
        "p999_ns": quantile(1000),
        "max_ns": most,
        "hdr": encode(counts),
    }
