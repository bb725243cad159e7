// SPDX-License-Identifier: MIT
#include "remote/host.hpp"

#include "contract/model.hpp"

#include <fmt/format.h>
#include <stdexcept>

namespace remote {
namespace {

/// One cell is measured at a time, so there is one worker; a maker has no other way to find it.
running* the_running = nullptr;

class worker_host final : public contract::host {
public:
    worker_host(command const& launch, slot_file const& slots)
        : running_{.worker = worker(launch), .slots = slots} {
        the_running = &running_;
    }
    ~worker_host() override { the_running = nullptr; }

    int process() const noexcept override { return running_.worker.pid(); }
    void check() override { running_.worker.check(); }

private:
    running running_;
};

} // namespace

place own_place() {
    constexpr std::string_view prefix = "switchyard-";
    auto const self = std::filesystem::read_symlink("/proc/self/exe");
    auto name = self.filename().string();
    if (name.starts_with(prefix)) name.erase(0, prefix.size());
    return {name, self.parent_path() / "workers" / name};
}

std::unique_ptr<contract::host> start_worker(contract::host_setting const& setting) {
    command launch{
        .program = own_place().worker(),
        .arguments = {std::string(setting.cell.workload), std::string(setting.cell.about.variant)},
        .inherited = {setting.descriptors.begin(), setting.descriptors.end()}};
    if (setting.slots_fd != -1) launch.inherited.push_back(setting.slots_fd);
    try {
        return std::make_unique<worker_host>(
            launch, slot_file{.slots_fd = setting.slots_fd, .slots = setting.slots});
    } catch (start_error const& e) {
        throw contract::skipped_error(e.what());
    }
}

running& running_worker() {
    if (the_running == nullptr) throw std::logic_error("no worker was started for this session");
    return *the_running;
}

} // namespace remote
