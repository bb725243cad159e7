// SPDX-License-Identifier: MIT
// switchyard-client: the load generator as a tool. See docs/protocol.md.

#include "agent/call.hpp"
#include "agent/line.hpp"
#include "client/distant_edges.hpp"
#include "client/exchange/echo.hpp"
#include "client/exchange/gateway.hpp"
#include "client/exchange/http.hpp"
#include "client/exchange/marked.hpp"
#include "client/exchange/stamped.hpp"
#include "client/load/run.hpp"
#include "client/relay.hpp"
#include "client/report.hpp"
#include "client/server_watch.hpp"
#include "facts/errors.hpp"
#include "facts/table/exit_codes.hpp"
#include "facts/table/fields.hpp"
#include "facts/verdict.hpp"
#include "histogram/interval_log.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>

namespace {

struct options {
    client::load load;
    long long timeout_s = 60;
    int server_pid = 0;
    int go_fd = -1;
    int stop_fd = -1; ///< only held: the server stops when this process has ended
    int report_fd = -1;
    int account_fd = -1; ///< on which the server accounts for itself
    int edges_fd = -1;   ///< to a relay beside the server
    std::string hdr_log;
    std::string address;
    std::string sources;
    std::string agent;
};

/// Blocks until the harness says go, by a line with the process number of the server and those of
/// the programs beside it, or by closing its end.
client::watched wait_for_go(int fd) {
    std::string line;
    for (char byte = 0; fd >= 0 && byte != '\n';) {
        auto const bytes = ::read(fd, &byte, 1);
        if (bytes < 0 && errno == EINTR) continue;
        if (bytes < 0) throw client::load_error(fmt::format("--go-fd: {}", std::strerror(errno)));
        if (bytes == 0) break;
        line += byte;
    }
    client::watched found;
    std::istringstream numbers(line);
    if (pid_t server = 0; numbers >> server) found.server = server;
    for (pid_t program = 0; numbers >> program;) {
        found.programs.push_back(program);
    }
    return found;
}

void raise_descriptor_limit(std::uint64_t connections) {
    constexpr rlim_t others = 32;
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= connections + others) return;
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, connections + others);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < connections + others) {
        throw client::load_error(fmt::format(
            "{} connections need {} descriptors and the limit is {}: raise it with ulimit -n",
            connections, connections + others, limit.rlim_max));
    }
}

void write_all(int fd, std::string const& text) {
    for (std::size_t done = 0; done < text.size();) {
        auto const bytes = ::write(fd, text.data() + done, text.size() - done);
        if (bytes < 0 && errno == EINTR) continue;
        if (bytes < 0) throw client::load_error(fmt::format("report: {}", std::strerror(errno)));
        done += static_cast<std::size_t>(bytes);
    }
}

void write_log(std::string const& path, client::measured const& seen) {
    if (path.empty()) return;
    auto const now =
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch());
    auto const length_s = static_cast<double>(seen.window_ns) * 1e-9;
    std::ofstream file(path, std::ios::app);
    file << histogram::interval_log(now.count() - length_s,
                                    {{"phase=corrected", 0, length_s, &seen.latency},
                                     {"phase=service", 0, length_s, &seen.service}});
    if (!file.flush()) throw client::load_error("cannot write " + path);
}

/// What this process itself has used since it was started: who measures the whole tree from outside
/// has it in the sum.
nlohmann::json own_life() {
    namespace field = facts::field;
    auto const used = proc::own_account().self;
    auto const to_ns = [](timeval const& time) {
        return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000u +
               static_cast<std::uint64_t>(time.tv_usec) * 1'000u;
    };
    return {{field::cpu_ns, to_ns(used.ru_utime) + to_ns(used.ru_stime)},
            {field::voluntary_switches, used.ru_nvcsw},
            {field::involuntary_switches, used.ru_nivcsw},
            {field::minor_faults, used.ru_minflt},
            {field::peak_rss_bytes, static_cast<std::uint64_t>(used.ru_maxrss) * 1'024}};
}

/// The process whose clocks are to be read, once the load may start.
client::watched wait_for_server(options const& asked) {
    auto watched = wait_for_go(asked.go_fd);
    if (!watched.server && asked.server_pid > 0) watched.server = asked.server_pid;
    return watched;
}

int exit_code_of(nlohmann::json const& report) {
    auto const verdict = facts::verdict_named(report.value(facts::field::verdict, ""));
    if (!verdict) return facts::exit_code::harness;
    return facts::is_failure(*verdict) ? facts::exit_code::failed : facts::exit_code::ok;
}

std::optional<int> account_of(options const& asked) {
    return asked.account_fd < 0 ? std::nullopt : std::optional(asked.account_fd);
}

nlohmann::json run_here(options const& asked) {
    raise_descriptor_limit(asked.load.connections);
    auto const seen = client::run_load(asked.load, [&]() -> std::unique_ptr<client::edges> {
        auto watched = wait_for_server(asked);
        if (asked.edges_fd >= 0) return std::make_unique<client::distant_edges>(asked.edges_fd);
        return std::make_unique<client::server_watch>(std::move(watched), account_of(asked));
    });
    auto report = client::report(asked.load, seen);
    report[facts::field::client]["life"] = own_life();
    write_log(asked.hdr_log, seen);
    return report;
}

int run(options const& asked) {
    auto const report = run_here(asked);
    bool const tool = asked.report_fd < 0;
    write_all(tool ? STDOUT_FILENO : asked.report_fd, report.dump(tool ? 2 : -1) + "\n");
    return exit_code_of(report);
}

/// Started by an agent: all that is said goes over the control connection.
int run_for_relay(options const& asked) {
    nlohmann::json said;
    try {
        said = {{"report", run_here(asked)}};
    } catch (client::no_route const& error) {
        said = {{"lost", error.what()}};
    } catch (client::load_error const& error) {
        said = {{"failed", error.what()}};
    }
    if (!agent::say(asked.edges_fd, said)) return facts::exit_code::harness;
    return said.contains("report") ? exit_code_of(said["report"]) : facts::exit_code::harness;
}

/// The words of this command line that a load generator on another host needs: those of the load.
std::vector<std::string> words_of_load(int argc, char** argv) {
    std::vector<std::string> words;
    for (int i = 1; i < argc; ++i) {
        std::string_view const word = argv[i];
        if (word == "--agent" || word == "--server-pid" || word.ends_with("-fd")) {
            ++i; // and its value
        } else {
            words.emplace_back(word);
        }
    }
    return words;
}

int run_relay(options const& asked, std::vector<std::string> words) {
    auto const report = client::relay({.agent = asked.agent,
                                       .load = std::move(words),
                                       .account_fd = account_of(asked),
                                       .go = [&] { return wait_for_server(asked); }});
    if (report.contains("failed")) {
        throw client::load_error(report["failed"].get<std::string>());
    }
    write_all(asked.report_fd < 0 ? STDOUT_FILENO : asked.report_fd, report.dump() + "\n");
    return report.contains("lost") ? facts::exit_code::harness : exit_code_of(report);
}

void read_addresses(options& asked) {
    if (!asked.address.empty()) {
        asked.load.address = agent::parse_address("--server-address", asked.address);
        asked.load.sources = {};
    }
    if (asked.sources.empty()) return;
    auto const plus = asked.sources.find('+');
    auto const count = plus == std::string::npos ? 0 : std::atoi(asked.sources.c_str() + plus + 1);
    if (count < 1) {
        throw facts::usage_error("--source-addresses: '" + asked.sources + "' is not FIRST+COUNT");
    }
    asked.load.sources = {agent::parse_address("--source-addresses", asked.sources.substr(0, plus)),
                          static_cast<std::uint32_t>(count)};
}

/// What every load has in common.
void add_options(CLI::App* to, options& asked) {
    to->add_option("--port", asked.load.port, "of the server")
        ->required()
        ->check(CLI::Range(1, 65'535));
    to->add_option("--server-address", asked.address, "of the server; default: 127.0.0.1");
    to->add_option("--source-addresses", asked.sources,
                   "FIRST+COUNT: addresses from which accept connects in turn");
    to->add_option("--agent", asked.agent,
                   "ADDRESS:PORT of the switchyard-agent that starts the load generator, while "
                   "this program reads the server's clocks");
    to->add_option("--connections", asked.load.connections, "how many to open")
        ->check(CLI::Range(1, 1'000'000));
    to->add_option("--messages", asked.load.messages,
                   "round trips to measure, over all connections")
        ->check(CLI::PositiveNumber);
    to->add_option("--message-bytes", asked.load.message_bytes, "size of a message")
        ->check(CLI::Range(1, 16'777'216));
    to->add_option("--seed", asked.load.seed, "source of all randomness");
    to->add_option("--rate-per-s", asked.load.rate_per_s,
                   "open loop: messages per second; 0, the default: closed loop")
        ->check(CLI::Range(0.0, 1e9))
        ->check([](std::string const& text) { // which a range lets pass
            return text.find_first_of("nN") == std::string::npos ? "" : "must be a number";
        });
    to->add_option(
          "--surge-percent", asked.load.surge_percent,
          "open loop: send the middle third of the messages at this percentage of the rate")
        ->check(CLI::Range(1, 10'000))
        ->needs("--rate-per-s");
    to->add_option("--burst", asked.load.burst,
                   "open loop: how many messages are due at the same time")
        ->check(CLI::Range(1, 10'000))
        ->needs("--rate-per-s");
    to->add_flag("--poisson", asked.load.poisson,
                 "open loop: exponential gaps between messages instead of equal ones");
    to->add_option("--warm-up", asked.load.warm_up, "round trips before the measurement starts")
        ->check(CLI::NonNegativeNumber);
    to->add_option("--timeout", asked.timeout_s, "seconds until the load is given up")
        ->check(CLI::Range(1, 86'400));
    to->add_option("--server-pid", asked.server_pid,
                   "measure the CPU time of this process and its children");
    to->add_option("--go-fd", asked.go_fd,
                   "wait here for a line with the server's process number, or for end of file");
    to->add_option("--stop-fd", asked.stop_fd,
                   "keep this descriptor open until the load has ended");
    to->add_option("--account-fd", asked.account_fd,
                   "read the server's own account of its resources from here");
    to->add_option("--report-fd", asked.report_fd,
                   "write the report here; default: standard output");
    to->add_option("--edges-fd", asked.edges_fd,
                   "ask here for the server's clocks, and write the report here");
    to->add_option("--hdr-log", asked.hdr_log, "append an HdrHistogram log to this file");
}

void add_dear_percent(CLI::App* to, client::load& asked) {
    to->add_option("--dear-percent", asked.dear_percent,
                   "share of requests that are expensive to answer")
        ->required()
        ->check(CLI::Range(0, 100));
}

void add_gateway(CLI::App* to, client::load& asked) {
    to->add_option("--backends", asked.backends, "that the gateway asks for each message")
        ->check(CLI::Range(1, 4));
    to->add_option("--answer-bytes", asked.answer_bytes, "of each backend")
        ->check(CLI::Range(1, 16'777'216));
    to->add_option("--slow-every", asked.slow_every,
                   "one message in this many has a slow backend; 0: none")
        ->required();
}

void add_http(CLI::App* to, client::load& asked) {
    to->add_option("--pipeline", asked.pipeline, "requests in each message; default: 1")
        ->check(CLI::Range(1, 256));
    to->add_option("--body-bytes", asked.body_bytes,
                   "0: send GET; otherwise POST with a body of this size")
        ->check(CLI::Range(0, 1'048'576));
}

/// A subcommand each: what is sent, and whether each message has a connection of its own.
struct protocol {
    char const* name;
    char const* meaning;
    client::exchange_maker* make_exchange;
    bool reconnect = false;
    void (*add_options)(CLI::App* to, client::load& asked) = nullptr;
};

constexpr std::array protocols{
    protocol{"echo", "load a TCP echo server", &client::make<client::echo>},
    protocol{"mixed", "echo in which some of the requests make the server compute",
             &client::make<client::marked>, false, &add_dear_percent},
    protocol{"pump", "echo of long messages", &client::make<client::stamped>},
    protocol{"held", "echo on connections that are mostly quiet", &client::make<client::echo>},
    protocol{"delay", "echo from a server that waits before each answer",
             &client::make<client::echo>},
    protocol{"accept", "echo with a new connection for each message", &client::make<client::echo>,
             true},
    protocol{"http", "send GET or POST requests to an HTTP/1.1 server", &client::make<client::http>,
             false, &add_http},
    protocol{"gateway", "send numbers to a server that asks backends",
             &client::make<client::gateway>, false, &add_gateway},
};

} // namespace

int main(int argc, char** argv) {
    options asked;
    CLI::App app{
        "Load generator: verifies every byte, and measures each reply from the time at which\n"
        "its request was due."};
    app.require_subcommand(1);
    for (auto const& each : protocols) {
        auto* const command = app.add_subcommand(each.name, each.meaning);
        add_options(command, asked);
        if (each.add_options != nullptr) each.add_options(command, asked.load);
        command->callback([&] {
            asked.load.make_exchange = each.make_exchange;
            asked.load.reconnect = each.reconnect;
        });
    }
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        auto const code = app.exit(error);
        return code == 0 ? 0 : facts::exit_code::usage;
    }
    ::signal(SIGPIPE, SIG_IGN);
    asked.load.timeout = std::chrono::seconds(asked.timeout_s);
    try {
        read_addresses(asked);
        if (!asked.agent.empty()) return run_relay(asked, words_of_load(argc, argv));
        return asked.edges_fd >= 0 ? run_for_relay(asked) : run(asked);
    } catch (facts::usage_error const& error) {
        fmt::print(stderr, "switchyard-client: {}\n", error.what());
        return facts::exit_code::usage;
    } catch (std::exception const& error) {
        fmt::print(stderr, "switchyard-client: {}\n", error.what());
        return facts::exit_code::harness;
    }
}
