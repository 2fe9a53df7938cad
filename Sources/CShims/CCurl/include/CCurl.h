#ifndef PROBEOPS_CCURL_H
#define PROBEOPS_CCURL_H
#include <curl/curl.h>
#endif
