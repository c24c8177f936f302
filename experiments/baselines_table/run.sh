#!/bin/sh
# Every method of the suite under one protocol: a table and a page for line drawings, and one for gray pictures.
# Nets of about a million weights, 7,500 steps of 32 pictures each; hours of a CPU. Finished runs are not trained again.
# Piggyback's guider has trainings of its own (docs/piggyback.md): it is judged too if there is a runs/guider.
#   sh experiments/baselines_table/run.sh [lines | gray] [drawings] [more overrides for every training, such as data=lfw]
set -eu
kind=${1:-lines} limit=${2:-204}
[ $# -gt 2 ] && shift 2 || shift $#
. experiments/of_data.sh
here=runs/experiments/baselines_table/$kind$of
gan="method.width=16 method.critic.width=16"
runs="" names="" named=""
one() { # name in the table, name of the run, its overrides in one word, overrides of all
  title=$1 name=baseline-$kind-$2$of own=$3
  shift 3
  # shellcheck disable=SC2086 # a word an override
  python -m colorlab.train name=$name trainer.max_steps=7500 resume=auto data.condition=$kind $own "$@"
  judged $title runs/$name
}
judged() {
  python -m colorlab.evaluate run=$2 n=8 limit=$limit out=$here/$1
  runs="$runs,$here/$1" names="$names,$1" named="$named $1=$here/$1"
}
if [ $kind = lines ]; then
  if [ -z "$of" ]; then
    for width in 8 16 32; do judged GPIC-C$width pretrained/gpic-openmoji-c$width; done
  else
    one GPIC-C8 gpic method=gpic "$@"
  fi
  one pix2pix pix2pix "method=pix2pix $gan" "$@"
  one BicycleGAN bicyclegan "method=bicyclegan $gan method.net.encoder_width=16" "$@"
  one MSGAN msgan "method=msgan $gan" "$@"
  one MUNIT munit "method=munit method.critic.width=16" "$@"
  one cINN cinn "method=cinn method.space=rgb method.net.shrink=1 method.width=16" "$@"
else
  one CIC cic method=cic "$@"
  one DivColor divcolor method=divcolor "$@"
  one CVAE cvae method=cvae "$@"
  one cGAN cgan method=cgan "$@"
  one pix2pix pix2pix "method=pix2pix method.space=ab $gan" "$@"
  one BicycleGAN bicyclegan "method=bicyclegan method.space=ab $gan method.net.encoder_width=16" "$@"
  one MSGAN msgan "method=msgan method.space=ab $gan" "$@"
  one MUNIT munit "method=munit method.space=ab method.critic.width=16" "$@"
  one ChromaGAN chromagan "method=chromagan $gan" "$@"
  one ChromaGAN-z chromagan-z "method=chromagan method.latent=8 $gan" "$@"
  one cINN cinn "method=cinn method.width=16" "$@"
  one GPIC-gray gpic method=gpic "$@"
  if [ -d runs/guider ] && [ -z "$of" ]; then judged Piggyback runs/guider; fi
fi
# shellcheck disable=SC2086 # a word an evaluation
python experiments/show.py table diversity/lpips:3,validity/share:2,validity/earned_lpips:3,diversity/vendi_lpips:1,diversity/ab_variance:5,diversity/coherence:2,truth/best_of_1_lpips:3,truth/best_of_8_lpips:3,truth/best_of_1_delta_e:2,truth/best_of_8_delta_e:2,colourfulness/signed_delta:1,realism/fd_lite0:1,seconds:2 $named +trivial
# shellcheck disable=SC2086
python experiments/show.py sheet $here/sheet.png 3 6 $named
python -m colorlab.compare "runs=[${runs#,}]" out=$here/report "names=[${names#,}]"
cat $here/report/table.md
