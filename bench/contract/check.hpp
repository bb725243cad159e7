// SPDX-License-Identifier: MIT
#pragma once

#include <source_location>
#include <stdexcept>
#include <string>

namespace contract {

/// A condition that the harness or a model relies on did not hold. The cell main turns it into the
/// verdict `crashed` with this text as the reason.
struct check_failed : std::logic_error {
    using std::logic_error::logic_error;
};

[[noreturn]] inline void fail_check(char const* condition, std::source_location location) {
    throw check_failed(std::string(location.file_name()) + ":" + std::to_string(location.line()) +
                       ": check failed: " + condition);
}

} // namespace contract

/// Always on: unlike `assert`, a release build keeps it, for a release build is what is measured.
#define BENCH_CHECK(condition)                                                                     \
    ((condition) ? static_cast<void>(0)                                                            \
                 : ::contract::fail_check(#condition, std::source_location::current()))
