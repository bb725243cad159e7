// SPDX-License-Identifier: MIT
#include "proc/account.hpp"

#include "proc/memory_file.hpp"

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <ctime>
#include <linux/futex.h>
#include <new>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace proc {

/// The paper of both sides. A question is a number; the answer is complete when `answered` has it.
struct account_page {
    std::atomic<std::uint32_t> asked;
    std::atomic<std::uint32_t> answered;
    account answer;
};

namespace {

static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t)); // it is a futex

constexpr int giving_up_after_s = 1;

/// One of those that no library in here uses.
int signal_number() noexcept { return SIGRTMIN + 6; }

/// What the handler writes on; lock-free, for a signal may come at any time.
std::atomic<account_page*> paper = nullptr;

long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value,
           timespec const* limit) noexcept {
    return ::syscall(SYS_futex, &word, operation, value, limit, nullptr, 0);
}

extern "C" void answer(int) {
    auto const error = errno;
    if (auto* const page = paper.load(std::memory_order_acquire)) {
        auto const question = page->asked.load(std::memory_order_acquire);
        page->answer = own_account();
        // Release: who sees the number sees the answer.
        page->answered.store(question, std::memory_order_release);
        futex(page->answered, FUTEX_WAKE, INT_MAX, nullptr);
    }
    errno = error;
}

/// A fiber that is interrupted may stand on a stack too small for a signal: with vector registers,
/// the kernel's frame alone takes kilobytes.
void give_signal_stack() {
    stack_t present{};
    if (::sigaltstack(nullptr, &present) == 0 && (present.ss_flags & SS_DISABLE) == 0) return;
    static auto* const stack = [] {
        auto const bytes = static_cast<std::size_t>(::sysconf(_SC_SIGSTKSZ));
        auto* const memory =
            ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        static stack_t made{};
        if (memory != MAP_FAILED) made = {.ss_sp = memory, .ss_flags = 0, .ss_size = bytes};
        return &made;
    }();
    if (stack->ss_sp != nullptr) ::sigaltstack(stack, nullptr);
}

account_page* map_page(int fd) noexcept {
    auto* const memory =
        ::mmap(nullptr, sizeof(account_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return memory == MAP_FAILED ? nullptr : static_cast<account_page*>(memory);
}

timespec in(int seconds) noexcept {
    timespec until{};
    ::clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    return until;
}

} // namespace

account own_account() noexcept {
    account used{};
    ::getrusage(RUSAGE_SELF, &used.self);
    ::getrusage(RUSAGE_CHILDREN, &used.children);
    return used;
}

account_giver::account_giver() {
    auto file = memory_file("switchyard-account");
    if (::ftruncate(file.get(), sizeof(account_page)) == -1) return;
    page_ = map_page(file.get());
    if (page_ == nullptr) return;
    new (page_) account_page{};
    file_ = std::move(file);
    give_signal_stack();
    paper.store(page_, std::memory_order_release);
    struct sigaction action {};
    action.sa_handler = answer;
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    checked(::sigaction(signal_number(), &action, nullptr), "sigaction");
}

account_giver::~account_giver() {
    if (page_ == nullptr) return;
    // Not to the default, which would end the process should a question come late.
    std::signal(signal_number(), SIG_IGN);
    paper.store(nullptr, std::memory_order_release);
    ::munmap(page_, sizeof(account_page));
}

account_asker::account_asker(int fd, pid_t server) : page_(map_page(fd)), server_(server) {
    if (page_ == nullptr) throw_errno("mmap of the server's account");
}

account_asker::~account_asker() { ::munmap(page_, sizeof(account_page)); }

std::optional<account> account_asker::ask() const noexcept {
    auto const question = page_->asked.load(std::memory_order_relaxed) + 1;
    page_->asked.store(question, std::memory_order_release);
    // To the main thread, which outlives the others and has the stack for it.
    if (::syscall(SYS_tgkill, server_, server_, signal_number()) == -1) return {};
    auto const until = in(giving_up_after_s);
    for (;;) {
        auto const answered = page_->answered.load(std::memory_order_acquire);
        if (answered == question) return page_->answer;
        // FUTEX_WAIT_BITSET takes a point in time, so that an interruption does not start it anew.
        if (::syscall(SYS_futex, &page_->answered, FUTEX_WAIT_BITSET, answered, &until, nullptr,
                      FUTEX_BITSET_MATCH_ANY) == -1 &&
            errno != EAGAIN && errno != EINTR) {
            return {};
        }
    }
}

} // namespace proc
