// SPDX-License-Identifier: MIT
#pragma once

#include "contract/model.hpp"
#include "contract/workload.hpp"
#include "remote/accept_watch.hpp"
#include "remote/request.hpp"
#include "remote/worker.hpp"

#include <memory>
#include <optional>

namespace remote {

/// A session in a worker: this side asks, and waits while the worker does the work.
template <class W>
class session final : public contract::session<W> {
public:
    session(worker& partner, typename W::params const& params,
            typename W::environment const& around, slot_file const& slots)
        : worker_(partner) {
        if constexpr (W::role == contract::role::server) {
            accepts_.emplace(around.listen_fd, params.connections);
        }
        worker_.ask(make_request<W>(params, around, slots), "made");
    }
    ~session() override { worker_.stop(); }

    typename W::outcome run(contract::probe& probe) override {
        worker_.send(line("run"));
        for (;;) {
            auto const answer = receive();
            if (answer.verb() == "look") {
                probe.look();
                worker_.send(line("looked"));
                continue;
            }
            worker::expect(answer, "ran");
            return outcome_from<W>(answer);
        }
    }

private:
    line receive() {
        if (!accepts_) return worker_.receive();
        return worker_.receive([this] { accepts_->look(); });
    }

    worker& worker_;
    std::optional<accept_watch> accepts_; ///< of a server
};

} // namespace remote
