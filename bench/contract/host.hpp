// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace contract {

struct cell;

/// A process beside the harness's own in which a model runs its cells: a worker in another
/// language. It is up before anything is measured, and it is what is measured.
struct host {
    host() = default;
    host(host const&) = delete;
    host& operator=(host const&) = delete;
    virtual ~host() = default;

    [[nodiscard]] virtual int process() const noexcept = 0;

    /// After a session was destroyed, which cannot throw: throws what went wrong in it.
    virtual void check() = 0;
};

/// What a host is started with. It inherits the CPUs of the harness.
struct host_setting {
    contract::cell const& cell;
    std::span<int const> descriptors; ///< that stay open in it, under the same numbers
    int slots_fd = -1;                ///< the probe's slots: a file in memory
    std::uint64_t slots = 0;
};

using host_starter = std::unique_ptr<host>(host_setting const&);

/// Why a model that was built cannot run on this machine, and the command that mends it.
struct missing_part {
    std::string_view reason = {}; ///< empty: nothing is missing
    std::string_view install = {};
};

} // namespace contract
