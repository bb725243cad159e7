// SPDX-License-Identifier: MIT
#pragma once

#include <libpq-fe.h>

namespace postgres {

/// The functions of libpq that are used, without their PQ, spelt as names are here.
struct libpq {
    decltype(&PQconnectdb) connect_db;
    decltype(&PQstatus) status;
    decltype(&PQerrorMessage) error_message;
    decltype(&PQfinish) finish;
    decltype(&PQsetnonblocking) set_nonblocking;
    decltype(&PQsocket) socket;
    decltype(&PQprepare) prepare;
    decltype(&PQsendQuery) send_query;
    decltype(&PQsendQueryPrepared) send_query_prepared;
    decltype(&PQflush) flush;
    decltype(&PQconsumeInput) consume_input;
    decltype(&PQisBusy) is_busy;
    decltype(&PQgetResult) get_result;
    decltype(&PQexec) exec;
    decltype(&PQresultStatus) result_status;
    decltype(&PQntuples) ntuples;
    decltype(&PQgetvalue) get_value;
    decltype(&PQclear) clear;
};

/// Opened at the first call. Linked, it and the twenty libraries that it needs would be loaded and
/// bound at the start of each process of a model that has `query`, and would be most of what
/// `startup` measures. Throws contract::skipped_error if it is not there. Thread-safe.
[[nodiscard]] libpq const& pq();

} // namespace postgres
