#!/usr/bin/env bash
# webvtt-parser 2.2.0 (npm), the parser and serializer of the W3C's webvtt.js.
#
# In a WebVTT transcript & and < are written &amp; and &lt; (W3C, WebVTT 4.2.2), since < begins a tag: <v Agent> says who speaks. The parser
# has these two among the few entities that it knows unless it's given a list of all; but it knows them without their semicolon, which it
# then takes for text: "Smith &amp; Sons" is read as "Smith &; Sons". Its serializer writes that down faithfully, so that each time
# a text goes through both it has one more. Neither reports an error. With the list of all, which lies in the package, it is right.
#
# Who is hurt: who takes names or amounts out of transcripts, or masks numbers in them and writes them again: the customer's company is
# none that is known, and a file that is passed on through three steps has three semicolons. Texts without & and < are right, as most are.
# What helps: new WebVTTParser(require("webvtt-parser/html-entities.json")).
#
# Seen (the text as it is read, and read again after the serializer has written it, three times):
#   by itself: Smith &; Sons <; 5 | Smith &;; Sons <;; 5 | Smith &;;; Sons <;;; 5; errors 0
#   with the list: Smith & Sons < 5 | Smith & Sons < 5 | Smith & Sons < 5; errors 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >read.cjs <<'JS'
const { WebVTTParser, WebVTTSerializer } = require("webvtt-parser");
const CALL = "WEBVTT\n\n00:00:01.000 --> 00:00:03.000\n<v Agent>Smith &amp; Sons &lt; 5\n";

for (const [name, parser] of [
  ["by itself", new WebVTTParser()],
  ["with the list", new WebVTTParser(require("webvtt-parser/html-entities.json"))],
]) {
  let text = CALL;
  let errors = 0;
  const read = [1, 2, 3].map(() => {
    const tree = parser.parse(text, "subtitles/captions/descriptions");
    errors += tree.errors.length;
    text = new WebVTTSerializer().serialize(tree.cues);
    return tree.cues[0].tree.children[0].children[0].value;
  });
  console.log(`${name}: ${read.join(" | ")}; errors ${errors}`);
}
JS
(npm init -y && npm install --no-audit --no-fund webvtt-parser@2.2.0) >/dev/null 2>&1

seen=$(node read.cjs)
echo "$seen"
[ "$seen" = "by itself: Smith &; Sons <; 5 | Smith &;; Sons <;; 5 | Smith &;;; Sons <;;; 5; errors 0
with the list: Smith & Sons < 5 | Smith & Sons < 5 | Smith & Sons < 5; errors 0" ]
