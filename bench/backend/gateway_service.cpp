// SPDX-License-Identifier: MIT
#include "backend/gateway_service.hpp"

#include "kernel/gateway.hpp"
#include "kernel/random.hpp"

#include <algorithm>

namespace backend {

gateway_service::gateway_service(std::uint64_t seed, std::uint64_t backends,
                                 std::uint64_t answer_bytes, std::uint64_t slow_every)
    : seed_(seed),
      backends_(backends),
      slow_every_(slow_every),
      answer_(kernel::gateway_tag_bytes + answer_bytes) {}

std::optional<service::request> gateway_service::parse(std::span<std::byte const> bytes) const {
    if (bytes.size() < kernel::gateway_question_bytes) return std::nullopt;
    return request{kernel::gateway_number(bytes), kernel::gateway_question_bytes};
}

bool gateway_service::comes_late(std::uint64_t index) {
    auto const tag = index & ~kernel::gateway_again;
    if (index != tag) {
        ++asked_.again;
        asked_.slow_again += unanswered_.erase(tag);
        return false;
    }
    ++asked_.first;
    if (!kernel::gateway_is_slow(tag, backends_, slow_every_)) return false;
    ++asked_.slow;
    unanswered_.insert(tag);
    return true;
}

service::answer gateway_service::answer_to(std::uint64_t index) {
    auto const tag = index & ~kernel::gateway_again;
    unanswered_.erase(index);
    std::ranges::copy(kernel::gateway_bytes(tag), answer_.begin());
    kernel::payload(seed_, tag, std::span(answer_).subspan(kernel::gateway_tag_bytes));
    return {.head = answer_, .body = {}};
}

} // namespace backend
