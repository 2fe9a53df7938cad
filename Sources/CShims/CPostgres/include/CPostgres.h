// libpq, PostgreSQL's client library.
#ifndef PROBEOPS_CPOSTGRES_H
#define PROBEOPS_CPOSTGRES_H
#include <postgresql/libpq-fe.h>
#endif
