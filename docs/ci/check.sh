#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh TARGET [FOLDER]    compares the checked-out commit with its merge base with TARGET, such as origin/main
# Exits 0 if nothing became slower or nothing could be said (a warning tells), else with the code of the check.
set -u
cd "$(dirname -- "$0")/../.." || exit 4
[ $# -ge 1 ] || { sed -n '3s/^# //p' "$0" >&2; exit 64; }
folder=${2:-check-results}
base=$(git merge-base "$1" HEAD) || {
  echo "check.sh: no merge base of $1 and HEAD here: fetch the whole history (fetch-depth: 0)" >&2
  exit 64
}
if [ "$base" = "$(git rev-parse HEAD)" ]; then
  echo "check.sh: HEAD is its own merge base with $1: there is nothing to compare"
  exit 0
fi
try() {
  scripts/switchyard check --base "$base" --head HEAD --out "$folder" "$@"
  code=$?
  # A code without a verdict is no verdict.
  [ $code -gt 3 ] || [ -f "$folder/verdict.json" ] || code=4
  return $code
}
try
code=$?
if [ $code = 2 ]; then
  echo "check.sh: inconclusive; once more"
  try --second-try
  code=$?
fi
if [ $code = 2 ]; then
  echo "::warning::switchyard check was inconclusive twice: this machine is too noisy now"
  exit 0
fi
exit $code
