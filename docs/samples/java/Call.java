// Places a call and waits for its result. Run: java Call.java   (JDK 17 or newer; in your program, read the JSON with a library)

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Call {
    static final HttpClient CLIENT = HttpClient.newHttpClient();

    /** One request, sent again where that is right: with the same Idempotency-Key it creates nothing twice. */
    static String send(String method, String path, String body) throws InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(System.getenv("BASE_URL") + path))
            .timeout(Duration.ofSeconds(30))
            .header("Authorization", "Bearer " + System.getenv("API_KEY"))
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", UUID.randomUUID().toString())
            .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body))
            .build();
        for (int attempt = 0; ; attempt++) {
            long seconds = 1L << attempt;
            String error;
            try {
                HttpResponse<String> response = CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
                int status = response.statusCode();
                if (status < 300) return response.body();
                error = status + " " + response.body();
                if (!List.of(429, 500, 502, 503).contains(status)) throw new IllegalStateException(error);
                long retryAfter = response.headers().firstValueAsLong("Retry-After").orElse(0);
                seconds = Math.max(retryAfter, status == 429 ? 1 : seconds);
            } catch (IOException failure) { // the network failed
                error = failure.toString();
            }
            if (attempt == 5) throw new IllegalStateException(error);
            Thread.sleep(1000 * seconds);
        }
    }

    static String field(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\":\"?([^\",}]*)").matcher(json);
        return found.find() ? found.group(1) : "";
    }

    public static void main(String[] arguments) throws InterruptedException {
        String phoneNumber = arguments.length > 0 ? arguments[0] : "+15005550000"; // one of the simulator's numbers
        String accepted = send("POST", "/integration/v1/calls", """
            {
              "phone_number": "%s",
              "agent_id": "%s",
              "sip_trunk_id": "%s",
              "metadata": {"customer_name": "Rahul Sharma", "amount_due": "7500", "due_date": "2026-06-20"}
            }""".formatted(phoneNumber, System.getenv("AGENT_ID"), System.getenv("TRUNK_ID")));
        System.out.println("accepted " + field(accepted, "call_id"));

        String call;
        while (!field(call = send("GET", field(accepted, "poll_url"), null), "is_terminal").equals("true")) Thread.sleep(4000);
        System.out.println(field(call, "call_status") + " " + field(call, "disposition"));
    }
}
