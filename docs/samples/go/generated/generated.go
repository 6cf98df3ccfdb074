// Places a call with the client that openapi-generator makes for Go, and waits for its result. Run, beside this file:
//
//	go mod init example.com/calls
//	openapi-generator-cli generate -i openapi.json -g go -o client --additional-properties=withGoMod=false
//	go mod tidy && go run generated.go
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	openapi "example.com/calls/client"
)

func main() {
	configuration := openapi.NewConfiguration()
	configuration.Servers = openapi.ServerConfigurations{{URL: os.Getenv("BASE_URL")}}
	client := openapi.NewAPIClient(configuration)
	ctx := context.WithValue(context.Background(), openapi.ContextAccessToken, os.Getenv("API_KEY"))

	// One of the simulator's numbers.
	call := openapi.NewTriggerCall("+15005550000", os.Getenv("AGENT_ID"), os.Getenv("TRUNK_ID"))
	call.Metadata = map[string]interface{}{"customer_name": "Rahul Sharma", "amount_due": "7500", "due_date": "2026-06-20"}
	// Kept beside what it is about, and sent with each repeat of this request, it places no second call.
	key := strconv.FormatInt(time.Now().UnixNano(), 36)
	accepted, _, err := client.CallsAPI.TriggerCall(ctx).TriggerCall(*call).IdempotencyKey(key).Execute()
	stopOn(err)
	fmt.Println("accepted", accepted.GetCallId())

	for {
		state, _, err := client.CallsAPI.GetCallStatus(ctx, accepted.GetCallId()).Execute()
		stopOn(err)
		if state.IsTerminal {
			fmt.Println(state.CallStatus, state.CallOutcome["disposition"])
			return
		}
		time.Sleep(4 * time.Second)
	}
}

func stopOn(err error) {
	var refused *openapi.GenericOpenAPIError
	if errors.As(err, &refused) {
		log.Fatalf("%v: %s", err, refused.Body())
	}
	if err != nil {
		log.Fatal(err)
	}
}
