/* The contract is headers only; this file compiles them once, as C11, and holds the sizes that can never change. */
#include "modhost/modhost.h"

_Static_assert(sizeof(void *) == 8, "modhost's ABI 1 is for 64-bit systems");
_Static_assert(sizeof(mh_str) == 16 && sizeof(mh_array) == 16, "passed by value in two registers");
_Static_assert(sizeof(mh_value) == 24, "frozen");
_Static_assert(sizeof(mh_error) == 16, "frozen");
