// SPDX-License-Identifier: MIT
#include "backend/server.hpp"

#include "proc/epoll.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <system_error>
#include <unistd.h>
#include <unordered_map>
#include <vector>

namespace backend {

namespace {

[[nodiscard]] std::uint64_t read_ns(clockid_t clock) noexcept {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
           static_cast<std::uint64_t>(now.tv_nsec);
}
[[nodiscard]] std::uint64_t now_ns() noexcept { return read_ns(CLOCK_MONOTONIC); }

struct connection {
    int fd = -1;
    std::vector<std::byte> unparsed; // the beginning of a request
    std::uint64_t unanswered = 0;    // requests that are not due
    bool ended = false;              // the client sends no more
    std::vector<std::byte> unsent;   // what the socket did not take,
    std::span<std::byte const> body; // and after it what need not be copied

    [[nodiscard]] bool all_sent() const noexcept { return unsent.empty() && body.empty(); }
};

struct due_answer {
    std::uint64_t at_ns;
    std::uint64_t connection_id;
    std::uint64_t index;
};

/// Answers that are due in the order in which they were asked for, as all of them have the same
/// delay: the queue is a timer heap.
struct due_answers {
    std::uint64_t delay_ns;
    std::deque<due_answer> queue{};
};

[[nodiscard]] std::uint64_t in_ns(std::chrono::nanoseconds length) {
    return static_cast<std::uint64_t>(length.count());
}

class server {
public:
    server(options const& how, service& provider)
        : how_(how), provider_(provider), poller_(::epoll_create1(EPOLL_CLOEXEC)) {
        if (poller_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
        ::prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
        // accept_all takes what there is and must not wait for more.
        ::fcntl(how.listen_fd, F_SETFL, ::fcntl(how.listen_fd, F_GETFL) | O_NONBLOCK);
        watch(how.listen_fd, listen_id, EPOLLIN);
        watch(how.stop_fd, stop_id, EPOLLIN);
    }
    server(server const&) = delete;
    server& operator=(server const&) = delete;
    ~server() {
        for (auto const& [id, entry] : connections_) {
            ::close(entry->fd);
        }
        ::close(poller_);
    }

    served run() {
        auto const cpu_before_ns = read_ns(CLOCK_PROCESS_CPUTIME_ID);
        std::array<epoll_event, 512> events;
        while (!stopped_) {
            answer_what_is_due(soon_);
            answer_what_is_due(late_);
            timespec wait{};
            auto const* timeout = time_to_next(wait);
            for (auto const& event : proc::wait_for_events(poller_, events, timeout)) {
                handle(event);
            }
        }
        total_.cpu_ns = read_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_before_ns;
        return std::move(total_);
    }

private:
    static constexpr std::uint64_t listen_id = 0;
    static constexpr std::uint64_t stop_id = 1;

    void watch(int fd, std::uint64_t id, std::uint32_t events) const {
        epoll_event interest{};
        interest.events = events;
        interest.data.u64 = id;
        if (::epoll_ctl(poller_, EPOLL_CTL_ADD, fd, &interest) < 0) {
            throw std::system_error(errno, std::generic_category(), "epoll_ctl");
        }
    }

    timespec const* time_to_next(timespec& wait) const {
        auto due_ns = ~std::uint64_t{0};
        for (auto const* const due : {&soon_, &late_}) {
            if (!due->queue.empty()) due_ns = std::min(due_ns, due->queue.front().at_ns);
        }
        if (due_ns == ~std::uint64_t{0}) return nullptr;
        auto const now = now_ns();
        auto const left = due_ns > now ? due_ns - now : 0;
        wait.tv_sec = static_cast<time_t>(left / 1'000'000'000);
        wait.tv_nsec = static_cast<long>(left % 1'000'000'000);
        return &wait;
    }

    void handle(epoll_event const& event) {
        if (event.data.u64 == stop_id) {
            stopped_ = true;
        } else if (event.data.u64 == listen_id) {
            accept_all();
        } else if (auto const entry = connections_.find(event.data.u64);
                   entry != connections_.end()) {
            auto& from = *entry->second;
            bool const broken = ((event.events & EPOLLOUT) != 0 && !flush(from)) ||
                                ((event.events & ~EPOLLOUT) != 0 &&
                                 !read_requests(entry->first, from, event.events)) ||
                                (event.events & (EPOLLERR | EPOLLHUP)) != 0;
            if (broken || finished(from)) drop(entry->first);
        }
    }

    void accept_all() {
        while (true) {
            auto const fd =
                ::accept4(how_.listen_fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0 && errno == EINTR) continue;
            if (fd < 0)
                return; // EAGAIN, or a peer that gave up; out of descriptors: the next event
            int const on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            auto made = std::make_unique<connection>();
            made->fd = fd;
            auto const id = next_id_++;
            watch(fd, id, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
            connections_.emplace(id, std::move(made));
            ++total_.connections;
        }
    }

    /// A client may close its side once it has asked; it still gets its answers.
    static bool finished(connection const& of) {
        return of.ended && of.unanswered == 0 && of.all_sent();
    }

    /// False: the connection is broken.
    bool read_requests(std::uint64_t id, connection& from, std::uint32_t events) {
        std::array<std::byte, 4096> buffer;
        while (true) {
            auto const bytes = ::recv(from.fd, buffer.data(), buffer.size(), 0);
            if (bytes < 0 && errno == EINTR) continue;
            if (bytes < 0) return errno == EAGAIN;
            if (bytes == 0) {
                from.ended = true;
                return true;
            }
            try {
                accept_requests(id, from, std::span(buffer).first(static_cast<std::size_t>(bytes)));
            } catch (std::invalid_argument const&) {
                return false;
            }
            // The end of the stream is reported once: read up to it.
            if (static_cast<std::size_t>(bytes) < buffer.size() && (events & EPOLLRDHUP) == 0) {
                return true;
            }
        }
    }

    void accept_requests(std::uint64_t id, connection& from, std::span<std::byte const> came) {
        auto const now = now_ns();
        auto rest = came;
        if (!from.unparsed.empty()) {
            auto const before = from.unparsed.size();
            from.unparsed.resize(before + came.size());
            std::ranges::copy(came, from.unparsed.begin() + static_cast<std::ptrdiff_t>(before));
            rest = from.unparsed;
        }
        while (auto const found = provider_.parse(rest)) {
            accept_request(id, from, found->index, now);
            rest = rest.subspan(found->bytes);
        }
        from.unparsed = std::vector<std::byte>(rest.begin(), rest.end());
    }

    void accept_request(std::uint64_t id, connection& from, std::uint64_t index,
                        std::uint64_t now) {
        if (total_.requests++ == 0) total_.busy_from_ns = now;
        auto& due = provider_.comes_late(index) ? late_ : soon_;
        due.queue.push_back({now + due.delay_ns, id, index});
        ++from.unanswered;
        total_.most_in_flight = std::max(total_.most_in_flight, ++in_flight_);
    }

    void answer_what_is_due(due_answers& due) {
        auto& queue = due.queue;
        if (queue.empty()) return;
        for (auto now = now_ns(); !queue.empty() && queue.front().at_ns <= now; now = now_ns()) {
            auto const answer = queue.front();
            queue.pop_front();
            auto const entry = connections_.find(answer.connection_id);
            if (entry == connections_.end()) continue; // the client has gone
            total_.late.record(now - answer.at_ns);
            total_.busy_until_ns = now;
            auto& to = *entry->second;
            --to.unanswered;
            --in_flight_;
            enqueue(to, provider_.answer_to(answer.index));
            if (!flush(to) || finished(to)) drop(answer.connection_id);
        }
    }

    static void enqueue(connection& to, service::answer const& with) {
        // The answer before has not left: only one body can stay where it is.
        to.unsent.insert(to.unsent.end(), to.body.begin(), to.body.end());
        to.unsent.insert(to.unsent.end(), with.head.begin(), with.head.end());
        to.body = with.body;
    }

    /// False: the connection has ended.
    static bool flush(connection& to) {
        while (!to.all_sent()) {
            std::array<iovec, 2> parts{
                iovec{to.unsent.data(), to.unsent.size()},
                iovec{const_cast<std::byte*>(to.body.data()), to.body.size()}};
            msghdr message{};
            message.msg_iov = parts.data();
            message.msg_iovlen = parts.size();
            auto const result = ::sendmsg(to.fd, &message, MSG_NOSIGNAL);
            if (result < 0 && errno == EINTR) continue;
            if (result < 0) return errno == EAGAIN;
            auto const bytes = static_cast<std::size_t>(result);
            auto const of_head = std::min(bytes, to.unsent.size());
            to.unsent.erase(to.unsent.begin(),
                            to.unsent.begin() + static_cast<std::ptrdiff_t>(of_head));
            to.body = to.body.subspan(bytes - of_head);
        }
        return true;
    }

    void drop(std::uint64_t id) {
        auto const entry = connections_.find(id);
        ::close(entry->second->fd);
        in_flight_ -= entry->second->unanswered; // nobody waits for them any more
        connections_.erase(entry);
    }

    options how_;
    service& provider_;
    int poller_;
    bool stopped_ = false;
    std::uint64_t next_id_ = 2;
    std::unordered_map<std::uint64_t, std::unique_ptr<connection>> connections_;
    due_answers soon_{in_ns(how_.delay)};
    due_answers late_{in_ns(how_.late_delay)};
    std::uint64_t in_flight_ = 0;
    served total_;
};

} // namespace

served serve(options const& how, service& provider) { return server(how, provider).run(); }

} // namespace backend
