#!/bin/sh
# Few steps and a guider that speaks seldom against 25 DDIM steps, drawing by drawing: each line of the second table
# minus the first evaluation.
#   sh experiments/piggyback_steps/run.sh [run] [drawings]
set -eu
run=${1:-pretrained/piggyback-openmoji}
here=runs/experiments/piggyback_steps
evaluate="python -m colorlab.evaluate run=$run split=val n=4 limit=${2:-102} hints=dots8 features=none"
columns=hints/inside:2,hints/beside:2,validity/luminance_error:3,validity/share:3,truth/best_of_4_lpips:4,truth/best_of_1_lpips:4,diversity/lpips:4,colourfulness/signed_delta:1
named="ddim_25=$here/ddim-25"
$evaluate out=$here/ddim-25 method/sampler=ddim steps=25 method.guider.every=1
$evaluate out=$here/dpm-6-third method/sampler=dpm_solver steps=6 method.guider.every=3
named="$named dpm_6_third=$here/dpm-6-third"
# shellcheck disable=SC2086 # a word an evaluation
python experiments/show.py table $columns $named
# shellcheck disable=SC2086
python experiments/show.py differences $columns $named
