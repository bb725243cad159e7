// SPDX-License-Identifier: MIT
#include "siding/detail/backend.hpp"
#include "siding/loop.hpp"
#include "siding/sys.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

namespace siding::detail {
namespace {

/// How many operations of a descriptor may end at once, one after another; the next one waits until
/// the loop has looked at the others. Else a stream that is always ready, or two, would keep the
/// loop for themselves. Few are faster, too: meanwhile more bytes come, and the next read gets a
/// full buffer (8 streams of 1 MiB messages, CPU against 32 at once: 0.89, 15 rounds).
constexpr std::uint8_t most_at_once = 4;

/// So long nothing may happen in a wait that is long before it is checked that what is waited for
/// can still happen.
constexpr duration quiet_before_check = std::chrono::milliseconds(100);

/// What is known of one descriptor. Each is registered once in its life, edge-triggered for both
/// directions: epoll_ctl is called once a connection, not once a wait.
struct slot {
    io_operation* reader = nullptr;
    io_operation* writer = nullptr;
    std::uint32_t generation = 0; ///< events of a closed descriptor carry an older one
    bool registered = false;
    // "May" is a guess that costs one EAGAIN if wrong; "may not" is certain until the next edge.
    bool may_read = true;
    bool may_write = true;
    bool is_checked =
        false; ///< the wait that is under way: the descriptor is still the one registered
    bool always_try = false;  ///< a short read does not mean drained: never clear may_read by it
    std::uint8_t at_once = 0; ///< operations that have ended at once since one had to wait
};

[[nodiscard]] bool reads(io_kind kind) noexcept { return kind < io_kind::send_all; }

[[nodiscard]] bool would_block(int error) noexcept {
    return error == EAGAIN || error == EWOULDBLOCK;
}

class epoll final : public backend {
public:
    explicit epoll(loop& owner) : owner_(core_of(owner)) {
        epoll_ = checked(sys::use().epoll_create(EPOLL_CLOEXEC), "epoll_create1");
        wake_ = sys::use().eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        // Edge-triggered and never read: each write is an edge, so waking up costs one call less.
        epoll_event event{EPOLLIN | EPOLLET, {.u64 = wake_mark}};
        if (wake_ < 0 || sys::use().epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) < 0) {
            auto const error = errno;
            close_all();
            throw std::system_error(error, std::generic_category(), "eventfd");
        }
    }
    ~epoll() override { close_all(); }

    [[nodiscard]] std::string_view name() const noexcept override { return "epoll"; }

    [[nodiscard]] bool try_now(io_operation& op) noexcept override {
        if (op.kind == io_kind::connect) forget(op.fd); // a new socket, maybe with an old number
        if (!make_room(op.fd)) {
            op.result = op.fd < 0 ? -EBADF : -ENOMEM;
            return true;
        }
        auto& entry = slot_of(op.fd);
        if (!(reads(op.kind) ? entry.may_read : entry.may_write)) return false;
        if (entry.at_once == most_at_once) [[unlikely]] {
            return false;
        }
        if (!attempt(op)) return false;
        ++entry.at_once;
        return true;
    }

    [[nodiscard]] bool start(io_operation& op) noexcept override {
        auto& entry = slot_of(op.fd);
        auto*& place = reads(op.kind) ? entry.reader : entry.writer;
        if (place != nullptr) {
            op.result = -EBUSY; // one task at a time may wait in each direction
            return false;
        }
        bool const untried = std::exchange(entry.at_once, std::uint8_t{0}) == most_at_once &&
                             (reads(op.kind) ? entry.may_read : entry.may_write);
        if (untried) {
            untried_.push_back(op); // it may be ready, and its edge spent
        } else if (!registered(op.fd)) {
            op.result = -errno;
            return false;
        }
        place = &op;
        entry.is_checked = false;
        is_to_check_ = true;
        ++in_flight_;
        return true;
    }

    [[nodiscard]] bool cancel(io_operation& op) noexcept override {
        auto& entry = slot_of(op.fd);
        auto*& place = reads(op.kind) ? entry.reader : entry.writer;
        if (place == &op) {
            place = nullptr;
            --in_flight_;
            if (op.linked()) untried_.erase(op);
        }
        return true;
    }

    [[nodiscard]] int poll(std::optional<duration> timeout) noexcept override {
        timespec length{};
        if (!untried_.empty()) timeout = duration{0};
        bool const is_long = is_to_check_ && (!timeout || *timeout > quiet_before_check);
        if (is_long) timeout = quiet_before_check;
        if (timeout) {
            length.tv_sec = static_cast<time_t>(*timeout / std::chrono::seconds(1));
            length.tv_nsec = (*timeout % std::chrono::seconds(1)).count();
        }
        auto const count = sys::use().epoll_wait(
            epoll_, events_.data(), static_cast<int>(events_.size()), timeout ? &length : nullptr);
        if (is_long && count == 0) check_waits();
        if (count < 0) return errno == EINTR ? 0 : errno;
        for (int i = 0; i < count; ++i) {
            auto const& event = events_[static_cast<std::size_t>(i)];
            if (event.data.u64 != wake_mark) handle(event);
        }
        try_untried();
        return 0;
    }

    void wake() noexcept override {
        std::uint64_t const one = 1;
        static_cast<void>(sys::real().write(wake_, &one, sizeof one));
    }

    void forget(int fd) noexcept override {
        if (static_cast<std::size_t>(fd) >= slots_.size()) return;
        auto& entry = slots_[static_cast<std::size_t>(fd)];
        auto const generation = entry.generation + 1;
        for (auto* op : {entry.reader, entry.writer}) {
            if (op != nullptr) finish(*op, -EBADF);
        }
        entry = {};
        entry.generation = generation;
    }

    void abandon() noexcept override {
        close_all();
        epoll_ = wake_ = -1;
    }

    [[nodiscard]] std::size_t in_flight() const noexcept override { return in_flight_; }

private:
    static constexpr std::uint32_t edges = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;
    static constexpr std::uint64_t wake_mark = ~std::uint64_t{0};

    static int checked(int result, char const* action) {
        if (result < 0) throw std::system_error(errno, std::generic_category(), action);
        return result;
    }
    static std::uint64_t mark(int fd, slot const& entry) noexcept {
        return static_cast<std::uint32_t>(fd) | std::uint64_t{entry.generation} << 32u;
    }

    void close_all() noexcept {
        if (wake_ >= 0) sys::use().close(wake_);
        if (epoll_ >= 0) sys::use().close(epoll_);
    }

    void try_untried() noexcept {
        while (!untried_.empty()) {
            auto& op = static_cast<io_operation&>(untried_.pop_front());
            if (attempt(op)) {
                finish(op, op.result);
            } else if (!registered(op.fd)) {
                finish(op, -errno);
            }
        }
    }

    [[nodiscard]] slot& slot_of(int fd) noexcept { return slots_[static_cast<std::size_t>(fd)]; }

    /// Each operation is tried first, so everything else finds its slot there.
    [[nodiscard]] bool make_room(int fd) noexcept {
        auto const index = static_cast<std::size_t>(fd);
        if (fd < 0) return false;
        if (index < slots_.size()) [[likely]] {
            return true;
        }
        try {
            slots_.resize(std::max(index + 1, 2 * slots_.size()));
            return true;
        } catch (std::bad_alloc const&) {
            return false;
        }
    }

    /// The descriptor's edges are reported from here on; otherwise false and errno.
    [[nodiscard]] bool registered(int fd) noexcept {
        auto& entry = slot_of(fd);
        if (entry.registered) return true;
        epoll_event event{edges, {.u64 = mark(fd, entry)}};
        auto result = sys::use().epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
        if (result < 0 && errno == EEXIST) { // a duplicate kept the registration: arm it anew
            result = sys::use().epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
        }
        entry.registered = result == 0;
        return entry.registered;
    }

    /// Nothing has happened for a while. A descriptor that somebody closed behind our back, by
    /// close(2), is no longer registered, whatever we remember; its number may be another's now,
    /// and who waits for that would wait for ever. Once in each long wait that is looked at.
    void check_waits() noexcept {
        is_to_check_ = false;
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            auto& entry = slots_[i];
            bool const waits = entry.reader != nullptr || entry.writer != nullptr;
            if (!waits || !entry.registered || std::exchange(entry.is_checked, true)) continue;
            auto const fd = static_cast<int>(i);
            epoll_event event{edges, {.u64 = mark(fd, entry)}};
            if (sys::use().epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) == 0) continue;
            entry.registered = false;
            entry.may_read = entry.may_write = true;
            entry.always_try = false;
            for (auto* op : {entry.reader, entry.writer}) {
                if (op == nullptr || op->linked()) continue;
                untried_.push_back(*op);
            }
        }
        try_untried();
    }

    void handle(epoll_event const& event) noexcept {
        auto const fd = static_cast<std::uint32_t>(event.data.u64);
        auto& entry = slots_[fd];
        if (entry.generation != event.data.u64 >> 32u) return; // of a closed one
        bool const broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
        // Before urgent data a read stops short although there is more.
        if ((event.events & (EPOLLRDHUP | EPOLLPRI)) != 0 || broken) entry.always_try = true;
        if ((event.events & (EPOLLIN | EPOLLRDHUP)) != 0 || broken) {
            entry.may_read = true;
            continue_with(entry.reader);
        }
        if ((event.events & EPOLLOUT) != 0 || broken) {
            slots_[fd].may_write = true;
            continue_with(slots_[fd].writer);
        }
    }

    void continue_with(io_operation* op) noexcept {
        if (op != nullptr && attempt(*op)) finish(*op, op->result);
    }

    void finish(io_operation& op, long result) noexcept {
        auto& entry = slots_[static_cast<std::size_t>(op.fd)];
        (reads(op.kind) ? entry.reader : entry.writer) = nullptr;
        --in_flight_;
        if (op.linked()) untried_.erase(op);
        op.result = result;
        op.started = false;
        owner_.wake(op);
    }

    /// Makes the system call; false: it would block. Sets the result otherwise.
    bool attempt(io_operation& op) noexcept {
        while (true) {
            errno = 0;
            auto const done = call(op);
            if (done >= 0) {
                op.result = done;
                return true;
            }
            if (errno == EINTR && op.kind != io_kind::connect) continue;
            auto& entry = slot_of(op.fd);
            bool const later = op.kind == io_kind::connect
                                   ? errno == EINPROGRESS || errno == EALREADY || errno == EINTR
                                   : would_block(errno);
            if (later) {
                (reads(op.kind) ? entry.may_read : entry.may_write) = false;
                return false;
            }
            op.result = -errno;
            return true;
        }
    }

    /// As a system call: the result, or -1 and errno.
    long call(io_operation& op) noexcept {
        auto const& use = sys::use();
        switch (op.kind) {
        case io_kind::recv:
            return note_short(op, use.recv(op.fd, op.buffer, op.bytes, op.flags));
        case io_kind::read:
            return note_short(op, use.read(op.fd, op.buffer, op.bytes));
        case io_kind::accept: {
            auto const fd = use.accept(op.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd >= 0) forget(fd); // whatever had that number before is gone
            return fd;
        }
        case io_kind::send_all:
        case io_kind::write:
            return call_write(op);
        case io_kind::connect:
            return use.connect(op.fd, op.address, static_cast<socklen_t>(op.bytes));
        case io_kind::readable:
            return ready(use.poll(op.fd, EPOLLIN | EPOLLRDHUP));
        case io_kind::writable:
            return ready(use.poll(op.fd, EPOLLOUT));
        case io_kind::read_at:
        case io_kind::write_at:
        case io_kind::sync:
            break; // has_files is false
        }
        return -1;
    }

    static long ready(int events) noexcept {
        if (events == 0) errno = EAGAIN;
        return events == 0 ? -1 : events;
    }

    /// Less than asked for means that it is drained: the next read need not try.
    long note_short(io_operation const& op, ssize_t count) noexcept {
        auto& entry = slot_of(op.fd);
        if (count > 0 && static_cast<std::size_t>(count) < op.bytes && !entry.always_try) {
            entry.may_read = false;
        }
        return count;
    }

    static long call_write(io_operation& op) noexcept {
        auto const& use = sys::use();
        do {
            auto const* const from = op.data + op.moved;
            auto const left = op.bytes - op.moved;
            auto const count = op.kind == io_kind::send_all
                                   ? use.send(op.fd, from, left, op.flags | MSG_NOSIGNAL)
                                   : sys::write_without_signal(op.fd, from, left);
            if (count < 0) return count;
            op.moved += static_cast<std::size_t>(count);
        } while (op.moved < op.bytes);
        return static_cast<long>(op.moved);
    }

    loop_core& owner_;
    int epoll_ = -1;
    int wake_ = -1;
    std::size_t in_flight_ = 0;
    bool is_to_check_ = false; ///< a wait has begun since the last check
    std::vector<slot> slots_;
    waiter_list untried_; ///< started without a look whether they would block
    std::array<epoll_event, 512> events_;
};

} // namespace

std::unique_ptr<backend> make_epoll_backend(loop& owner) { return std::make_unique<epoll>(owner); }

} // namespace siding::detail
