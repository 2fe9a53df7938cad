// connect_loop PORT CONCURRENCY SECONDS: TCP handshakes to 127.0.0.1 in bare C on epoll, each closed as soon as it is
// done. One thread. Prints one JSON line.
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
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
static long done, wrong;

static void start(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    // A reset instead of TIME_WAIT: thousands of handshakes a second would use up the local ports.
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (connect(fd, (struct sockaddr *)&target, sizeof target) != 0 && errno != EINPROGRESS) wrong++;
    struct epoll_event event = {.events = EPOLLOUT, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

int main(int count, char **arguments) {
    if (count != 4) return fprintf(stderr, "usage: connect_loop PORT CONCURRENCY SECONDS\n"), 64;
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
            int error = 0;
            socklen_t size = sizeof error;
            getsockopt(events[index].data.fd, SOL_SOCKET, SO_ERROR, &error, &size);
            if (error) wrong++;
            close(events[index].data.fd);
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
