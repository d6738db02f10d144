/* Meters, under a clock that moves when it is told to: every tick is in one place. */
#include <pthread.h>

#include "base/meter.h"
#include "test.h"

enum { WORKERS = 3 };

static uint64_t now; /* nanoseconds, as are ticks under this clock */

static double told_clock(void)
{
    return (double)now * 1e-9;
}

/* A row of meters, and the calling thread in it with elementwise work at moment 100. */
static void row_begin(nn__meter row[1 + WORKERS])
{
    memset(row, 0, (1 + WORKERS) * sizeof *row);
    row->workers = WORKERS;
    now = 100;
    nn__set_clock(told_clock);
    atomic_fetch_add(&nn__metering, 1);
    ck_assert_ptr_null(nn__meter_move(row, NN_WORK_ELEMENTWISE));
}

static void row_end(void)
{
    nn__meter_resume(NULL);
    atomic_fetch_sub(&nn__metering, 1);
    nn__set_clock(NULL);
}

static uint64_t ticks_of(const nn__meter *meter)
{
    uint64_t ticks = 0;
    for (int kind = 0; kind < NN_WORK_KINDS; kind++)
        ticks += meter->ticks[kind];
    return ticks;
}

START_TEST(work_within_work_is_counted_once)
{
    nn__meter row[1 + WORKERS], inner = {.workers = 0};
    row_begin(row);
    now += 10;
    int outer = nn__work_begin(NN_WORK_DIRECT, 600);
    now += 20;
    int was = nn__work_begin(NN_WORK_LOWERING, 70);
    now += 3;
    nn__work_begin(NN_WORK_DIRECT, 5);
    now += 4;
    nn__work_end(was);
    now += 50;
    nn__meter *had = nn__meter_move(&inner, NN_WORK_DATA); /* a profile within */
    now += 1000;
    nn__meter_resume(had);
    now += 6;
    nn__work_end(outer);
    now += 7;
    row_end();
    now += 10000;
    ck_assert_uint_eq(row->ticks[NN_WORK_ELEMENTWISE], 10 + 7);
    ck_assert_uint_eq(row->ticks[NN_WORK_DIRECT], 20 + 4 + 50 + 1000 + 6);
    ck_assert_uint_eq(row->ticks[NN_WORK_LOWERING], 3);
    ck_assert_uint_eq(ticks_of(row), 1100);
    ck_assert_uint_eq(row->work[NN_WORK_DIRECT], 605);
    ck_assert_uint_eq(row->calls[NN_WORK_DIRECT], 2);
    ck_assert_uint_eq(row->calls[NN_WORK_ELEMENTWISE], 0);
    ck_assert_uint_eq(inner.ticks[NN_WORK_DATA], 1000);
}
END_TEST

/* Another processor's counter may be behind. */
START_TEST(a_clock_that_goes_back_takes_nothing_away)
{
    nn__meter row[1 + WORKERS];
    row_begin(row);
    now += 10;
    int was = nn__work_begin(NN_WORK_GEMM, 1);
    now -= 4;
    nn__work_end(was);
    now += 5;
    row_end();
    ck_assert_uint_eq(row->ticks[NN_WORK_GEMM], 0);
    ck_assert_uint_eq(row->ticks[NN_WORK_ELEMENTWISE], 10 + 5);
}
END_TEST

/* ---- Jobs of several threads ---- */

struct turn {
    nn__meter *row;
    int worker, forks;
};

/* One task of 30 ticks, 20 of which are a product. */
static void *take_task(void *argument)
{
    struct turn *turn = argument;
    nn__meter *had = nn__meter_enter(turn->row, turn->worker);
    now += 4;
    int was = nn__work_begin(NN_WORK_GEMM, 8);
    now += 20;
    nn__work_end(was);
    nn__meter *own = nn__meter_fork(); /* a job of the task's own */
    turn->forks += own != NULL;
    now += 6;
    nn__meter_join(own);
    nn__meter_leave(turn->row, had);
    return NULL;
}

static void elsewhere(struct turn *turn)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, take_task, turn), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

START_TEST(a_task_is_its_workers_and_the_caller_waits_but_for_its_own)
{
    nn__meter row[1 + WORKERS];
    row_begin(row);
    now += 10;
    struct turn turn = {.row = nn__meter_fork(), .worker = 0};
    ck_assert_ptr_eq(turn.row, row);
    now += 100;
    take_task(&turn); /* the caller itself */
    now += 200;
    elsewhere(&turn); /* a thread of the host's that is worker 0, too */
    turn.worker = 2;
    elsewhere(&turn);
    elsewhere(&turn);
    turn.worker = WORKERS; /* of whom nobody has heard */
    elsewhere(&turn);
    nn__meter_join(turn.row);
    now += 1;
    row_end();
    ck_assert_int_eq(turn.forks, 0);
    ck_assert_uint_eq(row[0].ticks[NN_WORK_ELEMENTWISE], 10 + 4 + 6 + 1);
    ck_assert_uint_eq(row[0].ticks[NN_WORK_GEMM], 20);
    ck_assert_uint_eq(row[0].ticks[NN_WORK_WAITING], 100 + 200 + 4 * 30);
    ck_assert_uint_eq(row[0].calls[NN_WORK_WAITING], 1);
    for (int worker = 0, tasks; worker < WORKERS; worker++) {
        tasks = worker == 0 ? 1 : worker == 2 ? 2 : 0;
        ck_assert_uint_eq(row[1 + worker].ticks[NN_WORK_ELEMENTWISE], (uint64_t)tasks * 10);
        ck_assert_uint_eq(row[1 + worker].ticks[NN_WORK_GEMM], (uint64_t)tasks * 20);
        ck_assert_uint_eq(row[1 + worker].work[NN_WORK_GEMM], (uint64_t)tasks * 8);
        ck_assert_uint_eq(ticks_of(&row[1 + worker]), (uint64_t)tasks * 30);
    }
}
END_TEST

START_TEST(a_second_job_begins_anew)
{
    nn__meter row[1 + WORKERS];
    row_begin(row);
    nn__meter *first = nn__meter_fork();
    now += 5;
    nn__meter_join(first);
    int was = nn__work_begin(NN_WORK_OPTIMIZER, 0);
    struct turn turn = {.row = nn__meter_fork(), .worker = 1};
    elsewhere(&turn);
    nn__meter_join(turn.row);
    now += 9;
    nn__work_end(was);
    row_end();
    ck_assert_uint_eq(row[0].ticks[NN_WORK_WAITING], 5 + 30);
    ck_assert_uint_eq(row[0].ticks[NN_WORK_OPTIMIZER], 9);
    ck_assert_uint_eq(row[2].ticks[NN_WORK_OPTIMIZER], 10); /* of what the job is a part */
    ck_assert_uint_eq(row[2].ticks[NN_WORK_ELEMENTWISE], 0);
}
END_TEST

START_TEST(who_is_not_measured_is_left_alone)
{
    nn__meter row[1 + WORKERS];
    ck_assert_int_eq(nn__work_begin(NN_WORK_GEMM, 1), 0);
    nn__work_end(0);
    ck_assert_ptr_null(nn__meter_fork());
    ck_assert_ptr_null(nn__meter_enter(NULL, 0));
    nn__meter_leave(NULL, NULL);
    nn__meter_join(NULL);
    row_begin(row);
    struct turn turn = {.row = NULL};
    elsewhere(&turn); /* another thread, while this one is */
    ck_assert_int_eq(turn.forks, 0);
    row_end();
    ck_assert_uint_eq(row->ticks[NN_WORK_ELEMENTWISE], 30);
    ck_assert_uint_eq(row->calls[NN_WORK_GEMM], 0);
}
END_TEST

Suite *meter_suite(void);
Suite *meter_suite(void)
{
    return TEST_SUITE("meter", work_within_work_is_counted_once,
                      a_clock_that_goes_back_takes_nothing_away,
                      a_task_is_its_workers_and_the_caller_waits_but_for_its_own,
                      a_second_job_begins_anew, who_is_not_measured_is_left_alone);
}
