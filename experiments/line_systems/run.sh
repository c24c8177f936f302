#!/bin/sh
# Systems that colour line drawings, one training each: diffusion with attention, a GAN that is told a palette, two nets one after
# the other. Some forty minutes of a core each at most; finished runs are not trained again.
#   sh experiments/line_systems/run.sh [drawings] [seed] [more words for every training]
set -eu
limit=${1:-102} seed=${2:-0}
[ $# -gt 2 ] && shift 2 || shift $#
here=runs/experiments/line_systems
named=""
one() { # name in the table, steps, words for judging, the method's words
  title=$1 steps=$2 judged=$3 name=lines-$1-$seed
  shift 3
  # shellcheck disable=SC2086 # a word a key
  python -m colorlab.train name=$name seed=$seed trainer.max_steps=$steps save_every=100 resume=auto $more "$@"
  # shellcheck disable=SC2086
  python -m colorlab.evaluate run=runs/$name n=8 limit=$limit features=none out=$here/$title-$seed $judged
  named="$named $title=$here/$title-$seed"
}
more="$*"
one palette 800 "method/sampler=dpm_solver method.sampler.steps=20" method=palette
one comicolor 2000 "" method=comicolor
one twostage 1200 "" method=twostage
# shellcheck disable=SC2086 # a word an evaluation
python experiments/show.py table truth/best_of_8_lpips:3,truth/best_of_1_lpips:3,validity/gated_lpips:3,diversity/lpips:3,validity/share:2 $named +trivial
# shellcheck disable=SC2086
python experiments/show.py sheet $here/sheet.png 3 6 $named
