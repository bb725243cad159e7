// SPDX-License-Identifier: MIT
// Where there is no libFuzzer: a number of random inputs, always the same; or the files that are
// named, to see again what a fuzzer has found.
//   NAME [COUNT | FILE...]

#include "input.hpp"

#include <fstream>
#include <iterator>
#include <random>
#include <vector>

namespace {

void run_file(char const* name) {
    std::ifstream file(name, std::ios::binary);
    std::vector<char> const bytes((std::istreambuf_iterator<char>(file)), {});
    LLVMFuzzerTestOneInput(reinterpret_cast<std::uint8_t const*>(bytes.data()), bytes.size());
}

void run_random(unsigned long count) {
    std::mt19937_64 random(1);
    std::vector<std::uint8_t> bytes;
    for (unsigned long i = 0; i < count; ++i) {
        bytes.resize(random() % (i % 10 == 0 ? 4096 : 256));
        // Few different values make decisions that meet each other; many reach everywhere.
        auto const mask = i % 3 == 0 ? 0x03 : i % 3 == 1 ? 0x1f : 0xff;
        for (auto& each : bytes) {
            each = static_cast<std::uint8_t>(random() & static_cast<unsigned>(mask));
        }
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
}

} // namespace

int main(int count, char** arguments) {
    char* end = nullptr;
    auto const number = count > 1 ? std::strtoul(arguments[1], &end, 10) : 1'000;
    if (count > 1 && *end != '\0') {
        for (int i = 1; i < count; ++i) {
            run_file(arguments[i]);
        }
    } else {
        run_random(number);
    }
}
