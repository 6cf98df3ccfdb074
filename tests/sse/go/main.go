// Follows the live feed with go-sse, and prints each event as a line of JSON.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/tmaxmax/go-sse"
)

func say(line any) {
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
}

func main() {
	url, key, lastID := os.Args[1], os.Args[2], os.Args[3]
	request, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Bearer "+key)
	if lastID != "" {
		request.Header.Set("Last-Event-ID", lastID)
	}
	status := 0
	client := sse.Client{
		Backoff: sse.Backoff{InitialInterval: 100 * time.Millisecond, MaxInterval: 500 * time.Millisecond},
		ResponseValidator: func(response *http.Response) error {
			if response.StatusCode != http.StatusOK {
				status = response.StatusCode
			}
			return sse.DefaultValidator(response)
		},
		OnRetry: func(error, time.Duration) { say(map[string]any{"end": 0}) },
	}
	connection := client.NewConnection(request)
	connection.SubscribeToAll(func(event sse.Event) {
		var data any
		if err := json.Unmarshal([]byte(event.Data), &data); err != nil {
			say(map[string]any{"broken": event.Data})
			return
		}
		say(map[string]any{"id": event.LastEventID, "event": event.Type, "data": data})
	})
	err = connection.Connect()
	if status != 0 || !errors.Is(err, nil) {
		say(map[string]any{"status": status})
	}
}
