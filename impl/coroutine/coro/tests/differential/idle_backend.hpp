// SPDX-License-Identifier: MIT
#pragma once

#include "coro/coro.hpp"
#include "coro/io/backend.hpp"

#include <memory>

namespace differential {

/// A backend for programs without I/O: where the loop would wait for ever it stops the loop.
class idle_backend final : public coro::detail::backend {
public:
    explicit idle_backend(coro::loop& owner) noexcept : owner_(owner) {}

    [[nodiscard]] std::string_view name() const noexcept override { return "idle"; }
    [[nodiscard]] bool try_now(coro::detail::io_operation&) noexcept override { return false; }
    [[nodiscard]] bool start(coro::detail::io_operation&) noexcept override { return false; }
    [[nodiscard]] bool cancel(coro::detail::io_operation&) noexcept override { return true; }
    void poll(std::optional<coro::duration> timeout) noexcept override {
        if (!timeout) owner_.stop();
    }
    void wake() noexcept override {}
    void forget(int) noexcept override {}
    [[nodiscard]] std::size_t in_flight() const noexcept override { return 0; }

private:
    coro::loop& owner_;
};

inline std::unique_ptr<coro::detail::backend> make_idle_backend(coro::loop& owner) {
    return std::make_unique<idle_backend>(owner);
}

} // namespace differential
