// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>

namespace contract {

/// A file of the harness, made from the params `block_bytes`, `file_bytes` and `direct`.
struct has_file {
    static constexpr bool is_other_end = false;
    char const* file_path = ""; ///< what to open, in this process or a child

    template <class Visit>
    void for_each_field(Visit visit) const {
        visit("file_path", std::string_view(file_path));
    }
};

/// `reads` random reads of a file that the harness has made, at most `in_flight` at once. Read `i`
/// takes `block_bytes` bytes of block `block_of(seed, i)` into memory and `kernel::read_value(i,
/// bytes)` out of it; `checksum` is the wrap-around sum of these. Call `probe.begin(i)` right
/// before the read is asked for, or handed to the thread that does it, and `probe.end(i)` when the
/// bytes are there. The file is opened, by `environment.file_path` and with `open_flags`, in
/// `make`. A model that reads one block after another is right, too: what it does not overlap is
/// what is measured. A model that has to block may have a thread or a child for each read in
/// flight.
///
/// `direct` 0: through the page cache, which holds the file. 1: O_DIRECT, from the device; memory
/// must be aligned to `alignment`. A read that comes back short, because somebody has cut the file,
/// ends the run with an exception.
struct file_read {
    static constexpr std::string_view name = "file_read";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::io_bound;
    using environment = contract::environment<has_file>;
    static constexpr std::size_t alignment = 4'096;

    struct params {
        std::uint64_t reads = 20'000;
        std::uint64_t in_flight = 16;
        std::uint64_t block_bytes = 4'096;
        std::uint64_t file_bytes = 67'108'864;
        std::uint64_t direct = 0;

        [[nodiscard]] std::uint64_t blocks() const noexcept { return file_bytes / block_bytes; }
    };
    static constexpr std::array fields{
        field<params>{"reads", &params::reads, 1, 100'000'000, "random reads"},
        field<params>{"in_flight", &params::in_flight, 1, 1'024, "most reads at once"},
        field<params>{"block_bytes", &params::block_bytes, 4'096, 16'777'216,
                      "bytes a read, a multiple of 4096"},
        field<params>{"file_bytes", &params::file_bytes, 4'096, 1'099'511'627'776,
                      "size of the file, a multiple of block_bytes"},
        field<params>{"direct", &params::direct, 0, 1, "1: O_DIRECT, 0: through the page cache"},
    };

    struct outcome {
        std::uint64_t reads = 0;
        std::uint64_t checksum = 0;
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"reads", &outcome::reads},
        outcome_field<outcome>{"checksum", &outcome::checksum},
    };

    /// Throws if a read has brought less than a block; for errors the model has errno.
    static void expect_whole(std::uint64_t i, std::uint64_t bytes, params const& p) {
        if (bytes == p.block_bytes) return;
        throw std::runtime_error("read " + std::to_string(i) + " brought " + std::to_string(bytes) +
                                 " bytes of " + std::to_string(p.block_bytes) +
                                 ": the file has become shorter");
    }
};

} // namespace contract
