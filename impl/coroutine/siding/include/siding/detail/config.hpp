// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace siding::detail {

/// False, but only once a template is used.
template <class...>
inline constexpr bool never = false;

/// What a misused function gives, so that the compiler has nothing to say but the one sentence.
struct misuse {
    [[nodiscard]] bool await_ready() const noexcept { return true; }
    template <class Handle>
    void await_suspend(Handle) const noexcept {}
    void await_resume() const noexcept {}
};

// g++ makes the symmetric transfer a tail call only when it optimises and no sanitizer is on
// (GCC PR100897); elsewhere a million awaits in a row would overflow the stack. There the awaiter
// leaves the next coroutine with the loop, which resumes it from its trampoline.
#if defined(__GNUC__) && !defined(__clang__) &&                                                    \
    (!defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__))
inline constexpr bool trampoline = true;
#else
inline constexpr bool trampoline = false;
#endif

// Under AddressSanitizer every frame comes from malloc, so that use after free is seen.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool pooled_frames = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool pooled_frames = false;
#else
inline constexpr bool pooled_frames = true;
#endif
#else
inline constexpr bool pooled_frames = true;
#endif

// A class that is passed in a register and destroyed by who is called, although its destructor does
// something: so that it needs no place in the frame of a coroutine that passes it on and suspends.
#if defined(__clang__)
#define SIDING_DETAIL_IN_REGISTER [[clang::trivial_abi]]
#else
#define SIDING_DETAIL_IN_REGISTER
#endif

// How such an object is handed over. g++ 12 is not to be trusted with parameters of await_transform
// that are taken by value (GCC PR99576 and its kin).
#if defined(__clang__)
template <class T>
using handed_over = T;
#else
template <class T>
using handed_over = T&&;
#endif

} // namespace siding::detail
