#include "CCurl.h"  // compiles the header under -Wall -Wextra -Werror
