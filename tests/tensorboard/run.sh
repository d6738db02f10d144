#!/bin/sh
# Proves that TensorBoard reads what libnn writes. Not a part of make check: it installs the package
# tensorboard from PyPI into a virtual environment. Call: run.sh BUILD, the folder with libnn.so.
#  - fit.c trains with the TensorBoard callback and prints what the files must hold
#  - read.py reads the files with TensorBoard's EventAccumulator and compares
set -eu
build=$1
work=$build/tensorboard
python=$work/venv/bin/python
export LD_LIBRARY_PATH="$build${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
mkdir -p "$work"
if ! "$python" -c 'import tensorboard' 2>/dev/null; then
    python3 -m venv "$work/venv"
    "$python" -m pip install --quiet tensorboard
fi
rm -rf "$work/logs"
${CC:-cc} -std=c11 -Wall -Wextra -Iinclude tests/tensorboard/fit.c -o "$work/fit" -L"$build" -lnn
"$work/fit" "$work/logs" >"$work/expected"
"$python" tests/tensorboard/read.py "$work/logs" "$work/expected"
