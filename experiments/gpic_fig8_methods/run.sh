#!/bin/sh
# Fig. 8 of GPIC for the methods it is compared with: how far apart are a drawing's candidates, and are they still drawings?
# Every net is about as large as GPIC's C8 (1 million weights) and has seen as many pictures (7,500 steps of 32).
#   sh experiments/gpic_fig8_methods/run.sh [drawings]
set -eu
here=runs/experiments/gpic_fig8_methods
small="method.width=16 method.critic_width=16 trainer.max_steps=7500 resume=auto"
# shellcheck disable=SC2086 # a word an override
python -m colorlab.train name=pix2pix method=pix2pix $small
# shellcheck disable=SC2086
python -m colorlab.train name=bicyclegan method=bicyclegan method.encoder_width=16 $small
# shellcheck disable=SC2086
python -m colorlab.train name=msgan method=msgan $small
evaluate="python -m colorlab.evaluate n=8 limit=${1:-204}"
$evaluate run=pretrained/gpic-openmoji-c8 out=$here/gpic
named="GPIC=$here/gpic"
for method in pix2pix bicyclegan msgan; do
  $evaluate run=runs/$method out=$here/$method
  named="$named $method=$here/$method"
done
# shellcheck disable=SC2086 # a word an evaluation
python experiments/show.py table diversity/lpips:4,validity/earned_lpips:4,diversity/vendi_lpips:1,validity/share:2,validity/lines_kept:3,validity/paper_kept:3,validity/bleeding:3,validity/noise:4,truth/best_of_1_lpips:3,truth/best_of_8_lpips:3,colourfulness/signed_delta:1,realism/fd_lite0:1,seconds:2 $named
# shellcheck disable=SC2086
python experiments/show.py sheet $here/sheet.png 4 6 $named
python -m colorlab.compare "runs=[$here/gpic,$here/pix2pix,$here/bicyclegan,$here/msgan]" out=$here/report \
  "names=[GPIC,pix2pix,BicycleGAN,MSGAN]"
