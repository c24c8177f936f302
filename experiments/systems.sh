# For scripts to source that train systems and judge them side by side: `one`, and what it keeps in $named. Wants limit, seed, here,
# kind (what runs are named after) and more (words for every training); judged: words for judging the next one.
named="" judged=""
one() { # name in the table, steps, the method's words
  title=$1 steps=$2 name=$kind-$1-$seed
  shift 2
  # shellcheck disable=SC2086,SC2154 # a word a key; set by who sources this
  python -m colorlab.train name=$name seed=$seed trainer.max_steps=$steps save_every=100 resume=auto $more "$@"
  # shellcheck disable=SC2086,SC2154
  python -m colorlab.evaluate run=runs/$name n=8 limit=$limit features=none out=$here/$title-$seed $judged
  named="$named $title=$here/$title-$seed" judged=""
}
