// SPDX-License-Identifier: MIT
#include "postgres/connection.hpp"
#include "postgres/libpq.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <span>
#include <stdexcept>

namespace postgres {
namespace {

/// A step without a name is sent as it is, the others are prepared and take the row.
struct step {
    char const* name;
    char const* sql;
};
constexpr std::array lookup{step{"lookup", "SELECT value FROM item WHERE id = $1::bigint"}};
constexpr std::array nap{step{"nap", "SELECT $1::bigint FROM pg_sleep(0.01)"}};
constexpr std::array transaction{step{nullptr, "BEGIN"},
                                 step{"change", "UPDATE item SET touched = touched + 1 "
                                                "WHERE id = $1::bigint RETURNING value"},
                                 step{nullptr, "COMMIT"}};
constexpr std::array<std::span<step const>, 3> statements{lookup, nap, transaction};

PGconn* of(void* raw) { return static_cast<PGconn*>(raw); }

[[noreturn]] void fail(PGconn* connection) {
    std::string said = pq().error_message(connection);
    said.erase(std::min(said.find('\n'), said.size())); // what follows explains at length
    throw std::runtime_error("PostgreSQL: " + (said.empty() ? "the connection is gone" : said));
}

} // namespace

connection::connection(std::string const& connection_string, bool prepare)
    : raw_(pq().connect_db(connection_string.c_str())) {
    try {
        if (pq().status(of(raw_)) != CONNECTION_OK) fail(of(raw_));
        if (prepare) prepare_all();
        if (pq().set_nonblocking(of(raw_), 1) != 0) fail(of(raw_));
    } catch (...) {
        pq().finish(of(raw_));
        throw;
    }
}

void connection::prepare_all() {
    for (auto const& steps : statements) {
        for (auto const& [name, sql] : steps) {
            if (name == nullptr) continue;
            auto* const result = pq().prepare(of(raw_), name, sql, 1, nullptr);
            auto const done = pq().result_status(result) == PGRES_COMMAND_OK;
            pq().clear(result);
            if (!done) fail(of(raw_));
        }
    }
}

connection::~connection() {
    if (raw_ != nullptr) pq().finish(of(raw_));
}

int connection::socket() const noexcept { return pq().socket(of(raw_)); }

void connection::send_step() {
    auto const& [name, sql] = statements[statement_][step_];
    std::array<char, 24> text{};
    std::to_chars(text.data(), text.data() + text.size() - 1, row_);
    char const* const values[] = {text.data()};
    auto const sent =
        name == nullptr ? pq().send_query(of(raw_), sql)
                        : pq().send_query_prepared(of(raw_), name, 1, values, nullptr, nullptr, 0);
    // A hundred bytes with nothing before them always fit the socket's buffer.
    if (sent != 1 || pq().flush(of(raw_)) != 0) fail(of(raw_));
}

void connection::take(void* result) {
    auto* const taken = static_cast<PGresult*>(result);
    auto const status = pq().result_status(taken);
    auto const has_row = status == PGRES_TUPLES_OK && pq().ntuples(taken) == 1;
    if (has_row) {
        auto const* const text = pq().get_value(taken, 0, 0);
        std::from_chars(text, text + std::strlen(text), value_);
    }
    pq().clear(taken);
    if (status != PGRES_COMMAND_OK && !has_row) fail(of(raw_));
}

void connection::start(std::uint64_t statement, std::uint64_t row) {
    statement_ = statement;
    row_ = row;
    step_ = 0;
    send_step();
}

bool connection::proceed() {
    if (pq().consume_input(of(raw_)) != 1) fail(of(raw_));
    while (pq().is_busy(of(raw_)) == 0) {
        auto* const result = pq().get_result(of(raw_));
        if (result != nullptr) {
            take(result);
            continue;
        }
        if (++step_ == statements[statement_].size()) return true;
        send_step();
    }
    return false;
}

std::uint64_t connection::run(std::uint64_t statement, std::uint64_t row) {
    start(statement, row);
    for (;;) {
        while (auto* const result = pq().get_result(of(raw_))) {
            take(result);
        }
        if (++step_ == statements[statement].size()) return value_;
        send_step();
    }
}

std::string connection::execute(std::string const& sql) {
    auto* const result = pq().exec(of(raw_), sql.c_str());
    auto const status = pq().result_status(result);
    std::string first;
    if (status == PGRES_TUPLES_OK && pq().ntuples(result) > 0) first = pq().get_value(result, 0, 0);
    pq().clear(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(of(raw_));
    return first;
}

} // namespace postgres
