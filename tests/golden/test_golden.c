/*
 * libnn against Keras itself: every case of every golden file in tests/golden, or in the folder
 * that NN_GOLDEN_DIR names. With NN_GOLDEN_NAMES set, the name of each case is printed. The double
 * build runs the same files.
 */
#include "golden.h"

#include <dirent.h>

#include "layers/layer.h"
#include "losses/loss.h"
#include "metrics/metric.h"
#include "optimizers/optimizer.h"
#include "schedules/schedule.h"

static const struct {
    const char *name;
    void (*run)(golden_case *c);
} subjects[] = {
    {"adapt", golden_adapt},       {"callbacks", golden_callbacks},
    {"fit", golden_fit},           {"initializer", golden_initializer},
    {"layer", golden_layer},       {"loss", golden_loss},
    {"metric", golden_metric},     {"optimizer", golden_optimizer},
    {"progress", golden_progress}, {"schedule", golden_schedule},
    {"stopping", golden_stopping}, {"streams", golden_streams},
    {"summary", golden_summary},   {"trajectory", golden_trajectory},
};

enum { SUBJECTS = sizeof subjects / sizeof subjects[0] };

/* One entry for each case: its file and its place there. */
static struct entry {
    char *path;
    size_t index;
} * entries;
static size_t entry_count;
static size_t file_count;
static char failure[2048]; /* what is wrong with the folder or with a file; "" for nothing */

static const char *folder(void)
{
    const char *named = getenv("NN_GOLDEN_DIR");
    return named != NULL && named[0] != '\0' ? named : "tests/golden";
}

/* Adds the cases of a file. */
static void list_file(const char *path)
{
    nn__safetensors *file;
    nn__json *json = NULL;
    if (nn__safetensors_open(path, NULL, &file) != NN_OK) {
        snprintf(failure, sizeof failure, "%s", nn_error_message());
        return;
    }
    const char *text = nn__safetensors_metadata(file, "cases");
    if (text == NULL || nn__json_parse(text, strlen(text), NULL, path, &json) != NN_OK)
        snprintf(failure, sizeof failure, "%s: there is no readable list of cases", path);
    size_t count = nn__json_count(json, 0);
    if (json != NULL && count == 0)
        snprintf(failure, sizeof failure, "%s: there are no cases", path);
    entries = realloc(entries, (entry_count + count + 1) * sizeof *entries);
    for (size_t i = 0; i < count; i++)
        entries[entry_count++] = (struct entry){strdup(path), i};
    file_count++;
    nn__json_free(json);
    nn__safetensors_close(file);
}

static int is_golden(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name), end = strlen(".safetensors");
    return length > end && strcmp(entry->d_name + length - end, ".safetensors") == 0;
}

static void list_folder(void)
{
    struct dirent **names;
    int count = scandir(folder(), &names, is_golden, alphasort);
    for (int i = 0; i < count; i++) {
        size_t size = strlen(folder()) + strlen(names[i]->d_name) + 2;
        char *path = malloc(size);
        snprintf(path, size, "%s/%s", folder(), names[i]->d_name);
        list_file(path);
        free(path);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    if (entry_count == 0 && failure[0] == '\0')
        snprintf(failure, sizeof failure, "%s: there are no golden files", folder());
}

/* ---- Is every kind of libnn among the cases? ---- */

/* What Keras does not have. */
static const char *const own[] = {"constant_rate", "one_cycle"};

/* Marks the kinds that an object {"kind": ..} of the cases of a file names. */
static void mark_kinds(const char *path, const nn_kind *const *kinds, unsigned char *seen)
{
    golden_case c = golden_open(path, 0);
    for (uint32_t node = 0; node < c.json->count; node++) {
        const char *name = nn__json_string(c.json, nn__json_member(c.json, node, "kind"));
        for (size_t k = 0; name != NULL && kinds[k] != NULL; k++)
            seen[k] |= strcmp(kinds[k]->name, name) == 0;
    }
    golden_close(&c);
}

static void all_are_seen(const nn_kind *const *kinds)
{
    size_t count = 0;
    while (kinds[count] != NULL)
        count++;
    unsigned char *seen = calloc(count + 1, 1);
    for (size_t i = 0; i < entry_count; i++)
        if (entries[i].index == 0)
            mark_kinds(entries[i].path, kinds, seen);
    for (size_t k = 0; k < count; k++) {
        for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
            seen[k] |= strcmp(kinds[k]->name, own[i]) == 0;
        ck_assert_msg(seen[k], "%s has no case of '%s'", folder(), kinds[k]->name);
    }
    free(seen);
}

START_TEST(every_kind_has_a_case)
{
    if (getenv("NN_GOLDEN_DIR") != NULL)
        return;
    all_are_seen(nn__layer_kinds);
    all_are_seen(nn__loss_kinds);
    all_are_seen(nn__metric_kinds);
    all_are_seen(nn__optimizer_kinds);
    all_are_seen(nn__schedule_kinds);
}
END_TEST

/* ---- Running ---- */

START_TEST(files_are_read_and_have_cases)
{
    ck_assert_msg(failure[0] == '\0', "%s", failure);
    printf("golden: %zu cases in %zu files of %s\n", entry_count, file_count, folder());
}
END_TEST

START_TEST(a_case_is_as_in_keras)
{
    golden_case c = golden_open(entries[_i].path, entries[_i].index);
    const char *subject = nn__json_string(c.json, golden_member(&c, "subject"));
    const char *floatx = nn__json_string(c.json, golden_member(&c, "floatx"));
    int found =
        sizeof(nn_real) == sizeof(double) && floatx != NULL && strcmp(floatx, "float32") == 0;
    for (int i = 0; !found && i < SUBJECTS && subject != NULL; i++)
        if (strcmp(subjects[i].name, subject) == 0) {
            subjects[i].run(&c);
            found = 1;
        }
    ck_assert_msg(found, "%s: %s: no subject '%s'", c.path, c.name, subject);
    golden_close(&c);
}
END_TEST

Suite *golden_suite(void);
Suite *golden_suite(void)
{
    list_folder();
    Suite *suite = TEST_SUITE("golden", files_are_read_and_have_cases, every_kind_has_a_case);
    TCase *tcase = tcase_create("cases");
    tcase_set_timeout(tcase, 600); /* whole trajectories, on a machine that is busy */
    tcase_add_checked_fixture(tcase, test_afresh, NULL);
    tcase_add_loop_test(tcase, a_case_is_as_in_keras, 0, (int)entry_count);
    suite_add_tcase(suite, tcase);
    return suite;
}
