// SPDX-License-Identifier: MIT
// Text that holds a NUL, which an interface of C would cut there: an error that names it, in every
// function that passes text on.
#include "backends.hpp"

#include <fcntl.h>

#include <filesystem>
#include <functional>
#include <utility>

using namespace siding_test;
using namespace std::string_literals;

namespace {

class texts : public backend_test {};
INSTANTIATE_TEST_SUITE_P(, texts, every_backend, backend_name);

siding::coroutine<> no_handler(siding::stream_reader, siding::stream_writer) { co_return; }

template <class T>
siding::coroutine<> forget(siding::coroutine<T> call) {
    static_cast<void>(co_await std::move(call));
}

siding::coroutine<> exec(std::vector<std::string> arguments, siding::subprocess::options how = {}) {
    return forget(siding::create_subprocess_exec(std::move(arguments), std::move(how)));
}

siding::coroutine<> exec_with(void (*change)(siding::subprocess::options&)) {
    siding::subprocess::options how;
    change(how);
    std::vector<std::string> arguments;
    arguments.emplace_back("true");
    return exec(std::move(arguments), std::move(how));
}

siding::coroutine<> exec_argument(std::string program, std::string argument) {
    std::vector<std::string> arguments;
    arguments.push_back(std::move(program));
    arguments.push_back(std::move(argument));
    return exec(std::move(arguments));
}

/// What is to be named in the error, and a call with text that holds a NUL.
struct entry {
    char const* name;
    std::function<siding::coroutine<>()> call;
};

std::vector<entry> const entries{
    {"host", [] { return forget(siding::getaddrinfo("127.0.0.1\0.example"s, "80")); }},
    {"service", [] { return forget(siding::getaddrinfo("127.0.0.1", "80\0"s)); }},
    {"host", [] { return forget(siding::open_connection("127.0.0.1\0.example"s, 1)); }},
    {"host", [] { return forget(siding::start_server(no_handler, "127.0.0.1\0x"s)); }},
    {"path", [] { return forget(siding::open_unix_connection("a socket\0x"s)); }},
    {"path", [] { return forget(siding::start_unix_server(no_handler, "a socket\0x"s)); }},
    {"path", [] { return forget(siding::file::open("a file\0x"s, O_CREAT | O_WRONLY)); }},
    {"argument", [] { return exec_argument("echo\0x"s, "x"); }},
    {"argument", [] { return exec_argument("echo", "safe\0dropped"s); }},
    {"argument", [] { return forget(siding::create_subprocess_shell("true\0x"s)); }},
    {"directory",
     [] {
         return exec_with(
             [](siding::subprocess::options& how) { how.working_directory = "/\0x"s; });
     }},
    {"environment",
     [] {
         return exec_with([](siding::subprocess::options& how) { how.environment = {"A=1\0x"s}; });
     }},
    {"host",
     []() -> siding::coroutine<> {
         static_cast<void>(siding::endpoint::ip("127.0.0.1\0x"s, 80));
         co_return;
     }},
    {"path",
     []() -> siding::coroutine<> {
         static_cast<void>(siding::endpoint::path("a socket\0x"s));
         co_return;
     }},
};

siding::coroutine<> try_all() {
    int number = 0;
    for (auto const& each : entries) {
        SCOPED_TRACE(testing::Message() << "entry " << number++ << ", " << each.name);
        std::string said;
        try {
            auto called = each.call();
            co_await std::move(called);
        } catch (siding::value_error const& error) {
            said = error.what();
        }
        EXPECT_EQ(said, "embedded null byte in the "s + each.name);
    }
}

TEST_P(texts, that_hold_a_null_byte_are_errors_that_name_them) {
    auto const folder = std::filesystem::temp_directory_path() /
                        ("siding-text-" + std::to_string(::getpid()) + '-' + GetParam());
    std::filesystem::create_directories(folder);
    auto const before = std::filesystem::current_path();
    std::filesystem::current_path(folder);
    run(try_all());
    EXPECT_TRUE(std::filesystem::is_empty(folder)) << "something was made of the part before it";
    std::filesystem::current_path(before);
    std::filesystem::remove_all(folder);
}

TEST_P(texts, that_name_an_abstract_socket_may_hold_null_bytes) {
    auto const name = "\0siding\0"s + std::to_string(::getpid()) + GetParam();
    EXPECT_EQ(siding::endpoint::path(name).host(), name);
}

} // namespace
