// SPDX-License-Identifier: MIT
#include "cell/counts.hpp"

#include "facts/table/fields.hpp"

#include <dlfcn.h>

namespace cell {

namespace field = facts::field;

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
    nlohmann::json fields{{field::allocations, nullptr},
                          {field::allocated_bytes, nullptr},
                          {field::system_calls, nullptr}};
    if (!before || !after) return fields;
    fields[field::allocations] = after->allocations - before->allocations;
    fields[field::allocated_bytes] = after->bytes - before->bytes;
    if (after->traced) fields[field::system_calls] = after->system_calls - before->system_calls;
    return fields;
}

} // namespace cell
