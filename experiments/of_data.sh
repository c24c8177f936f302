# For scripts to source: `of` is what names of runs and folders end in, -lfw for data=lfw among the words, nothing for openmoji.
of=""
for word in "$@"; do
  case $word in data=openmoji) ;; data=*) of=-${word#data=} ;; esac
done
