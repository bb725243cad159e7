// SPDX-License-Identifier: MIT
#include "backend/picture_service.hpp"

#include "kernel/http.hpp"

#include <charconv>
#include <stdexcept>
#include <string_view>

namespace backend {

namespace {

constexpr std::string_view method = "GET /";
constexpr std::string_view end_of_header = "\r\n\r\n";
constexpr std::size_t most_header_bytes = 4'096;

} // namespace

picture_service::picture_service(std::uint64_t seed, std::uint64_t side)
    : pictures_(seed, side), header_(kernel::http_reply_header(kernel::picture_bytes(side))) {}

std::optional<service::request> picture_service::parse(std::span<std::byte const> bytes) const {
    std::string_view const text(reinterpret_cast<char const*>(bytes.data()), bytes.size());
    auto const end = text.find(end_of_header);
    if (end == text.npos && text.size() < most_header_bytes) return std::nullopt;
    std::uint64_t index = 0;
    auto const target = text.substr(std::min(method.size(), text.size()));
    auto const [rest, error] = std::from_chars(target.data(), target.data() + target.size(), index);
    if (end == text.npos || !text.starts_with(method) || error != std::errc() || *rest != ' ') {
        throw std::invalid_argument("no GET of a number");
    }
    return request{index, end + end_of_header.size()};
}

service::answer picture_service::answer_to(std::uint64_t index) {
    return {.head = std::as_bytes(std::span(header_)), .body = pictures_[index]};
}

} // namespace backend
