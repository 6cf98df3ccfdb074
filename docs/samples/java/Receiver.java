// Receives callbacks. Run: WEBHOOK_SECRET=whsec_… java Receiver.java   (JDK 17 or newer, no packages)

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Receiver {
    static final long TOLERANCE_SECONDS = 300;

    /** Standard Webhooks: proves who sent it and when, so that nobody can send it again later. Prefer this one. */
    static boolean verify(Headers headers, byte[] rawBody, String secret) throws GeneralSecurityException {
        String id = first(headers, "webhook-id");
        String timestamp = first(headers, "webhook-timestamp");
        if (!timestamp.matches("\\d{1,15}")) return false;
        if (Math.abs(Instant.now().getEpochSecond() - Long.parseLong(timestamp)) > TOLERANCE_SECONDS) return false;
        byte[] key = Base64.getDecoder().decode(secret.replaceFirst("^whsec_", ""));
        byte[] signature = hmac(key, (id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8), rawBody);
        String expected = "v1," + Base64.getEncoder().encodeToString(signature);
        // After a rotation several secrets sign: one signature that fits is enough.
        for (String given : first(headers, "webhook-signature").split(" ")) {
            if (isSame(given, expected)) return true;
        }
        return false;
    }

    /** The plain signature: the body alone, with the secret's text as the key. It does not tell when it was sent. */
    static boolean verifyPlain(Headers headers, byte[] rawBody, String secret) throws GeneralSecurityException {
        byte[] signature = hmac(secret.getBytes(StandardCharsets.UTF_8), rawBody);
        return isSame(first(headers, "x-audatec-signature"), HexFormat.of().formatHex(signature));
    }

    static byte[] hmac(byte[] key, byte[]... parts) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        for (byte[] part : parts) mac.update(part);
        return mac.doFinal();
    }

    /** In a time that does not tell how much of it is right. */
    static boolean isSame(String given, String expected) {
        return MessageDigest.isEqual(given.getBytes(StandardCharsets.UTF_8), expected.getBytes(StandardCharsets.UTF_8));
    }

    static String first(Headers headers, String name) {
        return Objects.requireNonNullElse(headers.getFirst(name), "");
    }

    public static void main(String[] arguments) throws Exception {
        String secret = System.getenv("WEBHOOK_SECRET");
        Set<String> seen = ConcurrentHashMap.newKeySet(); // in production: a unique column of your database
        int port = Integer.parseInt(Objects.requireNonNullElse(System.getenv("PORT"), "3000"));
        HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);
        server.createContext("/", exchange -> {
            byte[] rawBody = exchange.getRequestBody().readAllBytes(); // the bytes as they came
            Headers headers = exchange.getRequestHeaders();
            boolean isGenuine = false;
            try {
                boolean isPlain = exchange.getRequestURI().getPath().equals("/plain");
                isGenuine = isPlain ? verifyPlain(headers, rawBody, secret) : verify(headers, rawBody, secret);
            } catch (GeneralSecurityException impossible) {
                throw new IllegalStateException(impossible);
            }
            exchange.sendResponseHeaders(isGenuine ? 204 : 401, -1);
            exchange.close(); // first the answer, then the work
            // At least once means that it may come twice.
            if (isGenuine && seen.add(first(headers, "webhook-id"))) {
                System.out.println(new String(rawBody, StandardCharsets.UTF_8)); // JSON, for the library of your choice
            }
        });
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        System.out.println("listening on " + server.getAddress().getPort());
    }
}
