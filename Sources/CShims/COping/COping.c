#include "COping.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

// The one piece that cannot be an inline: a definition of perror(3) that the dynamic linker finds before libc's, since
// liboping offers no other way to keep it quiet and to learn why a send failed. Everywhere else it does what perror does.
enum { KEPT = 64 };
static _Thread_local int sending;
static _Thread_local int count;
static _Thread_local int kept[KEPT];

void probe_oping_begin_send(void) {
    sending = 1;
    count = 0;
}

int probe_oping_end_send(int *errors, int capacity) {
    sending = 0;
    int copied = count < capacity ? count : capacity;
    memcpy(errors, kept, sizeof(int) * (size_t)copied);
    return copied;
}

void perror(const char *message) {
    int error = errno;
    if (sending) {
        if (count < KEPT) kept[count++] = error;
        return;
    }
    char text[128];
    const char *reason = strerror_r(error, text, sizeof text) == 0 ? text : "Unknown error";
    if (message != NULL && *message != 0)
        fprintf(stderr, "%s: %s\n", message, reason);
    else
        fprintf(stderr, "%s\n", reason);
}
