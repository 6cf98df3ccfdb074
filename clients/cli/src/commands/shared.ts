// What all commands share: their settings, their output, their exit code.

import { type Command, InvalidArgumentError } from "commander";
import { EXIT, Exit } from "../exit.ts";
import { Output, tellError } from "../output.ts";
import { type Persist, persistence } from "../persist.ts";
import { type GlobalOptions, readSettings, type Settings } from "../settings.ts";

export interface Session<Options> extends Settings {
  options: Options & GlobalOptions;
  out: Output;
}

/** What a command does; a number is its exit code. */
type Work<Options> = (session: Session<Options>, ...args: string[]) => Code;
type Code = Promise<unknown>;

/** A command's action that uses the API. */
export const withSession = <Options>(work: Work<Options>) =>
  action<Options>(async (options, out, ...args) => work({ ...readSettings(options), options, out }, ...args));

/** A command's action: failures become messages and exit codes. */
export function action<Options>(work: (options: Options & GlobalOptions, out: Output, ...args: string[]) => Code) {
  return async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1) as Command;
    const options = command.optsWithGlobals<Options & GlobalOptions>();
    try {
      const code = await work(options, new Output(options.json === true), ...(command.processedArgs as string[]));
      process.exitCode = typeof code === "number" ? code : 0;
    } catch (error) {
      tellError(error, options.json === true);
      process.exitCode = error instanceof Exit ? error.code : EXIT.failed;
    }
  };
}

/** The listener was away for longer than events are kept, as on a laptop that slept: it continues with the oldest event. */
export const tellGap = (out: Output) => (): void =>
  out.note("events older than 24 hours are no longer kept; continuing with the oldest that are");

/** An outage does not end a command that waits for something: it keeps trying, and says so, until its time is up. */
export const persisting = (out: Output, signal?: AbortSignal): Persist => persistence((why) => out.note(why), signal);

/** The exit code for something that has ended: not good is a call other than `Completed`, or a cancelled campaign. */
export const endedAs = (isGood: boolean): number => (isGood ? 0 : EXIT.ended);

export function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError("It must be a whole number.");
  return number;
}

export function seconds(text: string): number {
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number) || number < 0) throw new InvalidArgumentError("It must be a number of seconds.");
  return number;
}

export function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError("It must be JSON.");
  }
}

/** `NAME=VALUE`, which may be given several times. */
export function pair(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be NAME=VALUE.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** Without undefined values: only what was given is sent to the API. */
export function said<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
