// SPDX-License-Identifier: MIT
#pragma once

#include <sys/prctl.h>

namespace proc {

/// From here on orphans of this process's children are its own (PR_SET_CHILD_SUBREAPER, prctl(2)),
/// so that they are counted and, if need be, killed. False where the machine refuses: what a model
/// leaves behind is then not seen.
[[nodiscard]] inline bool adopt_orphans() noexcept {
    return ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
}

/// For the life of this object they go to somebody above this process.
class no_adoption {
public:
    no_adoption() noexcept { ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0); }
    no_adoption(no_adoption const&) = delete;
    no_adoption& operator=(no_adoption const&) = delete;
    ~no_adoption() { static_cast<void>(adopt_orphans()); }
};

} // namespace proc
