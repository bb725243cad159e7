# SPDX-License-Identifier: MIT
"""Operations that do not wait. The twin of now.cpp: each must do and print the same there."""

import asyncio

from asyncio_show import Error, short_name, show


class Environment:
    """What the body of one call sees of the scopes around it."""

    def __init__(self, group=None):
        self.timeouts = []
        self.groups = [group] if group else []


class NowOperations:
    """Methods of Execution: a name, the operation, what the scopes around it are; the result is printed."""

    def slot(self, op, kind=""):
        return next(
            (f for k, f in [self.slots.get(op["a"], ("", None))] if f and kind in ("", k)), None
        )

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
        return task and short_name(task)

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

    def do_event_renew(self, op, _):
        self.event = asyncio.Event()  # who waits for the old one waits on

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
        return sorted(short_name(t) for t in asyncio.all_tasks(self.loop))

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
