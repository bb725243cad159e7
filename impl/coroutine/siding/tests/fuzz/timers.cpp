// SPDX-License-Identifier: MIT
// The timer wheel against a sorted map.
#include "input.hpp"

#include "siding/detail/timer_wheel.hpp"

#include <array>
#include <map>

namespace {

using siding::detail::timer;

struct entry : timer {
    entry() noexcept : timer(nullptr) {}
    bool is_in = false;
    std::multimap<std::uint64_t, entry*>::iterator place;
};

/// Times near and far, and some often.
std::uint64_t deadline(fuzz::input& from, std::uint64_t now) {
    auto const number = from.number();
    switch (from.upto(5)) {
    case 0:
        return siding::detail::never_ns;
    case 1:
        return std::min(number, siding::detail::never_ns);
    case 2:
        return now >= number % 1'000 ? now - number % 1'000 : 0;
    case 3:
        return std::min(now + number % (1u << 20u), siding::detail::never_ns);
    default:
        return std::min(now + number % 70, siding::detail::never_ns);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t bytes) {
    fuzz::input from(data, bytes);
    siding::detail::timer_wheel wheel;
    std::array<entry, 32> entries;
    std::multimap<std::uint64_t, entry*> model; // equal times in the order of insertion
    std::uint64_t now = 0;
    auto const pop = [&](std::uint64_t until) {
        auto* const popped = static_cast<entry*>(wheel.pop_due(until));
        auto const first = model.begin();
        bool const is_due = first != model.end() && first->first <= until;
        FUZZ_EXPECT((popped != nullptr) == is_due);
        if (popped == nullptr) return false;
        FUZZ_EXPECT(popped == first->second);
        FUZZ_EXPECT(!popped->linked());
        popped->is_in = false;
        model.erase(first);
        return true;
    };
    while (!from.empty()) {
        auto& one = entries[from.upto(entries.size() - 1)];
        switch (from.upto(3)) {
        case 0:
            if (one.is_in) break;
            one.deadline_ns = deadline(from, now);
            wheel.insert(one);
            one.place = model.emplace(one.deadline_ns, &one);
            one.is_in = true;
            break;
        case 1:
            if (!one.is_in) break;
            wheel.erase(one);
            model.erase(one.place);
            one.is_in = false;
            break;
        case 2:
            // Never back: the sum may not fit.
            now += std::min<std::uint64_t>(from.upto(1) == 0 ? from.byte() : from.number(),
                                           siding::detail::never_ns - 1 - now);
            break;
        default:
            while (pop(now)) {
            }
            break;
        }
        FUZZ_EXPECT(wheel.size() == model.size());
        FUZZ_EXPECT(wheel.empty() == model.empty());
        if (!wheel.empty()) FUZZ_EXPECT(wheel.next_wake_ns() <= model.begin()->first);
    }
    while (pop(~std::uint64_t{0})) {
    }
    FUZZ_EXPECT(wheel.empty());
    return 0;
}
