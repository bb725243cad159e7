// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace contract {

/// What a model may use; the same for every model of a round.
struct budget {
    unsigned workers = 1;      ///< most threads (or processes) that may do the work; >= 1
    std::span<int const> cpus; ///< the process is already pinned to these CPU numbers
    std::uint64_t seed = 1;    ///< source of every pseudo-random choice
};

/// The number of an open descriptor, which a worker in another language inherits.
struct descriptor {
    int number = -1;
};

/// What surrounds a session of any workload.
struct surroundings {
    budget limits;
};

/// What the harness has prepared around a session: `limits`, and the parts that the contract names
/// (`W::environment`). A part is a struct with what a model needs to use it; `bench/rig` sets it
/// up. It says with `is_other_end` whether the program behind it does a part of the work, and with
/// `for_each_field` what it consists of, by name, for workers in other languages.
/// Descriptors belong to the harness: a model uses them until `run` returns and never closes them.
template <class... Parts>
struct environment : surroundings, Parts... {
    static constexpr bool has_other_end = (Parts::is_other_end || ...);
};

/// The descriptors among the fields of an environment.
template <class... Parts>
[[nodiscard]] std::vector<int> descriptors_of(environment<Parts...> const& around) {
    std::vector<int> found;
    [[maybe_unused]] auto const add = [&](std::string_view, auto value) {
        if constexpr (std::is_same_v<decltype(value), descriptor>) found.push_back(value.number);
    };
    (static_cast<Parts const&>(around).for_each_field(add), ...);
    return found;
}

/// Servers: the load generator connects to `listen_fd`.
struct has_listener {
    static constexpr bool is_other_end = true;
    int listen_fd = -1; ///< bound, listening, non-blocking, loopback
    int stop_fd = -1;   ///< readable (end of file) when `run` must return

    template <class Visit>
    void for_each_field(Visit visit) const {
        visit("listen_fd", descriptor{listen_fd});
        visit("stop_fd", descriptor{stop_fd});
    }
};

/// Clients: a backend answers. The contract names its service (`backend`) and which of the params
/// it is given (`backend_options`).
struct has_backend {
    static constexpr bool is_other_end = true;
    std::uint16_t backend_port = 0; ///< TCP, on 127.0.0.1

    template <class Visit>
    void for_each_field(Visit visit) const {
        visit("backend_port", backend_port);
    }
};

using batch_environment = environment<>;
using server_environment = environment<has_listener>;
using client_environment = environment<has_backend>;

} // namespace contract
