// SPDX-License-Identifier: MIT
#include "rig/rig.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <vector>

// A workload with a part of a new kind, as another contract and another header in bench/rig/parts
// would add it: nothing of bench/cell or bench/rig knows of it.
namespace novel {

struct has_bell {
    static constexpr bool is_other_end = true;
    std::string* bell = nullptr;
};

struct has_broken_bell {
    static constexpr bool is_other_end = false;
};

struct carillon {
    using environment = contract::environment<contract::has_output_folder, has_bell>;
};
struct broken_carillon {
    using environment = contract::environment<has_bell, has_broken_bell>;
};

std::string heard;
bool is_up = false;

class bell final : public rig::part {
public:
    explicit bell(has_bell& given) {
        is_up = true;
        given.bell = &heard;
    }
    ~bell() override { is_up = false; }
    [[nodiscard]] std::optional<pid_t> program() const override { return 42; }
    void go(pid_t /*measured*/, std::vector<pid_t> const& /*programs*/) override { heard += "go "; }
    void before_run() override { heard += "before "; }
    [[nodiscard]] rig::account finish() override {
        rig::account seen;
        seen.fields["strokes"] = 3;
        return seen;
    }
};

} // namespace novel

namespace rig {

template <class W>
std::unique_ptr<part> set_up(order const&, novel::has_bell& given) {
    return std::make_unique<novel::bell>(given);
}
template <class W>
std::unique_ptr<part> set_up(order const&, novel::has_broken_bell&) {
    throw std::runtime_error("cracked");
}

} // namespace rig

namespace {

namespace fs = std::filesystem;

rig::order const nothing_special{.workload = "carillon",
                                 .params = {},
                                 .seed = 7,
                                 .warm_up = 1,
                                 .timeout = std::chrono::seconds(1),
                                 .cpus = {}};

TEST(rig, makes_the_environment_out_of_the_parts_that_the_contract_names) {
    novel::heard.clear();
    fs::path folder;
    {
        rig::rig<novel::carillon> around(nothing_special, {.workers = 3, .cpus = {}, .seed = 9});
        auto const& given = around.environment();
        EXPECT_EQ(given.limits.workers, 3u);
        EXPECT_EQ(given.limits.seed, 9u);
        EXPECT_EQ(given.bell, &novel::heard);
        folder = given.output_folder;
        EXPECT_TRUE(fs::is_directory(folder));
        EXPECT_THAT(around.programs(), testing::ElementsAre(42));
        EXPECT_EQ(around.evidence({.slots = {}, .run_ns = 5}).output_folder, folder.string());
        EXPECT_EQ(around.evidence({.slots = {}, .run_ns = 5}).run_ns, 5u);

        std::ofstream(folder / "left.ppm") << "x";
        around.go(::getpid());
        around.before_run();
        EXPECT_EQ(novel::heard, "go before ");
        EXPECT_TRUE(fs::is_empty(folder));
        std::ofstream(folder / "left.ppm") << "x";
    }
    EXPECT_FALSE(novel::is_up);
    EXPECT_FALSE(fs::exists(folder));
}

TEST(rig, finishes_its_parts_until_one_of_them_is_wrong) {
    rig::rig<novel::carillon> around(nothing_special, {});
    std::vector<nlohmann::json> seen;
    around.finish([&](rig::account const& account) {
        seen.push_back(account.fields);
        return true;
    });
    EXPECT_THAT(seen, testing::ElementsAre(nlohmann::json::object(), R"({"strokes": 3})"_json));
    seen.clear();
    around.finish([&](rig::account const& account) {
        seen.push_back(account.fields);
        return false;
    });
    EXPECT_EQ(seen.size(), 1u);
}

TEST(rig, tears_down_what_is_up_when_another_part_fails) {
    EXPECT_THROW(rig::rig<novel::broken_carillon>(nothing_special, {}), std::runtime_error);
    EXPECT_FALSE(novel::is_up);
}

struct has_file_alone {
    using environment = contract::environment<contract::has_file>;
};

TEST(rig, leaves_no_name_of_a_data_file_behind) {
    auto wanted = nothing_special;
    wanted.params = {{"block_bytes", 4'096}, {"file_bytes", 3 * 4'096}, {"direct", 0}};
    rig::rig<has_file_alone> around(wanted, {});
    std::ifstream file(around.environment().file_path, std::ios::binary);
    std::string const bytes((std::istreambuf_iterator<char>(file)), {});
    EXPECT_EQ(bytes.size(), 3u * 4'096);
    struct stat about {};
    ASSERT_EQ(::stat(around.environment().file_path, &about), 0);
    EXPECT_EQ(about.st_nlink, 0u);
}

struct has_listener_and_says_that_it_waits {
    using environment = contract::server_environment;
    static constexpr bool other_end_mostly_waits = true;
};

TEST(environment, says_whether_another_program_does_a_part_of_the_work) {
    EXPECT_FALSE(contract::batch_environment::has_other_end);
    EXPECT_TRUE(contract::server_environment::has_other_end);
    EXPECT_TRUE(contract::client_environment::has_other_end);
    EXPECT_TRUE(novel::carillon::environment::has_other_end);
    EXPECT_TRUE(contract::has_other_end<contract::query>);
    EXPECT_FALSE(contract::has_other_end<contract::file_read>);
    EXPECT_FALSE(contract::has_other_end<contract::pipeline>);
    EXPECT_FALSE(contract::has_other_end<has_listener_and_says_that_it_waits>);
}

} // namespace
