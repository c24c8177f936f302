#!/bin/sh
# Fig. 8 of GPIC for the methods it is compared with: how far apart are a drawing's candidates, and are they still drawings?
# Every net is about as large as GPIC's C8 (1 million weights) and has seen as many pictures (7,500 steps of 32).
#   sh experiments/gpic_fig8_methods/run.sh [drawings] ["pix2pix bicyclegan msgan munit cinn": all or some] [steps]
set -eu
limit=${1:-204} methods=${2:-pix2pix bicyclegan msgan munit cinn} steps=${3:-7500}
here=runs/experiments/gpic_fig8_methods
evaluate="python -m colorlab.evaluate n=8 limit=$limit"
$evaluate run=pretrained/gpic-openmoji-c8 out=$here/gpic
named="GPIC=$here/gpic" runs=$here/gpic names=GPIC
gan="method.width=16 method.critic.width=16"
for method in $methods; do
  case $method in
    pix2pix) title=pix2pix own=$gan ;;
    bicyclegan) title=BicycleGAN own="$gan method.net.encoder_width=16" ;;
    msgan) title=MSGAN own=$gan ;;
    munit) title=MUNIT own="method.critic.width=16" ;;
    cinn) title=cINN own="method.space=rgb method.net.shrink=1 method.width=16" ;;
    *) echo "no method $method here: pix2pix, bicyclegan, msgan, munit, cinn" >&2 && exit 2 ;;
  esac
  # shellcheck disable=SC2086 # a word an override
  python -m colorlab.train name=$method method=$method $own trainer.max_steps=$steps resume=auto
  $evaluate run=runs/$method out=$here/$method
  named="$named $title=$here/$method" runs="$runs,$here/$method" names="$names,$title"
done
# shellcheck disable=SC2086 # a word an evaluation
python experiments/show.py table diversity/lpips:4,validity/earned_lpips:4,diversity/vendi_lpips:1,validity/share:2,validity/lines_kept:3,validity/paper_kept:3,validity/bleeding:3,validity/noise:4,truth/best_of_1_lpips:3,truth/best_of_8_lpips:3,colourfulness/signed_delta:1,realism/fd_lite0:1,seconds:2 $named +trivial
# shellcheck disable=SC2086
python experiments/show.py sheet $here/sheet.png 4 6 $named
python -m colorlab.compare "runs=[$runs]" out=$here/report "names=[$names]"
