#ifndef PROBEOPS_CLDNS_H
#define PROBEOPS_CLDNS_H
#include <ldns/ldns.h>
#endif
