// SPDX-License-Identifier: MIT
#include "execution.hpp"

#include "idle_backend.hpp"
#include "show.hpp"

#include <algorithm>

namespace differential {
namespace {

// As in asyncio_executor.py.
constexpr std::size_t line_limit = 4000;
constexpr std::int64_t start = 10;

std::string names_of(std::vector<siding::any_task> const& tasks) {
    std::string all;
    for (auto const& each : tasks) {
        all += ' ' + short_name(each);
    }
    return all;
}

} // namespace

execution::execution(program const& of, mutation fault)
    : program_(of),
      fault_(fault),
      clock_(of.tick * start),
      semaphore_(of.permits),
      bounded_(of.permits),
      barrier_(of.parties),
      queue_(of.sizes[0]),
      priority_queue_(of.sizes[1]),
      lifo_queue_(of.sizes[2]),
      loop_(std::make_unique<siding::loop>(
          siding::loop_options{.clock = &clock_, .backend = &make_idle_backend})) {
    loop_->set_exception_handler(
        [this](siding::loop&, siding::exception_context const& context) { on_exception(context); });
}

bool execution::is_full() const noexcept { return lines_.size() >= line_limit; }

void execution::trace(std::string_view source, std::string_view entry) {
    if (!open_) return;
    if (is_full()) {
        loop_->stop();
        throw cut{};
    }
    auto const task = loop_->is_running() ? siding::current_task() : siding::any_task{};
    auto const now = clock_.now().time_since_epoch().count() / program_.tick - start;
    lines_.push_back(std::to_string(now) + ' ' + (task ? task.get_name() : "-") + ' ' +
                     std::string(source) + ' ' + std::string(entry));
}

void execution::on_exception(siding::exception_context const& context) {
    auto const& message = context.message;
    if (!open_ || message.find("destroyed") != message.npos) return;
    if (message.find("never retrieved") != message.npos) {
        lost_.push_back(message.substr(0, message.find(' ')) + ' ' + show_error(context.exception));
        return;
    }
    std::size_t end = 0; // of three words
    for (int word = 0; word < 3 && end != message.npos; ++word) {
        end = message.find(' ', end + 1);
    }
    trace("handler", message.substr(0, end) + ' ' + show_error(context.exception));
}

std::string execution::next_name(char letter) { return letter + std::to_string(++names_); }

siding::duration execution::ticks(std::int64_t count) const {
    return siding::duration(count * program_.tick);
}

std::optional<siding::duration> execution::limit(operation const& op) const {
    if (!op.t) return std::nullopt;
    return ticks(*op.t);
}

text_future execution::text_at(std::size_t place) const {
    auto const found = slots_.find(place);
    return found == slots_.end() ? text_future{} : found->second.text;
}

void execution::put(std::size_t place, text_future future, siding::any_task task) {
    slot made;
    made.any = future;
    made.text = std::move(future);
    made.task = std::move(task);
    slots_[place] = std::move(made);
}

std::vector<text_future> execution::arguments(operation const& op) {
    std::vector<text_future> all;
    for (auto const& each : op.l) {
        auto one = each.is_call ? loop_->create_task(call(each.number)) : text_at(each.number);
        if (one) all.push_back(std::move(one));
    }
    return all;
}

/// See asyncio_executor.py.
void execution::cancel_in_turns(std::size_t turn) {
    bool is_last = true;
    for (auto const& each : program_.cancels) {
        is_last = is_last && each.turn <= turn;
        auto const left = loop_->all_tasks();
        if (each.turn != turn || left.empty()) continue;
        auto const& task = left[each.number % left.size()];
        trace("turn", "cancels " + short_name(task) + ' ' + show(task.cancel()));
    }
    if (!is_last) {
        loop_->call_soon([this, turn] { cancel_in_turns(turn + 1); });
    }
}

void execution::name_task() {
    auto const task = siding::current_task();
    if (task.get_name().starts_with("Task-")) task.set_name(next_name('A'));
}

siding::coroutine<std::string> execution::call(std::size_t function, siding::task_group* group) {
    name_task(); // not here: a handle in this frame would make the task hold itself
    environment around;
    if (group != nullptr) around.groups.push_back(group);
    auto const value = co_await body(program_.functions[function], around);
    co_return value ? *value : "end" + std::to_string(function);
}

siding::coroutine<execution::returned> execution::body(operations const& ops, scope around) {
    for (auto const& op : ops) {
        auto value = co_await step(op, around);
        if (value) co_return value;
    }
    co_return std::nullopt;
}

siding::coroutine<execution::returned> execution::step(operation const& op, scope around) {
    std::exception_ptr thrown;
    returned value;
    std::string result = "none";
    try {
        auto at_once = now(op, around);
        if (at_once) {
            result = *at_once;
        } else if (op.op == "return") {
            value = std::to_string(op.a);
        } else if (!op.body.empty() || op.op == "timeout" || op.op == "group" || op.op == "try" ||
                   op.op == "repeat" || op.op.starts_with("with_")) {
            value = co_await with_scope(op, around);
        } else {
            result = co_await wait(op);
        }
    } catch (...) {
        thrown = std::current_exception();
    }
    if (thrown) {
        trace(op.id, op.op + " raised " + show_error(thrown));
        std::rethrow_exception(thrown);
    }
    if (!value) trace(op.id, op.op + ' ' + result);
    co_return value;
}

std::vector<std::string> execution::run() {
    auto main = loop_->create_task(call(0), "main");
    if (!program_.cancels.empty()) {
        loop_->call_soon([this] { cancel_in_turns(0); });
    }
    std::string ended;
    try {
        ended = "returned " + loop_->run_until_complete(static_cast<text_future>(main));
    } catch (...) {
        ended = main.done() ? "raised " + show_error(std::current_exception()) : "waits for ever";
    }
    if (!is_full()) {
        trace("main", ended);
        for (int round = 0; round < 3; ++round) {
            auto left = loop_->all_tasks();
            if (left.empty()) break;
            trace("end", "cancels" + names_of(left));
            for (auto const& each : left) {
                each.cancel();
            }
            left.clear();
            loop_->run_forever();
        }
    }
    if (is_full()) {
        lines_.emplace_back("cut");
    } else if (auto const left = loop_->all_tasks(); !left.empty()) {
        lines_.push_back("left" + names_of(left));
    } else {
        main = {};
        end_futures();
        drop();
        std::ranges::sort(lost_);
        for (auto const& each : lost_) {
            lines_.push_back("lost " + each);
        }
    }
    open_ = false;
    drop();
    loop_.reset();
    return lines_;
}

/// Nobody sets them any more. A shield or gather and what it waits for hold each other until then.
void execution::end_futures() {
    for (auto const& each : futures_) {
        each.cancel();
    }
    futures_.clear();
    loop_->run_forever();
}

void execution::drop() {
    slots_.clear();
    callbacks_.clear();
    handles_.clear();
}

} // namespace differential
