// SPDX-License-Identifier: MIT
#include <siding/io/io_uring.hpp>
#include <siding/siding.hpp>

#include <cstdio>

siding::coroutine<int> twice(int x) {
    co_await siding::sleep(std::chrono::milliseconds(1));
    co_return 2 * x;
}

siding::coroutine<int> sum() {
    auto const [a, b] = co_await siding::gather(twice(1), twice(20));
    co_return a + b;
}

int main() {
    auto const result = siding::run(sum());
    std::printf("%d %s\n", result, siding::why_no_io_uring().empty() ? "io_uring" : "epoll");
    return result == 42 ? 0 : 1;
}
