#!/bin/sh
# Which mixer, at which layers, and does it take a second U-Net? Every combination, trained alike. Finished jobs are not trained again.
#   sh experiments/piggyback_grid/run.sh PRIOR [steps] [drawings] [more overrides for every training]
set -eu
prior=$1 steps=${2:-3000} limit=${3:-68}
[ $# -gt 3 ] && shift 3 || shift $#
train="python -m colorlab.train -m method=piggyback method.prior=$prior data.condition=gray trainer.max_steps=$steps batch_size=8 sheet=0"
$train name=piggyback_grid method.mix=concat,add,film method.sites=down,down_mid,all,all_out "$@"
$train name=piggyback_kinds method.guider=controlnet,input_concat "$@"
$train name=piggyback_adapters method.rank=4,16 "$@"
for sweep in piggyback_grid piggyback_kinds piggyback_adapters; do
  for job in runs/$sweep/*/; do
    [ -f "$job/config.yaml" ] && python -m colorlab.evaluate run="${job%/}" n=8 limit=$limit method.space=rgb features=none
  done
  python -m colorlab.compare "runs=[runs/$sweep]" out=runs/experiments/piggyback_grid/$sweep
  cat runs/experiments/piggyback_grid/$sweep/table.md
done
python experiments/piggyback_grid/obedience.py runs/piggyback_grid runs/piggyback_kinds runs/piggyback_adapters
