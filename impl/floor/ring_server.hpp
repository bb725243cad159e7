// SPDX-License-Identifier: MIT
#pragma once

#include "contract/model.hpp"
#include "ring.hpp"
#include "ring_buffers.hpp"

#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <vector>

namespace floor_model {

/// A server on a raw io_uring, one thread: multishot accept, multishot receive into provided
/// buffers, and one system call a turn that submits the answers of all connections and waits for
/// what comes next. An answer is sent from where it lies.
///
/// `Answers` is what a connection says, one for each:
///   `std::span<std::byte const> answer(std::span<std::byte const> chunk)`: what is to be sent for
///       a chunk that was received; may refer to the chunk. Empty: nothing.
///   `std::span<std::byte const> keep(std::span<std::byte const> rest)`: the rest of an answer,
///       moved out of the chunk, which is lent to the kernel again.
///   `void sent(std::size_t)`: how many bytes of it have left.
///   `bool over()`: nothing more will be said.
template <class Answers>
class ring_server {
public:
    ring_server(contract::server_environment const& environment, std::uint16_t buffers,
                std::uint32_t buffer_bytes)
        : listen_fd_(environment.listen_fd),
          stop_fd_(environment.stop_fd),
          ring_(1'024, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN),
          buffers_(ring_, buffers, buffer_bytes) {}

    /// Until `stop_fd` is readable. Then the kernel has nothing of it left.
    void run() {
        accept_more();
        auto& stop = prepare(IORING_OP_POLL_ADD, stop_fd_, operation::stop);
        stop.poll32_events = POLLIN;
        while (!stopped_ || is_accepting_ || open_ != 0) {
            under_way_.insert(under_way_.end(), submitted_.begin(), submitted_.end());
            submitted_.clear();
            auto const least = something_waits_for_them() ? 0u : 1u;
            auto const all_said =
                ring_.wait(least, [this](io_uring_cqe const& done) { handle(done); });
            if (all_said) settle();
        }
    }

    [[nodiscard]] std::uint64_t accepted() const noexcept { return accepted_; }
    [[nodiscard]] std::uint64_t sent_bytes() const noexcept { return sent_bytes_; }
    /// Of all connections that there were.
    [[nodiscard]] std::uint64_t requests() const noexcept requires requires(Answers a) {
        a.requests();
    }
    {
        auto all = requests_;
        for (auto const& each : connections_) {
            if (each) all += each->answers.requests();
        }
        return all;
    }

private:
    enum class operation : std::uint64_t { accept, stop, receive, send, cancel };

    /// What was received and is not answered: in a buffer of the kernel's, or on the heap.
    struct chunk {
        std::uint16_t buffer;
        std::uint32_t bytes;
    };
    /// Chunks that may wait before the peer is not read from until they are answered.
    static constexpr std::size_t most_waiting = 16;

    /// Closed when neither a receive nor a send is in the kernel, so that its number, under which
    /// it is found, is not taken again before.
    struct connection {
        unique_fd socket;
        Answers answers;
        std::vector<chunk> waiting;
        std::vector<std::byte> backlog;       ///< chunks that came while the socket was full
        std::vector<std::byte> under_way;     ///< a backlog that is being answered
        std::span<std::byte const> sending{}; ///< in the kernel, or waiting for it
        chunk answered{};                     ///< what `sending` may lie in; no bytes: nothing
        bool is_sending = false;
        bool is_at_once = false; ///< it is sending what the socket takes without waiting
        bool is_receiving = false;
        bool is_cancelling = false;
        bool is_full = false; ///< the socket takes no more
        bool is_starved = false;
        bool has_ended = false;
        bool has_failed = false;
    };

    io_uring_sqe& prepare(unsigned char opcode, int fd, operation purpose) {
        auto& entry = ring_.prepare();
        entry.opcode = opcode;
        entry.fd = fd;
        entry.user_data = tag(fd, purpose);
        return entry;
    }

    void cancel(int fd, operation purpose) {
        prepare(IORING_OP_ASYNC_CANCEL, -1, operation::cancel).addr = tag(fd, purpose);
    }

    static std::uint64_t tag(int fd, operation purpose) noexcept {
        return static_cast<std::uint64_t>(fd) << 8 | static_cast<std::uint64_t>(purpose);
    }

    void handle(io_uring_cqe const& done) {
        auto const number = static_cast<std::size_t>(done.user_data >> 8);
        switch (static_cast<operation>(done.user_data & 0xff)) {
        case operation::accept:
            return accepted(done);
        case operation::stop:
            return finish();
        case operation::receive:
            received(*connections_[number], done);
            return advance(number);
        case operation::send: // that took less than all, or failed
            sent(*connections_[number], done.res);
            return advance(number);
        case operation::cancel:
            return; // what was cancelled says so itself
        }
    }

    /// Whether there is something to do as soon as a send that goes to the kernel now has ended.
    [[nodiscard]] bool something_waits_for_them() const {
        auto const waits_for_it = [this](std::size_t number) {
            if (!connections_[number]) return false;
            auto const& c = *connections_[number];
            return !c.waiting.empty() || !c.backlog.empty() || c.has_ended || !c.is_receiving ||
                   c.answers.over();
        };
        // Who is starved gets a buffer that is sent from.
        return !starved_.empty() || std::any_of(under_way_.begin(), under_way_.end(), waits_for_it);
    }

    /// A send that must not wait has its result when it is submitted, and says nothing of a
    /// success, for the completion would wake the loop before there is anything to do: those that
    /// were submitted and have not complained have sent all.
    void settle() {
        for (auto const number : under_way_) {
            if (!connections_[number] || !connections_[number]->is_at_once) continue;
            sent(*connections_[number], static_cast<int>(connections_[number]->sending.size()));
            advance(number);
        }
        under_way_.clear();
    }

    void accept_more() {
        auto& entry = prepare(IORING_OP_ACCEPT, listen_fd_, operation::accept);
        entry.ioprio = IORING_ACCEPT_MULTISHOT;
        entry.accept_flags = SOCK_CLOEXEC;
        is_accepting_ = true;
    }

    void finish() {
        stopped_ = true;
        cancel(listen_fd_, operation::accept);
        for (std::size_t number = 0; number < connections_.size(); ++number) {
            if (!connections_[number]) continue;
            connections_[number]->has_failed = true;
            abandon(number);
        }
    }

    void accepted(io_uring_cqe const& done) {
        if ((done.flags & IORING_CQE_F_MORE) == 0) is_accepting_ = false;
        if (stopped_) {
            if (done.res >= 0) unique_fd const too_late(done.res);
            return;
        }
        if (done.res >= 0) {
            ++accepted_;
            auto const number = static_cast<std::size_t>(done.res);
            int const on = 1;
            // Fails only for a peer that has reset meanwhile; the first receive will tell.
            ::setsockopt(done.res, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            if (connections_.size() <= number) connections_.resize(number + 1);
            connections_[number] = std::make_unique<connection>();
            connections_[number]->socket = unique_fd(done.res);
            ++open_;
            advance(number);
        } else if (done.res == -EMFILE || done.res == -ENFILE) {
            // Again when a connection has ended and left its descriptor.
            if (open_ == 0) throw std::system_error(-done.res, std::generic_category(), "accept");
            return;
        } else if (done.res != -ECONNABORTED && done.res != -EPROTO && done.res != -EINTR &&
                   done.res != -EAGAIN) {
            throw std::system_error(-done.res, std::generic_category(), "accept");
        }
        if (!is_accepting_) accept_more();
    }

    void received(connection& c, io_uring_cqe const& done) {
        c.is_receiving = (done.flags & IORING_CQE_F_MORE) != 0;
        if (!c.is_receiving) c.is_cancelling = false;
        if (done.res > 0) {
            chunk const came{static_cast<std::uint16_t>(done.flags >> IORING_CQE_BUFFER_SHIFT),
                             static_cast<std::uint32_t>(done.res)};
            // A peer that does not read must not keep buffers that others need.
            c.is_full ? to_backlog(c, came) : c.waiting.push_back(came);
        } else if (done.res == 0) {
            c.has_ended = true;
        } else if (done.res == -ENOBUFS) {
            c.is_starved = true;
            starved_.push_back(static_cast<std::size_t>(c.socket.get()));
        } else if (done.res != -ECANCELED) {
            c.has_failed = true;
        }
    }

    void sent(connection& c, int result) {
        c.is_sending = c.is_at_once = false;
        if (result < 0 && result != -EAGAIN) {
            c.has_failed = true;
            return;
        }
        auto const bytes = result < 0 ? 0u : static_cast<std::size_t>(result);
        sent_bytes_ += bytes;
        c.answers.sent(bytes);
        c.sending = c.sending.subspan(bytes);
        c.is_full = !c.sending.empty();
        if (c.is_full) {
            c.sending = c.answers.keep(c.sending);
            for (auto const& each : std::exchange(c.waiting, {})) {
                to_backlog(c, each);
            }
        }
        give_back(c);
    }

    void to_backlog(connection& c, chunk const& from) {
        auto const* const data = buffers_[from.buffer];
        c.backlog.insert(c.backlog.end(), data, data + from.bytes);
        give_back(from);
    }

    /// The buffer of the chunk that was answered last.
    void give_back(connection& c) {
        auto const done = std::exchange(c.answered, {});
        if (done.bytes != 0) give_back(done);
    }
    void give_back(chunk const& done) {
        buffers_.give_back(done.buffer);
        while (!starved_.empty()) {
            auto const number = starved_.back();
            starved_.pop_back();
            // It may have ended since, and its number be another's.
            if (!connections_[number] || !connections_[number]->is_starved) continue;
            connections_[number]->is_starved = false;
            receive(*connections_[number]);
            return;
        }
    }

    /// Whatever can be done for a connection now.
    void advance(std::size_t number) {
        auto& c = *connections_[number];
        if (c.has_failed) return abandon(number);
        if (!c.is_sending) {
            if (c.sending.empty()) answer_next(c);
            if (!c.sending.empty()) return send(c), receive_or_wait(c);
            if (c.answers.over()) ::shutdown(c.socket.get(), SHUT_WR);
            if (c.has_ended) return close(number);
        }
        receive_or_wait(c);
    }

    void answer_next(connection& c) {
        for (std::size_t next = 0; c.sending.empty() && next < c.waiting.size();) {
            c.answered = c.waiting[next++];
            c.sending = c.answers.answer({buffers_[c.answered.buffer], c.answered.bytes});
            if (c.sending.empty()) give_back(c);
            if (!c.sending.empty() || next == c.waiting.size()) {
                c.waiting.erase(c.waiting.begin(),
                                c.waiting.begin() + static_cast<std::ptrdiff_t>(next));
                return;
            }
        }
        if (c.sending.empty() && !c.backlog.empty()) {
            c.under_way = std::exchange(c.backlog, {});
            c.sending = c.answers.answer(c.under_way);
        }
    }

    void send(connection& c) {
        auto& entry = prepare(IORING_OP_SEND, c.socket.get(), operation::send);
        entry.addr = reinterpret_cast<std::uint64_t>(c.sending.data());
        entry.len = static_cast<unsigned>(c.sending.size());
        // First what the socket takes at once: the buffer is not to be kept by a peer that does not
        // read. Then all that is left, for as long as it takes.
        entry.msg_flags = MSG_NOSIGNAL | MSG_WAITALL;
        c.is_sending = true;
        if (c.is_full) return;
        entry.msg_flags |= MSG_DONTWAIT;
        entry.flags = IOSQE_CQE_SKIP_SUCCESS; // with MSG_WAITALL less than all is no success
        c.is_at_once = true;
        submitted_.push_back(static_cast<std::size_t>(c.socket.get()));
    }

    void receive_or_wait(connection& c) {
        auto const enough = c.is_full || c.waiting.size() >= most_waiting || !c.backlog.empty();
        if (enough && c.is_receiving && !c.is_cancelling) {
            cancel(c.socket.get(), operation::receive);
            c.is_cancelling = true;
        } else if (!enough && !c.is_receiving && !c.is_starved && !c.has_ended) {
            receive(c);
        }
    }

    void receive(connection& c) {
        auto& entry = prepare(IORING_OP_RECV, c.socket.get(), operation::receive);
        entry.ioprio = IORING_RECV_MULTISHOT;
        entry.flags = IOSQE_BUFFER_SELECT;
        entry.buf_group = ring_buffers::group;
        c.is_receiving = true;
    }

    /// Ends what is in the kernel for it, and closes when that has come back.
    void abandon(std::size_t number) {
        auto& c = *connections_[number];
        c.is_starved = false; // or a buffer that it gives back would have it receive again
        for (auto const& each : std::exchange(c.waiting, {})) {
            give_back(each);
        }
        if (!c.is_receiving && !c.is_sending) return close(number);
        ::shutdown(c.socket.get(), SHUT_RDWR);
    }

    void close(std::size_t number) {
        auto& c = *connections_[number];
        if (c.is_receiving || c.is_sending) return;
        c.is_starved = false;
        give_back(c);
        if constexpr (requires { c.answers.requests(); }) requests_ += c.answers.requests();
        connections_[number].reset();
        --open_;
        if (!is_accepting_ && !stopped_) accept_more();
    }

    int listen_fd_;
    int stop_fd_;
    bool stopped_ = false;
    bool is_accepting_ = false;
    std::uint64_t accepted_ = 0;
    std::uint64_t sent_bytes_ = 0;
    std::uint64_t requests_ = 0; ///< of connections that have ended
    std::size_t open_ = 0;
    std::vector<std::unique_ptr<connection>> connections_; ///< by descriptor
    std::vector<std::size_t> starved_;   ///< numbers of those that wait for a buffer
    std::vector<std::size_t> submitted_; ///< numbers of those with a send that must not wait,
    std::vector<std::size_t> under_way_; ///< and of those whose send goes to the kernel this turn
    ring ring_;                          ///< ends before the memory that it writes to
    ring_buffers buffers_;
};

} // namespace floor_model
