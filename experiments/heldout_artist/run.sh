#!/bin/sh
# A hand that was never seen, drawing what was never seen: copying the nearest training drawing's colours must lose here.
# Trains flats on eight hands without the three sets of two others, then judges eight candidates on their drawings, against
# the colours of the eight nearest training drawings as eight candidates.
#   sh experiments/heldout_artist/run.sh [name] [drawings] [more words for training, such as method.reading.trunk=none]
set -eu
name=${1:-heldout_artist} limit=${2:-400}
[ $# -lt 2 ] || shift 2
here=runs/experiments/heldout_artist/$name
python -m colorlab.train name=$name method=flats data=illustrations data.size=96 data.split_by=artist \
  'data.held_out=[fxemoji,emojione,emojione-v1]' data.weights.openmoji=3.0 data.scenes=0 method.reading.trunk=lite0 batch_size=24 \
  trainer.max_steps=1400 trainer.val_check_interval=1400 ema=0.995 method.optimizer.lr=1.5e-3 resume=auto "$@"
python -m colorlab.evaluate run=runs/$name n=8 limit=$limit features=none out=$here
python experiments/show.py table truth/best_of_8_lpips:3,truth/best_of_8_rgb_mae:4,truth/best_of_8_delta_e:2,validity/share:2,validity/diversity_lpips:3 \
  "flats=$here" +trivial
