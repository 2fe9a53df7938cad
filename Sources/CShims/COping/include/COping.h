#ifndef PROBEOPS_COPING_H
#define PROBEOPS_COPING_H
#include <sys/types.h>
#include <oping.h>
#endif
