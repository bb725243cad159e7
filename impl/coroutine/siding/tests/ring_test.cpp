// SPDX-License-Identifier: MIT
#include "io_uring/buffer_ring.hpp"
#include "io_uring/ring.hpp"
#include "siding/io/io_uring.hpp"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace {

using siding::detail::buffer_ring;
using siding::detail::ring;

struct completion {
    std::uint64_t user_data;
    int result;
    std::uint32_t flags;
};

std::vector<completion> reap(ring& from) {
    std::vector<completion> all;
    from.reap([&](io_uring_cqe const& cqe) { all.push_back({cqe.user_data, cqe.res, cqe.flags}); });
    return all;
}

class ring_test : public testing::Test {
protected:
    void SetUp() override {
        if (auto const why = siding::why_no_io_uring(); !why.empty()) {
            GTEST_SKIP() << "io_uring cannot be used here: " << why;
        }
        open(8, 32);
    }
    void open(unsigned submissions, unsigned completions) {
        uring = std::make_unique<ring>(submissions, completions);
    }
    void no_operation(std::uint64_t user_data) {
        auto* const entry = uring->prepare();
        ASSERT_NE(entry, nullptr);
        entry->opcode = IORING_OP_NOP;
        entry->user_data = user_data;
    }
    std::unique_ptr<ring> uring;
};

TEST_F(ring_test, completes_what_was_submitted_in_order) {
    for (std::uint64_t i = 1; i <= 5; ++i) {
        no_operation(i);
    }
    EXPECT_EQ(uring->prepared(), 5u);
    EXPECT_EQ(uring->enter(5, nullptr), 0);
    EXPECT_EQ(uring->prepared(), 0u);
    auto const all = reap(*uring);
    ASSERT_EQ(all.size(), 5u);
    for (std::uint64_t i = 0; i < 5; ++i) {
        EXPECT_EQ(all[i].user_data, i + 1);
        EXPECT_EQ(all[i].result, 0);
    }
}

TEST_F(ring_test, a_full_queue_gives_no_entry_until_it_is_submitted) {
    for (std::uint64_t i = 0; i < 8; ++i) {
        no_operation(i);
    }
    EXPECT_EQ(uring->room(), 0u);
    EXPECT_EQ(uring->prepare(), nullptr);
    EXPECT_EQ(uring->enter(8, nullptr), 0);
    EXPECT_EQ(uring->room(), 8u);
    EXPECT_NE(uring->prepare(), nullptr);
}

TEST_F(ring_test, a_timeout_without_completions_is_told) {
    __kernel_timespec const timeout{0, 1'000'000};
    EXPECT_EQ(uring->enter(1, &timeout), -ETIME);
    EXPECT_TRUE(reap(*uring).empty());
}

TEST_F(ring_test, no_completion_is_lost_when_their_queue_overflows) {
    open(4, 4); // the kernel keeps what does not fit, until `enter` makes room
    std::size_t seen = 0;
    for (std::uint64_t i = 0; i < 16; ++i) {
        if (uring->room() == 0) {
            ASSERT_EQ(uring->enter(0, nullptr), 0);
        }
        no_operation(i);
    }
    __kernel_timespec const now{0, 0};
    for (int turn = 0; turn < 16 && seen < 16; ++turn) {
        uring->enter(0, &now);
        seen += reap(*uring).size();
    }
    EXPECT_EQ(seen, 16u);
    EXPECT_EQ(uring->dropped(), 0u);
}

TEST_F(ring_test, a_multishot_receive_takes_buffers_and_ends_when_they_run_out) {
    buffer_ring buffers(*uring, 7, 2, 16);
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    auto arm = [&] {
        auto* const entry = uring->prepare();
        entry->opcode = IORING_OP_RECV;
        entry->fd = pair[0];
        entry->ioprio = IORING_RECV_MULTISHOT;
        entry->flags = IOSQE_BUFFER_SELECT;
        entry->buf_group = buffers.group();
        entry->user_data = 1;
    };
    arm();
    ASSERT_EQ(uring->enter(0, nullptr), 0);
    std::string const message = "0123456789abcdef0123456789abcdef0123456789abcdef";
    ASSERT_EQ(::write(pair[1], message.data(), message.size()), 48);
    ASSERT_EQ(uring->enter(1, nullptr), 0);

    auto const all = reap(*uring);
    ASSERT_EQ(all.size(), 3u);
    for (auto i = 0u; i < 2; ++i) {
        EXPECT_EQ(all[i].result, 16);
        EXPECT_TRUE(all[i].flags & IORING_CQE_F_MORE);
        auto const id = static_cast<std::uint16_t>(all[i].flags >> IORING_CQE_BUFFER_SHIFT);
        EXPECT_EQ(std::memcmp(buffers.filled(id, 16).data(), message.data(), 16), 0);
    }
    EXPECT_EQ(all[2].result, -ENOBUFS);
    EXPECT_FALSE(all[2].flags & IORING_CQE_F_MORE);

    // A buffer given back and the receive armed again: the rest arrives, nothing was lost.
    buffers.give_back(static_cast<std::uint16_t>(all[0].flags >> IORING_CQE_BUFFER_SHIFT));
    arm();
    ASSERT_EQ(uring->enter(1, nullptr), 0);
    auto const rest = reap(*uring);
    ASSERT_FALSE(rest.empty());
    EXPECT_EQ(rest[0].result, 16);
    ::close(pair[0]);
    ::close(pair[1]);
}

} // namespace
