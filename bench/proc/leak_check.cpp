// SPDX-License-Identifier: MIT
#include "proc/leak_check.hpp"

#include "proc/process_tree.hpp"

#include <algorithm>
#include <array>
#include <dirent.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>
#include <thread>
#include <unistd.h>

namespace proc {
namespace {

std::map<int, std::string> open_descriptors(pid_t process) {
    std::map<int, std::string> found;
    auto const folder = fmt::format("/proc/{}/fd", process);
    std::unique_ptr<DIR, int (*)(DIR*)> const entries(::opendir(folder.c_str()), &::closedir);
    if (!entries) return found;
    while (auto const* entry = ::readdir(entries.get())) {
        if (entry->d_name[0] == '.') continue;
        auto const fd = std::stoi(entry->d_name);
        if (process == ::getpid() && fd == ::dirfd(entries.get())) continue;
        std::array<char, 256> target{};
        auto const bytes =
            ::readlinkat(::dirfd(entries.get()), entry->d_name, target.data(), target.size());
        if (bytes > 0) found[fd] = std::string(target.data(), static_cast<std::size_t>(bytes));
    }
    return found;
}

template <class Container>
Container added(Container const& before, Container const& after) {
    Container difference;
    std::set_difference(after.begin(), after.end(), before.begin(), before.end(),
                        std::inserter(difference, difference.end()));
    return difference;
}

holdings added(holdings const& before, holdings const& after) {
    return {added(before.threads, after.threads), added(before.children, after.children),
            added(before.descriptors, after.descriptors)};
}

bool nothing(holdings const& h) {
    return h.threads.empty() && h.children.empty() && h.descriptors.empty();
}

/// A library may keep these for ever; children and connections it may not.
bool may_be_kept(holdings const& h) {
    return h.children.empty() &&
           std::none_of(h.descriptors.begin(), h.descriptors.end(),
                        [](auto const& fd) { return fd.second.starts_with("socket:"); });
}

std::string describe(holdings const& left) {
    std::vector<std::string> parts;
    if (!left.threads.empty()) parts.push_back(fmt::format("threads {}", left.threads));
    if (!left.children.empty()) parts.push_back(fmt::format("children {}", left.children));
    if (!left.descriptors.empty()) {
        parts.push_back(fmt::format("{} descriptors, such as {} on {}", left.descriptors.size(),
                                    left.descriptors.begin()->first,
                                    left.descriptors.begin()->second));
    }
    return fmt::format("left after destroy: {}", fmt::join(parts, "; "));
}

/// What has come since `before`, when it is nothing, or when `patience` is over: `brief` for what
/// may be kept.
holdings settle(pid_t of, holdings const& before, std::vector<pid_t> const& except,
                std::chrono::milliseconds patience, std::chrono::milliseconds brief,
                std::size_t runtime_threads) {
    using namespace std::chrono_literals;
    auto const start = std::chrono::steady_clock::now();
    for (;;) {
        // A joined thread is still in /proc for a moment, and nothing announces that it has gone.
        auto left = added(before, read_holdings(of, except));
        if (left.threads.size() <= runtime_threads) left.threads.clear();
        auto const waited = std::chrono::steady_clock::now() - start;
        if (nothing(left) || waited > (may_be_kept(left) ? brief : patience)) return left;
        std::this_thread::sleep_for(1ms);
    }
}

} // namespace

holdings read_holdings(pid_t of, std::vector<pid_t> const& except) {
    auto const threads = threads_of(of);
    auto const children = descendants(::getpid(), except);
    return {
        {threads.begin(), threads.end()}, {children.begin(), children.end()}, open_descriptors(of)};
}

std::string check_leaks(pid_t of, holdings const& before, std::vector<pid_t> const& except,
                        std::function<void()> const& again, std::chrono::milliseconds patience,
                        std::size_t runtime_threads) {
    // Waiting out the whole patience for a pool that stays would cost each process of libuv and
    // oneTBB a quarter of a second; a thread that ends later than that is in `kept`, and no leak.
    auto const left = settle(of, before, except, patience, patience / 10, runtime_threads);
    if (nothing(left)) return {};
    if (!may_be_kept(left)) return describe(left);
    auto kept = read_holdings(of, except);
    if (runtime_threads != 0) kept.threads = before.threads;
    again();
    auto const more = settle(of, kept, except, patience * 10, patience * 10, runtime_threads);
    return nothing(more) ? std::string() : describe(more);
}

} // namespace proc
