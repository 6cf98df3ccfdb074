// The commands.

import { Command, CommanderError } from "commander";
import { addCalls } from "./commands/calls.ts";
import { addCampaigns } from "./commands/campaigns.ts";
import { addLists } from "./commands/lists.ts";
import { action, withSession } from "./commands/shared.ts";
import { addWebhooks } from "./commands/webhooks.ts";
import { candidates, completionScript } from "./completion.ts";
import { checks } from "./doctor.ts";
import { EXIT } from "./exit.ts";
import { VERSION } from "./version.ts";

const EPILOGUE = `
Exit codes: 0 success; 1 the API refused it or did not answer, or a check failed; 2 wrong usage (unknown option, missing
setting, a number that nobody confirmed); 3 the call ended other than Completed, or the campaign was cancelled.

Settings: flags, then AUDATEC_BASE_URL, AUDATEC_API_KEY, AUDATEC_AGENT_ID, AUDATEC_TRUNK_ID and AUDATEC_WEBHOOK_SECRET, then
--env-file FILE, which also takes the names of a local run's .local/demo.env.`;

/** @param isJson whether the caller will report its errors as JSON */
export function makeProgram(isJson = false): Command {
  const program = new Command("audatec")
    .description("Audatec Voice: calls that an AI agent holds")
    .version(VERSION)
    .option("--base-url <url>", "where the API is (https://api.audatec.in)")
    .option("--api-key <key>", "audtk_…; visible to whoever sees this machine's processes, so prefer AUDATEC_API_KEY")
    .option("--env-file <file>", "settings, one NAME=value per line")
    .option("--json", "JSON instead of text: one document, or one line per item where output continues")
    .option("-y, --yes", "does not ask before phones ring")
    .addHelpText("after", EPILOGUE)
    .showHelpAfterError("(--help says more)")
    .configureOutput(isJson ? { writeErr: () => {} } : {})
    .configureHelp({ showGlobalOptions: true });
  addCalls(program);
  addCampaigns(program);
  addLists(program);
  addWebhooks(program);
  program
    .command("doctor")
    .description("what is wrong with this set-up, and how to fix it; exit code 1 if anything is")
    .action(withSession(async (session) => diagnose(session)));
  program
    .command("completion")
    .description("for bash, zsh or fish: `source <(audatec completion bash)`")
    .argument("<shell>")
    .action(action(async (_, __, shell = "") => void process.stdout.write(completionScript(shell))));
  program
    .command("__complete", { hidden: true })
    .argument("[words...]")
    .allowUnknownOption()
    .action((words: string[]) => void process.stdout.write(`${candidates(program, words).join("\n")}\n`));
  program
    .command("mcp")
    .description("a Model Context Protocol server on stdin and stdout: read-only, unless more is allowed")
    .option("--allow-writes", "also places calls to the simulator's numbers, and changes data")
    .option("--allow-dialing", "also lets real phones ring; needs --allow-writes")
    .action(
      withSession<{ allowWrites?: boolean; allowDialing?: boolean }>(async (session) => {
        const { serve } = await import("./mcp.ts"); // large, and needed by nobody else
        const { allowWrites = false, allowDialing = false } = session.options;
        await serve(session, { writes: allowWrites, dialing: allowWrites && allowDialing });
      }),
    );
  end(program);
  return program;
}

/** Usage errors are thrown, so that the exit code is ours. */
function end(command: Command): void {
  command.exitOverride((error) => {
    throw error;
  });
  for (const one of command.commands) end(one);
}

type Doctored = Parameters<Parameters<typeof withSession>[0]>[0];

async function diagnose(session: Doctored): Promise<number> {
  let isGood = true;
  const found = [];
  for await (const check of checks(session)) {
    found.push(check);
    isGood &&= check.ok !== false;
    const mark = check.ok === null ? "?" : check.ok ? "ok" : "WRONG";
    if (!session.out.isJson)
      session.out.result(null, () => [`${mark.padEnd(5)}  ${check.name}: ${check.message}`, ...(check.fix ? [`       ${check.fix}`] : [])]);
  }
  if (session.out.isJson) session.out.result({ ok: isGood, checks: found }, () => []);
  return isGood ? 0 : EXIT.failed;
}

export { CommanderError };
