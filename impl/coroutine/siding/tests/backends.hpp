// SPDX-License-Identifier: MIT
#pragma once

#include "siding/io/io_uring.hpp"
#include "support.hpp"

#include <string>
#include <utility>

namespace siding_test {

/// The same test on every backend: `INSTANTIATE_TEST_SUITE_P(, suite, every_backend,
/// backend_name)`.
class backend_test : public clean_test, public testing::WithParamInterface<std::string> {
protected:
    void SetUp() override {
        if (GetParam() == "io_uring") {
            if (auto const why = siding::why_no_io_uring(); !why.empty()) {
                GTEST_SKIP() << "io_uring cannot be used here: " << why;
            }
        }
        clean_test::SetUp();
    }
    void TearDown() override {
        if (!IsSkipped()) clean_test::TearDown();
    }
    template <class T>
    T run(siding::coroutine<T> main) {
        siding::loop_options options;
        if (GetParam() == "io_uring") options.backend = &siding::make_io_uring_backend;
        return siding::run(std::move(main), options);
    }
};

inline auto const every_backend = testing::Values("epoll", "io_uring");

[[nodiscard]] inline std::string backend_name(testing::TestParamInfo<std::string> const& of) {
    return of.param;
}

} // namespace siding_test
