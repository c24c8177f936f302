#!/bin/sh
# GPIC that learned from eleven hands with all kinds of pens, beside the one of OpenMoji alone, on drawings by many hands.
#   sh experiments/gpic_hands/run.sh [drawings]
set -eu
here=runs/experiments/gpic_hands
evaluate="python -m colorlab.evaluate split=test data=illustrations data.size=64 n=8 features=none limit=${1:-102}"
$evaluate run=pretrained/gpic-openmoji-c8 out=$here/openmoji method/sampler=ddim steps=10
$evaluate run=pretrained/gpic-illustrations-c8 out=$here/illustrations method/sampler=ddim steps=10
$evaluate run=pretrained/flats out=$here/flats
python -m colorlab.results keep gpic-hands-openmoji=$here/openmoji gpic-hands-illustrations=$here/illustrations gpic-hands-flats=$here/flats
python -m colorlab.results
