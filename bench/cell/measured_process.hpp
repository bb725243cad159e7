// SPDX-License-Identifier: MIT
#pragma once

#include "cell/setting.hpp"
#include "cell/shared_slots.hpp"
#include "contract/host.hpp"

#include <memory>
#include <sys/types.h>
#include <vector>

namespace cell {

/// Where the cell runs: in this process, or in a worker of a model in another language, which lives
/// as long as this object. Made when its surroundings are, and before anything is measured.
class measured_process {
public:
    /// `inherited`: descriptors of the surroundings that the cell uses.
    measured_process(setting const& context, std::vector<int> const& inherited,
                     shared_slots const* slots);

    [[nodiscard]] pid_t id() const noexcept;
    [[nodiscard]] bool is_this() const noexcept { return host_ == nullptr; }

    /// After a session was destroyed: throws what went wrong in it.
    void check() const {
        if (host_) host_->check();
    }

private:
    std::unique_ptr<contract::host> host_;
};

} // namespace cell
