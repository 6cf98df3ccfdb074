// Places a call with the client that openapi-generator makes for Java, and waits for its result. Run, with JDK 11 or newer and Maven:
//
//     openapi-generator-cli generate -i openapi.json -g java -o client
//     cp Generated.java client/src/main/java/
//     mvn -q -f client -Dmaven.test.skip=true compile org.codehaus.mojo:exec-maven-plugin:3.5.0:java -Dexec.mainClass=Generated

import java.util.UUID;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.CallsApi;
import org.openapitools.client.auth.HttpBearerAuth;
import org.openapitools.client.model.CallState;
import org.openapitools.client.model.TriggerCall;
import org.openapitools.client.model.TriggeredCall;

public class Generated {
    public static void main(String[] arguments) throws ApiException, InterruptedException {
        ApiClient client = new ApiClient();
        client.setBasePath(System.getenv("BASE_URL"));
        // By its name: client.setBearerToken sets that of any one security scheme of the document.
        ((HttpBearerAuth) client.getAuthentication("bearerAuth")).setBearerToken(System.getenv("API_KEY"));
        CallsApi calls = new CallsApi(client);

        TriggerCall call = new TriggerCall()
            .phoneNumber("+15005550000") // one of the simulator's numbers
            .agentId(UUID.fromString(System.getenv("AGENT_ID")))
            .sipTrunkId(UUID.fromString(System.getenv("TRUNK_ID")))
            .putMetadataItem("customer_name", "Rahul Sharma")
            .putMetadataItem("amount_due", "7500")
            .putMetadataItem("due_date", "2026-06-20");
        TriggeredCall accepted;
        try {
            // Kept beside what it is about, and sent with each repeat of this request, it places no second call.
            accepted = calls.triggerCall(call, UUID.randomUUID().toString());
        } catch (ApiException refused) {
            System.err.println(refused.getCode() + " " + refused.getResponseBody());
            throw refused;
        }
        System.out.println("accepted " + accepted.getCallId());

        CallState state;
        while (!(state = calls.getCallStatus(accepted.getCallId())).getIsTerminal()) Thread.sleep(4000);
        System.out.println(state.getCallStatus() + " " + state.getCallOutcome().get("disposition"));
    }
}
