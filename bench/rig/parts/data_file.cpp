// SPDX-License-Identifier: MIT
#include "rig/parts/data_file.hpp"

#include "contract/model.hpp"
#include "kernel/read_block.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <span>

namespace rig {
namespace {

constexpr std::uint64_t least_chunk_bytes = 1'048'576;

[[noreturn]] void no_room(std::string const& folder, std::uint64_t bytes) {
    throw contract::skipped_error(
        fmt::format("a file of {} bytes cannot be written to {}: {}; make room, or set TMPDIR to a "
                    "folder that has it",
                    bytes, folder, std::strerror(errno)));
}

void write_all(int file, std::span<std::byte const> bytes, std::string const& folder,
               std::uint64_t file_bytes) {
    while (!bytes.empty()) {
        auto const written = ::write(file, bytes.data(), bytes.size());
        if (written == -1 && errno == EINTR) continue;
        if (written == -1) no_room(folder, file_bytes);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

void fill(int file, std::uint64_t seed, std::uint64_t block_bytes, std::uint64_t file_bytes,
          std::string const& folder) {
    auto const blocks_a_chunk = std::max<std::uint64_t>(1, least_chunk_bytes / block_bytes);
    kernel::page_buffer const chunk(blocks_a_chunk * block_bytes);
    for (std::uint64_t block = 0; block < file_bytes / block_bytes; block += blocks_a_chunk) {
        auto const count = std::min(blocks_a_chunk, file_bytes / block_bytes - block);
        for (std::uint64_t i = 0; i < count; ++i) {
            kernel::payload(seed, block + i, chunk.bytes().subspan(i * block_bytes, block_bytes));
        }
        write_all(file, chunk.bytes().first(count * block_bytes), folder, file_bytes);
    }
}

void try_direct(std::string const& path, std::uint64_t block_bytes, std::string const& folder) {
    auto const refuse = [&] {
        throw contract::skipped_error(
            fmt::format("the file system of {} refuses O_DIRECT ({}): set TMPDIR to a folder on a "
                        "disk",
                        folder, std::strerror(errno)));
    };
    proc::unique_fd const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT));
    if (file.get() == -1) refuse();
    kernel::page_buffer const block(block_bytes);
    if (::pread(file.get(), block.data(), block_bytes, 0) == -1) refuse();
}

} // namespace

data_file::data_file(order const& wanted, contract::has_file& given) {
    auto const block_bytes = wanted.params.at("block_bytes").get<std::uint64_t>();
    auto const file_bytes = wanted.params.at("file_bytes").get<std::uint64_t>();
    auto const folder = std::filesystem::temp_directory_path().string();
    auto name = folder + "/switchyard-data-XXXXXX";
    file_ = proc::unique_fd(::mkostemp(name.data(), O_CLOEXEC));
    if (file_.get() == -1) no_room(folder, file_bytes);
    ::unlink(name.c_str());
    path_ = fmt::format("/proc/{}/fd/{}", ::getpid(), file_.get());
    fill(file_.get(), wanted.seed, block_bytes, file_bytes, folder);
    // What is not on the device yet would be written back in the middle of the measurement.
    proc::checked(::fdatasync(file_.get()), "fdatasync");
    if (wanted.params.at("direct") == 1) try_direct(path_, block_bytes, folder);
    given.file_path = path_.c_str();
}

} // namespace rig
