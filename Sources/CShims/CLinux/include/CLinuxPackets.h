// Datagrams with what the kernel says about each: control messages are macros over bytes, which Swift does not import.
#ifndef PROBEOPS_CLINUX_PACKETS_H
#define PROBEOPS_CLINUX_PACKETS_H

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// How one packet is to leave. -1 and 0 leave the socket's own choice.
struct probe_departure {
    int32_t hop_limit;
    int32_t traffic_class;
    uint32_t interface;
    uint32_t source_length;  // 0, 4 or 16
    uint8_t source[16];
};

// in6_pktinfo is a GNU extension of glibc's headers; this is its layout (ipv6(7)).
struct probe_pktinfo6 {
    struct in6_addr address;
    uint32_t interface;
};

static inline void probe_add_control(struct msghdr *message, int level, int type, const void *value, size_t length) {
    struct cmsghdr *header = (struct cmsghdr *)((char *)message->msg_control + message->msg_controllen);
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(header), value, length);
    message->msg_controllen += CMSG_SPACE(length);
}

// sendmsg(2) with TTL, TOS, source and interface by control messages, so that one socket serves every job.
static inline ssize_t probe_send_packet(
    int fd, const void *bytes, size_t length, const struct sockaddr *to, socklen_t to_length,
    const struct probe_departure *how) {
    char control[CMSG_SPACE(sizeof(int)) * 2 + CMSG_SPACE(sizeof(struct probe_pktinfo6))]
        __attribute__((aligned(sizeof(size_t))));
    memset(control, 0, sizeof control);
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
    struct msghdr message = {
        .msg_name = (void *)to, .msg_namelen = to_length, .msg_iov = &part, .msg_iovlen = 1, .msg_control = control};
    int is4 = to->sa_family == AF_INET;
    if (how->hop_limit >= 0)
        probe_add_control(
            &message, is4 ? IPPROTO_IP : IPPROTO_IPV6, is4 ? IP_TTL : IPV6_HOPLIMIT, &how->hop_limit, sizeof(int));
    if (how->traffic_class >= 0)
        probe_add_control(
            &message, is4 ? IPPROTO_IP : IPPROTO_IPV6, is4 ? IP_TOS : IPV6_TCLASS, &how->traffic_class, sizeof(int));
    if (is4 && (how->interface != 0 || how->source_length == 4)) {
        struct in_pktinfo info = {.ipi_ifindex = (int)how->interface};
        if (how->source_length == 4) memcpy(&info.ipi_spec_dst, how->source, 4);
        probe_add_control(&message, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }
    if (!is4 && (how->interface != 0 || how->source_length == 16)) {
        struct probe_pktinfo6 info = {.interface = how->interface};
        if (how->source_length == 16) memcpy(&info.address, how->source, 16);
        probe_add_control(&message, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
    if (message.msg_controllen == 0) message.msg_control = NULL;
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

// One packet that came in, with what the kernel says about it.
struct probe_arrival {
    struct sockaddr_storage from;
    int64_t stamp;         // CLOCK_REALTIME in nanoseconds, 0: none
    uint32_t length;       // of the whole packet
    uint32_t captured;     // bytes of it in its slot
    int32_t hop_limit;     // -1: not said
    uint32_t drops;        // by this socket, so far; 0 also when not said
    // Of the error queue (IP_RECVERR), 0 otherwise.
    uint32_t error_number;
    uint32_t error_info;
    uint8_t error_origin;
    uint8_t error_type;
    uint8_t error_code;
    struct sockaddr_storage offender;
};

static inline void probe_read_extended_error(struct probe_arrival *arrival, const struct cmsghdr *header) {
    struct sock_extended_err error;
    if (header->cmsg_len < CMSG_LEN(sizeof error)) return;
    memcpy(&error, CMSG_DATA(header), sizeof error);
    arrival->error_number = error.ee_errno;
    arrival->error_origin = error.ee_origin;
    arrival->error_type = error.ee_type;
    arrival->error_code = error.ee_code;
    arrival->error_info = error.ee_info;
    size_t left = header->cmsg_len - CMSG_LEN(sizeof error);
    if (left > sizeof arrival->offender) left = sizeof arrival->offender;
    // SO_EE_OFFENDER: the address stands behind the structure.
    memcpy(&arrival->offender, (const char *)CMSG_DATA(header) + sizeof error, left);
}

static inline void probe_read_control(struct probe_arrival *arrival, struct msghdr *message) {
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
        int level = header->cmsg_level, type = header->cmsg_type;
        if (level == SOL_SOCKET && type == SO_TIMESTAMPNS) {
            struct timespec time;
            memcpy(&time, CMSG_DATA(header), sizeof time);
            arrival->stamp = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
        } else if (level == SOL_SOCKET && type == SO_RXQ_OVFL) {
            memcpy(&arrival->drops, CMSG_DATA(header), sizeof arrival->drops);
        } else if ((level == IPPROTO_IP && type == IP_TTL) || (level == IPPROTO_IPV6 && type == IPV6_HOPLIMIT)) {
            memcpy(&arrival->hop_limit, CMSG_DATA(header), sizeof arrival->hop_limit);
        } else if ((level == IPPROTO_IP && type == IP_RECVERR) || (level == IPPROTO_IPV6 && type == IPV6_RECVERR)) {
            probe_read_extended_error(arrival, header);
        }
    }
}

#define PROBE_BATCH 32

// mmsghdr and recvmmsg are GNU extensions of glibc's headers; this is the kernel's layout.
struct probe_mmsghdr {
    struct msghdr header;
    unsigned int length;
};

// recvmmsg(2): packet i goes to slot i of `slots`, cut to `slot_size`. -1 with errno, or the number of packets.
static inline int probe_receive_packets(
    int fd, uint8_t *slots, uint32_t slot_size, struct probe_arrival *arrivals, unsigned int count, int flags) {
    struct probe_mmsghdr messages[PROBE_BATCH];
    struct iovec parts[PROBE_BATCH];
    char control[PROBE_BATCH][256] __attribute__((aligned(sizeof(size_t))));
    if (count > PROBE_BATCH) count = PROBE_BATCH;
    memset(messages, 0, sizeof messages);
    for (unsigned int i = 0; i < count; i++) {
        parts[i] = (struct iovec){.iov_base = slots + (size_t)i * slot_size, .iov_len = slot_size};
        messages[i].header = (struct msghdr){
            .msg_name = &arrivals[i].from, .msg_namelen = sizeof arrivals[i].from, .msg_iov = &parts[i],
            .msg_iovlen = 1, .msg_control = control[i], .msg_controllen = sizeof control[i]};
    }
    // MSG_TRUNC: the length that comes back is the packet's, also of what did not fit.
    int received = (int)syscall(SYS_recvmmsg, fd, messages, count, flags | MSG_DONTWAIT | MSG_TRUNC, NULL);
    for (int i = 0; i < received; i++) {
        struct probe_arrival *arrival = &arrivals[i];
        struct sockaddr_storage from = arrival->from;
        memset(arrival, 0, sizeof *arrival);
        arrival->from = from;
        arrival->hop_limit = -1;
        arrival->length = messages[i].length;
        arrival->captured = messages[i].length < slot_size ? messages[i].length : slot_size;
        probe_read_control(arrival, &messages[i].header);
    }
    return received;
}

static inline int probe_receive_error(int fd, uint8_t *slot, uint32_t slot_size, struct probe_arrival *arrival) {
    return probe_receive_packets(fd, slot, slot_size, arrival, 1, MSG_ERRQUEUE);
}

// What a raw ICMP socket drops before any copy is made of it (raw(7)): the bits of the types that are wanted not.
static inline int probe_block_icmp_types(int fd, uint32_t blocked) {
    struct icmp_filter filter = {.data = blocked};
    return setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof filter);
}

// Packets that the socket has dropped so far (SO_MEMINFO's SK_MEMINFO_DROPS); -1 when the kernel does not say.
static inline int64_t probe_socket_drops(int fd) {
    uint32_t values[9] = {0};
    socklen_t length = sizeof values;
    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values, &length) != 0 || length < sizeof values) return -1;
    return values[8];
}

#endif
