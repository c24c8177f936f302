#!/bin/sh
# The start of the sampling (Eq. 13 of GPIC) on and off, at 32, 48 and 64 px: C8 trained at each size.
#   sh experiments/gpic_bias_resolution/run.sh [run at 64 px] [drawings]
set -eu
run=${1:-pretrained/gpic-openmoji-c8}
here=runs/experiments/gpic_bias_resolution
columns=diversity/lpips:3,diversity/vendi_lpips:1,diversity/delta_e:2,colourfulness/signed_delta:1,truth/best_of_8_lpips:3,truth/best_of_8_delta_e:2,validity/share:2
for size in 32 48 64; do
  trained=$run
  if [ $size != 64 ]; then
    trained=runs/c8-${size}px
    python -m colorlab.train name=c8-${size}px data.size=$size resume=auto sheet=0
  fi
  evaluate="python -m colorlab.evaluate run=$trained n=8 limit=${2:-34} features=none"
  $evaluate out=$here/$size-painted
  $evaluate out=$here/$size-mean method.start_from=mean
  $evaluate out=$here/$size-off bias=[0.5,0.5,0.5]
  echo "$size px"
  python experiments/show.py table $columns "painted=$here/$size-painted" "mean colour=$here/$size-mean" "off=$here/$size-off"
done
python experiments/show.py sheet $here/sheet.png 3 6 "painted=$here/64-painted" "mean colour=$here/64-mean" "off=$here/64-off"
