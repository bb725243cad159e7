# SPDX-License-Identifier: MIT
"""bench/kernel in Python: what the cells compute. The tests compare it with the C++ suite."""

import struct

MASK = (1 << 64) - 1


def mix(x):
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def fetched_value(seed, i):
    return mix(seed ^ mix(i))


def wait_ns(seed, i, shortest_us, longest_us):
    low, high = sorted((shortest_us, longest_us))
    return low * 1000 + mix(seed ^ mix(i)) % ((high - low) * 1000 + 1)


def payload(seed, index, length):
    state = mix(seed ^ mix(index))
    words = []
    for _ in range((length + 7) // 8):
        state = mix(state)
        words.append(state)
    return struct.pack(f"<{len(words)}Q", *words)[:length]


def words_of(data):
    """The whole words, and the rest as one number."""
    whole = len(data) // 8
    return struct.unpack_from(f"<{whole}Q", data), int.from_bytes(data[whole * 8 :], "little")


def hash_words(index, words, tail, length):
    state = mix(index ^ length)
    for word in words:
        state = ((state ^ word) * 0x9FB21C651E98DF25) & MASK
        state = ((state << 27) | (state >> 37)) & MASK
    return mix(state ^ tail)


def hash_bytes(index, data):
    return hash_words(index, *words_of(data), len(data))


def hash_block(seed, block, block_bytes, passes):
    words, tail = words_of(payload(seed, block, block_bytes))
    state = block
    for _ in range(passes):
        state = hash_words(state, words, tail, block_bytes)
    return state


def waiting_mark(seed, unit):
    return mix(seed ^ unit)


def cancel_wait_ns(seed, unit):
    return wait_ns(seed, unit, 3_600_000_000, 7_200_000_000)


def cancel_order(seed, units):
    """A permutation of the units, neither that of their creation nor of their deadlines."""
    order = list(range(units))
    for left in range(units, 1, -1):
        other = mix((seed + mix(left)) & MASK) % left
        order[left - 1], order[other] = order[other], order[left - 1]
    return order
