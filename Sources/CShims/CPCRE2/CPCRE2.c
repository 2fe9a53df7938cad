#include "CPCRE2.h"  // compiles the header under -Wall -Wextra -Werror
