/* The one place that asks for the names of machine and process. */
#include <string.h>
#include <unistd.h>

#include "base/base.h"

char *nn__host_name(char name[NN__HOST_NAME])
{
    if (gethostname(name, NN__HOST_NAME) != 0 || name[0] == '\0')
        memcpy(name, "unknown", 8);
    name[NN__HOST_NAME - 1] = '\0';
    for (char *c = name; *c != '\0'; c++)
        if (*c == '/')
            *c = '_';
    return name;
}

long nn__process_id(void)
{
    return (long)getpid();
}
