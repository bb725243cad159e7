// SPDX-License-Identifier: MIT
#pragma once

#include "cell/setting.hpp"
#include "rig/rig.hpp"

#include <string>

namespace cell {

/// The PostgreSQL of `query`, up from before `make` until after `destroy`. `switchyard-database`
/// keeps it, no child of this process: when this process ends, however it ends, a pipe tells it to
/// stop the server and to remove its folder.
class database_rig {
public:
    /// Returns when the table is filled. Throws contract::skipped_error where there is no server.
    database_rig(setting const& where, std::uint64_t rows, std::uint64_t connections);
    database_rig(database_rig const&) = delete;
    database_rig& operator=(database_rig const&) = delete;
    ~database_rig();

    /// What a postgres::connection is made with.
    [[nodiscard]] std::string const& where() const noexcept { return where_; }

    /// Stops it. How many transactions lie in the table.
    [[nodiscard]] std::uint64_t finish();

private:
    /// The next line of its report; waits for it. Throws harness_error at the end.
    [[nodiscard]] nlohmann::json next_line();

    pipe_ends stop_ = make_pipe();
    pipe_ends report_ = make_pipe();
    std::string unread_;
    std::string where_;
};

} // namespace cell
