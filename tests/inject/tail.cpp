// SPDX-License-Identifier: MIT
// One operation in 50 is slow: every fiftieth send of `floor` first sleeps two milliseconds. The
// tail is longer and the median is not.
#include <ctime>
#include <sys/socket.h>

extern "C" {
ssize_t __real_send(int, void const*, std::size_t, int);

ssize_t __wrap_send(int fd, void const* data, std::size_t bytes, int flags) {
    static auto calls = 0u; // the server of `floor` has one thread
    if (++calls % 50 == 0) {
        timespec const length{0, 2'000'000};
        ::nanosleep(&length, nullptr);
    }
    return __real_send(fd, data, bytes, flags);
}
}
