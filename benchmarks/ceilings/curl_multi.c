// curl_multi URL CONCURRENCY SECONDS: what libcurl's multi_socket interface on epoll does in bare C, each transfer over a
// connection of its own. One thread, easy handles used again, as little else as possible. Prints one JSON line.
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#include "curl_epoll.h"

static CURLM *multi;
static int poller;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known) {
    (void)easy;
    (void)context;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(poller, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    struct epoll_event event = {.data.fd = fd};
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
    // libcurl tells of changes only; the pointer says whether the socket is known already.
    epoll_ctl(poller, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    curl_multi_assign(multi, fd, &poller);
    return 0;
}

static CURL *transfer(const char *url) {
    CURL *easy = transfer_handle();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    return easy;
}

int main(int count, char **arguments) {
    if (count != 4) return fprintf(stderr, "usage: curl_multi URL CONCURRENCY SECONDS\n"), 64;
    int concurrency = atoi(arguments[2]);
    double seconds = atof(arguments[3]);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    poller = epoll_create1(EPOLL_CLOEXEC);
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    for (int index = 0; index < concurrency; index++) curl_multi_add_handle(multi, transfer(arguments[1]));

    long done = 0, wrong = 0;
    int running = 0;
    double begin = now(), end = begin + seconds, last = begin;
    struct epoll_event events[512];
    while (now() < end) {
        int ready = epoll_wait(poller, events, 512, timeout_ms < 0 || timeout_ms > 100 ? 100 : (int)timeout_ms);
        if (ready == 0 || timeout_ms == 0) {
            timeout_ms = -1;
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        for (int index = 0; index < ready; index++) {
            curl_multi_socket_action(multi, events[index].data.fd, curl_events(events[index].events), &running);
        }
        CURLMsg *message;
        int left;
        while ((message = curl_multi_info_read(multi, &left))) {
            CURL *easy = message->easy_handle;
            long status = 0;
            curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
            if (message->data.result != CURLE_OK || status != 200) wrong++;
            done++;
            last = now();
            curl_multi_remove_handle(multi, easy);
            curl_multi_add_handle(multi, easy);
        }
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("{\"jobs\": %ld, \"seconds\": %.6f, \"jobsPerSecond\": %.1f, \"cpuMicrosecondsPerJob\": %.3f, \"wrong\": %ld}\n",
           done, last - begin, done / (last - begin), cpu * 1e6 / (done ? done : 1), wrong);
    return wrong || !done;
}
