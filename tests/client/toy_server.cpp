// SPDX-License-Identifier: MIT
#include "toy_server.hpp"

#include <csignal>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace toy {

namespace {

struct peer {
    int fd;
    std::string received;
    std::uint64_t messages = 0;
};

void leave(peer& client, then action) {
    if (action == then::half_close) {
        ::shutdown(client.fd, SHUT_WR);
        return;
    }
    if (action == then::reset) {
        linger const at_once{1, 0};
        ::setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    ::close(client.fd);
    client.fd = -1; // poll passes over it
}

void serve_one(std::uint64_t number, peer& client, std::size_t message_bytes,
               behaviour const& how) {
    char buffer[65'536];
    auto const bytes = ::recv(client.fd, buffer, sizeof buffer, 0);
    if (bytes <= 0) return leave(client, then::close);
    client.received.append(buffer, static_cast<std::size_t>(bytes));
    while (client.fd >= 0 && client.received.size() >= message_bytes) {
        auto reply = client.received.substr(0, message_bytes);
        client.received.erase(0, message_bytes);
        auto const next = how(number, client.messages++, reply);
        // Held back, so that a shutdown puts the end of the stream into the reply's own segment.
        auto const flags = MSG_NOSIGNAL | (next == then::half_close ? MSG_MORE : 0);
        for (std::size_t sent = 0; sent < reply.size();) {
            auto const part = ::send(client.fd, reply.data() + sent, reply.size() - sent, flags);
            if (part < 0) return leave(client, then::close);
            sent += static_cast<std::size_t>(part);
        }
        if (next != then::keep) leave(client, next);
    }
}

[[noreturn]] void serve(int listener, std::size_t message_bytes, behaviour const& how) {
    std::vector<peer> peers;
    while (true) {
        std::vector<pollfd> watched{{listener, POLLIN, 0}};
        for (auto const& client : peers) {
            watched.push_back({client.fd, POLLIN, 0});
        }
        ::poll(watched.data(), watched.size(), -1);
        for (std::size_t i = 0; i < peers.size(); ++i) {
            if (watched[i + 1].revents != 0) serve_one(i, peers[i], message_bytes, how);
        }
        if (watched[0].revents != 0) {
            peers.push_back({::accept(listener, nullptr, nullptr), {}, 0});
            int const on = 1;
            ::setsockopt(peers.back().fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        }
    }
}

} // namespace

then honest(std::uint64_t, std::uint64_t, std::string&) { return then::keep; }

server::server(std::size_t message_bytes, behaviour const& how) {
    auto const listener = listen_on_loopback();
    port_ = listener.port;
    pid_ = proc::checked(::fork(), "fork");
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(listener.socket.get(), message_bytes, how);
    }
}

server::~server() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

} // namespace toy
