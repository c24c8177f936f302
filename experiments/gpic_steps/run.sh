#!/bin/sh
# Few steps against ancestral 100, drawing by drawing: each line of the second table minus the first evaluation.
#   sh experiments/gpic_steps/run.sh [run] [drawings]
set -eu
run=${1:-pretrained/gpic-openmoji-c8}
here=runs/experiments/gpic_steps
evaluate="python -m colorlab.evaluate run=$run split=val n=8 limit=${2:-120} features=none"
columns=truth/best_of_8_lpips:4,validity/diversity_lpips:4,diversity/lpips:4,validity/share:3,modes/coverage_lpips_0.02:3,modes/coverage_lpips_0.05:3
named="ancestral_100=$here/ancestral-100"
$evaluate out=$here/ancestral-100 method/sampler=ancestral method.sampler.steps=100
for sampler in dpm_solver ddim unipc heun; do
  for steps in 10 20 5; do
    $evaluate out=$here/$sampler-$steps method/sampler=$sampler method.sampler.steps=$steps
    named="$named ${sampler}_$steps=$here/$sampler-$steps"
  done
done
# shellcheck disable=SC2086 # a word an evaluation
python experiments/show.py table $columns $named
# shellcheck disable=SC2086
python experiments/show.py differences $columns $named
