// SPDX-License-Identifier: MIT
#pragma once

#include "agent/call.hpp"
#include "contract/workloads/query.hpp"
#include "rig/descriptors.hpp"
#include "rig/part.hpp"

#include <memory>
#include <optional>
#include <string>

namespace rig {

/// The PostgreSQL of `query`. `switchyard-database` keeps it, no child of this process: when this
/// process ends, however it ends, a pipe tells it to stop the server and to remove its folder.
class database final : public part {
public:
    /// Returns when the table is filled. Throws contract::skipped_error where there is no server.
    database(order const& wanted, contract::has_database& given);
    ~database() override;

    /// Stops it. Its `requests` are the transactions that lie in the table.
    [[nodiscard]] account finish() override;

private:
    void start_here(order const& wanted);
    void start_there(order const& wanted);
    void tell_to_stop();
    /// The next line of its report; waits for it. Throws harness_error at the end.
    [[nodiscard]] nlohmann::json next_line();

    std::optional<agent::control> there_; ///< where it stands at the other end of a link
    pipe_ends stop_ = make_pipe();
    pipe_ends report_ = make_pipe();
    std::string unread_;
    std::string connection_string_;
};

template <class W>
[[nodiscard]] std::unique_ptr<part> set_up(order const& wanted, contract::has_database& given) {
    return std::make_unique<database>(wanted, given);
}

} // namespace rig
