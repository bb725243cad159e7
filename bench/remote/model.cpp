// SPDX-License-Identifier: MIT
// The model of an executable whose cells run in a worker: what the worker says of itself.
#include "remote/host.hpp"
#include "remote/table.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <sstream>
#include <unistd.h>

namespace remote {
namespace {

constexpr auto time_to_describe = std::chrono::seconds(10);

std::string text_of(std::filesystem::path const& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

std::string last_line(std::string text) {
    while (!text.empty() && text.back() == '\n') {
        text.pop_back();
    }
    return printable(text.substr(text.rfind('\n') + 1));
}

/// `install.txt` and `build-log.txt` are written by the build (cmake/add_foreign_model.cmake).
std::unique_ptr<table> without_worker(place const& here, std::string const& why) {
    auto const install = last_line(text_of(here.folder / "install.txt"));
    auto const log = here.folder / "build-log.txt";
    if (!std::filesystem::exists(log)) {
        return std::make_unique<table>(here.name, contract::missing_part{why, install});
    }
    auto const reason = fmt::format("its build failed: {}", last_line(text_of(log)));
    auto const next = fmt::format("{}; the rest is in {}", install, log.string());
    return std::make_unique<table>(here.name, contract::missing_part{reason, next});
}

std::unique_ptr<table> read_table() {
    auto const here = own_place();
    if (::access(here.worker().c_str(), X_OK) != 0) {
        return without_worker(here, fmt::format("{} has not been built", here.worker()));
    }
    try {
        return std::make_unique<table>(
            here.name,
            output_of({.program = here.worker(), .arguments = {"--describe"}}, time_to_describe));
    } catch (start_error const& e) {
        return without_worker(here, e.what());
    } catch (std::exception const& e) {
        return table::faulty(here.name, e.what());
    }
}

} // namespace
} // namespace remote

contract::model const& the_model() noexcept {
    static auto const table = remote::read_table();
    return table->model();
}
