// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>
#include <string_view>

namespace contract {

/// A folder of the harness, empty before each run.
struct has_output_folder {
    static constexpr bool is_other_end = false;
    char const* output_folder = ""; ///< where to write, in this process or a child

    template <class Visit>
    void for_each_field(Visit visit) const {
        visit("output_folder", std::string_view(output_folder));
    }
};

/// Waiting, computing and writing in one: `items` pictures come over HTTP, are made small, and go
/// to disk. The request `kernel::http_get(i)` to 127.0.0.1:`backend_port` brings picture i
/// `delay_us` microseconds later, `kernel::picture_bytes(side)` bytes; `kernel::http_download`
/// takes the reply apart. `kernel::thumbnailer` makes a PPM file of `thumbnail_side` pixels a side
/// of it, which is written to `kernel::thumbnail_path(output_folder, i)` and closed. The folder is
/// there and empty; nobody asks for fsync.
///
/// At most `in_flight` items are under way at once, each on a connection of its own that is kept
/// and used again (connected inside `make`). In which order they are taken is the model's affair.
/// Call `probe.begin(i)` before the request is sent and `probe.end(i)` when the file is closed.
/// `checksum` is the wrap-around sum of `kernel::hash(i, file)`; the harness reads the files back
/// and sums again.
///
/// A model that waits on one thread may compute and write on `workers` others. One that has to
/// block may have a thread or a child for each item under way. One that takes one item after
/// another is right, too. A model without the parser's library throws `skipped_error` with
/// `kernel::why_no_http()`.
struct pipeline {
    static constexpr std::string_view name = "pipeline";
    static constexpr auto role = contract::role::client;
    static constexpr auto group = contract::group::mixed;
    using environment = contract::environment<has_backend, has_output_folder>;
    static constexpr std::string_view backend = "pictures";
    static constexpr std::array<std::string_view, 2> backend_options{"delay_us", "side"};
    /// It sends what lies in memory, and so shares the last CPU with the model.
    static constexpr bool other_end_mostly_waits = true;

    struct params {
        std::uint64_t items = 64;
        std::uint64_t in_flight = 16;
        std::uint64_t delay_us = 5'000;
        std::uint64_t side = 256;
        std::uint64_t thumbnail_side = 64;
    };
    static constexpr std::array fields{
        field<params>{"items", &params::items, 1, 1'000'000, "pictures in all"},
        field<params>{"in_flight", &params::in_flight, 1, 1'000, "most items under way at once"},
        field<params>{"delay_us", &params::delay_us, 0, 10'000'000,
                      "the backend answers so much later, microseconds"},
        field<params>{"side", &params::side, 8, 4'096, "pixels a side of a picture"},
        field<params>{"thumbnail_side", &params::thumbnail_side, 1, 4'096,
                      "pixels a side of what is written"},
    };

    struct outcome {
        std::uint64_t items = 0;
        std::uint64_t written_bytes = 0;
        std::uint64_t checksum = 0;
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"items", &outcome::items},
        outcome_field<outcome>{"written_bytes", &outcome::written_bytes},
        outcome_field<outcome>{"checksum", &outcome::checksum},
    };
};

} // namespace contract
