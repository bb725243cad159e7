// SPDX-License-Identifier: MIT
// switchyard-backend: answers each request a fixed time later. See docs/protocol.md.

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
#include <memory>
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

} // namespace

int main(int argc, char** argv) {
    backend::options how;
    std::uint64_t delay_us = 0;
    std::uint64_t seed = 1;
    std::uint64_t response_bytes = 1;
    std::uint64_t side = 8;
    int report_fd = -1;
    CLI::App app{"A server that answers each request after a fixed delay."};
    app.require_subcommand(1);
    auto* const fetch = app.add_subcommand("fetch", "the backend of the workload fetch");
    fetch->add_option("--response-bytes", response_bytes, "size of an answer")
        ->check(CLI::Range(1, 16'777'216));
    auto* const pictures = app.add_subcommand("pictures", "the backend of the workload pipeline");
    pictures->add_option("--side", side, "width and height of a picture, in pixels")
        ->check(CLI::Range(1, 4'096));
    for (auto* const command : {fetch, pictures}) {
        command->add_option("--delay-us", delay_us, "microseconds before each answer")
            ->check(CLI::Range(0, 10'000'000));
        command->add_option("--seed", seed, "source of all randomness");
        command->add_option("--listen-fd", how.listen_fd, "the socket to accept connections from")
            ->required();
        command
            ->add_option("--stop-fd", how.stop_fd, "stop when this is readable or at end of file")
            ->required();
        command->add_option("--report-fd", report_fd,
                            "write the report here; default: standard output");
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
    how.delay = std::chrono::microseconds(delay_us);
    try {
        std::unique_ptr<backend::service> provider;
        if (pictures->parsed()) {
            provider = std::make_unique<backend::picture_service>(seed, side);
        } else {
            provider = std::make_unique<backend::payload_service>(seed, response_bytes);
        }
        write_all(report_fd < 0 ? STDOUT_FILENO : report_fd,
                  report(backend::serve(how, *provider)).dump() + "\n");
        return 0;
    } catch (std::exception const& error) {
        fmt::print(stderr, "switchyard-backend: {}\n", error.what());
        return facts::exit_code::harness;
    }
}
