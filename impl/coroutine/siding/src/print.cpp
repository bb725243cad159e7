// SPDX-License-Identifier: MIT
#include "siding/detail/print.hpp"

#include <cstdio>
#include <exception>

namespace siding::detail {

void print(exception_context const& context) noexcept {
    char const* what = "";
    if (context.exception != nullptr) {
        what = "unknown exception";
        try {
            std::rethrow_exception(context.exception);
        } catch (std::exception const& error) {
            std::fprintf(stderr, "siding: %s: %s\n", context.message.c_str(), error.what());
            return;
        } catch (cancelled_error const&) {
            what = "cancelled";
        } catch (...) {
        }
    }
    std::fprintf(stderr, "siding: %s%s%s\n", context.message.c_str(), *what != '\0' ? ": " : "",
                 what);
}

} // namespace siding::detail
