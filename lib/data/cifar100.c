/* CIFAR-100: a record has a coarse and a fine label. */
#include "data/cifar.h"

static const char *const fine_names[] = {
    "apple",       "aquarium_fish", "baby",      "bear",       "beaver",       "bed",
    "bee",         "beetle",        "bicycle",   "bottle",     "bowl",         "boy",
    "bridge",      "bus",           "butterfly", "camel",      "can",          "castle",
    "caterpillar", "cattle",        "chair",     "chimpanzee", "clock",        "cloud",
    "cockroach",   "couch",         "crab",      "crocodile",  "cup",          "dinosaur",
    "dolphin",     "elephant",      "flatfish",  "forest",     "fox",          "girl",
    "hamster",     "house",         "kangaroo",  "keyboard",   "lamp",         "lawn_mower",
    "leopard",     "lion",          "lizard",    "lobster",    "man",          "maple_tree",
    "motorcycle",  "mountain",      "mouse",     "mushroom",   "oak_tree",     "orange",
    "orchid",      "otter",         "palm_tree", "pear",       "pickup_truck", "pine_tree",
    "plain",       "plate",         "poppy",     "porcupine",  "possum",       "rabbit",
    "raccoon",     "ray",           "road",      "rocket",     "rose",         "sea",
    "seal",        "shark",         "shrew",     "skunk",      "skyscraper",   "snail",
    "snake",       "spider",        "squirrel",  "streetcar",  "sunflower",    "sweet_pepper",
    "table",       "tank",          "telephone", "television", "tiger",        "tractor",
    "train",       "trout",         "tulip",     "turtle",     "wardrobe",     "whale",
    "willow_tree", "wolf",          "woman",     "worm"};

static const char *const coarse_names[] = {"aquatic_mammals",
                                           "fish",
                                           "flowers",
                                           "food_containers",
                                           "fruit_and_vegetables",
                                           "household_electrical_devices",
                                           "household_furniture",
                                           "insects",
                                           "large_carnivores",
                                           "large_man-made_outdoor_things",
                                           "large_natural_outdoor_scenes",
                                           "large_omnivores_and_herbivores",
                                           "medium_mammals",
                                           "non-insect_invertebrates",
                                           "people",
                                           "reptiles",
                                           "small_mammals",
                                           "trees",
                                           "vehicles_1",
                                           "vehicles_2"};

NN__NO_TAIL_PADDING(nn_cifar100_options, limit);

nn_dataset *nn_cifar100_new(const nn_cifar100_options *options)
{
    static const nn_dataset_kind kind = NN__PICTURES_KIND("cifar100");
    static const char *const training[] = {"train.bin", NULL}, *const test[] = {"test.bin", NULL};
    nn_cifar100_options o;
    if (nn__options_read(&o, sizeof o, options, kind.name) != NN_OK ||
        nn__dataset_choice(o.part, NN_TEST, kind.name, "part") != NN_OK ||
        nn__dataset_choice(o.label_mode, NN_COARSE, kind.name, "label_mode") != NN_OK)
        return NULL;
    int is_fine = o.label_mode == NN_FINE;
    nn__cifar cifar = {.kind = &kind,
                       .files = o.part == NN_TRAIN ? training : test,
                       .labels = 2,
                       .classes = {NN__COUNT(coarse_names), NN__COUNT(fine_names)},
                       .words = {"coarse label", "fine label"},
                       .which = is_fine,
                       .class_names = is_fine ? fine_names : coarse_names,
                       .directory = o.directory,
                       .one_hot = o.one_hot,
                       .limit = o.limit};
    return nn__cifar_dataset(&cifar);
}
