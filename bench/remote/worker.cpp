// SPDX-License-Identifier: MIT
#include "remote/worker.hpp"

#include "contract/model.hpp"

#include <array>
#include <csignal>
#include <fmt/format.h>

namespace remote {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// How long a worker may take to end when its standard input has ended.
constexpr auto time_to_end = 2s;

/// A line is an outcome or a reason: what is longer is none.
constexpr std::size_t most_line_bytes = 65'536;

constexpr std::string_view greeting = "ready protocol=1";

command without_sigpipe(command const& launch) {
    // That a worker has ended is seen where its answer is read.
    ::signal(SIGPIPE, SIG_IGN);
    return launch;
}

} // namespace

worker::worker(command const& launch, std::chrono::milliseconds patience)
    : process_(without_sigpipe(launch)) {
    auto const until = clock::now() + patience;
    auto const first = receive([&] {
        if (clock::now() < until) return;
        throw std::runtime_error(
            fmt::format("the worker said nothing in {} s; it must begin with the line '{}', and "
                        "flush it (docs/worker-protocol.md)",
                        std::chrono::duration<double>(patience).count(), greeting));
    });
    if (first.text() != greeting) expect(first, greeting);
}

worker::~worker() {
    process_.end_input();
    process_.wait(owes_answer_ ? 0s : time_to_end); // while it works it does not read
}

line worker::ask(line const& request, std::string_view expected) {
    send(request);
    auto answer = receive();
    expect(answer, expected);
    return answer;
}

void worker::send(line const& request) {
    auto const text = request.text() + "\n";
    owes_answer_ = true;
    for (std::size_t done = 0; done < text.size();) {
        auto const bytes = ::write(process_.input(), text.data() + done, text.size() - done);
        if (bytes == -1 && errno == EINTR) continue;
        if (bytes == -1) throw_end();
        done += static_cast<std::size_t>(bytes);
    }
}

line worker::receive(std::function<void()> const& every_100_ms) {
    for (;;) {
        if (auto const end = unread_.find('\n'); end != std::string::npos) {
            auto parsed = line::parse(std::string_view(unread_).substr(0, end));
            unread_.erase(0, end + 1);
            owes_answer_ = parsed.verb() == "look"; // it asks in the midst of a run
            return parsed;
        }
        if (unread_.size() > most_line_bytes) {
            throw line_error(fmt::format("the worker wrote a line of more than {} bytes: '{}'",
                                         most_line_bytes, excerpt(unread_)));
        }
        if (every_100_ms && !is_readable(process_.output(), 100ms)) {
            every_100_ms();
            continue;
        }
        std::array<char, 4'096> some;
        auto const bytes = ::read(process_.output(), some.data(), some.size());
        if (bytes == -1 && errno == EINTR) continue;
        if (bytes <= 0) throw_end();
        unread_.append(some.data(), static_cast<std::size_t>(bytes));
    }
}

void worker::expect(line const& answer, std::string_view expected) {
    auto const verb = answer.verb();
    if (verb == expected) return;
    auto reason = printable(answer.rest());
    if (reason.empty()) reason = "the worker gave no reason";
    if (verb == "declined") throw contract::declined_error(reason);
    if (verb == "skipped") throw contract::skipped_error(reason);
    if (verb == "failed") throw std::runtime_error(reason);
    throw line_error(fmt::format("the worker wrote '{}' where '{}' was due; does something else "
                                 "print to its standard output?",
                                 excerpt(answer.text()), expected));
}

void worker::stop() noexcept {
    if (process_.has_ended()) return;
    if (owes_answer_) {
        process_.wait(0s);
        return;
    }
    try {
        ask(line("stop"), "stopped");
    } catch (std::exception const& e) {
        failure_ = fmt::format("when it was to stop: {}", e.what());
    }
}

void worker::check() const {
    if (!failure_.empty()) throw std::runtime_error(failure_);
}

void worker::throw_end() {
    // Its output has ended, and so it does, too, or it has closed what it was to keep open.
    throw std::runtime_error(fmt::format("the worker {}", process_.wait(time_to_end)));
}

} // namespace remote
