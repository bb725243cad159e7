# SPDX-License-Identifier: MIT
"""The decoder of HdrHistogram V2 payloads against an encoder that was written apart from it."""

import base64
import struct
import zlib

import numpy as np
import pytest

import fake_runs
from yard.data import hdr_histogram


@pytest.mark.parametrize("digits", [2, 3])
@pytest.mark.parametrize("scale", [10, 1e6, 1e9])
def test_quantiles_come_back_within_a_bucket(digits, scale):
    values = np.sort((np.random.default_rng(1).lognormal(0, 1.5, 20_000) * scale).astype(np.int64))
    found = hdr_histogram.decode(fake_runs.encode_histogram(values, digits))
    assert found.total == len(values)
    for q in (0.01, 0.5, 0.9, 0.99, 0.999, 1.0):
        exact = values[int(np.ceil(q * len(values))) - 1]
        assert exact <= found.quantile(q) <= exact * (1 + 2 * 10**-digits) + 1


def test_a_payload_written_by_hand():
    """Three zeros, then 2, then 300 operations: values 3 and 4 at 3 digits."""
    body = struct.pack(">iiiiqqd", 0x1C849313, 4, 0, 3, 1, 3_600_000_000_000, 1.0) + bytes(
        (0x05, 0x04, 0xD8, 0x04)
    )
    packed = zlib.compress(body)
    found = hdr_histogram.decode(
        base64.b64encode(struct.pack(">ii", 0x1C849314, len(packed)) + packed).decode()
    )
    assert found.values.tolist() == [3, 4] and found.counts.tolist() == [2, 300]


def test_words_of_nine_bytes():
    words = [5, -(2**40), 2**62 - 1, 1]
    data = b"".join(fake_runs._leb128(word) for word in words)
    assert hdr_histogram._zig_zag(data).tolist() == words
    assert hdr_histogram._zig_zag_slowly(data) == words


def test_merging_adds_counts():
    parts = [
        hdr_histogram.decode(fake_runs.encode_histogram(np.array(v)))
        for v in ([5, 5, 900], [5, 70_000])
    ]
    merged = hdr_histogram.merge(parts)
    assert merged.total == 5 and merged.counts[0] == 3
    assert hdr_histogram.merge([]) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no base64!",
        base64.b64encode(b"\x00" * 40).decode(),
        fake_runs.encode_histogram(np.arange(1, 99))[:40],
        base64.b64encode(struct.pack(">ii", 0x1C849314, 9) + zlib.compress(b"short")).decode(),
    ],
)
def test_what_is_no_histogram_is_refused(text):
    with pytest.raises(hdr_histogram.NotAHistogram):
        hdr_histogram.decode(text)
