// SPDX-License-Identifier: MIT
#include "client/connection.hpp"

#include "client/load/load.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace client {

connection::connection(load const& asked, std::uint64_t number, std::uint64_t deadline_ns)
    : exchange_(asked.make_exchange(asked, number)),
      number_(number),
      server_{asked.address, asked.port},
      sources_(asked.sources),
      reconnects_(asked.reconnect) {
    socket_.open(server_, number_, deadline_ns);
}

bool connection::connect_anew(std::uint64_t deadline_ns) {
    if (socket_.is_open()) return false;
    auto const next = static_cast<std::uint32_t>(prepared_ % std::max(1u, sources_.count));
    socket_.open(server_, number_, deadline_ns, sources_.count == 0 ? 0 : sources_.first + next);
    return true;
}

void connection::prepare_next() {
    if (reconnects_ && used_) {
        socket_.close();
        used_ = peer_ended_ = false;
    }
    exchange_->prepare();
    ++prepared_;
    sent_ = 0;
    received_ = 0;
}

void connection::send_prepared() {
    busy_ = used_ = true;
    send_rest();
}

void connection::send_rest() {
    // A dead connection is found by the next receive, once and in one place.
    sent_ += socket_.send(exchange_->message().subspan(sent_));
}

connection::progress connection::receive(bool peer_ended) {
    peer_ended_ = peer_ended_ || peer_ended;
    auto const reply = exchange_->reply();
    std::array<std::byte, 65'536> buffer;
    while (true) {
        auto const wanted =
            busy_ ? std::min(buffer.size(), reply.size() - received_ + 1) : buffer.size();
        auto const bytes = socket_.receive(std::span(buffer).first(wanted));
        if (!bytes) return progress::closed;
        if (*bytes == 0) return socket_.is_broken() ? progress::closed : progress::waits;
        auto const most_now = !exchange_->answers_early() ? sent_ : sent_ == 0 ? 0 : reply.size();
        if (!busy_ || received_ + *bytes > most_now ||
            std::memcmp(buffer.data(), reply.data() + received_, *bytes) != 0) {
            return progress::mismatched;
        }
        received_ += *bytes;
        if (received_ == reply.size()) {
            busy_ = false;
            return progress::complete;
        }
        // A short read emptied the socket: the next one would only say EAGAIN, or that the stream
        // has ended, of which no further event tells.
        if (*bytes < wanted && !peer_ended_) return progress::waits;
    }
}

} // namespace client
