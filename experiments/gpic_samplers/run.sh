#!/bin/sh
# Every sampler of the suite at 10 to 1000 steps: quality and diversity against cost.
#   sh experiments/gpic_samplers/run.sh [run] [drawings]
set -eu
run=${1:-pretrained/gpic-openmoji-c8}
here=runs/experiments/gpic_samplers
evaluate="python -m colorlab.evaluate run=$run n=8 limit=${2:-34} features=none"
columns=truth/best_of_8_lpips:3,diversity/lpips:3,diversity/vendi_lpips:1,validity/share:2,validity/noise:4,colourfulness/signed_delta:1,seconds:2
for sampler in ancestral euler_ancestral ddim dpm_solver unipc heun; do
  named=""
  for steps in 10 20 50 100 1000; do
    case $sampler-$steps in ancestral-1000 | *-10 | *-20 | *-50 | *-100) ;; *) continue ;; esac
    $evaluate out=$here/$sampler-$steps method/sampler=$sampler method.sampler.steps=$steps
    named="$named $steps=$here/$sampler-$steps"
  done
  echo "$sampler"
  # shellcheck disable=SC2086 # a word an evaluation
  python experiments/show.py table $columns $named
done
python experiments/show.py sheet $here/sheet.png 3 6 "ancestral, 100=$here/ancestral-100" "ancestral, 10=$here/ancestral-10" \
  "DPM-Solver++, 20=$here/dpm_solver-20" "DPM-Solver++, 10=$here/dpm_solver-10" "UniPC, 10=$here/unipc-10" "DDIM, 20=$here/ddim-20"
