// How the command ends: exit codes that scripts can tell apart.

/** 0 means success. */
export const EXIT = {
  /** The API refused, there was no response, or a check found something. */
  failed: 1,
  /** The command can't be right: an unknown flag, a missing setting, a number that nobody confirmed. */
  usage: 2,
  /** The call ended other than `Completed`, or the campaign was cancelled. */
  ended: 3,
} as const;

/** Ends the command with this code; the message goes to stderr. */
export class Exit extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export const usage = (message: string): Exit => new Exit(EXIT.usage, message);
