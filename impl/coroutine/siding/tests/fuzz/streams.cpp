// SPDX-License-Identifier: MIT
// read, readexactly, readline and readuntil, over a stream that comes in pieces of any size.
#include "input.hpp"

#include "siding/siding.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string_view>

namespace {

using namespace std::chrono_literals;

/// What is still to be read of a stream: `rest` is what the reads must give, in order.
struct model {
    std::string content;
    std::size_t position = 0;
    std::size_t limit = 1;

    [[nodiscard]] std::string_view rest() const noexcept {
        return std::string_view(content).substr(position);
    }
    void expect(std::string_view got) {
        FUZZ_EXPECT(rest().substr(0, got.size()) == got);
        position += got.size();
    }
};

siding::coroutine<> feed(siding::descriptor to, std::string content, fuzz::input pieces) {
    // A local: it is closed when the body ends; a parameter lives as long as the frame.
    siding::descriptor const end(std::move(to));
    std::string_view left = content;
    while (!left.empty()) {
        auto const piece = left.substr(0, 1 + pieces.upto(40));
        auto const bytes = std::as_bytes(std::span(piece.data(), piece.size()));
        co_await siding::send_all(end.get(), bytes);
        left.remove_prefix(piece.size());
        auto const turns = pieces.upto(2);
        for (std::size_t i = 0; i < turns; ++i) {
            co_await siding::sleep(0s);
        }
    }
}

siding::coroutine<bool> read_once(siding::stream_reader& reader, model& of, fuzz::input& from) {
    auto const count = from.upto(300);
    auto part = reader.read(count);
    auto const got = co_await std::move(part);
    FUZZ_EXPECT(got.size() <= count);
    if (got.empty()) FUZZ_EXPECT(count == 0 || of.rest().empty());
    of.expect(got);
    co_return true;
}

siding::coroutine<bool> read_exactly(siding::stream_reader& reader, model& of, fuzz::input& from) {
    auto const count = from.upto(300);
    auto part = reader.readexactly(count);
    std::string partial;
    try {
        auto const got = co_await std::move(part);
        FUZZ_EXPECT(got.size() == count);
        of.expect(got);
        co_return true;
    } catch (siding::incomplete_read_error const& error) {
        partial = error.partial();
        FUZZ_EXPECT(error.expected() == count);
    }
    FUZZ_EXPECT(partial.size() < count);
    of.expect(partial);
    FUZZ_EXPECT(of.rest().empty());
    co_return true;
}

siding::coroutine<bool> read_until(siding::stream_reader& reader, model& of, fuzz::input& from) {
    auto const separator = from.text(3);
    auto const place = of.rest().find(separator);
    auto part = reader.readuntil(separator);
    try {
        auto const got = co_await std::move(part);
        FUZZ_EXPECT(place != std::string_view::npos && got.size() == place + separator.size());
        FUZZ_EXPECT(place <= of.limit);
        of.expect(got);
    } catch (siding::value_error const&) {
        FUZZ_EXPECT(separator.empty());
    } catch (siding::incomplete_read_error const& error) {
        FUZZ_EXPECT(place == std::string_view::npos);
        of.expect(error.partial());
        FUZZ_EXPECT(of.rest().empty());
    } catch (siding::limit_overrun_error const& error) {
        // Nothing was taken, and so much can be without meeting the separator.
        FUZZ_EXPECT(place > of.limit);
        FUZZ_EXPECT(error.consumed() <= place && error.consumed() > of.limit);
    }
    co_return true;
}

siding::coroutine<bool> read_line(siding::stream_reader& reader, model& of) {
    auto const place = of.rest().find('\n');
    auto part = reader.readline();
    try {
        auto const got = co_await std::move(part);
        if (place != std::string_view::npos) {
            FUZZ_EXPECT(got.size() == place + 1 && place <= of.limit);
        } else {
            FUZZ_EXPECT(got == of.rest());
        }
        of.expect(got);
        co_return true;
    } catch (siding::value_error const&) {
        FUZZ_EXPECT(place > of.limit);
    }
    co_return false; // of what is buffered some was dropped: how much depends on the pieces
}

siding::coroutine<> read_all(siding::stream_reader reader, model of, fuzz::input from) {
    for (bool go_on = true; go_on && !from.empty();) {
        switch (from.upto(3)) {
        case 0: {
            auto step = read_once(reader, of, from);
            go_on = co_await std::move(step);
            break;
        }
        case 1: {
            auto step = read_exactly(reader, of, from);
            go_on = co_await std::move(step);
            break;
        }
        case 2: {
            auto step = read_until(reader, of, from);
            go_on = co_await std::move(step);
            break;
        }
        default: {
            auto step = read_line(reader, of);
            go_on = co_await std::move(step);
            break;
        }
        }
    }
}

siding::coroutine<> run(fuzz::input from) {
    model of;
    of.limit = 1 + from.upto(60);
    of.content = from.text(400);
    int both[2];
    FUZZ_EXPECT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both) == 0);
    auto stream = siding::stream_of(siding::descriptor(both[0]), of.limit);
    auto const feeding = siding::create_task(feed(siding::descriptor(both[1]), of.content, from));
    auto reading = read_all(stream.first, of, from);
    co_await std::move(reading);
    stream.second.abort();
    feeding.cancel();
    co_await siding::gather(siding::return_exceptions, feeding);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t bytes) {
    siding::run(run(fuzz::input(data, bytes)));
    return 0;
}
