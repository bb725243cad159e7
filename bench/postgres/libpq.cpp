// SPDX-License-Identifier: MIT
#include "postgres/libpq.hpp"

#include "contract/model.hpp"

#include <dlfcn.h>
#include <string>

namespace postgres {
namespace {

/// A function of the library, under its name.
class finder {
public:
    finder() : library_(::dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL)) {
        if (library_ == nullptr) fail();
    }
    template <class Function>
    void operator()(Function*& found, char const* name) const {
        found = reinterpret_cast<Function*>(::dlsym(library_, name));
        if (found == nullptr) fail();
    }

private:
    [[noreturn]] static void fail() {
        throw contract::skipped_error(std::string("libpq cannot be used (") + ::dlerror() +
                                      "): sudo apt-get install libpq5");
    }
    void* library_; // never closed: connections may be in use until the process ends
};

libpq open() {
    finder const find;
    libpq found{};
    find(found.connect_db, "PQconnectdb");
    find(found.status, "PQstatus");
    find(found.error_message, "PQerrorMessage");
    find(found.finish, "PQfinish");
    find(found.set_nonblocking, "PQsetnonblocking");
    find(found.socket, "PQsocket");
    find(found.prepare, "PQprepare");
    find(found.send_query, "PQsendQuery");
    find(found.send_query_prepared, "PQsendQueryPrepared");
    find(found.flush, "PQflush");
    find(found.consume_input, "PQconsumeInput");
    find(found.is_busy, "PQisBusy");
    find(found.get_result, "PQgetResult");
    find(found.exec, "PQexec");
    find(found.result_status, "PQresultStatus");
    find(found.ntuples, "PQntuples");
    find(found.get_value, "PQgetvalue");
    find(found.clear, "PQclear");
    return found;
}

} // namespace

libpq const& pq() {
    static libpq const opened = open();
    return opened;
}

} // namespace postgres
