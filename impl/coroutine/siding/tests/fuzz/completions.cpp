// SPDX-License-Identifier: MIT
// The io_uring backend on a kernel that completes in any order, ends multishot receives when it
// likes, runs out of buffers and lets what is cancelled be faster: no byte is lost or doubled.
#include "io_uring/ring.hpp"

#include "io_uring/backend.hpp"
#include "siding/siding.hpp"

#include <memory>
#include <span>
#include <vector>

namespace {

using namespace std::chrono_literals;

constexpr int first_fd = 100;

/// What the peer of a socket sends: every position has its own byte, nearly.
std::string content(int fd, std::size_t bytes) {
    std::string all(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) {
        all[i] = static_cast<char>(i * 7 + i / 251 + static_cast<std::size_t>(fd));
    }
    return all;
}

siding::sys::calls calls_of_the_kernel() {
    using fuzz::kernel;
    auto calls = siding::sys::real();
    calls.recv = [](int fd, void* into, std::size_t bytes, int) -> ssize_t {
        return kernel::current->receive(fd, into, bytes);
    };
    calls.send = [](int fd, void const* from, std::size_t bytes, int) -> ssize_t {
        return kernel::current->send(fd, from, bytes);
    };
    calls.eventfd = [](unsigned, int) { return fuzz::wake_fd; };
    calls.close = [](int fd) {
        kernel::current->close(fd);
        return 0;
    };
    return calls;
}

/// What one reader of a socket has got, and where in it a read was cancelled.
struct received {
    int fd;
    std::string all;
    std::vector<std::size_t> cancelled_at = {};
    bool ended = false;
};

/// Nothing is doubled or out of order, and nothing is missing but what a read had got already when
/// it was cancelled.
bool is_of(received const& got, std::string const& sent) {
    std::size_t from = 0;
    std::size_t position = 0;
    auto cuts = got.cancelled_at;
    cuts.push_back(got.all.size());
    for (auto const cut : cuts) {
        auto const part = got.all.substr(from, cut - from);
        auto const found = from == 0 && &cut == cuts.data() ? 0 : sent.find(part, position);
        if (found == std::string::npos || sent.compare(found, part.size(), part) != 0) return false;
        position = found + part.size();
        from = cut;
    }
    return !got.cancelled_at.empty() || position == sent.size();
}

siding::coroutine<> read_on(received& to, std::size_t most) {
    std::vector<std::byte> buffer(most);
    while (!to.ended) {
        auto const count = co_await siding::recv(to.fd, buffer);
        to.all.append(reinterpret_cast<char const*>(buffer.data()), count);
        to.ended = count == 0;
    }
}

/// Reads with buffers of several sizes; now and then the reader is cancelled in the middle.
siding::coroutine<> read_all(received& to, fuzz::input from) {
    while (!to.ended) {
        auto const sizes = {std::size_t{1}, std::size_t{100}, std::size_t{5'000},
                            std::size_t{65'536}};
        auto const most = *(sizes.begin() + from.upto(3));
        auto const reading = siding::create_task(read_on(to, most));
        if (from.empty()) {
            co_await reading;
            break;
        }
        auto const turns = from.upto(4);
        for (std::size_t i = 0; i < turns; ++i) {
            co_await siding::sleep(0s);
        }
        if (reading.cancel()) to.cancelled_at.push_back(to.all.size());
        co_await siding::gather(siding::return_exceptions, reading);
    }
}

siding::coroutine<> send_one(int fd, std::string const& text) {
    co_await siding::send_all(fd, std::as_bytes(std::span(text)));
}

siding::coroutine<> run(fuzz::input from) {
    auto& kernel = *fuzz::kernel::current;
    auto const count = 1 + from.upto(2);
    std::vector<received> all(count);
    std::vector<std::string> expected;
    std::vector<std::string> answers;
    std::vector<siding::task<>> tasks;
    for (std::size_t i = 0; i < count; ++i) {
        all[i].fd = first_fd + static_cast<int>(i);
        expected.push_back(
            content(all[i].fd, from.upto(1) == 0 ? from.upto(200) : from.upto(200'000)));
        answers.push_back(content(i == 0 ? 7 : 8, 1 + from.upto(3'000)));
        kernel.sockets[all[i].fd].to_come = expected[i];
    }
    for (std::size_t i = 0; i < count; ++i) {
        tasks.push_back(siding::create_task(read_all(all[i], from)));
        tasks.push_back(siding::create_task(send_one(all[i].fd, answers[i])));
    }
    // One is closed in the middle: who reads gets an error, and the number may come again.
    bool const closes = from.upto(3) == 3;
    if (closes) {
        co_await siding::sleep(0s);
        siding::close(all[0].fd);
        kernel.sockets.erase(all[0].fd);
    }
    co_await siding::gather(siding::return_exceptions, tasks);
    for (std::size_t i = closes ? 1 : 0; i < count; ++i) {
        for (auto const& each : tasks) {
            if (!closes) FUZZ_EXPECT(each.exception() == nullptr);
        }
        FUZZ_EXPECT(is_of(all[i], expected[i]));
        FUZZ_EXPECT(kernel.sockets[all[i].fd].sent == answers[i]);
    }
    if (closes && all[0].cancelled_at.empty()) FUZZ_EXPECT(expected[0].starts_with(all[0].all));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t bytes) {
    auto const half = bytes / 2;
    fuzz::kernel kernel(fuzz::input(data, half));
    fuzz::kernel::current = &kernel;
    auto const calls = calls_of_the_kernel();
    siding::sys::replacement const here(calls);
    siding::virtual_clock clock;
    siding::loop_options options;
    options.clock = &clock;
    options.backend = [](siding::loop& owner) {
        return siding::detail::make_io_uring_backend(owner, {16, 64});
    };
    siding::run(run(fuzz::input(data + half, bytes - half)), options);
    fuzz::kernel::current = nullptr;
    return 0;
}
