# SPDX-License-Identifier: MIT
"""Makes programs: for each seed one, always the same.

A program is {"setting": {...}, "functions": [[operation, ...], ...]}. Function 0 is the main task; a function calls only
functions of higher numbers, so every program ends, or waits for ever. An operation is an object: "op", a unique "id" for
the trace, and its arguments: "a", "b" numbers (a slot for a future, a lock, a value), "t" a time, "f" a function, "l" a
list of ["s", slot] and ["f", function], "body" and the like lists of operations. Slots are global to the program.
"""

import random

SLOTS = 6
TICKS = (1, 1, 1000, 65536, 10**6, 10**9)

# weight, operation: of each theme
TASKS = [
    (8, "sleep"),
    (7, "spawn"),
    (6, "await"),
    (6, "cancel"),
    (3, "call"),
    (2, "state"),
    (4, "try"),
]
THEMES = {
    "cancel": [
        (6, "cancel"),
        (3, "cancel_self"),
        (3, "uncancel_self"),
        (2, "cancelling"),
        (2, "uncancel"),
        (6, "try"),
        (2, "exception"),
        (2, "result"),
        (1, "name"),
        (1, "all_tasks"),
    ],
    "future": [
        (4, "future"),
        (5, "set_result"),
        (3, "set_exception"),
        (4, "add_callback"),
        (2, "remove_callback"),
        (4, "await"),
        (2, "exception"),
        (2, "result"),
        (1, "drop"),
        (3, "cancel"),
    ],
    "callback": [
        (5, "call_soon"),
        (5, "call_later"),
        (4, "handle_cancel"),
        (2, "handle_cancelled"),
        (2, "future"),
        (3, "variable_set"),
        (3, "variable_get"),
    ],
    "gather": [
        (9, "gather"),
        (3, "await"),
        (2, "future"),
        (2, "set_exception"),
        (2, "set_result"),
        (1, "raise"),
    ],
    "wait": [
        (7, "wait"),
        (5, "as_completed"),
        (2, "future"),
        (2, "set_exception"),
        (2, "set_result"),
        (1, "raise"),
    ],
    "timeout": [(7, "timeout"), (4, "reschedule"), (2, "expired"), (6, "wait_for"), (1, "raise")],
    "shield": [(7, "shield"), (3, "await"), (3, "future"), (2, "set_result"), (2, "set_exception")],
    "group": [(5, "group"), (6, "group_spawn"), (3, "raise"), (2, "cancelling")],
    "lock": [(4, "acquire"), (4, "release"), (5, "with_lock"), (1, "locked")],
    "event": [
        (6, "event_wait"),
        (4, "event_set"),
        (3, "event_clear"),
        (1, "event_is_set"),
        (1, "event_renew"),
    ],
    "condition": [
        (4, "with_condition"),
        (6, "in_condition"),
        (2, "condition_acquire"),
        (2, "condition_release"),
        (2, "score"),
        (2, "notify"),
        (1, "condition_wait"),
    ],
    "semaphore": [
        (5, "semaphore_acquire"),
        (5, "semaphore_release"),
        (5, "with_semaphore"),
        (1, "semaphore_locked"),
    ],
    "barrier": [
        (8, "barrier_wait"),
        (2, "barrier_reset"),
        (1, "barrier_abort"),
        (2, "barrier_state"),
    ],
    "queue": [
        (6, "put"),
        (6, "get"),
        (3, "put_nowait"),
        (3, "get_nowait"),
        (3, "task_done"),
        (2, "join"),
        (1, "queue_state"),
    ],
}
IN_CONDITION = [
    (4, "condition_wait"),
    (3, "condition_wait_for"),
    (3, "notify"),
    (1, "notify_all"),
    (2, "score"),
]
NO_WAIT = (
    "trace",
    "set_result",
    "set_exception",
    "cancel",
    "event_set",
    "event_clear",
    "put_nowait",
    "get_nowait",
    "task_done",
    "state",
    "handle_cancel",
    "raise",
    "spawn",
    "variable_set",
    "variable_get",
    "semaphore_release",
    "release",
    "call_soon",
    "future",
    "add_callback",
    "all_tasks",
)


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.ids = 0
        self.functions = 1 + self.random.randint(2, 4)
        self.themes = self.random.sample(sorted(THEMES), self.random.choice((1, 1, 2, 2, 3)))
        self.weighted = (
            TASKS
            + [each for theme in self.themes for each in THEMES[theme]]
            + [(1, "raise"), (1, "return")]
        )

    def pick(self, weighted):
        return self.random.choices([op for _, op in weighted], [weight for weight, _ in weighted])[
            0
        ]

    def program(self):
        setting = {
            "tick": self.random.choice(TICKS),
            "permits": self.random.choice((0, 1, 1, 2)),
            "parties": self.random.choice((1, 2, 2, 3)),
            "sizes": [self.random.choice((0, 1, 1, 2)) for _ in range(3)],
            "cancels": self.cancels(),
        }
        return {"setting": setting, "functions": [self.function(n) for n in range(self.functions)]}

    def cancels(self):
        """In every turn of a program's first some other program of these cancels a task."""
        count = self.random.choice((0, 0, 1, 1, 2))
        return [[self.random.randrange(14), self.random.randrange(4)] for _ in range(count)]

    def function(self, number):
        start = []
        if number == 0:
            if self.random.random() < 0.5:
                start = [self.operation("future", 0, 0)]
            start += [self.operation("spawn", 0, 0) for _ in range(self.random.randint(1, 4))]
        return start + self.body(number, 0, 2, 7)

    def body(self, function, depth, least=1, most=4, weighted=None):
        return [
            self.operation(self.pick(weighted or self.weighted), function, depth)
            for _ in range(self.random.randint(least, most))
        ]

    def callback_body(self, function, depth):
        allowed = [(w, op) for w, op in self.weighted if op in NO_WAIT] + [(1, "trace")]
        return self.body(function, depth + 1, 0, 2, allowed) if depth < 3 else []

    def slot(self):
        return self.random.randrange(SLOTS)

    def time(self):
        return self.random.choice((-1, 0, 0, 0, 1, 1, 1, 2, 2, 3, 5, 8, 70, 5000))

    def limit(self):
        return self.random.choice((None, -1, 0, 0, 1, 1, 2, 2, 3, 5))

    def callee(self, function):
        return self.random.randrange(function + 1, self.functions)

    def arguments(self, function, calls):
        made = []
        for _ in range(self.random.choice((0, 1, 2, 2, 3, 3, 4))):
            if calls and function + 1 < self.functions and self.random.random() < 0.5:
                made.append(["f", self.callee(function)])
            else:
                made.append(["s", self.slot()])
        return made

    def operation(self, name, function, depth):
        choose = self.random.choice
        leaf = function + 1 >= self.functions
        if name in ("spawn", "call", "group_spawn") and leaf:
            name = "trace" if name == "spawn" else "sleep"
        if depth >= 3 and name in (
            "try",
            "timeout",
            "group",
            "with_lock",
            "with_condition",
            "with_semaphore",
        ):
            name = "sleep"
        if name == "in_condition":
            op = {
                "op": "with_condition",
                "body": self.body(function, depth + 1, 1, 2, IN_CONDITION),
            }
        else:
            op = {"op": name}
        self.ids += 1
        op["id"] = self.ids
        if name in ("sleep", "call_later"):
            op["t"] = self.time()
        if name in ("wait", "as_completed", "wait_for", "timeout", "reschedule"):
            op["t"] = self.limit()
        if name in ("spawn", "call", "group_spawn"):
            op["f"] = self.callee(function)
        if name in (
            "spawn",
            "group_spawn",
            "await",
            "cancel",
            "state",
            "cancelling",
            "uncancel",
            "name",
            "result",
            "drop",
            "exception",
            "future",
            "set_result",
            "set_exception",
            "add_callback",
            "remove_callback",
            "shield",
            "wait_for",
        ):
            op["a"] = self.slot()
        if name in ("cancel", "cancel_self"):
            op["s"] = choose(("", "", "why", "because"))
        if name in (
            "set_result",
            "set_exception",
            "raise",
            "return",
            "put",
            "put_nowait",
            "variable_set",
            "score",
        ):
            op["b"] = self.random.randrange(10)
        if name in ("raise", "return"):
            op["a"] = op.pop("b")
        if name in ("add_callback", "remove_callback"):
            op["b"] = self.random.randrange(3)
        if name in ("add_callback", "call_soon", "call_later"):
            op["body"] = self.callback_body(function, depth)
        if name in ("call_soon", "call_later", "handle_cancel", "handle_cancelled"):
            op["a"] = self.random.randrange(3)
        if name in (
            "acquire",
            "release",
            "locked",
            "with_lock",
            "semaphore_acquire",
            "semaphore_release",
            "reschedule",
            "semaphore_locked",
            "with_semaphore",
            "variable_set",
            "variable_get",
        ):
            op["a"] = self.random.randrange(2)
        if name in (
            "put",
            "get",
            "put_nowait",
            "get_nowait",
            "task_done",
            "join",
            "queue_state",
            "wait",
        ):
            op["a"] = self.random.randrange(3)
        if name in ("notify", "condition_wait_for"):
            op["a"] = self.random.randint(1, 3)
        if name in ("gather", "wait", "as_completed"):
            op["l"] = self.arguments(function, name != "wait")
        if name == "gather":
            op["keep"] = choose((True, False))
            op["a"] = choose((None, None, self.slot()))
        if name == "shield":
            op["b"] = choose((None, None, self.slot()))
        if name == "wait_for":
            op["f"] = None if leaf else choose((None, self.callee(function)))
        if name in ("timeout", "group", "with_lock", "with_condition", "with_semaphore", "try"):
            op["body"] = self.body(function, depth + 1)
        if name == "try":
            op["on_cancel"] = choose((None, self.handler(function, depth)))
            op["on_error"] = choose((None, self.handler(function, depth)))
            op["again"] = choose((True, False))
            op["finally"] = choose(([], self.handler(function, depth)))
        return op

    def handler(self, function, depth):
        return [op for op in self.body(function, depth + 1, 0, 2) if op["op"] != "return"]


def program(seed):
    return Maker(seed).program()
