// SPDX-License-Identifier: MIT
// What a build without libpq has instead of it.
#include "contract/model.hpp"
#include "postgres/connection.hpp"

namespace postgres {
namespace {

[[noreturn]] void say_so() {
    throw contract::skipped_error("libpq was not found when the suite was configured: sudo apt-get "
                                  "install libpq-dev postgresql, then configure anew");
}

} // namespace

void connection::prepare_all() {}
connection::connection(std::string const&, bool) : raw_(nullptr) { say_so(); }
connection::~connection() = default;
int connection::socket() const noexcept { return -1; }
std::uint64_t connection::run(std::uint64_t, std::uint64_t) { say_so(); }
void connection::start(std::uint64_t, std::uint64_t) { say_so(); }
bool connection::proceed() { say_so(); }
std::string connection::execute(std::string const&) { say_so(); }

} // namespace postgres
