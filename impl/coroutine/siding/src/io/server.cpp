// SPDX-License-Identifier: MIT
#include "siding/io/server.hpp"

#include "siding/detail/c_string.hpp"
#include "siding/event.hpp"
#include "siding/io/getaddrinfo.hpp"
#include "siding/io/open_connection.hpp"
#include "siding/io/socket.hpp"
#include "siding/loop.hpp"
#include "siding/sleep.hpp"
#include "siding/task.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <system_error>
#include <utility>

namespace siding {

namespace detail {

/// What the acceptors, the handlers' tasks and the handles share.
class server_state {
public:
    server_state(connection_handler handler, server_options options)
        : handler_(std::move(handler)), options_(options) {}
    server_state(server_state const&) = delete;
    server_state& operator=(server_state const&) = delete;
    ~server_state() { close(); }

    void listen(descriptor listener) { listeners_.push_back(std::move(listener)); }
    void own_path(std::string path);
    static void start(std::shared_ptr<server_state> const& self);
    void close() noexcept;

    [[nodiscard]] bool listens() const noexcept { return !listeners_.empty(); }
    [[nodiscard]] std::vector<endpoint> addresses() const;
    [[nodiscard]] std::vector<int> sockets() const;
    /// Calls `f(connection&)` for each that was accepted and is open.
    template <class F>
    void for_each_client(F f);
    static coroutine<> wait_closed(std::shared_ptr<server_state> self);
    static coroutine<> serve_forever(std::shared_ptr<server_state> self);

private:
    /// A connection counts from its acceptance to the end of its handler, so that nobody who waits
    /// for the server to be closed overlooks one whose handler has not begun.
    class counted {
    public:
        explicit counted(std::shared_ptr<server_state> in) noexcept : of_(std::move(in)) {
            ++of_->connections_;
        }
        counted(counted&& other) noexcept = default;
        counted& operator=(counted&&) = delete;
        ~counted() {
            if (of_ != nullptr) of_->note_end();
        }

    private:
        std::shared_ptr<server_state> of_;
    };

    static coroutine<> accept_from(std::shared_ptr<server_state> self, int listener);
    static coroutine<> serve(std::shared_ptr<server_state> self, descriptor connection,
                             counted from_acceptance);
    void note_end();

    connection_handler handler_;
    server_options options_;
    std::vector<descriptor> listeners_;
    std::string path_;
    struct stat path_identity_ {};
    std::size_t connections_ = 0;
    /// Those that may be open: the handles to them may outlive their handlers. Pruned when it has
    /// doubled, so that it stays in proportion to what is open.
    std::vector<std::weak_ptr<connection>> clients_;
    std::size_t prune_at_ = 16;
    void add_client(std::shared_ptr<connection> const& client);
    event ended_;      ///< set: closed, and no connection is served
    future<> forever_; ///< what serve_forever waits for
};

namespace {

constexpr auto accept_retry_delay = std::chrono::seconds(1); // asyncio's ACCEPT_RETRY_DELAY

[[noreturn]] void fail(char const* call) {
    throw std::system_error(errno, std::generic_category(), call);
}

/// accept can be tried again, but not at once: it fails until somebody lets go of something.
bool out_of_resources(int error) noexcept {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/// Of the connection that was next in line, not of accept itself (accept(2), "Error handling").
bool connection_failed(int error) noexcept {
    switch (error) {
    case ECONNABORTED:
    case EINTR:
    case EAGAIN:
    case EPROTO:
    case EPERM: // a firewall forbids it
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ETIMEDOUT:
    case ECONNRESET:
    case ECANCELED: // by io_uring: the listener is being closed
        return true;
    default:
        return false;
    }
}

/// Throws value_error unless it is a stream socket.
void expect_stream_socket(int fd) {
    int type = 0;
    socklen_t size = sizeof type;
    if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) {
        throw value_error("a stream socket was expected");
    }
}

} // namespace

void server_state::own_path(std::string path) {
    if (::stat(c_string(path, "path"), &path_identity_) == 0) path_ = std::move(path);
}

void server_state::start(std::shared_ptr<server_state> const& self) {
    for (auto const& each : self->listeners_) {
        detail::loop_core::running().start_internally(accept_from(self, each.get()));
    }
}

void server_state::close() noexcept {
    listeners_.clear(); // ends the acceptors
    struct stat now {};
    auto const* const path = c_string(path_, "path"); // it was one before
    if (!path_.empty() && ::stat(path, &now) == 0 && now.st_ino == path_identity_.st_ino &&
        now.st_dev == path_identity_.st_dev) {
        ::unlink(path);
    }
    path_.clear();
    if (forever_) forever_.cancel();
    if (connections_ == 0) ended_.set();
}

std::vector<endpoint> server_state::addresses() const {
    std::vector<endpoint> all;
    for (auto const& each : listeners_) {
        if (auto address = endpoint::local_of(each.get())) all.push_back(*address);
    }
    return all;
}

std::vector<int> server_state::sockets() const {
    std::vector<int> all;
    for (auto const& each : listeners_) {
        all.push_back(each.get());
    }
    return all;
}

void server_state::add_client(std::shared_ptr<connection> const& client) {
    if (clients_.size() == prune_at_) {
        std::erase_if(clients_, [](auto const& each) { return each.expired(); });
        prune_at_ = std::max<std::size_t>(16, 2 * clients_.size());
    }
    clients_.push_back(client);
}

template <class F>
void server_state::for_each_client(F f) {
    auto const all = std::exchange(clients_, {}); // closing may bring back who changes the list
    for (auto const& each : all) {
        if (auto const client = each.lock()) {
            f(*client);
            clients_.push_back(each);
        }
    }
}

coroutine<> server_state::accept_from(std::shared_ptr<server_state> self, int listener) {
    while (self->listens()) {
        int error = 0;
        try {
            descriptor connection(co_await accept(listener));
            if (!self->listens()) break; // the kernel was faster than `close`: nobody waits for it
            create_task(serve(self, std::move(connection), counted(self)));
        } catch (std::system_error const& failed) {
            error = failed.code().value();
            if (error == EBADF || error == EINVAL || error == ENOTSOCK) break; // closed
            if (connection_failed(error)) continue;
            loop::running().call_exception_handler({out_of_resources(error)
                                                        ? "socket.accept() out of system resource"
                                                        : "socket.accept() failed",
                                                    std::current_exception()});
        }
        if (error != 0) co_await sleep(accept_retry_delay);
    }
}

coroutine<> server_state::serve(std::shared_ptr<server_state> self, descriptor connection,
                                counted from_acceptance) {
    auto const one = std::move(from_acceptance); // until the body ends, not its frame
    auto both = stream_of(std::move(connection), self->options_.limit_bytes);
    auto writer = both.second;
    self->add_client(writer.connection());
    auto handled = self->handler_(std::move(both.first), std::move(both.second));
    try {
        co_await std::move(handled);
    } catch (cancelled_error const&) {
        writer.abort();
        throw;
    } catch (...) {
        loop::running().call_exception_handler(
            {"Unhandled exception in client_connected_cb", std::current_exception()});
        writer.close();
    }
}

void server_state::note_end() {
    if (--connections_ == 0 && !listens()) ended_.set();
}

coroutine<> server_state::wait_closed(std::shared_ptr<server_state> self) {
    co_await self->ended_.wait();
}

coroutine<> server_state::serve_forever(std::shared_ptr<server_state> self) {
    if (self->forever_) {
        throw runtime_error("server is already being awaited on serve_forever()");
    }
    if (!self->listens()) throw runtime_error("server is closed");
    struct occupied {
        explicit occupied(server_state& in) : of(in) {
            of.forever_ = loop::running().create_future();
        }
        occupied(occupied const&) = delete;
        occupied& operator=(occupied const&) = delete;
        ~occupied() { of.forever_ = {}; }
        server_state& of;
    } const place(*self);
    std::exception_ptr cancellation;
    auto const forever = self->forever_;
    try {
        co_await forever;
    } catch (cancelled_error const&) {
        cancellation = std::current_exception();
    }
    self->close();
    try {
        co_await self->ended_.wait();
    } catch (cancelled_error const&) { // a second one: it waits no longer
    }
    std::rethrow_exception(cancellation);
}

} // namespace detail

void server::close() const { of_->close(); }
void server::close_clients() const {
    of_->for_each_client([](detail::connection& client) { client.close(); });
}
void server::abort_clients() const {
    of_->for_each_client([](detail::connection& client) { client.abort(); });
}
std::vector<int> server::sockets() const { return of_->sockets(); }
bool server::is_serving() const noexcept { return of_->listens(); }
coroutine<> server::wait_closed() const { return detail::server_state::wait_closed(of_); }
coroutine<> server::serve_forever() const { return detail::server_state::serve_forever(of_); }
std::vector<endpoint> server::addresses() const { return of_->addresses(); }

std::uint16_t server::port() const {
    auto const all = addresses();
    return all.empty() ? std::uint16_t{0} : all.front().port();
}

descriptor listen_on(endpoint const& address, server_options options) {
    descriptor made(
        sys::use().socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!made) detail::fail("socket");
    int const on = 1;
    if (address.family() != AF_UNIX) {
        if (::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
            detail::fail("SO_REUSEADDR");
        }
        if (options.reuse_port &&
            ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
            detail::fail("SO_REUSEPORT");
        }
        // Its twin for IPv4 is another address in the list.
        if (address.family() == AF_INET6 &&
            ::setsockopt(made.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) {
            detail::fail("IPV6_V6ONLY");
        }
    }
    if (::bind(made.get(), address.data(), address.size()) != 0) detail::fail("bind");
    if (::listen(made.get(), options.backlog) != 0) detail::fail("listen");
    return made;
}

coroutine<server> start_server(connection_handler handler, descriptor listener,
                               server_options options) {
    detail::expect_stream_socket(listener.get());
    detail::make_non_blocking(listener.get());
    if (::listen(listener.get(), options.backlog) != 0) detail::fail("listen");
    auto state = std::make_shared<detail::server_state>(std::move(handler), options);
    state->listen(std::move(listener));
    detail::server_state::start(state);
    co_return server(std::move(state));
}

coroutine<server> start_server(connection_handler handler, std::string host, std::uint16_t port,
                               server_options options) {
    auto state = std::make_shared<detail::server_state>(std::move(handler), options);
    resolution_options how;
    how.flags = AI_PASSIVE;
    auto asked = getaddrinfo(std::move(host), std::to_string(port), how);
    auto const addresses = co_await std::move(asked);
    for (auto const& each : addresses) {
        state->listen(listen_on(each, options));
    }
    detail::server_state::start(state);
    co_return server(std::move(state));
}

coroutine<server> start_unix_server(connection_handler handler, std::string path,
                                    server_options options) {
    auto state = std::make_shared<detail::server_state>(std::move(handler), options);
    bool const abstract = path.starts_with('\0');
    struct stat there {};
    auto const* const name = abstract ? "" : detail::c_string(path, "path");
    if (!abstract && ::stat(name, &there) == 0 && S_ISSOCK(there.st_mode)) ::unlink(name);
    state->listen(listen_on(endpoint::path(path), options));
    if (!abstract) state->own_path(std::move(path));
    detail::server_state::start(state);
    co_return server(std::move(state));
}

} // namespace siding
