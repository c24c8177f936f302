#!/bin/sh
# L1, L2 or Huber: the default method three times, but for its distance.
#   sh experiments/gpic_distances/run.sh [steps] [drawings]
set -eu
here=runs/experiments/gpic_distances
named=""
for distance in l1 l2 huber; do
  python -m colorlab.train name=c8-$distance method.distance=$distance trainer.max_steps=${1:-2400} resume=auto sheet=0
  python -m colorlab.evaluate run=runs/c8-$distance n=8 limit=${2:-68} features=none out=$here/$distance
  named="$named $distance=$here/$distance"
done
# shellcheck disable=SC2086 # a word an evaluation
python experiments/show.py table validity/share:2,diversity/lpips:3,diversity/vendi_lpips:1,colourfulness/signed_delta:1,truth/best_of_8_rgb_mae:4,truth/best_of_8_lpips:3,truth/best_of_8_delta_e:2 $named
# shellcheck disable=SC2086
python experiments/show.py sheet $here/sheet.png 4 6 $named
