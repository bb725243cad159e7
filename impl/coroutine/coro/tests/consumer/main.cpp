// SPDX-License-Identifier: MIT
#include <coro/coro.hpp>
#include <coro/io/io_uring.hpp>

#include <cstdio>

coro::coroutine<int> twice(int x) {
    co_await coro::sleep(std::chrono::milliseconds(1));
    co_return 2 * x;
}

coro::coroutine<int> sum() {
    auto const [a, b] = co_await coro::gather(twice(1), twice(20));
    co_return a + b;
}

int main() {
    auto const result = coro::run(sum());
    std::printf("%d %s\n", result, coro::why_no_io_uring().empty() ? "io_uring" : "epoll");
    return result == 42 ? 0 : 1;
}
