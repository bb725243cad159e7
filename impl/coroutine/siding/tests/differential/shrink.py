# SPDX-License-Identifier: MIT
"""Makes a program that fails smaller, as long as it still fails: delta debugging on the tree of operations."""

import copy

LISTS = ("body", "finally", "on_cancel", "on_error")


def bodies(program):
    """All lists of operations: (holder, key)."""
    stack = [(program["functions"], i) for i in range(len(program["functions"]))]
    while stack:
        holder, key = stack.pop(0)
        yield holder, key
        for op in holder[key]:
            stack += [(op, name) for name in LISTS if op.get(name)]


def variants(program):
    """Programs that are one step smaller, large steps first."""

    def changed(number, change):
        made = copy.deepcopy(program)
        holder, key = list(bodies(made))[number]
        change(holder, key)
        return made

    count = [len(holder[key]) for holder, key in bodies(program)]
    for width in (8, 4, 2, 1):
        for number, length in enumerate(count):
            for start in range(0, length, width):
                if width <= length or width == 1:
                    yield changed(
                        number, lambda h, k: h[k].__delitem__(slice(start, start + width))
                    )
    for number, (holder, key) in enumerate(bodies(program)):
        for i, op in enumerate(holder[key]):
            for name in LISTS:
                if op.get(name):  # the body in place of what is around it
                    yield changed(
                        number, lambda h, k: h[k].__setitem__(slice(i, i + 1), h[k][i][name])
                    )
            if op["op"] == "try":
                for name in ("on_cancel", "on_error"):
                    if op[name] is not None:
                        yield changed(number, lambda h, k: h[k][i].__setitem__(name, None))
            if op["op"] == "call":
                yield changed(
                    number,
                    lambda h, k: h[k].__setitem__(
                        slice(i, i + 1),
                        [copy.deepcopy(each) for each in program["functions"][op["f"]]],
                    ),
                )
            for j in range(len(op.get("l", []))):
                yield changed(number, lambda h, k: h[k][i]["l"].__delitem__(j))
            if op.get("s"):
                yield changed(number, lambda h, k: h[k][i].__setitem__("s", ""))
            if (op.get("t") or 0) > 1:
                yield changed(number, lambda h, k: h[k][i].__setitem__("t", 1))
    if program["setting"]["tick"] != 1:
        made = copy.deepcopy(program)
        made["setting"]["tick"] = 1
        yield made


def smallest(program, failing, at_once=64):
    """`failing(programs)` tells which of them still fail, by index."""
    for _ in range(200):
        candidates = list(variants(program))
        for start in range(0, len(candidates), at_once):
            part = candidates[start : start + at_once]
            found = failing(part)
            if found:
                program = part[min(found)]
                break
        else:
            return program
    return program
