// SPDX-License-Identifier: MIT
#include "remote/table.hpp"

#include "oracle/all.hpp"
#include "remote/host.hpp"
#include "remote/session.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace remote {
namespace {

using nlohmann::json;

/// The maker of every cell: which one is meant, the worker that runs knows.
template <class W>
std::unique_ptr<contract::session<W>> make(typename W::params const& params,
                                           typename W::environment const& around) {
    return std::make_unique<session<W>>(running_worker().worker, params, around,
                                        running_worker().slots);
}

template <class Value>
Value word_of(json const& cell, char const* key, Value otherwise) {
    try {
        return cell.value(key, std::move(otherwise));
    } catch (json::exception const&) {
        throw std::runtime_error(
            fmt::format("--describe: \"{}\" of the cell {} is of another type", key, cell.dump()));
    }
}

contract::cell supported(std::string_view workload, contract::traits const& about) {
    contract::cell found;
    oracle::all_workloads::for_each([&]<class W>(std::type_identity<W>) {
        if (W::name != workload) return;
        if constexpr (contract::is_in_fresh_process<W>) {
            throw std::runtime_error(
                fmt::format("--describe: a worker cannot run {}, whose every start is of a process "
                            "of its own; decline it",
                            workload));
        } else {
            found = contract::supports<W>(make<W>, about);
        }
    });
    if (!found.workload.empty()) return found;
    throw std::runtime_error(
        fmt::format("--describe: there is no workload '{}'", excerpt(workload)));
}

json parse(std::string const& description) {
    auto parsed = json::parse(description, nullptr, false);
    if (!parsed.is_object() || parsed.value("protocol", json()) != 1 ||
        !parsed.value("cells", json()).is_array()) {
        throw std::runtime_error(
            fmt::format("--describe printed no object with \"protocol\": 1 and \"cells\": '{}'",
                        excerpt(description)));
    }
    return parsed;
}

} // namespace

table::table(std::string const& name) {
    model_.name = keep(name);
    model_.foreign = true;
}

table::table(std::string const& name, std::string const& description) : table(name) {
    auto const described = parse(description);
    auto const kept = [&](json const& of, char const* key, char const* otherwise = "") {
        return keep(word_of(of, key, std::string(otherwise)));
    };
    for (auto const& cell : described["cells"]) {
        auto const declined = kept(cell, "declined");
        contract::traits const about{
            .variant = kept(cell, "variant"),
            .style = word_of(cell, "style", std::string("idiomatic")) == "tuned"
                         ? contract::style::tuned
                         : contract::style::idiomatic,
            .allowance = word_of(cell, "allowance", std::string("workers")) == "one_per_unit"
                             ? contract::allowance::one_per_unit
                             : contract::allowance::workers,
            .ledger = kept(cell, "ledger"),
            .runtime_threads = word_of(cell, "runtime_threads", 0u),
            .most_iterations = word_of(cell, "iterations", contract::traits{}.most_iterations)};
        auto const workload = kept(cell, "workload");
        auto const known = supported(workload, about);
        cells_.push_back(declined.empty() ? known : contract::declined(workload, declined, about));
    }
    model_.summary = kept(described, "summary");
    model_.library = kept(described, "library");
    model_.cells = cells_;
    model_.start_host = &start_worker;
}

table::table(std::string const& name, contract::missing_part const& missing) : table(name) {
    model_.missing = {keep(std::string(missing.reason)), keep(std::string(missing.install))};
}

std::unique_ptr<table> table::faulty(std::string const& name, std::string const& why) {
    std::unique_ptr<table> made(new table(name));
    made->model_.fault = made->keep(why);
    return made;
}

std::string_view table::keep(std::string text) { return texts_.emplace_back(std::move(text)); }

} // namespace remote
