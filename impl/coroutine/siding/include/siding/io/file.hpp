// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/io/descriptor.hpp"

#include <fcntl.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace siding {

/// A regular file, read and written at offsets, without ever blocking the loop: what lies in the
/// page cache is read at once; all else is done by io_uring where that is the loop's backend, and
/// in the loop's default executor elsewhere. With O_DIRECT nothing is in the page cache.
///
/// Any number of operations may be under way at a time; each holds the file open until it ends.
/// A buffer must live until the await ends. An operation cannot be stopped half-way: a cancelled
/// await ends when the kernel has let go of the buffer. Errors are std::system_error.
class file {
public:
    file() = default;

    /// `flags` as of open(2), e.g. O_RDONLY or O_RDWR | O_CREAT; always close-on-exec.
    [[nodiscard]] static coroutine<file> open(std::string path, int flags, mode_t mode = 0666);

    /// Reads until `into` is full or the file ends; the number of bytes, 0 at and behind the end.
    [[nodiscard]] coroutine<std::size_t> read_at(std::span<std::byte> into,
                                                 std::uint64_t offset) const;
    /// Writes all of it; with O_APPEND at the end of the file, whatever the offset.
    [[nodiscard]] coroutine<> write_at(std::span<std::byte const> from, std::uint64_t offset) const;
    /// Returns when the storage has what was written before. `data_only`: fdatasync.
    [[nodiscard]] coroutine<> sync(bool data_only = false) const;
    /// Asks the kernel at once: what an open file's inode knows is in memory.
    [[nodiscard]] std::uint64_t size() const;

    /// Operations that are under way go on. Does nothing the second time.
    void close() noexcept { descriptor_.reset(); }
    [[nodiscard]] bool is_open() const noexcept { return descriptor_ != nullptr; }
    /// -1 if closed.
    [[nodiscard]] int fd() const noexcept { return is_open() ? descriptor_->get() : -1; }

private:
    file(int fd, int flags)
        : descriptor_(std::make_shared<descriptor>(fd)), is_direct_((flags & O_DIRECT) != 0) {}
    [[nodiscard]] std::shared_ptr<descriptor> opened() const;

    std::shared_ptr<descriptor> descriptor_;
    bool is_direct_ = false;
};

} // namespace siding
