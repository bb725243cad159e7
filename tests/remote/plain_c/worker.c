// SPDX-License-Identifier: MIT
// A worker in C, written from docs/worker-protocol.md and the contracts alone: what the page leaves out, this one does not
// know. A thread for each connection, wait and worker.
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char line[65536]; // the last request

static void answer(char const* text) {
    puts(text);
    fflush(stdout);
}

/// The number of ` name=` in the request, 0 without one.
static uint64_t number(char const* name) {
    char key[64];
    snprintf(key, sizeof key, " %s=", name);
    char const* const found = strstr(line, key);
    return found == NULL ? 0 : strtoull(found + strlen(key), NULL, 10);
}

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

static uint64_t hash(uint64_t index, unsigned char const* bytes, uint64_t count) {
    uint64_t state = mix(index ^ count);
    uint64_t i = 0;
    for (; i + 8 <= count; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, 8);
        state = (state ^ word) * 0x9fb21c651e98df25;
        state = (state << 27) | (state >> 37);
    }
    uint64_t tail = 0;
    memcpy(&tail, bytes + i, count - i);
    return mix(state ^ tail);
}

static void payload(uint64_t seed, uint64_t index, unsigned char* bytes, uint64_t count) {
    uint64_t state = mix(seed ^ mix(index));
    for (uint64_t i = 0; i < count; i += 8) {
        state = mix(state);
        memcpy(bytes + i, &state, count - i < 8 ? count - i : 8);
    }
}

// ---- hash_blocks

static atomic_uint_fast64_t next_block, sum;

static void* hash_some(void* unused) {
    uint64_t const seed = number("seed"), blocks = number("param.blocks");
    uint64_t const count = number("param.block_bytes"), passes = number("param.passes");
    unsigned char* const bytes = malloc(count);
    for (uint64_t block = next_block++; block < blocks; block = next_block++) {
        payload(seed, block, bytes, count);
        uint64_t value = block;
        for (uint64_t pass = 0; pass < passes; ++pass) value = hash(value, bytes, count);
        sum += value;
    }
    free(bytes);
    return unused;
}

static char const* run_hash_blocks(void) {
    static char outcome[128];
    uint64_t const workers = number("workers");
    pthread_t threads[workers];
    next_block = sum = 0;
    for (uint64_t i = 0; i < workers; ++i) pthread_create(&threads[i], NULL, hash_some, NULL);
    for (uint64_t i = 0; i < workers; ++i) pthread_join(threads[i], NULL);
    snprintf(outcome, sizeof outcome, "ran blocks=%" PRIu64 " checksum=%" PRIu64,
             number("param.blocks"), (uint64_t)sum);
    return outcome;
}

// ---- waits

struct slot {
    uint64_t begin_ns, end_ns;
};
static struct slot* slots;

static void* wait_one(void* which) {
    uint64_t const i = (uintptr_t)which;
    uint64_t const low = number("param.shortest_us"), high = number("param.longest_us");
    uint64_t const ns = low * 1000 + mix(number("seed") ^ mix(i)) % ((high - low) * 1000 + 1);
    slots[i].begin_ns = now_ns();
    struct timespec left = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    while (nanosleep(&left, &left) == -1 && errno == EINTR) {
    }
    slots[i].end_ns = now_ns();
    sum += mix(i);
    return NULL;
}

static char const* run_waits(void) {
    static char outcome[128];
    uint64_t const waits = number("param.waits");
    pthread_t* const threads = calloc(waits, sizeof *threads);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    sum = 0;
    uint64_t started = 0;
    for (; started < waits; ++started) {
        if (pthread_create(&threads[started], &small, wait_one, (void*)(uintptr_t)started) != 0) break;
    }
    for (uint64_t i = 0; i < started; ++i) pthread_join(threads[i], NULL);
    free(threads);
    snprintf(outcome, sizeof outcome, "ran completed=%" PRIu64 " checksum=%" PRIu64, started,
             (uint64_t)sum);
    return outcome;
}

// ---- echo

struct peer {
    int socket;
    pthread_t thread;
    struct peer* next;
};

static void* serve(void* given) {
    struct peer* const peer = given;
    char buffer[16384];
    ssize_t count;
    while ((count = read(peer->socket, buffer, sizeof buffer)) > 0) {
        for (ssize_t done = 0; done < count;) {
            ssize_t const bytes = send(peer->socket, buffer + done, (size_t)(count - done), MSG_NOSIGNAL);
            if (bytes == -1) return NULL;
            done += bytes;
        }
        sum += (uint64_t)count;
    }
    return NULL;
}

static char const* run_echo(void) {
    static char outcome[128];
    struct pollfd ready[2] = {{(int)number("listen_fd"), POLLIN, 0}, {(int)number("stop_fd"), POLLIN, 0}};
    struct peer* peers = NULL;
    uint64_t accepted = 0;
    sum = 0;
    while (poll(ready, 2, -1) >= 0 && ready[1].revents == 0) {
        int const socket = accept(ready[0].fd, NULL, NULL);
        if (socket == -1) continue;
        int const on = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct peer* const peer = malloc(sizeof *peer);
        *peer = (struct peer){socket, 0, peers};
        peers = peer;
        ++accepted;
        pthread_create(&peer->thread, NULL, serve, peer);
    }
    while (peers != NULL) {
        struct peer* const peer = peers;
        peers = peer->next;
        shutdown(peer->socket, SHUT_RDWR);
        pthread_join(peer->thread, NULL);
        close(peer->socket);
        free(peer);
    }
    snprintf(outcome, sizeof outcome, "ran accepted=%" PRIu64 " echoed_bytes=%" PRIu64, accepted,
             (uint64_t)sum);
    return outcome;
}

// ---- the conversation

static char const* make(void) {
    uint64_t const count = number("slots");
    if (count == 0) return "made";
    slots = mmap(NULL, 16 * count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                 (int)number("slots_fd"), 0);
    return slots == MAP_FAILED ? "failed to map the slots" : "made";
}

static char const* stop(void) {
    if (slots != NULL) munmap(slots, 16 * number("slots"));
    slots = NULL;
    return "stopped";
}

int main(int argc, char** argv) {
    if (argc == 2 && strcmp(argv[1], "--describe") == 0) {
        puts("{\"protocol\": 1, \"summary\": \"C: threads of POSIX\", \"library\": \"C11\", \"cells\": [\n"
             " {\"workload\": \"echo\", \"allowance\": \"one_per_unit\"}, {\"workload\": \"hash_blocks\"},\n"
             " {\"workload\": \"waits\", \"allowance\": \"one_per_unit\"}]}");
        return 0;
    }
    if (argc != 3) return 64;
    char const* (*const run)(void) = strcmp(argv[1], "echo") == 0    ? run_echo
                                     : strcmp(argv[1], "waits") == 0 ? run_waits
                                                                     : run_hash_blocks;
    answer("ready protocol=1");
    static char request[sizeof line]; // `run` and `stop` bring no words: those of `make` hold
    while (fgets(request, sizeof request, stdin) != NULL) {
        if (strncmp(request, "make ", 5) == 0) {
            memcpy(line, request, sizeof line);
            answer(make());
        } else if (strncmp(request, "run", 3) == 0) {
            answer(run());
        } else {
            answer(stop());
        }
    }
    return 0;
}
