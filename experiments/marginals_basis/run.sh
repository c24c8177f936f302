#!/bin/sh
# A learned sampling layer on frozen marginals: without a remedy, with the best of 4, with the energy score.
#   sh experiments/marginals_basis/run.sh [run of cic] [steps] [drawings] [more overrides for every training, such as data=lfw]
set -eu
cic=${1:-runs/cic} steps=${2:-2000} limit=${3:-68}
[ $# -gt 3 ] && shift 3 || shift $#
. experiments/of_data.sh
here=runs/experiments/marginals_basis$of
evaluate="python -m colorlab.evaluate n=8 limit=$limit features=none"
named=""
for remedy in none best_of energy; do
  python -m colorlab.train name=basis-$remedy$of method=basis method.marginals="$cic" method.learning.remedy=$remedy \
    data.condition=gray trainer.max_steps=$steps resume=auto sheet=0 "$@"
  $evaluate run=runs/basis-$remedy$of out=$here/$remedy
  named="$named $remedy=$here/$remedy"
done
$evaluate run="$cic" method/sampler=quantile_field out=$here/quantile_field
$evaluate run="$cic" method/sampler=annealed_mean out=$here/annealed_mean
named="$named quantile_field=$here/quantile_field annealed_mean=$here/annealed_mean"
# shellcheck disable=SC2086 # a word an evaluation
python experiments/show.py table diversity/ab_variance:5,diversity/coherence:3,diversity/lpips:3,truth/best_of_1_mae:4,truth/best_of_8_mae:4,truth/best_of_8_lpips:3,colourfulness/signed_delta:1 $named +trivial
# shellcheck disable=SC2086
python experiments/show.py sheet $here/sheet.png 3 6 $named
