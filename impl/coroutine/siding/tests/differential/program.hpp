// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace differential {

struct operation;
using operations = std::vector<operation>;

/// ["s", slot] or ["f", function].
struct argument {
    bool is_call = false;
    std::size_t number = 0;
};

/// One step of a program; generator.py says what the fields mean.
struct operation {
    std::string op;
    std::string id;
    std::size_t a = 0;
    bool has_a = false;
    std::optional<std::size_t> b;
    std::optional<std::size_t> f;
    std::optional<std::int64_t> t;
    std::string s;
    std::vector<argument> l;
    bool keep = false;
    bool again = false;
    operations body;
    std::optional<operations> on_cancel;
    std::optional<operations> on_error;
    operations finally;
};

struct program {
    std::int64_t tick = 1;
    std::ptrdiff_t permits = 1;
    std::size_t parties = 1;
    std::vector<std::size_t> sizes;
    /// In a turn of the loop one of the tasks that are left is cancelled.
    struct cancel {
        std::size_t turn;
        std::size_t number;
    };
    std::vector<cancel> cancels;
    std::vector<operations> functions;
};

[[nodiscard]] program parse(std::string_view line);

} // namespace differential
