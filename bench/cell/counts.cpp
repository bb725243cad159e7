// SPDX-License-Identifier: MIT
#include "cell/counts.hpp"

#include <dlfcn.h>

namespace cell {

std::optional<count::snapshot> read_counts() {
    static auto* const read = reinterpret_cast<decltype(&::switchyard_counts)>(
        ::dlsym(RTLD_DEFAULT, "switchyard_counts"));
    if (read == nullptr) return {};
    count::snapshot now;
    read(&now);
    return now;
}

nlohmann::json counted_between(std::optional<count::snapshot> const& before,
                               std::optional<count::snapshot> const& after) {
    nlohmann::json fields{
        {"allocations", nullptr}, {"allocated_bytes", nullptr}, {"system_calls", nullptr}};
    if (!before || !after) return fields;
    fields["allocations"] = after->allocations - before->allocations;
    fields["allocated_bytes"] = after->bytes - before->bytes;
    if (after->traced) fields["system_calls"] = after->system_calls - before->system_calls;
    return fields;
}

} // namespace cell
