#include "check.h"

void check_work(const struct job *job)
{
    job->run(job->arg, 1);
}
