import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.X509KeyManager;

/**
 * Which entry the JVM's key managers choose.
 *
 * Usage: AliasChoice make PASSWORD LIST
 *            LIST has lines STORE, TYPE, ALIAS, PART between tabs: add PART.crt with the key of PART.p8 (both DER), or as trusted if
 *            there is no key, to the keystore of that type
 *        AliasChoice choose PASSWORD STORE...
 *            for each store and type of key a line: STORE KEYTYPE MANAGER SERVER-ALIAS|CLIENT-ALIAS, a dash for none
 */
public class AliasChoice {
    private static final String[] TYPES = {"RSA", "EC", "EdDSA", "RSASSA-PSS", "DSA"};

    public static void main(String[] args) throws Exception {
        char[] password = args[1].toCharArray();
        if (args[0].equals("make")) {
            make(args[2], password);
            return;
        }
        for (int i = 2; i < args.length; i++) {
            choose(args[i], password);
        }
    }

    private static KeyStore open(String path, String type, char[] password) throws Exception {
        KeyStore store = KeyStore.getInstance(type);
        if (!Files.exists(Paths.get(path))) {
            store.load(null, null);
            return store;
        }
        try (InputStream in = new FileInputStream(path)) {
            store.load(in, password);
        }
        return store;
    }

    private static void make(String list, char[] password) throws Exception {
        KeyStore store = null;
        String path = null;
        for (String line : Files.readAllLines(Paths.get(list))) {
            String[] words = line.split("\t");
            if (!words[0].equals(path)) {
                save(store, path, password);
                path = words[0];
                store = open(path, words[1], password);
            }
            add(store, words[2], words[3], password);
        }
        save(store, path, password);
    }

    private static void save(KeyStore store, String path, char[] password) throws Exception {
        if (store == null) {
            return;
        }
        try (OutputStream out = new FileOutputStream(path)) {
            store.store(out, password);
        }
    }

    private static void add(KeyStore store, String alias, String part, char[] password) throws Exception {
        Certificate cert;
        try (InputStream in = new FileInputStream(part + ".crt")) {
            cert = CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
        Path key = Paths.get(part + ".p8");
        if (!Files.exists(key)) {
            store.setCertificateEntry(alias, cert);
            return;
        }
        KeyFactory factory = KeyFactory.getInstance(cert.getPublicKey().getAlgorithm());
        store.setKeyEntry(alias, factory.generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(key))), password,
                          new Certificate[] {cert});
    }

    private static void choose(String path, char[] password) throws Exception {
        KeyStore store = open(path, path.endsWith(".p12") ? "PKCS12" : path.endsWith(".jks") ? "JKS" : "JCEKS", password);
        for (String algorithm : new String[] {"SunX509", "PKIX"}) {
            KeyManagerFactory factory = KeyManagerFactory.getInstance(algorithm);
            factory.init(store, password);
            X509KeyManager manager = (X509KeyManager) factory.getKeyManagers()[0];
            for (String type : TYPES) {
                String server = manager.chooseServerAlias(type, null, null);
                String client = manager.chooseClientAlias(new String[] {type}, null, null);
                System.out.println(path + " " + type + " " + algorithm + " " + bare(server) + "|" + bare(client));
            }
        }
    }

    /** PKIX puts two numbers before the alias. */
    private static String bare(String alias) {
        return alias == null ? "-" : alias.replaceFirst("^[0-9]+\\.[0-9]+\\.", "");
    }
}
