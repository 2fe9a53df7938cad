// delay_server (dns|http):PORT:MILLISECONDS...: servers on 127.0.0.1 that answer exactly so long after a request came
// in. The ground truth of the fidelity benchmark: what a tool reports beyond the delay, the tool or its machine added.
//
// "Came in" is the kernel's own stamp (SO_TIMESTAMPNS) for a datagram. For HTTP it is the moment of reading, which a busy
// machine makes later than the segment's arrival: start it with real-time priority (`chrt -f 50`). The server keeps how
// late each answer of its own was and prints it as one JSON line when its standard input ends.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum kind { DNS, HTTP, CONNECTION, TIMER, INPUT };

struct source {
    enum kind kind;
    int fd;
    int64_t delay;
    // An answer that refers to it is still due.
    int owes;
};

// An answer that is due. All of a source have one delay, but sources differ: a binary heap by time.
struct answer {
    int64_t due;
    struct source *source;
    struct sockaddr_in peer;
    int length;
    unsigned char bytes[256];
};

static struct answer **heap;
static int heaped, room;
static int poller, timer;
static int64_t *lateness;
static long late_count, late_room;

static int64_t clock_ns(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void push(struct answer *answer) {
    if (heaped == room) heap = realloc(heap, (room = room ? 2 * room : 1024) * sizeof *heap);
    int at = heaped++;
    for (; at && heap[(at - 1) / 2]->due > answer->due; at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
    heap[at] = answer;
}

static struct answer *pop(void) {
    struct answer *first = heap[0], *last = heap[--heaped];
    int at = 0;
    for (int child; (child = 2 * at + 1) < heaped; at = child) {
        if (child + 1 < heaped && heap[child + 1]->due < heap[child]->due) child++;
        if (last->due <= heap[child]->due) break;
        heap[at] = heap[child];
    }
    heap[at] = last;
    return first;
}

static void arm(void) {
    struct itimerspec when = {0};
    if (heaped) {
        when.it_value.tv_sec = heap[0]->due / 1000000000LL;
        when.it_value.tv_nsec = heap[0]->due % 1000000000LL;
    }
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void watch(struct source *source) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};
    epoll_ctl(poller, EPOLL_CTL_ADD, source->fd, &event);
}

static struct source *make_source(enum kind kind, int fd, int64_t delay) {
    struct source *source = malloc(sizeof *source);
    *source = (struct source){kind, fd, delay, 0};
    watch(source);
    return source;
}

static void note_lateness(int64_t nanoseconds) {
    if (late_count == late_room) lateness = realloc(lateness, (late_room = late_room ? 2 * late_room : 65536) * 8);
    lateness[late_count++] = nanoseconds;
}

// The question comes back with one A record, 127.0.0.1.
static int dns_answer(unsigned char *bytes, int length) {
    static const unsigned char record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1};
    int end = 12;
    if (length < 17) return 0;
    while (end < length && bytes[end]) end += bytes[end] + 1;
    end += 5;
    if (end > length || end + (int)sizeof record > 256) return 0;
    bytes[2] = 0x84 | (bytes[2] & 1);
    bytes[3] = 0;
    memset(bytes + 4, 0, 8);
    bytes[5] = bytes[7] = 1;
    memcpy(bytes + end, record, sizeof record);
    return end + sizeof record;
}

static void read_dns(struct source *source) {
    for (;;) {
        struct answer *answer = malloc(sizeof *answer);
        char control[128];
        struct iovec part = {answer->bytes, sizeof answer->bytes};
        struct msghdr message = {.msg_name = &answer->peer, .msg_namelen = sizeof answer->peer, .msg_iov = &part,
                                 .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        int length = recvmsg(source->fd, &message, MSG_DONTWAIT);
        int64_t now = clock_ns(CLOCK_MONOTONIC), wall = clock_ns(CLOCK_REALTIME), waited = 0;
        if (length < 0) {
            free(answer);
            return;
        }
        for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
            if (header->cmsg_type != SCM_TIMESTAMPNS) continue;
            struct timespec stamp;
            memcpy(&stamp, CMSG_DATA(header), sizeof stamp);
            waited = wall - (stamp.tv_sec * 1000000000LL + stamp.tv_nsec);
        }
        answer->length = dns_answer(answer->bytes, length);
        answer->source = source;
        answer->due = now - waited + source->delay;
        if (answer->length) push(answer); else free(answer);
    }
}

static void accept_http(struct source *listener) {
    int fd;
    while ((fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        make_source(CONNECTION, fd, listener->delay);
    }
}

static void read_http(struct source *source) {
    static char request[65536];
    int length = recv(source->fd, request, sizeof request, 0);
    if (length < 0 && errno == EAGAIN) return;
    // Requests of the benchmark come in one segment; a connection is closed by whoever asked.
    if (length <= 0) {
        epoll_ctl(poller, EPOLL_CTL_DEL, source->fd, NULL);
        close(source->fd);
        source->fd = -1;
        if (!source->owes) free(source);
        return;
    }
    if (length < 4 || memcmp(request + length - 4, "\r\n\r\n", 4) != 0) return;
    struct answer *answer = malloc(sizeof *answer);
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
    answer->length = sizeof text - 1;
    memcpy(answer->bytes, text, sizeof text - 1);
    answer->source = source;
    answer->due = clock_ns(CLOCK_MONOTONIC) + source->delay;
    source->owes = 1;
    push(answer);
}

static void send_due(void) {
    while (heaped && heap[0]->due <= clock_ns(CLOCK_MONOTONIC)) {
        struct answer *answer = pop();
        struct source *source = answer->source;
        note_lateness(clock_ns(CLOCK_MONOTONIC) - answer->due);
        if (source->kind == DNS) {
            sendto(source->fd, answer->bytes, answer->length, 0, (struct sockaddr *)&answer->peer, sizeof answer->peer);
        } else if (source->fd < 0) {
            free(source);
        } else {
            send(source->fd, answer->bytes, answer->length, MSG_NOSIGNAL);
            shutdown(source->fd, SHUT_WR);
            source->owes = 0;
        }
        free(answer);
    }
    arm();
}

static int by_size(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static int finish(void) {
    qsort(lateness, late_count, sizeof *lateness, by_size);
    long p50 = late_count / 2, p99 = late_count * 99 / 100;
    printf("{\"answers\": %ld, \"lateP50ms\": %.6f, \"lateP99ms\": %.6f, \"lateMaxMs\": %.6f}\n", late_count,
           late_count ? lateness[p50] / 1e6 : 0, late_count ? lateness[p99] / 1e6 : 0,
           late_count ? lateness[late_count - 1] / 1e6 : 0);
    return 0;
}

static int listen_on(const char *text) {
    int port, milliseconds, is_dns = strncmp(text, "dns:", 4) == 0;
    if (sscanf(strchr(text, ':'), ":%d:%d", &port, &milliseconds) != 2) return -1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, (is_dns ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1, size = 8 << 20;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) return perror(text), -1;
    if (!is_dns && listen(fd, 4096) != 0) return perror(text), -1;
    make_source(is_dns ? DNS : HTTP, fd, milliseconds * 1000000LL);
    return 0;
}

int main(int count, char **arguments) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    poller = epoll_create1(EPOLL_CLOEXEC);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    make_source(TIMER, timer, 0);
    make_source(INPUT, STDIN_FILENO, 0);
    for (int index = 1; index < count; index++)
        if (!strchr(arguments[index], ':') || listen_on(arguments[index]) != 0) return 1;
    printf("{\"ready\": true}\n");
    fflush(stdout);
    struct epoll_event events[256];
    for (;;) {
        int ready = epoll_wait(poller, events, 256, -1);
        for (int index = 0; index < ready; index++) {
            struct source *source = events[index].data.ptr;
            uint64_t ticks;
            char byte;
            switch (source->kind) {
            case DNS: read_dns(source); break;
            case HTTP: accept_http(source); break;
            case CONNECTION: read_http(source); break;
            case TIMER: (void)!read(timer, &ticks, sizeof ticks); break;
            case INPUT:
                if (read(STDIN_FILENO, &byte, 1) <= 0) return finish();
            }
        }
        send_due();
    }
}
