<?php
// Receives callbacks. Run: WEBHOOK_SECRET=whsec_… php -S 127.0.0.1:3000 receiver.php   (PHP 8, no packages)

declare(strict_types=1);

const TOLERANCE_SECONDS = 300;

/** Standard Webhooks: proves who sent it and when, so that nobody can send it again later. Prefer this one. */
function verify(array $headers, string $rawBody, string $secret): bool
{
    $id = $headers['webhook-id'] ?? '';
    $timestamp = $headers['webhook-timestamp'] ?? '';
    if (!ctype_digit($timestamp) || abs(time() - (int) $timestamp) > TOLERANCE_SECONDS) {
        return false;
    }
    $key = base64_decode(preg_replace('/^whsec_/', '', $secret), true);
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$rawBody", $key, true));
    // After a rotation several secrets sign: one signature that fits is enough.
    foreach (explode(' ', $headers['webhook-signature'] ?? '') as $given) {
        if (hash_equals($expected, $given)) {
            return true;
        }
    }
    return false;
}

/** The plain signature: the body alone, with the secret's text as the key. It does not tell when it was sent. */
function verifyPlain(array $headers, string $rawBody, string $secret): bool
{
    return hash_equals(hash_hmac('sha256', $rawBody, $secret), $headers['x-audatec-signature'] ?? '');
}

$headers = array_change_key_case(getallheaders());
$rawBody = file_get_contents('php://input'); // the bytes as they came
$check = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) === '/plain' ? 'verifyPlain' : 'verify';
if (!$check($headers, $rawBody, getenv('WEBHOOK_SECRET'))) {
    http_response_code(401);
    return;
}
http_response_code(204);

// At least once means that it may come twice: in production, keep each webhook-id in a unique column of your database.
$call = json_decode($rawBody, true);
error_log("{$call['event']} {$call['call_id']} {$call['call_status']}");
