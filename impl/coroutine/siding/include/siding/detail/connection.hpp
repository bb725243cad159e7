// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/detail/input_buffer.hpp"
#include "siding/event.hpp"
#include "siding/io/descriptor.hpp"

#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

namespace siding::detail {

enum class channel : unsigned char { socket, pipe };

/// What a stream_reader and a stream_writer share: asyncio's transport and protocol. Coroutines
/// hold it while they run, so handles may be dropped at any time; the last holder closes it.
///
/// Reading is by demand: nothing is received before somebody asks, so that a peer which sends
/// faster than we read is held up by the kernel, and no task is needed. Writing sends at once what
/// the kernel takes; only what is left is sent by a task, `flush`, that lives as long as there is
/// something to send.
class connection : public std::enable_shared_from_this<connection> {
public:
    static constexpr std::size_t high_water_bytes = 64 * 1024;
    static constexpr std::size_t low_water_bytes = 16 * 1024;

    connection(descriptor fd, channel kind, std::size_t limit_bytes);
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;

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
    [[nodiscard]] bool is_closing() const noexcept { return closing_; }
    [[nodiscard]] std::size_t unsent_bytes() const noexcept { return output_.size() - sent_; }
    [[nodiscard]] static coroutine<> drain(std::shared_ptr<connection> self);
    [[nodiscard]] static coroutine<> wait_closed(std::shared_ptr<connection> self);

private:
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
    std::exception_ptr error_;
    event resumed_; ///< set: the output is short enough, or the connection is lost
    event closed_;
};

} // namespace siding::detail
