// SPDX-License-Identifier: MIT
#include "contract/workloads/http.hpp"
#include "kernel/http.hpp"

#include "oracle/rules.hpp"
#include "oracle/served_load.hpp"

#include <fmt/format.h>

namespace oracle {
namespace {

using contract::http;

struct http_rules final : served_load<http> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.connections = 1, .messages = 200},
                    {.connections = 8, .messages = 160, .pipeline = 5},
                    {.connections = 3, .messages = 30, .body_bytes = 100'000}};
        case preset::quick:
            return {{.connections = 1, .messages = 5'000},
                    {.connections = 64, .messages = 40'000},
                    {.connections = 64, .messages = 5'000, .pipeline = 16},
                    {.connections = 64, .messages = 20'000, .body_bytes = 4'096}};
        case preset::full:
            return {{.connections = 1, .messages = 20'000},
                    {.connections = 64, .messages = 200'000},
                    {.connections = 1'000, .messages = 200'000},
                    {.connections = 64, .messages = 20'000, .pipeline = 16},
                    {.connections = 64, .messages = 50'000, .body_bytes = 4'096},
                    {.connections = 64, .messages = 20'000, .rate_per_s = 5'000, .poisson = 1},
                    {.connections = 64, .messages = 60'000, .rate_per_s = 20'000, .poisson = 1}};
        }
        return {};
    }
    std::string_view unit() const override { return "request"; }
    std::uint64_t units(params const& p) const override { return p.messages * p.pipeline; }
    std::string refuse(params const& p) const override {
        if (p.pipeline * p.body_bytes > 16'777'216) {
            return fmt::format("pipeline={} x body_bytes={} are more than 16 MiB a message",
                               p.pipeline, p.body_bytes);
        }
        return served_load::refuse(p);
    }

    /// Without a warm-up; `check` takes what the load generator verified.
    http::outcome expected(params const& p, std::uint64_t) const override {
        return {.accepted = p.connections,
                .requests = units(p),
                .sent_bytes = units(p) * reply_bytes(p)};
    }

    std::string check(params const& p, std::uint64_t, http::outcome const& right,
                      http::outcome const& outcome, evidence const& seen) const override {
        if (!seen.client) return "the load generator saw nothing";
        auto wrong = check_connections(outcome.accepted, right.accepted, *seen.client);
        if (wrong.empty()) wrong = check_bytes(outcome.sent_bytes, right.sent_bytes, *seen.client);
        if (!wrong.empty()) return wrong;
        if (outcome.requests * reply_bytes(p) != outcome.sent_bytes) {
            return fmt::format("the model says that it answered {} requests; its {} bytes are {}",
                               outcome.requests, outcome.sent_bytes,
                               outcome.sent_bytes / reply_bytes(p));
        }
        return {};
    }

private:
    static std::uint64_t reply_bytes(params const& p) {
        return kernel::http_reply(std::string(p.body_bytes, 'x')).size();
    }
};

} // namespace

rules<http> const& rules_of(std::type_identity<http>) {
    static http_rules const rules;
    return rules;
}

} // namespace oracle
