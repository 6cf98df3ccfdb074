// Places a call and waits for its result. Run: go run call.go   (the standard library alone)
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"
)

var client = http.Client{Timeout: 30 * time.Second}

// send makes one request, again where that is right: with the same Idempotency-Key it creates nothing twice.
func send(method, path string, body any, answer any) error {
	var sent []byte
	if body != nil {
		sent, _ = json.Marshal(body)
	}
	key := rand.Text()
	for attempt := 0; ; attempt++ {
		request, err := http.NewRequest(method, os.Getenv("BASE_URL")+path, bytes.NewReader(sent))
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+os.Getenv("API_KEY"))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", key)
		wait := time.Second << attempt
		response, err := client.Do(request)
		if err == nil {
			read, _ := io.ReadAll(response.Body)
			response.Body.Close()
			if response.StatusCode < 300 {
				return json.Unmarshal(read, answer)
			}
			err = fmt.Errorf("%s %s: %d %s", method, path, response.StatusCode, read)
			seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
			switch response.StatusCode {
			case 429:
				wait = max(time.Second, time.Duration(seconds)*time.Second)
			case 500, 502, 503:
				wait = max(wait, time.Duration(seconds)*time.Second)
			default:
				return err
			}
		}
		if attempt == 5 {
			return err
		}
		time.Sleep(wait)
	}
}

func main() {
	phoneNumber := "+15005550000" // one of the simulator's numbers
	if len(os.Args) > 1 {
		phoneNumber = os.Args[1]
	}
	call := map[string]any{
		"phone_number": phoneNumber,
		"agent_id":     os.Getenv("AGENT_ID"),
		"sip_trunk_id": os.Getenv("TRUNK_ID"),
		"metadata":     map[string]string{"customer_name": "Rahul Sharma", "amount_due": "7500", "due_date": "2026-06-20"},
	}
	var accepted struct {
		CallID  string `json:"call_id"`
		PollURL string `json:"poll_url"`
	}
	if err := send("POST", "/integration/v1/calls", call, &accepted); err != nil {
		log.Fatal(err)
	}
	fmt.Println("accepted", accepted.CallID)

	var status struct {
		CallStatus string         `json:"call_status"`
		IsTerminal bool           `json:"is_terminal"`
		Outcome    map[string]any `json:"call_outcome"`
	}
	for {
		if err := send("GET", accepted.PollURL, nil, &status); err != nil {
			log.Fatal(err)
		}
		if status.IsTerminal {
			break
		}
		time.Sleep(4 * time.Second)
	}
	fmt.Println(status.CallStatus, status.Outcome["disposition"])
}
