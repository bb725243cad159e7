# SPDX-License-Identifier: MIT
"""Runs programs (one JSON object a line, see generator.py) with asyncio and prints the trace of each.

The twin of interpreter.cpp: every operation must do and print the same there.

Programs without a meaning to compare have a trace that contains LEFT_OUT, and compare.py does: where tasks wait for each
other in a circle, for example, asyncio's Task.cancel recurses until RecursionError.
"""

import asyncio
import contextvars
import gc
import json
import logging
import sys

import virtual_loop
from virtual_loop import TaskGroup, VirtualLoop

START = 10  # ticks: so that a time before now is not before 0
LEFT_OUT = "(left out)"
LINE_LIMIT = 4000  # a program that runs on and on is cut off here, on both sides


class Error(Exception):
    """What programs raise."""


class Cut(BaseException):
    """The trace is full."""


def show_error(error):
    if isinstance(error, asyncio.CancelledError):
        return "Cancelled(" + ",".join(str(a) for a in error.args if a is not None) + ")"
    if isinstance(error, BaseExceptionGroup):
        return "Group[" + ",".join(map(show_error, error.exceptions)) + "]"
    if isinstance(error, RecursionError):
        return LEFT_OUT
    if isinstance(error, Error):
        return f"Error({error.args[0]})"
    if "await wasn't used with future" in str(error):
        return LEFT_OUT  # a flaw of CPython: a task that awaited itself can be awaited by nobody any more
    return type(error).__name__


def show(value):
    if isinstance(value, BaseException):
        return "!" + show_error(value)
    if isinstance(value, list):
        return "[" + ",".join(map(show, value)) + "]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


class Environment:
    """What the body of one call sees of the scopes around it."""

    def __init__(self, group=None):
        self.timeouts = []
        self.groups = [group] if group else []


class Returned:
    def __init__(self, value):
        self.value = value


class Execution:
    def __init__(self, program):
        self.program = program
        self.lines = []
        self.lost = []
        self.open = True
        self.slots = {}
        self.callbacks = {}
        self.handles = {}
        self.tasks = []
        self.futures = []  # all that were made by "future"
        self.names = 0
        self.score = 0
        setting = program["setting"]
        self.tick = setting["tick"]
        self.locks = [asyncio.Lock(), asyncio.Lock()]
        self.event = asyncio.Event()
        self.condition = asyncio.Condition()
        self.semaphores = [asyncio.Semaphore(setting["permits"]), asyncio.BoundedSemaphore(setting["permits"])]
        self.barrier = asyncio.Barrier(setting["parties"])
        kinds = (asyncio.Queue, asyncio.PriorityQueue, asyncio.LifoQueue)
        self.queues = [kind(size) for kind, size in zip(kinds, setting["sizes"])]
        self.variables = [contextvars.ContextVar(f"v{i}", default=None) for i in range(2)]

    # -- the trace

    def trace(self, where, text):
        if not self.open:
            return
        if len(self.lines) >= LINE_LIMIT:
            self.loop.stop()
            raise Cut
        task = asyncio.current_task(self.loop) if self.loop.is_running() else None
        self.lines.append(f"{self.loop.now // self.tick - START} {task.get_name() if task else '-'} {where} {text}")

    def on_exception(self, loop, context):
        message, error = context["message"], context.get("exception")
        if not self.open or "destroyed" in message:
            return
        if "never retrieved" in message:
            kind = "Task" if message.startswith("Task") else "Future"
            self.lost.append(f"{kind} {show_error(error)}")
        else:
            kind = message.split(" <")[0].split(" functools")[0].split("(")[0]
            self.trace("handler", f"{' '.join(kind.split()[:3])} {show_error(error)}")

    # -- operations that do not wait

    def now(self, op, environment):
        """Carries out `op` if it needs no await; its result as text, or NotImplemented."""
        action = getattr(self, "do_" + op["op"], None)
        return NotImplemented if action is None else action(op, environment)

    def slot(self, op, kind=""):
        return next((f for k, f in [self.slots.get(op["a"], ("", None))] if f and kind in ("", k)), None)

    def task(self, op):
        future = self.slot(op)
        return future if isinstance(future, asyncio.Task) else None

    def do_trace(self, op, _):
        return "here"

    def do_raise(self, op, _):
        raise Error(op["a"])

    def do_future(self, op, _):
        self.futures.append(self.loop.create_future())
        self.slots[op["a"]] = ("text", self.futures[-1])

    def do_drop(self, op, _):
        self.slots.pop(op["a"], None)

    def do_state(self, op, _):
        future = self.slot(op)
        if future is None:
            return None
        return "cancelled" if future.cancelled() else "done" if future.done() else "pending"

    def do_cancel(self, op, _):
        future = self.slot(op)
        return future and (future.cancel(op["s"]) if op.get("s") else future.cancel())

    def do_cancel_self(self, op, _):
        return asyncio.current_task().cancel(*([op["s"]] if op.get("s") else []))

    def do_uncancel_self(self, op, _):
        return asyncio.current_task().uncancel()

    def do_cancelling(self, op, _):
        task = self.task(op)
        return task and task.cancelling()

    def do_uncancel(self, op, _):
        task = self.task(op)
        return task and task.uncancel()

    def do_name(self, op, _):
        task = self.task(op)
        return task and task.get_name().split("-")[0]

    def do_result(self, op, _):
        future = self.slot(op, "text")
        return future and future.result()

    def do_exception(self, op, _):
        future = self.slot(op)
        return future and (future.exception() or "no exception")

    def do_set_result(self, op, _):
        future = self.slot(op, "text")
        return future and future.set_result(str(op["b"]))

    def do_set_exception(self, op, _):
        future = self.slot(op, "text")
        return future and future.set_exception(Error(op["b"]))

    def run_callback(self, op):
        self.trace(op["id"], "called")
        for each in op["body"]:
            self.step_now(each, Environment())

    def do_add_callback(self, op, _):
        future = self.slot(op)
        if future is None:
            return None
        self.callbacks[op["b"]] = call = lambda _: self.run_callback(op)
        future.add_done_callback(call)

    def do_remove_callback(self, op, _):
        future, call = self.slot(op), self.callbacks.get(op["b"])
        return future and call and future.remove_done_callback(call)

    def do_call_soon(self, op, _):
        self.handles[op["a"]] = self.loop.call_soon(self.run_callback, op)

    def do_call_later(self, op, _):
        self.handles[op["a"]] = self.loop.call_later(op["t"] * self.tick, self.run_callback, op)

    def do_handle_cancel(self, op, _):
        handle = self.handles.get(op["a"])
        return handle and handle.cancel()

    def do_handle_cancelled(self, op, _):
        handle = self.handles.get(op["a"])
        return handle and handle.cancelled()

    def do_event_set(self, op, _):
        self.event.set()

    def do_event_clear(self, op, _):
        self.event.clear()

    def do_event_is_set(self, op, _):
        return self.event.is_set()

    def do_release(self, op, _):
        self.locks[op["a"]].release()

    def do_locked(self, op, _):
        return self.locks[op["a"]].locked()

    def do_semaphore_release(self, op, _):
        self.semaphores[op["a"]].release()

    def do_semaphore_locked(self, op, _):
        return self.semaphores[op["a"]].locked()

    def do_condition_release(self, op, _):
        self.condition.release()

    def do_notify(self, op, _):
        self.condition.notify(op["a"])

    def do_notify_all(self, op, _):
        self.condition.notify_all()

    def do_score(self, op, _):
        self.score += 1
        return self.score

    def do_barrier_state(self, op, _):
        return f"{self.barrier.n_waiting} {show(self.barrier.broken)}"

    def do_put_nowait(self, op, _):
        self.queues[op["a"]].put_nowait(op["b"])

    def do_get_nowait(self, op, _):
        return self.queues[op["a"]].get_nowait()

    def do_task_done(self, op, _):
        self.queues[op["a"]].task_done()

    def do_queue_state(self, op, _):
        queue = self.queues[op["a"]]
        return f"{queue.qsize()} {show(queue.empty())} {show(queue.full())}"

    def do_variable_set(self, op, _):
        self.variables[op["a"]].set(op["b"])

    def do_variable_get(self, op, _):
        return self.variables[op["a"]].get()

    def do_all_tasks(self, op, _):
        return sorted(t.get_name().split("-")[0] for t in asyncio.all_tasks(self.loop))

    def next_name(self, letter):
        self.names += 1
        return f"{letter}{self.names}"

    def do_spawn(self, op, _):
        task = self.loop.create_task(self.call(op["f"]), name=self.next_name("T"))
        self.slots[op["a"]] = ("text", task)
        return task.get_name()

    def do_group_spawn(self, op, environment):
        if not environment.groups:
            return None
        group = environment.groups[-1]
        child = self.call(op["f"], group)
        try:
            task = group.create_task(child, name=self.next_name("G"))
        except RuntimeError:
            child.close()
            raise
        self.slots[op["a"]] = ("text", task)
        return task.get_name()

    def do_reschedule(self, op, environment):
        if not environment.timeouts:
            return None
        scope = environment.timeouts[-1 - op["a"] % len(environment.timeouts)]
        scope.reschedule(None if op["t"] is None else self.loop.time() + op["t"] * self.tick)

    def do_expired(self, op, environment):
        return environment.timeouts[-1].expired() if environment.timeouts else None

    # -- operations that may wait

    def arguments(self, op):
        """Futures from slots ("s"), coroutine objects of calls ("f")."""
        for kind, number in op["l"]:
            if kind == "f":
                yield self.call(number)
            elif self.slots.get(number, ("", None))[0] == "text":
                yield self.slots[number][1]

    async def step(self, op, environment):
        try:
            result = self.now(op, environment)
            if result is NotImplemented:
                result = await getattr(self, "wait_" + op["op"])(op, environment)
        except BaseException as error:
            self.trace(op["id"], f"{op['op']} raised {show_error(error)}")
            raise
        if isinstance(result, Returned):
            return result
        self.trace(op["id"], f"{op['op']} {show(result)}")
        return None

    def step_now(self, op, environment):
        try:
            result = self.now(op, environment)
        except Exception as error:
            self.trace(op["id"], f"{op['op']} raised {show_error(error)}")
            if op["op"] == "raise":
                raise
            return
        self.trace(op["id"], f"{op['op']} {show(result)}")

    async def body(self, ops, environment):
        for op in ops:
            returned = await self.step(op, environment)
            if returned is not None:
                return returned
        return None

    async def call(self, function, group=None):
        task = asyncio.current_task()
        if task.get_name().startswith("Task-"):
            task.set_name(self.next_name("A"))
        returned = await self.body(self.program["functions"][function], Environment(group))
        return returned.value if returned else f"end{function}"

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
        futures = list(self.arguments(op))
        mode = (asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION, asyncio.ALL_COMPLETED)[op["a"]]
        limit = None if op["t"] is None else op["t"] * self.tick
        done, pending = await asyncio.wait(futures, timeout=limit, return_when=mode)
        return "done " + show([i for i, f in enumerate(futures) if f in done])

    async def wait_as_completed(self, op, environment):
        limit = None if op["t"] is None else op["t"] * self.tick
        for each in asyncio.as_completed(list(self.arguments(op)), timeout=limit):
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
                scope._cancelling = 0  # from 3.11.4 on older cancellations do not count; coro follows 3.11.2
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

    # -- the run

    def make_task(self, loop, coroutine, **kwargs):
        task = asyncio.Task(coroutine, loop=loop, **kwargs)
        self.tasks.append(task)
        return task

    def left(self):
        return [task for task in self.tasks if not task.done()]

    def run(self):
        self.loop = loop = VirtualLoop(START * self.tick)
        loop.set_exception_handler(self.on_exception)
        loop.set_task_factory(self.make_task)
        asyncio.events.set_event_loop(loop)
        main, task = loop.create_task(self.call(0), name="main"), None
        try:
            text = f"returned {loop.run_until_complete(main)}"
        except BaseException as error:
            text = f"raised {show_error(error)}" if main.done() else "waits for ever"
        cut = len(self.lines) >= LINE_LIMIT
        if not cut:
            self.trace("main", text)
            for _ in range(3):  # a task may swallow a cancellation
                left = self.left()
                if not left:
                    break
                self.trace("end", "cancels " + " ".join(t.get_name().split("-")[0] for t in left))
                for task in left:
                    task.cancel()
                del left
                loop.run_forever()
        cut = cut or len(self.lines) >= LINE_LIMIT
        if cut:
            self.lines.append("cut")
        elif self.left():
            self.lines.append("left " + " ".join(t.get_name().split("-")[0] for t in self.left()))
        else:
            # When a lost exception is noticed depends on Python's garbage collector: only what was lost counts.
            main = task = None
            for future in self.futures:
                future.cancel()
            future = None
            self.futures.clear()
            loop.run_forever()
            self.drop()
            gc.collect()
            self.lines += sorted(f"lost {each}" for each in self.lost)
        self.open = False
        self.drop()
        loop._ready.clear()
        loop._scheduled.clear()
        asyncio.events.set_event_loop(None)
        loop.close()
        return self.lines

    def drop(self):
        self.slots.clear()
        self.callbacks.clear()
        self.handles.clear()
        self.tasks.clear()


def main():
    virtual_loop.make_orders_definite()
    logging.disable()
    sys.unraisablehook = lambda _: None  # of coroutines that are thrown away while they wait
    import warnings

    warnings.simplefilter("ignore")
    gc.disable()
    for line in sys.stdin:
        program = json.loads(line)
        execution = Execution(program)
        try:
            lines = execution.run()
        except RecursionError:
            lines = [LEFT_OUT]
            execution.open = False
        gc.collect()
        print("\n".join(lines))
        print("===", flush=True)


if __name__ == "__main__":
    main()
