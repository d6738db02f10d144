"""The plain functions from another language: ctypes, nothing but the standard library."""
import ctypes
import sys

nn = ctypes.CDLL(sys.argv[1])
nn.nn_version.restype = nn.nn_error_message.restype = ctypes.c_char_p
for name in ("nn_input_new", "nn_dense_new", "nn_sequential_new"):
    getattr(nn, name).restype = ctypes.c_void_p
nn.nn_model_parameters.restype = ctypes.c_size_t
nn.nn_model_parameters.argtypes = nn.nn_model_free.argtypes = [ctypes.c_void_p]
nn.nn_model_build.argtypes = [ctypes.c_void_p]


class Initializer(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int), ("reserved", ctypes.c_int), ("value", ctypes.c_double)]


class Dense(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("units", ctypes.c_int),
        ("activation", ctypes.c_int),
        ("no_bias", ctypes.c_int),
        ("reserved", ctypes.c_int),
        ("kernel_initializer", Initializer),
        ("bias_initializer", Initializer),
        ("name", ctypes.c_char_p),
    ]


dense = Dense(struct_size=ctypes.sizeof(Dense), units=10, name=b"scores")
layers = (ctypes.c_void_p * 2)(
    nn.nn_input_new((ctypes.c_int * 1)(4), 1), nn.nn_dense_new(ctypes.byref(dense))
)
model = nn.nn_sequential_new(layers, ctypes.c_size_t(2))
assert model, nn.nn_error_message()
assert nn.nn_model_build(model) == 0, nn.nn_error_message()
assert nn.nn_model_parameters(model) == 50
assert nn.nn_version().count(b".") == 2
nn.nn_model_free(model)
