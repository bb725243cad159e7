// SPDX-License-Identifier: MIT
#pragma once

// For the preprocessor. CMakeLists.txt refuses to build if it says otherwise.
#define SIDING_VERSION_MAJOR 0
#define SIDING_VERSION_MINOR 2
#define SIDING_VERSION_PATCH 0

namespace siding {

inline constexpr int version_major = SIDING_VERSION_MAJOR;
inline constexpr int version_minor = SIDING_VERSION_MINOR;
inline constexpr int version_patch = SIDING_VERSION_PATCH;

} // namespace siding
