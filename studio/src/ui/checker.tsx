// Checks a signature, for anybody who wonders why a receiver refuses a notification.

import { useState } from "preact/hooks";
import { check, type Verdict } from "../lib/signature.ts";
import { Button } from "./button.tsx";
import { Card } from "./card.tsx";
import { TextField } from "./field.tsx";
import { Note } from "./note.tsx";

export function Checker() {
  const [body, setBody] = useState("");
  const [headers, setHeaders] = useState("");
  const [secret, setSecret] = useState("");
  const [verdicts, setVerdicts] = useState<Verdict[] | null>(null);
  const clearing = (set: (text: string) => void) => (text: string) => {
    set(text);
    setVerdicts(null);
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    setVerdicts(await check({ body, headers, secret }));
  };
  return (
    <Card title="Signature checker">
      <form noValidate class="stack" onSubmit={submit}>
        <p class="faint">Checked in this browser: nothing you paste leaves it.</p>
        <TextField
          label="Body"
          value={body}
          onInput={clearing(setBody)}
          rows={4}
          isMono
          required
          hint="The exact bytes received, not reformatted."
        />
        <div class="pair">
          <TextField
            label="Headers"
            value={headers}
            onInput={clearing(setHeaders)}
            rows={4}
            isMono
            required
            placeholder={"X-Audatec-Signature: …\nwebhook-id: …\nwebhook-timestamp: …\nwebhook-signature: v1,…"}
            hint="Header lines, or the signature alone."
          />
          <TextField label="Secret" type="password" value={secret} onInput={clearing(setSecret)} isMono required placeholder="whsec_…" />
        </div>
        <div class="row">
          <Button type="submit" kind="primary">
            Check signature
          </Button>
        </div>
        <div role="status" class="stack tight">
          {verdicts?.length === 0 && <Note tone="warn">There is no signature among these headers.</Note>}
          {verdicts?.map(({ name, isValid, text }) => (
            <Note key={name} tone={isValid ? "good" : "bad"}>
              <strong>{name}</strong>: {text}
            </Note>
          ))}
        </div>
      </form>
    </Card>
  );
}
