#!/usr/bin/env bash
# github.com/emiago/sipgo 1.7.3 (Go modules), beside sip 0.0.6 and drachtio-srf 5.0.29 (npm).
#
# Who takes a call adds a tag to To, and the caller acknowledges the answer to that tag. SIP lets spaces stand around the semicolon before
# it, and takes its name in any case (RFC 3261, 25.1 and 7.3.1); the first message of SIP's own collection of valid, unusual ones (RFC
# 4475) has both spaces. sipgo finds the tag where all is written tightly and in small letters. With "; tag=2" or ";TAG=2" the answer is
# read without an error, and has no tag; WaitAnswer() then fails, and neither an ACK nor a BYE is sent.
#
# Who is hurt: dialers in Go, with the phones and exchanges behind some carrier that write so: the person picks up and hears nothing, for
# the half minute in which the phone repeats its answer, and the dialer books a failure and calls again. What helps: to put the To
# header in order before parsing (a proxy in front can), or, at this error, to take the tag out of the header's text and end the call.
#
# Seen (how the call went, what the phone got; the tag that the others read):
#   ";tag=2": answered; INVITE, ACK; sip 2, drachtio-srf 2
#   "; tag=2": missing tag param in To header; INVITE; sip 2, drachtio-srf 2
#   ";TAG=2": missing tag param in To header; INVITE; sip 2, drachtio-srf 2
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"

cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// A phone that takes each call, with this behind its address in To, and tells what it gets.
func phone(tag string) (*net.UDPAddr, chan string) {
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		panic(err)
	}
	got := make(chan string, 100)
	go func() {
		buffer := make([]byte, 65536)
		for {
			n, from, err := socket.ReadFromUDP(buffer)
			if err != nil {
				return
			}
			lines := strings.Split(string(buffer[:n]), "\r\n")
			method, _, _ := strings.Cut(lines[0], " ")
			got <- method
			if method == "ACK" {
				continue
			}
			answer := "SIP/2.0 200 OK\r\n"
			for _, line := range lines[1:] {
				switch name, _, _ := strings.Cut(line, ":"); name {
				case "Via", "From", "Call-ID", "CSeq":
					answer += line + "\r\n"
				case "To":
					answer += line + tag + "\r\n"
				}
			}
			answer += fmt.Sprintf("Contact: <sip:callee@%s>\r\nContent-Length: 0\r\n\r\n", socket.LocalAddr())
			socket.WriteToUDP([]byte(answer), from)
		}
	}()
	return socket.LocalAddr().(*net.UDPAddr), got
}

func call(port int) error {
	agent, err := sipgo.NewUA()
	if err != nil {
		return err
	}
	client, err := sipgo.NewClient(agent, sipgo.WithClientHostname("127.0.0.1"))
	if err != nil {
		return err
	}
	dialogs := sipgo.NewDialogClientCache(client, sip.ContactHeader{Address: sip.Uri{User: "caller", Host: "127.0.0.1"}})
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	session, err := dialogs.Invite(ctx, sip.Uri{User: "callee", Host: "127.0.0.1", Port: port}, nil)
	if err != nil {
		return err
	}
	if err := session.WaitAnswer(ctx, sipgo.AnswerOptions{}); err != nil {
		return err
	}
	return session.Ack(ctx)
}

func main() {
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	for _, tag := range []string{";tag=2", "; tag=2", ";TAG=2"} {
		address, got := phone(tag)
		result := "answered"
		if err := call(address.Port); err != nil {
			result = err.Error()
		}
		time.Sleep(time.Second)
		methods := []string{}
		for len(got) > 0 {
			methods = append(methods, <-got)
		}
		fmt.Printf("%q: %s; %s\n", tag, result, strings.Join(methods, ", "))
	}
}
GO
cat >read.cjs <<'JS'
const sip = require("sip");
const Message = require("drachtio-srf/lib/sip-parser/message");
for (const tag of [";tag=2", "; tag=2", ";TAG=2"]) {
  const answer = [
    "SIP/2.0 200 OK",
    "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1",
    "From: <sip:caller@127.0.0.1>;tag=1",
    `To: <sip:callee@127.0.0.1>${tag}`,
    "Call-ID: 1",
    "CSeq: 1 INVITE",
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");
  console.log(`sip ${sip.parse(answer).headers.to.params.tag}, drachtio-srf ${new Message(answer).getParsedHeader("To").params.tag}`);
}
JS
(go mod init call && go get github.com/emiago/sipgo@v1.7.3 && go mod tidy) >/dev/null 2>&1
(npm init -y && npm install --no-audit --no-fund sip@0.0.6 drachtio-srf@5.0.29) >/dev/null 2>&1
go build -o call . >/dev/null 2>&1
timeout 60 ./call >of_go 2>/dev/null
node read.cjs >of_npm

seen=$(paste -d'|' of_go of_npm | sed 's/|/; /')
echo "$seen"
[ "$seen" = '";tag=2": answered; INVITE, ACK; sip 2, drachtio-srf 2
"; tag=2": missing tag param in To header; INVITE; sip 2, drachtio-srf 2
";TAG=2": missing tag param in To header; INVITE; sip 2, drachtio-srf 2' ]
