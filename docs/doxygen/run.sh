#!/bin/sh
# Makes build/docs/html and build/docs/xml. Call: run.sh VERSION
set -eu
rm -rf build/docs
mkdir -p build/docs
# The page of all groups has two names, by Doxygen's version.
doxygen -l build/docs/layout.xml >/dev/null
groups=modules
! grep -q '"topics"' build/docs/layout.xml || groups=topics
sed "s/@groups@/$groups/" docs/doxygen/layout.xml >build/docs/layout.xml
VERSION=$1 doxygen docs/doxygen/Doxyfile
