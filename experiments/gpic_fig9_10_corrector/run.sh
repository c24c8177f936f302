#!/bin/sh
# Fig. 9 and 10 of GPIC: Langevin corrector steps, M = 0 to 3, with Song's step and with the one printed in Alg. 2.
#   sh experiments/gpic_fig9_10_corrector/run.sh [run] [drawings]
set -eu
run=${1:-pretrained/gpic-openmoji-c8}
here=runs/experiments/gpic_fig9_10_corrector
evaluate="python -m colorlab.evaluate run=$run n=8 limit=${2:-34} features=none method/sampler=ancestral"
$evaluate out=$here/none
for step in song printed; do
  for M in 1 2 3; do
    $evaluate out=$here/$step$M method.sampler.corrector_steps=$M method.sampler.corrector_step=$step
  done
done
for r in 0.01 0.04 0.3; do
  $evaluate out=$here/song1-r$r method.sampler.corrector_steps=1 method.sampler.corrector_snr=$r
done
columns=diversity/lpips:3,validity/noise:4,validity/share:2,truth/best_of_8_lpips:3,seconds:1
python experiments/show.py table $columns "M 0=$here/none" "song, M 1=$here/song1" "song, M 2=$here/song2" \
  "song, M 3=$here/song3" "printed, M 1=$here/printed1" "printed, M 2=$here/printed2" "printed, M 3=$here/printed3"
python experiments/show.py table $columns "r 0.01=$here/song1-r0.01" "r 0.04=$here/song1-r0.04" "r 0.16=$here/song1" \
  "r 0.3=$here/song1-r0.3"
python experiments/show.py sheet $here/sheet.png 3 6 "no corrector=$here/none" "Song, M = 1=$here/song1" \
  "Song, M = 3=$here/song3" "printed, M = 1=$here/printed1" "printed, M = 3=$here/printed3"
python -m colorlab.compare "runs=[$here/none,$here/song1,$here/song3,$here/printed1]" out=$here/report sheet=4 \
  "names=[no corrector,Song M = 1,Song M = 3,printed M = 1]"
