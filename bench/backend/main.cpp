// SPDX-License-Identifier: MIT
// switchyard-backend: answers each request a fixed time later. See docs/protocol.md.

#include "backend/gateway_service.hpp"
#include "backend/payload_service.hpp"
#include "backend/picture_service.hpp"
#include "backend/server.hpp"
#include "facts/table/exit_codes.hpp"
#include "facts/table/fields.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <unistd.h>

namespace {

namespace field = facts::field;

nlohmann::json report(backend::served const& seen) {
    auto const busy_ns = seen.busy_until_ns - std::min(seen.busy_from_ns, seen.busy_until_ns);
    return {{"schema", 1},
            {"requests", seen.requests},
            {"connections", seen.connections},
            {"most_in_flight", seen.most_in_flight},
            {field::cpu_ns, seen.cpu_ns},
            {"share",
             busy_ns == 0 ? 0.0 : static_cast<double>(seen.cpu_ns) / static_cast<double>(busy_ns)},
            {"late_ns", histogram::to_json(seen.late)}};
}

void write_all(int fd, std::string const& text) {
    for (std::size_t done = 0; done < text.size();) {
        auto const bytes = ::write(fd, text.data() + done, text.size() - done);
        if (bytes < 0 && errno == EINTR) continue;
        if (bytes < 0) throw std::runtime_error(fmt::format("report: {}", std::strerror(errno)));
        done += static_cast<std::size_t>(bytes);
    }
}

nlohmann::json to_json(backend::gateway_questions const& asked) {
    return {{"first", asked.first},
            {"again", asked.again},
            {"slow", asked.slow},
            {"slow_again", asked.slow_again}};
}

struct asked {
    backend::options how;
    std::uint64_t delay_us = 0;
    std::uint64_t seed = 1;
    std::uint64_t response_bytes = 1;
    std::uint64_t side = 8;
    std::uint64_t backends = 1;
    std::uint64_t slow_us = 0;
    std::uint64_t slow_every = 0;
    int report_fd = -1;
};

void add_services(CLI::App& app, asked& given) {
    auto* const fetch = app.add_subcommand("fetch", "the backend of the workload fetch");
    fetch->add_option("--response-bytes", given.response_bytes, "size of an answer")
        ->check(CLI::Range(1, 16'777'216));
    auto* const pictures = app.add_subcommand("pictures", "the backend of the workload pipeline");
    pictures->add_option("--side", given.side, "width and height of a picture, in pixels")
        ->check(CLI::Range(1, 4'096));
    auto* const gateway = app.add_subcommand("gateway", "the backends of the workload gateway");
    gateway->add_option("--backends", given.backends, "backends that share the socket")
        ->check(CLI::Range(1, 4));
    gateway
        ->add_option("--answer-bytes", given.response_bytes, "size of an answer, without its tag")
        ->check(CLI::Range(1, 16'777'216));
    gateway
        ->add_option("--slow-us", given.slow_us,
                     "microseconds before the answer to a slow question")
        ->check(CLI::Range(0, 10'000'000));
    gateway->add_option("--slow-every", given.slow_every,
                        "one question in this many requests is slow; 0: none is");
}

void add_options(CLI::App* to, asked& given) {
    to->add_option("--delay-us", given.delay_us, "microseconds before each answer")
        ->check(CLI::Range(0, 10'000'000));
    to->add_option("--seed", given.seed, "source of all randomness");
    to->add_option("--listen-fd", given.how.listen_fd, "the socket to accept connections from")
        ->required();
    to->add_option("--stop-fd", given.how.stop_fd, "stop when this is readable or at end of file")
        ->required();
    to->add_option("--report-fd", given.report_fd,
                   "write the report here; default: standard output");
}

/// Serves until it is to stop; the report.
nlohmann::json serve(asked const& given, std::string const& service) {
    if (service == "gateway") {
        backend::gateway_service provider(given.seed, given.backends, given.response_bytes,
                                          given.slow_every);
        auto seen = report(backend::serve(given.how, provider));
        seen["questions"] = to_json(provider.asked());
        return seen;
    }
    if (service == "pictures") {
        backend::picture_service provider(given.seed, given.side);
        return report(backend::serve(given.how, provider));
    }
    backend::payload_service provider(given.seed, given.response_bytes);
    return report(backend::serve(given.how, provider));
}

} // namespace

int main(int argc, char** argv) {
    asked given;
    CLI::App app{"A server that answers each request after a fixed delay."};
    app.require_subcommand(1);
    add_services(app, given);
    for (auto* const service : app.get_subcommands({})) {
        add_options(service, given);
    }
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        auto const code = app.exit(error);
        return code == 0 ? 0 : facts::exit_code::usage;
    }
    ::signal(SIGPIPE, SIG_IGN);
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    given.how.delay = std::chrono::microseconds(given.delay_us);
    given.how.late_delay = std::chrono::microseconds(given.slow_us);
    try {
        auto const seen = serve(given, app.get_subcommands().front()->get_name());
        write_all(given.report_fd < 0 ? STDOUT_FILENO : given.report_fd, seen.dump() + "\n");
        return 0;
    } catch (std::exception const& error) {
        fmt::print(stderr, "switchyard-backend: {}\n", error.what());
        return facts::exit_code::harness;
    }
}
