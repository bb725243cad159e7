// SPDX-License-Identifier: MIT
// The operations that may wait, but for those around a body.
#include "execution.hpp"
#include "show.hpp"

#include <algorithm>

namespace differential {
namespace {

std::string const nothing = "none";

/// See asyncio_wait.py.
std::vector<text_future> at_most_one_done(std::vector<text_future> futures) {
    bool is_first = true;
    std::erase_if(futures, [&](text_future const& each) {
        return each.done() && !std::exchange(is_first, false);
    });
    return futures;
}

} // namespace

siding::coroutine<std::string> execution::wait(operation const& op) {
    if (op.op == "sleep") {
        if (fault_ == mutation::eager_yield && *op.t == 0) co_return nothing;
        co_await siding::sleep(ticks(*op.t));
        co_return nothing;
    }
    if (op.op == "call") co_return co_await call(*op.f);
    if (op.op == "await") co_return co_await wait_await(op);
    if (op.op == "gather") co_return co_await wait_gather(op);
    if (op.op == "wait") co_return co_await wait_many(op);
    if (op.op == "as_completed") co_return co_await wait_as_completed(op);
    if (op.op == "wait_for" || op.op == "shield") co_return co_await wait_future(op);
    if (op.op == "put" || op.op == "get" || op.op == "join") {
        if (op.a == 0) co_return co_await wait_queue(op, queue_);
        if (op.a == 1) co_return co_await wait_queue(op, priority_queue_);
        co_return co_await wait_queue(op, lifo_queue_);
    }
    co_return co_await wait_primitive(op);
}

siding::coroutine<std::string> execution::wait_await(operation const& op) {
    auto const found = slots_.find(op.a);
    if (found == slots_.end()) co_return nothing;
    auto const awaited = found->second; // the slot may get another future meanwhile
    if (awaited.text) co_return co_await awaited.text;
    if (awaited.list) {
        auto const& list = co_await awaited.list;
        co_return show(list);
    }
    auto const& outcomes = co_await awaited.outcomes;
    co_return show(outcomes);
}

siding::coroutine<std::string> execution::wait_gather(operation const& op) {
    std::vector<child> children;
    for (auto const& each : op.l) {
        auto future = each.is_call ? text_future{} : text_at(each.number);
        if (each.is_call) {
            children.emplace_back(call(each.number));
        } else if (future) {
            children.emplace_back(std::move(future));
        }
    }
    if (fault_ == mutation::reversed_gather) std::ranges::reverse(children);
    slot made;
    if (op.keep) {
        made.outcomes = siding::gather(siding::return_exceptions, std::move(children));
        made.any = made.outcomes;
    } else {
        made.list = siding::gather(std::move(children));
        made.any = made.list;
    }
    children.clear();
    if (op.has_a) {
        slots_[op.a] = std::move(made);
        co_return nothing;
    }
    if (op.keep) {
        auto const& outcomes = co_await made.outcomes;
        co_return show(outcomes);
    }
    auto const& list = co_await made.list;
    co_return show(list);
}

siding::coroutine<std::string> execution::wait_many(operation const& op) {
    auto const futures = at_most_one_done(arguments(op));
    auto const mode = op.a == 0   ? siding::FIRST_COMPLETED
                      : op.a == 1 ? siding::FIRST_EXCEPTION
                                  : siding::ALL_COMPLETED;
    auto const sorted = co_await siding::wait(futures, limit(op), mode);
    std::vector<std::string> done;
    for (std::size_t i = 0; i < futures.size(); ++i) {
        if (std::ranges::find(sorted.done, futures[i]) != sorted.done.end()) {
            done.push_back(std::to_string(i));
        }
    }
    co_return "done " + show(done);
}

siding::coroutine<std::string> execution::wait_as_completed(operation const& op) {
    auto in_order = siding::as_completed(at_most_one_done(arguments(op)), limit(op));
    while (in_order.remaining() != 0) {
        std::string line;
        std::exception_ptr cancelled;
        try {
            auto next = in_order.next();
            line = "next " + co_await std::move(next);
        } catch (siding::cancelled_error const&) {
            cancelled = std::current_exception();
        } catch (...) {
            line = "next raised " + show_error(std::current_exception());
        }
        if (cancelled) std::rethrow_exception(cancelled);
        trace(op.id, line);
    }
    co_return nothing;
}

siding::coroutine<std::string> execution::wait_future(operation const& op) {
    if (op.op == "wait_for" && op.f) {
        auto limited = siding::wait_for(call(*op.f), limit(op));
        co_return co_await std::move(limited);
    }
    auto const future = text_at(op.a);
    if (!future) co_return nothing;
    if (op.op == "wait_for") {
        auto limited = siding::wait_for(future, limit(op));
        co_return co_await std::move(limited);
    }
    auto const outer = siding::shield(future);
    if (!op.b) co_return co_await outer;
    put(*op.b, outer);
    co_return nothing;
}

siding::coroutine<std::string> execution::wait_primitive(operation const& op) {
    if (op.op == "acquire") {
        co_await locks_.at(op.a).acquire();
    } else if (op.op == "event_wait") {
        co_await event_->wait();
    } else if (op.op == "condition_acquire") {
        co_await condition_.acquire();
    } else if (op.op == "condition_wait") {
        co_await condition_.wait();
    } else if (op.op == "condition_wait_for") {
        auto const enough = [this, &op] { return score_ >= op.a; };
        static_cast<void>(co_await condition_.wait_for(enough));
    } else if (op.op == "semaphore_acquire") {
        if (op.a == 0) {
            co_await semaphore_.acquire();
        } else {
            co_await bounded_.acquire();
        }
    } else if (op.op == "barrier_wait") {
        co_return std::to_string(co_await barrier_.wait());
    } else if (op.op == "barrier_reset") {
        co_await barrier_.reset();
    } else if (op.op == "barrier_abort") {
        co_await barrier_.abort();
    } else {
        throw std::logic_error("unknown operation " + op.op);
    }
    co_return nothing;
}

template <class Queue>
siding::coroutine<std::string> execution::wait_queue(operation const& op, Queue& queue) {
    if (op.op == "put") {
        co_await queue.put(*op.b);
    } else if (op.op == "get") {
        auto const item = co_await queue.get();
        co_return std::to_string(item);
    } else {
        co_await queue.join();
    }
    co_return nothing;
}

} // namespace differential
