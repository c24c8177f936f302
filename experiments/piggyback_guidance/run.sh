#!/bin/sh
# Guidance by text and guidance by structure, apart: quality, diversity and time of each pair of scales; and the guider heard less often.
#   sh experiments/piggyback_guidance/run.sh RUN [drawings]
set -eu
run=$1
here=runs/experiments/piggyback_guidance
evaluate="python -m colorlab.evaluate run=$run n=4 steps=25 limit=${2:-34} features=none"
columns=truth/best_of_1_lpips:3,truth/best_of_4_lpips:3,diversity/lpips:3,diversity/vendi_lpips:1,colourfulness/signed_delta:1,seconds:1
for structure in 1 1.5 2; do
  named=""
  for text in 0 1 3 6; do
    $evaluate method.guidance.text=$text method.guidance.structure=$structure out=$here/$text-$structure
    named="$named $text=$here/$text-$structure"
  done
  echo "structure_scale=$structure, text_scale="
  # shellcheck disable=SC2086 # a word an evaluation
  python experiments/show.py table $columns $named
done
named="1=$here/3-1"
for every in 2 5 10; do
  $evaluate method.guidance.text=3 method.guider.every=$every out=$here/every-$every
  named="$named $every=$here/every-$every"
done
echo "guider_every="
# shellcheck disable=SC2086
python experiments/show.py table $columns $named
python experiments/show.py sheet $here/sheet.png 3 4 "no text=$here/0-1" "text 1=$here/1-1" "text 3=$here/3-1" "text 6=$here/6-1" \
  "text 3, structure 2=$here/3-2" "every 5th=$here/every-5"
