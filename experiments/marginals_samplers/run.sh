#!/bin/sh
# Per-pixel distributions of one trained CIC net, and every sampler of the suite on them.
#   sh experiments/marginals_samplers/run.sh [steps] [drawings] [more overrides for the training, such as data=lfw]
set -eu
steps=${1:-4000} limit=${2:-68}
[ $# -gt 2 ] && shift 2 || shift $#
. experiments/of_data.sh
here=runs/experiments/marginals_samplers$of
python -m colorlab.train name=cic$of method=cic data.condition=gray trainer.max_steps=$steps resume=auto "$@"
evaluate="python -m colorlab.evaluate run=runs/cic$of n=8 limit=$limit"
columns=diversity/ab_variance:4,diversity/coherence:3,diversity/lpips:3,diversity/vendi_lpips:1,truth/best_of_1_mae:4,truth/best_of_8_mae:4,truth/best_of_8_lpips:3,colourfulness/signed_delta:1,realism/fd_lite0:1,seconds:2
named=""
for sampler in annealed_mean mode independent quantile_field gumbel_field learned_copula variational; do
  $evaluate method/sampler=$sampler out=$here/$sampler
  named="$named $sampler=$here/$sampler"
done
$evaluate method/sampler=annealed_mean method.sampler.rebalanced=false out=$here/annealed_mean_of_p
named="$named annealed_mean_of_p=$here/annealed_mean_of_p"
$evaluate method/sampler=variational method.sampler.source.coherence=0 out=$here/cleaned
$evaluate method/sampler=variational method.sampler.source=null method.sampler.candidates=8 out=$here/mouzon
for dial in 0.33 0.67 1; do
  $evaluate method/sampler=quantile_field method.sampler.coherence=$dial out=$here/quantile_field-$dial
done
named="$named independent,cleaned=$here/cleaned Mouzon=$here/mouzon"
# shellcheck disable=SC2086 # a word an evaluation
python experiments/show.py table $columns $named +trivial
# shellcheck disable=SC2086
python experiments/marginals_samplers/coherence.py runs/cic$of $named
dials="0=$here/independent 1/3=$here/quantile_field-0.33 2/3=$here/quantile_field-0.67 0.8=$here/quantile_field 1=$here/quantile_field-1"
# shellcheck disable=SC2086
python experiments/show.py table $columns $dials
# shellcheck disable=SC2086
python experiments/marginals_samplers/coherence.py runs/cic$of $dials
python experiments/show.py sheet $here/sheet.png 3 6 "annealed mean=$here/annealed_mean" "independent=$here/independent" \
  "independent, cleaned=$here/cleaned" "quantile field=$here/quantile_field" "learned copula=$here/learned_copula" \
  "variational=$here/variational"
