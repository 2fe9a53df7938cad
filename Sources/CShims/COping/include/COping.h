// liboping, and what Swift cannot say to it.
#ifndef PROBEOPS_COPING_H
#define PROBEOPS_COPING_H

#include <stdint.h>
#include <sys/types.h>
#include <oping.h>

// ping_iterator_get_info takes an untyped buffer whose size goes in and out by pointer: one typed inline a value.
static inline double probe_oping_latency(pingobj_iter_t *host) {
    double value = -1;
    size_t length = sizeof value;
    return ping_iterator_get_info(host, PING_INFO_LATENCY, &value, &length) == 0 ? value : -1;
}

// TTL or hop limit of the reply; -1 when the kernel did not tell.
static inline int probe_oping_reply_ttl(pingobj_iter_t *host) {
    int value = -1;
    size_t length = sizeof value;
    return ping_iterator_get_info(host, PING_INFO_RECV_TTL, &value, &length) == 0 ? value : -1;
}

// -1 when liboping does not tell, which no ident is.
static inline int probe_oping_ident(pingobj_iter_t *host) {
    uint16_t value = 0;
    size_t length = sizeof value;
    return ping_iterator_get_info(host, PING_INFO_IDENT, &value, &length) == 0 ? value : -1;
}

// How many requests were handed to the kernel for this host. (`dropped` is under-counted and tells nothing.)
static inline unsigned probe_oping_sent(pingobj_iter_t *host) {
    unsigned value = 0;
    size_t length = sizeof value;
    return ping_iterator_get_info(host, PING_INFO_SEQUENCE, &value, &length) == 0 ? value : 0;
}

// When sendto(2) fails (EPERM from a firewall) liboping calls perror(3), which would write to the node's stderr, and
// keeps the error number nowhere. Between these two calls perror is silent on the calling thread and the numbers are
// kept; `end` copies the first `capacity` of them, in the order of the hosts that failed, and returns how many.
void probe_oping_begin_send(void);
int probe_oping_end_send(int *errors, int capacity);

#endif
