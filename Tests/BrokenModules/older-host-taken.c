/* MH-C231: Needs ABI 1.1 and takes whatever it is offered. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=older-host-taken\nversion=1.0.0\nabi=1.1\n");

BROKEN_MODULE("older-host-taken", .abi_minor = 1)
