// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Cells that run in a worker: a process in another language. docs/worker-protocol.md is the page
/// from which workers are written.
namespace remote {

/// A line that cannot be read.
struct line_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What the harness and a worker say to each other: a verb, then words `name=value`, all separated
/// by a space. In a value every byte but printable ASCII, and `%`, stands as `%XX`.
class line {
public:
    line() = default;
    explicit line(std::string verb) : text_(std::move(verb)) {}

    /// Without the newline. Throws line_error.
    [[nodiscard]] static line parse(std::string_view text);

    line& add(std::string_view name, std::uint64_t value);
    line& add(std::string_view name, std::string_view value);

    [[nodiscard]] std::string_view verb() const noexcept;
    /// All after the verb, as it stands: the reason of a refusal.
    [[nodiscard]] std::string_view rest() const noexcept;
    [[nodiscard]] std::string const& text() const noexcept { return text_; }

    /// None if there is no such word.
    [[nodiscard]] std::optional<std::string> find(std::string_view name) const;
    /// Throws line_error if there is no such word, or if it is no whole number of 64 bits.
    [[nodiscard]] std::uint64_t number(std::string_view name) const;

private:
    std::string text_;
};

/// Without what a terminal would obey.
[[nodiscard]] std::string printable(std::string_view text);

/// For a message: printable, and at most 80 bytes of it.
[[nodiscard]] std::string excerpt(std::string_view text);

} // namespace remote
