/* One list of fields per options struct: what fills in defaults and checks ranges. */
#include "base/options.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int double_is_absent(double value)
{
    return value == 0 && !signbit(value);
}

/* The value of a field that was given or not, in place. */
static void option_fill(const nn_option *option, void *place)
{
    int *ints = place;
    double *number = place;
    nn_initializer *initializer = place;
    nn_regularizer *regularizer = place;
    switch (option->type) {
    case NN_OPTION_INT:
    case NN_OPTION_CHOICE:
        if (ints[0] == 0)
            ints[0] = (int)option->fallback;
        break;
    case NN_OPTION_PAIR:
        if (ints[0] == 0 && ints[1] == 0)
            ints[0] = ints[1] = (int)option->fallback;
        break;
    case NN_OPTION_DOUBLE:
        if (double_is_absent(*number))
            *number = option->rules & NN_REQUIRED ? (double)NAN : option->fallback;
        else if (*number == 0)
            *number = 0; /* NN_ZERO becomes a plain zero */
        break;
    case NN_OPTION_INITIALIZER:
        if (initializer->kind == NN_INIT_DEFAULT)
            initializer->kind = (int)option->fallback;
        break;
    case NN_OPTION_REGULARIZER: /* absent is none; NN_ZERO becomes a plain zero */
        regularizer->l1 += 0;
        regularizer->l2 += 0;
        break;
    default:
        break;
    }
}

static nn_status option_copy_string(void *place)
{
    const char *text;
    memcpy(&text, place, sizeof text);
    if (text == NULL)
        return NN_OK;
    char *copy = nn__copy_string(text, "a string in options");
    memcpy(place, &copy, sizeof copy);
    return copy == NULL ? NN_ENOMEM : NN_OK;
}

static nn_status option_copy_numbers(nn_number_list *list)
{
    double *copy = nn__alloc_array(list->count, sizeof *copy, "numbers in options");
    if (copy != NULL && list->count > 0)
        memcpy(copy, list->items, list->count * sizeof *copy);
    list->items = copy;
    return copy == NULL ? NN_ENOMEM : NN_OK;
}

/* Remembers what is wrong with the struct as a whole. */
static nn_status object_remember(nn__object *object, nn_status status, const char *message)
{
    object->message = nn__copy_string(message, "a message");
    object->status = status;
    return object->message == NULL ? NN_ENOMEM : NN_OK;
}

/* Takes the object that the option points at; one that is taken already is remembered as wrong. */
static nn_status option_take(nn__object *object, const nn_option *option, void *place)
{
    char message[128];
    nn__object *part;
    memcpy(&part, place, sizeof part);
    if (part == NULL)
        return NN_OK;
    if (!part->owned) {
        if (part->kind != NULL) /* the static one that stands for a failure is nobody's */
            part->owned = 1;
        return NN_OK;
    }
    memset(place, 0, sizeof part); /* not ours to free */
    snprintf(message, sizeof message, "%s (%s) already belongs to another", option->name,
             part->kind->name);
    return object->status != NN_OK ? NN_OK : object_remember(object, NN_EINVAL, message);
}

/* Copies what the option points at. */
static nn_status option_copy(const nn_option *option, void *place)
{
    switch (option->type) {
    case NN_OPTION_STRING:
        return option_copy_string(place);
    case NN_OPTION_NUMBERS:
        return option_copy_numbers(place);
    default:
        return NN_OK;
    }
}

static int tail_is_zero(const unsigned char *bytes, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        if (bytes[i] != 0)
            return 0;
    return 1;
}

nn_status nn__options_copy(nn__object *object, const void *options)
{
    const nn_kind *kind = object->kind;
    nn_status status = NN_OK, taken = NN_OK;
    if (options != NULL) {
        size_t size;
        memcpy(&size, options, sizeof size);
        if (size < sizeof size)
            return object_remember(object, NN_EINVAL, "struct_size is not set");
        if (size > kind->options_size && !tail_is_zero(options, kind->options_size, size))
            status = object_remember(object, NN_ENOTSUP,
                                     "an option is used that this version does not know");
        memcpy(object->options, options, size < kind->options_size ? size : kind->options_size);
    }
    memcpy(object->options, &kind->options_size, sizeof kind->options_size);
    for (size_t i = 0; i < kind->option_count; i++) {
        const nn_option *option = &kind->options[i];
        void *place = (char *)object->options + option->offset;
        option_fill(option, place);
        if (option->type == NN_OPTION_SCHEDULE)
            taken = option_take(object, option, place);
        else if (status == NN_OK)
            status = option_copy(option, place);
        else if (option->type == NN_OPTION_STRING || option->type == NN_OPTION_NUMBERS)
            memset(place, 0, sizeof(char *)); /* not ours to free */
        if (status == NN_OK)
            status = taken;
    }
    return status;
}

nn_status nn__options_read(void *copy, size_t size, const void *options, const char *what)
{
    size_t given = 0;
    if (options != NULL)
        memcpy(&given, options, sizeof given);
    if (given < sizeof given)
        return nn_fail(NN_EINVAL, "%s: struct_size is not set", what);
    if (given > size && !tail_is_zero(options, size, given))
        return nn_fail(NN_ENOTSUP, "%s: an option is used that this version does not know", what);
    memset(copy, 0, size);
    memcpy(copy, options, given < size ? given : size);
    return NN_OK;
}

nn_status nn__options_own_strings(const nn_kind *kind, void *options)
{
    nn_status status = NN_OK;
    for (size_t i = 0; i < kind->option_count; i++) {
        void *place = (char *)options + kind->options[i].offset;
        if (kind->options[i].type != NN_OPTION_STRING)
            continue;
        if (status != NN_OK)
            memset(place, 0, sizeof(char *)); /* not ours to free */
        else
            status = option_copy_string(place);
    }
    return status;
}

void nn__options_free(const nn_kind *kind, void *options)
{
    for (size_t i = 0; i < kind->option_count; i++) {
        const int type = kind->options[i].type;
        void *part;
        if (type != NN_OPTION_SCHEDULE && type != NN_OPTION_STRING && type != NN_OPTION_NUMBERS)
            continue;
        memcpy(&part, (char *)options + kind->options[i].offset, sizeof part);
        if (type == NN_OPTION_SCHEDULE)
            nn__object_free(part);
        else
            nn__free(part);
    }
}

void nn__options_drop(const nn_kind *kind, const void *options)
{
    size_t size = 0;
    if (options != NULL)
        memcpy(&size, options, sizeof size);
    for (size_t i = 0; i < kind->option_count; i++) {
        nn__object *part;
        if (kind->options[i].type != NN_OPTION_SCHEDULE ||
            kind->options[i].offset + sizeof part > size)
            continue;
        memcpy(&part, (const char *)options + kind->options[i].offset, sizeof part);
        if (part != NULL && !part->owned)
            nn__object_free(part);
    }
}

/* ---- Checking ---- */

static nn_status number_out_of_range(const nn_option *option, double value, const char *name)
{
    return nn_fail(NN_EINVAL, "%s: %s is %.10g, it must be %s %.10g and %s %.10g", name,
                   option->name, value, option->rules & NN_ABOVE ? "above" : "at least",
                   option->minimum, option->rules & NN_BELOW ? "below" : "at most",
                   option->maximum);
}

static nn_status number_check(const nn_option *option, double value, const char *name)
{
    if (isnan(value))
        return nn_fail(NN_EINVAL, "%s: %s is not a number", name, option->name);
    if ((option->rules & NN_WHOLE) && value != floor(value))
        return nn_fail(NN_EINVAL, "%s: %s is %.10g, it must be a whole number", name, option->name,
                       value);
    if (!(option->minimum < option->maximum))
        return NN_OK;
    if (value < option->minimum || value > option->maximum ||
        ((option->rules & NN_ABOVE) && value <= option->minimum) ||
        ((option->rules & NN_BELOW) && value >= option->maximum))
        return number_out_of_range(option, value, name);
    return NN_OK;
}

static nn_status numbers_check(const nn_option *option, const nn_number_list *list,
                               const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        NN_TRY(number_check(option, list->items[i], name));
    return NN_OK;
}

static nn_status choice_check(const nn_option *option, int value, const char *name)
{
    int count = 0;
    while (option->choices[count] != NULL)
        count++;
    if (value < 0 || value >= count)
        return nn_fail(NN_EINVAL, "%s: %s is %d, it must be 0..%d", name, option->name, value,
                       count - 1);
    return NN_OK;
}

static nn_status initializer_check(const nn_option *option, const nn_initializer *initializer,
                                   const char *name)
{
    if (initializer->kind < NN_INIT_ZEROS || initializer->kind > NN_INIT_CONSTANT)
        return nn_fail(NN_EINVAL, "%s: %s is %d, no initializer", name, option->name,
                       initializer->kind);
    if (!isfinite(initializer->value))
        return nn_fail(NN_EINVAL, "%s: %s's value is %g, it must be finite", name, option->name,
                       initializer->value);
    return NN_OK;
}

static nn_status regularizer_check(const nn_option *option, const nn_regularizer *regularizer,
                                   const char *name)
{
    for (int i = 0; i < 2; i++) {
        double factor = i == 0 ? regularizer->l1 : regularizer->l2;
        if (!(factor >= 0) || isinf(factor))
            return nn_fail(NN_EINVAL, "%s: %s's l%d is %g, it must be at least 0 and finite", name,
                           option->name, i + 1, factor);
    }
    return NN_OK;
}

/* Is a required field absent? Doubles were marked with NaN, since NN_ZERO has become 0. */
static int option_is_missing(const nn_option *option, const void *place)
{
    switch (option->type) {
    case NN_OPTION_DOUBLE:
        return isnan(*(const double *)place);
    case NN_OPTION_STRING:
        return tail_is_zero(place, 0, sizeof(char *));
    case NN_OPTION_NUMBERS:
        return ((const nn_number_list *)place)->count == 0;
    case NN_OPTION_PAIR:
        return tail_is_zero(place, 0, 2 * sizeof(int));
    default:
        return tail_is_zero(place, 0, sizeof(int));
    }
}

static nn_status option_check(const nn_option *option, const void *place, const char *name)
{
    const int *ints = place;
    const double *number = place;
    if ((option->rules & NN_REQUIRED) && option_is_missing(option, place))
        return nn_fail(NN_EINVAL, "%s: %s must be given", name, option->name);
    switch (option->type) {
    case NN_OPTION_INT:
        return number_check(option, ints[0], name);
    case NN_OPTION_PAIR:
        NN_TRY(number_check(option, ints[0], name));
        return number_check(option, ints[1], name);
    case NN_OPTION_DOUBLE:
        return number_check(option, *number, name);
    case NN_OPTION_NUMBERS:
        return numbers_check(option, place, name);
    case NN_OPTION_FLAG:
        if (ints[0] != 0 && ints[0] != 1)
            return nn_fail(NN_EINVAL, "%s: %s is %d, it must be 0 or 1", name, option->name,
                           ints[0]);
        return NN_OK;
    case NN_OPTION_CHOICE:
        return choice_check(option, ints[0], name);
    case NN_OPTION_INITIALIZER:
        return initializer_check(option, place, name);
    case NN_OPTION_REGULARIZER:
        return regularizer_check(option, place, name);
    default:
        return NN_OK;
    }
}

nn_status nn__options_check(const nn_kind *kind, const void *options, const char *name)
{
    for (size_t i = 0; i < kind->option_count; i++)
        NN_TRY(
            option_check(&kind->options[i], (const char *)options + kind->options[i].offset, name));
    return NN_OK;
}
