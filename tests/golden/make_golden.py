"""Drives Keras on TensorFlow and writes the golden files that `make check` compares libnn with.

    make golden                        all of them, with the seed of those in the repository
    python tests/golden/make_golden.py --seed 7 --out /tmp/golden layers losses
    NN_GOLDEN_DIR=/tmp/golden make check TESTS=golden

A subject is a module of this folder with a function add_cases(file).
"""
import argparse
import importlib
import os
import pathlib
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
sys.dont_write_bytecode = True

HERE = pathlib.Path(__file__).resolve().parent
SUBJECTS = ["layers", "pooling", "activations", "normalizations", "merges", "regularizers"]
SUBJECTS += ["initializers", "losses", "metrics", "optimizers", "schedules"]
SUBJECTS += ["summaries", "texts", "fit_traces"]
SUBJECTS += ["streams", "trajectories", "stopping"]


def main():
    parser = argparse.ArgumentParser(description="Writes golden files from Keras.")
    parser.add_argument("subjects", nargs="*", help=f"of {', '.join(SUBJECTS)}; default: all")
    parser.add_argument("--seed", type=int, default=1, help="of all numbers given to Keras")
    parser.add_argument("--out", type=pathlib.Path, default=HERE, help="folder of the files")
    arguments = parser.parse_args()
    unknown = set(arguments.subjects) - set(SUBJECTS)
    if unknown:
        parser.error(f"no such subject: {', '.join(sorted(unknown))}")

    import keras
    import tensorflow
    from golden_file import GoldenFile

    tensorflow.get_logger().setLevel("ERROR")
    keras.backend.set_floatx("float64")
    versions = {"keras": keras.__version__, "tensorflow": tensorflow.__version__}
    arguments.out.mkdir(parents=True, exist_ok=True)
    for subject in arguments.subjects or SUBJECTS:
        keras.utils.set_random_seed(arguments.seed)
        file = GoldenFile(arguments.out / f"{subject}.safetensors", arguments.seed, versions)
        importlib.import_module(subject).add_cases(file)
        print(f"{file.path}: {file.write()} cases, {file.path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
