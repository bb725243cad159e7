// SPDX-License-Identifier: MIT
#pragma once

#include "backend/service.hpp"

#include <unordered_set>

namespace backend {

/// What the backends of `gateway` were asked.
struct gateway_questions {
    std::uint64_t first = 0;
    std::uint64_t again = 0;
    std::uint64_t slow = 0;       ///< of the first
    std::uint64_t slow_again = 0; ///< of those, the ones that were asked again before their answer
};

/// `gateway`: a question as `kernel::gateway_request` asks it, answered with its tag and the tag's
/// payload; some of the first ones late.
class gateway_service final : public service {
public:
    gateway_service(std::uint64_t seed, std::uint64_t backends, std::uint64_t answer_bytes,
                    std::uint64_t slow_every);

    [[nodiscard]] std::optional<request> parse(std::span<std::byte const> bytes) const override;
    [[nodiscard]] bool comes_late(std::uint64_t index) override;
    [[nodiscard]] answer answer_to(std::uint64_t index) override;

    [[nodiscard]] gateway_questions const& asked() const noexcept { return asked_; }

private:
    std::uint64_t seed_;
    std::uint64_t backends_;
    std::uint64_t slow_every_;
    std::vector<std::byte> answer_;
    gateway_questions asked_;
    std::unordered_set<std::uint64_t> unanswered_; ///< slow, and not asked again; by tag
};

} // namespace backend
