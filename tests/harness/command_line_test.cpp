// SPDX-License-Identifier: MIT
// What a user sees of a model executable: describe, samples, Google Benchmark's JSON, errors.
#include "samples.hpp"

#include <algorithm>
#include <ostream>
#include <set>

namespace {

using harness::run_program;
using nlohmann::json;

json describe(std::string const& program) {
    auto const how = run_program(program, {"--describe"});
    EXPECT_EQ(how.exit_code, 0) << how.err;
    return json::parse(how.out, nullptr, false);
}

TEST(describe, has_the_fields_of_the_protocol) {
    auto const about = describe("switchyard-fixture-crasher");
    ASSERT_TRUE(about.is_object());
    EXPECT_EQ(about["schema"], 1);
    EXPECT_EQ(about["model"], "fixture-crasher");
    EXPECT_FALSE(about["summary"].get<std::string>().empty());
    for (auto const* field : {"type", "compiler", "flags", "sanitizer"}) {
        EXPECT_TRUE(about["build"][field].is_string()) << field;
    }
    for (auto const& cell : about["cells"]) {
        EXPECT_TRUE(cell["variant"].is_string());
        EXPECT_TRUE(cell["ledger"].is_object());
        EXPECT_TRUE(cell["declined"].is_null() || cell["declined"].is_string());
        EXPECT_TRUE(cell["style"] == "idiomatic" || cell["style"] == "tuned");
        EXPECT_TRUE(cell["allowance"] == "workers" || cell["allowance"] == "one_per_unit");
    }
    EXPECT_EQ(about["cells"].back()["declined"], "no patience");
}

TEST(describe, names_every_field_in_every_point) {
    std::set<std::string> const groups{"lesson", "io_bound",  "cpu_bound",
                                       "mixed",  "primitive", "self"};
    std::set<std::string> const roles{"batch", "server", "client"};
    auto const about = describe("switchyard-self");
    for (auto const& workload : about["workloads"]) {
        auto const name = workload["name"].get<std::string>();
        EXPECT_TRUE(groups.contains(workload["group"])) << name;
        EXPECT_TRUE(roles.contains(workload["role"])) << name;
        // The backend of `pipeline` mostly waits, so that the model has all CPUs.
        auto const has_other_end =
            name == "query" || (workload["role"] != "batch" && name != "pipeline");
        EXPECT_EQ(workload["other_end"], has_other_end) << name;
        for (auto const* preset : {"smoke", "quick", "full"}) {
            auto const& points = workload["presets"][preset];
            EXPECT_FALSE(points.empty()) << name << " " << preset;
            for (auto const& point : points) {
                EXPECT_EQ(point.size(), workload["fields"].size()) << name;
                for (auto const& field : workload["fields"]) {
                    auto const value = point[field["name"].get<std::string>()];
                    EXPECT_GE(value, field["least"]) << name << " " << field["name"];
                    EXPECT_LE(value, field["most"]) << name << " " << field["name"];
                }
            }
        }
    }
}

TEST(describe, gives_the_same_workloads_in_every_executable) {
    EXPECT_EQ(describe("switchyard-self")["workloads"],
              describe("switchyard-fixture-liar")["workloads"]);
}

TEST(samples, are_one_line_an_iteration_with_tags_and_numbers) {
    auto const result = harness::measure("switchyard-self", "spin",
                                         {"--iterations", "3", "--warm-up", "2", "--tag", "round=7",
                                          "--tag", "run=abc", "--seed", "9"});
    ASSERT_EQ(result.samples.size(), 5u);
    for (std::size_t i = 0; i < result.samples.size(); ++i) {
        auto const& sample = result.samples[i];
        auto const warm = i < 2;
        EXPECT_EQ(sample["warm"], warm);
        EXPECT_EQ(sample["iteration"], warm ? i : i - 2);
        EXPECT_EQ(sample["round"], 7);
        EXPECT_EQ(sample["run"], "abc");
        EXPECT_EQ(sample["seed"], 9);
        EXPECT_TRUE(harness::is_ranked(sample)) << sample;
        EXPECT_EQ(sample["point"], 0);
        EXPECT_EQ(sample["params"], (json{{"spin_us", 1'000}}));
        EXPECT_GE(sample["run_ns"], 1'000'000);
        EXPECT_GE(sample["cpu_ns"], 1);
        for (auto const* field :
             {"make_ns", "destroy_ns", "started_ns", "peak_rss_bytes", "file_rss_bytes", "threads",
              "processes", "user_ns", "system_ns"}) {
            EXPECT_TRUE(sample[field].is_number()) << field;
        }
    }
}

TEST(samples, are_appended_and_a_tag_cannot_hide_a_field) {
    harness::temporary_folder const folder;
    auto const path = folder.file("samples.jsonl");
    for (auto run = 0; run < 2; ++run) {
        auto const how =
            run_program("switchyard-self", {"--cell", "noop", "--iterations", "1", "--warm-up", "0",
                                            "--samples", path, "--tag", "verdict=bought"});
        EXPECT_EQ(how.exit_code, 0);
    }
    auto const samples = harness::read_samples(path);
    ASSERT_EQ(samples.size(), 2u);
    EXPECT_TRUE(harness::is_ranked(samples[1])) << samples[1];
}

TEST(samples, by_hand_are_point_minus_one) {
    auto const result = harness::measure("switchyard-self", "spin", {"--set", "spin_us=1500"});
    ASSERT_FALSE(result.samples.empty());
    EXPECT_EQ(result.samples[0]["point"], -1);
    EXPECT_EQ(result.samples[0]["params"]["spin_us"], 1'500);
    EXPECT_GE(result.samples[0]["run_ns"], 1'500'000);
}

TEST(google_benchmark, prints_valid_json_with_the_build_type) {
    auto const how =
        run_program("switchyard-self", {"--cell", "spin", "--preset", "smoke",
                                        "--benchmark_format=json", "--benchmark_repetitions=2"});
    EXPECT_EQ(how.exit_code, 0) << how.err;
    auto const report = json::parse(how.out, nullptr, false);
    ASSERT_TRUE(report.is_object()) << how.out;
    EXPECT_TRUE(report["context"]["switchyard_build_type"].is_string());
    EXPECT_EQ(report["context"]["switchyard_model"], "self");
    auto const& first = report["benchmarks"][0];
    EXPECT_TRUE(first["name"].get<std::string>().starts_with("self/spin/spin_us:1000"));
    EXPECT_GE(first["real_time"].get<double>(), 1'000.0);
    EXPECT_EQ(first["iterations"], 3);
    EXPECT_EQ(report["benchmarks"][1]["repetition_index"], 1);
}

TEST(google_benchmark, stays_valid_json_whatever_a_model_says) {
    auto const how =
        run_program("switchyard-fixture-crasher", {"--cell", "hash_blocks/throws", "--preset",
                                                   "smoke", "--benchmark_format=json"});
    auto const report = json::parse(how.out, nullptr, false);
    ASSERT_TRUE(report.is_object()) << how.out;
    EXPECT_EQ(report["benchmarks"][0]["error_occurred"], true);
    EXPECT_EQ(report["benchmarks"][0]["error_message"], "crashed: the fuse has blown");
}

TEST(google_benchmark, chooses_iterations_by_min_time) {
    auto const result = harness::measure("switchyard-self", "spin",
                                         {"--benchmark_min_time=0.02", "--iterations", "2"});
    EXPECT_EQ(result.how.exit_code, 0);
    auto const measured = std::count_if(result.samples.begin(), result.samples.end(),
                                        [](auto const& sample) { return sample["warm"] == false; });
    EXPECT_GT(measured, 2);
}

TEST(google_benchmark, lists_and_filters) {
    auto const how =
        run_program("switchyard-self", {"--preset", "smoke", "--benchmark_list_tests=true",
                                        "--benchmark_filter=spin"});
    EXPECT_EQ(how.exit_code, 0);
    EXPECT_NE(how.out.find("self/spin/spin_us:1000"), std::string::npos);
    EXPECT_EQ(how.out.find("noop"), std::string::npos);
}

struct bad_input {
    std::vector<std::string> arguments;
    char const* message;
};

/// The name of the test.
void PrintTo(bad_input const& given, std::ostream* out) {
    for (auto const& argument : given.arguments) {
        *out << argument << ' ';
    }
}

class usage : public testing::TestWithParam<bad_input> {};

TEST_P(usage, is_explained_in_one_line_with_the_next_step) {
    auto const how = run_program("switchyard-self", GetParam().arguments);
    EXPECT_EQ(how.exit_code, 64);
    EXPECT_TRUE(how.out.empty()) << how.out;
    EXPECT_NE(how.err.find(GetParam().message), std::string::npos) << how.err;
    EXPECT_EQ(std::count(how.err.begin(), how.err.end(), '\n'), 1) << how.err;
}

INSTANTIATE_TEST_SUITE_P(
    errors, usage,
    testing::Values(bad_input{{"--cell", "spim"}, "did you mean spin?"},
                    bad_input{{"--cell", "echo"}, "known: noop, spin"},
                    bad_input{{"--cell", "spin", "--set", "spinus=3"}, "did you mean spin_us?"},
                    bad_input{{"--cell", "spin", "--set", "spin_us=0"}, "takes 1 to 10000000"},
                    bad_input{{"--cell", "spin", "--set", "spin_us=10000001"}, "out of range"},
                    bad_input{{"--cell", "spin", "--set", "spin_us=-1"}, "not a whole number"},
                    bad_input{{"--cell", "spin", "--set", "spin_us=99999999999999999999"},
                              "not a whole number"},
                    bad_input{{"--cell", "spin", "--set", "spin_us"}, "name=value"},
                    bad_input{{"--cell", "spin", "--point", "5"}, "has the points 0 to"},
                    bad_input{{"--point", "0"}, "need --cell"},
                    bad_input{{"--preset", "smok"}, "did you mean smoke?"},
                    bad_input{{"--worker", "2"}, "did you mean --workers"},
                    bad_input{{"--workers", "0"}, "--workers"},
                    bad_input{{"--workers", "two"}, "--workers"},
                    bad_input{{"--iterations", "0"}, "--iterations"},
                    bad_input{{"--timeout", "0"}, "--timeout"},
                    bad_input{{"--cpus", "4095"}, "may not use CPU 4095"},
                    bad_input{{"--cpus", ""}, "no CPU number"},
                    bad_input{{"--tag", "round"}, "name=value"},
                    bad_input{{"--benchmark_no_such_flag=1"}, "--benchmark_no_such_flag"}));

TEST(usage, of_google_benchmark_has_the_same_exit_code) {
    for (auto const* flag : {"--benchmark_format=xml", "--benchmark_min_time=soon"}) {
        EXPECT_EQ(run_program("switchyard-self", {"--cell", "noop", flag}).exit_code, 64) << flag;
    }
}

TEST(usage, of_params_that_contradict_each_other) {
    auto const how = run_program("switchyard-fixture-liar",
                                 {"--cell", "waits/early", "--set", "shortest_us=9000000"});
    EXPECT_EQ(how.exit_code, 64);
    EXPECT_NE(how.err.find("is more than longest_us"), std::string::npos) << how.err;
}

TEST(limits, that_are_too_low_skip_the_cell_and_say_how_to_raise_them) {
    auto const how = run_program("switchyard-fixture-liar",
                                 {"--cell", "echo/boasts", "--set", "connections=100", "--set",
                                  "messages=100", "--benchmark_format=json"},
                                 100);
    EXPECT_EQ(how.exit_code, 0) << how.err;
    auto const report = json::parse(how.out, nullptr, false);
    ASSERT_TRUE(report.is_object()) << how.out;
    auto const message = report["benchmarks"][0]["error_message"].get<std::string>();
    EXPECT_TRUE(message.starts_with("skipped: 100 connections need 164")) << message;
    EXPECT_NE(message.find("ulimit"), std::string::npos) << message;
}

TEST(files, that_are_full_fail_the_harness_and_not_the_model) {
    auto const how = run_program("switchyard-self", {"--cell", "noop", "--samples", "/dev/full"});
    EXPECT_EQ(how.exit_code, 4);
    EXPECT_NE(how.err.find("No space left on device"), std::string::npos) << how.err;
}

TEST(files, that_cannot_be_opened_fail_before_anything_is_measured) {
    harness::temporary_folder const folder;
    auto const how = run_program("switchyard-self",
                                 {"--cell", "noop", "--samples", folder.file("no/such/folder")});
    EXPECT_EQ(how.exit_code, 4);
    EXPECT_NE(how.err.find("nothing was measured"), std::string::npos) << how.err;
    EXPECT_TRUE(how.out.empty());
    // A folder cannot be written even by root, whom no permission stops.
    auto const denied = run_program("switchyard-self", {"--cell", "noop", "--samples", "/"});
    EXPECT_EQ(denied.exit_code, 4);
}

} // namespace
