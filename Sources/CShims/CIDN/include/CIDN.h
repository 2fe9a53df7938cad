#ifndef PROBEOPS_CIDN_H
#define PROBEOPS_CIDN_H
#include <idn2.h>
#endif
