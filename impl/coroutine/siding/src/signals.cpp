// SPDX-License-Identifier: MIT
#include "siding/detail/interruption.hpp"
#include "siding/loop.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <functional>
#include <system_error>
#include <thread>
#include <utility>

namespace siding {

namespace detail {

/// What a loop calls when a signal comes. The node itself is what the signal handler posts, so that
/// it need not allocate; a signal that comes again before the loop got to it is one call.
struct signal_handler final : callback {
    signal_handler(loop_core& owner, std::function<void()> to_call)
        : callback(owner), function(std::move(to_call)) {
        react = &react_to;
    }
    void invoke() override { function(); }

    /// In a signal handler, maybe of another thread.
    void arrived(int number) noexcept {
        if (ends_process_the_second_time && came.exchange(true)) {
            std::signal(number, SIG_DFL);
            std::raise(number); // delivered when the handler returns
            return;
        }
        if (!posted.exchange(true)) home.post_from_thread(*this);
    }

    static bool react_to(waiter& self, signal reason) noexcept {
        auto& me = static_cast<signal_handler&>(self);
        me.posted = false; // before the call: what comes from now on is another call
        if (reason == signal::run && !me.cancelled) {
            ++me.references; // the one that a callback gives up
            callback::react_to(me, reason);
        }
        if (me.retired) me.drop_reference();
        return true;
    }

    std::function<void()> function;
    std::atomic<bool> posted{false};
    std::atomic<bool> came{false};
    bool ends_process_the_second_time = false;
    bool retired = false; ///< dies when it is no longer posted
};

static_assert(std::atomic<signal_handler*>::is_always_lock_free);
static_assert(std::atomic<bool>::is_always_lock_free);

namespace {

constexpr int signals = 65; // 1 to 64

/// Who handles each signal: one loop of the process at a time.
std::array<std::atomic<signal_handler*>, signals> handlers{};
/// What was in force before; written by the loop that has the entry in `handlers`.
std::array<struct sigaction, signals> before{};
/// Threads that are in `on_signal`.
std::atomic<int> inside{0};

extern "C" void on_signal(int number) {
    auto const saved = errno;
    // seq_cst on both sides: either we see the new entry, or `replace` sees us inside.
    inside.fetch_add(1, std::memory_order_seq_cst);
    auto* const to = handlers[static_cast<std::size_t>(number)].load(std::memory_order_seq_cst);
    if (to != nullptr) to->arrived(number);
    inside.fetch_sub(1, std::memory_order_seq_cst);
    errno = saved;
}

std::atomic<signal_handler*>& entry(int number) {
    if (number < 1 || number >= signals) {
        throw value_error("invalid signal number " + std::to_string(number));
    }
    return handlers[static_cast<std::size_t>(number)];
}

/// Gives up what was in the entry: nobody will post it any more, but it may have been.
void replace(std::atomic<signal_handler*>& place, signal_handler* with) noexcept {
    auto* const old = place.exchange(with, std::memory_order_seq_cst);
    while (inside.load(std::memory_order_seq_cst) != 0) { // in another thread, and not for long
        std::this_thread::yield();
    }
    if (old == nullptr) return;
    old->cancelled = true;
    old->retired = true;
    if (!old->posted) old->drop_reference();
}

void install(int number, signal_handler* made) {
    auto& place = entry(number);
    auto* const now = place.load();
    if (now == nullptr) {
        signal_handler* expected = nullptr;
        if (!place.compare_exchange_strong(expected, made)) {
            made->drop_reference();
            throw runtime_error("another loop handles signal " + std::to_string(number));
        }
    } else if (&now->home != &made->home) {
        made->drop_reference();
        throw runtime_error("another loop handles signal " + std::to_string(number));
    } else {
        replace(place, made);
        return;
    }
    struct sigaction action {};
    action.sa_handler = &on_signal;
    action.sa_flags = SA_RESTART; // code that does not know of us is not to see EINTR
    ::sigfillset(&action.sa_mask);
    if (::sigaction(number, &action, &before[static_cast<std::size_t>(number)]) != 0) {
        auto const error = errno;
        replace(place, nullptr);
        throw std::system_error(error, std::generic_category(),
                                "signal " + std::to_string(number) + " cannot be caught");
    }
}

void restore(int number) noexcept {
    auto const index = static_cast<std::size_t>(number);
    ::sigaction(number, &before[index], nullptr);
    replace(handlers[index], nullptr);
}

[[nodiscard]] bool is_default(int number) noexcept {
    struct sigaction now {};
    return ::sigaction(number, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 &&
           now.sa_handler == SIG_DFL;
}

} // namespace

interruption::interruption(any_task main) : main_(std::move(main)) {
    if (::gettid() != ::getpid() || !is_default(SIGINT)) return;
    auto* const made = new signal_handler(*detail::loop_core::of_this_thread(), [this] {
        came_ = true;
        if (!main_.done()) main_.cancel();
    });
    made->ends_process_the_second_time = true;
    try {
        install(SIGINT, made);
        handler_ = made;
    } catch (runtime_error const&) {
        // Another loop was faster: it is the one that is interrupted.
    }
}

interruption::~interruption() {
    // A handler that the program set since then stays until the loop closes.
    if (handler_ != nullptr && handlers[SIGINT].load() == handler_) restore(SIGINT);
}

bool interruption::cancelled_main() const noexcept { return came_ && main_.uncancel() == 0; }

} // namespace detail

void loop::add_signal_handler(int number, std::function<void()> function) {
    if (is_closed()) throw runtime_error("Event loop is closed");
    static_cast<void>(detail::entry(number));
    detail::install(number, new detail::signal_handler(*this, std::move(function)));
    signals_ |= std::uint64_t{1} << (number - 1);
}

bool loop::remove_signal_handler(int number) {
    static_cast<void>(detail::entry(number));
    auto const mine = std::uint64_t{1} << (number - 1);
    if ((signals_ & mine) == 0) return false;
    signals_ &= ~mine;
    detail::restore(number);
    return true;
}

void loop::remove_signal_handlers() noexcept {
    for (int number = 1; signals_ != 0; ++number) {
        auto const mine = std::uint64_t{1} << (number - 1);
        if ((signals_ & mine) == 0) continue;
        signals_ &= ~mine;
        detail::restore(number);
    }
}

} // namespace siding
