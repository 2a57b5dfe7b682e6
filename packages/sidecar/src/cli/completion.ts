import type { Command, Option } from 'commander';
import { keyFacts } from '../folder/key-facts.js';
import { catalogue } from './catalogue.js';

/** The shells that there are completions for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What may stand at a place of a command line. */
export type Values =
  /** One of these words. */
  { readonly words: readonly string[] } | { readonly paths: 'folders' | 'files' };

/** A command as it is completed. */
export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  /** With two dashes; `values` where one follows. */
  readonly options: readonly {
    readonly flag: string;
    readonly description: string;
    readonly values?: Values | undefined;
  }[];
  /** What its argument may be; undefined if it has none. */
  readonly argument: Values | undefined;
}

/** A script for a shell that completes the command line of a program, with what its own packages can be configured by. */
export async function completionOf(program: Command, shell: Shell): Promise<string> {
  const { entries } = await catalogue(undefined);
  const names = [...new Set(entries.map(({ name }) => name))];
  // without the brackets of lists, which shells have a meaning for, explain understands them too
  const keys = entries.flatMap(({ name, schema }) =>
    keyFacts(schema).map(({ path }) => `${name}.${path}`.replaceAll('[]', '').replace('..', '.')),
  );
  const known: Readonly<Record<string, Values>> = {
    folder: { paths: 'folders' },
    file: { paths: 'files' },
    name: { words: names },
    key: { words: [...new Set([...names, ...keys])] },
    shell: { words: SHELLS },
  };
  const commands = program.commands.map((command): CompletedCommand => {
    const [argument] = command.registeredArguments;
    return {
      name: command.name(),
      description: command.description(),
      options: command.options.map((option) => ({
        flag: option.long ?? '',
        description: option.description,
        values: valuesOf(option, known),
      })),
      argument: argument && known[argument.name()],
    };
  });
  return { bash: bashOf, zsh: zshOf, fish: fishOf }[shell](program.name(), commands);
}

function valuesOf(option: Option, known: Readonly<Record<string, Values>>): Values | undefined {
  if (option.argChoices) return { words: option.argChoices };
  const [, value = ''] = /<(\w+)>/.exec(option.flags) ?? [];
  return known[value];
}

/** A text in single quotes, as bash and zsh read it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What a function of a shell may be called. */
function identifier(name: string): string {
  return `_${name.replaceAll(/\W/g, '_')}`;
}

export function bashOf(name: string, commands: readonly CompletedCommand[]): string {
  const fill = (values: Values): string =>
    'words' in values
      ? `mapfile -t COMPREPLY < <(compgen -W ${quoted(values.words.join(' '))} -- "$cur")`
      : `compopt -o filenames; mapfile -t COMPREPLY < <(compgen ${values.paths === 'folders' ? '-d' : '-f'} -- "$cur")`;
  const cases = commands.map(({ name: command, options, argument }) => {
    const withValues = options.flatMap(({ flag, values }) =>
      values ? [`        ${flag}) ${fill(values)}; return ;;`] : [],
    );
    const flags = [...options.map(({ flag }) => flag), '--help'];
    return [
      `    ${command})`,
      ...(withValues.length > 0 ? ['      case $prev in', ...withValues, '      esac'] : []),
      `      if [[ $cur == -* ]]; then ${fill({ words: flags })}`,
      ...(argument ? [`      else ${fill(argument)}`] : [`      else ${fill({ words: flags })}`]),
      '      fi ;;',
    ].join('\n');
  });
  return `# Completion of ${name} for bash, made by "${name} completion bash".
${identifier(name)}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    ${fill({ words: [...commands.map((command) => command.name), '--help', '--version'] })}
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac
}
complete -F ${identifier(name)} ${name}
`;
}

export function zshOf(name: string, commands: readonly CompletedCommand[]): string {
  /** In a specification colons and brackets have a meaning. */
  const plain = (text: string): string => text.replaceAll(/[[\]:\\]/g, (character) => `\\${character}`);
  const action = (values: Values): string => {
    if ('words' in values) return `(${values.words.join(' ')})`;
    return values.paths === 'folders' ? '_files -/' : '_files';
  };
  const cases = commands.map(({ name: command, options, argument }) => {
    const specs = options.map(({ flag, description, values }) =>
      quoted(`${flag}[${plain(description)}]${values ? `:value:${action(values)}` : ''}`),
    );
    const all = [
      ...specs,
      ...(argument ? [quoted(`1:argument:${action(argument)}`)] : []),
      quoted('--help[Write this help]'),
    ];
    return `    ${command}) _arguments ${all.join(' ')} ;;`;
  });
  const list = commands.map(({ name: command, description }) => `    ${quoted(`${command}:${plain(description)}`)}`);
  return `#compdef ${name}
# Completion of ${name} for zsh, made by "${name} completion zsh".
${identifier(name)}() {
  local -a commands=(
${list.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${cases.join('\n')}
  esac
}
if [[ $funcstack[1] == ${identifier(name)} ]]; then ${identifier(name)} "$@"; else compdef ${identifier(name)} ${name}; fi
`;
}

/** The same for fish, where a backslash has a meaning there. */
function fishQuoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, (character) => `\\${character}`)}'`;
}

export function fishOf(name: string, commands: readonly CompletedCommand[]): string {
  const say = (...parts: readonly string[]): string => ['complete', '-c', name, ...parts].join(' ');
  const action = (values: Values): readonly string[] => {
    if ('words' in values) return ['-x', '-a', fishQuoted(values.words.join(' '))];
    return values.paths === 'folders' ? ['-x', '-a', fishQuoted('(__fish_complete_directories)')] : ['-r', '-F'];
  };
  const lines = commands.flatMap(({ name: command, description, options, argument }) => {
    const when = ['-n', fishQuoted(`__fish_seen_subcommand_from ${command}`)];
    return [
      say('-n', '__fish_use_subcommand', '-a', command, '-d', fishQuoted(description)),
      ...options.map(({ flag, description: what, values }) =>
        say(...when, '-l', flag.slice(2), ...(values ? action(values) : []), '-d', fishQuoted(what)),
      ),
      ...(argument
        ? [say(...when, ...('words' in argument ? ['-a', fishQuoted(argument.words.join(' '))] : ['-F']))]
        : []),
    ];
  });
  return `# Completion of ${name} for fish, made by "${name} completion fish".
${[say('-f'), ...lines].join('\n')}
`;
}
