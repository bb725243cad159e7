// SPDX-License-Identifier: MIT
#include "remote/line.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace remote {
namespace {

constexpr std::string_view digits = "0123456789ABCDEF";

bool is_plain(char c) noexcept { return c > ' ' && c < '\x7f' && c != '%'; }

std::string encoded(std::string_view value) {
    std::string text;
    for (auto const c : value) {
        if (is_plain(c)) {
            text += c;
            continue;
        }
        auto const byte = static_cast<unsigned char>(c);
        text += {'%', digits[byte >> 4], digits[byte & 15]};
    }
    return text;
}

int digit_of(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

std::string decoded(std::string_view text) {
    std::string value;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            value += text[i];
            continue;
        }
        auto const high = i + 2 < text.size() ? digit_of(text[i + 1]) : -1;
        auto const low = i + 2 < text.size() ? digit_of(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            throw line_error(fmt::format("'{}' has a % that is followed by no two hexadecimal "
                                         "digits",
                                         excerpt(text)));
        }
        value += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return value;
}

/// Calls `visit(word)` with each word after the verb until it returns true.
template <class Visit>
void for_each_word(std::string_view rest, Visit visit) {
    while (!rest.empty()) {
        auto const end = std::min(rest.find(' '), rest.size());
        if (visit(rest.substr(0, end))) return;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
}

} // namespace

line line::parse(std::string_view text) {
    auto const end = std::min(text.find(' '), text.size());
    if (end == 0) throw line_error("a line without a verb");
    line parsed;
    parsed.text_ = text;
    return parsed;
}

line& line::add(std::string_view name, std::uint64_t value) {
    text_ += fmt::format(" {}={}", name, value);
    return *this;
}

line& line::add(std::string_view name, std::string_view value) {
    text_ += fmt::format(" {}={}", name, encoded(value));
    return *this;
}

std::string_view line::verb() const noexcept {
    return std::string_view(text_).substr(0, std::min(text_.find(' '), text_.size()));
}

std::string_view line::rest() const noexcept {
    return std::string_view(text_).substr(std::min(verb().size() + 1, text_.size()));
}

std::optional<std::string> line::find(std::string_view name) const {
    std::optional<std::string> found;
    for_each_word(rest(), [&](std::string_view word) {
        auto const equals = word.find('=');
        if (equals == std::string_view::npos || word.substr(0, equals) != name) return false;
        found = decoded(word.substr(equals + 1));
        return true;
    });
    return found;
}

std::uint64_t line::number(std::string_view name) const {
    auto const value = find(name);
    if (!value) throw line_error(fmt::format("'{}' has no word {}=", excerpt(text_), name));
    std::uint64_t number = 0;
    auto const* const end = value->data() + value->size();
    auto const [stopped, error] = std::from_chars(value->data(), end, number);
    if (error == std::errc() && stopped == end && !value->empty()) return number;
    throw line_error(
        fmt::format("{}={} is no whole number from 0 to 2^64 - 1", name, excerpt(*value)));
}

std::string printable(std::string_view text) {
    std::string shown(text);
    for (std::size_t i = 0; i < shown.size(); ++i) {
        auto const byte = static_cast<unsigned char>(shown[i]);
        // The second row of control characters is two bytes of UTF-8: C2 80 to C2 9F.
        auto const before = i == 0 ? 0 : static_cast<unsigned char>(shown[i - 1]);
        auto const second_row = before == 0xc2 && byte >= 0x80 && byte < 0xa0;
        if (byte < ' ' || byte == 0x7f || second_row) shown[i] = '?';
    }
    return shown;
}

std::string excerpt(std::string_view text) {
    constexpr std::size_t most = 80;
    return printable(text.substr(0, most)) + (text.size() > most ? "..." : "");
}

} // namespace remote
