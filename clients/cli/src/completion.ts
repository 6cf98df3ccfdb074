// Completion for shells: they ask the command itself, so that they know what this version knows.

import type { Command } from "commander";
import { usage } from "./exit.ts";

const SCRIPTS: Record<string, string> = {
  bash: `_audatec() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(audatec __complete "\${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _audatec audatec
`,
  zsh: `#compdef audatec
_audatec() {
  local -a found
  found=("\${(@f)$(audatec __complete "\${(@)words[2,CURRENT-1]}" 2>/dev/null)}")
  if [[ -n "$found" ]]; then compadd -a found; else _files; fi
}
if [[ "\${funcstack[1]}" == _audatec ]]; then _audatec; else compdef _audatec audatec; fi
`,
  fish: `complete -c audatec -e
complete -c audatec -a '(audatec __complete (commandline -opc)[2..-1] 2>/dev/null)'
`,
};

export function completionScript(shell: string): string {
  const script = SCRIPTS[shell];
  if (script === undefined) throw usage(`completion for ${Object.keys(SCRIPTS).join(", ")}, not for ${shell}`);
  return script;
}

/** What may follow these words. */
export function candidates(program: Command, words: string[]): string[] {
  let command = program;
  for (const word of words) command = command.commands.find((one) => one.name() === word) ?? command;
  const names = command.commands.map((one) => one.name()).filter((name) => !name.startsWith("_"));
  const of = (one: Command) => one.options.map(({ long }) => long).filter((long): long is string => typeof long === "string");
  return [...names, ...(command === program ? of(program) : [...of(command), ...of(program)])];
}
