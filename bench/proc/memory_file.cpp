// SPDX-License-Identifier: MIT
#include "proc/memory_file.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>

namespace proc {

unique_fd memory_file(char const* name) {
    auto fd = ::memfd_create(name, MFD_CLOEXEC);
    auto const refused = errno;
    auto const* const temporary = std::getenv("TMPDIR");
    for (auto const* const folder : {"/dev/shm", temporary, "/tmp"}) {
        if (fd != -1) break;
        if (folder != nullptr) fd = ::open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    }
    if (fd == -1) errno = refused; // what a reader must mend
    return unique_fd(checked(fd, "memfd_create"));
}

} // namespace proc
