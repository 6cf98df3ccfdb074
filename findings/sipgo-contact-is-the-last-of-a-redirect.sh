#!/usr/bin/env bash
# github.com/emiago/sipgo 1.7.3 (Go modules).
#
# A SIP answer may have several values of one header, and their order means something. For Via and Record-Route, the message's own
# methods give the first value, as GetHeader() does. Contact() gives the last one, while GetHeader("Contact") on the same message gives
# the first: two ways to ask for "the contact" that disagree as soon as there are two, by comma or on lines of their own.
#
# Who is hurt: a dialer that follows a carrier's 302, which lists where to try next, the best first (RFC 3261 8.1.3.4 has one try them
# by their q, the highest first): Contact() leads it to the worst, here the voicemail instead of the mobile. What helps: GetHeaders("Contact").
#
# Seen:
#   by comma: Contact() voicemail, GetHeader mobile; Via() edge, GetHeader edge
#   by line: Contact() voicemail, GetHeader mobile; Via() edge, GetHeader edge
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"

cat >main.go <<'GO'
package main

import (
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"
)

const redirect = `SIP/2.0 302 Moved Temporarily
Via: SIP/2.0/UDP edge.example;branch=z9hG4bK2
Via: SIP/2.0/UDP dialer.example;branch=z9hG4bK1
From: <sip:dialer@example.com>;tag=1
To: <sip:+12025550123@example.com>;tag=2
Call-ID: call-1
CSeq: 1 INVITE
Contact: <sip:mobile@example.com>;q=0.9, <sip:voicemail@example.com>;q=0.1
Content-Length: 0

`

func main() {
	byLine := strings.Replace(redirect, ", <sip:voicemail", "\nContact: <sip:voicemail", 1)
	for _, form := range []struct{ name, text string }{{"by comma", redirect}, {"by line", byLine}} {
		message, err := sip.NewParser().ParseSIP([]byte(strings.ReplaceAll(form.text, "\n", "\r\n")))
		if err != nil {
			panic(err)
		}
		answer := message.(*sip.Response)
		contact := answer.GetHeader("Contact").(*sip.ContactHeader)
		via := answer.GetHeader("Via").(*sip.ViaHeader)
		fmt.Printf("%s: Contact() %s, GetHeader %s; Via() %s, GetHeader %s\n", form.name, answer.Contact().Address.User, contact.Address.User,
			strings.TrimSuffix(answer.Via().Host, ".example"), strings.TrimSuffix(via.Host, ".example"))
	}
}
GO
(go mod init redirect && go get github.com/emiago/sipgo/sip@v1.7.3 && go mod tidy) >/dev/null 2>&1

seen=$(go run .)
echo "$seen"
[ "$seen" = "by comma: Contact() voicemail, GetHeader mobile; Via() edge, GetHeader edge
by line: Contact() voicemail, GetHeader mobile; Via() edge, GetHeader edge" ]
