// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace siding::detail {

/// The names of functions of a process, out of the ELF files that it has mapped. Files that are
/// stripped have none.
class symbols {
public:
    /// Throws std::system_error if the process is not there or not ours.
    explicit symbols(pid_t of);

    /// The function that begins at or before the address, demangled: "serve(int)". A coroutine's
    /// own suffixes (".resume", "[clone .actor]") are taken away.
    [[nodiscard]] std::optional<std::string> name_of(std::uint64_t address);
    /// Where an object of that name lies.
    [[nodiscard]] std::optional<std::uint64_t> address_of(std::string const& object);

private:
    struct symbol {
        std::uint64_t begin = 0;
        std::uint64_t bytes = 0;
        std::string name;
        bool is_function = false;
    };
    struct mapping {
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
        std::uint64_t offset = 0;
        std::string path;
        bool is_read = false;
        std::vector<symbol> all; ///< by address
    };
    static void read_file(mapping& of);

    std::vector<mapping> mappings_; ///< of files, that may be executed
};

} // namespace siding::detail
