// SPDX-License-Identifier: MIT
#include "siding/task_tree.hpp"

#include "support.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <system_error>
#include <thread>

using namespace siding_test;

namespace {

class task_trees : public clean_test {};

siding::coroutine<int> innermost_step() {
    co_await siding::sleep(1h);
    co_return 1;
}

siding::coroutine<int> outer_step() {
    auto inner = innermost_step();
    co_return co_await std::move(inner);
}

siding::coroutine<> receive_from(int fd) {
    std::array<std::byte, 1> one{};
    static_cast<void>(co_await siding::recv(fd, one));
}

siding::coroutine<> get_from(siding::queue<int>& q) { static_cast<void>(co_await q.get()); }

siding::coroutine<> wait_for_event(siding::event& e) { co_await e.wait(); }

siding::coroutine<> never_begun() { co_return; }

siding::coroutine<> await_two(siding::task<int> a, siding::task<int> b) {
    co_await siding::gather(a, b);
}

std::vector<std::string> lines_of(std::string const& text) {
    std::vector<std::string> all;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        all.push_back(line);
    }
    return all;
}

/// The line of the task, without what it is indented by; its number is put into `at`.
std::string line_of(std::vector<std::string> const& all, std::string const& task,
                    std::size_t* position = nullptr) {
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto const begin = all[i].find_first_not_of(' ');
        if (all[i].compare(begin, task.size() + 1, task + ' ') != 0) continue;
        if (position != nullptr) *position = i;
        return all[i].substr(begin);
    }
    return "there is no " + task;
}

void expect_parts(std::string const& line, std::vector<std::string> const& parts) {
    std::size_t from = 0;
    for (auto const& each : parts) {
        auto const found = line.find(each, from);
        EXPECT_NE(found, std::string::npos) << "no \"" << each << "\" in its place in: " << line;
        if (found != std::string::npos) from = found + each.size();
    }
}

struct scene {
    siding::queue<int> queue;
    siding::event event;
    std::array<int, 2> sockets{};
    std::vector<siding::any_task> tasks;

    scene() {
        EXPECT_EQ(
            ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets.data()),
            0);
        auto const a = siding::create_task(outer_step(), "a");
        auto const b = siding::create_task(outer_step(), "b");
        tasks = {a,
                 b,
                 siding::create_task(await_two(a, b), "parent"),
                 siding::create_task(receive_from(sockets[0]), "receiver"),
                 siding::create_task(get_from(queue), "getter"),
                 siding::create_task(wait_for_event(event), "a\033[31mwaiter")};
    }
    scene(scene const&) = delete;
    scene& operator=(scene const&) = delete;
    ~scene() {
        siding::close(sockets[0]);
        siding::close(sockets[1]);
    }
    siding::coroutine<> end() {
        for (auto const& each : tasks) {
            each.cancel();
        }
        auto ending = siding::wait(tasks);
        static_cast<void>(co_await std::move(ending));
    }
};

void expect_scene(std::vector<std::string> const& all) {
    std::size_t parent = 0;
    expect_parts(line_of(all, "parent", &parent), {"waits for a future: ", "await_two("});
    ASSERT_LT(parent + 2, all.size());
    EXPECT_EQ(all[parent + 1].substr(0, 4), "  a ") << "below who awaits it";
    EXPECT_EQ(all[parent + 2].substr(0, 4), "  b ");
    expect_parts(line_of(all, "a"),
                 {"waits in sleep, 3", " s left: ", "innermost_step()", " <- ", "outer_step()"});
    expect_parts(line_of(all, "receiver"), {"waits in recv of descriptor ", "receive_from(int)"});
    expect_parts(line_of(all, "getter"), {"waits in get of a queue: ", "get_from("});
    expect_parts(line_of(all, "a?[31mwaiter"),
                 {"waits for a lock, event, semaphore or condition: ", "wait_for_event("});
}

siding::coroutine<> look_at_tasks() {
    scene made;
    co_await siding::sleep(0s);
    co_await siding::sleep(0s);
    auto const lazy = siding::create_task(never_begun(), "lazy");
    auto const all = lines_of(siding::task_tree());
    expect_parts(all.at(0), {"loop 0x", ": 8 tasks"});
    expect_parts(line_of(all, "Task-1"), {"runs: ", "look_at_tasks()"});
    expect_parts(line_of(all, "lazy"), {"has not begun: ", "never_begun()"});
    expect_scene(all);
    co_await lazy;
    co_await made.end();
}

TEST_F(task_trees, say_who_awaits_whom_and_where) { siding::run(look_at_tasks()); }

siding::coroutine<> print_on_signal(int fd) {
    siding::print_tasks_on_signal(SIGUSR2, fd);
    ::raise(SIGUSR2);
    co_await siding::sleep(0s);
    co_await siding::sleep(0s);
    EXPECT_TRUE(siding::get_running_loop().remove_signal_handler(SIGUSR2));
}

TEST_F(task_trees, are_printed_on_a_signal) {
    int both[2];
    ASSERT_EQ(::pipe2(both, O_CLOEXEC | O_NONBLOCK), 0);
    siding::run(print_on_signal(both[1]));
    std::array<char, 4096> text{};
    EXPECT_GT(::read(both[0], text.data(), text.size() - 1), 0);
    expect_parts(text.data(), {"loop 0x", ": 1 task\n", "Task-1 ", "print_on_signal("});
    ::close(both[0]);
    ::close(both[1]);
}

siding::coroutine<> stand_still(int report_fd) {
    scene made;
    co_await siding::sleep(0s);
    co_await siding::sleep(0s);
    EXPECT_EQ(::write(report_fd, "x", 1), 1);
    ::pause(); // the loop is stuck, as after a call that blocks
}

/// The tree of a child whose loop is stuck; how it ended is in `error`.
std::string tree_of_stuck_child() {
    int both[2];
    if (::pipe2(both, O_CLOEXEC) != 0) return {};
    auto const child = ::fork();
    if (child == 0) {
        siding::run(stand_still(both[1]));
        ::_exit(1);
    }
    ::close(both[1]);
    char byte = 0;
    EXPECT_EQ(::read(both[0], &byte, 1), 1);
    ::close(both[0]);
    std::string text;
    try {
        text = siding::task_tree_of(child);
    } catch (std::system_error const& error) {
        text = error.what();
    }
    ::kill(child, SIGKILL);
    EXPECT_EQ(::waitpid(child, nullptr, 0), child);
    return text;
}

TEST_F(task_trees, are_read_from_another_process_even_if_it_is_stuck) {
    auto const text = tree_of_stuck_child();
    if (text.find("not permitted") != std::string::npos) GTEST_SKIP() << text;
    expect_scene(lines_of(text));
    EXPECT_THROW(static_cast<void>(siding::task_tree_of(1 << 30)), std::system_error);
}

TEST_F(task_trees, of_no_loop_and_of_another_thread) {
    EXPECT_EQ(siding::task_tree(), "no loop\n");
    std::atomic<bool> looked = false;
    std::atomic<bool> began = false;
    std::thread other([&] {
        siding::run([](std::atomic<bool>& say, std::atomic<bool>& until) -> siding::coroutine<> {
            say = true;
            while (!until) {
                co_await siding::sleep(1ms);
            }
        }(began, looked));
    });
    while (!began) {
        std::this_thread::yield();
    }
    for (int i = 0; i < 5; ++i) { // it runs meanwhile: whatever is read, nothing breaks
        EXPECT_NE(siding::task_tree().find("loop 0x"), std::string::npos);
    }
    looked = true;
    other.join();
}

} // namespace
