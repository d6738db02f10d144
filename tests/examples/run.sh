#!/bin/sh
# Runs every example for a moment, on the generated set or on CIFAR-10 where CIFAR10_DIR names it,
# and looks at exit status and files; then hands them what is wrong: that must give status 1 and one
# line.
# Call: run.sh BUILD
set -u
build=$(cd "$1" && pwd)
examples=$build/examples
work=$build/examples-test
sources=$(pwd)/examples
passed=0
rm -rf "$work"
mkdir -p "$work"
cd "$work" || exit 1
unset FASHION_MNIST_DIR
pictures=$(command -v gnuplot >/dev/null && echo yes)

broken() {
    echo "examples: $*: FAILED"
    cat "$work/out" "$work/err"
    exit 1
}

# good "FILES" COMMAND...: status 0, nothing on stderr, and these files, not empty
good() {
    files=$1
    shift
    "$@" >"$work/out" 2>"$work/err" || broken "$@"
    [ ! -s "$work/err" ] || broken "something on stderr:" "$@"
    for file in $files; do
        case $file in *.png | *.svg) [ "$pictures" ] || continue ;; esac
        [ -s "$file" ] || broken "no $file:" "$@"
    done
    passed=$((passed + 1))
}

# says TEXT: the last good command printed it
says() {
    grep -qF -e "$1" "$work/out" || broken "nothing like '$1' in what it printed"
}

# bad TEXT COMMAND...: status 1, one line on stderr with that text
bad() {
    text=$1
    shift
    "$@" >"$work/out" 2>"$work/err"
    [ $? = 1 ] || broken "status is not 1:" "$@"
    [ "$(wc -l <"$work/err")" = 1 ] || broken "not one line on stderr:" "$@"
    grep -qF -e "$text" "$work/err" || broken "nothing like '$text':" "$@"
    passed=$((passed + 1))
}

# ---- What they do ----

good "" "$examples/quickstart"
says "Test Accuracy: "
for name in conv1 conv2 deep; do
    good "$name/model.safetensors $name/history.csv $name/history.png $name/history.svg" \
        "$examples/cifar10_$name" --limit 400 --epochs 2 --verbose 2 --out "$name"
    says "Validation Accuracy: "
    says "Test Accuracy: "
done
good "again.st" "$examples/cifar10_conv2" --load conv2/model.safetensors --save again.st \
    --limit 400 --epochs 1 --optimizer=sgd --learning-rate=1e-2 --batch-size 64 --val-fraction 0.5 \
    --seed 7 --threads 1 --verbose 0 --out conv2
good "conv2/predictions.png" "$examples/predict" conv2/model.safetensors --count 8
says "Test Accuracy: "
good "seen/confusion.png seen/confusion.svg" \
    "$examples/cifar10_evaluate" conv2/model.safetensors --out seen
says "f1-score   support"
says "weighted avg"
for name in conv2 deep; do
    good "fashion-$name/model.safetensors fashion-$name/history.png" \
        "$examples/fashion_mnist" --model $name --limit 400 --epochs 1 --out fashion-$name
    says "no Fashion-MNIST in --data"
done


good "" "$examples/regression"
says "Mean absolute error on 600 test rows"
awk 'BEGIN {
    print "a,kind,b"
    for (i = 0; i < 200; i++)
        print i % 17 "," (i % 3 ? "x" : "y") "," i % 17 * 2
}' >table.csv
good "" "$examples/regression" table.csv b kind
says "in the unit of b"
good "star.st" "$examples/custom_layer" star.st
says "The gradients are right."
says "saved and loaded, the same 1000 predictions"
good "" "$examples/custom_loop"
says "Test Accuracy: "
if [ -x "$examples/cxx_program" ]; then
    good "cxx.st" "$examples/cxx_program" cxx.st
    says "Test Accuracy: "
    bad "usage: cxx_program" "$examples/cxx_program" cxx.st more
    bad "nowhere/cxx.st" "$examples/cxx_program" nowhere/cxx.st
else
    echo "examples: cxx_program was not built; left out"
fi
python=$sources/ctypes_predict.py
if command -v python3 >/dev/null; then
    good "" python3 "$python" conv2/model.safetensors --lib "$build/libnn.so" --count 5
    says "of 5 right"
    bad "nowhere.st" python3 "$python" nowhere.st --lib "$build/libnn.so"
    bad "nowhere.so" python3 "$python" conv2/model.safetensors --lib nowhere.so
    bad "nowhere/test_batch.bin" python3 "$python" conv2/model.safetensors --data nowhere \
        --lib "$build/libnn.so"
    bad "--count is 0" python3 "$python" conv2/model.safetensors --count 0
else
    echo "examples: no python3 here; ctypes_predict.py is left out"
fi
bad "usage: regression" "$examples/regression" table.csv
bad "nowhere.csv" "$examples/regression" nowhere.csv b
bad "table.csv" "$examples/regression" table.csv c
bad "table.csv: line 2" "$examples/regression" table.csv kind
bad "nowhere/star.st" "$examples/custom_layer" nowhere/star.st

# ---- Options ----

for name in cifar10_conv1 cifar10_conv2 cifar10_deep predict cifar10_evaluate fashion_mnist \
    regression custom_layer custom_loop; do
    good "" "$examples/$name" --help
    says "usage: $name"
done
for name in cifar10_conv1 cifar10_conv2 cifar10_deep predict cifar10_evaluate fashion_mnist; do
    bad "'--nonsense': not an option" "$examples/$name" --nonsense
    bad "--threads '0': must be a whole number from 1 to 64" "$examples/$name" --threads 0
    bad "--threads: needs a value" "$examples/$name" --threads
done
conv2() {
    "$examples/cifar10_conv2" --limit 400 --epochs 1 --verbose 0 --out refused "$@"
}
bad "'operand': not an option" conv2 operand
bad "--epochs '1.5': must be a whole number" conv2 --epochs 1.5
bad "--learning-rate 'fast': must be a number" conv2 --learning-rate fast
bad "--optimizer 'or': must be sgd, adam or nadam" conv2 --optimizer or
bad "--optimizer 'sgd,': must be sgd, adam or nadam" conv2 --optimizer sgd,
bad "--optimizer '': must be" conv2 --optimizer ''
bad "--data: nowhere/data_batch_1.bin" conv2 --data nowhere
bad "--load nowhere.st: cannot be read" conv2 --load nowhere.st
bad "--load: " conv2 --load deep/model.safetensors
bad "--out out/below: the folder cannot be made" conv2 --out out/below
bad "--save seen: is a folder" conv2 --save seen
bad "--model 'conv1': must be conv2 or deep" "$examples/fashion_mnist" --model conv1
for name in predict cifar10_evaluate; do
    bad "which model?" "$examples/$name"
    bad "nowhere.st" "$examples/$name" nowhere.st
    bad "conv2/history.csv" "$examples/$name" conv2/history.csv
    bad "'more': not an option" "$examples/$name" conv2/model.safetensors more
    bad "/model.safetensors: " "$examples/$name" fashion-conv2/model.safetensors
    bad "--data: nowhere/test_batch.bin" "$examples/$name" conv2/model.safetensors --data nowhere
done

# ---- Fashion-MNIST's files ----

# idx FILE COUNT SIDE BYTE: pictures, all of one byte; labels FILE COUNT
idx() {
    { printf '\000\000\010\003\000\000\000'"\\$(printf %03o "$2")"
    printf '\000\000\000'"\\$(printf %03o "$3")"'\000\000\000'"\\$(printf %03o "$3")"
    head -c $(($2 * $3 * $3)) /dev/zero | tr '\000' "$4"; } >"$1"
}
labels() {
    { printf '\000\000\010\001\000\000\000'"\\$(printf %03o "$2")"
    head -c "$2" /dev/zero | tr '\000' '\003'; } >"$1"
}
fashion() {
    "$examples/fashion_mnist" --data clothes --epochs 1 --out fashion "$@"
}
# spoilt TEXT FILE COMMAND...: COMMAND makes another file of that name, which is put back afterwards
spoilt() {
    text=$1 file=$2
    shift 2
    mv "clothes/$file" kept
    "$@"
    bad "$text" fashion
    mv kept "clothes/$file"
}

mkdir clothes
idx clothes/train-images-idx3-ubyte 40 28 x
idx clothes/t10k-images-idx3-ubyte 20 28 x
labels clothes/train-labels-idx1-ubyte 40
labels clothes/t10k-labels-idx1-ubyte 20
good "fashion/model.safetensors" fashion
says "Fashion-MNIST from clothes (--data): 32 pictures to train, 8 to validate, 20 to test"
good "" env FASHION_MNIST_DIR=clothes "$examples/fashion_mnist" --limit 10 --epochs 1 --out fashion
says "Fashion-MNIST from clothes (\$FASHION_MNIST_DIR): 8 pictures to train, 2 to validate"

images=train-images-idx3-ubyte
cut_short() { head -c 30000 kept >clothes/$images; }
other_magic() { { printf 'PK\003\004' && tail -c +5 kept; } >clothes/$images; }
spoilt "clothes/$images: 29984 bytes after the header" $images cut_short
spoilt "clothes/$images: begins with 0x50 0x4b" $images other_magic
spoilt "clothes/$images: pictures of 20x20, not 28x28" $images idx clothes/$images 40 20 x
spoilt "clothes/$images has 39 rows, clothes/train-labels-idx1-ubyte has 40" $images \
    idx clothes/$images 39 28 x
spoilt "clothes/$images: no pictures of 28x28" $images labels clothes/$images 40
spoilt "clothes/$images: No such file" $images true
spoilt "clothes/train-labels-idx1-ubyte: row 0: class 120" train-labels-idx1-ubyte \
    sh -c "tr '\003' x <kept >clothes/train-labels-idx1-ubyte"

gzip clothes/*
if [ -f "$build/libnn_files.so" ]; then
    good "fashion/model.safetensors" fashion
    spoilt "clothes/$images.gz: " $images.gz sh -c "head -c 100 kept >clothes/$images.gz"
else
    bad "clothes/$images.gz: packed by gzip" fashion
fi

# ---- Downloads, from this machine ----

sum() {
    sum=$("$1" <"$2") && echo "${sum%% *}"
}
get() {
    sh "$sources/fetch.sh" set got/clothes train-labels-idx1-ubyte.gz \
        "file:$work/clothes/$images.gz" "$1" \
        "file:$work/clothes/train-labels-idx1-ubyte.gz" "$(sum md5sum clothes/train-labels*)"
}
wrong=00112233445566778899aabbccddeeff
bad "$images.gz's MD5 is $(sum md5sum clothes/$images.gz), not $wrong" get "$wrong"
[ ! -e got ] || broken "a download that did not pass left something"
good "got/clothes/$images.gz got/clothes/train-labels-idx1-ubyte.gz" \
    get "$(sum md5sum clothes/$images.gz)"
says "set: got/clothes is ready"
good "" get "$wrong"
says "set: got/clothes is already there"
rm got/clothes/train-labels*
bad "got/clothes is in the way" get "$wrong"
tar -czf clothes.tar.gz clothes
good "tarred/clothes/$images.gz" sh "$sources/fetch.sh" set tarred/clothes $images.gz \
    "file:$work/clothes.tar.gz" "$(sum sha256sum clothes.tar.gz)"
bad "no such file" sh "$sources/fetch.sh" set elsewhere/clothes $images.gz \
    "file:$work/nowhere.gz" "$wrong"

echo "examples: $passed calls"
rm -rf "$work"
