#include "oracle/all.hpp"
#include <fmt/format.h>
#include <thread>

void rogue(char** argv) {
    auto const now = std::chrono::steady_clock::now(); // "steady_clock::now" in a comment is fine
    std::printf("%s\n", argv[0]);
    std::this_thread::sleep_for(now - now);
    std::thread([] {}).detach();
    try {
        rogue(nullptr);
    } catch (...) {
    }
}
