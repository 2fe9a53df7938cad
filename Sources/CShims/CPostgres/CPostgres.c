#include "CPostgres.h"  // compiles the header under -Wall -Wextra -Werror
