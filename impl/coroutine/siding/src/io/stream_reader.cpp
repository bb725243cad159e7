// SPDX-License-Identifier: MIT
#include "siding/io/stream_reader.hpp"

#include "siding/errors.hpp"

#include <algorithm>
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

/// Where a separator begins and ends; `begin` is npos if there is none.
struct place {
    std::size_t begin = std::string_view::npos;
    std::size_t end = std::string_view::npos;
};

struct one_separator {
    [[nodiscard]] std::size_t shortest() const noexcept { return text.size(); }
    [[nodiscard]] std::size_t longest() const noexcept { return text.size(); }
    [[nodiscard]] place find(std::string_view in, std::size_t from) const noexcept {
        auto const begin = in.find(text, from);
        return {begin, begin + text.size()};
    }
    std::string text;
};

struct any_separator {
    [[nodiscard]] std::size_t shortest() const noexcept { return texts.front().size(); }
    [[nodiscard]] std::size_t longest() const noexcept { return texts.back().size(); }
    /// The one that ends first; of those that end there, the shortest.
    [[nodiscard]] place find(std::string_view in, std::size_t from) const noexcept {
        place first;
        for (auto const& each : texts) {
            auto const begin = in.find(each, from);
            if (begin == std::string_view::npos || begin + each.size() >= first.end) continue;
            first = {begin, begin + each.size()};
        }
        return first;
    }
    std::vector<std::string> texts; ///< by length
};

template <class Separators>
coroutine<std::string> read_until(shared_connection from, Separators separators) {
    if (separators.shortest() == 0) {
        throw value_error("Separator should be at least one-byte string");
    }
    from->rethrow_error();
    std::size_t searched = 0; // no separator begins before
    place found;
    while (true) {
        auto const have = from->input().view();
        if (have.size() >= searched + separators.shortest()) {
            found = separators.find(have, searched);
            if (found.begin != std::string_view::npos) break;
            searched = std::max(have.size() + 1, separators.longest()) - separators.longest();
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
    if (found.begin > from->limit_bytes()) {
        throw limit_overrun_error("Separator is found, but chunk is longer than limit",
                                  found.begin);
    }
    co_return from->input().take(found.end);
}

any_separator by_length(std::vector<std::string> separators) {
    if (separators.empty()) throw value_error("Separator should contain at least one element");
    std::sort(separators.begin(), separators.end(),
              [](auto const& a, auto const& b) { return a.size() < b.size(); });
    return {std::move(separators)};
}

coroutine<std::string> read_until_any(shared_connection from, std::vector<std::string> separators) {
    auto reading = read_until(std::move(from), by_length(std::move(separators)));
    co_return co_await std::move(reading);
}

coroutine<std::string> read_line(shared_connection from) {
    std::optional<std::string> line;
    try {
        auto reading = read_until(from, one_separator{"\n"});
        line = co_await std::move(reading);
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
    return read_until(of_, one_separator{std::move(separator)});
}
coroutine<std::string> stream_reader::readuntil_any(std::vector<std::string> separators) {
    return read_until_any(of_, std::move(separators));
}

} // namespace siding
