#include "COping.h"  // compiles the header under -Wall -Wextra -Werror
