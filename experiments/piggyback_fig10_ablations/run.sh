#!/bin/sh
# Fig. 10 of Piggyback: the guider, the prior alone, SDEdit at strength .45, and score distillation. First without the final lightness, to
# see what follows the gray picture by itself; then with it.
#   sh experiments/piggyback_fig10_ablations/run.sh RUN [drawings]
set -eu
run=$1
here=runs/experiments/piggyback_fig10_ablations
evaluate="python -m colorlab.evaluate run=$run n=4 steps=25 limit=${2:-34} features=none text=captions"
columns=validity/luminance_error:1,truth/best_of_1_lpips:3,truth/best_of_4_lpips:3,truth/best_of_1_delta_e:2,diversity/lpips:3,colourfulness/signed_delta:1,seconds:1
for space in rgb ab; do
  for ablation in none no_guider sdedit sds; do
    $evaluate method.latent.space=$space method.guider.ablation.kind=$ablation out=$here/$space-$ablation
  done
  set -- "guider=$here/$space-none" "no guider=$here/$space-no_guider" "SDEdit=$here/$space-sdedit" "SDS=$here/$space-sds"
  echo "space=$space"
  python experiments/show.py table $columns "$@"
  python experiments/show.py sheet $here/$space.png 4 4 "$@"
done
