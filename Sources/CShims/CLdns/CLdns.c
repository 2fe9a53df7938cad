#include "CLdns.h"  // compiles the header under -Wall -Wextra -Werror
