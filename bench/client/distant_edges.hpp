// SPDX-License-Identifier: MIT
#pragma once

#include "agent/line.hpp"
#include "client/edges.hpp"

namespace client {

/// The server runs on another host: a relay there reads its clocks when it is told that the window
/// opens or closes, over the control connection.
class distant_edges final : public edges {
public:
    explicit distant_edges(int control) noexcept : control_(control), said_(control) {}

    /// Throws load_error if the relay is gone.
    void open() override;
    [[nodiscard]] server_usage close(std::uint64_t own_cpu_ns) override;
    [[nodiscard]] nlohmann::json round_trips() const override;

private:
    /// Says it and waits for the answer; adds how long that took.
    nlohmann::json tell(nlohmann::json const& request, std::uint64_t& took_ns);

    int control_;
    agent::listener said_;
    std::uint64_t opened_in_ns_ = 0;
    std::uint64_t closed_in_ns_ = 0;
};

} // namespace client
