// SPDX-License-Identifier: MIT
#include "cell/allocations.hpp"

#include <dlfcn.h>

namespace cell {

std::optional<allocations> read_allocations() {
    using counter = void(std::uint64_t*, std::uint64_t*);
    static auto* const read =
        reinterpret_cast<counter*>(::dlsym(RTLD_DEFAULT, "switchyard_counts"));
    if (read == nullptr) return {};
    allocations now;
    read(&now.count, &now.bytes);
    return now;
}

nlohmann::json allocated_between(std::optional<allocations> const& before,
                                 std::optional<allocations> const& after) {
    if (!before || !after) return {{"allocations", nullptr}, {"allocated_bytes", nullptr}};
    return {{"allocations", after->count - before->count},
            {"allocated_bytes", after->bytes - before->bytes}};
}

} // namespace cell
