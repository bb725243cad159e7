// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <nlohmann/json.hpp>

namespace differential {
namespace {

using nlohmann::json;

template <class T>
void read(json const& from, char const* key, std::optional<T>& to) {
    if (auto const found = from.find(key); found != from.end() && !found->is_null()) {
        to = found->get<T>();
    }
}

operations read_all(json const& from);

void read_body(json const& from, char const* key, std::optional<operations>& to) {
    if (auto const found = from.find(key); found != from.end() && !found->is_null()) {
        to = read_all(*found);
    }
}

operation read_one(json const& from) {
    operation one;
    one.op = from.at("op").get<std::string>();
    one.id = std::to_string(from.at("id").get<int>());
    std::optional<std::size_t> a;
    read(from, "a", a);
    one.has_a = a.has_value();
    one.a = a.value_or(0);
    read(from, "b", one.b);
    read(from, "f", one.f);
    read(from, "t", one.t);
    one.s = from.value("s", "");
    one.keep = from.value("keep", false);
    one.again = from.value("again", false);
    for (auto const& each : from.value("l", json::array())) {
        one.l.push_back({each.at(0) == "f", each.at(1).get<std::size_t>()});
    }
    one.body = read_all(from.value("body", json::array()));
    one.finally = read_all(from.value("finally", json::array()));
    read_body(from, "on_cancel", one.on_cancel);
    read_body(from, "on_error", one.on_error);
    return one;
}

operations read_all(json const& from) {
    operations all;
    for (auto const& each : from) {
        all.push_back(read_one(each));
    }
    return all;
}

} // namespace

program parse(std::string_view line) {
    auto const from = json::parse(line);
    auto const& setting = from.at("setting");
    program made;
    made.tick = setting.at("tick").get<std::int64_t>();
    made.permits = setting.at("permits").get<std::ptrdiff_t>();
    made.parties = setting.at("parties").get<std::size_t>();
    made.sizes = setting.at("sizes").get<std::vector<std::size_t>>();
    for (auto const& each : setting.value("cancels", json::array())) {
        made.cancels.push_back({each.at(0).get<std::size_t>(), each.at(1).get<std::size_t>()});
    }
    for (auto const& each : from.at("functions")) {
        made.functions.push_back(read_all(each));
    }
    return made;
}

} // namespace differential
