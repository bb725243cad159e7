// SPDX-License-Identifier: MIT
#include "gateway_loop.hpp"

#include <span>
#include <sys/socket.h>

namespace process {
namespace {

/// What fits: the sockets are all but empty.
bool send_all(int socket, std::span<std::byte const> bytes) {
    auto const sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent == static_cast<ssize_t>(bytes.size());
}

} // namespace

std::chrono::nanoseconds gateway_loop::patience(int patience_ms) const {
    auto const left = limits_.patience();
    if (patience_ms == -1) return left;
    std::chrono::nanoseconds const retry = std::chrono::milliseconds(patience_ms);
    return left < left.zero() ? retry : std::min(retry, left);
}

std::unique_ptr<gateway_loop::stream> gateway_loop::watch(connection& of, std::uint64_t number,
                                                          unique_fd socket,
                                                          std::size_t message_bytes) {
    auto made = std::make_unique<stream>(
        stream{&of, number, std::move(socket), kernel::frames(message_bytes)});
    ready_.add(made->socket.get(), EPOLLIN, made.get());
    return made;
}

void gateway_loop::adopt(unique_fd client) {
    ++outcome_.accepted;
    auto added = std::make_unique<connection>(params_);
    try {
        for (std::uint64_t i = 0; i < params_.backends; ++i) {
            added->backends.push_back(watch(*added, i, connect_to_backend(backend_port_),
                                            kernel::gateway_tag_bytes + params_.answer_bytes));
        }
        added->client = watch(*added, the_client, std::move(client), kernel::gateway_request_bytes);
    } catch (std::system_error const&) {
        return; // no backend, or no descriptor for it: this client is turned away
    }
    connections_.push_back(std::move(added));
}

void gateway_loop::serve(stream& ready) {
    auto& of = *ready.of;
    if (of.closed) return;
    auto const goes_on = ready.number == the_client ? receive_request(of) : take_answers(ready);
    if (!goes_on) close(of);
}

/// One read. A peer that closes or sends more while its request is under way is not looked at until
/// it has its answer: level-triggered, epoll would go on about it. False: it is over.
bool gateway_loop::receive_request(connection& from) {
    auto& client = *from.client;
    if (!from.request.is_complete()) {
        ready_.remove(client.socket.get());
        from.unwatched = true;
        return true;
    }
    auto const room = client.frames.room();
    auto const received = ::recv(client.socket.get(), room.data(), room.size(), MSG_DONTWAIT);
    if (received == 0) return false;
    if (received == -1) return errno == EAGAIN || errno == EINTR;
    client.frames.received(static_cast<std::size_t>(received));
    return ask(from);
}

/// The backends, if a request has come as a whole.
bool gateway_loop::ask(connection& for_whom) {
    auto const message = for_whom.client->frames.next();
    if (message.empty()) return true;
    for_whom.request.begin(message);
    for (auto const& backend : for_whom.backends) {
        if (!send_all(backend->socket.get(), for_whom.request.question(backend->number))) {
            return false;
        }
    }
    limits_.start(for_whom, std::chrono::microseconds(params_.limit_us));
    ++for_whom.limits;
    return true;
}

bool gateway_loop::take_answers(stream& from) {
    auto const room = from.frames.room();
    auto const received = ::recv(from.socket.get(), room.data(), room.size(), MSG_DONTWAIT);
    if (received == 0) return false;
    if (received == -1) return errno == EAGAIN || errno == EINTR;
    from.frames.received(static_cast<std::size_t>(received));
    auto& request = from.of->request;
    auto const waits = !request.is_complete();
    for (auto said = from.frames.next(); !said.empty(); said = from.frames.next()) {
        request.take(from.number, said);
    }
    return !waits || !request.is_complete() || answer(*from.of);
}

bool gateway_loop::answer(connection& to) {
    if (!send_all(to.client->socket.get(), to.request.reply())) return false;
    ++outcome_.requests;
    if (!ask(to)) return false;
    if (to.request.is_complete() && std::exchange(to.unwatched, false)) {
        ready_.add(to.client->socket.get(), EPOLLIN, to.client.get());
    }
    return true;
}

/// All limits are equally long: if there is another for this connection, this one was of a request
/// that has its answer.
void gateway_loop::limit_is_up(connection& of) {
    if (--of.limits != 0 || of.closed) return;
    if (!ask_again(of)) close(of);
}

bool gateway_loop::ask_again(connection& for_whom) {
    for (auto const& backend : for_whom.backends) {
        if (!for_whom.request.lacks(backend->number)) continue;
        if (!send_all(backend->socket.get(), for_whom.request.question_again(backend->number))) {
            return false;
        }
        ++outcome_.retries;
    }
    return true;
}

void gateway_loop::close(connection& over) {
    over.closed = true;
    has_closed_ = true;
    // Closing is not enough: the parent's copy may live a moment longer, and until the last copy is
    // closed epoll would go on to report this connection.
    if (!over.unwatched) ready_.remove(over.client->socket.get());
    over.client->socket = unique_fd();
    for (auto const& backend : over.backends) {
        backend->socket = unique_fd();
    }
}

/// After the events of a wait, which may name them.
void gateway_loop::forget_closed() {
    if (!std::exchange(has_closed_, false)) return;
    std::erase_if(connections_, [this](auto const& each) {
        if (each->closed && each->limits != 0) has_closed_ = true;
        return each->closed && each->limits == 0;
    });
}

} // namespace process
