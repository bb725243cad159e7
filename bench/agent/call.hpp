// SPDX-License-Identifier: MIT
#pragma once

#include "agent/line.hpp"
#include "proc/posix.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// The side that asks an agent for the other end of a cell.
namespace agent {

/// Holds the token that opens an agent's door. Not an argument: those can be read by everybody.
inline constexpr char const* token_variable = "SWITCHYARD_AGENT_TOKEN";
/// A request, its token included, is no longer.
inline constexpr std::size_t most_request_bytes = 65'536;

/// The agent cannot be reached or refuses: cause and next step.
struct unreachable : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// An IPv4 address in host order. Throws usage_error that names `flag`.
[[nodiscard]] std::uint32_t parse_address(std::string_view flag, std::string const& text);
[[nodiscard]] std::string address_text(std::uint32_t address);

/// Which boot of which machine this is; empty if the kernel does not say.
[[nodiscard]] std::string boot_id();

/// The end of a connection is found within seconds, also when its cable is pulled.
void watch_for_silence(int fd) noexcept;

/// What the agent is to start.
struct wish {
    std::string program; ///< client, database or round-trip
    std::vector<std::string> arguments = {};
    std::vector<int> cpus = {}; ///< its place, if the agent runs on this machine, too
};

/// A control connection: the program at its other end says the lines.
struct control {
    proc::unique_fd fd;
    listener lines;
};

/// Opens the control connection to the agent at `endpoint`, "ADDRESS:PORT"; returns when the
/// program is started, which then has the agent's end of it. Throws unreachable.
[[nodiscard]] control call(std::string const& endpoint, wish const& wanted);

} // namespace agent
