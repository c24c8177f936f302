#!/bin/sh
# A trained GPIC tuned to draw in few passes, against itself before: its own 100 steps, 10 of DPM-Solver++, and 5, untrained.
#   sh experiments/gpic_consistency/run.sh [teacher] [drawings] [steps of the tuning]
set -eu
teacher=${1:-pretrained/gpic-openmoji-c8} steps=${3:-4000}
here=runs/experiments/gpic_consistency
python -m colorlab.train method=consistency begin_with=$teacher name=experiments/gpic_consistency/tuned ema=0.998 \
  trainer.max_steps=$steps trainer.val_check_interval=$steps sheet=0 resume=auto
evaluate="python -m colorlab.evaluate split=val n=8 limit=${2:-100} features=none"
$evaluate run=$teacher out=$here/ancestral-100
$evaluate run=$teacher out=$here/dpm_solver-10 method/sampler=dpm_solver steps=10
$evaluate run=$teacher out=$here/dpm_solver-5 method/sampler=dpm_solver steps=5
for calls in 1 2 4; do
  $evaluate run=$here/tuned out=$here/tuned-$calls steps=$calls
done
columns=truth/best_of_8_lpips:3,diversity/lpips:3,validity/gated_lpips:3,validity/share:2,modes/coverage_lpips_0.1:2,diversity/vendi_lpips:1,colourfulness/signed_delta:1,seconds:2
set -- "ancestral 100=$here/ancestral-100" "DPM++ 10=$here/dpm_solver-10" "DPM++ 5=$here/dpm_solver-5" \
  "tuned, 1=$here/tuned-1" "tuned, 2=$here/tuned-2" "tuned, 4=$here/tuned-4"
python experiments/show.py table $columns "$@"
python experiments/show.py differences $columns "$@"
shift 2
python experiments/show.py differences $columns "$@"
