// SPDX-License-Identifier: MIT
#include "cell/fresh_process.hpp"

#include "contract/check.hpp"
#include "facts/errors.hpp"
#include "facts/table/exit_codes.hpp"
#include "kernel/random.hpp"
#include "proc/cpus.hpp"
#include "proc/memory_file.hpp"
#include "rig/helper_program.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <new>
#include <sys/mman.h>
#include <vector>

namespace cell {
namespace {

using contract::startup;

/// What a started process writes for the one that started it.
struct first_operation {
    contract::latency_slot slot;
    startup::outcome outcome;
};

/// A file in memory with one first_operation, mapped.
class shared_note {
public:
    shared_note() : file_(proc::memory_file("switchyard-start")) {
        proc::checked(::ftruncate(file_.get(), sizeof(first_operation)), "ftruncate");
        map();
    }
    explicit shared_note(int inherited) : file_(inherited) { map(); }
    shared_note(shared_note const&) = delete;
    shared_note& operator=(shared_note const&) = delete;
    ~shared_note() { ::munmap(note_, sizeof(first_operation)); }

    [[nodiscard]] int fd() const noexcept { return file_.get(); }
    [[nodiscard]] first_operation& operator*() const noexcept { return *note_; }

private:
    void map() {
        auto* const memory = ::mmap(nullptr, sizeof(first_operation), PROT_READ | PROT_WRITE,
                                    MAP_SHARED, file_.get(), 0);
        if (memory == MAP_FAILED) proc::throw_errno("mmap of the note of a start");
        note_ = static_cast<first_operation*>(memory);
    }

    proc::unique_fd file_;
    first_operation* note_ = nullptr;
};

class fresh_processes final : public contract::session<startup> {
public:
    fresh_processes(setting const& context, startup::params const& params,
                    contract::budget const& limits, std::span<contract::latency_slot> slots)
        : params_(params),
          limits_(limits),
          slots_(slots),
          program_(std::filesystem::read_symlink("/proc/self/exe").filename().string()),
          place_(static_cast<std::size_t>(context.cell - context.process->model->cells.data())) {}

    startup::outcome run(contract::probe& probe) override {
        startup::outcome sum;
        for (std::uint64_t i = 0; i < params_.starts; ++i) {
            shared_note const note;
            std::vector<std::string> const arguments{
                std::string(first_operation_flag), std::to_string(note.fd()),
                std::to_string(place_), std::to_string(limits_.workers),
                std::to_string(kernel::mix(limits_.seed ^ i))};
            probe.begin(i);
            rig::helper_program started(program_, arguments,
                                        {limits_.cpus.begin(), limits_.cpus.end()}, {note.fd()});
            if (auto const end = started.wait(); !end.ends_with("exited with 0")) {
                throw std::runtime_error(end + " before its first operation was done");
            }
            if (i < slots_.size()) slots_[i].end_ns = (*note).slot.end_ns;
            sum.operations += (*note).outcome.operations;
            sum.sum += (*note).outcome.sum;
        }
        return sum;
    }

private:
    startup::params params_;
    contract::budget limits_;
    std::span<contract::latency_slot> slots_;
    std::string program_;
    std::size_t place_; ///< of the cell in the model's table
};

} // namespace

std::unique_ptr<contract::session<startup>> start_afresh(setting const& context,
                                                         startup::params const& params,
                                                         startup::environment const& around,
                                                         std::span<contract::latency_slot> slots) {
    return std::make_unique<fresh_processes>(context, params, around.limits, slots);
}

int do_first_operation(contract::model const& model, int count, char** arguments) {
    if (count != 4)
        throw facts::usage_error(fmt::format("{} is an internal flag", first_operation_flag));
    auto const number = [&](int i) { return std::strtoull(arguments[i], nullptr, 10); };
    shared_note const note(static_cast<int>(number(0)));
    auto const place = number(1);
    contract::maker<startup>* const make =
        place < model.cells.size() ? contract::maker_of<startup>(model.cells[place]) : nullptr;
    if (make == nullptr) throw facts::usage_error("the model has no such cell");
    auto const cpus = proc::allowed_cpus();
    startup::environment around;
    around.limits = {.workers = static_cast<unsigned>(number(2)), .cpus = cpus, .seed = number(3)};
    contract::probe probe({&(*note).slot, 1});
    auto const session = make({.starts = 1}, around);
    (*note).outcome = session->run(probe);
    return facts::exit_code::ok;
}

} // namespace cell
