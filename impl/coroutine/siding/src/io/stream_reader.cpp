// SPDX-License-Identifier: MIT
#include "siding/io/stream_reader.hpp"

#include "siding/errors.hpp"

#include <optional>
#include <string_view>

namespace siding {

namespace {

using shared_connection = std::shared_ptr<detail::connection>;

coroutine<std::string> read_some(shared_connection from, std::size_t most) {
    from->rethrow_error();
    if (most == 0) co_return std::string();
    if (from->input().empty() && !from->has_ended()) {
        co_await detail::connection::fill(from, "read");
    }
    co_return from->input().take(most);
}

coroutine<std::string> read_all(shared_connection from) {
    std::string all;
    while (true) {
        auto const block = co_await read_some(from, std::string::npos);
        if (block.empty()) break;
        all += block;
    }
    co_return all;
}

coroutine<std::string> read_exactly(shared_connection from, std::size_t count) {
    from->rethrow_error();
    while (from->input().size() < count) {
        if (from->has_ended()) {
            throw incomplete_read_error(from->input().take(std::string::npos), count);
        }
        co_await detail::connection::fill(from, "readexactly");
    }
    co_return from->input().take(count);
}

coroutine<std::string> read_until(shared_connection from, std::string separator) {
    if (separator.empty()) {
        throw value_error("Separator should be at least one-byte string");
    }
    from->rethrow_error();
    std::size_t searched = 0; // no separator begins before
    std::size_t found = std::string_view::npos;
    while (true) {
        auto const have = from->input().view();
        if (have.size() >= searched + separator.size()) {
            found = have.find(separator, searched);
            if (found != std::string_view::npos) break;
            searched = have.size() + 1 - separator.size();
            if (searched > from->limit_bytes()) {
                throw limit_overrun_error("Separator is not found, and chunk exceed the limit",
                                          searched);
            }
        }
        if (from->has_ended()) {
            throw incomplete_read_error(from->input().take(std::string::npos), std::nullopt);
        }
        co_await detail::connection::fill(from, "readuntil");
    }
    if (found > from->limit_bytes()) {
        throw limit_overrun_error("Separator is found, but chunk is longer than limit", found);
    }
    co_return from->input().take(found + separator.size());
}

coroutine<std::string> read_line(shared_connection from) {
    std::optional<std::string> line;
    try {
        line = co_await read_until(from, "\n");
    } catch (incomplete_read_error const& ended) {
        line = ended.partial();
    } catch (limit_overrun_error const& overrun) {
        auto& input = from->input();
        bool const terminated = input.view().substr(overrun.consumed()).starts_with('\n');
        static_cast<void>(input.take(terminated ? overrun.consumed() + 1 : std::string::npos));
        throw value_error(overrun.what());
    }
    co_return *std::move(line);
}

} // namespace

coroutine<std::string> stream_reader::read(std::size_t most) { return read_some(of_, most); }
coroutine<std::string> stream_reader::read() { return read_all(of_); }
coroutine<std::string> stream_reader::readexactly(std::size_t count) {
    return read_exactly(of_, count);
}
coroutine<std::string> stream_reader::readline() { return read_line(of_); }
coroutine<std::string> stream_reader::readuntil(std::string separator) {
    return read_until(of_, std::move(separator));
}

} // namespace siding
