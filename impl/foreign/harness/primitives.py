# SPDX-License-Identifier: MIT
"""bench/oracle of the primitives: units that are made, that give way, hand over, wait and are cancelled."""

from . import kernel
from .kernel import MASK
from .rules import Rules


class Spawn(Rules):
    def units(self, p):
        return p["units"]

    def in_flight(self, p):
        return p["at_once"]

    def expected(self, p, seed):
        return {
            "joined": p["units"],
            "sum": sum(kernel.mix(seed ^ i) for i in range(p["units"])) & MASK,
        }


class Yield(Rules):
    def units(self, p):
        return p["units"] * p["turns"]

    def in_flight(self, p):
        return p["units"]

    def expected(self, p, seed):
        chain = seed
        for _ in range(p["turns"]):
            for unit in range(p["units"]):
                chain = kernel.mix((chain + unit) & MASK)
        return {"turns": p["units"] * p["turns"], "chain": chain}


class Channel(Rules):
    def units(self, p):
        return p["producers"] * p["items"]

    def in_flight(self, p):
        return p["producers"] + 1

    def expected(self, p, seed):
        digest = 0
        for producer in range(p["producers"]):
            chain, first = 0, producer * p["items"]
            for i in range(p["items"]):
                chain = kernel.mix((chain + kernel.mix(seed ^ (first + i))) & MASK)
            digest += kernel.mix(chain ^ producer)
        return {"taken": p["producers"] * p["items"], "digest": digest & MASK}

    def check(self, p, seed, right, outcome, slots, served):
        if outcome["most_queued"] > p["capacity"]:
            return f"{outcome['most_queued']} items were in the channel, and {p['capacity']} may be"
        return super().check(p, seed, right, outcome, slots, served)


class Cancel(Rules):
    def units(self, p):
        return p["units"]

    def slots(self, p):
        return p["units"]

    def expected(self, p, seed):
        waiting = [kernel.waiting_mark(seed, unit) for unit in range(p["units"])]
        return {
            "joined": p["units"],
            "waiting": sum(waiting) & MASK,
            "cancelled": sum(map(kernel.mix, waiting)) & MASK,
        }

    def check(self, p, seed, right, outcome, slots, served):
        """Each request after the one ahead of it, and none while a unit of an earlier burst was still to clean up."""
        wrong = super().check(p, seed, right, outcome, slots, served)
        last = ended = ended_in_this = 0
        for k, unit in enumerate([] if wrong else kernel.cancel_order(seed, p["units"])):
            if k % p["burst"] == 0:
                ended = max(ended, ended_in_this)
            begin, end = slots[2 * unit], slots[2 * unit + 1]
            if begin < last:
                return f"unit {unit} was cancelled out of turn"
            if begin < ended:
                return f"unit {unit} was cancelled before the burst ahead of it had ended"
            last, ended_in_this = begin, max(ended_in_this, end)
        return wrong


class Idle(Rules):
    """Its slots end with the times of the looks."""

    is_looked_at = True

    def units(self, p):
        return p["units"]

    def slots(self, p):
        return p["units"]

    def steps(self, p):
        return (p["units"] // 4, p["units"] // 2, p["units"])

    def expected(self, p, seed):
        total = sum(kernel.ballast_value(seed, i, p["ballast_bytes"]) for i in range(p["units"]))
        return {"released": p["units"], "sum": total & MASK}

    def check_slots(self, p, slots):
        """Each unit of a step waited from before its look until after the last one, and none came before its step."""
        looks = slots[2 * p["units"] :]
        if len(looks) != 2 * len(self.steps(p)):
            return f"{len(looks) // 2} looks, not {len(self.steps(p))}"
        i = not_before = 0
        for step, units in enumerate(self.steps(p)):
            for i in range(i, units):
                begin, end = slots[2 * i], slots[2 * i + 1]
                if begin < not_before:
                    return f"unit {i} is of step {step} and was there before it"
                if begin > looks[2 * step]:
                    return f"unit {i} did not wait yet at look {step}"
                if end < looks[-1]:
                    return f"unit {i} had gone on before the last look"
            i, not_before = units, looks[2 * step + 1]
        return ""
