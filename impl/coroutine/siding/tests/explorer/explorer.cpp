// SPDX-License-Identifier: MIT
#include "explorer/explorer.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

namespace explorer {
namespace {

constexpr std::size_t stack_bytes = 64 * 1024;
constexpr unsigned most_steps = 10'000;

struct pending_store {
    memory_cell* to;
    std::uint64_t value;
};

struct model_thread {
    std::function<void()> body;
    ucontext_t context{};
    std::deque<pending_store> buffer; ///< oldest first
    std::size_t issued = 0;           ///< how many of them the processor has
    memory_cell const* waits_on = nullptr;
    bool done = false;
};

/// The choices of an execution, and from them those of the next.
class choices {
public:
    unsigned choose(unsigned options) {
        if (options <= 1) return 0;
        if (position_ == made_.size()) made_.push_back({0, options});
        return made_[position_++].taken;
    }
    /// False: all have been tried.
    bool advance() {
        position_ = 0;
        while (!made_.empty() && made_.back().taken + 1 == made_.back().options) {
            made_.pop_back();
        }
        if (made_.empty()) return false;
        ++made_.back().taken;
        return true;
    }

private:
    struct choice {
        unsigned taken;
        unsigned options;
    };
    std::vector<choice> made_;
    std::size_t position_ = 0;
};

class execution {
public:
    execution(choices& c, unsigned preemptions) : choices_(c), preemptions_left_(preemptions) {}

    std::string run(program& of, std::vector<std::unique_ptr<char[]>>& stacks);

    /// Before each access of the running thread: another may go first.
    void step() {
        if (++steps_ > most_steps) throw std::runtime_error("does not come to an end");
        if (preemptions_left_ == 0) return;
        auto const others = runnable(now_);
        auto const taken = choices_.choose(static_cast<unsigned>(others.size()) + 1);
        if (taken == 0) return;
        --preemptions_left_;
        switch_to(others[taken - 1]);
    }

    std::uint64_t load(memory_cell const& from) {
        step();
        auto const& mine = threads_[now_].buffer;
        for (auto i = mine.rbegin(); i != mine.rend(); ++i) {
            if (i->to == &from) return i->value;
        }
        others_may_commit(from);
        return from.value;
    }
    void store(memory_cell& to, std::uint64_t value) {
        step();
        threads_[now_].buffer.push_back({&to, value});
    }
    std::uint64_t modify(memory_cell& cell, std::function<bool(std::uint64_t&)> const& change) {
        step();
        flush(now_, threads_[now_].buffer.size());
        others_may_commit(cell);
        auto const before = cell.value;
        auto after = before;
        if (change(after)) cell.value = after;
        return before;
    }
    void compiler_fence() { threads_[now_].issued = threads_[now_].buffer.size(); }
    void barrier_of_all() {
        step();
        for (std::size_t i = 0; i < threads_.size(); ++i) {
            flush(i, i == now_ ? threads_[i].buffer.size() : threads_[i].issued);
        }
    }
    void wait(memory_cell const& word, std::uint64_t value) {
        step();
        flush(now_, threads_[now_].buffer.size());
        others_may_commit(word);
        if (word.value != value) return;
        threads_[now_].waits_on = &word;
        leave();
    }
    void wake_one(memory_cell const& word) {
        step();
        flush(now_, threads_[now_].buffer.size());
        for (auto& each : threads_) {
            if (each.waits_on != &word) continue;
            each.waits_on = nullptr;
            return;
        }
    }

private:
    static void enter();

    std::vector<std::size_t> runnable(std::size_t except) const {
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < threads_.size(); ++i) {
            if (i != except && !threads_[i].done && threads_[i].waits_on == nullptr) {
                found.push_back(i);
            }
        }
        return found;
    }

    /// The oldest `count` stores of a thread reach memory. Where another thread has a store to the
    /// same place, which comes first is a choice.
    void flush(std::size_t of, std::size_t count) {
        auto& thread = threads_[of];
        for (; count != 0; --count) {
            auto const oldest = thread.buffer.front();
            thread.buffer.pop_front();
            if (thread.issued != 0) --thread.issued;
            others_may_commit(*oldest.to, of);
            oldest.to->value = oldest.value;
        }
    }

    /// When a store reaches memory matters to those who look at the place: it is chosen then.
    void others_may_commit(memory_cell const& place) { others_may_commit(place, now_); }
    void others_may_commit(memory_cell const& place, std::size_t except) {
        for (std::size_t i = 0; i < threads_.size(); ++i) {
            if (i == except) continue;
            for (;;) {
                auto const& buffer = threads_[i].buffer;
                auto const found = std::ranges::find(buffer, &place, &pending_store::to);
                if (found == buffer.end() || choices_.choose(2) == 0) break;
                auto const count = static_cast<std::size_t>(found - buffer.begin()) + 1;
                for (std::size_t k = 0; k < count; ++k) {
                    auto& thread = threads_[i];
                    thread.buffer.front().to->value = thread.buffer.front().value;
                    thread.buffer.pop_front();
                    if (thread.issued != 0) --thread.issued;
                }
            }
        }
    }

    void switch_to(std::size_t next) {
        auto const before = std::exchange(now_, next);
        ::swapcontext(&threads_[before].context, &threads_[next].context);
        if (!failure_.empty()) leave_for_good();
    }
    /// The running thread cannot go on: any other may, and it is no preemption.
    void leave() {
        auto const others = runnable(threads_.size());
        if (others.empty()) leave_for_good();
        switch_to(others[choices_.choose(static_cast<unsigned>(others.size()))]);
    }
    [[noreturn]] void leave_for_good() {
        ::setcontext(&main_);
        std::terminate();
    }

    choices& choices_;
    unsigned preemptions_left_;
    unsigned steps_ = 0;
    std::vector<model_thread> threads_;
    std::size_t now_ = 0;
    std::string failure_;
    ucontext_t main_{};
};

execution* running = nullptr;

void execution::enter() {
    auto& self = *running;
    try {
        self.threads_[self.now_].body();
        self.step();
        self.flush(self.now_, self.threads_[self.now_].buffer.size());
    } catch (std::exception const& error) {
        self.failure_ = error.what();
        self.leave_for_good();
    }
    self.threads_[self.now_].done = true;
    self.leave();
    std::terminate();
}

std::string execution::run(program& of, std::vector<std::unique_ptr<char[]>>& stacks) {
    auto bodies = of.threads();
    threads_.resize(bodies.size());
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        if (stacks.size() == i) stacks.push_back(std::make_unique<char[]>(stack_bytes));
        auto& thread = threads_[i];
        thread.body = std::move(bodies[i]);
        ::getcontext(&thread.context);
        thread.context.uc_stack.ss_sp = stacks[i].get();
        thread.context.uc_stack.ss_size = stack_bytes;
        ::makecontext(&thread.context, &execution::enter, 0);
    }
    running = this;
    now_ = choices_.choose(static_cast<unsigned>(threads_.size()));
    ::swapcontext(&main_, &threads_[now_].context);
    running = nullptr;
    if (!failure_.empty()) return failure_;
    for (auto const& each : threads_) {
        if (!each.done) return "sleeps for ever";
    }
    return of.verdict();
}

} // namespace

findings explore(std::function<std::unique_ptr<program>()> const& make, limits const& within) {
    findings found;
    choices tried;
    std::vector<std::unique_ptr<char[]>> stacks;
    do {
        if (found.executions == within.executions) return found;
        ++found.executions;
        auto const made = make();
        execution one(tried, within.preemptions);
        found.failure = one.run(*made, stacks);
        if (!found.failure.empty()) return found;
    } while (tried.advance());
    found.complete = true;
    return found;
}

// Without a running execution a program is being made, or looked at: memory alone.

std::uint64_t load(memory_cell const& from) {
    return running == nullptr ? from.value : running->load(from);
}
void store(memory_cell& to, std::uint64_t value) {
    if (running == nullptr) {
        to.value = value;
    } else {
        running->store(to, value);
    }
}
std::uint64_t modify(memory_cell& cell, std::function<bool(std::uint64_t&)> const& change) {
    if (running != nullptr) return running->modify(cell, change);
    auto const before = cell.value;
    auto after = before;
    if (change(after)) cell.value = after;
    return before;
}
void compiler_fence() { running->compiler_fence(); }
void barrier_of_all() { running->barrier_of_all(); }
void wait(memory_cell const& word, std::uint64_t value) { running->wait(word, value); }
void wake_one(memory_cell const& word) { running->wake_one(word); }

} // namespace explorer
