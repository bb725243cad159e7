// SPDX-License-Identifier: MIT
// switchyard-database: a PostgreSQL for the workload `query`. See docs/protocol.md.

#include "database/server.hpp"
#include "facts/table/exit_codes.hpp"
#include "kernel/random.hpp"
#include "postgres/connection.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <unistd.h>

namespace {

struct options {
    std::uint64_t seed = 1;
    std::uint64_t rows = 10'000;
    std::uint64_t connections = 1;
    std::string listen; ///< an address; empty: on a Unix socket alone
    int stop_fd = -1;
    int report_fd = 1;
};

void tell(int fd, nlohmann::json message) {
    message["schema"] = 1;
    auto const line = message.dump() + "\n";
    // A line is shorter than PIPE_BUF: it goes out whole, or the harness is gone.
    [[maybe_unused]] auto const bytes = ::write(fd, line.data(), line.size());
}

void fill(postgres::connection& with, options const& asked) {
    with.execute("CREATE TABLE item (id bigint, value bigint, touched bigint DEFAULT 0)");
    constexpr std::uint64_t rows_a_statement = 10'000;
    for (std::uint64_t row = 0; row < asked.rows; row += rows_a_statement) {
        std::string sql = "INSERT INTO item (id, value) VALUES ";
        auto const end = std::min(asked.rows, row + rows_a_statement);
        for (auto i = row; i < end; ++i) {
            fmt::format_to(std::back_inserter(sql), "{}({},{})", i == row ? "" : ",", i,
                           kernel::stored_value(asked.seed, i));
        }
        with.execute(sql);
    }
    with.execute("ALTER TABLE item ADD PRIMARY KEY (id)");
    with.execute("VACUUM ANALYZE item");
}

void wait_for_end(int fd) {
    char byte = 0;
    ssize_t bytes = 0;
    do {
        bytes = ::read(fd, &byte, 1);
    } while (bytes == -1 && errno == EINTR);
}

int serve(options const& asked) {
    std::optional<database::server> server;
    try {
        server.emplace(asked.connections, asked.listen);
        auto own = postgres::connection::unprepared(server->connection_string());
        fill(own, asked);
        tell(asked.report_fd, {{"where", server->connection_string_for_models()}});
        wait_for_end(asked.stop_fd);
        tell(asked.report_fd,
             {{"touched", std::stoull(own.execute("SELECT sum(touched) FROM item"))}});
    } catch (database::no_server const& error) {
        tell(asked.report_fd, {{"skipped", error.what()}});
    } catch (std::exception const& error) {
        // The server may have been killed: that is for the model's verdict to say.
        tell(asked.report_fd, {{"failed", error.what()}});
        wait_for_end(asked.stop_fd);
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    options asked;
    bool stay = false;
    CLI::App app{
        "Starts a private PostgreSQL on a Unix socket, with the table of the workload query."};
    app.add_option("--seed", asked.seed, "source of the stored values");
    app.add_option("--rows", asked.rows, "rows in the table")->check(CLI::Range(1, 1'000'000));
    app.add_option("--connections", asked.connections, "how many clients may connect")
        ->check(CLI::Range(1, 10'000));
    app.add_option("--listen", asked.listen,
                   "also listen on this address, with a password that the report gives");
    app.add_option("--stop-fd", asked.stop_fd,
                   "when this is readable or at end of file, stop and remove everything")
        ->required();
    app.add_option("--report-fd", asked.report_fd,
                   "write the report here; default: standard output");
    app.add_flag("--stay", stay, "remain a child of the process that starts this");
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        auto const code = app.exit(error);
        return code == 0 ? 0 : facts::exit_code::usage;
    }
    ::signal(SIGPIPE, SIG_IGN);
    // Out of the harness's family: a watchdog that kills all of that must leave somebody who stops
    // the server and removes its folder. It ends when the pipe does, so with the harness.
    if (!stay) {
        auto const child = ::fork();
        if (child == -1) return facts::exit_code::harness;
        if (child != 0) ::_exit(0);
        ::setsid();
    }
    return serve(asked);
}
