#!/bin/sh
# Systems that colour gray pictures, one training each: marginals, hints, anchors and two that draw place by place. Some forty
# minutes of a core each at most; finished runs are not trained again. Each is judged, with its likelihood where it has one.
#   sh experiments/gray_systems/run.sh [drawings] [seed] [more words for every training]
set -eu
limit=${1:-102} seed=${2:-0}
[ $# -gt 2 ] && shift 2 || shift $#
here=runs/experiments/gray_systems
named=""
one() { # name in the table, steps, the method's words
  title=$1 steps=$2 name=gray-$1-$seed
  shift 2
  # shellcheck disable=SC2086 # a word a key
  python -m colorlab.train name=$name seed=$seed data.condition=gray trainer.max_steps=$steps save_every=100 resume=auto $more "$@"
  python -m colorlab.evaluate run=runs/$name n=8 limit=$limit features=none out=$here/$title-$seed
  named="$named $title=$here/$title-$seed"
}
more="$*"
one cic 2000 method=cic
one ugcolor 2500 method=ugcolor
one disco 1500 method=disco
one pic 1500 method=pic method.levels=23 # CIC's bins: likelihoods of the same numbers
one coltran 600 method=coltran method.space=ab
one unicolor 1000 method=unicolor
one deoldify 1500 method=deoldify method.space=ab
# shellcheck disable=SC2086 # a word an evaluation
python experiments/show.py table truth/best_of_8_lpips:3,truth/best_of_1_lpips:3,truth/best_of_8_mae:4,diversity/lpips:3,validity/share:2 $named +trivial
# shellcheck disable=SC2086
python experiments/show.py sheet $here/sheet.png 3 6 $named
python experiments/gray_systems/same_places.py runs/gray-cic-$seed runs/gray-pic-$seed $limit
