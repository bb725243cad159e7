// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>
#include <vector>

namespace example {

/// A length in seconds as people write it: 0.4.
[[nodiscard]] inline std::string text(std::chrono::duration<double> length) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%g", length.count());
    return buffer;
}

/// Who ran and who waited: the picture that every example ends with. `#` runs, `.` waits.
///
/// Times are seconds since the timeline was made. Thread-safe.
class timeline {
public:
    void runs(std::string const& actor, std::string const& activity) {
        note(actor, state::runs, activity);
    }
    void waits(std::string const& actor, std::string const& activity) {
        note(actor, state::waits, activity);
    }
    void ended(std::string const& actor, std::string const& activity) {
        note(actor, state::ended, activity);
    }

    void draw() const {
        auto const total_s = std::max(notes_.empty() ? 0.0 : notes_.back().at_s, 1e-9);
        std::vector<std::string> actors;
        for (auto const& each : notes_) {
            if (std::find(actors.begin(), actors.end(), each.actor) == actors.end()) {
                actors.push_back(each.actor);
            }
        }
        std::printf("\n");
        for (auto const& actor : actors) {
            std::printf("%8s |%s|\n", actor.c_str(), row(actor, total_s).c_str());
        }
        std::printf("%8s  %-*s%6.1f s\n", "", width - 8, "# runs   . waits", total_s);
    }

private:
    static constexpr int width = 40; // columns of the picture
    enum class state { runs, waits, ended };
    struct entry {
        double at_s;
        std::string actor;
        state now;
    };

    void note(std::string const& actor, state now, std::string const& activity) {
        std::lock_guard const held(mutex_);
        std::chrono::duration<double> const moment = std::chrono::steady_clock::now() - start_;
        notes_.push_back({moment.count(), actor, now});
        std::printf("%5.1f s  %-8s %s\n", moment.count(), actor.c_str(), activity.c_str());
        std::fflush(stdout);
    }

    [[nodiscard]] std::string row(std::string const& actor, double total_s) const {
        std::string text(width, ' ');
        auto column = [&](double at_s) {
            return static_cast<std::size_t>(
                std::min(width - 1, static_cast<int>(at_s / total_s * width)));
        };
        entry const* previous = nullptr;
        for (auto const& each : notes_) {
            if (each.actor != actor) continue;
            if (previous != nullptr && previous->now != state::ended) {
                for (auto i = column(previous->at_s); i <= column(each.at_s); ++i) {
                    text[i] = previous->now == state::runs ? '#' : '.';
                }
            }
            previous = &each;
        }
        for (auto const& each : notes_) { // an instant is shorter than a column: keep it visible
            if (each.actor == actor && each.now != state::waits) text[column(each.at_s)] = '#';
        }
        return text;
    }

    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::mutex mutex_;
    std::vector<entry> notes_;
};

} // namespace example
