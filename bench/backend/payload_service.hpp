// SPDX-License-Identifier: MIT
#pragma once

#include "backend/service.hpp"

namespace backend {

/// `fetch`: 8 bytes, an index, little endian; answered with its payload.
class payload_service final : public service {
public:
    payload_service(std::uint64_t seed, std::uint64_t response_bytes);

    [[nodiscard]] std::optional<request> parse(std::span<std::byte const> bytes) const override;
    [[nodiscard]] answer answer_to(std::uint64_t index) override;

private:
    std::uint64_t seed_;
    std::vector<std::byte> response_;
};

} // namespace backend
