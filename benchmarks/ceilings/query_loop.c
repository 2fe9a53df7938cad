// query_loop PORT CONCURRENCY SECONDS: DNS queries to 127.0.0.1 in bare C on epoll, each over a connected UDP socket of
// its own with a port of the kernel's choice (RFC 5452), as a prober has to ask. One thread. Prints one JSON line.
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static int poller;
static struct sockaddr_in target;
static unsigned started;
static long done, wrong;

// nN.bench.test A, recursion desired, EDNS with 1232 bytes.
static size_t query(unsigned char *bytes, unsigned number) {
    unsigned char head[12] = {number >> 8, number, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1};
    static const unsigned char tail[] = "\5bench\4test\0\0\1\0\1\0\0\51\4\320\0\0\0\0\0";
    memcpy(bytes, head, sizeof head);
    size_t length = snprintf((char *)bytes + 13, 20, "n%u", number % 10000);
    bytes[12] = length;
    memcpy(bytes + 13 + length, tail, sizeof tail);
    return 13 + length + sizeof tail;
}

static void start(void) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = (unsigned)fd | (uint64_t)(started & 0xffff) << 32};
    unsigned char bytes[64];
    size_t length = query(bytes, started++);
    if (connect(fd, (struct sockaddr *)&target, sizeof target) != 0) wrong++;
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    if (send(fd, bytes, length, 0) != (ssize_t)length) wrong++;
}

int main(int count, char **arguments) {
    if (count != 4) return fprintf(stderr, "usage: query_loop PORT CONCURRENCY SECONDS\n"), 64;
    int concurrency = atoi(arguments[2]);
    target = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    poller = epoll_create1(EPOLL_CLOEXEC);
    double begin = now(), end = begin + atof(arguments[3]), last = begin;
    for (int index = 0; index < concurrency; index++) start();
    struct epoll_event events[512];
    while (now() < end) {
        int ready = epoll_wait(poller, events, 512, 100);
        for (int index = 0; index < ready; index++) {
            int fd = (int)(uint32_t)events[index].data.u64;
            unsigned id = events[index].data.u64 >> 32;
            unsigned char answer[1500];
            ssize_t length = recv(fd, answer, sizeof answer, 0);
            // The id, a response, NOERROR, one answer.
            if (length < 12 || (answer[0] << 8 | answer[1]) != (int)id || !(answer[2] & 0x80) || answer[3] & 15 ||
                answer[7] != 1)
                wrong++;
            close(fd);
            done++;
            start();
        }
        if (ready > 0) last = now();
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("{\"jobs\": %ld, \"seconds\": %.6f, \"jobsPerSecond\": %.1f, \"cpuMicrosecondsPerJob\": %.3f, \"wrong\": %ld}\n",
           done, last - begin, done / (last - begin), cpu * 1e6 / (done ? done : 1), wrong);
    return wrong || !done;
}
