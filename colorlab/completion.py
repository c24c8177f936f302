"""Completion of words in a shell:  source <(colorlab completion bash)  (or zsh);
colorlab completion fish | source"""

from __future__ import annotations

import sys

from colorlab.cli.command import run
from colorlab.cli.completion import VERBS, candidates
from colorlab.errors import ConfigError

SCRIPTS = {
    "bash": """_colorlab() {
  local IFS=$'\\n'
  COMPREPLY=($(colorlab completion words bash "${COMP_LINE:0:COMP_POINT}" 2> /dev/null))
  [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -o default -F _colorlab colorlab
""",
    "zsh": """_colorlab() {
  local -a found
  found=("${(@f)$(colorlab completion words zsh "${BUFFER[1,CURSOR]}" 2> /dev/null)}")
  if [[ -n ${found[1]} ]]; then
    [[ ${found[1]} == *= ]] && compadd -Q -S '' -- $found || compadd -Q -- $found
  else
    compset -P '*='
    _files
  fi
}
autoload -Uz compinit
(( $+functions[compdef] )) || compinit
compdef _colorlab colorlab
""",
    "fish": """function __colorlab
  colorlab completion words fish (commandline -cp | string collect) 2> /dev/null
end
complete -c colorlab -f -a '(__colorlab)'
""",
}


def main(argv: list[str]) -> None:
    """argv: a shell, for its script; or `words <shell> <line>`, which the script asks for at every
    Tab."""
    if argv[:1] == ["words"] and len(argv) == 3:
        print(*found(argv[1], argv[2]), sep="\n")
    elif argv and argv[0] in SCRIPTS:
        print(SCRIPTS[argv[0]], end="")
    elif not argv or argv[0] in ("-h", "--help"):
        print(__doc__)
    else:
        raise ConfigError(
            f"{argv[0]} is not a shell that is known (choose from {', '.join(VERBS['completion'])})"
        )


def found(shell: str, line: str) -> list[str]:
    """What may stand in place of the last word of a line. bash: in place of what comes after its
    `=`."""
    from colorlab.__main__ import COMMANDS

    words = line.split()[1:]
    current = words.pop() if words and not line[-1].isspace() else ""
    completed = candidates(words, current, list(COMMANDS))
    return [
        word.rpartition("=")[2] if shell == "bash" and "=" in current else word
        for word in completed
    ]


if __name__ == "__main__":
    run(main, sys.argv[1:])
