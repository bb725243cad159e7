# SPDX-License-Identifier: MIT
"""Operations that may wait. The twin of wait.cpp and scopes.cpp: each must do and print the same there."""

import asyncio

from asyncio_show import show, show_error
from virtual_loop import TaskGroup


class Returned:
    def __init__(self, value):
        self.value = value


class WaitOperations:
    """Methods of Execution, as in NowOperations."""

    def arguments(self, op):
        """Futures from slots ("s"), coroutine objects of calls ("f")."""
        for kind, number in op["l"]:
            if kind == "f":
                yield self.call(number)
            elif self.slots.get(number, ("", None))[0] == "text":
                yield self.slots[number][1]

    def futures_of(self, op):
        """The same as futures, at most one of which is done: asyncio makes a set of them, and the
        order in which it learns of several that are done is open."""
        futures, any_done = [], False
        for each in self.arguments(op):
            future = self.loop.create_task(each) if asyncio.iscoroutine(each) else each
            if not future.done() or not any_done:
                futures.append(future)
            any_done = any_done or future.done()
        return futures

    async def wait_return(self, op, _):
        return Returned(str(op["a"]))

    async def wait_sleep(self, op, _):
        await asyncio.sleep(op["t"] * self.tick)

    async def wait_call(self, op, _):
        return await self.call(op["f"])

    async def wait_await(self, op, _):
        future = self.slot(op)
        return future and await future

    async def wait_gather(self, op, _):
        outer = asyncio.gather(*self.arguments(op), return_exceptions=op["keep"])
        if op["a"] is None:
            return await outer
        self.slots[op["a"]] = ("list", outer)

    async def wait_wait(self, op, _):
        futures = self.futures_of(op)
        mode = (asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION, asyncio.ALL_COMPLETED)[op["a"]]
        limit = None if op["t"] is None else op["t"] * self.tick
        done, pending = await asyncio.wait(futures, timeout=limit, return_when=mode)
        return "done " + show([i for i, f in enumerate(futures) if f in done])

    async def wait_as_completed(self, op, environment):
        limit = None if op["t"] is None else op["t"] * self.tick
        for each in asyncio.as_completed(self.futures_of(op), timeout=limit):
            try:
                self.trace(op["id"], f"next {show(await each)}")
            except Exception as error:
                self.trace(op["id"], f"next raised {show_error(error)}")

    async def wait_wait_for(self, op, _):
        awaited = self.call(op["f"]) if op["f"] is not None else self.slot(op, "text")
        limit = None if op["t"] is None else op["t"] * self.tick
        return awaited and await asyncio.wait_for(awaited, limit)

    async def wait_shield(self, op, _):
        future = self.slot(op, "text")
        if future is None:
            return None
        outer = asyncio.shield(future)
        if op["b"] is None:
            return await outer
        self.slots[op["b"]] = ("text", outer)

    async def wait_timeout(self, op, environment):
        result = None
        limit = None if op["t"] is None else op["t"] * self.tick
        scope = asyncio.timeout(limit)
        try:
            async with scope:
                environment.timeouts.append(scope)
                try:
                    result = await self.body(op["body"], environment)
                finally:
                    environment.timeouts.pop()
        finally:
            self.trace(op["id"], f"expired {show(scope.expired())}")
        return result

    async def wait_group(self, op, environment):
        result = None
        async with TaskGroup() as group:
            environment.groups.append(group)
            try:
                result = await self.body(op["body"], environment)
            finally:
                environment.groups.pop()
        return result

    async def wait_acquire(self, op, _):
        await self.locks[op["a"]].acquire()

    async def wait_with_lock(self, op, environment):
        async with self.locks[op["a"]]:
            return await self.body(op["body"], environment)

    async def wait_event_wait(self, op, _):
        await self.event.wait()

    async def wait_condition_acquire(self, op, _):
        await self.condition.acquire()

    async def wait_condition_wait(self, op, _):
        await self.condition.wait()

    async def wait_condition_wait_for(self, op, _):
        await self.condition.wait_for(lambda: self.score >= op["a"])

    async def wait_with_condition(self, op, environment):
        async with self.condition:
            return await self.body(op["body"], environment)

    async def wait_semaphore_acquire(self, op, _):
        await self.semaphores[op["a"]].acquire()

    async def wait_with_semaphore(self, op, environment):
        async with self.semaphores[op["a"]]:
            return await self.body(op["body"], environment)

    async def wait_barrier_wait(self, op, _):
        return await self.barrier.wait()

    async def wait_barrier_reset(self, op, _):
        await self.barrier.reset()

    async def wait_barrier_abort(self, op, _):
        await self.barrier.abort()

    async def wait_put(self, op, _):
        await self.queues[op["a"]].put(op["b"])

    async def wait_get(self, op, _):
        return await self.queues[op["a"]].get()

    async def wait_join(self, op, _):
        await self.queues[op["a"]].join()

    async def wait_repeat(self, op, environment):
        for _ in range(op["a"]):
            returned = await self.body(op["body"], environment)
            if returned is not None:
                return returned

    async def wait_try(self, op, environment):
        try:
            try:
                return await self.body(op["body"], environment)
            except asyncio.CancelledError:
                if op["on_cancel"] is None:
                    raise
                returned = await self.body(op["on_cancel"], environment)
                if op["again"]:
                    raise
                return returned
            except Exception:
                if op["on_error"] is None:
                    raise
                returned = await self.body(op["on_error"], environment)
                if op["again"]:
                    raise
                return returned
        finally:
            if self.open:
                await self.body(op["finally"], environment)
