#!/bin/sh
# Fig. 13 and 14 of GPIC: completion (the middle is known) and inpainting (all but the middle is known), with Eq. 15 as
# printed, with its known part noised to the level, and with RePaint's resampling; and clicks, 0 to 32.
#   sh experiments/gpic_fig13_14_hints/run.sh [run] [drawings]
set -eu
run=${1:-pretrained/gpic-openmoji-c8}
here=runs/experiments/gpic_fig13_14_hints
evaluate="python -m colorlab.evaluate run=$run n=8 steps=50 limit=${2:-34} features=none"
columns=truth/best_of_1_lpips:3,truth/best_of_8_lpips:3,truth/best_of_1_delta_e:2,truth/best_of_8_delta_e:2,diversity/lpips:3,validity/share:2
$evaluate out=$here/none
for hints in centre surround; do
  for known in clean noised repaint; do
    $evaluate out=$here/$hints-$known hints=$hints guide=inpaint guide.inpaint.known=$known
  done
  python experiments/show.py table $columns "no hints=$here/none" "$hints, as printed=$here/$hints-clean" \
    "$hints, noised=$here/$hints-noised" "$hints, repaint=$here/$hints-repaint"
done
named="0_clicks=$here/none"
for count in 1 2 4 8 16 32; do
  $evaluate out=$here/dots$count hints=dots$count
  named="$named $count=$here/dots$count"
done
# shellcheck disable=SC2086 # a word an evaluation
python experiments/show.py table $columns $named
$evaluate out=$here/flat guide=flat
named="0_clicks=$here/flat"
for count in 1 2 4 8 16 32; do
  $evaluate out=$here/flat$count hints=dots$count guide=flat
  named="$named $count=$here/flat$count"
done
# shellcheck disable=SC2086
python experiments/show.py table $columns $named
python -m colorlab.sample run=$run split=test limit=6 n=6 steps=50 hints=dots8 guide=flat out=$here/flat8
for hints in centre surround dots8; do
  python -m colorlab.sample run=$run split=test limit=6 n=6 steps=50 hints=$hints out=$here/$hints
done
