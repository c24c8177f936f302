#!/bin/sh
# Systems that colour line drawings, one training each: diffusion with attention, a GAN that is told a palette, two nets one after
# the other. Some forty minutes of a core each at most; finished runs are not trained again.
#   sh experiments/line_systems/run.sh [drawings] [seed] [more words for every training]
set -eu
limit=${1:-102} seed=${2:-0}
[ $# -gt 2 ] && shift 2 || shift $#
here=runs/experiments/line_systems
more="$*" kind=lines
. experiments/systems.sh
judged="method/sampler=dpm_solver method.sampler.steps=20"
one palette 800 method=palette
one comicolor 2000 method=comicolor
one twostage 1200 method=twostage
# shellcheck disable=SC2086 # a word an evaluation
python experiments/show.py table truth/best_of_8_lpips:3,truth/best_of_1_lpips:3,validity/gated_lpips:3,diversity/lpips:3,validity/share:2 $named +trivial
# shellcheck disable=SC2086
python experiments/show.py sheet $here/sheet.png 3 6 $named
