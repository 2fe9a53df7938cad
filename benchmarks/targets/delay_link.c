// delay_link NAME MILLISECONDS: a TUN device behind which every IPv4 address answers an echo request exactly so long after
// it came out of the device. The delayed link of the fidelity benchmark: what a ping reports beyond the delay, the node
// or its machine added.
//
// "Came out" is the moment of reading, since the device gives packets no time stamp: start it with real-time priority
// (`chrt -f 50`). It prints one JSON line when the device is there, and one with how late each answer of its own was when
// its standard input ends.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { HELD = 1 << 14, LONGEST = 2048, NOTED = 1 << 20 };

struct packet {
    int64_t due;
    int length;
    unsigned char bytes[LONGEST];
};

// One delay for all: what came first is due first.
static struct packet held[HELD];
static unsigned first, last;
static int64_t lateness[NOTED];
static long noted;

static int64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

// RFC 1071, without a look at odd lengths: the last byte is padded with zero.
static uint16_t checksum(const unsigned char *bytes, int length) {
    uint32_t sum = 0;
    for (int at = 0; at < length; at += 2) sum += bytes[at] << 8 | (at + 1 < length ? bytes[at + 1] : 0);
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return ~sum;
}

// Turns an echo request (RFC 792) into its reply, in place. False: it is none.
static int turn(unsigned char *bytes, int length) {
    int header = (bytes[0] & 15) * 4;
    if (length < header + 8 || bytes[0] >> 4 != 4 || bytes[9] != IPPROTO_ICMP || bytes[header] != 8) return 0;
    unsigned char source[4];
    memcpy(source, bytes + 12, 4);
    memcpy(bytes + 12, bytes + 16, 4);
    memcpy(bytes + 16, source, 4);
    bytes[header] = 0;
    memset(bytes + header + 2, 0, 2);
    uint16_t sum = htons(checksum(bytes + header, length - header));
    memcpy(bytes + header + 2, &sum, 2);
    return 1;
}

static void take(int device, int64_t delay) {
    for (;;) {
        struct packet *packet = &held[last % HELD];
        int length = read(device, packet->bytes, LONGEST);
        if (length <= 0) return;
        int64_t came = now_ns();
        if (last - first == HELD - 1 || !turn(packet->bytes, length)) continue;
        packet->due = came + delay;
        packet->length = length;
        last++;
    }
}

static void give_due(int device) {
    while (first != last && held[first % HELD].due <= now_ns()) {
        struct packet *packet = &held[first++ % HELD];
        if (noted < NOTED) lateness[noted++] = now_ns() - packet->due;
        (void)!write(device, packet->bytes, packet->length);
    }
}

static void arm(int timer) {
    struct itimerspec when = {0};
    if (first != last) {
        when.it_value.tv_sec = held[first % HELD].due / 1000000000LL;
        when.it_value.tv_nsec = held[first % HELD].due % 1000000000LL;
    }
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static int by_size(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static int finish(void) {
    qsort(lateness, noted, sizeof *lateness, by_size);
    printf("{\"answers\": %ld, \"lateP50ms\": %.6f, \"lateP99ms\": %.6f, \"lateMaxMs\": %.6f}\n", noted,
           noted ? lateness[noted / 2] / 1e6 : 0, noted ? lateness[noted * 99 / 100] / 1e6 : 0,
           noted ? lateness[noted - 1] / 1e6 : 0);
    return 0;
}

int main(int count, char **arguments) {
    if (count != 3) return fprintf(stderr, "usage: delay_link NAME MILLISECONDS\n"), 64;
    int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    strncpy(request.ifr_name, arguments[1], IFNAMSIZ - 1);
    if (device < 0 || ioctl(device, TUNSETIFF, &request) != 0) return perror("/dev/net/tun"), 1;
    int64_t delay = atoi(arguments[2]) * 1000000LL;
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    printf("{\"ready\": true}\n");
    fflush(stdout);
    struct pollfd sources[] = {{device, POLLIN, 0}, {timer, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    for (;;) {
        uint64_t ticks;
        char byte;
        if (poll(sources, 3, -1) < 0 && errno != EINTR) return perror("poll"), 1;
        if (sources[0].revents) take(device, delay);
        if (sources[1].revents) (void)!read(timer, &ticks, sizeof ticks);
        if (sources[2].revents && read(STDIN_FILENO, &byte, 1) <= 0) return finish();
        give_due(device);
        arm(timer);
    }
}
