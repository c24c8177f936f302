#!/bin/sh
# Fig. 11 of GPIC: C = 8, 16, 32, and the mix of C8 above t = 40 of 1000 and C32 below.
#   sh experiments/gpic_fig11_widths/run.sh [c8] [c16] [c32] [drawings]
set -eu
c8=${1:-pretrained/gpic-openmoji-c8} c16=${2:-pretrained/gpic-openmoji-c16} c32=${3:-pretrained/gpic-openmoji-c32}
here=runs/experiments/gpic_fig11_widths
evaluate="python -m colorlab.evaluate n=8 limit=${4:-68}"
$evaluate run=$c8 out=$here/c8
$evaluate run=$c16 out=$here/c16
$evaluate run=$c32 out=$here/c32
$evaluate "run=[$c8,$c32]" out=$here/mix
python experiments/show.py table colourfulness/signed:1,colourfulness/signed_delta:1,validity/sharpness:3,diversity/lpips:3,diversity/vendi_lpips:1,truth/best_of_8_lpips:3,validity/share:2,seconds:1 \
  "C8=$here/c8" "C16=$here/c16" "C32=$here/c32" "mix=$here/mix"
python experiments/show.py sheet $here/sheet.png 3 6 "C8=$here/c8" "C16=$here/c16" "C32=$here/c32" "mix=$here/mix"
python -m colorlab.compare "runs=[$here/c8,$here/c16,$here/c32,$here/mix]" out=$here/report "names=[C8,C16,C32,mix]"
