import java.io.File;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;

/**
 * HTTPS server on JSSE that says what became of every connection.
 *
 * Usage: PeerServer PORT KEYSTORE PASSWORD TRUSTSTORE|- PASSWORD need|want|none [PROTOCOL,...] [+ the same for another port]...
 * Prints "LISTENING port" for each, then a line for each handshake: "ACCEPTED anonymous", "ACCEPTED subject of the peer" or
 * "REFUSED SimpleName: message" (by whom, the message says); "BROKEN SimpleName: message" if an accepted connection ends otherwise than
 * by its end. Every request is answered with 200 and "OK".
 *
 * TLS is layered on a plain socket that stays ours: after a refusal it is half-closed and drained, so that no reset overtakes the alert.
 */
public class PeerServer {
    private static final int DRAIN_MS = 5000;

    public static void main(String[] words) throws Exception {
        for (String one : String.join("\n", words).split("\n\\+\n")) {
            String[] args = one.split("\n");
            new Thread(() -> {
                try {
                    listen(args);
                } catch (Exception e) {
                    e.printStackTrace();
                    System.exit(1);
                }
            }).start();
        }
    }

    private static void listen(String[] args) throws Exception {
        SSLSocketFactory tls = context(args[1], args[2], args[3], args[4]).getSocketFactory();
        try (ServerSocket listener = new ServerSocket(Integer.parseInt(args[0]), 100, InetAddress.getByName("127.0.0.1"))) {
            say("LISTENING " + listener.getLocalPort());
            while (true) {
                Socket plain = listener.accept();
                new Thread(() -> serve(tls, plain, args[5], args.length > 6 ? args[6].split(",") : null)).start();
            }
        }
    }

    private static SSLContext context(String keyFile, String keyPassword, String trustFile, String trustPassword) throws Exception {
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(KeyStore.getInstance(new File(keyFile), keyPassword.toCharArray()), keyPassword.toCharArray());
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trustFile.equals("-") ? null : KeyStore.getInstance(new File(trustFile), trustPassword.toCharArray()));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static void serve(SSLSocketFactory tls, Socket plain, String mode, String[] protocols) {
        try (plain) {
            plain.setSoTimeout(60000);
            SSLSocket socket = (SSLSocket) tls.createSocket(plain, null, false);
            socket.setUseClientMode(false);
            if (mode.equals("need")) {
                socket.setNeedClientAuth(true);
            } else {
                socket.setWantClientAuth(mode.equals("want"));
            }
            if (protocols != null) {
                socket.setEnabledProtocols(protocols);
            }
            String failure = "REFUSED ";
            try {
                socket.startHandshake();
                say("ACCEPTED " + peer(socket));
                failure = "BROKEN ";
                answer(socket);
                socket.close();
            } catch (Exception e) {
                say(failure + e.getClass().getSimpleName() + ": " + String.valueOf(e.getMessage()).replaceAll("\\s+", " "));
            }
            plain.setSoTimeout(DRAIN_MS);
            plain.shutdownOutput();
            while (plain.getInputStream().read() >= 0) {
            }
        } catch (Exception gone) {
            // the peer has left while we drained; its outcome is printed already
        }
    }

    private static String peer(SSLSocket socket) {
        try {
            return socket.getSession().getPeerPrincipal().getName();
        } catch (SSLPeerUnverifiedException e) {
            return "anonymous";
        }
    }

    /** One answer for every head; bodies are not expected. */
    private static void answer(SSLSocket socket) throws Exception {
        InputStream in = socket.getInputStream();
        byte[] ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK".getBytes(StandardCharsets.US_ASCII);
        int matched = 0;
        for (int b = in.read(); b >= 0; b = in.read()) {
            matched = b == "\r\n\r\n".charAt(matched) ? matched + 1 : b == '\r' ? 1 : 0;
            if (matched == 4) {
                socket.getOutputStream().write(ok);
                matched = 0;
            }
        }
    }

    private static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
