// SPDX-License-Identifier: MIT
#include "cell/options.hpp"

#include "cell/nearest.hpp"
#include "facts/errors.hpp"
#include "facts/table/exit_codes.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fmt/format.h>
#include <iostream>
#include <limits>

namespace cell {
namespace {

constexpr std::array preset_names{"smoke", "quick", "full"};

std::pair<std::string, std::string> split(std::string_view flag, std::string const& text) {
    auto const equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
        throw facts::usage_error(fmt::format("{}: '{}' is not of the form name=value", flag, text));
    }
    return {text.substr(0, equals), text.substr(equals + 1)};
}

std::optional<std::uint64_t> whole_number(std::string const& text) {
    std::uint64_t number = 0;
    auto const* const end = text.data() + text.size();
    auto const [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end) return {};
    return number;
}

/// Numbers stay numbers; all else is a string.
nlohmann::json tag_value(std::string const& text) {
    auto parsed = nlohmann::json::parse(text, nullptr, false);
    if (parsed.is_number()) return parsed;
    return text;
}

std::string unknown_flag(std::vector<std::string> const& extras, CLI::App const& app) {
    std::vector<std::string> known;
    for (auto const* option : app.get_options()) {
        known.push_back("--" + option->get_single_name());
    }
    auto const& flag = extras.front();
    return fmt::format("unknown argument '{}': {}", flag,
                       nearest(flag.substr(0, flag.find('=')), known));
}

/// Arguments that are read as text first and understood later.
struct texts {
    std::vector<std::string> set;
    std::vector<std::string> tags;
    double timeout_s = 60;
};

void declare(CLI::App& app, options& o, texts& given) {
    app.add_flag("--describe", o.describe, "print what this executable offers, as JSON");
    app.add_option("--cell", o.cell,
                   "WORKLOAD[/VARIANT] to measure; default: every supported cell");
    app.add_option("--preset", o.preset_name, "sizes to measure: smoke, quick or full")
        ->capture_default_str();
    app.add_option("--point", o.point,
                   "number of one point of the preset, from 0; default: all points");
    app.add_option("--set", given.set, "field=value, replaces a size of the point")
        ->allow_extra_args(false);
    app.add_option("--workers", o.workers,
                   "threads or processes of the model; default: one for each CPU of --cpus")
        ->check(CLI::Range(1u, 4096u));
    app.add_option("--cpus", o.cpus,
                   "CPUs for the model, as in 0,2-3; default: all but those of --client-cpus");
    app.add_option("--client-cpus", o.client_cpus,
                   "CPUs for the load generator, the backend and the database");
    auto* const address = app.add_option("--link-address", o.link_address,
                                         "address on which servers listen for an --agent");
    auto* const agent = app.add_option(
        "--agent", o.agent, "ADDRESS:PORT of the switchyard-agent that starts the load generator");
    address->needs(agent);
    agent->needs(address);
    app.add_option("--seed", o.seed, "source of all randomness")->capture_default_str();
    app.add_option("--iterations", o.iterations,
                   "iterations to measure; default: 3, and 1 for servers")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
    app.add_option("--warm-up", o.warm_up, "iterations to run first without measuring them")
        ->capture_default_str()
        ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1'000'000}));
    app.add_option("--timeout", given.timeout_s, "seconds until the watchdog ends the process")
        ->capture_default_str()
        ->check(CLI::Range(0.001, 1e6));
    app.add_option("--samples", o.samples, "append a line of JSON to this file for each iteration");
    app.add_option("--tag", given.tags, "key=value to copy into each line of --samples")
        ->allow_extra_args(false);
    app.add_flag("--audit", o.audit, "count threads and children while the model runs");
}

void read_preset(options& o) {
    auto const* const preset = std::find(preset_names.begin(), preset_names.end(), o.preset_name);
    if (preset == preset_names.end()) {
        throw facts::usage_error(
            fmt::format("--preset: unknown preset '{}': {}", o.preset_name,
                        nearest(o.preset_name, {preset_names.begin(), preset_names.end()})));
    }
    o.preset = static_cast<oracle::preset>(preset - preset_names.begin());
}

} // namespace

options parse_options(int argc, char** argv, std::string_view model) {
    options o;
    std::vector<std::string> ours;
    for (int i = argc - 1; i > 0; --i) {
        std::string const argument = argv[i];
        auto const theirs = argument.starts_with("--benchmark_") || argument.starts_with("--v=");
        (theirs ? o.for_benchmark : ours).push_back(argument);
    }
    std::reverse(o.for_benchmark.begin(), o.for_benchmark.end());

    texts given;
    CLI::App app(
        fmt::format("Measures cells of the model {}. Google Benchmark's flags (--benchmark_...) "
                    "are accepted too.",
                    model));
    declare(app, o, given);
    app.allow_extras();
    try {
        app.parse(ours);
    } catch (CLI::CallForHelp const&) {
        std::cout << app.help();
        std::exit(facts::exit_code::ok);
    } catch (CLI::ParseError const& e) {
        throw facts::usage_error(e.what());
    }
    if (auto const extras = app.remaining(); !extras.empty()) {
        throw facts::usage_error(unknown_flag(extras, app));
    }

    read_preset(o);
    for (auto const& text : given.set) {
        auto const [name, value] = split("--set", text);
        auto const number = whole_number(value);
        if (!number) {
            throw facts::usage_error(
                fmt::format("--set {}: '{}' is not a whole number of 0 or more", name, value));
        }
        o.set[name] = *number;
    }
    for (auto const& text : given.tags) {
        auto const [key, value] = split("--tag", text);
        o.tags[key] = tag_value(value);
    }
    if (o.cell.empty() && (o.point || !o.set.empty())) {
        throw facts::usage_error(
            "--point and --set need --cell: points and fields belong to a workload");
    }
    o.timeout = std::chrono::nanoseconds(static_cast<std::int64_t>(given.timeout_s * 1e9));
    return o;
}

bool has_benchmark_flag(options const& o, std::string_view flag) {
    return std::any_of(o.for_benchmark.begin(), o.for_benchmark.end(), [&](auto const& given) {
        return given.starts_with(fmt::format("--benchmark_{}=", flag));
    });
}

} // namespace cell
