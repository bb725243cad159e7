// SPDX-License-Identifier: MIT
#include "io_uring/ring.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

namespace fuzz {

void kernel::submit(io_uring_sqe const& entry) {
    if (entry.opcode == IORING_OP_ASYNC_CANCEL) return cancel(entry);
    pending_.push_back(entry);
}

void kernel::arrive() {
    if (sockets.empty()) return;
    auto chosen = sockets.begin();
    std::advance(chosen, static_cast<long>(decisions_.upto(sockets.size() - 1)));
    auto& to = chosen->second;
    auto const count = decisions_.empty() ? to.to_come.size() : 1 + decisions_.upto(20'000);
    to.ended = to.ended || to.to_come.empty();
    to.arrived += to.to_come.substr(0, count);
    to.to_come.erase(0, count);
}

void kernel::step(bool must) {
    for (auto events = decisions_.upto(3); events > 0; --events) {
        if (decisions_.upto(1) == 0) {
            arrive();
        } else if (!pending_.empty()) {
            static_cast<void>(complete(decisions_.upto(pending_.size() - 1)));
        }
    }
    if (!must || !completions.empty()) return;
    // Sooner or later everything arrives.
    for (auto& [fd, each] : sockets) {
        each.arrived += std::exchange(each.to_come, {});
        each.ended = true;
    }
    for (std::size_t i = 0; i < pending_.size() && completions.empty(); ++i) {
        static_cast<void>(complete(i));
    }
}

void kernel::end(std::size_t number, int result) {
    io_uring_cqe completion{};
    completion.user_data = pending_[number].user_data;
    completion.res = result;
    completions.push_back(completion);
    pending_.erase(pending_.begin() + static_cast<long>(number));
}

bool kernel::complete(std::size_t number) {
    auto const& entry = pending_[number];
    auto const found = sockets.find(entry.fd);
    if (found == sockets.end()) {
        if (entry.fd == wake_fd) return false; // nobody does
        end(number, -EBADF);
        return true;
    }
    auto& source = found->second;
    bool const readable = !source.arrived.empty() || source.ended;
    switch (entry.opcode) {
    case IORING_OP_RECV:
        if (!readable) return false;
        receive_into_buffer(number, source);
        return true;
    case IORING_OP_POLL_ADD:
        if ((entry.poll32_events & 1u) != 0 && !readable) return false; // POLLIN
        end(number, static_cast<int>(entry.poll32_events));
        return true;
    case IORING_OP_SEND: {
        auto const count = 1 + decisions_.upto(entry.len - 1);
        source.sent.append(reinterpret_cast<char const*>(entry.addr), count);
        end(number, static_cast<int>(count));
        return true;
    }
    default:
        FUZZ_EXPECT(false);
    }
    return false;
}

void kernel::receive_into_buffer(std::size_t number, socket& from) {
    if (from.arrived.empty()) return end(number, 0);
    if (taken_buffers_ == buffers->tail) return end(number, -ENOBUFS);
    auto const& slot =
        reinterpret_cast<io_uring_buf const*>(buffers)[taken_buffers_++ & (buffer_count - 1)];
    auto const most = std::min<std::size_t>(slot.len, from.arrived.size());
    auto const count = decisions_.empty() ? most : 1 + decisions_.upto(most - 1);
    std::memcpy(reinterpret_cast<void*>(slot.addr), from.arrived.data(), count);
    from.arrived.erase(0, count);
    bool const goes_on = decisions_.upto(7) != 7; // a kernel may end it whenever it likes
    io_uring_cqe completion{};
    completion.user_data = pending_[number].user_data;
    completion.res = static_cast<int>(count);
    completion.flags = IORING_CQE_F_BUFFER |
                       static_cast<unsigned>(slot.bid) << IORING_CQE_BUFFER_SHIFT |
                       (goes_on ? IORING_CQE_F_MORE : 0u);
    completions.push_back(completion);
    if (!goes_on) pending_.erase(pending_.begin() + static_cast<long>(number));
}

/// What is cancelled may be faster: it completes before, with or without success.
void kernel::cancel(io_uring_sqe const& by) {
    auto const matches = [&by](io_uring_sqe const& each) {
        if ((by.cancel_flags & IORING_ASYNC_CANCEL_ANY) != 0) return true;
        if ((by.cancel_flags & IORING_ASYNC_CANCEL_FD) != 0) return each.fd == by.fd;
        return each.user_data == by.addr;
    };
    int found = 0;
    for (std::size_t i = 0; i < pending_.size();) {
        if (!matches(pending_[i])) {
            ++i;
            continue;
        }
        auto const before = pending_.size();
        if (decisions_.upto(3) == 3) static_cast<void>(complete(i));
        if (pending_.size() == before) end(i, -ECANCELED);
        ++found;
    }
    io_uring_cqe completion{};
    completion.user_data = by.user_data;
    completion.res = found > 0 ? 0 : -ENOENT;
    auto const place = decisions_.upto(completions.size());
    completions.insert(completions.begin() + static_cast<long>(place), completion);
}

long kernel::receive(int fd, void* into, std::size_t bytes) {
    auto const found = sockets.find(fd);
    if (found == sockets.end()) {
        errno = EBADF;
        return -1;
    }
    auto& from = found->second;
    if (from.arrived.empty() && !from.ended) {
        errno = EAGAIN;
        return -1;
    }
    auto const count = std::min(bytes, from.arrived.size());
    std::memcpy(into, from.arrived.data(), count);
    from.arrived.erase(0, count);
    return static_cast<long>(count);
}

long kernel::send(int fd, void const* from, std::size_t bytes) {
    auto const found = sockets.find(fd);
    if (found == sockets.end() || decisions_.upto(2) == 2) {
        errno = found == sockets.end() ? EBADF : EAGAIN;
        return -1;
    }
    auto const count = 1 + decisions_.upto(bytes - 1);
    found->second.sent.append(static_cast<char const*>(from), count);
    return static_cast<long>(count);
}

} // namespace fuzz
