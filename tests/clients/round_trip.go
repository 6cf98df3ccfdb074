// A round trip with the client that openapi-generator makes for Go. What it saw is printed as one line of JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"
	"time"

	openapi "example.com/calls/client"
)

func must[T any](value T, err error) T {
	if err != nil {
		var refusal *openapi.GenericOpenAPIError
		if errors.As(err, &refusal) {
			panic(fmt.Sprintf("%v: %s", err, refusal.Body()))
		}
		panic(err)
	}
	return value
}

func main() {
	configuration := openapi.NewConfiguration()
	configuration.Servers = openapi.ServerConfigurations{{URL: os.Getenv("BASE_URL")}}
	client := openapi.NewAPIClient(configuration)
	ctx := context.WithValue(context.Background(), openapi.ContextAccessToken, os.Getenv("API_KEY"))
	trunkID := os.Getenv("TRUNK_ID")
	var metadata map[string]interface{}
	if err := json.Unmarshal([]byte(os.Getenv("METADATA")), &metadata); err != nil {
		panic(err)
	}

	list, _, err := client.AgentsAPI.ListAgents(ctx).Execute()
	agents := []string{}
	for _, agent := range must(list, err).Agents {
		agents = append(agents, agent.Name)
	}
	body := openapi.NewTriggerCall("+919876543210", os.Getenv("AGENT_ID"), trunkID)
	body.Metadata = metadata
	first, firstAnswer, err := client.CallsAPI.TriggerCall(ctx).TriggerCall(*body).IdempotencyKey("go").Execute()
	callID := must(first, err).GetCallId()
	again, againAnswer, err := client.CallsAPI.TriggerCall(ctx).TriggerCall(*body).IdempotencyKey("go").Execute()
	must(again, err)
	foretold := *body
	foretold.SetDryRun(true)
	dry, dryAnswer, err := client.CallsAPI.TriggerCall(ctx).TriggerCall(foretold).Execute()
	must(dry, err)
	var status *openapi.CallState
	for status == nil || !status.IsTerminal {
		time.Sleep(50 * time.Millisecond)
		status, _, err = client.CallsAPI.GetCallStatus(ctx, callID).Execute()
		must(status, err)
	}
	rejected, _, err := client.CallsAPI.GetCall(ctx, os.Getenv("REJECTED_ID")).Execute()
	must(rejected, err)
	_, missing, err := client.CallsAPI.GetCallStatus(ctx, "00000000-0000-4000-8000-000000000000").Execute()
	var refusal *openapi.GenericOpenAPIError
	if !errors.As(err, &refusal) {
		panic(err)
	}
	text := refusal.Model().(openapi.ErrorBody)
	listed, _, err := client.CallsAPI.ListCalls(ctx).
		CallStatus([]openapi.CallStatus{openapi.Completed, openapi.RejectedCapacity}).
		CreatedAfter("2026-01-01T00:00:00+00:00").Execute()
	statuses := []string{}
	for _, call := range must(listed, err).Calls {
		statuses = append(statuses, string(call.CallStatus))
	}
	sort.Strings(statuses)
	trunk, _, err := client.SIPTrunksAPI.GetTrunk(ctx, trunkID).Execute()
	must(trunk, err)
	feed, _, err := client.EventsAPI.ListEvents(ctx).Type_([]openapi.FeedEventName{openapi.CALL_COMPLETED}).Execute()
	event := must(feed, err).Events[0].CallEvent

	var absent interface{}
	if dry.HasCallId() {
		absent = dry.GetCallId()
	}
	failure := rejected.Failure.Get()
	out := map[string]interface{}{
		"agents":   agents,
		"accepted": []interface{}{firstAnswer.StatusCode, first.GetStatus(), first.GetPollUrl() == "/integration/v1/calls/"+callID+"/status"},
		"replayed": []interface{}{againAnswer.StatusCode, again.GetCallId() == callID, againAnswer.Header.Get("Idempotent-Replayed")},
		"dry":      []interface{}{dryAnswer.StatusCode, dry.GetDryRun(), dry.GetWould(), absent},
		"status":   []interface{}{status.Id == callID, status.CallStatus, status.CallOutcome["disposition"]},
		"rejected": []interface{}{rejected.CallStatus, failure.Code, rejected.Duration.Get()},
		"error":    []interface{}{missing.StatusCode, missing.Header.Get("X-Error-Code"), text.Error},
		"listed":   statuses,
		"carrier":  trunk.Carrier.SimulatorCarrier.Type,
		"event":    []interface{}{event.Type, event.Data.CallStatus},
	}
	line, err := json.Marshal(out)
	fmt.Println(string(must(line, err)))
}
