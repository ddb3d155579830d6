/** Makes the completion script for bash: a table of values by position, and a function that reads it. */
import type { CommandWords, OptionWords, ProgramWords, Value } from './words.js'

export function bashScript({ name, options, commands }: ProgramWords): string {
  const first = [...commands.map((command) => command.name), ...namesOf(options)]
  return `# Completion for ${name} in bash. To use it in every shell, add to ~/.bashrc:
#   source <(${name} completion bash)

# Sets kind and words for the value of "COMMAND OPTION", "COMMAND OPERAND" (the first is 0), or after "COMMAND --".
# Fails if no value is expected.
_venv_packer_value() {
  kind= words=
  case $1 in
${commands.flatMap(valueCases).map(indented).join('\n')}
    *) return 1 ;;
  esac
}

_venv_packer_options() {
  case $1 in
${commands.map((command) => `    ${command.name}) words=${quoted(namesOf(command.options).join(' '))} ;;`).join('\n')}
    *) words= ;;
  esac
}

_venv_packer() {
  local current=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]} kind=words words= waiting= ended= operand=0 n word
  [[ $current == = ]] && current=
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    words=${quoted(first.join(' '))}
  else
    for ((n = 2; n < COMP_CWORD; n++)); do
      word=\${COMP_WORDS[n]}
      if [[ $waiting && $word == = ]]; then continue
      elif [[ $waiting ]]; then waiting=
      elif [[ $ended || $word != -* ]]; then ((operand++))
      elif [[ $word == -- ]]; then ended=$n
      elif _venv_packer_value "$command $word"; then waiting=$word
      fi
    done
    if [[ $waiting ]]; then _venv_packer_value "$command $waiting"
    elif [[ $ended ]] && _venv_packer_value "$command --"; then :
    elif [[ ! $ended && $current == -* ]]; then kind=words; _venv_packer_options "$command"
    else _venv_packer_value "$command $operand"
    fi
  fi
  case $kind in
    words) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current") ;;
    directory) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
    image)
      mapfile -t COMPREPLY < <(compgen -f -X '!*.squashfs*' -- "$current"; compgen -d -- "$current")
      ((\${#COMPREPLY[@]})) || mapfile -t COMPREPLY < <(compgen -f -- "$current")
      ;;
    file) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    command) mapfile -t COMPREPLY < <(((COMP_CWORD > ended + 1)) || compgen -c -- "$current"; compgen -f -- "$current") ;;
  esac
  [[ $kind == words ]] || compopt -o filenames 2>/dev/null
}

complete -F _venv_packer ${name}
`
}

function valueCases({ name, options, operands, runsCommand }: CommandWords): readonly string[] {
  const ofOptions = options.flatMap(({ names, value }) =>
    value === undefined
      ? []
      : [
          valueCase(
            names.map((option) => quoted(`${name} ${option}`)),
            value,
          ),
        ],
  )
  const ofOperands = operands.map((operand, n) =>
    valueCase([operand.variadic ? `${quoted(`${name} `)}[0-9]*` : quoted(`${name} ${n}`)], operand),
  )
  const ofCommand = runsCommand ? [`${quoted(`${name} --`)}) kind=command ;;`] : []
  return [...ofOptions, ...ofOperands, ...ofCommand]
}

function valueCase(patterns: readonly string[], { kind, words }: Value): string {
  const set = words.length === 0 ? '' : ` words=${quoted(words.join(' '))}`
  return `${patterns.join(' | ')}) kind=${kind}${set} ;;`
}

function namesOf(options: readonly OptionWords[]): readonly string[] {
  return options.flatMap(({ names }) => names)
}

function indented(line: string): string {
  return `    ${line}`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
