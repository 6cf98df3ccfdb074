<?php
// Places a call and waits for its result. Run: php call.php   (PHP 8 with curl)

declare(strict_types=1);

/** One request, sent again where that is right: with the same Idempotency-Key it creates nothing twice. */
function send(string $method, string $path, ?array $body = null): array
{
    $key = bin2hex(random_bytes(16));
    for ($attempt = 0; ; $attempt++) {
        $retryAfter = 0;
        $request = curl_init(getenv('BASE_URL') . $path);
        curl_setopt_array($request, [
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_TIMEOUT => 30,
            CURLOPT_HTTPHEADER => ['Authorization: Bearer ' . getenv('API_KEY'), 'Content-Type: application/json', "Idempotency-Key: $key"],
            CURLOPT_HEADERFUNCTION => function ($_, string $line) use (&$retryAfter): int {
                if (stripos($line, 'retry-after:') === 0) {
                    $retryAfter = (int) trim(substr($line, 12));
                }
                return strlen($line);
            },
        ]);
        if ($body !== null) {
            curl_setopt($request, CURLOPT_POSTFIELDS, json_encode($body));
        }
        $answer = curl_exec($request); // false: the network failed
        $status = curl_getinfo($request, CURLINFO_RESPONSE_CODE);
        if ($answer !== false && $status < 300) {
            return json_decode($answer, true);
        }
        if ($attempt === 5 || ($answer !== false && !in_array($status, [429, 500, 502, 503], true))) {
            throw new RuntimeException("$method $path: $status $answer");
        }
        sleep(max($retryAfter, $status === 429 ? 1 : 2 ** $attempt));
    }
}

$accepted = send('POST', '/integration/v1/calls', [
    'phone_number' => $argv[1] ?? '+15005550000', // one of the simulator's numbers
    'agent_id' => getenv('AGENT_ID'),
    'sip_trunk_id' => getenv('TRUNK_ID'),
    'metadata' => ['customer_name' => 'Rahul Sharma', 'amount_due' => '7500', 'due_date' => '2026-06-20'],
]);
echo "accepted {$accepted['call_id']}\n";

while (!($call = send('GET', $accepted['poll_url']))['is_terminal']) {
    sleep(4);
}
echo $call['call_status'], ' ', $call['call_outcome']['disposition'] ?? '', "\n";
