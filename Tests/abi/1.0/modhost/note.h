/* modhost/note.h: the ELF note that lets the host judge a module before any of its code runs.
 *
 * Owner "modhost", type 1. The descriptor is ASCII text of lines "key=value", padded with NUL to a multiple of four:
 *   name=flatstore            required; the module's name, as in the descriptor
 *   version=0.1.0             required; the module's own version
 *   abi=1.0                   required; major and the minor that it needs
 *   alias=db_flatstore        any number
 *   provides=mh.db/1:flatstore   any number; id, or id:selector
 *   requires=mh.htable/1      any number; id, or id:selector, a "?" at the end marks it optional
 * Unknown keys are ignored, so that later versions can add some.
 *
 *   MH_MODULE_NOTE("name=flatstore\nversion=0.1.0\nabi=1.0\nprovides=mh.db/1:flatstore\n");
 *
 * A module in another language emits the same bytes into a section ".note.modhost" (SHT_NOTE, allocated, 4-byte aligned).
 */
#ifndef MODHOST_NOTE_H
#define MODHOST_NOTE_H

#include "base.h"

#define MH_NOTE_OWNER "modhost"
#define MH_NOTE_TYPE 1u
#define MH_NOTE_SECTION ".note.modhost"

#define MH_NOTE_ROUND_(bytes) (((bytes) + 3u) & ~3u)
#define MH_MODULE_NOTE(text) \
    __attribute__((section(MH_NOTE_SECTION), used, aligned(4))) static const struct { \
        uint32_t owner_size, text_size, type; \
        char owner[8]; \
        char words[MH_NOTE_ROUND_(sizeof(text))]; \
    } mh_module_note_ = {8u, MH_NOTE_ROUND_(sizeof(text)), MH_NOTE_TYPE, MH_NOTE_OWNER, text}

#endif
