// The one router of the path lab that is a program: it takes packets from a TUN device in one network
// namespace and hands them on to one in another, after a delay that it logs for each packet. netem is
// missing on many kernels, and so is MPLS: this router says in its ICMP time-exceeded messages that
// the packet carried labels (RFC 4884, RFC 4950).
//
//   path-forwarder NETNS DEVICE ADDRESS4 ADDRESS6   NETNS DEVICE ADDRESS4 ADDRESS6
//
// First the side where the node is ("forward" leads away from it), then the far one. The addresses
// are the router's own on that side. It says "ready", and then takes commands on standard input, one a
// line, each answered by "ok":
//
//   delay FORWARD BACK    microseconds that each packet is held (0 0)
//   jitter MAXIMUM        plus a random part of this, the same numbers in every run (0)
//   duplicate N           each Nth answer to a probe is sent twice (0: none), counted from here on
//   late N MICROSECONDS   each Nth answer to a probe is held so much longer (0: none), counted so too
//   mpls rfc4884|legacy|off   with the length field; as routers did before RFC 4884; no labels
//   sync                  nothing: what happened before it is in the log when it is answered
//
// A line for each packet on standard output:
//
//   packet DIRECTION FAMILY KEY TTL LENGTH IN OUT FATE
//
// DIRECTION forward or back; FAMILY 4 or 6; KEY the probe that this is, or answers: its protocol and
// the fields that tell it from others (icmp:IDENT:SEQ, udp:SOURCE:DESTINATION:CHECKSUM,
// tcp:SOURCE:DESTINATION:SEQ, other), read from the embedded packet of an ICMP error; IN and OUT
// nanoseconds of CLOCK_MONOTONIC; FATE sent, late, duplicate (the second copy) or expired (answered
// by time exceeded; OUT is when that was sent).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { FORWARD, BACK };
enum { LARGEST = 9000, MOST = 16384 };

struct side {
    int fd;
    uint8_t address4[4], address6[16];
};

struct packet {
    int64_t in, due;
    uint64_t order;
    int direction, family, ttl, received;  // as it came
    int target;                            // the side it leaves by
    const char *fate;
    char key[48];
    size_t length;
    uint8_t bytes[LARGEST];
};

static struct side sides[2];
static struct packet *heap[MOST];
static size_t held;
static uint64_t orders, backs, randomness = 88172645463325252u;
static int64_t delays[2], jitter, lateness;
static uint64_t duplicate_each, late_each;
static enum { RFC4884, LEGACY, OFF } mpls = RFC4884;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

// MARK: Bytes

static uint16_t half(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }
static uint32_t word(const uint8_t *at) { return (uint32_t)half(at) << 16 | half(at + 2); }
static void put(uint8_t *at, uint16_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint32_t sum(const uint8_t *bytes, size_t length, uint32_t start) {
    for (; length > 1; bytes += 2, length -= 2) start += half(bytes);
    return length ? start + ((uint32_t)*bytes << 8) : start;
}
static uint16_t folded(uint32_t sum) {
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

// MARK: Which probe a packet is or answers

static void describe(const uint8_t *bytes, size_t length, char key[48]) {
    snprintf(key, 48, "other");
    if (length < 28) return;
    int version = bytes[0] >> 4;
    size_t header = version == 4 ? (size_t)(bytes[0] & 15) * 4 : 40;
    int protocol = version == 4 ? bytes[9] : bytes[6];
    const uint8_t *transport = bytes + header;
    if (length < header + 8) return;
    size_t rest = length - header;
    bool is_icmp = protocol == (version == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
    if (protocol == IPPROTO_UDP) {
        snprintf(key, 48, "udp:%u:%u:%u", half(transport), half(transport + 2), half(transport + 6));
    } else if (protocol == IPPROTO_TCP) {
        uint32_t sequence = word(transport + 4);
        // An answer swaps the ports and acknowledges one more than the SYN's number.
        bool answers = rest >= 20 && transport[13] & 0x10;
        if (answers) sequence = word(transport + 8) - 1;
        int source = half(transport + (answers ? 2 : 0)), destination = half(transport + (answers ? 0 : 2));
        snprintf(key, 48, "tcp:%d:%d:%u", source, destination, sequence);
    } else if (is_icmp) {
        int type = transport[0];
        bool is_error = version == 4 ? type == 3 || type == 11 || type == 12 : type < 128;
        if (is_error) return describe(transport + 8, rest - 8, key);
        snprintf(key, 48, "icmp:%u:%u", half(transport + 4), half(transport + 6));
    }
}

// MARK: Time exceeded

static size_t extension(uint8_t *at) {
    static const uint8_t entries[] = {
        0x03, 0xe8, 0x0a, 0x01,  // label 16000, traffic class 5, TTL 1
        0x05, 0xdc, 0x17, 0xfe,  // label 24001, traffic class 3, bottom of stack, TTL 254
    };
    memset(at, 0, 8);
    at[0] = 0x20;
    put(at + 4, 4 + sizeof entries);
    at[6] = 1;
    at[7] = 1;
    memcpy(at + 8, entries, sizeof entries);
    size_t length = 8 + sizeof entries;
    put(at + 2, folded(sum(at, length, 0)));
    return length;
}

// Replaces the packet by the router's own message to its sender.
static void expire(struct packet *packet) {
    uint8_t original[LARGEST];
    size_t header = packet->family == 4 ? 20 : 40, quoted = packet->length;
    // RFC 1812 section 4.3.2.3 and RFC 4443 section 2.4 c; with an extension at most 128 bytes are quoted.
    size_t most = mpls != OFF ? 128 : packet->family == 4 ? 548 : 1232;
    if (quoted > most) quoted = most;
    memset(original, 0, sizeof original);
    memcpy(original, packet->bytes, quoted);
    const struct side *side = &sides[packet->direction];
    uint8_t *bytes = packet->bytes, *icmp = bytes + header;
    memset(bytes, 0, header + 8);
    size_t length = 8 + quoted;
    if (mpls != OFF) {
        memcpy(icmp + 8, original, 128);
        length = 8 + 128 + extension(icmp + 8 + 128);
        if (mpls == RFC4884) icmp[packet->family == 4 ? 5 : 4] = packet->family == 4 ? 128 / 4 : 128 / 8;
    } else {
        memcpy(icmp + 8, original, quoted);
    }
    if (packet->family == 4) {
        bytes[0] = 0x45;
        put(bytes + 2, (uint16_t)(header + length));
        bytes[8] = 64;
        bytes[9] = IPPROTO_ICMP;
        memcpy(bytes + 12, side->address4, 4);
        memcpy(bytes + 16, original + 12, 4);
        put(bytes + 10, folded(sum(bytes, header, 0)));
        icmp[0] = 11;
        put(icmp + 2, folded(sum(icmp, length, 0)));
    } else {
        bytes[0] = 0x60;
        put(bytes + 4, (uint16_t)length);
        bytes[6] = IPPROTO_ICMPV6;
        bytes[7] = 64;
        memcpy(bytes + 8, side->address6, 16);
        memcpy(bytes + 24, original + 8, 16);
        icmp[0] = 3;
        put(icmp + 2, folded(sum(bytes + 8, 32, sum(icmp, length, (uint32_t)length + IPPROTO_ICMPV6))));
    }
    packet->length = header + length;
    packet->target = packet->direction;
    packet->fate = "expired";
}

// MARK: Holding packets

static bool before(const struct packet *a, const struct packet *b) {
    return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void hold(struct packet *packet) {
    if (held == MOST) {
        free(packet);
        return;
    }
    packet->order = orders++;
    size_t at = held++;
    for (; at > 0 && before(packet, heap[(at - 1) / 2]); at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
    heap[at] = packet;
}

static struct packet *take(void) {
    struct packet *first = heap[0], *last = heap[--held];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < held; at = child) {
        if (child + 1 < held && before(heap[child + 1], heap[child])) child++;
        if (!before(heap[child], last)) break;
        heap[at] = heap[child];
    }
    if (held) heap[at] = last;
    return first;
}

static int64_t chance(int64_t most) {
    if (most == 0) return 0;
    randomness ^= randomness << 13;
    randomness ^= randomness >> 7;
    randomness ^= randomness << 17;
    return (int64_t)(randomness % (uint64_t)most);
}

static void age(struct packet *packet) {
    if (packet->family == 6) {
        packet->bytes[7]--;
        return;
    }
    packet->bytes[8]--;
    put(packet->bytes + 10, 0);
    put(packet->bytes + 10, folded(sum(packet->bytes, (size_t)(packet->bytes[0] & 15) * 4, 0)));
}

// Takes every packet that waits on a side.
static void receive(int direction) {
    for (;;) {
        struct packet *packet = malloc(sizeof *packet);
        if (!packet) fail("malloc");
        ssize_t count = read(sides[direction].fd, packet->bytes, LARGEST);
        packet->in = now();
        if (count < 40) {
            bool empty = count < 0;
            free(packet);
            if (empty) return;
            continue;
        }
        packet->length = (size_t)count;
        packet->received = (int)count;
        packet->direction = direction;
        packet->target = 1 - direction;
        packet->family = packet->bytes[0] >> 4;
        packet->ttl = packet->family == 4 ? packet->bytes[8] : packet->bytes[7];
        packet->fate = "sent";
        // What the kernel says to all nodes of the link (router solicitations, multicast reports).
        if (packet->family == 6 && packet->bytes[24] == 0xff) {
            free(packet);
            continue;
        }
        describe(packet->bytes, packet->length, packet->key);
        packet->due = packet->in + delays[direction] + chance(jitter);
        if (packet->ttl <= 1) {
            expire(packet);
            packet->due += delays[1 - direction];
        } else {
            age(packet);
        }
        if (direction == BACK && strcmp(packet->key, "other") != 0) {
            backs++;
            if (late_each && backs % late_each == 0) {
                packet->due += lateness;
                packet->fate = "late";
            }
            if (duplicate_each && backs % duplicate_each == 0) {
                struct packet *copy = malloc(sizeof *copy);
                if (!copy) fail("malloc");
                *copy = *packet;
                copy->fate = "duplicate";
                hold(packet);
                hold(copy);
                continue;
            }
        }
        hold(packet);
    }
}

static void send_due(void) {
    while (held && heap[0]->due <= now()) {
        struct packet *packet = take();
        int64_t out = now();
        if (write(sides[packet->target].fd, packet->bytes, packet->length) < 0 && errno != ENOBUFS) perror("write");
        printf("packet %s %d %s %d %d %lld %lld %s\n", packet->direction == FORWARD ? "forward" : "back",
               packet->family, packet->key, packet->ttl, packet->received, (long long)packet->in, (long long)out,
               packet->fate);
        free(packet);
    }
}

// MARK: Start and commands

static void obey(char *line) {
    long long first = 0, second = 0;
    char text[16] = "";
    if (sscanf(line, "delay %lld %lld", &first, &second) == 2) {
        delays[FORWARD] = first * 1000;
        delays[BACK] = second * 1000;
    } else if (sscanf(line, "jitter %lld", &first) == 1) {
        jitter = first * 1000;
    } else if (sscanf(line, "duplicate %lld", &first) == 1) {
        duplicate_each = (uint64_t)first;
        backs = 0;
    } else if (sscanf(line, "late %lld %lld", &first, &second) == 2) {
        late_each = (uint64_t)first;
        lateness = second * 1000;
        backs = 0;
    } else if (sscanf(line, "mpls %15s", text) == 1) {
        mpls = strcmp(text, "rfc4884") == 0 ? RFC4884 : strcmp(text, "legacy") == 0 ? LEGACY : OFF;
    } else if (strcmp(line, "sync") != 0) {
        printf("unknown command: %s\n", line);
        return;
    }
    printf("ok %s\n", line);
}

static void attach(struct side *side, char **words) {
    int namespace = open(words[0], O_RDONLY | O_CLOEXEC);
    if (namespace < 0 || setns(namespace, CLONE_NEWNET) != 0) fail(words[0]);
    close(namespace);
    side->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (side->fd < 0) fail("/dev/net/tun");
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", words[1]);
    if (ioctl(side->fd, TUNSETIFF, &request) != 0) fail(words[1]);
    if (inet_pton(AF_INET, words[2], side->address4) != 1) fail(words[2]);
    if (inet_pton(AF_INET6, words[3], side->address6) != 1) fail(words[3]);
}

int main(int count, char **words) {
    if (count != 9) {
        fprintf(stderr, "usage: path-forwarder NETNS DEVICE ADDRESS4 ADDRESS6 NETNS DEVICE ADDRESS4 ADDRESS6\n");
        return 64;
    }
    for (int side = 0; side < 2; side++) attach(&sides[side], words + 1 + 4 * side);
    // What waits for the processor is delay that nobody asked for. Not permitted is no error.
    struct sched_param priority = {.sched_priority = 10};
    sched_setscheduler(0, SCHED_FIFO, &priority);
    setvbuf(stdout, NULL, _IOLBF, 0);
    // Unbuffered: a second line in a buffer would be invisible to poll.
    setvbuf(stdin, NULL, _IONBF, 0);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer < 0) fail("timerfd_create");
    printf("ready\n");
    char line[256];
    for (;;) {
        struct itimerspec at = {0};
        if (held) {
            int64_t due = heap[0]->due > 0 ? heap[0]->due : 1;
            at.it_value.tv_sec = due / 1000000000;
            at.it_value.tv_nsec = due % 1000000000;
        }
        timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
        struct pollfd polled[] = {
            {sides[0].fd, POLLIN, 0}, {sides[1].fd, POLLIN, 0}, {timer, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
        if (poll(polled, 4, -1) < 0 && errno != EINTR) fail("poll");
        send_due();
        for (int side = 0; side < 2; side++)
            if (polled[side].revents & POLLIN) receive(side);
        send_due();
        if (polled[3].revents && !fgets(line, sizeof line, stdin)) return 0;
        if (polled[3].revents) {
            line[strcspn(line, "\n")] = 0;
            obey(line);
        }
    }
}
