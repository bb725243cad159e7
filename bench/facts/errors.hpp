// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>

namespace facts {

/// The harness itself failed; nothing is known of the model. Ends with exit_code::harness.
struct harness_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The command line cannot be obeyed. Ends with exit_code::usage.
struct usage_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The kernel does not show what is to be measured: nothing is known of the model.
struct unreadable_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

} // namespace facts
