// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/detail/input_buffer.hpp"
#include "siding/detail/stream_filter.hpp"
#include "siding/event.hpp"
#include "siding/io/descriptor.hpp"

#include <cstddef>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace siding::detail {

enum class channel : unsigned char { socket, pipe };

/// What a stream_reader and a stream_writer share: asyncio's transport and protocol. Coroutines
/// hold it while they run, so handles may be dropped at any time; the last holder closes it.
///
/// Reading is by demand: nothing is received before somebody asks, so that a peer which sends
/// faster than we read is held up by the kernel, and no task is needed. Writing sends at once what
/// the kernel takes; only what is left is sent by `flush`, a coroutine of the loop's own that lives
/// as long as there is something to send.
class connection : public std::enable_shared_from_this<connection> {
public:
    static constexpr std::size_t high_water_bytes = 64 * 1024;
    static constexpr std::size_t low_water_bytes = 16 * 1024;

    connection(descriptor fd, channel kind, std::size_t limit_bytes);
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;
    ~connection();

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

    [[nodiscard]] std::size_t limit_bytes() const noexcept { return limit_bytes_; }
    [[nodiscard]] input_buffer& input() noexcept { return input_; }
    [[nodiscard]] bool has_ended() const noexcept { return eof_; }
    void rethrow_error() const;
    /// Waits until there is more input, or the stream has ended.
    [[nodiscard]] static coroutine<> fill(std::shared_ptr<connection> self, char const* asker);

    void write(std::string_view bytes);
    void write_eof();
    void close();
    void abort() { lose(nullptr); }
    [[nodiscard]] bool can_write_eof() const noexcept { return kind_ == channel::socket; }
    [[nodiscard]] bool is_closing() const noexcept { return closing_; }
    [[nodiscard]] std::size_t unsent_bytes() const noexcept { return output_.size() - sent_; }
    [[nodiscard]] static coroutine<> drain(std::shared_ptr<connection> self);
    [[nodiscard]] static coroutine<> wait_closed(std::shared_ptr<connection> self);
    /// drain() waits above `high`, until it is down to `low`.
    void set_limits(std::size_t high, std::size_t low);
    [[nodiscard]] std::size_t high_water() const noexcept { return high_water_; }
    [[nodiscard]] std::size_t low_water() const noexcept { return low_water_; }

    // For filters: what stands between the stream and the socket.

    /// Throws runtime_error if there is a filter, no socket, or a read under way.
    void expect_can_be_filtered() const;
    void set_filter(std::unique_ptr<stream_filter> filter) noexcept { filter_ = std::move(filter); }
    [[nodiscard]] stream_filter* filter() const noexcept { return filter_.get(); }
    /// Bytes of the socket; 0 at its end and once it is lost. Throws the connection's error.
    [[nodiscard]] static coroutine<std::size_t>
    receive(std::shared_ptr<connection> self, std::span<std::byte> into, char const* asker);
    void write_unfiltered(std::string_view bytes);

private:
    [[nodiscard]] static coroutine<> fill_filtered(std::shared_ptr<connection> self,
                                                   char const* asker);
    [[nodiscard]] static coroutine<> await_farewell(std::shared_ptr<connection> self);
    /// Throws runtime_error if somebody reads.
    void expect_no_reader(char const* asker) const;
    void say_end();
    [[nodiscard]] bool waits_for_farewell() const noexcept;
    [[nodiscard]] static coroutine<> flush(std::shared_ptr<connection> self);
    /// Sends what the kernel takes; false: the connection is lost.
    bool send_from(std::string_view bytes, std::size_t& sent);
    void note_level();
    void end_if_flushed();
    void lose(std::exception_ptr error);

    descriptor fd_;
    channel kind_;
    std::size_t limit_bytes_;

    input_buffer input_;
    bool filling_ = false;
    bool eof_ = false;

    std::string output_;
    std::size_t sent_ = 0; ///< of output_
    bool flushing_ = false;
    bool eof_asked_ = false;
    bool closing_ = false;
    bool lost_ = false;
    bool paused_ = false;
    bool parting_ = false; ///< the peer's last words are awaited
    std::size_t high_water_ = high_water_bytes;
    std::size_t low_water_ = low_water_bytes;
    std::unique_ptr<stream_filter> filter_;
    std::exception_ptr error_;
    event resumed_; ///< set: the output is short enough, or the connection is lost
    event closed_;
};

} // namespace siding::detail
