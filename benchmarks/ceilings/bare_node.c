// bare_node PORT: a node in bare C, to show what one thread on this machine could do at most through the wire. It takes
// diagnostic_jobs from a WebSocket at 127.0.0.1, does a TCP handshake, a DNS query over a socket of its own or libcurl's
// GET as connect_loop, query_loop and curl_multi do, and answers with no more than the control plane looks for. No
// deadlines, no policy, no timings, no JSON parser, no retries: a limit, not a node.
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "curl_epoll.h"

enum kind { WIRE, HANDSHAKE, QUERY, TRANSFER };
struct job {
    enum kind kind;
    int fd;
    unsigned short id;
    char request[64];
    char url[256];
    CURL *easy;
    struct job *next;
};

static CURLM *multi;
static int poller, wire;
static unsigned char in[1 << 20], out[1 << 20];
static size_t in_length, out_length;
static struct job *spare;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

// MARK: The wire

static void flush(void) {
    for (size_t sent = 0; sent < out_length;) {
        ssize_t count = send(wire, out + sent, out_length - sent, MSG_NOSIGNAL);
        if (count <= 0) fail("send");
        sent += count;
    }
    out_length = 0;
}

static void frame(const char *text, size_t length) {
    if (out_length + length + 8 > sizeof out) flush();
    unsigned char *head = out + out_length, *key;
    uint32_t mask = random();
    head[0] = 0x81;
    if (length < 126) {
        head[1] = 0x80 | length;
        key = head + 2;
    } else {
        head[1] = 0x80 | 126;
        head[2] = length >> 8;
        head[3] = length;
        key = head + 4;
    }
    memcpy(key, &mask, 4);
    for (size_t index = 0; index < length; index++) key[4 + index] = text[index] ^ key[index & 3];
    out_length = key + 4 + length - out;
}

static void answer(struct job *job, const char *result) {
    char text[512];
    int length = snprintf(text, sizeof text,
                          "{\"type\":\"diagnostic_response\",\"request_id\":\"%s\",\"success\":true,\"result\":{\"success\":true,%s}}",
                          job->request, result);
    frame(text, length);
    job->next = spare;
    spare = job;
}

// MARK: Jobs

static int value(const char *text, const char *name, char *into, size_t size) {
    const char *begin = strstr(text, name);
    if (!begin) return 0;
    begin += strlen(name);
    size_t length = strcspn(begin, "\",}");
    if (length >= size) return 0;
    memcpy(into, begin, length);
    into[length] = 0;
    return 1;
}

static struct sockaddr_in address(const char *port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void begin_socket(struct job *job, int type, const char *port, unsigned events) {
    struct sockaddr_in target = address(port);
    job->fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    if (type == SOCK_STREAM) setsockopt(job->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (connect(job->fd, (struct sockaddr *)&target, sizeof target) != 0 && errno != EINPROGRESS) fail("connect");
    struct epoll_event event = {.events = events, .data.ptr = job};
    epoll_ctl(poller, EPOLL_CTL_ADD, job->fd, &event);
}

static void begin_query(struct job *job, const char *target, const char *resolver) {
    unsigned char bytes[300] = {job->id >> 8, job->id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1};
    unsigned char *to = bytes + 12;
    for (const char *label = target; *label;) {
        size_t length = strcspn(label, ".");
        *to++ = length;
        memcpy(to, label, length);
        to += length;
        label += length + (label[length] == '.');
    }
    static const unsigned char tail[] = "\0\0\1\0\1\0\0\51\4\320\0\0\0\0\0";
    memcpy(to, tail, sizeof tail);
    begin_socket(job, SOCK_DGRAM, strrchr(resolver, ':') + 1, EPOLLIN | EPOLLET);
    if (send(job->fd, bytes, to + sizeof tail - bytes, 0) < 0) fail("send");
}

static void begin_transfer(struct job *job) {
    if (!job->easy) {
        job->easy = transfer_handle();
        curl_easy_setopt(job->easy, CURLOPT_PRIVATE, job);
    }
    curl_easy_setopt(job->easy, CURLOPT_URL, job->url);
    curl_multi_add_handle(multi, job->easy);
}

static void begin(const char *text) {
    static unsigned short number;
    char tool[16], port[16], resolver[64];
    if (!strstr(text, "\"diagnostic_job\"") || !value(text, "\"tool\":\"", tool, sizeof tool)) return;
    struct job *job = spare ? spare : calloc(1, sizeof *job);
    if (job == spare && spare) spare = spare->next;
    job->id = number++;
    if (!value(text, "\"request_id\":\"", job->request, sizeof job->request) ||
        !value(text, "\"target\":\"", job->url, sizeof job->url))
        fail("a job");
    if (strcmp(tool, "http") == 0) {
        job->kind = TRANSFER;
        begin_transfer(job);
    } else if (strcmp(tool, "dns") == 0 && value(text, "\"resolver\":\"", resolver, sizeof resolver)) {
        job->kind = QUERY;
        begin_query(job, job->url, resolver);
    } else if (value(text, "\"port\":", port, sizeof port)) {
        job->kind = HANDSHAKE;
        begin_socket(job, SOCK_STREAM, port, EPOLLOUT);
    } else {
        fail("a job");
    }
}

// MARK: Events

static void read_wire(void) {
    ssize_t count = recv(wire, in + in_length, sizeof in - in_length - 1, MSG_DONTWAIT);
    if (count == 0) exit(0);
    if (count < 0) return;
    in_length += count;
    size_t at = 0;
    while (in_length - at >= 2) {
        size_t length = in[at + 1] & 127, head = 2;
        if (length == 126) {
            if (in_length - at < 4) break;
            length = in[at + 2] << 8 | in[at + 3];
            head = 4;
        }
        if (in_length - at < head + length) break;
        unsigned char after = in[at + head + length];
        in[at + head + length] = 0;
        begin((char *)in + at + head);
        in[at + head + length] = after;
        at += head + length;
    }
    memmove(in, in + at, in_length - at);
    in_length -= at;
}

static void end_socket(struct job *job) {
    if (job->kind == HANDSHAKE) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(job->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        close(job->fd);
        answer(job, error ? "\"packets_received\":0,\"packets_sent\":1" : "\"packets_received\":1,\"packets_sent\":1");
        return;
    }
    unsigned char bytes[1500] = {0};
    ssize_t length = recv(job->fd, bytes, sizeof bytes, 0);
    close(job->fd);
    int good = length >= 32 && (bytes[0] << 8 | bytes[1]) == job->id && bytes[2] & 0x80 && !(bytes[3] & 15) && bytes[7] == 1;
    char result[128];
    // The question's name, its type and class; the answer's name as a pointer, type, class, TTL and length.
    unsigned char *ip = bytes + 12 + strlen((char *)bytes + 12) + 1 + 4 + 2 + 10;
    snprintf(result, sizeof result, "\"rcode\":\"%s\",\"value\":\"%u.%u.%u.%u\"", good ? "NOERROR" : "?", ip[0], ip[1], ip[2], ip[3]);
    answer(job, result);
}

static void end_transfers(void) {
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(multi, &left))) {
        CURL *easy = message->easy_handle;
        struct job *job;
        long status = 0;
        curl_off_t size = 0;
        char result[128];
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&job);
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &size);
        curl_multi_remove_handle(multi, easy);
        snprintf(result, sizeof result, "\"status_code\":%ld,\"body_bytes\":%ld,\"x\":0", status, (long)size);
        answer(job, result);
    }
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known) {
    (void)context;
    struct job *job;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&job);
    job->fd = fd;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(poller, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    struct epoll_event event = {.data.ptr = job};
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
    epoll_ctl(poller, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    curl_multi_assign(multi, fd, job);
    return 0;
}

static void open_wire(const char *port) {
    static const char hello[] = "GET /ws/node HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    static const char login[] = "{\"node_uuid\":\"bare\",\"api_key\":\"benchmark\",\"version\":\"0\",\"hostname\":\"bare\"}";
    struct sockaddr_in target = address(port);
    int on = 1;
    wire = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(wire, (struct sockaddr *)&target, sizeof target) != 0) fail("connect");
    setsockopt(wire, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (send(wire, hello, sizeof hello - 1, 0) < 0) fail("send");
    // The answer's head; nothing follows it before the login.
    for (in_length = 0; in_length < 4 || memcmp(in + in_length - 4, "\r\n\r\n", 4) != 0; in_length++)
        if (in_length == sizeof in || recv(wire, in + in_length, 1, 0) != 1) fail("recv");
    in_length = 0;
    frame(login, sizeof login - 1);
    flush();
}

int main(int count, char **arguments) {
    if (count != 2) return fprintf(stderr, "usage: bare_node PORT\n"), 64;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    poller = epoll_create1(EPOLL_CLOEXEC);
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    open_wire(arguments[1]);
    struct job itself = {.kind = WIRE};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &itself}, events[512];
    epoll_ctl(poller, EPOLL_CTL_ADD, wire, &event);
    for (;;) {
        int running, ready = epoll_wait(poller, events, 512, (int)timeout_ms);
        if (ready == 0 || timeout_ms == 0) {
            timeout_ms = -1;
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        for (int index = 0; index < ready; index++) {
            struct job *job = events[index].data.ptr;
            if (job->kind == WIRE) {
                read_wire();
            } else if (job->kind == TRANSFER) {
                curl_multi_socket_action(multi, job->fd, curl_events(events[index].events), &running);
            } else {
                end_socket(job);
            }
        }
        end_transfers();
        flush();
    }
}
