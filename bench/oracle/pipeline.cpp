// SPDX-License-Identifier: MIT
#include "contract/workloads/pipeline.hpp"
#include "kernel/hash.hpp"
#include "kernel/picture.hpp"
#include "oracle/rules.hpp"
#include "oracle/slots.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>

namespace oracle {
namespace {

using contract::pipeline;

struct pipeline_rules final : rules<pipeline> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {
                {.items = 5, .in_flight = 2, .delay_us = 500, .side = 32, .thumbnail_side = 8},
                {.items = 12, .in_flight = 4, .delay_us = 0, .side = 200, .thumbnail_side = 50}};
        case preset::quick:
            return {{}};
        case preset::full:
            return {{.items = 256, .in_flight = 16},
                    {.items = 256, .in_flight = 64, .delay_us = 50'000},
                    {.items = 64, .in_flight = 16, .side = 1'024, .thumbnail_side = 128}};
        }
        return {};
    }
    std::string_view unit() const override { return "item"; }
    std::uint64_t units(params const& p) const override { return p.items; }
    std::uint64_t in_flight(params const& p) const override { return p.in_flight; }
    std::uint64_t slots(params const& p) const override { return p.items; }
    std::uint64_t sockets(params const& p) const override { return p.in_flight; }
    std::string refuse(params const& p) const override {
        if (p.items >= p.in_flight) return {};
        return fmt::format("items={} cannot keep in_flight={}", p.items, p.in_flight);
    }

    pipeline::outcome expected(params const& p, std::uint64_t seed) const override {
        pipeline::outcome right;
        kernel::pictures const pictures(seed, p.side);
        kernel::thumbnailer const make_small(p.side, p.thumbnail_side);
        for (std::uint64_t i = 0; i < p.items; ++i) {
            add(right, i, make_small(pictures[i]));
        }
        return right;
    }

    std::string check(params const& p, std::uint64_t, pipeline::outcome const& right,
                      pipeline::outcome const& outcome, evidence const& seen) const override {
        if (outcome.items != right.items) {
            return fmt::format("{} items of {}", outcome.items, right.items);
        }
        if (outcome.written_bytes != right.written_bytes) {
            return fmt::format("{} bytes written, not {}", outcome.written_bytes,
                               right.written_bytes);
        }
        if (outcome.checksum != right.checksum) {
            return fmt::format("checksum {:#x} instead of {:#x}", outcome.checksum, right.checksum);
        }
        auto wrong = check_files(p, right, seen.output_folder);
        if (wrong.empty()) {
            wrong = check_durations(seen.slots, [&](auto) { return p.delay_us * 1'000; });
        }
        return wrong.empty() ? check_at_most(seen.slots, p.in_flight) : wrong;
    }

    std::string check_asked(params const& p, std::uint64_t runs, asked const& seen) const override {
        if (seen.requests != runs * p.items) {
            return fmt::format("the backend got {} requests, not {}", seen.requests,
                               runs * p.items);
        }
        if (seen.most_in_flight <= p.in_flight) return {};
        return fmt::format("{} requests were in flight at once, {} are allowed",
                           seen.most_in_flight, p.in_flight);
    }

private:
    static void add(pipeline::outcome& to, std::uint64_t i, std::span<std::byte const> file) {
        ++to.items;
        to.written_bytes += file.size();
        to.checksum += kernel::hash(i, file);
    }

    /// Every file is on disk as it should be, and no other.
    static std::string check_files(params const& p, pipeline::outcome const& right,
                                   std::string_view folder) {
        pipeline::outcome found;
        for (std::uint64_t i = 0; i < p.items; ++i) {
            auto const path = kernel::thumbnail_path(folder, i);
            std::ifstream file(path, std::ios::binary);
            if (!file) return fmt::format("{} has not been written", path);
            std::string const bytes((std::istreambuf_iterator<char>(file)), {});
            add(found, i, std::as_bytes(std::span(bytes)));
        }
        if (found != right) {
            return fmt::format("the files have {} bytes and the checksum {:#x}, not {} and {:#x}",
                               found.written_bytes, found.checksum, right.written_bytes,
                               right.checksum);
        }
        std::filesystem::directory_iterator const entries{std::filesystem::path(folder)};
        auto const files = std::distance(begin(entries), end(entries));
        if (static_cast<std::uint64_t>(files) == p.items) return {};
        return fmt::format("{} files for {} items", files, p.items);
    }
};

} // namespace

rules<pipeline> const& rules_of(std::type_identity<pipeline>) {
    static pipeline_rules const rules;
    return rules;
}

} // namespace oracle
