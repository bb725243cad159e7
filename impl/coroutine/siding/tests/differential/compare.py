#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The differential oracle: programs must leave the same trace with CPython's asyncio and with
siding.

compare.py EXECUTOR --seeds 0:300        random programs; a failure is shrunk, and kept with --keep DIRECTORY
compare.py EXECUTOR --regressions DIR    the programs kept before
compare.py EXECUTOR --differences DIR    programs in which older Pythons differ, with the reference's trace
compare.py EXECUTOR --recorded FILE      random programs against the recorded traces of the reference
compare.py EXECUTOR --record FILE --seeds 0:1000    records them
compare.py EXECUTOR --mutations 0:300    executors with a deliberate fault: each must be noticed
compare.py EXECUTOR --show FILE|SEED     one program, both traces side by side
"""

import argparse
import hashlib
import itertools
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import generator
import oracle
import shrink

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
# An operation in which a fault lies, where few programs have it.
TOUCHES = {"--late-event": '"event_set"'}
MUTATIONS = ("--late-event", "--eager-yield", "--reversed-gather", "--lost-message")
BATCH = 500
LEFT_OUT = "(left out)"  # see asyncio_show.py


def run_batch(command, programs):
    """The traces; a program that kills or hangs the executor has a trace that says so."""
    traces = []
    while len(traces) < len(programs):
        left = programs[len(traces) :]
        with tempfile.TemporaryFile("w+") as lines:
            lines.writelines(json.dumps(program) + "\n" for program in left)
            lines.seek(0)
            ran = subprocess.Popen(
                command, stdin=lines, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            try:
                output, errors = ran.communicate(timeout=20 + 0.1 * len(left))
                end = f"exit {ran.returncode}"
            except subprocess.TimeoutExpired:
                ran.kill()
                output, errors = ran.communicate()
                end = "hangs"
        parts = output.split("===\n")
        traces += [part.splitlines() for part in parts[:-1]]
        if len(traces) < len(programs):
            last = [line for line in errors.splitlines() if line.strip()][-1:]
            traces.append(parts[-1].splitlines() + [f"executor: {end}"] + last)
    return traces


def equal(theirs, ours):
    """Line by line. CPython gives a task's cancel message only to the first who looks at the task (Task drops the
    exception to break a cycle of references); siding gives it to all. So a message that siding alone has is no difference.
    """
    if len(theirs) != len(ours):
        return False
    return all(
        a == b
        or "Cancelled()" in a
        and re.fullmatch(re.escape(a).replace(re.escape("Cancelled()"), r"Cancelled\(\w*\)"), b)
        for a, b in zip(theirs, ours)
    )


class Comparison:
    def __init__(self, executor, fault=None):
        self.ours = [executor] + ([fault] if fault else [])
        python, self.version = oracle.find()
        self.theirs = [python, "-B", str(HERE / "asyncio_executor.py")]
        self.left_out = 0

    def asked(self, programs):
        """Their traces; of what this oracle cannot answer one that says so."""
        answered = [i for i, each in enumerate(programs) if oracle.can_answer(each, self.version)]
        traces = [[LEFT_OUT]] * len(programs)
        for i, trace in zip(answered, run_batch(self.theirs, [programs[i] for i in answered])):
            traces[i] = trace
        return traces

    def differing(self, programs):
        """Indices of the programs whose traces differ, with both traces."""
        theirs = self.asked(programs)
        meant = [i for i, trace in enumerate(theirs) if not any(LEFT_OUT in line for line in trace)]
        self.left_out += len(programs) - len(meant)
        ours = run_batch(self.ours, [programs[i] for i in meant])
        return [
            (i, theirs[i], trace) for i, trace in zip(meant, ours) if not equal(theirs[i], trace)
        ]

    def differs(self, programs):
        return {i for i, _, _ in self.differing(programs)}


def side_by_side(theirs, ours):
    lines = []
    for i in range(max(len(theirs), len(ours))):
        left = theirs[i] if i < len(theirs) else ""
        right = ours[i] if i < len(ours) else ""
        lines.append(f"{' ' if left == right else '!'} {left:<58} | {right}")
    return "\n".join([f"  {'asyncio':<58} | siding", *lines])


def report(comparison, program, title):
    found = comparison.differing([program])
    print(f"\n{title}\n{json.dumps(program)}")
    if found:
        print(side_by_side(*found[0][1:]))
    else:
        print("(the traces no longer differ: the difference depends on more than the program)")


def compare_seeds(comparison, seeds, keep, most):
    failed = 0
    for start in range(seeds.start, seeds.stop, BATCH):
        numbers = range(start, min(start + BATCH, seeds.stop))
        programs = [generator.program(seed) for seed in numbers]
        for i, _, _ in comparison.differing(programs):
            failed += 1
            if failed > most:
                continue
            smallest = shrink.smallest(programs[i], comparison.differs)
            report(comparison, smallest, f"seed {numbers[i]} differs; shrunk:")
            if keep:
                pathlib.Path(keep, f"seed-{numbers[i]}.json").write_text(
                    json.dumps(smallest) + "\n"
                )
    print(f"{len(seeds)} programs, {comparison.left_out} left out, {failed} differ")
    return failed


def compare_kept(comparison, directory):
    files = sorted(pathlib.Path(directory).glob("*.json"))
    programs = [json.loads(file.read_text()) for file in files]
    found = comparison.differing(programs)
    for i, theirs, ours in found:
        print(f"\n{files[i].name} differs:\n{side_by_side(theirs, ours)}")
    print(f"{len(files)} kept programs, {len(found)} differ")
    return len(found) or (not files)


def digest(trace):
    """Without messages of cancellations, of which siding keeps more (see `equal`)."""
    if any(LEFT_OUT in line for line in trace):
        return "-"
    text = re.sub(r"Cancelled\(\w*\)", "Cancelled()", "\n".join(trace))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def record(comparison, seeds, file):
    """One line a seed: a digest of the program, and one of the trace that the reference leaves."""
    if comparison.version != oracle.REFERENCE:
        sys.exit(f"only CPython {'.'.join(map(str, oracle.REFERENCE))} is recorded")
    with open(file, "w") as to:
        for start in range(seeds.start, seeds.stop, BATCH):
            numbers = range(start, min(start + BATCH, seeds.stop))
            programs = [generator.program(seed) for seed in numbers]
            for seed, program, trace in zip(numbers, programs, comparison.asked(programs)):
                print(seed, digest([json.dumps(program)]), digest(trace), file=to)


def compare_recorded(comparison, file):
    lines = [line.split() for line in pathlib.Path(file).read_text().splitlines()]
    failed = left_out = 0
    for start in range(0, len(lines), BATCH):
        part = lines[start : start + BATCH]
        programs = [generator.program(int(seed)) for seed, _, _ in part]
        for program, trace, (seed, made, expected) in zip(
            programs, run_batch(comparison.ours, programs), part
        ):
            if digest([json.dumps(program)]) != made:
                sys.exit(f"{file} is of another generator: record it anew")
            left_out += expected == "-"
            if expected not in ("-", digest(trace)):
                failed += 1
                print(f"seed {seed} differs from the recorded trace; compare.py --show {seed}")
    print(f"{len(lines)} recorded programs, {left_out} left out, {failed} differ")
    return failed or not lines


def compare_differences(comparison, directory):
    """Each file is a program and the trace that the reference leaves, which is checked where it
    is there."""
    files = sorted(pathlib.Path(directory).glob("*.json"))
    failed = 0
    for file in files:
        program = json.loads(file.read_text())
        sides = [("siding", comparison.ours)]
        if comparison.version == oracle.REFERENCE:
            sides.append(("the reference", comparison.theirs))
        for name, command in sides:
            trace = run_batch(command, [program])[0]
            if not equal(program["trace"], trace):
                failed += 1
                print(f"\n{file.name}: {name} (right) leaves another trace")
                print(side_by_side(program["trace"], trace))
    print(f"{len(files)} differences between versions, {failed} traces are not as recorded")
    return failed or (not files)


def touched_by(fault, seeds):
    """As many programs as there are seeds, of those in which the faulty operation occurs at all."""
    every = (generator.program(seed) for seed in itertools.count(seeds.start))
    operation = TOUCHES.get(fault, "")
    return list(itertools.islice((p for p in every if operation in json.dumps(p)), len(seeds)))


def check_mutations(executor, seeds):
    """How many programs notice each deliberate fault; a fault that none notices is a failure."""
    unnoticed = 0
    for fault in MUTATIONS:
        programs = touched_by(fault, seeds)
        noticed = len(Comparison(executor, fault).differing(programs))
        print(f"{fault[2:]:<16} noticed by {noticed} of {len(programs)} programs")
        unnoticed += noticed == 0
    return unnoticed


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("executor")
    parser.add_argument("--seeds", metavar="FROM:TO")
    parser.add_argument("--mutations", metavar="FROM:TO")
    parser.add_argument("--regressions", metavar="DIRECTORY")
    parser.add_argument("--differences", metavar="DIRECTORY")
    parser.add_argument("--recorded", metavar="FILE")
    parser.add_argument("--record", metavar="FILE")
    parser.add_argument("--show", metavar="FILE|SEED")
    parser.add_argument("--keep", metavar="DIRECTORY")
    parser.add_argument(
        "--most", type=int, default=5, help="how many failures are shrunk and shown"
    )
    options = parser.parse_args()
    comparison = Comparison(options.executor)
    failed = 0
    if options.recorded:
        failed += compare_recorded(comparison, options.recorded)
    if options.differences:
        failed += compare_differences(comparison, options.differences)
    if options.recorded or options.differences:
        return 1 if failed else 0
    if comparison.version is None:
        print("skipped: no CPython from 3.11 on, which is the oracle: install python3.13")
        return SKIPPED
    print(f"the oracle is {comparison.theirs[0]}, {'.'.join(map(str, comparison.version))}")
    if options.record:
        record(comparison, range(*map(int, options.seeds.split(":"))), options.record)
        return 0
    if options.seeds:
        failed += compare_seeds(
            comparison, range(*map(int, options.seeds.split(":"))), options.keep, options.most
        )
    if options.regressions:
        failed += compare_kept(comparison, options.regressions)
    if options.mutations:
        failed += check_mutations(options.executor, range(*map(int, options.mutations.split(":"))))
    if options.show:
        program = (
            generator.program(int(options.show))
            if options.show.isdigit()
            else json.loads(pathlib.Path(options.show).read_text())
        )
        theirs = run_batch(comparison.theirs, [program])[0]
        print(side_by_side(theirs, run_batch(comparison.ours, [program])[0]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
