// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace client {

struct load;

/// What is said on one connection and what must come back: one message after another, each a
/// function of the seed, the connection's number and its place. Sizes are known from the start.
class exchange {
public:
    exchange(exchange const&) = delete;
    exchange& operator=(exchange const&) = delete;
    virtual ~exchange() = default;

    /// Fills in the next message and its reply, which stay until the next call.
    virtual void prepare() = 0;

    [[nodiscard]] std::span<std::byte const> message() const noexcept { return message_; }
    [[nodiscard]] std::span<std::byte const> reply() const noexcept { return reply_; }

    /// May a reply begin before its message has left as a whole? If not, no byte of it comes before
    /// the byte of the message that it answers.
    [[nodiscard]] bool answers_early() const noexcept { return answers_early_; }

    /// Is the message one that makes the server compute, or ask a slow backend again?
    [[nodiscard]] bool dear() const noexcept { return dear_; }

protected:
    explicit exchange(bool answers_early = false) noexcept : answers_early_(answers_early) {}

    std::span<std::byte const> message_;
    std::span<std::byte const> reply_;
    bool dear_ = false;

private:
    bool answers_early_;
};

/// Makes the exchange of connection `number`.
using exchange_maker = std::unique_ptr<exchange>(load const& asked, std::uint64_t number);

template <class Exchange>
[[nodiscard]] std::unique_ptr<exchange> make(load const& asked, std::uint64_t number) {
    return std::make_unique<Exchange>(asked, number);
}

} // namespace client
