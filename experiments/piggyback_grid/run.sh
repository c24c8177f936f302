#!/bin/sh
# Which mixer, at which layers, and does it take a second U-Net? All trained alike; what validation measures at the end of each.
# The row and the column of mixers and layers that cross in the paper's choice, or every pair of them. Finished jobs are not trained again.
#   sh experiments/piggyback_grid/run.sh [prior] [steps] [cross | all] [more overrides for every training]
set -eu
prior=${1:-pretrained/prior-openmoji} steps=${2:-3000} which=${3:-cross}
[ $# -gt 3 ] && shift 3 || shift $#
train="python -m colorlab.train -m method=piggyback method.latent.prior=$prior data.condition=gray trainer.max_steps=$steps batch_size=8 sheet=0"
if [ "$which" = all ]; then
  $train name=piggyback_grid method.guider.mix=concat,add,film method.guider.sites=down,down_mid,all,all_out "$@"
  sweeps=runs/piggyback_grid
else
  $train name=piggyback_mix method.guider.mix=concat,add,film "$@"
  $train name=piggyback_sites method.guider.sites=down,down_mid,all "$@"
  sweeps="runs/piggyback_mix runs/piggyback_sites"
fi
$train name=piggyback_kinds method.guider.kind=controlnet,input_concat "$@"
$train name=piggyback_adapters method.guider.rank=16 "$@"
# shellcheck disable=SC2086 # a word a sweep
python experiments/piggyback_grid/obedience.py $sweeps runs/piggyback_kinds runs/piggyback_adapters
