// SPDX-License-Identifier: MIT
// What is awaited ends before those who await it, or the loop before all of them: whatever can be
// awaited, on both backends. The address sanitizer sees what nobody else would.
#include "lifetime/subjects.hpp"

#include <algorithm>
#include <tuple>

using namespace siding_test;

namespace {

struct kind {
    std::string name;
    std::unique_ptr<subject> (*make)();
};

template <class Subject>
[[nodiscard]] kind kind_of() {
    std::string name = *Subject::awaits.begin();
    std::ranges::replace(name, '.', '_');
    return {std::move(name),
            []() -> std::unique_ptr<subject> { return std::make_unique<Subject>(); }};
}

template <class... Subject>
[[nodiscard]] std::vector<kind> kinds_of() {
    return {kind_of<Subject>()...};
}

auto const kinds =
    kinds_of<sleep_subject, future_subject, settled_subject, task_subject, gather_subject,
             shield_subject, wait_subject, wait_for_subject, timeout_subject, as_completed_subject,
             task_group_subject, event_subject, lock_subject, scoped_lock_subject,
             semaphore_subject, scoped_semaphore_subject, bounded_semaphore_subject,
             condition_subject, condition_predicate_subject, condition_lock_subject,
             shared_lock_subject, barrier_subject, barrier_reset_subject, barrier_abort_subject,
             get_subject<siding::queue<int>>, get_subject<siding::priority_queue<int>>,
             get_subject<siding::lifo_queue<int>>, put_subject<siding::queue<int>>,
             put_subject<siding::priority_queue<int>>, put_subject<siding::lifo_queue<int>>,
             join_subject, receive_subject, channel_send_subject, recv_subject, read_subject,
             send_subject, write_subject, readable_subject, writable_subject, accept_subject,
             connect_subject, reader_subject<0>, reader_subject<1>, reader_subject<2>,
             reader_subject<3>, reader_subject<4>, writer_subject, pipe_subject, server_subject,
             serving_subject, datagram_subject, thread_subject, pool_subject, file_subject,
             process_subject>();

/// Two wait for the subject, and have had the turns that it takes to come to that.
struct waited_for {
    std::unique_ptr<subject> awaited;
    std::vector<siding::task<>> waiting;

    explicit waited_for(kind const& tested) : awaited(tested.make()) {
        siding::get_running_loop().set_exception_handler(
            [](siding::loop&, siding::exception_context const&) {});
        for (int i = 0; i < 2; ++i) {
            waiting.push_back(siding::create_task(awaited->wait()));
        }
    }
    static siding::coroutine<> settle() {
        for (int i = 0; i < 20; ++i) {
            co_await siding::sleep(0s);
        }
        co_await siding::sleep(2ms);
    }
};

/// What comes before the subject's end.
struct scenario {
    bool grant = false;
    bool cancel = false;
};

/// How they end who wait is not the point; that they do is: `run` waits for it.
siding::coroutine<> die(kind const& tested, scenario before) {
    waited_for both(tested);
    co_await waited_for::settle();
    if (before.grant) both.awaited->grant();
    for (auto const& each : both.waiting) {
        if (before.cancel) each.cancel();
    }
    both.awaited.reset();
    co_await siding::sleep(0s);
    for (auto const& each : both.waiting) {
        each.cancel();
    }
    co_await siding::gather(siding::return_exceptions, std::move(both.waiting));
}

siding::coroutine<> leave_waiting(kind const& tested, std::unique_ptr<waited_for>& left) {
    left = std::make_unique<waited_for>(tested);
    co_await waited_for::settle();
}

class lifetime : public clean_test,
                 public testing::WithParamInterface<std::tuple<std::size_t, std::string>> {
protected:
    void SetUp() override {
        if (backend() == "io_uring") {
            if (auto const why = siding::why_no_io_uring(); !why.empty()) GTEST_SKIP() << why;
        }
        clean_test::SetUp();
    }
    void TearDown() override {
        if (!IsSkipped()) clean_test::TearDown();
    }
    [[nodiscard]] kind const& tested() const { return kinds[std::get<0>(GetParam())]; }
    [[nodiscard]] std::string backend() const { return std::get<1>(GetParam()); }
    [[nodiscard]] siding::loop_options options() const {
        siding::loop_options chosen;
        if (backend() == "io_uring") chosen.backend = &siding::make_io_uring_backend;
        return chosen;
    }
};

INSTANTIATE_TEST_SUITE_P(of, lifetime,
                         testing::Combine(testing::Range(std::size_t{0}, kinds.size()),
                                          testing::Values("epoll", "io_uring")),
                         [](auto const& of) {
                             auto const number = std::get<0>(of.param);
                             return kinds[number].name + '_' + std::to_string(number) + "_on_" +
                                    std::get<1>(of.param);
                         });

TEST_P(lifetime, ends_before_those_who_await_it) { siding::run(die(tested(), {}), options()); }

TEST_P(lifetime, ends_between_its_grant_and_the_turn_of_who_waits) {
    siding::run(die(tested(), {.grant = true}), options());
}

TEST_P(lifetime, ends_before_a_cancelled_task_has_resumed) {
    siding::run(die(tested(), {.cancel = true}), options());
    siding::run(die(tested(), {.grant = true, .cancel = true}), options());
}

TEST_P(lifetime, of_the_loop_ends_before_those_who_wait) {
    for (bool const subject_first : {true, false}) {
        std::unique_ptr<waited_for> left;
        siding::loop loop(options());
        loop.set_exception_handler([](siding::loop&, siding::exception_context const&) {});
        loop.run_until_complete(leave_waiting(tested(), left));
        if (subject_first) left->awaited.reset();
        left->waiting.clear();
        if (!subject_first) left->awaited->before_loop_ends();
        loop.close();
        left.reset();
    }
}

} // namespace
