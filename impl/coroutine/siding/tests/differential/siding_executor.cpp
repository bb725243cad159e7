// SPDX-License-Identifier: MIT
// Runs programs (one JSON object a line, see generator.py) with siding and prints the trace of
// each.
#include "execution.hpp"

#include <iostream>
#include <map>

int main(int count, char** arguments) {
    using differential::mutation;
    std::map<std::string, mutation> const faults{{"--late-event", mutation::late_event},
                                                 {"--eager-yield", mutation::eager_yield},
                                                 {"--reversed-gather", mutation::reversed_gather},
                                                 {"--lost-message", mutation::lost_message}};
    auto const fault = count > 1 ? faults.at(arguments[1]) : mutation::none;
    for (std::string line; std::getline(std::cin, line);) {
        auto const program = differential::parse(line);
        auto const blocks = siding::live_blocks();
        {
            differential::execution run(program, fault);
            for (auto const& each : run.run()) {
                std::cout << each << '\n';
            }
        }
        if (siding::live_blocks() != blocks) std::cout << "a frame, future or callback leaks\n";
        std::cout << "===" << std::endl;
    }
}
