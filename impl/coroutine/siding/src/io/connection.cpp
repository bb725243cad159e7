// SPDX-License-Identifier: MIT
#include "siding/detail/connection.hpp"

#include "siding/errors.hpp"
#include "siding/io/socket.hpp"
#include "siding/loop.hpp"
#include "siding/sleep.hpp"
#include "siding/task.hpp"
#include "siding/timeout.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

namespace siding::detail {

namespace {

std::exception_ptr system_failure(int error, char const* call) {
    return std::make_exception_ptr(std::system_error(error, std::generic_category(), call));
}

/// Sets a flag as long as it lives.
class flag_guard {
public:
    explicit flag_guard(bool& flag) noexcept : flag_(flag) { flag_ = true; }
    flag_guard(flag_guard const&) = delete;
    flag_guard& operator=(flag_guard const&) = delete;
    ~flag_guard() { flag_ = false; }

private:
    bool& flag_;
};

} // namespace

connection::connection(descriptor fd, channel kind, std::size_t limit_bytes)
    : fd_(std::move(fd)), kind_(kind), limit_bytes_(limit_bytes) {
    if (limit_bytes == 0) throw value_error("Limit cannot be <= 0");
    resumed_.set();
}

connection::~connection() {
    // Nobody is left to wait for anything; what the socket takes at once must do.
    if (filter_ == nullptr || lost_ || closing_ || eof_asked_ || unsent_bytes() != 0) return;
    try {
        std::string last;
        filter_->end(last);
        static_cast<void>(sys::use().send(fd(), last.data(), last.size(), MSG_NOSIGNAL));
    } catch (...) { // no memory: the peer takes it for an accident
    }
}

void connection::rethrow_error() const {
    if (error_) std::rethrow_exception(error_);
}

void connection::expect_no_reader(char const* asker) const {
    if (!filling_) return;
    throw runtime_error(std::string(asker) +
                        "() called while another coroutine is already waiting for incoming data");
}

coroutine<> connection::fill(std::shared_ptr<connection> self, char const* asker) {
    self->expect_no_reader(asker);
    if (self->filter_ != nullptr) {
        auto filtered = fill_filtered(self, asker);
        co_return co_await std::move(filtered);
    }
    flag_guard const guard(self->filling_);
    if (self->lost_) {
        self->eof_ = true;
        co_return;
    }
    auto const space = self->input_.space();
    std::size_t count = 0;
    int error = 0;
    try {
        if (self->kind_ == channel::socket) {
            count = co_await recv(self->fd(), space);
        } else {
            count = co_await siding::read(self->fd(), space);
        }
    } catch (std::system_error const& failed) {
        error = failed.code().value();
    }
    if (error == 0) {
        self->input_.commit(count);
        self->eof_ = count == 0;
    } else if (self->lost_) { // we closed it while it was read: not the peer's error
        self->eof_ = true;
    } else {
        self->lose(system_failure(error, "read"));
    }
    self->rethrow_error();
}

coroutine<std::size_t> connection::receive(std::shared_ptr<connection> self,
                                           std::span<std::byte> into, char const* asker) {
    self->expect_no_reader(asker);
    flag_guard const guard(self->filling_);
    std::size_t count = 0;
    int error = 0;
    if (self->lost_) co_return count;
    try {
        count = co_await recv(self->fd(), into);
    } catch (std::system_error const& failed) {
        error = failed.code().value();
    }
    if (error != 0 && !self->lost_) self->lose(system_failure(error, "read"));
    self->rethrow_error();
    co_return count;
}

coroutine<> connection::fill_filtered(std::shared_ptr<connection> self, char const* asker) {
    auto const before = self->input_.size();
    while (self->input_.size() == before && !self->eof_) {
        auto receiving = receive(self, self->filter_->space(), asker);
        auto const count = co_await std::move(receiving);
        if (self->lost_) {
            self->eof_ = true;
            co_return;
        }
        std::string output;
        std::exception_ptr failure;
        try {
            self->filter_->received(count, self->input_, output);
        } catch (...) {
            failure = std::current_exception();
        }
        self->write_unfiltered(output); // with a failure too: it tells the peer
        if (failure) self->lose(failure);
        self->rethrow_error();
        self->eof_ = count == 0 || self->filter_->has_ended();
    }
}

void connection::expect_can_be_filtered() const {
    if (filter_ != nullptr) throw runtime_error("the stream has a filter already");
    if (kind_ != channel::socket) throw runtime_error("a pipe cannot be filtered");
    if (closing_ || eof_asked_) throw runtime_error("the stream is closed");
    expect_no_reader("start_tls");
}

bool connection::send_from(std::string_view bytes, std::size_t& sent) {
    while (sent < bytes.size()) {
        auto const* const from = bytes.data() + sent;
        auto const left = bytes.size() - sent;
        auto const count = kind_ == channel::socket
                               ? sys::use().send(fd(), from, left, MSG_NOSIGNAL)
                               : sys::write_without_signal(fd(), from, left);
        if (count >= 0) {
            sent += static_cast<std::size_t>(count);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return true;
        } else if (errno != EINTR) {
            lose(system_failure(errno, "write"));
            return false;
        }
    }
    return true;
}

void connection::write(std::string_view bytes) {
    if (eof_asked_) throw runtime_error("Cannot call write() after write_eof()");
    if (closing_ || bytes.empty()) return;
    if (filter_ == nullptr) return write_unfiltered(bytes);
    std::string output;
    filter_->send(bytes, output);
    write_unfiltered(output);
}

void connection::write_unfiltered(std::string_view bytes) {
    if (lost_ || bytes.empty()) return;
    std::size_t sent = 0;
    if (unsent_bytes() == 0) {
        if (!send_from(bytes, sent) || sent == bytes.size()) return;
    }
    if (sent_ > output_.size() / 2) { // amortised: moves less than was sent
        output_.erase(0, sent_);
        sent_ = 0;
    }
    try {
        output_.append(bytes.substr(sent));
        if (!flushing_) detail::loop_core::running().start_internally(flush(shared_from_this()));
        flushing_ = true;
    } catch (...) { // no memory: the stream would have a hole
        lose(std::current_exception());
        throw;
    }
    note_level();
}

coroutine<> connection::flush(std::shared_ptr<connection> self) {
    while (!self->lost_ && self->unsent_bytes() > 0) {
        try {
            co_await writable(self->fd());
        } catch (std::system_error const& failed) {
            self->lose(system_failure(failed.code().value(), "write"));
        }
        if (self->lost_ || !self->send_from(self->output_, self->sent_)) break;
        if (self->unsent_bytes() == 0) {
            self->output_.clear();
            self->sent_ = 0;
        }
        self->note_level();
    }
    self->flushing_ = false;
    self->end_if_flushed();
}

void connection::note_level() {
    auto const level = unsent_bytes();
    if (!paused_ && level > high_water_) {
        paused_ = true;
        resumed_.clear();
    } else if (paused_ && level <= low_water_) {
        paused_ = false;
        resumed_.set();
    }
}

void connection::set_limits(std::size_t high, std::size_t low) {
    if (low > high) throw value_error("high must be >= low");
    high_water_ = high;
    low_water_ = low;
    note_level();
}

void connection::end_if_flushed() {
    if (lost_ || flushing_ || parting_) return;
    if (closing_ && waits_for_farewell()) {
        parting_ = true;
        loop::running().create_task(await_farewell(shared_from_this()));
    } else if (closing_) {
        lose(nullptr);
    } else if (eof_asked_ && filter_ == nullptr) {
        ::shutdown(fd(), SHUT_WR); // fails only when the peer is gone: the next read tells
    }
}

/// A socket that is closed with bytes unread resets the connection, and what we sent last may be
/// lost: a filter's peer may have sent something that we never asked for.
bool connection::waits_for_farewell() const noexcept {
    return filter_ != nullptr && !filter_->has_ended() && !filling_ &&
           filter_->farewell() > duration{0};
}

coroutine<> connection::await_farewell(std::shared_ptr<connection> self) {
    ::shutdown(self->fd(), SHUT_WR);
    auto const drop_all = [](connection& of, std::shared_ptr<connection> kept) -> coroutine<> {
        while (!of.lost_ && !of.filter_->has_ended()) {
            auto receiving = receive(kept, of.filter_->space(), "close");
            auto const count = co_await std::move(receiving);
            if (count == 0) break;
            std::string output;
            input_buffer unread;
            of.filter_->received(count, unread, output);
        }
    };
    try {
        auto dropping = timeout(self->filter_->farewell(), drop_all(*self, self));
        co_await std::move(dropping);
    } catch (timeout_error const&) {
    } catch (std::exception const&) { // the peer has left otherwise: that is an end as well
    } catch (cancelled_error const&) {
    }
    self->lose(nullptr);
}

void connection::say_end() {
    if (filter_ == nullptr || lost_) return;
    std::string output;
    filter_->end(output);
    write_unfiltered(output);
}

void connection::write_eof() {
    if (closing_ || eof_asked_) return;
    if (kind_ == channel::pipe) return close();
    say_end();
    eof_asked_ = true;
    end_if_flushed();
}

void connection::close() {
    if (closing_) return;
    if (!eof_asked_) say_end();
    closing_ = true;
    if (filter_ != nullptr) eof_ = true; // nobody reads any more
    end_if_flushed();
}

void connection::lose(std::exception_ptr error) {
    if (lost_) return;
    lost_ = true;
    closing_ = true;
    error_ = std::move(error);
    output_.clear();
    sent_ = 0;
    fd_.reset(); // wakes the reader and the flusher
    paused_ = false;
    resumed_.set();
    closed_.set();
}

coroutine<> connection::drain(std::shared_ptr<connection> self) {
    self->rethrow_error();
    if (self->closing_) co_await sleep(duration{0}); // so that a loop of writes sees the end
    if (!self->lost_) co_await self->resumed_.wait();
    self->rethrow_error();
    if (self->lost_) {
        throw std::system_error(ECONNRESET, std::generic_category(), "Connection lost");
    }
}

coroutine<> connection::wait_closed(std::shared_ptr<connection> self) {
    co_await self->closed_.wait();
    self->rethrow_error();
}

} // namespace siding::detail
