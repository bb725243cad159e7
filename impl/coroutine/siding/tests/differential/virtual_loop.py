# SPDX-License-Identifier: MIT
"""An asyncio event loop on a virtual clock: no threads, no I/O, and nothing that depends on chance.

Time is an integer number of ticks, which passes only when nothing is ready. Where asyncio leaves an order open (timers
of one time, which heapq does not keep in order; sets of tasks, which hash by address), it is made the order of creation.
"""

import asyncio
import asyncio.base_events
import asyncio.events
import asyncio.tasks
import inspect
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
    """Equal times in the order of the calls."""

    serials = itertools.count()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.serial = next(self.serials)

    def __lt__(self, other):
        return (self._when, self.serial) < (other._when, other.serial)


def make_orders_definite():
    asyncio.tasks.set = OrderedSet
    source = inspect.getsource(asyncio.tasks.as_completed)
    unordered = "{ensure_future(f, loop=loop) for f in set(fs)}"
    if unordered not in source:
        raise RuntimeError("asyncio.as_completed is not the one that this oracle knows")
    exec(
        source.replace(unordered, "set(ensure_future(f, loop=loop) for f in set(fs))"),
        asyncio.tasks.__dict__,
    )
    asyncio.as_completed = asyncio.tasks.as_completed
    asyncio.events.TimerHandle = TimerHandle
    asyncio.base_events.MAXIMUM_SELECT_TIMEOUT = 10**30  # its unit is the second, ours the tick


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
        else:
            self.loop.now += timeout
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

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        pass
