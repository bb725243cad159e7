// SPDX-License-Identifier: MIT
#include "agent/interface.hpp"

#include "proc/posix.hpp"

#include <array>
#include <cstring>
#include <fstream>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace agent {
namespace {

struct feature {
    char const* name; ///< as ethtool -k
    std::uint32_t question;
};
constexpr std::array features{
    feature{"rx-checksumming", ETHTOOL_GRXCSUM},
    feature{"tx-checksumming", ETHTOOL_GTXCSUM},
    feature{"scatter-gather", ETHTOOL_GSG},
    feature{"tcp-segmentation-offload", ETHTOOL_GTSO},
    feature{"generic-segmentation-offload", ETHTOOL_GGSO},
    feature{"generic-receive-offload", ETHTOOL_GGRO},
};

std::string name_of(std::uint32_t address) {
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) == -1) return {};
    std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> const owner(all, &::freeifaddrs);
    for (auto const* one = all; one != nullptr; one = one->ifa_next) {
        if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
        auto const* const own = reinterpret_cast<sockaddr_in const*>(one->ifa_addr);
        if (ntohl(own->sin_addr.s_addr) == address) return one->ifa_name;
    }
    return {};
}

/// In Mbit/s; null where the driver has none.
nlohmann::json speed_of(std::string const& name) {
    std::ifstream file("/sys/class/net/" + name + "/speed");
    long long speed = 0;
    if (file >> speed && speed > 0) return speed;
    return nullptr;
}

nlohmann::json offload(int socket, ifreq about, std::uint32_t question) {
    ethtool_value value{question, 0};
    about.ifr_data = reinterpret_cast<char*>(&value);
    if (::ioctl(socket, SIOCETHTOOL, &about) == -1) return nullptr;
    return value.data != 0;
}

} // namespace

nlohmann::json interface_of(std::uint32_t address) {
    auto const name = name_of(address);
    if (name.empty()) return nullptr;
    proc::unique_fd const socket(
        proc::checked(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
    ifreq about{};
    name.copy(about.ifr_name, sizeof about.ifr_name - 1);
    nlohmann::json found{{"name", name}, {"mtu", nullptr}, {"speed_mbit_s", speed_of(name)}};
    if (auto asked = about; ::ioctl(socket.get(), SIOCGIFMTU, &asked) == 0) {
        found["mtu"] = asked.ifr_mtu;
    }
    auto& offloads = found["offloads"] = nlohmann::json::object();
    for (auto const& [word, question] : features) {
        offloads[word] = offload(socket.get(), about, question);
    }
    return found;
}

} // namespace agent
