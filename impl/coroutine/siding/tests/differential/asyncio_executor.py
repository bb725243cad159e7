# SPDX-License-Identifier: MIT
"""Runs programs (one JSON object a line, see generator.py) with asyncio and prints the trace of each.

The twin of execution.cpp: every operation must do and print the same there.

Programs without a meaning to compare have a trace that contains LEFT_OUT, and compare.py does: where tasks wait for each
other in a circle, for example, asyncio's Task.cancel recurses until RecursionError.
"""

import asyncio
import contextvars
import gc
import json
import logging
import sys

from asyncio_now import Environment, NowOperations
from asyncio_show import LEFT_OUT, Cut, short_name, show, show_error
from asyncio_wait import Returned, WaitOperations
from virtual_loop import VirtualLoop

START = 10  # ticks: so that a time before now is not before 0
LINE_LIMIT = 4000  # a program that runs on and on is cut off here, on both sides


class Execution(NowOperations, WaitOperations):
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
        self.semaphores = [
            asyncio.Semaphore(setting["permits"]),
            asyncio.BoundedSemaphore(setting["permits"]),
        ]
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
        self.lines.append(
            f"{self.loop.now // self.tick - START} {task.get_name() if task else '-'} {where} {text}"
        )

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

    # -- operations: those that do not wait are in asyncio_now.py, those that may in asyncio_wait.py

    def now(self, op, environment):
        """Carries out `op` if it needs no await; its result as text, or NotImplemented."""
        action = getattr(self, "do_" + op["op"], None)
        return NotImplemented if action is None else action(op, environment)

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
        if short_name(task) == "Task":
            task.set_name(self.next_name("A"))
        returned = await self.body(self.program["functions"][function], Environment(group))
        return returned.value if returned else f"end{function}"

    # -- the run

    def make_task(self, loop, coroutine, **kwargs):
        task = asyncio.Task(coroutine, loop=loop, **kwargs)
        self.tasks.append(task)
        return task

    def cancel_in_turns(self, cancels):
        """`cancels`: pairs of a turn of the loop, and a number for one of the tasks that are
        left."""

        def each_turn(turn):
            for at, number in cancels:
                left = self.left()
                if at == turn and left:
                    task = left[number % len(left)]
                    self.trace("turn", f"cancels {short_name(task)} {show(task.cancel())}")
            if turn < max(at for at, _ in cancels):
                self.loop.call_soon(each_turn, turn + 1)

        if cancels:
            self.loop.call_soon(each_turn, 0)

    def left(self):
        return [task for task in self.tasks if not task.done()]

    def run(self):
        self.loop = loop = VirtualLoop(START * self.tick)
        loop.set_exception_handler(self.on_exception)
        loop.set_task_factory(self.make_task)
        asyncio.events.set_event_loop(loop)
        main, task = loop.create_task(self.call(0), name="main"), None
        self.cancel_in_turns(self.program["setting"].get("cancels", []))
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
                self.trace("end", "cancels " + " ".join(short_name(t) for t in left))
                for task in left:
                    task.cancel()
                del left
                loop.run_forever()
        cut = cut or len(self.lines) >= LINE_LIMIT
        if cut:
            self.lines.append("cut")
        elif self.left():
            self.lines.append("left " + " ".join(short_name(t) for t in self.left()))
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
