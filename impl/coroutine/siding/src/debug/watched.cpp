// SPDX-License-Identifier: MIT
// The loop's debug mode: each step on its own, and with a look at the clock.
#include "debug/symbols.hpp"
#include "siding/detail/loop_core.hpp"
#include "siding/task.hpp"

#include <cxxabi.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <typeinfo>
#include <utility>

namespace siding::detail {

namespace {

/// The name of the coroutine whose frame goes on in `code`.
std::string name_of_code(void const* code) {
    try {
        auto const name = symbols(::getpid()).name_of(reinterpret_cast<std::uint64_t>(code));
        if (name) return *name;
    } catch (std::exception const&) { // no /proc: the address must do
    }
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%p", code);
    return text.data();
}

std::string readable(std::type_info const& type) {
    int status = 0;
    std::unique_ptr<char, decltype(&std::free)> const text(
        abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
    return status == 0 ? text.get() : type.name();
}

/// What is about to run, kept until it has: then it may be gone.
struct step {
    std::string task;
    void const* code = nullptr;
    std::type_info const* callback = nullptr;

    [[nodiscard]] std::string in_words() const {
        if (code != nullptr) return "task " + task + " in " + name_of_code(code);
        return callback == nullptr ? "a wait" : "callback " + readable(*callback);
    }
};

} // namespace

void loop_core::run_next_watched() {
    burst_end_ = ready_.taken() + ready_queue::distance(1);
    attend_at_ = 0; // the end of the step comes back here, whatever is next
    step now;
    if (auto const& item = ready_.at(ready_.taken()); !item.is_task()) {
        auto& w = item.as_waiter();
        if (w.react == &callback::react_to) {
            auto const& reached = static_cast<callback&>(w);
            now.callback = &typeid(reached);
        }
    }
    auto const began = std::chrono::steady_clock::now();
    transfer_ = next();
    if (auto* const task = current_; task != nullptr) {
        now.task = name_of(*task);
        // The first word of a frame is the function that resumes it (Itanium C++ ABI).
        std::memcpy(&now.code, transfer_.address(), sizeof now.code);
    }
    while (transfer_) {
        std::exchange(transfer_, nullptr).resume();
    }
    auto const took = std::chrono::steady_clock::now() - began;
    if (took < slow_callback_) return;
    std::array<char, 48> seconds{};
    std::snprintf(seconds.data(), seconds.size(), " took %.3f seconds",
                  std::chrono::duration<double>(took).count());
    call_exception_handler({"Executing " + now.in_words() + seconds.data(), nullptr});
}

} // namespace siding::detail
