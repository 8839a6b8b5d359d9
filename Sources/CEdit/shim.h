/* Debian's libedit (libedit-dev) for Swift. Its settings go through variadic functions, which Swift cannot call: each
 * function below is one such call with its arguments spelled out. */
#ifndef MODHOST_CEDIT_SHIM_H
#define MODHOST_CEDIT_SHIM_H

#include <histedit.h>
#include <stdio.h>

typedef char *(*modhost_edit_prompt)(EditLine *editor);
typedef unsigned char (*modhost_edit_action)(EditLine *editor, int key);

/* An editor on the standard streams, or NULL. el_end() frees it. */
static inline EditLine *modhost_edit_open(const char *program) {
    return el_init(program, stdin, stdout, stderr);
}

static inline void modhost_edit_set_prompt(EditLine *editor, modhost_edit_prompt prompt) {
    el_set(editor, EL_PROMPT, prompt);
}

/* Emacs keys; the editor leaves signals alone, and Ctrl-C arrives as a key while a line is edited. */
static inline void modhost_edit_set_keys(EditLine *editor) {
    el_set(editor, EL_EDITOR, "emacs");
    el_set(editor, EL_SIGNAL, 0);
    el_set(editor, EL_SETTY, "-d", "-isig", (char *)NULL);
    el_set(editor, EL_BIND, "^R", "em-inc-search-prev", (char *)NULL);
}

/* What the user wrote in ~/.editrc comes last and wins. */
static inline void modhost_edit_read_user_settings(EditLine *editor) {
    (void)el_source(editor, NULL);
}

static inline void modhost_edit_bind(EditLine *editor, const char *key, const char *name, const char *purpose,
                                     modhost_edit_action action) {
    el_set(editor, EL_ADDFN, name, purpose, action);
    el_set(editor, EL_BIND, key, name, (char *)NULL);
}

static inline void modhost_edit_set_client_data(EditLine *editor, void *data) {
    el_set(editor, EL_CLIENTDATA, data);
}

static inline void *modhost_edit_client_data(EditLine *editor) {
    void *data = NULL;
    el_get(editor, EL_CLIENTDATA, &data);
    return data;
}

/* A history of `size` lines without neighbours that are equal, attached to the editor; history_end() frees it. */
static inline History *modhost_history_open(EditLine *editor, int size) {
    History *lines = history_init();
    HistEvent event;
    if (lines == NULL) {
        return NULL;
    }
    history(lines, &event, H_SETSIZE, size);
    history(lines, &event, H_SETUNIQUE, 1);
    el_set(editor, EL_HIST, history, lines);
    return lines;
}

static inline int modhost_history_load(History *lines, const char *path) {
    HistEvent event;
    return history(lines, &event, H_LOAD, path);
}

static inline int modhost_history_save(History *lines, const char *path) {
    HistEvent event;
    return history(lines, &event, H_SAVE, path);
}

static inline int modhost_history_add(History *lines, const char *line) {
    HistEvent event;
    return history(lines, &event, H_ENTER, line);
}

#endif
