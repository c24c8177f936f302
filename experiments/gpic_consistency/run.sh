#!/bin/sh
# A trained GPIC tuned to draw in few passes, against itself before: 10 calls of DPM-Solver++, and 5.
#   sh experiments/gpic_consistency/run.sh [teacher] [drawings] [steps of the tuning]
set -eu
teacher=${1:-pretrained/gpic-openmoji-c8} steps=${3:-450}
here=runs/experiments/gpic_consistency
python -m colorlab.train method=consistency begin_with=$teacher name=gpic_consistency batch_size=16 ema=0.98 \
  method.optimizer.lr=3e-4 method.learning.stages=4 trainer.max_steps=$steps trainer.val_check_interval=$steps sheet=0 resume=auto
evaluate="python -m colorlab.evaluate split=val n=8 limit=${2:-100} features=none"
$evaluate run=$teacher out=$here/dpm_solver-10 method/sampler=dpm_solver steps=10
$evaluate run=$teacher out=$here/dpm_solver-5 method/sampler=dpm_solver steps=5
$evaluate run=$teacher out=$here/untuned-1 method/sampler=multistep steps=1
for calls in 1 2 4; do
  $evaluate run=runs/gpic_consistency out=$here/tuned-$calls steps=$calls
done
columns=truth/best_of_8_lpips:3,diversity/lpips:3,validity/gated_lpips:3,validity/share:2,modes/coverage_lpips_0.1:2,modes/coverage_lpips_0.05:2,diversity/vendi_lpips:1,colourfulness/signed_delta:1
set -- "DPM++ 10=$here/dpm_solver-10" "DPM++ 5=$here/dpm_solver-5" "untuned, 1=$here/untuned-1" \
  "tuned, 1=$here/tuned-1" "tuned, 2=$here/tuned-2" "tuned, 4=$here/tuned-4"
python experiments/show.py table $columns "$@"
python experiments/show.py differences $columns "$@"
shift
python experiments/show.py differences $columns "$@"
