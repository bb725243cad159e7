# SPDX-License-Identifier: MIT
"""What an oracle says of a workload, and the checks that several share."""


class Rules:
    is_looked_at = False  # runs once a process and asks for looks while it runs

    def units(self, p):
        raise NotImplementedError

    def in_flight(self, p):
        return self.units(p)

    def slots(self, p):
        return 0

    def nominal_ns(self, p, seed, i):
        return 0

    def expected(self, p, seed):
        raise NotImplementedError

    def check(self, p, seed, right, outcome, slots, served):
        """ "" or one line that says what is wrong."""
        for name, value in right.items():
            if outcome.get(name) != value:
                return f"{name} is {outcome.get(name)}, not {value}"
        return check_durations(slots, lambda i: self.least_ns(p, seed, i)) or self.check_slots(
            p, slots
        )

    def least_ns(self, p, seed, i):
        return 0

    def check_slots(self, p, slots):
        return ""

    def check_asked(self, p, runs, backend):
        return ""


def check_durations(slots, least_ns):
    for i in range(len(slots) // 2):
        begin, end = slots[2 * i], slots[2 * i + 1]
        if begin == 0 or end == 0:
            return f"operation {i} was never {'ended' if begin else 'begun'}"
        if end - begin < least_ns(i):
            return f"operation {i} took {end - begin} ns and cannot take less than {least_ns(i)} ns"
    return ""


def most_at_once(slots):
    changes = sorted([(begin, 1) for begin in slots[::2]] + [(end, -1) for end in slots[1::2]])
    now = most = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most
