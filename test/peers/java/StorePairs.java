import java.io.File;
import java.io.FileInputStream;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * What a server and a client on JSSE do with sets of four stores, over TCP.
 *
 * Reads lines of fields separated by tabs: id, protocol, host (or empty: no name is checked), then for the server and for the client the key
 * store with its password, declared type, alias and key's password, and the trust store with its password and declared type. An empty
 * field is one that is not given. Prints "id TAB server TAB client": "ok", "start MESSAGE" (the stores cannot be loaded), "refused MESSAGE"
 * (that side said no) or "told MESSAGE" (the other side did).
 */
public class StorePairs {
    private static final int TIMEOUT_MS = 20000;
    private static final ExecutorService threads = Executors.newCachedThreadPool();

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] f = line.split("\t", -1);
            String[] outcome = run(f);
            System.out.println(f[0] + "\t" + outcome[0] + "\t" + outcome[1]);
            System.out.flush();
        }
        System.exit(0);
    }

    private static String[] run(String[] f) throws Exception {
        SSLContext server, client;
        try {
            server = context(f, 3, true);
        } catch (Exception e) {
            return new String[] {"start " + text(e), "-"};
        }
        try {
            client = context(f, 11, false);
        } catch (Exception e) {
            return new String[] {"-", "start " + text(e)};
        }
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            Future<String> serving = threads.submit((Callable<String>) () -> serve(server, listener, f[1]));
            String asked = ask(client, listener.getLocalPort(), f[1], f[2]);
            return new String[] {serving.get(), asked};
        }
    }

    private static char[] chars(String password) {
        return password.isEmpty() ? null : password.toCharArray();
    }

    private static KeyStore load(String path, String password, String type) throws Exception {
        KeyStore store = KeyStore.getInstance(type.isEmpty() ? KeyStore.getDefaultType() : type);
        try (FileInputStream in = new FileInputStream(path)) {
            store.load(in, chars(password));
        }
        return store;
    }

    /** A trust store that is not there is the JVM's own cacerts, as with javax.net.ssl.trustStore. */
    private static SSLContext context(String[] f, int at, boolean server) throws Exception {
        KeyStore keys = load(f[at], f[at + 1], f[at + 2]);
        KeyManagerFactory keyManagers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keyManagers.init(keys, chars(f[at + 4].isEmpty() ? f[at + 1] : f[at + 4]));
        KeyManager[] managers = keyManagers.getKeyManagers();
        String alias = f[at + 3];
        if (!alias.isEmpty()) {
            if (!keys.containsAlias(alias)) {
                throw new IllegalStateException("Keystore does not contain alias '" + alias + "'");
            }
            managers = new KeyManager[] {new Named((X509ExtendedKeyManager) managers[0], alias)};
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(new File(f[at + 5]).exists() ? load(f[at + 5], f[at + 6], f[at + 7]) : null);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers, trust.getTrustManagers(), null);
        return context;
    }

    private static String serve(SSLContext context, ServerSocket listener, String protocol) {
        try (Socket plain = listener.accept()) {
            plain.setSoTimeout(TIMEOUT_MS);
            SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(plain, null, false);
            socket.setUseClientMode(false);
            socket.setNeedClientAuth(true);
            socket.setEnabledProtocols(new String[] {protocol});
            String outcome = talk(socket);
            plain.shutdownOutput(); // no reset shall overtake the alert
            while (plain.getInputStream().read() >= 0) {
            }
            return outcome;
        } catch (Exception e) {
            return "told " + text(e);
        }
    }

    private static String ask(SSLContext context, int port, String protocol, String host) {
        try (Socket plain = new Socket(InetAddress.getByName("127.0.0.1"), port)) {
            plain.setSoTimeout(TIMEOUT_MS);
            SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(plain, host.isEmpty() ? "unnamed.test" : host, port, true);
            socket.setEnabledProtocols(new String[] {protocol});
            if (!host.isEmpty()) {
                SSLParameters parameters = socket.getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                socket.setSSLParameters(parameters);
            }
            return talk(socket);
        } catch (Exception e) {
            return "told " + text(e);
        }
    }

    private static String talk(SSLSocket socket) {
        try {
            socket.startHandshake();
            socket.getOutputStream().write(1);
            return socket.getInputStream().read() == 1 ? "ok" : "told end";
        } catch (Exception e) {
            String said = text(e);
            boolean told = said.contains("Received fatal alert") || said.contains("terminated the handshake") || said.contains("Connection reset")
                    || said.contains("Broken pipe") || said.contains("Connection or outbound has closed") || said.contains("Socket closed");
            return (told ? "told " : "refused ") + said;
        }
    }

    private static String text(Exception e) {
        return (e.getClass().getSimpleName() + ": " + e.getMessage()).replaceAll("\\s+", " ");
    }

    /** Always the same entry, as a program does that is told an alias. */
    private static final class Named extends X509ExtendedKeyManager {
        private final X509ExtendedKeyManager all;
        private final String alias;

        Named(X509ExtendedKeyManager all, String alias) {
            this.all = all;
            this.alias = alias;
        }

        @Override
        public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
            return alias;
        }

        @Override
        public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
            return alias;
        }

        @Override
        public String[] getClientAliases(String type, Principal[] issuers) {
            return new String[] {alias};
        }

        @Override
        public String[] getServerAliases(String type, Principal[] issuers) {
            return new String[] {alias};
        }

        @Override
        public X509Certificate[] getCertificateChain(String name) {
            return all.getCertificateChain(name);
        }

        @Override
        public PrivateKey getPrivateKey(String name) {
            return all.getPrivateKey(name);
        }
    }
}
