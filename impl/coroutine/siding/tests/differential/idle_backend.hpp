// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/backend.hpp"
#include "siding/siding.hpp"

#include <memory>

namespace differential {

/// A backend for programs without I/O: where the loop would wait for ever it stops the loop.
class idle_backend final : public siding::detail::backend {
public:
    explicit idle_backend(siding::loop& owner) noexcept : owner_(owner) {}

    [[nodiscard]] std::string_view name() const noexcept override { return "idle"; }
    [[nodiscard]] bool try_now(siding::detail::io_operation&) noexcept override { return false; }
    [[nodiscard]] bool start(siding::detail::io_operation&) noexcept override { return false; }
    [[nodiscard]] bool cancel(siding::detail::io_operation&) noexcept override { return true; }
    [[nodiscard]] int poll(std::optional<siding::duration> timeout) noexcept override {
        if (!timeout) owner_.stop();
        return 0;
    }
    void wake() noexcept override {}
    void forget(int) noexcept override {}
    [[nodiscard]] std::size_t in_flight() const noexcept override { return 0; }

private:
    siding::loop& owner_;
};

inline std::unique_ptr<siding::detail::backend> make_idle_backend(siding::loop& owner) {
    return std::make_unique<idle_backend>(owner);
}

} // namespace differential
