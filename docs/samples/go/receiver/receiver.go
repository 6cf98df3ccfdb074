// Receives callbacks. Run: WEBHOOK_SECRET=whsec_… go run receiver.go   (the standard library alone)
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const tolerance = 300 * time.Second

// verify is by Standard Webhooks: it proves who sent it and when, so that nobody can send it again later. Prefer this one.
func verify(header http.Header, rawBody []byte, secret string) bool {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > tolerance {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.", id, timestamp)
	mac.Write(rawBody)
	expected := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	// After a rotation several secrets sign: one signature that fits is enough.
	for _, given := range strings.Split(header.Get("webhook-signature"), " ") {
		if hmac.Equal([]byte(given), expected) {
			return true
		}
	}
	return false
}

// verifyPlain is by the body alone, with the secret's text as the key. It does not tell when it was sent.
func verifyPlain(header http.Header, rawBody []byte, secret string) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(rawBody)
	expected := hex.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(header.Get("x-audatec-signature")), []byte(expected))
}

func main() {
	secret := os.Getenv("WEBHOOK_SECRET")
	var seen sync.Map // in production: a unique column of your database
	receive := func(check func(http.Header, []byte, string) bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			rawBody, err := io.ReadAll(r.Body) // the bytes as they came
			if err != nil || !check(r.Header, rawBody, secret) {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.WriteHeader(http.StatusNoContent)
			if _, again := seen.LoadOrStore(r.Header.Get("webhook-id"), true); again {
				return // at least once means that it may come twice
			}
			var call struct {
				Event      string
				CallID     string `json:"call_id"`
				CallStatus string `json:"call_status"`
			}
			if err := json.Unmarshal(rawBody, &call); err == nil {
				fmt.Println(call.Event, call.CallID, call.CallStatus)
			}
		}
	}
	http.HandleFunc("/plain", receive(verifyPlain))
	http.HandleFunc("/", receive(verify))

	port := os.Getenv("PORT")
	if port == "" {
		port = "3000"
	}
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, nil))
}
