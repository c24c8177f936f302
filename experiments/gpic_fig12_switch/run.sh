#!/bin/sh
# Fig. 12 of GPIC: when to hand over from C8 to C32: at t = 0 (never), 20, 40, 60, 100, 200 of 1000.
#   sh experiments/gpic_fig12_switch/run.sh [c8] [c32] [drawings]
set -eu
c8=${1:-pretrained/gpic-openmoji-c8} c32=${2:-pretrained/gpic-openmoji-c32}
here=runs/experiments/gpic_fig12_switch
# 150 steps: three levels lie at or below t = 20, so that no column needs a step more than the others
evaluate="python -m colorlab.evaluate n=8 limit=${3:-34} features=none steps=150"
$evaluate run=$c8 out=$here/t0
named="t_0=$here/t0"
for t in 20 40 60 100 200; do
  level=$(python -c "from colorlab.diffusion import alpha_bar_at; print(float(alpha_bar_at($t / 1000)))")
  $evaluate "run=[$c8,$c32]" switch_at=$level out=$here/t$t
  named="$named t_$t=$here/t$t"
done
# shellcheck disable=SC2086 # a word an evaluation
python experiments/show.py table colourfulness/signed:1,validity/sharpness:3,diversity/lpips:3,truth/best_of_8_lpips:3,validity/share:2,seconds:1 $named
# shellcheck disable=SC2086
python experiments/show.py sheet $here/sheet.png 3 6 $named
# shellcheck disable=SC2086
python experiments/show.py differences validity/sharpness:3,colourfulness/signed:2,diversity/lpips:4,truth/best_of_8_lpips:4,validity/share:3 $named
