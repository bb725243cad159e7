// SPDX-License-Identifier: MIT
#include "siding/detail/print.hpp"

#include <cstdio>
#include <exception>

namespace siding::detail {

namespace {

void print_line(std::string const& message, char const* reason) noexcept {
    std::fputs("siding: ", stderr);
    std::fwrite(message.data(), 1, message.size(), stderr); // it may hold a NUL
    std::fprintf(stderr, "%s%s\n", *reason != '\0' ? ": " : "", reason);
}

} // namespace

void print(exception_context const& context) noexcept {
    if (context.exception == nullptr) return print_line(context.message, "");
    try {
        std::rethrow_exception(context.exception);
    } catch (std::exception const& error) {
        print_line(context.message, error.what());
    } catch (cancelled_error const&) {
        print_line(context.message, "cancelled");
    } catch (...) {
        print_line(context.message, "unknown exception");
    }
}

} // namespace siding::detail
