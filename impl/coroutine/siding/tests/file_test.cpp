// SPDX-License-Identifier: MIT
#include "backends.hpp"

#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>
#include <system_error>
#include <vector>

using namespace siding_test;

namespace {

/// A folder of its own for each test.
class files : public backend_test {
protected:
    void SetUp() override {
        backend_test::SetUp();
        std::string pattern = (std::filesystem::temp_directory_path() / "siding-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override {
        if (!folder_.empty()) std::filesystem::remove_all(folder_);
        backend_test::TearDown();
    }
    [[nodiscard]] std::string path(char const* name = "file") const { return folder_ + "/" + name; }

private:
    std::string folder_;
};
INSTANTIATE_TEST_SUITE_P(, files, every_backend, backend_name);

siding::coroutine<> write(siding::file const& to, std::string text, std::uint64_t offset) {
    co_await to.write_at(std::as_bytes(std::span(text)), offset);
}

siding::coroutine<std::string> read(siding::file const& from, std::size_t bytes,
                                    std::uint64_t offset) {
    std::string text(bytes, '?');
    auto const count = co_await from.read_at(std::as_writable_bytes(std::span(text)), offset);
    text.resize(count);
    co_return text;
}

/// Out of the page cache, where the kernel can: the next read has to wait for the storage.
void evict(siding::file const& of) {
    ::fsync(of.fd());
    ::posix_fadvise(of.fd(), 0, 0, POSIX_FADV_DONTNEED);
}

siding::coroutine<> sync_once(siding::file const& of) { co_await of.sync(); }

/// Leaves tasks that wait for the storage, after `turns` more turns of the loop.
siding::coroutine<std::vector<siding::task<>>> leave_syncing(siding::file const& of, int turns) {
    std::vector<siding::task<>> syncing;
    for (int i = 0; i < 8; ++i) {
        syncing.push_back(siding::create_task(sync_once(of)));
    }
    for (int turn = 0; turn <= turns; ++turn) {
        co_await siding::sleep(siding::duration{0});
    }
    co_return syncing;
}

siding::coroutine<siding::file> create(std::string path) {
    co_return co_await siding::file::open(path, O_RDWR | O_CREAT, 0600);
}

// While the loop waits until the kernel has let go of one request, another is done: it is not
// waited for a second time.
TEST_P(files, are_let_go_of_by_a_loop_that_ends_whether_the_storage_is_done_or_not) {
    for (int round = 0; round < 200; ++round) {
        siding::loop_options options;
        if (GetParam() == "io_uring") options.backend = &siding::make_io_uring_backend;
        siding::loop loop(options);
        loop.set_exception_handler([](siding::loop&, siding::exception_context const&) {});
        auto const file = loop.run_until_complete(create(path()));
        auto const left = loop.run_until_complete(leave_syncing(file, round % 8));
        loop.close();
        EXPECT_TRUE(std::ranges::all_of(left, &siding::task<>::done));
    }
}

siding::coroutine<> at_offsets(std::string path) {
    auto const f = co_await siding::file::open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    EXPECT_EQ(f.size(), 0u);
    co_await write(f, "hello", 0);
    co_await write(f, "world", 6);
    EXPECT_EQ(f.size(), 11u);
    std::string seen = co_await read(f, 11, 0);
    EXPECT_EQ(seen, std::string("hello\0world", 11)) << "a hole reads as zeros";
    seen = co_await read(f, 100, 8);
    EXPECT_EQ(seen, "rld") << "short only at the end";
    seen = co_await read(f, 1, 11);
    EXPECT_EQ(seen, "");
    seen = co_await read(f, 1, 1'000'000);
    EXPECT_EQ(seen, "");
    seen = co_await read(f, 0, 0);
    EXPECT_EQ(seen, "");
    co_await f.sync();
    co_await f.sync(true);
    co_await write(f, "J", 0);
    seen = co_await read(f, 5, 0);
    EXPECT_EQ(seen, "Jello");
    struct stat about {};
    EXPECT_EQ(::fstat(f.fd(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777u, 0600u);
    EXPECT_NE(::fcntl(f.fd(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_P(files, are_read_and_written_at_offsets) { run(at_offsets(path())); }

siding::coroutine<> append(std::string path) {
    auto const f = co_await siding::file::open(path, O_RDWR | O_CREAT | O_APPEND);
    co_await write(f, "one", 0);
    co_await write(f, "two", 0);
    std::string const seen = co_await read(f, 10, 0);
    EXPECT_EQ(seen, "onetwo");
    auto const emptied = co_await siding::file::open(path, O_WRONLY | O_TRUNC);
    EXPECT_EQ(f.size(), 0u);
}

TEST_P(files, take_the_flags_of_open) { run(append(path())); }

siding::coroutine<int> error_of_open(std::string path, int flags) {
    int error = 0;
    try {
        co_await siding::file::open(std::move(path), flags);
    } catch (std::system_error const& failed) {
        error = failed.code().value();
    }
    co_return error;
}

siding::coroutine<> wrong_ways(std::string path) {
    auto made = co_await siding::file::open(path, O_WRONLY | O_CREAT);
    int error = 0;
    try {
        co_await read(made, 1, 0);
    } catch (std::system_error const& failed) {
        error = failed.code().value();
    }
    EXPECT_EQ(error, EBADF);
    auto const readable = co_await siding::file::open(path, O_RDONLY);
    error = 0;
    try {
        co_await write(readable, "x", 0);
    } catch (std::system_error const& failed) {
        error = failed.code().value();
    }
    EXPECT_EQ(error, EBADF);
    made.close();
    made.close();
    EXPECT_FALSE(made.is_open());
    EXPECT_EQ(made.fd(), -1);
    EXPECT_THROW(static_cast<void>(made.sync()), siding::value_error);
    EXPECT_THROW(static_cast<void>(made.size()), siding::value_error);
}

TEST_P(files, that_cannot_be_used_are_errors) {
    EXPECT_EQ(run(error_of_open(path("missing"), O_RDONLY)), ENOENT);
    EXPECT_EQ(run(error_of_open("/", O_WRONLY)), EISDIR);
    EXPECT_EQ(run(error_of_open(path(), O_RDWR | O_CREAT)), 0);
    EXPECT_EQ(run(error_of_open(path(), O_RDWR | O_CREAT | O_EXCL)), EEXIST);
    run(wrong_ways(path()));
}

constexpr std::size_t block = 64 * 1024;
constexpr std::size_t blocks = 32;

[[nodiscard]] char letter(std::size_t index) { return static_cast<char>('a' + index % 26); }

siding::coroutine<> many_at_a_time(std::string path) {
    auto f = co_await siding::file::open(path, O_RDWR | O_CREAT);
    std::vector<siding::coroutine<>> writes;
    for (std::size_t i = 0; i < blocks; ++i) {
        writes.push_back(write(f, std::string(block, letter(i)), i * block));
    }
    co_await siding::gather(std::move(writes));
    evict(f);
    std::vector<siding::coroutine<std::string>> reads;
    for (std::size_t i = 0; i < blocks; ++i) {
        reads.push_back(read(f, block, i * block));
    }
    auto const all = co_await siding::gather(std::move(reads));
    for (std::size_t i = 0; i < blocks; ++i) {
        EXPECT_EQ(all[i], std::string(block, letter(i))) << "block " << i;
    }
}

TEST_P(files, take_many_operations_at_a_time) { run(many_at_a_time(path())); }

siding::coroutine<> close_meanwhile(std::string path) {
    auto f = co_await siding::file::open(path, O_RDWR | O_CREAT);
    std::string const text(1 << 20, 'x');
    auto const writing = siding::create_task(f.write_at(std::as_bytes(std::span(text)), 0));
    co_await siding::sleep(0s);
    f.close();
    co_await writing;
    auto const again = co_await siding::file::open(path, O_RDONLY);
    EXPECT_EQ(again.size(), text.size());
}

TEST_P(files, stay_open_until_their_operations_end) { run(close_meanwhile(path())); }

siding::coroutine<> cancel_a_read(std::string path) {
    auto f = co_await siding::file::open(path, O_RDWR | O_CREAT);
    co_await write(f, std::string(1 << 20, 'x'), 0);
    for (int i = 0; i < 20; ++i) {
        evict(f);
        // Freed as soon as the task has ended: a late write into it is seen by AddressSanitizer.
        auto buffer = std::make_unique<std::array<std::byte, 1 << 20>>();
        auto const reading = siding::create_task(f.read_at(*buffer, 0));
        co_await siding::sleep(0s);
        bool const cancelled = reading.cancel("enough");
        co_await siding::gather(siding::return_exceptions, reading);
        EXPECT_TRUE(reading.done());
        EXPECT_EQ(reading.cancelled(), cancelled);
    }
}

ssize_t never_cached(int fd, void* buffer, std::size_t bytes, std::uint64_t offset, int flags) {
    if (flags == RWF_NOWAIT) {
        errno = EAGAIN;
        return -1;
    }
    return siding::sys::real().read_at(fd, buffer, bytes, offset, flags);
}

TEST_P(files, a_cancelled_read_ends_when_the_buffer_is_free) {
    auto calls = siding::sys::real();
    calls.read_at = never_cached;
    siding::sys::replacement const here(calls);
    run(cancel_a_read(path()));
}

TEST_P(files, are_read_at_offsets_when_nothing_is_cached) {
    auto calls = siding::sys::real();
    calls.read_at = never_cached;
    siding::sys::replacement const here(calls);
    run(at_offsets(path()));
    run(many_at_a_time(path("other")));
}

siding::coroutine<> leave_a_write_behind(std::string path, std::string const& text) {
    auto f = co_await siding::file::open(path, O_RDWR | O_CREAT);
    siding::create_task(f.write_at(std::as_bytes(std::span(text)), 0));
    co_await siding::sleep(0s);
}

TEST_P(files, a_loop_that_ends_waits_for_the_kernel) {
    std::string const text(1 << 20, 'x');
    run(leave_a_write_behind(path(), text));
}

ssize_t interrupted_and_short(int fd, void* buffer, std::size_t bytes, std::uint64_t offset,
                              int flags) {
    static thread_local int calls = 0;
    if (++calls % 2 == 0) {
        errno = EINTR;
        return -1;
    }
    return siding::sys::real().read_at(fd, buffer, std::min<std::size_t>(bytes, 7), offset, flags);
}
ssize_t short_write(int fd, void const* buffer, std::size_t bytes, std::uint64_t offset) {
    return siding::sys::real().write_at(fd, buffer, std::min<std::size_t>(bytes, 7), offset);
}
ssize_t full_disk(int, void const*, std::size_t, std::uint64_t) {
    errno = ENOSPC;
    return -1;
}

siding::coroutine<> write_and_read(std::string path, std::string text) {
    auto const f = co_await siding::file::open(path, O_RDWR | O_CREAT);
    co_await write(f, text, 3);
    std::string const seen = co_await read(f, text.size() + 1, 3);
    EXPECT_EQ(seen, text);
}

TEST_P(files, lose_nothing_when_calls_are_interrupted_and_short) {
    auto calls = siding::sys::real();
    calls.read_at = interrupted_and_short;
    calls.write_at = short_write;
    siding::sys::replacement const here(calls);
    run(write_and_read(path(), "a text of more than a few bytes"));
}

TEST_P(files, tell_that_the_disk_is_full) {
    if (GetParam() == "io_uring") GTEST_SKIP() << "its writes do not pass through the seam";
    auto calls = siding::sys::real();
    calls.write_at = full_disk;
    siding::sys::replacement const here(calls);
    EXPECT_THROW(run(write_and_read(path(), "x")), std::system_error);
}

} // namespace
