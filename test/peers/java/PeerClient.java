import java.net.URL;
import java.util.Collections;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSessionContext;

/**
 * HTTPS client on JSSE, configured by the javax.net.ssl properties (and jdk.tls.client.protocols).
 *
 * Usage: PeerClient URL [RUNS]
 * Prints a line for each run: "HTTP status: N" or "FAILED: SimpleName: first line of the message". Every run is a new connection with a
 * full handshake: connections are not kept and sessions forgotten.
 */
public class PeerClient {
    private static final int TIMEOUT_MS = 20000;

    public static void main(String[] args) throws Exception {
        System.setProperty("http.keepAlive", "false");
        int runs = args.length > 1 ? Integer.parseInt(args[1]) : 1;
        for (int i = 0; i < runs; i++) {
            System.out.println(request(new URL(args[0])));
            System.out.flush();
            forgetSessions();
        }
    }

    private static String request(URL url) {
        try {
            HttpsURLConnection connection = (HttpsURLConnection) url.openConnection();
            connection.setConnectTimeout(TIMEOUT_MS);
            connection.setReadTimeout(TIMEOUT_MS);
            connection.connect();
            int status = connection.getResponseCode();
            connection.disconnect();
            return "HTTP status: " + status;
        } catch (Exception e) {
            return "FAILED: " + e.getClass().getSimpleName() + ": " + String.valueOf(e.getMessage()).split("\n", 2)[0];
        }
    }

    private static void forgetSessions() throws Exception {
        SSLSessionContext sessions = SSLContext.getDefault().getClientSessionContext();
        for (byte[] id : Collections.list(sessions.getIds())) {
            SSLSession session = sessions.getSession(id);
            if (session != null) {
                session.invalidate();
            }
        }
    }
}
