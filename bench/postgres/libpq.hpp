// SPDX-License-Identifier: MIT
#pragma once

#include <libpq-fe.h>

namespace postgres {

/// The functions of libpq that are used, under its own names without the PQ.
struct libpq {
    decltype(&PQconnectdb) connectdb;
    decltype(&PQstatus) status;
    decltype(&PQerrorMessage) errorMessage;
    decltype(&PQfinish) finish;
    decltype(&PQsetnonblocking) setnonblocking;
    decltype(&PQsocket) socket;
    decltype(&PQprepare) prepare;
    decltype(&PQsendQuery) sendQuery;
    decltype(&PQsendQueryPrepared) sendQueryPrepared;
    decltype(&PQflush) flush;
    decltype(&PQconsumeInput) consumeInput;
    decltype(&PQisBusy) isBusy;
    decltype(&PQgetResult) getResult;
    decltype(&PQexec) exec;
    decltype(&PQresultStatus) resultStatus;
    decltype(&PQntuples) ntuples;
    decltype(&PQgetvalue) getvalue;
    decltype(&PQclear) clear;
};

/// Opened at the first call. Linked, it and the twenty libraries that it needs would be loaded and
/// bound at the start of each process of a model that has `query`, and would be most of what
/// `startup` measures. Throws contract::skipped_error if it is not there. Thread-safe.
[[nodiscard]] libpq const& pq();

} // namespace postgres
