/** The completion scripts in the shells that they are for. */

import { assertStringIncludes } from "@std/assert";
import { run, runHere } from "../programs.ts";
import { ScratchFolder } from "../scratch.ts";
import { interopTest } from "./programs.ts";

/** What is typed before Tab, and words that the shell must offer. */
const CASES = [
  ["tcp-server --mode ", ["iterative", "concurrent"]],
  ["measure-client ", ["rtt", "tput", "sweep", "connect"]],
  ["measure-client --coun", ["--count"]],
  ["measure_client rtt -", ["-n", "-p", "--count"]],
] as const;

/** For each shell, what prepares it, and what types a line and prints. */
const SHELLS = {
  bash: {
    flags: [],
    start: "",
    type: (line: string) =>
      `read -ra COMP_WORDS <<< '${line}'
[[ '${line}' == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
$(complete -p "\${COMP_WORDS[0]}" | sed 's/.*-F \\([^ ]*\\).*/\\1/')
printf '%s\\n' "\${COMPREPLY[@]}"
`,
    end: "",
  },
  fish: {
    flags: [],
    start: "",
    type: (line: string) => `complete -C '${line}'\n`,
    end: "",
  },
  zsh: {
    flags: ["-f"],
    start: `zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell 'autoload -U compinit; compinit -u -D; LISTMAX=999; bindkey "^X" list-choices'
`,
    type: (line: string) =>
      `zpty -w shell 'print rea""dy'
zpty -r shell text '*ready*'
print -r -- $text
zpty -w -n shell $'${line}\\C-x\\t'
sleep 1
zpty -w -n shell $'\\C-u'
`,
    end: `while zpty -rt shell text; do print -r -- $text; done
zpty -d shell
`,
  },
};

for (const [shell, { flags, start, type, end }] of Object.entries(SHELLS)) {
  interopTest(
    [shell as keyof typeof SHELLS],
    `${shell} completes options, values and modes`,
    async () => {
      using folder = new ScratchFolder();
      const source = async (program: string) => {
        const { stdout } = await runHere(`${program} --completion ${shell}`);
        const line = `source ${folder.file(program, stdout)}`;
        return shell === "zsh" ? `zpty -w shell '${line}'\n` : `${line}\n`;
      };
      const text = start + await source("tcp_server") +
        await source("measure_client") +
        CASES.map(([line]) => type(line)).join("") + end;
      const path = folder.file("typed", text);
      const { stdout, stderr } = await run([shell, ...flags, path]);
      for (const word of CASES.flatMap(([, words]) => words)) {
        assertStringIncludes(stdout, word, stderr);
      }
    },
  );
}
