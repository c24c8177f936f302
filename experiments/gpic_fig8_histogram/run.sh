#!/bin/sh
# Fig. 8 of GPIC: 216 candidates a drawing, all 23,220 pairs. Three sources of spread apart: seeds, colour bias, both.
#   sh experiments/gpic_fig8_histogram/run.sh [run] [drawings]
set -eu
run=${1:-pretrained/gpic-openmoji-c8}
here=runs/experiments/gpic_fig8_histogram
evaluate="python -m colorlab.evaluate run=$run n=216 steps=50 limit=${2:-12} features=none"
$evaluate out=$here/trained
$evaluate out=$here/grid guide=bias
$evaluate out=$here/one_bias bias=[0.5,0.5,0.5]
$evaluate out=$here/one_noise guide=bias same_noise=true
python -m colorlab.compare "runs=[$here/trained,$here/grid,$here/one_bias,$here/one_noise]" out=$here/report sheet=4 \
  "names=[as trained,216 biases and seeds,one bias and 216 seeds,216 biases and one seed]"
python experiments/show.py table diversity/lpips:3,diversity/lpips_painted:3,diversity/vendi_lpips:1,diversity/delta_e:2,validity/share:2 \
  "as trained=$here/trained" "216 biases, 216 seeds=$here/grid" "one bias, 216 seeds=$here/one_bias" \
  "216 biases, one seed=$here/one_noise"
