#include "CIDN.h"  // compiles the header under -Wall -Wextra -Werror
