// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <utility>

/// libpq as the models use it, so that no model has a better copy: it sends, takes in and decides
/// nothing about when; waiting is each model's own. Built without libpq, a connection says so.
namespace postgres {

/// One connection with its prepared statements. Not thread-safe; made and used in one process.
class connection {
public:
    /// Connects and prepares, blocking. Throws contract::skipped_error if this was built without
    /// libpq, std::runtime_error with the server's words otherwise.
    explicit connection(std::string const& connection_string)
        : connection(connection_string, true) {}
    /// For the harness, before there is a table: without the prepared statements.
    static connection unprepared(std::string const& connection_string) {
        return {connection_string, false};
    }
    connection(connection&& other) noexcept
        : raw_(std::exchange(other.raw_, nullptr)),
          statement_(other.statement_),
          step_(other.step_),
          row_(other.row_),
          value_(other.value_) {}
    connection& operator=(connection&&) = delete;
    ~connection();

    /// To wait for, readable; it stays the same for the life of the connection.
    [[nodiscard]] int socket() const noexcept;

    /// Runs `statement` of the workload `query` for `row`, blocking. Its value.
    std::uint64_t run(std::uint64_t statement, std::uint64_t row);

    /// The same in halves, without blocking: `start`, then `proceed` each time that the socket is
    /// readable, until it says true; then `value`. `proceed` takes in all that there is, but not
    /// an end of file behind it: an edge-triggered poller must come back for that. Both throw
    /// std::runtime_error with the server's words.
    void start(std::uint64_t statement, std::uint64_t row);
    [[nodiscard]] bool proceed();
    [[nodiscard]] std::uint64_t value() const noexcept { return value_; }

    /// For the harness: any SQL, blocking. The first column of the first row, "" if there is none.
    std::string execute(std::string const& sql);

private:
    connection(std::string const& connection_string, bool prepare);
    void prepare_all();
    void send_step();
    void take(void* result);

    void* raw_;
    std::uint64_t statement_ = 0;
    unsigned step_ = 0;
    std::uint64_t row_ = 0;
    std::uint64_t value_ = 0;
};

} // namespace postgres
