// SPDX-License-Identifier: MIT
// A connection per slot, `in_flight` of them, which take one item after another. The context waits
// for the pictures, and an asio::thread_pool of `workers` threads makes them small and writes them:
// posted there and the rest posted back, or as a coroutine spawned there and awaited.

#include "asio.hpp"
#include "cells.hpp"
#include "kernel/hash.hpp"
#include "kernel/http.hpp"
#include "kernel/http_download.hpp"
#include "kernel/picture.hpp"

#include <fstream>
#include <memory>
#include <span>
#include <vector>

namespace asio_model {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using contract::pipeline;

void save(std::string const& path, std::span<std::byte const> bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<char const*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) throw std::system_error(errno, std::generic_category(), path);
}

/// What both forms keep for one slot.
struct slot {
    slot(asio::io_context& context, std::uint16_t port, std::size_t picture_bytes)
        : socket(context), reply(picture_bytes) {
        socket.connect({asio::ip::address_v4::loopback(), port});
        socket.set_option(tcp::no_delay(true));
    }
    [[nodiscard]] auto room() {
        auto const free = reply.room();
        return asio::buffer(free.data(), free.size());
    }
    tcp::socket socket;
    kernel::http_download reply;
    std::uint64_t i = 0;
    std::string request;
    std::vector<std::byte> file;
};

class pipeline_session : public contract::session<pipeline> {
public:
    pipeline_session(pipeline::params const& params, pipeline::environment const& around)
        : params_(params),
          folder_(around.output_folder),
          make_small_(params.side, params.thumbnail_side),
          pool_(around.limits.workers) {
        for (std::uint64_t s = 0; s < params.in_flight; ++s) {
            slots_.push_back(std::make_unique<slot>(context_, around.backend_port,
                                                    kernel::picture_bytes(params.side)));
        }
    }
    ~pipeline_session() override { pool_.join(); }

    pipeline::outcome run(contract::probe& probe) override {
        out_ = {};
        next_ = 0;
        for (auto const& each : slots_) {
            start(*each, probe);
        }
        context_.restart();
        context_.run();
        return out_;
    }

protected:
    virtual void start(slot& entry, contract::probe& probe) = 0;

    /// The next item, if there is one.
    bool take(slot& entry, contract::probe& probe) {
        if (next_ == params_.items) return false;
        entry.i = next_++;
        entry.request = kernel::http_get(entry.i);
        probe.begin(entry.i);
        return true;
    }
    /// On a thread of the pool.
    void make_and_save(slot& entry) const {
        entry.file = make_small_(entry.reply.body());
        save(kernel::thumbnail_path(folder_, entry.i), entry.file);
    }
    void complete(slot const& entry, contract::probe& probe) {
        probe.end(entry.i);
        ++out_.items;
        out_.written_bytes += entry.file.size();
        out_.checksum += kernel::hash(entry.i, entry.file);
    }

    pipeline::params params_;
    std::string folder_;
    kernel::thumbnailer make_small_;
    pipeline::outcome out_;
    std::uint64_t next_ = 0;
    asio::io_context context_{1};
    std::vector<std::unique_ptr<slot>> slots_;
    asio::thread_pool pool_;
};

class by_callback final : public pipeline_session {
public:
    using pipeline_session::pipeline_session;

private:
    void start(slot& entry, contract::probe& probe) override {
        if (!take(entry, probe)) return;
        asio::async_write(entry.socket, asio::buffer(entry.request),
                          [&](error_code error, std::size_t) {
                              if (error) throw boost::system::system_error(error, "send");
                              receive(entry, probe);
                          });
    }
    void receive(slot& entry, contract::probe& probe) {
        entry.socket.async_read_some(entry.room(), [&](error_code error, std::size_t bytes) {
            if (error) throw boost::system::system_error(error, "receive");
            if (entry.reply.received(bytes)) {
                hand_over(entry, probe);
            } else {
                receive(entry, probe);
            }
        });
    }
    void hand_over(slot& entry, contract::probe& probe) {
        // The context would end while all that is left is in the pool.
        asio::post(pool_, [&, work = asio::make_work_guard(context_)] {
            std::exception_ptr failure;
            try {
                make_and_save(entry);
            } catch (...) {
                failure = std::current_exception();
            }
            asio::post(context_, [&, failure] {
                rethrow(failure);
                complete(entry, probe);
                start(entry, probe);
            });
        });
    }
};

class by_coroutine final : public pipeline_session {
public:
    using pipeline_session::pipeline_session;

private:
    void start(slot& entry, contract::probe& probe) override {
        asio::co_spawn(context_, process_some(entry, probe), rethrow);
    }
    asio::awaitable<void> process_some(slot& entry, contract::probe& probe) {
        while (take(entry, probe)) {
            co_await asio::async_write(entry.socket, asio::buffer(entry.request),
                                       asio::use_awaitable);
            for (bool is_whole = false; !is_whole;) {
                auto const bytes =
                    co_await entry.socket.async_read_some(entry.room(), asio::use_awaitable);
                is_whole = entry.reply.received(bytes);
            }
            co_await asio::co_spawn(pool_, in_the_pool(entry), asio::use_awaitable);
            complete(entry, probe);
        }
    }
    asio::awaitable<void> in_the_pool(slot& entry) {
        make_and_save(entry);
        co_return;
    }
};

template <class Session>
std::unique_ptr<contract::session<pipeline>> make(pipeline::params const& params,
                                                  pipeline::environment const& around) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    return std::make_unique<Session>(params, around);
}

} // namespace

std::unique_ptr<contract::session<pipeline>>
make_pipeline_callback(pipeline::params const& params, pipeline::environment const& around) {
    return make<by_callback>(params, around);
}

std::unique_ptr<contract::session<pipeline>>
make_pipeline_coroutine(pipeline::params const& params, pipeline::environment const& around) {
    return make<by_coroutine>(params, around);
}

} // namespace asio_model
