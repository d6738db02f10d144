/* CIFAR-10: a record's only label is its class. */
#include "data/cifar.h"

static const char *const class_names[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                          "dog",      "frog",       "horse", "ship", "truck"};

NN__NO_TAIL_PADDING(nn_cifar10_options, limit);

nn_dataset *nn_cifar10_new(const nn_cifar10_options *options)
{
    static const nn_dataset_kind kind = NN__PICTURES_KIND("cifar10");
    static const char *const training[] = {"data_batch_1.bin", "data_batch_2.bin",
                                           "data_batch_3.bin", "data_batch_4.bin",
                                           "data_batch_5.bin", NULL};
    static const char *const test[] = {"test_batch.bin", NULL};
    nn_cifar10_options o;
    if (nn__options_read(&o, sizeof o, options, kind.name) != NN_OK ||
        nn__dataset_choice(o.part, NN_TEST, kind.name, "part") != NN_OK)
        return NULL;
    nn__cifar cifar = {.kind = &kind,
                       .files = o.part == NN_TRAIN ? training : test,
                       .labels = 1,
                       .classes = {NN__COUNT(class_names)},
                       .words = {"label"},
                       .class_names = class_names,
                       .directory = o.directory,
                       .one_hot = o.one_hot,
                       .limit = o.limit};
    return nn__cifar_dataset(&cifar);
}
