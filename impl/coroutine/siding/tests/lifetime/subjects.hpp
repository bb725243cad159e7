// SPDX-License-Identifier: MIT
#pragma once

#include "siding/io/io_uring.hpp"
#include "siding/par/pool.hpp"
#include "support.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

// Everything that can be awaited, each as a subject: an object to wait for, a coroutine that waits
// for it, and what grants the wait. `awaits` names it as the headers do; reference_test.py looks
// that none is missing here.
namespace siding_test {

struct subject {
    subject() = default;
    subject(subject const&) = delete;
    subject& operator=(subject const&) = delete;
    virtual ~subject() = default;
    [[nodiscard]] virtual siding::coroutine<> wait() = 0;
    virtual void grant() {} ///< nothing: it cannot be
    virtual void before_loop_ends() {}
};

// -- Time

struct sleep_subject : subject {
    static constexpr auto awaits = {"sleep"};
    siding::coroutine<> wait() override { co_await siding::sleep(1h); }
};

// -- Futures and what is made of them

struct future_subject : subject {
    static constexpr auto awaits = {"future"};
    siding::future<int> f = siding::get_running_loop().create_future<int>();
    static siding::coroutine<> wait_for_it(siding::future<int>& f) {
        static_cast<void>(co_await f);
    }
    siding::coroutine<> wait() override { return wait_for_it(f); }
    void grant() override { f.set_result(1); }
};

struct settled_subject : future_subject {
    static constexpr auto awaits = {"future.settled"};
    static siding::coroutine<> wait_for_it(siding::future<int>& f) {
        static_cast<void>(co_await f.settled());
    }
    siding::coroutine<> wait() override { return wait_for_it(f); }
};

struct task_subject : subject {
    static constexpr auto awaits = {"task"};
    static siding::coroutine<int> work() { co_return co_await siding::sleep(1h, 1); }
    siding::task<int> t = siding::create_task(work());
    static siding::coroutine<> wait_for_it(siding::task<int>& t) { static_cast<void>(co_await t); }
    siding::coroutine<> wait() override { return wait_for_it(t); }
};

struct gather_subject : future_subject {
    static constexpr auto awaits = {"gather"};
    siding::future<int> other = siding::get_running_loop().create_future<int>();
    siding::future<std::tuple<int, int>> both = siding::gather(f, other);
    static siding::coroutine<> wait_for_it(siding::future<std::tuple<int, int>>& both) {
        static_cast<void>(co_await both);
    }
    siding::coroutine<> wait() override { return wait_for_it(both); }
    void grant() override {
        f.set_result(1);
        other.set_result(2);
    }
};

struct shield_subject : future_subject {
    static constexpr auto awaits = {"shield"};
    siding::future<int> outer = siding::shield(f);
    siding::coroutine<> wait() override { return wait_for_it(outer); }
};

struct wait_subject : future_subject {
    static constexpr auto awaits = {"wait"};
    static siding::coroutine<> wait_for_it(siding::future<int>& f) {
        std::vector<siding::future<int>> all{f};
        auto first = siding::wait(all, 1h);
        static_cast<void>(co_await std::move(first));
    }
    siding::coroutine<> wait() override { return wait_for_it(f); }
};

struct wait_for_subject : future_subject {
    static constexpr auto awaits = {"wait_for"};
    siding::coroutine<> wait() override {
        auto limited = siding::wait_for(f, 1h);
        static_cast<void>(co_await std::move(limited));
    }
};

struct timeout_subject : future_subject {
    static constexpr auto awaits = {"timeout", "timeout_at"};
    siding::coroutine<> wait() override { return siding::timeout(1h, wait_for_it(f)); }
};

struct as_completed_subject : future_subject {
    static constexpr auto awaits = {"as_completed", "completion_order.next"};
    std::vector<siding::future<int>> all{f};
    siding::completion_order<int> order = siding::as_completed(all, 1h);
    siding::coroutine<> wait() override {
        if (order.remaining() == 0) co_return; // there is one future, and there are two who wait
        auto next = order.next();
        static_cast<void>(co_await std::move(next));
    }
};

struct task_group_subject : future_subject {
    static constexpr auto awaits = {"task_group.run", "task_group.exit"};
    static siding::coroutine<> in_group(siding::task_group& group, siding::future<int>& f) {
        group.create_task(wait_for_it(f));
        co_return;
    }
    siding::coroutine<> wait() override {
        auto body = [this](siding::task_group& group) { return in_group(group, f); };
        auto all = siding::task_group::run(body);
        co_await std::move(all);
    }
};

// -- Synchronisation

struct event_subject : subject {
    static constexpr auto awaits = {"event.wait"};
    siding::event e;
    siding::coroutine<> wait() override { co_await e.wait(); }
    void grant() override { e.set(); }
};

struct lock_subject : subject {
    static constexpr auto awaits = {"lock.acquire"};
    siding::lock l;
    bool held = l.acquire().await_ready();
    siding::coroutine<> wait() override { co_await l.acquire(); }
    void grant() override { l.release(); }
};

struct scoped_lock_subject : lock_subject {
    static constexpr auto awaits = {"lock.scoped"};
    siding::coroutine<> wait() override {
        auto const guard = co_await l.scoped();
        co_await siding::sleep(1h); // the guard outlives the lock
    }
};

struct semaphore_subject : subject {
    static constexpr auto awaits = {"semaphore.acquire"};
    siding::semaphore s{0};
    siding::coroutine<> wait() override { co_await s.acquire(); }
    void grant() override { s.release(); }
};

struct scoped_semaphore_subject : semaphore_subject {
    static constexpr auto awaits = {"semaphore.scoped"};
    siding::coroutine<> wait() override {
        auto const guard = co_await s.scoped();
        co_await siding::sleep(1h);
    }
};

struct bounded_semaphore_subject : subject {
    static constexpr auto awaits = {"bounded_semaphore.acquire"};
    siding::bounded_semaphore s{1};
    bool held = s.acquire().await_ready();
    siding::coroutine<> wait() override { co_await s.acquire(); }
    void grant() override { s.release(); }
};

struct condition_subject : subject {
    static constexpr auto awaits = {"condition.wait", "condition.scoped"};
    siding::condition c;
    siding::coroutine<> wait() override {
        auto const guard = co_await c.scoped();
        co_await c.wait();
    }
    void grant() override {
        if (!c.acquire().await_ready()) return;
        c.notify_all();
        c.release();
    }
};

struct condition_predicate_subject : condition_subject {
    static constexpr auto awaits = {"condition.wait_for"};
    bool granted = false;
    siding::coroutine<> wait() override {
        auto const guard = co_await c.scoped();
        static_cast<void>(co_await c.wait_for([this] { return granted; }));
    }
    void grant() override {
        granted = true;
        condition_subject::grant();
    }
};

struct condition_lock_subject : condition_subject {
    static constexpr auto awaits = {"condition.acquire"};
    bool held = c.acquire().await_ready();
    siding::coroutine<> wait() override { co_await c.acquire(); }
    void grant() override { c.release(); }
};

/// The lock that a condition shares with others ends before the condition does.
struct shared_lock_subject : subject {
    static constexpr auto awaits = {"condition.wait"};
    std::unique_ptr<siding::condition> c;
    siding::lock l;
    shared_lock_subject() { c = std::make_unique<siding::condition>(l); }
    siding::coroutine<> wait() override {
        auto const guard = co_await c->scoped();
        co_await c->wait();
    }
    void grant() override {
        if (!l.acquire().await_ready()) return;
        c->notify_all();
        l.release();
    }
};

struct barrier_subject : subject {
    static constexpr auto awaits = {"barrier.wait"};
    siding::barrier b{3};
    siding::coroutine<> wait() override { static_cast<void>(co_await b.wait()); }
};

/// The first is sent away by the second.
struct barrier_reset_subject : barrier_subject {
    static constexpr auto awaits = {"barrier.reset"};
    siding::coroutine<> wait() override {
        co_await b.reset();
        try {
            static_cast<void>(co_await b.wait());
        } catch (siding::broken_barrier_error const&) {
        }
    }
};

struct barrier_abort_subject : barrier_subject {
    static constexpr auto awaits = {"barrier.abort"};
    int arrived = 0;
    siding::coroutine<> wait() override {
        bool const is_second = ++arrived == 2;
        try {
            if (is_second) co_await b.abort();
            static_cast<void>(co_await b.wait());
        } catch (siding::broken_barrier_error const&) {
        }
    }
};

template <class Queue>
struct get_subject : subject {
    static constexpr auto awaits = {"queue.get"};
    Queue q;
    siding::coroutine<> wait() override { static_cast<void>(co_await q.get()); }
    void grant() override { q.put_nowait(1); }
};

template <class Queue>
struct put_subject : subject {
    static constexpr auto awaits = {"queue.put"};
    Queue q{1};
    put_subject() { q.put_nowait(1); }
    siding::coroutine<> wait() override { co_await q.put(2); }
    void grant() override { static_cast<void>(q.get_nowait()); }
};

struct join_subject : subject {
    static constexpr auto awaits = {"queue.join"};
    siding::queue<int> q;
    join_subject() { q.put_nowait(1); }
    siding::coroutine<> wait() override { co_await q.join(); }
    void grant() override { q.task_done(); }
};

/// Who waits at a channel that ends learns that it is closed.
struct receive_subject : subject {
    static constexpr auto awaits = {"channel.receive"};
    siding::channel<int> c{1};
    static siding::coroutine<> receive(siding::channel<int>& c) {
        static_cast<void>(co_await c.receive());
    }
    siding::coroutine<> wait() override { return receive(c); }
    void grant() override {
        int item = 1;
        EXPECT_TRUE(c.try_send(item));
    }
};

struct channel_send_subject : subject {
    static constexpr auto awaits = {"channel.send"};
    siding::channel<int> c{1};
    channel_send_subject() { channel_send_subject::fill(); }
    void fill() {
        int item = 1;
        EXPECT_TRUE(c.try_send(item));
    }
    static siding::coroutine<> send(siding::channel<int>& c) { co_await c.send(2); }
    siding::coroutine<> wait() override { return send(c); }
    void grant() override { EXPECT_TRUE(c.try_receive().has_value()); }
};

// -- Sockets, pipes, streams

struct socket_pair_subject : subject {
    siding::descriptor here;
    siding::descriptor there;
    std::array<std::byte, 16> buffer{};
    std::vector<std::byte> much = std::vector<std::byte>(std::size_t{8} << 20u);
    socket_pair_subject() {
        int both[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both) != 0) {
            throw std::system_error(errno, std::generic_category(), "socketpair");
        }
        here = siding::descriptor(both[0]);
        there = siding::descriptor(both[1]);
    }
    void grant() override { EXPECT_EQ(::write(there.get(), "x", 1), 1); }
};

/// The second who waits gets an error, and that is right.
inline siding::coroutine<> unless_busy(siding::coroutine<> wait) {
    try {
        co_await std::move(wait);
    } catch (std::system_error const& busy) {
        if (busy.code().value() != EBUSY) throw;
    }
}

struct recv_subject : socket_pair_subject {
    static constexpr auto awaits = {"recv"};
    siding::coroutine<> receive() { static_cast<void>(co_await siding::recv(here.get(), buffer)); }
    siding::coroutine<> wait() override { return unless_busy(receive()); }
};

struct read_subject : socket_pair_subject {
    static constexpr auto awaits = {"read"};
    siding::coroutine<> receive() { static_cast<void>(co_await siding::read(here.get(), buffer)); }
    siding::coroutine<> wait() override { return unless_busy(receive()); }
};

/// What the kernel has taken of a buffer must stay where it is: the buffer is the task's.
struct send_subject : socket_pair_subject {
    static constexpr auto awaits = {"send_all"};
    static siding::coroutine<> send(int fd) {
        std::vector<std::byte> const all(std::size_t{8} << 20u);
        co_await siding::send_all(fd, all);
    }
    siding::coroutine<> wait() override { return unless_busy(send(here.get())); }
    void grant() override { there.reset(); }
};

struct write_subject : socket_pair_subject {
    static constexpr auto awaits = {"write_all"};
    static siding::coroutine<> send(int fd) {
        std::vector<std::byte> const all(std::size_t{8} << 20u);
        co_await siding::write_all(fd, all);
    }
    siding::coroutine<> wait() override { return unless_busy(send(here.get())); }
    void grant() override { there.reset(); }
};

struct readable_subject : socket_pair_subject {
    static constexpr auto awaits = {"readable"};
    siding::coroutine<> look() { co_await siding::readable(here.get()); }
    siding::coroutine<> wait() override { return unless_busy(look()); }
};

struct writable_subject : socket_pair_subject {
    static constexpr auto awaits = {"writable"};
    siding::coroutine<> look() {
        while (::send(here.get(), much.data(), much.size(), MSG_NOSIGNAL) > 0) {
        }
        co_await siding::writable(here.get());
    }
    siding::coroutine<> wait() override { return unless_busy(look()); }
    void grant() override {
        while (::read(there.get(), much.data(), much.size()) > 0) {
        }
    }
};

struct listener_subject : subject {
    siding::descriptor listener;
    siding::endpoint address;
    listener_subject()
        : listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        auto const any = siding::endpoint::ip("127.0.0.1", 0);
        if (::bind(listener.get(), any.data(), any.size()) != 0 ||
            ::listen(listener.get(), 0) != 0) {
            throw std::system_error(errno, std::generic_category(), "listen");
        }
        address = *siding::endpoint::local_of(listener.get());
    }
};

struct accept_subject : listener_subject {
    static constexpr auto awaits = {"accept"};
    siding::coroutine<> take() {
        siding::descriptor const taken(co_await siding::accept(listener.get()));
    }
    siding::coroutine<> wait() override { return unless_busy(take()); }
    siding::descriptor client{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    void grant() override { ::connect(client.get(), address.data(), address.size()); }
};

/// Nobody accepts, and the backlog is full.
struct connect_subject : listener_subject {
    static constexpr auto awaits = {"connect", "open_connection"};
    std::vector<siding::descriptor> before;
    connect_subject() {
        for (int i = 0; i < 3; ++i) {
            before.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
            ::connect(before.back().get(), address.data(), address.size());
        }
    }
    siding::coroutine<> wait() override {
        auto dial = siding::open_connection("127.0.0.1", address.port());
        static_cast<void>(co_await std::move(dial));
    }
    void grant() override { listener.reset(); }
};

struct stream_subject : socket_pair_subject {
    siding::stream both = siding::stream_of(std::move(here));
};

template <int How>
struct reader_subject : stream_subject {
    static constexpr auto awaits = {"stream_reader.read", "stream_reader.readexactly",
                                    "stream_reader.readline", "stream_reader.readuntil"};
    static siding::coroutine<std::string> start(siding::stream_reader& from) {
        if constexpr (How == 0) return from.read(10);
        if constexpr (How == 1) return from.read();
        if constexpr (How == 2) return from.readexactly(10);
        if constexpr (How == 3) return from.readline();
        if constexpr (How == 4) return from.readuntil("--");
    }
    static siding::coroutine<> take(siding::stream_reader& from) {
        try {
            auto reading = start(from);
            static_cast<void>(co_await std::move(reading));
        } catch (siding::runtime_error const&) { // another reads already
        } catch (siding::incomplete_read_error const&) {
        }
    }
    siding::coroutine<> wait() override { return take(both.first); }
};

struct writer_subject : stream_subject {
    static constexpr auto awaits = {"stream_writer.drain", "stream_writer.wait_closed"};
    writer_subject() { both.second.write(std::string(std::size_t{8} << 20u, 'x')); }
    static siding::coroutine<> flush(siding::stream_writer& to) {
        auto drained = to.drain();
        co_await std::move(drained);
        to.close();
        auto closed = to.wait_closed();
        co_await std::move(closed);
    }
    siding::coroutine<> wait() override { return flush(both.second); }
    void grant() override { there.reset(); }
};

struct pipe_subject : subject {
    static constexpr auto awaits = {"connect_read_pipe", "connect_write_pipe"};
    std::unique_ptr<siding::stream_reader> reader;
    siding::descriptor writer;
    pipe_subject() {
        int both[2];
        if (::pipe2(both, O_CLOEXEC) != 0) {
            throw std::system_error(errno, std::generic_category(), "pipe2");
        }
        writer = siding::descriptor(both[1]);
        reader = std::make_unique<siding::stream_reader>(
            siding::connect_read_pipe(siding::descriptor(both[0])));
    }
    siding::coroutine<> wait() override { return reader_subject<3>::take(*reader); }
    void grant() override { writer.reset(); }
};

struct server_subject : subject {
    static constexpr auto awaits = {"server.wait_closed", "start_server"};
    std::shared_ptr<siding::server> s;
    siding::task<> starting = siding::create_task(start(*this));
    static siding::coroutine<> handle(siding::stream_reader, siding::stream_writer) { co_return; }
    static siding::coroutine<> start(server_subject& me) {
        auto started = siding::start_server(handle);
        me.s = std::make_shared<siding::server>(co_await std::move(started));
    }
    ~server_subject() override {
        if (s) s->close();
    }
    siding::coroutine<> wait() override {
        co_await starting;
        auto closed = s->wait_closed();
        co_await std::move(closed);
    }
    void grant() override {
        if (s) s->close();
    }
};

struct serving_subject : server_subject {
    static constexpr auto awaits = {"server.serve_forever", "start_unix_server",
                                    "open_unix_connection"};
    static siding::coroutine<> serve(siding::server to) {
        try {
            auto forever = to.serve_forever();
            co_await std::move(forever);
        } catch (siding::runtime_error const&) { // the other does
        }
    }
    siding::coroutine<> wait() override {
        co_await starting;
        auto serving = serve(*s);
        co_await std::move(serving);
    }
};

struct datagram_subject : subject {
    static constexpr auto awaits = {"datagram_endpoint.receive", "datagram_endpoint.send",
                                    "datagram_endpoint.send_to"};
    siding::datagram_endpoint e{
        siding::datagram_options{.local = siding::endpoint::ip("127.0.0.1", 0)}};
    static siding::coroutine<> receive(siding::datagram_endpoint& e) {
        auto next = e.receive();
        static_cast<void>(co_await std::move(next));
    }
    siding::coroutine<> wait() override { return unless_busy(receive(e)); }
    siding::task<> sending;
    void grant() override { sending = siding::create_task(e.send_to("x", *e.local_address())); }
};

// -- Threads, files, processes

/// A thread that works until the subject ends: then what waits for it must not be there any more.
struct thread_subject : subject {
    static constexpr auto awaits = {"to_thread", "run_in_executor"};
    struct work {
        std::atomic<bool> ends{false};
        void run() { ends.wait(false); }
    };
    std::shared_ptr<work> shared = std::make_shared<work>();
    siding::executor threads{2};
    ~thread_subject() override { thread_subject::grant(); }
    void before_loop_ends() override { grant(); } // which waits for its threads
    static siding::coroutine<> wait_for_it(siding::executor& threads,
                                           std::shared_ptr<work> shared) {
        auto pending = siding::run_in_executor(threads, [shared] { shared->run(); });
        co_await pending;
    }
    siding::coroutine<> wait() override { return wait_for_it(threads, shared); }
    void grant() override {
        shared->ends = true;
        shared->ends.notify_all();
    }
};

struct pool_subject : subject {
    static constexpr auto awaits = {"par_pool.run"};
    siding::par_pool pool{1};
    std::shared_ptr<thread_subject::work> shared = std::make_shared<thread_subject::work>();
    ~pool_subject() override { pool_subject::grant(); }
    void before_loop_ends() override { grant(); }
    static siding::par<int> compute(std::shared_ptr<thread_subject::work> shared) {
        shared->run();
        co_return 1;
    }
    siding::coroutine<> wait() override {
        auto running = pool.run(compute, shared);
        static_cast<void>(co_await std::move(running));
    }
    void grant() override {
        shared->ends = true;
        shared->ends.notify_all();
    }
};

/// A FIFO that nobody writes to: the thread that opens it waits.
struct file_subject : subject {
    static constexpr auto awaits = {"file.open", "file.read_at", "file.write_at", "file.sync",
                                    "getaddrinfo"};
    siding::task<siding::file> opening =
        siding::create_task(siding::file::open("/proc/self/exe", O_RDONLY));
    static siding::coroutine<> use(siding::task<siding::file>& opening) {
        auto const file = co_await opening;
        std::array<std::byte, 64> buffer;
        auto reading = file.read_at(buffer, 0);
        static_cast<void>(co_await std::move(reading));
        auto syncing = file.sync();
        try {
            co_await std::move(syncing);
        } catch (std::system_error const&) { // of a file of the kernel's
        }
    }
    siding::coroutine<> wait() override { return use(opening); }
};

struct process_subject : subject {
    static constexpr auto awaits = {"process.wait", "process.communicate", "create_subprocess_exec",
                                    "create_subprocess_shell"};
    std::shared_ptr<siding::subprocess::process> p;
    siding::task<> starting = siding::create_task(start(*this));
    static siding::coroutine<> start(process_subject& me) {
        siding::subprocess::options how;
        how.input = siding::subprocess::pipe;
        auto started = siding::create_subprocess_exec(std::move(how), "cat");
        me.p = std::make_shared<siding::subprocess::process>(co_await std::move(started));
    }
    siding::coroutine<> wait() override {
        co_await starting;
        auto ended = p->wait();
        static_cast<void>(co_await std::move(ended));
    }
    void grant() override {
        if (p) p->input().reset();
    }
};

} // namespace siding_test
