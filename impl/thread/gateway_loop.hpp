// SPDX-License-Identifier: MIT
#pragma once

#include "backend.hpp"
#include "contract/workloads/gateway.hpp"
#include "kernel/frames.hpp"
#include "kernel/gateway.hpp"
#include "poller.hpp"
#include "posix.hpp"
#include "timer_heap.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace thread_model {

/// The clients of one worker and their connections to the backends, in one epoll: an event says
/// which of them is ready. Belongs to one thread.
class gateway_loop {
public:
    gateway_loop(contract::gateway::params const& params, std::uint16_t backend_port)
        : params_(params), backend_port_(backend_port) {}

    /// A client, whose socket does not block.
    void adopt(unique_fd client);

    /// Until `stop_fd` is readable. When `source_fd` has one of those events, `take_clients()`
    /// adopts who has come, and says after how many milliseconds it is to be called again in any
    /// case, or -1.
    template <class TakeClients>
    contract::gateway::outcome run(int stop_fd, int source_fd, std::uint32_t source_events,
                                   TakeClients const& take_clients) {
        char stop_tag = 0;
        char source_tag = 0;
        auto patience_ms = -1;
        ready_.add(stop_fd, EPOLLIN, &stop_tag);
        ready_.add(source_fd, source_events, &source_tag);
        for (;;) {
            for (auto const& event : ready_.wait_for(patience(patience_ms))) {
                if (event.data.ptr == &stop_tag) return outcome_;
                if (event.data.ptr == &source_tag) {
                    patience_ms = take_clients();
                } else {
                    serve(*static_cast<stream*>(event.data.ptr));
                }
            }
            limits_.take_due([this](connection& due) { limit_is_up(due); });
            forget_closed();
            if (patience_ms != -1) patience_ms = take_clients();
        }
    }

private:
    struct connection;

    /// A socket of a connection: the client's, or that to a backend.
    struct stream {
        connection* of;
        std::uint64_t number; ///< of the backend
        unique_fd socket;
        kernel::frames frames;
    };

    struct connection {
        explicit connection(contract::gateway::params const& params)
            : request(params.backends, params.answer_bytes) {}

        kernel::gateway_request request;
        std::unique_ptr<stream> client;
        std::vector<std::unique_ptr<stream>> backends;
        std::uint64_t limits = 0; ///< under way: the last is that of the last request
        bool unwatched = false;   ///< its peer did not wait for the answer: look again afterwards
        bool closed = false;      ///< and kept while a limit or an event refers to it
    };

    static constexpr auto the_client = ~std::uint64_t{0};

    [[nodiscard]] std::chrono::nanoseconds patience(int patience_ms) const;
    [[nodiscard]] std::unique_ptr<stream> watch(connection& of, std::uint64_t number,
                                                unique_fd socket, std::size_t message_bytes);
    void serve(stream& ready);
    bool receive_request(connection& from);
    bool ask(connection& for_whom);
    bool take_answers(stream& from);
    bool answer(connection& to);
    void limit_is_up(connection& of);
    bool ask_again(connection& for_whom);
    void close(connection& over);
    void forget_closed();

    contract::gateway::params params_;
    std::uint16_t backend_port_;
    contract::gateway::outcome outcome_;
    bool has_closed_ = false; ///< connections that are to be forgotten
    poller ready_;
    timer_heap<connection> limits_;
    std::vector<std::unique_ptr<connection>> connections_;
};

} // namespace thread_model
