// SPDX-License-Identifier: MIT
#include "histogram/base64.hpp"

#include <stdexcept>

namespace histogram {

namespace {
constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

std::string to_base64(std::vector<std::uint8_t> const& bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t position = 0; position < bytes.size(); position += 3) {
        auto const left = bytes.size() - position;
        auto const triple = static_cast<std::uint32_t>(bytes[position] << 16) |
                            static_cast<std::uint32_t>(left > 1 ? bytes[position + 1] << 8 : 0) |
                            static_cast<std::uint32_t>(left > 2 ? bytes[position + 2] : 0);
        text += alphabet[triple >> 18];
        text += alphabet[(triple >> 12) & 63];
        text += left > 1 ? alphabet[(triple >> 6) & 63] : '=';
        text += left > 2 ? alphabet[triple & 63] : '=';
    }
    return text;
}

std::vector<std::uint8_t> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) throw std::invalid_argument("base64: length is not a multiple of 4");
    while (text.ends_with('=')) {
        text.remove_suffix(1);
    }
    std::vector<std::uint8_t> bytes;
    std::uint32_t bits = 0;
    unsigned have = 0;
    for (auto const letter : text) {
        auto const value = alphabet.find(letter);
        if (value == alphabet.npos) throw std::invalid_argument("base64: illegal character");
        bits = (bits << 6) | static_cast<std::uint32_t>(value);
        have += 6;
        if (have >= 8) {
            have -= 8;
            bytes.push_back(static_cast<std::uint8_t>(bits >> have));
        }
    }
    return bytes;
}

} // namespace histogram
