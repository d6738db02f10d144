#!/bin/sh
# What a shared library shows and what it needs. Call: symbols.sh LIBRARY ITS-HEADERS...
set -u
library=$1
shift
bad=0
complain() {
    echo "$library: $1:" $2
    bad=1
}

names=$(nm -D --defined-only "$library" | awk '$2 != "A" {sub(/@.*/, "", $3); print $3}')
foreign=$(echo "$names" | grep -v '^nn_[a-z]' || true)
[ -z "$foreign" ] || complain "exports names that are not nn_*" "$foreign"

# nanomsg's library uses the prefix too; a program may link both.
for name in nn_strerror nn_errno nn_send nn_recv nn_sendmsg nn_recvmsg nn_socket nn_close nn_poll \
    nn_term nn_device nn_symbol nn_symbol_info nn_bind nn_connect nn_shutdown nn_allocmsg \
    nn_reallocmsg nn_freemsg nn_setsockopt nn_getsockopt nn_cmsg_nxthdr_ nn_get_statistic; do
    ! echo "$names" | grep -qx "$name" || complain "exports a name of nanomsg" "$name"
done

# Every function of the headers is there, and nothing but them.
declared=$(sed -e 's|/\*.*\*/||' "$@" | tr '\n' ' ' |
    grep -oE 'NN_API [^;{]*' | grep -oE 'nn_[a-z0-9_]+ *[[(]' | tr -d ' [(' | sort -u)
exported=$(echo "$names" | sort -u)
for name in $declared; do
    echo "$exported" | grep -qx "$name" || complain "lacks a function of the headers" "$name"
done
for name in $exported; do
    echo "$declared" | grep -qx "$name" || complain "exports a name that no header declares" "$name"
done

forbidden=$(nm -D --undefined-only "$library" | awk '{sub(/@.*/, "", $NF); print $NF}' | grep -xE \
    -e 'exit|_exit|_Exit|quick_exit|abort|__assert_fail|system|signal|sigaction' \
    -e '(__)?(v)?printf(_chk)?|puts|putchar|perror|stdin|strtok|rand|srand' \
    -e 'setlocale|setenv|putenv|unsetenv|fesetround' || true)
[ -z "$forbidden" ] || complain "uses what a library must not" "$forbidden"
exit $bad
