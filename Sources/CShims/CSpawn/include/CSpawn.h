#pragma once
#include <spawn.h>

// glibc declares these two only under _GNU_SOURCE, which a module importer cannot set.
int pipe2(int descriptors[2], int flags);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
