// SPDX-License-Identifier: MIT
#include "contract/workloads/file_read.hpp"
#include "kernel/read_block.hpp"
#include "oracle/rules.hpp"
#include "oracle/slots.hpp"

#include <fmt/format.h>
#include <map>

namespace oracle {
namespace {

using contract::file_read;

struct file_read_rules final : rules<file_read> {
    std::vector<params> points(preset which) const override {
        constexpr std::uint64_t mib = 1'048'576;
        switch (which) {
        case preset::smoke:
            return {{.reads = 200, .in_flight = 4, .block_bytes = 4'096, .file_bytes = mib},
                    {.reads = 40,
                     .in_flight = 4,
                     .block_bytes = 65'536,
                     .file_bytes = 2 * mib,
                     .direct = 1}};
        case preset::quick:
            return {{.reads = 20'000, .block_bytes = 4'096},
                    {.reads = 1'000, .block_bytes = 262'144},
                    {.reads = 1'000, .block_bytes = 4'096, .direct = 1},
                    {.reads = 100, .block_bytes = 262'144, .direct = 1}};
        case preset::full: {
            std::vector<params> points;
            for (std::uint64_t const in_flight : {1u, 16u, 64u}) {
                points.push_back({.reads = 100'000, .in_flight = in_flight, .block_bytes = 4'096});
                points.push_back({.reads = 4'000, .in_flight = in_flight, .block_bytes = 262'144});
                points.push_back({.reads = 10'000,
                                  .in_flight = in_flight,
                                  .block_bytes = 4'096,
                                  .file_bytes = 512 * mib,
                                  .direct = 1});
                points.push_back({.reads = 1'000,
                                  .in_flight = in_flight,
                                  .block_bytes = 262'144,
                                  .file_bytes = 512 * mib,
                                  .direct = 1});
            }
            return points;
        }
        }
        return {};
    }
    std::string_view unit() const override { return "read"; }
    std::uint64_t units(params const& p) const override { return p.reads; }
    std::uint64_t in_flight(params const& p) const override { return p.in_flight; }
    std::uint64_t slots(params const& p) const override { return p.reads; }
    std::string refuse(params const& p) const override {
        if (p.block_bytes % file_read::alignment != 0) {
            return fmt::format("block_bytes={} is no multiple of {}", p.block_bytes,
                               file_read::alignment);
        }
        if (p.file_bytes % p.block_bytes != 0) {
            return fmt::format("file_bytes={} is no multiple of block_bytes={}", p.file_bytes,
                               p.block_bytes);
        }
        if (p.reads < p.in_flight) {
            return fmt::format("reads={} cannot keep in_flight={}", p.reads, p.in_flight);
        }
        return {};
    }

    file_read::outcome expected(params const& p, std::uint64_t seed) const override {
        file_read::outcome right;
        // read_value(i, bytes) depends on a block by the sum of its words alone: sum each once.
        std::map<std::uint64_t, std::uint64_t> sums;
        std::vector<std::uint64_t> block(p.block_bytes / sizeof(std::uint64_t));
        for (std::uint64_t i = 0; i < p.reads; ++i) {
            auto const number = kernel::block_of(seed, i, p.blocks());
            auto const [entry, is_new] = sums.try_emplace(number, 0);
            if (is_new) {
                kernel::payload(seed, number, std::as_writable_bytes(std::span(block)));
                for (auto const word : block) {
                    entry->second += word;
                }
            }
            right.checksum += kernel::mix(kernel::mix(i) ^ entry->second);
            ++right.reads;
        }
        return right;
    }

    std::string check(params const& p, std::uint64_t, file_read::outcome const& right,
                      file_read::outcome const& outcome, evidence const& seen) const override {
        if (outcome.reads != right.reads) {
            return fmt::format("{} reads of {}", outcome.reads, right.reads);
        }
        if (outcome.checksum != right.checksum) {
            return fmt::format("checksum {:#x} instead of {:#x}", outcome.checksum, right.checksum);
        }
        auto wrong = check_durations(seen.slots, [](std::uint64_t) { return 0; });
        if (!wrong.empty()) return wrong;
        return check_at_most(seen.slots, p.in_flight);
    }
};

} // namespace

rules<file_read> const& rules_of(std::type_identity<file_read>) {
    static file_read_rules const rules;
    return rules;
}

} // namespace oracle
