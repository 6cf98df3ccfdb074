// What the API knows about a phone number.

import { useState } from "preact/hooks";
import { api, ask, type Schemas } from "./api.ts";
import { type Query, useQuery } from "./query.ts";
import { type Typed, useTyped, wholeNumber } from "./typed.ts";

export type NumberFacts = Schemas["PhoneNumber"];

export const useNumber = (phone_number: string): Query<NumberFacts> =>
  useQuery(`number ${phone_number}`, () => ask(api.GET("/integration/v1/numbers/{phone_number}", { params: { path: { phone_number } } })), {
    isOn: phone_number !== "",
  });

/** A number being typed, and what is known of it once it is complete. */
export function useTypedNumber(): { typed: Typed; facts: Query<NumberFacts>; number: string } {
  const [number, setNumber] = useState("");
  const read = (text: string) => (text.trim() === "" ? "" : wholeNumber(text));
  const typed = useTyped({ known: number, read, settle: setNumber });
  return { typed, facts: useNumber(number), number };
}
