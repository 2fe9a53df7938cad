#ifndef PROBEOPS_CLINUX_H
#define PROBEOPS_CLINUX_H
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#endif
