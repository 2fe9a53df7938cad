// What a loop on epoll around libcurl's multi_socket interface needs, for the ceilings that have one.
#include <curl/curl.h>
#include <sys/epoll.h>

static long timeout_ms = -1;

static size_t discard(char *bytes, size_t size, size_t count, void *context) {
    (void)bytes;
    (void)context;
    return size * count;
}

static int on_timer(CURLM *handle, long milliseconds, void *context) {
    (void)handle;
    (void)context;
    timeout_ms = milliseconds;
    return 0;
}

// Over a connection of its own.
static CURL *transfer_handle(void) {
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    return easy;
}

static int curl_events(unsigned events) {
    return (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
           (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
}
