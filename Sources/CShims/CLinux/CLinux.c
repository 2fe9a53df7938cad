#include "CLinux.h"  // compiles the header under -Wall -Wextra -Werror
