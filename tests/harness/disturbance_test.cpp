// SPDX-License-Identifier: MIT
// Beside a program that wants the same CPU a sample is `disturbed`; and each has a pulse.
#include "proc/cpus.hpp"
#include "samples.hpp"

#include <atomic>
#include <gmock/gmock.h>
#include <thread>

namespace {

using testing::HasSubstr;

/// Keeps one CPU busy.
class hog {
public:
    explicit hog(int cpu)
        : thread_([this, cpu] {
              proc::pin_to({cpu});
              while (!stop_.load(std::memory_order_relaxed)) {
              }
          }) {}
    hog(hog const&) = delete;
    hog& operator=(hog const&) = delete;
    ~hog() {
        stop_.store(true, std::memory_order_relaxed);
        thread_.join();
    }

private:
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

TEST(disturbance, a_hog_on_its_cpu_is_seen) {
    auto const cpu = proc::allowed_cpus().front();
    harness::measured result;
    {
        hog const one(cpu);
        hog const other(cpu);
        result = harness::measure("switchyard-self", "spin",
                                  {"--set", "spin_us=300000", "--cpus", std::to_string(cpu)});
    }
    ASSERT_FALSE(result.samples.empty()) << result.how.err;
    auto const& sample = result.samples.back();
    if (sample["run_delay_ns"].is_null()) GTEST_SKIP() << "this kernel does not count run delays";
    EXPECT_EQ(result.how.exit_code, 0);
    EXPECT_EQ(sample["verdict"], "disturbed") << sample;
    EXPECT_THAT(sample["reason"].get<std::string>(), HasSubstr("waited for a CPU"));
    EXPECT_GT(sample["foreign_cpu_share"], 0.2);
    EXPECT_GT(sample["run_ns"], 0) << "what is disturbed keeps its numbers";
}

TEST(pulse, is_taken_at_both_edges) {
    auto const result = harness::measure("switchyard-self", "noop");
    ASSERT_FALSE(result.samples.empty()) << result.how.err;
    for (auto const& sample : result.samples) {
        for (auto const* edge : {"pulse_before", "pulse_after"}) {
            for (auto const* part :
                 {"arithmetic_ns", "system_calls_ns", "wake_ups_ns", "loopback_ns"}) {
                EXPECT_GT(sample[edge][part], 0) << edge << ' ' << part;
            }
        }
    }
}

} // namespace
