// SPDX-License-Identifier: MIT
#include "siding/coroutine.hpp"
#include "siding/detail/print.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>

namespace siding {

namespace {

std::atomic<never_awaited_handler> the_handler{nullptr};

} // namespace

never_awaited_handler set_never_awaited_handler(never_awaited_handler handler) noexcept {
    return the_handler.exchange(handler); // seq_cst: it is called rarely
}

void report_never_awaited(void const* code) noexcept {
    std::array<char, 80> text{};
    std::snprintf(text.data(), text.size(), "coroutine was never awaited (its code is at %p)",
                  code);
    exception_context const context{text.data(), nullptr};
    if (auto* const home = detail::loop_core::of_this_thread()) {
        home->call_exception_handler(context);
    } else {
        detail::print(context);
    }
}

namespace detail {

void drop_never_awaited(std::coroutine_handle<> frame) noexcept {
    auto handler = the_handler.load();
    if (handler == nullptr) {
        auto const* const home = loop_core::of_this_thread();
        if (home != nullptr && home->is_debugged()) handler = &report_never_awaited;
    }
    if (handler != nullptr) {
        // The first word of a frame is the function that resumes it, with all compilers that follow
        // the Itanium C++ ABI.
        void const* code = nullptr;
        std::memcpy(&code, frame.address(), sizeof code);
        handler(code);
    }
    destroy_in_turn(frame);
}

} // namespace detail
} // namespace siding
