// SPDX-License-Identifier: MIT
#pragma once

#include "contract/model.hpp"
#include "contract/workloads/echo.hpp"

#include <memory>
#include <utility>

namespace contract {

/// `pump` and `accept` ask for the service of `echo`: a model that serves all three with one server
/// says so with this.
template <class W>
[[nodiscard]] std::unique_ptr<session<W>> echo_service(std::unique_ptr<session<echo>> server) {
    class same_server final : public session<W> {
    public:
        explicit same_server(std::unique_ptr<session<echo>> server) : server_(std::move(server)) {}
        typename W::outcome run(probe& p) override { return server_->run(p); }

    private:
        std::unique_ptr<session<echo>> server_;
    };
    return std::make_unique<same_server>(std::move(server));
}

/// What the model's maker for `echo` looks at in its params.
template <class Params>
[[nodiscard]] echo::params as_echo(Params const& asked) noexcept {
    return {.connections = asked.connections,
            .messages = asked.messages,
            .message_bytes = asked.message_bytes};
}

} // namespace contract
