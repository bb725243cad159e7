// SPDX-License-Identifier: MIT
#include "backend/payload_service.hpp"

#include "kernel/random.hpp"

namespace backend {

namespace {

constexpr std::size_t request_bytes = 8;

}

payload_service::payload_service(std::uint64_t seed, std::uint64_t response_bytes)
    : seed_(seed), response_(response_bytes) {}

std::optional<service::request> payload_service::parse(std::span<std::byte const> bytes) const {
    if (bytes.size() < request_bytes) return std::nullopt;
    std::uint64_t index = 0;
    for (std::size_t i = request_bytes; i-- > 0;) {
        index = index << 8 | std::to_integer<std::uint64_t>(bytes[i]);
    }
    return request{index, request_bytes};
}

service::answer payload_service::answer_to(std::uint64_t index) {
    kernel::payload(seed_, index, response_);
    return {.head = response_, .body = {}};
}

} // namespace backend
