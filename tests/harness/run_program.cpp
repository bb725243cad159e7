// SPDX-License-Identifier: MIT
#include "run_program.hpp"

#include "proc/posix.hpp"
#include "proc/process_tree.hpp"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

namespace harness {
namespace {

std::string content(int fd) {
    std::string text;
    ::lseek(fd, 0, SEEK_SET);
    char buffer[4096];
    for (;;) {
        auto const bytes = ::read(fd, buffer, sizeof buffer);
        if (bytes <= 0) return text;
        text.append(buffer, static_cast<std::size_t>(bytes));
    }
}

} // namespace

ended run_program(std::string const& name, std::vector<std::string> arguments,
                  std::uint64_t most_descriptors) {
    // SWITCHYARD_BIN is the build's folder of executables.
    std::string path = SWITCHYARD_BIN "/";
    path += name;
    arguments.insert(arguments.begin(), path);
    std::vector<char*> pointers;
    for (auto& argument : arguments) {
        pointers.push_back(argument.data());
    }
    pointers.push_back(nullptr);
    proc::unique_fd const out(proc::checked(::memfd_create("out", MFD_CLOEXEC), "memfd_create"));
    proc::unique_fd const err(proc::checked(::memfd_create("err", MFD_CLOEXEC), "memfd_create"));
    auto const child = proc::checked(::fork(), "fork");
    if (child == 0) {
        if (most_descriptors != 0) {
            rlimit const limit{most_descriptors, most_descriptors};
            ::setrlimit(RLIMIT_NOFILE, &limit);
        }
        ::dup2(out.get(), STDOUT_FILENO);
        ::dup2(err.get(), STDERR_FILENO);
        ::execv(pointers.front(), pointers.data());
        ::_exit(127);
    }
    auto status = 0;
    while (::waitpid(child, &status, 0) == -1 && errno == EINTR) {
    }
    ended how;
    if (WIFEXITED(status)) {
        how.exit_code = WEXITSTATUS(status);
    } else {
        how.signal = WTERMSIG(status);
    }
    how.out = content(out.get());
    how.err = content(err.get());
    return how;
}

void adopt_orphans() { proc::checked(::prctl(PR_SET_CHILD_SUBREAPER, 1), "prctl"); }

std::vector<int> living_descendants() {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    return proc::descendants(::getpid(), {});
}

temporary_folder::temporary_folder()
    : path_((std::filesystem::temp_directory_path() / "switchyard-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) proc::throw_errno("mkdtemp");
}

temporary_folder::~temporary_folder() { std::filesystem::remove_all(path_); }

std::string read_file(std::string const& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace harness
