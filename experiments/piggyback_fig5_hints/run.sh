#!/bin/sh
# Fig. 5 of Piggyback: how far do clicks carry? 0 to 32 clicks heard by the guider, with each filling the superpixel under it, as it
# is, and not heard but only pasted.
#   sh experiments/piggyback_fig5_hints/run.sh RUN [drawings]
set -eu
run=$1
here=runs/experiments/piggyback_fig5_hints
evaluate="python -m colorlab.evaluate run=$run n=4 steps=25 limit=${2:-68} features=none text=none"
columns=truth/best_of_1_delta_e:2,truth/best_of_4_delta_e:2,truth/best_of_1_lpips:3,truth/best_of_4_lpips:3,diversity/lpips:3
$evaluate out=$here/0
for kind in snapped plain pasted; do
  case $kind in
    snapped) keys="method.hints.snap=true" ;;
    plain) keys="method.hints.snap=false" ;;
    pasted) keys="method.hints.use=false" ;;
  esac
  named="0=$here/0"
  for count in 1 4 16 32; do
    # shellcheck disable=SC2086 # a word an override
    $evaluate hints=dots$count $keys out=$here/$kind-$count
    named="$named $count=$here/$kind-$count"
  done
  echo "$kind"
  # shellcheck disable=SC2086 # a word an evaluation
  python experiments/show.py table $columns $named
  # shellcheck disable=SC2086
  python experiments/piggyback_fig5_hints/reach.py $run $named
done
python experiments/show.py sheet $here/sheet.png 4 6 "no clicks=$here/0" "16, superpixels=$here/snapped-16" \
  "16, as they are=$here/plain-16" "16, pasted alone=$here/pasted-16"
