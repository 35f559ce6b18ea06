import type { CompletionEntry } from "../commands/completion.ts";

/** A word that may come after some words of the line. */
interface Next {
  word: string;
  summary: string;
}

/**
 * What may follow the words typed so far, by those words (`""`: right after
 * `tdro`), where the command isn't complete yet.
 */
function unfinished(entries: readonly CompletionEntry[]): Map<string, Next[]> {
  const table = new Map<string, Next[]>();
  for (const { name, summary } of entries) {
    const words = name.split(" ");
    words.forEach((word, i) => {
      const before = words.slice(0, i).join(" ");
      const nexts = table.get(before) ?? [];
      const last = i === words.length - 1;
      const existing = nexts.find((next) => next.word === word);
      if (!existing) {
        nexts.push({ word, summary: last ? summary : `${word} commands` });
      } else if (last) existing.summary = summary; // `eval`, beside `eval diff`
      table.set(before, nexts);
    });
  }
  return table;
}

/** Entries, where a command that begins another one offers its next word too. */
function withNextWords(entries: readonly CompletionEntry[]): CompletionEntry[] {
  return entries.map((entry) => ({
    ...entry,
    words: [
      ...entry.words,
      ...entries.filter(({ name }) => name.startsWith(`${entry.name} `))
        .map(({ name }) => name.slice(entry.name.length + 1).split(" ")[0]!),
    ],
  }));
}

/**
 * A function for bash; where it offers nothing, bash offers files. The words are
 * compared as they are: `compgen -W` would expand what looks like a command in them.
 */
export function bashScript(entries: readonly CompletionEntry[]): string {
  const commands = withNextWords(entries).map(({ name, flags, words }) => {
    const values = flags.filter(({ choices }) => choices.length > 0).map((
      flag,
    ) => `        ${flag.name}) values=${quote(flag.choices.join(" "))} ;;`);
    const valued = flags.filter((flag) => flag.valued).map((flag) => flag.name);
    return `    ${quote(`${name} `)}*)
      flags=${quote(flags.map((flag) => flag.name).join(" "))}
      words=${quote(words.join(" "))}
      case "$before" in
${values.join("\n")}
        ${valued.join("|")}) values=" " ;;
      esac ;;`;
  });
  const starts = [...unfinished(entries)].map(([before, nexts]) =>
    `    ${quote(before === "" ? " " : `${before} `)}) words=${
      quote(nexts.map(({ word }) => word).join(" "))
    } ;;`
  );
  return `# Completion of tdro for bash
_tdro() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  local line="\${COMP_WORDS[*]:1:COMP_CWORD-1} " flags="" words="" values=""
  case "$line" in
${[...commands, ...starts].join("\n")}
  esac
  if [[ -n "$values" ]]; then words="$values"
  elif [[ "$current" == -* ]]; then words="$flags"
  fi
  local -a offers
  local offer
  read -ra offers <<< "$words"
  COMPREPLY=()
  for offer in "\${offers[@]}"; do
    [[ "$offer" == "$current"* ]] && COMPREPLY+=("$(printf %q "$offer")")
  done
}
complete -o default -F _tdro tdro
`;
}

/** A completion function for zsh, with descriptions. */
export function zshScript(entries: readonly CompletionEntry[]): string {
  const list = (items: readonly (readonly [string, string])[]) =>
    items.map(([word, text]) => quote(`${word}:${text}`)).join(" ");
  const commands = withNextWords(entries).map(({ name, flags, words }) => {
    const values = flags.filter(({ choices }) => choices.length > 0).map((
      flag,
    ) =>
      `        ${flag.name}) compadd -- ${quoteAll(flag.choices)}; return ;;`
    );
    const valued = flags.filter((flag) => flag.valued).map((flag) => flag.name);
    return `    ${quote(`${name} `)}*)
      case "\${words[CURRENT-1]}" in
${values.join("\n")}
        ${valued.join("|")}) _files; return ;;
      esac
      if [[ "\${words[CURRENT]}" == -* ]]; then
        items=(${list(flags.map((f) => [f.name, f.description] as const))})
        _describe -o option items
      else
        ${words.length > 0 ? `compadd -- ${quoteAll(words)}` : "_files"}
      fi ;;`;
  });
  const starts = [...unfinished(entries)].map(([before, nexts]) =>
    `    ${quote(before === "" ? " " : `${before} `)})
      items=(${list(nexts.map((next) => [next.word, next.summary] as const))})
      _describe command items ;;`
  );
  return `#compdef tdro
# Completion of tdro for zsh
_tdro() {
  local -a items
  local line="\${(j: :)words[2,CURRENT-1]} "
  case "$line" in
${[...commands, ...starts].join("\n")}
  esac
}
if [[ "$funcstack[1]" == "_tdro" ]]; then _tdro "$@"; else compdef _tdro tdro; fi
`;
}

/** Completion rules for fish, with descriptions. */
export function fishScript(entries: readonly CompletionEntry[]): string {
  const text = (s: string) => `'${s.replace(/['\\]/g, "\\$&")}'`;
  // fish expands what `-a` names, so what isn't plain is quoted twice.
  const list = (words: readonly string[]) =>
    text(words.map((w) => /^[\w.-]+$/.test(w) ? w : text(w)).join(" "));
  const rules = [...unfinished(entries)].flatMap(([before, nexts]) =>
    nexts.map(({ word, summary }) =>
      `complete -c tdro -n ${text(`__tdro_at ${before}`)} -a ${word} -d ${
        text(summary)
      }`
    )
  );
  for (const { name, flags, words } of entries) {
    const when = `complete -c tdro -n ${text(`__tdro_in ${name}`)}`;
    for (const flag of flags) {
      const value = flag.choices.length > 0
        ? ` -x -a ${list(flag.choices)}`
        : flag.valued
        ? " -r -F"
        : "";
      rules.push(
        `${when} -l ${flag.name.slice(2)}${value} -d ${text(flag.description)}`,
      );
    }
    rules.push(
      words.length > 0 ? `${when} -a ${list(words)}` : `${when} -F`,
    );
  }
  return `# Completion of tdro for fish
function __tdro_line
  set -l words (commandline -opc)
  string join ' ' -- $words[2..-1]
end
function __tdro_at
  test (__tdro_line | string collect --allow-empty) = "$argv"
end
function __tdro_in
  string match -q -- "$argv *" (__tdro_line | string collect --allow-empty)" "
end
complete -c tdro -f
${rules.join("\n")}
`;
}

function quoteAll(words: readonly string[]): string {
  return words.map(quote).join(" ");
}

/** A word in single quotes for a POSIX shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
