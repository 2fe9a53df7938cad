#include "COpenSSL.h"  // compiles the header under -Wall -Wextra -Werror
