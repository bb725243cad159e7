// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <uv.h>

namespace callback {

/// Starts `timer` so that it ends at least `length_ns` from now. libuv counts whole milliseconds
/// from the loop's cached time, which lies in the past: the deadline is therefore taken from
/// uv_hrtime and rounded up, or the wait would end up to a millisecond early.
inline int start_timer(uv_timer_t* timer, uv_timer_cb due, std::uint64_t length_ns) noexcept {
    auto const deadline_ms = (::uv_hrtime() + length_ns + 999'999) / 1'000'000;
    return ::uv_timer_start(timer, due, deadline_ms - ::uv_now(timer->loop), 0);
}

} // namespace callback
