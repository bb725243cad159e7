// SPDX-License-Identifier: MIT
#pragma once

#include "facts/table/fields.hpp"
#include "run_program.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace harness {

/// The lines of a samples file; each must be whole, parse and have every field.
inline std::vector<nlohmann::json> read_samples(std::string const& path) {
    std::vector<nlohmann::json> samples;
    auto const text = read_file(path);
    EXPECT_TRUE(text.empty() || text.back() == '\n') << "the last line is not ended";
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        auto const sample = nlohmann::json::parse(line, nullptr, false);
        EXPECT_TRUE(sample.is_object()) << line;
        if (!sample.is_object()) continue;
        for (auto const& field : facts::sample_fields) {
            if (field.is_of_engine) continue;
            EXPECT_TRUE(sample.contains(field.name)) << field.name << " is missing in " << line;
        }
        samples.push_back(sample);
    }
    return samples;
}

/// Right, and with numbers: a machine that runs other tests beside may disturb.
inline bool is_ranked(nlohmann::json const& sample) {
    return sample["verdict"] == "ok" || sample["verdict"] == "disturbed";
}

struct measured {
    ended how;
    std::vector<nlohmann::json> samples;

    /// Of the last sample; `ok` also for one that was disturbed.
    [[nodiscard]] std::string verdict() const {
        if (!samples.empty() && is_ranked(samples.back())) return "ok";
        return samples.empty() ? "no sample" : samples.back()["verdict"].get<std::string>();
    }
    [[nodiscard]] std::string reason() const {
        return samples.empty() ? "no sample" : samples.back()["reason"].get<std::string>();
    }
};

/// One cell with a samples file.
inline measured measure(std::string const& program, std::string const& cell,
                        std::vector<std::string> more = {}) {
    temporary_folder const folder;
    auto const path = folder.file("samples.jsonl");
    std::vector<std::string> arguments{"--cell", cell,        "--preset", "smoke",     "--point",
                                       "0",      "--samples", path,       "--workers", "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    measured result;
    result.how = run_program(program, arguments);
    result.samples = read_samples(path);
    return result;
}

} // namespace harness
