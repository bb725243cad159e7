// SPDX-License-Identifier: MIT
#pragma once

#include "contract/environment.hpp"
#include "rig/descriptors.hpp"
#include "rig/helper_program.hpp"
#include "rig/part.hpp"

#include <memory>
#include <span>
#include <string_view>

namespace rig {

/// The server that answers a client workload: `switchyard-backend`.
class backend final : public part {
public:
    /// `service`: what it serves; `options`: the params that it is given.
    backend(order const& wanted, std::string_view service,
            std::span<std::string_view const> options, contract::has_backend& given);

    [[nodiscard]] std::optional<pid_t> program() const override { return program_->pid(); }

    /// `rig_limited` if it was the backend that was measured.
    [[nodiscard]] account finish() override;

private:
    listener listener_ = make_listener();
    pipe_ends stop_ = make_pipe();
    report_file report_;
    std::optional<helper_program> program_;
};

template <class W>
[[nodiscard]] std::unique_ptr<part> set_up(order const& wanted, contract::has_backend& given) {
    return std::make_unique<backend>(wanted, W::backend, W::backend_options, given);
}

} // namespace rig
