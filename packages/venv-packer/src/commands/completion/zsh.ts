/** Makes the completion script for zsh, which calls `_arguments`. */
import type { CommandWords, Operand, OptionWords, ProgramWords, Value } from './words.js'

export function zshScript({ name, options, commands }: ProgramWords): string {
  return `#compdef ${name}
# Completion for ${name} in zsh. To use it in every shell, add to ~/.zshrc, after compinit:
#   source <(${name} completion zsh)

_${name}() {
  local curcontext=$curcontext state line ret=1
  typeset -A opt_args
  _arguments -C \\
${lines(options.map(optionSpec), 4)} \\
    '1: :->command' \\
    '*:: :->rest' && ret=0
  case $state in
    command)
      local -a commands=(
${commands.map((command) => `        ${quoted(`${command.name}:${command.description}`)}`).join('\n')}
      )
      _describe -t commands command commands && ret=0
      ;;
    rest)
      curcontext="\${curcontext%:*:*}:${name}-$line[1]:"
      case $line[1] in
${commands.map(commandCase).join('\n')}
      esac
      ;;
  esac
  return ret
}

if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`
}

function commandCase({ name, options, operands, runsCommand }: CommandWords): string {
  const command = runsCommand ? [quoted(COMMAND_SPEC)] : []
  const specs = [...options.map(optionSpec), ...operands.map(operandSpec), ...command]
  return `        ${name})\n          _arguments -S \\\n${lines(specs, 12)} && ret=0\n          ;;`
}

/** `'(-o --output)'{-o+,--output=}'[where it goes]:image:_files'` */
function optionSpec({ names, description, value, repeatable }: OptionWords): string {
  const ends = { short: value === undefined ? '' : '+', long: value === undefined ? '' : '=' }
  const forms = names.map((name) => name + (name.startsWith('--') ? ends.long : ends.short))
  const endsIt = names.includes('--help') || names.includes('--version')
  const without = repeatable ? '*' : `(${endsIt ? '- *' : names.join(' ')})`
  const meaning = `[${description.replace(/[\][\\:]/g, '\\$&')}]${value === undefined ? '' : argument(value)}`
  const [only] = forms.length === 1 ? forms : []
  if (only !== undefined) return quoted(without + only + meaning)
  return `${quoted(without)}{${forms.join(',')}}${quoted(meaning)}`
}

/** The words after `--` are a command line, which is completed without the `--`. */
const COMMAND_SPEC = '*:::command:{ [[ $words[1] == -- ]] && { shift words; ((CURRENT--)) }; _normal }'

function operandSpec(operand: Operand, index: number): string {
  return quoted(`${operand.variadic ? '*' : index + 1}${argument(operand)}`)
}

function argument({ name, kind, words }: Value): string {
  return `:${name}:${action(kind, words)}`
}

function action(kind: Value['kind'], words: readonly string[]): string {
  switch (kind) {
    case 'words':
      return `(${words.join(' ')})`
    case 'directory':
      return '_directories'
    case 'image':
      return '_files -g "*.squashfs*(-.)"'
    case 'file':
      return '_files'
    case 'anything':
      return ' '
  }
}

function lines(specs: readonly string[], indent: number): string {
  return specs.map((spec) => ' '.repeat(indent) + spec).join(' \\\n')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
