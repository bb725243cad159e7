#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What must not compile: each case compiles in its right form, and in its wrong form the compiler
refuses it with the words that tell why.   misuse_test.py INCLUDE COMPILER [FLAG...]"""

import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile

PRELUDE = """
#include "siding/siding.hpp"
#include <memory>
#include <mutex>
using namespace std::chrono_literals;
[[maybe_unused]] static siding::coroutine<int> f() { co_return 1; }
"""

# Name, right form, wrong form, what the compiler says to the wrong one (g++ or clang++).
CASES = [
    (
        "await_an_object_in_place",
        "siding::coroutine<int> g() { auto c = f(); co_return co_await std::move(c); }",
        "siding::coroutine<int> g() { auto c = f(); co_return co_await c; }",
        r"use of deleted function|overload resolution selected deleted operator",
    ),
    (
        "drop_a_coroutine",
        "siding::coroutine<> g() { co_await f(); }",
        "void g() { f(); }",
        r"nodiscard",
    ),
    (
        "copy_a_coroutine",
        "void g() { auto c = f(); auto d = std::move(c); static_cast<void>(d); }",
        "void g() { auto c = f(); auto d = c; static_cast<void>(d); }",
        r"deleted",
    ),
    (
        "task_of_an_lvalue",
        "void g() { auto c = f(); siding::create_task(std::move(c)); }",
        "void g() { auto c = f(); siding::create_task(c); }",
        r"deleted",
    ),
    (
        "gather_an_lvalue",
        "siding::coroutine<> g() { auto c = f(); co_await siding::gather(std::move(c), f()); }",
        "siding::coroutine<> g() { auto c = f(); co_await siding::gather(c, f()); }",
        r"deleted",
    ),
    (
        "result_that_cannot_be_moved",
        "siding::coroutine<std::unique_ptr<std::mutex>> g() { co_return std::make_unique<std::mutex>(); }",
        "siding::coroutine<std::mutex> g() { co_return std::mutex(); }",
        r"nothing that cannot be moved",
    ),
    (
        "result_that_is_a_reference",
        "siding::coroutine<int*> g(int& x) { co_return &x; }",
        "siding::coroutine<int&> g(int& x) { co_return x; }",
        r"no references|may not have reference type|has reference type",
    ),
    (
        "result_that_is_over_aligned",
        "struct wide { alignas(16) int x; }; siding::coroutine<wide> g() { wide w{}; co_return w; }",
        "struct wide { alignas(64) int x; }; siding::coroutine<wide> g() { wide w{}; co_return w; }",
        r"results of at most 16 alignment",
    ),
    (
        "result_of_another_type",
        'siding::coroutine<std::string> g() { co_return "text"; }',
        'siding::coroutine<int> g() { co_return "text"; }',
        r"return_value",
    ),
    (
        "copy_a_move_only_result",
        "siding::coroutine<> g(siding::task<std::unique_ptr<int>> t) { auto const& p = co_await t;"
        " static_cast<void>(p); }",
        "siding::coroutine<> g(siding::task<std::unique_ptr<int>> t) { auto p = co_await t;"
        " static_cast<void>(p); }",
        r"deleted",
    ),
    (
        "await_what_is_no_awaitable",
        "siding::coroutine<> g() { co_await siding::sleep(1s); }",
        "siding::coroutine<> g() { co_await 1s; }",
        r"no member named .await_ready. in",
    ),
    (
        "await_a_number",
        "siding::coroutine<int> g() { co_return co_await f(); }",
        "siding::coroutine<> g() { co_await 42; }",
        r"co_await takes what can be awaited|awaitable type .*int.* is not a structure",
    ),
    (
        "sleep_without_await",
        "siding::coroutine<> g() { co_await siding::sleep(1s); }",
        "siding::coroutine<> g() { siding::sleep(1s); co_return; }",
        r"nodiscard",
    ),
    (
        "acquire_without_await",
        "siding::coroutine<> g(siding::lock& l) { co_await l.acquire(); }",
        "siding::coroutine<> g(siding::lock& l) { l.acquire(); co_return; }",
        r"nodiscard",
    ),
    (
        "hold_a_lock_for_no_time",
        "siding::coroutine<> g(siding::lock& l) { auto const held = co_await l.scoped(); }",
        "siding::coroutine<> g(siding::lock& l) { l.scoped(); co_return; }",
        r"nodiscard",
    ),
    (
        "move_a_queue_that_others_wait_for",
        "void g() { auto a = std::make_unique<siding::queue<int>>(); auto b = std::move(a); }",
        "void g() { siding::queue<int> a; auto b = std::move(a); }",
        r"deleted",
    ),
    (
        "set_a_future_to_nothing",
        "void g(siding::future<int> x) { x.set_result(1); }",
        "void g(siding::future<int> x) { x.set_result(); }",
        r"no matching",
    ),
    (
        "thread_of_what_cannot_be_called",
        "siding::coroutine<> g() { co_await siding::to_thread([](int) {}, 5); }",
        "siding::coroutine<> g() { co_await siding::to_thread(5); }",
        r"no matching",
    ),
    (
        "thread_takes_references_by_value",
        "siding::coroutine<> g(int& x) { co_await siding::to_thread([](int& y) { ++y; }, x); }",
        "siding::coroutine<> g() { co_await siding::to_thread([](int&& y) { ++y; }, 1); }",
        r"no matching",
    ),
    (
        "task_as_the_type_of_a_coroutine",
        "siding::coroutine<int> g() { co_return 1; }",
        "siding::task<int> g() { co_return 1; }",
        r"a coroutine function returns siding::coroutine<T>; siding::create_task\(f\(\)\) makes",
    ),
    (
        "gather_what_cannot_be_awaited",
        "siding::coroutine<> g() { co_await siding::gather(f(), f()); }",
        "siding::coroutine<> g() { co_await siding::gather(f(), 3); }",
        r"gather takes what can be awaited: coroutines, tasks, futures",
    ),
    (
        "await_a_par_in_a_loop",
        "siding::par<int> p() { co_return 1; }"
        " siding::coroutine<> g(siding::par_pool& pool) { co_await pool.run(p); }",
        "siding::par<int> p() { co_return 1; } siding::coroutine<> g() { co_await p(); }",
        r"a par runs on a pool: co_await pool.run\(f, arguments...\)",
    ),
    (
        "run_what_is_no_coroutine",
        "int g() { return siding::run(f()); }",
        "int g() { return siding::run(f); }",
        r"no matching",
    ),
]


def compile_it(command, source):
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as file:
        file.write(source)
        file.flush()
        done = subprocess.run(
            [*command, "-fsyntax-only", file.name], capture_output=True, text=True, check=False
        )
    return done.returncode == 0, done.stderr


def precompiled(command, header):
    """The prelude, which the compilers look for in its compiled form first."""
    header.write_text(PRELUDE)
    suffix = ".pch" if "clang" in command[0] else ".gch"
    subprocess.run(
        [*command, "-x", "c++-header", str(header), "-o", f"{header}{suffix}"], check=True
    )
    return str(header)


def check_right(command):
    source = "\n".join(f"namespace {name} {{ {right} }}" for name, right, _, _ in CASES)
    compiles, said = compile_it(command, source)
    return "" if compiles else f"a right form does not compile:\n{said}"


def check_wrong(command, name, wrong, expected):
    compiles, said = compile_it(command, f"namespace {name} {{ {wrong} }}\n")
    if compiles:
        return f"{name}: compiles, and must not: {wrong}"
    if not re.search(expected, said):
        return f"{name}: refused, but not with '{expected}':\n{said}"
    return ""


def main():
    include, *command = sys.argv[1:]
    command += ["-std=c++20", "-Wall", "-Wextra", "-Werror=unused-result", "-I", include]
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        command += ["-include", precompiled(command, pathlib.Path(folder) / "prelude.hpp")]
        checks = [pool.submit(check_right, command)]
        checks += [
            pool.submit(check_wrong, command, name, wrong, expected)
            for name, _, wrong, expected in CASES
        ]
        failures = [found for found in (check.result() for check in checks) if found]
    print("\n".join(failures) or f"{len(CASES)} misuses do not compile, and say why")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
