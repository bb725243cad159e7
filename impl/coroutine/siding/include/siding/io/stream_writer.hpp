// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/connection.hpp"
#include "siding/io/endpoint.hpp"

#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>

namespace siding {

/// asyncio.StreamWriter. A handle: copies write the same stream. For the loop's thread only. When
/// the last reader and writer of a stream are dropped, what is buffered is sent, and it is closed.
class stream_writer {
public:
    explicit stream_writer(std::shared_ptr<detail::connection> of) noexcept : of_(std::move(of)) {}

    /// Sends what the kernel takes at once and buffers the rest; never blocks or suspends. Ignored
    /// after close(), or when the connection is lost: drain() tells. Throws runtime_error after
    /// write_eof().
    void write(std::string_view bytes) { of_->write(bytes); }
    template <std::ranges::input_range R>
    void writelines(R const& lines) {
        std::string all;
        for (auto const& line : lines) {
            all += line;
        }
        of_->write(all);
    }
    /// Suspends once more than 64 KiB are buffered, until it is down to 16 KiB, unless other limits
    /// are set. Cancelling it loses nothing. Throws std::system_error when the connection is lost.
    [[nodiscard]] coroutine<> drain() { return detail::connection::drain(of_); }
    /// Ends our half of the stream when all is sent; the peer may send on. A pipe is closed.
    void write_eof() { of_->write_eof(); }
    /// Closes when all is sent. A read that waits gets the end of the stream.
    void close() { of_->close(); }
    /// Closes now; what is buffered is lost.
    void abort() { of_->abort(); }
    [[nodiscard]] bool is_closing() const noexcept { return of_->is_closing(); }
    /// Suspends until it is closed. Throws the error by which the connection was lost.
    [[nodiscard]] coroutine<> wait_closed() { return detail::connection::wait_closed(of_); }

    /// False for a pipe, which write_eof closes.
    [[nodiscard]] bool can_write_eof() const noexcept { return of_->can_write_eof(); }

    [[nodiscard]] std::size_t unsent_bytes() const noexcept { return of_->unsent_bytes(); }
    /// transport.set_write_buffer_limits: what `drain` goes by. Throws value_error if low > high.
    void set_write_buffer_limits(std::size_t high, std::size_t low) const {
        of_->set_limits(high, low);
    }
    /// As asyncio: `low` is a quarter of `high`.
    void set_write_buffer_limits(std::size_t high) const { of_->set_limits(high, high / 4); }
    /// {low, high}, as asyncio has it.
    [[nodiscard]] std::pair<std::size_t, std::size_t> get_write_buffer_limits() const noexcept {
        return {of_->low_water(), of_->high_water()};
    }
    /// get_extra_info("socket"), ("pipe"): the descriptor, which stays the stream's; -1 once it is
    /// closed.
    [[nodiscard]] int fd() const noexcept { return of_->fd(); }
    /// get_extra_info("peername") and ("sockname"); nullopt for pipes and once it is closed.
    [[nodiscard]] std::optional<endpoint> peer_address() const {
        return endpoint::peer_of(of_->fd());
    }
    [[nodiscard]] std::optional<endpoint> local_address() const {
        return endpoint::local_of(of_->fd());
    }

    // -- For awaiters
    [[nodiscard]] std::shared_ptr<detail::connection> const& connection() const noexcept {
        return of_;
    }

private:
    std::shared_ptr<detail::connection> of_;
};

} // namespace siding
