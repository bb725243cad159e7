// SPDX-License-Identifier: MIT
#include "kernel/gateway.hpp"

#include <algorithm>

namespace kernel {

std::uint64_t gateway_number(std::span<std::byte const> bytes) noexcept {
    std::uint64_t number = 0;
    for (std::size_t i = 8; i-- > 0;) {
        number = number << 8 | std::to_integer<std::uint64_t>(bytes[i]);
    }
    return number;
}

std::array<std::byte, 8> gateway_bytes(std::uint64_t number) noexcept {
    std::array<std::byte, 8> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::byte>(number >> (8 * i));
    }
    return bytes;
}

gateway_request::gateway_request(std::uint64_t backends, std::uint64_t answer_bytes)
    : answer_bytes_(answer_bytes),
      all_((std::uint64_t{1} << backends) - 1),
      reply_(backends * answer_bytes) {}

void gateway_request::begin(std::span<std::byte const> request) noexcept {
    number_ = gateway_number(request);
    missing_ = all_;
}

void gateway_request::take(std::uint64_t backend, std::span<std::byte const> answer) noexcept {
    if (!lacks(backend) || gateway_number(answer) != gateway_tag(number_, backend)) return;
    auto const said = answer.subspan(gateway_tag_bytes);
    std::ranges::copy(said, reply_.begin() + static_cast<std::ptrdiff_t>(backend * answer_bytes_));
    missing_ &= ~(std::uint64_t{1} << backend);
}

} // namespace kernel
