// SPDX-License-Identifier: MIT
// Hosts, services, paths, arguments and environments of any bytes: a NUL is an error, and nothing
// else does harm.
#include "input.hpp"

#include "siding/siding.hpp"

#include <netdb.h>

#include <cerrno>
#include <system_error>

namespace {

bool has_null(std::string const& text) { return text.find('\0') != std::string::npos; }

siding::coroutine<> resolve(std::string host, std::string service) {
    bool const expected = has_null(host) || has_null(service);
    bool refused = false;
    siding::resolution_options numeric;
    numeric.flags = AI_NUMERICHOST | AI_NUMERICSERV; // nobody is asked
    auto asked = siding::getaddrinfo(std::move(host), std::move(service), numeric);
    try {
        for (auto const& each : co_await std::move(asked)) {
            FUZZ_EXPECT(each.family() == AF_INET || each.family() == AF_INET6);
        }
    } catch (siding::value_error const&) {
        refused = true;
    } catch (siding::resolution_error const&) {
    }
    FUZZ_EXPECT(refused == expected);
}

void make_endpoints(std::string const& host, std::string const& path) {
    try {
        auto const made = siding::endpoint::ip(host, 1);
        FUZZ_EXPECT(!has_null(host));
        FUZZ_EXPECT(siding::endpoint::ip(made.host(), 1) == made);
    } catch (siding::value_error const&) {
    }
    try {
        auto const made = siding::endpoint::path(path);
        FUZZ_EXPECT(made.host() == path);
    } catch (siding::value_error const&) {
    }
}

/// A program that is not there: what it would be given is looked at all the same.
siding::coroutine<> start(fuzz::input& from) {
    std::vector<std::string> arguments;
    arguments.emplace_back("/nonexistent/program");
    siding::subprocess::options how;
    bool expected = false;
    for (auto count = from.upto(3); count > 0; --count) {
        arguments.push_back(from.text(40));
        expected = expected || has_null(arguments.back());
    }
    if (from.upto(1) == 1) {
        how.environment.emplace();
        for (auto count = from.upto(3); count > 0; --count) {
            how.environment->push_back(from.text(40));
            expected = expected || has_null(how.environment->back());
        }
    }
    if (from.upto(3) == 3) {
        how.working_directory = from.text(40);
        expected = expected || has_null(*how.working_directory);
    }
    bool refused = false;
    auto started = siding::create_subprocess_exec(std::move(arguments), std::move(how));
    try {
        static_cast<void>(co_await std::move(started));
        FUZZ_EXPECT(false);
    } catch (siding::value_error const&) {
        refused = true;
    } catch (std::system_error const&) {
    }
    FUZZ_EXPECT(refused == expected);
}

siding::coroutine<> run(fuzz::input from) {
    auto const host = from.text(50);
    make_endpoints(host, from.text(120));
    auto resolving = resolve(host, from.text(8));
    co_await std::move(resolving);
    auto starting = start(from);
    co_await std::move(starting);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t bytes) {
    siding::run(run(fuzz::input(data, bytes)));
    return 0;
}
