// SPDX-License-Identifier: MIT
#include "agent/line.hpp"

#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>

namespace agent {

bool say(int fd, nlohmann::json const& message) {
    auto const text = message.dump() + "\n";
    for (std::size_t done = 0; done < text.size();) {
        auto const bytes = ::send(fd, text.data() + done, text.size() - done, MSG_NOSIGNAL);
        if (bytes < 0 && errno == EINTR) continue;
        if (bytes < 0) return false;
        done += static_cast<std::size_t>(bytes);
    }
    return true;
}

nlohmann::json listener::next() {
    for (;;) {
        if (auto const end = unread_.find('\n'); end != std::string::npos) {
            auto line = nlohmann::json::parse(unread_.substr(0, end), nullptr, false);
            unread_.erase(0, end + 1);
            return line.is_object() ? line : nlohmann::json();
        }
        std::array<char, 4096> some;
        auto const bytes = ::read(fd_, some.data(), some.size());
        if (bytes < 0 && errno == EINTR) continue;
        if (bytes <= 0) return {};
        unread_.append(some.data(), static_cast<std::size_t>(bytes));
    }
}

} // namespace agent
