#!/usr/bin/env bash
# github.com/livekit/protocol 1.54.0 with github.com/livekit/psrpc 0.8.2 (Go modules): what LiveKit's server and its SIP service are made of.
#
# A call that is waited for (`wait_until_answered`) and that the other side refuses is told by an HTTP status and a code that mean
# something else to whatever stands between: who declines is a 403, as if a right were missing; "busy everywhere" is a 429, as if one
# had asked too often; a phone that timed out at the carrier is a 408; a trunk's wrong password is a 401, as a wrong API key is. A single
# busy line is a 412, and so is a carrier that is down. Only the text and `meta.sip_status_code` tell them apart.
#
# Who is hurt: a client with a common layer of HTTP retries, which repeats 408 and 429 by rule: it calls the person who is busy again at
# once. And one that takes 401 and 403 for its own credentials: it stops all dialing, or wakes someone, since one person declined.
#
# Seen, of a server and a SIP service made of these modules, with LiveKit's own server options and bus (and what `meta` says):
#   603 declined: 403 permission_denied (603)
#   600 busy everywhere: 429 resource_exhausted (600)
#   408 timed out: 408 deadline_exceeded (408)
#   407 the trunk's password: 401 unauthenticated (407)
#   486 busy: 412 failed_precondition (486)
#   503 the carrier is down: 412 failed_precondition (503)
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"

cat >main.go <<'GO'
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/rpc"
	"github.com/livekit/protocol/utils/xtwirp"
	"github.com/livekit/psrpc"
)

type refusal struct {
	sip  livekit.SIPStatusCode
	what string
}

var refusals = []refusal{
	{603, "declined"}, {600, "busy everywhere"}, {408, "timed out"},
	{407, "the trunk's password"}, {486, "busy"}, {503, "the carrier is down"},
}

// phones is the SIP service: it calls, and is refused.
type phones struct {
	rpc.SIPInternalServerImpl
	refusal *refusal
}

func (p phones) CreateSIPParticipant(context.Context, *rpc.InternalCreateSIPParticipantRequest) (*rpc.InternalCreateSIPParticipantResponse, error) {
	return nil, &livekit.SIPStatus{Code: p.refusal.sip}
}

// api is the server: it hands the call on, and the error back.
type api struct {
	livekit.SIP
	phones rpc.SIPInternalClient
}

func (a api) CreateSIPParticipant(ctx context.Context, _ *livekit.CreateSIPParticipantRequest) (*livekit.SIPParticipantInfo, error) {
	_, err := a.phones.CreateSIPParticipant(ctx, "", &rpc.InternalCreateSIPParticipantRequest{})
	return nil, err
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	bus := psrpc.NewLocalMessageBus()
	var next refusal
	service := must(rpc.NewSIPInternalServer(phones{refusal: &next}, bus))
	if err := service.RegisterCreateSIPParticipantTopic(""); err != nil {
		panic(err)
	}
	var options []any
	for _, option := range xtwirp.DefaultServerOptions() {
		options = append(options, option)
	}
	server := httptest.NewServer(livekit.NewSIPServer(api{phones: must(rpc.NewSIPInternalClient(bus))}, options...))
	for _, next = range refusals {
		url := server.URL + "/twirp/livekit.SIP/CreateSIPParticipant"
		answer := must(http.Post(url, "application/json", strings.NewReader(`{"sipCallTo":"+12025550123"}`)))
		var told struct {
			Code string
			Meta map[string]string
		}
		if err := json.NewDecoder(answer.Body).Decode(&told); err != nil {
			panic(err)
		}
		fmt.Printf("%d %s: %d %s (%s)\n", next.sip, next.what, answer.StatusCode, told.Code, told.Meta["sip_status_code"])
	}
}
GO
(go mod init refused && go get github.com/livekit/protocol@v1.54.0 github.com/livekit/psrpc@v0.8.2 && go mod tidy) >/dev/null 2>&1

seen=$(go run . 2>/dev/null)
echo "$seen"
[ "$seen" = "603 declined: 403 permission_denied (603)
600 busy everywhere: 429 resource_exhausted (600)
408 timed out: 408 deadline_exceeded (408)
407 the trunk's password: 401 unauthenticated (407)
486 busy: 412 failed_precondition (486)
503 the carrier is down: 412 failed_precondition (503)" ]
