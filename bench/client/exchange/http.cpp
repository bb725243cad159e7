// SPDX-License-Identifier: MIT
#include "client/exchange/http.hpp"

#include "client/load/load.hpp"
#include "kernel/http.hpp"
#include "kernel/random.hpp"

#include <string>
#include <string_view>

namespace client {
namespace {

void append(std::vector<std::byte>& bytes, std::string const& text) {
    auto const more = std::as_bytes(std::span(text));
    bytes.insert(bytes.end(), more.begin(), more.end());
}

} // namespace

http::http(load const& asked, std::uint64_t number)
    : exchange(true),
      seed_(asked.seed),
      number_(number),
      pipeline_(asked.pipeline),
      body_(asked.body_bytes) {
    http::prepare();
}

void http::prepare() {
    // A GET is always the same.
    if (body_.empty() && !replies_.empty()) return;
    requests_.clear();
    replies_.clear();
    for (std::uint64_t i = 0; i < pipeline_; ++i) {
        kernel::payload(seed_, number_ << 32 | sequence_++, body_);
        std::string_view const body(reinterpret_cast<char const*>(body_.data()), body_.size());
        append(requests_, kernel::http_request(body));
        append(replies_, kernel::http_reply(body));
    }
    message_ = requests_;
    reply_ = replies_;
}

} // namespace client
