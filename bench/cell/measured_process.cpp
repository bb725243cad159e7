// SPDX-License-Identifier: MIT
#include "cell/measured_process.hpp"

#include "contract/model.hpp"

#include <unistd.h>

namespace cell {

measured_process::measured_process(setting const& context, std::vector<int> const& inherited,
                                   shared_slots const* slots) {
    auto* const start = context.process->model->start_host;
    if (start == nullptr) return;
    host_ = start({.cell = *context.cell,
                   .descriptors = inherited,
                   .slots_fd = slots == nullptr ? -1 : slots->fd(),
                   .slots = slots == nullptr ? 0 : slots->all().size()});
}

pid_t measured_process::id() const noexcept { return host_ ? host_->process() : ::getpid(); }

} // namespace cell
