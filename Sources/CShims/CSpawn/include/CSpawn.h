#pragma once
#include <spawn.h>

// glibc declares these two only under _GNU_SOURCE, which a module importer cannot set.
int pipe2(int descriptors[2], int flags);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// syscall(2) is variadic, which Swift does not import. Not through glibc's wrappers: some of them try another call.
#include <unistd.h>
static inline long probe_system_call(long number, long a, long b, long c, long d, long e, long f) {
    return syscall(number, a, b, c, d, e, f);
}
