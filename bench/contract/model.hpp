// SPDX-License-Identifier: MIT
#pragma once

#include "contract/environment.hpp"
#include "contract/host.hpp"
#include "contract/probe.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string_view>

/// The treaty between the harness and the models: types only. Models include this folder and
/// `bench/kernel`; nothing under `bench/` ever names a model.
namespace contract {

/// One made instance of a cell: a pool, a loop, children. Lives between make and destroy, which are
/// timed apart from `run`.
template <class W>
struct session {
    session() = default;
    session(session const&) = delete;
    session& operator=(session const&) = delete;
    virtual ~session() = default;

    /// The only call inside the clock. Called several times for batch workloads (each call does the
    /// whole work again), once for server workloads.
    virtual typename W::outcome run(probe&) = 0;
};

/// Makes a session. Throws `declined_error` for params that this model cannot honour,
/// `skipped_error` for a part that this machine lacks, `std::system_error` for a failed set-up.
template <class W>
using maker = std::unique_ptr<session<W>>(typename W::params const&,
                                          typename W::environment const&);

/// Thrown by a maker: the model refuses these params, and says why ("one thread per wait: 100000
/// threads exceed the limit of 32768").
struct declined_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Thrown by a maker: a part is missing on this machine; names the cause and the next step.
struct skipped_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// `idiomatic`: as the documentation of the library teaches it. `tuned`: with knobs that its users
/// seldom touch, each named in the cell's ledger.
enum class style { idiomatic, tuned };

/// How many threads or child processes a cell may start.
enum class allowance {
    workers,     ///< at most `budget.workers`, the calling thread not counted while it only waits
    one_per_unit ///< one per unit in flight, because blocking needs it; `limits.cpus` still holds
};

/// What a cell says of itself beside its maker.
struct traits {
    std::string_view variant = ""; ///< flavour of the model, "" for the only one
    contract::style style = style::idiomatic;
    contract::allowance allowance = allowance::workers;
    std::string_view ledger = ""; ///< "key=value; key=value": knobs that differ
    /// Threads and children of a runtime or library that do no work: they pass messages or wait in
    /// the kernel. They are allowed beside the workers, and shown in the ledger.
    unsigned runtime_threads = 0;
    /// Measured iterations in one process, of a cell that takes many seconds.
    std::uint64_t most_iterations = 100;
};

/// Model (+ variant) x workload: supported by a maker, or declined with a reason.
struct cell {
    std::string_view workload;
    traits about;
    std::string_view declined_because;  ///< empty: supported
    void const* workload_tag = nullptr; ///< guards the cast back to `maker<W>`
    void (*erased_maker)() = nullptr;
};

template <class W>
inline constexpr char workload_tag = 0;

template <class W>
[[nodiscard]] cell supports(maker<W>& make, traits about = {}) noexcept {
    return {W::name, about, {}, &workload_tag<W>, reinterpret_cast<void (*)()>(&make)};
}

[[nodiscard]] constexpr cell declined(std::string_view workload, std::string_view why,
                                      traits about = {}) noexcept {
    return {workload, about, why, nullptr, nullptr};
}

/// The maker of a supported cell, or nullptr if the cell is declined or is of another workload.
template <class W>
[[nodiscard]] maker<W>* maker_of(cell const& c) noexcept {
    if (c.workload_tag != &workload_tag<W>) return nullptr;
    return reinterpret_cast<maker<W>*>(c.erased_maker);
}

/// A column of the matrix. `library` names the runtime and its version as built.
struct model {
    std::string_view name;
    std::string_view summary;
    std::string_view library;
    std::span<cell const> cells;
    /// Of a model whose cells run in another process than the harness.
    host_starter* start_host = nullptr;
    /// In another language: measured only when it is named, and free to leave workloads out.
    bool foreign = false;
    missing_part missing = {};
    std::string_view fault = {}; ///< why its worker's description cannot be used
};

} // namespace contract

/// Defined once, in `impl/<model>/model.cpp`; called once, by the cell main.
[[nodiscard]] contract::model const& the_model() noexcept;
