#!/bin/sh
# Systems that colour gray pictures, one training each: marginals, hints, anchors and two that draw place by place. Some forty
# minutes of a core each at most; finished runs are not trained again. Each is judged, with its likelihood where it has one.
#   sh experiments/gray_systems/run.sh [drawings] [seed] [more words for every training]
set -eu
limit=${1:-102} seed=${2:-0}
[ $# -gt 2 ] && shift 2 || shift $#
here=runs/experiments/gray_systems
more="data.condition=gray $*" kind=gray
. experiments/systems.sh
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
