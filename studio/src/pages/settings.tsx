// Settings: what the organisation stores of its calls, and which numbers it wants refused.

import { useLayoutEffect, useState } from "preact/hooks";
import { ApiError, api, ask, type Schemas } from "../lib/api.ts";
import { useQuery } from "../lib/query.ts";
import { fromEnvironment } from "../lib/samples.ts";
import { barred } from "../lib/session.ts";
import { Card } from "../ui/card.tsx";
import { SelectField } from "../ui/field.tsx";
import { Failure, RoleNote } from "../ui/note.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { HoursFields, type HoursForm, hoursFormOf, hoursOf } from "../ui/hours.tsx";
import { Request } from "../ui/code.tsx";
import { LimitsFields, type LimitRow, limitsFormOf, limitsOf } from "../ui/limits.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { same } from "../ui/editor.ts";
import { useGuard } from "../ui/guard.ts";
import { Form as FormOf, textsOf } from "../ui/form.tsx";
import { Page } from "../ui/page.tsx";
import { SaveRow } from "../ui/save-row.tsx";

type Known = Schemas["Settings"];
type Change = Schemas["ChangeSettings"];

const PATH = "/integration/v1/settings";

export default function Settings() {
  const isOwner = barred("owner") === null;
  const settings = useQuery("settings", () => ask(api.GET(PATH)), { isOn: isOwner });
  return (
    <Page
      title="Settings"
      about="When and how often numbers may be called, what is kept of calls, and which numbers are refused. A change holds for calls that are dialed from now on."
    >
      <RoleNote needs="owner" what="Transcripts and recordings" />
      <Failure error={settings.error} retry={settings.reload} />
      {isOwner && settings.isLoading && <Skeleton rows={8} />}
      {settings.data && <Editor known={settings.data} />}
    </Page>
  );
}

interface Form {
  transcripts: "on" | "off";
  recordings: "on" | "off";
  impossible: "refused" | "dialed";
  detail: Known["callback_detail"];
  endpoint: string;
  region: string;
  bucket: string;
  prefix: string;
  accessKey: string;
  secret: string;
  hours: HoursForm;
  limits: LimitRow[];
}

function formOf({ transcripts, recordings, reject_impossible_numbers, callback_detail, calling_hours, contact_limits }: Known): Form {
  return {
    transcripts: transcripts ? "on" : "off",
    recordings: recordings ? "on" : "off",
    impossible: reject_impossible_numbers ? "refused" : "dialed",
    detail: callback_detail,
    endpoint: recordings?.endpoint ?? "",
    region: recordings?.region ?? "",
    bucket: recordings?.bucket ?? "",
    prefix: recordings?.prefix ?? "",
    accessKey: recordings?.access_key ?? "",
    secret: "",
    hours: hoursFormOf(calling_hours),
    limits: limitsFormOf(contact_limits),
  };
}

/** What must be set before the first recording. */
const NEEDED = ["bucket", "access_key", "secret"];

/** The changes against what is stored; a field left out stays as it is, above all the secret. */
function changeOf(form: Form, known: Known): Change {
  const [now, before] = [targetOf(form), targetOf(formOf(known))];
  const isSent = (name: string) => now[name] !== before[name] || (!known.recordings && NEEDED.includes(name));
  const target = Object.fromEntries(Object.entries(now).filter(([name]) => isSent(name)));
  const isOn = form.recordings === "on";
  const isOther = isOn ? Object.keys(target).length > 0 : known.recordings !== null;
  return {
    ...((form.transcripts === "on") !== known.transcripts && { transcripts: form.transcripts === "on" }),
    ...((form.impossible === "refused") !== known.reject_impossible_numbers && {
      reject_impossible_numbers: form.impossible === "refused",
    }),
    ...(form.detail !== known.callback_detail && { callback_detail: form.detail }),
    ...(isOther && { recordings: isOn ? target : null }),
    ...(!same(hoursOf(form.hours), hoursOf(hoursFormOf(known.calling_hours))) && { calling_hours: hoursOf(form.hours) }),
    ...(!same(limitsOf(form.limits), limitsOf(limitsFormOf(known.contact_limits))) && { contact_limits: limitsOf(form.limits) }),
  } as Change;
}

const targetOf = (form: Form): Record<string, string> => ({
  endpoint: form.endpoint.trim(),
  region: form.region.trim(),
  bucket: form.bucket.trim(),
  prefix: form.prefix,
  access_key: form.accessKey.trim(),
  secret: form.secret,
});

/** The complete settings as a request for a program; the secret comes from its environment. */
const requestOf = (form: Form) => ({
  transcripts: form.transcripts === "on",
  reject_impossible_numbers: form.impossible === "refused",
  callback_detail: form.detail,
  calling_hours: hoursOf(form.hours),
  contact_limits: limitsOf(form.limits),
  recordings:
    form.recordings === "off"
      ? null
      : {
          ...targetOf(form),
          bucket: form.bucket.trim() || "call-recordings",
          access_key: form.accessKey.trim() || fromEnvironment("RECORDINGS_ACCESS_KEY"),
          secret: fromEnvironment("RECORDINGS_SECRET"),
        },
});

function Editor({ known: loaded }: { known: Known }) {
  const [known, setKnown] = useState(loaded);
  const [form, setForm] = useState(() => formOf(loaded));
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [isDone, setDone] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const change = changeOf(form, known);
  const isChanged = Object.keys(change).length > 0;
  useGuard(isChanged);
  // An untouched form shows what was read last; once touched, it belongs to its editor until it is saved. Before painting:
  // otherwise a quick user might touch it first, and lose the input.
  useLayoutEffect(() => {
    if (isChanged) return;
    setKnown(loaded);
    setForm(formOf(loaded));
  }, [loaded]);
  const set = (part: Partial<Form>) => {
    setForm({ ...form, ...part });
    setDone(false);
  };
  const save = async () => {
    setAsking(false);
    setBusy(true);
    setError(null);
    try {
      const told = await ask(api.PATCH(PATH, { body: change }));
      setKnown(told);
      setForm((current) => (current === form ? formOf(told) : current)); // what was typed during a save stays
      setDone(true);
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
    }
    setBusy(false);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (barred("owner") || !isChanged || isBusy) return;
    if (change.recordings === null) setAsking(true);
    else void save();
  };
  return (
    <div class="columns">
      <FormOf error={error} onSubmit={submit}>
        <Card title="Calling hours">
          <HoursFields form={form.hours} onChange={(hours) => set({ hours })} disabled={barred("owner")} />
        </Card>
        <Card title="Contact limits">
          <LimitsFields rows={form.limits} onChange={(limits) => set({ limits })} disabled={barred("owner")} />
        </Card>
        <Transcripts form={form} set={set} />
        <Numbers form={form} set={set} />
        <Callbacks form={form} set={set} />
        <Recordings form={form} set={set} isKnown={known.recordings !== null} />
        <Failure error={error} />
        <SaveRow isChanged={isChanged} isBusy={isBusy} isDone={isDone} />
      </FormOf>
      <Request method="PATCH" path={PATH} body={requestOf(form)} />
      {isAsking && (
        <Confirm title="Stop recording?" does="Stop recording" keeps="Keep recording" onConfirm={save} onClose={() => setAsking(false)}>
          <p>Calls dialed from now on are not recorded, and the bucket's secret is forgotten: to record again, you must enter it again.</p>
        </Confirm>
      )}
    </div>
  );
}

interface PartProps {
  form: Form;
  set: (part: Partial<Form>) => void;
}

function Transcripts({ form, set }: PartProps) {
  return (
    <Card title="Transcripts">
      <SelectField
        label="Keep transcripts"
        value={form.transcripts}
        options={[
          ["off", "Off"],
          ["on", "On: each call has a transcript_url"],
        ]}
        onChange={(transcripts) => set({ transcripts })}
        disabled={barred("owner")}
        hint="The transcript that the agent reports, behind a signed link that is valid for 30 days."
      />
    </Card>
  );
}

function Numbers({ form, set }: PartProps) {
  return (
    <Card title="Numbers">
      <SelectField
        label="Impossible numbers"
        value={form.impossible}
        options={[
          ["dialed", "Dial them anyway"],
          ["refused", "Refuse them: 400 impossible_number"],
        ]}
        onChange={(impossible) => set({ impossible })}
        disabled={barred("owner")}
        hint="Numbers whose length or country code can't exist. A change holds for calls placed 60 seconds or more later."
      />
    </Card>
  );
}

function Callbacks({ form, set }: PartProps) {
  return (
    <Card title="Callbacks">
      <SelectField
        label="Callback detail"
        value={form.detail}
        options={[
          ["reference", "The reference's fields"],
          ["full", "Full: also the number, the agent, the failure and more"],
        ]}
        onChange={(detail) => set({ detail })}
        disabled={barred("owner")}
        hint="Full adds phone_number, agent_id, failure, answered_by, campaign_id, reference and redial, for calls that end from now on."
      />
    </Card>
  );
}

function Recordings({ form, set, isKnown }: PartProps & { isKnown: boolean }) {
  const disabled = barred("owner");
  return (
    <Card title="Recordings">
      <SelectField
        label="Record calls"
        value={form.recordings}
        options={[
          ["off", "Off"],
          ["on", "On: each call has a recording_url"],
        ]}
        onChange={(recordings) => set({ recordings })}
        disabled={disabled}
        hint="LiveKit's Egress writes them into your bucket; simulated calls have none. Tell the people you call."
      />
      {form.recordings === "on" && <Bucket form={form} set={set} isKnown={isKnown} />}
    </Card>
  );
}

/** Where recordings go, and with which credentials. */
function Bucket({ form, set, isKnown }: PartProps & { isKnown: boolean }) {
  const text = textsOf(form, set, barred("owner"));
  const isMono = true;
  return (
    <>
      <div class="pair">
        {text("bucket", "Bucket", { name: "recordings.bucket", isMono, required: true })}
        {text("region", "Region", { name: "recordings.region", isMono, placeholder: "ap-south-1" })}
      </div>
      {text("endpoint", "Endpoint", {
        name: "recordings.endpoint",
        isMono,
        placeholder: "https://ACCOUNT.r2.cloudflarestorage.com",
        hint: "Of an S3-compatible store. Leave empty for AWS.",
      })}
      {text("prefix", "Prefix", {
        name: "recordings.prefix",
        isMono,
        placeholder: "calls/",
        hint: "The prefix of the recordings' names.",
      })}
      <div class="pair">
        {text("accessKey", "Access key", { name: "recordings.access_key", isMono, required: true })}
        {text("secret", "Secret", {
          name: "recordings.secret",
          type: "password",
          isMono,
          required: !isKnown,
          autocomplete: "new-password",
          hint: isKnown ? "Never shown again. Leave it empty to keep it." : "Never shown again.",
        })}
      </div>
    </>
  );
}
