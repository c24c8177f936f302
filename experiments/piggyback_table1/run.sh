#!/bin/sh
# Table 1 of Piggyback: no text, the pictures' captions, and the fixed prompt with its negative; beside other runs, if given.
#   sh experiments/piggyback_table1/run.sh RUN [drawings] [NAME=RUN of another method ...]
set -eu
run=$1 limit=${2:-204}
[ $# -gt 2 ] && shift 2 || shift $#
here=runs/experiments/piggyback_table1
evaluate="python -m colorlab.evaluate n=8 limit=$limit"
columns=realism/fd_lite0:1,realism/kid_lite0:2,colourfulness/signed:1,colourfulness/signed_delta:1,truth/psnr:1,truth/ssim:3,truth/best_of_1_lpips:3,truth/best_of_8_lpips:3,diversity/lpips:3,diversity/vendi_lpips:1,seconds:1
$evaluate run=$run steps=25 text=none out=$here/none
$evaluate run=$run steps=25 text=plain out=$here/captions
$evaluate run=$run steps=25 "text=a high quality colorful photo" "negative=color bleeding" out=$here/fixed
for other in "$@"; do
  $evaluate run="${other#*=}" out="$here/${other%%=*}"
done
set -- "no text=$here/none" "captions=$here/captions" "fixed prompt=$here/fixed" $(for other in "$@"; do
  echo "${other%%=*}=$here/${other%%=*}"
done)
python experiments/show.py table $columns "$@" +trivial
python experiments/show.py sheet $here/sheet.png 4 6 "$@"
