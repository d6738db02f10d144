#include "report.h"

#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "kernels/kernels.h"

enum { NUMBER = 48 };

/* Three digits or more: 1.50, 85.1, 21,345. Returns text. */
static char *number_text(double value, char text[NUMBER])
{
    if (!(value >= 999.5)) {
        int digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : value >= 0.0995 ? 2 : 4;
        snprintf(text, NUMBER, "%.*f", digits, value);
        return text;
    }
    char plain[NUMBER];
    int length = snprintf(plain, sizeof plain, "%.0f", value);
    char *to = text;
    for (int i = 0; i < length && to + 2 < text + NUMBER; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = plain[i];
    }
    *to = '\0';
    return text;
}

/* ---- Parts of a line ---- */

static void put_number(double value, const char *unit)
{
    char text[NUMBER];
    printf("%s %s  ", number_text(value, text), unit);
}

static void put_time(double seconds)
{
    if (seconds < 1e-4)
        put_number(seconds * 1e6, "us");
    else
        put_number(seconds * 1e3, "ms");
}

static void put_spread(const struct spread *s)
{
    char low[NUMBER], high[NUMBER];
    printf("(%s..%s)\n", number_text(s->min, low), number_text(s->max, high));
    fflush(stdout);
}

/* ---- Results ---- */

static void json_spread(nn__json_writer *json, const struct spread *s, const char *unit)
{
    nn__json_key(json, "value");
    nn__json_put_number(json, s->median);
    nn__json_key(json, "unit");
    nn__json_put_string(json, unit);
    nn__json_key(json, "min");
    nn__json_put_number(json, s->min);
    nn__json_key(json, "max");
    nn__json_put_number(json, s->max);
}

static void json_begin(nn__json_writer *json, const char *name, int batch, int threads)
{
    nn__json_begin_object(json);
    nn__json_key(json, "name");
    nn__json_put_string(json, name);
    nn__json_key(json, "batch");
    nn__json_put_integer(json, batch);
    nn__json_key(json, "threads");
    nn__json_put_integer(json, threads);
}

static void json_number(nn__json_writer *json, const char *key, double value)
{
    nn__json_key(json, key);
    nn__json_put_number(json, value);
}

/* Work per second from seconds: the fastest run gives the largest. */
static struct spread per_second(const struct spread *seconds, double work)
{
    return (struct spread){work / seconds->median, work / seconds->max, work / seconds->min};
}

static const char *const units[] = {"images/s", "GFLOP/s", "GB/s"};

static void json_measured(nn__json_writer *json, const measured *m, const struct spread *value,
                          double seconds, double gflops, double share)
{
    json_begin(json, m->name, m->batch, m->threads);
    json_spread(json, value, units[m->unit]);
    json_number(json, "seconds", seconds);
    if (gflops > 0) {
        json_number(json, "gflops", gflops);
        json_number(json, "of_sgemm", share);
    }
    if (m->speedup > 0)
        json_number(json, "speedup", m->speedup);
    if (m->against != NULL) {
        nn__json_key(json, "against");
        nn__json_put_string(json, m->against);
        json_number(json, "times_faster", timing_ratio(&m->another, &m->timing).median);
    }
    nn__json_end_object(json);
}

static void put_gflops(double gflops, double share)
{
    if (gflops <= 0)
        return;
    put_number(gflops, "GFLOP/s");
    printf("%.0f %% of sgemm  ", 100 * share);
}

static void put_against(const measured *m)
{
    if (m->against == NULL)
        return;
    const struct spread ratio = timing_ratio(&m->another, &m->timing);
    printf("%.2f x %s (%.2f..%.2f)  ", ratio.median, m->against, ratio.min, ratio.max);
}

void report_measured(struct bench *bench, const measured *m)
{
    const struct spread seconds = spread_of(m->timing.seconds);
    const int flops_first = m->unit == GFLOP_PER_SECOND;
    const double work[] = {m->batch, m->flops * 1e-9, m->bytes * 1e-9};
    const struct spread value = per_second(&seconds, work[m->unit]);
    const double gflops = m->flops * 1e-9 / seconds.median;
    const double share = gflops / (bench->rate * m->threads);
    printf("%s ", m->name);
    if (m->batch > 0)
        printf("batch %d ", m->batch);
    printf("threads %d: ", m->threads);
    if (flops_first)
        put_gflops(gflops, share);
    if (m->unit == GB_PER_SECOND)
        put_number(value.median, units[m->unit]);
    if (m->batch > 0)
        put_number(m->batch / seconds.median, units[IMAGES_PER_SECOND]);
    put_time(seconds.median);
    if (!flops_first)
        put_gflops(gflops, share);
    if (m->speedup > 0)
        printf("speedup %.2f  ", m->speedup);
    put_against(m);
    put_spread(&value);
    json_measured(&bench->json, m, &value, seconds.median, gflops, share);
}

static void json_entry(nn__json_writer *json, const nn_profile_entry *entry)
{
    static const char *const passes[] = {"", "forward", "backward"};
    const char *const texts[][2] = {{"layer", entry->layer},
                                    {"step", entry->step != NULL ? entry->step : ""},
                                    {"pass", passes[entry->pass]},
                                    {"kind", nn_work_name(entry->kind)}};
    nn__json_begin_object(json);
    nn__json_key(json, "row");
    nn__json_put_integer(json, entry->row);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        nn__json_key(json, texts[i][0]);
        nn__json_put_string(json, texts[i][1]);
    }
    json_number(json, "seconds", entry->seconds);
    json_number(json, "work", entry->work);
    nn__json_key(json, "calls");
    nn__json_put_integer(json, (int64_t)entry->calls);
    nn__json_end_object(json);
}

static void json_profile(nn__json_writer *json, const nn_profile *profile)
{
    nn__json_key(json, "profile");
    nn__json_begin_object(json);
    json_number(json, "seconds", profile->seconds);
    nn__json_key(json, "steps");
    nn__json_put_integer(json, (int64_t)profile->steps);
    nn__json_key(json, "rows");
    nn__json_put_integer(json, (int64_t)profile->rows);
    nn__json_key(json, "entries");
    nn__json_begin_array(json);
    for (size_t i = 0; i < profile->entry_count; i++)
        json_entry(json, &profile->entries[i]);
    nn__json_end_array(json);
    nn__json_end_object(json);
}

void report_profile(struct bench *bench, const char *name, int batch, const nn_profile *profile,
                    const struct spread *cost)
{
    const double step = profile->seconds * 1e3 / (double)profile->steps;
    char text[NUMBER];
    printf("%s batch %d threads %d: %s ms a step  measuring costs %.2f %% (%.2f..%.2f)\n", name,
           batch, profile->threads, number_text(step, text), 100 * (cost->median - 1),
           100 * (cost->min - 1), 100 * (cost->max - 1));
    fflush(stdout);
    bench_check(nn_profile_print(profile, stdout));
    json_begin(&bench->json, name, batch, profile->threads);
    json_spread(&bench->json, &(struct spread){step, step, step}, "ms");
    json_number(&bench->json, "cost", cost->median - 1);
    json_profile(&bench->json, profile);
    nn__json_end_object(&bench->json);
}

void report_value(struct bench *bench, const char *name, const struct spread *value,
                  const char *unit, const char *what)
{
    char text[NUMBER];
    printf("%s: %s %s %s  ", name, number_text(value->median, text), unit, what);
    put_spread(value);
    json_begin(&bench->json, name, 0, bench->threads);
    json_spread(&bench->json, value, unit);
    nn__json_end_object(&bench->json);
}

void report_errors(struct bench *bench, const char *name, int batch, const struct errors *e)
{
    char rms[NUMBER];
    printf("%s batch %d: error %.1e, %.1e of the RMS %s; bound %.1e, at most %.2g %% of a number's "
           "own\n",
           name, batch, e->largest, e->largest / e->rms, number_text(e->rms, rms), e->bound,
           100 * e->of_bound);
    fflush(stdout);
    json_begin(&bench->json, name, batch, bench->threads);
    json_spread(&bench->json, &(struct spread){e->largest, e->largest, e->largest}, "absolute");
    json_number(&bench->json, "rms", e->rms);
    json_number(&bench->json, "of_rms", e->largest / e->rms);
    json_number(&bench->json, "bound", e->bound);
    json_number(&bench->json, "of_bound", e->of_bound);
    nn__json_end_object(&bench->json);
}

/* ---- Beginning and end ---- */

static void json_machine(nn__json_writer *json, const struct bench *bench)
{
    char cpu[NN__CPU_NAME];
    nn__json_key(json, "machine");
    nn__json_begin_object(json);
    nn__json_key(json, "cpu");
    nn__json_put_string(json, nn__cpu_name(cpu));
    nn__json_key(json, "kernels");
    nn__json_put_string(json, nn__level_name(nn__cpu_level()));
    nn__json_key(json, "blas");
    nn__json_put_string(json, nn__gemm_name());
    nn__json_key(json, "library");
    nn__json_put_string(json, nn_version());
    nn__json_key(json, "threads");
    nn__json_put_integer(json, bench->threads);
    json_number(json, "sgemm_gflops", bench->rate);
    nn__json_end_object(json);
}

void report_begin(struct bench *bench)
{
    char one[NUMBER], all[NUMBER], cpu[NN__CPU_NAME];
    printf("nn_bench: %s, kernels %s, %s, %d thread%s; own rate (sgemm 1024^3) %s GFLOP/s "
           "on one thread, %s on %d\n",
           nn__cpu_name(cpu), nn__level_name(nn__cpu_level()), nn__gemm_name(), bench->threads,
           bench->threads == 1 ? "" : "s", number_text(bench->rate, one),
           number_text(bench->rate * bench->threads, all), bench->threads);
    fflush(stdout);
    nn__json_begin_object(&bench->json);
    json_machine(&bench->json, bench);
    nn__json_key(&bench->json, "results");
    nn__json_begin_array(&bench->json);
}

static nn_status write_file(const char *path, const char *text, size_t size)
{
    nn__writer *writer;
    NN_TRY(nn__writer_begin(path, 0, &writer));
    nn_status status = nn__writer_write(writer, text, size);
    if (status == NN_OK)
        status = nn__writer_write(writer, "\n", 1);
    if (status == NN_OK)
        return nn__writer_commit(writer);
    nn__writer_abandon(writer);
    return status;
}

void report_end(struct bench *bench, const char *path)
{
    char *text;
    size_t size;
    nn__json_end_array(&bench->json);
    nn__json_end_object(&bench->json);
    bench_check(nn__json_finish(&bench->json, &text, &size));
    if (path != NULL)
        bench_check(write_file(path, text, size));
    nn__free(text);
}
