// SPDX-License-Identifier: MIT
#pragma once

#include "contract/environment.hpp"
#include "proc/account.hpp"
#include "rig/descriptors.hpp"
#include "rig/helper_program.hpp"
#include "rig/part.hpp"

#include <memory>

namespace rig {

/// `switchyard-client`, and the descriptors between it and a server. It alone holds the write end
/// of the stop pipe: the server stops when it ends, however it ends.
class load_generator final : public part {
public:
    load_generator(order const& wanted, contract::has_listener& given);

    [[nodiscard]] std::optional<pid_t> program() const override { return program_->pid(); }

    /// It may connect.
    void go(pid_t measured, std::vector<pid_t> const& programs) override;

    /// Waits for its end.
    [[nodiscard]] account finish() override;

private:
    listener listener_;
    pipe_ends stop_ = make_pipe();
    pipe_ends go_ = make_pipe();
    report_file report_;
    proc::account_giver account_; ///< of this process, where it is the server
    std::optional<helper_program> program_;
};

template <class W>
[[nodiscard]] std::unique_ptr<part> set_up(order const& wanted, contract::has_listener& given) {
    return std::make_unique<load_generator>(wanted, given);
}

} // namespace rig
