#!/usr/bin/env python3
"""libnn from Python, with nothing but the standard library: loads a saved model and classifies
pictures, of the generated set or of CIFAR-10.

    python3 ctypes_predict.py MODEL [--data DIR] [--count N] [--lib libnn.so]

The library is looked for in --lib, $LIBNN, build/ beside this folder, and where the system has it.
A model to try: `cxx_program model.safetensors` trains and saves one in seconds.
"""
import argparse
import ctypes
import ctypes.util
import os
import sys
from ctypes import POINTER, byref, c_char_p, c_float, c_int, c_size_t, c_uint64, c_void_p

NN_OK, NN_TEST = 0, 1


class NNError(Exception):
    """A call of libnn failed; the text is nn_error_message()."""


class Shape(ctypes.Structure):
    _fields_ = [("rank", c_int), ("dims", c_int * 8)]

    def sizes(self):
        return tuple(self.dims[: self.rank])


class Options(ctypes.Structure):
    """Every options struct: what is not given is zero, the default, and struct_size comes first."""

    def __init__(self, **given):
        super().__init__(struct_size=ctypes.sizeof(self), **given)


class DrawingsOptions(Options):
    _fields_ = [("struct_size", c_size_t), ("rows", c_size_t), ("seed", c_uint64),
                ("part", c_int), ("one_hot", c_int)]


class Cifar10Options(Options):
    _fields_ = [("struct_size", c_size_t), ("directory", c_char_p), ("part", c_int),
                ("one_hot", c_int), ("limit", c_size_t)]


class ContextOptions(Options):
    _fields_ = [("struct_size", c_size_t), ("model", c_void_p), ("batch_size", c_int),
                ("threads", c_int), ("training", c_int), ("no_fusion", c_int)]


def raise_status(result, function, arguments):
    if result != NN_OK:
        raise NNError(function.library.nn_error_message().decode())
    return result


def raise_null(result, function, arguments):
    if not result:
        raise NNError(function.library.nn_error_message().decode())
    return result


STATUS, OBJECT = (c_int, raise_status), (c_void_p, raise_null)  # what a call gives, and its check
FUNCTIONS = {
    "nn_error_message": ((c_char_p, None),),
    "nn_model_load": (STATUS, c_char_p, POINTER(c_void_p)),
    "nn_model_input_shape": ((POINTER(Shape), raise_null), c_void_p),
    "nn_model_output_shape": ((POINTER(Shape), raise_null), c_void_p),
    "nn_model_free": ((None, None), c_void_p),
    "nn_context_new": (OBJECT, POINTER(ContextOptions)),
    "nn_context_predict": (STATUS, c_void_p, POINTER(c_float), c_int, POINTER(c_float)),
    "nn_context_free": ((None, None), c_void_p),
    "nn_drawings_new": (OBJECT, POINTER(DrawingsOptions)),
    "nn_cifar10_new": (OBJECT, POINTER(Cifar10Options)),
    "nn_dataset_rows": ((c_size_t, None), c_void_p),
    "nn_dataset_shape": ((POINTER(Shape), raise_null), c_void_p),
    "nn_dataset_classes": ((c_int, None), c_void_p),
    "nn_dataset_class_name": ((c_char_p, None), c_void_p, c_int),
    "nn_dataset_row": (STATUS, c_void_p, c_size_t, POINTER(c_float), POINTER(c_int)),
    "nn_dataset_free": ((None, None), c_void_p),
}


def open_library(asked):
    """libnn, with the types of every function that is used here."""
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "build", "libnn.so")
    path = asked or os.environ.get("LIBNN") or (os.path.exists(beside) and beside)
    nn = ctypes.CDLL(path or ctypes.util.find_library("nn") or "libnn.so")
    for name, ((result, check), *arguments) in FUNCTIONS.items():
        function = getattr(nn, name)
        function.library = nn
        function.restype, function.argtypes = result, arguments
        if check:
            function.errcheck = check
    return nn


def classify(nn, context, data, count):
    """Prints the three likeliest classes of the first pictures, and how many are right."""
    size = 1
    for n in nn.nn_dataset_shape(data).contents.sizes():
        size *= n
    classes = nn.nn_dataset_classes(data)
    names = [nn.nn_dataset_class_name(data, k).decode() for k in range(classes)]
    x, shares, label, right = (c_float * size)(), (c_float * classes)(), c_int(), 0
    for row in range(count):
        nn.nn_dataset_row(data, row, x, byref(label))
        nn.nn_context_predict(context, x, 1, shares)
        best = sorted(range(classes), key=lambda k: -shares[k])
        right += best[0] == label.value
        print(f"{row:4} is {names[label.value]:12}",
              "  ".join(f"{names[k]} {shares[k]:.2f}" for k in best[:3]))
    print(f"{right} of {count} right")


def run(nn, arguments):
    model, context, data = c_void_p(), None, None
    try:
        nn.nn_model_load(arguments.model.encode(), byref(model))
        if arguments.data:
            data = nn.nn_cifar10_new(Cifar10Options(directory=arguments.data.encode(), part=NN_TEST))
        else:
            data = nn.nn_drawings_new(DrawingsOptions(part=NN_TEST))
        takes = nn.nn_model_input_shape(model).contents.sizes()
        gives = nn.nn_model_output_shape(model).contents.sizes()
        pictures, classes = nn.nn_dataset_shape(data).contents.sizes(), nn.nn_dataset_classes(data)
        if (takes, gives) != (pictures, (classes,)):
            raise NNError(f"{arguments.model}: it makes {gives} of {takes}, "
                          f"the data wants {(classes,)} of {pictures}")
        context = nn.nn_context_new(ContextOptions(model=model, batch_size=1))
        classify(nn, context, data, min(arguments.count, nn.nn_dataset_rows(data)))
    finally:
        nn.nn_context_free(context)
        nn.nn_dataset_free(data)
        nn.nn_model_free(model)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model", help="a file that nn_model_save wrote")
    parser.add_argument("--data", metavar="DIR", help="folder with CIFAR-10's binary files")
    parser.add_argument("--count", metavar="N", type=int, default=10, help="so many pictures [10]")
    parser.add_argument("--lib", metavar="FILE", help="the library, libnn.so")
    parser.error = lambda text: sys.exit(f"ctypes_predict.py: {text}")
    arguments = parser.parse_args()
    if arguments.count < 1:
        parser.error(f"--count is {arguments.count}; it must be at least 1")
    try:
        run(open_library(arguments.lib), arguments)
    except (NNError, OSError) as error:
        sys.exit(f"ctypes_predict.py: {error}")


if __name__ == "__main__":
    main()
