// SPDX-License-Identifier: MIT
// The load generator as a tool: its flags, its descriptors and what it says when it cannot start.

#include "toy_server.hpp"

#include <algorithm>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr std::size_t message_bytes = 64;

void expect_cannot(harness::ended const& ended, char const* next_step) {
    EXPECT_EQ(ended.exit_code, 4);
    EXPECT_EQ(ended.out, "");
    EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
    EXPECT_NE(ended.err.find(next_step), std::string::npos) << ended.err;
}

TEST(client_options, a_refused_connection_names_the_next_step) {
    auto const refusing = toy::listen_on_loopback(-1);
    expect_cannot(toy::run_client(refusing.port, {}).process, "start the server first");
}

TEST(client_options, too_many_connections_for_the_limit_name_the_next_step) {
    toy::server const server(message_bytes, toy::honest);
    toy::program limited("switchyard-client",
                         {"echo", "--port", std::to_string(server.port()), "--connections", "1000"},
                         [] {
                             rlimit const few{64, 64};
                             ::setrlimit(RLIMIT_NOFILE, &few);
                         });
    expect_cannot(limited.wait(), "ulimit -n");
}

TEST(client_options, a_soft_limit_is_raised) {
    toy::server const server(message_bytes, toy::honest);
    toy::program limited("switchyard-client",
                         {"echo", "--port", std::to_string(server.port()), "--connections", "200",
                          "--messages", "200"},
                         [] {
                             rlimit const low{64, 512};
                             ::setrlimit(RLIMIT_NOFILE, &low);
                         });
    auto const ended = limited.wait();
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
}

TEST(client_options, usage_errors_exit_64) {
    std::vector<std::vector<std::string>> const wrong{
        {},
        {"http"},
        {"echo"},
        {"echo", "--port", "0"},
        {"echo", "--port", "65536"},
        {"echo", "--port", "80", "--connections", "0"},
        {"echo", "--port", "80", "--connections", "-1"},
        {"echo", "--port", "80", "--messages", "0"},
        {"echo", "--port", "80", "--messages", "-5"},
        {"echo", "--port", "80", "--messages", "many"},
        {"echo", "--port", "80", "--message-bytes", "0"},
        {"echo", "--port", "80", "--rate-per-s", "-1"},
        {"echo", "--port", "80", "--rate-per-s", "inf"},
        {"echo", "--port", "80", "--rate-per-s", "nan"},
        {"echo", "--port", "80", "--warm-up", "-1"},
        {"echo", "--port", "80", "--timeout", "0"},
        {"echo", "--port", "80", "--unknown"},
        {"echo", "--port", "80", "surplus"},
    };
    for (auto const& arguments : wrong) {
        auto const ended = toy::program("switchyard-client", arguments).wait();
        EXPECT_EQ(ended.exit_code, 64) << ::testing::PrintToString(arguments) << ended.err;
        EXPECT_NE(ended.err, "");
    }
}

TEST(client_options, help_exits_0) {
    auto const ended = toy::program("switchyard-client", {"echo", "--help"}).wait();
    EXPECT_EQ(ended.exit_code, 0);
    EXPECT_NE(ended.out.find("--rate-per-s"), std::string::npos);
}

TEST(client_options, the_report_goes_to_its_descriptor_as_one_line) {
    toy::server const server(message_bytes, toy::honest);
    harness::temporary_folder const folder;
    proc::unique_fd const file(
        ::open(folder.file("report").c_str(), O_WRONLY | O_CREAT, 0600)); // inherited
    auto const ended = toy::run_client(
        server.port(), {"--messages", "10", "--report-fd", std::to_string(file.get())});
    EXPECT_EQ(ended.process.exit_code, 0);
    EXPECT_EQ(ended.process.out, "");
    auto const text = harness::read_file(folder.file("report"));
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
    EXPECT_EQ(nlohmann::json::parse(text)["received"], 10);
}

TEST(client_options, a_report_that_cannot_be_written_is_a_failure) {
    toy::server const server(message_bytes, toy::honest);
    expect_cannot(toy::run_client(server.port(), {"--report-fd", "999"}).process, "report: ");
}

/// Waits until the program has started and sleeps, or has ended.
void wait_until_idle(pid_t pid) {
    while (true) {
        auto const stat = harness::read_file("/proc/" + std::to_string(pid) + "/stat");
        auto const position = stat.rfind(')');
        if (position == std::string::npos) return;
        bool const started = stat.find("(switchyard-cli") != std::string::npos;
        if (started && (stat[position + 2] == 'S' || stat[position + 2] == 'Z')) return;
    }
}

TEST(client_options, nothing_is_connected_before_the_go) {
    for (bool const by_line : {true, false}) {
        // Until the go, the port refuses: an early connection ends the client.
        auto const refusing = toy::listen_on_loopback(-1);
        auto go = toy::make_pipe();
        toy::program client("switchyard-client",
                            {"echo", "--port", std::to_string(refusing.port), "--messages", "1",
                             "--timeout", "1", "--go-fd", std::to_string(go.read.get())});
        wait_until_idle(client.pid());
        proc::checked(::listen(refusing.socket.get(), 1), "listen");
        if (by_line) proc::checked(static_cast<int>(::write(go.write.get(), "\n", 1)), "write");
        if (!by_line) go.write.reset();
        // Connected and not served, for nobody accepts.
        auto const ended = client.wait();
        EXPECT_EQ(ended.exit_code, 1) << ended.err;
        EXPECT_EQ(nlohmann::json::parse(ended.out)["sent"], 1);
    }
}

TEST(client_options, a_go_descriptor_that_is_none_is_a_failure) {
    toy::server const server(message_bytes, toy::honest);
    expect_cannot(toy::run_client(server.port(), {"--go-fd", "999"}).process, "--go-fd");
}

TEST(client_options, the_log_has_both_histograms_and_is_appended_to) {
    toy::server const server(message_bytes, toy::honest);
    harness::temporary_folder const folder;
    auto const path = folder.file("latency.hlog");
    auto const count = [](std::string const& text, std::string const& word) {
        std::size_t found = 0;
        for (auto position = text.find(word); position != std::string::npos;
             position = text.find(word, position + 1)) {
            ++found;
        }
        return found;
    };
    for (std::size_t runs = 1; runs <= 2; ++runs) {
        auto const ended = toy::run_client(
            server.port(), {"--messages", "100", "--rate-per-s", "5000", "--hdr-log", path});
        ASSERT_EQ(ended.process.exit_code, 0) << ended.process.err;
        auto const log = harness::read_file(path);
        EXPECT_EQ(count(log, "Tag=phase=corrected,"), runs) << log;
        EXPECT_EQ(count(log, "Tag=phase=service,"), runs) << log;
        for (auto const* const which : {"latency", "service"}) {
            EXPECT_EQ(count(log, ended.report[which]["hdr"].get<std::string>() + "\n"), 1u);
        }
    }
}

TEST(client_options, a_log_that_cannot_be_written_is_a_failure) {
    toy::server const server(message_bytes, toy::honest);
    expect_cannot(toy::run_client(server.port(), {"--hdr-log", "/nowhere/latency.hlog"}).process,
                  "cannot write");
}

} // namespace
