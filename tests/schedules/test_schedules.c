/* Schedules against Keras, PyTorch's formula, and their own errors. */
#include "schedules/schedule.h"
#include "test.h"

enum { POINTS = 15 };
static const int points[POINTS] = {0, 1, 2, 5, 9, 10, 11, 15, 20, 25, 30, 31, 70, 71, 100};

typedef struct golden {
    const char *name;
    nn_schedule *schedule;
    double rates[POINTS];
} golden;

/* Keras 3.15.1 on TensorFlow 2.21.0, in float. */
START_TEST(rates_are_those_of_keras)
{
    golden all[] = {
        {"piecewise",
         nn_piecewise_constant_decay(.boundaries = nn_numbers(1, 10, 30),
                                     .values = nn_numbers(0.5, 0.25, 0.1, 0.01)),
         {0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.100000001, 0.100000001, 0.100000001, 0.100000001,
          0.100000001, 0.00999999978, 0.00999999978, 0.00999999978, 0.00999999978}},
        {"exponential",
         nn_exponential_decay(0.1, 10, 0.5),
         {0.100000001, 0.0933033004, 0.0870550573, 0.0707106814, 0.0535886772, 0.0500000007,
          0.0466516502, 0.0353553407, 0.0250000004, 0.0176776703, 0.0125000002, 0.0116629135,
          0.000781250012, 0.000728932093, 9.76562515e-05}},
        {"exponential stairs",
         nn_exponential_decay(0.1, 10, 0.5, .staircase = 1),
         {0.100000001, 0.100000001, 0.100000001, 0.100000001, 0.100000001, 0.0500000007,
          0.0500000007, 0.0500000007, 0.0250000004, 0.0250000004, 0.0125000002, 0.0125000002,
          0.000781250012, 0.000781250012, 9.76562515e-05}},
        {"polynomial",
         nn_polynomial_decay(0.1, 30),
         {0.100000001, 0.0966700017, 0.093340002, 0.0833500028, 0.0700300038, 0.0666999966,
          0.0633700043, 0.0500500016, 0.0333999991, 0.0167500023, 9.99999975e-05, 9.99999975e-05,
          9.99999975e-05, 9.99999975e-05, 9.99999975e-05}},
        {"polynomial cycle",
         nn_polynomial_decay(0.1, 10, .end_learning_rate = 0.01, .power = 2, .cycle = 1),
         {0.100000001, 0.0828999951, 0.0676000044, 0.0324999988, 0.0109000001, 0.00999999978,
          0.0282249991, 0.015625, 0.00999999978, 0.0125000002, 0.00999999978, 0.0145562515,
          0.00999999978, 0.0111390622, 0.00999999978}},
        {"inverse",
         nn_inverse_time_decay(0.1, 10, 0.5),
         {0.100000001, 0.0952381045, 0.0909090936, 0.0799999982, 0.068965517, 0.0666666701,
          0.0645161346, 0.0571428575, 0.0500000007, 0.0444444455, 0.0399999991, 0.0392156877,
          0.0222222228, 0.0219780207, 0.0166666675}},
        {"inverse stairs",
         nn_inverse_time_decay(0.1, 10, 0.5, 1),
         {0.100000001, 0.100000001, 0.100000001, 0.100000001, 0.100000001, 0.0666666701,
          0.0666666701, 0.0666666701, 0.0500000007, 0.0500000007, 0.0399999991, 0.0399999991,
          0.0222222228, 0.0222222228, 0.0166666675}},
        {"cosine",
         nn_cosine_decay(0.1, 30),
         {0.100000001, 0.0997260958, 0.0989073813, 0.0933012739, 0.0793892667, 0.075000003,
          0.0703368336, 0.049999997, 0.0249999966, 0.00669873087, 0, 0, 0, 0, 0}},
        {"cosine alpha",
         nn_cosine_decay(0.1, 30, .alpha = 0.1),
         {0.100000001, 0.0997534841, 0.0990166441, 0.0939711481, 0.0814503357, 0.0775000006,
          0.0733031556, 0.054999996, 0.0324999951, 0.0160288569, 0.0100000007, 0.0100000007,
          0.0100000007, 0.0100000007, 0.0100000007}},
        {"cosine warm-up",
         nn_cosine_decay(NN_ZERO, 60, .alpha = 0.1, .warmup_target = 0.2, .warmup_steps = 10),
         {0, 0.0200000014, 0.0400000028, 0.100000001, 0.179999992, 0.200000003, 0.199876666,
          0.196933329, 0.187942296, 0.173639625, 0.155000001, 0.150859147, 0.0200000014,
          0.0200000014, 0.0200000014}},
        {"restarts",
         nn_cosine_decay_restarts(0.1, 10),
         {0.100000001, 0.0975528285, 0.0904508457, 0.049999997, 0.00244717603, 0.100000001,
          0.0993844196, 0.0853553414, 0.049999997, 0.0146446619, 0.100000001, 0.0998458713,
          0.100000001, 0.0999614522, 0.0691341683}},
        {"restarts even",
         nn_cosine_decay_restarts(0.1, 10, .t_mul = 1, .m_mul = 0.5),
         {0.100000001, 0.0975528285, 0.0904508457, 0.049999997, 0.00244717603, 0.0500000007,
          0.0487764142, 0.0249999985, 0.0250000004, 0.0124999993, 0.0125000002, 0.0121941036,
          0.000781250012, 0.000762131473, 9.76562515e-05}},
        {"restarts alpha",
         nn_cosine_decay_restarts(0.1, 10, .t_mul = 1.5, .m_mul = 0.8, .alpha = 0.1),
         {0.100000001, 0.0977975428, 0.0914057642, 0.054999996, 0.0122024585, 0.0820000023,
          0.0812133104, 0.064000003, 0.0279999971, 0.0676000044, 0.060862083, 0.0580709688, 0.02152,
          0.0197152235, 0.035732545}},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (int k = 0; k < POINTS; k++) {
            double rate = nn_schedule_rate(all[i].schedule, (uint64_t)points[k]);
            ck_assert_msg(fabs(rate - all[i].rates[k]) <= 2e-8, "%s at %d: %.9g, not %.9g",
                          all[i].name, points[k], rate, all[i].rates[k]);
        }
        nn_schedule_free(all[i].schedule);
    }
}
END_TEST

/* PyTorch's OneCycleLR(max_lr, total_steps) written out, and what it must look like. */
START_TEST(one_cycle_rises_and_falls)
{
    nn_schedule *s = nn_one_cycle(.max_learning_rate = 0.5, .total_steps = 101);
    double low = 0.5 / 25, end = low / 1e4, top = 0.3 * 101 - 1, pi = acos(-1);
    ck_assert_double_eq_tol(nn_schedule_rate(s, 0), low, 1e-15);
    for (int k = 0; k <= 100; k++) {
        double want = k <= top ? 0.5 + (low - 0.5) / 2 * (1 + cos(pi * k / top))
                               : end + (0.5 - end) / 2 * (1 + cos(pi * (k - top) / (100 - top)));
        double rate = nn_schedule_rate(s, (uint64_t)k);
        ck_assert_double_eq_tol(rate, want, 1e-14);
        if (k > 0)
            ck_assert((rate > nn_schedule_rate(s, (uint64_t)k - 1)) == (k <= 30));
    }
    ck_assert_double_eq_tol(nn_schedule_rate(s, 100), end, 1e-18);
    ck_assert_double_eq_tol(nn_schedule_rate(s, 1000), end, 1e-18);
    nn_schedule_free(s);
    s = nn_one_cycle(.max_learning_rate = 1, .total_steps = 1);
    ck_assert_double_eq(nn_schedule_rate(s, 0), 1.0 / 25 / 1e4);
    nn_schedule_free(s);
    s = nn_one_cycle(.max_learning_rate = 1, .total_steps = 10, .percent_start = 0.1);
    ck_assert_double_eq(nn_schedule_rate(s, 0), 1); /* it begins at the top */
    nn_schedule_free(s);
}
END_TEST

START_TEST(a_constant_is_one)
{
    nn_schedule *s = nn_constant_rate(0.25);
    ck_assert_double_eq(nn_schedule_rate(s, 0), 0.25);
    ck_assert_double_eq(nn_schedule_rate(s, UINT64_MAX), 0.25);
    nn_schedule_free(s);
    s = nn_constant_rate(NN_ZERO);
    ck_assert_double_eq(nn_schedule_rate(s, 7), 0);
    nn_schedule_free(s);
}
END_TEST

/* A run begins at the top, whatever rounding does to the logarithms. */
START_TEST(restarts_begin_at_the_top)
{
    nn_schedule *s = nn_cosine_decay_restarts(1, 1000, .t_mul = 1.1);
    double begin = 0;
    for (int run = 0; run < 20; run++) {
        uint64_t step = (uint64_t)ceil(begin - 1e-6);
        ck_assert_double_ge(nn_schedule_rate(s, step), 0.99999);
        if (run > 0)
            ck_assert_double_le(nn_schedule_rate(s, step - 1), 0.00001);
        begin += 1000 * pow(1.1, run);
    }
    nn_schedule_free(s);
}
END_TEST

static void refused(nn_schedule *schedule, const char *part)
{
    ck_assert(isnan(nn_schedule_rate(schedule, 0)));
    test_message_has(part);
    nn_schedule_free(schedule);
}

START_TEST(what_is_wrong_is_named)
{
    refused(nn_constant_rate_new(NULL), "schedule: constant_rate: learning_rate must be given");
    refused(nn_cosine_decay(0.1), "cosine_decay: decay_steps must be given");
    refused(nn_cosine_decay(0.1, -1), "decay_steps is -1");
    refused(nn_cosine_decay(0.1, 10, .alpha = -1), "alpha");
    refused(nn_exponential_decay(0.1, NN_ZERO, 1), "decay_steps is 0");
    refused(nn_exponential_decay(0.1, 10, 0.5, 2), "staircase");
    refused(nn_polynomial_decay(.decay_steps = 1), "initial_learning_rate");
    refused(nn_inverse_time_decay(-1, 1, 1), "initial_learning_rate is -1");
    refused(nn_cosine_decay_restarts(1, 1, .t_mul = 0.5), "t_mul is 0.5");
    refused(nn_one_cycle(1, 10.5), "total_steps is 10.5, it must be a whole number");
    refused(nn_one_cycle(1, 10, .percent_start = 2), "percent_start");
    refused(nn_piecewise_constant_decay(.values = nn_numbers(1, 2)), "boundaries must be given");
    refused(nn_piecewise_constant_decay(nn_numbers(1, 2), nn_numbers(1, 2)),
            "2 boundaries and 2 values");
    refused(nn_piecewise_constant_decay(nn_numbers(2, 2), nn_numbers(1, 2, 3)),
            "boundary 2 follows 2");
    refused(nn_piecewise_constant_decay(nn_numbers(1), nn_numbers(1, -2)), "values is -2");
    refused(NULL, "it is NULL");
    nn_schedule_free(NULL);
}
END_TEST

START_TEST(lists_are_copied)
{
    double boundaries[2] = {1, 2}, values[3] = {3, 2, 1};
    nn_piecewise_constant_decay_options o = {
        .struct_size = sizeof o, .boundaries = {boundaries, 2}, .values = {values, 3}};
    nn_schedule *s = nn_piecewise_constant_decay_new(&o);
    boundaries[0] = values[0] = values[2] = 77;
    ck_assert_double_eq(nn_schedule_rate(s, 0), 3);
    ck_assert_double_eq(nn_schedule_rate(s, 2), 2);
    ck_assert_double_eq(nn_schedule_rate(s, 3), 1);
    nn_schedule_free(s);
}
END_TEST

Suite *schedules_suite(void);
Suite *schedules_suite(void)
{
    return TEST_SUITE("schedules", rates_are_those_of_keras, one_cycle_rises_and_falls,
                      a_constant_is_one, restarts_begin_at_the_top, what_is_wrong_is_named,
                      lists_are_copied);
}
