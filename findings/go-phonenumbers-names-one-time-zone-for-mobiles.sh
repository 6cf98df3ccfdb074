#!/usr/bin/env bash
# github.com/nyaruka/phonenumbers 1.8.1 (Go), beside phonenumbers 9.0.43 (PyPI): two ports of Google's libphonenumber.
#
# A mobile number has no place, so for one in a country of several time zones the library's answer is all of them; that is what Python's
# time_zones_for_number() says. The function of the same name in the Go port looks up the longest known prefix of
# whatever number it is given, also of those that belong to no place, and answers with a single zone: each Australian mobile is in
# Sydney, each Russian one in Moscow, with no error and no sign that it is a guess.
#
# Who is hurt: who keeps to calling hours by the callee's number. With the Go port, 9:00 in Sydney clears a phone in Perth, where it is
# 6:00 in the southern summer, and 20:30 in Moscow one in Kamchatka, where it is 5:30. With Python's answer the same rule, "allowed in
# all zones", would hold the call back. What helps in Go: ask for the zones by the country's code alone when the number is a mobile's.
#
# Seen (how many zones, or which):
#   Australian mobile: Python 8, Go Australia/Sydney
#   Russian mobile: Python 16, Go Europe/Moscow
#   Spanish mobile: Python 2, Go Europe/Madrid
#   Brisbane, a landline: Python Australia/Brisbane, Go Australia/Brisbane
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"

cat >numbers.txt <<'TXT'
+61412345678 Australian mobile
+79123456789 Russian mobile
+34612345678 Spanish mobile
+61732345678 Brisbane, a landline
TXT
cat >zones.py <<'PY'
import phonenumbers
from phonenumbers import timezone

for line in open("numbers.txt"):
    number = phonenumbers.parse(line.split()[0])
    assert phonenumbers.is_valid_number(number)
    print(",".join(timezone.time_zones_for_number(number)))
PY
cat >main.go <<'GO'
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

func main() {
	file, _ := os.Open("numbers.txt")
	for lines := bufio.NewScanner(file); lines.Scan(); {
		number, err := phonenumbers.Parse(strings.Fields(lines.Text())[0], "")
		if err != nil || !phonenumbers.IsValidNumber(number) {
			panic("not a valid number")
		}
		zones, err := phonenumbers.GetTimezonesForNumber(number)
		fmt.Println(strings.Join(zones, ","), err)
	}
}
GO
python3 -m pip install -q --target python phonenumbers==9.0.43 >/dev/null 2>&1
(go mod init zones && go get github.com/nyaruka/phonenumbers@v1.8.1) >/dev/null 2>&1

short='{ if ($1 ~ /,/) print split($1, each, ","); else print $1 }'
PYTHONPATH=python python3 zones.py | awk "$short" >of_python
go run . | sed 's/ <nil>$//' | awk "$short" >of_go
seen=$(cut -d' ' -f2- numbers.txt | paste -d'|' - of_python of_go | awk -F'|' '{ print $1 ": Python " $2 ", Go " $3 }')
echo "$seen"
[ "$seen" = "Australian mobile: Python 8, Go Australia/Sydney
Russian mobile: Python 16, Go Europe/Moscow
Spanish mobile: Python 2, Go Europe/Madrid
Brisbane, a landline: Python Australia/Brisbane, Go Australia/Brisbane" ]
