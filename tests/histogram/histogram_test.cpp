// SPDX-License-Identifier: MIT
#include "histogram/histogram.hpp"

#include "histogram/base64.hpp"
#include "histogram/interval_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

namespace {

using histogram::histogram;

histogram of(std::initializer_list<std::uint64_t> values) {
    histogram h;
    for (auto const value : values) {
        h.record(value);
    }
    return h;
}

TEST(histogram_layout, every_bucket_is_at_most_half_a_percent_wide_and_they_join) {
    std::size_t previous = histogram::index_of(0);
    EXPECT_EQ(previous, 0u);
    for (std::uint64_t value = 1; value < histogram::highest_trackable; value += value / 700 + 1) {
        auto const index = histogram::index_of(value);
        auto const low = histogram::lowest_of(index);
        auto const high = histogram::highest_of(index);
        ASSERT_LE(low, value);
        ASSERT_GE(high, value);
        ASSERT_LE(static_cast<double>(high - low), 0.005 * static_cast<double>(low)) << value;
        ASSERT_EQ(histogram::index_of(low), index);
        ASSERT_EQ(histogram::index_of(high), index);
        ASSERT_EQ(histogram::index_of(high + 1), index + 1);
        ASSERT_GE(index, previous);
        previous = index;
    }
}

TEST(histogram_values, quantiles_are_those_of_the_sorted_data_within_a_bucket) {
    std::mt19937_64 random(5);
    std::lognormal_distribution<double> draw(11, 1.5);
    std::vector<std::uint64_t> all;
    histogram h;
    for (int i = 0; i < 20'000; ++i) {
        all.push_back(static_cast<std::uint64_t>(draw(random)));
        h.record(all.back());
    }
    std::sort(all.begin(), all.end());
    for (auto const q : {0.0, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
        auto const place =
            static_cast<std::size_t>(std::max(1.0, std::ceil(q * static_cast<double>(all.size()))));
        auto const exact = static_cast<double>(all[place - 1]);
        EXPECT_NEAR(static_cast<double>(h.value_at(q)), exact, 0.001 * exact + 1) << q;
    }
    EXPECT_EQ(h.max(), all.back());
    EXPECT_EQ(h.min(), all.front());
}

TEST(histogram_values, nothing_recorded_is_all_zero) {
    histogram const h;
    EXPECT_EQ(h.count(), 0u);
    EXPECT_EQ(h.min(), 0u);
    EXPECT_EQ(h.max(), 0u);
    EXPECT_EQ(h.mean(), 0.0);
    EXPECT_EQ(h.value_at(0.5), 0u);
}

TEST(histogram_values, longer_than_an_hour_is_counted_and_the_maximum_stays_exact) {
    auto const h = of({histogram::highest_trackable * 3});
    EXPECT_EQ(h.count(), 1u);
    EXPECT_EQ(h.max(), histogram::highest_trackable * 3);
}

TEST(histogram_values, merging_is_recording_both) {
    auto a = of({1, 500, 70'000});
    a.merge(of({3, 9'000'000}));
    auto const both = of({1, 3, 500, 70'000, 9'000'000});
    EXPECT_EQ(a.counts(), both.counts());
    EXPECT_EQ(a.count(), 5u);
    EXPECT_EQ(a.min(), 1u);
    EXPECT_EQ(a.max(), 9'000'000u);
    EXPECT_DOUBLE_EQ(a.mean(), both.mean());
}

TEST(histogram_encoding, a_round_trip_keeps_every_bucket) {
    histogram h;
    std::mt19937_64 random(1);
    for (int i = 0; i < 5'000; ++i) {
        h.record(random() % histogram::highest_trackable >> (random() % 40));
    }
    for (int i = 0; i < 300; ++i) {
        h.record(77);
    }
    auto const text = h.encode_base64();
    EXPECT_THAT(text, testing::StartsWith("HISTFAAA"));
    auto const back = histogram::decode_base64(text);
    EXPECT_EQ(back.counts(), h.counts());
    EXPECT_EQ(back.count(), h.count());
}

TEST(histogram_encoding, an_empty_one_is_legal) {
    auto const back = histogram::decode_base64(histogram().encode_base64());
    EXPECT_EQ(back.count(), 0u);
}

TEST(histogram_encoding, what_is_no_histogram_is_refused) {
    auto const text = of({1, 2, 3}).encode_base64();
    EXPECT_THROW(static_cast<void>(histogram::decode_base64("")), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(histogram::decode_base64("HIST")), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(histogram::decode_base64("no base64 *")), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(histogram::decode_base64(text.substr(0, 40))),
                 std::invalid_argument);
    auto broken = text;
    broken[20] = broken[20] == 'A' ? 'B' : 'A';
    EXPECT_THROW(static_cast<void>(histogram::decode_base64(broken)), std::invalid_argument);
}

TEST(histogram_summary, a_quantile_of_too_few_operations_is_null) {
    histogram h;
    for (int i = 0; i < 1'999; ++i) {
        h.record(1'000);
    }
    EXPECT_TRUE(to_json(h)["p99_ns"].is_null());
    h.record(1'000);
    EXPECT_EQ(to_json(h)["p99_ns"], 1'000);
    EXPECT_TRUE(to_json(h)["p999_ns"].is_null());
    EXPECT_TRUE(to_json(of({5}))["p50_ns"].is_null());
    EXPECT_EQ(to_json(of({5}))["max_ns"], 5);
    EXPECT_TRUE(to_json(histogram())["max_ns"].is_null());
}

TEST(histogram_log, rows_carry_tags_and_payloads_that_decode) {
    auto const h = of({2'000'000});
    auto const text = ::histogram::interval_log(1.5, {{"model=fiber", 0, 2.25, &h}});
    EXPECT_THAT(text, testing::StartsWith("#[Histogram log format version 1.2]\n"));
    EXPECT_THAT(text, testing::HasSubstr("\nTag=model=fiber,0.000,2.250,2.000,HISTFAAA"));
    EXPECT_THROW(static_cast<void>(::histogram::interval_log(0, {{"a,b", 0, 1, &h}})),
                 std::invalid_argument);
}

TEST(histogram_log, the_percentile_text_ends_at_the_maximum) {
    auto const text = ::histogram::percentile_text(of({1'000, 2'000, 3'000, 4'000}));
    EXPECT_THAT(text,
                testing::HasSubstr("       2.000     0.500000            2             2.00\n"));
    EXPECT_THAT(text, testing::HasSubstr("       4.000     1.000000            4\n"));
}

TEST(base64, is_that_of_rfc_4648) {
    for (auto const& [plain, text] : {std::pair<std::string, std::string>{"", ""},
                                      {"f", "Zg=="},
                                      {"fo", "Zm8="},
                                      {"foo", "Zm9v"},
                                      {"foobar", "Zm9vYmFy"}}) {
        std::vector<std::uint8_t> const bytes(plain.begin(), plain.end());
        EXPECT_EQ(::histogram::to_base64(bytes), text);
        EXPECT_EQ(::histogram::from_base64(text), bytes);
    }
}

} // namespace
