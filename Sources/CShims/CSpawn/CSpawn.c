#include "CSpawn.h"  // compiles the header under -Wall -Wextra -Werror
