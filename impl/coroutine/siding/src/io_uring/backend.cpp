// SPDX-License-Identifier: MIT
#include "io_uring/backend.hpp"
#include "io_uring/buffer_ring.hpp"
#include "io_uring/entry.hpp"
#include "io_uring/immediate.hpp"
#include "io_uring/receiver.hpp"
#include "io_uring/ring.hpp"
#include "io_uring/user_data.hpp"
#include "siding/io/io_uring.hpp"
#include "siding/loop.hpp"
#include "siding/sys.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>
#include <system_error>

namespace siding::detail {

namespace {

constexpr std::uint16_t buffer_count = 1024;
constexpr std::uint32_t buffer_bytes = 4096;

/// A socket whose reader is slow holds at most this many buffers, then its receive is disarmed: the
/// rest waits in the kernel, as it does under epoll.
constexpr std::size_t most_queued = 16;

/// With fewer completions a turn, a send is cheaper as a system call of its own: as an entry it
/// would end the next wait at once, and that would be a system call as well.
constexpr unsigned worth_batching = 4;

/// Sockets over completions: receives are multishot with provided buffers, one `enter` a turn
/// submits what the turn asked for and waits. Reads and writes of pipes wait for readiness, because
/// io_uring answers -EAGAIN on non-blocking files.
class io_uring_backend final : public backend {
public:
    io_uring_backend(loop& owner, queue_sizes entries)
        : owner_(core_of(owner)),
          ring_(entries.submission, entries.completion),
          buffers_(ring_, 0, buffer_count, buffer_bytes),
          wake_fd_(sys::use().eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
        if (wake_fd_ < 0) throw std::system_error(errno, std::system_category(), "eventfd");
        arm_wake();
    }

    ~io_uring_backend() override {
        if (is_abandoned_) return;
        // The kernel may still write to or read from what its operations name: wait until it has
        // let go of all of them before the memory goes.
        closing_ = true;
        auto& entry = prepare();
        entry.opcode = IORING_OP_ASYNC_CANCEL;
        entry.cancel_flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL;
        entry.user_data = static_cast<std::uint64_t>(kind::ignored);
        __kernel_timespec const patience{1, 0};
        while (in_kernel_ != 0) {
            auto const error = enter(1, &patience);
            if (error == -ETIME || is_final(error)) break;
            reap();
        }
        sys::use().close(wake_fd_);
    }

    [[nodiscard]] std::string_view name() const noexcept override { return "io_uring"; }

    [[nodiscard]] bool has_files() const noexcept override { return true; }

    [[nodiscard]] bool try_now(io_operation& op) noexcept override {
        if (!make_room(op.fd)) {
            op.result = op.fd < 0 ? -EBADF : -ENOMEM;
            return true;
        }
        switch (op.kind) {
        case io_kind::recv: {
            auto& source = receiver_of(op.fd);
            return source.take(op, buffers_) || (source.may_try() && receive_bulk(op, source));
        }
        case io_kind::send_all:
            return last_batch_ < worth_batching && send_now(op);
        case io_kind::read:
            return finished(op, sys::use().read(op.fd, op.buffer, op.bytes));
        case io_kind::write:
            return write_now(op);
        case io_kind::connect:
            forget(op.fd);
            return false; // a new socket, maybe an old number
        default:
            return false;
        }
    }

    [[nodiscard]] bool start(io_operation& op) noexcept override {
        if (!make_room(op.fd)) { // of a file: those are not tried first
            op.result = op.fd < 0 ? -EBADF : -ENOMEM;
            return false;
        }
        auto& source = receiver_of(op.fd);
        if (op.kind != io_kind::recv) {
            submit(op);
        } else if (source.reader != nullptr) {
            op.result = -EBUSY; // one task at a time may wait to read
            return false;
        } else {
            source.reader = &op;
            arm(op.fd, source);
        }
        ++in_flight_;
        return true;
    }

    [[nodiscard]] bool cancel(io_operation& op) noexcept override {
        auto& source = receiver_of(op.fd);
        if (op.kind == io_kind::recv) {
            // Only the wait ends: what arrives goes into the queue, so no byte is lost.
            if (source.reader == &op) {
                source.reader = nullptr;
                --in_flight_;
            }
            return true;
        }
        // The frame that holds `op` may be gone when this returns, so the kernel must have let go
        // of it: it cancels what waits for a socket at once, and its completion is awaited here.
        op.cancelled = true;
        auto& entry = prepare();
        entry.opcode = IORING_OP_ASYNC_CANCEL;
        entry.addr = reinterpret_cast<std::uint64_t>(&op);
        entry.user_data = static_cast<std::uint64_t>(kind::ignored);
        while (op.cancelled && !is_final(enter(1, nullptr))) { // `completed` clears it
            reap();
        }
        return !op.cancelled; // a ring that is broken never lets go
    }

    [[nodiscard]] int poll(std::optional<duration> timeout) noexcept override {
        bool const blocks = !timeout || *timeout > duration{0};
        if (blocks || ring_.prepared() != 0 || ring_.ready()) {
            __kernel_timespec wait{};
            if (timeout) {
                auto const most = (*timeout + (blocks ? slack_ : duration{0})).count();
                wait = {most / 1'000'000'000, most % 1'000'000'000};
            }
            enter(blocks ? 1 : 0, timeout ? &wait : nullptr);
        }
        last_batch_ = reap();
        return failure_;
    }

    void wake() noexcept override {
        std::uint64_t const one = 1;
        // The counter is never read: each write is a new edge for the multishot poll. It cannot
        // overflow in the life of a process.
        static_cast<void>(sys::real().write(wake_fd_, &one, sizeof one));
    }

    void forget(int fd) noexcept override {
        if (static_cast<std::size_t>(fd) >= receivers_.size()) return;
        auto& source = receiver_of(fd);
        if (auto* const reader = source.reader) {
            reader->result = -EBADF;
            done(*reader);
        }
        if (source.armed || source.polled || source.operations != 0) {
            auto& entry = prepare();
            entry.opcode = IORING_OP_ASYNC_CANCEL;
            entry.fd = fd;
            entry.cancel_flags = IORING_ASYNC_CANCEL_FD | IORING_ASYNC_CANCEL_ALL;
            entry.user_data = static_cast<std::uint64_t>(kind::ignored);
            submit_now(); // for it names the descriptor, which is about to be closed
        }
        source.reset(buffers_);
    }

    void abandon() noexcept override {
        is_abandoned_ = true;
        buffers_.abandon();
        ring_.abandon();
        sys::use().close(wake_fd_);
    }

    [[nodiscard]] std::size_t in_flight() const noexcept override { return in_flight_; }

private:
    [[nodiscard]] receiver& receiver_of(int fd) noexcept {
        return receivers_[static_cast<std::size_t>(fd)];
    }
    [[nodiscard]] bool make_room(int fd) noexcept {
        if (fd < 0) return false;
        auto const index = static_cast<std::size_t>(fd);
        try {
            if (index >= receivers_.size()) receivers_.resize(index + 1);
            return true;
        } catch (std::bad_alloc const&) {
            return false;
        }
    }

    /// Neither an interruption nor a lack of room that will pass: the ring was closed behind our
    /// back, or a filter forbids the call.
    [[nodiscard]] static bool is_final(int error) noexcept {
        return error != 0 && error != -ETIME && error != -EINTR && error != -EAGAIN &&
               error != -EBUSY;
    }

    int enter(unsigned least, __kernel_timespec const* timeout) noexcept {
        auto const error = ring_.enter(least, timeout);
        if (is_final(error)) [[unlikely]]
            failure_ = -error;
        return error;
    }

    [[nodiscard]] io_uring_sqe& prepare() noexcept {
        auto* entry = ring_.prepare();
        while (entry == nullptr && !is_final(enter(0, nullptr))) {
            entry = ring_.prepare();
        }
        return entry != nullptr ? *entry : *nowhere_;
    }

    /// Whatever interrupts it: nothing is left prepared, unless the kernel takes nothing before
    /// completions have been collected, and we are at that.
    void submit_now() noexcept {
        while (ring_.prepared() != 0) {
            auto const error = enter(0, nullptr);
            if (is_final(error) || (error == -EBUSY && reaping_)) break;
            if (error == -EBUSY) reap();
        }
    }

    void arm_wake() noexcept {
        auto& entry = prepare();
        entry.opcode = IORING_OP_POLL_ADD;
        entry.fd = wake_fd_;
        entry.len = IORING_POLL_ADD_MULTI;
        entry.poll32_events = POLLIN;
        entry.user_data = static_cast<std::uint64_t>(kind::wake);
        ++in_kernel_;
    }

    /// Sees to it that a completion comes when there is something to read.
    void arm(int fd, receiver& source) noexcept {
        if (source.armed || source.polled) return;
        if (!source.bulk()) return arm_receive(fd, source);
        auto& entry = prepare();
        entry.opcode = IORING_OP_POLL_ADD;
        entry.fd = fd;
        entry.poll32_events = POLLIN | POLLRDHUP;
        entry.user_data = receive_data(fd, source, kind::bulk);
        source.polled = true;
        ++in_kernel_;
    }

    void arm_receive(int fd, receiver& source) noexcept {
        auto& entry = prepare();
        entry.opcode = IORING_OP_RECV;
        entry.fd = fd;
        entry.ioprio = IORING_RECV_MULTISHOT;
        entry.flags = IOSQE_BUFFER_SELECT;
        entry.buf_group = buffers_.group();
        entry.user_data = receive_data(fd, source, kind::receive);
        source.armed = true;
        ++in_kernel_;
    }

    void submit(io_operation& op) noexcept {
        auto& entry = prepare();
        entry.user_data = reinterpret_cast<std::uint64_t>(&op);
        describe(op, entry);
        ++in_kernel_;
        ++receiver_of(op.fd).operations;
    }

    unsigned reap() noexcept {
        reaping_ = true;
        auto const count = ring_.reap([this](io_uring_cqe const& cqe) { dispatch(cqe); });
        reaping_ = false;
        return count;
    }

    void dispatch(io_uring_cqe const& cqe) noexcept {
        auto const purpose = static_cast<kind>(cqe.user_data & kind_mask);
        bool const last = (cqe.flags & IORING_CQE_F_MORE) == 0;
        if (purpose != kind::ignored && last) --in_kernel_;
        if (purpose == kind::receive) {
            received(cqe, last);
        } else if (purpose == kind::bulk) {
            readable(cqe);
        } else if (purpose == kind::wake) {
            if (last && !closing_) arm_wake();
        } else if (purpose == kind::operation && !closing_) {
            completed(*reinterpret_cast<io_operation*>(cqe.user_data), cqe.res);
        }
    }

    void received(io_uring_cqe const& cqe, bool last) noexcept {
        auto const fd = fd_of(cqe);
        auto& source = receiver_of(fd);
        bool const has_buffer = (cqe.flags & IORING_CQE_F_BUFFER) != 0;
        if (closing_ || !is_of(source, cqe)) {
            if (has_buffer) buffers_.give_back(buffer_ring::id_of(cqe));
            return;
        }
        if (last) source.armed = source.disarming = false;
        if (cqe.res > 0) {
            auto const buffer = buffer_ring::id_of(cqe);
            if (source.ended || !source.push(buffer, static_cast<std::uint32_t>(cqe.res))) {
                buffers_.give_back(buffer); // the stream has a hole here, so here it ends
                if (!source.ended) source.end(-ENOMEM);
            }
        } else {
            if (has_buffer) buffers_.give_back(buffer_ring::id_of(cqe));
            if (cqe.res == -ENOBUFS) buffers_.hand_out_more();
            // Out of buffers, or disarmed because the queue was long: neither ends the stream.
            if (cqe.res != -ENOBUFS && cqe.res != -ECANCELED) source.end(cqe.res);
        }
        bool const bulk_begins =
            cqe.res > 0 && source.note(static_cast<std::uint32_t>(cqe.res), buffer_bytes);
        if (auto* const reader = source.reader) {
            // Out of buffers: the bytes are there, and its own buffer will do. So a reader never
            // waits for others to give theirs back.
            if (source.take(*reader, buffers_) || (cqe.res == -ENOBUFS && receive_now(*reader))) {
                source.reader = nullptr;
                done(*reader);
            } else {
                arm(fd, source);
            }
        }
        if (source.armed && !source.disarming && (bulk_begins || source.queued() >= most_queued)) {
            source.disarming = true;
            auto& entry = prepare();
            entry.opcode = IORING_OP_ASYNC_CANCEL;
            entry.addr = receive_data(fd, source, kind::receive);
            entry.user_data = static_cast<std::uint64_t>(kind::ignored);
        }
    }

    /// A stream that is received in bulk has something to read, or has ended.
    void readable(io_uring_cqe const& cqe) noexcept {
        auto const fd = fd_of(cqe);
        auto& source = receiver_of(fd);
        if (closing_ || !is_of(source, cqe)) return;
        source.polled = false;
        source.is_readable();
        if (auto* const reader = source.reader) {
            if (!receive_bulk(*reader, source)) return arm(fd, source);
            source.reader = nullptr;
            done(*reader);
        }
    }

    [[nodiscard]] static bool receive_bulk(io_operation& op, receiver& source) noexcept {
        bool const is_done = receive_now(op);
        if (is_done) source.note_bulk(op, buffer_bytes);
        return is_done;
    }

    void completed(io_operation& op, int result) noexcept {
        --receiver_of(op.fd).operations;
        op.result = result;
        if (op.cancelled) { // `cancel` waits for it; nobody is to be woken
            op.cancelled = false;
            --in_flight_;
            return;
        }
        if (result == -EINTR) return submit(op);
        switch (op.kind) {
        case io_kind::send_all:
            if (result > 0) op.moved += static_cast<std::size_t>(result);
            if (result > 0 && op.moved < op.bytes) return submit(op);
            if (result >= 0) op.result = static_cast<long>(op.moved);
            break;
        case io_kind::read:
        case io_kind::write: // only the readiness was awaited
            if (result > 0 && !try_now(op)) return submit(op);
            break;
        case io_kind::accept:
            if (result >= 0) forget(result); // whatever had that number before is gone
            break;
        default:
            break;
        }
        done(op);
    }

    void done(io_operation& op) noexcept {
        --in_flight_;
        op.started = false;
        owner_.wake(op);
    }

    loop_core& owner_;
    ring ring_;
    buffer_ring buffers_;
    /// What is prepared for a broken ring. It may throw, so it comes before the descriptor.
    std::unique_ptr<io_uring_sqe> nowhere_ = std::make_unique<io_uring_sqe>();
    int wake_fd_;
    bool closing_ = false;
    bool is_abandoned_ = false;
    int failure_ = 0; ///< an errno: the ring is broken
    unsigned last_batch_ = 0;
    bool reaping_ = false;
    duration slack_{
        std::max(::prctl(PR_GET_TIMERSLACK), 0)}; // the kernel gives it all waits but `enter`'s
    std::size_t in_flight_ = 0;                   // operations that tasks wait for
    std::size_t in_kernel_ = 0;                   // entries whose last completion is still to come
    std::vector<receiver> receivers_;             // by descriptor
};

} // namespace

std::unique_ptr<backend> make_io_uring_backend(loop& owner, queue_sizes entries) {
    return std::make_unique<io_uring_backend>(owner, entries);
}

} // namespace siding::detail

namespace siding {

std::unique_ptr<detail::backend> make_io_uring_backend(loop& owner) {
    return detail::make_io_uring_backend(owner, {});
}

} // namespace siding
