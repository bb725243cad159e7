# SPDX-License-Identifier: MIT
"""bench/oracle for the workloads that foreign models offer: what is right, counted sequentially. Sizes are not here:
they come from the C++ oracles, by --describe."""

from __future__ import annotations

from . import kernel
from .kernel import MASK
from .primitives import Cancel, Channel, Idle, Spawn, Yield
from .rules import Rules, most_at_once

SLOWEST_ARM_NS = 3_000_000  # to start one of many waits, as in the C++ oracles


class FetchData(Rules):
    def units(self, p):
        return p["fetches"]

    def slots(self, p):
        return p["fetches"]

    def least_ns(self, p, seed, i):
        return (i + 1) * p["step_us"] * 1000

    def expected(self, p, seed):
        return {
            "fetched": p["fetches"],
            "sum": sum(kernel.fetched_value(seed, i) for i in range(p["fetches"])) & MASK,
        }


class Waits(Rules):
    def units(self, p):
        return p["waits"]

    def slots(self, p):
        return p["waits"]

    def nominal_ns(self, p, seed, i):
        return kernel.wait_ns(seed, i, p["shortest_us"], p["longest_us"])

    least_ns = nominal_ns

    def expected(self, p, seed):
        return {"completed": p["waits"], "checksum": sum(map(kernel.mix, range(p["waits"]))) & MASK}

    def check_slots(self, p, slots):
        if p["waits"] * SLOWEST_ARM_NS > p["shortest_us"] * 1000:
            return ""
        most = most_at_once(slots)
        return (
            ""
            if 4 * most >= p["waits"]
            else f"at most {most} of {p['waits']} were in progress at once"
        )


class Echo(Rules):
    def units(self, p):
        return p["messages"]

    def in_flight(self, p):
        return p["connections"]

    def expected(self, p, seed):
        return {"accepted": p["connections"]}

    def check(self, p, seed, right, outcome, slots, served):
        if outcome.get("accepted") != p["connections"] or served["connections"] != p["connections"]:
            return f"accepted {outcome.get('accepted')} connections of {p['connections']}"
        verified = served["bytes_received"] + served["warm_up_bytes"]
        if verified < p["messages"] * p["message_bytes"]:
            return f"the load generator verified {verified} bytes of {p['messages'] * p['message_bytes']}"
        if outcome.get("echoed_bytes") != verified:
            return f"the model says that it echoed {outcome.get('echoed_bytes')} bytes; {verified} were verified"
        return ""


class Http(Rules):
    def units(self, p):
        return p["messages"] * p["pipeline"]

    def in_flight(self, p):
        return p["connections"]

    def expected(self, p, seed):
        return {"accepted": p["connections"]}

    def check(self, p, seed, right, outcome, slots, served):
        verified, reply_bytes = served["bytes_received"] + served[
            "warm_up_bytes"
        ], kernel.http_reply_bytes(p["body_bytes"])
        if outcome.get("accepted") != p["connections"] or served["connections"] != p["connections"]:
            return f"accepted {outcome.get('accepted')} connections of {p['connections']}"
        if verified < self.units(p) * reply_bytes:
            return f"the load generator verified {verified} bytes of {self.units(p) * reply_bytes}"
        if outcome.get("sent_bytes") != verified:
            return f"the model says that it sent {outcome.get('sent_bytes')} bytes; {verified} were verified"
        if outcome.get("requests") * reply_bytes != verified:
            return f"the model says that it answered {outcome.get('requests')} requests; {verified // reply_bytes} were verified"
        return ""


class Fetch(Rules):
    def units(self, p):
        return p["requests"]

    def in_flight(self, p):
        return p["in_flight"]

    def slots(self, p):
        return p["requests"]

    def least_ns(self, p, seed, i):
        return p["delay_us"] * 1000

    def expected(self, p, seed):
        total = sum(
            kernel.hash_bytes(i, kernel.payload(seed, i, p["response_bytes"]))
            for i in range(p["requests"])
        )
        return {"responses": p["requests"], "checksum": total & MASK}

    def check_slots(self, p, slots):
        for i in range(p["in_flight"], p["requests"]):
            if slots[2 * i] < slots[2 * (i - p["in_flight"]) + 1]:
                return f"request {i} began before request {i - p['in_flight']} on the same connection ended"
        return ""

    def check_asked(self, p, runs, backend):
        if backend["requests"] != runs * p["requests"]:
            return f"the backend got {backend['requests']} requests, not {runs * p['requests']}"
        if backend["most_in_flight"] > p["in_flight"]:
            return f"{backend['most_in_flight']} requests were in flight at once, {p['in_flight']} are allowed"
        enough = p["in_flight"] * SLOWEST_ARM_NS <= p["delay_us"] * 1000
        if enough and backend["most_in_flight"] < p["in_flight"]:
            return f"at most {backend['most_in_flight']} requests were in flight at once, not {p['in_flight']}"
        return ""


class HashBlocks(Rules):
    def units(self, p):
        return p["blocks"]

    def expected(self, p, seed):
        blocks, size, passes = p["blocks"], p["block_bytes"], p["passes"]
        if blocks * size * passes > 1 << 22 and size % 8 == 0:
            try:
                total = _hash_blocks_side_by_side(seed, blocks, size, passes)
                return {"blocks": blocks, "checksum": total}
            except ImportError:
                pass
        return {
            "blocks": blocks,
            "checksum": sum(kernel.hash_block(seed, b, size, passes) for b in range(blocks)) & MASK,
        }


def _hash_blocks_side_by_side(seed, blocks, size, passes):
    """The same, 128 blocks at a time in numpy: a check must not take as long as what it checks."""
    import numpy

    def mix(x):
        x = x + numpy.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        return x ^ (x >> numpy.uint64(31))

    total, factor = 0, numpy.uint64(0x9FB21C651E98DF25)
    left, right = numpy.uint64(27), numpy.uint64(37)
    for first in range(0, blocks, 128):
        numbers = numpy.arange(first, min(first + 128, blocks), dtype=numpy.uint64)
        words, state = [], mix(numpy.uint64(seed) ^ mix(numbers))
        for _ in range(size // 8):
            state = mix(state)
            words.append(state)
        value = numbers
        for _ in range(passes):
            state = mix(value ^ numpy.uint64(size))
            for word in words:
                state = (state ^ word) * factor
                state = (state << left) | (state >> right)
            value = mix(state)
        total += int(value.sum(dtype=numpy.uint64))
    return total & MASK


RULES = {
    "fetch_data": FetchData(),
    "waits": Waits(),
    "echo": Echo(),
    "fetch": Fetch(),
    "hash_blocks": HashBlocks(),
    "spawn": Spawn(),
    "yield": Yield(),
    "channel": Channel(),
    "idle": Idle(),
    "cancel": Cancel(),
    "http": Http(),
}
