# SPDX-License-Identifier: MIT
"""An asyncio event loop on a virtual clock: no threads, no I/O, and nothing that depends on chance.

Time is an integer number of ticks, which passes only when nothing is ready. asyncio itself is as it
comes: what is decided here is what a loop decides, and the order of a set of tasks, which hash by
address.
"""

import asyncio
import asyncio.base_events
import heapq
import itertools


class OrderedSet(dict):
    """A set that iterates in the order of insertion."""

    def __init__(self, items=()):
        super().__init__((item, None) for item in items)

    def add(self, item):
        self[item] = None

    def remove(self, item):
        del self[item]

    def discard(self, item):
        self.pop(item, None)


class TimerHandle(asyncio.TimerHandle):
    """Equal times in the order of the calls, which asyncio leaves open."""

    serials = itertools.count()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.serial = next(self.serials)

    def __lt__(self, other):
        return (self._when, self.serial) < (other._when, other.serial)


class TaskGroup(asyncio.TaskGroup):
    def __init__(self):
        super().__init__()
        self._tasks = OrderedSet()


class Selector:
    """Instead of waiting it lets the clock jump; with nothing to wait for it stops the loop."""

    def __init__(self, loop):
        self.loop = loop

    def select(self, timeout):
        if timeout is None:
            self.loop.stop()
        elif timeout > 0:  # at most a day, in seconds; our unit is the tick
            self.loop.now = self.loop.first_timer()
        return []

    def close(self):
        pass


class VirtualLoop(asyncio.base_events.BaseEventLoop):
    def __init__(self, now):
        super().__init__()
        self.now = now
        self._clock_resolution = (
            1  # a timer is run when its time is < now + resolution, that is <= now
        )
        self._selector = Selector(self)

    def time(self):
        return self.now

    def call_at(self, when, callback, *args, context=None):
        self._check_closed()
        timer = TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True
        return timer

    def first_timer(self):
        return self._scheduled[0].when()

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        pass
