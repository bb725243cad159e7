// SPDX-License-Identifier: MIT
#include "cell/build_info.hpp"
#include "cell/describe.hpp"
#include "cell/fresh_process.hpp"
#include "cell/options.hpp"
#include "cell/registry.hpp"
#include "facts/errors.hpp"
#include "facts/table/exit_codes.hpp"
#include "proc/cpus.hpp"
#include "proc/orphans.hpp"
#include "proc/placement.hpp"
#include "proc/posix.hpp"
#include "proc/watchdog.hpp"

#include <benchmark/benchmark.h>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iostream>

namespace cell {
namespace {

/// Google Benchmark ends the process, with a code of its own, when it does not like a flag.
auto in_their_hands = false;

void hand_over_flags(options const& given, char* program) {
    auto flags = given.for_benchmark;
    std::vector<char*> arguments{program};
    for (auto& flag : flags) {
        arguments.push_back(flag.data());
    }
    auto count = static_cast<int>(arguments.size());
    arguments.push_back(nullptr);
    std::atexit([] {
        if (!in_their_hands) return;
        std::fflush(nullptr);
        ::_exit(facts::exit_code::usage);
    });
    in_their_hands = true;
    benchmark::Initialize(&count, arguments.data());
    in_their_hands = false;
    if (count > 1) {
        throw facts::usage_error(fmt::format("Google Benchmark does not know '{}'", arguments[1]));
    }
}

void add_context(process_setting const& process) {
    auto const add = [](char const* key, std::string_view value) {
        benchmark::AddCustomContext(key, std::string(value));
    };
    add("switchyard_model", process.model->name);
    add("switchyard_library", process.model->library);
    add("switchyard_build_type", build::type);
    add("switchyard_compiler", build::compiler);
    add("switchyard_flags", build::flags);
    add("switchyard_sanitizer", build::sanitizer);
    add("switchyard_preset", process.given.preset_name);
    add("switchyard_seed", std::to_string(process.given.seed));
    add("switchyard_allowed_cpus", fmt::format("{}", fmt::join(process.allowed_cpus, ",")));
}

int run(int argc, char** argv) {
    if (argc > 1 && argv[1] == first_operation_flag) {
        return do_first_operation(the_model(), argc - 2, argv + 2);
    }
    process_setting process;
    process.model = &the_model();
    process.given = parse_options(argc, argv, process.model->name);
    if (!process.model->fault.empty())
        throw facts::harness_error(std::string(process.model->fault));
    if (auto const& [reason, install] = process.model->missing;
        !reason.empty() && !process.given.describe) {
        throw facts::harness_error(fmt::format("it cannot run here: {}; {}", reason, install));
    }
    if (process.given.describe) {
        std::cout << describe(*process.model).dump(1) << '\n' << std::flush;
        if (!std::cout) throw facts::harness_error("cannot write to standard output");
        return facts::exit_code::ok;
    }
    process.allowed_cpus = proc::allowed_cpus();
    hand_over_flags(process.given, argv[0]);
    register_benchmarks(process);
    process.samples = sample_file(process.given.samples);
    process.most_descriptors = proc::raise_descriptor_limit();
    // Orphans of the model's children come here, where they are counted and, if need be, killed.
    if (!proc::adopt_orphans()) {
        fmt::print(stderr,
                   "this machine refuses PR_SET_CHILD_SUBREAPER: what a model leaves behind is not "
                   "seen\n");
    }
    add_context(process);
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    // What a model has left behind was reported; here it ends.
    proc::kill_descendants();
    return process.exit_code;
}

} // namespace
} // namespace cell

int main(int argc, char** argv) {
    proc::move_heap(proc::padding_bytes());
    auto const complain = [&](char const* message, int code) {
        fmt::print(stderr, "{}: {}\n", argv[0], message);
        return code;
    };
    try {
        return cell::run(argc, argv);
    } catch (facts::usage_error const& e) {
        return complain(e.what(), facts::exit_code::usage);
    } catch (std::exception const& e) {
        return complain(e.what(), facts::exit_code::harness);
    }
}
