// SPDX-License-Identifier: MIT
#include "kernel/shared_pages.hpp"

#include <cerrno>
#include <sys/mman.h>
#include <system_error>

namespace kernel {

shared_pages::shared_pages(std::size_t bytes)
    : bytes_(bytes),
      memory_(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ == MAP_FAILED) {
        throw std::system_error(errno, std::generic_category(), "mmap of shared memory");
    }
}

shared_pages::~shared_pages() { ::munmap(memory_, bytes_); }

} // namespace kernel
