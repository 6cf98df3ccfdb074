#!/usr/bin/env bash
# github.com/rickar/cal/v2 2.1.13 (Go modules), beside opening-hours-py 2.1.4 (PyPI).
#
# A business calendar with working hours: SetWorkHours(8h, 21h), and IsWorkTime() says whether a moment is within, by the wall clock.
# WorkdayStart() and WorkdayEnd(), and all that is built on them, count these hours from midnight instead. On the day when the clocks go
# back, the eighth hour after midnight is over at 7:00, and when they go forward the 21st at 22:00. So NextWorkdayStart() names a time that
# IsWorkTime() of the same calendar denies. It also goes on by 24 hours to reach the next day; from 23:00 on the eve of the shorter day
# that leads past it, and the whole day isn't there.
#
# Who is hurt: dialers in Go that work on Sundays, as clocks change then. In the US a call may be placed from 8:00 to 21:00 where the callee is
# (47 CFR 64.1200(c)(1)): those held back overnight all go out at 7:00 on one Sunday of the year, and up to 22:00 on another. From Monday
# to Friday it never shows. What helps: own functions, WorkdayStartFunc and WorkdayEndFunc, which take the hour by time.Date.
#
# Seen, in New York, of 8:00 to 21:00 on all days (the next start, whether that is within, the end; opening-hours-py's next start and end):
#   from 2026-06-06 22:00: 06-07 08:00, true, 06-07 21:00; 06-07 08:00, 06-07 21:00
#   from 2026-10-31 22:00: 11-01 07:00, false, 11-01 20:00; 11-01 08:00, 11-01 21:00
#   from 2026-03-07 22:00: 03-08 09:00, true, 03-08 22:00; 03-08 08:00, 03-08 21:00
#   from 2026-03-07 23:30: 03-09 08:00, true, 03-09 21:00; 03-08 08:00, 03-08 21:00
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"

cat >moments <<'TXT'
2026-06-06 22:00
2026-10-31 22:00
2026-03-07 22:00
2026-03-07 23:30
TXT
cat >main.go <<'GO'
package main

import (
	"bufio"
	"fmt"
	"os"
	"time"
	_ "time/tzdata"

	"github.com/rickar/cal/v2"
)

func main() {
	zone, _ := time.LoadLocation("America/New_York")
	calendar := cal.NewBusinessCalendar()
	calendar.SetWorkday(time.Saturday, true)
	calendar.SetWorkday(time.Sunday, true)
	calendar.SetWorkHours(8*time.Hour, 21*time.Hour)
	file, _ := os.Open("moments")
	for lines := bufio.NewScanner(file); lines.Scan(); {
		moment, err := time.ParseInLocation("2006-01-02 15:04", lines.Text(), zone)
		if err != nil {
			panic(err)
		}
		start := calendar.NextWorkdayStart(moment)
		end := calendar.WorkdayEnd(start)
		fmt.Printf("%s, %t, %s\n", start.Format("01-02 15:04"), calendar.IsWorkTime(start), end.Format("01-02 15:04"))
	}
}
GO
cat >next.py <<'PY'
from datetime import datetime
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours

zone = ZoneInfo("America/New_York")
hours = OpeningHours("Mo-Su 08:00-21:00", timezone=zone)
for line in open("moments"):
    start = hours.next_change(datetime.fromisoformat(line.strip()).replace(tzinfo=zone))
    print(f"{start:%m-%d %H:%M}, {hours.next_change(start):%m-%d %H:%M}")
PY
python3 -m pip install -q --target python opening-hours-py==2.1.4 tzdata==2026.6 >/dev/null 2>&1
(go mod init next && go get github.com/rickar/cal/v2@v2.1.13 && go mod tidy) >/dev/null 2>&1

go run . >of_go
PYTHONPATH=python python3 next.py >of_python
seen=$(paste -d'|' moments of_go of_python | awk -F'|' '{ print "from " $1 ": " $2 "; " $3 }')
echo "$seen"
[ "$seen" = "from 2026-06-06 22:00: 06-07 08:00, true, 06-07 21:00; 06-07 08:00, 06-07 21:00
from 2026-10-31 22:00: 11-01 07:00, false, 11-01 20:00; 11-01 08:00, 11-01 21:00
from 2026-03-07 22:00: 03-08 09:00, true, 03-08 22:00; 03-08 08:00, 03-08 21:00
from 2026-03-07 23:30: 03-09 08:00, true, 03-09 21:00; 03-08 08:00, 03-08 21:00" ]
