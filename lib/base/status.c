/* Status codes and the thread's message. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"

enum { MESSAGE_SIZE = 1024 };
static _Thread_local char message[MESSAGE_SIZE];
static _Thread_local nn_status last;

/* Every failure of the library passes here: the place for a breakpoint. */
nn_status nn__fail_list(nn_status status, const char *format, va_list list)
{
    char text[MESSAGE_SIZE]; /* arguments may point into the current message */
    int length = vsnprintf(text, sizeof text, format, list);
    if (length < 0)
        text[0] = '\0';
    if (length >= MESSAGE_SIZE)
        memcpy(text + MESSAGE_SIZE - 4, "...", 4);
    memcpy(message, text, sizeof text);
    last = status;
    return status;
}

nn_status nn_fail(nn_status status, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    nn__fail_list(status, format, list);
    va_end(list);
    return status;
}

nn_status nn__last_status(void)
{
    return last;
}

nn_status nn__fail_memory(size_t bytes, const char *what)
{
    return nn_fail(NN_ENOMEM, "no memory for %s: %zu bytes", what, bytes);
}

const char *nn_error_message(void)
{
    return message;
}

const char *nn_status_text(int status)
{
    switch (status) {
#define STATUS_CASE(name, number, sentence)                                                        \
    case number:                                                                                   \
        return sentence;
        NN_STATUS_MAP(STATUS_CASE)
#undef STATUS_CASE
    default:
        return "unknown status";
    }
}
