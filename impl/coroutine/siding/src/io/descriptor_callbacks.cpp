// SPDX-License-Identifier: MIT
#include "siding/io/descriptor_callbacks.hpp"

#include "siding/io/socket.hpp"
#include "siding/sleep.hpp"
#include "siding/task.hpp"

#include <cerrno>
#include <exception>
#include <map>
#include <memory>
#include <system_error>
#include <tuple>
#include <utility>

namespace siding {

namespace {

enum class direction : unsigned char { read, write };

struct watch {
    std::function<void()> call;
    bool is_removed = false;
};

using key = std::tuple<loop const*, int, direction>;

/// The callbacks of this thread's loops. An entry goes with its task, which ends with the loop:
/// a done callback of the task holds a `table_entry`.
struct watched {
    std::shared_ptr<watch> of;
    any_task runs; ///< waits for the descriptor, and calls
};
thread_local std::map<key, watched> watches;

struct table_entry {
    table_entry(key name, std::shared_ptr<watch> of) : place(name), entered(std::move(of)) {}
    table_entry(table_entry const&) = delete;
    table_entry& operator=(table_entry const&) = delete;
    ~table_entry() {
        auto const found = watches.find(place);
        if (found != watches.end() && found->second.of == entered) watches.erase(found);
    }
    key place;
    std::shared_ptr<watch> entered;
};

coroutine<> call_when_ready(int fd, direction way, std::shared_ptr<watch> of) {
    while (!of->is_removed) {
        if (way == direction::read) {
            co_await readable(fd);
        } else {
            co_await writable(fd);
        }
        if (of->is_removed) break;
        try {
            auto const call = of->call; // it may remove or replace itself
            call();
        } catch (...) {
            loop::running().call_exception_handler(
                {"Exception in callback of a descriptor", std::current_exception()});
        }
        co_await sleep(duration{0});
    }
}

/// The end of a watch that nobody awaits. That the descriptor was closed is no error, as in
/// asyncio.
coroutine<> watch_descriptor(int fd, direction way, std::shared_ptr<watch> of) {
    try {
        auto watching = call_when_ready(fd, way, std::move(of));
        co_await std::move(watching);
    } catch (std::system_error const& error) {
        if (error.code().value() == EBADF) co_return;
        loop::running().call_exception_handler(
            {"a descriptor with a callback cannot be watched any more", std::current_exception()});
    }
}

bool remove(int fd, direction way) {
    auto const found = watches.find({&loop::running(), fd, way});
    if (found == watches.end()) return false;
    auto const removed = std::move(found->second);
    watches.erase(found);
    removed.of->is_removed = true;
    removed.runs.cancel();
    return true;
}

void add(int fd, direction way, std::function<void()> f) {
    remove(fd, way);
    key const place{&loop::running(), fd, way};
    auto const made = std::make_shared<watch>();
    made->call = std::move(f);
    auto const entry = std::make_shared<table_entry>(place, made);
    auto const runs = create_task(watch_descriptor(fd, way, made),
                                  way == direction::read ? "add_reader" : "add_writer");
    watches[place] = {made, runs};
    runs.add_done_callback([entry](any_future const&) {});
}

} // namespace

void add_reader(int fd, std::function<void()> f) { add(fd, direction::read, std::move(f)); }
void add_writer(int fd, std::function<void()> f) { add(fd, direction::write, std::move(f)); }
bool remove_reader(int fd) { return remove(fd, direction::read); }
bool remove_writer(int fd) { return remove(fd, direction::write); }

} // namespace siding
